//! The ICMP probe on this machine's loopback; `tests/it` has hosts that do not answer.

use collector_api::{Reason, Verdict};
use config::{CheckSpec, Family, IcmpParams, Probe, Timing};
use tokio::task::JoinSet;

use std::sync::Arc;

use super::super::tests::{spec, surroundings};
use super::super::{Check, Outcome};
use super::*;

/// May this process open an ICMP socket? Where not, there is nothing to see but the reason.
#[expect(clippy::print_stdout, reason = "a skipped test must be seen in its output")]
fn may_ping() -> bool {
    let line = Pings::default().line("127.0.0.1".parse().unwrap());
    if let Err(fault) = &line {
        println!("skipped: {}", fault.detail);
    }
    line.is_ok()
}

fn check(host: &str, packets: u32, timeout_ms: u64) -> CheckSpec {
    let params = IcmpParams {
        host: host.to_owned(),
        family: Family::V4,
        packets,
        size: IcmpParams::SIZE,
        loss_warn: IcmpParams::LOSS_WARN,
        loss_crit: None,
    };
    let timing = Timing { timeout_ms, attempts: 1, ..spec().timing };
    CheckSpec { probe: Probe::Icmp(params), timing, ..spec() }
}

async fn run(spec: CheckSpec) -> Outcome {
    Check::new(spec).unwrap().run(&surroundings()).await
}

fn fact(outcome: &Outcome, name: &str) -> String {
    let facts = &outcome.evidence.facts;
    facts.iter().find(|fact| fact.name == name).map_or_else(String::new, |fact| fact.value.clone())
}

#[tokio::test]
async fn loopback_answers_in_both_families() {
    for host in ["127.0.0.1", "::1"] {
        let outcome = run(check(host, 4, 1_000)).await;
        if !may_ping() {
            assert_eq!(outcome.reason, Reason::AgentPermission);
            continue;
        }
        assert_eq!((outcome.verdict, outcome.reason), (Verdict::Up, Reason::None), "{outcome:?}");
        assert_eq!(fact(&outcome, "packets"), "4 sent, 4 back");
        assert_eq!(outcome.evidence.remote, host);
        // The time is a packet's, not the attempt's, and never nothing.
        assert!(outcome.duration_micros > 0 && outcome.duration_micros < 100_000, "{outcome:?}");
    }
}

/// Six hundred at once: no reply is taken by another's check, and no socket's buffer overflows.
#[tokio::test]
async fn many_checks_at_once_lose_nothing() {
    if !may_ping() {
        return;
    }
    let surroundings = Arc::new(surroundings());
    let mut checks = JoinSet::new();
    for at in 0..600_u32 {
        let surroundings = Arc::clone(&surroundings);
        // Two or three checks of each host.
        let host = format!("127.0.1.{}", at % 250);
        checks.spawn(async move {
            let check = Check::new(check(&host, 4, 20_000)).unwrap();
            check.run(&surroundings).await
        });
    }
    for outcome in checks.join_all().await {
        assert_eq!(fact(&outcome, "packets"), "4 sent, 4 back", "{outcome:?}");
    }
}

#[tokio::test]
async fn what_is_said_is_told_to_who_asks() {
    if !may_ping() {
        return;
    }
    let check = Check::new(check("127.0.0.1", 2, 1_000)).unwrap();
    let (_, transcript) = check.run_recorded(&surroundings()).await;
    let signs: String = transcript.lines().iter().map(|line| line.direction.sign()).collect();
    assert_eq!(signs, "*><><");
    assert_eq!(transcript.lines()[1].text, "echo request 1 to 127.0.0.1, 56 bytes");
}

#[tokio::test]
async fn a_forbidden_address_is_not_asked() {
    let outcome = run(check("192.0.2.1", 1, 500)).await;
    assert_eq!((outcome.verdict, outcome.reason), (Verdict::Unknown, Reason::AgentTargetForbidden));
}

/// A client whose runtime is gone hears nobody: it is thrown away, and nobody is called down for it.
#[test]
fn a_deaf_socket_is_replaced_and_nobody_is_blamed() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    if !runtime().block_on(async { may_ping() }) {
        return;
    }
    let surroundings = surroundings();
    let check = Check::new(check("127.0.0.1", 1, 500)).unwrap();
    let first = runtime().block_on(check.run(&surroundings));
    assert_eq!(first.verdict, Verdict::Up, "{first:?}");
    let runtime = runtime();
    let second = runtime.block_on(check.run(&surroundings));
    assert_eq!((second.verdict, second.reason), (Verdict::Unknown, Reason::AgentInternal), "{second:?}");
    let third = runtime.block_on(check.run(&surroundings));
    assert_eq!(third.verdict, Verdict::Up, "{third:?}");
}

#[tokio::test]
async fn more_than_the_pace_allows_is_the_agents_fault() {
    if !may_ping() {
        return;
    }
    let pings = Pings::default();
    let line = pings.line("127.0.0.1".parse().unwrap()).unwrap();
    let mut waiting = JoinSet::new();
    for _ in 0..200 {
        let line = line.clone();
        waiting.spawn(async move { line.turn(Duration::from_millis(50)).await });
    }
    let refused = waiting.join_all().await.into_iter().filter_map(Result::err).collect::<Vec<_>>();
    // A hundred turns fit into 50 ms.
    assert!((50..=100).contains(&refused.len()), "{}", refused.len());
    assert!(refused.iter().all(|fault| fault.reason == Reason::AgentOverload));
}
