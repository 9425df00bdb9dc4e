use proptest::prelude::*;

use super::*;

fn percent(text: &str) -> Fraction {
    Fraction::from_percent(text).unwrap()
}

fn tier(part: &str, hours: u64) -> BurnTier {
    BurnTier::new(percent(part), hours * HOUR_MS, Severity::Page)
}

#[test]
fn the_arithmetic_is_exact() {
    // (target, part, window h, burn, threshold, can fire, above pace): F01 to F10.
    for (target, part, hours, burn, threshold, fires, above) in [
        ("98%", "2%", 6, "146/5", "73/125", true, true),
        ("98%", "2%", 1, "876/5", "438/125", false, true),
        ("98%", "5%", 24, "73/4", "73/200", true, true),
        ("98%", "10%", 168, "73/14", "73/700", true, true),
        ("98%", "20%", 720, "73/30", "73/1500", true, true),
        ("85%", "2%", 6, "146/5", "219/50", false, true),
        ("85%", "2%", 48, "73/20", "219/400", true, true),
        ("85%", "5%", 168, "73/28", "219/560", true, true),
        ("85%", "10%", 720, "73/60", "73/400", true, true),
        ("85%", "20%", 2160, "73/90", "73/600", true, false),
    ] {
        let (tier, target) = (tier(part, hours), percent(target));
        let case = format!("{part} in {hours} h of {target}");
        assert_eq!(tier.burn(YEAR_MS).to_string(), burn, "{case}");
        assert_eq!(tier.threshold(target, YEAR_MS).to_string(), threshold, "{case}");
        assert_eq!(tier.can_fire(target, YEAR_MS), fires, "{case}");
        assert_eq!(tier.is_above_pace(YEAR_MS), above, "{case}");
        assert_eq!(tier.check(target, YEAR_MS).is_ok(), fires && above, "{case}");
        assert_eq!(tier.short_ms, hours * 5 * MINUTE_MS, "{case}");
    }
    assert_eq!(burn_max(percent("98%")).unwrap().to_string(), "50");
    assert_eq!(burn_max(percent("85%")).unwrap().to_string(), "20/3");
    assert_eq!(burn_max(percent("100%")), None);
    // The workbook's own example, of 90% in 30 days (F11).
    let (hour, month_ms) = (tier("2%", 1), 30 * DAY_MS);
    assert_eq!(hour.burn(month_ms).to_string(), "72/5");
    assert_eq!(hour.threshold(percent("90%"), month_ms).to_string(), "36/25");
    assert_eq!(hour.window_of_budget(percent("90%"), month_ms).unwrap().percent_floor(4), "1.3888");
    let six = tier("2%", 6);
    assert_eq!(six.window_of_budget(percent("98%"), YEAR_MS).unwrap().percent_floor(4), "3.4246");
    for (part, hours, target, seconds) in
        [("2%", 6, "98%", "63072/5"), ("5%", 24, "98%", "31536"), ("2%", 48, "85%", "94608")]
    {
        let after = tier(part, hours).full_outage_fires_after_ms(percent(target), YEAR_MS);
        assert_eq!(after.over(1_000).to_string(), seconds);
    }
}

#[test]
fn a_charter_without_tiers_has_these() {
    let shown = |target: &str| {
        let tiers = BurnTier::defaults(percent(target), YEAR_MS);
        let show = |tier: &BurnTier| {
            let BurnTier { part, window_ms, short_ms, severity } = *tier;
            format!("{part}/{}/{} {}", Millis(window_ms), Millis(short_ms), severity.name())
        };
        tiers.iter().map(show).collect::<Vec<_>>().join(", ")
    };
    for (target, tiers) in [
        ("98%", "2%/6h/30m page, 5%/1d/2h page, 10%/7d/14h ticket, 20%/30d/2d12h ticket"),
        ("85%", "2%/2d/4h page, 5%/7d/14h ticket, 10%/30d/2d12h ticket, 25%/90d/7d12h trend"),
        ("99.9%", "2%/1h/5m page, 5%/6h/30m page, 10%/1d/2h page, 20%/7d/14h ticket"),
        ("60%", "2%/7d/14h ticket, 10%/30d/2d12h ticket, 25%/90d/7d12h trend"),
        ("100%", ""),
        ("5%", ""),
    ] {
        assert_eq!(shown(target), tiers, "{target}");
    }
}

