//! What [`step`](crate::step()) remembers of a stream between batches.
//!
//! The dictionary from the CONFIG records, and per check the open run and the newest sample. All of it
//! follows from the accepted groups alone.

mod checkpoint;

use std::collections::{BTreeMap, BTreeSet};

use collector_api::{CheckEntry, Fact, Reason, Verdict, limits};
use config::CheckId;
use prost::Message as _;

use crate::step::Seen;
use crate::{Closed, Run};

/// The fact by which a registry's answer says when a registration ends: a day, UTC.
pub const REGISTRATION_ENDS: &str = "expires";

/// What is remembered of a stream between batches. Starts empty ([`Default`]) with a stream's first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamState {
    pub(crate) opened_ms: Option<i64>,
    /// Until it opened: when the agent's other streams had spoken last.
    pub(crate) spoken_ms: Option<i64>,
    /// The number the next record must have; streams count from 1.
    pub(crate) next_seq: u64,
    /// The latest time of any sample.
    pub(crate) latest_ms: Option<i64>,
    revision: u64,
    /// Was something lost that may have been a newer dictionary? Then indices name nothing until one begins.
    nameless: bool,
    /// The dictionary in force, by index.
    checks: Vec<Option<Box<CheckState>>>,
    index_of: BTreeMap<CheckId, u32>,
    /// Checks of the dictionary before, which the pieces of a new one have not named (yet).
    older: BTreeMap<CheckId, Box<CheckState>>,
    /// The latest sample of any check that left the dictionary: a check that comes back must be later.
    forgotten_ms: Option<i64>,
    /// Indices whose check has an open run, so that LOST costs no more than it closes.
    open: BTreeSet<u32>,
}

/// One check of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckState {
    /// Its id in the charter.
    pub check: CheckId,
    /// Time between two slots, ms.
    pub interval_ms: u64,
    /// How long a sample speaks when no other follows, ms.
    pub hold_ms: u64,
    /// The run that may still grow.
    pub open: Option<Run>,
    /// The newest sample.
    pub latest: Option<Latest>,
}

/// The newest sample of a check, as judged (a wrong clock makes it unknown).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Latest {
    /// Its time, Unix ms.
    pub at_ms: i64,
    /// How long its attempts took, µs.
    pub duration_micros: u64,
    /// What it says.
    pub verdict: Verdict,
    /// Why.
    pub reason: Reason,
    /// The newest [`collector_api::Evidence`] that came with a sample, encoded; empty if none ever did.
    pub evidence: Vec<u8>,
    /// The time of the sample it came with.
    pub evidence_ms: i64,
    /// The newest evidence before it that tells what lasts and it does not: a certificate, the end of a
    /// registration. A server that refuses connections today has not lost them. Empty when there is none.
    pub lasting: Vec<u8>,
    /// The time of the sample that came with.
    pub lasting_ms: i64,
}

/// What of [`collector_api::Evidence`] outlives the sample it came with.
#[derive(prost::Message)]
struct Lasting {
    /// A certificate.
    #[prost(message, optional, tag = "6")]
    tls: Option<()>,
    /// Among them [`REGISTRATION_ENDS`].
    #[prost(message, repeated, tag = "7")]
    facts: Vec<Fact>,
}

impl Lasting {
    /// Does evidence tell of a certificate, and of a registration's end? What cannot be read tells nothing.
    fn of(evidence: &[u8]) -> (bool, bool) {
        let Ok(told) = Self::decode(evidence) else { return (false, false) };
        (told.tls.is_some(), told.facts.iter().any(|fact| fact.name == REGISTRATION_ENDS))
    }
}

impl Latest {
    /// Newer evidence takes the place of the older, which stays if it tells more of what lasts.
    fn tell(&mut self, evidence: &[u8], at_ms: i64) {
        // Does one tell something that the other does not?
        let beyond = |one: (bool, bool), other: (bool, bool)| one.0 && !other.0 || one.1 && !other.1;
        let (newer, kept) = (Lasting::of(evidence), Lasting::of(&self.lasting));
        let older = (std::mem::replace(&mut self.evidence, evidence.to_vec()), self.evidence_ms);
        self.evidence_ms = at_ms;
        let told = Lasting::of(&older.0);
        if beyond(told, newer) && !beyond(kept, told) {
            (self.lasting, self.lasting_ms) = older;
        } else if !beyond(kept, newer) {
            (self.lasting, self.lasting_ms) = (Vec::new(), 0);
        }
    }
}

