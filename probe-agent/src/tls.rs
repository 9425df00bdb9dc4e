//! TLS for probes: verification is captured, not enforced, and judged afterwards.
//!
//! So an expired certificate still shows when it expired, and every reason is exact. The handshake's
//! signatures are enforced as ever: a server must hold the key of the certificate it shows. Nobody
//! sends a byte over a connection before [`Shown::judge`] has said yes.
//!
//! No session is resumed: each probe sees the certificate that is served now. Parameters are made
//! once per authority; a connection costs a clone of a handful of pointers.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use collector_api::{Reason, TlsFacts};
use ring::digest;
use rustls::client::Resumption;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, PeerIncompatible, ProtocolVersion,
    RootCertStore, SignatureScheme,
};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use crate::probe::Fault;

/// TLS parameters by authority; `None` is the system's authorities.
#[derive(Debug, Default)]
pub struct TlsStore {
    made: Mutex<HashMap<Option<Arc<str>>, Arc<Parameters>>>,
}

/// What every connection that trusts the same authorities shares.
#[derive(Debug)]
struct Parameters {
    verifier: Arc<WebPkiServerVerifier>,
    config: ClientConfig,
}

impl TlsStore {
    /// Speaks TLS as a client over `stream`. Returns what the server showed beside how it went.
    ///
    /// `authority` is the PEM of the only authorities to trust; the system's when absent.
    pub async fn connect(
        &self,
        authority: Option<&Arc<str>>,
        name: ServerName<'static>,
        stream: TcpStream,
    ) -> (Shown, Result<TlsStream<TcpStream>, Fault>) {
        let parameters = match self.parameters(authority) {
            Ok(parameters) => parameters,
            Err(sentence) => {
                return (Shown::default(), Err(Fault::new(Reason::AgentConfigInvalid, sentence)));
            }
        };
        let witness = Arc::new(Witness {
            verifier: Arc::clone(&parameters.verifier),
            shown: Mutex::new(Shown::default()),
        });
        let mut config = parameters.config.clone();
        config.dangerous().set_certificate_verifier(Arc::clone(&witness) as Arc<dyn ServerCertVerifier>);
        let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await;
        let mut shown = witness.take();
        if let Ok(stream) = &stream {
            shown.version = stream.get_ref().1.protocol_version();
        }
        (shown, stream.map_err(|error| fault_of_handshake(&error)))
    }

    fn parameters(&self, authority: Option<&Arc<str>>) -> Result<Arc<Parameters>, String> {
        let key = authority.map(Arc::clone);
        if let Some(made) = self.made.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Ok(Arc::clone(made));
        }
        let parameters = Arc::new(make(authority.map(AsRef::as_ref))?);
        self.made.lock().unwrap_or_else(PoisonError::into_inner).insert(key, Arc::clone(&parameters));
        Ok(parameters)
    }

    /// Forgets what no check uses any more.
    pub fn forget_unused(&self) {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        made.retain(|authority, _| authority.as_ref().is_none_or(|pem| Arc::strong_count(pem) > 1));
    }
}

fn make(authority: Option<&str>) -> Result<Parameters, String> {
    let roots = Arc::new(match authority {
        Some(pem) => roots_of_pem(pem)?,
        None => system_roots()?,
    });
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = WebPkiServerVerifier::builder_with_provider(
        Arc::clone(&roots),
        Arc::clone(&provider) as Arc<CryptoProvider>,
    )
    .build()
    .map_err(|error| error.to_string())?;
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.resumption = Resumption::disabled();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Parameters { verifier, config })
}

fn roots_of_pem(pem: &str) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
        let certificate = certificate.map_err(|error| format!("`authority` is not PEM: {error}"))?;
        roots.add(certificate).map_err(|error| format!("`authority` is not an authority: {error}"))?;
    }
    if roots.is_empty() { Err("`authority` contains no certificate".to_owned()) } else { Ok(roots) }
}

fn system_roots() -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        return Err("the system has no certificate authorities; install ca-certificates".to_owned());
    }
    Ok(roots)
}

/// What a handshake showed.
#[derive(Debug, Default, Clone)]
pub struct Shown {
    leaf: Option<CertificateDer<'static>>,
    verification: Option<Error>,
    version: Option<ProtocolVersion>,
}

