//! Programmable peers: what a portal does that should not, row by row of what probes must survive.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use collector_api::{Reason, Verdict};
use config::{CheckSpec, HostPort, HttpParams, Probe};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::probe::http::Bodies;
use crate::probe::tests::{self as probes, surroundings};
use crate::probe::{Check, Outcome, Surroundings};
use crate::secrets::SecretsDirectory;

/// A server of plain HTTP that answers by path, and remembers what it was asked.
struct Portal {
    port: u16,
    asked: Arc<Mutex<Vec<String>>>,
    _tasks: JoinSet<()>,
}

impl Portal {
    /// `answers` by path, or by method and path; every other path is 404.
    async fn open(answers: &[(&str, &str)]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let answers: HashMap<String, String> = answers
            .iter()
            .map(|(path, answer)| ((*path).to_owned(), answer.replace("PORT", &port.to_string())))
            .collect();
        let mut tasks = JoinSet::new();
        let log = Arc::clone(&asked);
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
                let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
                let asked = head.split(' ').take(2).collect::<Vec<_>>().join(" ");
                let length = head
                    .to_lowercase()
                    .lines()
                    .find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
                let mut body = vec![0; length.unwrap_or(0)];
                let _ = stream.read_exact(&mut body).await;
                log.lock().unwrap().push(head + &String::from_utf8_lossy(&body));
                let missing = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".to_owned();
                let _ = stream
                    .write_all(
                        answers.get(&asked).or_else(|| answers.get(&path)).unwrap_or(&missing).as_bytes(),
                    )
                    .await;
                let _ = stream.shutdown().await;
            }
        });
        Self { port, asked, _tasks: tasks }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    /// A check of `/`, with parameters beside the URL, and time enough on a busy machine.
    fn check(&self, parameters: Value) -> Check {
        self.check_within(5_000, parameters)
    }

    fn check_within(&self, timeout_ms: u64, parameters: Value) -> Check {
        let Value::Object(mut parameters) = parameters else { panic!("an object") };
        parameters.entry("url").or_insert_with(|| json!(format!("http://127.0.0.1:{}/", self.port)));
        let params: HttpParams = serde_json::from_value(Value::Object(parameters)).unwrap();
        let mut spec = CheckSpec { probe: Probe::Http(Box::new(params)), ..probes::spec() };
        (spec.timing.timeout_ms, spec.timing.every_ms) = (timeout_ms, 60_000);
        Check::new(spec).unwrap()
    }

    async fn ask(&self, parameters: Value) -> Outcome {
        self.check(parameters).run(&surroundings()).await
    }
}

fn page(text: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{text}", text.len())
}

fn redirect(to: &str) -> String {
    format!("HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n")
}

fn fact<'a>(outcome: &'a Outcome, name: &str) -> &'a str {
    outcome.evidence.facts.iter().find(|fact| fact.name == name).map_or("", |fact| &fact.value)
}

#[tokio::test]
async fn redirects_are_followed_and_their_phases_told_apart() {
    let portal = Portal::open(&[
        ("/", &redirect("/it")),
        ("/it", &redirect("http://127.0.0.1:PORT/it/home?session=abc")),
        ("/it/home?session=abc", &page("benvenuti")),
    ])
    .await;
    let outcome = portal.ask(json!({ "answer": { "text": ["Benvenuti"] } })).await;
    assert_eq!((outcome.verdict, outcome.reason), (Verdict::Up, Reason::None), "{outcome:?}");
    let phases: Vec<&str> = outcome.evidence.phases.iter().map(|phase| phase.name.as_str()).collect();
    assert_eq!(phases[..5], ["connect", "write", "processing", "transfer", "hop2.connect"]);
    assert_eq!(phases[11], "hop3.transfer");
    assert_eq!(fact(&outcome, "redirects"), "2");
    assert_eq!(
        fact(&outcome, "end"),
        format!("http://127.0.0.1:{}/it/home", portal.port),
        "without the session"
    );
}

