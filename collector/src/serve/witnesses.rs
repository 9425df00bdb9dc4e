//! Which head of the journal each agent has seen: in memory, and kept beside the truth.
//!
//! An answer changes only memory, under a lock that is held for a comparison: what changed is kept once a minute
//! and at the end. What an agent has seen and the journal does not have is kept at once, and logged.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use collector_api::JournalHead;
use tracing::error;

use crate::ingest::{Ingest, IngestError};
use crate::operator::Said;
use crate::store::{Store, StoreError, Write};
use crate::witness::{Missing, Witness};

/// Every agent's.
#[derive(Debug)]
pub(super) struct Witnesses {
    ingest: Arc<Ingest>,
    seen: Mutex<SeenBy>,
}

#[derive(Debug, Default)]
struct SeenBy {
    of: BTreeMap<String, Witness>,
    /// Not kept yet.
    unkept: BTreeSet<String>,
}

impl Witnesses {
    /// As they are kept. What cannot be read is begun anew; `vedetta verify` tells of it before.
    pub(super) fn kept<'a>(
        store: &dyn Store,
        agents: impl IntoIterator<Item = &'a String>,
    ) -> Result<BTreeMap<String, Witness>, StoreError> {
        let mut of = BTreeMap::new();
        for agent in agents {
            let witness = Witness::kept(store, agent)?.unwrap_or_else(|error| {
                error!(agent, error, "what the agent has seen of the journal cannot be read");
                Witness::default()
            });
            of.insert(agent.clone(), witness);
        }
        Ok(of)
    }

    pub(super) fn new(ingest: Arc<Ingest>, of: BTreeMap<String, Witness>) -> Self {
        let known = ingest.known();
        for (agent, witness) in &of {
            for Said { en, .. } in witness.contradictions(known.as_ref(), agent) {
                error!(agent, "{en}");
            }
        }
        Self { ingest, seen: Mutex::new(SeenBy { of, unkept: BTreeSet::new() }) }
    }

    /// An agent was told a head.
    pub(super) fn told(&self, agent: &str, head: &JournalHead) {
        self.see(agent, head);
    }

    /// An agent says which head it remembers.
    pub(super) async fn remembers(&self, agent: &str, head: &JournalHead) {
        if !self.see(agent, head) {
            return;
        }
        for Said { en, .. } in self.contradictions(agent) {
            error!(agent, "{en}");
        }
        if let Err(error) = self.keep().await {
            error!(%error, "what agents have seen of the journal could not be kept; the next minute tries again");
        }
    }

    /// What an agent has seen, and what of it the journal does not have.
    pub(super) fn of(&self, agent: &str) -> (Option<u64>, Option<u64>) {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(witness) = seen.of.get(agent) else { return (None, None) };
        let known = self.ingest.known().as_ref();
        let all = witness.missed.iter().chain(&witness.last);
        let missed = all.filter(|seen| seen.missed_by(known, agent).is_some()).map(|seen| seen.seq).max();
        (witness.last.as_ref().map(|seen| seen.seq), missed)
    }

    /// What agents have seen that the journal does not have and nobody answers for, by agent.
    pub(super) fn missing(&self) -> Vec<(String, Missing)> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let known = self.ingest.known().as_ref();
        let missing =
            seen.of.iter().filter_map(|(agent, witness)| Some((agent.clone(), witness.missing(known)?)));
        missing.collect()
    }

    /// Keeps what changed.
    pub(super) async fn keep(&self) -> Result<(), IngestError> {
        let (unkept, writes) = {
            let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            let unkept = std::mem::take(&mut seen.unkept);
            let write = |agent: &String| seen.of.get(agent).and_then(|witness| witness.write(agent));
            let writes: Vec<Write> = unkept.iter().filter_map(write).collect();
            (unkept, writes)
        };
        if writes.is_empty() {
            return Ok(());
        }
        let kept = self.ingest.write(writes).await;
        if kept.is_err() {
            self.seen.lock().unwrap_or_else(PoisonError::into_inner).unkept.extend(unkept);
        }
        kept
    }

    fn contradictions(&self, agent: &str) -> Vec<Said> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let witness = seen.of.get(agent);
        witness.map_or_else(Vec::new, |witness| witness.contradictions(self.ingest.known().as_ref(), agent))
    }

    fn see(&self, agent: &str, head: &JournalHead) -> bool {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let SeenBy { of, unkept } = &mut *seen;
        let witness = of.entry(agent.to_owned()).or_default();
        let before = witness.last.as_ref().map(|last| (last.epoch, last.seq));
        let missed = witness.saw(head, self.ingest.known().as_ref());
        if missed || before != witness.last.as_ref().map(|last| (last.epoch, last.seq)) {
            unkept.insert(agent.to_owned());
        }
        missed
    }
}
