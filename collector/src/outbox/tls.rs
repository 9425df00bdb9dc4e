//! Whom the collector believes when it speaks to relays and webhooks: the system's authorities, and those of the file.

use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};

/// TLS for both, with `authority`, PEM, beside the system's. The error is a sentence.
pub(crate) fn client(authority: Option<&str>) -> Result<Arc<ClientConfig>, String> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    for certificate in CertificateDer::pem_slice_iter(authority.unwrap_or_default().as_bytes()) {
        let certificate = certificate.map_err(|error| format!("`collector.mail.ca` is not PEM: {error}"))?;
        roots
            .add(certificate)
            .map_err(|error| format!("`collector.mail.ca` is not an authority: {error}"))?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}
