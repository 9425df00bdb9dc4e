//! What a service promises and how that stands, as the facts of a letter: always "provvisorio".

use collector_derive::alert::Root;

use super::told::Told;
use super::view::Fact;
use crate::publish::Lang;
use crate::publish::api::{Commitment, Figure, ServiceNow};
use crate::publish::words;
use crate::publish::words::terms::Terms;

/// Of how many services the promise is told.
const SERVICES_MAX: usize = 3;

/// Three facts of each service: what is promised, the figure so far, what is still allowed. Of a letter that is not
/// `about` one service alone, the promise says whose it is.
pub(super) fn facts(told: &Told<'_>, services: &[&str], about: &Root, lang: Lang) -> Vec<Fact> {
    let is_plain = matches!(about, Root::Row(_) | Root::NoData(_)) && services.len() == 1;
    let mut facts = Vec::new();
    let known: Vec<&ServiceNow> = services.iter().filter_map(|id| told.service(id)).collect();
    let promising: Vec<&ServiceNow> =
        known.iter().copied().filter(|service| service.promised().0.is_some()).collect();
    for service in promising.iter().take(SERVICES_MAX) {
        let (Some(promise), figure) = service.promised() else { continue };
        let of = if is_plain { String::new() } else { format!("{}: ", service.name) };
        let l = labels(lang);
        facts.push(Fact::new(l.promise, format!("{of}{}", words::promise(promise, lang))));
        facts.push(Fact::new(l.so_far, so_far(promise, figure, lang)));
        facts.push(Fact::new(l.allowed, allowed(promise, service, told.now.year, lang)));
    }
    if let ([], [only]) = (promising.as_slice(), known.as_slice()) {
        let none = words::no_outcome(&only.unmeasured, lang);
        facts.push(Fact::new(labels(lang).promise, none));
    }
    facts
}

/// `99,13%, in linea (provvisorio)`.
pub(super) fn so_far(promise: &Commitment, figure: &Figure, lang: Lang) -> String {
    let headline = figure.headline(Some(&promise.target), lang);
    let verdict = words::verdict(promise.standing, promise.outlook, true, lang);
    let provisional = lang.labels().provisional;
    let range = match (figure.range && figure.head().is_some(), lang) {
        (false, _) => "",
        (true, Lang::It) => "; due valori, perché troppo tempo non è stato osservato",
        (true, Lang::En) => "; two values, because too much time was not observed",
    };
    format!("{headline}, {verdict} ({provisional}){range}")
}

/// `ancora 107 h 21 min su 175 h 12 min nel 2026`.
pub(super) fn allowed(promise: &Commitment, service: &ServiceNow, year: i16, lang: Lang) -> String {
    let terms = Terms::now(service, lang);
    let left = terms.time(promise.budget_remaining_ms.unsigned_abs());
    let all = terms.time(promise.budget_ms);
    match (promise.budget_remaining_ms < 0, lang) {
        (false, Lang::It) => format!("ancora {left} su {all} nel {year}"),
        (false, Lang::En) => format!("another {left} of {all} in {year}"),
        (true, Lang::It) => format!("nulla: nel {year} erano {all}, superati di {left}"),
        (true, Lang::En) => format!("none: {all} in {year}, overrun by {left}"),
    }
}

struct Labels {
    promise: &'static str,
    so_far: &'static str,
    allowed: &'static str,
}

const fn labels(lang: Lang) -> Labels {
    match lang {
        Lang::It => Labels { promise: "Impegno", so_far: "Finora", allowed: "Fermo ammesso" },
        Lang::En => Labels { promise: "Commitment", so_far: "So far", allowed: "Allowed down" },
    }
}
