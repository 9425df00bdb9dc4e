//! The first screen: what is promised, the figure and what it is made of, what decides, who was down.
//!
//! About 24 lines: lists are cut to the worst of each kind, and say how many there are.

use std::fmt::Write as _;

use super::{causes, quorum};
use crate::cli::terminal::{Cell, Paint, plain, table};
use crate::publish::api::{ComponentYear, Figure, ServiceYear, Share, Year};
use crate::publish::words::terms::{Span, Terms};
use crate::publish::words::{account, readings, sentences};
use crate::publish::{Lang, format, page, words};

/// More of either would push the figures off the screen.
const COMPONENTS_SHOWN: usize = 4;
const OUTAGES_SHOWN: usize = 3;

/// The screen.
pub(super) fn show(year: &Year, service: &ServiceYear, lang: Lang, paint: Paint) -> String {
    let terms = Terms::of(year, service, lang);
    let title = format!("{} {}", plain(&service.name), sentences::elapsed(year, service, &terms));
    let facts = facts(year, service, &terms);
    let widest = facts.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let mut text = format!("{}\n", paint.strong(&title));
    for (name, fact) in facts {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "  {}  {}", paint.faint(&format!("{name:<widest$}")), plain(&fact));
    }
    text.push('\n');
    text.push_str(&components(service, &terms, paint));
    text.push_str(&stops(service, &terms, paint));
    text
}

/// A line each; what does not apply is left out.
fn facts<'a>(year: &Year, service: &ServiceYear, terms: &Terms<'_>) -> Vec<(&'a str, String)> {
    let (l, lang) = (terms.lang.labels(), terms.lang);
    let (promise, figure) = service.promised();
    let hours = promise.is_some_and(|promise| promise.hours.is_some());
    let measured = figure.known_ms() > 0;
    let target = promise.map(|promise| &promise.target);
    let mut facts = promises(year, service, terms);
    facts.push((l.availability, sentences::availability(figure, target, terms)));
    if figure.declared_ms() > 0 {
        facts.push((l.declared, account::declared(figure, promise, &service.corrections, terms)));
    }
    let (gross, net) = service.beside();
    let differs = |other: &&Figure| other.headline(target, lang) != figure.headline(target, lang);
    if let Some(gross) = gross.filter(differs) {
        facts.push((l.gross, account::gross(gross, target, lang)));
    }
    if let Some(net) = net.filter(|net| net.down_ms != figure.down_ms) {
        facts.push((l.net, account::net(net, figure, target, terms)));
    }
    facts.push((l.down, sentences::down(figure, promise, terms)));
    // Why is told of the service's time, not of a calendar's hours.
    let why = if hours { &[][..] } else { service.unobserved.as_slice() };
    facts.push((l.unobserved, account::unobserved(figure, why, terms)));
    if figure.maintenance_ms > 0 {
        facts.push((l.left_out, format!("{} {}", l.word_maintenance, terms.time(figure.maintenance_ms))));
    }
    if measured {
        facts.push((l.bounds, bounds(figure, target, lang)));
    }
    if let Some(worst) = service.members.is_none().then(|| account::worst_part(service, lang)).flatten() {
        facts.push((l.worst, worst));
    }
    if let Some(members) = service.members.as_ref().filter(|members| !members.each.is_empty()) {
        facts.push((l.worst, account::worst(members, lang)));
    }
    if figure.out_of_scope_ms > 0 && year.measured_from_ms > year.start_ms {
        facts.push((terms.name(), sentences::partial(year.measured_from_ms, figure, hours, terms)));
    }
    if let Some(promise) = promise.filter(|_| year.sealed.is_none()) {
        // A part of the year decides nothing by itself.
        if terms.span == Span::Year {
            facts.push((l.certainty, sentences::certainty(figure, promise, terms)));
        }
        if let Some(best) = figure.best_total.as_ref().filter(|_| figure.future_ms > 0 && measured) {
            facts.push((l.best_total, account::best_total(best, target, terms)));
        }
        if let Some(forecast) = &promise.forecast {
            facts.push((l.forecast, account::forecast(forecast, promise.required.as_ref(), terms)));
        }
    }
    if let Some(ceiling) = service.ceiling.as_ref().filter(|_| figure.down_ms > 0 && !hours) {
        facts.push((l.ceiling, account::ceiling(ceiling, service, target, lang)));
    }
    if hours {
        facts.push((l.all_hours, account::around_the_clock(&service.figure, terms)));
    }
    // Stops are told of all hours, and as the service's: of a mean its members' time is another.
    let plain = !hours && service.members.is_none();
    if let Some(sampling) = service.sampling.as_ref().filter(|sampling| plain && sampling.possible_ms > 0) {
        facts.push((l.sampling, account::sampling(sampling, terms)));
    }
    if !service.corrections.is_empty() {
        facts.push((l.corrections, account::corrections(&service.corrections, lang)));
    }
    if promise.is_some() && measured && service.readings.len() > 1 {
        facts.push((l.readings, readings::summary(&service.readings, year.provisional, lang)));
    }
    facts
}

