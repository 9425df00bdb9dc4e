//! What `probe: tls` asks.

use serde::{Deserialize, Serialize};

use super::{Family, HostPort, TlsParams};

/// Parameters of `probe: tls`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CertificateParams {
    /// Where.
    pub address: HostPort,
    /// Which addresses of a name to use.
    #[serde(default)]
    pub family: Family,
    /// In which protocol TLS is asked for first; from the first byte on when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starttls: Option<StartTls>,
    /// How it is judged.
    #[serde(default, skip_serializing_if = "TlsParams::is_default")]
    pub tls: TlsParams,
}

/// A protocol that begins in clear and goes over to TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StartTls {
    /// RFC 3207.
    Smtp,
    /// RFC 9051, 6.2.1.
    Imap,
    /// RFC 2595, 4.
    Pop3,
    /// RFC 4511, 4.14.
    Ldap,
}

impl StartTls {
    /// As charters write them.
    pub const ALL: [(&'static str, Self); 4] =
        [("smtp", Self::Smtp), ("imap", Self::Imap), ("pop3", Self::Pop3), ("ldap", Self::Ldap)];

    /// The port where it is usual.
    pub const fn port(self) -> u16 {
        match self {
            Self::Smtp => 25,
            Self::Imap => 143,
            Self::Pop3 => 110,
            Self::Ldap => 389,
        }
    }
}
