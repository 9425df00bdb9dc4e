//! `vedetta rebuild`: all runs anew from what was accepted.

use std::io::Write;
use std::process::ExitCode;

use anyhow::Context as _;
use collector_api::hex_encode;

use super::place::Place;
use crate::rebuild;
use crate::store::SqliteStore;

/// Derive all runs anew from the accepted batches; the collector must be stopped
#[derive(Debug, clap::Args)]
pub(crate) struct Rebuild {
    #[command(flatten)]
    place: Place,
}

impl Rebuild {
    pub(crate) fn run(self, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
        let state = self.place.state_directory()?;
        // Opening would make an empty store where there is none.
        drop(SqliteStore::read(&state)?);
        let _lock = crate::serve::lock(&state).context("stop it first (`systemctl stop vedetta`)")?;
        let mut store = SqliteStore::open(&state)?;
        let rebuilt = rebuild::rebuild(&mut store, collector_derive::step)?;
        writeln!(out, "before  {}", hex_encode(&rebuilt.before))?;
        writeln!(out, "after   {}", hex_encode(&rebuilt.after))?;
        let same = if rebuilt.before == rebuilt.after { "the same bytes" } else { "other bytes than before" };
        writeln!(out, "{} streams, {} packs of runs: {same}", rebuilt.streams, rebuilt.packs)?;
        Ok(ExitCode::SUCCESS)
    }
}
