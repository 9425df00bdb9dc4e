//! Renames and dates, by what figures make of them.

use std::fmt::Write as _;

use collector_api::{Reason, StreamId, Verdict};
use config::{Id, Node};

use super::*;
use crate::{Figure, YearFigures, year};

const HOUR: i64 = 3_600_000;

type Revision = (i64, Charter);

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
fn only_what_a_charter_says_otherwise_is_copied() {
    // 200 targets; from the 25th of 50 revisions on one of them has another name; all have a day.
    let text = |revision: usize| {
        let name =
            if revision < 25 { "{old: {address: \"h:1\"" } else { "{new: {address: \"h:1\", was: old" };
        let mut targets = format!("{name}, since: 2025-01-01}}");
        for place in 1..200 {
            write!(targets, ", t{place}: {{address: \"h:1\", since: 2025-01-01}}").unwrap();
        }
        format!("{{front: {{probe: tcp, up_if: any, targets: {targets}}}}}}}")
    };
    let (before, after) = (charter(&text(0)), charter(&text(25)));
    let of = |revision: usize| if revision < 25 { before.clone() } else { after.clone() };
    let history: Vec<Revision> =
        (0..50).map(|revision| (at(i64::try_from(revision).unwrap()), of(revision))).collect();
    let copies = |charters: &Charters<'_>| {
        charters.in_force.iter().filter(|(_, charter)| matches!(charter, Cow::Owned(_))).count()
    };
    for (seen_to, in_force, copied) in [(10, 10, 0), (26, 26, 25), (50, 50, 25)] {
        let charters = Charters::of(&history, Period::civil_year(2026), at(seen_to));
        assert_eq!((charters.in_force.len(), copies(&charters)), (in_force, copied), "up to {seen_to}");
        let borne: Vec<(&str, usize)> =
            charters.names.checks.iter().map(|(check, borne)| (check.as_str(), borne.len())).collect();
        assert_eq!(borne, if copied == 0 { vec![] } else { vec![("web.front.new", 2)] });
    }
    // A year has nothing to do with the charters of those before it, but for their names.
    let next = Charters::of(&history, Period::civil_year(2027), Period::civil_year(2027).end_ms());
    assert_eq!((next.in_force.len(), copies(&next), next.names.checks.len()), (1, 0, 1));
}

#[test]
fn a_charter_stamped_before_its_predecessor_comes_into_force_with_it() {
    let parts = |name: &str| charter(&format!("{{{name}: {{probe: tcp, targets: {{t: \"h:1\"}}}}}}"));
    let mut runs = RunIndex::default();
    saw_long(&mut runs, "web.c.t", 0, 6);
    let history = [(at(0), parts("a")), (at(4), parts("b")), (at(2), parts("c"))];
    let figures = judged(&history, &runs, 6);
    let service = figures.service("web").unwrap();
    assert_eq!((service.components[0].path.as_str(), hours(&service.figure)), ("c", (2, 0, 4)));
}

/// Adds one run of up from `hour` to `to_hour` to a check's only stream.
fn saw_long(runs: &mut RunIndex, check: &str, hour: i64, to_hour: i64) {
    let count = u64::try_from((to_hour - hour) * 60).unwrap();
    let run = Run {
        verdict: Verdict::Up,
        reason: Reason::None,
        first_seq: 1,
        last_seq: count,
        first_ms: at(hour),
        last_ms: at(to_hour) - 60_000,
        count,
        until_ms: at(to_hour),
    };
    saw(runs, check, 1, hour, "");
    runs.checks.get_mut(&CheckId::new(check).unwrap()).unwrap()[0].streams[0].closed = vec![run];
}

