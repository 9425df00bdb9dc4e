//! What accepted batches amount to, in memory: each stream's state and all runs.
//!
//! Everything here follows from the store's batches. The checkpoint (states, and packs of closed runs,
//! in one transaction) is at most a minute old; loading replays what came after it, and all of a stream
//! whose checkpoint or packs cannot be used. A stream whose derivation panics is marked stale: its
//! batches are accepted all the same, what it shows stays as it was, its runs end with their hold, and it
//! is derived again from its last checkpoint ([`Ledger::retried`]) until that succeeds.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};

use collector_api::StreamId;
use collector_derive::{
    Accepted, Closed, Run, RunIndex, StepSummary, StreamRuns, StreamState, Vantage, decode_runs, encode_runs,
};
use config::{AgentId, CheckId};
use tracing::{error, info, warn};

use crate::store::{BatchRow, RunsRow, Store, StoreError, StreamRow, Write};

/// [`collector_derive::step`], or what a test plants in its place.
pub type Step = fn(&mut StreamState, &Accepted<'_>, &mut Vec<Closed>) -> StepSummary;

/// All streams, derived.
#[derive(Debug)]
pub struct Ledger {
    step: Step,
    streams: BTreeMap<StreamId, Derived>,
    runs: RunIndex,
    /// Streams whose open runs are not in `runs` yet: a stream steps often and is read seldom.
    unshown: BTreeSet<StreamId>,
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
    /// Why its derivation stopped; then `state` is what the failure left, and nobody may use it.
    stale: Option<String>,
}

impl Ledger {
    /// Empty.
    pub fn new(step: Step) -> Self {
        Self {
            step,
            streams: BTreeMap::new(),
            runs: RunIndex::default(),
            unshown: BTreeSet::new(),
            changed: BTreeSet::new(),
            grown: BTreeSet::new(),
            forgotten: BTreeSet::new(),
        }
    }

    /// From the checkpoint and the batches after it.
    pub fn load(store: &dyn Store, step: Step) -> Result<Self, StoreError> {
        let mut ledger = Self::new(step);
        let mut derived = StoredDerived::read(store)?;
        for row in store.streams()? {
            ledger.load_stream(store, row, &mut derived)?;
        }
        ledger.show();
        Ok(ledger)
    }

    /// From the batches alone, as if there had never been a checkpoint.
    pub fn rebuild(store: &dyn Store, step: Step) -> Result<Self, StoreError> {
        let mut ledger = Self::new(step);
        for row in store.streams()? {
            ledger.load_stream(store, row, &mut StoredDerived::default())?;
        }
        ledger.show();
        Ok(ledger)
    }

    /// Stale streams, each derived again from the store; those that failed again are not among them.
    pub fn retried(&self, store: &dyn Store) -> Result<Vec<Self>, StoreError> {
        if self.stale().next().is_none() {
            return Ok(Vec::new());
        }
        let mut derived = StoredDerived::read(store)?;
        let mut whole = Vec::new();
        for row in store.streams()? {
            let stale = self.streams.get(&row.stream).is_some_and(|derived| derived.stale.is_some());
            if stale {
                let mut alone = Self::new(self.step);
                alone.load_stream(store, row, &mut derived)?;
                if alone.stale().next().is_none() {
                    whole.push(alone);
                }
            }
        }
        Ok(whole)
    }

    /// Puts what [`Ledger::retried`] derived in the place of what is stale.
    pub fn adopt(&mut self, whole: Self) {
        for (stream, derived) in whole.streams {
            info!(%stream, agent = %derived.agent, "the stream is no longer stale");
            self.grown.retain(|(_, of, _)| *of != stream);
            for vantages in self.runs.checks.values_mut() {
                for vantage in &mut *vantages {
                    vantage.streams.retain(|runs| runs.stream != stream);
                }
                vantages.retain(|vantage| !vantage.streams.is_empty());
            }
            self.runs.checks.retain(|_, vantages| !vantages.is_empty());
            self.streams.insert(stream, derived);
        }
        for (check, vantages) in whole.runs.checks {
            for runs in vantages.into_iter().flat_map(|vantage| vantage.streams) {
                if let Some(place) = self.runs_of(&check, runs.stream) {
                    *place = runs;
                }
            }
        }
        self.unshown.extend(whole.unshown);
        self.changed.extend(whole.changed);
        self.grown.extend(whole.grown);
        self.forgotten.extend(whole.forgotten);
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
                self.mark_stale(stream, words_of(panic.as_ref()));
                return StepSummary::default();
            }
        };
        self.changed.insert(stream);
        self.unshown.insert(stream);
        for Closed { check, run } in closed {
            if let Some(runs) = self.runs_of(&check, stream) {
                runs.closed.push(run);
                runs.open = None;
            }
            self.grown.insert((check, stream, month_of(run.first_ms)));
        }
        summary
    }

    /// All runs; open ones as of the last [`Ledger::show`].
    pub fn runs(&self) -> &RunIndex {
        &self.runs
    }

    /// Are all open runs in the index?
    pub fn is_shown(&self) -> bool {
        self.unshown.is_empty()
    }

    /// Copies open runs into the index.
    pub fn show(&mut self) {
        for stream in std::mem::take(&mut self.unshown) {
            let Some(derived) = self.streams.get(&stream) else { continue };
            let open: Vec<(CheckId, Option<Run>)> =
                derived.state.checks().map(|check| (check.check.clone(), check.open)).collect();
            for (check, run) in open {
                if let Some(runs) = self.runs_of(&check, stream) {
                    runs.open = run;
                }
            }
        }
    }

    /// Agent and state of every stream that is not stale.
    pub fn states(&self) -> impl Iterator<Item = (&AgentId, &StreamState)> {
        let sound = self.streams.values().filter(|derived| derived.stale.is_none());
        sound.map(|derived| (&derived.agent, &derived.state))
    }

    /// Streams whose derivation failed, whose they are, and why.
    pub fn stale(&self) -> impl Iterator<Item = (StreamId, &AgentId, &str)> {
        self.streams
            .iter()
            .filter_map(|(stream, derived)| Some((*stream, &derived.agent, derived.stale.as_deref()?)))
    }

    /// What the store lacks of the derived; [`Ledger::checkpointed`] when it has it.
    ///
    /// Of a stale stream nothing is written: its packs and its checkpoint must stay of one instant.
    pub fn checkpoint(&self) -> Vec<Write> {
        let sound = |stream: &StreamId| self.streams.get(stream).filter(|derived| derived.stale.is_none());
        let forgotten = self.forgotten.iter().filter(|stream| sound(stream).is_some());
        let mut writes: Vec<Write> = forgotten.copied().map(Write::ForgetDerived).collect();
        for (check, stream, month) in &self.grown {
            let Some(derived) = sound(stream) else { continue };
            let streams = self.runs.streams(check, &derived.agent);
            let Some(runs) = streams.iter().find(|runs| runs.stream == *stream) else { continue };
            let of_month: Vec<Run> =
                runs.closed.iter().filter(|run| month_of(run.first_ms) == *month).copied().collect();
            let (check, stream, month) = (check.clone(), *stream, *month);
            writes.push(Write::Runs(RunsRow { check, stream, month, runs: encode_runs(&of_month) }));
        }
        for stream in &self.changed {
            if let Some(derived) = sound(stream) {
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

    fn load_stream(
        &mut self,
        store: &dyn Store,
        row: StreamRow,
        stored: &mut StoredDerived,
    ) -> Result<(), StoreError> {
        let StreamRow { stream, agent, .. } = row;
        let state = stored.checkpoints.remove(&stream).and_then(|bytes| StreamState::decode(&bytes));
        let packs = stored.packs.remove(&stream).unwrap_or_default();
        let unpacked: Option<Vec<(CheckId, Vec<Run>)>> =
            packs.into_iter().map(|pack| Some((pack.check, decode_runs(&pack.runs)?))).collect();
        let (state, unpacked) = match (state, unpacked) {
            (Some(state), Some(unpacked)) => (state, unpacked),
            (state, _) => {
                if state.is_some() {
                    warn!(%stream, %agent, "stored runs cannot be read; they are derived again from the groups");
                }
                self.forgotten.insert(stream);
                (StreamState::default(), Vec::new())
            }
        };
        self.streams.insert(stream, Derived { agent: agent.clone(), state, stale: None });
        self.unshown.insert(stream);
        for (check, runs) in unpacked {
            if let Some(known) = self.runs_of(&check, stream) {
                known.closed.extend(runs);
            }
        }
        self.replay(store, stream, &agent)
    }

    /// Applies the batches that the stream's state does not have yet.
    fn replay(&mut self, store: &dyn Store, stream: StreamId, agent: &AgentId) -> Result<(), StoreError> {
        let after_seq = self.streams.get(&stream).map_or(0, |derived| derived.state.next_seq() - 1);
        let mut batches = 0_u64;
        store.batches(stream, after_seq, &mut |row: BatchRow| {
            let groups = match row.open() {
                Ok(groups) => groups,
                Err(error) => {
                    let what = format!("the stored batch up to {} cannot be read: {error}", row.last_seq);
                    self.mark_stale(stream, what);
                    return ControlFlow::Break(());
                }
            };
            for batch in row.batches(&groups) {
                self.apply(stream, agent, &batch);
                batches += 1;
            }
            // A stream that went stale here takes no further step: reading on would only keep others waiting.
            let stale = self.streams.get(&stream).is_some_and(|derived| derived.stale.is_some());
            if stale { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        if batches > 0 {
            info!(%stream, %agent, batches, "replayed");
        }
        Ok(())
    }

    fn mark_stale(&mut self, stream: StreamId, reason: String) {
        let Some(derived) = self.streams.get_mut(&stream) else { return };
        error!(%stream, agent = %derived.agent, reason, "derivation failed; the batches are kept, the stream is stale");
        derived.stale = Some(reason);
        // What the failure left of the state is not shown: runs stay as they were, and end with their hold.
        self.unshown.remove(&stream);
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

/// What the last checkpoint wrote, by stream.
#[derive(Debug, Default)]
struct StoredDerived {
    checkpoints: BTreeMap<StreamId, Vec<u8>>,
    packs: BTreeMap<StreamId, Vec<RunsRow>>,
}

impl StoredDerived {
    fn read(store: &dyn Store) -> Result<Self, StoreError> {
        let mut packs: BTreeMap<StreamId, Vec<RunsRow>> = BTreeMap::new();
        for pack in store.runs()? {
            packs.entry(pack.stream).or_default().push(pack);
        }
        Ok(Self { checkpoints: store.checkpoints()?.into_iter().collect(), packs })
    }
}

/// `year * 12 + month - 1`, UTC: which pack a run that began at `at_ms` is in.
pub fn month_of(at_ms: i64) -> i64 {
    let at = jiff::Timestamp::from_millisecond(at_ms).unwrap_or_default();
    let date = at.to_zoned(jiff::tz::TimeZone::UTC).date();
    i64::from(date.year()) * 12 + i64::from(date.month()) - 1
}

/// What a panic said.
pub fn words_of(panic: &(dyn std::any::Any + Send)) -> String {
    let words = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    words
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a defect without words".to_owned())
}
