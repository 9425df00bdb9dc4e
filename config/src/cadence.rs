//! When a job must report: so long after the last time, at times of the week, or as cron says.
//!
//! Civil times are evaluated on the wall clock of a zone, and only then become instants: grace is added to those.
//! A time that a spring night skips, or an autumn night shows twice, is two readings, and schedulers differ in which
//! they take; so a due time is a span from the earlier to the later, and no reading is called late or early. The
//! price: over the hour that comes twice a job of every few minutes is asked once only.
//!
//! An evaluator of five fields is small; the crates that have one bring names, seconds, years, `L` and `#`, and
//! decide that night by themselves.

mod cron;
#[cfg(test)]
mod tests;

use std::fmt;

use jiff::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::calendar::DAYS;
use crate::yaml::duration::Millis;
use cron::Cron;

/// When a job must report, as the operator wrote it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Cadence {
    text: String,
    rule: Rule,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Rule {
    /// Milliseconds, above 0.
    Period(u64),
    /// Minutes of each day, Monday first, in order.
    Weekly(Box<[Vec<u16>; 7]>),
    Cron(Cron),
}

/// A time at which a job is due, Unix ms: one instant, or the two readings of a civil time of a night that changes
/// the hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// The earlier reading.
    pub earliest_ms: i64,
    /// The later one.
    pub latest_ms: i64,
}

/// A rule that finds no day for so long finds none: 29 February is at most eight years away.
const DAYS_LOOKED_AT: usize = 8 * 366;

impl Cadence {
    /// Reads `24h`, `02:30`, `mon-fri 22:00, sat 12:00` or `30 2 * * 1-5`.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let rule = match Millis::parse(text) {
            Some(Millis(0)) => return None,
            Some(Millis(period_ms)) => Rule::Period(period_ms),
            None => weekly(text)
                .map(|days| Rule::Weekly(Box::new(days)))
                .or_else(|| Cron::parse(text).map(Rule::Cron))?,
        };
        Some(Self { text: text.to_owned(), rule })
    }

    /// How long after a report the next is due, when that is all the rule.
    pub fn period_ms(&self) -> Option<u64> {
        match self.rule {
            Rule::Period(period_ms) => Some(period_ms),
            Rule::Weekly(_) | Rule::Cron(_) => None,
        }
    }

    /// The first due time after an instant; for a period, counted from that instant. `None` if there is none.
    pub fn next_after(&self, after_ms: i64, zone: &TimeZone) -> Option<Due> {
        if let Rule::Period(period_ms) = self.rule {
            let at_ms = after_ms.checked_add_unsigned(period_ms)?;
            return Some(Due { earliest_ms: at_ms, latest_ms: at_ms });
        }
        let after = Timestamp::from_millisecond(after_ms).ok()?;
        // The later readings of the day before may still be to come.
        let first = after.to_zoned(zone.clone()).date().yesterday().ok()?;
        let mut days = std::iter::successors(Some(first), |day| day.tomorrow().ok()).take(DAYS_LOOKED_AT);
        days.find_map(|day| self.first_on(day, after_ms, zone))
    }

    /// The first of a day that is after an instant. Of several that begin together the longest counts.
    fn first_on(&self, day: Date, after_ms: i64, zone: &TimeZone) -> Option<Due> {
        let of_day = |minute: u16| due(day, minute, zone);
        let is_next = |due: &Due| due.earliest_ms > after_ms;
        let order = |due: &Due| (due.earliest_ms, std::cmp::Reverse(due.latest_ms));
        match &self.rule {
            Rule::Period(_) => None,
            Rule::Weekly(days) => {
                let weekday = usize::try_from(day.weekday().to_monday_zero_offset()).ok()?;
                let minutes = days.get(weekday)?.iter().copied();
                minutes.filter_map(of_day).filter(is_next).min_by_key(order)
            }
            Rule::Cron(cron) => cron.minutes_on(day).filter_map(of_day).filter(is_next).min_by_key(order),
        }
    }
}

/// A minute of a civil day, as instants.
fn due(day: Date, minute: u16, zone: &TimeZone) -> Option<Due> {
    let (hour, minute) = (i8::try_from(minute / 60).ok()?, i8::try_from(minute % 60).ok()?);
    let civil = day.to_datetime(Time::new(hour, minute, 0, 0).ok()?);
    let readings = zone.to_ambiguous_timestamp(civil);
    let earliest_ms = readings.earlier().ok()?.as_millisecond();
    Some(Due { earliest_ms, latest_ms: readings.later().ok()?.as_millisecond() })
}

/// Reads `02:30`, or `mon-fri 22:00, sat+sun 12:00`.
fn weekly(text: &str) -> Option<[Vec<u16>; 7]> {
    let mut week: [Vec<u16>; 7] = Default::default();
    for piece in text.split(',') {
        let (days, time) = piece.trim().split_once(char::is_whitespace).unwrap_or(("mon-sun", piece.trim()));
        let minute = minute(time.trim())?;
        for part in days.split('+') {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let place = |word: &str| DAYS.iter().position(|day| *day == word.trim());
            for day in week.get_mut(place(first)?..=place(last)?)? {
                day.push(minute);
            }
        }
    }
    for day in &mut week {
        day.sort_unstable();
        day.dedup();
    }
    Some(week)
}

/// The minute of the day that `02:30` is.
fn minute(text: &str) -> Option<u16> {
    let (hour, minute) =
        text.split_once(':').filter(|(hour, minute)| hour.len() == 2 && minute.len() == 2)?;
    let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
    (hour < 24 && minute < 60).then_some(hour * 60 + minute)
}

impl TryFrom<String> for Cadence {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text).ok_or_else(|| format!("`{text}` does not say when a job must report"))
    }
}

impl From<Cadence> for String {
    fn from(cadence: Cadence) -> Self {
        cadence.text
    }
}

impl fmt::Display for Cadence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
