//! What the engine is told at one instant.

use std::collections::BTreeSet;

use collector_api::Reason;
use config::{AgentId, Id, ServiceId, Severity};
use serde::{Deserialize, Serialize};

use super::Policy;
use crate::Condition;

/// Everything that decisions follow from, but for the state and the time.
#[derive(Debug, Clone)]
pub struct Facts {
    /// Who is told, and which days are worked.
    pub policy: Policy,
    /// Rows, parts with an owner and lines, each once; in the charter's order.
    pub subjects: Vec<Subject>,
    /// When each row was last heard of.
    pub silences: Vec<Silence>,
    /// Every commitment to a share of time.
    pub commitments: Vec<CommitmentFacts>,
    /// What holds now and needs no hurry; one of a kind and name.
    pub notices: Vec<Notice>,
    /// Planned work that is not over, in order.
    pub planned: Vec<Work>,
    /// When the figures behind all this were computed, Unix ms.
    pub computed_ms: i64,
    /// Streams whose derivation failed, one sentence each.
    pub stale: Vec<String>,
    /// Incidents, by their numbers, that somebody has taken charge of.
    pub acked: BTreeSet<u64>,
}

/// What an incident is about: the cause, as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Root {
    /// The collector derives nothing, or not everything.
    Engine,
    /// The line of one or more sites, by the name that they give it.
    Line(String),
    /// A row of the charter.
    Row(ServiceId),
    /// A component or part that somebody of its own answers for: `service.component[.part]`.
    Part(String),
    /// A row that nobody has measured for a while.
    NoData(ServiceId),
}

/// How something that can have an incident is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// Which.
    pub root: Root,
    /// How it is; down is confirmed (D6).
    pub state: Condition,
    /// Since when, Unix ms; `None` if for longer than is looked back.
    pub since_ms: Option<i64>,
    /// Why, if it is not up.
    pub reason: Reason,
    /// How many of its agents see a failure.
    pub failing: u32,
    /// How many agents measure it.
    pub vantages: u32,
    /// What explains that it is down now, each down itself: its incident is theirs. Never in a circle.
    pub held_by: Vec<Root>,
    /// Is it down for planned work alone?
    pub planned: bool,
    /// Who is told.
    pub telling: Telling,
}

/// Who is told of an incident, and how soon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Telling {
    /// Recipients by name; everybody when empty.
    pub alert: Vec<Id>,
    /// How urgent.
    pub severity: Severity,
    /// Down for less than this in all, only the morning mail tells of it, ms.
    pub after_ms: u64,
}

/// When a row was last heard of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Silence {
    /// Which row.
    pub service: ServiceId,
    /// Who measures it.
    pub agents: BTreeSet<AgentId>,
    /// The newest sample of anybody, Unix ms; `None` before the first: then nothing fell silent.
    pub newest_ms: Option<i64>,
    /// As of [`Subject::held_by`].
    pub held_by: Vec<Root>,
    /// As of [`Subject::planned`].
    pub planned: bool,
    /// Who is told.
    pub telling: Telling,
}

/// A promise of a share of time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CommitmentKey {
    /// Whose.
    pub service: ServiceId,
    /// The calendar, if it is about its hours alone.
    pub hours: Option<Id>,
}

/// How a commitment stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitmentFacts {
    /// Which.
    pub key: CommitmentKey,
    /// Of which year.
    pub year: i16,
    /// Every level that holds; none when all is calm.
    pub levels: BTreeSet<Level>,
    /// Is it met whatever comes?
    pub secured: bool,
    /// Up and known time, ms: the share so far.
    pub up_of_known: (u64, u64),
    /// How much down time the year allows, ms.
    pub budget_ms: u64,
    /// What is left of it, ms; below 0 when it is overdrawn.
    pub remaining_ms: i64,
    /// Recipients by name; everybody when empty.
    pub alert: Vec<Id>,
}

/// How bad it is about a budget; each is worse than the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// It goes so fast that it cannot wait.
    Burning,
    /// Below the target to date, with a quarter of the budget or of the year gone.
    Below,
    /// Going on like this, the promise will be broken.
    Forecast,
    /// The promise is broken whatever comes.
    Irrecoverable,
}

/// Something that needs no hurry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// What.
    pub kind: NoticeKind,
    /// Of what: a check, an agent, a row. Empty where there is only one.
    pub name: String,
    /// Since when, Unix ms.
    pub since_ms: i64,
    /// What there is to say of it.
    pub detail: Detail,
    /// Roots, each down, that explain it: then it is a line of their incident.
    #[serde(skip)]
    pub held_by: Vec<Root>,
}

/// What a notice is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeKind {
    /// A check is degraded.
    Degraded,
    /// One of several is down, and its part is not: an access point.
    Member,
    /// A certificate ends soon.
    Certificate,
    /// A job has not reported itself.
    Heartbeat,
    /// Too little of a row's last day is known.
    Coverage,
    /// An agent's clock is wrong.
    Clock,
    /// An agent is silent.
    Agent,
    /// The collector's own store has no fresh backup.
    Backup,
    /// A configuration was refused; the one before is in force.
    Configuration,
}

/// What there is to say of a notice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Detail {
    /// Nothing more.
    None,
    /// [`Reason::code`].
    Reason(u32),
    /// When it ends, or was last heard of, Unix ms.
    Instant(i64),
    /// How far off, ms.
    Offset(i64),
    /// A share, as two integers.
    Share(u64, u64),
    /// In somebody's words.
    Text(String),
}

/// A window of planned work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Work {
    /// The journal's entry.
    pub entry: u64,
    /// First instant, Unix ms.
    pub from_ms: i64,
    /// First instant after it.
    pub to_ms: i64,
    /// What it stops, as it was declared; empty is everything.
    pub scope: Vec<String>,
}

impl NoticeKind {
    /// What lasted less in all is not worth a line, ms.
    pub(super) const fn patience_ms(self) -> i64 {
        match self {
            Self::Degraded | Self::Member | Self::Agent => 15 * super::MINUTE_MS,
            Self::Clock => 5 * super::MINUTE_MS,
            Self::Certificate | Self::Heartbeat | Self::Coverage | Self::Backup | Self::Configuration => 0,
        }
    }

    /// The word in JSON and metric labels.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Degraded => "degraded",
            Self::Member => "member",
            Self::Certificate => "certificate",
            Self::Heartbeat => "heartbeat",
            Self::Coverage => "coverage",
            Self::Clock => "clock",
            Self::Agent => "agent",
            Self::Backup => "backup",
            Self::Configuration => "configuration",
        }
    }
}

impl Level {
    /// Every level, the least first.
    pub const ALL: [Self; 4] = [Self::Burning, Self::Below, Self::Forecast, Self::Irrecoverable];

    /// The word in JSON and metric labels.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Burning => "burning",
            Self::Below => "below",
            Self::Forecast => "forecast",
            Self::Irrecoverable => "irrecoverable",
        }
    }
}

impl Root {
    /// Is it (a part of) this service?
    pub fn is_of(&self, service: &ServiceId) -> bool {
        match self {
            Self::Row(row) | Self::NoData(row) => row == service,
            Self::Part(path) => path.split('.').next() == Some(service.as_str()),
            Self::Engine | Self::Line(_) => false,
        }
    }
}

impl std::fmt::Display for Root {
    /// As it is named in ids of decisions.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Engine => f.write_str("engine"),
            Self::Line(line) => write!(f, "line/{line}"),
            Self::Row(service) => service.fmt(f),
            Self::Part(path) => f.write_str(path),
            Self::NoData(service) => write!(f, "{service}/no-data"),
        }
    }
}
