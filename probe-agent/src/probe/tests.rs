//! What the tests of all kinds share, and the TCP probe against real sockets.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use collector_api::{Evidence, Reason, Verdict};
use config::{CheckId, CheckSpec, Family, HostPort, Probe, TcpParams, Timing};
use hickory_proto::op::{Message, OpCode};
use hickory_proto::rr::rdata::{A, AAAA};
use hickory_proto::rr::{RData, Record, RecordType};
use hickory_resolver::config::{NameServerConfig, ResolverConfig};
use tokio::net::{TcpListener, TcpSocket, TcpStream, UdpSocket};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::{Check, Outcome, Surroundings};
use crate::allowed::AllowedTargets;
use crate::clock::Calendar;
use crate::heartbeats::Book;
use crate::probe::Rejections;
use crate::probe::http::Bodies;
use crate::probe::icmp::Pings;
use crate::resolve::SystemResolver;
use crate::secrets::SecretsDirectory;
use crate::tls::TlsStore;

/// Loopback may be probed; the resolver is one that does not answer.
pub(super) fn surroundings() -> Surroundings {
    let server = NameServerConfig::udp("127.0.0.1".parse().unwrap());
    Surroundings {
        resolver: SystemResolver::by_config(ResolverConfig::from_name_servers(vec![server])),
        allowed: AllowedTargets::parse(&["127.0.0.0/8".to_owned(), "::1".to_owned()]).unwrap(),
        tls: TlsStore::default(),
        secrets: SecretsDirectory::new("/nonexistent"),
        rejections: Rejections::default(),
        bodies: Bodies::default(),
        pings: Pings::default(),
        snmp: crate::probe::snmp::Engines::default(),
        pages: crate::probe::http::Pages::new("/nonexistent"),
        posts: crate::probe::mail_round_trip::Posts::new("/nonexistent"),
        clock: Calendar::default(),
        controllers: crate::probe::access_point::Controllers::default(),
        clock_servers: Vec::new(),
        heartbeats: Arc::new(Book::new(Path::new("/nonexistent"), crate::clock::system())),
    }
}

/// Three attempts of 300 ms.
pub(super) fn spec() -> CheckSpec {
    CheckSpec {
        id: CheckId::new("data_center.it.vm1").unwrap(),
        timing: Timing {
            every_ms: 2_000,
            timeout_ms: 300,
            hold_ms: 5_000,
            attempts: 3,
            warn_ms: None,
            crit_ms: None,
        },
        measures_path: false,
        probe: Probe::Tcp(TcpParams::connect(HostPort { host: "127.0.0.1".to_owned(), port: 1 }, Family::V4)),
    }
}

fn tcp(host: &str, port: u16) -> CheckSpec {
    let address = HostPort { host: host.to_owned(), port };
    CheckSpec { probe: Probe::Tcp(TcpParams::connect(address, Family::V4)), ..spec() }
}

async fn run(spec: CheckSpec) -> Outcome {
    Check::new(spec).unwrap().run(&surroundings()).await
}

/// A resolver that knows every name as loopback of both families.
async fn loopback_names() -> (SystemResolver, JoinSet<()>) {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let mut server = NameServerConfig::udp("127.0.0.1".parse().unwrap());
    server.connections[0].port = socket.local_addr().unwrap().port();
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        let mut bytes = [0; 2_048];
        loop {
            let (length, from) = socket.recv_from(&mut bytes).await.unwrap();
            let question = Message::from_vec(&bytes[..length]).unwrap();
            let mut answer = Message::response(question.metadata.id, OpCode::Query);
            let query = question.queries[0].clone();
            let data = match query.query_type() {
                RecordType::AAAA => RData::AAAA(AAAA("::1".parse().unwrap())),
                _ => RData::A(A("127.0.0.1".parse().unwrap())),
            };
            answer.add_answer(Record::from_rdata(query.name().clone(), 60, data));
            answer.add_query(query);
            socket.send_to(&answer.to_vec().unwrap(), from).await.unwrap();
        }
    });
    (SystemResolver::by_config(ResolverConfig::from_name_servers(vec![server])), tasks)
}

#[tokio::test]
async fn a_service_of_one_family_is_no_service_of_both() {
    let (resolver, _names) = loopback_names().await;
    let surroundings = Surroundings { resolver, ..surroundings() };
    let (_v4, address) = listener().await;
    let host = "portale.comune.example".to_owned();
    let params = TcpParams::connect(HostPort { host, port: address.port() }, Family::Both);
    let check = Check::new(CheckSpec { probe: Probe::Tcp(params), ..spec() }).unwrap();

    let outcome = check.run(&surroundings).await;
    assert_eq!((outcome.verdict, outcome.reason), (Verdict::Down, Reason::ConnectRefused), "{outcome:?}");
    assert!(outcome.evidence.detail.starts_with("IPv6: "), "{outcome:?}");
    assert!(outcome.remote.unwrap().is_ipv6());
    let facts: Vec<&str> = outcome.evidence.facts.iter().map(|fact| fact.value.as_str()).collect();
    assert!(facts[0].starts_with("up 127.0.0.1:"), "{facts:?}");
    assert!(facts[1].starts_with("down connect.refused [::1]:"), "{facts:?}");

    let _v6 = TcpListener::bind(("::1", address.port())).await.unwrap();
    let outcome = check.run(&surroundings).await;
    assert_eq!(outcome.verdict, Verdict::Up, "{outcome:?}");
    let (_, transcript) = check.run_recorded(&surroundings).await;
    let connects = transcript.lines().iter().filter(|line| line.text == "connect").count();
    assert_eq!(connects, 2, "both are told to whoever reads along");
}

