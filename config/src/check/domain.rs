//! What `probe: domain` asks.

use serde::{Deserialize, Serialize};

use super::{Family, HostPort};

/// Parameters of `probe: domain`: an Active Directory domain as its computers find it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DomainParams {
    /// Its name in DNS.
    pub domain: String,
    /// Its realm; the name in capitals when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub realm: Option<String>,
    /// The name server asked, by its address; the agent's own when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolver: Option<HostPort>,
    /// Which addresses of controllers to use.
    #[serde(default)]
    pub family: Family,
    /// Ports of each controller that must accept connections, beside those that its records name.
    #[serde(default = "ports")]
    pub ports: Vec<u16>,
}

impl DomainParams {
    /// Files and policies (SMB), and the global catalogue.
    pub const PORTS: [u16; 2] = [445, 3268];
    /// More are no sign of a healthy controller.
    pub const PORTS_MAX: usize = 8;
    /// Of the name and of the realm, bytes (RFC 1035, 2.3.4), with room for what stands before it in records.
    pub const NAME_BYTES_MAX: usize = 200;
}

fn ports() -> Vec<u16> {
    DomainParams::PORTS.to_vec()
}
