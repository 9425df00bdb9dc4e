//! The decision, by table; and rounds against real sockets.

use collector_api::{Reason, Verdict};
use config::{CheckId, CheckSpec, Family, Probe, TcpParams, Timing};
use hickory_proto::op::{Message, OpCode};
use hickory_proto::rr::rdata::A;
use hickory_proto::rr::{RData, Record};
use hickory_resolver::config::{NameServerConfig, ResolverConfig};

use super::*;
use crate::allowed::AllowedTargets;
use crate::probe::Rejections;
use crate::probe::Surroundings;
use crate::probe::http::Bodies;
use crate::probe::icmp::Pings;
use crate::resolve::SystemResolver;
use crate::secrets::SecretsDirectory;
use crate::tls::TlsStore;

fn witness(host: &str, answered: bool) -> Witness {
    let address = HostPort { host: host.to_owned(), port: 443 };
    Witness { ip: host.parse().ok(), address, is_mute: false, answered }
}

fn mute(host: &str) -> Witness {
    Witness { is_mute: true, ..witness(host, false) }
}

#[test]
fn only_a_failure_of_all_other_witnesses_excuses() {
    let target = "10.0.0.9";
    for (round, expected) in [
        (vec![], false),
        (vec![witness("10.0.0.1", false)], true),
        (vec![witness("10.0.0.1", true)], false),
        (vec![witness("10.0.0.1", false), witness("10.0.0.2", false)], true),
        (vec![witness("10.0.0.1", false), witness("10.0.0.2", true)], false),
        // The target itself is no witness, neither for nor against.
        (vec![witness("10.0.0.9", false)], false),
        (vec![witness("10.0.0.9", false), witness("10.0.0.1", false)], true),
        (vec![witness("10.0.0.9", true), witness("10.0.0.1", false)], true),
        (vec![Witness { ip: target.parse().ok(), ..witness("vm.comune.example", false) }], false),
        (vec![Witness { ip: "::ffff:10.0.0.9".parse().ok(), ..witness("vm.comune.example", false) }], false),
        // Who answers with the cable pulled has no voice.
        (vec![mute("127.0.0.1")], false),
        (vec![mute("127.0.0.1"), witness("10.0.0.1", false)], true),
    ] {
        assert_eq!(excuses(target, target.parse().ok(), &round), expected, "{round:?}");
    }
}

/// An uplink may carry one family and not the other: then canaries of the other answer in vain.
#[test]
fn witnesses_are_of_the_family_that_failed() {
    let (v4, v6) = ("10.0.0.9", "2001:db8::9");
    for (target, round, expected) in [
        (v6, vec![witness("10.0.0.1", true), witness("2001:db8::1", false)], true),
        (v6, vec![witness("10.0.0.1", false), witness("2001:db8::1", true)], false),
        (v4, vec![witness("10.0.0.1", false), witness("2001:db8::1", true)], true),
        (v4, vec![witness("10.0.0.1", true), witness("2001:db8::1", false)], false),
        (v4, vec![witness("::ffff:10.0.0.1", false), witness("2001:db8::1", true)], true),
        // Nobody of the family can testify: the others may, as far as they can.
        (v6, vec![witness("10.0.0.1", false)], true),
        (v6, vec![witness("10.0.0.1", true)], false),
        (v6, vec![witness("10.0.0.1", true), mute("2001:db8::1")], false),
        (v6, vec![witness("10.0.0.1", false), witness(v6, true)], true),
        (v6, vec![witness("10.0.0.1", true), witness(v6, false)], false),
    ] {
        assert_eq!(excuses(target, target.parse().ok(), &round), expected, "{target} {round:?}");
    }
    // A name that was not found has no family.
    let round = [witness("10.0.0.1", true), witness("2001:db8::1", false)];
    assert!(!excuses("posta.comune.example", None, &round));
}

#[test]
fn a_check_whose_name_is_not_found_is_its_own_canary_by_name() {
    let round = [Witness { ip: "192.0.2.9".parse().ok(), ..witness("WWW.comune.example", false) }];
    assert!(!excuses("www.comune.example", None, &round));
    assert!(excuses("posta.comune.example", None, &round));
}

