//! Decisions, as they are stored and told. Words are the outlets'.

use config::Id;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{CommitmentFacts, CommitmentKey, Incident, Level, Notice, Work};

/// Something happened that is recorded, and somebody may be told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// When it was decided, Unix ms.
    pub at_ms: i64,
    /// What happened.
    pub what: What,
    /// Who is told now, by name; nobody where it is only recorded, or everybody is off duty.
    pub to: Vec<Id>,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// An incident is open.
    Opened(Story),
    /// It still is: after one hour (1) and after four (2).
    Again(Story, u8),
    /// It is over.
    Closed(Story),
    /// A budget's level rose.
    Budget(Rise),
    /// The morning mail.
    Morning(Morning),
    /// The month's.
    Digest(Digest),
}

/// An incident as it was at one instant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Story {
    /// All that is known of it.
    pub incident: Incident,
    /// How long it was down in all, ms.
    pub down_ms: u64,
}

/// A level that rose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rise {
    /// Of which commitment.
    pub key: CommitmentKey,
    /// Of which year.
    pub year: i16,
    /// To where.
    pub level: Level,
    /// The how-manieth of the year, from 1.
    pub rise: u32,
    /// Up and known time, ms.
    pub up_of_known: (u64, u64),
    /// How much down time the year allows, ms.
    pub budget_ms: u64,
    /// What is left of it, ms.
    pub remaining_ms: i64,
}

/// What a working day begins with; never empty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Morning {
    /// Which day.
    pub day: Date,
    /// In the order in which they are told.
    pub lines: Vec<Line>,
}

/// One matter of a morning.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Line {
    /// An incident that is open.
    Open(Story),
    /// One that ended since the last morning, with when, Unix ms.
    Ended(Story, i64),
    /// A budget whose level rose since.
    Budget {
        /// Of which commitment.
        key: CommitmentKey,
        /// Of which year.
        year: i16,
        /// To where.
        level: Level,
    },
    /// Something that needs no hurry: it holds, or held since.
    Notice {
        /// What.
        notice: Notice,
        /// How often it began.
        times: u32,
        /// When it was over, Unix ms; `None` while it holds.
        over_ms: Option<i64>,
    },
    /// Work that is planned for today.
    Planned(Work),
}

/// What a month was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Digest {
    /// The first day of the month that is over; of a year, if it is December.
    pub month: Date,
    /// How many incidents ended in it.
    pub incidents: u32,
    /// Commitments that are met whatever comes, with their years.
    pub secured: Vec<(CommitmentKey, i16)>,
    /// The level of each budget.
    pub levels: Vec<(CommitmentKey, Level)>,
}

impl Decision {
    /// Names what happened: the same for every recipient, and with a recipient never twice.
    pub fn key(&self) -> String {
        match &self.what {
            What::Opened(story) => format!("incident-{}.opened", story.incident.number),
            What::Again(story, repeat) => format!("incident-{}.again-{repeat}", story.incident.number),
            What::Closed(story) => format!("incident-{}.closed", story.incident.number),
            What::Budget(Rise { key, year, level, rise, .. }) => {
                let hours = key.hours.as_ref().map_or_else(String::new, |hours| format!(".{hours}"));
                format!("budget-{}{hours}.{year}-{rise}.{}", key.service, level.name())
            }
            What::Morning(morning) => format!("morning-{}", morning.day),
            What::Digest(digest) => format!("digest-{}", digest.month.strftime("%Y-%m")),
        }
    }
}

impl Story {
    pub(super) fn of(incident: &Incident, now_ms: i64) -> Self {
        Self { down_ms: incident.down_ms(now_ms), incident: incident.clone() }
    }
}

impl Rise {
    pub(super) fn of(facts: &CommitmentFacts, level: Level, rise: u32) -> Self {
        Self {
            key: facts.key.clone(),
            year: facts.year,
            level,
            rise,
            up_of_known: facts.up_of_known,
            budget_ms: facts.budget_ms,
            remaining_ms: facts.remaining_ms,
        }
    }
}
