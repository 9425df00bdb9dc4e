//! Sentences of `explain` that carry numbers: why this figure, and what would settle it.

use super::terms::{Span, Terms};
use super::{Lang, account};
use crate::publish::api::{Commitment, Figure, Outlook, ServiceYear, Share, Standing, Year};
use crate::publish::format;

/// The headline, and what it is a fraction of.
///
/// A range is none: beside it stands the share of what was measured, with its fraction.
pub(crate) fn availability(figure: &Figure, target: Option<&Share>, terms: &Terms<'_>) -> String {
    let lang = terms.lang;
    let headline = figure.headline(target, lang);
    let fraction = fraction(figure, terms);
    match &figure.availability {
        None => headline,
        Some(measured) if figure.range && figure.unknown_as.is_none() => {
            let measured = measured.text_beside(target, lang);
            match lang {
                Lang::It => format!("{headline}; del solo tempo misurato {measured} = {fraction}"),
                Lang::En => format!("{headline}; of measured time alone {measured} = {fraction}"),
            }
        }
        Some(_) if figure.range => format!("{headline}; {fraction}"),
        Some(_) => format!("{headline} = {fraction}"),
    }
}

/// The numerator and the denominator of the headline.
fn fraction(figure: &Figure, terms: &Terms<'_>) -> String {
    let up = terms.time(figure.up_ms);
    let known = terms.time(figure.up_ms + figure.down_ms);
    if let Some(unknown_as) = figure.unknown_as.as_deref().filter(|_| figure.unknown_ms > 0) {
        let elapsed = terms.time(figure.up_ms + figure.down_ms + figure.unknown_ms);
        return match (terms.lang, unknown_as) {
            (Lang::It, "down") => format!("{up} su {elapsed}: il non osservato è contato come fermo"),
            (Lang::It, _) => format!("il non osservato è contato come disponibile, su {elapsed}"),
            (Lang::En, "down") => format!("{up} of {elapsed}: unobserved time is counted as down"),
            (Lang::En, _) => format!("unobserved time is counted as up, of {elapsed}"),
        };
    }
    if figure.declared_ms() > 0 {
        let declared = account::declared_time(figure, terms);
        return match terms.lang {
            Lang::It => format!("{up} disponibile su {known} misurati o dichiarati (dichiarati {declared})"),
            Lang::En => format!("{up} up of {known} measured or declared (declared {declared})"),
        };
    }
    match (terms.lang, terms.member) {
        (Lang::It, None) => format!("{up} disponibile su {known} misurati"),
        (Lang::It, Some(_)) => format!("{up} disponibili su {known} misurate"),
        (Lang::En, _) => format!("{up} up of {known} measured"),
    }
}

/// The down time so far beside what the promise allows.
pub(crate) fn down(figure: &Figure, promise: Option<&Commitment>, terms: &Terms<'_>) -> String {
    let down = terms.time(figure.down_ms);
    let Some(promise) = promise else { return down };
    let (allowed, within) = (terms.time(promise.budget_ms), terms.in_period());
    if let Some(stretch) = &promise.stretch {
        let here_ms = promise.down_max_ms.saturating_sub(promise.budget_remaining_ms).unsigned_abs();
        let (here, from) = (terms.time(here_ms), format::date(stretch.from_ms, terms.lang));
        return match terms.lang {
            Lang::It => format!("{down} {within}; dal {from} {here} su {allowed} di fermo ammesso"),
            Lang::En => format!("{down} {within}; since {from} {here} of {allowed} allowed down"),
        };
    }
    let left = terms.time(promise.budget_remaining_ms.unsigned_abs());
    let (overrun, over) = (promise.budget_remaining_ms < 0, figure.future_ms == 0);
    let rest = match (terms.lang, overrun, over) {
        (Lang::It, true, _) => format!("superato di {left}"),
        (Lang::It, false, false) => format!("ancora ammesso {left}"),
        (Lang::It, false, true) => format!("margine {left}"),
        (Lang::En, true, _) => format!("overrun by {left}"),
        (Lang::En, false, false) => format!("still allowed {left}"),
        (Lang::En, false, true) => format!("{left} to spare"),
    };
    match (terms.lang, terms.member) {
        (Lang::It, None) => format!("{down} su {allowed} ammessi {within}; {rest}"),
        (Lang::It, Some(_)) => format!("{down} su {allowed} ammesse {within}; {rest}"),
        (Lang::En, _) => format!("{down} of {allowed} allowed {within}; {rest}"),
    }
}

