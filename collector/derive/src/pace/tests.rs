use collector_api::{Reason, StreamId, Verdict};
use config::CheckId;

use super::*;
use crate::{Run, StreamRuns, Vantage, instant_ms};

const HOUR: i64 = 3_600_000;

fn at(wall: &str) -> i64 {
    instant_ms(wall.parse().unwrap())
}

/// A service promised above 98% around the clock and of office hours, and a mean of four access points.
fn charter() -> Charter {
    let text = r#"
organisation: {name: Comune di Esempio}
rules: {confirm_down: 1}
sites: {ced: {agents: [ced1], users: [uffici]}}
calendars: {uffici: {hours: "mon-fri 08:00-14:00"}}
services:
  web:
    users: [uffici]
    commitments: [{kind: availability, above: 98%}]
    components: {sito: {probe: tcp, targets: {a: "web.example:443"}}}
  sportello:
    users: [uffici]
    commitments: [{kind: availability, above: 98%, hours: uffici}]
    components: {sito: {probe: tcp, targets: {a: "web.example:443"}}}
  wifi:
    users: [uffici]
    commitments: [{kind: availability, above: 85%}]
    figure: mean of ap
    components: {ap: {probe: tcp, targets: {a: "a.example:1", b: "b.example:1", c: "c.example:1", d: "d.example:1"}}}
"#;
    config::parse(text, "test.yaml").unwrap_or_else(|error| panic!("{error:?}")).vedetta.charter
}

/// Each check up from the start of 2026 to `to_ms`, but for `down`: check, from, to.
fn runs(charter: &Charter, to_ms: i64, down: &[(&str, i64, i64)]) -> RunIndex {
    let run = |verdict, first_ms: i64, until_ms: i64| {
        let count = u32::try_from((until_ms - first_ms) / 60_000).unwrap();
        let reason = if verdict == Verdict::Up { Reason::None } else { Reason::ConnectTimeout };
        let (first_seq, last_seq) = (1, u64::from(count));
        Run {
            verdict,
            reason,
            first_seq,
            last_seq,
            first_ms,
            last_ms: until_ms - 60_000,
            count: count.into(),
            until_ms,
        }
    };
    let mut index = RunIndex::default();
    for check in charter.checks() {
        let id: &CheckId = &check.id;
        let (mut closed, mut from_ms) = (Vec::new(), at("2026-01-01T00:00"));
        for (_, start_ms, end_ms) in down.iter().filter(|(name, _, _)| *name == id.to_string()) {
            closed.push(run(Verdict::Up, from_ms, *start_ms));
            closed.push(run(Verdict::Down, *start_ms, *end_ms));
            from_ms = *end_ms;
        }
        if from_ms < to_ms {
            closed.push(run(Verdict::Up, from_ms, to_ms));
        }
        let streams = vec![StreamRuns { stream: StreamId([1; 16]), opened_ms: i64::MIN, closed, open: None }];
        index
            .checks
            .entry(id.clone())
            .or_default()
            .push(Vantage { agent: Id::new("ced1").unwrap(), streams });
    }
    index
}

fn paces(down: &[(&str, i64, i64)], as_of_ms: i64) -> Vec<Pace> {
    let charter = charter();
    let runs = runs(&charter, as_of_ms, down);
    let (history, corrections, reading) = ([(0, charter)], Corrections::default(), Reading::default());
    let charters = Charters::of(&history, Period::civil_year(2026), as_of_ms);
    let year = charters.figures(&runs, &corrections, &reading);
    let basis = Basis { history: &history, runs: &runs, corrections: &corrections, reading: &reading };
    year.paces(&basis, |_, promise| BurnTier::defaults(promise.target, config::YEAR_MS))
}

/// Of which services which windows fire, in hours.
fn firing(paces: &[Pace]) -> Vec<(&str, Vec<u64>)> {
    let hours = |burning: &Burning| burning.tier.window_ms / HOUR.unsigned_abs();
    let fires = |pace: &Pace| pace.tiers.iter().filter(|tier| tier.fires).map(hours).collect();
    paces.iter().map(|pace| (pace.service.as_str(), fires(pace))).collect()
}

