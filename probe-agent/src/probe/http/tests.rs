//! Servers that misbehave on loopback, each with its exact reason; the judgements have tables of their own.

use std::net::SocketAddr;
use std::time::Duration;

use collector_api::{Reason, Verdict};
use config::{CheckSpec, HostPort, HttpParams, Probe, TlsParams};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, CustomExtension, DnType, IsCa, KeyPair,
    date_time_ymd,
};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::Http;
use crate::probe::tests::{self as probes, surroundings};
use crate::probe::{Asker as _, Check, Outcome};

fn params(url: &str) -> HttpParams {
    serde_json::from_value(serde_json::json!({ "url": url })).unwrap()
}

#[test]
fn urls_are_read_once() {
    for (url, address, host, target) in [
        ("http://www.comune.example", "www.comune.example:80", "www.comune.example", "/"),
        ("https://www.comune.example/a?b=c", "www.comune.example:443", "www.comune.example", "/a?b=c"),
        ("http://www.comune.example:8080/", "www.comune.example:8080", "www.comune.example:8080", "/"),
        ("https://[2001:db8::1]:8443/x", "[2001:db8::1]:8443", "[2001:db8::1]:8443", "/x"),
    ] {
        let http = Http::new(&params(url)).unwrap();
        assert_eq!(http.address().to_string(), address);
        assert_eq!((http.place.host.as_str(), http.place.target.to_string().as_str()), (host, target));
        assert_eq!(http.place.name.is_some(), url.starts_with("https"));
    }
    for bad in
        ["www.comune.example", "ftp://www.comune.example/", "http://", "http://a:b@www.example/", "x y"]
    {
        assert!(Http::new(&params(bad)).is_err(), "{bad}");
    }
}

/// Serves `answer` to every request over plain TCP; an empty answer hangs up, none stays silent.
pub(in crate::probe) async fn serve(answer: Option<Vec<u8>>) -> (SocketAddr, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            speak(stream, answer.as_deref()).await;
        }
    });
    (address, tasks)
}

pub(in crate::probe) async fn speak<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S, answer: Option<&[u8]>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return,
        }
    }
    match answer {
        // The prober hangs up at its deadline.
        None => drop(stream.read_u8().await),
        Some(bytes) => {
            let _ = stream.write_all(bytes).await;
            let _ = stream.shutdown().await;
        }
    }
}

async fn get(params: HttpParams) -> Outcome {
    let spec = CheckSpec { probe: Probe::Http(Box::new(params)), ..probes::spec() };
    Check::new(spec).unwrap().run(&surroundings()).await
}

fn phases(outcome: &Outcome) -> Vec<&str> {
    outcome.evidence.phases.iter().map(|phase| phase.name.as_str()).collect()
}

fn fact<'a>(outcome: &'a Outcome, name: &str) -> &'a str {
    outcome.evidence.facts.iter().find(|fact| fact.name == name).map_or("", |fact| &fact.value)
}

#[tokio::test]
async fn each_manner_of_a_server_has_its_reason() {
    let long = [b"HTTP/1.1 200 OK\r\n\r\n".to_vec(), vec![b'x'; 2 << 20]].concat();
    for (answer, verdict, reason) in [
        (Some("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"), Verdict::Up, Reason::None),
        (Some("HTTP/1.1 204 No Content\r\n\r\n"), Verdict::Up, Reason::None),
        (Some("HTTP/1.0 200 OK\r\n\r\nuntil the end"), Verdict::Up, Reason::None),
        (
            Some("HTTP/1.1 301 Moved\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n"),
            Verdict::Down,
            Reason::AssertRedirect,
        ),
        (Some("HTTP/1.1 301 Moved\r\nContent-Length: 0\r\n\r\n"), Verdict::Down, Reason::AssertStatus),
        (Some("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"), Verdict::Down, Reason::AssertStatus),
        (Some("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort"), Verdict::Down, Reason::ProtoClosedEarly),
        (Some("SSH-2.0-OpenSSH_9.2\r\n"), Verdict::Down, Reason::ProtoMalformed),
        (Some(""), Verdict::Down, Reason::ProtoClosedEarly),
        (None, Verdict::Down, Reason::ProtoTimeout),
    ] {
        let (address, _tasks) = serve(answer.map(|text| text.as_bytes().to_vec())).await;
        let outcome = get(params(&format!("http://{address}/"))).await;
        assert_eq!((outcome.verdict, outcome.reason), (verdict, reason), "{answer:?}: {outcome:?}");
    }
    let endless_head = format!("HTTP/1.1 200 OK\r\nX: {}", "x".repeat(1 << 20)).into_bytes();
    let (address, _tasks) = serve(Some(endless_head)).await;
    let outcome = get(params(&format!("http://{address}/"))).await;
    assert_eq!((outcome.verdict, outcome.reason), (Verdict::Down, Reason::ProtoMalformed), "{outcome:?}");
    let (address, _tasks) = serve(Some(long)).await;
    let outcome = get(params(&format!("http://{address}/"))).await;
    assert_eq!((outcome.verdict, fact(&outcome, "body")), (Verdict::Up, "cut at the cap"), "{outcome:?}");
}

