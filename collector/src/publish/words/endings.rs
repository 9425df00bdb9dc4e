//! What is said of a certificate or a registration that ends.

use super::Lang;
use crate::publish::api::{Certificate, Registration};

/// How a certificate stands.
pub(crate) fn certificate(one: &Certificate, lang: Lang) -> String {
    let word = match (one.days_left, one.warn, lang) {
        (..0, _, Lang::It) => "scaduto",
        (..0, _, Lang::En) => "expired",
        (_, true, Lang::It) => "in scadenza",
        (_, true, Lang::En) => "expiring",
        (_, false, Lang::It) => "valido",
        (_, false, Lang::En) => "valid",
    };
    let above = one.ended_by.as_deref().map(|above| match lang {
        Lang::It => format!("finisce con {above}"),
        Lang::En => format!("ends with {above}"),
    });
    let unverified = (!one.verified).then(|| match lang {
        Lang::It => "non verificato ovunque".to_owned(),
        Lang::En => "not verified everywhere".to_owned(),
    });
    std::iter::once(word.to_owned()).chain(above).chain(unverified).collect::<Vec<_>>().join(", ")
}

/// How a registration stands.
pub(crate) fn registration(one: &Registration, lang: Lang) -> String {
    let word = match (one.days_left, one.warn, lang) {
        (None, _, Lang::It) => "fine non nota",
        (None, _, Lang::En) => "end not known",
        (Some(..0), _, Lang::It) => "scaduta",
        (Some(..0), _, Lang::En) => "expired",
        (_, true, Lang::It) => "in scadenza",
        (_, true, Lang::En) => "expiring",
        (_, false, Lang::It) => "registrato",
        (_, false, Lang::En) => "registered",
    };
    match (one.by_charter, lang) {
        (false, _) => word.to_owned(),
        (true, Lang::It) => format!("{word}, secondo la Carta"),
        (true, Lang::En) => format!("{word}, as the charter says"),
    }
}
