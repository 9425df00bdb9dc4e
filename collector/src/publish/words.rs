//! What people read, in two languages: Italian first, English beside it.
//!
//! Every text of the page and of the commands stands here, one line per text with both languages, so
//! that a translation cannot be forgotten: [`Labels`] are fixed texts, the functions below choose
//! words for states, standings and promises. Names of services and components are the operator's.

mod labels;
mod reasons;
pub(crate) mod terms;
pub(crate) mod notices;
pub(crate) mod sentences;
pub(crate) mod account;
pub(crate) mod readings;
pub(crate) mod tiers;
pub(crate) mod alerts;
pub(crate) mod endings;

use collector_api::Reason;
use serde::{Deserialize, Serialize};

pub(crate) use self::labels::Labels;

use super::api::{Commitment, Condition, Outlook, Share, Standing, State, Unmeasured};
use super::format;

/// The language of what people read. Programs read `--json`, which has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lang {
    /// Italian.
    #[default]
    It,
    /// English.
    En,
}

impl Lang {
    /// For what the reader of configuration says.
    pub fn of_config(self) -> config::Lang {
        match self {
            Self::It => config::Lang::It,
            Self::En => config::Lang::En,
        }
    }
}

/// The word of a state.
pub(crate) fn state(state: State, lang: Lang) -> &'static str {
    match (state, lang) {
        (State::Up, Lang::It) => "disponibile",
        (State::Up, Lang::En) => "up",
        (State::Degraded, Lang::It) => "degradato",
        (State::Degraded, Lang::En) => "degraded",
        (State::Down, Lang::It) => "fermo",
        (State::Down, Lang::En) => "down",
        (State::Unknown, Lang::It) => "non osservato",
        (State::Unknown, Lang::En) => "unobserved",
        (State::Maintenance, Lang::It) => "manutenzione",
        (State::Maintenance, Lang::En) => "maintenance",
    }
}

/// How a commitment's year goes, without the word "provvisorio".
///
/// Before the year is sealed the outlook speaks when it is certain, the standing otherwise; afterwards
/// only the standing does.
pub(crate) fn verdict(standing: Standing, outlook: Outlook, provisional: bool, lang: Lang) -> &'static str {
    let (it, en) = match (provisional, outlook, standing) {
        (false, _, Standing::Met) => ("rispettato", "met"),
        (false, _, Standing::Breached) => ("mancato", "missed"),
        (true, Outlook::Secured, _) => ("già assicurato", "already secured"),
        (true, Outlook::Irrecoverable, _) => ("non più raggiungibile", "out of reach"),
        (true, Outlook::Open, Standing::Met) => ("in linea", "on track"),
        (true, Outlook::Open, Standing::Breached) => {
            ("sotto soglia ma recuperabile", "below target but recoverable")
        }
        (_, _, Standing::Indeterminate | Standing::NoData) => ("non dimostrabile", "not provable"),
    };
    match lang {
        Lang::It => it,
        Lang::En => en,
    }
}

/// How a promise stands, of a stretch that is over: the words of a closed year.
pub(crate) fn standing(standing: Standing, lang: Lang) -> &'static str {
    verdict(standing, Outlook::Open, false, lang)
}

/// The promise as the charter words it, and of which stretch of the period, where there were several.
pub(crate) fn promise(commitment: &Commitment, lang: Lang) -> String {
    let Some(stretch) = &commitment.stretch else { return promise_words(commitment, lang) };
    let (from, to) = (format::date(stretch.from_ms, lang), format::date(stretch.to_ms - 1, lang));
    let promise = promise_words(commitment, lang);
    match lang {
        Lang::It => format!("{promise}, dal {from} al {to}; gli altri tratti contro l'impegno di allora"),
        Lang::En => format!("{promise}, from {from} to {to}; other stretches against the promise of then"),
    }
}

fn promise_words(commitment: &Commitment, lang: Lang) -> String {
    let target = commitment.target.short(lang);
    if let Some(hours) = &commitment.hours {
        return match (lang, commitment.strict) {
            (Lang::It, true) => format!("disponibilità >{target} annuo nelle ore di {hours}"),
            (Lang::It, false) => format!("disponibilità almeno {target} annuo nelle ore di {hours}"),
            (Lang::En, true) => format!("availability >{target} a year in the hours of {hours}"),
            (Lang::En, false) => format!("availability at least {target} a year in the hours of {hours}"),
        };
    }
    match (lang, commitment.strict) {
        (Lang::It, true) => format!("24x7; disponibilità >{target} annuo"),
        (Lang::It, false) => format!("24x7; disponibilità almeno {target} annuo"),
        (Lang::En, true) => format!("24x7; availability >{target} a year"),
        (Lang::En, false) => format!("24x7; availability at least {target} a year"),
    }
}

/// `>98%`, `almeno 98%`.
pub(crate) fn threshold(target: &Share, strict: bool, lang: Lang) -> String {
    let target = target.short(lang);
    match (lang, strict) {
        (_, true) => format!(">{target}"),
        (Lang::It, false) => format!("almeno {target}"),
        (Lang::En, false) => format!("at least {target}"),
    }
}

/// How many of `of` like things must be up: `ne basta 1 di 2`. As the charter writes it where this version does
/// not know it; `of` is 0 of a component's parts.
pub(crate) fn quorum(up_if: &str, of: usize, lang: Lang) -> String {
    let (Some(quorum), true) = (config::Quorum::parse(up_if), lang == Lang::It) else {
        return if of == 0 { format!("up if: {up_if}") } else { format!("up if: {up_if} ({of})") };
    };
    let share =
        |share: config::Fraction| Share::of(share.p, share.q).map_or_else(String::new, |s| s.short(lang));
    let told = match quorum {
        config::Quorum::Any => "ne basta 1".to_owned(),
        config::Quorum::All => "servono tutti".to_owned(),
        config::Quorum::AllBut(but) => format!("servono tutti tranne {but}"),
        config::Quorum::AtLeast(least) => format!("ne servono almeno {least}"),
        config::Quorum::AtLeastShare(least) => format!("serve almeno il {}", share(least)),
        config::Quorum::AtLeastWeight(least) => format!("serve almeno il {} del peso", share(least)),
    };
    if of == 0 { told } else { format!("{told} ({of})") }
}

