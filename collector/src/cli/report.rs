//! `vedetta report YEAR`: the year for programs and spreadsheets.

use std::io::Write;
use std::process::ExitCode;

use super::explain::year;
use super::place::Place;
use crate::publish::report;

/// Write a year's figures
#[derive(Debug, clap::Args)]
pub(crate) struct Report {
    /// The civil year
    year: i16,
    #[command(flatten)]
    place: Place,
    /// The form: everything, or one flat table
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Debug, Clone, Copy, Default, clap::ValueEnum)]
enum Format {
    /// The reference form, as the read API answers it
    #[default]
    Json,
    /// One row per service and component (RFC 4180)
    Csv,
}

impl Report {
    pub(crate) fn run(self, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
        let year = year(&self.place, Some(self.year))?;
        match self.format {
            Format::Json => {
                serde_json::to_writer_pretty(&mut *out, &year)?;
                writeln!(out)?;
            }
            Format::Csv => out.write_all(&report::csv(&year)?)?,
        }
        Ok(ExitCode::SUCCESS)
    }
}