impl CheckState {
    /// One more sample: the open run grows, or ends and a new one begins (D4). True if there was none.
    pub(crate) fn add(&mut self, seq: u64, seen: &Seen, closed: &mut Vec<Closed>) -> bool {
        let Seen { verdict, reason, at_ms, .. } = *seen;
        let until_ms = at_ms.saturating_add_unsigned(self.hold_ms);
        if let Some(run) = &mut self.open
            && (run.verdict, run.reason) == (verdict, reason)
            && at_ms <= run.until_ms
        {
            (run.last_seq, run.last_ms, run.until_ms) = (seq, at_ms, until_ms);
            run.count += 1;
            return false;
        }
        let (first_seq, last_seq, first_ms, last_ms) = (seq, seq, at_ms, at_ms);
        let run = Run { verdict, reason, first_seq, last_seq, first_ms, last_ms, count: 1, until_ms };
        match self.open.replace(run) {
            Some(run) => closed.push(Closed { check: self.check.clone(), run }),
            None => return true,
        }
        false
    }

    /// Keeps the newest sample, and the newest evidence until another comes.
    /// Evidence over its limit is not kept: an agent that is not ours any more must not fill memory.
    pub(crate) fn remember(&mut self, seen: Seen, evidence: &[u8]) {
        let evidence = if evidence.len() > limits::EVIDENCE_BYTES_MAX { &[] } else { evidence };
        let Seen { verdict, reason, at_ms, duration_micros } = seen;
        match &mut self.latest {
            Some(latest) => {
                (latest.at_ms, latest.duration_micros) = (at_ms, duration_micros);
                (latest.verdict, latest.reason) = (verdict, reason);
                if !evidence.is_empty() {
                    latest.tell(evidence, at_ms);
                }
            }
            latest => {
                let evidence = evidence.to_vec();
                let evidence_ms = at_ms;
                let (lasting, lasting_ms) = (Vec::new(), 0);
                *latest = Some(Latest {
                    at_ms,
                    duration_micros,
                    verdict,
                    reason,
                    evidence,
                    evidence_ms,
                    lasting,
                    lasting_ms,
                });
            }
        }
    }
}

impl Default for StreamState {
    fn default() -> Self {
        Self {
            opened_ms: None,
            spoken_ms: None,
            next_seq: 1,
            latest_ms: None,
            revision: 0,
            nameless: false,
            checks: Vec::new(),
            index_of: BTreeMap::new(),
            older: BTreeMap::new(),
            forgotten_ms: None,
            open: BTreeSet::new(),
        }
    }
}

impl StreamState {
    /// Before the first batch of a stream whose agent had spoken in others until `spoken_ms`, Unix ms:
    /// it opens after that (DEFINITION, "A new stream").
    #[must_use]
    pub fn opening_after(spoken_ms: Option<i64>) -> Self {
        Self { spoken_ms, ..Self::default() }
    }

    /// Opens with the first record: when the believed start that it is says, never before all that was
    /// said in other streams has been said. Without a start that would be a guess, so that it is then.
    pub(crate) fn open(&mut self, start_ms: Option<i64>) {
        if self.opened_ms.is_none() {
            let after_ms = self.spoken_ms.take().map_or(0, |spoken_ms| spoken_ms.saturating_add(1));
            self.opened_ms = Some(start_ms.map_or(after_ms, |start_ms| start_ms.max(after_ms)));
        }
    }

    /// When the stream opened, Unix ms, 0 where nobody knows and no other was before it; `None` before
    /// the first batch.
    pub fn opened_ms(&self) -> Option<i64> {
        self.opened_ms
    }

    /// The number the next record will have.
    pub fn next_seq(&self) -> u64 {
        self.next_seq
    }

    /// The latest time of any sample, Unix ms.
    pub fn latest_ms(&self) -> Option<i64> {
        self.latest_ms
    }

    /// The assignment the dictionary in force comes from; 0 for none.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// The checks, in the dictionary's order.
    pub fn checks(&self) -> impl Iterator<Item = &CheckState> {
        self.checks.iter().flatten().chain(self.older.values()).map(Box::as_ref)
    }

    /// Do indices name nothing at present?
    pub(crate) fn is_nameless(&self) -> bool {
        self.nameless
    }

    /// What was lost may have been a dictionary.
    pub(crate) fn lose_names(&mut self) {
        self.nameless = true;
    }

    /// The check of an index, with the time its next sample must be later than.
    #[inline]
    pub(crate) fn check_mut(&mut self, index: u32) -> Option<(&mut CheckState, Option<i64>)> {
        if self.nameless {
            return None;
        }
        let check = self.checks.get_mut(index as usize)?.as_deref_mut()?;
        let after_ms = check.latest.as_ref().map(|latest| latest.at_ms).or(self.forgotten_ms);
        Some((check, after_ms))
    }

