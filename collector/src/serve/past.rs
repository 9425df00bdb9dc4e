//! Past instants that were asked about, kept for a while: the newest two, ten minutes. And what closed years
//! were told as.
//!
//! Deriving one costs seconds of one processor and as much memory as the present's runs: one at a time,
//! beside the running writer in a snapshot of its own. Operators wait, a few of them; readers of `web` never do:
//! while anything is derived they are told to come again, so that they cannot take the operators' places.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::{Duration, Instant};

use tracing::info;

use crate::declare::say;
use crate::ingest::Ingest;
use crate::operator::Said;
use crate::publish::api::Year;
use crate::publish::{AskError, Reader};
use crate::recall::{RecallError, Recalled, recall};
use crate::seal::Seal;
use crate::store::{SqliteStore, Store as _};

/// Instants that are kept.
const KEPT_MAX: usize = 2;
/// For so long after they were asked about last.
const KEPT_FOR: Duration = Duration::from_mins(10);
/// Operators who may wait for an instant to be derived, or derive one.
const WAITING_MAX: usize = 4;
/// Answers about closed years that are kept in memory.
const ANSWERS_MAX: usize = 8;

/// What was recalled last.
#[derive(Debug)]
pub(super) struct Past {
    state: Arc<Path>,
    /// Held while one is derived. The newest is the last.
    kept: Mutex<Vec<Kept>>,
    waiting: AtomicUsize,
    /// Held while accounts are computed.
    accounting: Mutex<()>,
    answers: Mutex<BTreeMap<Revision, Arc<Year>>>,
    changes: Mutex<BTreeMap<Revision, (Extent, u64)>>,
}

/// Year and revision of a seal.
type Revision = (i16, u64);
/// How far everything has come: the newest stamp, and the journal's newest entry.
pub(super) type Extent = (i64, u64);

#[derive(Debug)]
struct Kept {
    recalled: Arc<Recalled>,
    asked: Instant,
}

impl Past {
    /// Of the store in a state directory.
    pub(super) fn of(state: &Arc<Path>) -> Self {
        Self {
            state: Arc::clone(state),
            kept: Mutex::default(),
            waiting: AtomicUsize::new(0),
            accounting: Mutex::default(),
            answers: Mutex::default(),
            changes: Mutex::default(),
        }
    }

    /// What was known at an instant that is not in the future.
    pub(super) fn recalled(
        &self,
        ingest: &Ingest,
        as_of_ms: i64,
        reader: Reader,
    ) -> Result<Arc<Recalled>, AskError> {
        let _place = match reader {
            Reader::Operator => Some(Place::take(&self.waiting).ok_or_else(busy)?),
            Reader::Anyone => None,
        };
        let mut kept = turn(&self.kept, reader)?;
        if let Some(place) = kept.iter().position(|kept| kept.recalled.as_of_ms == as_of_ms) {
            let recalled = kept.remove(place).recalled;
            kept.push(Kept { recalled: Arc::clone(&recalled), asked: Instant::now() });
            return Ok(recalled);
        }
        // Room first: while one is derived no more than the others are there.
        if kept.len() >= KEPT_MAX {
            kept.remove(0);
        }
        ingest.settle(as_of_ms).map_err(|error| AskError::Failed(error.to_string()))?;
        let recalled = self.derive(as_of_ms).map_err(|error| match error {
            RecallError::Nothing => AskError::Absent(Said {
                en: error.to_string(),
                it: "allora non si sapeva nulla: la prima Carta è entrata in vigore dopo; chiedi un istante successivo"
                    .to_owned(),
            }),
            error => AskError::Failed(error.to_string()),
        })?;
        let recalled = Arc::new(recalled);
        kept.push(Kept { recalled: Arc::clone(&recalled), asked: Instant::now() });
        Ok(recalled)
    }

    /// Lets go what nobody has asked about for [`KEPT_FOR`]. Never waits.
    pub(super) fn let_go(&self, now: Instant) {
        if let Ok(mut kept) = turn(&self.kept, Reader::Anyone) {
            kept.retain(|kept| now.saturating_duration_since(kept.asked) < KEPT_FOR);
        }
    }

