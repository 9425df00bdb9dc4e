//! The collector as it was: what was accepted and journaled up to an instant, judged as of it.
//!
//! Instants here are stamps of acceptance, not of samples: what arrived later is not known yet, even if it
//! tells of earlier. Nothing that is recalled can change, because no batch and no entry is ever stamped at
//! or before an instant that was asked about ([`crate::ingest::Ingest::settle`]). So the same
//! instant gives the same answer for ever, whatever came, was corrected, merged or rebuilt since.
//!
//! Price: a stream that has spoken since is derived anew from its first group, 7 s of a processor for 200
//! checks every minute over a year; `cargo bench -p collector --bench recall` prints it.

use std::collections::BTreeMap;
use std::sync::Arc;

use collector_api::hex_encode;
use collector_derive::{Charters, Corrections, Declared, Period, Reading, Run};
use config::{AgentId, Charter, CheckId};
use thiserror::Error;

use crate::ingest::Newest;
use crate::journal::{self, Act, Head, JournalError};
use crate::ledger::{Ledger, Prefix, Step};
use crate::publish::api::Journal;
use crate::publish::{Account, Accounts, AgentFacts, IngestFacts, LatestSample, Ledgered, Moment, Sighting};
use crate::seal::{JudgedBy, Seal};
use crate::store::{Store, StoreError};

/// What was known at an instant.
#[derive(Debug)]
pub struct Recalled {
    /// Which, Unix ms.
    pub as_of_ms: i64,
    /// Every charter, with the instant since which it was in force; at least one.
    pub history: Vec<(i64, Charter)>,
    /// Their entries.
    pub revisions: Vec<JudgedBy>,
    /// What people had declared.
    pub declared: Vec<Declared>,
    /// Every agent that had a line, and whether it was enrolled.
    pub enrolled: BTreeMap<String, bool>,
    /// The years that were closed.
    pub sealed: Arc<Vec<Seal>>,
    /// The journal's head.
    pub head: Head,
    /// All runs and states.
    pub ledger: Ledger,
    /// Every stream that had spoken.
    pub prefixes: Vec<Prefix>,
}

/// Why an instant is not recalled.
#[derive(Debug, Error)]
pub enum RecallError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The journal is not what was written.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// There was no charter.
    #[error("nothing was known then: the first charter came into force later; ask for a later instant")]
    Nothing,
    /// Half a past is none.
    #[error("stream {stream} of agent `{agent}` cannot be derived ({reason}); `vedetta verify` tells more")]
    Defect {
        /// Which.
        stream: String,
        /// Whose.
        agent: String,
        /// In the defect's words.
        reason: String,
    },
}

/// Derives what a store knew at `as_of_ms`.
pub fn recall(store: &dyn Store, step: Step, as_of_ms: i64) -> Result<Recalled, RecallError> {
    let mut entries = store.journal()?;
    // The whole journal proves its prefix.
    journal::check(&entries)?;
    // A stamp never runs backwards: a prefix ends at the first entry that came after the instant.
    entries.truncate(entries.iter().take_while(|entry| entry.at_ms <= as_of_ms).count());
    let head = entries.iter().fold(Head::EMPTY, Head::after);
    let (mut history, mut revisions) = (Vec::new(), Vec::new());
    let (mut declared, mut sealed) = (Vec::new(), Vec::new());
    let mut enrolled = BTreeMap::new();
    for entry in &entries {
        match entry.read()? {
            Act::Revision { charter, .. } => {
                history.push((entry.at_ms, *charter));
                revisions.push(JudgedBy { entry: entry.seq, from_ms: entry.at_ms });
            }
            Act::Declared { declaration, uid } => declared.push(entry.declares(declaration, uid)),
            Act::Sealed { manifest, sha256 } => sealed.push(entry.seals(*manifest, sha256)),
            Act::LineOpened { agent } => drop(enrolled.entry(agent).or_insert(false)),
            Act::Enrolled { agent, .. } => drop(enrolled.insert(agent, true)),
            Act::Revoked { agent } => drop(enrolled.insert(agent, false)),
            Act::StreamHeads { .. } | Act::Restored { .. } => {}
        }
    }
    if history.is_empty() {
        return Err(RecallError::Nothing);
    }
    drop(entries);
    let (ledger, prefixes) = Ledger::up_to(store, step, as_of_ms)?;
    if let Some((stream, agent, reason)) = ledger.stale().next() {
        let (stream, agent, reason) = (stream.to_string(), agent.to_string(), reason.to_owned());
        return Err(RecallError::Defect { stream, agent, reason });
    }
    let sealed = Arc::new(sealed);
    Ok(Recalled { as_of_ms, history, revisions, declared, enrolled, sealed, head, ledger, prefixes })
}

impl Recalled {
    /// The figures of a period as they were, or of the civil year of then; without counters, which are the
    /// running process's.
    pub fn moment(&self, period: Option<Period>) -> Result<Moment, RecallError> {
        self.told(period, &Accounts::None)
    }

