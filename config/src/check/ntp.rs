//! What `probe: ntp` asks.

use serde::{Deserialize, Serialize};

use super::{Family, HostPort};

/// Parameters of `probe: ntp`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NtpParams {
    /// The server asked, port 123 unless said.
    pub server: HostPort,
    /// Which addresses of a name to use.
    #[serde(default)]
    pub family: Family,
    /// Servers that say which clock is wrong when this one's and the agent's differ.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub peers: Vec<HostPort>,
    /// An offset proven larger than this is degraded, milliseconds.
    #[serde(default = "offset_warn_ms")]
    pub offset_warn_ms: u64,
    /// An offset proven larger than this is down, unless the agent's clock is the one that is wrong;
    /// milliseconds, above `offset_warn_ms`.
    #[serde(default = "offset_crit_ms")]
    pub offset_crit_ms: u64,
    /// The highest stratum that is up, 1 to 15.
    #[serde(default = "max_stratum")]
    pub max_stratum: u8,
}

impl NtpParams {
    /// Built-in thresholds; the critical one is the error beyond which a clock's samples prove nothing.
    pub const OFFSET_WARN_MS: u64 = 500;
    /// See [`Self::OFFSET_WARN_MS`].
    pub const OFFSET_CRIT_MS: u64 = 5_000;
    /// RFC 5905, 7.3: 16 is unsynchronised.
    pub const MAX_STRATUM: u8 = 15;
    /// More say no more, and are asked all at once.
    pub const PEERS_MAX: usize = 7;
}

fn offset_warn_ms() -> u64 {
    NtpParams::OFFSET_WARN_MS
}

fn offset_crit_ms() -> u64 {
    NtpParams::OFFSET_CRIT_MS
}

fn max_stratum() -> u8 {
    NtpParams::MAX_STRATUM
}
