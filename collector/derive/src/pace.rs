//! How fast each promise's budget goes: its tiers, its adaptive burn and its forecast, at one instant.
//!
//! What a trail saw is a figure like any other, of a stretch that ends at as-of: so means, planned work,
//! calendars, corrections and changed charters are read as the year reads them, and nothing is counted
//! twice. The price is a figure of all services for each length that is asked for, each far shorter than a year's:
//! three without tiers, with the usual ones eight more at most. Trails do not stop at new year, or an outage
//! that lasts over midnight would fall silent, and one of two minutes after it would fire everything. For the
//! same reason one that began to be measured in its last half says nothing.

use std::collections::BTreeMap;

use config::{Availability, BurnTier, Charter, Fraction, Id, Quotient, ServiceId};

use crate::forecast::TRAIL_MS;
use crate::{
    Burning, Charters, Corrections, Figure, Forecast, Hours, Period, Ratio, Reading, RunIndex, ServiceFigure,
    Trail, YearFigures,
};

/// What a service did of late, and how fast each of its budgets goes.
#[derive(Debug, Clone, PartialEq)]
pub struct ServicePace {
    /// Which.
    pub service: ServiceId,
    /// What the last day, week and thirty days saw of it, by their length in ms.
    pub rolling: [(u64, Trail); 3],
    /// Its promises of a share of time: its own, then those about a calendar's hours.
    pub promises: Vec<Pace>,
}

/// How fast the budget of one promise goes.
#[derive(Debug, Clone, PartialEq)]
pub struct Pace {
    /// The calendar, if it is about its hours alone.
    pub hours: Option<Id>,
    /// The promise.
    pub promise: Availability,
    /// Its tiers with what their windows saw, in the order given.
    pub tiers: Vec<Burning>,
    /// By the length of the window in ms, 7 and 30 days: of [`Trail::adaptive_burn`].
    pub adaptive: [(u64, Option<Quotient>); 2],
    /// What the last thirty days saw of it.
    pub month: Trail,
    /// These as a straight line; `None` if less than half of them was measured and is known.
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

const DAY_MS: u64 = 86_400_000;
const WEEK_MS: u64 = 7 * DAY_MS;

impl YearFigures {
    /// The pace of every service, in the charter's order. `basis` is what these figures were made of; `tiers` says
    /// which a service's promise has, around the clock or about a calendar's hours, such as
    /// [`BurnTier::defaults`]. Of a period that is over, at its end.
    pub fn paces(
        &self,
        basis: &Basis<'_>,
        tiers: impl Fn(&ServiceId, Option<&Id>, &Availability) -> Vec<BurnTier>,
    ) -> Vec<ServicePace> {
        let mut trails = Trails { year: self, basis, by_length: BTreeMap::new() };
        let mut paces = Vec::new();
        for service in &self.services {
            let rolling = [DAY_MS, WEEK_MS, TRAIL_MS];
            let rolling = rolling.map(|length_ms| (length_ms, trails.saw(&service.id, None, length_ms)));
            // Of several one after the other the last: that of now.
            let own = service.promised().pop().map(|own| (None, own.promise, own.figure));
            let within = service.within.iter().filter_map(|within| {
                let own = within.promised().pop()?;
                Some((Some(&within.commitment.hours), own.promise, own.figure))
            });
            let mut pace = |(hours, promise, figure): (Option<&Id>, Availability, Figure)| {
                let tiers = tiers(&service.id, hours, &promise);
                self.pace(&mut trails, &service.id, (hours, promise), &figure, &tiers)
            };
            let promises = own.into_iter().chain(within).map(&mut pace).collect();
            paces.push(ServicePace { service: service.id.clone(), rolling, promises });
        }
        paces
    }

    fn pace(
        &self,
        trails: &mut Trails<'_>,
        service: &ServiceId,
        (hours, promise): (Option<&Id>, Availability),
        figure: &Figure,
        tiers: &[BurnTier],
    ) -> Pace {
        let history = trails.basis.history;
        let month = trails.saw(service, hours, TRAIL_MS);
        let mut told = |length_ms| trails.told(service, hours, length_ms);
        let forecast = told(TRAIL_MS).filter(|trail| trail.known_ratio().is_some_and(is_half));
        let forecast = forecast.and_then(|trail| Forecast::of(figure, &promise, &trail));
        let ending = |from_ms: i64, to_ms: i64| told(to_ms.abs_diff(from_ms)).unwrap_or_default();
        let period_ms = self.end_ms.abs_diff(self.start_ms);
        let burning = Burning::of(tiers, promise.target, period_ms, self.seen_to_ms(), ending);
        let adaptive = |length_ms| {
            let trail = trails.told(service, hours, length_ms);
            (length_ms, trail.and_then(|trail| trail.adaptive_burn(figure, &promise)))
        };
        Pace {
            hours: hours.cloned(),
            promise,
            tiers: burning,
            adaptive: [WEEK_MS, TRAIL_MS].map(adaptive),
            month,
            forecast,
            exhausted_at_ms: forecast
                .and_then(|forecast| forecast.exhaust_in_ms)
                .and_then(|in_ms| self.after(in_ms, hours, history)),
        }
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
    /// What a stretch saw of a service, or of its promise about a calendar's hours.
    fn saw(&mut self, service: &ServiceId, hours: Option<&Id>, length_ms: u64) -> Trail {
        let seen = self.figures(length_ms).and_then(|figures| figures.service(service.as_str()));
        seen.and_then(|seen| figure_of(seen, hours)).map(Trail::from).unwrap_or_default()
    }

    /// The same, where at least half of it was measured: the scope of ten minutes says nothing of thirty days.
    fn told(&mut self, service: &ServiceId, hours: Option<&Id>, length_ms: u64) -> Option<Trail> {
        let figures = self.figures(length_ms)?;
        let measured_ms = u64::try_from(figures.end_ms.saturating_sub(figures.measured_from_ms)).unwrap_or(0);
        is_half(Ratio::new(measured_ms, length_ms)?).then(|| self.saw(service, hours, length_ms))
    }

    fn figures(&mut self, length_ms: u64) -> Option<&YearFigures> {
        let Self { year, basis, by_length } = self;
        let figures = by_length.entry(length_ms).or_insert_with(|| {
            let to_ms = year.seen_to_ms();
            let stretch = Period::new(to_ms.saturating_sub_unsigned(length_ms), to_ms)?;
            let charters = Charters::of(basis.history, stretch, year.as_of_ms);
            Some(charters.figures(basis.runs, basis.corrections, basis.reading))
        });
        figures.as_ref()
    }
}

fn is_half(share: Ratio) -> bool {
    share.is_at_least(Fraction { p: 1, q: 2 })
}

/// The service's figure, or that of its promise about a calendar's hours.
fn figure_of(service: &ServiceFigure, hours: Option<&Id>) -> Option<Figure> {
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
