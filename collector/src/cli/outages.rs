//! `vedetta outages`: every stop of a year, newest first.

use std::io::Write;
use std::process::ExitCode;

use serde::Serialize;

use super::explain::{causes, year};
use super::place::Place;
use super::terminal::{Cell, Paint, table};
use crate::publish::api::{Outage, State, Year};
use crate::publish::{Lang, format};

/// List a year's outages
#[derive(Debug, clap::Args)]
pub(crate) struct Outages {
    #[command(flatten)]
    place: Place,
    /// The civil year; the current one when absent
    #[arg(long)]
    year: Option<i16>,
    /// JSON instead of text
    #[arg(long)]
    json: bool,
    /// The language of the text
    #[arg(long, value_enum, default_value_t)]
    lang: Lang,
}

/// An outage and whose it is.
#[derive(Debug, Serialize)]
struct Stop<'a> {
    service: &'a str,
    outage: &'a Outage,
}

impl Outages {
    pub(crate) fn run(self, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
        let year = year(&self.place, self.year)?;
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

fn stops(year: &Year) -> Vec<Stop<'_>> {
    let of = |service: &'_ crate::publish::api::ServiceYear| service.outages.len();
    let mut stops = Vec::with_capacity(year.services.iter().map(of).sum());
    for service in &year.services {
        stops.extend(service.outages.iter().map(|outage| Stop { service: &service.id, outage }));
    }
    stops.sort_by_key(|stop| std::cmp::Reverse(stop.outage.start_ms));
    stops
}

fn show(stops: &[Stop<'_>], lang: Lang, paint: Paint) -> String {
    let l = lang.labels();
    if stops.is_empty() {
        return format!("{}\n", l.no_outages);
    }
    let rows = stops.iter().map(|stop| -> [Cell; 6] {
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
            format::duration(outage.duration_ms, lang).into(),
            outage.id.clone().into(),
            causes(outage, lang).into(),
        ]
    });
    table([l.service, l.began, l.ended, l.lasted, "ID", l.causes], rows.collect(), paint)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::publish::example;

    #[test]
    fn the_newest_stands_first() {
        let mut year = Year::of(&example::moment());
        let stop = |id: &str, start_ms: i64, ongoing| Outage {
            id: id.to_owned(),
            start_ms,
            end_ms: start_ms + 90_000,
            duration_ms: 90_000,
            ongoing,
            causes: Vec::new(),
            sampling: None,
            annotation: None,
        };
        year.services[0].outages = vec![stop("old", example::NOW_MS - 9_000_000, false)];
        year.services[3].outages = vec![stop("new", example::NOW_MS - 90_000, true)];
        let text = show(&stops(&year), Lang::It, Paint::none());
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[1].starts_with("intranet") && lines[1].contains("in corso"), "{text}");
        assert!(lines[2].starts_with("data_center") && lines[2].contains("1 min 30 s"), "{text}");
        assert_eq!(show(&[], Lang::En, Paint::none()), "no outages\n");
    }
}
