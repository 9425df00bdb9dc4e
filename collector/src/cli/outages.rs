//! `vedetta outages`: every stop of a period, newest first; `annotate`: whose fault one was.

use std::io::Write;
use std::process::ExitCode;

use clap::builder::PossibleValuesParser;
use collector_derive::Cause;
use serde::Serialize;

use super::asked::AskedPeriod;
use super::declaring::Declaring;
use super::explain::causes;
use super::place::Place;
use super::terminal::{Cell, Paint, table};
use crate::operator::Wish;
use crate::publish::api::{Outage, State, Year};
use crate::publish::words::account;
use crate::publish::{Lang, format};

/// List a period's outages, or say whose fault one was
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Outages {
    #[command(subcommand)]
    act: Option<Act>,
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    asked: AskedPeriod,
    /// JSON instead of text
    #[arg(long)]
    json: bool,
    /// The language of the text
    #[arg(long, value_enum, default_value_t)]
    lang: Lang,
}

#[derive(Debug, clap::Subcommand)]
enum Act {
    /// Say whose fault an outage was; every cause counts in the figure, and is listed apart
    Annotate(Annotate),
}

#[derive(Debug, clap::Args)]
struct Annotate {
    /// Its id, as `vedetta outages` shows it
    outage: String,
    /// Whose fault it was
    #[arg(long, value_parser = PossibleValuesParser::new(Cause::ALL.map(Cause::name)))]
    cause: String,
    /// What happened
    #[arg(long)]
    note: String,
    #[command(flatten)]
    declaring: Declaring,
}

/// An outage and whose it is.
#[derive(Debug, Serialize)]
struct Stop<'a> {
    service: &'a str,
    outage: &'a Outage,
    /// Entries that are about the same time and checks.
    entries: Vec<Entry<'a>>,
}

#[derive(Debug, Serialize)]
struct Entry<'a> {
    entry: u64,
    /// As in [`crate::publish::api::Correction::kind`].
    kind: &'a str,
}

