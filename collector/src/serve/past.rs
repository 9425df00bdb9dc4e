//! Past instants that were asked about, kept for a while: the newest two. And what closed years were told as.
//!
//! Deriving one costs seconds of one processor and as much memory as the present's runs: one at a time,
//! beside the running writer in a snapshot of its own; a few may wait, the others are told to come again.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tracing::info;

use crate::ingest::Ingest;
use crate::publish::AskError;
use crate::publish::api::Year;
use crate::recall::{RecallError, Recalled, recall};
use crate::seal::Seal;
use crate::store::{SqliteStore, Store as _};

/// Instants that are kept.
const KEPT_MAX: usize = 2;
/// Who may wait for an instant to be derived, or derive one.
const WAITING_MAX: usize = 4;

/// Answers about closed years that are kept in memory.
const ANSWERS_MAX: usize = 8;

/// What was recalled last.
#[derive(Debug)]
pub(super) struct Past {
    state: Arc<Path>,
    /// Held while one is derived. The newest is the last.
    kept: Mutex<Vec<Arc<Recalled>>>,
    waiting: AtomicUsize,
    /// By year and revision.
    answers: Mutex<BTreeMap<(i16, u64), Arc<Year>>>,
}

impl Past {
    /// Of the store in a state directory.
    pub(super) fn of(state: &Arc<Path>) -> Self {
        let state = Arc::clone(state);
        Self { state, kept: Mutex::default(), waiting: AtomicUsize::new(0), answers: Mutex::default() }
    }

    /// What was known at an instant that is not in the future.
    pub(super) fn recalled(&self, ingest: &Ingest, as_of_ms: i64) -> Result<Arc<Recalled>, AskError> {
        let _place = Place::take(&self.waiting).ok_or_else(|| {
            AskError::Busy("other instants of the past are being derived; ask again in a minute".to_owned())
        })?;
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = kept.iter().position(|recalled| recalled.as_of_ms == as_of_ms) {
            let found = kept.remove(place);
            kept.push(Arc::clone(&found));
            return Ok(found);
        }
        // Room first: while one is derived no more than the others are there.
        if kept.len() >= KEPT_MAX {
            kept.remove(0);
        }
        ingest.settle(as_of_ms).map_err(|error| AskError::Failed(error.to_string()))?;
        let recalled = self.derive(as_of_ms).map_err(|error| match error {
            RecallError::Nothing => AskError::Absent(error.to_string()),
            error => AskError::Failed(error.to_string()),
        })?;
        let recalled = Arc::new(recalled);
        kept.push(Arc::clone(&recalled));
        Ok(recalled)
    }

    /// What a closed year was told as, if it is still what was sealed.
    pub(super) fn answer(&self, seal: &Seal) -> Result<Arc<Year>, AskError> {
        let manifest = &seal.manifest;
        let which = (manifest.year, manifest.revision);
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(answer) = answers.get(&which) {
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
        answers.insert(which, Arc::clone(&answer));
        Ok(answer)
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
