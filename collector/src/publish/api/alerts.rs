//! What the alert engine decided last: `GET /api/v1/alerts`.

use serde::{Deserialize, Serialize};

/// `GET /api/v1/alerts`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alerts {
    /// When it was decided, Unix ms.
    pub at_ms: i64,
    /// The same as ISO 8601 in UTC.
    pub at: String,
    /// Open incidents, by number.
    pub incidents: Vec<OpenIncident>,
    /// The budget of every commitment to a share of time.
    pub budgets: Vec<BudgetAlert>,
    /// Services that nobody has measured for a while.
    pub no_data: Vec<String>,
    /// Does the collector derive nothing, or not everything?
    pub engine: bool,
    /// What a morning mail of this instant would say, in its order; empty when all is quiet.
    pub today: Vec<TodayLine>,
}

/// An incident that is open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenIncident {
    /// Its number: never used again.
    pub number: u64,
    /// `row`, `part`, `line`, `no_data` or `engine`.
    pub kind: String,
    /// The service, the component's dotted name, or the line; empty of the engine.
    pub about: String,
    /// `page`, or `ticket` for what waits until the office works.
    #[serde(default)]
    pub severity: String,
    /// The services that it is about.
    pub services: Vec<String>,
    /// From the first failing sample, Unix ms.
    pub opened_ms: i64,
    /// Is it down now? Otherwise it was until a moment ago, or nobody can say.
    pub down: bool,
    /// How many stops it had.
    pub stops: u64,
    /// How long it was down in all, ms.
    pub down_ms: u64,
    /// The typed reason of its last fail; null when there is none to tell.
    pub reason: Option<String>,
    /// Was some of it planned work?
    pub planned: bool,
    /// When it became worth telling somebody at once, Unix ms; null while it is not.
    pub due_ms: Option<i64>,
    /// Has somebody taken charge of it? Then it is not told again until it is over.
    #[serde(default)]
    pub acked: bool,
    /// What it explains, by name.
    pub explains: Vec<String>,
}

/// How the budget of a commitment stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BudgetAlert {
    /// Whose.
    pub service: String,
    /// The calendar, if it is about its hours alone.
    pub hours: Option<String>,
    /// `burning`, `below`, `forecast` or `irrecoverable`: the worst of the last seven days; null when all is calm.
    pub level: Option<String>,
}

/// A line of the morning.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TodayLine {
    /// `open`, `ended`, `budget`, `planned`, or what kind of notice: `certificate`, `agent`, `clock`, …
    pub kind: String,
    /// In Italian.
    pub it: String,
    /// In English.
    pub en: String,
}