/// What would make the outcome certain.
pub(crate) fn certainty(figure: &Figure, promise: &Commitment, terms: &Terms<'_>) -> String {
    let fixed = match promise.outlook {
        Outlook::Secured => {
            Some(("già certo: rispettato qualunque cosa accada", "certain already: met whatever comes"))
        }
        Outlook::Irrecoverable => Some((
            "già certo: mancato anche senza altri fermi",
            "certain already: missed even without further stops",
        )),
        Outlook::Open if promise.standing == Standing::NoData => Some((
            "nessun campione valido finora: servono misure",
            "no valid sample so far: it takes measurements",
        )),
        Outlook::Open => None,
    };
    match (fixed, terms.lang) {
        (Some((it, _)), Lang::It) => it.to_owned(),
        (Some((_, en)), Lang::En) => en.to_owned(),
        (None, _) => undecided(figure, promise, terms),
    }
}

/// The same while it can end either way.
fn undecided(figure: &Figure, promise: &Commitment, terms: &Terms<'_>) -> String {
    let (lang, end) = (terms.lang, terms.end());
    let down_left = terms.time(promise.budget_remaining_ms.unsigned_abs());
    // Met for certain while everything lost, down or unobserved, fits into what is allowed.
    let lost_left_ms = promise.budget_remaining_ms.saturating_sub_unsigned(figure.unknown_ms);
    let lost_left = terms.time(lost_left_ms.unsigned_abs());
    if promise.stretch.is_some() && figure.future_ms > 0 {
        return match lang {
            Lang::It => format!("ogni tratto conta per sé; mancato oltre altri {down_left} di fermo"),
            Lang::En => format!("each stretch counts by itself; missed beyond another {down_left} down"),
        };
    }
    match (lang, figure.future_ms == 0, lost_left_ms < 0) {
        (Lang::It, true, _) => format!(
            "il periodo è finito: decidono solo il non osservato ({}) e le correzioni che lo spiegano",
            terms.time(figure.unknown_ms)
        ),
        (Lang::En, true, _) => format!(
            "the period is over: only unobserved time ({}) decides, and corrections that settle it",
            terms.time(figure.unknown_ms)
        ),
        (Lang::It, false, true) => format!(
            "serve che almeno {lost_left} del non osservato risultino disponibili (vedetta gaps): finché non è chiarito non si può dimostrare; mancato comunque oltre altri {down_left} di fermo"
        ),
        (Lang::En, false, true) => format!(
            "at least {lost_left} of unobserved time must turn out to be up (vedetta gaps): until that is settled it cannot be proven; missed anyway beyond another {down_left} down"
        ),
        (Lang::It, false, false) => format!(
            "rispettato se da qui a {end} fermo e non osservato, insieme, non superano {lost_left}; mancato oltre altri {down_left} di fermo"
        ),
        (Lang::En, false, false) => format!(
            "met if until {end} down and unobserved time together do not exceed {lost_left}; missed beyond another {down_left} down"
        ),
    }
}

/// Up to when figures count: an instant, or the last day of a period that is over.
fn as_of(year: &Year, lang: Lang) -> String {
    if year.as_of_ms < year.end_ms {
        format::instant(year.as_of_ms, lang)
    } else {
        format::date(year.end_ms - 1, lang)
    }
}

