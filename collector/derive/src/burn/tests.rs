use config::{Severity, YEAR_MS};
use proptest::prelude::*;

use super::*;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

fn target(percent: u64) -> Fraction {
    Fraction::new(percent, 100).unwrap()
}

/// `[(from, to, letter)]` with U, D and K; what none covers is unknown.
type Spans = [(i64, i64, char)];

/// What they say of a window.
fn trail(spans: &Spans, from_ms: i64, to_ms: i64) -> Trail {
    let mut trail = Trail { scope_ms: to_ms.abs_diff(from_ms), ..Trail::default() };
    for (start_ms, end_ms, letter) in spans {
        let (start_ms, end_ms) = ((*start_ms).max(from_ms), (*end_ms).min(to_ms));
        let length_ms = if start_ms < end_ms { start_ms.abs_diff(end_ms) } else { 0 };
        trail.known_ms += if *letter == 'K' { 0 } else { length_ms };
        trail.down_ms += if *letter == 'D' { length_ms } else { 0 };
    }
    trail
}

/// Which of the default tiers of 98% fire at `as_of_ms`, by their windows in hours.
fn firing(spans: &Spans, as_of_ms: i64) -> Vec<u64> {
    let tiers = BurnTier::defaults(target(98), YEAR_MS);
    let burning =
        Burning::of(&tiers, target(98), YEAR_MS, as_of_ms, |from_ms, to_ms| trail(spans, from_ms, to_ms));
    let fires = burning.iter().filter(|burning| burning.fires);
    fires.map(|burning| burning.tier.window_ms / HOUR.unsigned_abs()).collect()
}

#[test]
fn a_window_is_the_figure_of_its_time() {
    let figure = Figure { up_ms: 5, down_ms: 3, unknown_ms: 2, maintenance_ms: 7, ..Figure::default() };
    assert_eq!(Trail::from(figure), Trail { scope_ms: 10, known_ms: 8, down_ms: 3 });
}

#[test]
fn an_outage_fires_when_its_part_of_the_budget_is_gone() {
    // 98% of a year: 2% of the budget is 12,614.4 s, 5% is 31,536 s.
    let seen = [(-200 * DAY, 0, 'U'), (0, DAY, 'D'), (DAY, 3 * DAY, 'U')];
    for (as_of_ms, fires) in [
        (0, &[][..]),
        (12_614_400, &[]),
        (12_614_401, &[6]),
        (31_536_000, &[6]),
        (31_536_001, &[6, 24]),
        // All four: 17 h 31 min and 35 h are not reached by a day.
        (DAY, &[6, 24, 168]),
        // Half an hour later the shortest no longer burns, six hours later little does.
        (DAY + 30 * MINUTE, &[24, 168]),
        (DAY + 2 * HOUR, &[168]),
        (DAY + 14 * HOUR, &[]),
    ] {
        assert_eq!(firing(&seen, as_of_ms), fires, "{as_of_ms}");
    }
}

#[test]
fn what_is_not_known_does_not_burn() {
    // Of six hours two were seen, both down: nothing can be said.
    let dark = [(-200 * DAY, 0, 'U'), (0, 4 * HOUR, 'K'), (4 * HOUR, 6 * HOUR, 'D')];
    assert_eq!(firing(&dark, 6 * HOUR), [0; 0]);
    // Three of six are enough to speak, a millisecond less is not.
    for (dark_ms, fires) in [(3 * HOUR, &[6][..]), (3 * HOUR + 1, &[])] {
        let half = [(-200 * DAY, 0, 'U'), (0, dark_ms, 'K'), (dark_ms, 6 * HOUR, 'D')];
        assert_eq!(firing(&half, 6 * HOUR), fires);
    }
    // None is silent for good.
    assert_eq!(firing(&[(-200 * DAY, 200 * DAY, 'D')], 0), [6, 24, 168, 720]);
    assert_eq!(firing(&[], 0), [0; 0]);
}

#[test]
fn adaptive_burn_looks_at_what_is_left() {
    let promise = Availability { target: target(98), strict: true };
    let quiet = Trail { scope_ms: 2_592_000, known_ms: 2_592_000, down_ms: 0 };
    let figure = |up_ms, down_ms, future_ms| Figure { up_ms, down_ms, future_ms, ..Figure::default() };
    let july = figure(15_234_800, 400_000, 15_901_200);
    let burn =
        |window: Trail, figure: Figure| window.adaptive_burn(&figure, &promise).map(|burn| burn.to_string());
    assert_eq!(burn(quiet, july).as_deref(), Some("0"));
    // 3.86% down against 230,720 of 15,901,200 = 1.45% that may be: 2.66 times.
    let loud = Trail { down_ms: 100_000, ..quiet };
    assert_eq!(loud.adaptive_burn(&july, &promise).unwrap().decimal(2), "2.65");
    // Exactly at the pace that what is left bears: 20 of 1,000.
    let even = Trail { scope_ms: 100, known_ms: 50, down_ms: 1 };
    assert_eq!(burn(even, figure(0, 0, 1_000)).as_deref(), Some("1"));
    // No budget, no time, nothing known.
    assert_eq!(burn(loud, figure(0, 400_000, 1_000)), None);
    assert_eq!(burn(loud, figure(1_000_000, 0, 0)), None);
    assert_eq!(burn(Trail::default(), july), None);
    assert_eq!(exact_budget(604_800, Fraction { p: 9_995, q: 10_000 }).to_string(), "1512/5");
}

proptest! {
    #[test]
    fn a_tier_that_is_accepted_fires_under_a_full_outage_within_its_window(
        part in 1..=50_u64, hours in 1..2_000_u64, percent in 1..100_u64,
    ) {
        let window_ms = hours * HOUR.unsigned_abs();
        let tier = BurnTier::new(Fraction::new(part, 100).unwrap(), window_ms, Severity::Page);
        prop_assume!(tier.check(target(percent), YEAR_MS).is_ok());
        let seen = [(-2_000 * HOUR, 0, 'U'), (0, 2_000 * HOUR, 'D')];
        let fires = |as_of_ms: i64| {
            let window = |from_ms, to_ms| trail(&seen, from_ms, to_ms);
            Burning::of(&[tier], target(percent), YEAR_MS, as_of_ms, window)[0].fires
        };
        let after_ms = tier.full_outage_fires_after_ms(target(percent), YEAR_MS).floor();
        let after_ms = i64::try_from(after_ms).unwrap();
        prop_assert!(fires(window_ms.cast_signed()));
        // Not when its part is gone, but a millisecond later; the short window is full of outage long before
        // or, where the part is gone sooner, decides itself.
        prop_assert!(!fires(after_ms));
        prop_assert!(fires((after_ms + 1).max(tier.short_ms.cast_signed())));
    }
}
