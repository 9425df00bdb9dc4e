//! Times as scenarios write them: integer seconds, ISO 8601, or the wall clock of Rome.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use serde_json::Value;

/// Nobody writes a time further away than this, and arithmetic with it stays far from the ends of i64.
const FURTHEST_S: i64 = 1_000_000_000_000;

/// The zone of every wall-clock time.
pub(crate) fn rome() -> TimeZone {
    TimeZone::get("Europe/Rome").unwrap_or(TimeZone::UTC)
}

/// Unix seconds.
pub(crate) fn seconds(time: &Value) -> Result<i64, String> {
    let read = match time {
        Value::Number(number) => number.as_i64().filter(|s| s.abs() <= FURTHEST_S),
        Value::String(text) => of_text(text),
        _ => None,
    };
    read.ok_or_else(|| format!("{time} is no time: integer seconds, ISO 8601 or `2026-01-01 08:00 Rome`"))
}

/// As [`seconds`], or nothing where the key is absent or null.
pub(crate) fn seconds_or_none(time: &Value) -> Result<Option<i64>, String> {
    if time.is_null() { Ok(None) } else { seconds(time).map(Some) }
}

fn of_text(text: &str) -> Option<i64> {
    let Some(wall) = text.strip_suffix("Rome") else {
        return text.trim().parse::<Timestamp>().ok().map(Timestamp::as_second);
    };
    let wall = wall.trim().replace(' ', "T");
    let wall = if wall.len() == 10 { format!("{wall}T00:00") } else { wall };
    wall.parse::<DateTime>().ok().and_then(instant)
}

/// A gap moves forward, of a doubled time the earlier one counts (T4).
pub(crate) fn instant(wall: DateTime) -> Option<i64> {
    wall.to_zoned(rome()).ok().map(|zoned| zoned.timestamp().as_second())
}

/// The first instant of a civil day.
pub(crate) fn midnight(day: Date) -> Option<i64> {
    instant(day.to_datetime(jiff::civil::Time::midnight()))
}

/// On the wall in Rome.
pub(crate) fn on_the_wall(second: i64) -> Result<Zoned, String> {
    let at = Timestamp::from_second(second).map_err(|_| format!("{second} is beyond the calendar"))?;
    Ok(at.to_zoned(rome()))
}

/// `2026-05-05 11:00:00` on the wall in Rome.
pub(crate) fn written(second: i64) -> Result<String, String> {
    Ok(on_the_wall(second)?.strftime("%Y-%m-%d %H:%M:%S").to_string())
}
