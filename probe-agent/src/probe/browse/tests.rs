//! Proxies, filters and inspectors on loopback, each with its exact reason: probes.md's row of proxies among them.

use std::sync::{Arc, Mutex};

use collector_api::Verdict;
use config::CheckSpec;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::*;
use crate::probe::http::tests::{Pki, pki, serve, serve_tls};
use crate::probe::{Check, Outcome, tests as probes};
use crate::secrets::SecretsDirectory;

/// The name of every site here: this agent cannot resolve it, the proxy can.
const SITE: &str = "uno.example";

/// A proxy that answers CONNECT, and plain requests, with these words, or passes everything to one port.
struct FakeProxy {
    port: u16,
    asked: Arc<Mutex<Vec<String>>>,
    _tasks: JoinSet<()>,
}

impl FakeProxy {
    async fn open(answer: &'static str, behind: Option<u16>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&asked);
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    match stream.read_u8().await {
                        Ok(byte) => head.push(byte),
                        Err(_) => break,
                    }
                }
                let head = String::from_utf8(head).unwrap();
                let is_tunnel = head.starts_with("CONNECT");
                log.lock().unwrap().push(head.clone());
                if is_tunnel || behind.is_none() {
                    let _ = stream.write_all(answer.as_bytes()).await;
                }
                if let Some(behind) = behind {
                    let mut site = TcpStream::connect(("127.0.0.1", behind)).await.unwrap();
                    if !is_tunnel {
                        site.write_all(head.as_bytes()).await.unwrap();
                    }
                    let _ = copy_bidirectional(&mut stream, &mut site).await;
                }
                let _ = stream.shutdown().await;
            }
        });
        Self { port, asked, _tasks: tasks }
    }

    /// Passes all to a site.
    async fn to(behind: u16) -> Self {
        Self::open("HTTP/1.1 200 Connection established\r\n\r\n", Some(behind)).await
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn check(parameters: Value) -> Check {
    let Value::Object(mut parameters) = parameters else { panic!("an object") };
    parameters.insert("kind".to_owned(), json!("browse"));
    let probe = serde_json::from_value(Value::Object(parameters)).unwrap();
    let mut spec = CheckSpec { probe, measures_path: true, ..probes::spec() };
    (spec.timing.attempts, spec.timing.timeout_ms) = (1, 2_000);
    spec.timing.every_ms = 60_000;
    Check::new(spec).unwrap()
}

async fn ask(parameters: Value) -> Outcome {
    check(parameters).run(&probes::surroundings()).await
}

fn through(proxy: u16) -> Value {
    json!({ "address": format!("127.0.0.1:{proxy}") })
}

fn fact<'a>(outcome: &'a Outcome, name: &str) -> &'a str {
    outcome.evidence.facts.iter().find(|fact| fact.name == name).map_or("", |fact| &fact.value)
}

fn authority(pki: &Pki) -> Value {
    json!({ "authority": pki.authority_pem })
}

