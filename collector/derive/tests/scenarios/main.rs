//! The executable form of the rules: every service scenario that needs nothing unbuilt.
//!
//! `tests/scenarios/scenarios.json` at the root was computed by an independent implementation. Samples go
//! through `step` in encoded groups, timelines become runs, and figures are read as the product reads them.
//! What is not run is listed with the rule it waits for, and the list is exact: a scenario that is neither
//! run nor listed fails, and so does one that is listed without need.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "what cannot be read fails the test")]

mod input;
mod world;

use collector_derive::{Charters, Corrections, Period, Ratio, State};
use serde_json::Value;

use input::{Case, RunCase};

/// `scenario/case`, or `scenario/case/field`, and the rule it waits for.
const NOT_YET: &[(&str, &str)] = &[
    ("A01/after", "D9 corrections"),
    ("A01/as of 4000", "D9 corrections"),
    ("A02/default", "D9 corrections"),
    ("A03/default", "D9 corrections"),
    ("D02/default", "never: a stamp from the future is unknown at its reception, not at its stamp"),
    ("G02/default", "D16 mean and weights"),
    ("I01/icinga-compatible policy", "D5 backfill, which is no reading of ours"),
    ("I06/count (our default)", "D5 backfill, which is no reading of ours"),
    ("I06/exclude", "D12 maintenance policies"),
    ("I06/exclude_down", "D12 maintenance policies"),
    ("I06/icinga-compatible policy", "D12 maintenance policies"),
    ("I08/exclude", "D12 maintenance policies"),
    ("I08/icinga-compatible policy", "D12 maintenance policies"),
    ("I09/icinga-compatible policy", "D12 maintenance policies"),
    ("I10/icinga-compatible policy", "D5 backfill, which is no reading of ours"),
    ("I11/icinga-compatible policy", "D5 backfill, which is no reading of ours"),
    ("I14/icinga-compatible policy", "D5 backfill, which is no reading of ours"),
    ("I19/icinga-compatible policy", "D12 maintenance policies"),
    ("K01/unknown counts as down", "D20 other readings of unknown time"),
    ("K01/unknown counts as up", "D20 other readings of unknown time"),
    ("M01/notice 100 s kept", "D12 maintenance policies"),
    ("M01/notice 200 s missed", "D12 maintenance policies"),
    ("M02/late_maintenance allowed", "D12 maintenance policies"),
    ("M02/refused", "D12 maintenance policies"),
    ("M03/after the revocation", "D12 maintenance policies"),
    ("M03/report as of 5000", "D12 maintenance policies"),
    ("M04/exclude", "D12 maintenance policies"),
    ("O01/default", "D16 mean and weights"),
    ("O02/default", "D16 mean and weights"),
    ("P01/default/sampling_down_max", "D24 bounds from the sampling interval"),
    ("P01/default/sampling_down_min", "D24 bounds from the sampling interval"),
    ("P02/default/sampling_down_max", "D24 bounds from the sampling interval"),
    ("P02/default/sampling_down_min", "D24 bounds from the sampling interval"),
    ("R01/hard-state start (Nagios/Icinga style)", "D6 hard-state start, which is no reading of ours"),
    ("U03/exclude", "D12 maintenance policies"),
    ("X02/exclude", "D12 maintenance policies"),
    ("X03/exclude", "D12 maintenance policies"),
    ("X05/mean over APs", "D16 mean and weights"),
    ("X06/default", "D16 mean and weights"),
    ("X07/default", "D16 mean and weights"),
    ("Z01/exclude", "D12 maintenance policies"),
    ("Z02/default", "D18 calendars"),
];

/// Kinds of scenario that this crate does not answer, with what they wait for.
const OTHER_KINDS: &[(&str, &str)] = &[
    ("burn", "alerts"),
    ("calendar", "calendars (D18); the civil year itself is tested beside `Period`"),
    ("projection", "alerts"),
    ("tickets", "taken in charge"),
];

const SAMPLING: &str = "D24 bounds from the sampling interval";

fn waits(field: &str) -> bool {
    field.starts_with("sampling_")
}

