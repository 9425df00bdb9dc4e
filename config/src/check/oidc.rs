//! What `probe: oidc` asks.

use serde::{Deserialize, Serialize};

use super::{Family, TlsParams};
use crate::Id;

/// Parameters of `probe: oidc`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OidcParams {
    /// The provider's issuer, to the letter: `https://…`, without query; no credentials in it.
    pub issuer: String,
    /// How far it is asked.
    #[serde(default)]
    pub depth: OidcDepth,
    /// Who asks, from [`OidcDepth::Authorize`] on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<OidcClient>,
    /// What a token's `aud` must contain; nothing is asked of it when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audience: Option<String>,
    /// Further off than this, a token's `iat` is degraded, milliseconds.
    #[serde(default = "skew")]
    pub skew_warn_ms: u64,
    /// Hosts where endpoints may be beside the issuer's own, with or without `www.`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<String>,
    /// How TLS is judged, for `https://`.
    #[serde(default, skip_serializing_if = "TlsParams::is_default")]
    pub tls: TlsParams,
    /// Which addresses of a name to use.
    #[serde(default)]
    pub family: Family,
}

/// How far a provider is asked; each includes those before it, [`Self::Authorize`] only where the client has a
/// `redirect_uri`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OidcDepth {
    /// The document that says where everything is.
    Discovery,
    /// The keys that tokens are signed with.
    #[default]
    Jwks,
    /// Whether the client is still known, without anybody's password.
    Authorize,
    /// A token for the client itself, verified.
    Token,
    /// What that token opens.
    Userinfo,
}

/// A client of the provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OidcClient {
    /// Its `client_id`.
    pub id: String,
    /// One that is registered for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redirect_uri: Option<String>,
    /// The name of a file in the agent's secrets directory: its `client_secret`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<Id>,
    /// How that is sent.
    #[serde(default)]
    pub auth: OidcClientAuth,
    /// What the token is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
}

/// How a client says who it is (OIDC Core, 9).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OidcClientAuth {
    /// `client_secret_basic`: in a header.
    #[default]
    Basic,
    /// `client_secret_post`: in the form.
    Post,
}

impl OidcParams {
    /// Of [`Self::skew_warn_ms`]: what clocks of two machines that ask for their time may differ by.
    pub const SKEW_WARN_MS: u64 = 30_000;
}

const fn skew() -> u64 {
    OidcParams::SKEW_WARN_MS
}
