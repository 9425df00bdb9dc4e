//! What `probe: heartbeat` expects of a job that reports by itself.

use serde::{Deserialize, Serialize};

use crate::{Cadence, Fraction, Id};

/// Parameters of `probe: heartbeat`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeartbeatParams {
    /// When the job must have ended well.
    pub due: Cadence,
    /// On whose wall clock; a name of the IANA database.
    #[serde(default = "zone")]
    pub zone: String,
    /// How long after its due time a job may still report, milliseconds.
    pub grace_ms: u64,
    /// How long before its due time a report counts for it, milliseconds. Of no meaning to a period.
    #[serde(default = "early_ms")]
    pub early_ms: u64,
    /// A run that has begun and not ended for longer is degraded, milliseconds; until then it is no missed run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_duration_ms: Option<u64>,
    /// When the last good run is too old to be of use.
    #[serde(default)]
    pub down_after: DownAfter,
    /// A run that made fewer bytes, or does not say how many, has failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_bytes: Option<u64>,
    /// A run that made fewer items, or does not say how many, has failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_items: Option<u64>,
    /// A run that is smaller than the good one before by more than this share is degraded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shrink_warn: Option<Fraction>,
    /// A run that takes more than so many times as long as the good one before is degraded; 2 to 100.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slower_warn: Option<u32>,
    /// The secret of the agent that reports must carry. Without it, the one named like the job, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<Id>,
}

/// When no good run is young enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DownAfter {
    /// So many due times in a row went by without one; 1 to 100.
    Missed(u32),
    /// The last one is older than this, milliseconds.
    Ms(u64),
}

impl HeartbeatParams {
    /// Grace unless said; a quarter of a period that is short.
    pub const GRACE_MS: u64 = 2 * 3_600_000;
    /// Tolerance unless said: clocks differ, and cron runs within its minute.
    pub const EARLY_MS: u64 = 10 * 60_000;
    /// The zone of the charter.
    pub const ZONE: &'static str = "Europe/Rome";
    /// The shortest period, milliseconds: what reports more often is a service, and has a probe.
    pub const PERIOD_MS_MIN: u64 = 1_000;
    /// The longest time any key may say, milliseconds.
    pub const MS_MAX: u64 = 1_000 * 86_400_000;
    /// Of [`DownAfter::Missed`].
    pub const MISSED_MAX: u32 = 100;
    /// Of `slower_warn`.
    pub const TIMES_MAX: u32 = 100;
}

impl Default for DownAfter {
    fn default() -> Self {
        Self::Missed(2)
    }
}

impl DownAfter {
    /// Reads `2 missed runs` or `50h`.
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(millis) = crate::yaml::duration::Millis::parse(text) {
            return (millis.0 > 0).then_some(Self::Ms(millis.0));
        }
        let (count, word) = text.split_once(' ')?;
        let count: u32 = count.parse().ok()?;
        let is_said = matches!((count, word.trim()), (1, "missed run") | (2.., "missed runs"));
        (is_said && count <= HeartbeatParams::MISSED_MAX).then_some(Self::Missed(count))
    }
}

fn zone() -> String {
    HeartbeatParams::ZONE.to_owned()
}

fn early_ms() -> u64 {
    HeartbeatParams::EARLY_MS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn down_after_is_said_in_two_ways() {
        for (text, read) in [
            ("2 missed runs", Some(DownAfter::Missed(2))),
            ("1 missed run", Some(DownAfter::Missed(1))),
            ("50h", Some(DownAfter::Ms(180_000_000))),
            ("0 missed runs", None),
            ("101 missed runs", None),
            ("2 runs", None),
            ("0s", None),
            ("50", None),
        ] {
            assert_eq!(DownAfter::parse(text), read, "{text}");
        }
    }
}
