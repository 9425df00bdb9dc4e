//! Which doubts matter.

use config::{AvailabilityWithin, Calendar, Fraction, Id, Readings, Week};

use super::*;
use crate::year::tests::{as_of, charter, runs_but};
use crate::{Cause, Declaration, Declared, Period, Scope, Window};

fn table(charter: Charter, seen: &[(&str, &str, &str, &str)], declared: &[Declared]) -> Vec<Alternative> {
    let history = [(0, charter)];
    let charters = Charters::of(&history, Period::civil_year(2026), as_of(100));
    let corrections = Corrections::of(declared, i64::MAX);
    charters.robustness(&runs_but(100, seen), &corrections, &Id::new("web").unwrap())
}

fn of(rows: &[Alternative], rule: Rule) -> Vec<(String, bool, i64)> {
    let hours = |row: &Alternative| i64::try_from(row.figure.down_ms / 3_600_000).unwrap();
    let rows = rows.iter().filter(|row| row.rule == rule);
    rows.map(|row| (row.value.clone(), row.is_ours, hours(row))).collect()
}

fn row(value: &str, is_ours: bool, down_hours: i64) -> (String, bool, i64) {
    (value.to_owned(), is_ours, down_hours)
}

fn declared(entry: u64, declaration: Declaration) -> Declared {
    let at_ms = as_of(0) - 3 * 86_400_000;
    Declared { entry, at_ms, author: "anna".to_owned(), uid: None, declaration }
}

#[test]
fn every_rule_has_ours_and_another() {
    let rows = table(charter(), &[], &[]);
    for rule in Rule::ALL {
        let here: Vec<_> = rows.iter().filter(|row| row.rule == rule).collect();
        assert_eq!(here.iter().filter(|row| row.is_ours).count(), 1, "{rule:?}");
        assert!(here.len() > 1 && here[0].is_ours, "{rule:?}");
        assert!(here.iter().all(|row| row.standing == Some(Standing::Met)), "{rule:?}");
    }
}

#[test]
fn votes_that_matter_show() {
    let up = "u".repeat(90);
    let (one, school) = (format!("{up}dddduuuuuu"), format!("{up}uuuuuuddu"));
    let seen = [
        ("back", "c", "ced1", one.as_str()),
        ("front", "a", "school1", school.as_str()),
        ("front", "b", "school1", school.as_str()),
    ];
    let rows = table(charter(), &seen, &[]);
    let expected = [row("majority down", true, 2), row("any down", false, 6), row("all down", false, 2)];
    assert_eq!(of(&rows, Rule::Vantages), expected);
    let sites = of(&rows, Rule::Sites);
    assert_eq!(sites[0], row("half down", true, 2));
    assert_eq!(sites[1], row("majority down", false, 0));
    let standing = |value: &str| {
        let row = rows.iter().find(|row| row.rule == Rule::Vantages && row.value == value).unwrap();
        row.standing.unwrap()
    };
    assert_eq!((standing("any down"), standing("all down")), (Standing::Breached, Standing::Breached));
}

#[test]
fn planned_work_and_causes_that_matter_show() {
    let seen_hours = format!("{}dddddduuuu", "u".repeat(90));
    let seen = ["ced1", "ced2"].map(|agent| ("back", "c", agent, seen_hours.as_str()));
    let window = |from, to| Window { from_ms: as_of(from), to_ms: as_of(to) };
    let work = |entry, from, to| {
        let (scope, windows) = (vec![Scope::All], vec![window(from, to)]);
        declared(entry, Declaration::Maintenance { scope, windows, note: String::new() })
    };
    let late = Declared { at_ms: as_of(93), ..work(2, 94, 95) };
    let outage = "web-2026-01-04T17:00:00Z".to_owned();
    let (service, window_of) = (None, None);
    let (cause, note) = (Cause::Power, String::new());
    let cause = declared(3, Declaration::Annotated { outage, service, window: window_of, cause, note });
    let all = [work(1, 90, 93), late, cause];
    let rows = table(charter(), &seen, &all);
    let expected = [
        row("counts", true, 6),
        row("excluded", false, 3),
        row("excluded_down", false, 3),
        row("as_up", false, 3),
    ];
    assert_eq!(of(&rows, Rule::Maintenance), expected);
    assert_eq!(of(&rows, Rule::LateEntries), [row("recorded", true, 6), row("effective", false, 6)]);
    assert_eq!(of(&rows, Rule::External), [row("counts", true, 6), row("excluded", false, 0)]);
    let mut excluding = charter();
    excluding.rules.readings = Readings { maintenance: Maintenance::ExcludedDown, ..Readings::default() };
    let rows = table(excluding, &seen, &all);
    assert_eq!(of(&rows, Rule::LateEntries), [row("recorded", true, 3), row("effective", false, 2)]);
    assert_eq!(of(&rows, Rule::Maintenance)[0], row("excluded_down", true, 3));
}

