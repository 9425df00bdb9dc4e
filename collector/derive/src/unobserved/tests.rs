//! Each reason by itself, and several at once.

use super::*;
use collector_api::{StreamId, Verdict};

const HOLD_MS: u64 = 150;

fn run(verdict: Verdict, reason: Reason, first_ms: i64, last_ms: i64, until_ms: i64) -> Run {
    Run { verdict, reason, first_seq: 1, last_seq: 1, first_ms, last_ms, count: 1, until_ms }
}

fn up(first_ms: i64, last_ms: i64) -> Run {
    run(Verdict::Up, Reason::None, first_ms, last_ms, last_ms + 150)
}

#[track_caller]
fn check(closed: Vec<Run>, (from_ms, to_ms): (i64, i64), expected: &[Piece]) {
    let stream = StreamRuns { stream: StreamId([1; 16]), opened_ms: 0, closed, open: None };
    let mut pieces = Vec::new();
    Heard { streams: &[stream], hold_ms: HOLD_MS }.explain(from_ms, to_ms, &mut pieces);
    assert_eq!(pieces, expected);
}

#[test]
fn the_runs_around_a_gap_tell_why() {
    use Unobserved::{
        AgentClock, AgentNetwork, AgentOther, AgentSilent, NeverMeasured, SpoolLost, Unconfirmed,
    };
    check(vec![up(1_000, 2_000)], (0, 1_000), &[(0, 1_000, NeverMeasured)]);
    check(Vec::new(), (0, 1_000), &[(0, 1_000, NeverMeasured)]);
    // The hold ran out by itself, or LOST cut it.
    check(vec![up(1_000, 2_000)], (2_150, 5_000), &[(2_150, 5_000, AgentSilent)]);
    let cut = run(Verdict::Up, Reason::None, 1_000, 2_000, 2_040);
    check(vec![cut, up(5_000, 6_000)], (2_040, 5_000), &[(2_040, 5_000, SpoolLost)]);
    for (verdict, reason, why) in [
        (Verdict::Unknown, Reason::AgentNetworkDown, AgentNetwork),
        (Verdict::Unknown, Reason::AgentClockUnsynced, AgentClock),
        (Verdict::Unknown, Reason::AgentOverload, AgentOther),
        (Verdict::Down, Reason::ConnectRefused, Unconfirmed),
    ] {
        let spoken = run(verdict, reason, 3_000, 3_100, 3_250);
        check(
            vec![up(1_000, 2_000), spoken, up(4_000, 5_000)],
            (2_150, 4_000),
            &[(2_150, 3_000, AgentSilent), (3_000, 3_250, why), (3_250, 4_000, AgentSilent)],
        );
    }
}

#[test]
fn at_each_instant_the_first_reason_stands() {
    use Unobserved::{AgentNetwork, AgentSilent, NeverMeasured};
    let pieces =
        [(0, 100, NeverMeasured), (0, 60, AgentSilent), (20, 50, AgentNetwork), (40, 70, AgentNetwork)];
    assert_eq!(sum(&pieces), [(AgentNetwork, 50), (AgentSilent, 20), (NeverMeasured, 30)]);
    assert_eq!(sum(&[]), []);
}

#[test]
fn stretches_are_cut_to_each_other() {
    let stretches = [(0, 10), (20, 30), (40, 50)];
    assert_eq!(cut(&stretches, 5, 45).collect::<Vec<_>>(), [(5, 10), (20, 30), (40, 45)]);
    assert_eq!(cut(&stretches, 10, 20).count(), 0);
}