#[tokio::test]
async fn phases_and_facts_are_told() {
    let (address, _tasks) = serve(Some(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok".to_vec())).await;
    let outcome = get(params(&format!("http://{address}/"))).await;
    assert_eq!(phases(&outcome), ["connect", "write", "processing", "transfer"]);
    assert_eq!((fact(&outcome, "status"), fact(&outcome, "bytes")), ("200", "2"));
    assert_eq!(outcome.evidence.remote, address.to_string());
}

#[tokio::test]
async fn the_address_can_be_pinned_and_the_name_stays() {
    let (address, _tasks) = serve(Some(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".to_vec())).await;
    let connect = HostPort { host: "127.0.0.1".to_owned(), port: address.port() };
    let outcome = get(HttpParams { connect: Some(connect), ..params("http://www.comune.example/") }).await;
    assert_eq!(outcome.verdict, Verdict::Up, "{outcome:?}");
}

#[tokio::test]
async fn slowness_shows_beyond_warn() {
    let (address, _tasks) = serve(Some(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".to_vec())).await;
    let mut spec =
        CheckSpec { probe: Probe::Http(Box::new(params(&format!("http://{address}/")))), ..probes::spec() };
    spec.timing.warn_ms = Some(0);
    let outcome = Check::new(spec.clone()).unwrap().run(&surroundings()).await;
    assert_eq!((outcome.verdict, outcome.reason), (Verdict::Degraded, Reason::Slow));
    spec.timing.crit_ms = Some(0);
    let outcome = Check::new(spec).unwrap().run(&surroundings()).await;
    assert_eq!(
        (outcome.verdict, outcome.reason, outcome.attempts),
        (Verdict::Down, Reason::AssertLatency, 1)
    );
}

/// An authority and a server certificate it signed.
pub(in crate::probe) struct Pki {
    pub authority_pem: String,
    pub server: ServerConfig,
}

/// `days` are (year, month) of the leaf's validity.
pub(in crate::probe) fn pki(names: &[&str], from: (i32, u8), to: (i32, u8)) -> Pki {
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
    let mut leaf = CertificateParams::new(names).unwrap();
    leaf.not_before = date_time_ymd(from.0, from.1, 1);
    leaf.not_after = date_time_ymd(to.0, to.1, 1);
    let key = KeyPair::generate().unwrap();
    let certificate = leaf.signed_by(&key, &authority).unwrap();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let server = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    Pki { authority_pem: authority.pem(), server }
}

pub(in crate::probe) async fn serve_tls(server: ServerConfig) -> (u16, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let acceptor = TlsAcceptor::from(std::sync::Arc::new(server));
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            if let Ok(stream) = acceptor.accept(stream).await {
                speak(stream, Some(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")).await;
            }
        }
    });
    (port, tasks)
}

async fn get_tls(port: u16, authority: &str) -> Outcome {
    let connect = HostPort { host: "127.0.0.1".to_owned(), port };
    let tls = TlsParams { authority: Some(authority.to_owned()), ..TlsParams::default() };
    get(HttpParams { connect: Some(connect), tls, ..params("https://www.comune.example/") }).await
}

#[tokio::test]
async fn a_body_may_end_with_its_tls_connection_but_not_before_its_length() {
    for (answer, verdict, reason, is_told) in [
        ("HTTP/1.0 200 OK\r\n\r\nbenvenuti", Verdict::Up, Reason::None, true),
        ("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort", Verdict::Down, Reason::ProtoClosedEarly, false),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n",
            Verdict::Down,
            Reason::ProtoClosedEarly,
            false,
        ),
        ("HTTP/1.1 200 OK\r\nContent-", Verdict::Down, Reason::ProtoClosedEarly, false),
    ] {
        let Pki { authority_pem, server } = pki(&["www.comune.example"], (2020, 1), (2090, 1));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let acceptor = TlsAcceptor::from(std::sync::Arc::new(server));
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let Ok(mut stream) = acceptor.accept(stream).await else { continue };
                let mut head = [0; 4_096];
                let _ = stream.read(&mut head).await;
                let _ = stream.write_all(answer.as_bytes()).await;
                let _ = stream.flush().await;
                // The connection below it ends; TLS is not told.
                let _ = stream.get_mut().0.shutdown().await;
            }
        });
        let outcome = get_tls(port, &authority_pem).await;
        assert_eq!((outcome.verdict, outcome.reason), (verdict, reason), "{answer:?}: {outcome:?}");
        assert_eq!(!fact(&outcome, "unclean_end").is_empty(), is_told, "{outcome:?}");
    }
}

/// 2020-02-01, in Unix ms.
const FEBRUARY_2020_MS: i64 = 1_580_515_200_000;

#[tokio::test]
async fn each_defect_of_a_certificate_has_its_reason() {
    let good = (&["www.comune.example"][..], (2020, 1), (2090, 1));
    for ((names, from, to), reason) in [
        (good, Reason::None),
        ((&["*.comune.example"][..], (2020, 1), (2090, 1)), Reason::None),
        ((&["www.comune.example"][..], (2020, 1), (2020, 2)), Reason::TlsExpired),
        ((&["www.comune.example"][..], (2089, 1), (2090, 1)), Reason::TlsNotYetValid),
        ((&["intranet.comune.example"][..], (2020, 1), (2090, 1)), Reason::TlsNameMismatch),
    ] {
        let Pki { authority_pem, server } = pki(names, from, to);
        let (port, _tasks) = serve_tls(server).await;
        let outcome = get_tls(port, &authority_pem).await;
        assert_eq!(outcome.reason, reason, "{names:?} {outcome:?}");
        assert_eq!(outcome.attempts, 1, "a certificate is no chance");
        let shown = outcome.evidence.tls.expect("shown also when it does not verify");
        assert_eq!(shown.verified, reason == Reason::None);
        assert_eq!((shown.version.as_str(), shown.fingerprint.len()), ("TLSv1.3", 32));
        if reason == Reason::TlsExpired {
            assert_eq!(shown.not_after_ms, FEBRUARY_2020_MS);
        }
    }
    let (port, _tasks) = serve_tls(pki(good.0, good.1, good.2).server).await;
    let stranger = pki(good.0, good.1, good.2).authority_pem;
    let outcome = get_tls(port, &stranger).await;
    assert_eq!((outcome.verdict, outcome.reason), (Verdict::Down, Reason::TlsUntrusted), "{outcome:?}");
    assert_eq!(outcome.evidence.phase_failed, "tls");
}

#[tokio::test]
async fn tls_phases_are_told() {
    let Pki { authority_pem, server } = pki(&["www.comune.example"], (2020, 1), (2090, 1));
    let (port, _tasks) = serve_tls(server).await;
    let outcome = get_tls(port, &authority_pem).await;
    assert_eq!(phases(&outcome), ["connect", "tls", "write", "processing", "transfer"]);
}

#[tokio::test]
async fn a_server_that_does_not_speak_tls_has_its_reason() {
    let Pki { authority_pem, .. } = pki(&["www.comune.example"], (2020, 1), (2090, 1));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let _ = stream.write_all(b"220 mail.comune.example ESMTP\r\n").await;
        }
    });
    let outcome = get_tls(port, &authority_pem).await;
    assert_eq!(outcome.reason, Reason::TlsProtocol, "{outcome:?}");
    assert_eq!(outcome.evidence.tls, None);
}

