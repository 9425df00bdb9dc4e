//! A portal on loopback with a form, a session and a way to an identity provider, and what may go wrong with each.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use collector_api::{Reason, Verdict};
use config::{CheckSpec, Probe};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::probe::tests::{self as probes, surroundings};
use crate::probe::{Check, Outcome, Surroundings};
use crate::secrets::SecretsDirectory;

const PASSWORD: &str = "correct horse";

/// Answers by method and path; a request is remembered whole.
struct Portal {
    home: String,
    answers: Arc<Mutex<HashMap<&'static str, String>>>,
    asked: Arc<Mutex<Vec<String>>>,
    secrets: tempfile::TempDir,
    _tasks: JoinSet<()>,
}

impl Portal {
    async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let home = format!("http://{}", listener.local_addr().unwrap());
        let answers: Arc<Mutex<HashMap<&'static str, String>>> = Arc::default();
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let (known, log) = (Arc::clone(&answers), Arc::clone(&asked));
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
                let lower = head.to_lowercase();
                let length =
                    lower.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
                let mut body = vec![0; length.unwrap_or(0)];
                let _ = stream.read_exact(&mut body).await;
                let question = head.split(['?', ' ']).take(2).collect::<Vec<_>>().join(" ");
                log.lock().unwrap().push(head + &String::from_utf8_lossy(&body));
                let answer = known.lock().unwrap().get(question.as_str()).cloned();
                if answer.as_deref() == Some("silence") {
                    // The prober hangs up.
                    let _ = stream.read_u8().await;
                    continue;
                }
                let _ = stream.write_all(answer.unwrap_or_else(|| reply(404, "", "")).as_bytes()).await;
                let _ = stream.shutdown().await;
            }
        });
        let secrets = tempfile::tempdir().unwrap();
        std::fs::write(secrets.path().join("sportello"), PASSWORD).unwrap();
        std::fs::write(secrets.path().join("sportello.for"), &home).unwrap();
        let portal = Self { home, answers, asked, secrets, _tasks: tasks };
        portal.be_well();
        portal
    }

    fn be_well(&self) {
        let form = "<form><input name=csrf value='to&amp;ken 12345'></form>";
        self.says("GET /accesso", reply(200, "Set-Cookie: sid=prima-sessione; Path=/\r\n", form));
        let session = "Set-Cookie: sid=seconda-sessione\r\nLocation: /casa\r\n";
        self.says("POST /accesso", reply(302, session, ""));
        self.says("GET /casa", reply(200, "", "Benvenuta"));
        self.says("POST /uscita", reply(204, "", ""));
    }

    fn says(&self, question: &'static str, answer: String) {
        self.answers.lock().unwrap().insert(question, answer);
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    fn lines(&self) -> Vec<String> {
        self.asked().iter().map(|asked| asked.split(" HTTP").next().unwrap_or_default().to_owned()).collect()
    }

    fn surroundings(&self) -> Surroundings {
        Surroundings { secrets: SecretsDirectory::new(self.secrets.path()), ..surroundings() }
    }

    fn check(&self, timeout_ms: u64, steps: &Value) -> Check {
        let params = json!({ "url": format!("{}/", self.home), "steps": steps });
        let params = serde_json::from_value(params).unwrap();
        let mut spec = CheckSpec { probe: Probe::Journey(Box::new(params)), ..probes::spec() };
        (spec.timing.timeout_ms, spec.timing.every_ms, spec.timing.attempts) = (timeout_ms, 60_000, 1);
        Check::new(spec).unwrap()
    }

    /// In, look, out.
    fn login(&self) -> Check {
        self.check(5_000, &steps_of_login())
    }

    async fn ask(&self, steps: &Value) -> Outcome {
        self.check(5_000, steps).run(&self.surroundings()).await
    }
}

fn steps_of_login() -> Value {
    json!([
        { "name": "pagina", "method": "GET", "url": "/accesso", "status": ["2xx"],
          "extract": [{ "name": "gettone", "from": { "field": "csrf" } }] },
        { "name": "entra", "method": "POST", "url": "/accesso", "status": ["2xx"],
          "answer": { "text": ["Benvenuta"] },
          "body": { "form": [
              { "name": "parola", "value": { "secret": "sportello" } },
              { "name": "csrf", "value": { "text": "${gettone}" } },
          ] } },
        { "name": "esci", "method": "POST", "url": "/uscita", "status": ["2xx"], "always": true },
    ])
}

