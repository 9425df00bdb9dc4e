//! `vedetta outages`: every stop of a period, newest first; `annotate`: whose fault one was.

use std::io::Write;
use std::process::ExitCode;

use clap::builder::PossibleValuesParser;
use collector_derive::{Cause, Declaration, ForcedState, Scope};
use serde::Serialize;

use super::asked::{AskedPeriod, declared};
use super::declaring::Declaring;
use super::explain::causes;
use super::place::Place;
use super::terminal::{Cell, Paint, table};
use crate::operator::{DeclaredAnswer, DeclaredRow, Wish};
use crate::publish::api::{Annotation, Outage, State, Year};
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
    outage: Outage,
    /// Entries that are about the same time and checks.
    entries: Vec<Entry>,
}

#[derive(Debug, Serialize)]
struct Entry {
    entry: u64,
    kind: &'static str,
}

impl Outages {
    pub(crate) fn run(self, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
        if let Some(Act::Annotate(annotate)) = self.act {
            annotate.run(out)?;
            return Ok(ExitCode::SUCCESS);
        }
        let client = self.place.client()?.speaking(self.lang);
        let year = self.asked.figures(&client, &[])?;
        // A closed year was told as of its seal.
        let sealed_ms = year.sealed.is_some().then_some(year.as_of_ms);
        let as_of_ms = self.asked.as_of_ms()?.or(sealed_ms);
        let mut declared: DeclaredAnswer = client.get_json(&declared(as_of_ms))?;
        declared.declared.retain(|row| row.revoked_by.is_none());
        let stops = stops(&year, &declared.declared);
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

fn stops<'a>(year: &'a Year, declared: &[DeclaredRow]) -> Vec<Stop<'a>> {
    let of = |service: &'_ crate::publish::api::ServiceYear| service.outages.len();
    let mut stops = Vec::with_capacity(year.services.iter().map(of).sum());
    for service in &year.services {
        stops.extend(service.outages.iter().map(|outage| {
            let mut outage = outage.clone();
            outage.annotation = outage.annotation.take().or_else(|| annotation(&outage.id, declared));
            let about = |row: &&DeclaredRow| is_about(row, &service.id, &outage);
            let entries = declared.iter().filter(about);
            let entries = entries.map(|row| Entry { entry: row.entry, kind: kind(&row.declaration) });
            let entries = entries.collect();
            Stop { service: &service.id, outage, entries }
        }));
    }
    stops.sort_by_key(|stop| std::cmp::Reverse(stop.outage.start_ms));
    stops
}

/// The newest annotation of an outage.
fn annotation(id: &str, declared: &[DeclaredRow]) -> Option<Annotation> {
    declared.iter().rev().find_map(|row| match &row.declaration {
        Declaration::Annotated { outage, cause, note } if outage == id => Some(Annotation {
            cause: cause.name().to_owned(),
            note: note.clone(),
            entry: row.entry,
            author: row.author.clone(),
            at_ms: row.at_ms,
        }),
        _ => None,
    })
}

/// Is a declaration about some of an outage's time, and something that was down in it?
fn is_about(row: &DeclaredRow, service: &str, outage: &Outage) -> bool {
    let (scope, windows): (&[Scope], Vec<(i64, i64)>) = match &row.declaration {
        Declaration::Maintenance { scope, .. } => {
            (scope, row.windows.iter().map(|held| (held.from_ms, held.to_ms)).collect())
        }
        Declaration::Annulled { scope, window, .. } | Declaration::Forced { scope, window, .. } => {
            (scope, vec![(window.from_ms, window.to_ms)])
        }
        _ => return false,
    };
    let then = windows.iter().any(|(from_ms, to_ms)| *from_ms < outage.end_ms && outage.start_ms < *to_ms);
    let there = scope.iter().any(|scope| match scope {
        // A forced outage has no cause that was measured; its service is all that is known of it.
        scope if outage.causes.is_empty() => scope.covers(service) || scope.to_string().starts_with(service),
        Scope::Site(site) => outage.causes.iter().any(|cause| cause.site == site.as_str()),
        scope => outage.causes.iter().any(|cause| scope.covers(&cause.check)),
    });
    then && there
}