#[tokio::test]
async fn a_server_that_accepts_and_is_silent_times_out_in_tls() {
    let Pki { authority_pem, .. } = pki(&["www.comune.example"], (2020, 1), (2090, 1));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let outcome = get_tls(port, &authority_pem).await;
    assert_eq!((outcome.verdict, outcome.reason), (Verdict::Down, Reason::TlsTimeout), "{outcome:?}");
    assert_eq!(outcome.attempts, 3);
    drop(listener);
}

#[tokio::test]
async fn a_server_that_wants_a_client_certificate_answers_with_an_alert() {
    let Pki { authority_pem, server } = pki(&["www.comune.example"], (2020, 1), (2090, 1));
    let mut roots = rustls::RootCertStore::empty();
    for certificate in rustls_pki_certificates(&authority_pem) {
        roots.add(certificate).unwrap();
    }
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let wants = rustls::server::WebPkiClientVerifier::builder_with_provider(
        std::sync::Arc::new(roots),
        std::sync::Arc::clone(&provider),
    )
    .build()
    .unwrap();
    let server = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(wants)
        .with_cert_resolver(server.cert_resolver);
    let (port, _tasks) = serve_tls(server).await;
    let outcome = get_tls(port, &authority_pem).await;
    assert_eq!(outcome.reason, Reason::TlsAlert, "{outcome:?}");
}

