//! What `probe: kerberos` asks.

use serde::{Deserialize, Serialize};

use super::{Family, HostPort};
use crate::Id;

/// Parameters of `probe: kerberos`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KerberosParams {
    /// The key distribution centre asked, port 88 unless said.
    pub kdc: HostPort,
    /// Which addresses of a name to use.
    #[serde(default)]
    pub family: Family,
    /// Whose centre it must be, such as `COMUNE.EXAMPLE`.
    pub realm: String,
    /// How it is asked.
    #[serde(default)]
    pub transport: KerberosTransport,
    /// Whom it must know; without, any answer will do that a centre of the realm gives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The name of the agent's file with the password of `user`, who then gets a ticket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<Id>,
    /// For which service a ticket is then asked, such as `HTTP/intranet.example`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
}

impl KerberosParams {
    /// RFC 4120, 7.2.
    pub const PORT: u16 = 88;
    /// Of a realm, a user or a service, bytes: far above any real one.
    pub const NAME_BYTES_MAX: usize = 255;
}

/// How a key distribution centre is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KerberosTransport {
    /// One datagram, and TCP where the answer is too big for one (RFC 4120, 7.2.1).
    Udp,
    /// As today's clients begin.
    #[default]
    Tcp,
    /// UDP, then TCP: an answer over TCP alone is degraded.
    Both,
}
