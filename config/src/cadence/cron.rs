//! Five fields as crontab(5) has them: minute, hour, day of the month, month, day of the week.
//!
//! Lists, ranges, steps, three-letter names, 7 for Sunday; where both days are restricted, either will do. No `@daily`
//! and no `L`, `W` or `#`: what they say can be said in plain words of the week.

use jiff::civil::Date;

/// Which minutes of which days.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cron {
    minutes: u64,
    hours: u64,
    days: u64,
    months: u64,
    /// Sunday is 0.
    weekdays: u64,
    /// Does one kind of day leave the choice to the other?
    is_any_day: bool,
    is_any_weekday: bool,
}

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

impl Cron {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let fields: Vec<&str> = text.split_whitespace().collect();
        let [minutes, hours, days, months, weekdays] = fields[..] else { return None };
        let of_week = field(weekdays, 0, 7, &WEEKDAYS, 0)?;
        Some(Self {
            minutes: field(minutes, 0, 59, &[], 0)?,
            hours: field(hours, 0, 23, &[], 0)?,
            days: field(days, 1, 31, &[], 0)?,
            months: field(months, 1, 12, &MONTHS, 1)?,
            // Sunday is 0 and 7.
            weekdays: (of_week | (of_week >> 7)) & 0x7f,
            is_any_day: days.starts_with('*'),
            is_any_weekday: weekdays.starts_with('*'),
        })
    }

    /// The minutes of a civil day, in order.
    pub(super) fn minutes_on(&self, day: Date) -> impl Iterator<Item = u16> {
        let hours = if self.is_on(day) { self.hours } else { 0 };
        let minutes = self.minutes;
        let set = |bits: u64, count: u16| (0..count).filter(move |bit| bits & (1 << bit) != 0);
        set(hours, 24).flat_map(move |hour| set(minutes, 60).map(move |minute| hour * 60 + minute))
    }

    fn is_on(&self, day: Date) -> bool {
        let has = |bits: u64, number: i8| bits & (1 << number) != 0;
        let of_month = has(self.days, day.day());
        let of_week = has(self.weekdays, day.weekday().to_sunday_zero_offset());
        let is_day =
            if self.is_any_day || self.is_any_weekday { of_month && of_week } else { of_month || of_week };
        has(self.months, day.month()) && is_day
    }
}

/// `*`, `5`, `1-5`, `*/15`, `0-30/10`, `mon,wed`: the numbers as bits. Names count from `first_name`.
fn field(text: &str, low: u32, high: u32, names: &[&str], first_name: u32) -> Option<u64> {
    let number = |word: &str| {
        let place = names.iter().position(|name| name.eq_ignore_ascii_case(word));
        let number = match place {
            Some(place) => first_name + u32::try_from(place).ok()?,
            None => Some(word).filter(|word| word.bytes().all(|b| b.is_ascii_digit()))?.parse().ok()?,
        };
        (low..=high).contains(&number).then_some(number)
    };
    let mut bits = 0;
    for piece in text.split(',') {
        let (range, step) = match piece.split_once('/') {
            Some((range, step)) => (range, Some(step.parse::<usize>().ok().filter(|step| *step > 0)?)),
            None => (piece, None),
        };
        let (first, last) = match range.split_once('-') {
            _ if range == "*" => (low, high),
            Some((first, last)) => (number(first)?, number(last)?),
            // `5/15` has no end of its own.
            None if step.is_some() => (number(range)?, high),
            None => (number(range)?, number(range)?),
        };
        if first > last {
            return None;
        }
        for number in (first..=last).step_by(step.unwrap_or(1)) {
            bits |= 1 << number;
        }
    }
    Some(bits)
}