    /// Notes that a check without an open run now has one.
    pub(crate) fn opened_run(&mut self, index: u32) {
        self.open.insert(index);
    }

    /// LOST: nobody knows what was in it, so every open run ends, and what it says ends at `from_ms`
    /// (by default at the stream's latest sample) unless it goes on saying it later itself.
    pub(crate) fn lose(&mut self, from_ms: Option<i64>, closed: &mut Vec<Closed>) {
        let cut_ms = from_ms.or(self.latest_ms).unwrap_or(0);
        // A dictionary half told may have lost the piece that names them: they know no more than the others.
        for run in self.older.values_mut().filter_map(|check| check.open.as_mut()) {
            run.until_ms = run.until_ms.min(cut_ms.max(run.last_ms));
        }
        self.forget_older(closed);
        for index in std::mem::take(&mut self.open) {
            let Some(check) = self.checks.get_mut(index as usize).and_then(Option::as_deref_mut) else {
                continue;
            };
            if let Some(mut run) = check.open.take() {
                run.until_ms = run.until_ms.min(cut_ms.max(run.last_ms));
                closed.push(Closed { check: check.check.clone(), run });
            }
        }
    }

    /// A new dictionary begins: all checks wait to be named by it.
    pub(crate) fn begin_dictionary(&mut self, closed: &mut Vec<Closed>) {
        self.forget_older(closed);
        self.nameless = false;
        let named = std::mem::take(&mut self.checks).into_iter().flatten();
        self.older = named.map(|check| (check.check.clone(), check)).collect();
        self.index_of.clear();
        self.open.clear();
    }

    /// One entry of the dictionary. A check that is the same as before keeps its open run.
    ///
    /// False if the entry cannot be used; its index then names nothing.
    pub(crate) fn define(&mut self, entry: &CheckEntry, closed: &mut Vec<Closed>) -> bool {
        let known =
            CheckId::new(entry.check.as_str()).ok().filter(|_| (entry.index as usize) < limits::CHECKS_MAX);
        let before = known.as_ref().and_then(|check| match self.index_of.get(check) {
            Some(&index) => self.take(index),
            None => self.older.remove(check),
        });
        if let Some(evicted) = self.take(entry.index) {
            self.forget(*evicted, closed);
        }
        let Some(check) = known else { return false };
        let mut next = before.unwrap_or_else(|| {
            Box::new(CheckState { check, interval_ms: 0, hold_ms: 0, open: None, latest: None })
        });
        if (next.interval_ms, next.hold_ms) != (entry.interval_ms, entry.hold_ms) {
            close(&mut next, closed);
            (next.interval_ms, next.hold_ms) = (entry.interval_ms, entry.hold_ms);
        }
        self.place(entry.index, next);
        true
    }

    /// Notes the assignment of the newest CONFIG record.
    pub(crate) fn set_revision(&mut self, revision: u64) {
        self.revision = revision;
    }

    /// The dictionary is complete: checks that it does not name leave. Cheap when there are none.
    #[inline]
    pub(crate) fn forget_older(&mut self, closed: &mut Vec<Closed>) {
        while let Some((_, check)) = self.older.pop_first() {
            self.forget(*check, closed);
        }
    }

    fn forget(&mut self, mut check: CheckState, closed: &mut Vec<Closed>) {
        close(&mut check, closed);
        self.forgotten_ms = self.forgotten_ms.max(check.latest.map(|latest| latest.at_ms));
    }

    fn take(&mut self, index: u32) -> Option<Box<CheckState>> {
        let check = self.checks.get_mut(index as usize)?.take()?;
        self.index_of.remove(&check.check);
        self.open.remove(&index);
        // Equal dictionaries are equal states, whatever came before.
        while self.checks.pop_if(|last| last.is_none()).is_some() {}
        Some(check)
    }

    fn place(&mut self, index: u32, check: Box<CheckState>) {
        if self.checks.len() <= index as usize {
            self.checks.resize_with(index as usize + 1, || None);
        }
        self.index_of.insert(check.check.clone(), index);
        if check.open.is_some() {
            self.open.insert(index);
        }
        self.checks[index as usize] = Some(check);
    }
}

fn close(check: &mut CheckState, closed: &mut Vec<Closed>) {
    if let Some(run) = check.open.take() {
        closed.push(Closed { check: check.check.clone(), run });
    }
}
