//! A peer that plays a part: what it says, what it waits for, and when it begins TLS.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use config::{CheckSpec, Probe, TlsParams};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::sleep;
use tokio_rustls::TlsAcceptor;

use crate::probe::tests::{spec, surroundings};
use crate::probe::{Check, Outcome, Surroundings};
use crate::secrets::SecretsDirectory;

/// What a peer does after accepting, in order; at the end it stays and says nothing.
#[derive(Debug, Clone, Copy)]
pub(in crate::probe) enum Act {
    /// As it is; `\n` is made CRLF.
    Say(&'static str),
    /// One line, which is kept.
    Hear,
    /// So that what was said arrives apart.
    Pause,
    /// From here on it is spoken.
    Tls,
    /// Without end.
    Babble,
    Close,
}

/// A peer for one conversation after another.
pub(in crate::probe) struct Peer {
    pub(in crate::probe) port: u16,
    /// PEM of whoever vouches for it.
    authority: String,
    heard: Arc<Mutex<Vec<String>>>,
    script: Arc<Mutex<&'static [Act]>>,
    _tasks: JoinSet<()>,
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

impl Peer {
    pub(in crate::probe) async fn playing(acts: &'static [Act]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (acceptor, authority) = acceptor();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let script = Arc::new(Mutex::new(acts));
        let (log, played) = (Arc::clone(&heard), Arc::clone(&script));
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut conversations = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                stream.set_nodelay(true).unwrap();
                let acts: &'static [Act] = *played.lock().unwrap();
                conversations.spawn(play(acts, Box::new(stream), acceptor.clone(), Arc::clone(&log)));
            }
        });
        Self { port, authority, heard, script, _tasks: tasks }
    }

    /// What the next conversations are.
    pub(in crate::probe) fn play_now(&self, acts: &'static [Act]) {
        *self.script.lock().unwrap() = acts;
    }

    /// The lines it heard.
    pub(in crate::probe) fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }

    /// A check of it: `server` and what stands beside it, of a kind.
    pub(in crate::probe) fn check(&self, kind: &str, mode: &str, login: Value, beside: &Value) -> Check {
        let tls = TlsParams { authority: Some(self.authority.clone()), name: None, warn_ms: None };
        let mut server = json!({ "address": format!("127.0.0.1:{}", self.port), "mode": mode, "tls": tls });
        if !login.is_null() {
            server["login"] = login;
        }
        let mut probe = json!({ "kind": kind, "server": server });
        for (key, value) in beside.as_object().into_iter().flatten() {
            probe[key] = value.clone();
        }
        let probe: Probe = serde_json::from_value(probe).unwrap();
        let mut spec = CheckSpec { probe, ..spec() };
        (spec.timing.timeout_ms, spec.timing.every_ms, spec.timing.attempts) = (4_000, 60_000, 1);
        Check::new(spec).unwrap()
    }
}

/// Surroundings with one secret, `posta`, that may go to a peer.
pub(in crate::probe) fn with_secret(
    folder: &std::path::Path,
    secret: &str,
    origins: &[String],
) -> Surroundings {
    std::fs::write(folder.join("posta"), secret).unwrap();
    std::fs::write(folder.join("posta.for"), origins.join("\n")).unwrap();
    Surroundings { secrets: SecretsDirectory::new(folder), ..surroundings() }
}

pub(in crate::probe) fn fact<'o>(outcome: &'o Outcome, name: &str) -> &'o str {
    outcome.evidence.facts.iter().find(|fact| fact.name == name).map_or("", |fact| fact.value.as_str())
}

pub(in crate::probe) fn phases(outcome: &Outcome) -> Vec<&str> {
    outcome.evidence.phases.iter().map(|phase| phase.name.as_str()).collect()
}

fn acceptor() -> (TlsAcceptor, String) {
    let mut above = CertificateParams::new(Vec::new()).unwrap();
    above.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = CertifiedIssuer::self_signed(above, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let leaf =
        CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der().clone()], key)
        .unwrap();
    (TlsAcceptor::from(Arc::new(config)), issuer.pem())
}

async fn play(
    acts: &'static [Act],
    mut stream: Box<dyn Stream>,
    acceptor: TlsAcceptor,
    log: Arc<Mutex<Vec<String>>>,
) {
    for act in acts {
        match act {
            Act::Say(text) => {
                let _ = stream.write_all(text.replace('\n', "\r\n").as_bytes()).await;
                let _ = stream.flush().await;
            }
            Act::Hear => {
                let mut line = Vec::new();
                while !line.ends_with(b"\r\n") {
                    match stream.read_u8().await {
                        Ok(byte) => line.push(byte),
                        Err(_) => return,
                    }
                }
                log.lock().unwrap().push(String::from_utf8_lossy(&line).trim_end().to_owned());
            }
            Act::Pause => sleep(Duration::from_millis(20)).await,
            Act::Tls => match acceptor.accept(stream).await {
                Ok(secured) => stream = Box::new(secured),
                Err(_) => return,
            },
            Act::Babble => while stream.write_all(&[b'x'; 8_192]).await.is_ok() {},
            Act::Close => return,
        }
    }
    std::future::pending::<()>().await;
}
