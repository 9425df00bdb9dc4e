//! What `probe: tcp` asks.

use serde::{Deserialize, Serialize};

use super::{Family, HostPort};

/// Parameters of `probe: tcp`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TcpParams {
    /// Where.
    pub address: HostPort,
    /// Which addresses of a name to use.
    #[serde(default)]
    pub family: Family,
}
