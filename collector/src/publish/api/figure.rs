//! A period's integers, and the exact shares that follow from them.

use serde::{Deserialize, Serialize};

/// An exact share.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    /// Numerator.
    pub p: u64,
    /// Denominator, above 0.
    pub q: u64,
    /// The same as a percentage with four decimals, truncated: `99.0912`.
    pub percent: String,
}

/// The integers of one period (D19) and the shares that follow from them (D20).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figure {
    /// Time measured up, ms; degraded included.
    pub up_ms: u64,
    /// Time measured down, ms.
    pub down_ms: u64,
    /// Time nobody can say, ms.
    pub unknown_ms: u64,
    /// Time of declared maintenance that the charter's rule leaves out of every share, ms.
    #[serde(default)]
    pub maintenance_ms: u64,
    /// Time of the period that the figure is not about, ms: before measuring began, outside the hours of
    /// a calendar. Neither up, down nor unknown.
    pub out_of_scope_ms: u64,
    /// Time of the period after `as_of_ms`, ms.
    pub future_ms: u64,
    /// How many times the period's length the integers sum to: 1, and for a mean its members' weight (D16).
    #[serde(default = "once")]
    pub weight: u64,
    /// up / (up + down); null when nothing was measured.
    pub availability: Option<Share>,
    /// `down` or `up`, where the charter's headline counts unknown time as that: it is then the lower or the
    /// upper bound. Absent where unknown time is left apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unknown_as: Option<String>,
    /// up / (up + down + unknown): if all unobserved time was down.
    pub lower_bound: Option<Share>,
    /// (up + unknown) / (up + down + unknown): if all unobserved time was up.
    pub upper_bound: Option<Share>,
    /// (up + down) / (up + down + unknown).
    pub coverage: Option<Share>,
    /// Up time, part of `up_ms`, that nobody would count had people not declared it, ms.
    #[serde(default, skip_serializing_if = "is_none")]
    pub declared_up_ms: u64,
    /// Down time, part of `down_ms`, that nobody would count had people not declared it, ms.
    #[serde(default, skip_serializing_if = "is_none")]
    pub declared_down_ms: u64,
    /// What agents saw: the coverage without anything declared. Absent where nothing is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed: Option<Share>,
    /// The best that the period can still end with, if nothing more is down from now on: (S - D) / S.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub best_total: Option<Share>,
    /// Is coverage below the charter's threshold, so that the headline is the range of the bounds?
    pub range: bool,
    /// In a partial year only: the lower bound over the whole year, time out of scope and to come
    /// included (D18).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub whole_year_lower_bound: Option<Share>,
    /// In a partial year only: the upper bound over the whole year.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub whole_year_upper_bound: Option<Share>,
}

impl Figure {
    /// Time of which somebody says something, ms.
    pub fn known_ms(&self) -> u64 {
        self.up_ms + self.down_ms
    }

    /// What of it is declared instead of measured, ms.
    pub fn declared_ms(&self) -> u64 {
        self.declared_up_ms + self.declared_down_ms
    }

    /// The share of the time elapsed that agents saw.
    pub fn seen(&self) -> Option<&Share> {
        self.observed.as_ref().or(self.coverage.as_ref())
    }
}

fn once() -> u64 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_none(ms: &u64) -> bool {
    *ms == 0
}
