//! Below the first screen: every component and part, site, member, stretch, stop, correction and reading.

use std::fmt::Write as _;

use super::{causes, quorum, robustness};
use crate::cli::terminal::{Cell, Paint, table};
use crate::publish::api::{Correction, Figure, Members, Outage, ServiceYear, Share, Tier, Year};
use crate::publish::words::terms::Terms;
use crate::publish::words::{account, tiers};
use crate::publish::{Lang, format, words};

/// All sections that have something to say, a blank line between.
pub(super) fn show(year: &Year, service: &ServiceYear, lang: Lang, paint: Paint) -> String {
    let terms = Terms::of(year, service, lang);
    let measured = service.promised().1.known_ms() > 0;
    let burn = service.promised().0.map_or(&[][..], |promise| promise.burn.as_slice());
    let sections = [
        Some(components(service, &terms, paint)),
        service.members.as_ref().map(|members| groups(members, &terms, paint)),
        service.members.as_ref().map(|members| each(members, &terms, paint)),
        some(&service.stretches, || stretches(year, service, &terms, paint)),
        some(&service.outages, || stops(&service.outages, lang, paint)),
        some(&service.corrections, || corrections(&service.corrections, lang, paint)),
        some(burn, || burning(burn, &terms, paint)),
        some(if measured { &service.readings } else { &[] }, || {
            robustness::show(service, year.provisional, lang, paint)
        }),
    ];
    sections.into_iter().flatten().collect::<Vec<_>>().join("\n")
}

fn some<T>(list: &[T], section: impl FnOnce() -> String) -> Option<String> {
    (!list.is_empty()).then(section)
}

/// What each component, part and site contributes.
fn components(service: &ServiceYear, terms: &Terms<'_>, paint: Paint) -> String {
    let l = terms.lang.labels();
    // In a mean the components' time is not the service's, but what a site sees is its members'.
    let down = Some(service.figure.down_ms).filter(|&down_ms| down_ms > 0);
    let whole = down.filter(|_| service.members.is_none());
    let one = terms.of_one();
    let components = service.components.iter().map(|component| {
        let indent = "  ".repeat(1 + component.path.matches('.').count());
        let name = format!("{indent}{}", component.name);
        row(name, &component.figure, whole, &quorum(service, component, terms.lang), &one)
    });
    let sites = service.sites.iter().map(|site| {
        let name = format!("  {}", site.site);
        let seen = site.figure.known_ms() + site.figure.unknown_ms;
        if service.members.is_some() && seen == 0 {
            return [
                name,
                String::new(),
                String::new(),
                String::new(),
                String::new(),
                l.outside_the_mean.to_owned(),
            ]
            .map(Cell::from);
        }
        row(name, &site.figure, down, l.as_this_site_sees_it, terms)
    });
    let heading = [l.components_and_sites, l.availability, l.down, l.of_the_stop, l.unobserved, ""];
    table(heading, components.chain(sites).collect(), paint)
}

fn row(name: String, figure: &Figure, whole: Option<u64>, note: &str, terms: &Terms<'_>) -> [Cell; 6] {
    let lang = terms.lang;
    let share = whole.and_then(|whole| Share::of(figure.down_ms, whole)).filter(|share| share.p <= share.q);
    [
        name.into(),
        figure.headline(None, lang).into(),
        terms.time(figure.down_ms).into(),
        share.map_or_else(String::new, |share| share.text(lang)).into(),
        terms.time(figure.unknown_ms).into(),
        note.into(),
    ]
}

/// The groups of a mean, the worst first.
fn groups(members: &Members, terms: &Terms<'_>, paint: Paint) -> String {
    let (l, lang) = (terms.lang.labels(), terms.lang);
    let rows = members.groups.iter().map(|group| -> [Cell; 5] {
        [
            format!("  {}", group.name).into(),
            format::grouped(group.count, lang).into(),
            group.figure.headline(None, lang).into(),
            terms.time(group.figure.down_ms).into(),
            terms.time(group.figure.unknown_ms).into(),
        ]
    });
    let heading = [l.areas, &members.component, l.availability, l.down, l.unobserved];
    table(heading, rows.collect(), paint)
}

/// The members of a mean, the worst first.
fn each(members: &Members, terms: &Terms<'_>, paint: Paint) -> String {
    let (l, lang, one) = (terms.lang.labels(), terms.lang, terms.of_one());
    let rows = members.each.iter().map(|member| -> [Cell; 6] {
        let weight = if member.weight == 1 { String::new() } else { format::grouped(member.weight, lang) };
        [
            format!("  {}", account::member_name(member)).into(),
            member.group.as_deref().unwrap_or_default().into(),
            weight.into(),
            member.figure.headline(None, lang).into(),
            one.time(member.figure.down_ms).into(),
            one.time(member.figure.unknown_ms).into(),
        ]
    });
    let heading = [&members.name, l.areas, l.weight, l.availability, l.down, l.unobserved];
    table(heading, rows.collect(), paint)
}

