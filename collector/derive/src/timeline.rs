//! Stretches of time without gap or overlap.
//!
//! Inside the crate a timeline is a list of changes, each in force until the next one: no end is written,
//! so no two can disagree. It tells degraded from up, and why. [`Span`]s, which people read and figures
//! add up, know four states.

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
    /// Planned work, where the rules leave it out (D12).
    Maintenance,
}

/// What holds at an instant: what a sample can say, and what nobody measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Condition {
    /// Measured and up.
    Up,
    /// Measured and up, but not all of it, or slow.
    Degraded,
    /// Measured and down, confirmed.
    Down,
    /// Nobody can say.
    Unknown,
    /// Planned work, where the rules leave it out (D12).
    Maintenance,
}

impl Condition {
    /// Every condition, in the order of their codes.
    pub const ALL: [Self; 5] = [Self::Up, Self::Degraded, Self::Down, Self::Unknown, Self::Maintenance];

    /// The word in logs, JSON and metric labels.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Degraded => "degraded",
            Self::Down => "down",
            Self::Unknown => "unknown",
            Self::Maintenance => "maintenance",
        }
    }

    /// Up or degraded?
    pub const fn is_up(self) -> bool {
        matches!(self, Self::Up | Self::Degraded)
    }
}

impl From<Verdict> for Condition {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Up => Self::Up,
            Verdict::Degraded => Self::Degraded,
            Verdict::Down => Self::Down,
            Verdict::Unknown => Self::Unknown,
        }
    }
}

impl From<Condition> for State {
    fn from(condition: Condition) -> Self {
        match condition {
            Condition::Up | Condition::Degraded => Self::Up,
            Condition::Down => Self::Down,
            Condition::Unknown => Self::Unknown,
            Condition::Maintenance => Self::Maintenance,
        }
    }
}

impl From<Verdict> for State {
    fn from(verdict: Verdict) -> Self {
        Condition::from(verdict).into()
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
    pub verdict: Condition,
    /// Why, where one vantage says it.
    pub reason: Reason,
}

impl Change {
    /// From `at_ms` on nobody can say.
    pub(crate) fn to_unknown(at_ms: i64) -> Self {
        Self { at_ms, verdict: Condition::Unknown, reason: Reason::None }
    }
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

impl Timeline {
    /// Nobody can say anything about `[from_ms, to_ms)`.
    pub(crate) fn unknown(from_ms: i64, to_ms: i64) -> Self {
        let mut timeline = Self { changes: Vec::new(), end_ms: to_ms };
        if from_ms < to_ms {
            timeline.push(Change::to_unknown(from_ms));
        }
        timeline
    }

    /// The next change, not before the last one. At the same instant it takes its place.
    #[inline]
    pub(crate) fn push(&mut self, change: Change) {
        debug_assert!(self.changes.last().is_none_or(|last| last.at_ms <= change.at_ms));
        if self.changes.last().is_some_and(|last| last.at_ms == change.at_ms) {
            self.changes.pop();
        }
        let same = |last: &Change| (last.verdict, last.reason) == (change.verdict, change.reason);
        if !self.changes.last().is_some_and(same) {
            self.changes.push(change);
        }
    }

    /// What follows without a gap.
    pub(crate) fn append(&mut self, next: &Self) {
        debug_assert!(next.changes.first().is_none_or(|first| first.at_ms == self.end_ms));
        for change in &next.changes {
            self.push(*change);
        }
        self.end_ms = next.end_ms;
    }

    /// As [`Timeline::stretches`], for those who take all of them: without a look for each one's end.
    pub(crate) fn each_stretch(&self, mut take: impl FnMut(i64, i64, &Change)) {
        for pair in self.changes.windows(2) {
            if let [change, next] = pair {
                take(change.at_ms, next.at_ms, change);
            }
        }
        if let Some(last) = self.changes.last() {
            take(last.at_ms, self.end_ms, last);
        }
    }

    /// What holds at its end, and since when; `None` if it is empty.
    pub(crate) fn last(&self) -> Option<(Condition, i64)> {
        let verdict = self.changes.last()?.verdict;
        let alike = self.changes.iter().rev().take_while(|change| change.verdict == verdict);
        alike.last().map(|first| (verdict, first.at_ms))
    }

    /// Its states from `from_ms` on.
    pub fn spans_from(&self, from_ms: i64) -> Vec<Span> {
        let mut spans: Vec<Span> = Vec::with_capacity(self.changes.len());
        self.each_stretch(|start_ms, end_ms, change| {
            let (start_ms, state) = (start_ms.max(from_ms), State::from(change.verdict));
            match spans.last_mut() {
                _ if start_ms >= end_ms => {}
                Some(last) if last.state == state => last.end_ms = end_ms,
                _ => spans.push(Span { start_ms, end_ms, state }),
            }
        });
        spans
    }
}
