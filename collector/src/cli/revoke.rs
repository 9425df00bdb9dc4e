//! `vedetta revoke`: an entry was wrong; it stays in the journal and has no effect any more.

use std::io::Write;
use std::process::ExitCode;

use super::declaring::{Declaring, entry};
use crate::operator::Wish;

/// Take back a maintenance, a correction, an approval, an annotation or a revocation; it stays in the journal
#[derive(Debug, clap::Args)]
pub(crate) struct Revoke {
    /// Its entry in the journal, such as 12
    #[arg(value_parser = entry)]
    entry: u64,
    /// Why
    #[arg(long)]
    note: String,
    #[command(flatten)]
    declaring: Declaring,
}

impl Revoke {
    pub(crate) fn run(self, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
        self.declaring.declare(Wish::Revoke { entry: self.entry, note: self.note }, Vec::new(), out)?;
        Ok(ExitCode::SUCCESS)
    }
}
