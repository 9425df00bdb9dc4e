use config::Fraction;
use proptest::prelude::*;

use super::*;
use crate::Outlook;

fn promise(strict: bool) -> Availability {
    Availability { target: Fraction { p: 49, q: 50 }, strict }
}

/// Seconds of the scenarios, as milliseconds.
fn july(down_s: u64) -> Figure {
    Figure { up_ms: 15_234_800_000, down_ms: down_s * 1_000, future_ms: 15_901_200_000, ..Figure::default() }
}

fn trail(down_s: u64) -> Trail {
    Trail { scope_ms: TRAIL_MS, known_ms: TRAIL_MS, down_ms: down_s * 1_000 }
}

fn seconds(ms: Quotient) -> String {
    ms.over(1_000).to_string()
}

#[test]
fn the_first_of_july() {
    // 3.858% of the last 30 days were down: too much, gone in 69 days (W05).
    let forecast = Forecast::of(&july(400_000), &promise(true), &trail(100_000)).unwrap();
    assert_eq!(seconds(forecast.down_ms), "9121250/9");
    assert!(forecast.breach);
    assert_eq!(seconds(forecast.exhaust_in_ms.unwrap()), "29901312/5");
    assert_eq!(forecast.required.unwrap().to_string(), "27983/28395");
    assert_eq!(july(400_000).outlook(&promise(true)), Outlook::Open);
    // A quiet month (W06).
    let forecast = Forecast::of(&july(400_000), &promise(true), &trail(0)).unwrap();
    assert_eq!(seconds(forecast.down_ms), "400000");
    assert!(!forecast.breach);
    assert_eq!(forecast.exhaust_in_ms, None);
}

#[test]
fn at_the_very_edge() {
    // Ends with exactly the budget of 630,720 s: 230,720 s of what is left.
    let trail = Trail { scope_ms: TRAIL_MS, known_ms: 15_901_200, down_ms: 230_720 };
    for (strict, breach) in [(true, true), (false, false)] {
        let forecast = Forecast::of(&july(400_000), &promise(strict), &trail).unwrap();
        assert_eq!(seconds(forecast.down_ms), "630720");
        assert_eq!(forecast.breach, breach);
        assert_eq!(forecast.exhaust_in_ms, Quotient::new(15_901_200_000, 1), "at the year's end");
    }
    // Nothing seen, nothing said; the year over, nothing to come; the budget gone, gone.
    assert_eq!(Forecast::of(&july(0), &promise(true), &Trail::default()), None);
    let over = Figure { future_ms: 0, ..july(400_000) };
    let forecast = Forecast::of(&over, &promise(true), &trail).unwrap();
    assert_eq!((seconds(forecast.down_ms).as_str(), forecast.required), ("400000", None));
    let gone = Forecast::of(&july(1_000_000), &promise(true), &trail).unwrap();
    assert_eq!(gone.exhaust_in_ms, Quotient::new(0, 1));
    // Used up to the last millisecond, and nothing down since: gone all the same.
    let spent = Figure { up_ms: 98, down_ms: 2, ..Figure::default() };
    let quiet = Trail { down_ms: 0, ..trail };
    assert_eq!(Forecast::of(&spent, &promise(false), &quiet).unwrap().exhaust_in_ms, Quotient::new(0, 1));
}

#[test]
fn a_mean_runs_out_by_the_clock() {
    let one = Forecast::of(&july(400_000), &promise(true), &trail(100_000)).unwrap();
    // A hundred and twenty like it: their time is a hundred and twenty times as much, the day is the same.
    let july = july(400_000);
    let many = Figure {
        up_ms: july.up_ms * 120,
        down_ms: july.down_ms * 120,
        future_ms: july.future_ms * 120,
        weight: 120,
        ..july
    };
    let trail = Trail { scope_ms: TRAIL_MS * 120, known_ms: TRAIL_MS * 120, down_ms: 12_000_000_000 };
    let mean = Forecast::of(&many, &promise(true), &trail).unwrap();
    assert_eq!(mean.exhaust_in_ms, one.exhaust_in_ms);
    assert_eq!((mean.breach, mean.required), (one.breach, one.required));
    assert_eq!(mean.down_ms.over(120), one.down_ms);
}

proptest! {
    #[test]
    fn a_forecast_agrees_with_what_is_certain(
        up in 0..20_000_u64, down in 0..2_000_u64, unknown in 0..500_u64, future in 0..20_000_u64,
        trail_down in 0..500_u64, trail_up in 0..5_000_u64, strict: bool,
    ) {
        let figure = Figure { up_ms: up, down_ms: down, unknown_ms: unknown, future_ms: future, ..Figure::default() };
        prop_assume!(figure.scope_ms() > 0);
        let (promise, trail) = (promise(strict), Trail {
            scope_ms: trail_down + trail_up, known_ms: trail_down + trail_up, down_ms: trail_down,
        });
        prop_assert_eq!(Forecast::of(&figure, &promise, &trail).is_some(), trail.known_ms > 0);
        let Some(forecast) = Forecast::of(&figure, &promise, &trail) else { return Ok(()) };
        match figure.outlook(&promise) {
            Outlook::Irrecoverable => prop_assert!(forecast.breach),
            Outlook::Secured => prop_assert!(!forecast.breach),
            Outlook::Open => {}
        }
        // The budget lasts to the period's end exactly if the forecast does not exceed it.
        let end = Quotient::new(future.into(), 1).unwrap();
        let outlasts = forecast.exhaust_in_ms.is_none_or(|exhaust| exhaust >= end);
        let within = forecast.down_ms <= exact_budget(figure.scope_ms(), promise.target);
        if budget_left(&figure, &promise).is_some() {
            prop_assert_eq!(outlasts, within);
        }
        // What adaptive burn says is what the forecast says.
        if let Some(burn) = trail.adaptive_burn(&figure, &promise) {
            prop_assert_eq!(burn <= Quotient::new(1, 1).unwrap(), within);
        }
    }
}