/// Each stretch of the period against its own promise.
fn stretches(year: &Year, service: &ServiceYear, terms: &Terms<'_>, paint: Paint) -> String {
    let (l, lang) = (terms.lang.labels(), terms.lang);
    let measured = service.stretches.iter().filter(|stretch| stretch.end_ms > year.measured_from_ms);
    let rows = measured.map(|stretch| -> [Cell; 5] {
        let target = stretch.target.as_ref();
        let promised = target.map_or_else(String::new, |target| {
            format!("{}{}", if stretch.strict { ">" } else { "≥" }, target.short(lang))
        });
        let standing = stretch.standing.map(|standing| words::standing(standing, lang));
        [
            format!("  {}", format::date_time(stretch.start_ms.max(year.measured_from_ms), lang)).into(),
            format::date_time(stretch.end_ms, lang).into(),
            promised.into(),
            stretch.figure.headline(target, lang).into(),
            standing.unwrap_or_default().into(),
        ]
    });
    table([l.stretches, l.until, l.promise, l.availability, l.verdict_row], rows.collect(), paint)
}

/// Every stop, the newest first, with what is sure of it and whose fault people say it was.
fn stops(outages: &[Outage], lang: Lang, paint: Paint) -> String {
    let l = lang.labels();
    let rows = outages.iter().rev().map(|outage| -> [Cell; 6] {
        let end = if outage.ongoing { l.ongoing.to_owned() } else { format::date_time(outage.end_ms, lang) };
        let sampling = outage.sampling.as_ref().map_or_else(String::new, |sampling| {
            let (sure, possible) = (sampling.sure_ms, sampling.possible_ms);
            format!("{} – {}", format::duration(sure, lang), format::duration(possible, lang))
        });
        [
            format!("  {}", format::date_time(outage.start_ms, lang)).into(),
            end.into(),
            account::lasted(outage, lang).into(),
            sampling.into(),
            account::annotation(outage, lang).into(),
            causes(outage, lang).into(),
        ]
    });
    table([l.began, l.ended, l.lasted, l.sure_to_possible, l.annotated, l.causes], rows.collect(), paint)
}

/// Each entry of the journal that touches the figure.
fn corrections(corrections: &[Correction], lang: Lang, paint: Paint) -> String {
    let l = lang.labels();
    let rows = corrections.iter().map(|correction| -> [Cell; 7] {
        let windows = correction.windows.iter().take(2).map(|[from_ms, to_ms]| {
            format!("{} – {}", format::date_time(*from_ms, lang), format::date_time(*to_ms, lang))
        });
        let mut windows = windows.collect::<Vec<_>>().join(", ");
        if correction.windows.len() > 2 {
            // Writing to a String cannot fail.
            let _ = write!(windows, " (+{})", correction.windows.len() - 2);
        }
        let evidence = correction.evidence.as_deref().map(|evidence| format!(" [{evidence}]"));
        let approved = correction.approved_by.as_deref().map(|author| format!(" + {author}"));
        [
            format!("  {}", correction.entry).into(),
            format::date_time(correction.at_ms, lang).into(),
            format!("{}{}", correction.author, approved.unwrap_or_default()).into(),
            account::correction_kind(&correction.kind, lang).into(),
            format!("{} {windows}", correction.scope.join(", ")).into(),
            account::effect_word(correction.effect, lang).into(),
            format!("{}{}", correction.note, evidence.unwrap_or_default()).into(),
        ]
    });
    table([l.entry, l.written, l.author, l.correction, l.about, l.effect, l.note], rows.collect(), paint)
}

/// How fast the allowed down time is being spent.
fn burning(burn: &[Tier], terms: &Terms<'_>, paint: Paint) -> String {
    let (l, lang) = (terms.lang.labels(), terms.lang);
    let rows = burn.iter().map(|tier| -> [Cell; 4] {
        let shown = |share: &Option<Share>| {
            share.as_ref().map_or_else(|| l.nothing_measured.to_owned(), |share| share.text(lang))
        };
        [
            format!("  {}", tiers::window(tier, terms)).into(),
            format!("> {}", tier.threshold.text(lang)).into(),
            format!("{}; {}", shown(&tier.down), shown(&tier.short_down)).into(),
            tiers::said(tier, lang).into(),
        ]
    });
    table([l.burning, l.fires_above, l.down_now, ""], rows.collect(), paint)
}
