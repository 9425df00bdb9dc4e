//! Why a year is not closed, and what to know when it is, in both languages.

use collector_derive::{day_of, midnight_ms};
use config::AgentId;

use super::Awaited;
use crate::publish::{Lang, format};

/// Why a year is not closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The year lasts, or may still change (D27).
    TooEarly {
        /// Which.
        year: i16,
        /// From when on it may be closed, Unix ms.
        from_ms: i64,
        /// The row whose last request of the year is due only then.
        awaited: Option<Awaited>,
    },
    /// There is no figure.
    NothingMeasured(i16),
    /// It is closed.
    Sealed {
        /// Which.
        year: i16,
        /// Its newest revision.
        revision: u64,
        /// When, Unix ms.
        at_ms: i64,
        /// By whom.
        author: String,
    },
    /// It is not closed yet.
    NotSealed(i16),
    /// Nothing that arrived or was entered since changes it.
    Unchanged {
        /// Which.
        year: i16,
        /// Its newest revision.
        revision: u64,
    },
    /// Part of what was accepted is not derived.
    Stale {
        /// Whose stream.
        agent: AgentId,
        /// Why.
        reason: String,
    },
}

/// An agent that has not spoken since the year's end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quiet {
    /// Which.
    pub agent: AgentId,
    /// When it was last heard, Unix ms.
    pub last_ms: i64,
}

impl Refusal {
    /// A sentence that says what to do.
    pub fn words(&self, lang: Lang) -> String {
        let (it, en) = match self {
            Self::TooEarly { year, from_ms, awaited } => {
                let (it, en) = (day(*from_ms, Lang::It), day(*from_ms, Lang::En));
                let row = awaited.as_ref().map(|Awaited { service, promise }| (service, promise.text()));
                let (why_it, why_en) = row.map_or_else(Default::default, |(service, promise)| {
                    (
                        format!(", quando sarà scaduta l'ultima richiesta di «{service}» ({})", promise.it),
                        format!(", when the last request of “{service}” is due ({})", promise.en),
                    )
                });
                (
                    format!("il {year} può ancora cambiare: si chiude dal {it}{why_it}"),
                    format!("{year} may still change: it can be sealed from {en} on{why_en}"),
                )
            }
            Self::NothingMeasured(year) => (
                format!("nel {year} non è stato misurato nulla: non c'è nulla da chiudere"),
                format!("nothing was measured in {year}: there is nothing to seal"),
            ),
            Self::Sealed { year, revision, at_ms, author } => (
                format!(
                    "il {year} è già chiuso (revisione {revision}, {}, {author}); `vedetta seal {year} --revise` fa una nuova revisione",
                    format::date_time(*at_ms, Lang::It)
                ),
                format!(
                    "{year} is sealed already (revision {revision}, {}, {author}); `vedetta seal {year} --revise` makes a next one",
                    format::date_time(*at_ms, Lang::En)
                ),
            ),
            Self::NotSealed(year) => (
                format!("il {year} non è chiuso: `vedetta seal {year}` lo chiude"),
                format!("{year} is not sealed: `vedetta seal {year}` does that"),
            ),
            Self::Unchanged { year, revision } => (
                format!("nulla di ciò che è arrivato dopo cambia il {year}: resta la revisione {revision}"),
                format!("nothing that came since changes {year}: revision {revision} stands"),
            ),
            Self::Stale { agent, reason } => (
                format!(
                    "i dati dell'agente `{agent}` non sono tutti elaborati ({reason}): si chiude quando lo saranno; `vedetta verify` dice di più"
                ),
                format!(
                    "not all data of agent `{agent}` are derived ({reason}): seal the year when they are; `vedetta verify` tells more"
                ),
            ),
        };
        match lang {
            Lang::It => it,
            Lang::En => en,
        }
    }
}

/// A day from its midnight on, or an instant.
fn day(from_ms: i64, lang: Lang) -> String {
    if midnight_ms(day_of(from_ms)) == from_ms {
        format::date(from_ms, lang)
    } else {
        format::date_time(from_ms, lang)
    }
}

impl Quiet {
    /// A sentence.
    pub fn words(&self, lang: Lang) -> String {
        let (agent, last) = (&self.agent, format::date_time(self.last_ms, lang));
        match lang {
            Lang::It => format!(
                "l'agente `{agent}` non si fa vivo dal {last}: se consegnerà altri dati dell'anno, servirà una nuova revisione"
            ),
            Lang::En => format!(
                "agent `{agent}` was last heard at {last}: what it may still deliver of the year needs a next revision"
            ),
        }
    }
}
