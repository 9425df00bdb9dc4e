//! Groups to runs: consecutive samples of one check with one outcome.

use std::collections::BTreeMap;

use collector_api::{ClockReading, Reason, StreamId, Verdict};
use config::{AgentId, CheckId};

/// Consecutive samples of one check in one stream with one outcome and reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// What they all said.
    pub verdict: Verdict,
    /// Why.
    pub reason: Reason,
    /// Sequence number of the first sample.
    pub first_seq: u64,
    /// Sequence number of the last.
    pub last_seq: u64,
    /// Time of the first, Unix ms.
    pub first_ms: i64,
    /// Time of the last.
    pub last_ms: i64,
    /// How many samples, at least 1.
    pub count: u64,
    /// Until when the last sample speaks if nothing follows: its hold, or sooner where LOST cut it.
    pub until_ms: i64,
}

/// One accepted batch, as the store keeps it.
#[derive(Debug, Clone, Copy)]
pub struct Accepted<'a> {
    /// Number of the first record.
    pub first_seq: u64,
    /// Number of the last, as signed: whatever the groups decode to, the batch covers up to here.
    pub last_seq: u64,
    /// When the collector received it, Unix ms.
    pub received_ms: i64,
    /// The agent's clock, fixed at accept.
    pub clock: ClockReading,
    /// The plain body: length-prefixed groups.
    pub groups: &'a [u8],
}

/// A run that can no longer grow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closed {
    /// Whose.
    pub check: CheckId,
    /// The run.
    pub run: Run,
}

/// What `step` remembers of a stream between batches: the dictionary and the open runs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StreamState {
    _placeholder: BTreeMap<u32, Run>,
}

/// Folds one batch into the stream's state; closed runs are appended in a fixed order.
pub fn step(state: &mut StreamState, batch: &Accepted<'_>, closed: &mut Vec<Closed>) {
    let _ = (state, batch, closed);
}

/// All runs, by check and by the agent that measured.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunIndex {
    /// The vantages of each check.
    pub checks: BTreeMap<CheckId, Vec<Vantage>>,
}

/// One agent's runs of one check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vantage {
    /// Who measured.
    pub agent: AgentId,
    /// In the order of their opening; each speaks until the next opens.
    pub streams: Vec<StreamRuns>,
}

/// One stream's runs of one check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamRuns {
    /// Which stream.
    pub stream: StreamId,
    /// When the stream opened, Unix ms.
    pub opened_ms: i64,
    /// Runs that can no longer grow, in order.
    pub closed: Vec<Run>,
    /// The newest run, which may.
    pub open: Option<Run>,
}
