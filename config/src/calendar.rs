//! When an office is open: weekly hours, holidays, and the days an act closes or opens.
//!
//! Times are of the charter's civil day (Europe/Rome); nothing here knows instants. National holidays are
//! those of law 260/1949 as amended, with 4 October from 2026 (law 151/2025); a patron saint is never derived
//! from a province, because neighbours differ.

use jiff::civil::{Date, Weekday};
use serde::{Deserialize, Serialize};

use crate::Id;

/// Named hours, which commitments and recipients refer to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Calendar {
    /// Its name.
    pub id: Id,
    /// Which act sets the hours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub act: Option<String>,
    /// On a day that is like any other.
    pub hours: Week,
    /// Days on which nobody works.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub holidays: Vec<Holiday>,
    /// Days that are as an act says, holiday or not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exceptions: Vec<Exception>,
}

/// Weekly hours, Monday first; each day's stretches in order and apart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Week(pub [Vec<Opening>; 7]);

/// `[from, to)` in minutes of the civil day, `from < to <= 1440`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Opening {
    /// Minute at which it opens.
    pub from: u16,
    /// Minute at which it closes.
    pub to: u16,
}

/// A day, or days, on which nobody works.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Holiday {
    /// Italy's national holidays.
    Italy,
    /// Every year, such as the patron saint.
    Yearly {
        /// 1 to 12.
        month: i8,
        /// 1 to 31.
        day: i8,
        /// What is celebrated.
        name: String,
    },
    /// Once.
    Once {
        /// Which day.
        on: Date,
        /// Why.
        name: String,
    },
}

/// A day that an act closes or opens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exception {
    /// Which day.
    pub on: Date,
    /// Its hours; none when it is closed.
    pub hours: Vec<Opening>,
    /// Which act.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub act: Option<String>,
}

/// As the operator writes them.
pub(crate) const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

const DAY_MIN: u16 = 24 * 60;

impl Calendar {
    /// The hours of one day; none when it is closed.
    pub fn hours_on(&self, day: Date) -> &[Opening] {
        if let Some(exception) = self.exceptions.iter().find(|exception| exception.on == day) {
            return &exception.hours;
        }
        if self.holidays.iter().any(|holiday| holiday.falls_on(day)) {
            return &[];
        }
        let weekday = day.weekday().to_monday_zero_offset();
        usize::try_from(weekday).ok().and_then(|weekday| self.hours.0.get(weekday)).map_or(&[], Vec::as_slice)
    }
}

impl Week {
    /// Day and night.
    pub fn always() -> Self {
        Self(std::array::from_fn(|_| vec![Opening { from: 0, to: DAY_MIN }]))
    }

    /// Reads `24x7`, or `mon-fri 08:00-14:00, tue 15:00-18:00`. Days in `mon-sat` form or joined by `+`.
    pub fn parse(text: &str) -> Option<Self> {
        if text == "24x7" {
            return Some(Self::always());
        }
        let mut week = Self(Default::default());
        for piece in text.split(',') {
            let (days, hours) = piece.trim().split_once(char::is_whitespace)?;
            week.add(days, hours)?;
        }
        Some(week)
    }

    /// Is it `mon`, `mon-fri` or `sat+sun`?
    pub(crate) fn are_days(text: &str) -> bool {
        let is_day = |word: &str| DAYS.contains(&word.trim());
        text.split('+').all(|part| part.split_once('-').map_or(is_day(part), |(a, b)| is_day(a) && is_day(b)))
    }

    /// Adds `08:00-14:00` to `mon-fri`; `None` when either is malformed or the hours are taken.
    pub(crate) fn add(&mut self, days: &str, hours: &str) -> Option<()> {
        let opening = Opening::parse(hours.trim())?;
        let place = |word: &str| DAYS.iter().position(|day| *day == word.trim());
        for part in days.split('+') {
            let (first, last) = match part.split_once('-') {
                Some((first, last)) => (place(first)?, place(last)?),
                None => (place(part)?, place(part)?),
            };
            for day in self.0.get_mut(first..=last)? {
                let apart = |other: &Opening| opening.to <= other.from || other.to <= opening.from;
                if !day.iter().all(apart) {
                    return None;
                }
                day.push(opening);
                day.sort();
            }
        }
        Some(())
    }
}

impl Opening {
    /// Reads `08:00-14:00`; `24:00` is the day's end.
    pub fn parse(text: &str) -> Option<Self> {
        let minute = |text: &str| {
            let (hour, minute) = text.trim().split_once(':')?;
            let well_formed = hour.len() == 2 && minute.len() == 2;
            let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
            (well_formed && minute < 60).then_some(hour * 60 + minute)
        };
        let (from, to) = text.split_once('-')?;
        let (from, to) = (minute(from)?, minute(to)?);
        (from < to && to <= DAY_MIN).then_some(Self { from, to })
    }
}

impl Holiday {
    /// Reads `italy`, `05-04 San Paolino` or `2027-12-24 Closed by act`.
    pub fn parse(text: &str) -> Option<Self> {
        if text == "italy" {
            return Some(Self::Italy);
        }
        let (day, name) = text.split_once(' ').map_or((text, ""), |(day, name)| (day, name.trim()));
        if day.len() == 10 {
            return Some(Self::Once { on: day.parse().ok()?, name: name.to_owned() });
        }
        let (month, day) = day.split_once('-').filter(|(month, day)| month.len() == 2 && day.len() == 2)?;
        let (month, day) = (month.parse().ok()?, day.parse().ok()?);
        // A leap year has every day.
        Date::new(2028, month, day).ok()?;
        Some(Self::Yearly { month, day, name: name.to_owned() })
    }

