//! TLS for probes: what the server shows is captured, not enforced, and judged afterwards (`chain`).
//!
//! So an expired certificate still shows when it expired, and every reason is exact. The handshake's
//! signatures are enforced as ever: a server must hold the key of the certificate it shows. Nobody
//! gets a stream to send a byte on before the judgement has said yes.
//!
//! No session is resumed: each probe sees the certificate that is served now. Parameters are made
//! once per authority; a connection costs a clone of a handful of pointers. TLS 1.3 is spoken, and 1.2 with
//! ECDHE and AEAD only: a server with less is `tls.version`; one of 1.2 that offers neither (RSA key exchange,
//! CBC, finite-field Diffie-Hellman) is `tls.alert`, although some browsers still connect.

mod chain;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use collector_api::{Reason, TlsFacts, certificate_warn_ms};
use config::TlsParams;
use ring::digest;
use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, PeerIncompatible, ProtocolVersion,
    RootCertStore, SignatureScheme,
};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use self::chain::{Judged, Trust};
use crate::probe::{Fault, Trace};

/// Of an issuer's name, and of a certificate's own, in evidence, bytes.
const NAME_BYTES_MAX: usize = 128;

/// Intermediates of others that are remembered per authority, so that one which a server forgets is known.
const KNOWN_MAX: usize = 64;

/// What one check wants of TLS; made once.
#[derive(Debug, Clone)]
pub struct Tls {
    authority: Option<Arc<str>>,
    name: Option<ServerName<'static>>,
    warn_ms: Option<i64>,
    /// Offered by ALPN; none for a protocol that has no name there.
    protocols: &'static [&'static str],
    /// Is every certificate of the path told?
    tells_path: bool,
}

impl Tls {
    /// Reads the parameters; the error is a sentence for whoever wrote the charter.
    pub fn new(params: &TlsParams, protocols: &'static [&'static str]) -> Result<Self, String> {
        Ok(Self {
            authority: params.authority.as_deref().map(Arc::from),
            name: params.name.as_deref().map(name_of).transpose()?,
            warn_ms: params.warn_ms.map(|ms| i64::try_from(ms).unwrap_or(i64::MAX)),
            protocols,
            tells_path: false,
        })
    }

    /// The same, with a fact for each certificate of the path that is used.
    #[must_use]
    pub fn telling_path(self) -> Self {
        Self { tells_path: true, ..self }
    }

    /// What the certificate of `host` must be for: the charter's name, or the host itself.
    pub fn name(&self, host: &str) -> Result<ServerName<'static>, String> {
        self.name.clone().map_or_else(|| name_of(host), Ok)
    }
}

/// What the certificate of `host` must be for, whatever the charter says of another.
pub fn name_of(host: &str) -> Result<ServerName<'static>, String> {
    ServerName::try_from(host.to_owned()).map_err(|_| format!("`{host}` cannot be the name of a certificate"))
}

/// A connection whose server is who it should be.
#[derive(Debug)]
pub struct Secured<S> {
    /// For the protocol above.
    pub stream: TlsStream<S>,
    /// What wants attention (`tls.expiring`): to be returned in the end, if nothing worse is found.
    pub attention: Option<Fault>,
}

/// TLS parameters by authority; `None` is the system's authorities.
#[derive(Debug, Default)]
pub struct TlsStore {
    made: Mutex<HashMap<Option<Arc<str>>, Arc<Parameters>>>,
}

/// What every connection that trusts the same authorities shares.
#[derive(Debug)]
struct Parameters {
    roots: Arc<RootCertStore>,
    /// Of the authority's file: believed as they are.
    pinned: Vec<CertificateDer<'static>>,
    /// Intermediates that servers showed on trusted paths.
    known: Mutex<Vec<CertificateDer<'static>>>,
    config: ClientConfig,
}

