//! Whoever answers HTTP on loopback as a case wants, and what it was asked.

use std::path::Path;

use config::{CollectorConfig, RelayToken};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::*;
use crate::outbox::example::{NOW_MS, content, id};
use crate::outbox::{Addressee, Way};

/// Answers each request with the next of `answers`; what it was asked comes when all are given.
async fn answering(answers: Vec<&'static str>) -> (String, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    #[expect(clippy::disallowed_methods, reason = "the test joins it")]
    let asked = tokio::spawn(async move {
        let mut asked = Vec::new();
        for answer in answers {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = String::new();
            loop {
                let mut bytes = [0; 4_096];
                let count = stream.read(&mut bytes).await.unwrap();
                request.push_str(std::str::from_utf8(&bytes[..count]).unwrap());
                let Some((head, body)) = request.split_once("\r\n\r\n") else { continue };
                let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
                if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
                    break;
                }
            }
            let (head, body) = answer.split_once("\n\n").unwrap_or((answer, ""));
            let length = body.len();
            let text =
                format!("HTTP/1.1 {head}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}");
            stream.write_all(text.as_bytes()).await.unwrap();
            asked.push(request);
        }
        asked
    });
    (base, asked)
}

fn settings(folder: &Path, alerting: &str) -> (Charter, CollectorConfig) {
    let text = format!(
        "organisation: {{name: X}}\nsites: {{a: {{agents: [a1]}}}}\nservices: {{}}\nalerting: {{ufficio: {{{alerting}}}}}\n\
         collector: {{secrets: \"{}\"}}\n",
        folder.display()
    );
    let loaded = config::parse(&text, "f").unwrap_or_else(|refused| panic!("{refused}"));
    (loaded.vedetta.charter, loaded.vedetta.collector)
}

fn told() -> Content {
    Content { to: Addressee { recipient: id("ufficio"), way: Way::Webhook }, ..content("") }
}

#[tokio::test]
async fn a_webhook_is_asked_once_signed_and_no_redirect_is_followed() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("firma"), "hunter2\n").unwrap();
    let answers = vec![
        "202 Accepted\n\nhunter2 ok",
        "307 Moved\r\nlocation: http://127.0.0.1:1/",
        "503 Busy\r\nretry-after: 90",
    ];
    let (base, asked) = answering(answers).await;
    let (charter, settings) =
        settings(folder.path(), &format!("webhook: \"{base}/x\", webhook_secret: firma"));
    let courier = Courier::new(&settings);
    let mut outcomes = Vec::new();
    for _ in 0..3 {
        outcomes.push(courier.attempt(&told(), &charter, NOW_MS).await);
    }
    assert_eq!(
        outcomes,
        [
            Outcome::Taken("202 *** ok".to_owned()),
            Outcome::no_way("307"),
            Outcome::Later { reply: "503".to_owned(), way: true, after_ms: Some(90_000) },
        ]
    );
    let asked = asked.await.unwrap();
    let (head, body) = asked[0].split_once("\r\n\r\n").unwrap();
    assert!(
        head.starts_with("POST /x HTTP/1.1\r\n") && head.contains("content-type: application/json"),
        "{head}"
    );
    assert!(head.contains("vedetta-id: incident-7.again-1.01@comune.example"), "{head}");
    assert!(head.contains(&format!("vedetta-signature: t={},v1=", NOW_MS / 1_000)), "{head}");
    assert!(!head.contains("hunter2") && !body.contains("hunter2"), "{head}");
}

#[tokio::test]
async fn what_cannot_be_asked_now_may_be_later_and_a_webhook_that_is_gone_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let keys = format!("webhook: \"http://{closed}/{{secret}}\", webhook_secret: firma, recipe: teams");
    let (charter, settings) = settings(folder.path(), &keys);
    let courier = Courier::new(&settings);
    let lacking = courier.attempt(&told(), &charter, NOW_MS).await;
    assert!(
        matches!(&lacking, Outcome::Later { reply, way: true, .. } if reply.contains("`firma` cannot be read")),
        "{lacking:?}"
    );
    std::fs::write(folder.path().join("firma"), "hunter2\n").unwrap();
    let refused = courier.attempt(&told(), &charter, NOW_MS).await;
    let Outcome::Later { reply, way: true, .. } = &refused else { panic!("{refused:?}") };
    assert!(reply.to_lowercase().contains("connect") && !reply.contains("hunter2"), "{reply}");
    let mut nobody = charter.clone();
    nobody.alerting.clear();
    assert!(matches!(courier.attempt(&told(), &nobody, NOW_MS).await, Outcome::Never(_)));
    let mail = content("a@b.example");
    assert!(
        matches!(courier.attempt(&mail, &charter, NOW_MS).await, Outcome::Later { .. }),
        "no `collector.mail`"
    );
}

#[tokio::test]
async fn a_token_is_asked_for_once_and_again_when_it_was_refused() {
    let answers = vec![
        "200 OK\n\n{\"access_token\": \"tok1\", \"expires_in\": 3600}",
        "200 OK\n\n{\"access_token\": \"tok2\", \"expires_in\": 30}",
        "401 Unauthorized\n\n{\"error\": \"invalid_client hunter2\"}",
        "200 OK\n\n{\"access_token\": \"a b\"}",
    ];
    let (base, asked) = answering(answers).await;
    let of = RelayToken { url: format!("{base}/token"), client: "c&1".to_owned(), scope: "s".to_owned() };
    let client = webhook::client(&tls::client(None).unwrap()).unwrap();
    let (tokens, secret) = (Tokens::default(), Secret::new("hunter2"));
    let mut seen = Vec::new();
    for forget in [false, false, true, false, false] {
        if forget {
            tokens.forget().await;
        }
        let token = tokens.current(&of, &secret, &client).await;
        seen.push(token.map(|token| token.expose().to_owned()));
    }
    let refused = "no token: 401 invalid_client ***".to_owned();
    let none = "no token: what came is no token".to_owned();
    // What ends within a minute is used once.
    assert_eq!(
        seen,
        [Ok("tok1".to_owned()), Ok("tok1".to_owned()), Ok("tok2".to_owned()), Err(refused), Err(none)]
    );
    let asked = asked.await.unwrap();
    assert!(
        asked[0].ends_with("client_id=c%261&scope=s&client_secret=hunter2&grant_type=client_credentials")
    );
}