#[tokio::test]
async fn redirects_that_nobody_wants_have_their_reason() {
    let portal = Portal::open(&[
        ("/", &redirect("/a")),
        ("/a", &redirect("/")),
        ("/away", &redirect("http://127.0.0.2:PORT/")),
        ("/down", &redirect("gopher://127.0.0.1/")),
        ("/1", &redirect("/2")),
        ("/2", &redirect("/3")),
        ("/3", &page("x")),
    ])
    .await;
    let url = |path: &str| format!("http://127.0.0.1:{}{path}", portal.port);
    for (parameters, reason, detail) in [
        (json!({}), Reason::AssertRedirect, "goes in circles"),
        (json!({ "url": url("/away") }), Reason::AssertRedirect, "leads to `127.0.0.2`, which"),
        (json!({ "url": url("/down") }), Reason::AssertRedirect, "leads to where nobody can go"),
        (json!({ "url": url("/1"), "redirects": { "max": 1 } }), Reason::AssertRedirect, "goes on after 1"),
        (json!({ "url": url("/1"), "redirects": { "max": 0 } }), Reason::AssertStatus, "302, expected 2xx"),
        (
            json!({ "url": url("/1"), "redirects": { "max": 5, "end": url("/4") } }),
            Reason::AssertRedirect,
            "ends at",
        ),
        (json!({ "url": url("/1"), "redirects": { "max": 5, "end": url("/3") } }), Reason::None, ""),
        (json!({ "url": url("/1"), "status": ["3xx"] }), Reason::None, ""),
    ] {
        let outcome = portal.ask(parameters.clone()).await;
        assert_eq!(outcome.reason, reason, "{parameters} {outcome:?}");
        assert!(outcome.evidence.detail.starts_with(detail), "{}", outcome.evidence.detail);
        assert_eq!(outcome.attempts, 1);
    }
}

/// A portal that sends round whoever has no cookie, as many do.
async fn cookie_portal() -> (u16, Arc<Mutex<Vec<String>>>, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (asked, mut tasks) = (Arc::new(Mutex::new(Vec::new())), JoinSet::new());
    let log = Arc::clone(&asked);
    tasks.spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                let Ok(byte) = stream.read_u8().await else { break };
                head.push(byte);
            }
            let head = String::from_utf8(head).unwrap();
            let answer = if head.contains("cookie: sid=abcdefgh1234") || head.starts_with("GET /fatto") {
                page("benvenuti")
            } else {
                let set = "Set-Cookie: sid=abcdefgh1234; Path=/; HttpOnly\r\n";
                redirect("/").replace("Content-Length", &format!("{set}Content-Length"))
            };
            log.lock().unwrap().push(head);
            let _ = stream.write_all(answer.as_bytes()).await;
            let _ = stream.shutdown().await;
        }
    });
    (port, asked, tasks)
}

#[tokio::test]
async fn a_portal_that_first_sets_a_cookie_works_and_the_cookie_is_masked() {
    let (port, asked, _tasks) = cookie_portal().await;
    let params = serde_json::from_value(json!({ "url": format!("http://127.0.0.1:{port}/") })).unwrap();
    let mut spec = CheckSpec { probe: Probe::Http(Box::new(params)), ..probes::spec() };
    spec.timing.timeout_ms = 1_900;
    let check = Check::new(spec).unwrap();
    let (outcome, transcript) = check.run_recorded(&surroundings()).await;
    assert_eq!((outcome.verdict, fact(&outcome, "redirects")), (Verdict::Up, "1"), "{outcome:?}");
    let lines: Vec<&str> = transcript.lines().iter().map(|line| line.text.as_str()).collect();
    let shown = lines.join("\n");
    assert!(shown.contains("sid=****") && !shown.contains("abcdefgh1234"), "{shown}");
    assert_eq!(check.run(&surroundings()).await.verdict, Verdict::Up);
    assert!(!asked.lock().unwrap()[2].contains("cookie"), "forgotten with its attempt");
}

#[tokio::test]
async fn a_form_that_leads_back_to_its_page_is_no_circle() {
    let there = "HTTP/1.1 303 See Other\r\nLocation: /\r\nContent-Length: 0\r\n\r\n";
    let portal = Portal::open(&[("POST /", there), ("/", &page("grazie"))]).await;
    let outcome = portal.ask(json!({ "method": "POST", "body": "a=b" })).await;
    assert_eq!((outcome.verdict, fact(&outcome, "redirects")), (Verdict::Up, "1"), "{outcome:?}");
    let asked = portal.asked();
    assert!(asked[1].starts_with("GET / ") && asked[1].ends_with("\r\n\r\n"), "{asked:?}");
}

