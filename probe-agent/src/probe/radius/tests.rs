//! The RADIUS probe against servers that answer right, wrong, late, unsigned and never.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use collector_api::{Reason, Verdict};
use config::{CheckSpec, Family, Id, Probe, RadiusLogin};
use tokio::task::JoinSet;

use super::super::tests::{spec, surroundings};
use super::super::{Check, Outcome};
use super::packet::tests::answer;
use super::*;
use crate::secrets::SecretsDirectory;

const SHARED: &str = "shared-hunter2";
const PASSWORD: &str = "a password of more than sixteen bytes";

/// What a server does with a question.
#[derive(Debug, Clone, Copy)]
enum Act {
    /// Answers with this code, signed.
    Say(u8),
    Unsigned(u8),
    /// Answers only what is sent again.
    Again(u8),
    WithSecret(&'static str),
    OfOther,
    Elsewhere,
    Drop,
}

/// A server that lives as long as this does.
struct Server {
    address: HostPort,
    asked: Arc<AtomicUsize>,
    _tasks: JoinSet<()>,
}

async fn server_at(host: &str, act: Act) -> Server {
    let socket = UdpSocket::bind((host, 0)).await.unwrap();
    let elsewhere = UdpSocket::bind((host, 0)).await.unwrap();
    let address = HostPort { host: host.to_owned(), port: socket.local_addr().unwrap().port() };
    let asked = Arc::new(AtomicUsize::new(0));
    let (seen, mut tasks) = (Arc::clone(&asked), JoinSet::new());
    tasks.spawn(async move {
        let mut bytes = [0; PACKET_BYTES_MAX];
        loop {
            let (length, from) = socket.recv_from(&mut bytes).await.unwrap();
            let question = &bytes[..length];
            let count = seen.fetch_add(1, Ordering::SeqCst);
            let shared = SHARED.as_bytes();
            let message = *b"\x12\x08benven";
            let mut reply = match act {
                Act::Say(code) | Act::Again(code) => answer(code, question, shared, &message, true),
                Act::Unsigned(code) => answer(code, question, shared, &message, false),
                Act::WithSecret(other) => answer(2, question, other.as_bytes(), &message, true),
                Act::OfOther | Act::Elsewhere => answer(2, question, shared, &message, true),
                Act::Drop => continue,
            };
            if matches!(act, Act::Again(_)) && count == 0 {
                continue;
            }
            if matches!(act, Act::OfOther) {
                reply[1] ^= 1;
            }
            let sender = if matches!(act, Act::Elsewhere) { &elsewhere } else { &socket };
            sender.send_to(&reply, from).await.unwrap();
        }
    });
    Server { address, asked, _tasks: tasks }
}

async fn server(act: Act) -> Server {
    server_at("127.0.0.1", act).await
}

fn params(server: &HostPort, login: Option<RadiusExpect>) -> RadiusParams {
    let login = login.map(|expect| RadiusLogin {
        user: "sonda".to_owned(),
        secret: Id::new("utente").unwrap(),
        expect,
    });
    RadiusParams {
        server: server.clone(),
        family: if server.host.contains(':') { Family::V6 } else { Family::V4 },
        secret: Id::new("radius").unwrap(),
        login,
        nas_identifier: "vedetta".to_owned(),
        calling_station: Some("02-00-00-00-00-01".to_owned()),
        called_station: None,
    }
}

/// An agent whose secrets may go to this server.
fn agent_for(address: &HostPort) -> (tempfile::TempDir, Surroundings) {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [("radius", SHARED), ("utente", PASSWORD)] {
        std::fs::write(folder.path().join(name), text).unwrap();
        std::fs::write(folder.path().join(format!("{name}.for")), format!("radius://{address}")).unwrap();
    }
    let secrets = SecretsDirectory::new(folder.path());
    (folder, Surroundings { secrets, ..surroundings() })
}

fn check(params: RadiusParams) -> Check {
    Check::new(CheckSpec { probe: Probe::Radius(Box::new(params)), ..spec() }).unwrap()
}

async fn run(server: &Server, login: Option<RadiusExpect>) -> Outcome {
    let (_folder, surroundings) = agent_for(&server.address);
    check(params(&server.address, login)).run(&surroundings).await
}

#[tokio::test]
async fn each_way_of_answering_has_its_reason() {
    use RadiusExpect::{Accept, Challenge, Reject};
    let up = (Verdict::Up, Reason::None);
    let down = |reason| (Verdict::Down, reason);
    for (act, login, expected) in [
        (Act::Say(2), None, up),
        (Act::Say(5), None, up),
        (Act::Say(3), None, down(Reason::ProtoUnexpectedReply)),
        (Act::Say(2), Some(Accept), up),
        (Act::Say(3), Some(Accept), down(Reason::RadiusReject)),
        (Act::Say(11), Some(Accept), down(Reason::RadiusChallenge)),
        (Act::Say(3), Some(Reject), up),
        (Act::Say(2), Some(Reject), down(Reason::RadiusAccept)),
        (Act::Say(11), Some(Challenge), up),
        (Act::Say(3), Some(Challenge), down(Reason::RadiusReject)),
        (Act::Say(2), Some(Challenge), down(Reason::RadiusAccept)),
        (Act::Say(4), Some(Accept), down(Reason::ProtoUnexpectedReply)),
        (Act::Unsigned(2), Some(Accept), (Verdict::Degraded, Reason::RadiusNoMsgAuth)),
        (Act::Unsigned(2), None, (Verdict::Degraded, Reason::RadiusNoMsgAuth)),
        (Act::Unsigned(3), Some(Accept), down(Reason::RadiusReject)),
        (Act::Again(2), Some(Accept), (Verdict::Degraded, Reason::Flaky)),
        // A rejection that is held back is no weakness of the path.
        (Act::Again(3), Some(Reject), up),
        (Act::WithSecret("other"), Some(Accept), down(Reason::RadiusBadAuthenticator)),
        (Act::OfOther, Some(Accept), down(Reason::ProtoIdMismatch)),
        (Act::Elsewhere, Some(Accept), down(Reason::RadiusNoReply)),
        (Act::Drop, Some(Accept), down(Reason::RadiusNoReply)),
        (Act::Drop, None, down(Reason::RadiusNoReply)),
    ] {
        let server = server(act).await;
        let outcome = run(&server, login).await;
        assert_eq!((outcome.verdict, outcome.reason), expected, "{act:?} {login:?}: {outcome:?}");
    }
}

#[tokio::test]
async fn silence_is_asked_again_with_the_same_packet_and_then_anew() {
    let server = server(Act::Drop).await;
    let outcome = run(&server, None).await;
    assert_eq!(outcome.attempts, 3);
    assert_eq!(outcome.evidence.phase_failed, "radius");
    // The deadline may come a moment before the last sending.
    assert!(
        (9..=12).contains(&server.asked.load(Ordering::SeqCst)),
        "{server_asked:?}",
        server_asked = server.asked
    );
}

#[tokio::test]
async fn it_speaks_ipv6_and_hears_that_nobody_listens() {
    let server = server_at("::1", Act::Say(2)).await;
    let outcome = run(&server, Some(RadiusExpect::Accept)).await;
    assert_eq!(outcome.verdict, Verdict::Up, "{outcome:?}");
    let fact = outcome.evidence.facts.iter().find(|fact| fact.name == "answer").unwrap();
    assert_eq!(fact.value, "Access-Accept");
    for host in ["127.0.0.1", "::1"] {
        let free = UdpSocket::bind((host, 0)).await.unwrap().local_addr().unwrap().port();
        let nobody = HostPort { host: host.to_owned(), port: free };
        let (_folder, surroundings) = agent_for(&nobody);
        let outcome = check(params(&nobody, None)).run(&surroundings).await;
        assert_eq!((outcome.verdict, outcome.reason), (Verdict::Down, Reason::ConnectRefused), "{outcome:?}");
    }
}

#[tokio::test]
async fn a_rejected_password_rests_and_says_so() {
    let server = server(Act::Say(3)).await;
    let (_folder, surroundings) = agent_for(&server.address);
    let check = check(params(&server.address, Some(RadiusExpect::Accept)));
    for _ in 0..3 {
        let outcome = check.run(&surroundings).await;
        assert_eq!((outcome.verdict, outcome.reason), (Verdict::Down, Reason::RadiusReject));
    }
    assert_eq!(server.asked.load(Ordering::SeqCst), 1, "the account would be locked");
}

#[tokio::test]
async fn secrets_go_where_the_agent_says_and_are_never_shown() {
    let server = server(Act::Say(2)).await;
    let (folder, surroundings) = agent_for(&server.address);
    let check = check(params(&server.address, Some(RadiusExpect::Accept)));
    let (outcome, transcript) = check.run_recorded(&surroundings).await;
    assert_eq!(outcome.verdict, Verdict::Up);
    let shown = format!("{outcome:?} {transcript:?}");
    assert!(!shown.contains("hunter2") && !shown.contains(PASSWORD), "{shown}");
    assert!(transcript.lines().iter().any(|line| line.text.starts_with("Access-Request ")), "{transcript:?}");

    let to = format!("radius://{} 192.0.2.0/24", server.address);
    std::fs::write(folder.path().join("utente.for"), to).unwrap();
    let asked = server.asked.load(Ordering::SeqCst);
    let outcome = check.run(&surroundings).await;
    assert_eq!((outcome.verdict, outcome.reason), (Verdict::Unknown, Reason::AgentTargetForbidden));
    std::fs::remove_file(folder.path().join("radius")).unwrap();
    let outcome = check.run(&surroundings).await;
    assert_eq!((outcome.verdict, outcome.reason), (Verdict::Unknown, Reason::AgentSecretMissing));
    assert_eq!(server.asked.load(Ordering::SeqCst), asked, "nothing was sent");
}