/// A state directory that keeps nothing.
fn nowhere() -> &'static Path {
    Path::new("/nonexistent")
}

fn surroundings() -> SharedSurroundings {
    surroundings_by(53)
}

/// With a resolver at this port of 127.0.0.1.
fn surroundings_by(port: u16) -> SharedSurroundings {
    let mut server = NameServerConfig::udp("127.0.0.1".parse().unwrap());
    server.connections[0].port = port;
    Arc::new(Surroundings {
        resolver: SystemResolver::by_config(ResolverConfig::from_name_servers(vec![server])),
        allowed: AllowedTargets::parse(&[]).unwrap(),
        tls: TlsStore::default(),
        secrets: SecretsDirectory::new("/nonexistent"),
        rejections: Rejections::default(),
        bodies: Bodies::default(),
        pings: Pings::default(),
        snmp: crate::probe::snmp::Engines::default(),
        pages: crate::probe::http::Pages::new("/nonexistent"),
        posts: crate::probe::mail_round_trip::Posts::new("/nonexistent"),
        clock: crate::clock::Calendar::default(),
        controllers: crate::probe::access_point::Controllers::default(),
        clock_servers: Vec::new(),
        heartbeats: Arc::new(crate::heartbeats::Book::new(
            std::path::Path::new("/nonexistent"),
            crate::clock::system(),
        )),
    })
}

fn check(host: &str, measures_path: bool) -> Check {
    let address = HostPort { host: host.to_owned(), port: 443 };
    let timing =
        Timing { every_ms: 60_000, timeout_ms: 100, hold_ms: 1, attempts: 1, warn_ms: None, crit_ms: None };
    let probe = Probe::Tcp(TcpParams::connect(address, Family::V4));
    Check::new(CheckSpec { id: CheckId::new("a.b.c").unwrap(), timing, measures_path, probe }).unwrap()
}

fn down(reason: Reason, remote: &str) -> Outcome {
    Outcome {
        verdict: Verdict::Down,
        reason,
        duration_micros: 1,
        attempts: 1,
        remote: remote.parse().ok(),
        evidence: Box::default(),
        is_brief: false,
    }
}

/// A desk whose questions are answered with `now`.
fn desk_with(now: Vec<Witness>) -> (Desk, JoinSet<()>) {
    desk_after(None, now)
}

fn desk_after(before: Option<(Instant, Vec<Witness>)>, now: Vec<Witness>) -> (Desk, JoinSet<()>) {
    let (questions, mut asked) = mpsc::channel::<oneshot::Sender<Arc<Round>>>(8);
    let mut tasks = JoinSet::new();
    let round = Arc::new(Round { now, before });
    tasks.spawn(async move {
        while let Some(asker) = asked.recv().await {
            let _ = asker.send(Arc::clone(&round));
        }
    });
    (Desk { questions }, tasks)
}