#[test]
fn a_refusal_shows_its_arithmetic() {
    let said = |tier: BurnTier, target: &str| tier.check(percent(target), YEAR_MS).unwrap_err();
    for (tier, target, sentence) in [
        (
            tier("2%", 6),
            "85%",
            "2% of the budget in 6h can never fire: it is 29.2 times the even pace, and at 85% even an outage of \
             everything is 6.66 times: 438.0% of 6h would have to be down; for 2% a window from 1d6h to 7d7h would do",
        ),
        (
            tier("2%", 28),
            "85%",
            "2% of the budget in 1d4h hardly ever fires: 93.8% of 1d4h must be down, ask for at most 90%; for 2% a window \
             from 1d6h to 7d7h would do",
        ),
        (
            tier("20%", 2160),
            "85%",
            "20% of the budget in 90d is slower than the even pace (0.81 times): it would fire in a year that keeps the \
             promise; for 20% a window from 12d4h to 73d would do",
        ),
        (tier("2%", 6), "100%", "a promise of 100% leaves no budget that could burn: leave the tiers out"),
        (
            BurnTier { short_ms: 6 * HOUR_MS, ..tier("2%", 6) },
            "98%",
            "the short window 6h is not shorter than the long one, 6h",
        ),
        (
            tier("0%", 6),
            "98%",
            "0% of the budget in 6h (short window 30m) is nothing: all three must be above 0",
        ),
        (
            tier("0.01%", 6),
            "99.9%",
            "0.01% of the budget in 6h is slower than the even pace (0.14 times): it would fire in a year that keeps the \
             promise; for 0.01% a window from 1m to 52m would do",
        ),
    ] {
        let error = said(tier, target);
        assert_eq!(error.to_string(), sentence);
        assert!(!error.text().it.is_empty() && error.text().it != error.text().en);
    }
    assert!(said(tier("20%", 24), "5%").to_string().ends_with("no window suits this target"));
}

#[test]
fn tiers_read_back() {
    let tier = tier("2%", 6);
    let text = r#"{"part":{"p":1,"q":50},"window_ms":21600000,"short_ms":1800000,"severity":"page"}"#;
    assert_eq!(serde_json::to_string(&tier).unwrap(), text);
    assert_eq!(serde_json::from_str::<BurnTier>(text).unwrap(), tier);
}

proptest! {
    #[test]
    fn what_is_accepted_fires_within_its_window(
        part in 1..=100_u64, hours in 1..3_000_u64, target in 0..=1_000_u64, period_h in 1..9_000_u64,
    ) {
        let tier = BurnTier::new(Fraction::new(part, 100).unwrap(), hours * HOUR_MS, Severity::Page);
        let (target, period_ms) = (Fraction::new(target, 1_000).unwrap(), period_h * HOUR_MS);
        let window = quotient(u128::from(tier.window_ms), 1);
        let fires_after = tier.full_outage_fires_after_ms(target, period_ms);
        if tier.check(target, period_ms).is_ok() {
            prop_assert!(fires_after < window);
            prop_assert!(tier.burn(period_ms) <= burn_max(target).unwrap());
        }
        // The two ways to say it agree.
        prop_assert_eq!(tier.can_fire(target, period_ms), fires_after < window);
    }

    #[test]
    fn every_promise_has_tiers_that_can_fire(target in 0..1_000_u64) {
        let target = Fraction::new(target, 1_000).unwrap();
        let tiers = BurnTier::defaults(target, YEAR_MS);
        for tier in &tiers {
            prop_assert_eq!(tier.check(target, YEAR_MS), Ok(()));
        }
        for pair in tiers.windows(2) {
            prop_assert!(pair[0].window_ms < pair[1].window_ms && pair[0].severity >= pair[1].severity);
        }
        // A leap year is no other promise.
        for tier in &tiers {
            prop_assert!(tier.can_fire(target, YEAR_MS + DAY_MS) && tier.is_above_pace(YEAR_MS + DAY_MS));
        }
        prop_assert!(target.p * 10 < target.q * 3 || !tiers.is_empty());
    }
}