#[test]
fn a_rename_onto_a_name_that_was_used_brings_only_its_own_past() {
    let parts =
        |targets: &str| charter(&format!("{{front: {{probe: tcp, up_if: any, targets: {targets}}}}}"));
    let history = [
        (at(0), parts("{a: \"h:1\", b: \"h:2\"}")),
        (at(2), parts("{b: \"h:2\"}")),
        (at(4), parts("{a: {address: \"h:2\", was: b}}")),
    ];
    let mut runs = RunIndex::default();
    // The old `a` was down while it was there, and was measured on a while after it was removed.
    saw(&mut runs, "web.front.a", 1, 0, "ddd.uu");
    saw(&mut runs, "web.front.b", 1, 0, "uuuu");
    let figures = judged(&history, &runs, 6);
    assert_eq!((figures.checks.len(), hours(&figures.checks[0].figure)), (1, (6, 0, 0)));
    assert_eq!(hours(&figures.service("web").unwrap().figure), (6, 0, 0));
    // The old `a` still votes in its own time.
    let all = |(from_ms, charter): (i64, Charter)| {
        let mut charter = charter;
        let Node::Part(part) = &mut charter.services[0].components[0].node else { panic!("a part") };
        part.up_if = config::Quorum::All;
        (from_ms, charter)
    };
    let figures = judged(&history.map(all), &runs, 6);
    assert_eq!(hours(&figures.service("web").unwrap().figure), (4, 2, 0));
    assert_eq!(hours(&figures.checks[0].figure), (6, 0, 0));
}

#[test]
fn a_part_takes_the_name_of_one_removed_in_the_same_reload() {
    let old = "{front: {probe: tcp, targets: {a: \"h:1\"}}, front_new: {probe: tcp, targets: {a: \"h:2\"}}}";
    let new = "{front: {probe: tcp, was: front_new, targets: {a: \"h:2\"}}}";
    let mut runs = RunIndex::default();
    saw(&mut runs, "web.front.a", 1, 0, "dddduu");
    saw(&mut runs, "web.front_new.a", 1, 0, "uuuu");
    let figures = judged(&[(at(0), charter(old)), (at(4), charter(new))], &runs, 6);
    let service = figures.service("web").unwrap();
    assert_eq!(hours(&service.components[0].figure), (6, 0, 0), "what was removed leaves its name, no past");
    assert_eq!(hours(&service.figure), (2, 4, 0), "what was removed was down while it was there");
    assert_eq!(figures.outages(service).len(), 1);

    // One run of the id may be of both: it is cut where the name changes hands.
    let mut runs = RunIndex::default();
    saw_long(&mut runs, "web.front.a", 0, 6);
    saw(&mut runs, "web.front_new.a", 1, 0, "uudd");
    // The same still said in a later charter is no second rename.
    let history = [(at(0), charter(old)), (at(4), charter(new)), (at(5), charter(new))];
    let figures = judged(&history, &runs, 6);
    let service = figures.service("web").unwrap();
    assert_eq!(hours(&service.components[0].figure), (4, 2, 0));
    assert_eq!(hours(&service.figure), (4, 2, 0));
}

#[test]
fn a_rename_across_a_time_without_it() {
    let old = "{a: {probe: tcp, targets: {t: \"h:1\"}}, z: {probe: tcp, targets: {t: \"h:2\"}}}";
    let gap = "{z: {probe: tcp, targets: {t: \"h:2\"}}}";
    let new = "{b: {probe: tcp, was: a, targets: {t: \"h:1\"}}, z: {probe: tcp, targets: {t: \"h:2\"}}}";
    let mut runs = RunIndex::default();
    saw(&mut runs, "web.a.t", 1, 0, "dd");
    saw(&mut runs, "web.b.t", 1, 4, "uu..uu");
    saw_long(&mut runs, "web.z.t", 0, 10);
    let history = [(0, old), (2, gap), (4, new), (6, gap), (8, new)];
    let history = history.map(|(hour, components)| (at(hour), charter(components)));
    let figures = judged(&history, &runs, 10);
    assert_eq!(hours(&figures.checks[0].figure), (4, 2, 4));
    assert_eq!(hours(&figures.service("web").unwrap().figure), (8, 2, 0));
}

