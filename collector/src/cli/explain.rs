//! `vedetta explain SERVICE`: why this number. One screen first; with `--all` everything below it.

mod screen;
mod detail;
mod robustness;
mod sheet;
#[cfg(test)]
mod tests;

use std::io::Write;
use std::process::ExitCode;

use anyhow::Context as _;

use super::asked::AskedPeriod;
use super::place::Place;
use super::terminal::Paint;
use crate::publish::Lang;
use crate::publish::api::{ComponentYear, Outage, ServiceYear, Year};
use crate::publish::words::{self, sentences};

/// Say why a service's figure is what it is
#[derive(Debug, clap::Args)]
pub(crate) struct Explain {
    /// The service, by its name in the configuration
    service: String,
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    asked: AskedPeriod,
    /// Everything below the first screen, too: parts, sites, members, stretches, stops, corrections, readings
    #[arg(long)]
    all: bool,
    /// The service's part of the read API's answer instead of text
    #[arg(long)]
    json: bool,
    /// The language of the text
    #[arg(long, value_enum, default_value_t)]
    lang: Lang,
}

impl Explain {
    pub(crate) fn run(self, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
        let year =
            self.asked.figures(&self.place.client()?.speaking(self.lang), &[("account", &self.service)])?;
        let service = year.services.iter().find(|service| service.id == self.service);
        let service = service.with_context(|| {
            let known: Vec<&str> = year.services.iter().map(|service| service.id.as_str()).collect();
            sentences::no_such_service(&self.service, &known, self.lang)
        })?;
        if self.json {
            serde_json::to_writer_pretty(&mut *out, service)?;
            writeln!(out)?;
        } else {
            write!(out, "{}", show(&year, service, self.all, self.lang, Paint::of_stdout()))?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// The whole text.
fn show(year: &Year, service: &ServiceYear, all: bool, lang: Lang, paint: Paint) -> String {
    let l = lang.labels();
    let screen = screen::show(year, service, lang, paint);
    if all {
        format!("{screen}\n{}\n", paint.faint(&"─".repeat(72))) + &detail::show(year, service, lang, paint)
    } else {
        format!("{screen}{}\n", paint.faint(l.everything_else))
    }
}

/// A whole period: one table of its services, then each by itself.
pub(super) fn sheet(year: &Year, lang: Lang, paint: Paint) -> String {
    let mut text = sheet::table_of(year, lang, paint);
    for service in year.services.iter().filter(|service| service.is_probed()) {
        text.push('\n');
        text.push_str(&screen::show(year, service, lang, paint));
    }
    text
}

/// How many of how many targets must be up; without a number where it is of parts. What a mean is of has no such
/// rule.
fn quorum(service: &ServiceYear, component: &ComponentYear, lang: Lang) -> String {
    if service.members.as_ref().is_some_and(|members| members.component == component.path) {
        return lang.labels().of_the_mean.to_owned();
    }
    let up_if = component.up_if.as_deref();
    up_if.map_or_else(String::new, |up_if| words::quorum(up_if, component.checks.len(), lang))
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
