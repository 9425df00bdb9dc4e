//! What a service promises, and how that stands.

use serde::{Deserialize, Serialize};

use super::Share;

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
