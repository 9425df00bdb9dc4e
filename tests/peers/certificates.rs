//! A small authority and the certificates it gives out.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, CustomExtension, DnType, IsCa, KeyPair,
    KeyUsagePurpose, SanType,
};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;

type Issuer = CertifiedIssuer<'static, KeyPair>;

/// Root, intermediate, and where the root's PEM is.
pub(crate) struct Authority {
    root: Issuer,
    intermediate: Issuer,
    pub(crate) pem: PathBuf,
}

/// Of a leaf.
pub(crate) struct Leaf {
    key: KeyPair,
    certificate: CertificateDer<'static>,
}

impl Authority {
    pub(crate) fn new(folder: &Path) -> Self {
        let root_key = KeyPair::generate().unwrap();
        let root = CertifiedIssuer::self_signed(authority("Radice di prova"), root_key).unwrap();
        let key = KeyPair::generate().unwrap();
        let intermediate = CertifiedIssuer::signed_by(authority("Intermedia di prova"), key, &root).unwrap();
        let pem = folder.join("radice.pem");
        std::fs::write(&pem, root.pem()).unwrap();
        Self { root, intermediate, pem }
    }

    /// For 127.0.0.1, or for `name` instead; valid from and to so many days from `today`.
    pub(crate) fn leaf(&self, name: Option<&str>, days: (i64, i64)) -> Leaf {
        let key = KeyPair::generate().unwrap();
        let certificate = leaf(name, days).signed_by(&key, &self.intermediate).unwrap().der().clone();
        Leaf { key, certificate }
    }

    /// The chain as a server should send it: leaf, intermediate.
    pub(crate) fn server(&self, leaf: &Leaf) -> ServerConfig {
        let chain = vec![leaf.certificate.clone(), self.intermediate.der().clone()];
        with(chain, &leaf.key)
    }

    /// The leaf alone.
    pub(crate) fn server_without_intermediate(leaf: &Leaf) -> ServerConfig {
        with(vec![leaf.certificate.clone()], &leaf.key)
    }

    /// With one more certificate that nobody needs and that has expired.
    pub(crate) fn server_with_old_cross_sign(&self, leaf: &Leaf) -> ServerConfig {
        let mut old = authority("Radice di prova");
        (old.not_before, old.not_after) = dates((-800, -10));
        let old = old.signed_by(self.root.key(), &self.root).unwrap().der().clone();
        let chain = vec![leaf.certificate.clone(), self.intermediate.der().clone(), old];
        with(chain, &leaf.key)
    }

    /// One that wants to see the client's certificate.
    pub(crate) fn server_for_clients(&self, leaf: &Leaf) -> ServerConfig {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(self.root.der().clone()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
            .build()
            .unwrap();
        let chain = vec![leaf.certificate.clone(), self.intermediate.der().clone()];
        ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_client_cert_verifier(verifier)
            .with_single_cert(chain, private(&leaf.key))
            .unwrap()
    }
}

fn authority(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    (params.not_before, params.not_after) = dates((-400, 4_000));
    params
}

fn leaf(name: Option<&str>, days: (i64, i64)) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "foglia di prova");
    params.subject_alt_names = vec![match name {
        Some(name) => SanType::DnsName(name.try_into().unwrap()),
        None => SanType::IpAddress(std::net::Ipv4Addr::LOCALHOST.into()),
    }];
    (params.not_before, params.not_after) = dates(days);
    // "CA issuers" at a URL (RFC 5280, 4.2.2.1), as public authorities write it: where the intermediate is.
    let issuers = b"http://ca.example/i.cer";
    let length = |inner: usize| u8::try_from(inner).unwrap();
    let oid = [0x06, 8, 0x2b, 6, 1, 5, 5, 7, 0x30, 2];
    let inner = oid.len() + 2 + issuers.len();
    let mut access = vec![0x30, length(inner + 2), 0x30, length(inner)];
    access.extend(oid);
    access.extend([0x86, length(issuers.len())]);
    access.extend(issuers);
    let oid = [1, 3, 6, 1, 5, 5, 7, 1, 1];
    params.custom_extensions.push(CustomExtension::from_oid_content(&oid, access));
    params
}

/// So many days from today.
fn dates((from, to): (i64, i64)) -> (time::OffsetDateTime, time::OffsetDateTime) {
    let now = time::OffsetDateTime::now_utc();
    (now + time::Duration::days(from), now + time::Duration::days(to))
}

fn with(chain: Vec<CertificateDer<'static>>, key: &KeyPair) -> ServerConfig {
    ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, private(key))
        .unwrap()
}

fn private(key: &KeyPair) -> PrivateKeyDer<'static> {
    PrivatePkcs8KeyDer::from(key.serialize_der()).into()
}
