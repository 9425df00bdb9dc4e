//! What is said beside what is measured: whose, by which act, people, days, places, recipients.
//!
//! What may be left out has a default that says nothing, and a revision of the journal carries only what was
//! said: a revision of an older version is read as not saying it.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::Webhook;
use crate::{CheckId, ComponentId, Id, Severity, Vote, Week};

/// Whose charter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Organisation {
    /// Such as `Comune di Esempio`.
    pub name: String,
    /// The office that answers for it.
    pub unit: Option<String>,
    /// Its code in the register of public bodies (IPA).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ipa_code: Option<String>,
    /// How citizens reach that office.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<String>,
}

/// Which act, and since when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CharterAct {
    /// Number and date of the approving act.
    pub act: Option<String>,
    /// The promise holds from this civil day.
    pub in_force_from: Option<Date>,
    /// Measuring counts from this civil day: the year it falls in is partial.
    pub measured_from: Option<Date>,
}

/// What else is said of a site.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SiteFacts {
    /// Its title for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Names the power supply its agents hang on: sites of one name fail together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub power: Option<String>,
    /// Names the line it is connected by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<String>,
    /// How its agents vote, where it is not as the charter's rules say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vantages: Option<Vote>,
    /// For whoever reads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// What people need to know of a service or component.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct About {
    /// Who answers for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Whom to call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact: Option<String>,
    /// What to do when it is down: a text or an address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub runbook: Option<String>,
    /// For whoever reads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Who is told, by their names under `alerting`; everybody there when empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub alert: Vec<Id>,
    /// How urgent it is that it is down, `Page` or `Ticket`; that of what it is part of where nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    /// Down for less than this in all, somebody is told the next morning only, ms; that of what it is part of
    /// where nothing is said, and [`ALERT_AFTER_MS`] where nobody says anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alert_after_ms: Option<u64>,
    /// By which act the list of targets was approved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub list_approved: Option<Approved>,
}

/// An act and its day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approved {
    /// Its number.
    pub act: String,
    /// Its day.
    pub on: Date,
}

/// When a component is part of its service, and what it was called before.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Life {
    /// From this civil day on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Date>,
    /// Until the end of this civil day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Date>,
    /// Measuring it counts from this civil day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub measured_from: Option<Date>,
    /// Its name before this one, within the same parent: its history goes on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub was: Option<ComponentId>,
}

/// What else is said of a target.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TargetFacts {
    /// Where it is, for grouping.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub area: Option<String>,
    /// The target it hangs on, such as the switch of an access point.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub behind: Option<String>,
    /// Its weight in a mean; 1 unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight: Option<u32>,
    /// From this civil day on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Date>,
    /// Until the end of this civil day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Date>,
    /// The check's id before this one, whichever of its names was another: its history goes on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub was: Option<CheckId>,
    /// For whoever reads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// Who is told of alarms.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recipient {
    /// Its name, which `alert:` refers to.
    pub id: Id,
    /// Mail addresses; with a webhook perhaps none.
    pub to: Vec<String>,
    /// A URL that is told, too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook: Option<Webhook>,
    /// When.
    pub when: When,
    /// Of what, in the file's order.
    #[serde(default = "Concern::usual", skip_serializing_if = "Concern::are_usual")]
    pub told_of: Vec<Concern>,
    /// Only of an incident that nobody has taken charge of for this long after the first were told, ms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub escalate_after_ms: Option<u64>,
}

/// What a recipient is told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Concern {
    /// What cannot wait.
    Page,
    /// What can wait for a working hour.
    Ticket,
    /// What a working day begins with.
    Morning,
    /// What a month was.
    Digest,
}

/// Down for less than this in all, an incident is told the next morning only, unless the file says otherwise, ms
/// (A1 of the charter's alarms).
pub const ALERT_AFTER_MS: u64 = 5 * 60_000;

impl Concern {
    /// As it is written.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Page => "page",
            Self::Ticket => "ticket",
            Self::Morning => "morning",
            Self::Digest => "digest",
        }
    }

    /// Of a recipient that says nothing: all but the month.
    pub fn usual() -> Vec<Self> {
        vec![Self::Page, Self::Ticket, Self::Morning]
    }

    fn are_usual(told_of: &[Self]) -> bool {
        told_of == Self::usual()
    }
}

impl std::fmt::Display for Concern {
    /// As it is written.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl When {
    /// Of a recipient that says nothing: nobody is woken unless the file asks for it.
    pub fn usual() -> Self {
        Week::parse("mon-sat 07:30-20:00").map_or(Self::Always, Self::Week)
    }
}

/// Hours: around the clock, a calendar's, or a week's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// `24x7`.
    Always,
    /// The hours of a calendar.
    Calendar(Id),
    /// Written out.
    Week(Week),
}

impl std::fmt::Display for When {
    /// As it is written.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Always => f.write_str("24x7"),
            Self::Calendar(id) => id.fmt(f),
            Self::Week(week) => week.fmt(f),
        }
    }
}
