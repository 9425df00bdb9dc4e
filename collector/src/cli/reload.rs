//! `vedetta reload`: the charter in force becomes what the file says, or stays what it was.

use std::io::Write;
use std::process::ExitCode;

use super::place::Place;
use crate::operator::{ReloadAnswer, ReloadQuestion};
use crate::publish::Lang;

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
    /// The language of the text
    #[arg(long, value_enum, default_value_t)]
    lang: Lang,
}

impl Reload {
    pub(crate) fn run(self, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
        let question = ReloadQuestion { dry_run: self.dry_run, lang: self.lang };
        let answer: ReloadAnswer = self.place.client()?.speaking(self.lang).post_json(
            "/acts/reload",
            self.author.as_deref(),
            &question,
        )?;
        let (warned, noted) = match self.lang {
            Lang::En => ("warning", "note"),
            Lang::It => ("avviso", "nota"),
        };
        for warning in &answer.warnings {
            writeln!(out, "{warned}: {warning}")?;
        }
        for change in &answer.changes {
            writeln!(out, "  {change}")?;
        }
        for note in &answer.notes {
            writeln!(out, "{noted}: {note}")?;
        }
        writeln!(out, "{}", outcome(answer.changes.len(), answer.revision, self.lang))?;
        Ok(ExitCode::SUCCESS)
    }
}

/// How many changes, and what became of them.
fn outcome(count: usize, revision: Option<u64>, lang: Lang) -> String {
    let changes = match (lang, count) {
        (Lang::En, 0) => return "nothing changed".to_owned(),
        (Lang::It, 0) => return "nulla è cambiato".to_owned(),
        (Lang::En, 1) => "1 change".to_owned(),
        (Lang::It, 1) => "1 modifica".to_owned(),
        (Lang::En, count) => format!("{count} changes"),
        (Lang::It, count) => format!("{count} modifiche"),
    };
    match (lang, revision) {
        (Lang::En, None) => format!("{changes}; nothing done, as asked"),
        (Lang::It, None) => format!("{changes}; come richiesto, nulla è stato fatto"),
        (Lang::En, Some(revision)) => format!("{changes} in force; journal entry {revision}"),
        (Lang::It, Some(revision)) => format!("{changes} in vigore; voce {revision} del registro"),
    }
}
