//! A provider on loopback that can be made to do everything a provider should not, each with its exact reason.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use collector_api::{Reason, Verdict};
use config::{CheckSpec, Probe};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::clock;
use crate::probe::tests::{self as probes, surroundings};
use crate::probe::{Check, Outcome, Surroundings, base64};
use crate::secrets::SecretsDirectory;

const SECRET: &str = "correct horse battery";

/// A provider whose answers are by path; `ISSUER` in them is its own.
struct Provider {
    issuer: String,
    answers: Arc<Mutex<HashMap<&'static str, String>>>,
    asked: Arc<Mutex<Vec<String>>>,
    key: EcdsaKeyPair,
    secrets: tempfile::TempDir,
    _tasks: JoinSet<()>,
}

impl Provider {
    async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
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
                let length = head.to_lowercase();
                let length =
                    length.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
                let mut body = vec![0; length.unwrap_or(0)];
                let _ = stream.read_exact(&mut body).await;
                let target = head.split(' ').nth(1).unwrap_or_default().to_owned();
                let path = target.split('?').next().unwrap_or_default();
                let state = target.split("state=").nth(1).and_then(|rest| rest.split('&').next());
                let answer = known.lock().unwrap().get(path).cloned();
                let answer =
                    answer.unwrap_or_else(|| reply(404, "", "")).replace("STATE", state.unwrap_or_default());
                log.lock().unwrap().push(head + &String::from_utf8_lossy(&body));
                let _ = stream.write_all(answer.as_bytes()).await;
                let _ = stream.shutdown().await;
            }
        });
        let random = SystemRandom::new();
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        let key =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref(), &random).unwrap();
        let secrets = tempfile::tempdir().unwrap();
        std::fs::write(secrets.path().join("sso"), SECRET).unwrap();
        std::fs::write(secrets.path().join("sso.for"), &issuer).unwrap();
        let provider = Self { issuer, answers, asked, key, secrets, _tasks: tasks };
        provider.be_well();
        provider
    }

    /// Everything as it should be.
    fn be_well(&self) {
        self.says("/.well-known/openid-configuration", reply(200, "", &self.document().to_string()));
        self.says("/jwks", reply(200, "", &json!({ "keys": [self.jwk("now")] }).to_string()));
        let back = "Location: https://app.example/cb?error=login_required&state=STATE\r\n";
        self.says("/auth", reply(303, back, ""));
        self.issues(&self.token("now", &json!({})));
        self.says("/me", reply(200, "", r#"{"sub":"sonda"}"#));
    }

    fn document(&self) -> Value {
        let at = |path: &str| format!("{}/{path}", self.issuer);
        json!({
            "issuer": self.issuer, "jwks_uri": at("jwks"), "authorization_endpoint": at("auth"),
            "token_endpoint": at("token"), "userinfo_endpoint": at("me"),
        })
    }

    fn jwk(&self, kid: &str) -> Value {
        let point = self.key.public_key().as_ref();
        let (x, y) = (base64::encode_url(&point[1..33]), base64::encode_url(&point[33..]));
        json!({ "kty": "EC", "crv": "P-256", "use": "sig", "kid": kid, "x": x, "y": y })
    }

    fn token(&self, kid: &str, more: &Value) -> String {
        let now_s = clock::system()() / 1_000;
        let mut claims =
            json!({ "iss": self.issuer, "aud": "carta", "sub": "sonda", "iat": now_s, "exp": now_s + 600 });
        claims.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let part = |value: &Value| base64::encode_url(value.to_string().as_bytes());
        let message = format!("{}.{}", part(&json!({ "alg": "ES256", "kid": kid })), part(&claims));
        let signature = self.key.sign(&SystemRandom::new(), message.as_bytes()).unwrap();
        format!("{message}.{}", base64::encode_url(signature.as_ref()))
    }

    fn issues(&self, token: &str) {
        let body = json!({ "access_token": token, "token_type": "Bearer", "expires_in": 600 });
        self.says("/token", reply(200, "", &body.to_string()));
    }

    fn says(&self, path: &'static str, answer: String) {
        self.answers.lock().unwrap().insert(path, answer);
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    fn surroundings(&self) -> Surroundings {
        Surroundings { secrets: SecretsDirectory::new(self.secrets.path()), ..surroundings() }
    }

    fn check(&self, more: &Value) -> Check {
        let mut params = json!({
            "issuer": self.issuer, "depth": "userinfo", "audience": "carta",
            "client": { "id": "sonda", "redirect_uri": "https://app.example/cb", "secret": "sso" },
        });
        params.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let params = serde_json::from_value(params).unwrap();
        let mut spec = CheckSpec { probe: Probe::Oidc(Box::new(params)), ..probes::spec() };
        // Time enough on a busy machine.
        (spec.timing.timeout_ms, spec.timing.every_ms) = (5_000, 60_000);
        Check::new(spec).unwrap()
    }

    async fn ask(&self) -> Outcome {
        self.check(&json!({})).run(&self.surroundings()).await
    }
}

fn reply(status: u16, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status} X\r\n{headers}Content-Length: {}\r\n\r\n{body}", body.len())
}

fn fact<'a>(outcome: &'a Outcome, name: &str) -> &'a str {
    outcome.evidence.facts.iter().find(|fact| fact.name == name).map_or("", |fact| &fact.value)
}

