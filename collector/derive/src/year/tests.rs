//! Charters, eras and sites: what holds over a whole year and what holds now.

mod corrected;
mod means;
mod scoped;

use collector_api::{Reason, StreamId, Verdict};
use config::{
    CharterAct, Check, Commitment, Component, HostPort, Id, Node, Organisation, Part, Probe, Quorum, Rules,
    Service, Site, TcpParams, Timing,
};
use jiff::civil::date;
use proptest::prelude::*;

use super::*;
use crate::{Condition, Ratio, Run, StreamRuns, Vantage};

pub(crate) const HOUR: i64 = 3_600_000;

fn id(name: &str) -> Id {
    Id::new(name).unwrap()
}

pub(crate) fn start_ms() -> i64 {
    Period::civil_year(2026).start_ms()
}

/// Site `ced` has agents `ced1` and `ced2`, site `school` has `school1`; two fails make down.
///
/// Service `web` is promised above 98%: component `front` of targets `a` and `b` (any) from both sites,
/// component `back` of one target `c` from `ced`.
pub(crate) fn charter() -> Charter {
    let site = |name: &str, agents: &[&str]| Site {
        id: id(name),
        agents: agents.iter().map(|agent| id(agent)).collect(),
        users: Vec::new(),
        facts: config::SiteFacts::default(),
    };
    let both = [id("ced"), id("school")];
    let front = part("front", Quorum::Any, vec![check("front", "a", &both), check("front", "b", &both)]);
    let back = part("back", Quorum::All, vec![check("back", "c", &both[..1])]);
    Charter {
        organisation: Organisation {
            name: "Comune di Esempio".to_owned(),
            unit: None,
            ipa_code: None,
            contact: None,
        },
        act: CharterAct { act: None, in_force_from: None, measured_from: None },
        rules: Rules {
            confirm_down: 2,
            confirm_up: 1,
            coverage_min: Fraction::new(99, 100).unwrap(),
            readings: config::Readings::default(),
        },
        sites: vec![site("ced", &["ced1", "ced2"]), site("school", &["school1"])],
        services: vec![Service {
            id: id("web"),
            row: Some(2),
            name: "Front end".to_owned(),
            users: Vec::new(),
            commitments: vec![Commitment::Availability(above_98())],
            components: vec![front, back],
            figure: config::FigureRule::AllUp,
            about: config::About::default(),
            was: None,
            burn: Vec::new(),
        }],
        calendars: Vec::new(),
        canaries: Vec::new(),
        alerting: Vec::new(),
    }
}

fn above_98() -> Availability {
    Availability { target: Fraction::new(98, 100).unwrap(), strict: true }
}

fn part(name: &str, up_if: Quorum, checks: Vec<Check>) -> Component {
    Component {
        id: id(name),
        name: name.to_owned(),
        publish: true,
        node: Node::Part(Part { up_if, checks, group_by: None }),
        about: config::About::default(),
        life: config::Life::default(),
        needs: Vec::new(),
        weight: None,
    }
}

fn check_id(component: &str, target: &str) -> CheckId {
    CheckId::of(&[id("web"), id(component), id(target)])
}

fn check(component: &str, target: &str, from: &[Id]) -> Check {
    Check {
        id: check_id(component, target),
        target: id(target),
        from: from.to_vec(),
        timing: Timing {
            every_ms: 60_000,
            timeout_ms: 5_000,
            hold_ms: 150_000,
            attempts: 1,
            warn_ms: None,
            crit_ms: None,
        },
        measures_path: false,
        probe: Probe::Tcp(TcpParams::connect(
            HostPort::parse("web.example:443", None).unwrap(),
            config::Family::V4,
        )),
        facts: config::TargetFacts::default(),
        judged: config::Judged::default(),
    }
}

/// What each agent saw of each check, one character an hour from the year's start: `u`, `g`, `d` or `.`.
fn runs(seen: &[(&str, &str, &str, &str)]) -> RunIndex {
    let mut runs = RunIndex::default();
    for (component, target, agent, hours) in seen {
        let streams = vec![StreamRuns {
            stream: StreamId([1; 16]),
            opened_ms: start_ms(),
            closed: hours.chars().enumerate().filter_map(|(hour, seen)| hourly(hour, seen)).collect(),
            open: None,
        }];
        let vantages = runs.checks.entry(check_id(component, target)).or_default();
        vantages.push(Vantage { agent: id(agent), streams });
    }
    runs
}

fn hourly(hour: usize, seen: char) -> Option<Run> {
    let (verdict, reason) = match seen {
        'u' => (Verdict::Up, Reason::None),
        'g' => (Verdict::Degraded, Reason::Slow),
        'd' => (Verdict::Down, Reason::ConnectTimeout),
        _ => return None,
    };
    let first_ms = start_ms() + i64::try_from(hour).unwrap() * HOUR;
    let (last_ms, until_ms) = (first_ms + HOUR - 60_000, first_ms + HOUR);
    Some(Run { verdict, reason, first_seq: 1, last_seq: 60, first_ms, last_ms, count: 60, until_ms })
}

