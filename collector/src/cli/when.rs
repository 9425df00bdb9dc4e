//! Times as people type them, read on the wall clock of Europe/Rome. Pure: now is handed in.
//!
//! A wall-clock time that a spring night skips moves forward by what is skipped; one that an autumn night
//! shows twice is the earlier ([`instant_ms`]); both are said, so that nobody has to know. A time with its
//! own offset (`2027-03-06T14:00:00+01:00`, `…Z`) is exactly that. Weekdays, `oggi` and bare hours are the
//! next ones for what is planned and the last ones for what is corrected ([`Towards`]).

mod every;

use collector_derive::instant_ms;
use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time, Weekday};

use crate::declare::say;
use crate::operator::Said;
use crate::publish::format::civil;

pub(super) use every::{End, Every};

/// Which of the many Saturdays is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Towards {
    /// The first after the instant, Unix ms.
    After(i64),
    /// The last at or before the instant, Unix ms.
    Before(i64),
}

/// A time as typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct When {
    /// Unix ms.
    pub(super) at_ms: i64,
    /// What the wall clock was read as; `None` of a time with an offset of its own.
    pub(super) wall: Option<DateTime>,
}

impl When {
    /// Reads a time that is typed now.
    pub(super) fn parse(text: &str, now_ms: i64, towards: Towards) -> Result<Self, Said> {
        let text = text.trim();
        if matches!(text.to_lowercase().as_str(), "now" | "adesso" | "ora") {
            return Ok(Self { at_ms: now_ms, wall: None });
        }
        if let Ok(at) = text.replacen(' ', "T", 1).parse::<Timestamp>() {
            return Ok(Self { at_ms: at.as_millisecond(), wall: None });
        }
        let (day, time) = text.rsplit_once([' ', 'T']).unwrap_or(("", text));
        let time = clock_time(time).ok_or_else(|| unreadable(text))?;
        let wall = match calendar_day(day) {
            Some(day) => day.to_datetime(time),
            None => relative(day, time, now_ms, towards).ok_or_else(|| unreadable(text))?,
        };
        Ok(Self { at_ms: instant_ms(wall), wall: Some(wall) })
    }

    /// What the night of a clock change made of it, if it did.
    pub(super) fn doubt(&self) -> Option<Said> {
        doubt(self.wall?)
    }
}

impl Towards {
    fn base_ms(self) -> i64 {
        let (Self::After(ms) | Self::Before(ms)) = self;
        ms
    }
}

/// What the night of a clock change makes of a wall-clock time, if it does.
pub(super) fn doubt(wall: DateTime) -> Option<Said> {
    let at_ms = instant_ms(wall);
    let read = civil(at_ms);
    let shown = wall.strftime("%H:%M").to_string();
    if read.datetime() != wall {
        let then = read.strftime("%H:%M").to_string();
        return Some(say!(
            "{shown} does not exist that day, because the clocks go forward: read as {then}",
            "le {shown} quel giorno non esistono, perché si passa all'ora legale: lette come {then}"
        ));
    }
    let later = civil(at_ms.saturating_add(3_600_000));
    (later.datetime() == wall).then(|| {
        let second = later.strftime("%:z").to_string();
        let day = wall.strftime("%Y-%m-%dT%H:%M:%S").to_string();
        say!(
            "{shown} exists twice that day, because the clocks go back: the earlier is taken; the later is `{day}{second}`",
            "le {shown} quel giorno esistono due volte, perché si torna all'ora solare: vale la prima; la seconda si scrive `{day}{second}`"
        )
    })
}

/// `6h`, `90m`, `2d`, `1h30m`: whole numbers with units, milliseconds; a day is 24 h.
pub(super) fn length(text: &str) -> Result<i64, Said> {
    let wrong = || {
        say!(
            "`{text}` is no length of time; write it as `6h`, `90m`, `2d` or `1h30m`",
            "`{text}` non è una durata; scrivila come `6h`, `90m`, `2d` o `1h30m`"
        )
    };
    let mut rest = text.trim();
    let mut total_ms = 0_i64;
    if rest.is_empty() {
        return Err(wrong());
    }
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let number: i64 = rest[..digits].parse().map_err(|_| wrong())?;
        rest = rest[digits..].trim_start();
        let letters = rest.bytes().take_while(u8::is_ascii_alphabetic).count();
        let unit_ms = match &rest[..letters] {
            "s" => 1_000,
            "m" | "min" => 60_000,
            "h" | "ore" | "ora" => 3_600_000,
            "d" | "g" => 86_400_000,
            _ => return Err(wrong()),
        };
        total_ms = number.checked_mul(unit_ms).and_then(|ms| total_ms.checked_add(ms)).ok_or_else(wrong)?;
        rest = rest[letters..].trim_start();
    }
    if total_ms == 0 {
        return Err(wrong());
    }
    Ok(total_ms)
}