/// What the charter says, and how it stands.
fn promises<'a>(year: &Year, service: &ServiceYear, terms: &Terms<'_>) -> Vec<(&'a str, String)> {
    let (l, lang) = (terms.lang.labels(), terms.lang);
    let (promise, _) = service.promised();
    let others = service.unmeasured.iter().map(|other| words::unmeasured(other, lang));
    let others = others.collect::<Vec<_>>().join("; ");
    let provisional =
        if year.provisional && promise.is_some() { format!(" ({})", l.provisional) } else { String::new() };
    let verdict =
        format!("{}{provisional}", page::verdict(promise, &service.unmeasured, year.provisional, lang));
    let promised = match promise {
        Some(promise) => words::promise(promise, lang) + sentences::only_a_part(terms),
        None if others.is_empty() => l.observed_only.to_owned(),
        None => others.clone(),
    };
    let mut facts = vec![(l.promise, promised)];
    if promise.is_some() && !others.is_empty() {
        facts.push((l.no_measure, others));
    }
    facts.push((l.verdict_row, verdict));
    if let Some(changed) = account::promise_changed(year, service, lang) {
        facts.push((l.changed, changed));
    }
    // The first of them stands for the row where nothing is promised around the clock.
    let told = promise.is_some_and(|promise| promise.hours.is_some());
    for within in service.within.iter().skip(usize::from(told)) {
        facts.push((l.in_hours, account::within(within, year.provisional, terms)));
    }
    facts
}

fn bounds(figure: &Figure, target: Option<&Share>, lang: Lang) -> String {
    let l = lang.labels();
    match (&figure.lower_bound, &figure.upper_bound, &figure.coverage) {
        (Some(lower), Some(upper), Some(coverage)) => {
            let (lower, upper) = (lower.text_beside(target, lang), upper.text_beside(target, lang));
            let seen = figure.seen().unwrap_or(coverage);
            format!("{lower} – {upper}; {} {}", l.coverage, seen.text(lang))
        }
        _ => l.nothing_measured.to_owned(),
    }
}

/// What the components with most down time contribute.
fn components(service: &ServiceYear, terms: &Terms<'_>, paint: Paint) -> String {
    let (l, lang) = (terms.lang.labels(), terms.lang);
    let mut tops: Vec<&ComponentYear> =
        service.components.iter().filter(|component| !component.path.contains('.')).collect();
    let all = tops.len();
    if all > COMPONENTS_SHOWN {
        tops.sort_by_key(|component| std::cmp::Reverse(component.figure.down_ms));
        tops.truncate(COMPONENTS_SHOWN);
    }
    let rows = tops.iter().map(|component| -> [Cell; 5] {
        let figure = &component.figure;
        [
            format!("  {}", component.name).into(),
            figure.headline(None, lang).into(),
            format::duration(figure.down_ms, lang).into(),
            format::duration(figure.unknown_ms, lang).into(),
            quorum(service, component, lang).into(),
        ]
    });
    let title = match tops.len() {
        shown if shown < all => format!("{} ({shown} {} {all})", l.components_title, l.of),
        _ => l.components_title.to_owned(),
    };
    let hours = service.promised().0.is_some_and(|promise| promise.hours.is_some());
    let title = if hours { format!("{title}, {}", l.all_hours) } else { title };
    table([&title, l.availability, l.down, l.unobserved, ""], rows.collect(), paint)
}

/// The newest stops.
fn stops(service: &ServiceYear, terms: &Terms<'_>, paint: Paint) -> String {
    let (l, lang) = (terms.lang.labels(), terms.lang);
    let count = service.outages.len();
    if count == 0 {
        return format!("{}\n", l.no_outages);
    }
    let shown = count.min(OUTAGES_SHOWN);
    let rows = service.outages.iter().rev().take(shown).map(|outage| -> [Cell; 4] {
        let end = if outage.ongoing { l.ongoing.to_owned() } else { format::date_time(outage.end_ms, lang) };
        let annotated = outage.annotation.as_ref().map(|_| account::annotation(outage, lang));
        [
            format!("  {}", format::date_time(outage.start_ms, lang)).into(),
            end.into(),
            format::duration(outage.duration_ms, lang).into(),
            annotated.unwrap_or_else(|| causes(outage, lang)).into(),
        ]
    });
    let all = format!("vedetta outages {}", terms.option());
    let title = format!("{}: {}", l.outages, sentences::outages(count, shown, &all, lang));
    let heading = [l.began, l.ended, l.lasted, l.causes];
    format!("{title}\n{}", table(heading, rows.collect(), paint))
}
