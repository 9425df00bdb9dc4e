//! What `probe: http` asks.

use serde::{Deserialize, Serialize};

use super::{Family, HostPort, TlsParams};
use crate::{Fraction, Id};

/// Redirects followed unless the charter says otherwise.
const REDIRECTS_MAX: u32 = 5;

/// Parameters of `probe: http`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpParams {
    /// `http://` or `https://`; no credentials in it.
    pub url: String,
    /// `GET`, `HEAD`, or another the charter allows.
    #[serde(default = "get")]
    pub method: String,
    /// Sent beside those that the agent sends by itself. No secrets.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<HttpHeader>,
    /// Sent with the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// Who the agent says it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth: Option<HttpAuth>,
    /// Statuses that are up, each `200` or a class such as `2xx`.
    #[serde(default = "success")]
    pub status: Vec<String>,
    /// What the answer must be beyond its status.
    #[serde(default, skip_serializing_if = "HttpAnswer::is_default")]
    pub answer: HttpAnswer,
    /// Whether the page still is the one that stood there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drift: Option<HttpDrift>,
    /// Which redirects are followed.
    #[serde(default, skip_serializing_if = "HttpRedirects::is_default")]
    pub redirects: HttpRedirects,
    /// Connect to this address instead of what the name resolves to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connect: Option<HostPort>,
    /// The server that is asked for addresses, by its own; the agent's resolvers when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolver: Option<HostPort>,
    /// How TLS is judged, for `https://`.
    #[serde(default, skip_serializing_if = "TlsParams::is_default")]
    pub tls: TlsParams,
    /// Which addresses of a name to use.
    #[serde(default)]
    pub family: Family,
}

impl HttpParams {
    /// A request of which only the URL is said.
    pub fn get(url: String) -> Self {
        Self {
            url,
            method: get(),
            headers: Vec::new(),
            body: None,
            auth: None,
            status: success(),
            answer: HttpAnswer::default(),
            drift: None,
            redirects: HttpRedirects::default(),
            connect: None,
            resolver: None,
            tls: TlsParams::default(),
            family: Family::default(),
        }
    }
}

/// A header of the request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpHeader {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// Credentials by the name of a secret, which only the agent knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpAuth {
    /// How they are sent.
    pub scheme: HttpAuthScheme,
    /// For `basic`; without one, the secret is `user:password`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The name of a file in the agent's secrets directory.
    pub secret: Id,
}

/// How credentials are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HttpAuthScheme {
    /// User and password (RFC 7617).
    Basic,
    /// A token (RFC 6750).
    Bearer,
}

/// What an answer must be beyond its status; the default asks for nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpAnswer {
    /// About its headers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<HeaderWish>,
    /// Texts of which every one must be in the body; upper and lower case are alike.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub text: Vec<String>,
    /// Texts of which none may be in the body; upper and lower case are alike.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub no_text: Vec<String>,
    /// Values of a JSON body.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub json: Vec<JsonWish>,
    /// The body's least size, bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes_min: Option<u64>,
    /// The body's greatest size, bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes_max: Option<u64>,
}

impl HttpAnswer {
    /// Is nothing asked?
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// What one header must be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeaderWish {
    /// Its name.
    pub name: String,
    /// What its value must be.
    pub is: HeaderIs,
}

/// What a header's value must be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HeaderIs {
    /// Anything.
    Present,
    /// There must be none.
    Absent,
    /// This, to the letter.
    Equal(String),
    /// Something with this in it; upper and lower case are alike.
    Containing(String),
}

/// What one value of a JSON body must be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JsonWish {
    /// Where (RFC 6901): `/status`, `/nodes/0/name`.
    pub pointer: String,
    /// A text, or a number, `true`, `false` or `null` as JSON writes it.
    pub value: String,
}

/// How far a page may change; what goes beyond it is degraded, never down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpDrift {
    /// SHA-256 of the page's text, 64 hexadecimal digits: it must not change at all. Without one, the page is
    /// compared with the one before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pin: Option<String>,
    /// Of the words of the page before, at least so many must still be there; above 0.
    pub keeps: Fraction,
    /// A changed page that stands for so long is the page from then on, ms.
    pub settles_ms: u64,
}

impl Default for HttpDrift {
    fn default() -> Self {
        Self { pin: None, keeps: Fraction { p: 1, q: 2 }, settles_ms: 86_400_000 }
    }
}

/// Which redirects are followed. One that `status` calls up is an answer and not followed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpRedirects {
    /// How many, 0 to 10.
    pub max: u32,
    /// Hosts they may lead to beside the URL's own, with or without `www.`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<String>,
    /// What the last URL must begin with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<String>,
}

impl Default for HttpRedirects {
    fn default() -> Self {
        Self { max: REDIRECTS_MAX, hosts: Vec::new(), end: None }
    }
}

impl HttpRedirects {
    /// Is nothing said that the default does not say?
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

fn get() -> String {
    "GET".to_owned()
}

pub(super) fn success() -> Vec<String> {
    vec!["2xx".to_owned()]
}
