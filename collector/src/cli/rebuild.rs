//! `vedetta rebuild`: all runs anew from what was accepted.

use std::io::Write;
use std::process::ExitCode;

use anyhow::Context as _;
use collector_api::hex_encode;

use super::place::Place;
use crate::publish::Lang;
use crate::rebuild;
use crate::store::SqliteStore;

/// Derive all runs anew from the accepted batches; the collector must be stopped
#[derive(Debug, clap::Args)]
pub(crate) struct Rebuild {
    #[command(flatten)]
    place: Place,
    /// The language of the text
    #[arg(long, value_enum, default_value_t)]
    lang: Lang,
}

impl Rebuild {
    pub(crate) fn run(self, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
        let lang = self.lang;
        let state = self.place.state_directory(lang)?;
        // Opening would make an empty store where there is none.
        drop(SqliteStore::read(&state)?);
        let _lock = crate::serve::lock(&state).context(match lang {
            Lang::It => "prima va fermato (`systemctl stop vedetta`)",
            Lang::En => "stop it first (`systemctl stop vedetta`)",
        })?;
        let mut store = SqliteStore::open(&state)?;
        let rebuilt = rebuild::rebuild(&mut store, collector_derive::step)?;
        let (before, after) = (hex_encode(&rebuilt.before), hex_encode(&rebuilt.after));
        let (streams, packs) = (rebuilt.streams, rebuilt.packs);
        match lang {
            Lang::It => {
                let same = if before == after { "gli stessi byte" } else { "byte diversi da prima" };
                writeln!(out, "prima   {before}\ndopo    {after}")?;
                writeln!(out, "flussi {streams}, pacchi di corse {packs}: {same}")?;
            }
            Lang::En => {
                let same = if before == after { "the same bytes" } else { "other bytes than before" };
                writeln!(out, "before  {before}\nafter   {after}")?;
                writeln!(out, "{streams} streams, {packs} packs of runs: {same}")?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}