    /// The same, with the accounts of some services.
    pub fn told(&self, period: Option<Period>, accounts: &Accounts) -> Result<Moment, RecallError> {
        let as_of_ms = self.as_of_ms;
        let asked = period;
        let period = period.unwrap_or_else(|| Period::civil_year_at(as_of_ms));
        let charters = Charters::of(&self.history, period, as_of_ms);
        let corrections = Corrections::of(&self.declared, as_of_ms);
        let charter = charter_at(&self.history, as_of_ms.min(period.end_ms() - 1));
        let runs = self.ledger.runs();
        let figures = charters.figures(runs, &corrections, &Reading::default());
        let charter = charter.ok_or(RecallError::Nothing)?;
        let (history, charters, corrections_in_force) = (&self.history, &charters, &corrections);
        let of = Ledgered { history, charters, runs, corrections: corrections_in_force, figures: &figures };
        let (paces, accounts) = (of.paces(asked, accounts), Account::of(accounts, of));
        Ok(Moment {
            now_ms: as_of_ms,
            began_ms: self.history.first().map(|(from_ms, _)| *from_ms),
            paces,
            accounts,
            figures,
            agents: self.agents(&charter),
            charter,
            declared: Arc::new(self.declared.clone()),
            corrections,
            latest: latest_of(&self.ledger),
            sightings: sightings_of(&self.ledger),
            ingest: IngestFacts::default(),
            stale: Vec::new(),
            journal: journal_of(&self.head),
            sealed: None,
            alerts: None,
            outbox: None,
        })
    }

    /// The charter's agents in its order, then the others that had a line. What agents say of themselves in
    /// passing (version, spool) nobody wrote down.
    fn agents(&self, charter: &Charter) -> Vec<AgentFacts> {
        let others = self.enrolled.keys().filter_map(|agent| AgentId::new(agent.as_str()).ok());
        let mut ids: Vec<AgentId> = charter.agents().into_iter().cloned().collect();
        for other in others {
            if !ids.contains(&other) {
                ids.push(other);
            }
        }
        let newest = self.newest();
        let facts = |id: AgentId| {
            let last = newest.get(&id);
            AgentFacts {
                enrolled: self.enrolled.get(id.as_str()).copied().unwrap_or(false),
                version: None,
                last_push_ms: last.map(|last| last.received_ms),
                clock: last.map(|last| last.clock),
                spool_bytes: None,
                journal_seq: None,
                journal_missed: None,
                id,
            }
        };
        ids.into_iter().map(facts).collect()
    }

    /// What each agent had sent last.
    pub fn newest(&self) -> BTreeMap<AgentId, Newest> {
        let mut newest: BTreeMap<AgentId, Newest> = BTreeMap::new();
        for Prefix { row, received_ms, clock } in &self.prefixes {
            let found = Newest { received_ms: *received_ms, clock: *clock };
            let known = newest.entry(row.agent.clone()).or_insert(found);
            if known.received_ms < found.received_ms {
                *known = found;
            }
        }
        newest
    }

    /// About what it takes of memory.
    pub fn bytes(&self) -> usize {
        let streams = self.ledger.runs().checks.values().flatten().flat_map(|vantage| &vantage.streams);
        streams.map(|runs| runs.closed.capacity()).sum::<usize>() * size_of::<Run>()
    }
}

/// The charter in force at an instant; before the first, the first.
pub(crate) fn charter_at(history: &[(i64, Charter)], at_ms: i64) -> Option<Arc<Charter>> {
    let until = history.partition_point(|(from_ms, _)| *from_ms <= at_ms);
    let (_, charter) = history.get(until.saturating_sub(1))?;
    Some(Arc::new(charter.clone()))
}

/// The newest sample of each check and agent.
pub(crate) fn latest_of(ledger: &Ledger) -> BTreeMap<(CheckId, AgentId), LatestSample> {
    let mut latest: BTreeMap<(CheckId, AgentId), LatestSample> = BTreeMap::new();
    for (agent, state) in ledger.states() {
        for check in state.checks() {
            let Some(sample) = &check.latest else { continue };
            let fresh = LatestSample::of(sample);
            let kept = latest.entry((check.check.clone(), agent.clone())).or_insert(fresh);
            if kept.at_ms < fresh.at_ms {
                *kept = fresh;
            }
        }
    }
    latest
}

/// What each check saw last from each agent that outlives its samples.
pub(crate) fn sightings_of(ledger: &Ledger) -> Vec<Sighting> {
    let mut sightings: BTreeMap<(CheckId, AgentId), Sighting> = BTreeMap::new();
    for (agent, state) in ledger.states() {
        for check in state.checks() {
            let Some(latest) = &check.latest else { continue };
            let of = (check.check.clone(), agent.clone());
            let new = || Sighting::new(check.check.clone(), agent.clone());
            sightings.entry(of).or_insert_with(new).learn(latest);
        }
    }
    sightings.into_values().collect()
}

/// Where the journal stands, as it is shown.
pub(crate) fn journal_of(head: &Head) -> Journal {
    let hash = if head.seq == 0 { String::new() } else { hex_encode(&head.hash) };
    Journal { epoch: head.epoch, seq: head.seq, hash }
}

#[cfg(test)]
mod tests;
