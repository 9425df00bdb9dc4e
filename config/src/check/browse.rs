//! What `probe: browse` asks.

use serde::{Deserialize, Serialize};

use super::{Family, HostPort, HttpRedirects, TlsParams};
use crate::Id;

/// Parameters of `probe: browse`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BrowseParams {
    /// `http://` or `https://`; no credentials in it.
    pub url: String,
    /// The way out; without one, connections go straight there. The environment is never read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proxy: Option<ProxyParams>,
    /// Must the site be reached, or be kept from whoever asks?
    #[serde(default, skip_serializing_if = "Browsed::is_default")]
    pub expect: Browsed,
    /// Texts by which the page is known that a filter shows instead of the site: in its body, or in the address
    /// to which it leads; upper and lower case are alike.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub block_page: Vec<String>,
    /// Who opens TLS on the way, and whether this site's is to be opened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interception: Option<Interception>,
    /// Statuses that are up, each `200` or a class such as `2xx`.
    #[serde(default = "super::http::success")]
    pub status: Vec<String>,
    /// Texts of which every one must be in the body; upper and lower case are alike.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub text: Vec<String>,
    /// Texts of which none may be in the body; upper and lower case are alike.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub no_text: Vec<String>,
    /// Which redirects are followed.
    #[serde(default, skip_serializing_if = "HttpRedirects::is_default")]
    pub redirects: HttpRedirects,
    /// How TLS is judged, for `https://`.
    #[serde(default, skip_serializing_if = "TlsParams::is_default")]
    pub tls: TlsParams,
    /// Which addresses of the proxy's name, or of the site's where there is no proxy, to use.
    #[serde(default)]
    pub family: Family,
}

/// An HTTP proxy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProxyParams {
    /// Where; it is spoken to in clear, as proxies are.
    pub address: HostPort,
    /// For basic authentication (RFC 7617); without one, the secret is `user:password`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The name of a file in the agent's secrets directory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<Id>,
}

/// What must become of browsing to a site.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Browsed {
    /// It answers.
    #[default]
    Open,
    /// Somebody on the way denies it.
    Blocked,
}

impl Browsed {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
    fn is_default(&self) -> bool {
        *self == Self::Open
    }
}

/// TLS that is opened on the way. By its authority, by its issuer's name, or by both.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Interception {
    /// PEM of the authority that issues certificates on the way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authority: Option<String>,
    /// A part of the name that it gives itself as issuer; upper and lower case are alike.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// Is this site's TLS to be opened? Otherwise it is one that must be left alone: a bank's, a hospital's.
    #[serde(default = "yes")]
    pub expected: bool,
}

const fn yes() -> bool {
    true
}
