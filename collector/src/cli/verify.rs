//! `vedetta verify`: is what is kept what was accepted?

use std::io::Write;
use std::process::ExitCode;

use super::place::Place;
use crate::store::SqliteStore;
use crate::verify;

/// Check every stored batch, signature, journal entry and run; the collector may run meanwhile
#[derive(Debug, clap::Args)]
pub(crate) struct Verify {
    #[command(flatten)]
    place: Place,
    /// Tell it as JSON
    #[arg(long)]
    json: bool,
}

impl Verify {
    pub(crate) fn run(self, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
        let store = SqliteStore::read(&self.place.state_directory()?)?;
        let verified = verify::verify(&store, collector_derive::step)?;
        if self.json {
            serde_json::to_writer_pretty(&mut *out, &verified)?;
            writeln!(out)?;
        } else {
            for difference in &verified.differences {
                writeln!(out, "{difference}")?;
            }
            let verify::Verified { streams, batches, signatures, journal_entries, packs, seals, .. } =
                verified;
            writeln!(
                out,
                "{streams} streams, {batches} batches, {signatures} signatures, {journal_entries} journal entries, \
                 {packs} packs of runs, {seals} sealed results: {}",
                match verified.differences.len() {
                    0 => "all is as it was accepted".to_owned(),
                    1 => "1 difference".to_owned(),
                    count => format!("{count} differences"),
                }
            )?;
        }
        Ok(if verified.differences.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}
