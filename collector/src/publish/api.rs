//! The read API's answers, field by field: the reference form of every figure.
//!
//! `GET /api/v1/years/YYYY` answers [`Year`] (`?outages=none` leaves the list of stops out, which can be
//! most of the answer), `GET /api/v1/now` answers [`Now`], `GET /readyz` answers
//! [`Ready`]. Page, metrics and commands show these values and no others, so that they cannot
//! disagree. The types stand apart from derive's: a change of the derivation is not a change of the
//! API. Instants and durations are integers in milliseconds, shares exact fractions; `percent` texts
//! are for eyes, truncated, with a decimal point. Fields are only ever added.

use serde::{Deserialize, Serialize};

/// What a thing is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Measured, and as it should be.
    Up,
    /// Up, but partly failing or slow. Counts as up.
    Degraded,
    /// Measured, confirmed, not working.
    Down,
    /// Nobody can say.
    Unknown,
}

/// How a commitment stands to date (D21).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Even if all unobserved time was down.
    Met,
    /// Even if all unobserved time was up.
    Breached,
    /// The unobserved time decides.
    Indeterminate,
    /// Nothing was measured.
    NoData,
}

/// How the year can still end (D23).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outlook {
    /// Met whatever comes.
    Secured,
    /// Either way.
    Open,
    /// Missed whatever comes.
    Irrecoverable,
}

/// An exact share.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    /// Numerator.
    pub p: u64,
    /// Denominator, above 0.
    pub q: u64,
    /// The same as a percentage with four decimals, truncated: `99.0912`.
    pub percent: String,
}

/// The integers of one period (D19) and the shares that follow from them (D20).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figure {
    /// Time measured up, ms; degraded included.
    pub up_ms: u64,
    /// Time measured down, ms.
    pub down_ms: u64,
    /// Time nobody can say, ms.
    pub unknown_ms: u64,
    /// Time of the year before measuring began, ms: neither up, down nor unknown.
    pub out_of_scope_ms: u64,
    /// Time of the year after `as_of_ms`, ms.
    pub future_ms: u64,
    /// up / (up + down); null when nothing was measured.
    pub availability: Option<Share>,
    /// up / (up + down + unknown): if all unobserved time was down.
    pub lower_bound: Option<Share>,
    /// (up + unknown) / (up + down + unknown): if all unobserved time was up.
    pub upper_bound: Option<Share>,
    /// (up + down) / (up + down + unknown).
    pub coverage: Option<Share>,
    /// Is coverage below the charter's threshold, so that the headline is the range of the bounds?
    pub range: bool,
    /// In a partial year only: the lower bound over the whole year, time out of scope and to come
    /// included (D18).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub whole_year_lower_bound: Option<Share>,
    /// In a partial year only: the upper bound over the whole year.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub whole_year_upper_bound: Option<Share>,
}

/// A promise of a service, and how it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commitment {
    /// `availability`.
    pub kind: String,
    /// The share promised.
    pub target: Share,
    /// Must the share be above the target (true), or is the target itself enough (false)?
    pub strict: bool,
    /// To date.
    pub standing: Standing,
    /// By the year's end.
    pub outlook: Outlook,
    /// The down time that the promise allows in the whole year, ms.
    pub budget_ms: u64,
    /// The most down time that still keeps the promise, ms: one less than the budget where a strict
    /// promise makes it so.
    pub down_max_ms: i64,
    /// What is left of that, ms; negative when overrun.
    pub budget_remaining_ms: i64,
    /// The share of the time still to come that must be up if all unobserved time was down; above 1
    /// when it cannot be; null when no time is left.
    pub required: Option<Share>,
}

/// A promise that no figure is compared with yet: about requests, or about certain hours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unmeasured {
    /// `availability`, `taken_in_charge`, `answered` or `on_request`.
    pub kind: String,
    /// How soon, as the charter writes it: `3 days`, `8 working hours`.
    pub within: Option<String>,
    /// The share promised.
    pub share: Option<Share>,
    /// Must the share be above that (true), or is it enough (false)?
    pub strict: bool,
    /// The calendar whose hours count.
    pub hours: Option<String>,
}

