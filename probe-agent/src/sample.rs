//! What one run of a check saw, on its way from the schedule to the spool.

use collector_api::{Evidence, Reason, Verdict};

/// One sample. Durations are monotonic; instants are the agent's wall clock.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// Index of the check in the assignment in force.
    pub check: u32,
    /// The assignment that index belongs to.
    pub revision: u64,
    /// The instant the schedule wanted, Unix ms.
    pub slot_ms: i64,
    /// How much later the first attempt began, ms.
    pub lag_ms: u32,
    /// What it says.
    pub verdict: Verdict,
    /// Why.
    pub reason: Reason,
    /// First attempt's begin to last attempt's end without the gaps between, µs.
    pub duration_micros: u64,
    /// Present on a change of verdict or reason, on failure, and once an hour.
    pub evidence: Option<Box<Evidence>>,
    /// Did verdict or reason change from this check's previous sample? Then spool and push hurry.
    pub changed: bool,
}

/// What the schedule hands to the spool, in order.
#[derive(Debug, Clone, PartialEq)]
pub enum Entry {
    /// A new assignment is in force; samples after it use its indices.
    Dictionary(Dictionary),
    /// One sample.
    Sample(Sample),
    /// The wall clock stepped against the monotonic clock.
    ClockStep {
        /// Unix ms after the step.
        at_ms: i64,
        /// How far it jumped, ms.
        step_ms: i64,
    },
}

/// The checks of an assignment by index.
#[derive(Debug, Clone, PartialEq)]
pub struct Dictionary {
    /// The assignment's revision.
    pub revision: u64,
    /// In the order of their index.
    pub entries: Vec<collector_api::CheckEntry>,
}
