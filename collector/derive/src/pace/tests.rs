use collector_api::{Reason, StreamId, Verdict};
use config::CheckId;

use super::*;
use crate::{Run, StreamRuns, Vantage, instant_ms};

const HOUR: i64 = 3_600_000;
const MINUTE: i64 = 60_000;
const DAY: u64 = 86_400_000;

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

fn paces(down: &[(&str, i64, i64)], as_of_ms: i64) -> Vec<ServicePace> {
    paces_of(2026, &[(0, charter())], down, as_of_ms)
}

fn paces_of(
    year: i16,
    history: &[(i64, Charter)],
    down: &[(&str, i64, i64)],
    as_of_ms: i64,
) -> Vec<ServicePace> {
    let runs = runs(&history[0].1, as_of_ms, down);
    let (corrections, reading) = (Corrections::default(), Reading::default());
    let charters = Charters::of(history, Period::civil_year(year), as_of_ms);
    let figures = charters.figures(&runs, &corrections, &reading);
    let basis = Basis { history, runs: &runs, corrections: &corrections, reading: &reading };
    figures.paces(&basis, |_, _, promise| BurnTier::defaults(promise.target, config::YEAR_MS))
}

/// Of which services which windows fire, in hours.
fn firing(paces: &[ServicePace]) -> Vec<(&str, Vec<u64>)> {
    let hours = |burning: &Burning| burning.tier.window_ms / HOUR.unsigned_abs();
    let fires = |pace: &Pace| pace.tiers.iter().filter(|tier| tier.fires).map(hours).collect();
    let all = paces.iter().flat_map(|pace| pace.promises.iter().map(move |promise| (pace, promise)));
    all.map(|(pace, promise)| (pace.service.as_str(), fires(promise))).collect()
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
    let promises: Vec<&Pace> = paces.iter().flat_map(|pace| &pace.promises).collect();
    let [web, sportello, wifi] = &promises[..] else { panic!("three promises") };
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
    let web = &paces[0].promises[0];
    let forecast = web.forecast.unwrap();
    assert!(forecast.breach);
    assert_eq!(forecast.exhaust_in_ms.map(|left| left.floor()), Some(189 * 86_400_000));
    assert_eq!(web.exhausted_at_ms, Some(at("2026-12-26T11:00")));
    assert_eq!(web.adaptive[1].1.map(|burn| burn.decimal(2)).as_deref(), Some("1.02"));
    // Five days later the week still has it: 14.3% of seven days.
    assert_eq!(web.adaptive[0].1.map(|burn| burn.decimal(2)).as_deref(), Some("4.41"));
    let wifi = &paces[2].promises[0];
    assert_eq!((wifi.exhausted_at_ms, wifi.forecast.unwrap().breach), (None, false));
    let days = |(length_ms, trail): (u64, Trail)| (length_ms / DAY, trail.down_ms / DAY);
    assert_eq!(paces[0].rolling.map(days), [(1, 0), (7, 1), (30, 1)]);
}

#[test]
fn an_outage_over_new_year_does_not_fall_silent() {
    let new_year_ms = at("2027-01-01T00:00");
    let history = [(0, charter())];
    let (down_ms, as_of_ms) = (new_year_ms - 10 * HOUR, new_year_ms + HOUR);
    let down = [("web.sito.a", down_ms, as_of_ms)];
    // One hour into 2027, of which no more than one hour can be down.
    assert_eq!(firing(&paces_of(2027, &history, &down, as_of_ms))[0], ("web", vec![6, 24]));
    // A year that is over is judged at its end, whatever came later.
    let closed = paces_of(2026, &history, &down, as_of_ms);
    assert_eq!(firing(&closed)[0], ("web", vec![6, 24]));
    let web = &closed[0].promises[0];
    assert_eq!((web.exhausted_at_ms, web.forecast.unwrap().required), (None, None));
}

#[test]
fn the_first_minutes_of_a_year_fire_what_the_last_of_the_old_one_would() {
    let new_year_ms = at("2027-01-01T00:00");
    let history = [(0, charter())];
    for (from_ms, to_ms, expected) in [
        // 2% of the year's budget are 3.5 hours, 5% are 8.8.
        (-4 * HOUR, 3 * MINUTE, vec![6]),
        (-2 * HOUR, 3 * MINUTE, vec![]),
        (10 * MINUTE, 12 * MINUTE, vec![]),
    ] {
        let as_of_ms = new_year_ms + to_ms;
        let down = ["web.sito.a", "wifi.ap.a", "wifi.ap.b", "wifi.ap.c", "wifi.ap.d"];
        let down = down.map(|check| (check, new_year_ms + from_ms, as_of_ms));
        let paces = paces_of(2027, &history, &down, as_of_ms);
        // Above 85% nothing is too fast within six hours: its shortest window is longer.
        let expected = [("web", expected), ("sportello", vec![]), ("wifi", vec![])];
        assert_eq!(firing(&paces), expected, "{from_ms} to {to_ms}");
        let day = |pace: &ServicePace| (pace.rolling[0].1.scope_ms / DAY, pace.rolling[0].1.down_ms);
        let length_ms = (to_ms - from_ms).unsigned_abs();
        assert_eq!((day(&paces[0]), day(&paces[2])), ((1, length_ms), (4, 4 * length_ms)));
        assert!(paces.iter().flat_map(|pace| &pace.promises).all(|promise| promise.forecast.is_some()));
    }
}

#[test]
fn what_was_not_measured_long_enough_fires_nothing() {
    let measured_ms = at("2026-06-01T00:00");
    let mut charter = charter();
    charter.act.measured_from = Some("2026-06-01".parse().unwrap());
    // In force from that day on: what a charter in force measured stays in scope (D18).
    let history = [(measured_ms, charter)];
    let web = |from_ms: i64, to_ms: i64| {
        let down = [("web.sito.a", measured_ms + from_ms, measured_ms + to_ms)];
        let paces = paces_of(2026, &history, &down, measured_ms + to_ms);
        (firing(&paces)[0].1.clone(), paces[0].promises[0].forecast.is_some())
    };
    assert_eq!(web(10 * MINUTE, 12 * MINUTE), (vec![], false));
    assert_eq!(web(HOUR, 5 * HOUR), (vec![6], false), "half of the shortest window was measured");
    assert_eq!(web(15 * 24 * HOUR, 15 * 24 * HOUR + MINUTE), (vec![], true));
}
