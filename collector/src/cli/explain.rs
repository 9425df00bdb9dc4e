//! `vedetta explain SERVICE`: why this number, on one screen.

use std::fmt::Write as _;
use std::io::Write;
use std::process::ExitCode;

use anyhow::Context as _;

use super::place::Place;
use super::terminal::{Cell, Paint, plain, table};
use crate::publish::api::{Now, Outage, ServiceYear, Year};
use crate::publish::words::sentences;
use crate::publish::{Lang, format, page, words};

/// More than this many stops would push the figures off the screen.
const OUTAGES_SHOWN: usize = 5;

/// Say why a service's annual figure is what it is
#[derive(Debug, clap::Args)]
pub(crate) struct Explain {
    /// The service, by its name in the configuration
    service: String,
    #[command(flatten)]
    place: Place,
    /// The civil year; the current one when absent
    #[arg(long)]
    year: Option<i16>,
    /// The service's part of the read API's answer instead of text
    #[arg(long)]
    json: bool,
    /// The language of the text
    #[arg(long, value_enum, default_value_t)]
    lang: Lang,
}

impl Explain {
    pub(crate) fn run(self, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
        let year = year(&self.place, self.year)?;
        let service = year.services.iter().find(|service| service.id == self.service);
        let service = service.with_context(|| {
            let known: Vec<&str> = year.services.iter().map(|service| service.id.as_str()).collect();
            sentences::no_such_service(&self.service, &known, self.lang)
        })?;
        if self.json {
            serde_json::to_writer_pretty(&mut *out, service)?;
            writeln!(out)?;
        } else {
            write!(out, "{}", show(&year, service, self.lang, Paint::of_stdout()))?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// A year's figures from the running collector; the current year's when none is named.
pub(super) fn year(place: &Place, year: Option<i16>) -> anyhow::Result<Year> {
    let client = place.client()?;
    let year = match year {
        Some(year) => year,
        // The collector's clock and zone decide which year it is, not this terminal's.
        None => client.get_json::<Now>("/api/v1/now")?.year,
    };
    client.get_json(&format!("/api/v1/years/{year}"))
}

/// `check: reason (sites)` of each cause, a check once.
pub(super) fn causes(outage: &Outage, lang: Lang) -> String {
    let mut told: Vec<(&str, &str, Vec<&str>)> = Vec::new();
    for cause in &outage.causes {
        let known =
            told.iter_mut().find(|(check, reason, _)| (*check, *reason) == (&cause.check, &cause.reason));
        match known {
            Some((_, _, sites)) if sites.contains(&cause.site.as_str()) => {}
            Some((_, _, sites)) => sites.push(&cause.site),
            None => told.push((&cause.check, &cause.reason, vec![&cause.site])),
        }
    }
    let told = told.iter().map(|(check, reason, sites)| {
        format!("{check}: {} ({})", words::reason(reason, lang), sites.join(", "))
    });
    told.collect::<Vec<_>>().join("; ")
}

fn show(year: &Year, service: &ServiceYear, lang: Lang, paint: Paint) -> String {
    let l = lang.labels();
    let promise = service.commitments.first();
    let target = promise.map(|promise| &promise.target);
    let figure = &service.figure;
    let title =
        format!("{} {}", plain(&service.name), sentences::elapsed(year.year, year.as_of_ms, figure, lang));
    let provisional =
        if year.provisional && promise.is_some() { format!(" ({})", l.provisional) } else { String::new() };
    let verdict =
        format!("{}{provisional}", page::verdict(promise, &service.unmeasured, year.provisional, lang));
    let others = service.unmeasured.iter().map(|other| words::unmeasured(other, lang));
    let others: Vec<String> = others.collect();
    let promised = match promise {
        Some(promise) => words::promise(promise, lang),
        None if others.is_empty() => l.observed_only.to_owned(),
        None => others.join("; "),
    };
    let bounds = match (&figure.lower_bound, &figure.upper_bound, &figure.coverage) {
        (Some(lower), Some(upper), Some(coverage)) => {
            let (lower, upper) = (lower.text_beside(target, lang), upper.text_beside(target, lang));
            format!("{lower} – {upper}; {} {}", l.coverage, coverage.text(lang))
        }
        _ => l.nothing_measured.to_owned(),
    };
    let mut facts = vec![
        (l.promise, promised),
        (l.verdict_row, verdict),
        (
            l.availability,
            format!("{} = {}", figure.headline(target, lang), sentences::headline(figure, lang)),
        ),
        (l.bounds, bounds),
        (l.unobserved, sentences::unobserved(figure, lang)),
        (l.down, sentences::down(figure, promise, lang)),
        (l.still_to_come, format::duration(figure.future_ms, lang)),
    ];
    if promise.is_some() && !others.is_empty() {
        facts.insert(1, (l.no_measure, others.join("; ")));
    }
    if figure.out_of_scope_ms > 0 {
        facts.push((l.partial_year, sentences::partial(year.measured_from_ms, figure, lang)));
    }
    if let Some(promise) = promise {
        facts.push((l.certainty, sentences::certainty(figure, promise, lang)));
    }
    let widest = facts.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let mut text = format!("{}\n", paint.strong(&title));
    for (name, fact) in facts {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "  {}  {fact}", paint.faint(&format!("{name:<widest$}")));
    }
    text.push('\n');
    text.push_str(&parts(service, lang, paint));
    text.push('\n');
    text.push_str(&stops(year, service, lang, paint));
    text
}

/// What each component and site contributes.
fn parts(service: &ServiceYear, lang: Lang, paint: Paint) -> String {
    let l = lang.labels();
    let row = |name: String, figure: &crate::publish::api::Figure, note: String| -> [Cell; 5] {
        [
            name.into(),
            figure.headline(None, lang).into(),
            format::duration(figure.down_ms, lang).into(),
            format::duration(figure.unknown_ms, lang).into(),
            note.into(),
        ]
    };
    let components = service.components.iter().map(|component| {
        let indent = "  ".repeat(1 + component.path.matches('.').count());
        let checks = component.checks.len();
        let quorum =
            component.up_if.as_deref().map_or_else(String::new, |up_if| format!("up_if: {up_if} ({checks})"));
        row(format!("{indent}{}", component.name), &component.figure, quorum)
    });
    let sites = service
        .sites
        .iter()
        .map(|site| row(format!("  {}", site.site), &site.figure, l.as_this_site_sees_it.to_owned()));
    let heading = [l.components_and_sites, l.availability, l.down, l.unobserved, ""];
    table(heading, components.chain(sites).collect(), paint)
}

/// The newest stops.
fn stops(year: &Year, service: &ServiceYear, lang: Lang, paint: Paint) -> String {
    let l = lang.labels();
    let count = service.outages.len();
    if count == 0 {
        return format!("{}\n", l.no_outages);
    }
    let shown = count.min(OUTAGES_SHOWN);
    let rows = service.outages.iter().rev().take(shown).map(|outage| -> [Cell; 4] {
        let end = if outage.ongoing { l.ongoing.to_owned() } else { format::date_time(outage.end_ms, lang) };
        [
            format!("  {}", format::date_time(outage.start_ms, lang)).into(),
            end.into(),
            format::duration(outage.duration_ms, lang).into(),
            causes(outage, lang).into(),
        ]
    });
    let title = format!("{}: {}", l.outages, sentences::outages(count, shown, year.year, lang));
    let heading = [l.began, l.ended, l.lasted, l.causes];
    format!("{title}\n{}", table(heading, rows.collect(), paint))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::publish::api::{Cause, Share};
    use crate::publish::example;

    fn year_with_outages() -> Year {
        let mut year = Year::of(&example::moment());
        let cause = |site: &str, agent: &str| Cause {
            check: "intranet.posta.smtp".to_owned(),
            site: site.to_owned(),
            agent: agent.to_owned(),
            reason: "connect.refused".to_owned(),
        };
        year.services[3].outages = (0..7)
            .map(|number| Outage {
                id: format!("intranet-{number}"),
                start_ms: example::NOW_MS - 86_400_000 * (7 - number),
                end_ms: example::NOW_MS - 86_400_000 * (7 - number) + 1_320_000,
                duration_ms: 1_320_000,
                ongoing: number == 6,
                causes: vec![cause("ced", "ced1"), cause("ced", "ced2"), cause("biblioteca", "bib1")],
            })
            .collect();
        year
    }

    #[test]
    fn it_says_why_on_one_screen() {
        let year = year_with_outages();
        let text = show(&year, &year.services[3], Lang::It, Paint::none());
        for fact in [
            "Gestione intranet 2026 (al 23/11/2026, 7.833 h 12 min su 8.760 h 00 min)",
            "24x7; disponibilità >98% annuo",
            "non più raggiungibile (provvisorio)",
            "188 h 02 min su 175 h 12 min ammessi nell'anno; superato di 12 h 50 min",
            "già certo: mancato anche senza altri fermi",
            "Posta elettronica",
            "up_if: all (1)",
            "interruzioni: 7, le ultime 5 (tutte: vedetta outages --year 2026)",
            "intranet.posta.smtp: connessione rifiutata (ced, biblioteca)",
            "in corso",
        ] {
            assert!(text.contains(fact), "{fact} is missing in\n{text}");
        }
        assert!(text.lines().count() <= 24, "one screen:\n{text}");
    }

    #[test]
    fn it_says_what_would_make_it_certain() {
        let year = Year::of(&example::moment());
        let text = show(&year, &year.services[0], Lang::It, Paint::none());
        let fact = "rispettato se da qui a fine anno fermo e non osservato, insieme, non superano 102 h 09 min; mancato oltre altri 104 h 09 min di fermo";
        assert!(text.contains(fact), "{text}");
        let mut service = year.services[0].clone();
        service.figure.unknown_ms = 200 * 3_600_000;
        let text = show(&year, &service, Lang::En, Paint::none());
        assert!(text.contains("can no longer be proven"), "{text}");
        service.figure.out_of_scope_ms = 1;
        service.figure.whole_year_lower_bound = Share::of(1, 2);
        service.figure.whole_year_upper_bound = Share::of(2, 3);
        let text = show(&year, &service, Lang::It, Paint::none());
        assert!(
            text.contains("anno parziale, misurato dal 01/01/2026; sull'anno intero 50,00% – 66,66%"),
            "{text}"
        );
    }

    #[test]
    fn observed_without_promise_has_no_verdict() {
        let year = Year::of(&example::moment());
        let text = show(&year, &year.services[1], Lang::It, Paint::none());
        assert!(text.contains("osservato, nessun impegno") && !text.contains("provvisorio"), "{text}");
    }
}