#[tokio::test]
async fn only_failures_that_may_be_the_networks_ask() {
    let (desk, _tasks) = desk_with(vec![witness("10.0.0.1", false)]);
    let other = "192.0.2.7:443";
    for (measures_path, outcome, expected) in [
        (false, down(Reason::ConnectTimeout, other), true),
        (false, down(Reason::ResolveTimeout, ""), true),
        (false, down(Reason::TlsTimeout, other), true),
        (false, down(Reason::AssertStatus, other), false),
        (false, down(Reason::TlsExpired, other), false),
        (true, down(Reason::ConnectTimeout, other), false),
        // The check's own host needs no network.
        (false, down(Reason::ConnectRefused, "127.0.0.1:443"), false),
    ] {
        let check = check("192.0.2.7", measures_path);
        assert_eq!(desk.excuses(&check, &outcome).await, expected, "{outcome:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_first_round_after_a_cut_excuses_too() {
    let cut = || vec![witness("10.0.0.1", false)];
    let well = || vec![witness("10.0.0.1", true)];
    let failed = down(Reason::ConnectTimeout, "192.0.2.7:443");
    // The checks of these tests hold for 1 ms.
    for (before, now, age_ms, expected) in [
        (cut(), well(), 0, true),
        (cut(), well(), 1, true),
        (cut(), well(), 2, false),
        (well(), well(), 0, false),
        (well(), cut(), 0, true),
    ] {
        let (desk, _tasks) = desk_after(Some((Instant::now(), before)), now);
        tokio::time::advance(Duration::from_millis(age_ms)).await;
        assert_eq!(desk.excuses(&check("192.0.2.7", false), &failed).await, expected, "{age_ms}");
    }
}

#[tokio::test]
async fn without_anybody_to_ask_the_failure_stands() {
    let (questions, gone) = mpsc::channel(1);
    drop(gone);
    let desk = Desk { questions };
    assert!(!desk.excuses(&check("192.0.2.7", false), &down(Reason::ConnectTimeout, "192.0.2.7:443")).await);
}

#[tokio::test]
async fn a_canary_on_the_agents_own_host_has_no_voice() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let own = HostPort { host: "127.0.0.1".to_owned(), port };
    let (_list, canaries) = watch::channel(Vec::new());
    let (desk, watch) = open(canaries, vec![own], surroundings(), nowhere());
    let mut tasks = JoinSet::new();
    tasks.spawn(watch.run());
    let round = desk.ask().await.unwrap();
    assert_eq!(round.now.len(), 1);
    assert!(round.now[0].is_mute);
}

#[tokio::test]
async fn a_canary_that_may_not_be_dialled_has_no_voice() {
    let (_list, canaries) = watch::channel(vec![HostPort { host: "169.254.169.254".to_owned(), port: 80 }]);
    let (desk, watch) = open(canaries, Vec::new(), surroundings(), nowhere());
    let mut tasks = JoinSet::new();
    tasks.spawn(watch.run());
    let round = desk.ask().await.unwrap();
    assert!(round.now[0].is_mute);
}

/// A resolver that finds every name at 127.0.0.1 until it is dead.
struct Resolver {
    port: u16,
    tasks: JoinSet<()>,
}

impl Resolver {
    async fn start() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let port = socket.local_addr().unwrap().port();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut bytes = [0; 512];
            loop {
                let (length, asker) = socket.recv_from(&mut bytes).await.unwrap();
                let question = Message::from_vec(&bytes[..length]).unwrap();
                let mut reply = Message::response(question.metadata.id, OpCode::Query);
                let query = question.queries[0].clone();
                reply.add_answer(Record::from_rdata(
                    query.name().clone(),
                    60,
                    RData::A(A(Ipv4Addr::LOCALHOST)),
                ));
                reply.add_query(query);
                socket.send_to(&reply.to_vec().unwrap(), asker).await.unwrap();
            }
        });
        Self { port, tasks }
    }

    async fn die(&mut self) {
        self.tasks.shutdown().await;
    }
}

fn named(host: &str) -> Vec<HostPort> {
    vec![HostPort { host: host.to_owned(), port: 1 }]
}

/// The first round in which the canary has an address.
async fn found(desk: &Desk) -> Arc<Round> {
    timeout(Duration::from_secs(30), async {
        loop {
            let round = desk.ask().await.unwrap();
            if round.now[0].ip.is_some() {
                return round;
            }
            tokio::task::yield_now().await;
        }
    })
    .await
    .unwrap()
}

#[tokio::test]
async fn a_dead_resolver_silences_no_canary_that_was_ever_found() {
    let mut resolver = Resolver::start().await;
    let (list, canaries) = watch::channel(named("uno.comune.example"));
    let (desk, watch) = open(canaries, Vec::new(), surroundings_by(resolver.port), nowhere());
    let mut tasks = JoinSet::new();
    tasks.spawn(watch.run());
    assert_eq!(found(&desk).await.now[0].ip, Some(Ipv4Addr::LOCALHOST.into()), "looked up at the start");
    list.send(named("due.comune.example")).unwrap();
    assert_eq!(found(&desk).await.now[0].address.host, "due.comune.example", "and with a new list");
    resolver.die().await;
    // The same list again is looked up again, in vain.
    list.send(named("due.comune.example")).unwrap();
    for _ in 0..3 {
        assert_eq!(desk.ask().await.unwrap().now[0].ip, Some(Ipv4Addr::LOCALHOST.into()));
    }
}