#[tokio::test]
async fn a_pinned_address_stays_pinned_across_redirects_of_its_host() {
    let portal = Portal::open(&[
        ("/", &redirect("http://www.comune.example:PORT/it")),
        ("/it", &page("benvenuti")),
        ("/sso", &redirect("http://127.0.0.2:1/login")),
    ])
    .await;
    let connect = format!("127.0.0.1:{}", portal.port);
    let ask = async |url: &str, hosts: Value| {
        portal.ask(json!({ "url": url, "connect": connect, "redirects": { "max": 5, "hosts": hosts } })).await
    };
    // To `www.` and another port: names that only the pin knows.
    let outcome = ask("http://comune.example/", json!([])).await;
    assert_eq!((outcome.verdict, fact(&outcome, "redirects")), (Verdict::Up, "1"), "{outcome:?}");
    assert_eq!(outcome.evidence.remote, connect);
    let outcome = ask("http://comune.example/sso", json!([])).await;
    assert_eq!(outcome.reason, Reason::AssertRedirect, "{outcome:?}");
    let outcome = ask("http://comune.example/sso", json!(["127.0.0.2"])).await;
    assert_eq!(outcome.evidence.remote, "127.0.0.2:1", "who is named is at its own address: {outcome:?}");
}

#[tokio::test]
async fn evidence_of_many_hops_stays_within_its_limit() {
    let pages: Vec<(String, String)> = (0..10)
        .map(|hop| (format!("/{hop}"), redirect(&format!("/{}?{}", hop + 1, "x".repeat(200)))))
        .collect();
    let long = "x".repeat(200);
    let pages: Vec<(String, &str)> = pages
        .iter()
        .enumerate()
        .map(|(hop, (path, answer))| {
            (if hop == 0 { path.clone() } else { format!("{path}?{long}") }, answer.as_str())
        })
        .collect();
    let mut answers: Vec<(&str, &str)> =
        pages.iter().map(|(path, answer)| (path.as_str(), *answer)).collect();
    let (last, answer) = (format!("/10?{long}"), page("end"));
    answers.push((&last, &answer));
    let portal = Portal::open(&answers).await;
    let url = format!("http://127.0.0.1:{}/0", portal.port);
    let outcome = portal.ask(json!({ "url": url, "redirects": { "max": 10 } })).await;
    assert_eq!((outcome.verdict, fact(&outcome, "redirects")), (Verdict::Up, "10"), "{outcome:?}");
    assert!(prost::Message::encoded_len(&outcome.evidence) <= collector_api::limits::EVIDENCE_BYTES_MAX);
    let phases: Vec<&str> = outcome.evidence.phases.iter().map(|phase| phase.name.as_str()).collect();
    assert_eq!((phases.len(), phases[0], phases[23]), (24, "connect", "hop11.transfer"));
}

#[tokio::test]
async fn a_redirect_to_a_forbidden_address_is_not_followed() {
    let portal = Portal::open(&[("/", &redirect("http://169.254.169.254/latest/meta-data/"))]).await;
    let hosts = json!({ "redirects": { "max": 5, "hosts": ["169.254.169.254"] } });
    let outcome = portal.ask(hosts).await;
    assert_eq!(
        (outcome.verdict, outcome.reason),
        (Verdict::Unknown, Reason::AgentTargetForbidden),
        "{outcome:?}"
    );
    assert_eq!(outcome.evidence.remote, "169.254.169.254:80");
}

#[tokio::test]
async fn a_page_of_maintenance_that_answers_200_is_down() {
    let portal = Portal::open(&[("/", &page("<title>Sito in Manutenzione</title>"))]).await;
    let outcome = portal.ask(json!({ "answer": { "no_text": ["sito in manutenzione"] } })).await;
    assert_eq!(
        (outcome.verdict, outcome.reason),
        (Verdict::Down, Reason::AssertBodyForbidden),
        "{outcome:?}"
    );
    let outcome = portal.ask(json!({ "answer": { "text": ["Albo pretorio"] } })).await;
    assert_eq!((outcome.verdict, outcome.reason), (Verdict::Down, Reason::AssertBodyMissing), "{outcome:?}");
}

