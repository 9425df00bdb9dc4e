//! An annotation finds its outage again, whatever moved that or its name.

use std::ops::Range;

use super::*;
use crate::year::tests::{HOUR, as_of, charter, runs_but, start_ms};
use crate::{Cause, Charters, Declaration, Declared, External, Period, Reading, RunIndex, midnight_ms};
use jiff::civil::date;

type Revision = (i64, config::Charter);

fn window(from: i64, to: i64) -> Window {
    Window { from_ms: as_of(from), to_ms: as_of(to) }
}

fn entry(entry: u64, at_hour: i64, declaration: Declaration) -> Declared {
    Declared { entry, at_ms: as_of(at_hour), author: "anna".to_owned(), uid: None, declaration }
}

fn blamed(service: &str, window: Window) -> Declaration {
    Declaration::Annotated {
        outage: "as-it-was-called".to_owned(),
        service: Some(ServiceId::new(service).unwrap()),
        window: Some(window),
        cause: Cause::Power,
        note: String::new(),
    }
}

fn annulled(scope: &str, window: Window) -> Declaration {
    let scope = vec![Scope::parse(scope).unwrap()];
    Declaration::Annulled { outage: None, scope, window, note: String::new() }
}

/// Each outage's hours in the period, and the entry that says whose fault it was.
fn told(
    history: &[Revision],
    runs: &RunIndex,
    declared: &[Declared],
    period: Period,
) -> Vec<(Range<i64>, Option<u64>)> {
    let as_of_ms = as_of(24 * 200);
    let corrections = Corrections::of(declared, i64::MAX);
    let charters = Charters::of(history, period, as_of_ms);
    let figures = charters.figures(runs, &corrections, &Reading::default());
    let service = &figures.services[0];
    let said = figures.annotations(service, &corrections);
    let hour = |ms: i64| (ms - start_ms()) / HOUR;
    let outages = figures.outages(service);
    assert_eq!(outages.len(), said.len());
    let hours = outages.into_iter().map(|outage| hour(outage.start_ms)..hour(outage.end_ms));
    hours.zip(said).map(|(hours, said)| (hours, said.map(|said| said.entry))).collect()
}

fn year() -> Period {
    Period::civil_year(2026)
}

fn down(seen: &str) -> RunIndex {
    runs_but(seen.len(), &[("back", "c", "ced1", seen), ("back", "c", "ced2", seen)])
}

#[test]
fn late_data_and_annulments_of_an_end_lose_no_cause() {
    let history = [(0, charter())];
    let said = entry(1, 9, blamed("web", window(3, 7)));
    for (seen, declared, expected) in [
        ("uuudddduu", vec![], vec![(3..7, Some(1))]),
        // What arrived late says that it began sooner, and ended later.
        ("uudddddduu", vec![], vec![(2..8, Some(1))]),
        ("uuudddduu", vec![entry(2, 9, annulled("web", window(2, 5)))], vec![(5..7, Some(1))]),
        // Of several it is the one which it is mostly about, the first of equals.
        ("uuududduu", vec![], vec![(3..4, None), (5..7, Some(1))]),
        ("uuudududu", vec![], vec![(3..4, Some(1)), (5..6, None), (7..8, None)]),
        ("uuuuuuuddu", vec![], vec![(7..9, None)]),
        ("uuudddduu", vec![entry(2, 9, blamed("web", window(6, 7)))], vec![(3..7, Some(2))]),
        ("uuudddduu", vec![entry(2, 9, blamed("mail", window(3, 7)))], vec![(3..7, Some(1))]),
    ] {
        let declared: Vec<Declared> = std::iter::once(said.clone()).chain(declared).collect();
        let found = told(&history, &down(seen), &declared, year());
        assert_eq!(found[..expected.len()], expected, "{seen} {declared:?}");
    }
}

