//! What accepted batches amount to, in memory: each stream's state and all runs.
//!
//! Everything here follows from the store's batches. The checkpoint (states, and packs of closed runs,
//! in one transaction) is at most a minute old; loading replays what came after it. A stream whose
//! derivation panics is marked stale and left as it was; its batches are kept all the same, and the
//! next start replays it from its groups.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};

use collector_api::StreamId;
use collector_derive::{
    Accepted, Closed, Run, RunIndex, StepSummary, StreamRuns, StreamState, Vantage, decode_runs, encode_runs,
};
use config::{AgentId, CheckId};
use tracing::{error, info, warn};

use crate::store::{BatchRow, RunsRow, Store, StoreError, Write};

/// [`collector_derive::step`], or what a test plants in its place.
pub type Step = fn(&mut StreamState, &Accepted<'_>, &mut Vec<Closed>) -> StepSummary;

/// All streams, derived.
#[derive(Debug)]
pub struct Ledger {
    step: Step,
    streams: BTreeMap<StreamId, Derived>,
    runs: RunIndex,
    /// Streams whose checkpoint is behind.
    changed: BTreeSet<StreamId>,
    /// Packs that have got runs since.
    grown: BTreeSet<(CheckId, StreamId, i64)>,
    /// Streams whose stored packs are of another derivation.
    forgotten: BTreeSet<StreamId>,
}

/// One stream.
#[derive(Debug)]
struct Derived {
    agent: AgentId,
    state: StreamState,
    /// Why its derivation stopped.
    stale: Option<String>,
}

impl Ledger {
    /// Empty.
    pub fn new(step: Step) -> Self {
        Self {
            step,
            streams: BTreeMap::new(),
            runs: RunIndex::default(),
            changed: BTreeSet::new(),
            grown: BTreeSet::new(),
            forgotten: BTreeSet::new(),
        }
    }

    /// From the checkpoint and the batches after it.
    pub fn load(store: &dyn Store, step: Step) -> Result<Self, StoreError> {
        let mut ledger = Self::new(step);
        let checkpoints: BTreeMap<StreamId, Vec<u8>> = store.checkpoints()?.into_iter().collect();
        let streams = store.streams()?;
        for row in &streams {
            let state = checkpoints.get(&row.stream).and_then(|bytes| StreamState::decode(bytes));
            if state.is_none() {
                ledger.forgotten.insert(row.stream);
            }
            let state = state.unwrap_or_default();
            let derived = Derived { agent: row.agent.clone(), state, stale: None };
            ledger.streams.insert(row.stream, derived);
        }
        for pack in store.runs()? {
            ledger.unpack(&pack)?;
        }
        for row in &streams {
            ledger.show_open_runs(row.stream);
            ledger.replay(store, row.stream)?;
        }
        Ok(ledger)
    }

    /// From the batches alone, as if there had never been a checkpoint.
    pub fn rebuild(store: &dyn Store, step: Step) -> Result<Self, StoreError> {
        let mut ledger = Self::new(step);
        for row in store.streams()? {
            let derived = Derived { agent: row.agent, state: StreamState::default(), stale: None };
            ledger.streams.insert(row.stream, derived);
            ledger.forgotten.insert(row.stream);
            ledger.replay(store, row.stream)?;
        }
        Ok(ledger)
    }

    /// Folds in a batch that is in the store.
    pub fn apply(&mut self, stream: StreamId, agent: &AgentId, batch: &Accepted<'_>) -> StepSummary {
        let derived = self.streams.entry(stream).or_insert_with(|| Derived {
            agent: agent.clone(),
            state: StreamState::default(),
            stale: None,
        });
        if derived.stale.is_some() {
            return StepSummary::default();
        }
        let mut closed = Vec::new();
        let stepped = catch_unwind(AssertUnwindSafe(|| (self.step)(&mut derived.state, batch, &mut closed)));
        let summary = match stepped {
            Ok(summary) => summary,
            Err(panic) => {
                let reason = words_of(panic.as_ref());
                error!(%stream, agent = %derived.agent, reason, "derivation failed; the batches are safe, the stream is stale");
                derived.stale = Some(reason);
                return StepSummary::default();
            }
        };
        self.changed.insert(stream);
        for Closed { check, run } in closed {
            self.grown.insert((check.clone(), stream, month_of(run.first_ms)));
            if let Some(runs) = self.runs_of(&check, stream) {
                runs.closed.push(run);
                runs.open = None;
            }
        }
        self.show_open_runs(stream);
        summary
    }

    /// All runs.
    pub fn runs(&self) -> &RunIndex {
        &self.runs
    }

    /// Every stream's agent and state.
    pub fn states(&self) -> impl Iterator<Item = (&AgentId, &StreamState)> {
        self.streams.values().map(|derived| (&derived.agent, &derived.state))
    }

    /// Streams whose derivation failed, whose they are, and why.
    pub fn stale(&self) -> impl Iterator<Item = (StreamId, &AgentId, &str)> {
        self.streams
            .iter()
            .filter_map(|(stream, derived)| Some((*stream, &derived.agent, derived.stale.as_deref()?)))
    }

    /// What the store lacks of the derived; [`Ledger::checkpointed`] when it has it.
    pub fn checkpoint(&self) -> Vec<Write> {
        let mut writes: Vec<Write> = self.forgotten.iter().copied().map(Write::ForgetDerived).collect();
        for (check, stream, month) in &self.grown {
            let Some(derived) = self.streams.get(stream) else { continue };
            let streams = self.runs.streams(check, &derived.agent);
            let Some(runs) = streams.iter().find(|runs| runs.stream == *stream) else { continue };
            let of_month: Vec<Run> =
                runs.closed.iter().filter(|run| month_of(run.first_ms) == *month).copied().collect();
            let (check, stream, month) = (check.clone(), *stream, *month);
            writes.push(Write::Runs(RunsRow { check, stream, month, runs: encode_runs(&of_month) }));
        }
        for stream in &self.changed {
            if let Some(derived) = self.streams.get(stream).filter(|derived| derived.stale.is_none()) {
                writes.push(Write::Checkpoint(*stream, derived.state.encode()));
            }
        }
        writes
    }

    /// The last [`Ledger::checkpoint`] is in the store.
    pub fn checkpointed(&mut self) {
        self.forgotten.clear();
        self.grown.clear();
        self.changed.clear();
    }

    fn unpack(&mut self, pack: &RunsRow) -> Result<(), StoreError> {
        if self.forgotten.contains(&pack.stream) {
            return Ok(());
        }
        let runs = decode_runs(&pack.runs)
            .ok_or_else(|| StoreError::Damaged(format!("the runs of `{}` cannot be read", pack.check)))?;
        if let Some(known) = self.runs_of(&pack.check, pack.stream) {
            known.closed.extend(runs);
        }
        Ok(())
    }

    /// Applies the batches that the stream's state does not have yet.
    fn replay(&mut self, store: &dyn Store, stream: StreamId) -> Result<(), StoreError> {
        let Some(derived) = self.streams.get(&stream) else { return Ok(()) };
        let (agent, after_seq) = (derived.agent.clone(), derived.state.next_seq().saturating_sub(1));
        let mut batches = 0_u64;
        let mut unreadable = None;
        store.batches(
            stream,
            after_seq,
            &mut |row: BatchRow| match collector_api::decompress(&row.body) {
                Ok(groups) => {
                    self.apply(stream, &agent, &accepted(&row, &groups));
                    batches += 1;
                    ControlFlow::Continue(())
                }
                Err(error) => {
                    unreadable = Some(StoreError::Damaged(format!(
                        "the batch up to {} of stream {stream} cannot be read: {error}",
                        row.last_seq
                    )));
                    ControlFlow::Break(())
                }
            },
        )?;
        if let Some(error) = unreadable {
            warn!(%error, "`vedetta verify` tells more");
            return Err(error);
        }
        if batches > 0 {
            info!(%stream, %agent, batches, "replayed");
        }
        Ok(())
    }

    /// Copies the state's open runs into the index.
    fn show_open_runs(&mut self, stream: StreamId) {
        let Some(derived) = self.streams.get(&stream) else { return };
        let open: Vec<(CheckId, Option<Run>)> =
            derived.state.checks().map(|check| (check.check.clone(), check.open)).collect();
        for (check, run) in open {
            if let Some(runs) = self.runs_of(&check, stream) {
                runs.open = run;
            }
        }
    }

    /// The stream's runs of a check, made when new; `None` before the stream opened.
    fn runs_of(&mut self, check: &CheckId, stream: StreamId) -> Option<&mut StreamRuns> {
        let derived = self.streams.get(&stream)?;
        let opened_ms = derived.state.opened_ms()?;
        if !self.runs.checks.contains_key(check) {
            self.runs.checks.insert(check.clone(), Vec::new());
        }
        let vantages = self.runs.checks.get_mut(check)?;
        // Sorted by what they are: equal histories are equal indexes, whoever was heard first.
        let place = vantages.binary_search_by(|vantage| vantage.agent.cmp(&derived.agent));
        let place = place.unwrap_or_else(|place| {
            vantages.insert(place, Vantage { agent: derived.agent.clone(), streams: Vec::new() });
            place
        });
        let streams = &mut vantages.get_mut(place)?.streams;
        let place = streams.binary_search_by_key(&(opened_ms, stream), |runs| (runs.opened_ms, runs.stream));
        let place = place.unwrap_or_else(|place| {
            streams.insert(place, StreamRuns { stream, opened_ms, closed: Vec::new(), open: None });
            place
        });
        streams.get_mut(place)
    }
}

/// A stored batch as the derivation takes it.
pub fn accepted<'a>(row: &BatchRow, groups: &'a [u8]) -> Accepted<'a> {
    Accepted {
        first_seq: row.first_seq,
        last_seq: row.last_seq,
        received_ms: row.received_ms,
        clock: row.clock,
        groups,
    }
}

/// `year * 12 + month - 1`, UTC.
fn month_of(at_ms: i64) -> i64 {
    let at = jiff::Timestamp::from_millisecond(at_ms).unwrap_or_default();
    let date = at.to_zoned(jiff::tz::TimeZone::UTC).date();
    i64::from(date.year()) * 12 + i64::from(date.month()) - 1
}

fn words_of(panic: &(dyn std::any::Any + Send)) -> String {
    let words = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    words
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a defect without words".to_owned())
}