#[test]
fn every_promise_has_its_pace() {
    let start_ms = at("2026-06-03T10:00");
    // Four hours: more than 2% of a year around the clock, and than 10% of a year of office hours.
    let down = [
        ("web.sito.a", start_ms, start_ms + 4 * HOUR),
        ("sportello.sito.a", start_ms, start_ms + 4 * HOUR),
        ("wifi.ap.a", start_ms, start_ms + 4 * HOUR),
    ];
    let paces = paces(&down, start_ms + 4 * HOUR);
    assert_eq!(firing(&paces), [("web", vec![6]), ("sportello", vec![6, 24, 168]), ("wifi", vec![])]);
    let [web, sportello, wifi] = &paces[..] else { panic!("three promises") };
    assert_eq!((web.hours.as_ref(), sportello.hours.as_ref().map(Id::as_str)), (None, Some("uffici")));
    let hours =
        |trail: Trail| [trail.scope_ms, trail.known_ms, trail.down_ms].map(|ms| ms / HOUR.unsigned_abs());
    assert_eq!(hours(web.tiers[0].long), [6, 6, 4]);
    // Wednesday 08:00 to 14:00: the office was open all the time.
    assert_eq!(hours(sportello.tiers[0].long), [6, 6, 4]);
    // The day before closed when these 24 hours began; a week has thirty.
    assert_eq!(hours(sportello.tiers[1].long), [6, 6, 4]);
    assert_eq!(hours(sportello.tiers[2].long), [30, 30, 4]);
    // A mean counts the time of all its members: 48 h, four times.
    assert_eq!(hours(wifi.tiers[0].long), [192, 192, 4]);
}

#[test]
fn a_forecast_names_the_day() {
    // One day in the last thirty is 3.33% of them; 2% of the year is 7.3 days, 6.3 are left: 189 days at this pace.
    let (start_ms, as_of_ms) = (at("2026-06-15T12:00"), at("2026-06-20T12:00"));
    let paces = paces(&[("web.sito.a", start_ms, start_ms + 24 * HOUR)], as_of_ms);
    let web = &paces[0];
    let forecast = web.forecast.unwrap();
    assert!(forecast.breach);
    assert_eq!(forecast.exhaust_in_ms.map(|left| left.floor()), Some(189 * 86_400_000));
    assert_eq!(web.exhausted_at_ms, Some(at("2026-12-26T11:00")));
    assert_eq!(web.adaptive[1].1.map(|burn| burn.decimal(2)).as_deref(), Some("1.02"));
    // Five days later the week still has it: 14.3% of seven days.
    assert_eq!(web.adaptive[0].1.map(|burn| burn.decimal(2)).as_deref(), Some("4.41"));
    assert_eq!((paces[2].exhausted_at_ms, paces[2].forecast.unwrap().breach), (None, false));
}

#[test]
fn an_outage_over_new_year_does_not_fall_silent() {
    let start_ms = at("2026-01-01T00:00");
    let charter = charter();
    let (down_ms, as_of_ms) = (start_ms + 8_750 * HOUR, start_ms + 8_761 * HOUR);
    let runs = runs(&charter, as_of_ms, &[("web.sito.a", down_ms, as_of_ms)]);
    let (history, corrections, reading) = ([(0, charter)], Corrections::default(), Reading::default());
    let figures = |year| {
        let charters = Charters::of(&history, Period::civil_year(year), as_of_ms);
        charters.figures(&runs, &corrections, &reading)
    };
    let basis = Basis { history: &history, runs: &runs, corrections: &corrections, reading: &reading };
    let paces = figures(2027).paces(&basis, |_, promise| BurnTier::defaults(promise.target, config::YEAR_MS));
    // One hour into 2027, of which no more than one hour can be down.
    assert_eq!(firing(&paces)[0], ("web", vec![6, 24]));
    // A year that is over is judged at its end, whatever came later.
    let closed =
        figures(2026).paces(&basis, |_, promise| BurnTier::defaults(promise.target, config::YEAR_MS));
    assert_eq!(firing(&closed)[0], ("web", vec![6, 24]));
    assert_eq!((closed[0].exhausted_at_ms, closed[0].forecast.unwrap().required), (None, None));
}