fn rustls_pki_certificates(pem: &str) -> Vec<rustls::pki_types::CertificateDer<'static>> {
    use rustls::pki_types::pem::PemObject as _;
    rustls::pki_types::CertificateDer::pem_slice_iter(pem.as_bytes()).map(Result::unwrap).collect()
}

#[tokio::test]
async fn an_authority_that_is_none_is_the_charters_fault() {
    let outcome = tokio::time::timeout(Duration::from_secs(5), async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        get_tls(listener.local_addr().unwrap().port(), "not PEM").await
    })
    .await
    .unwrap();
    assert_eq!((outcome.verdict, outcome.reason), (Verdict::Unknown, Reason::AgentConfigInvalid));
}

/// `for` the portal, by an intermediate, with the place where that can be fetched in it: leaf, intermediate, key.
fn below(authority: &CertifiedIssuer<'_, KeyPair>) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
    let mut middle = CertificateParams::new(Vec::new()).unwrap();
    middle.distinguished_name.push(DnType::CommonName, "intermediate");
    middle.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let middle = CertifiedIssuer::signed_by(middle, KeyPair::generate().unwrap(), authority).unwrap();
    let mut leaf = CertificateParams::new(vec!["www.comune.example".to_owned()]).unwrap();
    leaf.distinguished_name.push(DnType::CommonName, "www");
    leaf.not_after = date_time_ymd(2090, 1, 1);
    let place = b"\x30\x17\x30\x15\x06\x08\x2b\x06\x01\x05\x05\x07\x30\x02\x86\x09http://a/";
    let access = CustomExtension::from_oid_content(&[1, 3, 6, 1, 5, 5, 7, 1, 1], place.to_vec());
    leaf.custom_extensions = vec![access];
    let key = KeyPair::generate().unwrap();
    let leaf = leaf.signed_by(&key, &middle).unwrap();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    (vec![leaf.der().clone(), middle.der().clone()], key)
}

fn server_of(chain: Vec<CertificateDer<'static>>, key: PrivateKeyDer<'static>) -> ServerConfig {
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let builder =
        ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    builder.with_no_client_auth().with_single_cert(chain, key).unwrap()
}

#[tokio::test]
async fn a_missing_intermediate_is_told_from_an_unknown_authority() {
    let mut root = CertificateParams::new(Vec::new()).unwrap();
    root.distinguished_name.push(DnType::CommonName, "root");
    root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root = CertifiedIssuer::self_signed(root, KeyPair::generate().unwrap()).unwrap();
    let (chain, key) = below(&root);
    let (port, _whole) = serve_tls(server_of(chain.clone(), key.clone_key())).await;
    assert_eq!(get_tls(port, &root.pem()).await.reason, Reason::None);
    let stranger = pki(&["www.comune.example"], (2020, 1), (2090, 1)).authority_pem;
    assert_eq!(get_tls(port, &stranger).await.reason, Reason::TlsUntrusted);
    let (port, _bare) = serve_tls(server_of(chain[..1].to_vec(), key)).await;
    let outcome = get_tls(port, &root.pem()).await;
    assert_eq!((outcome.verdict, outcome.reason), (Verdict::Down, Reason::TlsChainIncomplete), "{outcome:?}");
    let shown = outcome.evidence.tls.unwrap();
    assert!(!shown.verified && shown.not_after_ms > 0 && shown.path_not_after_ms == 0);
    assert!(shown.issuer.contains("CN=intermediate"), "{shown:?}");
}

