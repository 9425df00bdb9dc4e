//! What `probe: udp` asks.

use serde::{Deserialize, Serialize};

use super::{Family, HostPort, WireText};

/// Parameters of `probe: udp`. Without an answer nothing is known: UDP connects to whatever is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UdpParams {
    /// Where.
    pub address: HostPort,
    /// Which addresses of a name to use.
    #[serde(default)]
    pub family: Family,
    /// The datagram.
    pub send: WireText,
    /// What must be in one that comes back.
    pub expect: WireText,
}

impl UdpParams {
    /// Of a datagram, bytes: what needs no fragments anywhere (DNS flag day 2020).
    pub const DATAGRAM_BYTES_MAX: usize = 1_232;
}
