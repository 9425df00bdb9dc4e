//! Renames and dates, by what figures make of them.

use collector_api::{Reason, StreamId, Verdict};

use super::*;
use crate::{Figure, Period, YearFigures, year};

const HOUR: i64 = 3_600_000;

fn start_ms() -> i64 {
    Period::civil_year(2026).start_ms()
}

fn at(hour: i64) -> i64 {
    start_ms() + hour * HOUR
}

/// A charter of one site and agent, with these components of the service `web`.
fn charter(components: &str) -> Charter {
    let text = format!(
        "organisation: {{name: X}}\nsites: {{ced: {{agents: [ced1]}}}}\nservices: {{web: {{components: {components}}}}}\n"
    );
    service(&text)
}

fn service(text: &str) -> Charter {
    config::parse(text, "f").unwrap_or_else(|error| panic!("{error}")).vedetta.charter
}

/// One stream's runs of a check, one character an hour from `hour` on: up, down, or nothing.
fn saw(runs: &mut RunIndex, check: &str, stream: u8, hour: i64, seen: &str) {
    let run = |(place, verdict): (usize, char)| {
        let first_ms = at(hour + i64::try_from(place).unwrap());
        let verdict = match verdict {
            'u' => Verdict::Up,
            'd' => Verdict::Down,
            _ => return None,
        };
        let seq = u64::try_from(first_ms - start_ms()).unwrap();
        Some(Run {
            verdict,
            reason: Reason::None,
            first_seq: seq,
            last_seq: seq + 60,
            first_ms,
            last_ms: first_ms + HOUR - 60_000,
            count: 60,
            until_ms: first_ms + HOUR,
        })
    };
    let closed: Vec<Run> = seen.chars().enumerate().filter_map(run).collect();
    let vantages = runs.checks.entry(CheckId::new(check).unwrap()).or_default();
    let streams = vec![StreamRuns {
        stream: StreamId([stream; 16]),
        opened_ms: if stream == 1 { start_ms() } else { at(hour) },
        closed,
        open: None,
    }];
    vantages.push(Vantage { agent: Id::new("ced1").unwrap(), streams });
}

fn hours(figure: &Figure) -> (u64, u64, u64) {
    let hour = HOUR.unsigned_abs();
    (figure.up_ms / hour, figure.down_ms / hour, figure.unknown_ms / hour)
}

fn judged(history: &[Revision], runs: &RunIndex, hour: i64) -> YearFigures {
    year(history, runs, 2026, at(hour))
}

#[test]
fn what_was_renamed_goes_on_at_every_level() {
    let old = "{front: {probe: tcp, targets: {a: \"h:1\"}}}";
    for (new, check) in [
        ("{portal: {probe: tcp, was: front, targets: {a: \"h:1\"}}}", "web.portal.a"),
        ("{front: {probe: tcp, targets: {b: {address: \"h:1\", was: a}}}}", "web.front.b"),
        ("{portal: {probe: tcp, was: front, targets: {b: {address: \"h:1\", was: a}}}}", "web.portal.b"),
    ] {
        let mut runs = RunIndex::default();
        saw(&mut runs, "web.front.a", 1, 0, "uudd");
        saw(&mut runs, check, 1, 4, "duu");
        let history = [(at(0), charter(old)), (at(4), charter(new))];
        let figures = judged(&history, &runs, 7);
        let service = figures.service("web").unwrap();
        assert_eq!(hours(&service.figure), (4, 3, 0), "{new}");
        assert_eq!(hours(&service.components[0].figure), (4, 3, 0), "{new}");
        assert_eq!((figures.checks[0].id.as_str(), hours(&figures.checks[0].figure)), (check, (4, 3, 0)));
        // One outage, not one for each name.
        assert_eq!(figures.outages(service).len(), 1);
    }
}

#[test]
fn a_service_and_a_part_are_renamed_too() {
    let old = "organisation: {name: X}\nsites: {ced: {agents: [ced1]}}\nservices: {web: {components: {c: {parts: {x: {probe: tcp, \
               targets: {a: \"h:1\"}}}}}}}\n";
    let new = old.replace("web: {", "portal: {was: web, ").replace("x: {", "y: {was: x, ");
    let mut runs = RunIndex::default();
    saw(&mut runs, "web.c.x.a", 1, 0, "ud");
    saw(&mut runs, "portal.c.y.a", 2, 2, "u");
    let figures = judged(&[(at(0), service(old)), (at(2), service(&new))], &runs, 3);
    let service = figures.service("portal").unwrap();
    assert_eq!(hours(&service.figure), (2, 1, 0));
    let paths: Vec<&str> = service.components.iter().map(|component| component.path.as_str()).collect();
    assert_eq!(paths, ["c", "c.y"]);
    assert_eq!(hours(&service.components[1].figure), (2, 1, 0));
}

