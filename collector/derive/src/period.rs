//! Which stretch of time a figure is about: a civil year, quarter or month of Europe/Rome (T1 to T4).
//!
//! Days are counted on the wall, not in steps of 86,400 s: a year begins when people say it does. The
//! rules of the zone are compiled in, so that the same build gives the same year on every machine. What a
//! period is called follows from its two instants.

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

    /// The civil year that an instant falls in.
    pub fn civil_year_at(at_ms: i64) -> Self {
        Self::civil_year(day_of(at_ms).year())
    }

    /// The `quarter` (1 to 4) of a civil year; `None` for another quarter or a year outside 1 to 9998.
    pub fn civil_quarter(year: i16, quarter: i8) -> Option<Self> {
        (1..=4).contains(&quarter).then(|| Self::months(year, quarter * 3 - 2, 3))?
    }

    /// The `month` (1 to 12) of a civil year; `None` for another month or a year outside 1 to 9998.
    pub fn civil_month(year: i16, month: i8) -> Option<Self> {
        Self::months(year, month, 1)
    }

    /// `2027`, `2027-Q1` or `2027-03`: what [`Period::name`] calls it.
    pub fn parse(name: &str) -> Option<Self> {
        let digits = |text: &str, count: usize| {
            let plain = text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
            plain.then(|| text.parse::<i16>().ok())?
        };
        let Some((year, part)) = name.split_once('-') else {
            let year = digits(name, 4).filter(|year| (1..=9_998).contains(year))?;
            return Some(Self::civil_year(year));
        };
        let year = digits(year, 4)?;
        match part.strip_prefix('Q') {
            Some(quarter) => Self::civil_quarter(year, digits(quarter, 1)?.try_into().ok()?),
            None => Self::civil_month(year, digits(part, 2)?.try_into().ok()?),
        }
    }

    /// What it is called: `2027`, `2027-Q1`, `2027-03`; of any other stretch, its two instants (ISO 8601).
    pub fn name(&self) -> String {
        let first = day_of(self.start_ms);
        let (year, month) = (first.year(), first.month());
        if *self == Self::civil_year(year) {
            return format!("{year:04}");
        }
        let quarter = (month + 2) / 3;
        if Some(*self) == Self::civil_quarter(year, quarter) {
            return format!("{year:04}-Q{quarter}");
        }
        if Some(*self) == Self::civil_month(year, month) {
            return format!("{year:04}-{month:02}");
        }
        let instant = |at_ms| {
            Timestamp::from_millisecond(at_ms).map_or_else(|_| at_ms.to_string(), |at| format!("{at:.3}"))
        };
        format!("{}/{}", instant(self.start_ms), instant(self.end_ms))
    }

    fn months(year: i16, month: i8, count: i8) -> Option<Self> {
        if !(1..=9_998).contains(&year) {
            return None;
        }
        let first = Date::new(year, month, 1).ok()?;
        let next = match month + count {
            next @ 1..=12 => Date::new(year, next, 1).ok()?,
            _ => Date::new(year + 1, 1, 1).ok()?,
        };
        Self::new(midnight_ms(first), midnight_ms(next))
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
pub fn day_of(at_ms: i64) -> Date {
    match Timestamp::from_millisecond(at_ms) {
        Ok(at) => at.to_zoned(ROME.clone()).date(),
        Err(_) if at_ms < 0 => Date::MIN,
        Err(_) => Date::MAX,
    }
}

/// The civil day in Europe/Rome that an instant falls in, and the minute that a clock on a wall shows, 0 to 1439.
pub(crate) fn minute_of(at_ms: i64) -> (Date, u16) {
    let day = day_of(at_ms);
    let wall = Timestamp::from_millisecond(at_ms).map(|at| at.to_zoned(ROME.clone()).time());
    let minute = wall.map_or(0, |wall| i32::from(wall.hour()) * 60 + i32::from(wall.minute()));
    (day, u16::try_from(minute).unwrap_or(0))
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
    fn quarters_and_months_make_up_the_year() {
        for year in [2026, 2027, 2028] {
            let whole = Period::civil_year(year);
            for parts in [
                (1..=4).map(|quarter| Period::civil_quarter(year, quarter).unwrap()).collect::<Vec<_>>(),
                (1..=12).map(|month| Period::civil_month(year, month).unwrap()).collect(),
            ] {
                assert_eq!(parts[0].start_ms(), whole.start_ms());
                assert_eq!(parts.last().unwrap().end_ms(), whole.end_ms());
                assert!(parts.windows(2).all(|pair| pair[0].end_ms() == pair[1].start_ms()));
                assert_eq!(parts.iter().map(Period::length_ms).sum::<u64>(), whole.length_ms());
            }
        }
        let hours = |name: &str| Period::parse(name).unwrap().length_ms() / 3_600_000;
        assert_eq!((hours("2026-03"), hours("2026-10"), hours("2028-02")), (743, 745, 696));
    }

    #[test]
    fn a_name_reads_back_and_nothing_else_does() {
        for name in ["2027", "2027-Q1", "2027-Q4", "2027-03", "2027-12", "0001", "9998-Q4"] {
            assert_eq!(Period::parse(name).map(|period| period.name()).as_deref(), Some(name));
        }
        for name in [
            "",
            "27",
            "20270",
            "MMXX",
            "2027-",
            "2027-Q",
            "2027-Q0",
            "2027-Q5",
            "2027-Q11",
            "2027-q1",
            "2027-0",
            "2027-00",
            "2027-13",
            "2027-003",
            "2027-1",
            "-2027",
            "+2027",
            "2027-03-01",
            "9999",
            "9999-12",
            "0000",
            " 2027",
            "2027 ",
        ] {
            assert_eq!(Period::parse(name), None, "{name}");
        }
        assert_eq!(
            Period::new(0, 1_500).unwrap().name(),
            "1970-01-01T00:00:00.000Z/1970-01-01T00:00:01.500Z"
        );
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
