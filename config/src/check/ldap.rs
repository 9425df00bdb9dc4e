//! What `probe: ldap` asks.

mod filter;

use serde::{Deserialize, Serialize};

use super::{Family, HostPort, TlsParams};
use crate::Id;
pub use filter::{LdapFilter, LdapNode};

/// Parameters of `probe: ldap`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LdapParams {
    /// The directory asked; unless said, port 636 for `ldaps` and 389 otherwise.
    pub server: HostPort,
    /// Which addresses of a name to use.
    #[serde(default)]
    pub family: Family,
    /// How the connection is protected.
    #[serde(default)]
    pub security: LdapSecurity,
    /// How TLS is judged.
    #[serde(default, skip_serializing_if = "TlsParams::is_default")]
    pub tls: TlsParams,
    /// Who binds; nobody in particular when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bind: Option<LdapBind>,
    /// What is searched; the directory's root entry alone when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub search: Option<LdapSearch>,
    /// What the root entry must say.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub require: Vec<LdapState>,
}

/// How a connection to a directory is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LdapSecurity {
    /// TLS from the first byte.
    #[default]
    Ldaps,
    /// TLS after the directory has agreed (RFC 4511, 4.14); it must.
    Starttls,
    /// None.
    Plain,
}

impl LdapSecurity {
    /// IANA's.
    pub const fn port(self) -> u16 {
        match self {
            Self::Ldaps => 636,
            Self::Starttls | Self::Plain => 389,
        }
    }
}

/// A simple bind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LdapBind {
    /// A distinguished name; Active Directory takes `user@domain`, too.
    pub user: String,
    /// The name of the agent's file with the password.
    pub secret: Id,
}

/// One search.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LdapSearch {
    /// Where.
    pub base: String,
    /// How deep.
    #[serde(default)]
    pub scope: LdapScope,
    /// For what.
    #[serde(default)]
    pub filter: LdapFilter,
    /// Entries, at least. More than a few are not asked for.
    #[serde(default = "one")]
    pub min_entries: u32,
}

/// How deep a search goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LdapScope {
    /// The base alone.
    #[default]
    Base,
    /// What stands immediately below it.
    One,
    /// The base and all below it.
    Sub,
}

/// What the root entry of Active Directory can say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LdapState {
    /// `isSynchronized: TRUE`
    Synchronized,
    /// `isGlobalCatalogReady: TRUE`
    GlobalCatalog,
}

impl LdapParams {
    /// Of a name, bytes.
    pub const NAME_BYTES_MAX: usize = 1_024;
    /// What servers give out at once, and enough to prove that a directory is not empty.
    pub const MIN_ENTRIES_MAX: u32 = 1_000;
    /// Entries that are asked for even where fewer are wanted.
    pub const ENTRIES_ASKED: u32 = 10;
}

const fn one() -> u32 {
    1
}
