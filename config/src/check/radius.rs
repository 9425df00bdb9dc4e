//! What `probe: radius` asks.

use serde::{Deserialize, Serialize};

use super::{Family, HostPort};
use crate::Id;

/// Parameters of `probe: radius`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RadiusParams {
    /// The server asked, port 1812 unless said.
    pub server: HostPort,
    /// Which addresses of a name to use.
    #[serde(default)]
    pub family: Family,
    /// The name of the agent's file with the secret that server and clients share.
    pub secret: Id,
    /// Whom to log in; without, Status-Server is all (RFC 5997).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub login: Option<RadiusLogin>,
    /// What the agent calls itself (RFC 2865, 5.32).
    #[serde(default = "nas_identifier")]
    pub nas_identifier: String,
    /// The device that seems to ask, such as its MAC address (RFC 2865, 5.31).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calling_station: Option<String>,
    /// Where it seems to be, such as `AA-BB-CC-DD-EE-FF:SSID` (RFC 2865, 5.30; RFC 3580, 3.20).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub called_station: Option<String>,
}

/// One login with a password (PAP).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RadiusLogin {
    /// Who.
    pub user: String,
    /// The name of the agent's file with the password.
    pub secret: Id,
    /// What the server must say.
    #[serde(default)]
    pub expect: RadiusExpect,
}

/// What a server must say to a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RadiusExpect {
    /// Access-Accept.
    #[default]
    Accept,
    /// Access-Reject: a user that must not come in.
    Reject,
    /// Access-Challenge: a second factor is asked for.
    Challenge,
}

impl RadiusParams {
    /// RFC 2865, 3.
    pub const PORT: u16 = 1812;
    /// Of an attribute, bytes (RFC 2865, 5).
    pub const TEXT_BYTES_MAX: usize = 253;
    /// What the agent calls itself unless told otherwise.
    pub const NAS_IDENTIFIER: &str = "vedetta";
}

fn nas_identifier() -> String {
    RadiusParams::NAS_IDENTIFIER.to_owned()
}