/// What a service, component or check is at `as_of_ms`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Condition {
    /// Its state.
    pub state: State,
    /// Since when, Unix ms; null when nothing was ever measured.
    pub since_ms: Option<i64>,
    /// The typed reason, such as `connect.refused`; null when there is none to tell.
    pub reason: Option<String>,
    /// Vantages that see a failure now.
    pub failing: u32,
    /// Vantages that know something now.
    pub known: u32,
    /// Vantages that are asked.
    pub vantages: u32,
    /// When the newest sample was taken, Unix ms; null when there is none.
    pub last_sample_ms: Option<i64>,
}

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

/// `GET /api/v1/years/YYYY`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Year {
    /// The year.
    pub year: i16,
    /// Whose civil calendar.
    pub zone: String,
    /// The year's first instant, Unix ms.
    pub start_ms: i64,
    /// The next year's first instant, Unix ms.
    pub end_ms: i64,
    /// Up to when data counts, Unix ms.
    pub as_of_ms: i64,
    /// The same as ISO 8601 in UTC.
    pub as_of: String,
    /// True until the year is sealed.
    pub provisional: bool,
    /// Whose charter.
    pub organisation: String,
    /// The office that answers for it.
    pub unit: Option<String>,
    /// The act that approved the charter.
    pub act: Option<String>,
    /// From when on measuring counts, Unix ms; after `start_ms` the year is partial (D18).
    pub measured_from_ms: i64,
    /// In the charter's order.
    pub services: Vec<ServiceYear>,
}

/// One service's year.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceYear {
    /// Its name in commands and metrics.
    pub id: String,
    /// Its row in the charter's table.
    pub row: Option<u32>,
    /// Its title.
    pub name: String,
    /// For whom.
    pub users: Vec<String>,
    /// Its promises; none, and none without a measure either, means that it is observed without one.
    pub commitments: Vec<Commitment>,
    /// Its promises that no figure is compared with yet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unmeasured: Vec<Unmeasured>,
    /// Its integers.
    pub figure: Figure,
    /// As each site alone sees it.
    pub sites: Vec<SiteYear>,
    /// Its components and their parts, each before its own parts.
    pub components: Vec<ComponentYear>,
    /// How many stops it had.
    pub outage_count: u64,
    /// The longest of them, ms; 0 when there was none (D28).
    pub longest_outage_ms: u64,
    /// All of them, oldest first; empty with `?outages=none`.
    pub outages: Vec<Outage>,
}

/// One component's year.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComponentYear {
    /// `component`, or `component.part`.
    pub path: String,
    /// Its title.
    pub name: String,
    /// May it be shown to the public?
    pub publish: bool,
    /// How many of its targets must be up, such as `any` or `all but 1`; null when it has parts.
    pub up_if: Option<String>,
    /// Its integers.
    pub figure: Figure,
    /// Its own checks, not those of its parts.
    pub checks: Vec<CheckYear>,
}

/// One service's year as one site alone sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SiteYear {
    /// The site.
    pub site: String,
    /// Its integers.
    pub figure: Figure,
}

/// One check's year.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckYear {
    /// `service.component[.part].target`.
    pub id: String,
    /// What kind of probe.
    pub kind: String,
    /// What is asked.
    pub target: String,
    /// From where.
    pub from: Vec<String>,
    /// Its integers.
    pub figure: Figure,
}

