//! What `probe: icmp` asks.

use serde::{Deserialize, Serialize};

use super::Family;
use crate::Fraction;

/// Parameters of `probe: icmp`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IcmpParams {
    /// A name or an address, without a port.
    pub host: String,
    /// Which addresses of a name to use.
    #[serde(default)]
    pub family: Family,
    /// Echo requests of one attempt, 1 to 20.
    #[serde(default = "packets")]
    pub packets: u32,
    /// Payload of each, bytes, at most 1452: what fits into one Ethernet frame of either family.
    #[serde(default = "size")]
    pub size: u16,
    /// More than this share lost is degraded.
    #[serde(default = "loss_warn")]
    pub loss_warn: Fraction,
    /// More than this share lost is down; without it only a loss of all is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loss_crit: Option<Fraction>,
}

impl IcmpParams {
    /// Requests of one attempt unless said.
    pub const PACKETS: u32 = 4;
    /// More are a load test.
    pub const PACKETS_MAX: u32 = 20;
    /// What ping(8) sends.
    pub const SIZE: u16 = 56;
    /// An IPv6 packet of 1500 bytes without its headers (RFC 8200, RFC 4443).
    pub const SIZE_MAX: u16 = 1_452;
    /// One of four may be chance.
    pub const LOSS_WARN: Fraction = Fraction { p: 1, q: 4 };
}

fn packets() -> u32 {
    IcmpParams::PACKETS
}

fn size() -> u16 {
    IcmpParams::SIZE
}

fn loss_warn() -> Fraction {
    IcmpParams::LOSS_WARN
}