fn phases(outcome: &Outcome) -> Vec<&str> {
    outcome.evidence.phases.iter().map(|phase| phase.name.as_str()).collect()
}

#[tokio::test]
async fn a_provider_in_health_is_asked_to_the_end() {
    let provider = Provider::open().await;
    let outcome = provider.ask().await;
    assert_eq!((outcome.verdict, outcome.reason), (Verdict::Up, Reason::None), "{outcome:?}");
    assert_eq!(phases(&outcome), ["discovery", "jwks", "authorize", "token", "verify", "userinfo"]);
    assert_eq!(fact(&outcome, "authorize"), "login_required");
    assert_eq!(fact(&outcome, "token"), "ES256 now");
    assert!(fact(&outcome, "keys").starts_with("now/"), "{outcome:?}");
    let asked = provider.asked();
    assert!(asked[3].contains("grant_type=client_credentials"), "{asked:?}");
    assert!(asked[4].to_lowercase().contains("\r\nauthorization: bearer "), "{asked:?}");
}

#[tokio::test]
async fn depth_is_how_far_it_goes() {
    let provider = Provider::open().await;
    for (depth, told) in [
        ("discovery", vec!["discovery"]),
        ("jwks", vec!["discovery", "jwks"]),
        ("authorize", vec!["discovery", "jwks", "authorize"]),
        ("token", vec!["discovery", "jwks", "authorize", "token", "verify"]),
    ] {
        let outcome = provider.check(&json!({ "depth": depth })).run(&provider.surroundings()).await;
        assert_eq!((outcome.verdict, phases(&outcome)), (Verdict::Up, told), "{depth}: {outcome:?}");
    }
}

