//! A run: consecutive samples of one check in one stream with one outcome.
//!
//! Runs are what the store keeps of samples. They say when the first and the last sample were and how
//! many there were, not when each one in between was: that is their price, paid only where a cut
//! falls inside a run ([`Run::count_by`]).

use std::collections::BTreeMap;

use collector_api::{Reason, StreamId, Verdict};
use config::{AgentId, CheckId};

/// Consecutive samples of one check in one stream with one outcome and reason.
///
/// No two samples of a run are further apart than the check's hold, so that a run speaks for all of
/// `[first_ms, until_ms)`, or until the next run begins.
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

impl Run {
    /// How many of its samples were at or before `ms`, as if they were evenly spread.
    ///
    /// Exact before the first and from the last sample on. In between it decides one thing only:
    /// whether a streak that an as-of, a new stream or a new rule cuts was already confirmed.
    pub fn count_by(&self, ms: i64) -> u64 {
        if ms < self.first_ms {
            return 0;
        }
        if ms >= self.last_ms {
            return self.count;
        }
        let share = i128::from(ms) - i128::from(self.first_ms);
        let whole = i128::from(self.last_ms) - i128::from(self.first_ms);
        let further = i128::from(self.count.saturating_sub(1)) * share / whole;
        1 + u64::try_from(further).unwrap_or(0)
    }
}

/// All runs, by check and by the agent that measured.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunIndex {
    /// The vantages of each check.
    pub checks: BTreeMap<CheckId, Vec<Vantage>>,
}

impl RunIndex {
    /// What `agent` measured of `check`; empty if it never did.
    pub fn streams(&self, check: &CheckId, agent: &AgentId) -> &[StreamRuns] {
        let vantages = self.checks.get(check).map_or(&[][..], Vec::as_slice);
        vantages.iter().find(|vantage| vantage.agent == *agent).map_or(&[], |vantage| &vantage.streams)
    }
}

/// One agent's runs of one check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vantage {
    /// Who measured.
    pub agent: AgentId,
    /// In the order of their opening; each speaks from its opening until the next one opens.
    pub streams: Vec<StreamRuns>,
}

/// One stream's runs of one check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamRuns {
    /// Which stream.
    pub stream: StreamId,
    /// When the stream opened, Unix ms: later than all the agent had said in others before, so that
    /// the newest is the last.
    pub opened_ms: i64,
    /// Runs that can no longer grow, in order.
    pub closed: Vec<Run>,
    /// The newest run, which may.
    pub open: Option<Run>,
}

impl StreamRuns {
    /// Every run, in order.
    pub fn runs(&self) -> impl DoubleEndedIterator<Item = &Run> {
        self.closed.iter().chain(&self.open)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_inside_a_run_counts_what_must_have_been() {
        let run = Run {
            verdict: Verdict::Down,
            reason: Reason::None,
            first_seq: 1,
            last_seq: 11,
            first_ms: 1_000,
            last_ms: 11_000,
            count: 11,
            until_ms: 13_000,
        };
        for (ms, count) in [(999, 0), (1_000, 1), (5_999, 5), (10_999, 10), (11_000, 11), (i64::MAX, 11)] {
            assert_eq!(run.count_by(ms), count, "at {ms}");
        }
        assert_eq!(Run { count: 1, last_ms: 1_000, ..run }.count_by(1_000), 1);
    }
}