impl TlsStore {
    /// Speaks TLS as a client over `stream` (phase `tls`) and judges what the server shows, which goes
    /// into `trace.tls` whatever comes of it.
    pub async fn handshake<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        tls: &Tls,
        name: ServerName<'static>,
        stream: S,
        trace: &mut Trace,
    ) -> Result<Secured<S>, Fault> {
        trace.enter("tls");
        let parameters = self
            .parameters(tls.authority.as_ref())
            .map_err(|sentence| Fault::new(Reason::AgentConfigInvalid, sentence))?;
        let mut config = parameters.config.clone();
        let provider = Arc::clone(config.crypto_provider());
        let witness = Arc::new(Witness { provider, shown: Mutex::default() });
        config.dangerous().set_certificate_verifier(Arc::clone(&witness) as Arc<dyn ServerCertVerifier>);
        config.alpn_protocols = tls.protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        let spoken = TlsConnector::from(Arc::new(config)).connect(name.clone(), stream).await;
        let version = spoken.as_ref().ok().and_then(|stream| stream.get_ref().1.protocol_version());
        let shown = witness.take();
        let Some((at, certificates)) = shown else {
            // Without certificates there is nothing to judge, and no handshake that ends well.
            return Err(spoken.err().map_or_else(
                || Fault::new(Reason::TlsProtocol, "the server showed no certificate"),
                |error| before_any_certificate(fault_of_handshake(&error), &error),
            ));
        };
        let judged = parameters.judge(&certificates, &name, at);
        trace.tls = certificates.first().map(|leaf| facts(leaf, &judged, version));
        if tls.tells_path {
            for told in chain::told(&certificates, &judged) {
                trace.fact("certificate", told);
            }
        }
        let stream = spoken.map_err(|error| {
            // The key is checked by the handshake's signature, and no library checks one that short.
            chain::weakness_of_leaf(&certificates).unwrap_or_else(|| fault_of_handshake(&error))
        })?;
        let attention = attention(&judged, tls.warn_ms, at);
        match judged.fault {
            Some(fault) => Err(fault),
            None => Ok(Secured { stream, attention }),
        }
    }

    /// Parameters that verify by the system's authorities, for a library that speaks TLS by itself.
    pub fn client_config(&self) -> Result<ClientConfig, String> {
        Ok(self.parameters(None)?.config.clone())
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

impl Parameters {
    fn judge(&self, shown: &[CertificateDer<'static>], name: &ServerName<'_>, at: UnixTime) -> Judged {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let trust = Trust { anchors: &self.roots.roots, pinned: &self.pinned, known: &known };
        let judged = chain::judge(shown, trust, name, at);
        for intermediate in &judged.intermediates {
            if known.len() < KNOWN_MAX && !known.contains(intermediate) {
                known.push(intermediate.clone());
            }
        }
        judged
    }
}

fn make(authority: Option<&str>) -> Result<Parameters, String> {
    let (roots, pinned) = match authority {
        Some(pem) => roots_of_pem(pem)?,
        None => (system_roots()?, Vec::new()),
    };
    let roots = Arc::new(roots);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(Arc::clone(&roots))
        .with_no_client_auth();
    config.resumption = Resumption::disabled();
    Ok(Parameters { roots, pinned, known: Mutex::default(), config })
}

fn roots_of_pem(pem: &str) -> Result<(RootCertStore, Vec<CertificateDer<'static>>), String> {
    let mut roots = RootCertStore::empty();
    let mut pinned = Vec::new();
    for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
        let certificate = certificate.map_err(|error| format!("`authority` is not PEM: {error}"))?;
        roots
            .add(certificate.clone())
            .map_err(|error| format!("`authority` is not an authority: {error}"))?;
        pinned.push(certificate);
    }
    if pinned.is_empty() {
        return Err("`authority` contains no certificate".to_owned());
    }
    Ok((roots, pinned))
}

fn system_roots() -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        return Err("the system has no certificate authorities; install ca-certificates".to_owned());
    }
    Ok(roots)
}

/// As evidence carries it.
fn facts(leaf: &CertificateDer<'_>, judged: &Judged, version: Option<ProtocolVersion>) -> TlsFacts {
    let version = match version {
        Some(ProtocolVersion::TLSv1_2) => "TLSv1.2",
        Some(ProtocolVersion::TLSv1_3) => "TLSv1.3",
        _ => "",
    };
    TlsFacts {
        not_after_ms: judged.not_after_ms.unwrap_or(0),
        verified: judged.fault.is_none(),
        version: version.to_owned(),
        fingerprint: digest::digest(&digest::SHA256, leaf).as_ref().to_vec(),
        path_not_after_ms: judged.path_not_after_ms.unwrap_or(0),
        issuer: cut(&judged.issuer),
        names: cut(&judged.names),
        not_before_ms: judged.not_after_ms.unwrap_or(0).saturating_sub(judged.lifetime_ms),
        path_ends: cut(&judged.path_ends),
    }
}

/// One line of what a server says of itself.
fn cut(text: &str) -> String {
    let end = text.floor_char_boundary(NAME_BYTES_MAX);
    text[..end].chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// Does the path end soon? By default as [`certificate_warn_ms`] says.
fn attention(judged: &Judged, warn_ms: Option<i64>, at: UnixTime) -> Option<Fault> {
    let end_ms = judged.path_not_after_ms?;
    let now_ms = i64::try_from(at.as_secs()).unwrap_or(i64::MAX).saturating_mul(1_000);
    let warn_ms = warn_ms.unwrap_or_else(|| certificate_warn_ms(judged.lifetime_ms));
    let left_ms = end_ms.saturating_sub(now_ms);
    (left_ms < warn_ms).then(|| {
        let detail = format!("expires on {}, in {} days", chain::day(end_ms / 1_000), left_ms / 86_400_000);
        Fault::degraded(Reason::TlsExpiring, detail)
    })
}

/// Sees what the server shows, and when, and lets the handshake go on.
#[derive(Debug)]
struct Witness {
    provider: Arc<CryptoProvider>,
    shown: Mutex<Option<(UnixTime, Vec<CertificateDer<'static>>)>>,
}

impl Witness {
    fn take(&self) -> Option<(UnixTime, Vec<CertificateDer<'static>>)> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl ServerCertVerifier for Witness {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let shown = std::iter::once(leaf).chain(intermediates);
        let shown = shown.map(|certificate| certificate.clone().into_owned()).collect();
        *self.shown.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, shown));
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// What an I/O error of a TLS connection means, if TLS is the one who complains.
pub fn fault_within(error: &std::io::Error) -> Option<Fault> {
    error.get_ref()?.downcast_ref::<Error>().map(fault_of)
}

/// `handshake_failure` then says that the hello had nothing the server wants (RFC 5246, 7.2.2).
fn before_any_certificate(fault: Fault, error: &std::io::Error) -> Fault {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
    if !matches!(inner, Some(Error::AlertReceived(rustls::AlertDescription::HandshakeFailure))) {
        return fault;
    }
    let detail = format!("no common parameters; this agent speaks ECDHE with AEAD only ({})", fault.detail);
    Fault::new(fault.reason, detail)
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