#[test]
fn an_entry_that_names_nothing_but_the_id_is_of_that_id() {
    let older = |outage: &str| {
        let text = format!(r#"{{"declare":"annotated","outage":"{outage}","cause":"power","note":""}}"#);
        entry(1, 9, serde_json::from_str(&text).unwrap())
    };
    let history = [(0, charter())];
    for (outage, expected) in [("web-2026-01-01T02:00:00Z", Some(1)), ("web-2026-01-01T02:00:01Z", None)] {
        let found = told(&history, &down("uuuddduuu"), &[older(outage)], year());
        assert_eq!(found[0], (3..6, expected), "{outage}");
    }
}

#[test]
fn a_month_and_a_quarter_tell_the_cause_of_their_part() {
    let april = (midnight_ms(date(2026, 4, 1)) - start_ms()) / HOUR;
    let seen = format!("{}dddddu", "u".repeat(usize::try_from(april - 2).unwrap()));
    let (runs, history) = (down(&seen), [(0, charter())]);
    let said = [entry(1, april + 9, blamed("web", window(april - 2, april + 3)))];
    for (period, expected) in [
        ("2026-03", april - 2..april),
        ("2026-04", april..april + 3),
        ("2026-Q1", april - 2..april),
        ("2026-Q2", april..april + 3),
        ("2026", april - 2..april + 3),
    ] {
        let found = told(&history, &runs, &said, Period::parse(period).unwrap());
        assert_eq!(found[0], (expected, Some(1)), "{period}");
    }
    // Said of what a month showed, it is of the whole.
    let said = [entry(1, april + 9, blamed("web", window(april, april + 3)))];
    assert_eq!(told(&history, &runs, &said, year())[0], (april - 2..april + 3, Some(1)));
}

#[test]
fn a_renaming_carries_it_along() {
    let service = |text: &str| {
        let text =
            format!("organisation: {{name: X}}\nsites: {{ced: {{agents: [ced1]}}}}\nservices: {text}\n");
        config::parse(&text, "f").unwrap_or_else(|error| panic!("{error}")).vedetta.charter
    };
    let tree = "components: {back: {probe: tcp, targets: {c: \"h:1\"}}}";
    let history = [
        (0, service(&format!("{{web: {{{tree}}}}}"))),
        (as_of(20), service(&format!("{{portal: {{was: web, {tree}}}}}"))),
    ];
    let runs = down("uuuddduuu");
    for (name, at_hour, expected) in [
        ("web", 9, Some(1)),
        ("portal", 21, Some(1)),
        ("web", 21, Some(1)),
        ("portal", 9, Some(1)),
        ("mail", 9, None),
    ] {
        let said = [entry(1, at_hour, blamed(name, window(3, 6)))];
        assert_eq!(told(&history, &runs, &said, year())[0], (3..6, expected), "{name} {at_hour}");
    }
    // The name is another's from the day on which that takes it.
    let taken = service(&format!("{{portal: {{{tree}}}, web: {{{tree}}}}}"));
    let history = [history[0].clone(), history[1].clone(), (as_of(30), taken)];
    for (at_hour, expected) in [(9, Some(1)), (21, Some(1)), (31, None)] {
        let said = [entry(1, at_hour, blamed("web", window(3, 6)))];
        assert_eq!(told(&history, &runs, &said, year())[0], (3..6, expected), "{at_hour}");
    }
}

#[test]
fn an_outside_cause_is_left_out_though_its_outage_moved() {
    let declared = [entry(1, 9, blamed("web", window(3, 6))), entry(2, 9, annulled("web", window(2, 4)))];
    let (history, runs) = ([(0, charter())], down("uuuddduuu"));
    let corrections = Corrections::of(&declared, i64::MAX);
    let charters = Charters::of(&history, year(), as_of(9));
    let reading = Reading { external: Some(External::Excluded), ..Reading::default() };
    let down_ms = |reading| charters.figures(&runs, &corrections, &reading).services[0].figure.down_ms;
    assert_eq!((down_ms(Reading::default()), down_ms(reading)), (2 * HOUR.unsigned_abs(), 0));
}
