//! What `probe: saml` asks.

use serde::{Deserialize, Serialize};

use super::{Family, TlsParams};

/// Parameters of `probe: saml`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SamlParams {
    /// Where the metadata is: `http://` or `https://`; no credentials in it.
    pub url: String,
    /// The `entityID`, to the letter; found in a document of one entity or of many.
    pub entity: String,
    /// SHA-256 of signing certificates, of which one that is valid must be there: 64 lower-case hexadecimal digits.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub signing: Vec<String>,
    /// With less left, a certificate or the document itself is degraded, milliseconds; when absent 14 days, or a
    /// fifth of its lifetime if that is less.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expiring_ms: Option<u64>,
    /// Are its endpoints asked whether they answer?
    #[serde(default = "yes")]
    pub endpoints: bool,
    /// Hosts where endpoints may be beside the URL's own, with or without `www.`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<String>,
    /// How TLS is judged, for `https://`.
    #[serde(default, skip_serializing_if = "TlsParams::is_default")]
    pub tls: TlsParams,
    /// Which addresses of a name to use.
    #[serde(default)]
    pub family: Family,
}

const fn yes() -> bool {
    true
}