fn reply(status: u16, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status} X\r\n{headers}Content-Length: {}\r\n\r\n{body}", body.len())
}

fn phases(outcome: &Outcome) -> Vec<&str> {
    outcome.evidence.phases.iter().map(|phase| phase.name.as_str()).collect()
}

#[tokio::test]
async fn a_visitor_comes_in_looks_and_leaves() {
    let portal = Portal::open().await;
    let (outcome, transcript) = portal.login().run_recorded(&portal.surroundings()).await;
    assert_eq!((outcome.verdict, outcome.reason), (Verdict::Up, Reason::None), "{outcome:?}");
    assert_eq!(phases(&outcome), ["step1.pagina", "step2.entra", "step3.esci"]);
    assert_eq!(portal.lines(), ["GET /accesso", "POST /accesso", "GET /casa", "POST /uscita"]);
    let asked = portal.asked();
    assert!(asked[1].ends_with("parola=correct+horse&csrf=to%26ken+12345"), "{}", asked[1]);
    assert!(asked[1].contains("cookie: sid=prima-sessione"), "{}", asked[1]);
    assert!(asked[2].contains("cookie: sid=seconda-sessione"), "{}", asked[2]);
    assert!(asked[3].contains("cookie: sid=seconda-sessione"), "carried to the end: {}", asked[3]);
    let shown = format!("{transcript:?}");
    for secret in ["correct", "12345", "prima-sessione", "seconda-sessione"] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
}

#[tokio::test]
async fn the_step_that_fails_is_named_and_cleanup_goes_on() {
    let portal = Portal::open().await;
    for (question, answer, reason, phase) in [
        ("GET /accesso", reply(503, "", ""), Reason::AssertStatus, "step1.pagina.transfer"),
        ("GET /accesso", reply(200, "", "<form>"), Reason::JourneyExtract, "step1.pagina.transfer"),
        ("GET /accesso", String::new(), Reason::ProtoClosedEarly, "step1.pagina.processing"),
        ("POST /accesso", reply(500, "", ""), Reason::AssertStatus, "step2.entra.transfer"),
        ("GET /casa", reply(500, "", ""), Reason::AssertStatus, "step2.entra.hop2.transfer"),
    ] {
        portal.be_well();
        portal.says(question, answer.clone());
        let before = portal.asked().len();
        let outcome = portal.login().run(&portal.surroundings()).await;
        let seen = (outcome.verdict, outcome.reason, outcome.evidence.phase_failed.as_str());
        assert_eq!(seen, (Verdict::Down, reason, phase), "{question} {answer}: {outcome:?}");
        let lines = portal.lines();
        assert!(lines[before..].ends_with(&["POST /uscita".to_owned()]), "{lines:?}");
    }
}

#[tokio::test]
async fn a_rejected_password_rests() {
    let portal = Portal::open().await;
    portal.says("POST /accesso", reply(200, "", "password errata"));
    let (check, surroundings) = (portal.login(), portal.surroundings());
    let outcome = check.run(&surroundings).await;
    assert_eq!((outcome.verdict, outcome.reason), (Verdict::Down, Reason::AuthRejected), "{outcome:?}");
    assert_eq!(outcome.evidence.detail, "step2.entra: `Benvenuta` is not in the body");
    let posts = |portal: &Portal| portal.lines().iter().filter(|line| *line == "POST /accesso").count();
    let before = posts(&portal);
    assert_eq!(check.run(&surroundings).await.reason, Reason::AuthRejected);
    assert_eq!(posts(&portal), before, "nobody is locked out by a probe");
}

