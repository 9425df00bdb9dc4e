//! A calendar, day by day in Rome (D18).

use jiff::civil::{Date, Weekday, date};

use crate::given::{Holidays, Hours};
use crate::when::{instant, midnight, on_the_wall};

/// When a calendar is open between two instants, day by day, each row from wall time to wall time.
pub(super) fn openings(hours: &Hours, from: i64, to: i64) -> Result<Vec<(i64, i64)>, String> {
    let (mut day, last) = (on_the_wall(from)?.date(), on_the_wall(to)?.date());
    let mut openings = Vec::new();
    while day <= last {
        for (opens, closes) in rows(hours, day) {
            let ends = |minute: u16| match minute {
                1440 => day.tomorrow().ok().and_then(midnight),
                _ => instant(day.at((minute / 60) as i8, (minute % 60) as i8, 0, 0)),
            };
            if let (Some(opens), Some(closes)) = (ends(opens), ends(closes)) {
                openings.push((opens.max(from), closes.min(to)));
            }
        }
        day = day.tomorrow().map_err(|error| error.to_string())?;
    }
    openings.retain(|(opens, closes)| opens < closes);
    Ok(openings)
}

/// A day's hours, in minutes.
pub(super) fn rows(hours: &Hours, day: Date) -> Vec<(u16, u16)> {
    let weekday = hours.weekly[day.weekday().to_monday_zero_offset() as usize].clone();
    let opened = hours.open.iter().find(|(open, _)| *open == day);
    match opened {
        _ if hours.closed.contains(&day) => Vec::new(),
        Some((_, own)) => own.clone().unwrap_or(weekday),
        None if is_holiday(hours.holidays, day) => Vec::new(),
        None => weekday,
    }
}

pub(super) fn is_holiday(holidays: Holidays, day: Date) -> bool {
    let fixed = [(1, 1), (1, 6), (4, 25), (5, 1), (6, 2), (8, 15), (11, 1), (12, 8), (12, 25), (12, 26)];
    let (month, of_month) = (day.month(), day.day());
    let easter = easter(day.year());
    let national = fixed.contains(&(month, of_month))
        || ((month, of_month) == (10, 4) && day.year() >= 2026)
        || day == easter
        || easter.tomorrow().is_ok_and(|monday| monday == day && monday.weekday() == Weekday::Monday);
    match holidays {
        Holidays::None => false,
        Holidays::Italy => national,
        Holidays::Senigallia => national || (month, of_month) == (5, 4),
    }
}

/// Meeus, Jones and Butcher's rule, for every Gregorian year.
#[expect(clippy::many_single_char_names, reason = "as the rule is printed")]
fn easter(year: i16) -> Date {
    let year = i32::from(year);
    let (a, b, c) = (year % 19, year / 100, year % 100);
    let (d, e, f) = (b / 4, b % 4, (b + 8) / 25);
    let g = (b - f + 1) / 3;
    let h = (19 * a + b - d - g + 15) % 30;
    let (i, k) = (c / 4, c % 4);
    let l = (32 + 2 * e + 2 * i - h - k) % 7;
    let m = (a + 11 * h + 22 * l) / 451;
    let (month, day) = ((h + l - 7 * m + 114) / 31, (h + l - 7 * m + 114) % 31 + 1);
    date(year as i16, month as i8, day as i8)
}
