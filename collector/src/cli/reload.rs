//! `vedetta reload`: the charter in force becomes what the file says, or stays what it was.

use std::io::Write;
use std::process::ExitCode;

use super::place::Place;
use crate::operator::{ReloadAnswer, ReloadQuestion};

/// Put the configuration file in force; a file with errors leaves the old one in force.
#[derive(Debug, clap::Args)]
pub(crate) struct Reload {
    #[command(flatten)]
    place: Place,
    /// Who does it, when root acts for a person
    #[arg(long = "as", value_name = "NAME")]
    author: Option<String>,
    /// Only say what would change
    #[arg(long)]
    dry_run: bool,
}

impl Reload {
    pub(crate) fn run(self, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
        let question = ReloadQuestion { dry_run: self.dry_run };
        let answer: ReloadAnswer =
            self.place.client()?.post_json("/acts/reload", self.author.as_deref(), &question)?;
        for warning in &answer.warnings {
            writeln!(out, "warning: {warning}")?;
        }
        for change in &answer.changes {
            writeln!(out, "  {change}")?;
        }
        for note in &answer.notes {
            writeln!(out, "note: {note}")?;
        }
        match (answer.changes.len(), answer.revision) {
            (0, _) => writeln!(out, "nothing changed")?,
            (count, None) => writeln!(out, "{count} changes; nothing done, as asked")?,
            (count, Some(revision)) => writeln!(out, "{count} changes in force; journal entry {revision}")?,
        }
        Ok(ExitCode::SUCCESS)
    }
}
