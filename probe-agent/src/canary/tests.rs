//! The decision, by table; and rounds against real sockets.

use collector_api::{Evidence, Reason, Verdict};
use config::{CheckId, CheckSpec, Probe, TcpParams, Timing};
use hickory_resolver::config::{NameServerConfig, ResolverConfig};

use super::*;
use crate::allowed::AllowedTargets;
use crate::probe::Surroundings;
use crate::resolve::SystemResolver;
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

#[test]
fn a_name_that_did_not_resolve_is_its_own_canary_by_name() {
    let round = [Witness { ip: None, ..witness("WWW.comune.example", false) }];
    assert!(!excuses("www.comune.example", None, &round));
    assert!(excuses("posta.comune.example", None, &round));
}

fn surroundings() -> SharedSurroundings {
    let server = NameServerConfig::udp("127.0.0.1".parse().unwrap());
    Arc::new(Surroundings {
        resolver: SystemResolver::by_config(ResolverConfig::from_name_servers(vec![server])),
        allowed: AllowedTargets::parse(&[]).unwrap(),
        tls: TlsStore::default(),
    })
}

fn check(host: &str, measures_path: bool) -> Check {
    let address = HostPort { host: host.to_owned(), port: 443 };
    let timing =
        Timing { every_ms: 60_000, timeout_ms: 100, hold_ms: 1, attempts: 1, warn_ms: None, crit_ms: None };
    let probe = Probe::Tcp(TcpParams { address, family: Family::V4 });
    Check::new(CheckSpec { id: CheckId::new("a.b.c").unwrap(), timing, measures_path, probe }).unwrap()
}

fn down(reason: Reason, remote: &str) -> Outcome {
    Outcome {
        verdict: Verdict::Down,
        reason,
        duration_micros: 1,
        attempts: 1,
        remote: remote.parse().ok(),
        evidence: Evidence::default(),
    }
}

/// A desk whose questions are answered with `round`, and how many rounds that took.
fn desk_with(round: Vec<Witness>) -> (Desk, JoinSet<()>) {
    let (questions, mut asked) = mpsc::channel::<oneshot::Sender<Round>>(8);
    let mut tasks = JoinSet::new();
    let round = Arc::new(round);
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
    let (desk, watch) = open(canaries, vec![own], surroundings());
    let mut tasks = JoinSet::new();
    tasks.spawn(watch.run());
    let round = desk.ask().await.unwrap();
    assert_eq!(round.len(), 1);
    assert!(round[0].is_mute);
}

#[tokio::test]
async fn a_canary_that_may_not_be_dialled_has_no_voice() {
    let (_list, canaries) = watch::channel(vec![HostPort { host: "169.254.169.254".to_owned(), port: 80 }]);
    let (desk, watch) = open(canaries, Vec::new(), surroundings());
    let mut tasks = JoinSet::new();
    tasks.spawn(watch.run());
    let round = desk.ask().await.unwrap();
    assert!(round[0].is_mute);
}

#[tokio::test]
async fn questions_asked_meanwhile_share_the_next_round() {
    let (_list, canaries) = watch::channel(Vec::new());
    let (desk, watch) = open(canaries, Vec::new(), surroundings());
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