/// Which period, up to when or closed when.
pub(crate) fn period(year: &Year, lang: Lang) -> String {
    let period = &year.period;
    let as_of = as_of(year, lang);
    match (&year.sealed, lang) {
        (Some(seal), Lang::It) => {
            format!("{period} (chiuso il {}, revisione {})", format::date(seal.at_ms, lang), seal.revision)
        }
        (Some(seal), Lang::En) => {
            format!("{period} (closed on {}, revision {})", format::date(seal.at_ms, lang), seal.revision)
        }
        (None, Lang::It) => format!("{period} (al {as_of})"),
        (None, Lang::En) => format!("{period} (as of {as_of})"),
    }
}

/// Which period, up to when, and how much of it is over.
pub(crate) fn elapsed(year: &Year, service: &ServiceYear, terms: &Terms<'_>) -> String {
    let (figure, lang, period) = (service.promised().1, terms.lang, &year.period);
    let as_of = as_of(year, lang);
    if year.sealed.is_some() {
        return self::period(year, lang);
    }
    if let Some(members) = &service.members {
        let count = format::grouped(members.each.len() as u64, lang);
        return match lang {
            Lang::It => format!("{period} (al {as_of}, media di {count} {})", members.component),
            Lang::En => format!("{period} (as of {as_of}, mean of {count} {})", members.component),
        };
    }
    let elapsed_ms = figure.up_ms + figure.down_ms + figure.unknown_ms + figure.maintenance_ms;
    let (elapsed, scope) = (terms.time(elapsed_ms), terms.time(elapsed_ms + figure.future_ms));
    match lang {
        Lang::It => format!("{period} (al {as_of}, {elapsed} su {scope})"),
        Lang::En => format!("{period} (as of {as_of}, {elapsed} of {scope})"),
    }
}

/// A year that measuring did not cover from its beginning.
///
/// Of a promise about a calendar's hours the whole year's bounds say nothing: most of it is outside of them.
pub(crate) fn partial(measured_from_ms: i64, figure: &Figure, hours: bool, terms: &Terms<'_>) -> String {
    let lang = terms.lang;
    let since = format::date(measured_from_ms, lang);
    let (partial, whole) = match (terms.span, lang) {
        (Span::Year, Lang::It) => ("anno parziale, misurato dal", "sull'anno intero"),
        (Span::Quarter, Lang::It) => ("trimestre parziale, misurato dal", "sul trimestre intero"),
        (Span::Month, Lang::It) => ("mese parziale, misurato dal", "sul mese intero"),
        (Span::Year, Lang::En) => ("partial year, measured from", "of the whole year"),
        (Span::Quarter, Lang::En) => ("partial quarter, measured from", "of the whole quarter"),
        (Span::Month, Lang::En) => ("partial month, measured from", "of the whole month"),
    };
    match (&figure.whole_year_lower_bound, &figure.whole_year_upper_bound) {
        (Some(lower), Some(upper)) if !hours => {
            format!("{partial} {since}; {whole} {} – {}", lower.text(lang), upper.text(lang))
        }
        _ => format!("{partial} {since}"),
    }
}

/// Beside a promise about a year, where the figure is of a part of it.
pub(crate) fn only_a_part(terms: &Terms<'_>) -> &'static str {
    match (terms.span, terms.lang) {
        (Span::Year, _) => "",
        (_, Lang::It) => " (qui una parte dell'anno: da sola non decide)",
        (_, Lang::En) => " (here a part of the year: alone it decides nothing)",
    }
}

/// `12, le ultime 5 (tutte: vedetta outages --year 2026)`.
pub(crate) fn outages(count: usize, shown: usize, all: &str, lang: Lang) -> String {
    match (lang, shown < count) {
        (_, false) => count.to_string(),
        (Lang::It, true) => format!("{count}, le ultime {shown} (tutte: {all})"),
        (Lang::En, true) => format!("{count}, the last {shown} (all: {all})"),
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