/// All three checks up for `hours`, but for what is given.
pub(crate) fn runs_but(hours: usize, seen: &[(&str, &str, &str, &str)]) -> RunIndex {
    let up = "u".repeat(hours);
    let mut all = Vec::new();
    for (component, target) in [("front", "a"), ("front", "b"), ("back", "c")] {
        for agent in ["ced1", "ced2", "school1"] {
            let given = seen.iter().find(|given| (given.0, given.1, given.2) == (component, target, agent));
            all.push((component, target, agent, given.map_or(up.as_str(), |given| given.3)));
        }
    }
    runs(&all)
}

/// A timeline as one character an hour.
fn draw(timeline: &[Span]) -> String {
    let letter = |state| match state {
        State::Up => "U",
        State::Down => "D",
        State::Unknown => "?",
        State::Maintenance => "M",
    };
    let hours = |span: &Span| usize::try_from(span.length_ms()).unwrap() / usize::try_from(HOUR).unwrap();
    timeline.iter().map(|span| letter(span.state).repeat(hours(span))).collect()
}

pub(crate) fn as_of(hour: i64) -> i64 {
    start_ms() + hour * HOUR
}

pub(crate) fn web(figures: &YearFigures) -> &ServiceFigure {
    figures.service("web").unwrap()
}

#[test]
fn a_school_cut_off_is_not_hidden_by_the_data_center() {
    let runs = runs_but(6, &[("front", "a", "school1", "uudduu"), ("front", "b", "school1", "uddddu")]);
    let figures = year(&[(0, charter())], &runs, 2026, as_of(6));
    let service = web(&figures);
    assert_eq!(draw(&service.timeline), "UUDDUU");
    let seen: Vec<_> = service.sites.iter().map(|site| (site.site.as_str(), draw(&site.timeline))).collect();
    assert_eq!(seen, [("ced", "UUUUUU".to_owned()), ("school", "UUDDUU".to_owned())]);
    let parts: Vec<_> = service.components.iter().map(|c| (c.path.as_str(), draw(&c.timeline))).collect();
    assert_eq!(parts, [("front", "UUDDUU".to_owned()), ("back", "UUUUUU".to_owned())]);
}

#[test]
fn one_agent_of_a_site_alone_shows_as_degraded() {
    let runs = runs_but(4, &[("back", "c", "ced2", "uudd")]);
    let figures = year(&[(0, charter())], &runs, 2026, as_of(4));
    let now = web(&figures).now;
    assert_eq!(draw(&web(&figures).timeline), "UUUU");
    let expected = Now {
        state: Condition::Degraded,
        since_ms: Some(as_of(2)),
        reason: Reason::ConnectTimeout,
        failing: 1,
        known: 3,
        vantages: 3,
        last_ms: Some(as_of(4) - 60_000),
    };
    assert_eq!(now, expected);
    let check = figures.check(&check_id("back", "c")).unwrap();
    assert_eq!((check.now.failing, check.now.known, check.now.vantages), (1, 2, 2));
    assert_eq!(web(&figures).components[0].now.state, Condition::Up);
}

#[test]
fn now_says_since_when_and_why() {
    let down = [("back", "c", "ced1", "uuddd"), ("back", "c", "ced2", "uuddd")];
    let figures = year(&[(0, charter())], &runs_but(5, &down), 2026, as_of(5));
    let now = web(&figures).now;
    assert_eq!((now.state, now.since_ms), (Condition::Down, Some(as_of(2))));
    assert_eq!((now.reason, now.failing, now.vantages), (Reason::ConnectTimeout, 2, 3));

    let slow = [("back", "c", "ced1", "uuugg")];
    let now = web(&year(&[(0, charter())], &runs_but(5, &slow), 2026, as_of(5))).now;
    assert_eq!((now.state, now.since_ms, now.reason), (Condition::Degraded, Some(as_of(3)), Reason::Slow));

    let silent = [("back", "c", "ced1", "uuu.."), ("back", "c", "ced2", "uuu..")];
    let now = web(&year(&[(0, charter())], &runs_but(5, &silent), 2026, as_of(5))).now;
    assert_eq!((now.state, now.since_ms, now.known), (Condition::Unknown, Some(as_of(3)), 3));

    let now = web(&year(&[(0, charter())], &runs_but(5, &[]), 2026, as_of(5))).now;
    assert_eq!((now.state, now.since_ms, now.reason), (Condition::Up, None, Reason::None));
}

