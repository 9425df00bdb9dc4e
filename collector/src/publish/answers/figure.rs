//! Integers and shares.

use collector_derive as derive;
use config::Fraction;

use crate::publish::api::{Figure, Share};

pub(super) fn figure(figure: &derive::Figure, coverage_min: Fraction) -> Figure {
    let whole_year = figure.whole_period().filter(|_| figure.out_of_scope_ms > 0);
    let coverage = figure.coverage();
    Figure {
        up_ms: figure.up_ms,
        down_ms: figure.down_ms,
        unknown_ms: figure.unknown_ms,
        maintenance_ms: 0,
        out_of_scope_ms: figure.out_of_scope_ms,
        future_ms: figure.future_ms,
        weight: 1,
        availability: figure.availability().and_then(share),
        lower_bound: figure.worst().and_then(share),
        upper_bound: figure.best().and_then(share),
        coverage: coverage.and_then(share),
        best_total: None,
        range: coverage.is_some_and(|coverage| !coverage.is_at_least(coverage_min)),
        whole_year_lower_bound: whole_year.and_then(|(worst, _)| share(worst)),
        whole_year_upper_bound: whole_year.and_then(|(_, best)| share(best)),
    }
}

pub(super) fn share(ratio: derive::Ratio) -> Option<Share> {
    Share::of(ratio.p, ratio.q)
}
