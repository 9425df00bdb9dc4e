//! How fast each promise's budget goes: its tiers, its adaptive burn and its forecast, at one instant.
//!
//! What a trail saw is a figure like any other, of a stretch that ends at as-of: so means, planned work,
//! calendars, corrections and changed charters are read as the year reads them, and nothing is counted
//! twice. The price is a figure of all services for each length that some tier asks for, each far shorter than
//! a year's. Trails do not stop at new year, or an outage that lasts over midnight would fall silent.

use std::collections::BTreeMap;

use config::{Availability, BurnTier, Charter, Id, Quotient, ServiceId};

use crate::forecast::TRAIL_MS;
use crate::{
    Burning, Charters, Corrections, Forecast, Hours, Period, Reading, RunIndex, ServiceFigure, Trail,
    YearFigures,
};

/// How fast the budget of one promise goes.
#[derive(Debug, Clone, PartialEq)]
pub struct Pace {
    /// Whose promise.
    pub service: ServiceId,
    /// The calendar, if it is about its hours alone.
    pub hours: Option<Id>,
    /// The promise.
    pub promise: Availability,
    /// Its tiers with what their windows saw, in the order given.
    pub tiers: Vec<Burning>,
    /// By the length of the window in ms, 7 and 30 days: of [`Trail::adaptive_burn`].
    pub adaptive: [(u64, Option<Quotient>); 2],
    /// The last thirty days as a straight line; `None` if nothing is known of them.
    pub forecast: Option<Forecast>,
    /// When the budget is gone at that pace, Unix ms; `None` if not before the period's end.
    pub exhausted_at_ms: Option<i64>,
}

/// What figures are made of: as for [`Charters::figures`].
#[derive(Debug, Clone, Copy)]
pub struct Basis<'a> {
    /// Every charter with the instant from which it was in force.
    pub history: &'a [(i64, Charter)],
    /// What was measured.
    pub runs: &'a RunIndex,
    /// What was declared up to the same as-of.
    pub corrections: &'a Corrections,
    /// How rules are read.
    pub reading: &'a Reading,
}

const WEEK_MS: u64 = 7 * 86_400_000;

impl YearFigures {
    /// The pace of every promise of a share of time, in the charter's order: a service's own, then those about
    /// a calendar's hours. `basis` is what these figures were made of; `tiers` says which a promise has, such
    /// as [`BurnTier::defaults`]. Of a period that is over, at its end.
    pub fn paces(
        &self,
        basis: &Basis<'_>,
        tiers: impl Fn(&ServiceId, &Availability) -> Vec<BurnTier>,
    ) -> Vec<Pace> {
        let period_ms = self.end_ms.abs_diff(self.start_ms);
        let mut trails = Trails { year: self, basis, by_length: BTreeMap::new() };
        let mut paces = Vec::new();
        for service in &self.services {
            let own = service.promise.map(|promise| (None, promise, service.figure));
            let within = service
                .within
                .iter()
                .map(|within| (Some(&within.commitment.hours), within.promise, within.figure));
            for (hours, promise, figure) in own.into_iter().chain(within) {
                let mut trail = |length_ms| trails.of(&service.id, hours, length_ms);
                let (week, month) = (trail(WEEK_MS), trail(TRAIL_MS));
                let forecast = Forecast::of(&figure, &promise, &month);
                let ending = |from_ms: i64, to_ms: i64| trail(to_ms.abs_diff(from_ms));
                let tiers = tiers(&service.id, &promise);
                let burning = Burning::of(&tiers, promise.target, period_ms, self.seen_to_ms(), ending);
                paces.push(Pace {
                    service: service.id.clone(),
                    hours: hours.cloned(),
                    promise,
                    tiers: burning,
                    adaptive: [(WEEK_MS, week), (TRAIL_MS, month)]
                        .map(|(length_ms, trail)| (length_ms, trail.adaptive_burn(&figure, &promise))),
                    forecast,
                    exhausted_at_ms: forecast
                        .and_then(|forecast| forecast.exhaust_in_ms)
                        .and_then(|in_ms| self.after(in_ms, hours, basis.history)),
                });
            }
        }
        paces
    }

    /// When so much more time of a calendar has passed, if the period does not end first.
    fn after(&self, in_ms: Quotient, hours: Option<&Id>, history: &[(i64, Charter)]) -> Option<i64> {
        let rest = Period::new(self.seen_to_ms(), self.end_ms)?;
        let hours = match hours {
            None => Hours::around_the_clock(rest),
            Some(hours) => {
                let in_force = history.iter().rev().find(|(from_ms, _)| *from_ms <= self.as_of_ms);
                let (_, charter) = in_force.or_else(|| history.first())?;
                Hours::of(charter.calendars.iter().find(|calendar| calendar.id == *hours)?, rest)
            }
        };
        hours.after_ms(rest.start_ms(), u64::try_from(in_ms.floor()).ok()?)
    }
}

/// Figures of stretches that end where the year's data does, made when first asked for.
struct Trails<'a> {
    year: &'a YearFigures,
    basis: &'a Basis<'a>,
    by_length: BTreeMap<u64, Option<YearFigures>>,
}

impl Trails<'_> {
    fn of(&mut self, service: &ServiceId, hours: Option<&Id>, length_ms: u64) -> Trail {
        let Self { year, basis, by_length } = self;
        let figures = by_length.entry(length_ms).or_insert_with(|| {
            let to_ms = year.seen_to_ms();
            let stretch = Period::new(to_ms.saturating_sub_unsigned(length_ms), to_ms)?;
            let charters = Charters::of(basis.history, stretch, year.as_of_ms);
            Some(charters.figures(basis.runs, basis.corrections, basis.reading))
        });
        let seen = figures.as_ref().and_then(|figures| figures.service(service.as_str()));
        seen.and_then(|seen| figure_of(seen, hours)).map(Trail::from).unwrap_or_default()
    }
}

/// The service's figure, or that of its promise about a calendar's hours.
fn figure_of(service: &ServiceFigure, hours: Option<&Id>) -> Option<crate::Figure> {
    match hours {
        None => Some(service.figure),
        Some(hours) => {
            let within = service.within.iter().find(|within| within.commitment.hours == *hours);
            within.map(|within| within.figure)
        }
    }
}

#[cfg(test)]
mod tests;
