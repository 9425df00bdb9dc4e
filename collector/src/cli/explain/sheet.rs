//! A period's services on one table: what `report --format text` begins with.

use crate::cli::terminal::{Cell, Paint, plain, table};
use crate::publish::api::{ServiceYear, Year};
use crate::publish::words::sentences;
use crate::publish::words::terms::Terms;
use crate::publish::{Lang, page, words};

/// Whose charter, which period, and a line for each service in the charter's order.
pub(super) fn table_of(year: &Year, lang: Lang, paint: Paint) -> String {
    let l = lang.labels();
    let whose = [Some(&year.organisation), year.unit.as_ref(), year.act.as_ref()];
    let whose = whose.into_iter().flatten().map(|part| plain(part)).collect::<Vec<_>>().join(" · ");
    let title = format!("{} · {}", l.title, sentences::period(year, lang));
    let rows = year.services.iter().map(|service| row(year, service, lang)).collect();
    let heading = [l.row, l.service, l.promise, l.availability, l.bounds, l.coverage, l.down, l.verdict_row];
    format!("{}\n{}\n\n{}", paint.strong(&whose), title, table(heading, rows, paint))
}

fn row(year: &Year, service: &ServiceYear, lang: Lang) -> [Cell; 8] {
    let l = lang.labels();
    let (promise, figure) = service.promised();
    let target = promise.map(|promise| &promise.target);
    let others = service.unmeasured.iter().map(|other| words::unmeasured(other, lang));
    let promised = promise.map(|promise| words::promise(promise, lang)).into_iter().chain(others);
    let shown = |share: Option<&crate::publish::api::Share>| {
        share.map_or_else(String::new, |share| share.text_beside(target, lang))
    };
    let bounds = match (&figure.lower_bound, &figure.upper_bound) {
        (Some(lower), Some(upper)) => format!("{} – {}", shown(Some(lower)), shown(Some(upper))),
        _ => String::new(),
    };
    let verdict = page::verdict(promise, &service.unmeasured, year.provisional, lang);
    let provisional =
        if year.provisional && promise.is_some() { format!(" ({})", l.provisional) } else { String::new() };
    let probed = |text: String| if service.is_probed() { text } else { String::new() };
    [
        service.row.map_or_else(String::new, |row| row.to_string()).into(),
        service.name.clone().into(),
        promised.collect::<Vec<_>>().join("; ").into(),
        probed(figure.headline(target, lang)).into(),
        probed(bounds).into(),
        probed(figure.seen().map_or_else(String::new, |share| share.text(lang))).into(),
        probed(Terms::of(year, service, lang).time(figure.down_ms)).into(),
        format!("{verdict}{provisional}").into(),
    ]
}