#[test]
fn a_later_rename_changes_nothing_in_an_earlier_period() {
    let text = "organisation: {name: X}\nsites: {ced: {agents: [ced1]}}\nservices: {web: {components: {c: {probe: tcp, targets: \
                {a: \"h:1\"}}}}}\n";
    let renamed = text.replace("web: {", "portal: {was: web, ").replace("c: {", "front: {was: c, ");
    let day = |day: i64| at(day * 24);
    let mut runs = RunIndex::default();
    saw(&mut runs, "web.c.a", 1, 0, "uuddu");
    // The year ends in a blip that only the next sample, under the new name, can confirm.
    let blip = |verdict, first_ms, until_ms| Run {
        verdict,
        reason: Reason::None,
        first_seq: 1,
        last_seq: 1,
        first_ms,
        last_ms: first_ms,
        count: 1,
        until_ms,
    };
    let (end_ms, minute) = (day(365), 60_000);
    let last = blip(Verdict::Down, end_ms - minute, end_ms + minute);
    let next = blip(Verdict::Down, end_ms, end_ms + 2 * minute);
    runs.checks.get_mut(&CheckId::new("web.c.a").unwrap()).unwrap()[0].streams[0].closed.push(last);
    saw(&mut runs, "portal.front.a", 1, 0, "");
    runs.checks.get_mut(&CheckId::new("portal.front.a").unwrap()).unwrap()[0].streams[0].closed.push(next);

    let history = [(at(0), service(text)), (end_ms, service(&renamed))];
    let known = |history: &[Revision]| year(history, &runs, 2026, day(400));
    let figures = known(&history);
    let names: Vec<&str> = figures.checks.iter().map(|check| check.id.as_str()).collect();
    assert_eq!(names, ["web.c.a"]);
    let web = figures.service("web").unwrap();
    assert_eq!(web.components[0].path, "c");
    let ids: Vec<String> = figures.outages(web).into_iter().map(|outage| outage.id).collect();
    assert_eq!(ids, ["web-2026-01-01T01:00:00Z", "web-2026-12-31T22:59:00Z"]);
    assert_eq!(web.figure.down_ms, (2 * HOUR + minute).unsigned_abs());
    let before: Vec<String> = {
        let figures = known(&history[..1]);
        let web = figures.service("web").unwrap();
        figures.outages(web).into_iter().map(|outage| outage.id).collect()
    };
    assert_eq!(ids[0], before[0], "it is called what it was called before the rename");
    // The year in which the name is new speaks the new name of all of it.
    assert_eq!(year(&history, &runs, 2027, day(400)).services[0].id.as_str(), "portal");
}

proptest::proptest! {
    /// Each hour by itself: what the charter then in force measured is in scope, what none had measured by then
    /// is as the last one says.
    #[test]
    fn only_what_nobody_had_measured_goes_out_of_scope(
        said in proptest::collection::vec((0_i64..400, proptest::option::of(1_i8..15)), 1..5),
    ) {
        let mut said = said;
        said.sort_unstable();
        let plain = charter("{c: {probe: tcp, targets: {t: \"h:1\"}}}");
        let revision = |(hour, day): &(i64, Option<i8>)| {
            let mut charter = plain.clone();
            charter.act.measured_from = day.map(|day| jiff::civil::date(2026, 1, day));
            (at(*hour), charter)
        };
        let history: Vec<Revision> = said.iter().map(revision).collect();
        let revisions: Vec<(i64, &Charter)> = history.iter().map(|(from_ms, charter)| (*from_ms, charter)).collect();
        let counts_from = measured_from(&revisions).unwrap_or(i64::MIN);
        let measures = |charter: &Charter, hour: i64| {
            charter.act.measured_from.is_none_or(|day| midnight_ms(day) <= at(hour))
        };
        let mut had_measured = false;
        for hour in 0..500 {
            let in_force = revisions.iter().rfind(|(from_ms, _)| *from_ms <= at(hour));
            had_measured |= in_force.is_some_and(|(_, charter)| measures(charter, hour));
            let counts = had_measured || measures(revisions[revisions.len() - 1].1, hour);
            proptest::prop_assert_eq!(counts_from <= at(hour), counts, "at {}", hour);
        }
    }
}
