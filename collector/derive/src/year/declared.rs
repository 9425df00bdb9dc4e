//! What of a figure rests on people's word: time that forces made up or down (D10).
//!
//! It is told by what would follow without it: trees are monotone, so a force up can only add up time, and what it
//! adds is the difference of two figures. That costs a second pass over the runs (two more where there are forces
//! both ways), and only in a period in which a force changed something.

use std::collections::BTreeSet;

use super::YearFigures;
use crate::lineage::Charters;
use crate::{Condition, Corrections, Figure, Reading, RunIndex};

/// The part of a figure that was declared instead of measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeclaredFigure {
    /// Up time that nobody would count without a force, ms.
    pub up_ms: u64,
    /// Down time that nobody would count without a force, ms.
    pub down_ms: u64,
    /// The figure without any force.
    pub without: Figure,
}

impl DeclaredFigure {
    /// `None` where forces changed nothing of the figure.
    fn of(figure: Figure, without: Figure, no_up: Figure, no_down: Figure) -> Option<Self> {
        let up_ms = figure.up_ms.saturating_sub(no_up.up_ms);
        let down_ms = figure.down_ms.saturating_sub(no_down.down_ms);
        (figure != without).then_some(Self { up_ms, down_ms, without })
    }
}

impl Charters<'_> {
    /// Fills in [`ServiceFigure::declared`](super::ServiceFigure::declared) where a force changed a service.
    pub(super) fn tell_declared(
        &self,
        figures: &mut YearFigures,
        runs: &RunIndex,
        corrections: &Corrections,
    ) {
        let touched: BTreeSet<u64> =
            figures.services.iter().flat_map(|service| &service.corrections).copied().collect();
        let forces = corrections.marks.iter().filter(|mark| touched.contains(&mark.entry));
        let forces: Vec<Condition> =
            forces.map(|mark| mark.becomes).filter(|becomes| *becomes != Condition::Unknown).collect();
        if forces.is_empty() {
            return;
        }
        let read = |kept: &dyn Fn(Condition) -> bool| {
            let marks = corrections.marks.iter().filter(|mark| kept(mark.becomes));
            let corrections = Corrections { marks: marks.cloned().collect(), ..corrections.clone() };
            self.figured(runs, &corrections, &Reading::default())
        };
        let without = read(&|becomes| becomes == Condition::Unknown);
        let both = forces.contains(&Condition::Up) && forces.contains(&Condition::Down);
        let no = |state| both.then(|| read(&|becomes| becomes != state));
        let (no_up, no_down) = (no(Condition::Up), no(Condition::Down));
        let (no_up, no_down) = (no_up.as_ref().unwrap_or(&without), no_down.as_ref().unwrap_or(&without));
        let others = without.services.iter().zip(&no_up.services).zip(&no_down.services);
        for (service, ((without, no_up), no_down)) in figures.services.iter_mut().zip(others) {
            service.declared =
                DeclaredFigure::of(service.figure, without.figure, no_up.figure, no_down.figure);
            let others = without.within.iter().zip(&no_up.within).zip(&no_down.within);
            for (within, ((without, no_up), no_down)) in service.within.iter_mut().zip(others) {
                within.declared =
                    DeclaredFigure::of(within.figure, without.figure, no_up.figure, no_down.figure);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::year::tests::{as_of, charter, runs_but, web};
    use crate::{Mark, Period, Scope, Window};

    const HOUR_MS: u64 = 3_600_000;

    fn figure(up: u64, down: u64) -> Figure {
        let length_ms = Period::civil_year(2027).length_ms();
        let (up_ms, down_ms) = (up * HOUR_MS, down * HOUR_MS);
        Figure { up_ms, down_ms, unknown_ms: length_ms - up_ms - down_ms, ..Figure::default() }
    }

    #[test]
    fn each_way_is_told_by_itself() {
        // Twenty hours declared up, of which one was measured down; two declared down.
        let (all, without) = (figure(28, 3), figure(10, 2));
        let told = DeclaredFigure::of(all, without, figure(8, 4), figure(30, 1)).unwrap();
        assert_eq!((told.up_ms, told.down_ms), (20 * HOUR_MS, 2 * HOUR_MS));
        assert_eq!(told.without, without);
        assert_eq!(DeclaredFigure::of(all, all, all, all), None);
    }

    /// Two hours measured down are declared up, one measured up is declared down, two are annulled.
    #[test]
    fn a_year_tells_what_was_declared_and_not_what_was_annulled() {
        let seen = [("front", "a", "school1", "uudduuuu"), ("front", "b", "school1", "uudduuuu")];
        let runs = runs_but(8, &seen);
        let mark = |entry, from: i64, to: i64, becomes| Mark {
            entry,
            declared_ms: as_of(8),
            scope: vec![Scope::All],
            window: Window { from_ms: as_of(from), to_ms: as_of(to) },
            becomes,
            approved_by: None,
        };
        let marks = vec![
            mark(1, 2, 4, Condition::Up),
            mark(2, 5, 6, Condition::Down),
            mark(3, 6, 8, Condition::Unknown),
        ];
        let corrections = Corrections { marks, ..Corrections::default() };
        let history = [(0, charter())];
        let charters = Charters::of(&history, Period::civil_year(2026), as_of(8));
        let figures = charters.figures(&runs, &corrections, &Reading::default());
        let declared = web(&figures).declared.unwrap();
        assert_eq!((declared.up_ms, declared.down_ms), (2 * HOUR_MS, HOUR_MS));
        assert_eq!((declared.without.down_ms, declared.without.unknown_ms), (2 * HOUR_MS, 2 * HOUR_MS));
        let only = Corrections { marks: vec![mark(3, 6, 8, Condition::Unknown)], ..Corrections::default() };
        let figures = charters.figures(&runs, &only, &Reading::default());
        assert_eq!(web(&figures).declared, None);
    }
}