impl Outages {
    pub(crate) fn run(self, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
        if let Some(Act::Annotate(annotate)) = self.act {
            annotate.run(out)?;
            return Ok(ExitCode::SUCCESS);
        }
        let client = self.place.client()?.speaking(self.lang);
        let year = self.asked.figures(&client, &[])?;
        let stops = stops(&year);
        if self.json {
            serde_json::to_writer_pretty(&mut *out, &stops)?;
            writeln!(out)?;
        } else {
            write!(out, "{}", show(&stops, self.lang, Paint::of_stdout()))?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Annotate {
    fn run(self, out: &mut dyn Write) -> anyhow::Result<()> {
        let Self { outage, cause, note, declaring } = self;
        let cause = Cause::ALL.into_iter().find(|one| one.name() == cause).unwrap_or(Cause::NotFound);
        declaring.declare(Wish::Annotate { outage, cause, note }, Vec::new(), out)
    }
}

/// The stops of a period, the newest first, each with the entries about its time: all as of the same instant.
fn stops(year: &Year) -> Vec<Stop<'_>> {
    let of = |service: &'_ crate::publish::api::ServiceYear| service.outages.len();
    let mut stops = Vec::with_capacity(year.services.iter().map(of).sum());
    for service in &year.services {
        stops.extend(service.outages.iter().map(|outage| {
            let about = service.corrections.iter().filter(|one| outage.corrections.contains(&one.entry));
            let entries = about.map(|one| Entry { entry: one.entry, kind: &one.kind }).collect();
            Stop { service: &service.id, outage, entries }
        }));
    }
    stops.sort_by_key(|stop| std::cmp::Reverse(stop.outage.start_ms));
    stops
}

fn show(stops: &[Stop<'_>], lang: Lang, paint: Paint) -> String {
    let l = lang.labels();
    if stops.is_empty() {
        return format!("{}\n", l.no_outages);
    }
    let rows = stops.iter().map(|stop| -> [Cell; 7] {
        let outage = stop.outage;
        let end = if outage.ongoing {
            Cell::state(l.ongoing, State::Down)
        } else {
            format::date_time(outage.end_ms, lang).into()
        };
        [
            stop.service.into(),
            format::date_time(outage.start_ms, lang).into(),
            end,
            account::lasted(outage, lang).into(),
            outage.id.clone().into(),
            causes(outage, lang).into(),
            said(stop, lang).into(),
        ]
    });
    let declared = if lang == Lang::It { "Dichiarato" } else { "Declared" };
    table([l.service, l.began, l.ended, l.lasted, "ID", l.causes, declared], rows.collect(), paint)
}

/// What people say of a stop: whose fault it was, and the entries about its time.
fn said(stop: &Stop<'_>, lang: Lang) -> String {
    let annotated = account::annotation(stop.outage, lang);
    let entries = stop.entries.iter();
    let entries = entries.map(|one| format!("#{} {}", one.entry, account::correction_kind(one.kind, lang)));
    let told: Vec<String> =
        Some(annotated).filter(|told| !told.is_empty()).into_iter().chain(entries).collect();
    told.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::publish::api;
    use crate::publish::example;

    fn stop(id: &str, start_ms: i64, ongoing: bool) -> Outage {
        Outage {
            id: id.to_owned(),
            start_ms,
            end_ms: start_ms + 90_000,
            duration_ms: 90_000,
            ongoing,
            within: Vec::new(),
            causes: Vec::new(),
            components: Vec::new(),
            corrections: Vec::new(),
            sampling: None,
            annotation: None,
        }
    }

    #[test]
    fn the_newest_stands_first() {
        let mut year = Year::of(&example::moment());
        year.services[0].outages = vec![stop("old", example::NOW_MS - 9_000_000, false)];
        year.services[3].outages = vec![stop("new", example::NOW_MS - 90_000, true)];
        let text = show(&stops(&year), Lang::It, Paint::none());
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[1].starts_with("intranet") && lines[1].contains("in corso"), "{text}");
        assert!(lines[2].starts_with("data_center") && lines[2].contains("1 min 30 s"), "{text}");
        assert_eq!(show(&[], Lang::En, Paint::none()), "no outages\n");
    }

    #[test]
    fn a_stop_says_how_much_of_it_was_in_promised_hours() {
        let mut year = Year::of(&example::moment());
        let in_hours = |id: &str, start_ms, ms| {
            let within = vec![api::InHours { hours: "uffici".to_owned(), ms }];
            Outage { within, ..stop(id, start_ms, false) }
        };
        year.services.iter_mut().for_each(|service| service.outages.clear());
        year.services[0].outages = vec![
            in_hours("outside", example::NOW_MS - 9_000_000, 0),
            in_hours("partly", example::NOW_MS - 8_000_000, 60_000),
            in_hours("inside", example::NOW_MS - 7_000_000, 90_000),
        ];
        for (lang, lines) in [
            (
                Lang::It,
                [
                    "(tutta nelle ore di uffici)",
                    "(1 min 00 s nelle ore di uffici)",
                    "(fuori dalle ore di uffici)",
                ],
            ),
            (
                Lang::En,
                [
                    "(all in the hours of uffici)",
                    "(1 min 00 s in the hours of uffici)",
                    "(outside the hours of uffici)",
                ],
            ),
        ] {
            let text = show(&stops(&year), lang, Paint::none());
            for (line, part) in text.lines().skip(1).zip(lines) {
                assert!(line.contains(part), "`{part}` is not in `{line}`");
            }
        }
    }

    #[test]
    fn what_is_declared_stands_beside_the_stop_it_is_about() {
        let mut year = Year::of(&example::moment());
        let began_ms = example::NOW_MS - 9_000_000;
        let mut outage = stop("old", began_ms, false);
        outage.causes = vec![api::Cause {
            check: "data_center.dns.dns1".to_owned(),
            site: "ced".to_owned(),
            agent: "ced1".to_owned(),
            reason: "connect.refused".to_owned(),
        }];
        let correction = |entry, kind: &str| api::Correction {
            entry,
            at_ms: example::NOW_MS,
            author: "root".to_owned(),
            kind: kind.to_owned(),
            scope: Vec::new(),
            windows: Vec::new(),
            note: String::new(),
            evidence: None,
            approved_by: None,
            effect: api::Effect::Changed,
        };
        outage.corrections = vec![10, 12];
        outage.annotation = Some(api::Annotation {
            cause: "power".to_owned(),
            note: "UPS".to_owned(),
            entry: 21,
            author: "root".to_owned(),
            at_ms: example::NOW_MS,
        });
        year.services[0].outages = vec![outage];
        year.services[0].corrections =
            vec![correction(10, "maintenance"), correction(11, "maintenance"), correction(12, "annulled")];
        let text = show(&stops(&year), Lang::It, Paint::none());
        assert!(text.contains("energia elettrica: UPS; #10 manutenzione; #12 "), "{text}");
        assert!(!text.contains("#11"), "{text}");
    }
}
