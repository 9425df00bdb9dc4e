//! Stretches of time without gap or overlap.
//!
//! Inside the crate a timeline is a list of changes, each in force until the next one: no end is written,
//! so no two can disagree. It tells degraded from up, and why. [`Span`]s, which people read and figures
//! add up, know three states.

use collector_api::{Reason, Verdict};

/// A state of a stretch of time. Unknown is never up and never down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// Measured and up (degraded included).
    Up,
    /// Measured and down, confirmed.
    Down,
    /// Nobody can say.
    Unknown,
}

impl From<Verdict> for State {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Up | Verdict::Degraded => Self::Up,
            Verdict::Down => Self::Down,
            Verdict::Unknown => Self::Unknown,
        }
    }
}

/// A stretch of one state: `[start_ms, end_ms)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// First instant.
    pub start_ms: i64,
    /// First instant after it.
    pub end_ms: i64,
    /// The state.
    pub state: State,
}

impl Span {
    /// How long it lasts, ms.
    pub fn length_ms(&self) -> u64 {
        self.end_ms.abs_diff(self.start_ms)
    }
}

/// From `at_ms` on, until the next change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// Since when, Unix ms.
    pub at_ms: i64,
    /// What holds from then on; unknown while nobody can say.
    pub verdict: Verdict,
    /// Why, where one vantage says it.
    pub reason: Reason,
}

/// What holds over `[first change, end_ms)`; empty if that is no time at all.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Timeline {
    /// In order, no two at one instant, no two alike in a row.
    pub changes: Vec<Change>,
    /// First instant after it.
    pub end_ms: i64,
}

impl Timeline {
    /// Each stretch as `(from_ms, to_ms, change)`, without gap or overlap.
    pub fn stretches(&self) -> impl DoubleEndedIterator<Item = (i64, i64, &Change)> {
        let next = |index: usize| self.changes.get(index + 1).map_or(self.end_ms, |change| change.at_ms);
        self.changes.iter().enumerate().map(move |(index, change)| (change.at_ms, next(index), change))
    }
}
