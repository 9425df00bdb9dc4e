//! Sampling bounds and what is said of outages.

use super::*;
use crate::year::tests::{as_of, charter, runs_but, start_ms, web};
use crate::{Cause, Declaration, Declared, Period, Reading, Scope, Window};

fn told(charter: config::Charter, runs: &RunIndex, declared: &[Declared], hour: i64) -> Incidents {
    let history = [(0, charter)];
    let corrections = Corrections::of(declared, i64::MAX);
    let charters = Charters::of(&history, Period::civil_year(2026), as_of(hour));
    let figures = charters.figures(runs, &corrections, &Reading::default());
    charters.incidents(runs, &corrections, &figures, web(&figures))
}

fn entry(entry: u64, declaration: Declaration) -> Declared {
    Declared { entry, at_ms: 0, author: "anna".to_owned(), uid: None, declaration }
}

/// Minutes from the year's start.
fn minutes(bounds: Bounds) -> (i64, i64) {
    ((bounds.from_ms - start_ms()) / 60_000, (bounds.to_ms - start_ms()) / 60_000)
}

fn together(incidents: &Incidents) -> (u64, u64) {
    let sampling = incidents.sampling.unwrap();
    (sampling.sure_ms, sampling.possible_ms)
}

#[test]
fn a_change_lies_between_two_samples() {
    // Runs of an hour: the last sample of each is a minute before the next begins.
    let down = [("back", "c", "ced1", "uudduu"), ("back", "c", "ced2", "uudduu")];
    let incidents = told(charter(), &runs_but(6, &down), &[], 6);
    let [incident] = &incidents.list[..] else { panic!("{incidents:?}") };
    assert_eq!(minutes(incident.sure), (120, 239));
    assert_eq!(minutes(incident.possible), (119, 240));
    assert_eq!(together(&incidents), (119 * 60_000, 121 * 60_000));
    assert_eq!(incident.components, ["back"]);
}

#[test]
fn what_nobody_saw_before_and_after_was_possibly_down() {
    let down = [("back", "c", "ced1", "u.d.du"), ("back", "c", "ced2", "u.d.du")];
    let incidents = told(charter(), &runs_but(6, &down), &[], 6);
    let possible: Vec<_> = incidents.list.iter().map(|incident| minutes(incident.possible)).collect();
    assert_eq!(possible, [(59, 240), (180, 300)], "up to the next outage, from the one before");
    assert_eq!(together(&incidents).1, 241 * 60_000, "what two could have shared counts once");
    let sure: Vec<_> = incidents.list.iter().map(|incident| minutes(incident.sure)).collect();
    assert_eq!(sure, [(120, 179), (240, 299)]);
}

#[test]
fn before_the_first_sample_nothing_was_possibly_down() {
    let down = [("back", "c", "ced1", "..dduu"), ("back", "c", "ced2", "..dduu")];
    let incidents = told(charter(), &runs_but(6, &down), &[], 6);
    assert_eq!(minutes(incidents.list[0].possible), (120, 240), "from the first sample, not from new year");
}

#[test]
fn what_was_possibly_down_stays_in_scope() {
    let letters = format!("{}{}ddu", "u".repeat(10), ".".repeat(20));
    let down = [("back", "c", "ced1", letters.as_str()), ("back", "c", "ced2", letters.as_str())];
    let mut charter = charter();
    charter.act.measured_from = Some("2026-01-02".parse().unwrap());
    // In force from that day on: what a charter in force measured stays in scope (D18).
    let history = [(as_of(24), charter)];
    let runs = runs_but(33, &down);
    let charters = Charters::of(&history, Period::civil_year(2026), as_of(33));
    let corrections = Corrections::default();
    let figures = charters.figures(&runs, &corrections, &Reading::default());
    let incidents = charters.incidents(&runs, &corrections, &figures, web(&figures));
    let [incident] = &incidents.list[..] else { panic!("{incidents:?}") };
    assert_eq!(minutes(incident.possible), (24 * 60, 32 * 60), "the last ok was long before");
    let figure = web(&figures).figure;
    assert!(together(&incidents).1 <= figure.down_ms + figure.unknown_ms);
}

#[test]
fn an_outage_that_lasts_ends_at_as_of() {
    let down = [("back", "c", "ced1", "ddd"), ("back", "c", "ced2", "ddd")];
    let incidents = told(charter(), &runs_but(3, &down), &[], 3);
    let [incident] = &incidents.list[..] else { panic!("{incidents:?}") };
    assert_eq!((minutes(incident.sure), minutes(incident.possible)), ((0, 179), (0, 180)));
    assert!(incident.outage.ongoing);
}

#[test]
fn what_people_said_is_told() {
    let down = [("back", "c", "ced1", "uudduu"), ("back", "c", "ced2", "uudduu")];
    let outage = "web-2026-01-01T01:00:00Z".to_owned();
    let work = |from: i64, to: i64, scope| Declaration::Maintenance {
        scope: vec![scope],
        windows: vec![Window { from_ms: as_of(from), to_ms: as_of(to) }],
        note: String::new(),
    };
    let declared = [
        entry(
            1,
            Declaration::Annotated {
                outage,
                service: None,
                window: None,
                cause: Cause::Power,
                note: "prot. 7".to_owned(),
            },
        ),
        entry(2, work(3, 9, Scope::Path("web.back".to_owned()))),
        entry(3, work(3, 9, Scope::Path("web.front".to_owned()))),
        entry(4, work(4, 9, Scope::All)),
        entry(5, work(3, 9, Scope::Path("mail".to_owned()))),
        entry(6, work(1, 9, Scope::Site(config::Id::new("ced").unwrap()))),
    ];
    let incidents = told(charter(), &runs_but(6, &down), &declared, 6);
    let incident = &incidents.list[0];
    assert_eq!(incident.outage.start_ms, as_of(2));
    assert_eq!(incident.annotation.as_ref().map(|said| (said.entry, said.cause)), Some((1, Cause::Power)));
    assert_eq!(incident.corrections, [2, 3, 6]);
}