/// Rejected or not, this portal leads on to its next page, which then is the one of login.
#[tokio::test]
async fn a_password_rests_that_only_the_next_page_shows_as_rejected() {
    let portal = Portal::open().await;
    portal.says("GET /casa", reply(200, "", "Accedi"));
    let steps = json!([
        { "name": "entra", "method": "POST", "url": "/accesso", "status": ["3xx"],
          "body": { "form": [{ "name": "parola", "value": { "secret": "sportello" } }] } },
        { "name": "casa", "method": "GET", "url": "/casa", "status": ["2xx"], "answer": { "text": ["Benvenuta"] } },
    ]);
    let (check, surroundings) = (portal.check(5_000, &steps), portal.surroundings());
    for _ in 0..2 {
        assert_eq!(check.run(&surroundings).await.reason, Reason::AssertBodyMissing);
    }
    portal.be_well();
    assert_eq!(check.run(&surroundings).await.verdict, Verdict::Up, "so short a trouble holds nobody back");
    portal.says("GET /casa", reply(200, "", "Accedi"));
    for _ in 0..3 {
        let outcome = check.run(&surroundings).await;
        let expected = (Verdict::Down, Reason::AssertBodyMissing);
        assert_eq!((outcome.verdict, outcome.reason), expected, "{outcome:?}");
    }
    let outcome = check.run(&surroundings).await;
    assert_eq!((outcome.verdict, outcome.reason), (Verdict::Down, Reason::AuthRejected), "{outcome:?}");
    let posts = portal.lines().iter().filter(|line| *line == "POST /accesso").count();
    assert_eq!(posts, 6, "nobody is locked out by a probe");
}

#[tokio::test]
async fn a_next_page_that_fails_by_itself_says_nothing_of_the_password() {
    let portal = Portal::open().await;
    portal.says("GET /casa", reply(500, "", ""));
    let steps = json!([
        { "name": "entra", "method": "POST", "url": "/accesso", "status": ["3xx"],
          "body": { "form": [{ "name": "parola", "value": { "secret": "sportello" } }] } },
        { "name": "casa", "method": "GET", "url": "/casa", "status": ["2xx"] },
    ]);
    let (check, surroundings) = (portal.check(5_000, &steps), portal.surroundings());
    for _ in 0..2 {
        assert_eq!(check.run(&surroundings).await.reason, Reason::AssertStatus);
    }
    portal.be_well();
    assert_eq!(check.run(&surroundings).await.verdict, Verdict::Up);
}

