//! `vedetta report YEAR|YEAR-Qn|YEAR-MM`: a period for programs and spreadsheets.

use std::io::Write;
use std::process::ExitCode;

use super::asked::AskedPeriod;
use super::explain;
use super::place::Place;
use super::terminal::Paint;
use crate::publish::Lang;
use crate::publish::report;

/// Write the figures of a year, quarter or month
#[derive(Debug, clap::Args)]
pub(crate) struct Report {
    /// The period: 2027, 2027-Q1 or 2027-03
    #[arg(value_name = "YEAR|YEAR-Qn|YEAR-MM")]
    period: String,
    /// As it was known at this instant, Europe/Rome where no offset is written: `oggi 18:15`, `23/11/2026 18:15`
    #[arg(long, value_name = "INSTANT")]
    as_of: Option<String>,
    #[command(flatten)]
    place: Place,
    /// The form: everything, or one flat table
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// The language of the text
    #[arg(long, value_enum, default_value_t)]
    lang: Lang,
}

#[derive(Debug, Clone, Copy, Default, clap::ValueEnum)]
enum Format {
    /// The reference form, as the read API answers it
    #[default]
    Json,
    /// One row per service and component (RFC 4180)
    Csv,
    /// A table of the services, then each as `explain` tells it
    Text,
}

impl Report {
    pub(crate) fn run(self, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
        let year = AskedPeriod::named(&self.period, self.as_of)
            .figures(&self.place.client()?.speaking(self.lang), &[("account", "all")])?;
        match self.format {
            Format::Json => {
                serde_json::to_writer_pretty(&mut *out, &year)?;
                writeln!(out)?;
            }
            Format::Csv => out.write_all(&report::csv(&year)?)?,
            Format::Text => write!(out, "{}", explain::sheet(&year, self.lang, Paint::of_stdout()))?,
        }
        Ok(ExitCode::SUCCESS)
    }
}