impl Shown {
    /// As evidence carries it; `None` when the server showed no certificate.
    pub fn facts(&self) -> Option<TlsFacts> {
        let leaf = self.leaf.as_ref()?;
        let version = match self.version {
            Some(ProtocolVersion::TLSv1_2) => "TLSv1.2",
            Some(ProtocolVersion::TLSv1_3) => "TLSv1.3",
            _ => "",
        };
        Some(TlsFacts {
            not_after_ms: not_after_ms(leaf).unwrap_or(0),
            verified: self.verification.is_none(),
            version: version.to_owned(),
            fingerprint: digest::digest(&digest::SHA256, leaf).as_ref().to_vec(),
        })
    }

    /// Did the chain, the name and the dates verify?
    pub fn judge(&self) -> Result<(), Fault> {
        match (&self.leaf, &self.verification) {
            (Some(_), None) => Ok(()),
            (Some(_), Some(error)) => Err(fault_of(error)),
            (None, _) => Err(Fault::new(Reason::TlsProtocol, "the server showed no certificate")),
        }
    }
}

/// End of validity, Unix ms.
fn not_after_ms(leaf: &[u8]) -> Option<i64> {
    let (_, certificate) = X509Certificate::from_der(leaf).ok()?;
    certificate.validity().not_after.timestamp().checked_mul(1_000)
}

/// Sees the certificate and what verification says of it, and lets the handshake go on.
#[derive(Debug)]
struct Witness {
    verifier: Arc<WebPkiServerVerifier>,
    shown: Mutex<Shown>,
}

impl Witness {
    fn take(&self) -> Shown {
        std::mem::take(&mut self.shown.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl ServerCertVerifier for Witness {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verification = self.verifier.verify_server_cert(leaf, intermediates, name, ocsp, now).err();
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        *shown = Shown { leaf: Some(leaf.clone().into_owned()), verification, version: None };
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.supported_verify_schemes()
    }
}

/// What an I/O error of a TLS connection means, if TLS is the one who complains.
pub fn fault_within(error: &std::io::Error) -> Option<Fault> {
    error.get_ref()?.downcast_ref::<Error>().map(fault_of)
}

fn fault_of_handshake(error: &std::io::Error) -> Fault {
    fault_within(error).unwrap_or_else(|| match error.kind() {
        // The peer hung up in good order, or spoke something else, in the middle of the handshake.
        std::io::ErrorKind::UnexpectedEof | std::io::ErrorKind::InvalidData => {
            Fault::new(Reason::TlsProtocol, error.to_string())
        }
        // A reset says nothing of TLS: a server that restarts, a firewall. It may be chance.
        std::io::ErrorKind::ConnectionReset
        | std::io::ErrorKind::ConnectionAborted
        | std::io::ErrorKind::BrokenPipe => Fault::new(Reason::ConnectReset, error.to_string()),
        _ => Fault::of_stream(error),
    })
}

fn fault_of(error: &Error) -> Fault {
    let reason = match error {
        Error::InvalidCertificate(certificate) => reason_of_certificate(certificate),
        Error::AlertReceived(alert) if *alert == rustls::AlertDescription::ProtocolVersion => {
            Reason::TlsVersion
        }
        Error::AlertReceived(_) => Reason::TlsAlert,
        Error::PeerIncompatible(
            PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig
            | PeerIncompatible::ServerDoesNotSupportTls12Or13
            | PeerIncompatible::Tls12NotOffered
            | PeerIncompatible::Tls12NotOfferedOrEnabled,
        ) => Reason::TlsVersion,
        _ => Reason::TlsProtocol,
    };
    Fault::new(reason, error.to_string())
}

fn reason_of_certificate(error: &CertificateError) -> Reason {
    match error {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => Reason::TlsExpired,
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => Reason::TlsNotYetValid,
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            Reason::TlsNameMismatch
        }
        CertificateError::Revoked => Reason::TlsRevoked,
        // An unknown issuer, a bad signature, a leaf that is an authority, a wrong purpose…
        _ => Reason::TlsUntrusted,
    }
}