/// A token is taken out of the answer to the password, and is not in it.
#[tokio::test]
async fn a_password_rests_whose_answer_lacks_what_is_taken_out_of_it() {
    let portal = Portal::open().await;
    portal.says("POST /accesso", reply(200, "", r#"{"error":"invalid"}"#));
    let steps = json!([
        { "name": "entra", "method": "POST", "url": "/accesso", "status": ["2xx"],
          "body": { "json": [{ "name": "parola", "value": { "secret": "sportello" } }] },
          "extract": [{ "name": "gettone", "from": { "json": "/token" } }] },
    ]);
    let (check, surroundings) = (portal.check(5_000, &steps), portal.surroundings());
    for _ in 0..2 {
        assert_eq!(check.run(&surroundings).await.reason, Reason::AuthRejected);
    }
    assert_eq!(portal.lines().len(), 1);
}

#[tokio::test]
async fn what_cleans_up_and_fails_is_degraded() {
    let portal = Portal::open().await;
    portal.says("POST /uscita", reply(500, "", ""));
    let outcome = portal.login().run(&portal.surroundings()).await;
    assert_eq!((outcome.verdict, outcome.reason), (Verdict::Degraded, Reason::JourneyCleanup), "{outcome:?}");
    assert_eq!(outcome.evidence.detail, "step3.esci: assert.status: 500, expected 2xx");
}

#[tokio::test]
async fn time_is_kept_for_the_cleanup() {
    let portal = Portal::open().await;
    portal.says("GET /casa", "silence".to_owned());
    let outcome = portal.check(1_200, &steps_of_login()).run(&portal.surroundings()).await;
    let seen = (outcome.reason, outcome.evidence.phase_failed.as_str());
    assert_eq!(seen, (Reason::ProtoTimeout, "step2.entra.hop2.processing"), "{outcome:?}");
    assert_eq!(portal.lines().last().map(String::as_str), Some("POST /uscita"));
}

#[tokio::test]
async fn a_slow_step_is_degraded() {
    let portal = Portal::open().await;
    let step = |warn_ms: u64| json!([{ "name": "a", "method": "GET", "url": "/casa", "status": ["2xx"], "warn_ms": warn_ms }]);
    assert_eq!(portal.ask(&step(4_000)).await.reason, Reason::None);
    portal.says("GET /casa", "silence".to_owned());
    let outcome = portal.check(300, &step(1)).run(&portal.surroundings()).await;
    assert_eq!(outcome.reason, Reason::ProtoTimeout, "what is worse counts: {outcome:?}");
}

#[tokio::test]
async fn a_visitor_is_sent_off_to_the_identity_provider_and_nowhere_else() {
    let portal = Portal::open().await;
    let request = "<p:AuthnRequest xmlns:p=\"urn:oasis:names:tc:SAML:2.0:protocol\" Destination=\"https://idp.example/sso\">\
                   <a:Issuer xmlns:a=\"urn:oasis:names:tc:SAML:2.0:assertion\">https://sportello.example</a:Issuer></p:AuthnRequest>";
    let packed = miniz_oxide::deflate::compress_to_vec(request.as_bytes(), 6);
    let sent = |to: &str| {
        let url =
            reqwest::Url::parse_with_params(to, [("SAMLRequest", crate::probe::base64::encode(&packed))]);
        reply(302, &format!("Location: {}\r\n", url.unwrap()), "")
    };
    let steps = |issuer: &str| {
        json!([{ "name": "spid", "method": "GET", "url": "/spid", "status": ["3xx"],
                 "redirect": "https://idp.example/sso", "saml_request": { "issuer": issuer } }])
    };
    for (answer, issuer, reason) in [
        (sent("https://idp.example/sso"), "https://sportello.example", Reason::None),
        (sent("https://idp.example/sso"), "https://altri.example", Reason::JourneySamlRequest),
        (sent("https://idp.example.evil.example/sso"), "https://sportello.example", Reason::AssertRedirect),
        (sent("http://idp.example/sso"), "https://sportello.example", Reason::AssertRedirect),
        (reply(302, "Location: https://idp.example/sso\r\n", ""), "x", Reason::JourneySamlRequest),
        (reply(200, "", "manutenzione"), "x", Reason::AssertStatus),
    ] {
        portal.says("GET /spid", answer.clone());
        let outcome = portal.ask(&steps(issuer)).await;
        assert_eq!(outcome.reason, reason, "{answer} {outcome:?}");
    }
    assert_eq!(portal.lines().len(), 6, "nobody went there");
}

#[tokio::test]
async fn a_page_does_not_lead_the_agent_astray() {
    let portal = Portal::open().await;
    portal.says("GET /a", reply(200, "X-Next: http://169.254.169.254/latest\r\n", ""));
    portal.says("GET /b", reply(302, "Location: http://169.254.169.254/latest\r\n", ""));
    let follow = json!([
        { "name": "a", "method": "GET", "url": "/a", "status": ["2xx"],
          "extract": [{ "name": "next", "from": { "header": "x-next" } }] },
        { "name": "b", "method": "GET", "url": "${next}", "status": ["2xx"] },
    ]);
    let redirect = json!([{ "name": "b", "method": "GET", "url": "/b", "status": ["2xx"] }]);
    for steps in [follow, redirect] {
        let outcome = portal.ask(&steps).await;
        assert_eq!((outcome.verdict, outcome.reason), (Verdict::Down, Reason::AssertRedirect), "{outcome:?}");
        assert!(outcome.evidence.detail.ends_with("which `hosts` does not name"), "{outcome:?}");
    }
}

#[tokio::test]
async fn a_secret_goes_where_the_agent_lets_it() {
    let portal = Portal::open().await;
    std::fs::write(portal.secrets.path().join("sportello.for"), "https://altro.example").unwrap();
    let outcome = portal.login().run(&portal.surroundings()).await;
    assert_eq!(
        (outcome.verdict, outcome.reason),
        (Verdict::Unknown, Reason::AgentTargetForbidden),
        "{outcome:?}"
    );
    assert!(!portal.lines().contains(&"POST /accesso".to_owned()));
}