    /// Is it on that day?
    pub fn falls_on(&self, date: Date) -> bool {
        match self {
            Self::Italy => is_national(date),
            Self::Yearly { month, day, .. } => (*month, *day) == (date.month(), date.day()),
            Self::Once { on, .. } => *on == date,
        }
    }
}

/// Sundays are no holidays here: the week's hours say whether they are worked.
fn is_national(date: Date) -> bool {
    const FIXED: [(i8, i8); 10] =
        [(1, 1), (1, 6), (4, 25), (5, 1), (6, 2), (8, 15), (11, 1), (12, 8), (12, 25), (12, 26)];
    let day = (date.month(), date.day());
    FIXED.contains(&day)
        || (day == (10, 4) && date.year() >= 2026)
        || (date.weekday() == Weekday::Monday && date.yesterday().is_ok_and(is_easter))
        || is_easter(date)
}

/// Gauss's rule, as it stands for the years 1900 to 2099.
fn is_easter(date: Date) -> bool {
    let year = i64::from(date.year());
    let golden = year % 19;
    let moon = (19 * golden + 24) % 30;
    let sunday = (2 * (year % 4) + 4 * (year % 7) + 6 * moon + 5) % 7;
    let late = (moon == 29 && sunday == 6) || (moon == 28 && sunday == 6 && golden > 10);
    let after_21_march = 1 + moon + sunday - if late { 7 } else { 0 };
    let after_21_march_here = match date.month() {
        3 => i64::from(date.day()) - 21,
        4 => i64::from(date.day()) + 10,
        _ => 0,
    };
    after_21_march == after_21_march_here
}

impl std::fmt::Display for Opening {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { from, to } = self;
        write!(f, "{:02}:{:02}-{:02}:{:02}", from / 60, from % 60, to / 60, to % 60)
    }
}

impl std::fmt::Display for Week {
    /// As it would be written, day by day.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if *self == Self::always() {
            return f.write_str("24x7");
        }
        let openings = DAYS.iter().zip(&self.0).flat_map(|(day, hours)| hours.iter().map(move |h| (day, h)));
        for (index, (day, hours)) in openings.enumerate() {
            write!(f, "{}{day} {hours}", if index == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}

impl std::fmt::Display for Holiday {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Italy => f.write_str("italy"),
            Self::Yearly { month, day, name } => write!(f, "{month:02}-{day:02} {name}"),
            Self::Once { on, name } => write!(f, "{on} {name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weekly_hours_read_back() {
        for (text, shown) in [
            ("24x7", "24x7"),
            ("mon-tue 08:00-14:00, tue 15:00-18:00", "mon 08:00-14:00, tue 08:00-14:00, tue 15:00-18:00"),
            ("sat+sun 00:00-24:00", "sat 00:00-24:00, sun 00:00-24:00"),
        ] {
            let week = Week::parse(text).unwrap();
            assert_eq!(week.to_string(), shown);
            assert_eq!(Week::parse(shown), Some(week));
        }
        for bad in [
            "",
            "mon",
            "mon 8-14",
            "mon 14:00-08:00",
            "mon 08:00-25:00",
            "fri-mon 08:00-14:00",
            "lun 08:00-14:00",
            "mon 08:00-14:00, mon 13:00-15:00",
            "mon 08:60-14:00",
        ] {
            assert_eq!(Week::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn holidays_close_and_acts_have_the_last_word() {
        let calendar = Calendar {
            id: Id::new("uffici").unwrap(),
            act: None,
            hours: Week::parse("mon-fri 08:00-14:00").unwrap(),
            holidays: ["italy", "05-04 San Paolino", "2027-12-24 chiusura"]
                .map(|text| Holiday::parse(text).unwrap())
                .to_vec(),
            exceptions: vec![Exception {
                on: "2027-11-01".parse().unwrap(),
                hours: vec![Opening::parse("09:00-12:00").unwrap()],
                act: None,
            }],
        };
        for (day, hours) in [
            ("2027-05-03", "08:00-14:00"), // a Monday
            ("2027-05-04", ""),            // the patron saint
            ("2027-10-04", ""),            // San Francesco, a Monday
            ("2027-03-29", ""),            // Easter Monday
            ("2027-12-24", ""),
            ("2027-05-08", ""), // a Saturday
            ("2027-11-01", "09:00-12:00"),
        ] {
            let shown: Vec<String> =
                calendar.hours_on(day.parse().unwrap()).iter().map(ToString::to_string).collect();
            assert_eq!(shown.join(", "), hours, "{day}");
        }
    }

    #[test]
    fn easter_is_where_the_almanac_has_it() {
        for day in ["2024-03-31", "2025-04-20", "2026-04-05", "2027-03-28", "2028-04-16", "2038-04-25"] {
            assert!(is_easter(day.parse().unwrap()), "{day}");
        }
        let in_2027 =
            (1..=12).flat_map(|month| (1..=31).filter_map(move |day| Date::new(2027, month, day).ok()));
        assert_eq!(in_2027.filter(|day| is_national(*day)).count(), 13);
        assert!(!is_national("2025-10-04".parse().unwrap()), "a holiday from 2026 on");
    }

    #[test]
    fn holidays_read_back() {
        for text in ["italy", "05-04 San Paolino", "2027-12-24 chiusura"] {
            assert_eq!(Holiday::parse(text).unwrap().to_string(), text);
        }
        for bad in ["italia", "13-01 x", "02-30 x", "5-4 x", "2027-02-30 x", ""] {
            assert_eq!(Holiday::parse(bad), None, "{bad}");
        }
    }
}