#[test]
fn a_name_that_is_taken_again_brings_no_foreign_history() {
    let first = "{front: {probe: tcp, targets: {a: \"h:1\"}}}";
    let renamed = "{portal: {probe: tcp, was: front, targets: {a: \"h:1\"}}}";
    let again = "{portal: {probe: tcp, targets: {a: \"h:1\"}}, front: {probe: tcp, targets: {a: \"h:2\"}}}";
    let mut runs = RunIndex::default();
    saw(&mut runs, "web.front.a", 1, 0, "uu..dd");
    saw(&mut runs, "web.portal.a", 1, 2, "uuuu");
    let history = [(at(0), charter(first)), (at(2), charter(renamed)), (at(4), charter(again))];
    let figures = judged(&history, &runs, 6);
    let service = figures.service("web").unwrap();
    let [portal, front] = service.components.as_slice() else { panic!("two components") };
    assert_eq!(hours(&portal.figure), (6, 0, 0), "the fails of the new `front` are not its own");
    assert_eq!(hours(&front.figure), (0, 2, 4), "nor is what `portal` was its past");
}

#[test]
fn a_rename_said_for_ever_and_one_after_another() {
    let names =
        ["{a: {probe: tcp, targets: {t: \"h:1\"}}}", "{b: {probe: tcp, was: a, targets: {t: \"h:1\"}}}"];
    let last = "{c: {probe: tcp, was: b, targets: {t: \"h:1\"}}}";
    let mut runs = RunIndex::default();
    saw(&mut runs, "web.a.t", 1, 0, "u");
    saw(&mut runs, "web.b.t", 1, 1, "uu");
    saw(&mut runs, "web.c.t", 1, 3, "u");
    let history = [
        (at(0), charter(names[0])),
        (at(1), charter(names[1])),
        (at(2), charter(names[1])),
        (at(3), charter(last)),
    ];
    let figures = judged(&history, &runs, 4);
    assert_eq!(hours(&figures.service("web").unwrap().figure), (4, 0, 0));
    assert_eq!(hours(&figures.checks[0].figure), (4, 0, 0));
}

#[test]
fn what_comes_and_goes_counts_while_it_is_there() {
    let parts = "{old: {probe: tcp, until: 2026-01-01, targets: {a: \"h:1\"}}, \
                 new: {probe: tcp, since: 2026-01-02, targets: {a: \"h:1\", later: {address: \"h:2\", since: 2026-01-03}}}}";
    let mut runs = RunIndex::default();
    // The old one is down after its last day, the new ones before their first: neither matters.
    saw(&mut runs, "web.old.a", 1, 0, &("u".repeat(24) + &"d".repeat(48)));
    saw(&mut runs, "web.new.a", 1, 0, &("d".repeat(24) + &"u".repeat(48)));
    saw(&mut runs, "web.new.later", 1, 0, &("d".repeat(48) + &"u".repeat(24)));
    let figures = judged(&[(at(0), charter(parts))], &runs, 72);
    let service = figures.service("web").unwrap();
    assert_eq!(hours(&service.figure), (72, 0, 0));
    let [new] = service.components.as_slice() else { panic!("the old one is gone") };
    assert_eq!((new.path.as_str(), hours(&new.figure)), ("new", (48, 0, 0)));
    assert_eq!(new.figure.out_of_scope_ms / HOUR.unsigned_abs(), 24);
    let later = figures.check(&CheckId::new("web.new.later").unwrap()).unwrap();
    assert_eq!((hours(&later.figure), later.figure.out_of_scope_ms / HOUR.unsigned_abs()), ((24, 0, 0), 48));
}

#[test]
fn a_component_measured_later_says_nothing_before() {
    let parts = "{a: {probe: tcp, targets: {t: \"h:1\"}}, b: {probe: tcp, measured_from: 2026-01-02, targets: {t: \"h:2\"}}}";
    let mut runs = RunIndex::default();
    saw(&mut runs, "web.a.t", 1, 0, &"u".repeat(48));
    saw(&mut runs, "web.b.t", 1, 24, &("d".to_owned() + &"u".repeat(23)));
    let service_hours =
        |hour| hours(&judged(&[(at(0), charter(parts))], &runs, hour).service("web").unwrap().figure);
    assert_eq!(service_hours(24), (24, 0, 0));
    assert_eq!(service_hours(48), (47, 1, 0));
}

#[test]
fn a_charter_without_names_or_days_is_not_copied() {
    let history = [(at(0), charter("{a: {probe: tcp, targets: {t: \"h:1\"}}}"))];
    let runs = RunIndex::default();
    assert!(matches!(plain(&history, &runs).0, Cow::Borrowed(_)));
}