#[tokio::test]
async fn an_agent_that_starts_without_network_knows_where_its_canaries_were() {
    let state = tempfile::tempdir().unwrap();
    let mut resolver = Resolver::start().await;
    let (_list, canaries) = watch::channel(named("uno.comune.example"));
    let (desk, watch) = open(canaries, Vec::new(), surroundings_by(resolver.port), state.path());
    let mut tasks = JoinSet::new();
    tasks.spawn(watch.run());
    found(&desk).await;
    let kept = async {
        while !state.path().join("canaries.json").exists() {
            tokio::task::yield_now().await;
        }
    };
    timeout(Duration::from_secs(30), kept).await.unwrap();
    tasks.shutdown().await;
    resolver.die().await;

    // As the agent begins: no list, then the one of the assignment it keeps.
    let (list, canaries) = watch::channel(Vec::new());
    let surroundings = surroundings_by(resolver.port);
    let (desk, watch) = open(canaries, named("collettore.invalid"), surroundings, state.path());
    tasks.spawn(watch.run());
    desk.ask().await.unwrap();
    list.send([named("uno.comune.example"), named("due.comune.example")].concat()).unwrap();
    let round = desk.ask().await.unwrap();
    let where_from = |host: &str| round.now.iter().find(|witness| witness.address.host == host).unwrap().ip;
    assert_eq!(where_from("uno.comune.example"), Some(Ipv4Addr::LOCALHOST.into()));
    assert_eq!(where_from("due.comune.example"), None, "never found on any start");
}

#[test]
fn a_damaged_memory_of_canaries_is_as_none() {
    let state = tempfile::tempdir().unwrap();
    std::fs::write(state.path().join("canaries.json"), "{\"uno.comune.example\": \"somewhere\"}").unwrap();
    assert_eq!(Addresses::kept_in(state.path()).of("uno.comune.example"), None);
    std::fs::write(state.path().join("canaries.json"), "{\"uno.comune.example\": \"192.0.2.1\"}").unwrap();
    let expected = "192.0.2.1".parse().ok();
    assert_eq!(Addresses::kept_in(state.path()).of("uno.comune.example"), expected);
}

#[tokio::test]
async fn a_canary_that_was_never_found_proves_nothing() {
    let mut resolver = Resolver::start().await;
    resolver.die().await;
    let (_list, canaries) = watch::channel(named("uno.comune.example"));
    // The collector by a name that no resolver may find (RFC 6761, 6.4).
    let (desk, watch) =
        open(canaries, named("collettore.invalid"), surroundings_by(resolver.port), nowhere());
    let mut tasks = JoinSet::new();
    tasks.spawn(watch.run());
    let round = desk.ask().await.unwrap();
    assert!(round.now.iter().all(|witness| witness.is_mute && witness.ip.is_none()), "{round:?}");
    assert!(!excuses("posta.comune.example", None, &round.now), "an outage of DNS is no cut of the network");
}

#[tokio::test]
async fn the_collector_is_found_as_delivery_finds_it() {
    let (_list, canaries) = watch::channel(Vec::new());
    // The hosts file knows it; the agent's own resolver does not ask there.
    let (desk, watch) = open(canaries, named("localhost"), surroundings(), nowhere());
    let mut tasks = JoinSet::new();
    tasks.spawn(watch.run());
    assert!(found(&desk).await.now[0].ip.is_some_and(|ip| ip.is_loopback()));
}

#[tokio::test]
async fn questions_asked_meanwhile_share_the_next_round() {
    let (_list, canaries) = watch::channel(Vec::new());
    let (desk, watch) = open(canaries, Vec::new(), surroundings(), nowhere());
    // Asked before the watch runs: one round must answer all of them.
    let mut asking = JoinSet::new();
    for _ in 0..100 {
        let desk = desk.clone();
        asking.spawn(async move { desk.ask().await.unwrap() });
    }
    tokio::task::yield_now().await;
    let mut tasks = JoinSet::new();
    tasks.spawn(watch.run());
    let rounds = asking.join_all().await;
    assert!(rounds.iter().all(|round| Arc::ptr_eq(round, &rounds[0])));
}