/// `GET /api/v1/now`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Now {
    /// When this was computed, Unix ms.
    pub now_ms: i64,
    /// The same as ISO 8601 in UTC.
    pub now: String,
    /// The collector's version.
    pub version: String,
    /// The civil year of the figures.
    pub year: i16,
    /// True until the year is sealed.
    pub provisional: bool,
    /// Whose charter.
    pub organisation: String,
    /// The newest sample of all, Unix ms.
    pub last_sample_ms: Option<i64>,
    /// In the charter's order.
    pub services: Vec<ServiceNow>,
    /// In the charter's order, then those it no longer names.
    pub agents: Vec<Agent>,
    /// Streams whose derivation failed, so that what is shown of them is old.
    pub stale_streams: Vec<StaleStream>,
    /// Where the journal stands.
    pub journal: Journal,
}

/// One service now, and its year so far.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceNow {
    /// Its name in commands and metrics.
    pub id: String,
    /// Its row in the charter's table.
    pub row: Option<u32>,
    /// Its title.
    pub name: String,
    /// For whom.
    pub users: Vec<String>,
    /// Its state.
    pub now: Condition,
    /// The year's integers so far.
    pub figure: Figure,
    /// Its promises.
    pub commitments: Vec<Commitment>,
    /// Its promises that no figure is compared with yet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unmeasured: Vec<Unmeasured>,
    /// Stops in this year so far.
    pub outages: u64,
    /// The first failing sample of the stop that lasts, Unix ms.
    pub outage_since_ms: Option<i64>,
    /// Its components and their parts, each before its own parts.
    pub components: Vec<ComponentNow>,
}

/// One component now, and its year so far.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComponentNow {
    /// `component`, or `component.part`.
    pub path: String,
    /// Its title.
    pub name: String,
    /// May it be shown to the public?
    pub publish: bool,
    /// Its state.
    pub now: Condition,
    /// The year's integers so far.
    pub figure: Figure,
    /// Its own checks, one entry per vantage.
    pub checks: Vec<VantageNow>,
}

/// What one agent last saw of one check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VantageNow {
    /// The check.
    pub check: String,
    /// The agent.
    pub agent: String,
    /// The last sample's verdict; unknown when there is none or it no longer speaks.
    pub state: State,
    /// Its typed reason.
    pub reason: Option<String>,
    /// When it was taken, Unix ms.
    pub last_sample_ms: Option<i64>,
    /// How long the last sample took, µs.
    pub duration_micros: Option<u64>,
    /// End of the served certificate's validity, Unix ms, when the evidence tells.
    pub certificate_not_after_ms: Option<i64>,
}

/// One agent as the collector sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agent {
    /// Its name in the charter.
    pub id: String,
    /// The sites it stands for.
    pub sites: Vec<String>,
    /// Is it enrolled?
    pub enrolled: bool,
    /// Its version; null before its first hello.
    pub version: Option<String>,
    /// Its last accepted batch, Unix ms.
    pub last_push_ms: Option<i64>,
    /// Has it pushed nothing for more than five minutes?
    pub silent: bool,
    /// The collector's clock less the agent's at its last batch, ms; null before an exchange.
    pub clock_offset_ms: Option<i64>,
    /// Bytes in its spool at its last hello.
    pub spool_bytes: Option<u64>,
}

/// A stream whose derivation failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StaleStream {
    /// Its number, hexadecimal.
    pub stream: String,
    /// Whose.
    pub agent: String,
    /// Why.
    pub reason: String,
}

/// Where the journal stands.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Journal {
    /// Grows when a journal is restored from a copy.
    pub epoch: u64,
    /// Entries so far.
    pub seq: u64,
    /// SHA-256 of the newest entry, hexadecimal; empty when there is none.
    pub hash: String,
}

/// `GET /readyz`: 200 when ready, 503 when not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ready {
    /// No reason against it.
    pub ready: bool,
    /// Why not, one sentence each.
    pub reasons: Vec<String>,
}

/// The body of every answer that is not 200.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// A sentence that says what to do.
    pub error: String,
}

impl ServiceNow {
    /// Is there anything to see? A row that promises only about requests has nothing to probe, and that is no
    /// blind spot.
    pub fn is_probed(&self) -> bool {
        !self.components.is_empty() || self.unmeasured.is_empty()
    }
}

#[cfg(test)]
mod tests;
