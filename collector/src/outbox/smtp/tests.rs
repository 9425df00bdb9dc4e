//! A relay that says what a case wants, and what became of the mail.

use std::net::SocketAddr;

use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{RootCertStore, ServerConfig};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use super::*;

/// What the relay says to a line; nothing: it hangs up.
type Says = fn(&str) -> &'static str;

/// What a relay speaks before it is spoken to.
const GREETING: &str = "<greeting>";

/// Everybody is welcome.
fn kind(line: &str) -> &'static str {
    match line.split(' ').next().unwrap_or_default() {
        GREETING => "220 relay.example ESMTP",
        "EHLO" => "250-relay.example\r\n250-STARTTLS\r\n250-AUTH PLAIN LOGIN XOAUTH2\r\n250 8BITMIME",
        "STARTTLS" => "220 2.0.0 go on",
        "AUTH" => "235 2.7.0 welcome",
        "DATA" => "354 go on",
        "." => "250 2.0.0 Ok: queued as 4F1",
        "QUIT" => "",
        _ => "250 2.1.0 Ok",
    }
}

struct Certified {
    server: Arc<ServerConfig>,
    client: Arc<ClientConfig>,
}

/// A certificate for 127.0.0.1, and who believes it.
fn certified(name: &str) -> Certified {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec![name.to_owned()]).unwrap().self_signed(&key).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let private = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let server = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], private)
        .unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(certificate.der().clone()).unwrap();
    let client = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    Certified { server: Arc::new(server), client: Arc::new(client) }
}

/// Speaks until somebody hangs up or TLS is to begin. Returns what it heard, and the stream in that case.
async fn speak<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    says: Says,
    greets: bool,
    heard: &mut Vec<String>,
) -> Option<S> {
    let mut stream = BufReader::new(stream);
    if greets {
        stream.write_all(format!("{}\r\n", says(GREETING)).as_bytes()).await.unwrap();
    }
    let mut in_data = false;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
            return None;
        }
        let line = line.trim_end_matches(['\r', '\n']).to_owned();
        heard.push(line.clone());
        if in_data && line != "." {
            continue;
        }
        let reply = says(&line);
        in_data = reply.starts_with('3') && line == "DATA";
        if reply.is_empty() {
            return None;
        }
        stream.write_all(format!("{reply}\r\n").as_bytes()).await.unwrap();
        if line == "STARTTLS" && reply.starts_with('2') {
            return Some(stream.into_inner());
        }
    }
}

async fn relay(
    says: Says,
    security: MailSecurity,
    server: Arc<ServerConfig>,
) -> (SocketAddr, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    #[expect(clippy::disallowed_methods, reason = "the test joins it")]
    let speaking = tokio::spawn(async move {
        let mut heard = Vec::new();
        let (stream, _) = listener.accept().await.unwrap();
        let acceptor = TlsAcceptor::from(server);
        if security == MailSecurity::Tls {
            if let Ok(stream) = acceptor.accept(stream).await {
                speak(stream, says, true, &mut heard).await;
            }
        } else if let Some(stream) = speak(stream, says, true, &mut heard).await
            && let Ok(stream) = acceptor.accept(stream).await
        {
            speak(stream, says, false, &mut heard).await;
        }
        heard
    });
    (address, speaking)
}

const MESSAGE: &[u8] = b"Subject: x\r\n\r\n.hidden\r\nend\r\n";

/// Hands one mail over. Returns what became of it and what the relay heard.
async fn handed(says: Says, security: MailSecurity, with: Option<Credential>) -> (Outcome, Vec<String>) {
    let certified = certified("127.0.0.1");
    let (address, speaking) = relay(says, security, certified.server).await;
    let relay = Relay {
        address: HostPort { host: address.ip().to_string(), port: address.port() },
        security,
        tls: certified.client,
        login: with.map(|with| Login { user: "sonda".to_owned(), with }),
    };
    let envelope = Envelope { from: "v@comune.example", to: "a@b.example", message: MESSAGE };
    let outcome = hand_over(&relay, envelope).await;
    (outcome, speaking.await.unwrap())
}

fn password() -> Credential {
    Credential::Password(Secret::new("hunter2"))
}