#[tokio::test]
async fn health_endpoints_are_judged_by_their_json() {
    let portal = Portal::open(&[("/", &page(r#"{"status":"DEGRADED","db":{"ok":true}}"#))]).await;
    let up = json!({ "answer": { "json": [{ "pointer": "/db/ok", "value": "true" }] } });
    assert_eq!(portal.ask(up).await.reason, Reason::None);
    let down = json!({ "answer": { "json": [{ "pointer": "/status", "value": "UP" }] } });
    let outcome = portal.ask(down).await;
    assert_eq!(outcome.reason, Reason::AssertJson);
    assert_eq!(outcome.evidence.detail, "`/status` is `DEGRADED`, expected `UP`");
}

#[tokio::test]
async fn a_server_that_is_asked_too_much_has_a_reason_of_its_own() {
    let busy = "HTTP/1.1 503 Busy\r\nRetry-After: 120\r\nContent-Length: 0\r\n\r\n";
    let portal = Portal::open(&[("/", busy)]).await;
    let outcome = portal.ask(json!({})).await;
    assert_eq!((outcome.verdict, outcome.reason, outcome.attempts), (Verdict::Down, Reason::LimitRate, 1));
}

#[tokio::test]
async fn an_endless_body_is_cut_and_a_bomb_stays_shut() {
    let endless = format!("HTTP/1.1 200 OK\r\n\r\nbenvenuti{}", "x".repeat(3 << 20));
    let bomb = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\x1f\x0b\x08\x00";
    let portal = Portal::open(&[("/", &endless), ("/bomb", bomb)]).await;
    let outcome = portal.ask(json!({ "answer": { "text": ["benvenuti"] } })).await;
    assert_eq!(outcome.verdict, Verdict::Up, "{outcome:?}");
    assert_eq!((fact(&outcome, "body"), fact(&outcome, "bytes")), ("cut at the cap", "1048576"));
    let outcome = portal.ask(json!({ "answer": { "bytes_max": 1_000_000 } })).await;
    assert_eq!(outcome.reason, Reason::AssertSize, "{outcome:?}");
    let bomb = format!("http://127.0.0.1:{}/bomb", portal.port);
    let outcome = portal.ask(json!({ "url": bomb, "answer": { "text": ["x"] } })).await;
    let unseen = (Verdict::Unknown, Reason::ProtoUnexpectedReply);
    assert_eq!((outcome.verdict, outcome.reason), unseen, "{outcome:?}");
    assert!(portal.asked()[0].contains("accept-encoding: identity"));
}

#[tokio::test]
async fn a_body_that_drips_is_cut_off_by_the_deadline() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
            while stream.write_all(b"x").await.is_ok() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    });
    let params = serde_json::from_value(json!({ "url": format!("http://127.0.0.1:{port}/") })).unwrap();
    let mut spec = CheckSpec { probe: Probe::Http(Box::new(params)), ..probes::spec() };
    spec.timing.attempts = 1;
    let outcome = Check::new(spec).unwrap().run(&surroundings()).await;
    assert_eq!((outcome.reason, outcome.evidence.phase_failed.as_str()), (Reason::ProtoTimeout, "transfer"));
}

#[tokio::test]
async fn the_request_is_as_the_charter_says() {
    let portal = Portal::open(&[("/", &page("ok"))]).await;
    let outcome = portal
        .ask(json!({
            "method": "POST",
            "body": "{\"query\":1}",
            "headers": [
                { "name": "Content-Type", "value": "application/json" },
                { "name": "Accept", "value": "application/json" },
            ],
        }))
        .await;
    assert_eq!(outcome.verdict, Verdict::Up, "{outcome:?}");
    let asked = portal.asked().remove(0);
    assert!(asked.starts_with("POST / HTTP/1.1\r\n") && asked.ends_with("\r\n\r\n{\"query\":1}"), "{asked}");
    assert_eq!(asked.matches("accept: ").count(), 1, "{asked}");
    assert!(asked.contains("content-type: application/json\r\n"), "{asked}");
    assert!(asked.contains(&format!("host: 127.0.0.1:{}\r\n", portal.port)), "{asked}");
}

/// Surroundings with one secret, `portale`, which may go to these portals.
fn with_secret(folder: &std::path::Path, secret: &str, portals: &[&Portal]) -> Surroundings {
    std::fs::write(folder.join("portale"), secret).unwrap();
    let lines: Vec<String> =
        portals.iter().map(|portal| format!("http://127.0.0.1:{}\n", portal.port)).collect();
    std::fs::write(folder.join("portale.for"), lines.concat()).unwrap();
    Surroundings { secrets: SecretsDirectory::new(folder), ..surroundings() }
}

#[tokio::test]
async fn credentials_are_sent_home_only_and_shown_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    let echo = "HTTP/1.1 200 OK\r\nX-Echo: Basic c29uZGE6aHVudGVyMmh1bnRlcjI=\r\nContent-Length: 14\r\n\r\nhunter2hunter2";
    let there = Portal::open(&[("/", &page("away"))]).await;
    let away = redirect(&format!("http://127.0.0.1:{}/", there.port));
    let home = Portal::open(&[("/", echo), ("/away", &away)]).await;
    let surroundings = with_secret(folder.path(), "hunter2hunter2\n", &[&home, &there]);
    let basic = json!({
        "auth": { "scheme": "basic", "user": "sonda", "secret": "portale" },
        "answer": { "headers": [{ "name": "x-echo", "is": { "equal": "nothing" } }] },
    });
    let (outcome, transcript) = home.check(basic).run_recorded(&surroundings).await;
    assert_eq!(outcome.reason, Reason::AssertHeader);
    assert!(home.asked()[0].contains("authorization: Basic c29uZGE6aHVudGVyMmh1bnRlcjI=\r\n"));
    let lines: Vec<&str> = transcript.lines().iter().map(|line| line.text.as_str()).collect();
    let lines = lines.join("\n");
    assert!(
        lines.contains("GET / HTTP/1.1") && lines.contains("authorization: ") && lines.contains("200 OK"),
        "{lines}"
    );
    for shown in [lines, format!("{outcome:?}")] {
        for secret in ["hunter2", "c29uZGE6", "aHVudGVyMg", "UyaHVudG"] {
            assert!(!shown.contains(secret), "{secret} in {shown}");
        }
    }
    let bearer = json!({
        "url": format!("http://127.0.0.1:{}/away", home.port),
        "auth": { "scheme": "bearer", "secret": "portale" },
        "headers": [{ "name": "x-tenant", "value": "senigallia" }],
    });
    assert_eq!(home.check(bearer).run(&surroundings).await.verdict, Verdict::Up);
    assert!(home.asked()[1].contains("authorization: Bearer hunter2hunter2\r\n"));
    let elsewhere = there.asked().remove(0);
    assert!(!elsewhere.contains("authorization") && !elsewhere.contains("x-tenant"), "{elsewhere}");
}

