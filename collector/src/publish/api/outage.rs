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
    /// How much of it was in the hours that a promise is about: one for each calendar of which one is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub within: Vec<InHours>,
    /// What was down in it.
    pub causes: Vec<Cause>,
    /// The components and parts that were down in it; only where the account is asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub components: Vec<String>,
    /// Entries of the journal in force about its time and its service.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub corrections: Vec<u64>,
    /// How long it was for certain, and at most (D24).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sampling: Option<Sampling>,
    /// Whose fault people say it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub annotation: Option<Annotation>,
}

/// What of a stop counts for a promise about a calendar's hours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InHours {
    /// The calendar.
    pub hours: String,
    /// How much of the stop was in its hours, ms: 0 outside of them.
    pub ms: u64,
}

/// What the distance between samples leaves open: a change lies between two of them (D24).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sampling {
    /// From the first to the last failing sample, ms: surely down.
    pub sure_ms: u64,
    /// From the good sample before to the good one after, ms: no more than that.
    pub possible_ms: u64,
}

/// What people say an outage came from. It changes no figure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Annotation {
    /// `internal`, `third-party`, `power`, `network`, `planned`, `force-majeure`, `security`, `not-found`.
    pub cause: String,
    /// For people.
    pub note: String,
    /// The journal's entry.
    pub entry: u64,
    /// Who wrote it.
    pub author: String,
    /// When, Unix ms.
    pub at_ms: i64,
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