#[tokio::test]
async fn a_mail_is_taken_in_clear_after_starttls_and_over_tls() {
    for security in [MailSecurity::None, MailSecurity::Starttls, MailSecurity::Tls] {
        let (outcome, heard) = handed(kind, security, None).await;
        assert_eq!(outcome, Outcome::Taken("250 2.0.0 Ok: queued as 4F1".to_owned()), "{security:?}");
        let from = heard.iter().position(|line| line == "MAIL FROM:<v@comune.example>").unwrap();
        let rest = ["RCPT TO:<a@b.example>", "DATA", "Subject: x", "", "..hidden", "end", ".", "QUIT"];
        assert_eq!(heard[from + 1..], rest, "{security:?}");
        assert_eq!(heard[0], "EHLO [127.0.0.1]");
        assert_eq!(heard.contains(&"STARTTLS".to_owned()), security == MailSecurity::Starttls);
    }
}

#[tokio::test]
async fn credentials_are_said_as_the_relay_offers() {
    let (outcome, heard) = handed(kind, MailSecurity::Starttls, Some(password())).await;
    assert!(matches!(outcome, Outcome::Taken(_)), "{outcome:?}");
    // \0sonda\0hunter2
    assert!(heard.contains(&"AUTH PLAIN AHNvbmRhAGh1bnRlcjI=".to_owned()), "{heard:?}");

    let only_login: Says = |line| match line {
        "AUTH LOGIN" => "334 VXNlcm5hbWU6",
        "c29uZGE=" => "334 UGFzc3dvcmQ6",
        "aHVudGVyMg==" => "235 welcome",
        line if line.starts_with("EHLO") => "250-x\r\n250 AUTH LOGIN",
        line => kind(line),
    };
    let (outcome, _) = handed(only_login, MailSecurity::Tls, Some(password())).await;
    assert!(matches!(outcome, Outcome::Taken(_)), "{outcome:?}");

    let token = Some(Credential::Token(Secret::new("tok")));
    let (outcome, heard) = handed(kind, MailSecurity::Starttls, token.clone()).await;
    assert!(matches!(outcome, Outcome::Taken(_)), "{outcome:?}");
    let said = base64::encode(b"user=sonda\x01auth=Bearer tok\x01\x01");
    assert!(heard.contains(&format!("AUTH XOAUTH2 {said}")), "{heard:?}");

    let refuses: Says = |line| match line.split(' ').next().unwrap_or_default() {
        "AUTH" => "334 eyJzdGF0dXMiOiI0MDEifQ==",
        "" => "535 5.7.3 Authentication unsuccessful",
        _ => kind(line),
    };
    let (outcome, _) = handed(refuses, MailSecurity::None, token).await;
    assert_eq!(outcome, Outcome::no_way("login: 535 5.7.3 Authentication unsuccessful"));

    let none: Says = |line| if line.starts_with("EHLO") { "250 x" } else { kind(line) };
    let (outcome, _) = handed(none, MailSecurity::None, Some(password())).await;
    assert_eq!(outcome, Outcome::no_way("it offers neither AUTH PLAIN nor AUTH LOGIN"));
}

#[tokio::test]
async fn what_a_refusal_means_depends_on_its_step() {
    let cases: [(Says, Outcome); 10] = [
        (
            |line| if line == GREETING { "554 go away" } else { kind(line) },
            Outcome::no_way("its greeting: 554 go away"),
        ),
        (
            |line| if line.starts_with("AUTH") { "535 5.7.8 hunter2 is wrong" } else { kind(line) },
            Outcome::no_way("login: 535 5.7.8 *** is wrong"),
        ),
        (
            |line| if line.starts_with("MAIL") { "550 5.7.1 not you" } else { kind(line) },
            Outcome::no_way("MAIL FROM: 550 5.7.1 not you"),
        ),
        (
            |line| if line.starts_with("RCPT") { "451 4.7.1 greylisted, try again" } else { kind(line) },
            Outcome::not_now("451 4.7.1 greylisted, try again"),
        ),
        (
            |line| if line.starts_with("RCPT") { "550-5.1.1\r\n550 no such user" } else { kind(line) },
            Outcome::Never("550 5.1.1 no such user".to_owned()),
        ),
        (
            |line| if line.starts_with("RCPT") { "554 5.7.1 Relay access denied" } else { kind(line) },
            Outcome::not_now("554 5.7.1 Relay access denied"),
        ),
        (|line| if line == "." { "554 spam" } else { kind(line) }, Outcome::not_now("554 spam")),
        (|line| if line == "." { "452 disk full" } else { kind(line) }, Outcome::not_now("452 disk full")),
        (|line| if line == "." { "" } else { kind(line) }, Outcome::no_way("the relay hung up")),
        (
            |line| if line.starts_with("EHLO") { "hello" } else { kind(line) },
            Outcome::no_way("that is no SMTP: hello"),
        ),
    ];
    for (says, expected) in cases {
        let (outcome, _) = handed(says, MailSecurity::None, Some(password())).await;
        assert_eq!(outcome, expected);
    }
}

