//! The mails of this instant, as they would be sent: `GET /api/v1/mails`, for operators.

use serde::{Deserialize, Serialize};

use crate::publish::mail::Letter;

/// `GET /api/v1/mails`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mails {
    /// When what they tell was decided, Unix ms.
    pub at_ms: i64,
    /// Open incidents, budgets, the morning, the month that runs.
    pub mails: Vec<Mail>,
    /// Templates that cannot be used, and why.
    pub broken: Vec<BrokenTemplate>,
}

/// One mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mail {
    /// `incident`, `budget`, `morning` or `digest`.
    pub kind: String,
    /// Which decision it would tell of.
    pub about: String,
    /// What it says.
    pub letter: Letter,
}

/// A template that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BrokenTemplate {
    /// Its file's name.
    pub file: String,
    /// What is wrong with it.
    pub why: String,
}