#[test]
fn every_scenario_is_run_or_listed() {
    let (mut waiting, mut run, mut wrong) = (Vec::new(), 0, Vec::new());
    for case in input::cases() {
        if case.kind != "service" {
            assert!(OTHER_KINDS.iter().any(|(kind, _)| *kind == case.kind), "unknown kind {}", case.kind);
            continue;
        }
        match case.ready() {
            Err(rule) => waiting.push((case.name.clone(), rule)),
            Ok(ready) => {
                run += 1;
                let fields = case.expect.keys().filter(|field| waits(field));
                waiting.extend(fields.map(|field| (format!("{}/{field}", case.name), SAMPLING)));
                wrong.extend(differences(&case, &ready));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {run} differ:\n{}", wrong.len(), wrong.join("\n"));
    let listed: Vec<_> = NOT_YET.iter().map(|(name, rule)| ((*name).to_owned(), *rule)).collect();
    waiting.sort();
    let shown: Vec<_> = waiting.iter().map(|(name, rule)| format!("    ({name:?}, {rule:?}),\n")).collect();
    assert!(waiting == listed, "what waits is:\n{}", shown.concat());
    assert_eq!(run, 85, "cases run");
}

/// Every field of `expect` that the figures contradict.
fn differences(case: &Case, ready: &RunCase) -> Vec<String> {
    let Some(period) = Period::new(ready.start_ms, ready.end_ms) else {
        let expected = case.expect.get("error").and_then(Value::as_str);
        let found =
            (expected != Some("period end must be after start")).then(|| format!("{}: no period", case.name));
        return found.into_iter().collect();
    };
    let world = world::build(ready);
    let history = [(0, world.charter)];
    let charters = Charters::of(&history, period, ready.as_of_ms);
    let year = charters.figures(&world.runs, &Corrections::default(), &ready.reading);
    let service = &year.services[0];
    let mut wrong = Vec::new();
    for (field, expected) in case.expect.iter().filter(|(field, _)| !waits(field)) {
        let found = found(field, service);
        if found != *expected {
            wrong.push(format!("{}: {field} is {found}, expected {expected}", case.name));
        }
    }
    let figure = service.figure;
    assert_eq!(figure.period_ms(), period.length_ms(), "{}: the integers sum", case.name);
    let down: u64 = service.stops().map(collector_derive::Span::length_ms).sum();
    assert_eq!(figure.down_ms, down, "{}: the outages sum", case.name);
    assert_eq!(year.outages(service).len(), service.stops().count());
    wrong
}

fn found(field: &str, service: &collector_derive::ServiceFigure) -> Value {
    let (figure, promise) = (service.figure, service.promise);
    let percent = |ratio: Option<Ratio>| ratio.map_or(Value::Null, |ratio| ratio.percent_floor(4).into());
    let promise = || promise.expect("the scenario has a target");
    match field {
        "up" => (figure.up_ms / 1_000).into(),
        "down" => (figure.down_ms / 1_000).into(),
        "unknown" => (figure.unknown_ms / 1_000).into(),
        "future" => (figure.future_ms / 1_000).into(),
        "out_of_scope" => (figure.out_of_scope_ms / 1_000).into(),
        "maintenance" => 0.into(),
        "availability" => figure.availability().map_or(Value::Null, |ratio| reduced(ratio).into()),
        "floor_pct" => percent(figure.availability()),
        "worst_floor_pct" => percent(figure.worst()),
        "best_floor_pct" => percent(figure.best()),
        "coverage_floor_pct" => percent(figure.coverage()),
        "meets_headline" => figure.availability().is_some_and(|ratio| ratio.meets(&promise())).into(),
        "verdict" if service.promise.is_none() && figure.known_ms() == 0 => "no_data".into(),
        "verdict" => figure.standing(&promise()).name().into(),
        "outlook" => figure.outlook(&promise()).name().into(),
        "budget_seconds" => (figure.budget(&promise()).budget_ms / 1_000).into(),
        "max_down_allowed" => figure.budget(&promise()).down_max_ms.div_euclid(1_000).into(),
        "remaining_down" => figure.budget(&promise()).remaining_ms.div_euclid(1_000).into(),
        "incidents" => {
            let down = service.timeline.iter().filter(|span| span.state == State::Down);
            down.map(|span| Value::from(vec![span.start_ms / 1_000, span.end_ms / 1_000])).collect()
        }
        _ => format!("no field `{field}`").into(),
    }
}

fn reduced(ratio: Ratio) -> String {
    let (mut a, mut b) = (ratio.p, ratio.q);
    while b > 0 {
        (a, b) = (b, a % b);
    }
    format!("{}/{}", ratio.p / a.max(1), ratio.q / a.max(1))
}