#[tokio::test]
async fn without_the_tls_that_is_wanted_nothing_is_said() {
    let stripped: Says = |line| if line.starts_with("EHLO") { "250-x\r\n250 AUTH PLAIN" } else { kind(line) };
    let (outcome, heard) = handed(stripped, MailSecurity::Starttls, Some(password())).await;
    assert!(
        matches!(&outcome, Outcome::Later { reply, way: true, .. } if reply.contains("STARTTLS")),
        "{outcome:?}"
    );
    assert_eq!(heard, ["EHLO [127.0.0.1]"], "no login, no mail");

    let refused: Says = |line| if line == "STARTTLS" { "454 not now" } else { kind(line) };
    let (outcome, heard) = handed(refused, MailSecurity::Starttls, Some(password())).await;
    assert_eq!((outcome, heard.len()), (Outcome::no_way("STARTTLS: 454 not now"), 2));
}

/// Answers that somebody put there before TLS began would be taken for the relay's (RFC 3207, 6).
#[tokio::test]
async fn what_was_said_before_tls_does_not_count_after_it() {
    let injected: Says = |line| {
        if line == "STARTTLS" { "220 go on\r\n250-x\r\n250 AUTH PLAIN" } else { kind(line) }
    };
    let (outcome, heard) = handed(injected, MailSecurity::Starttls, Some(password())).await;
    assert_eq!(outcome, Outcome::no_way("it spoke on before TLS began: somebody is between"));
    assert_eq!(heard.len(), 2, "{heard:?}");
}

#[tokio::test]
async fn a_certificate_of_somebody_else_is_refused() {
    let (server, client) = (certified("127.0.0.1").server, certified("127.0.0.1").client);
    let (address, speaking) = relay(kind, MailSecurity::Tls, server).await;
    let address = HostPort { host: address.ip().to_string(), port: address.port() };
    let relay = Relay { address, security: MailSecurity::Tls, tls: client, login: None };
    let envelope = Envelope { from: "v@comune.example", to: "a@b.example", message: MESSAGE };
    let outcome = hand_over(&relay, envelope).await;
    assert!(
        matches!(&outcome, Outcome::Later { reply, way: true, .. } if reply.starts_with("TLS: ")),
        "{outcome:?}"
    );
    assert_eq!(speaking.await.unwrap(), [""; 0]);
}

#[tokio::test]
async fn a_closed_port_is_a_closed_way_and_an_endless_answer_ends() {
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let address = HostPort { host: closed.ip().to_string(), port: closed.port() };
    let relay =
        Relay { address, security: MailSecurity::None, tls: certified("127.0.0.1").client, login: None };
    let envelope = Envelope { from: "v@comune.example", to: "a@b.example", message: MESSAGE };
    let outcome = hand_over(&relay, envelope).await;
    assert!(
        matches!(&outcome, Outcome::Later { reply, way: true, .. } if reply.starts_with("no connection: ")),
        "{outcome:?}"
    );

    let (near, mut far) = tokio::io::duplex(64 << 10);
    far.write_all("250-on and on\r\n".repeat(LINES_MAX + 1).as_bytes()).await.unwrap();
    let mut talk = Talk { stream: near, read: Vec::new() };
    assert_eq!(talk.reply().await, Err(Outcome::no_way("an answer that does not end")));
    let (near, mut far) = tokio::io::duplex(64 << 10);
    far.write_all("2".repeat(LINE_BYTES_MAX + 2_000).as_bytes()).await.unwrap();
    let mut talk = Talk { stream: near, read: Vec::new() };
    assert_eq!(talk.reply().await, Err(Outcome::no_way("a line that does not end")));
}

#[test]
fn a_dot_at_a_lines_beginning_stays_a_dot() {
    for (message, wire) in [
        ("a\r\n", "a\r\n.\r\n"),
        (".\r\n..\r\n", "..\r\n...\r\n.\r\n"),
        ("a.b\r\n", "a.b\r\n.\r\n"),
        ("", "\r\n.\r\n"),
        ("end", "end\r\n.\r\n"),
    ] {
        assert_eq!(stuffed(message.as_bytes()), wire.as_bytes(), "{message:?}");
    }
}
