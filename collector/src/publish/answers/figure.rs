//! Integers and shares.

use collector_derive::{DeclaredFigure, Figure as Integers, Ratio, YearFigures};
use config::{Fraction, Unknown};

use crate::publish::api::{Figure, Share};

/// How the charter has figures read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Read {
    /// Below this coverage a headline is a range.
    coverage_min: Fraction,
    /// What a headline counts unknown time as.
    unknown: Unknown,
}

impl Read {
    pub(super) fn of(figures: &YearFigures) -> Self {
        Self { coverage_min: figures.coverage_min, unknown: figures.unknown }
    }

    /// The integers with all shares.
    pub(super) fn figure(self, figure: &Integers) -> Figure {
        let whole_year = figure.whole_period().filter(|_| figure.out_of_scope_ms > 0);
        let coverage = figure.coverage();
        let unknown_as = Some(self.unknown).filter(|unknown| *unknown != Unknown::Apart);
        Figure {
            up_ms: figure.up_ms,
            down_ms: figure.down_ms,
            unknown_ms: figure.unknown_ms,
            maintenance_ms: figure.maintenance_ms,
            out_of_scope_ms: figure.out_of_scope_ms,
            future_ms: figure.future_ms,
            weight: figure.weight,
            availability: figure.availability().and_then(share),
            unknown_as: unknown_as.map(|unknown| unknown.word().to_owned()),
            lower_bound: figure.worst().and_then(share),
            upper_bound: figure.best().and_then(share),
            coverage: coverage.and_then(share),
            declared_up_ms: 0,
            declared_down_ms: 0,
            observed: None,
            best_total: figure.attainable().and_then(share),
            range: coverage.is_some_and(|coverage| !coverage.is_at_least(self.coverage_min)),
            whole_year_lower_bound: whole_year.and_then(|(worst, _)| share(worst)),
            whole_year_upper_bound: whole_year.and_then(|(_, best)| share(best)),
        }
    }

    /// The same with what of it people declared.
    pub(super) fn with_declared(self, figure: &Integers, declared: Option<&DeclaredFigure>) -> Figure {
        let told = self.figure(figure);
        let Some(declared) = declared else { return told };
        Figure {
            declared_up_ms: declared.up_ms,
            declared_down_ms: declared.down_ms,
            observed: declared.without.coverage().and_then(share),
            ..told
        }
    }

    /// The same of a figure that may not be there.
    pub(super) fn maybe(self, figure: Option<&Integers>) -> Option<Figure> {
        figure.map(|figure| self.figure(figure))
    }
}

pub(super) fn share(ratio: Ratio) -> Option<Share> {
    Share::of(ratio.p, ratio.q)
}
