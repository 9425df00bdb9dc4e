//! What a moment is asked: which period, as it was known when.
//!
//! As-of is an instant of knowledge: what was accepted and journaled up to it counts, judged as of it. So
//! the same instant gets the same bytes for ever, whatever arrives or is corrected later.

use collector_derive::Period;
use jiff::Timestamp;
use thiserror::Error;

use crate::declare::say;
use crate::operator::Said;

/// One question.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Asked {
    /// Figures of which period; `None` for the civil year of the instant that is asked about.
    pub period: Option<Period>,
    /// As known at this instant, Unix ms; `None` for now.
    pub as_of_ms: Option<i64>,
    /// With which services' accounts.
    pub accounts: Accounts,
    /// With what checks saw that outlives their samples: certificates, ends of registrations.
    pub sightings: bool,
    /// Who asks.
    pub reader: Reader,
}

/// Who asks decides what may wait: the past, and accounts, cost seconds of a processor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reader {
    /// Through the operators' socket: waits its turn.
    #[default]
    Operator,
    /// Whoever reaches `web`: one such answer is made at a time, and whoever comes meanwhile is told to come again.
    Anyone,
}

/// Of which services it is told what makes up their figure: each costs about twenty figures.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Accounts {
    /// Of none.
    #[default]
    None,
    /// Of one.
    Of(String),
    /// Of every service.
    All,
}

impl Accounts {
    /// Reads a service's name, or `all`.
    pub fn parse(text: &str) -> Self {
        if text == "all" { Self::All } else { Self::Of(text.to_owned()) }
    }

    /// Is the service among them?
    pub fn are_of(&self, service: &str) -> bool {
        match self {
            Self::None => false,
            Self::Of(name) => name == service,
            Self::All => true,
        }
    }
}

impl Asked {
    /// A period as it is known now.
    pub fn of(period: Period) -> Self {
        Self { period: Some(period), ..Self::default() }
    }
}

/// Why there is no moment. Each is a sentence for who asked; in both languages, but what only the log explains.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AskError {
    /// The question makes no sense.
    #[error("{0}")]
    Refused(Said),
    /// There is nothing to say about it.
    #[error("{0}")]
    Absent(Said),
    /// It is answered to operators only.
    #[error("{0}")]
    Forbidden(Said),
    /// The same question may be answered in a moment.
    #[error("{0}")]
    Busy(Said),
    /// The collector cannot answer it.
    #[error("{0}")]
    Failed(String),
}

impl AskError {
    /// The sentence in Italian, where it was said in both languages.
    pub fn italian(&self) -> Option<&str> {
        match self {
            Self::Refused(said) | Self::Absent(said) | Self::Forbidden(said) | Self::Busy(said) => {
                Some(&said.it)
            }
            Self::Failed(_) => None,
        }
    }
}

/// Reads an as-of: an ISO 8601 instant with its offset (of a query, where `+` may have become a space), or
/// Unix milliseconds.
pub fn instant_ms(text: &str) -> Result<i64, AskError> {
    if let Ok(at_ms) = text.parse::<i64>() {
        return Ok(at_ms);
    }
    let read = text.replacen(' ', "+", 1);
    let instant = text.parse::<Timestamp>().or_else(|_| read.parse::<Timestamp>());
    instant.map(Timestamp::as_millisecond).map_err(|_| {
        AskError::Refused(say!(
            "`as_of` takes an instant with its offset, such as 2027-03-31T12:00:00+02:00 or 2027-03-31T10:00:00Z, \
             or Unix milliseconds, not `{text}`",
            "`as_of` vuole un istante con il suo scarto, come 2027-03-31T12:00:00+02:00 o 2027-03-31T10:00:00Z, \
             o millisecondi Unix, non `{text}`"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_is_read_with_its_offset_only() {
        for text in [
            "1806480000000",
            "2027-03-31T00:00:00Z",
            "2027-03-31T02:00:00+02:00",
            "2027-03-31T02:00:00 02:00",
            "2027-03-31 02:00:00+02:00",
            "2027-03-31T00:00:00.000Z",
        ] {
            assert_eq!(
                instant_ms(text),
                Ok(1_806_451_200_000 + if text.len() == 13 { 28_800_000 } else { 0 }),
                "{text}"
            );
        }
        for text in ["", "yesterday", "2027-03-31", "2027-03-31T00:00:00", "2027-02-30T00:00:00Z"] {
            assert!(matches!(instant_ms(text), Err(AskError::Refused(_))), "{text}");
        }
    }
}
