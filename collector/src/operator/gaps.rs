//! What was not observed, and why: `GET /acts/gaps`.

use serde::{Deserialize, Serialize};

use super::Said;
use crate::publish::api::Why;

/// `GET /acts/gaps?from_ms=…&to_ms=…`, with `&as_of_ms=…` of the past.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct GapsQuestion {
    /// First instant, Unix ms.
    pub from_ms: i64,
    /// First instant after it, Unix ms.
    pub to_ms: i64,
    /// As it was known at this instant, Unix ms; as it is known now when absent.
    pub as_of_ms: Option<i64>,
}

/// Every stretch in which a service was not observed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GapsAnswer {
    /// Up to when data counts, Unix ms.
    pub as_of_ms: i64,
    /// Every service of the stretch, and whether some of its time is in scope: without, nothing was to be observed.
    pub services: Vec<(String, bool)>,
    /// By service in the charter's order, then by time.
    pub gaps: Vec<Gap>,
    /// For how many of the agents' silences the records around them were not looked up: there are too many.
    pub unread: u64,
}

/// A stretch in which nobody can say whether a service was up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// The service.
    pub service: String,
    /// First instant, Unix ms.
    pub from_ms: i64,
    /// First instant after it, Unix ms.
    pub to_ms: i64,
    /// Does it last at `as_of_ms`?
    pub ongoing: bool,
    /// What to name in a correction, so that nothing is corrected that was observed.
    pub scope: Vec<String>,
    /// Why, the longest first.
    pub causes: Vec<GapCause>,
    /// A `force up` of some of it that waits for approval.
    pub proposed: Option<u64>,
}

/// What one agent could not see in a gap, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GapCause {
    /// Why.
    pub why: Why,
    /// The agent; `None` of what is annulled.
    pub agent: Option<String>,
    /// Its site.
    pub site: Option<String>,
    /// Which checks.
    pub checks: Vec<String>,
    /// How much of the gap, ms: of the check of which it was most.
    pub ms: u64,
    /// The evidence, in a sentence.
    pub evidence: Option<Said>,
    /// The entry that annuls it.
    pub entry: Option<u64>,
}
