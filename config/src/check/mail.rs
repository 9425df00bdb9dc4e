//! What the probes of mail have in common: how TLS begins, and who logs in.

use serde::{Deserialize, Serialize};

use super::{HostPort, TlsParams};
use crate::Id;

/// When TLS begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MailMode {
    /// Never.
    Plain,
    /// After a few words in clear (`STARTTLS`, `STLS`); whoever does not offer it is down.
    Starttls,
    /// Before the first word.
    Implicit,
}

impl MailMode {
    /// What the port promises: 465, 993 and 995 begin with TLS (RFC 8314), all others ask for it.
    pub const fn of_port(port: u16) -> Self {
        match port {
            465 | 993 | 995 => Self::Implicit,
            _ => Self::Starttls,
        }
    }
}

/// One server of mail, and how it is spoken to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailServer {
    /// Where.
    pub address: HostPort,
    /// When TLS begins.
    pub mode: MailMode,
    /// How TLS is judged.
    #[serde(default, skip_serializing_if = "TlsParams::is_default")]
    pub tls: TlsParams,
    /// Who logs in; nobody when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub login: Option<MailLogin>,
}

/// Credentials by the name of a secret, which only the agent knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailLogin {
    /// The account.
    pub user: String,
    /// The name of a file in the agent's secrets directory: a password, or for `xoauth2` without `oauth` a token;
    /// with `oauth`, the application's secret.
    pub secret: Id,
    /// How it is said.
    #[serde(default)]
    pub method: MailMethod,
    /// Who gives the token, for `xoauth2`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oauth: Option<MailOauth>,
}

/// How credentials are said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MailMethod {
    /// User and password in one word (RFC 4616); for POP3, `USER` and `PASS`.
    #[default]
    Plain,
    /// User and password one after the other.
    Login,
    /// A token (as Microsoft 365 and Google document it).
    Xoauth2,
}

/// Where the token is asked for: the client credentials grant (RFC 6749, 4.4).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailOauth {
    /// The endpoint, `https://` or, within a machine, `http://`.
    pub token_url: String,
    /// The application.
    pub client_id: String,
    /// What the token is for, such as `https://outlook.office365.com/.default`.
    pub scope: String,
}

impl MailLogin {
    /// Of a user's name, bytes (RFC 5321, 4.5.3.1.3 has 256 for a path).
    pub const USER_BYTES_MAX: usize = 256;
}
