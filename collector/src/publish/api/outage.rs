//! Stops of a service, and what was down in them.

use serde::{Deserialize, Serialize};

/// One stop of a service (D15).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outage {
    /// `service-2026-11-23T09:10:00Z`.
    pub id: String,
    /// The first failing sample, Unix ms.
    pub start_ms: i64,
    /// The first good sample after it, Unix ms; `as_of_ms` while it lasts, the year's end beyond it.
    pub end_ms: i64,
    /// end - start, ms.
    pub duration_ms: u64,
    /// Does it last at `as_of_ms`, or beyond the year?
    pub ongoing: bool,
    /// What was down in it.
    pub causes: Vec<Cause>,
}

/// One check that failed during an outage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cause {
    /// The check.
    pub check: String,
    /// Seen from this site.
    pub site: String,
    /// By this agent.
    pub agent: String,
    /// The typed reason.
    pub reason: String,
}