    /// A reader's turn to have accounts computed: one at a time.
    pub(super) fn accounting(&self, reader: Reader) -> Result<MutexGuard<'_, ()>, AskError> {
        turn(&self.accounting, reader)
    }

    /// What a closed year was told as, if it is still what was sealed.
    pub(super) fn answer(&self, seal: &Seal) -> Result<Arc<Year>, AskError> {
        let manifest = &seal.manifest;
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(answer) = answers.get(&revision(seal)) {
            return Ok(Arc::clone(answer));
        }
        let kept = SqliteStore::read(&self.state).and_then(|store| store.meta(&manifest.key()));
        let kept = kept.map_err(|error| AskError::Failed(error.to_string()))?;
        let answer = kept.filter(|bytes| manifest.attests(bytes));
        let answer = answer.and_then(|bytes| serde_json::from_slice::<Year>(&bytes).ok());
        let answer = Arc::new(answer.ok_or_else(|| {
            AskError::Failed(format!(
                "what was sealed of {}, revision {}, is not what the journal attests; `vedetta verify` tells more",
                manifest.year, manifest.revision
            ))
        })?);
        if answers.len() >= ANSWERS_MAX {
            answers.pop_first();
        }
        answers.insert(revision(seal), Arc::clone(&answer));
        Ok(answer)
    }

    /// How many figures of a closed year would be told otherwise now: counted once until something comes.
    /// `known` is read before what is counted.
    pub(super) fn changes(&self, seal: &Seal, known: Extent, count: impl FnOnce() -> u64) -> u64 {
        let counted = |changes: &BTreeMap<Revision, (Extent, u64)>| {
            changes.get(&revision(seal)).filter(|(then, _)| *then == known).map(|(_, count)| *count)
        };
        let lock = || self.changes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(counted) = counted(&lock()) {
            return counted;
        }
        let count = count();
        let mut changes = lock();
        if changes.len() >= ANSWERS_MAX {
            changes.pop_first();
        }
        changes.insert(revision(seal), (known, count));
        count
    }

    fn derive(&self, as_of_ms: i64) -> Result<Recalled, RecallError> {
        let store = SqliteStore::read(&self.state)?;
        let recalled = recall(&store, collector_derive::step, as_of_ms)?;
        info!(
            as_of_ms,
            streams = recalled.prefixes.len(),
            bytes = recalled.bytes(),
            "a past instant was derived"
        );
        Ok(recalled)
    }
}

fn revision(seal: &Seal) -> Revision {
    (seal.manifest.year, seal.manifest.revision)
}

/// The lock, in its turn; readers of `web` do not wait for theirs.
fn turn<T>(lock: &Mutex<T>, reader: Reader) -> Result<MutexGuard<'_, T>, AskError> {
    match reader {
        Reader::Operator => Ok(lock.lock().unwrap_or_else(PoisonError::into_inner)),
        Reader::Anyone => match lock.try_lock() {
            Ok(guard) => Ok(guard),
            Err(TryLockError::Poisoned(poisoned)) => Ok(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => Err(busy()),
        },
    }
}

fn busy() -> AskError {
    AskError::Busy(say!(
        "other answers that take long are being made; ask again in half a minute",
        "si stanno preparando altre risposte lunghe; richiedi fra mezzo minuto"
    ))
}

/// One of those who wait.
struct Place<'a>(&'a AtomicUsize);

impl<'a> Place<'a> {
    fn take(waiting: &'a AtomicUsize) -> Option<Self> {
        let place = Self(waiting);
        (waiting.fetch_add(1, Ordering::Relaxed) < WAITING_MAX).then_some(place)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::Act;

    const AT_MS: i64 = 1_800_000_000_000;

    fn place() -> (tempfile::TempDir, Ingest, Past) {
        let directory = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(directory.path()).unwrap();
        let ingest = Ingest::start(Box::new(store), collector_derive::step).unwrap();
        let text = "organisation: {name: X}\nsites: {ced: {agents: [agent1]}}\n\
                    services: {dc: {components: {dns: {probe: tcp, targets: {dns1: \"h:1\"}}}}}\n";
        let charter = Box::new(config::parse(text, "f").unwrap().vedetta.charter);
        let act = Act::Revision { charter, source: String::new() };
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(ingest.record(AT_MS, "root", act, Vec::new())).unwrap();
        let past = Past::of(&Arc::from(directory.path()));
        (directory, ingest, past)
    }

    #[test]
    fn a_reader_of_web_never_waits_and_is_told_to_come_again() {
        let (_directory, ingest, past) = place();
        past.recalled(&ingest, AT_MS + 1, Reader::Anyone).unwrap();
        let deriving = past.kept.lock().unwrap();
        for as_of_ms in [AT_MS + 1, AT_MS + 2] {
            let told = past.recalled(&ingest, as_of_ms, Reader::Anyone);
            assert!(matches!(told, Err(AskError::Busy(_))), "{told:?}");
        }
        drop(deriving);
        past.recalled(&ingest, AT_MS + 2, Reader::Anyone).unwrap();
        let accounting = past.accounting(Reader::Operator).unwrap();
        assert!(matches!(past.accounting(Reader::Anyone), Err(AskError::Busy(_))));
        drop(accounting);
        assert!(past.accounting(Reader::Anyone).is_ok());
    }

    #[test]
    fn two_instants_are_kept_and_let_go_after_ten_minutes() {
        let (_directory, ingest, past) = place();
        let of = |as_of_ms| past.recalled(&ingest, as_of_ms, Reader::Operator).unwrap();
        let first = of(AT_MS + 1);
        of(AT_MS + 2);
        assert!(Arc::ptr_eq(&first, &of(AT_MS + 1)), "derived once");
        of(AT_MS + 3);
        let kept = || -> Vec<i64> {
            past.kept.lock().unwrap().iter().map(|kept| kept.recalled.as_of_ms - AT_MS).collect()
        };
        assert_eq!(kept(), [1, 3], "the one that was asked about longest ago went");
        let now = Instant::now();
        past.let_go(now);
        assert_eq!(kept(), [1, 3]);
        past.let_go(now + KEPT_FOR + KEPT_FOR);
        assert_eq!(kept(), [0_i64; 0]);
    }
}