#[tokio::test]
async fn a_certificate_that_ends_soon_is_degraded_and_the_page_is_still_judged() {
    let Pki { authority_pem, server } = pki(&["www.comune.example"], (2020, 1), (2090, 1));
    let (port, _tasks) = serve_tls(server).await;
    let ask = async |status: &str, warn_ms: u64| {
        let connect = HostPort { host: "127.0.0.1".to_owned(), port };
        let authority = Some(authority_pem.clone());
        let tls = TlsParams { authority, warn_ms: Some(warn_ms), ..TlsParams::default() };
        let status = vec![status.to_owned()];
        get(HttpParams { connect: Some(connect), tls, status, ..params("https://www.comune.example/") }).await
    };
    let century_ms = 100 * 365 * 86_400_000;
    let outcome = ask("2xx", century_ms).await;
    assert_eq!((outcome.verdict, outcome.reason), (Verdict::Degraded, Reason::TlsExpiring), "{outcome:?}");
    assert!(outcome.evidence.detail.starts_with("expires on 2090-01-01, in "), "{}", outcome.evidence.detail);
    assert!(outcome.evidence.tls.unwrap().verified);
    assert_eq!(ask("204", century_ms).await.reason, Reason::AssertStatus, "what is worse counts");
    assert_eq!(ask("2xx", 0).await.reason, Reason::None);
}

#[tokio::test]
async fn a_self_signed_certificate_can_be_pinned() {
    let mut own = CertificateParams::new(vec!["www.comune.example".to_owned()]).unwrap();
    own.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    own.not_after = date_time_ymd(2090, 1, 1);
    let key = KeyPair::generate().unwrap();
    let own = own.self_signed(&key).unwrap();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let (port, _tasks) = serve_tls(server_of(vec![own.der().clone()], key)).await;
    assert_eq!(get_tls(port, &own.pem()).await.reason, Reason::None);
    let stranger = pki(&["www.comune.example"], (2020, 1), (2090, 1)).authority_pem;
    let outcome = get_tls(port, &stranger).await;
    assert_eq!(outcome.reason, Reason::TlsUntrusted);
    assert!(outcome.evidence.detail.starts_with("self-signed"), "{}", outcome.evidence.detail);
}

#[tokio::test]
async fn alerts_and_hang_ups_in_the_handshake_have_their_reason() {
    let Pki { authority_pem, .. } = pki(&["www.comune.example"], (2020, 1), (2090, 1));
    for (answer, reason) in [
        // A fatal alert: protocol_version (70), handshake_failure (40), unrecognized_name (112).
        (&b"\x15\x03\x01\x00\x02\x02\x46"[..], Reason::TlsVersion),
        (b"\x15\x03\x03\x00\x02\x02\x28", Reason::TlsAlert),
        (b"\x15\x03\x03\x00\x02\x02\x70", Reason::TlsAlert),
        // The hello of a server that speaks TLS 1.0 only.
        (
            b"\x16\x03\x01\x00\x2a\x02\x00\x00\x26\x03\x0100000000000000000000000000000000\x00\x00\x2f\x00",
            Reason::TlsVersion,
        ),
        (b"", Reason::TlsProtocol),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut hello = [0; 4_096];
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let _ = stream.read(&mut hello).await;
                let _ = stream.write_all(answer).await;
                let _ = stream.shutdown().await;
            }
        });
        let outcome = get_tls(port, &authority_pem).await;
        assert_eq!(outcome.reason, reason, "{answer:?} {outcome:?}");
        assert_eq!(outcome.evidence.phase_failed, "tls");
        let is_told = outcome.evidence.detail.starts_with("no common parameters; this agent speaks ECDHE");
        assert_eq!(is_told, answer.ends_with(b"\x02\x28"), "{outcome:?}");
    }
}