#[tokio::test]
async fn the_proxy_resolves_the_name_and_the_site_is_asked_through_it() {
    let site = pki(&[SITE], (2020, 1), (2090, 1));
    let trusted = authority(&site);
    let (port, _site) = serve_tls(site.server).await;
    let proxy = FakeProxy::to(port).await;
    let outcome =
        ask(json!({ "url": "https://uno.example/", "proxy": through(proxy.port), "tls": trusted })).await;
    assert_eq!((outcome.verdict, outcome.reason), (Verdict::Up, Reason::None), "{outcome:?}");
    let phases: Vec<&str> = outcome.evidence.phases.iter().map(|phase| phase.name.as_str()).collect();
    assert_eq!(phases, ["proxy_connect", "proxy_reply", "tls", "write", "processing", "transfer"]);
    assert!(proxy.asked()[0].starts_with("CONNECT uno.example:443 HTTP/1.1\r\nHost: uno.example:443\r\n"));

    let (address, _plain) = serve(Some(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok".to_vec())).await;
    let proxy = FakeProxy::to(address.port()).await;
    let outcome = ask(json!({ "url": "http://uno.example/a?b=c", "proxy": through(proxy.port) })).await;
    assert_eq!(outcome.verdict, Verdict::Up, "{outcome:?}");
    assert!(proxy.asked()[0].starts_with("GET http://uno.example/a?b=c HTTP/1.1\r\n"), "{:?}", proxy.asked());
}

#[tokio::test]
async fn what_the_proxy_says_itself_has_its_reason() {
    let squid = |status: &str, error: &str| -> &'static str {
        format!("HTTP/1.1 {status}\r\nVia: 1.1 p\r\nX-Squid-Error: {error} 0\r\nContent-Length: 0\r\n\r\n")
            .leak()
    };
    for (url, answer, reason) in [
        (
            "https://uno.example/",
            "HTTP/1.1 407 x\r\nProxy-Authenticate: Basic\r\n\r\n",
            Reason::ProxyAuthRequired,
        ),
        ("https://uno.example/", "HTTP/1.1 403 Forbidden\r\n\r\n", Reason::ProxyDenied),
        ("https://uno.example/", "HTTP/1.1 502 Bad Gateway\r\n\r\n", Reason::ProxyBadGateway),
        ("https://uno.example/", squid("503 x", "ERR_DNS_FAIL"), Reason::ProxyBadGateway),
        ("https://uno.example/", "HTTP/1.1 400 Bad\r\n\r\n", Reason::ProtoUnexpectedReply),
        ("https://uno.example/", "SSH-2.0-OpenSSH_9.2\r\n\r\n", Reason::ProtoMalformed),
        ("https://uno.example/", "HTTP/1.1 200 OK\r\n\r\n\x16\x03\x03", Reason::ProtoUnexpectedReply),
        ("https://uno.example/", "", Reason::ProtoClosedEarly),
        ("https://uno.example/", "HTTP/1.1 200 OK\r\n\r\n", Reason::TlsProtocol),
        ("http://uno.example/", "HTTP/1.1 407 x\r\nContent-Length: 0\r\n\r\n", Reason::ProxyAuthRequired),
        ("http://uno.example/", squid("403 x", "ERR_ACCESS_DENIED"), Reason::ProxyDenied),
        ("http://uno.example/", squid("503 x", "ERR_CONNECT_FAIL"), Reason::ProxyBadGateway),
        // These say nothing of a proxy: they are the site's.
        (
            "http://uno.example/",
            "HTTP/1.1 403 x\r\nVia: 1.1 p\r\nContent-Length: 0\r\n\r\n",
            Reason::AssertStatus,
        ),
        (
            "http://uno.example/",
            "HTTP/1.1 503 x\r\nVia: 1.1 p\r\nContent-Length: 0\r\n\r\n",
            Reason::AssertStatus,
        ),
    ] {
        let proxy = FakeProxy::open(answer, None).await;
        let outcome = ask(json!({ "url": url, "proxy": through(proxy.port) })).await;
        assert_eq!(
            (outcome.verdict, outcome.reason),
            (Verdict::Down, reason),
            "{url} {answer:?}: {outcome:?}"
        );
    }
    let endless = format!("HTTP/1.1 200 OK\r\nX: {}", "x".repeat(1 << 20)).leak();
    let proxy = FakeProxy::open(endless, None).await;
    let outcome = ask(json!({ "url": "https://uno.example/", "proxy": through(proxy.port) })).await;
    assert_eq!(outcome.reason, Reason::ProtoMalformed, "{outcome:?}");
}

#[tokio::test]
async fn a_proxy_that_is_not_there_has_its_reason() {
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let outcome = ask(json!({ "url": "https://uno.example/", "proxy": through(closed) })).await;
    assert_eq!((outcome.verdict, outcome.reason), (Verdict::Down, Reason::ProxyConnect), "{outcome:?}");
    assert_eq!(outcome.evidence.phase_failed, "proxy_connect");
    assert!(outcome.evidence.detail.starts_with("connect.refused: "));
    let unknown = json!({ "url": "https://uno.example/", "proxy": { "address": "proxy.example:3128" } });
    let outcome = ask(unknown).await;
    assert_eq!((outcome.verdict, outcome.reason), (Verdict::Down, Reason::ProxyResolve), "{outcome:?}");
    assert_eq!(outcome.evidence.phase_failed, "proxy_resolve");
    let (hole, _queued) = probes::black_hole().await;
    let outcome = ask(json!({ "url": "https://uno.example/", "proxy": through(hole.port()) })).await;
    assert_eq!(outcome.reason, Reason::ProxyConnect, "{outcome:?}");
    // It accepts, and never speaks.
    let (silent, _tasks) = serve(None).await;
    let outcome = ask(json!({ "url": "https://uno.example/", "proxy": through(silent.port()) })).await;
    assert_eq!(
        (outcome.reason, outcome.evidence.phase_failed.as_str()),
        (Reason::ProxyTimeout, "proxy_reply")
    );
    // An address that is forbidden stays so by any way.
    let outcome = ask(json!({ "url": "http://192.0.2.1/", "proxy": through(silent.port()) })).await;
    assert_eq!((outcome.verdict, outcome.reason), (Verdict::Unknown, Reason::AgentTargetForbidden));
}

#[tokio::test]
async fn credentials_go_to_the_proxy_alone_and_rest_after_a_rejection() {
    let folder = tempfile::tempdir().unwrap();
    let site = pki(&[SITE], (2020, 1), (2090, 1));
    let trusted = authority(&site);
    let (port, _site) = serve_tls(site.server).await;
    let proxy = FakeProxy::to(port).await;
    std::fs::write(folder.path().join("proxy"), "parola-segreta\n").unwrap();
    std::fs::write(folder.path().join("proxy.for"), format!("http://127.0.0.1:{}\n", proxy.port)).unwrap();
    let around = Surroundings { secrets: SecretsDirectory::new(folder.path()), ..probes::surroundings() };
    let way = |port| json!({ "address": format!("127.0.0.1:{port}"), "user": "sonda", "secret": "proxy" });
    let url = "https://uno.example/";
    let allowed = check(json!({ "url": url, "proxy": way(proxy.port), "tls": trusted }));
    let (outcome, transcript) = allowed.run_recorded(&around).await;
    assert_eq!(outcome.verdict, Verdict::Up, "{outcome:?}");
    // sonda:parola-segreta
    assert!(proxy.asked()[0].contains("Proxy-Authorization: Basic c29uZGE6cGFyb2xhLXNlZ3JldGE=\r\n"));
    let told = format!("{:?}", transcript.lines());
    assert!(!told.contains("c29uZGE6") && !told.contains("parola"), "{told}");

    let rejecting =
        FakeProxy::open("HTTP/1.1 407 x\r\nProxy-Authenticate: Basic realm=\"r\"\r\n\r\n", None).await;
    let outcome = check(json!({ "url": url, "proxy": way(rejecting.port) })).run(&around).await;
    assert_eq!(
        (outcome.verdict, outcome.reason),
        (Verdict::Unknown, Reason::AgentTargetForbidden),
        "{outcome:?}"
    );
    assert_eq!(rejecting.asked(), [""; 0], "nobody says that it may go there");
    std::fs::write(folder.path().join("proxy.for"), format!("http://127.0.0.1:{}\n", rejecting.port))
        .unwrap();
    let rejected = check(json!({ "url": url, "proxy": way(rejecting.port) }));
    for tries in [1, 1] {
        let outcome = rejected.run(&around).await;
        assert_eq!(
            (outcome.verdict, outcome.reason),
            (Verdict::Down, Reason::ProxyAuthRequired),
            "{outcome:?}"
        );
        assert_eq!(rejecting.asked().len(), tries);
    }
}

#[tokio::test]
async fn a_site_that_must_be_blocked_is_up_only_when_somebody_says_no() {
    const DENIED: &str =
        "HTTP/1.1 403 Forbidden\r\nX-Squid-Error: ERR_ACCESS_DENIED 0\r\nContent-Length: 0\r\n\r\n";
    const PAGE: &str = "HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\nSito BLOCCATO";
    const LED: &str =
        "HTTP/1.1 302 x\r\nLocation: http://filtro.example/bloccato?u=1\r\nContent-Length: 0\r\n\r\n";
    let up = (Verdict::Up, Reason::None);
    let down = |reason| (Verdict::Down, reason);
    for (url, expect, answer, expected) in [
        ("https://uno.example/", "blocked", DENIED, up),
        ("http://uno.example/", "blocked", DENIED, up),
        ("http://uno.example/", "blocked", PAGE, up),
        ("http://uno.example/", "blocked", LED, up),
        ("http://uno.example/", "open", DENIED, down(Reason::ProxyDenied)),
        ("http://uno.example/", "open", PAGE, down(Reason::ProxyBlockpage)),
        ("http://uno.example/", "open", LED, down(Reason::ProxyBlockpage)),
        (
            "http://uno.example/",
            "blocked",
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
            down(Reason::ProxyOpen),
        ),
        (
            "http://uno.example/",
            "blocked",
            "HTTP/1.1 404 x\r\nContent-Length: 0\r\n\r\n",
            down(Reason::ProxyOpen),
        ),
        (
            "http://uno.example/",
            "blocked",
            "HTTP/1.1 407 x\r\nContent-Length: 0\r\n\r\n",
            down(Reason::ProxyAuthRequired),
        ),
        ("https://uno.example/", "blocked", "HTTP/1.1 503 x\r\n\r\n", down(Reason::ProxyBadGateway)),
        ("https://uno.example/", "blocked", "", down(Reason::ProtoClosedEarly)),
    ] {
        let proxy = FakeProxy::open(answer, None).await;
        let outcome = ask(json!({
            "url": url, "proxy": through(proxy.port), "expect": expect, "block_page": ["bloccato"],
        }))
        .await;
        assert_eq!((outcome.verdict, outcome.reason), expected, "{url} {expect} {answer:?}: {outcome:?}");
        assert_eq!(fact(&outcome, "blocked").is_empty(), expected != up);
    }
}

#[tokio::test]
async fn who_opens_tls_on_the_way_is_known_by_its_authority_and_its_name() {
    let site = pki(&[SITE], (2020, 1), (2090, 1));
    let inspector = pki(&[SITE], (2020, 1), (2090, 1));
    let (of_site, of_inspector) = (authority(&site), inspector.authority_pem.clone());
    let (site_port, _site) = serve_tls(site.server).await;
    let (inspector_port, _inspector) = serve_tls(inspector.server).await;
    let stranger = pki(&[SITE], (2020, 1), (2090, 1));
    let (stranger_port, _stranger) = serve_tls(stranger.server).await;
    let up = (Verdict::Up, Reason::None);
    let degraded = (Verdict::Degraded, Reason::ProxyInterception);
    let by_authority = |expected: bool| json!({ "authority": of_inspector, "expected": expected });
    for (port, interception, expected) in [
        (inspector_port, by_authority(true), up),
        (site_port, by_authority(true), degraded),
        (site_port, by_authority(false), up),
        (inspector_port, by_authority(false), degraded),
        (stranger_port, by_authority(true), (Verdict::Down, Reason::TlsUntrusted)),
        (stranger_port, by_authority(false), (Verdict::Down, Reason::TlsUntrusted)),
        (site_port, json!({ "issuer": "RCGEN" }), up),
        (site_port, json!({ "issuer": "rcgen", "expected": false }), degraded),
        (site_port, json!({ "issuer": "altro" }), degraded),
        (site_port, json!({ "issuer": "altro", "expected": false }), up),
    ] {
        let proxy = FakeProxy::to(port).await;
        let outcome = ask(json!({
            "url": "https://uno.example/", "proxy": through(proxy.port), "tls": of_site, "interception": interception,
        }))
        .await;
        assert_eq!((outcome.verdict, outcome.reason), expected, "{interception}: {outcome:?}");
    }
}

#[test]
fn only_what_the_site_says_opens_it() {
    for (fault, has_proxy, expected) in [
        (Fault::new(Reason::ConnectReset, ""), false, None),
        (Fault::new(Reason::ConnectAdminProhibited, ""), false, None),
        (Fault::new(Reason::ConnectReset, ""), true, Some(Reason::ConnectReset)),
        (Fault::new(Reason::ConnectTimeout, ""), false, Some(Reason::ConnectTimeout)),
        (Fault::new(Reason::ResolveNxdomain, ""), false, Some(Reason::ResolveNxdomain)),
        (Fault::new(Reason::AssertStatus, ""), true, Some(Reason::ProxyOpen)),
        (Fault::new(Reason::LimitRate, ""), true, Some(Reason::ProxyOpen)),
        (Fault::degraded(Reason::TlsExpiring, ""), true, Some(Reason::ProxyOpen)),
        (Fault::new(Reason::TlsUntrusted, ""), true, Some(Reason::TlsUntrusted)),
        (Fault::new(Reason::AuthHeldBack, ""), true, Some(Reason::AuthHeldBack)),
    ] {
        let reason = fault.reason;
        let seen = judge_blocked(Err(fault), has_proxy, &mut Trace::begin());
        assert_eq!(seen.err().map(|fault| fault.reason), expected, "{reason}");
    }
}
