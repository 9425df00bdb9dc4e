//! `vedetta approve`: a second person stands for what was proposed.

use std::io::Write;
use std::process::ExitCode;

use super::declaring::{Declaring, entry};
use crate::operator::Wish;

/// Approve a `force up` that another person proposed
///
/// Persons are told apart by the account that the system tells of whoever runs the command. Root that acts
/// `--as` somebody is root: two names of root do not approve each other. Who has an own account and becomes root by
/// `sudo` is two accounts, and the journal names both.
#[derive(Debug, clap::Args)]
pub(crate) struct Approve {
    /// Its entry in the journal, such as 12
    #[arg(value_parser = entry)]
    entry: u64,
    #[command(flatten)]
    declaring: Declaring,
}

impl Approve {
    pub(crate) fn run(self, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
        self.declaring.declare(Wish::Approve { entry: self.entry }, Vec::new(), out)?;
        Ok(ExitCode::SUCCESS)
    }
}