#[test]
fn outages_name_what_was_down_in_them() {
    let seen = [
        ("front", "a", "school1", "udddduu"),
        ("front", "b", "school1", "uudduuu"),
        ("back", "c", "ced1", "uuuuddd"),
        ("back", "c", "ced2", "uuuuudd"),
    ];
    let figures = year(&[(0, charter())], &runs_but(7, &seen), 2026, as_of(7));
    let outages = figures.outages(web(&figures));
    assert_eq!(draw(&web(&figures).timeline), "UUDDUDD");
    let shown: Vec<_> = outages
        .iter()
        .map(|outage| {
            let causes = outage.causes.iter().map(|(check, _, agent, _)| format!("{check} {agent}"));
            (outage.id.as_str(), outage.ongoing, causes.collect::<Vec<_>>())
        })
        .collect();
    let causes = |causes: [&str; 2]| causes.map(str::to_owned).to_vec();
    assert_eq!(
        shown,
        [
            ("web-2026-01-01T01:00:00Z", false, causes(["web.front.a school1", "web.front.b school1"])),
            ("web-2026-01-01T04:00:00Z", true, causes(["web.back.c ced1", "web.back.c ced2"])),
        ]
    );
    assert_eq!(outages.iter().map(Outage::length_ms).sum::<u64>(), web(&figures).figure.down_ms);
    assert_eq!(web(&figures).longest_stop().unwrap().start_ms, as_of(2));
}

#[test]
fn each_instant_is_judged_by_the_charter_then_in_force() {
    let mut all = charter();
    if let Node::Part(part) = &mut all.services[0].components[0].node {
        part.up_if = Quorum::All;
    }
    let seen = ["ced1", "ced2", "school1"].map(|agent| ("front", "a", agent, "uddddddu"));
    let runs = runs_but(8, &seen);
    let drawn = |history: &[(i64, Charter)]| draw(&web(&year(history, &runs, 2026, as_of(8))).timeline);
    assert_eq!(drawn(&[(0, charter())]), "UUUUUUUU");
    assert_eq!(drawn(&[(0, all.clone())]), "UDDDDDDU");
    assert_eq!(drawn(&[(0, charter()), (as_of(3), all.clone()), (as_of(5), charter())]), "UUUDDUUU");
    // Before the first revision the first judges; one that begins after as-of does not judge.
    assert_eq!(drawn(&[(as_of(4), all.clone()), (as_of(9), charter())]), "UDDDDDDU");
}

#[test]
fn what_a_charter_does_not_have_yet_is_unknown() {
    let mut small = charter();
    small.services[0].components.pop();
    let runs = runs_but(4, &[]);
    let figures = year(&[(0, small), (as_of(2), charter())], &runs, 2026, as_of(4));
    assert_eq!(draw(&web(&figures).timeline), "UUUU");
    assert_eq!(draw(&web(&figures).components[1].timeline), "??UU");
    let mut none = charter();
    none.services.clear();
    let figures = year(&[(0, none), (as_of(2), charter())], &runs, 2026, as_of(4));
    assert_eq!(draw(&web(&figures).timeline), "??UU");
    assert!(year(&[], &runs, 2026, as_of(4)).services.is_empty());
}

#[test]
fn a_first_year_is_partial() {
    let mut charter = charter();
    charter.act.measured_from = Some(date(2026, 1, 2));
    let runs = runs_but(48, &[]);
    let figures = year(&[(0, charter)], &runs, 2026, as_of(48));
    let figure = web(&figures).figure;
    assert_eq!(figure.out_of_scope_ms, 86_400_000);
    assert_eq!((figure.up_ms, figure.unknown_ms), (86_400_000, 0));
    assert_eq!(figures.measured_from_ms, as_of(24));
    assert_eq!(web(&figures).timeline.first().map(|span| span.start_ms), Some(as_of(24)));
    let (worst, best) = figure.whole_period().unwrap();
    assert_eq!((worst.percent_floor(4).as_str(), best.percent_floor(4).as_str()), ("0.2739", "100.0000"));
}

#[test]
fn a_component_without_checks_is_unknown() {
    let mut charter = charter();
    charter.services[0].components.push(part("later", Quorum::All, Vec::new()));
    let figures = year(&[(0, charter)], &runs_but(2, &[]), 2026, as_of(2));
    assert_eq!(draw(&web(&figures).timeline), "??");
    assert_eq!(web(&figures).figure.standing(&above_98()), crate::Standing::NoData);
}

#[test]
fn before_the_year_there_is_nothing_but_future() {
    let figures = year(&[(0, charter())], &runs_but(2, &[]), 2026, start_ms() - HOUR);
    let service = web(&figures);
    assert_eq!(service.figure.future_ms, Period::civil_year(2026).length_ms());
    assert!(service.timeline.is_empty());
    assert_eq!(service.now.state, Condition::Unknown);
}

