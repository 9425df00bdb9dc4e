//! What `probe: http` asks.

use serde::{Deserialize, Serialize};

use super::{Family, HostPort, TlsParams};

/// Parameters of `probe: http`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpParams {
    /// `http://` or `https://`; no credentials in it.
    pub url: String,
    /// `GET` or `HEAD`.
    #[serde(default = "get")]
    pub method: String,
    /// Statuses that are up, each `200` or a class such as `2xx`.
    #[serde(default = "success")]
    pub status: Vec<String>,
    /// Connect to this address instead of what the name resolves to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connect: Option<HostPort>,
    /// How TLS is judged, for `https://`.
    #[serde(default, skip_serializing_if = "TlsParams::is_default")]
    pub tls: TlsParams,
    /// Which addresses of a name to use.
    #[serde(default)]
    pub family: Family,
}

fn get() -> String {
    "GET".to_owned()
}

fn success() -> Vec<String> {
    vec!["2xx".to_owned()]
}
