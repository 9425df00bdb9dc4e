//! `--every "first sat"`: the days of a recurrence, each written out as a window of its own.

use collector_derive::{Window, instant_ms};
use jiff::civil::{Date, DateTime, Weekday};

use super::weekday;
use crate::declare::say;
use crate::operator::Said;

/// Which days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Every {
    which: Which,
    day: Weekday,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Which {
    /// Each week.
    All,
    /// So many times into the month, from 1.
    Nth(i8),
    /// The last of the month.
    Last,
}

/// Days searched for windows: more than the longest plan.
const DAYS_MAX: usize = 800;

impl Every {
    /// `every sat`, `first sat`, `last sun`, `ogni sabato`, `primo sabato`, `ultima domenica`.
    pub(crate) fn parse(text: &str) -> Result<Self, Said> {
        let wrong = || {
            say!(
                "`{text}` is no recurrence; write `every sat`, `first sat`, `third thu` or `last sun`",
                "`{text}` non è una ricorrenza; scrivi `ogni sabato`, `primo sabato`, `terzo giovedì` o `ultima domenica`"
            )
        };
        let lower = text.trim().to_lowercase();
        let (which, day) = lower.split_once(' ').ok_or_else(wrong)?;
        let which = match which {
            "every" | "ogni" | "each" => Which::All,
            "first" | "1st" | "primo" | "prima" => Which::Nth(1),
            "second" | "2nd" | "secondo" | "seconda" => Which::Nth(2),
            "third" | "3rd" | "terzo" | "terza" => Which::Nth(3),
            "fourth" | "4th" | "quarto" | "quarta" => Which::Nth(4),
            "last" | "ultimo" | "ultima" => Which::Last,
            _ => return Err(wrong()),
        };
        Ok(Self { which, day: weekday(day.trim()).ok_or_else(wrong)? })
    }

    /// The starts from the day of `from` to `until`, both included, each at the time of `from` on the wall.
    pub(crate) fn starts(self, from: DateTime, until: Date) -> Vec<DateTime> {
        let days = from.date().series(jiff::Span::new().days(1)).take(DAYS_MAX);
        let days = days.take_while(|day| *day <= until).filter(|day| self.has(*day));
        days.map(|day| day.to_datetime(from.time())).collect()
    }

    fn has(self, day: Date) -> bool {
        day.weekday() == self.day
            && match self.which {
                Which::All => true,
                Which::Nth(nth) => (day.day() - 1) / 7 + 1 == nth,
                Which::Last => day.day() + 7 > day.days_in_month(),
            }
    }
}

/// How each window ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// After so many milliseconds, whatever the wall shows.
    After(i64),
    /// When the wall shows this, so many days after the start's.
    At(jiff::civil::Time, i32),
}

impl End {
    /// The window that starts when the wall shows `start`; `None` when it would be empty.
    pub(crate) fn window(self, start: DateTime) -> Option<Window> {
        let from_ms = instant_ms(start);
        let to_ms = match self {
            Self::After(ms) => from_ms.saturating_add(ms),
            Self::At(time, days) => {
                let day = start.date().checked_add(jiff::Span::new().days(i64::from(days))).ok()?;
                instant_ms(day.to_datetime(time))
            }
        };
        Window::new(from_ms, to_ms)
    }
}
