//! What accepted batches amount to, in memory: each stream's state and all runs.
//!
//! Everything here follows from the store's batches. The checkpoint (states, and packs of closed runs,
//! [`Ledger::checkpoint`]) is at most a minute old; loading replays what came after it, and all of a stream
//! whose checkpoint or packs cannot be used. A stream whose derivation or checkpoint panics is marked
//! stale: its batches are accepted all the same, what it shows stays as it was, its runs end with their
//! hold, and it is derived again from its last checkpoint ([`Ledger::due`]), less and less often, until
//! that succeeds.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};

use collector_api::StreamId;
use collector_derive::{Accepted, Closed, Run, RunIndex, StepSummary, StreamRuns, StreamState, Vantage};
use config::{AgentId, CheckId};
use tracing::{error, info};

mod load;
mod prefix;
mod save;

pub use prefix::Prefix;
pub use save::Checkpoint;

use crate::store::StreamRow;

/// Between a failed derivation of a stale stream and the next, ms; doubles with each.
const RETRY_AFTER_MS: i64 = 60_000;
/// And no longer than this.
const RETRY_AFTER_MS_MAX: i64 = 3_600_000;

/// [`collector_derive::step`], or what a test plants in its place.
pub type Step = fn(&mut StreamState, &Accepted<'_>, &mut Vec<Closed>) -> StepSummary;

/// How a state becomes a checkpoint and comes back; tests plant defects.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Codec {
    pub(crate) encode: fn(&StreamState) -> Vec<u8>,
    pub(crate) decode: fn(&[u8]) -> Option<StreamState>,
}

impl Default for Codec {
    fn default() -> Self {
        Self { encode: StreamState::encode, decode: StreamState::decode }
    }
}

/// All streams, derived.
#[derive(Debug)]
pub struct Ledger {
    step: Step,
    codec: Codec,
    streams: BTreeMap<StreamId, Derived>,
    runs: RunIndex,
    /// Streams whose open runs are not in `runs` yet: a stream steps often and is read seldom.
    unshown: BTreeSet<StreamId>,
    /// Streams whose checkpoint is behind.
    changed: BTreeSet<StreamId>,
    /// Packs that have got runs since: check and place.
    grown: BTreeMap<StreamId, BTreeSet<(CheckId, u32)>>,
    /// Streams whose stored packs are of another derivation.
    forgotten: BTreeSet<StreamId>,
}

/// One stream.
#[derive(Debug)]
struct Derived {
    agent: AgentId,
    /// While the stream is stale, what the failure left: nobody may use it, but for its opening, which
    /// the first record fixed.
    state: StreamState,
    stale: Option<Stale>,
}

impl Derived {
    /// Before its first batch.
    fn opening(of: &StreamRow) -> Self {
        let state = StreamState::opening_after(of.spoken_ms);
        Self { agent: of.agent.clone(), state, stale: None }
    }
}

/// A stream whose derivation stopped.
#[derive(Debug)]
struct Stale {
    reason: String,
    /// Not to be tried again before this instant, Unix ms, and how long after the last try that is;
    /// `None` before the first.
    wait: Option<(i64, i64)>,
}

impl Ledger {
    /// Empty.
    pub fn new(step: Step) -> Self {
        Self::with(step, Codec::default())
    }

    pub(crate) fn with(step: Step, codec: Codec) -> Self {
        Self {
            step,
            codec,
            streams: BTreeMap::new(),
            runs: RunIndex::default(),
            unshown: BTreeSet::new(),
            changed: BTreeSet::new(),
            grown: BTreeMap::new(),
            forgotten: BTreeSet::new(),
        }
    }

    /// Empty, with the same derivation.
    #[must_use]
    pub fn begun_anew(&self) -> Self {
        Self::with(self.step, self.codec)
    }

    /// Stale streams whose time it is to be derived again ([`Ledger::load_alone`]).
    pub fn due(&self, now_ms: i64) -> Vec<StreamId> {
        let is_due = |stale: &Stale| {
            // A wall clock that stepped back must not make anything wait for longer than it would.
            stale.wait.is_none_or(|(until_ms, wait_ms)| !(until_ms - wait_ms..until_ms).contains(&now_ms))
        };
        let due = self.streams.iter().filter(|(_, derived)| derived.stale.as_ref().is_some_and(is_due));
        due.map(|(stream, _)| *stream).collect()
    }

