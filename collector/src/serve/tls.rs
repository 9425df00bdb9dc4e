//! The agents' TLS: rustls on ring, with a certificate that is made anew each day.

use std::net::IpAddr;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use rustls::ServerConfig;
use rustls::crypto::ring::default_provider;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use thiserror::Error;
use tokio_rustls::TlsAcceptor;
use tracing::{error, info};

use crate::clock::Clock;
use crate::keys::{Keys, KeysError, ListenerCertificate};

/// Well within the certificate's validity of 90 days.
const RENEW_EVERY: Duration = Duration::from_hours(24);

/// Why there is no TLS.
#[derive(Debug, Error)]
pub enum TlsError {
    /// No certificate.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// rustls does not take what we made.
    #[error("cannot set up TLS: {0}")]
    Rustls(#[from] rustls::Error),
}

/// The certificate in use.
#[derive(Debug)]
pub(super) struct Certificates {
    keys: Arc<Keys>,
    addresses: Vec<IpAddr>,
    current: RwLock<Arc<CertifiedKey>>,
}

impl Certificates {
    /// Makes the first one.
    pub(super) fn new(keys: Arc<Keys>, addresses: Vec<IpAddr>, now_ms: i64) -> Result<Arc<Self>, TlsError> {
        let first = issue(&keys, &addresses, now_ms)?;
        Ok(Arc::new(Self { keys, addresses, current: RwLock::new(first) }))
    }

    /// Accepts TLS 1.2 and 1.3 with the current certificate.
    pub(super) fn acceptor(self: &Arc<Self>) -> Result<TlsAcceptor, TlsError> {
        let resolver: Arc<dyn ResolvesServerCert> = Arc::clone(self) as _;
        let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(resolver);
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(TlsAcceptor::from(Arc::new(config)))
    }

    /// Replaces it each day; for ever.
    pub(super) async fn renew(self: Arc<Self>, clock: Clock) {
        loop {
            tokio::time::sleep(RENEW_EVERY).await;
            match issue(&self.keys, &self.addresses, clock.now_ms()) {
                Ok(fresh) => {
                    *self.current.write().unwrap_or_else(PoisonError::into_inner) = fresh;
                    info!("the listener's certificate is renewed");
                }
                // The old one is good for weeks; tomorrow is another day.
                Err(error) => error!(%error, "cannot renew the listener's certificate"),
            }
        }
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

fn issue(keys: &Keys, addresses: &[IpAddr], now_ms: i64) -> Result<Arc<CertifiedKey>, TlsError> {
    let ListenerCertificate { certificate, key } = keys.listener_certificate(addresses, now_ms)?;
    let chain = vec![certificate, keys.authority().clone()];
    Ok(Arc::new(CertifiedKey::from_der(chain, key, &default_provider())?))
}
