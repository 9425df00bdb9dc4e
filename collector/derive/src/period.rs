//! Which stretch of time a figure is about: a civil year of Europe/Rome (T1 to T4).
//!
//! Days are counted on the wall, not in steps of 86,400 s: a year begins when people say it does. The
//! rules of the zone are compiled in, so that the same build gives the same year on every machine.

use std::sync::LazyLock;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, date};
use jiff::tz::TimeZone;

/// A half-open stretch of time, `[start_ms, end_ms)`, not empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    start_ms: i64,
    end_ms: i64,
}

static ROME: LazyLock<TimeZone> = LazyLock::new(|| TimeZone::get("Europe/Rome").unwrap_or(TimeZone::UTC));

impl Period {
    /// `None` unless the end is after the start.
    pub fn new(start_ms: i64, end_ms: i64) -> Option<Self> {
        (start_ms < end_ms).then_some(Self { start_ms, end_ms })
    }

    /// From the first instant of the year to that of the next. Years outside 1 to 9998 are cut to those.
    pub fn civil_year(year: i16) -> Self {
        let year = year.clamp(1, 9_998);
        Self { start_ms: midnight_ms(date(year, 1, 1)), end_ms: midnight_ms(date(year + 1, 1, 1)) }
    }

    /// The civil year its first instant falls in.
    pub fn civil_year_of_start(&self) -> i16 {
        Timestamp::from_millisecond(self.start_ms).map_or(0, |start| start.to_zoned(ROME.clone()).year())
    }

    /// First instant, Unix ms.
    pub fn start_ms(&self) -> i64 {
        self.start_ms
    }

    /// First instant after it, Unix ms.
    pub fn end_ms(&self) -> i64 {
        self.end_ms
    }

    /// How long it is, ms.
    pub fn length_ms(&self) -> u64 {
        self.end_ms.abs_diff(self.start_ms)
    }
}

/// The first instant of a civil day in Europe/Rome, Unix ms.
pub fn midnight_ms(day: Date) -> i64 {
    instant_ms(day.at(0, 0, 0, 0))
}

/// What the instant is that a clock on a wall in Europe/Rome shows, Unix ms: a time that does not exist moves
/// forward by what was skipped, one that exists twice is the earlier (T4).
pub fn instant_ms(wall: DateTime) -> i64 {
    match wall.to_zoned(ROME.clone()) {
        Ok(zoned) => zoned.timestamp().as_millisecond(),
        // Only days at the far ends of jiff's calendar have no instant.
        Err(_) if wall.year() < 1_970 => i64::MIN,
        Err(_) => i64::MAX,
    }
}

/// The civil day in Europe/Rome that an instant falls in.
pub(crate) fn day_of(at_ms: i64) -> Date {
    match Timestamp::from_millisecond(at_ms) {
        Ok(at) => at.to_zoned(ROME.clone()).date(),
        Err(_) if at_ms < 0 => Date::MIN,
        Err(_) => Date::MAX,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_year_is_a_civil_year_of_rome() {
        for (year, start_ms, days) in
            [(2026, 1_767_222_000_000, 365), (2027, 1_798_758_000_000, 365), (2028, 1_830_294_000_000, 366)]
        {
            let period = Period::civil_year(year);
            assert_eq!(period.start_ms(), start_ms);
            assert_eq!(period.length_ms(), days * 86_400_000);
            assert_eq!(period.end_ms(), Period::civil_year(year + 1).start_ms());
        }
    }

    #[test]
    fn a_day_is_as_long_as_the_clocks_make_it() {
        let hours = |day: Date, next: Date| (midnight_ms(next) - midnight_ms(day)) / 3_600_000;
        assert_eq!(hours(date(2026, 3, 29), date(2026, 3, 30)), 23);
        assert_eq!(hours(date(2026, 10, 25), date(2026, 10, 26)), 25);
        assert_eq!(hours(date(2026, 7, 1), date(2026, 7, 2)), 24);
    }

    #[test]
    fn a_wall_clock_that_jumps_is_read_by_the_compatible_rule() {
        for (wall, at_s) in [
            ("2026-03-29T02:30", 1_774_747_800),
            ("2026-10-25T02:30", 1_792_888_200),
            ("2027-01-01T00:00", 1_798_758_000),
            ("2026-07-01T00:00", 1_782_856_800),
        ] {
            assert_eq!(instant_ms(wall.parse().unwrap()), at_s * 1_000, "{wall}");
        }
    }

    #[test]
    fn a_period_has_length() {
        assert_eq!(Period::new(5, 5), None);
        assert_eq!(Period::new(6, 5), None);
        assert_eq!(Period::new(5, 6).map(|period| period.length_ms()), Some(1));
        assert!(Period::civil_year(i16::MAX).length_ms() > 0);
        assert!(Period::civil_year(i16::MIN).length_ms() > 0);
    }
}
