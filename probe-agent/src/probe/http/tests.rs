//! Reading the URL and judging the status, by tables; and servers that misbehave.

use std::net::SocketAddr;
use std::time::Duration;

use collector_api::{Reason, Verdict};
use config::{CheckSpec, Family, HostPort, HttpParams, Probe, TlsParams};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::{Http, StatusPattern};
use crate::probe::tests::{self as probes, surroundings};
use crate::probe::{Check, Outcome};

fn params(url: &str) -> HttpParams {
    HttpParams {
        url: url.to_owned(),
        method: "GET".to_owned(),
        status: vec!["2xx".to_owned()],
        connect: None,
        tls: TlsParams::default(),
        family: Family::V4,
    }
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
        assert_eq!(http.address.to_string(), address);
        assert_eq!((http.host.as_str(), http.target.to_string().as_str()), (host, target));
        assert_eq!(http.tls.is_some(), url.starts_with("https"));
    }
    for bad in
        ["www.comune.example", "ftp://www.comune.example/", "http://", "http://a:b@www.example/", "x y"]
    {
        assert!(Http::new(&params(bad)).is_err(), "{bad}");
    }
}

#[test]
fn statuses_are_judged_by_the_list() {
    for (pattern, status, expected) in [
        ("2xx", 200, true),
        ("2xx", 204, true),
        ("2xx", 301, false),
        ("200", 200, true),
        ("200", 201, false),
        ("5xx", 503, true),
        ("401", 401, true),
    ] {
        assert_eq!(StatusPattern::parse(pattern).unwrap().holds(status), expected, "{pattern} {status}");
    }
    for bad in ["", "xx", "6xx", "0xx", "99", "600", "20x", "2xxx"] {
        assert_eq!(StatusPattern::parse(bad), None, "{bad}");
    }
}

/// Serves `answer` to every request over plain TCP; an empty answer hangs up, none stays silent.
async fn serve(answer: Option<Vec<u8>>) -> (SocketAddr, JoinSet<()>) {
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

async fn speak<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S, answer: Option<&[u8]>) {
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
    let spec = CheckSpec { probe: Probe::Http(params), ..probes::spec() };
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
            Reason::AssertStatus,
        ),
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
    let (address, _tasks) = serve(Some(long)).await;
    let outcome = get(params(&format!("http://{address}/"))).await;
    assert_eq!((outcome.verdict, fact(&outcome, "body")), (Verdict::Up, "cut at the cap"), "{outcome:?}");
}

#[tokio::test]
async fn phases_and_facts_are_told() {
    let (address, _tasks) = serve(Some(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok".to_vec())).await;
    let outcome = get(params(&format!("http://{address}/"))).await;
    assert_eq!(phases(&outcome), ["connect", "processing", "transfer"]);
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
    let mut spec = CheckSpec { probe: Probe::Http(params(&format!("http://{address}/"))), ..probes::spec() };
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
struct Pki {
    authority_pem: String,
    server: ServerConfig,
}

/// `days` are (year, month) of the leaf's validity.
fn pki(names: &[&str], from: (i32, u8), to: (i32, u8)) -> Pki {
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

async fn serve_tls(server: ServerConfig) -> (u16, JoinSet<()>) {
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
    assert_eq!(phases(&outcome), ["connect", "tls", "processing", "transfer"]);
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
