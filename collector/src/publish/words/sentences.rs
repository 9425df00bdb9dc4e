//! Sentences of `explain` that carry numbers: why this figure, and what would settle it.

use super::Lang;
use crate::publish::api::{Commitment, Figure, Outlook, Standing};
use crate::publish::format;

/// The numerator and the denominator of the headline.
pub(crate) fn headline(figure: &Figure, lang: Lang) -> String {
    let up = format::duration(figure.up_ms, lang);
    let known = format::duration(figure.up_ms + figure.down_ms, lang);
    match lang {
        Lang::It => format!("{up} disponibile su {known} misurati"),
        Lang::En => format!("{up} up of {known} measured"),
    }
}

/// What was not observed, and what it does to the figure.
pub(crate) fn unobserved(figure: &Figure, lang: Lang) -> String {
    let unknown = format::duration(figure.unknown_ms, lang);
    match (lang, figure.unknown_ms) {
        (Lang::It, 0) => "niente: i due limiti coincidono con il valore".to_owned(),
        (Lang::En, 0) => "nothing: both bounds are the value".to_owned(),
        (Lang::It, _) => {
            format!(
                "{unknown}: né disponibile né fermo; il limite basso lo conta tutto fermo, l'alto tutto disponibile"
            )
        }
        (Lang::En, _) => {
            format!("{unknown}: neither up nor down; the lower bound counts it all down, the upper all up")
        }
    }
}

/// The down time so far beside what the promise allows.
pub(crate) fn down(figure: &Figure, promise: Option<&Commitment>, lang: Lang) -> String {
    let down = format::duration(figure.down_ms, lang);
    let Some(promise) = promise else { return down };
    let allowed = format::duration(promise.budget_ms, lang);
    let left = format::duration(promise.budget_remaining_ms.unsigned_abs(), lang);
    match (lang, promise.budget_remaining_ms < 0) {
        (Lang::It, false) => format!("{down} su {allowed} ammessi nell'anno; ancora ammesso {left}"),
        (Lang::It, true) => format!("{down} su {allowed} ammessi nell'anno; superato di {left}"),
        (Lang::En, false) => format!("{down} of {allowed} allowed in the year; still allowed {left}"),
        (Lang::En, true) => format!("{down} of {allowed} allowed in the year; overrun by {left}"),
    }
}

/// What would make the outcome certain.
pub(crate) fn certainty(figure: &Figure, promise: &Commitment, lang: Lang) -> String {
    let down_left = format::duration(promise.budget_remaining_ms.unsigned_abs(), lang);
    // Met for certain while everything lost, down or unobserved, fits into what is allowed.
    let lost_left_ms = promise.budget_remaining_ms.saturating_sub_unsigned(figure.unknown_ms);
    let lost_left = format::duration(lost_left_ms.unsigned_abs(), lang);
    match (lang, promise.outlook, promise.standing) {
        (Lang::It, Outlook::Secured, _) => "già certo: rispettato qualunque cosa accada".to_owned(),
        (Lang::En, Outlook::Secured, _) => "certain already: met whatever comes".to_owned(),
        (Lang::It, Outlook::Irrecoverable, _) => "già certo: mancato anche senza altri fermi".to_owned(),
        (Lang::En, Outlook::Irrecoverable, _) => {
            "certain already: missed even without further stops".to_owned()
        }
        (Lang::It, Outlook::Open, Standing::NoData) => {
            "nessun campione valido finora: servono misure".to_owned()
        }
        (Lang::En, Outlook::Open, Standing::NoData) => {
            "no valid sample so far: it takes measurements".to_owned()
        }
        (Lang::It, Outlook::Open, _) if lost_left_ms < 0 => format!(
            "il non osservato supera di {lost_left} il fermo ancora ammesso: rispettarlo non è più dimostrabile; mancato oltre altri {down_left} di fermo"
        ),
        (Lang::En, Outlook::Open, _) if lost_left_ms < 0 => format!(
            "unobserved time exceeds what is still allowed by {lost_left}: keeping it can no longer be proven; missed beyond another {down_left} down"
        ),
        (Lang::It, Outlook::Open, _) => format!(
            "rispettato se da qui a fine anno fermo e non osservato, insieme, non superano {lost_left}; mancato oltre altri {down_left} di fermo"
        ),
        (Lang::En, Outlook::Open, _) => format!(
            "met if until the year's end down and unobserved time together do not exceed {lost_left}; missed beyond another {down_left} down"
        ),
    }
}

/// How much of the year is over.
pub(crate) fn elapsed(year: i16, as_of_ms: i64, figure: &Figure, lang: Lang) -> String {
    let elapsed_ms = figure.up_ms + figure.down_ms + figure.unknown_ms;
    let scope = format::duration(elapsed_ms + figure.future_ms, lang);
    let (elapsed, as_of) = (format::duration(elapsed_ms, lang), format::date(as_of_ms, lang));
    match lang {
        Lang::It => format!("{year} (al {as_of}, {elapsed} su {scope})"),
        Lang::En => format!("{year} (as of {as_of}, {elapsed} of {scope})"),
    }
}

/// A year that measuring did not cover from its beginning.
pub(crate) fn partial(measured_from_ms: i64, figure: &Figure, lang: Lang) -> String {
    let since = format::date(measured_from_ms, lang);
    let bounds = match (&figure.whole_year_lower_bound, &figure.whole_year_upper_bound) {
        (Some(lower), Some(upper)) => format!("{} – {}", lower.text(lang), upper.text(lang)),
        _ => String::new(),
    };
    match lang {
        Lang::It => format!("anno parziale, misurato dal {since}; sull'anno intero {bounds}"),
        Lang::En => format!("partial year, measured from {since}; of the whole year {bounds}"),
    }
}

/// `12, le ultime 5 (tutte: vedetta outages --year 2026)`.
pub(crate) fn outages(count: usize, shown: usize, year: i16, lang: Lang) -> String {
    match (lang, shown < count) {
        (_, false) => count.to_string(),
        (Lang::It, true) => format!("{count}, le ultime {shown} (tutte: vedetta outages --year {year})"),
        (Lang::En, true) => format!("{count}, the last {shown} (all: vedetta outages --year {year})"),
    }
}

/// The charter has no such service.
pub(crate) fn no_such_service(name: &str, known: &[&str], lang: Lang) -> String {
    let known = known.join(", ");
    match lang {
        Lang::It => format!("nessun servizio si chiama `{name}`; ci sono: {known}"),
        Lang::En => format!("no service is called `{name}`; there are: {known}"),
    }
}
