//! What `probe: smtp` asks.

use serde::{Deserialize, Serialize};

use super::{Family, MailServer};

/// Parameters of `probe: smtp`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SmtpParams {
    /// Where, and how.
    pub server: MailServer,
    /// How far the dialogue goes.
    pub depth: SmtpDepth,
    /// Who the agent says it is; the address it speaks from, in brackets, when absent (RFC 5321, 4.1.3).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ehlo: Option<String>,
    /// The sender; nobody (`<>`, as bounces have it) when empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub from: String,
    /// The recipient.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub rcpt: String,
    /// What must become of the recipient.
    #[serde(default)]
    pub expect: SmtpExpect,
    /// Which addresses of a name to use.
    #[serde(default)]
    pub family: Family,
}

/// How far a dialogue goes; everything before is done too, as far as it is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SmtpDepth {
    /// The server greets.
    Banner,
    /// It says what it can do.
    Ehlo,
    /// It speaks TLS.
    Tls,
    /// It knows who logs in.
    Auth,
    /// It accepts a sender.
    Mail,
    /// It accepts, or refuses, a recipient. No mail is sent.
    Rcpt,
}

/// What must become of the recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SmtpExpect {
    /// The server takes mail for it.
    #[default]
    Accepted,
    /// It does not: a server that relays for anybody is down.
    Refused,
}
