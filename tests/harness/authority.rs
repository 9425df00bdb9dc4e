//! A small authority of a story's own, and the certificates it gives out.

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use time::{Duration, OffsetDateTime};

use crate::servers::Certificate;

/// Nobody knows it but whoever is given its PEM.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    /// A new one.
    pub fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    /// What vouches for its certificates.
    pub fn pem(&self) -> String {
        self.0.pem()
    }

    /// For these names or addresses, valid since 400 days and until so many days from now, which may be over.
    pub fn certificate(&self, names: &[&str], days: i64) -> Certificate {
        let key = KeyPair::generate().unwrap();
        let now = OffsetDateTime::now_utc();
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        (params.not_before, params.not_after) = (now - Duration::days(400), now + Duration::days(days));
        let chain = params.signed_by(&key, &self.0).unwrap().pem();
        Certificate { chain, key: key.serialize_pem() }
    }
}

impl Default for Authority {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Authority")
    }
}
