//! Metadata on loopback, its endpoints, and the reasons of both.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use collector_api::{Reason, Verdict};
use config::{CheckSpec, Probe};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::metadata::tests::{certificate_of, metadata_of};
use crate::probe::tests::{self as probes, surroundings};
use crate::probe::{Check, Outcome};

/// A server whose answers are by path; `HOME` in them is its own origin.
struct Server {
    home: String,
    answers: Arc<Mutex<HashMap<&'static str, String>>>,
    _tasks: JoinSet<()>,
}

impl Server {
    async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let home = format!("http://{}", listener.local_addr().unwrap());
        let answers: Arc<Mutex<HashMap<&'static str, String>>> = Arc::default();
        let known = Arc::clone(&answers);
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
                let path = head.split(' ').nth(1).unwrap_or_default();
                let answer = known.lock().unwrap().get(path).cloned();
                let answer = answer.unwrap_or_else(|| reply(405, ""));
                let _ = stream.write_all(answer.as_bytes()).await;
                let _ = stream.shutdown().await;
            }
        });
        Self { home, answers, _tasks: tasks }
    }

    fn says(&self, path: &'static str, answer: String) {
        self.answers.lock().unwrap().insert(path, answer);
    }

    /// Metadata with a logout at each of these.
    fn publishes(&self, attributes: &str, certificate: &str, logouts: &[&str]) {
        let logouts: Vec<String> = logouts
            .iter()
            .map(|at| {
                let binding = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect";
                format!("<md:SingleLogoutService Binding=\"{binding}\" Location=\"{at}\"/>")
            })
            .collect();
        let logouts = logouts.concat().replace("HOME", &self.home);
        self.says("/metadata", reply(200, &metadata_of(attributes, &[("", certificate)], &logouts)));
    }

    fn check(&self, more: &Value) -> Check {
        let mut params =
            json!({ "url": format!("{}/metadata", self.home), "entity": "https://sportello.example/saml" });
        params.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let params = serde_json::from_value(params).unwrap();
        let mut spec = CheckSpec { probe: Probe::Saml(Box::new(params)), ..probes::spec() };
        // Time enough on a busy machine.
        (spec.timing.timeout_ms, spec.timing.every_ms) = (5_000, 60_000);
        Check::new(spec).unwrap()
    }

    async fn ask(&self) -> Outcome {
        self.check(&json!({})).run(&surroundings()).await
    }
}

fn reply(status: u16, body: &str) -> String {
    format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

fn fact<'a>(outcome: &'a Outcome, name: &str) -> &'a str {
    outcome.evidence.facts.iter().find(|fact| fact.name == name).map_or("", |fact| &fact.value)
}

#[tokio::test]
async fn metadata_in_order_is_up_and_says_what_was_not_verified() {
    let server = Server::open().await;
    server.publishes("", &certificate_of((2020, 1), (2090, 1)), &["HOME/slo"]);
    let outcome = server.ask().await;
    assert_eq!((outcome.verdict, outcome.reason), (Verdict::Up, Reason::None), "{outcome:?}");
    let phases: Vec<&str> = outcome.evidence.phases.iter().map(|phase| phase.name.as_str()).collect();
    assert_eq!(phases, ["metadata", "endpoint"], "405 is an answer");
    assert_eq!(fact(&outcome, "signature"), "none");
    assert!(fact(&outcome, "certificates").ends_with(" 2090-01-01"), "{outcome:?}");
}

#[tokio::test]
async fn each_defect_has_its_reason() {
    let server = Server::open().await;
    let (good, past) = (certificate_of((2020, 1), (2090, 1)), certificate_of((2010, 1), (2020, 1)));
    server.says("/ill", reply(502, ""));
    let ended = "validUntil=\"2020-01-01T00:00:00Z\"";
    for (attributes, certificate, logout, reason, phase) in [
        (ended, &good, "HOME/slo", Reason::SamlExpired, "metadata.transfer"),
        ("", &past, "HOME/slo", Reason::SamlNoSigningCert, "metadata.transfer"),
        ("", &good, "HOME/ill", Reason::SamlEndpoint, "endpoint.transfer"),
        ("", &good, "http://169.254.169.254/latest", Reason::SamlEndpoint, "metadata.transfer"),
        ("", &good, "javascript:alert(1)", Reason::SamlEndpoint, "metadata.transfer"),
    ] {
        server.publishes(attributes, certificate, &[logout]);
        let outcome = server.ask().await;
        let seen = (outcome.verdict, outcome.reason, outcome.evidence.phase_failed.as_str());
        assert_eq!(seen, (Verdict::Down, reason, phase), "{logout}: {outcome:?}");
    }
    server.says("/metadata", reply(200, "<html>"));
    assert_eq!(server.ask().await.reason, Reason::SamlMetadata);
    server.says("/metadata", reply(500, ""));
    assert_eq!(server.ask().await.reason, Reason::AssertStatus);
    server.publishes("", &good, &["HOME/slo"]);
    let other = server.check(&json!({ "entity": "https://altro.example/saml" })).run(&surroundings()).await;
    assert_eq!(other.reason, Reason::SamlEntityMismatch);
    let pinned = server.check(&json!({ "signing": ["0".repeat(64)] })).run(&surroundings()).await;
    assert_eq!(pinned.reason, Reason::SamlPin);
}

#[tokio::test]
async fn who_answers_500_to_no_message_may_be_well() {
    let server = Server::open().await;
    let good = certificate_of((2020, 1), (2090, 1));
    server.publishes("", &good, &["HOME/slo"]);
    server.says("/slo", reply(500, ""));
    let outcome = server.ask().await;
    assert_eq!((outcome.verdict, outcome.reason), (Verdict::Degraded, Reason::SamlEndpoint), "{outcome:?}");
    assert!(outcome.evidence.detail.ends_with("/slo, to a request without a message"), "{outcome:?}");
}

#[tokio::test]
async fn metadata_made_anew_for_two_days_is_not_always_ending() {
    let server = Server::open().await;
    let good = certificate_of((2020, 1), (2090, 1));
    let until = |hours: i64| {
        let at = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(hours);
        format!("validUntil=\"{at}\"")
    };
    let check = server.check(&json!({}));
    for (hours, reason) in [
        (36, Reason::None),
        (48, Reason::None),
        (36, Reason::None),
        (9, Reason::SamlExpiring),
        (48, Reason::None),
    ] {
        server.publishes(&until(hours), &good, &[]);
        let outcome = check.run(&surroundings()).await;
        assert_eq!(outcome.reason, reason, "{hours}: {outcome:?}");
    }
}

#[tokio::test]
async fn a_changed_certificate_is_told() {
    let server = Server::open().await;
    let check = server.check(&json!({}));
    for (number, is_told) in [(0, false), (1, true), (2, true)] {
        if number < 2 {
            server.publishes("", &certificate_of((2020, 1), (2090, 1)), &[]);
        }
        let outcome = check.run(&surroundings()).await;
        assert_eq!(!fact(&outcome, "certificates_changed").is_empty(), is_told, "{outcome:?}");
    }
}
