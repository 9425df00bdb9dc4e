//! How the charter's words are read where they could be disputed: each reading in force, and what a component
//! may say instead.
//!
//! A revision of the journal carries what differs from the readings of the version that had only
//! `maintenance`, `late_entries` and `notice_ms`, so that one of an older version is read as it was meant.

use serde::{Deserialize, Serialize};

use crate::charter::unsaid;
use crate::{DownIf, Fraction, Vote};

/// The readings in force; a reading that is not here has one answer, in `DEFINITION.md`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules {
    /// Consecutive fails that make down (D6); at least 1.
    pub confirm_down: u32,
    /// Consecutive oks that end it (D6); at least 1.
    pub confirm_up: u32,
    /// Below this coverage the headline is a range (D20).
    pub coverage_min: Fraction,
    /// How witnesses vote, and what operators declare is read.
    #[serde(default, skip_serializing_if = "unsaid")]
    pub readings: Readings,
}

/// How witnesses vote, and how what is declared or not known is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Readings {
    /// Does a stop during maintenance count?
    pub maintenance: Maintenance,
    /// Does what is entered too late count?
    pub late_entries: LateEntries,
    /// Maintenance is planned if it is entered this long before it begins, milliseconds.
    pub notice_ms: u64,
    /// What the headline makes of time that nobody observed; the standing always comes from the bounds.
    #[serde(skip_serializing_if = "Unknown::is_apart")]
    pub unknown: Unknown,
    /// How the agents of one site vote.
    #[serde(skip_serializing_if = "is_of_vantages")]
    pub vantages: Vote,
    /// How the sites of one check vote.
    #[serde(skip_serializing_if = "is_of_sites")]
    pub sites: Vote,
}

/// How a stop during declared maintenance is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Maintenance {
    /// As any stop; the figure without it stands beside.
    Counts,
    /// Its windows are outside the year's time, whatever was seen in them.
    Excluded,
    /// Only the stops in its windows are outside the year's time.
    ExcludedDown,
    /// A stop in its windows is up.
    AsUp,
}

/// How an entry made too late is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LateEntries {
    /// Kept and flagged, without effect.
    Recorded,
    /// As if it had been in time.
    Effective,
}

/// How the headline reads time that nobody observed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unknown {
    /// As neither up nor down: a share of what was observed.
    #[default]
    Apart,
    /// As down.
    Down,
    /// As up.
    Up,
}

/// What a component says otherwise than the charter's rules, for each of its checks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct Judged {
    /// As of [`Rules`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confirm_down: Option<u32>,
    /// As of [`Rules`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confirm_up: Option<u32>,
    /// As of [`Readings`]; goes before what a site says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vantages: Option<Vote>,
    /// As of [`Readings`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sites: Option<Vote>,
}

/// One broken agent of two proves nothing: a tie is up.
const VANTAGES: Vote = Vote::of(DownIf::Majority);

/// A school cut off for ten days is not hidden by the data center: a tie is down.
const SITES: Vote = Vote::of(DownIf::Half);

impl Default for Readings {
    /// What holds where the charter says nothing.
    fn default() -> Self {
        Self {
            maintenance: Maintenance::Counts,
            late_entries: LateEntries::Recorded,
            notice_ms: 48 * 3_600_000,
            unknown: Unknown::Apart,
            vantages: VANTAGES,
            sites: SITES,
        }
    }
}

fn is_of_vantages(vote: &Vote) -> bool {
    *vote == VANTAGES
}

fn is_of_sites(vote: &Vote) -> bool {
    *vote == SITES
}

impl Unknown {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
    fn is_apart(&self) -> bool {
        *self == Self::Apart
    }

    /// As it is written.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Apart => "apart",
            Self::Down => "down",
            Self::Up => "up",
        }
    }
}

impl Maintenance {
    /// As it is written.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Counts => "counts",
            Self::Excluded => "excluded",
            Self::ExcludedDown => "excluded_down",
            Self::AsUp => "as_up",
        }
    }
}

impl LateEntries {
    /// As it is written.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Recorded => "recorded",
            Self::Effective => "effective",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readings_of_an_older_journal_read() {
        let old = r#"{"maintenance":"excluded","late_entries":"recorded","notice_ms":172800000}"#;
        let readings: Readings = serde_json::from_str(old).unwrap();
        assert_eq!(readings, Readings { maintenance: Maintenance::Excluded, ..Readings::default() });
        assert_eq!(serde_json::to_string(&readings).unwrap(), old);
        let rules = r#"{"confirm_down":2,"confirm_up":1,"coverage_min":{"p":99,"q":100}}"#;
        let read: Rules = serde_json::from_str(rules).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), rules);
    }

    #[test]
    fn other_readings_read_back() {
        let readings = Readings {
            maintenance: Maintenance::ExcludedDown,
            unknown: Unknown::Down,
            vantages: Vote { down_if: DownIf::AtLeast(2), known_min: 2 },
            sites: Vote::of(DownIf::Any),
            ..Readings::default()
        };
        let json = serde_json::to_string(&readings).unwrap();
        assert_eq!(serde_json::from_str::<Readings>(&json).unwrap(), readings, "{json}");
        assert_eq!(serde_json::to_string(&Judged::default()).unwrap(), "{}");
    }
}
