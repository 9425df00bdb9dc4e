//! What `probe: registration` asks.

use serde::{Deserialize, Serialize};

use super::TlsParams;

/// Parameters of `probe: registration`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegistrationParams {
    /// The domain, without a dot at its end.
    pub domain: String,
    /// The registry's RDAP service, to which `domain/NAME` is added (RFC 9082, 3.1.3); without one, nobody is asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rdap: Option<String>,
    /// IANA's list of such services (RFC 9224), where `rdap` is absent and the domain's own is looked up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bootstrap: Option<String>,
    /// When the registration ends, for a registry that does not say; Unix ms. One of the three is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_ms: Option<i64>,
    /// With less left it wants attention (`registration.expiring`), ms.
    #[serde(default = "renew_before_ms")]
    pub renew_before_ms: u64,
    /// How the registry's TLS is judged.
    #[serde(default, skip_serializing_if = "TlsParams::is_default")]
    pub tls: TlsParams,
}

impl RegistrationParams {
    /// Thirty days: an office's order for a renewal takes its time.
    pub const RENEW_BEFORE_MS: u64 = 30 * 86_400_000;
    /// Where IANA publishes its list.
    pub const BOOTSTRAP: &str = "https://data.iana.org/rdap/dns.json";
}

fn renew_before_ms() -> u64 {
    RegistrationParams::RENEW_BEFORE_MS
}
