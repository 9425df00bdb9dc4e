//! Integers, bounds and promises, exactly.

use collector_api::Reason;
use proptest::prelude::*;

use super::*;
use crate::{Change, Condition};

const DAY: u64 = 86_400_000;

fn above(percent: &str) -> Availability {
    Availability { target: Fraction::from_percent(percent).unwrap(), strict: true }
}

fn at_least(percent: &str) -> Availability {
    Availability { strict: false, ..above(percent) }
}

/// A figure of 365 days, of which these are up, down and unknown; the rest is future.
fn of_days(up: u64, down: u64, unknown: u64) -> Figure {
    let future_ms = (365 - up - down - unknown) * DAY;
    Figure { up_ms: up * DAY, down_ms: down * DAY, unknown_ms: unknown * DAY, future_ms, ..Figure::default() }
}

#[test]
fn what_is_seen_is_laid_over_the_period() {
    let change = |at_ms, verdict| Change { at_ms, verdict, reason: Reason::None };
    let timeline = Timeline {
        changes: vec![
            change(0, Condition::Up),
            change(40, Condition::Down),
            change(50, Condition::Unknown),
            change(60, Condition::Degraded),
        ],
        end_ms: 80,
    };
    let period = Period::new(0, 100).unwrap();
    let whole = Figure { up_ms: 60, down_ms: 10, unknown_ms: 10, future_ms: 20, ..Figure::default() };
    assert_eq!(Figure::over(period, 0, 80, &timeline), whole);
    let partial = Figure {
        up_ms: 35,
        down_ms: 5,
        unknown_ms: 10,
        out_of_scope_ms: 45,
        future_ms: 5,
        ..Figure::default()
    };
    let later = Timeline { end_ms: 95, ..timeline.clone() };
    assert_eq!(Figure::over(period, 45, 95, &later), Figure { up_ms: 35, ..partial });
    let before = Figure { out_of_scope_ms: 100, ..Figure::default() };
    assert_eq!(Figure::over(period, 200, 80, &timeline), before);
}

#[test]
fn display_cuts_and_never_rounds_up() {
    for (p, q, decimals, shown) in [
        (979_999_968, 1_000_000_000, 4, "97.9999"),
        (2, 3, 4, "66.6666"),
        (1, 1, 4, "100.0000"),
        (99_999_999, 100_000_000, 2, "99.99"),
        (99_999_999, 100_000_000, 0, "99"),
        (1, 1_000_000, 4, "0.0001"),
        (0, 7, 1, "0.0"),
        (u64::MAX - 1, u64::MAX, 9, "99.999999999"),
    ] {
        assert_eq!(Ratio { p, q }.percent_floor(decimals), shown, "{p}/{q}");
    }
}

#[test]
fn standing_looks_at_both_bounds() {
    for (figure, promise, standing) in [
        (of_days(300, 0, 0), above("98%"), Standing::Met),
        (of_days(98, 2, 0), above("98%"), Standing::Breached),
        (of_days(98, 2, 0), at_least("98%"), Standing::Met),
        (of_days(98, 1, 1), above("98%"), Standing::Indeterminate),
        (of_days(0, 0, 9), above("98%"), Standing::NoData),
        (of_days(100, 0, 0), above("100%"), Standing::Breached),
        (of_days(100, 0, 0), at_least("100%"), Standing::Met),
    ] {
        assert_eq!(figure.standing(&promise), standing, "{figure:?} {promise:?}");
    }
}

#[test]
fn a_budget_is_a_millisecond_less_when_strict() {
    let year = of_days(0, 0, 0);
    let strict = Budget { budget_ms: 630_720_000, down_max_ms: 630_719_999, remaining_ms: 630_719_999 };
    assert_eq!(year.budget(&above("98%")), strict);
    assert_eq!(year.budget(&at_least("98%")).down_max_ms, 630_720_000);
    assert_eq!(of_days(0, 8, 0).budget(&above("98%")).remaining_ms, 630_719_999 - 691_200_000);
    assert_eq!(of_days(0, 0, 0).budget(&above("100%")).down_max_ms, -1);
    // A budget that is not whole ms is cut, and so is already strict.
    let odd = Figure { future_ms: 99, ..Figure::default() };
    assert_eq!(odd.budget(&above("98%")), Budget { budget_ms: 1, down_max_ms: 1, remaining_ms: 1 });
}

#[test]
fn what_the_rest_must_be_is_told_exactly() {
    let half_year = Figure { up_ms: 90, down_ms: 10, future_ms: 100, ..Figure::default() };
    let required = half_year.required(&above("95%")).unwrap();
    assert_eq!(required, Ratio { p: 1, q: 1 });
    assert!(half_year.required(&above("96%")).unwrap() > Ratio { p: 1, q: 1 });
    assert_eq!(half_year.required(&above("40%")), Some(Ratio { p: 0, q: 1 }));
    assert_eq!(Figure { up_ms: 5, ..Figure::default() }.required(&above("95%")), None);
}

#[test]
fn nothing_is_a_share_of_nothing() {
    let nothing = Figure::default();
    assert_eq!((nothing.availability(), nothing.worst(), nothing.coverage()), (None, None, None));
    assert_eq!(nothing.standing(&above("98%")), Standing::NoData);
    assert_eq!(nothing.outlook(&above("98%")), Outlook::Irrecoverable);
}

proptest! {
    #[test]
    fn bounds_hold_the_headline(up in 0_u64..1 << 50, down in 0_u64..1 << 50, unknown in 0_u64..1 << 50) {
        let figure = Figure { up_ms: up, down_ms: down, unknown_ms: unknown, ..Figure::default() };
        if let (Some(worst), Some(headline), Some(best)) = (figure.worst(), figure.availability(), figure.best()) {
            prop_assert!(worst <= headline && headline <= best);
        }
    }

    /// The budget says the same as the outlook: what is within it is met whatever is left.
    #[test]
    fn budget_and_outlook_agree(up in 0_u64..9_999, down in 0_u64..9_999, p in 0_u64..=1_000, strict: bool) {
        let figure = Figure { up_ms: up, down_ms: down, future_ms: 10_000, ..Figure::default() };
        let promise = Availability { target: Fraction::new(p, 1_000).unwrap(), strict };
        let gone = figure.outlook(&promise) == Outlook::Irrecoverable;
        prop_assert_eq!(figure.budget(&promise).remaining_ms < 0, gone);
    }

    #[test]
    fn what_is_shown_is_never_more_than_what_is(p in 0_u64..1 << 40, q in 1_u64..1 << 40, decimals in 0_usize..9) {
        let ratio = Ratio { p: p.min(q), q };
        let shown = ratio.percent_floor(decimals).replace('.', "").parse::<u128>().unwrap();
        let exact = u128::from(ratio.p) * 100 * 10_u128.pow(u32::try_from(decimals).unwrap());
        prop_assert!(shown * u128::from(q) <= exact && exact < (shown + 1) * u128::from(q));
    }
}

#[test]
#[should_panic(expected = "the integers sum to the period")]
fn what_does_not_add_up_is_no_figure() {
    let period = Period::new(0, 10).unwrap();
    let sound = Figure { up_ms: 4, down_ms: 1, unknown_ms: 2, future_ms: 3, ..Figure::default() };
    assert_eq!(sound.checked(period), sound);
    let _ = Figure { up_ms: 5, ..sound }.checked(period);
}
