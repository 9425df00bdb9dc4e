//! Tiers of the alert that a year's budget goes too fast, each judged by its own arithmetic.

use super::commitment::share;
use crate::text::say;
use crate::yaml::service::{AvailabilityKeys, BurnKeys, CommitmentKeys, PromiseKeys};
use crate::yaml::shape::{At, Report};
use crate::{BurnTier, Fraction, Severity, YEAR_MS};

/// Those of a service's promise around the clock; none where it names none.
pub(super) fn burn(keys: &[CommitmentKeys], report: &mut Report<'_>) -> Vec<BurnTier> {
    let mut tiers: Vec<BurnTier> = Vec::new();
    for key in keys {
        let PromiseKeys::Availability(promise) = &key.promise else { continue };
        let Some(burn) = &promise.burn else { continue };
        if !is_burnt(promise, burn, report) {
            continue;
        }
        // A promise without a share has been reported.
        let Some(target) = share(promise) else { continue };
        for tier in &burn.value {
            tiers.extend(one(tier, target, &tiers, report));
        }
    }
    tiers
}

/// Has the promise a budget of the year, and the list a tier?
fn is_burnt(promise: &AvailabilityKeys, burn: &At<Vec<BurnKeys>>, report: &mut Report<'_>) -> bool {
    let message = if promise.hours.as_ref().is_some_and(|hours| hours.value != "24x7") {
        say!(
            "`burn` is of a promise of `24x7`: windows of the clock say nothing of a calendar's hours",
            "`burn` è di un impegno `24x7`: le finestre dell'orologio non dicono nulla delle ore di un calendario"
        )
    } else if burn.value.is_empty() && report.is_clean() {
        say!(
            "`burn` names no tier; without the key the usual ones hold",
            "`burn` non nomina nessuna soglia; senza la chiave valgono quelle consuete"
        )
    } else {
        return true;
    };
    report.problem(burn.at, message);
    false
}

fn one(keys: &BurnKeys, target: Fraction, before: &[BurnTier], report: &mut Report<'_>) -> Option<BurnTier> {
    let (part, window_ms) = (keys.part.value, keys.window.value.0);
    let severity = keys.severity.unwrap_or_else(|| Severity::of_window(window_ms));
    let mut tier = BurnTier::new(part, window_ms, severity);
    if let Some(short) = &keys.short {
        tier.short_ms = short.value.0;
    }
    if let Err(error) = tier.check(target, YEAR_MS) {
        let is_short = error.kind == crate::BurnErrorKind::Short;
        let at = keys.short.as_ref().filter(|_| is_short).map_or(keys.window.at, |short| short.at);
        report.problem(at, error.text());
        return None;
    }
    if before.iter().any(|known| (known.window_ms, known.severity) == (window_ms, severity)) {
        let message = say!(
            "a second tier of {} and `{}`: the one of the smaller part says all that the other would",
            "una seconda soglia di {} e `{}`: quella della parte minore dice già tutto",
            keys.window.value,
            severity.name()
        );
        report.problem(keys.window.at, message);
        return None;
    }
    Some(tier)
}
