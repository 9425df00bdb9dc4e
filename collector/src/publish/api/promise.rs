//! What a service promises, and how that stands.

use serde::{Deserialize, Serialize};

use super::{Figure, Share};

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
    /// `availability`, or `availability_within` of a calendar's hours.
    pub kind: String,
    /// The calendar whose hours it is about; absent around the clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<String>,
    /// Of which stretch of the period target, allowed down time and required share are, where it was not all the same:
    /// standing and outlook are those of every stretch, each against its own promise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stretch: Option<OfStretch>,
    /// The share promised.
    pub target: Share,
    /// Must the share be above the target (true), or is the target itself enough (false)?
    pub strict: bool,
    /// To date.
    pub standing: Standing,
    /// By the year's end.
    pub outlook: Outlook,
    /// How it would stand to date without what people declared; absent where nothing is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undeclared: Option<Standing>,
    /// Of a promise about a calendar's hours: the integers of these hours. Around the clock it is the service's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub figure: Option<Figure>,
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
    /// Where the pace of the last days leads; absent while it is too short to tell, and of a period without `?account=`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forecast: Option<Forecast>,
    /// How fast the allowed down time is being spent, a tier each; only with `?account=`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub burn: Vec<Tier>,
}

/// `[from_ms, to_ms)`, Unix ms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfStretch {
    /// First instant.
    pub from_ms: i64,
    /// First instant after it.
    pub to_ms: i64,
}

/// The pace of the last days, continued to the period's end: a straight line, no promise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forecast {
    /// How many of the last days the pace is taken from, ms.
    pub trail_ms: u64,
    /// down / (up + down) of those.
    pub pace: Share,
    /// Down time by the period's end at that pace, ms, truncated.
    pub down_ms: u64,
    /// Is that too much for the promise?
    pub breaks: bool,
    /// When the allowed down time is used up at that pace, Unix ms; null when not in this period.
    pub exhausted_ms: Option<i64>,
}

/// A tier of burning: so much of the period's allowed down time within a window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tier {
    /// The part of the period's allowance: 2%.
    pub part: Share,
    /// Within this, ms.
    pub window_ms: u64,
    /// And still within this, ms.
    pub short_ms: u64,
    /// The share of down time above which the tier fires.
    pub threshold: Share,
    /// down / (up + down) of the window; null when nothing was measured in it.
    pub down: Option<Share>,
    /// The same of the short window.
    pub short_down: Option<Share>,
    /// (up + down) / window: too little measured, and the tier keeps silent.
    pub known: Option<Share>,
    /// `page`, `ticket` or `trend`.
    pub severity: String,
    /// Does it fire?
    pub firing: bool,
}

/// A promise about the hours of a calendar, with the figure of those hours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Within {
    /// The promise.
    pub commitment: Commitment,
    /// The integers of its hours; the others are out of scope.
    pub figure: Figure,
    /// The same with every planned stop counted, where the rules do not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gross: Option<Figure>,
    /// The same without planned stops, where there were any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub net: Option<Figure>,
}

/// A promise that no figure is compared with yet: about requests.
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

/// The promise that stands for a row, and its figure: around the clock, or else of a calendar's hours.
pub(super) fn standing_for<'a>(
    commitments: &'a [Commitment],
    within: &'a [Within],
    around_the_clock: &'a Figure,
) -> (Option<&'a Commitment>, &'a Figure) {
    let around = commitments.iter().find(|promise| promise.hours.is_none());
    match (around, within.first()) {
        (None, Some(within)) => (Some(&within.commitment), &within.figure),
        (promise, _) => (promise, around_the_clock),
    }
}

/// The figures with and without planned stops that stand beside that one, of the same hours; `around` are
/// those around the clock.
pub(super) fn beside<'a>(
    standing: Option<&Commitment>,
    within: &'a [Within],
    around: (Option<&'a Figure>, Option<&'a Figure>),
) -> (Option<&'a Figure>, Option<&'a Figure>) {
    match (standing, within.first()) {
        (Some(promise), Some(within)) if promise.hours.is_some() => {
            (within.gross.as_ref(), within.net.as_ref())
        }
        _ => around,
    }
}
