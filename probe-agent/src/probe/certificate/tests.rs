//! Servers that go over to TLS, or do not.

use std::sync::Arc;

use collector_api::Verdict;
use config::CheckSpec;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::probe::http::tests::{Pki, pki};
use crate::probe::{Check, Outcome, tests as probes};

/// What a server hears and says before TLS; `None` waits for nothing.
type Words = &'static [(Option<&'static str>, &'static [u8])];

const SMTP: Words = &[
    (None, b"220-posta.example\r\n220 ESMTP pronto\r\n"),
    (Some("EHLO"), b"250-posta.example\r\n250-STARTTLS\r\n250 SIZE 1000\r\n"),
    (Some("STARTTLS"), b"220 2.0.0 Ready\r\n"),
];
const IMAP: Words =
    &[(None, b"* OK [CAPABILITY IMAP4rev1 STARTTLS] pronto\r\n"), (Some("v1 STARTTLS"), b"v1 OK ora\r\n")];
const POP3: Words = &[(None, b"+OK pronto\r\n"), (Some("STLS"), b"+OK ora\r\n")];
const LDAP: Words = &[(
    Some("1.3.6.1.4.1.1466.20037"),
    b"\x30\x24\x02\x01\x01\x78\x1f\x0a\x01\x00\x04\x00\x04\x00\x8a\x161.3.6.1.4.1.1466.20037",
)];

/// Each length in five bytes.
const ACTIVE_DIRECTORY: Words = &[(
    Some("1.3.6.1.4.1.1466.20037"),
    b"\x30\x84\x00\x00\x00\x28\x02\x01\x01\x78\x84\x00\x00\x00\x1f\x0a\x01\x00\x04\x00\x04\x00\x8a\x161.3.6.1.4.1.1466.20037",
)];

async fn serve(pki: Pki, words: Words) -> (u16, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let acceptor = TlsAcceptor::from(Arc::new(pki.server));
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            for (heard, said) in words {
                if let Some(heard) = heard {
                    let mut bytes = vec![0; 512];
                    let length = stream.read(&mut bytes).await.unwrap_or(0);
                    assert!(String::from_utf8_lossy(&bytes[..length]).contains(heard));
                }
                stream.write_all(said).await.unwrap();
            }
            if let Ok(mut stream) = acceptor.accept(stream).await {
                let _ = stream.shutdown().await;
            }
        }
    });
    (port, tasks)
}

async fn ask(port: u16, starttls: Option<&str>, authority: &str) -> Outcome {
    let probe = json!({
        "kind": "tls", "address": format!("127.0.0.1:{port}"), "starttls": starttls,
        "tls": { "authority": authority, "name": "posta.example" },
    });
    let probe = serde_json::from_value(probe).unwrap();
    let mut spec = CheckSpec { probe, ..probes::spec() };
    (spec.timing.attempts, spec.timing.timeout_ms, spec.timing.every_ms) = (1, 2_000, 60_000);
    Check::new(spec).unwrap().run(&probes::surroundings()).await
}

#[tokio::test]
async fn tls_is_asked_for_in_each_protocol() {
    for (starttls, words) in [
        (None, &[][..]),
        (Some("smtp"), SMTP),
        (Some("imap"), IMAP),
        (Some("pop3"), POP3),
        (Some("ldap"), LDAP),
        (Some("ldap"), ACTIVE_DIRECTORY),
    ] {
        let pki = pki(&["posta.example", "mx.example"], (2020, 1), (2090, 1));
        let authority = pki.authority_pem.clone();
        let (port, _tasks) = serve(pki, words).await;
        let outcome = ask(port, starttls, &authority).await;
        assert_eq!(
            (outcome.verdict, outcome.reason),
            (Verdict::Up, Reason::None),
            "{starttls:?} {outcome:?}"
        );
        let tls = outcome.evidence.tls.as_ref().unwrap();
        assert_eq!((tls.names.as_str(), tls.fingerprint.len()), ("posta.example, mx.example", 32));
        let told: Vec<_> = outcome.evidence.facts.iter().filter(|fact| fact.name == "certificate").collect();
        assert!(!told.is_empty() && told[0].value.starts_with("2090-01-01 "), "{told:?}");
    }
}

#[tokio::test]
async fn a_server_that_refuses_tls_has_its_reason() {
    const NO_SMTP: Words = &[
        (None, b"220 posta.example\r\n"),
        (Some("EHLO"), b"250-posta.example\r\n250 SIZE 1000\r\n"),
        (Some("STARTTLS"), b"502 5.5.1 Command not implemented\r\n"),
    ];
    const NO_IMAP: Words = &[(None, b"* OK pronto\r\n"), (Some("v1 STARTTLS"), b"v1 NO mai\r\n")];
    const NO_POP3: Words = &[(None, b"+OK pronto\r\n"), (Some("STLS"), b"-ERR mai\r\n")];
    const NO_LDAP: Words =
        &[(Some("1.3.6.1.4.1.1466.20037"), b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x02\x04\x00\x04\x00")];
    const NO_WORD: Words = &[(Some("1.3.6.1.4.1.1466.20037"), b"\x30\x84\xff\xff\xff\xff")];
    for (starttls, words, reason) in [
        ("smtp", NO_SMTP, Reason::ProtoUnexpectedReply),
        ("imap", NO_IMAP, Reason::ProtoUnexpectedReply),
        ("pop3", NO_POP3, Reason::ProtoUnexpectedReply),
        ("ldap", NO_LDAP, Reason::ProtoUnexpectedReply),
        ("ldap", NO_WORD, Reason::ProtoMalformed),
    ] {
        let (port, _tasks) = serve(pki(&["posta.example"], (2020, 1), (2090, 1)), words).await;
        let outcome = ask(port, Some(starttls), "").await;
        assert_eq!((outcome.verdict, outcome.reason), (Verdict::Down, reason), "{starttls}: {outcome:?}");
    }
}

#[tokio::test]
async fn an_expired_certificate_is_down_and_its_end_is_told() {
    let pki = pki(&["posta.example"], (2020, 1), (2021, 1));
    let authority = pki.authority_pem.clone();
    let (port, _tasks) = serve(pki, &[]).await;
    let outcome = ask(port, None, &authority).await;
    assert_eq!((outcome.verdict, outcome.reason), (Verdict::Down, Reason::TlsExpired), "{outcome:?}");
    assert!(outcome.evidence.facts.iter().any(|fact| fact.value.starts_with("2021-01-01 ")), "{outcome:?}");
}
