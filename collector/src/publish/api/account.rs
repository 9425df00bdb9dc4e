//! What a figure is made of: time nobody can say, members of a mean, stretches, corrections, readings.

use serde::{Deserialize, Serialize};

use super::{Figure, Outlook, Share, Standing};

/// Why time is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// People declared that what was measured was wrong.
    Annulled,
    /// Failures that no further sample has confirmed yet.
    Unconfirmed,
    /// Somebody knew, but fewer than the charter's vote asks for.
    TooFew,
    /// The agents' own network was down.
    AgentNetwork,
    /// The agents' clocks were wrong.
    AgentClock,
    /// The agents could not run the check for another reason.
    AgentOther,
    /// Samples were lost before they were delivered.
    SpoolLost,
    /// No sample: the agents' hosts were off, or the agents not running.
    AgentSilent,
    /// No sample had ever been taken yet.
    NeverMeasured,
}

impl Why {
    /// The word in JSON and CSV.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Annulled => "annulled",
            Self::AgentNetwork => "agent_network",
            Self::AgentClock => "agent_clock",
            Self::AgentOther => "agent_other",
            Self::Unconfirmed => "unconfirmed",
            Self::TooFew => "too_few",
            Self::SpoolLost => "spool_lost",
            Self::AgentSilent => "agent_silent",
            Self::NeverMeasured => "never_measured",
        }
    }
}

/// Time nobody can say, by its reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unobserved {
    /// Why.
    pub why: Why,
    /// How much, ms.
    pub ms: u64,
}

/// A bound of a figure: had all stops of its targets coincided as well as they could, and unknown time been up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ceiling {
    /// Of the time elapsed.
    pub share: Share,
    /// The component that does not allow more.
    pub component: String,
}

/// What a mean is the mean of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Members {
    /// The component whose targets they are, such as `ap`.
    pub component: String,
    /// Its title.
    pub name: String,
    /// By area or whatever groups them, the worst first.
    pub groups: Vec<Group>,
    /// Each, the worst first.
    pub each: Vec<Member>,
}

/// The members of one group together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// Its label.
    pub name: String,
    /// How many members.
    pub count: u64,
    /// Their weighted integers.
    pub figure: Figure,
}

/// One member of a mean.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// The check, or the component.
    pub check: String,
    /// Its group.
    pub group: Option<String>,
    /// How much it counts.
    pub weight: u64,
    /// Its own integers, not weighted.
    pub figure: Figure,
}

/// A stretch of the period with one promise and one tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stretch {
    /// Its first instant, Unix ms.
    pub start_ms: i64,
    /// The first instant after it, Unix ms.
    pub end_ms: i64,
    /// The share promised then.
    pub target: Option<Share>,
    /// Must the share be above that (true), or is it enough (false)?
    pub strict: bool,
    /// How that promise stands, of this stretch alone.
    pub standing: Option<Standing>,
    /// Its integers.
    pub figure: Figure,
}

/// An entry of the journal that touches a figure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Correction {
    /// Its number in the journal.
    pub entry: u64,
    /// When it was written, Unix ms.
    pub at_ms: i64,
    /// By whom.
    pub author: String,
    /// `maintenance`, `annulled`, `forced_up` or `forced_down`.
    pub kind: String,
    /// What it is about: `data_center.dns`, `site:pascoli`, `*`.
    pub scope: Vec<String>,
    /// Its stretches, Unix ms, as they hold now: `[from_ms, to_ms]` each.
    pub windows: Vec<[i64; 2]>,
    /// Why.
    pub note: String,
    /// What proves it, where something must.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<String>,
    /// Who approved it, where somebody must.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_by: Option<String>,
    /// What it does to figures.
    pub effect: Effect,
}

/// What an entry does to figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// It holds, and changes something of this figure or of the one without planned stops.
    Changed,
    /// It holds, and there is nothing in its time that it could change.
    Idle,
    /// What was announced of it in time holds and changes something; the rest came too late, and is without effect.
    PartlyLate,
    /// Announced too late to be planned, or all of it that could change something: kept, without effect.
    Late,
    /// Waits for another person's approval.
    Proposed,
    /// Called off before it began.
    CalledOff,
    /// Taken back.
    Revoked,
}

/// The same measurements, read by another rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alternative {
    /// The rule that is read otherwise: a key under `rules:`.
    pub rule: String,
    /// How.
    pub value: String,
    /// Is that the charter's own reading?
    pub ours: bool,
    /// up / (up + down).
    pub availability: Option<Share>,
    /// The bounds.
    pub lower_bound: Option<Share>,
    /// The bounds.
    pub upper_bound: Option<Share>,
    /// To date; absent without a promise.
    pub standing: Option<Standing>,
    /// By the period's end; absent without a promise.
    pub outlook: Option<Outlook>,
}
