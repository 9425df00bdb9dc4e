//! Promises: the four kinds of the charter, and what each promises exactly.
//!
//! Only a share of time, of the whole year or of a calendar's hours, is derived from samples. The others are
//! promises about requests: they stand in the charter, in its revisions and in what people read, and say
//! themselves that they have [no measure](Commitment::is_measured).

use serde::{Deserialize, Serialize};

use crate::text::{Text, say};
use crate::{Fraction, Id};

/// A promise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Commitment {
    /// A share of the year.
    Availability(Availability),
    /// A share of certain hours: another kind, so that the year's figure can never be taken for it.
    AvailabilityWithin(AvailabilityWithin),
    /// A person takes charge of requests in time.
    TakenInCharge(Timeliness),
    /// Requests are answered in time.
    Answered(Timeliness),
    /// Done when asked for, without a standard.
    OnRequest,
}

/// `above: 98%` or `at_least: 98%`, around the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Availability {
    /// The share of the year.
    pub target: Fraction,
    /// Must the share be more than the target (`above`), or is the target itself enough?
    pub strict: bool,
}

/// `above: 98%` of the hours of a calendar.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AvailabilityWithin {
    /// The share of those hours.
    pub target: Fraction,
    /// As of [`Availability`].
    pub strict: bool,
    /// The calendar.
    pub hours: Id,
}

/// `within: 3 days`, `share: 85%`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timeliness {
    /// In time is this soon after the request.
    pub within: Within,
    /// This share of the year's requests, or more.
    pub share: Fraction,
    /// The calendar of working hours and days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<Id>,
    /// Of a limit in days: one that ends on a day on which the calendar has no hours ends with the next
    /// one that has (as terms do in art. 2963 of the civil code).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub roll: bool,
}

/// A number of days or hours as the charter counts them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Within {
    /// At least 1.
    pub count: u32,
    /// Of what.
    pub unit: WithinUnit,
}

/// What a limit counts. A calendar day ends at midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WithinUnit {
    /// By the clock.
    Hours,
    /// By the calendar.
    Days,
    /// Of a calendar's hours.
    WorkingHours,
    /// On which a calendar has hours.
    WorkingDays,
}

impl Commitment {
    /// The word after `kind:` in files and answers.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Availability(_) | Self::AvailabilityWithin(_) => "availability",
            Self::TakenInCharge(_) => "taken_in_charge",
            Self::Answered(_) => "answered",
            Self::OnRequest => "on_request",
        }
    }

    /// Is there a figure of this version that it is compared with?
    pub const fn is_measured(&self) -> bool {
        matches!(self, Self::Availability(_) | Self::AvailabilityWithin(_))
    }
}

impl Within {
    /// Reads `3 days`, `1 working day`, `8 working hours`, `24 hours`.
    pub fn parse(text: &str) -> Option<Self> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let (count, unit) = match words.as_slice() {
            [count, "hour" | "hours"] => (count, WithinUnit::Hours),
            [count, "day" | "days"] => (count, WithinUnit::Days),
            [count, "working", "hour" | "hours"] => (count, WithinUnit::WorkingHours),
            [count, "working", "day" | "days"] => (count, WithinUnit::WorkingDays),
            _ => return None,
        };
        let count = count.parse().ok().filter(|count| (1..=1_000).contains(count))?;
        Some(Self { count, unit })
    }
}

impl Within {
    fn text(self) -> Text {
        let it = match (self.unit, self.count) {
            (WithinUnit::Hours, 1) => "ora",
            (WithinUnit::Hours, _) => "ore",
            (WithinUnit::Days, 1) => "giorno",
            (WithinUnit::Days, _) => "giorni",
            (WithinUnit::WorkingHours, 1) => "ora lavorativa",
            (WithinUnit::WorkingHours, _) => "ore lavorative",
            (WithinUnit::WorkingDays, 1) => "giorno lavorativo",
            (WithinUnit::WorkingDays, _) => "giorni lavorativi",
        };
        Text { en: self.to_string(), it: format!("{} {it}", self.count) }
    }
}

impl WithinUnit {
    /// Does it count by a calendar?
    pub const fn is_working(self) -> bool {
        matches!(self, Self::WorkingHours | Self::WorkingDays)
    }
}

impl std::fmt::Display for Within {
    /// As it is written.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let unit = match self.unit {
            WithinUnit::Hours => "hour",
            WithinUnit::Days => "day",
            WithinUnit::WorkingHours => "working hour",
            WithinUnit::WorkingDays => "working day",
        };
        write!(f, "{} {unit}{}", self.count, if self.count == 1 { "" } else { "s" })
    }
}