#[test]
fn a_promise_about_some_hours_is_read_too() {
    let mut within = charter();
    let (target, hours) = (Fraction::new(98, 100).unwrap(), Id::new("office").unwrap());
    let promise = AvailabilityWithin { target, strict: false, hours: hours.clone() };
    within.services[0].commitments = vec![Commitment::AvailabilityWithin(promise)];
    let week = Week::parse("mon-fri 08:00-18:00").unwrap();
    let (holidays, exceptions) = (Vec::new(), Vec::new());
    within.calendars = vec![Calendar { id: hours, act: None, hours: week, holidays, exceptions }];
    // Two working days of ten hours; down in one hour of one, seen by one agent of two.
    let seen_hours = format!("{}d{}", "u".repeat(33), "u".repeat(66));
    let rows = table(within, &[("back", "c", "ced1", seen_hours.as_str())], &[]);
    assert_eq!(of(&rows, Rule::Strict), [row("at_least", true, 0), row("above", false, 0)]);
    assert_eq!(of(&rows, Rule::Vantages)[1], row("any down", false, 1));
    let any = rows.iter().find(|row| row.rule == Rule::Vantages && row.value == "any down").unwrap();
    assert_eq!((any.figure.known_ms() / 3_600_000, any.standing), (20, Some(Standing::Breached)));
}

#[test]
fn how_an_outage_ends_and_how_many_must_know_are_read_too() {
    // The school and one agent of the data center see a stop that is interrupted by a single ok; then nobody but one knows.
    let flapping = format!("{}dddududuuu", "u".repeat(90));
    let silent = format!("{}uuuuuu....", "u".repeat(90));
    let seen = [("back", "c", "ced1", flapping.as_str()), ("back", "c", "ced2", silent.as_str())];
    let mut charter = charter();
    charter.rules.readings.vantages = Vote::of(DownIf::Any);
    let rows = table(charter.clone(), &seen, &[]);
    assert_eq!(of(&rows, Rule::KnownMin), [row("1", true, 5), row("2", false, 4)]);
    let unknown_ms = |value: &str| {
        let row = rows.iter().find(|row| row.rule == Rule::KnownMin && row.value == value).unwrap();
        row.figure.unknown_ms
    };
    assert_eq!(unknown_ms("2") - unknown_ms("1"), 4 * 3_600_000);
    charter.rules.readings.sites.known_min = 2;
    assert_eq!(of(&table(charter.clone(), &seen, &[]), Rule::KnownMin)[0].0, "1, 2");
    // Each hour has sixty samples: nothing is shorter than three of them.
    assert_eq!(of(&rows, Rule::ConfirmUp), [row("1", true, 5), row("2", false, 5), row("3", false, 5)]);
    charter.rules.confirm_up = 4;
    let values: Vec<_> =
        of(&table(charter, &seen, &[]), Rule::ConfirmUp).into_iter().map(|row| row.0).collect();
    assert_eq!(values, ["4", "1", "2", "3"]);
}

#[test]
fn notice_matters_where_work_was_announced_between() {
    let seen_hours = format!("{}dddddduuuu", "u".repeat(90));
    let seen = ["ced1", "ced2"].map(|agent| ("back", "c", agent, seen_hours.as_str()));
    let window = Window { from_ms: as_of(90), to_ms: as_of(93) };
    let (scope, note) = (vec![Scope::All], String::new());
    let work = declared(1, Declaration::Maintenance { scope, windows: vec![window], note });
    let work = Declared { at_ms: as_of(60), ..work };
    let mut excluding = charter();
    excluding.rules.readings.maintenance = Maintenance::ExcludedDown;
    let rows = table(excluding, &seen, &[work]);
    assert_eq!(of(&rows, Rule::Notice), [row("48h", true, 6), row("0h", false, 3), row("24h", false, 3)]);
}

#[test]
fn members_that_weigh_differently_are_also_read_alike() {
    let mut mean = charter();
    mean.services[0].figure = FigureRule::MeanOf(Id::new("front").unwrap());
    let seen_hours = format!("{}dddddddddd", "u".repeat(90));
    let seen = ["ced1", "ced2", "school1"].map(|agent| ("front", "a", agent, seen_hours.as_str()));
    let composed = |charter: Charter| {
        let rows = table(charter, &seen, &[]);
        let rows = rows.into_iter().filter(|row| row.rule == Rule::Composition);
        rows.map(|row| (row.value, row.figure.down_ms / 3_600_000, row.figure.weight)).collect::<Vec<_>>()
    };
    assert_eq!(composed(mean.clone()).len(), 3, "ours, all, and the mean of components");
    if let Node::Part(part) = &mut mean.services[0].components[0].node {
        part.checks[0].facts.weight = Some(3);
    }
    let composed = composed(mean);
    assert_eq!(composed[0], ("mean of front".to_owned(), 30, 4));
    assert_eq!(composed[3], ("mean of front, each alike".to_owned(), 10, 2));
}