/// `2027-03-06` or `06/03/2027`.
pub(super) fn calendar_day(text: &str) -> Option<Date> {
    if let Some((day, rest)) = text.split_once('/') {
        let (month, year) = rest.split_once('/')?;
        let short = |number: &str| number.len() <= 2 && !number.is_empty();
        if !short(day) || !short(month) || year.len() != 4 {
            return None;
        }
        return Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok();
    }
    let shaped = text.len() == 10
        && text.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    if shaped { text.parse().ok() } else { None }
}

/// `14:00`, `14.00`, `14:00:30`.
fn clock_time(text: &str) -> Option<Time> {
    let parts: Vec<&str> = text.split([':', '.']).collect();
    let number = |text: &str| -> Option<i8> {
        let shaped = matches!(text.len(), 1 | 2) && text.bytes().all(|byte| byte.is_ascii_digit());
        if shaped { text.parse().ok() } else { None }
    };
    match parts.as_slice() {
        [hour, minute] => Time::new(number(hour)?, number(minute)?, 0, 0).ok(),
        [hour, minute, second] => Time::new(number(hour)?, number(minute)?, number(second)?, 0).ok(),
        _ => None,
    }
}

/// A weekday, `oggi`, `domani`, `ieri`, or nothing: with the time, the nearest in the direction.
fn relative(day: &str, time: Time, now_ms: i64, towards: Towards) -> Option<DateTime> {
    let today = civil(now_ms).date();
    let word = day.trim().to_lowercase();
    let offset = match word.as_str() {
        "oggi" | "today" => Some(0),
        "domani" | "tomorrow" => Some(1),
        "dopodomani" => Some(2),
        "ieri" | "yesterday" => Some(-1),
        _ => None,
    };
    if let Some(days) = offset {
        return Some(today.checked_add(jiff::Span::new().days(days)).ok()?.to_datetime(time));
    }
    let wanted = if word.is_empty() { None } else { Some(weekday(&word)?) };
    let step = if matches!(towards, Towards::After(_)) { 1 } else { -1 };
    let mut date = civil(towards.base_ms()).date();
    for _ in 0..9 {
        let at_ms = instant_ms(date.to_datetime(time));
        let fits = match towards {
            Towards::After(ms) => at_ms > ms,
            Towards::Before(ms) => at_ms <= ms,
        };
        if fits && wanted.is_none_or(|wanted| date.weekday() == wanted) {
            return Some(date.to_datetime(time));
        }
        date = date.checked_add(jiff::Span::new().days(step)).ok()?;
    }
    None
}

/// In Italian or English, with or without accent, whole or its first three letters.
fn weekday(word: &str) -> Option<Weekday> {
    const NAMES: [(&str, &str, Weekday); 7] = [
        ("lunedi", "monday", Weekday::Monday),
        ("martedi", "tuesday", Weekday::Tuesday),
        ("mercoledi", "wednesday", Weekday::Wednesday),
        ("giovedi", "thursday", Weekday::Thursday),
        ("venerdi", "friday", Weekday::Friday),
        ("sabato", "saturday", Weekday::Saturday),
        ("domenica", "sunday", Weekday::Sunday),
    ];
    let word = word.replace('ì', "i");
    let names = |name: &str| name == word || (word.len() == 3 && name.starts_with(&word));
    NAMES.iter().find(|(it, en, _)| names(it) || names(en)).map(|(.., day)| *day)
}

fn unreadable(text: &str) -> Said {
    say!(
        "`{text}` is no time; write `2027-03-06 14:00`, `06/03/2027 14:00`, `saturday 14:00`, `tomorrow 08:00`, or with an offset `2027-03-06T14:00:00+01:00`",
        "`{text}` non è un orario; scrivi `2027-03-06 14:00`, `06/03/2027 14:00`, `sabato 14:00`, `domani 08:00`, oppure con lo scarto `2027-03-06T14:00:00+01:00`"
    )
}

#[cfg(test)]
mod tests;
