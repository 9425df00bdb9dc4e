//! Until when a request is in time: hours and days as the charter counts them.
//!
//! Ticket systems each have a clock of their own and apply the calendar of the moment; here the due instant
//! follows from the raw instant of opening alone, so that one rule holds for all and can be recomputed. The
//! day of opening is never counted (art. 155 c.p.c., art. 2963 c.c.). Days are walked, not computed: limits
//! are short, and each day may be closed by an act.

use config::{Calendar, Timeliness, Within, WithinUnit};

use crate::period::day_of;
use crate::scope::{days_from, next_midnight_ms};
use crate::{Hours, Period};

/// A limit with the calendar it follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit<'a> {
    /// How many of what.
    pub within: Within,
    /// Of a limit in days: if the last one is closed, the next open one is the last.
    pub roll: bool,
    /// Which hours and days are open; without one, all are.
    pub calendar: Option<&'a Calendar>,
}

/// How many days ahead an open one is looked for: a thousand weeks, the longest limit on a calendar with one
/// open day a week, and its holidays.
const DAYS_MAX: usize = 10_000;

const HOUR_MS: u64 = 3_600_000;

impl<'a> Limit<'a> {
    /// A promise's limit, with its calendar from the charter's; `None` if that is not there.
    pub fn of(promise: &Timeliness, calendars: &'a [Calendar]) -> Option<Self> {
        let calendar = match &promise.hours {
            None => None,
            Some(hours) => Some(calendars.iter().find(|calendar| calendar.id == *hours)?),
        };
        Some(Self { within: promise.within, roll: promise.roll, calendar })
    }

    /// The last instant that is in time, Unix ms: whoever takes charge at it is in time, one millisecond
    /// later is late. Never earlier for a later opening. `None` if the calendar does not open often enough
    /// in the 27 years that are looked at.
    ///
    /// - `working_hours`: when that much of the calendar's time has passed since the opening;
    /// - `working_days`: the end of the nth open day after the day of opening, be that one open or not;
    /// - `days`: the end of the nth day after the day of opening; with `roll`, if it is closed, of the next
    ///   open one;
    /// - `hours`: that much later by the true clock.
    pub fn due_ms(&self, opened_ms: i64) -> Option<i64> {
        let Within { count, unit } = self.within;
        let opening_day = day_of(opened_ms);
        let last_day = match (unit, self.calendar) {
            (WithinUnit::Hours, _) | (WithinUnit::WorkingHours, None) => {
                return Some(opened_ms.saturating_add_unsigned(u64::from(count) * HOUR_MS));
            }
            (WithinUnit::WorkingHours, Some(calendar)) => {
                return worked_off_ms(calendar, opened_ms, u64::from(count) * HOUR_MS);
            }
            (WithinUnit::WorkingDays, Some(calendar)) => {
                let after = days_from(opening_day).skip(1).take(DAYS_MAX);
                let mut open = after.filter(|day| is_open(calendar, *day));
                open.nth(usize::try_from(count.saturating_sub(1)).ok()?)?
            }
            (WithinUnit::Days | WithinUnit::WorkingDays, calendar) => {
                let last = days_from(opening_day).nth(usize::try_from(count).ok()?)?;
                match calendar.filter(|_| self.roll) {
                    Some(calendar) => days_from(last).take(DAYS_MAX).find(|day| is_open(calendar, *day))?,
                    None => last,
                }
            }
        };
        Some(next_midnight_ms(last_day).saturating_sub(1))
    }

    /// The calendar's time in `[from_ms, to_ms)`, ms; all of it without a calendar.
    pub fn worked_ms(&self, from_ms: i64, to_ms: i64) -> u64 {
        let Some(period) = Period::new(from_ms, to_ms) else { return 0 };
        self.calendar.map_or(period.length_ms(), |calendar| Hours::of(calendar, period).length_ms())
    }

    /// The last due instant of what can still be opened in a period, Unix ms: until it has passed the
    /// period's share is not final.
    pub fn closes_ms(&self, period: Period) -> Option<i64> {
        self.due_ms(period.end_ms() - 1)
    }
}

fn is_open(calendar: &Calendar, day: jiff::civil::Date) -> bool {
    !calendar.hours_on(day).is_empty()
}

/// When `need_ms` of the calendar's hours have passed since `opened_ms`: the earliest such instant, so that
/// hours used up at closing time end there and not at the next opening.
fn worked_off_ms(calendar: &Calendar, opened_ms: i64, need_ms: u64) -> Option<i64> {
    let mut left_ms = need_ms;
    for day in days_from(day_of(opened_ms)).take(DAYS_MAX) {
        let hours = Hours::of_day(calendar, day);
        if let Some(due_ms) = hours.after_ms(opened_ms, left_ms) {
            return Some(due_ms);
        }
        left_ms -= hours.length_within_ms(opened_ms, i64::MAX);
    }
    None
}

#[cfg(test)]
pub(crate) mod tests;