/// Is it said with `l'` in Italian: `l'1%`, `l'8%`, `l'11%`, `l'85%`?
fn is_elided(share: Fraction) -> bool {
    let whole = u128::from(share.p) * 100 / u128::from(share.q);
    matches!(whole, 1 | 8 | 11 | 80..=89)
}

impl Timeliness {
    /// What follows "within".
    fn text(&self) -> Text {
        let Self { within, share, hours, roll } = self;
        let by = match hours {
            None => Text::same(""),
            Some(hours) if *roll => {
                say!(" (to the next day of `{hours}`)", " (al giorno successivo di `{hours}`)")
            }
            Some(hours) => say!(" of `{hours}`", " di `{hours}`"),
        };
        let within = within.text();
        let l = if is_elided(*share) { "l'" } else { " " };
        say!("{within}{by} in {share}", "{within}{by} nel{l}{share}"; within, by)
    }
}

impl std::fmt::Display for Timeliness {
    /// What follows "within".
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text().en)
    }
}

impl Commitment {
    /// In words, for lists of changes.
    pub fn text(&self) -> Text {
        let than = |strict, target| {
            let il = if is_elided(target) { "l'" } else { "il " };
            if strict {
                say!("above {target}", "oltre {il}{target}")
            } else {
                say!("of at least {target}", "di almeno {il}{target}")
            }
        };
        match self {
            Self::Availability(Availability { target, strict }) => {
                let than = than(*strict, *target);
                say!("availability {than}", "disponibilità {than}"; than)
            }
            Self::AvailabilityWithin(AvailabilityWithin { target, strict, hours }) => {
                let than = than(*strict, *target);
                say!(
                    "availability {than} of the hours of `{hours}`",
                    "disponibilità {than} delle ore di `{hours}`"; than
                )
            }
            Self::TakenInCharge(promise) => {
                let promise = promise.text();
                say!("taken in charge within {promise}", "presa in carico entro {promise}"; promise)
            }
            Self::Answered(promise) => {
                let promise = promise.text();
                say!("answered within {promise}", "risposta entro {promise}"; promise)
            }
            Self::OnRequest => say!("on request, without a standard", "a richiesta, senza uno standard"),
        }
    }
}

impl std::fmt::Display for Commitment {
    /// In English words.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text().en)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_read_back() {
        for text in ["3 days", "1 working day", "8 working hours", "24 hours", "1 day"] {
            assert_eq!(Within::parse(text).map(|within| within.to_string()).as_deref(), Some(text));
        }
        for bad in ["", "3", "days", "0 days", "3 weeks", "3 working", "-1 days", "1001 days"] {
            assert_eq!(Within::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_limit_that_rolls_says_so() {
        let within = Within { count: 3, unit: WithinUnit::Days };
        let share = Fraction { p: 17, q: 20 };
        let plain = Timeliness { within, share, hours: None, roll: false };
        let rolled = Timeliness { hours: Id::new("uffici").ok(), roll: true, ..plain.clone() };
        assert_eq!(plain.to_string(), "3 days in 85%");
        assert_eq!(rolled.to_string(), "3 days (to the next day of `uffici`) in 85%");
        // A journal written before this rule reads as it was meant.
        let old = r#"{"within":{"count":3,"unit":"days"},"share":{"p":17,"q":20}}"#;
        assert_eq!(serde_json::from_str::<Timeliness>(old).unwrap(), plain);
        assert_eq!(serde_json::to_string(&plain).unwrap(), old);
    }

    #[test]
    fn promises_are_read_in_italian() {
        let share = |text| Fraction::from_percent(text).unwrap();
        let within = Within { count: 8, unit: WithinUnit::WorkingHours };
        let timely = |percent| Timeliness { within, share: share(percent), hours: None, roll: false };
        for (promise, it) in [
            (
                Commitment::Availability(Availability { target: share("85%"), strict: true }),
                "disponibilità oltre l'85%",
            ),
            (
                Commitment::Availability(Availability { target: share("99.5%"), strict: false }),
                "disponibilità di almeno il 99.5%",
            ),
            (Commitment::TakenInCharge(timely("90%")), "presa in carico entro 8 ore lavorative nel 90%"),
            (Commitment::Answered(timely("85%")), "risposta entro 8 ore lavorative nell'85%"),
        ] {
            assert_eq!(promise.text().it, it);
        }
    }

    #[test]
    fn a_promise_of_an_older_journal_reads() {
        let old = r#"{"kind":"availability","target":{"p":49,"q":50},"strict":true}"#;
        let promise: Commitment = serde_json::from_str(old).unwrap();
        assert_eq!(promise.to_string(), "availability above 98%");
        assert_eq!(serde_json::to_string(&promise).unwrap(), old);
        let on_request: Commitment = serde_json::from_str(r#"{"kind":"on_request"}"#).unwrap();
        assert!(!on_request.is_measured());
    }
}
