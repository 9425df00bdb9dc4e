//! Which time a promise is about: a calendar's hours, laid over a period (D18).
//!
//! Hours are said by the wall clock and counted by the true one: a shift from 01:00 to 04:00 is two hours long
//! in the night the clocks go forward, and four in the night they go back. A civil day that has 24 hours
//! costs one look at the zone; around the clock costs none.

use config::{Calendar, Opening, Week};
use jiff::civil::Date;

use crate::period::{day_of, instant_ms, midnight_ms};
use crate::{Period, Ratio};

/// Stretches of time that count, `[from_ms, to_ms)` each: in order, apart, none empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Hours {
    stretches: Vec<(i64, i64)>,
}

const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 24 * 60 * MINUTE_MS;
const DAY_MIN: u16 = 24 * 60;

impl From<Vec<(i64, i64)>> for Hours {
    /// Of stretches in order, apart, none empty.
    fn from(stretches: Vec<(i64, i64)>) -> Self {
        Self { stretches }
    }
}

impl Hours {
    /// The calendar's hours in the period, by civil days of Europe/Rome (D18, T4).
    pub fn of(calendar: &Calendar, period: Period) -> Self {
        if is_always(calendar) {
            return Self::around_the_clock(period);
        }
        let mut hours = Self::default();
        let first_day = day_of(period.start_ms());
        let mut first_ms = midnight_ms(first_day);
        for day in days_from(first_day) {
            if first_ms >= period.end_ms() {
                break;
            }
            let next_ms = next_midnight_ms(day);
            hours.add_day(calendar, day, (first_ms, next_ms), (period.start_ms(), period.end_ms()));
            first_ms = next_ms;
        }
        hours
    }

    /// The calendar's hours on one civil day; none when it is closed.
    pub fn of_day(calendar: &Calendar, day: Date) -> Self {
        let mut hours = Self::default();
        if !calendar.hours_on(day).is_empty() {
            let bounds = (midnight_ms(day), next_midnight_ms(day));
            hours.add_day(calendar, day, bounds, (i64::MIN, i64::MAX));
        }
        hours
    }

    /// The whole period as one stretch: 24x7.
    pub fn around_the_clock(period: Period) -> Self {
        Self { stretches: vec![(period.start_ms(), period.end_ms())] }
    }

    /// Each as `(from_ms, to_ms)`.
    pub fn stretches(&self) -> &[(i64, i64)] {
        &self.stretches
    }

    /// How long they are together, ms.
    pub fn length_ms(&self) -> u64 {
        self.stretches.iter().map(|(from_ms, to_ms)| to_ms.abs_diff(*from_ms)).sum()
    }

    /// What of them lies in `[from_ms, to_ms)`, cut to it. Finds the first by bisection.
    pub fn within(&self, from_ms: i64, to_ms: i64) -> impl Iterator<Item = (i64, i64)> {
        let first = self.stretches.partition_point(|(_, end_ms)| *end_ms <= from_ms);
        let rest = self.stretches.get(first..).unwrap_or_default();
        rest.iter()
            .map(move |(start_ms, end_ms)| ((*start_ms).max(from_ms), (*end_ms).min(to_ms)))
            .take_while(|(start_ms, end_ms)| start_ms < end_ms)
    }

    /// How much of them lies in `[from_ms, to_ms)`, ms.
    pub fn length_within_ms(&self, from_ms: i64, to_ms: i64) -> u64 {
        self.within(from_ms, to_ms).map(|(start_ms, end_ms)| end_ms.abs_diff(start_ms)).sum()
    }

    /// When so much of them has passed since `at_ms`: the earliest such instant; `None` if they end before.
    pub fn after_ms(&self, at_ms: i64, length_ms: u64) -> Option<i64> {
        let mut left_ms = length_ms;
        for (from_ms, to_ms) in self.within(at_ms, i64::MAX) {
            let here_ms = to_ms.abs_diff(from_ms);
            if here_ms >= left_ms {
                return Some(from_ms.saturating_add_unsigned(left_ms));
            }
            left_ms -= here_ms;
        }
        None
    }

    /// Which share of the period they are.
    pub fn share_of(&self, period: Period) -> Option<Ratio> {
        Ratio::new(self.length_ms(), period.length_ms())
    }

    /// Adds the hours of a day later than all so far, with its first instant and the first after it; cut.
    fn add_day(&mut self, calendar: &Calendar, day: Date, bounds: (i64, i64), cut: (i64, i64)) {
        for opening in calendar.hours_on(day) {
            let (from_ms, to_ms) = instants(day, bounds, *opening);
            self.push(from_ms.max(cut.0), to_ms.min(cut.1));
        }
    }

    /// Adds what is left of `[from_ms, to_ms)` after the last one; joins what touches. The night the clocks
    /// go forward can move the end of one opening past the start of the next.
    pub(crate) fn push(&mut self, from_ms: i64, to_ms: i64) {
        match self.stretches.last_mut() {
            Some((_, end_ms)) if from_ms <= *end_ms => *end_ms = to_ms.max(*end_ms),
            _ if from_ms < to_ms => self.stretches.push((from_ms, to_ms)),
            _ => {}
        }
    }
}

/// The day and those after it, as far as the calendar goes.
pub(crate) fn days_from(first: Date) -> impl Iterator<Item = Date> {
    std::iter::successors(Some(first), |day| day.tomorrow().ok())
}

/// The first instant after a civil day.
pub(crate) fn next_midnight_ms(day: Date) -> i64 {
    day.tomorrow().map_or(i64::MAX, midnight_ms)
}

/// Day and night, whatever the day.
fn is_always(calendar: &Calendar) -> bool {
    calendar.holidays.is_empty() && calendar.exceptions.is_empty() && calendar.hours == Week::always()
}

/// From the first instant of an opening to the first after it. Only on days when the clocks change does the
/// zone have to be asked for anything but the day's bounds.
fn instants(day: Date, (first_ms, next_ms): (i64, i64), Opening { from, to }: Opening) -> (i64, i64) {
    let instant = |minute: u16| {
        if minute >= DAY_MIN {
            return next_ms;
        }
        if next_ms.saturating_sub(first_ms) == DAY_MS {
            return first_ms + i64::from(minute) * MINUTE_MS;
        }
        let (hour, minute) = (i8::try_from(minute / 60), i8::try_from(minute % 60));
        let (hour, minute) = (hour.unwrap_or(0), minute.unwrap_or(0));
        instant_ms(day.at(hour, minute, 0, 0))
    };
    (instant(from), instant(to))
}

#[cfg(test)]
mod tests;
