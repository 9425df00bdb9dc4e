//! The present, with the year so far: `GET /api/v1/now`.

use serde::{Deserialize, Serialize};

use super::{Certificate, Commitment, Figure, Group, Registration, Share, Unmeasured, Within, promise};

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
    /// Planned work that the charter's rule leaves out.
    Maintenance,
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
    /// Planned work that goes on now or begins within seven days, the nearest first. It is told whatever the
    /// charter's rule makes of stops meanwhile.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub maintenance: Vec<Work>,
    /// In the charter's order.
    pub services: Vec<ServiceNow>,
    /// In the charter's order, then those it no longer names.
    pub agents: Vec<Agent>,
    /// Certificates that want attention, the soonest end first; all of them: `GET /api/v1/certificates`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub certificates: Vec<Certificate>,
    /// Domains whose registration wants attention.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub registrations: Vec<Registration>,
    /// Streams whose derivation failed, so that what is shown of them is old.
    pub stale_streams: Vec<StaleStream>,
    /// Where the journal stands.
    pub journal: Journal,
}

/// A window of planned work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Work {
    /// The journal's entry that announced it.
    pub entry: u64,
    /// Does it go on now?
    pub running: bool,
    /// First instant, Unix ms.
    pub from_ms: i64,
    /// First instant after it, Unix ms.
    pub to_ms: i64,
    /// What it stops, as it was declared.
    pub scope: Vec<String>,
    /// The services of which it stops something.
    pub services: Vec<String>,
    /// What is done.
    pub note: String,
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
    /// The same as if planned work counted, where the charter's rule reads it otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gross: Option<Figure>,
    /// The same without planned stops, where there were any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub net: Option<Figure>,
    /// Of a mean: what it is the mean of, now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mean: Option<MeanNow>,
    /// Its longest stop of the year, ms; 0 when there was none.
    #[serde(default)]
    pub longest_outage_ms: u64,
    /// Down time of the last day, week and month.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rolling: Vec<Rolling>,
    /// Its promises: around the clock, then those about the hours of a calendar.
    pub commitments: Vec<Commitment>,
    /// Its promises about the hours of a calendar.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub within: Vec<Within>,
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

impl ServiceNow {
    /// The promise that stands for the row, and its figure: around the clock, or else of a calendar's hours.
    pub fn promised(&self) -> (Option<&Commitment>, &Figure) {
        promise::standing_for(&self.commitments, &self.within, &self.figure)
    }

    /// The figures that stand beside that one, of the same hours: with planned stops, without them.
    pub fn beside(&self) -> (Option<&Figure>, Option<&Figure>) {
        let around = (self.gross.as_ref(), self.net.as_ref());
        promise::beside(self.promised().0, &self.within, around)
    }

    /// Is there anything to see? A row that promises only about requests has nothing to probe, and that is no
    /// blind spot.
    pub fn is_probed(&self) -> bool {
        !self.components.is_empty() || self.unmeasured.is_empty()
    }
}

/// What a mean is of, now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MeanNow {
    /// The component whose targets are its members, such as `ap`.
    pub component: String,
    /// How many members.
    pub members: u64,
    /// How much of their weight is up; null while nobody can say.
    pub up: Option<Share>,
    /// The group with the worst figure of the year so far.
    pub worst: Option<Group>,
}

/// What a window that ends now saw.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rolling {
    /// How long it is, ms.
    pub window_ms: u64,
    /// How long of it the service was down, ms.
    pub down_ms: u64,
    /// How long of it somebody can say, ms.
    pub known_ms: u64,
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
    /// The newest entry of the journal that it has seen; null before its first batch, and in the past.
    #[serde(default)]
    pub journal_seq: Option<u64>,
    /// An entry that it has seen and the journal does not have; null when all is well.
    #[serde(default)]
    pub journal_missed: Option<u64>,
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