/// A promise that nothing is compared with yet, as the charter words it.
pub(crate) fn unmeasured(promise: &Unmeasured, lang: Lang) -> String {
    let share = promise.share.as_ref().map(|share| share.short(lang)).unwrap_or_default();
    let within = promise.within.as_deref().map(|within| within_words(within, lang)).unwrap_or_default();
    let hours = promise.hours.as_deref().unwrap_or_default();
    let whole = promise.share.as_ref().is_none_or(|share| share.p == share.q);
    match (promise.kind.as_str(), lang) {
        ("taken_in_charge", Lang::It) if whole => format!("presa in carico entro {within}"),
        ("taken_in_charge", Lang::It) => format!("presa in carico entro {within} in almeno {share} dei casi"),
        ("taken_in_charge", Lang::En) if whole => format!("taken in charge within {within}"),
        ("taken_in_charge", Lang::En) => {
            format!("taken in charge within {within} in at least {share} of cases")
        }
        ("answered", Lang::It) if whole => format!("risposta entro {within}"),
        ("answered", Lang::It) => format!("risposta entro {within} in almeno {share} dei casi"),
        ("answered", Lang::En) if whole => format!("answered within {within}"),
        ("answered", Lang::En) => format!("answered within {within} in at least {share} of cases"),
        ("on_request", Lang::It) => "a richiesta".to_owned(),
        ("on_request", Lang::En) => "on request".to_owned(),
        (_, Lang::It) if promise.strict => format!("disponibilità >{share} nelle ore di {hours}"),
        (_, Lang::It) => format!("disponibilità almeno {share} nelle ore di {hours}"),
        (_, Lang::En) if promise.strict => format!("availability >{share} in the hours of {hours}"),
        (_, Lang::En) => format!("availability at least {share} in the hours of {hours}"),
    }
}

/// `8 working hours` for people; as it stands where this version does not know it.
fn within_words(within: &str, lang: Lang) -> String {
    let Some(config::Within { count, unit }) = config::Within::parse(within).filter(|_| lang == Lang::It)
    else {
        return within.to_owned();
    };
    let (one, many) = match unit {
        config::WithinUnit::Hours => ("ora", "ore"),
        config::WithinUnit::Days => ("giorno", "giorni"),
        config::WithinUnit::WorkingHours => ("ora lavorativa", "ore lavorative"),
        config::WithinUnit::WorkingDays => ("giorno lavorativo", "giorni lavorativi"),
    };
    format!("{count} {}", if count == 1 { one } else { many })
}

/// What stands where the outcome would, for a row without a promise that has a figure.
pub(crate) fn no_outcome(unmeasured: &[Unmeasured], lang: Lang) -> &'static str {
    let l = lang.labels();
    match unmeasured {
        [] => l.observed_only,
        promises if promises.iter().all(|promise| promise.kind == "on_request") => l.no_standard,
        _ => l.no_measure,
    }
}

/// What a typed reason means. A name this version does not know is shown as it is.
pub(crate) fn reason(name: &str, lang: Lang) -> String {
    let known = Reason::ALL.iter().find(|reason| reason.name() == name);
    match (known, lang) {
        (Some(Reason::None), _) => String::new(),
        (Some(reason), Lang::It) => reasons::italian(*reason).to_owned(),
        (Some(reason), Lang::En) => reason.describe().to_owned(),
        (None, _) => name.to_owned(),
    }
}

/// Why something is as it is: its typed reason, or that nobody knows.
pub(crate) fn why(condition: &Condition, lang: Lang) -> String {
    match (&condition.reason, condition.state, condition.last_sample_ms) {
        (Some(name), ..) => reason(name, lang),
        (None, State::Unknown, None) => lang.labels().never_measured.to_owned(),
        (None, State::Unknown, Some(_)) => lang.labels().no_fresh_sample.to_owned(),
        (None, ..) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_before_and_after_closing_are_the_designs() {
        use Outlook::{Irrecoverable, Open, Secured};
        use Standing::{Breached, Indeterminate, Met, NoData};
        for (standing, outlook, provisional, word) in [
            (Met, Open, true, "in linea"),
            (Breached, Open, true, "sotto soglia ma recuperabile"),
            (Breached, Irrecoverable, true, "non più raggiungibile"),
            (Met, Secured, true, "già assicurato"),
            (Indeterminate, Open, true, "non dimostrabile"),
            (NoData, Open, true, "non dimostrabile"),
            (Met, Secured, false, "rispettato"),
            (Breached, Irrecoverable, false, "mancato"),
            (Indeterminate, Open, false, "non dimostrabile"),
            (NoData, Open, false, "non dimostrabile"),
        ] {
            assert_eq!(verdict(standing, outlook, provisional, Lang::It), word);
        }
    }

    #[test]
    fn every_reason_has_italian_words_of_its_own() {
        let mut seen = std::collections::BTreeSet::new();
        for known in Reason::ALL.iter().filter(|&&known| known != Reason::None) {
            let words = reason(known.name(), Lang::It);
            assert!(!words.is_empty() && seen.insert(words), "{known}");
        }
        assert_eq!(reason("mail.greylisted", Lang::It), "mail.greylisted");
        assert_eq!(reason("none", Lang::It), "");
    }
}