/// What one agent saw for up to forty hours.
fn any_sight() -> impl Strategy<Value = String> {
    proptest::collection::vec(proptest::sample::select(vec!['u', 'u', 'd', 'g', '.']), 0..40)
        .prop_map(|hours| hours.into_iter().collect())
}

fn any_runs() -> impl Strategy<Value = RunIndex> {
    (any_sight(), any_sight(), any_sight(), any_sight()).prop_map(|(a, b, c, d)| {
        runs(&[
            ("front", "a", "ced1", &a),
            ("front", "a", "school1", &b),
            ("front", "b", "ced2", &c),
            ("back", "c", "ced1", &d),
        ])
    })
}

fn figure_of(runs: &RunIndex, period: Period, as_of_ms: i64) -> Figure {
    Charters::of(&[(0, charter())], period, as_of_ms)
        .figures(runs, &Corrections::default(), &Reading::default())
        .services[0]
        .figure
}

proptest! {
    #[test]
    fn integers_sum_and_timelines_have_no_gap(runs in any_runs(), hour in 1_i64..50) {
        let year = year(&[(0, charter())], &runs, 2026, as_of(hour));
        let service = web(&year);
        let lines = service.components.iter().map(|c| (c.figure, &c.timeline));
        let lines = lines.chain(service.sites.iter().map(|site| (site.figure, &site.timeline)));
        for (figure, timeline) in lines.chain([(service.figure, &service.timeline)]) {
            prop_assert_eq!(figure.period_ms(), Period::civil_year(2026).length_ms());
            prop_assert_eq!(timeline.first().map(|span| span.start_ms), Some(start_ms()));
            prop_assert_eq!(timeline.last().map(|span| span.end_ms), Some(as_of(hour)));
            for pair in timeline.windows(2) {
                prop_assert!(pair[0].end_ms == pair[1].start_ms && pair[0].state != pair[1].state);
            }
        }
    }

    #[test]
    fn a_period_in_two_pieces_adds_up(runs in any_runs(), cut in 1_i64..(60 * HOUR)) {
        let (from_ms, to_ms) = (start_ms(), as_of(60));
        let whole = figure_of(&runs, Period::new(from_ms, to_ms).unwrap(), to_ms);
        let first = figure_of(&runs, Period::new(from_ms, from_ms + cut.min(60 * HOUR - 1)).unwrap(), to_ms);
        let second = figure_of(&runs, Period::new(from_ms + cut.min(60 * HOUR - 1), to_ms).unwrap(), to_ms);
        prop_assert_eq!(whole.up_ms, first.up_ms + second.up_ms);
        prop_assert_eq!(whole.down_ms, first.down_ms + second.down_ms);
        prop_assert_eq!(whole.unknown_ms, first.unknown_ms + second.unknown_ms);
    }

    #[test]
    fn a_charter_that_changes_nothing_changes_nothing(runs in any_runs(), cut in 0_i64..50, hour in 1_i64..50) {
        let mut renamed = charter();
        renamed.services[0].name = "another title".to_owned();
        let once = year(&[(0, charter())], &runs, 2026, as_of(hour));
        let twice = year(&[(0, charter()), (as_of(cut), renamed)], &runs, 2026, as_of(hour));
        prop_assert_eq!(&once.services, &twice.services);
    }

    /// However a vantage's samples turn out, one more fail never raises the lower bound.
    #[test]
    fn a_fail_never_raises_the_worst_bound(runs in any_runs(), check in 0_usize..3, hour in 0_usize..40) {
        let worst = |runs: &RunIndex| {
            figure_of(runs, Period::civil_year(2026), as_of(45)).up_ms
        };
        let mut worse = runs.clone();
        let vantages = worse.checks.values_mut().nth(check).unwrap();
        let closed = &mut vantages[0].streams[0].closed;
        let Some(run) = closed.get_mut(hour) else { return Ok(()) };
        (run.verdict, run.reason) = (Verdict::Down, Reason::ConnectRefused);
        prop_assert!(worst(&worse) <= worst(&runs));
    }

    /// As time goes on, secured and irrecoverable stay what they are.
    #[test]
    fn an_outlook_that_is_certain_stays(runs in any_runs(), length in 41_i64..80, strict: bool, p in 1_u64..100) {
        let period = Period::new(start_ms(), as_of(length)).unwrap();
        let promise = Availability { target: Fraction::new(p, 100).unwrap(), strict };
        let mut before = crate::Outlook::Open;
        for hour in 1..=length {
            // Up to the hour everything is decided: an hour has sixty samples.
            let outlook = figure_of(&runs, period, as_of(hour)).outlook(&promise);
            prop_assert!(before == crate::Outlook::Open || outlook == before, "{before:?} then {outlook:?}");
            before = outlook;
        }
    }
}
