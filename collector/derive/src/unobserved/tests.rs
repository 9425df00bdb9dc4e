//! Each reason by itself, and several at once.

use super::*;
use crate::year::tests::{as_of, charter, runs_but, web};
use crate::{Declaration, Declared, Period, Reading, Scope, Window};
use collector_api::{StreamId, Verdict};
use proptest::prelude::*;

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
    use Unobserved::{AgentNetwork, AgentSilent, NeverMeasured, TooFew, Unconfirmed};
    let pieces =
        [(0, 100, NeverMeasured), (0, 60, AgentSilent), (20, 50, AgentNetwork), (40, 70, AgentNetwork)];
    let sums = Unobserved::ALL.into_iter().zip(sum(&pieces)).filter(|(_, ms)| *ms > 0);
    assert_eq!(sums.collect::<Vec<_>>(), [(AgentNetwork, 50), (AgentSilent, 20), (NeverMeasured, 30)]);
    // A failure that is not confirmed yet is nearer than how many know, and that than why others did not.
    let pieces = [(0, 50, AgentSilent), (0, 50, TooFew), (20, 30, Unconfirmed)];
    let sums = Unobserved::ALL.into_iter().zip(sum(&pieces)).filter(|(_, ms)| *ms > 0);
    assert_eq!(sums.collect::<Vec<_>>(), [(Unconfirmed, 10), (TooFew, 40)]);
    assert_eq!(sum(&[]), Lengths::default());
}

#[test]
fn stretches_are_cut_to_each_other() {
    let stretches = [(0, 10), (20, 30), (40, 50)];
    assert_eq!(cut(&stretches, 5, 45).collect::<Vec<_>>(), [(5, 10), (20, 30), (40, 45)]);
    assert_eq!(cut(&stretches, 10, 20).count(), 0);
}

fn told(runs: &RunIndex, declared: &[Declared], hour: i64) -> (u64, Vec<(Unobserved, u64)>) {
    let history = [(0, charter())];
    let corrections = Corrections::of(declared, i64::MAX);
    let charters = Charters::of(&history, Period::civil_year(2026), as_of(hour));
    let figures = charters.figures(runs, &corrections, &Reading::default());
    let service = web(&figures);
    (service.figure.unknown_ms, charters.unobserved(&figures, service, runs, &corrections))
}

fn annulled(from_hour: i64, to_hour: i64) -> Declared {
    let window = Window { from_ms: as_of(from_hour), to_ms: as_of(to_hour) };
    let declaration =
        Declaration::Annulled { outage: None, scope: vec![Scope::All], window, note: String::new() };
    Declared { entry: 1, at_ms: 0, author: "anna".to_owned(), uid: None, declaration }
}

#[test]
fn what_is_annulled_is_told_as_such() {
    let (unknown_ms, told) = told(&runs_but(6, &[]), &[annulled(2, 4)], 6);
    assert_eq!((unknown_ms, told), (2 * 3_600_000, vec![(Unobserved::Annulled, 2 * 3_600_000)]));
}

#[test]
fn too_few_that_know_are_a_reason_of_its_own() {
    let one_knows = [("front", "a", "school1", "uu..uu"), ("front", "b", "school1", "uu..uu")];
    for (known_min, expected) in [(1, vec![]), (2, vec![(Unobserved::TooFew, 2 * 3_600_000)])] {
        let mut charter = charter();
        charter.rules.readings.sites.known_min = known_min;
        charter.services[0].components.truncate(1);
        let history = [(0, charter)];
        let (charters, runs) =
            (Charters::of(&history, Period::civil_year(2026), as_of(6)), runs_but(6, &one_knows));
        let figures = charters.figures(&runs, &Corrections::default(), &Reading::default());
        let told = charters.unobserved(&figures, web(&figures), &runs, &Corrections::default());
        assert_eq!(told, expected, "{known_min}");
    }
}

#[test]
fn an_annulment_explains_only_what_it_is_about() {
    // The data center's one vantage spoke, the school's did not, and the vote asks for two that know.
    let mut charter = charter();
    let two = config::Vote { known_min: 2, ..charter.rules.readings.sites };
    if let config::Node::Part(part) = &mut charter.services[0].components[0].node {
        part.checks.iter_mut().for_each(|check| check.judged.sites = Some(two));
    }
    let seen = [("front", "a", "school1", "uu..uu"), ("front", "b", "school1", "uu..uu")];
    let history = [(0, charter)];
    let (charters, runs) = (Charters::of(&history, Period::civil_year(2026), as_of(6)), runs_but(6, &seen));
    for (scope, expected) in [
        ("*", Unobserved::Annulled),
        ("web.front", Unobserved::Annulled),
        ("mail", Unobserved::TooFew),
        ("site:ced", Unobserved::Annulled),
        ("site:school", Unobserved::TooFew),
    ] {
        let mut entry = annulled(2, 4);
        if let Declaration::Annulled { scope: about, .. } = &mut entry.declaration {
            *about = vec![Scope::parse(scope).unwrap()];
        }
        let corrections = Corrections::of(&[entry], i64::MAX);
        let figures = charters.figures(&runs, &corrections, &Reading::default());
        let told = charters.unobserved(&figures, web(&figures), &runs, &corrections);
        assert_eq!(told.first().map(|(why, _)| *why), Some(expected), "{scope} {told:?}");
    }
}

proptest! {
    /// Whatever was seen and annulled, each unknown millisecond has one reason.
    #[test]
    fn reasons_sum_to_the_unknown_time(
        a in "[ud.]{8}", b in "[ud.]{8}", c in "[ud.]{8}", school in "[ud.]{8}",
        from_hour in 0_i64..8, length in 1_i64..4,
    ) {
        let seen = [
            ("front", "a", "ced1", a.as_str()),
            ("front", "b", "school1", b.as_str()),
            ("front", "a", "school1", school.as_str()),
            ("back", "c", "ced1", c.as_str()),
            ("back", "c", "ced2", "........"),
        ];
        let (unknown_ms, told) = told(&runs_but(8, &seen), &[annulled(from_hour, from_hour + length)], 9);
        prop_assert_eq!(told.iter().map(|(_, ms)| ms).sum::<u64>(), unknown_ms);
    }
}