/// What one defect of a provider must yield: the reason, the phase it failed in, and some of the detail.
#[tokio::test]
async fn each_defect_has_its_reason_and_phase() {
    let provider = Provider::open().await;
    let mut other = provider.document();
    other["issuer"] = json!("http://altro.example");
    let mut away = provider.document();
    away["jwks_uri"] = json!("http://169.254.169.254/latest");
    let now_s = clock::system()() / 1_000;
    let issued = |token: &str| {
        let body = json!({ "access_token": token, "token_type": "Bearer" });
        reply(200, "", &body.to_string())
    };
    let old = provider.token("of_last_year", &json!({}));
    let unsigned = format!("{}.e30.", base64::encode_url(br#"{"alg":"none"}"#));
    let mut forged = provider.token("now", &json!({}));
    forged.truncate(forged.len() - 6);
    forged.push_str("AAAAAA");
    let back = |query: &str| reply(303, &format!("Location: https://app.example/cb?{query}\r\n"), "");
    for (path, answer, reason, phase) in [
        ("/.well-known/openid-configuration", reply(503, "", ""), Reason::AssertStatus, "discovery.transfer"),
        (
            "/.well-known/openid-configuration",
            reply(200, "", "<html>"),
            Reason::AssertJson,
            "discovery.transfer",
        ),
        (
            "/.well-known/openid-configuration",
            reply(200, "", &other.to_string()),
            Reason::OidcIssuerMismatch,
            "discovery.transfer",
        ),
        (
            "/.well-known/openid-configuration",
            reply(200, "", &away.to_string()),
            Reason::OidcDiscovery,
            "discovery.transfer",
        ),
        ("/jwks", reply(200, "", r#"{"keys":[]}"#), Reason::OidcNoKey, "jwks.transfer"),
        ("/jwks", reply(200, "", "[]"), Reason::OidcNoKey, "jwks.transfer"),
        ("/jwks", reply(404, "", ""), Reason::AssertStatus, "jwks.transfer"),
        ("/auth", back("error=unauthorized_client&state=STATE"), Reason::OidcError, "authorize.transfer"),
        ("/auth", back("error=login_required&state=x"), Reason::ProtoIdMismatch, "authorize.transfer"),
        ("/auth", reply(400, "", "invalid_client"), Reason::OidcError, "authorize.transfer"),
        ("/auth", reply(200, "", "<form>"), Reason::ProtoUnexpectedReply, "authorize.transfer"),
        ("/auth", reply(500, "", ""), Reason::AssertStatus, "authorize.transfer"),
        (
            "/auth",
            reply(302, "Location: http://evil.example/\r\n", ""),
            Reason::AssertRedirect,
            "authorize.transfer",
        ),
        ("/token", reply(500, "", ""), Reason::AssertStatus, "token.transfer"),
        ("/token", reply(400, "", r#"{"error":"unauthorized_client"}"#), Reason::OidcError, "token.transfer"),
        ("/token", issued(&old), Reason::OidcUnknownKey, "verify"),
        ("/token", issued(&unsigned), Reason::OidcSigInvalid, "verify"),
        ("/token", issued(&forged), Reason::OidcSigInvalid, "verify"),
        ("/token", issued("6c1fb3a2"), Reason::OidcClaim, "verify"),
        ("/token", issued(&provider.token("now", &json!({ "aud": "x" }))), Reason::OidcClaim, "verify"),
        (
            "/token",
            issued(&provider.token("now", &json!({ "exp": now_s - 99 }))),
            Reason::OidcClaim,
            "verify",
        ),
        ("/me", reply(401, "", r#"{"error":"invalid_token"}"#), Reason::OidcError, "userinfo.transfer"),
        ("/me", reply(200, "", r#"{"name":"x"}"#), Reason::OidcClaim, "userinfo.transfer"),
        ("/me", reply(200, "", r#"{"sub":"altri"}"#), Reason::OidcClaim, "userinfo.transfer"),
        ("/me", reply(200, "", "<html>"), Reason::AssertJson, "userinfo.transfer"),
    ] {
        provider.be_well();
        provider.says(path, answer.clone());
        let outcome = provider.ask().await;
        let seen = (outcome.verdict, outcome.reason, outcome.evidence.phase_failed.as_str());
        assert_eq!(seen, (Verdict::Down, reason, phase), "{path} {answer}: {outcome:?}");
    }
}

#[tokio::test]
async fn what_is_only_degraded_waits_for_the_end() {
    let provider = Provider::open().await;
    let now_s = clock::system()() / 1_000;
    provider.issues(&provider.token("now", &json!({ "iat": now_s - 300 })));
    let outcome = provider.ask().await;
    assert_eq!((outcome.verdict, outcome.reason), (Verdict::Degraded, Reason::OidcSkew), "{outcome:?}");
    let outcome = provider.check(&json!({ "skew_warn_ms": 360_000 })).run(&provider.surroundings()).await;
    assert_eq!(outcome.verdict, Verdict::Up, "a provider that dates its tokens back: {outcome:?}");
    provider.says("/me", reply(500, "", ""));
    assert_eq!(provider.ask().await.reason, Reason::AssertStatus, "what is worse counts");
    provider.be_well();
    let mut jwk = provider.jwk("now");
    jwk["d"] = json!("AAAA");
    provider.says("/jwks", reply(200, "", &json!({ "keys": [jwk] }).to_string()));
    let outcome = provider.ask().await;
    assert_eq!((outcome.verdict, outcome.reason), (Verdict::Degraded, Reason::OidcPrivateKey), "{outcome:?}");
}

#[tokio::test]
async fn a_changed_set_of_keys_is_told() {
    let provider = Provider::open().await;
    let check = provider.check(&json!({ "depth": "jwks" }));
    let surroundings = provider.surroundings();
    assert_eq!(fact(&check.run(&surroundings).await, "keys_changed"), "");
    provider.says("/jwks", reply(200, "", &json!({ "keys": [provider.jwk("next")] }).to_string()));
    for _ in 0..2 {
        let told = fact(&check.run(&surroundings).await, "keys_changed").to_owned();
        assert!(told.contains(": +next/") && told.contains(" -now/"), "{told}");
    }
}

#[tokio::test]
async fn an_opaque_token_proves_that_it_was_issued() {
    let provider = Provider::open().await;
    provider.issues("6c1fb3a2");
    let outcome = provider.check(&json!({ "audience": null })).run(&provider.surroundings()).await;
    assert_eq!(outcome.verdict, Verdict::Up, "{outcome:?}");
    assert_eq!(fact(&outcome, "token"), "opaque: issued, nothing in it verified");
}

#[tokio::test]
async fn a_rejected_secret_rests_and_is_shown_nowhere() {
    let provider = Provider::open().await;
    provider.says("/token", reply(401, "", &format!(r#"{{"error":"invalid_client","hint":"{SECRET}"}}"#)));
    let (check, surroundings) = (provider.check(&json!({})), provider.surroundings());
    let (outcome, transcript) = check.run_recorded(&surroundings).await;
    assert_eq!((outcome.verdict, outcome.reason), (Verdict::Down, Reason::AuthRejected), "{outcome:?}");
    assert_eq!(outcome.evidence.phase_failed, "token.transfer");
    let shown = format!("{outcome:?}{transcript:?}");
    assert!(!shown.contains("correct") && !shown.contains("battery"), "{shown}");
    let before = provider.asked().len();
    let outcome = check.run(&surroundings).await;
    assert_eq!((outcome.reason, fact(&outcome, "held_back")), (Reason::AuthRejected, "15 min"));
    assert_eq!(provider.asked().len(), before + 3, "all but the token was asked");
}

#[tokio::test]
async fn a_token_is_shown_nowhere() {
    let provider = Provider::open().await;
    let (outcome, transcript) = provider.check(&json!({})).run_recorded(&provider.surroundings()).await;
    assert_eq!(outcome.verdict, Verdict::Up);
    let token = provider.answers.lock().unwrap()["/token"].clone();
    let signature = token.split('.').nth(2).unwrap().split('"').next().unwrap();
    let shown = format!("{transcript:?}");
    assert!(!shown.contains(signature) && shown.contains("is not shown"), "{shown}");
}

#[tokio::test]
async fn the_secret_goes_where_the_agent_lets_it() {
    let provider = Provider::open().await;
    std::fs::write(provider.secrets.path().join("sso.for"), "https://altro.example").unwrap();
    let outcome = provider.ask().await;
    assert_eq!((outcome.verdict, outcome.reason), (Verdict::Unknown, Reason::AgentTargetForbidden));
    assert!(!provider.asked().iter().any(|asked| asked.starts_with("POST")), "nothing went anywhere");
}

#[tokio::test]
async fn a_provider_that_hangs_up_or_is_silent_has_the_phase_of_its_step() {
    let provider = Provider::open().await;
    provider.says("/jwks", String::new());
    let outcome = provider.ask().await;
    assert_eq!(outcome.reason, Reason::ProtoClosedEarly, "{outcome:?}");
    assert_eq!(phases(&outcome), ["discovery", "jwks.connect", "jwks.write", "jwks.processing"]);
    assert_eq!(outcome.evidence.phase_failed, "jwks.processing");
}
