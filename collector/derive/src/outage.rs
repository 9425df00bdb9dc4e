//! Outages: the stretches in which a service was down, each with what was down in it (D15).

use collector_api::Reason;
use config::{AgentId, CheckId, SiteId};

/// A stretch of down on the service's timeline (D15).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outage {
    /// `service-2026-11-23T09:10:00Z`: stays the same while the outage lasts, and in every later report.
    pub id: String,
    /// From the first failing sample.
    pub start_ms: i64,
    /// To the first good one; as-of while it lasts.
    pub end_ms: i64,
    /// Does it last at as-of?
    pub ongoing: bool,
    /// What was down in it: check, site, agent, and each reason that was given.
    pub causes: Vec<(CheckId, SiteId, AgentId, Reason)>,
}