    /// A stale stream failed again: it waits twice as long as before.
    pub fn put_off(&mut self, stream: StreamId, reason: String, now_ms: i64) {
        let Some(derived) = self.streams.get_mut(&stream) else { return };
        let waited_ms = derived.stale.as_ref().and_then(|stale| stale.wait).map(|(_, wait_ms)| wait_ms);
        let wait_ms = waited_ms.map_or(RETRY_AFTER_MS, |waited_ms| (waited_ms * 2).min(RETRY_AFTER_MS_MAX));
        error!(%stream, agent = %derived.agent, reason, wait_ms, "the stream is still stale; its batches are kept");
        derived.stale = Some(Stale { reason, wait: Some((now_ms.saturating_add(wait_ms), wait_ms)) });
    }

    /// Puts what [`Ledger::load_alone`] derived in the place of what is stale.
    pub fn adopt(&mut self, whole: Self) {
        for (stream, derived) in whole.streams {
            info!(%stream, agent = %derived.agent, "the stream is no longer stale");
            self.grown.remove(&stream);
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

    /// Folds in a batch of a stream that is in the store.
    pub fn apply(&mut self, of: &StreamRow, batch: &Accepted<'_>) -> StepSummary {
        let derived = self.streams.entry(of.stream).or_insert_with(|| Derived::opening(of));
        if derived.stale.is_some() {
            return StepSummary::default();
        }
        match catch_unwind(AssertUnwindSafe(|| self.fold(of.stream, batch))) {
            Ok(summary) => summary,
            Err(panic) => {
                self.mark_stale(of.stream, words_of(panic.as_ref()));
                StepSummary::default()
            }
        }
    }

    fn fold(&mut self, stream: StreamId, batch: &Accepted<'_>) -> StepSummary {
        let Some(derived) = self.streams.get_mut(&stream) else { return StepSummary::default() };
        let mut closed = Vec::new();
        let summary = (self.step)(&mut derived.state, batch, &mut closed);
        self.changed.insert(stream);
        self.unshown.insert(stream);
        for Closed { check, run } in closed {
            let Some(runs) = self.runs_of(&check, stream) else { continue };
            let place = pack_of(runs.closed.len());
            runs.closed.push(run);
            runs.open = None;
            self.grown.entry(stream).or_default().insert((check, place));
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

    /// Until when an agent has spoken in all its streams, Unix ms; of stale ones, only when they opened.
    pub fn spoken_ms(&self, agent: &AgentId) -> Option<i64> {
        let of_agent = self.streams.values().filter(|derived| derived.agent == *agent);
        let spoken_ms = |derived: &Derived| match derived.stale {
            None => derived.state.latest_ms().max(derived.state.opened_ms()),
            Some(_) => derived.state.opened_ms(),
        };
        of_agent.filter_map(spoken_ms).max()
    }

    /// Streams whose derivation failed, whose they are, and why.
    pub fn stale(&self) -> impl Iterator<Item = (StreamId, &AgentId, &str)> {
        self.streams.iter().filter_map(|(stream, derived)| {
            Some((*stream, &derived.agent, derived.stale.as_ref()?.reason.as_str()))
        })
    }

    pub(crate) fn mark_stale(&mut self, stream: StreamId, reason: String) {
        let Some(derived) = self.streams.get_mut(&stream) else { return };
        error!(%stream, agent = %derived.agent, reason, "derivation failed; the batches are kept, the stream is stale");
        derived.stale = Some(Stale { reason, wait: None });
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

/// How many closed runs of a check and stream one pack takes: a year of most checks, so that what packing learns
/// of a check is learnt once, and few enough that writing the newest one again each minute is cheap.
pub const RUNS_A_PACK: usize = 512;

/// Which pack the closed run is in that has `before` others before it.
fn pack_of(before: usize) -> u32 {
    u32::try_from(before / RUNS_A_PACK).unwrap_or(u32::MAX)
}

/// What a panic said.
pub fn words_of(panic: &(dyn std::any::Any + Send)) -> String {
    let words = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    words
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a defect without words".to_owned())
}
