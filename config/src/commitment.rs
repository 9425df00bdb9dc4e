//! Promises: the four kinds of the charter, and what each promises exactly.
//!
//! Only a share of the whole year is derived from samples. The others are promises about requests, or about
//! part of the day: they stand in the charter, in its revisions and in what people read, and say themselves
//! that they have [no measure](Commitment::is_measured).

use serde::{Deserialize, Serialize};

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
        matches!(self, Self::Availability(_))
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

impl std::fmt::Display for Timeliness {
    /// What follows "within".
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { within, share, hours, roll } = self;
        let rolled = hours.as_ref().filter(|_| *roll);
        let rolled = rolled.map_or_else(String::new, |hours| format!(" (to the next day of `{hours}`)"));
        write!(f, "{within}{rolled} in {share}")
    }
}

impl std::fmt::Display for Commitment {
    /// In words, for lists of changes.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let than = |strict| if strict { "above" } else { "of at least" };
        match self {
            Self::Availability(promise) => {
                write!(f, "availability {} {}", than(promise.strict), promise.target)
            }
            Self::AvailabilityWithin(promise) => {
                let AvailabilityWithin { target, strict, hours } = promise;
                write!(f, "availability {} {target} of the hours of `{hours}`", than(*strict))
            }
            Self::TakenInCharge(promise) => write!(f, "taken in charge within {promise}"),
            Self::Answered(promise) => write!(f, "answered within {promise}"),
            Self::OnRequest => f.write_str("on request, without a standard"),
        }
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
    fn a_promise_of_an_older_journal_reads() {
        let old = r#"{"kind":"availability","target":{"p":49,"q":50},"strict":true}"#;
        let promise: Commitment = serde_json::from_str(old).unwrap();
        assert_eq!(promise.to_string(), "availability above 98%");
        assert_eq!(serde_json::to_string(&promise).unwrap(), old);
        let on_request: Commitment = serde_json::from_str(r#"{"kind":"on_request"}"#).unwrap();
        assert!(!on_request.is_measured());
    }
}
