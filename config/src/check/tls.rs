//! How TLS is spoken and judged, by whichever kind of check speaks it.

use serde::{Deserialize, Serialize};

/// Parameters of TLS; the default verifies against the system's authorities and the target's own name.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsParams {
    /// PEM of the only authorities to trust; the system's when absent. A certificate that stands in
    /// it is trusted as it is, also as the server's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authority: Option<String>,
    /// The name that is sent and must be in the certificate; the target's host when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// A certificate with less left than this is degraded (`tls.expiring`); when absent, 21 days or a
    /// quarter of its lifetime, whichever is shorter. Milliseconds; 0 for never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warn_ms: Option<u64>,
}

impl TlsParams {
    /// Is nothing said that the default does not say?
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}