#[tokio::test]
async fn credentials_that_are_missing_or_refused_have_their_reason() {
    let refusal = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n";
    let portal = Portal::open(&[("/", refusal)]).await;
    let auth = json!({ "auth": { "scheme": "basic", "secret": "portale" } });
    let outcome = portal.ask(auth.clone()).await;
    assert_eq!((outcome.verdict, outcome.reason), (Verdict::Unknown, Reason::AgentSecretMissing));
    assert!(portal.asked().is_empty(), "nothing is asked without it");
    let folder = tempfile::tempdir().unwrap();
    let outcome = portal.check(auth).run(&with_secret(folder.path(), "sonda:hunter2", &[&portal])).await;
    assert_eq!((outcome.verdict, outcome.reason, outcome.attempts), (Verdict::Down, Reason::AuthRejected, 1));
    assert_eq!(portal.asked().len(), 1);
    assert_eq!(portal.ask(json!({})).await.reason, Reason::AssertStatus);
}

#[tokio::test]
async fn rejected_credentials_are_held_back_agent_wide_and_the_outage_stays_one() {
    let refusal = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n";
    let portal = Portal::open(&[("/", refusal)]).await;
    let auth = json!({ "auth": { "scheme": "bearer", "secret": "portale" } });
    let (check, another) = (portal.check(auth.clone()), portal.check(auth.clone()));
    let folder = tempfile::tempdir().unwrap();
    let elsewhere = Portal::open(&[("/", &page("x"))]).await;
    let surroundings = with_secret(folder.path(), "hunter2", &[&portal, &elsewhere]);
    assert_eq!(check.run(&surroundings).await.reason, Reason::AuthRejected);
    for check in [&check, &another] {
        let outcome = check.run(&surroundings).await;
        assert_eq!((outcome.verdict, outcome.reason), (Verdict::Down, Reason::AuthRejected), "{outcome:?}");
        assert_eq!(fact(&outcome, "held_back"), "15 min");
    }
    assert_eq!(portal.asked().len(), 1, "nothing was asked");
    let outcome = elsewhere.check(auth).run(&surroundings).await;
    assert_eq!((outcome.verdict, outcome.reason), (Verdict::Unknown, Reason::AuthHeldBack), "{outcome:?}");
    assert!(elsewhere.asked().is_empty());
    std::fs::write(folder.path().join("portale"), "hunter3").unwrap();
    assert_eq!(check.run(&surroundings).await.reason, Reason::AuthRejected);
    assert_eq!(portal.asked().len(), 2);
}