/// As in [`crate::publish::api::Correction::kind`].
fn kind(declaration: &Declaration) -> &'static str {
    match declaration {
        Declaration::Maintenance { .. } => "maintenance",
        Declaration::Annulled { .. } => "annulled",
        Declaration::Forced { state: ForcedState::Up, .. } => "forced_up",
        _ => "forced_down",
    }
}

fn show(stops: &[Stop<'_>], lang: Lang, paint: Paint) -> String {
    let l = lang.labels();
    if stops.is_empty() {
        return format!("{}\n", l.no_outages);
    }
    let rows = stops.iter().map(|stop| -> [Cell; 7] {
        let outage = &stop.outage;
        let end = if outage.ongoing {
            Cell::state(l.ongoing, State::Down)
        } else {
            format::date_time(outage.end_ms, lang).into()
        };
        [
            stop.service.into(),
            format::date_time(outage.start_ms, lang).into(),
            end,
            format::duration(outage.duration_ms, lang).into(),
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
    let annotated = account::annotation(&stop.outage, lang);
    let entries = stop.entries.iter();
    let entries = entries.map(|one| format!("#{} {}", one.entry, account::correction_kind(one.kind, lang)));
    let told: Vec<String> =
        Some(annotated).filter(|told| !told.is_empty()).into_iter().chain(entries).collect();
    told.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operator::Held;
    use crate::publish::api;
    use crate::publish::example;

    fn stop(id: &str, start_ms: i64, ongoing: bool) -> Outage {
        Outage {
            id: id.to_owned(),
            start_ms,
            end_ms: start_ms + 90_000,
            duration_ms: 90_000,
            ongoing,
            causes: Vec::new(),
            components: Vec::new(),
            corrections: Vec::new(),
            sampling: None,
            annotation: None,
        }
    }

    fn row(entry: u64, declaration: Declaration, windows: Vec<Held>) -> DeclaredRow {
        let author = "root".to_owned();
        let at_ms = example::NOW_MS;
        DeclaredRow {
            entry,
            at_ms,
            author,
            declaration,
            windows,
            revoked_by: None,
            approved_by: None,
            proposed: false,
        }
    }

    #[test]
    fn the_newest_stands_first() {
        let mut year = Year::of(&example::moment());
        year.services[0].outages = vec![stop("old", example::NOW_MS - 9_000_000, false)];
        year.services[3].outages = vec![stop("new", example::NOW_MS - 90_000, true)];
        let text = show(&stops(&year, &[]), Lang::It, Paint::none());
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[1].starts_with("intranet") && lines[1].contains("in corso"), "{text}");
        assert!(lines[2].starts_with("data_center") && lines[2].contains("1 min 30 s"), "{text}");
        assert_eq!(show(&[], Lang::En, Paint::none()), "no outages\n");
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
        year.services[0].outages = vec![outage];
        let planned = |scope: &str, from_ms| {
            let scope = vec![Scope::parse(scope).unwrap()];
            let held = Held { from_ms, to_ms: from_ms + 60_000, in_time: true };
            let declaration = Declaration::Maintenance { scope, windows: Vec::new(), note: String::new() };
            (declaration, vec![held])
        };
        let mut declared = Vec::new();
        for (scope, from_ms) in [
            ("data_center.dns", began_ms + 1_000),
            ("site:ced", began_ms + 1_000),
            ("site:biblioteca", began_ms + 1_000),
            ("data_center.base", began_ms + 1_000),
            ("data_center.dns", began_ms + 90_000),
        ] {
            let (declaration, windows) = planned(scope, from_ms);
            declared.push(row(10 + declared.len() as u64, declaration, windows));
        }
        let annotated =
            |cause| Declaration::Annotated { outage: "old".to_owned(), cause, note: "UPS".to_owned() };
        declared.push(row(20, annotated(Cause::Internal), Vec::new()));
        declared.push(row(21, annotated(Cause::Power), Vec::new()));
        let text = show(&stops(&year, &declared), Lang::It, Paint::none());
        assert!(text.contains("energia elettrica: UPS; #10 manutenzione; #11 manutenzione\n"), "{text}");
    }
}
