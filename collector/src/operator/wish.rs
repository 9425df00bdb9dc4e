//! What an operator wishes to declare, and what is answered.
//!
//! A [`Wish`] is the command as typed, with every time an instant already; the [`Declaration`] that follows
//! from it is the journal's and made by the collector alone ([`crate::declare`]), which knows the charter, the
//! journal and the outages.

use collector_derive::{Cause, Declaration, ForcedState, Window};
use serde::{Deserialize, Serialize};

use crate::publish::Lang;

/// A sentence in both languages: the collector says it, the command chooses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// In English.
    pub en: String,
    /// In Italian.
    pub it: String,
}

impl Said {
    /// In one language.
    pub fn get(&self, lang: Lang) -> &str {
        match lang {
            Lang::It => &self.it,
            Lang::En => &self.en,
        }
    }
}

/// In English: what logs show.
impl std::fmt::Display for Said {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.en)
    }
}

/// `POST /acts/declare`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeclareQuestion {
    /// What.
    pub wish: Wish,
    /// Only check it.
    #[serde(default)]
    pub dry_run: bool,
}

/// What an operator wishes to declare. Entries are named by their number in the journal, scopes as
/// [`collector_derive::Scope`] is written; times are Unix ms.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "wish", rename_all = "snake_case")]
pub enum Wish {
    /// Plan work.
    Maintain {
        /// What it stops.
        scope: Vec<String>,
        /// When.
        windows: Vec<Window>,
        /// What is done.
        note: String,
    },
    /// Let a maintenance last longer.
    Extend {
        /// Which.
        entry: u64,
        /// How much.
        until: Until,
        /// Why.
        note: String,
    },
    /// A maintenance is over before its time.
    Close {
        /// Which.
        entry: u64,
        /// When it was over; now when absent.
        at_ms: Option<i64>,
        /// What was done.
        note: String,
    },
    /// Call off what of a maintenance has not begun.
    Cancel {
        /// Which.
        entry: u64,
        /// Why.
        note: String,
    },
    /// What was measured in an outage was wrong.
    AnnulOutage {
        /// Its id.
        outage: String,
        /// Why.
        note: String,
    },
    /// What was measured was wrong.
    Annul {
        /// Whose measurements.
        scope: Vec<String>,
        /// When.
        window: Window,
        /// Why.
        note: String,
    },
    /// What was measured, or was not, is proven to have been otherwise.
    Force {
        /// To what.
        state: ForcedState,
        /// Of what.
        scope: Vec<String>,
        /// When.
        window: Window,
        /// What proves it.
        evidence: String,
        /// Why.
        note: String,
    },
    /// Stand for what another person proposed.
    Approve {
        /// Which.
        entry: u64,
    },
    /// Take an entry back.
    Revoke {
        /// Which.
        entry: u64,
        /// Why.
        note: String,
    },
    /// Say whose fault an outage was.
    Annotate {
        /// Its id.
        outage: String,
        /// Whose fault.
        cause: Cause,
        /// For people.
        note: String,
    },
}

/// How much longer a maintenance lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Until {
    /// By so many milliseconds.
    By(i64),
    /// To this instant.
    To(i64),
}

/// What was declared, or would be.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DeclareAnswer {
    /// Its number in the journal; `None` when nothing was written, as asked.
    pub entry: Option<u64>,
    /// Who declares it.
    pub author: String,
    /// What the journal says.
    pub declaration: Declaration,
    /// The windows of the maintenance it is about, as they are with it.
    pub windows: Vec<Held>,
    /// What a careful reader would ask about.
    pub doubts: Vec<Said>,
    /// What a notice to users is made of; for maintenance that is to come, called off, or over early.
    pub notice: Option<NoticeFacts>,
}

/// A window of maintenance as it is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// First instant.
    pub from_ms: i64,
    /// First instant after it.
    pub to_ms: i64,
    /// Was all of it announced in time by the charter's rule?
    pub in_time: bool,
    /// Was any of it? Time that is added to a window is announced later than the window.
    pub in_part: bool,
}

/// What a notice to users says, in the charter's words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoticeFacts {
    /// Whose charter.
    pub organisation: String,
    /// The office.
    pub unit: Option<String>,
    /// How to reach it.
    pub contact: Option<String>,
    /// Titles of what is concerned: a service, or a service and what of it.
    pub what: Vec<Said>,
    /// What is done.
    pub note: String,
    /// What users are told of it.
    #[serde(default)]
    pub news: News,
}

/// What users are told of a maintenance.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum News {
    /// It is to come.
    #[default]
    Planned,
    /// These windows of it are not held.
    CalledOff {
        /// In order.
        windows: Vec<Window>,
    },
    /// A window of it was over early.
    Over {
        /// As it was held.
        window: Window,
    },
}

/// `GET /acts/declared`, or `GET /acts/declared?as_of_ms=…`.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct DeclaredQuestion {
    /// What was declared by this instant, Unix ms; so far when absent.
    pub as_of_ms: Option<i64>,
}

/// What is declared.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DeclaredAnswer {
    /// When this was answered, or the instant that was asked about, Unix ms.
    pub now_ms: i64,
    /// Of the charter in force then, ms.
    pub notice_ms: u64,
    /// In the journal's order.
    pub declared: Vec<DeclaredRow>,
}

/// A declaration and what became of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DeclaredRow {
    /// Its number in the journal.
    pub entry: u64,
    /// When it was written, Unix ms.
    pub at_ms: i64,
    /// Who wrote it.
    pub author: String,
    /// The account behind the author; `None` of entries of before it was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uid: Option<u32>,
    /// What it says.
    pub declaration: Declaration,
    /// Of a maintenance: its windows as extended, closed, called off since.
    pub windows: Vec<Held>,
    /// The entry that took it back.
    pub revoked_by: Option<u64>,
    /// The entry that approved it; of what needs approval only.
    pub approved_by: Option<u64>,
    /// Has it no effect because nobody approved it?
    pub proposed: bool,
}