#[tokio::test]
async fn a_name_is_asked_of_the_resolver_that_the_charter_names() {
    // A server of its own that says nothing: the name cannot come from anywhere else.
    let silent = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let resolver = HostPort { host: "127.0.0.1".to_owned(), port: silent.local_addr().unwrap().port() };
    let portal = Portal::open(&[("/", &page("x"))]).await;
    let check = portal.check_within(
        300,
        json!({ "url": "http://intranet.comune.example/", "resolver": resolver.to_string() }),
    );
    let mut asked = JoinSet::new();
    asked.spawn(async move {
        let mut question = [0; 512];
        let (length, _) = silent.recv_from(&mut question).await.unwrap();
        question[..length].to_vec()
    });
    let outcome = check.run(&surroundings()).await;
    assert_eq!(outcome.reason, Reason::ResolveTimeout, "{outcome:?}");
    let question = asked.join_next().await.unwrap().unwrap();
    assert!(question.windows(8).any(|bytes| bytes == b"intranet"));
}

#[tokio::test]
async fn a_resolver_of_the_charter_must_be_an_allowed_address() {
    let portal = Portal::open(&[("/", &page("x"))]).await;
    let resolver = json!({ "url": "http://intranet.comune.example/", "resolver": "169.254.169.254:53" });
    let outcome = portal.ask(resolver).await;
    assert_eq!(
        (outcome.verdict, outcome.reason),
        (Verdict::Unknown, Reason::AgentTargetForbidden),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn a_stolen_collector_gets_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    let (portal, thief) =
        (Portal::open(&[("/", &page("x"))]).await, Portal::open(&[("/", &page("x"))]).await);
    let surroundings = with_secret(folder.path(), "hunter2", &[&portal]);
    let auth = json!({ "scheme": "bearer", "secret": "portale" });
    assert_eq!(portal.check(json!({ "auth": auth })).run(&surroundings).await.reason, Reason::None);
    let to_thief = format!("127.0.0.1:{}", thief.port);
    let home = format!("http://127.0.0.1:{}/", portal.port);
    for attack in [
        json!({ "auth": auth }),
        json!({ "auth": auth, "url": home, "connect": to_thief }),
        json!({ "auth": auth, "url": "https://127.0.0.1/", "connect": to_thief }),
    ] {
        let outcome = thief.check(attack.clone()).run(&surroundings).await;
        assert_eq!(
            (outcome.verdict, outcome.reason),
            (Verdict::Unknown, Reason::AgentTargetForbidden),
            "{attack} {outcome:?}"
        );
    }
    // Where a secret is bound to addresses, what is dialled must be one.
    let lines = |network: &str| format!("http://127.0.0.1:{} {network}", portal.port);
    for (network, reason) in [("127.0.0.2", Reason::AgentTargetForbidden), ("127.0.0.0/8", Reason::None)] {
        std::fs::write(folder.path().join("portale.for"), lines(network)).unwrap();
        let pinned = json!({ "auth": auth, "connect": format!("127.0.0.1:{}", portal.port) });
        assert_eq!(portal.check(pinned).run(&surroundings).await.reason, reason, "{network}");
    }
    assert!(thief.asked().is_empty());
}

#[tokio::test]
async fn a_body_beyond_the_agents_memory_is_no_outage() {
    let portal = Portal::open(&[("/", &page(&"benvenuti ".repeat(500)))]).await;
    let keeps = json!({ "answer": { "text": ["benvenuti"] } });
    let surroundings = Surroundings { bodies: Bodies::of_bytes(6_000), ..surroundings() };
    for _ in 0..3 {
        let outcome = portal.check(keeps.clone()).run(&surroundings).await;
        assert_eq!(outcome.verdict, Verdict::Up, "what was taken is given back: {outcome:?}");
    }
    let surroundings = Surroundings { bodies: Bodies::of_bytes(10), ..surroundings };
    let outcome = portal.check_within(300, keeps).run(&surroundings).await;
    assert_eq!((outcome.verdict, outcome.reason), (Verdict::Unknown, Reason::AgentOverload), "{outcome:?}");
    assert_eq!(portal.check(json!({})).run(&surroundings).await.verdict, Verdict::Up, "nothing is kept");
}