/// An address that swallows every connection: its listener's queue is full, so the kernel drops what else
/// comes. It stays so while the sockets live.
pub(crate) async fn black_hole() -> (SocketAddr, (TcpListener, Vec<TcpStream>)) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let mut queued = Vec::new();
    while let Ok(stream) = timeout(Duration::from_millis(200), TcpStream::connect(address)).await {
        queued.push(stream.unwrap());
    }
    (address, (listener, queued))
}

async fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

#[tokio::test]
async fn a_port_that_listens_is_up() {
    let (_listener, address) = listener().await;
    let outcome = run(tcp("127.0.0.1", address.port())).await;
    assert_eq!((outcome.verdict, outcome.reason, outcome.attempts), (Verdict::Up, Reason::None, 1));
    assert_eq!(outcome.remote, Some(address));
    assert_eq!(outcome.evidence.remote, address.to_string());
    assert_eq!(outcome.evidence.phases.len(), 1);
    assert_eq!(outcome.evidence.phases[0].name, "connect");
    assert!(outcome.evidence.attempts.is_empty());
    assert_eq!(outcome.evidence.phase_failed, "");
}

#[tokio::test]
async fn a_closed_port_is_refused_after_all_attempts() {
    let (listener, address) = listener().await;
    drop(listener);
    let outcome = run(tcp("127.0.0.1", address.port())).await;
    assert_eq!((outcome.verdict, outcome.reason), (Verdict::Down, Reason::ConnectRefused));
    assert_eq!((outcome.attempts, outcome.evidence.attempts.len()), (3, 3));
    assert_eq!(outcome.evidence.phase_failed, "connect");
    assert!(outcome.duration_micros < 100_000, "gaps are not duration: {}", outcome.duration_micros);
}

#[tokio::test]
async fn a_forbidden_address_is_not_dialled() {
    let (listener, address) = listener().await;
    let spec = tcp("127.0.0.1", address.port());
    let surroundings = Surroundings { allowed: AllowedTargets::parse(&[]).unwrap(), ..surroundings() };
    let outcome = Check::new(spec).unwrap().run(&surroundings).await;
    assert_eq!((outcome.verdict, outcome.reason), (Verdict::Unknown, Reason::AgentTargetForbidden));
    assert_eq!(outcome.attempts, 1);
    let accepted = tokio::time::timeout(std::time::Duration::from_millis(50), listener.accept()).await;
    assert!(accepted.is_err(), "nobody may have connected");
}

#[tokio::test]
async fn a_name_that_resolves_to_loopback_is_forbidden_too() {
    let (_listener, address) = listener().await;
    let surroundings = Surroundings { allowed: AllowedTargets::parse(&[]).unwrap(), ..surroundings() };
    let check = Check::new(tcp("localhost", address.port())).unwrap();
    let outcome = check.run(&surroundings).await;
    assert_eq!(outcome.reason, Reason::AgentTargetForbidden, "{outcome:?}");
}

#[tokio::test]
async fn a_name_without_a_resolver_fails_in_resolve() {
    // Nothing listens on port 53 of an unused loopback address, or something that refuses: both fail there.
    let server = NameServerConfig::udp("127.255.255.253".parse().unwrap());
    let resolver = SystemResolver::by_config(ResolverConfig::from_name_servers(vec![server]));
    let surroundings = Surroundings { resolver, ..surroundings() };
    let outcome = Check::new(tcp("portal.comune.example", 443)).unwrap().run(&surroundings).await;
    assert_eq!(outcome.verdict, Verdict::Down);
    assert_eq!(outcome.reason, Reason::ResolveTimeout, "{outcome:?}");
    assert_eq!(outcome.evidence.phase_failed, "resolve");
}

#[tokio::test]
async fn what_was_expected_needs_no_evidence() {
    let (listener, address) = listener().await;
    let check = Check::new(tcp("127.0.0.1", address.port())).unwrap();
    let up = Some((Verdict::Up, Reason::None));
    let brief = check.run_expecting(up, &surroundings()).await;
    assert!(brief.is_brief && brief.verdict == Verdict::Up && *brief.evidence == Evidence::default());
    let news = check.run_expecting(Some((Verdict::Degraded, Reason::Slow)), &surroundings()).await;
    assert!(!news.is_brief && !news.evidence.phases.is_empty(), "{news:?}");
    drop(listener);
    let down = (Verdict::Down, Reason::ConnectRefused);
    for expected in [up, Some(down)] {
        let outcome = check.run_expecting(expected, &surroundings()).await;
        assert_eq!((outcome.verdict, outcome.reason), down);
        assert!(!outcome.is_brief && !outcome.evidence.detail.is_empty(), "a failure is always shown");
    }
}
