//! `vedetta seal YEAR`: closes a year; `--revise` makes its next revision, and says what it changes.

use std::io::Write;
use std::process::ExitCode;

use super::place::Place;
use crate::operator::{SealAnswer, SealQuestion};
use crate::publish::{Lang, page};

/// Close a year that is over, so that its figures stay as they are told
#[derive(Debug, clap::Args)]
pub(crate) struct Seal {
    /// The civil year
    year: i16,
    #[command(flatten)]
    place: Place,
    /// Make the next revision of a closed year from what came since; prints every difference
    #[arg(long)]
    revise: bool,
    /// Only say what would be sealed
    #[arg(long)]
    dry_run: bool,
    /// The person root acts for
    #[arg(long = "as", value_name = "NAME")]
    author: Option<String>,
    /// The manifest and the figures as JSON
    #[arg(long)]
    json: bool,
    /// The language of the text
    #[arg(long, value_enum, default_value_t)]
    lang: Lang,
}

impl Seal {
    pub(crate) fn run(self, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
        let Self { year, revise, dry_run, lang, .. } = self;
        let question = SealQuestion { year, revise, dry_run, lang };
        let answer: SealAnswer =
            self.place.client()?.speaking(lang).post_json("/acts/seal", self.author.as_deref(), &question)?;
        if self.json {
            serde_json::to_writer_pretty(&mut *out, &answer)?;
            writeln!(out)?;
        } else {
            write!(out, "{}", show(&answer, lang))?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn show(answer: &SealAnswer, lang: Lang) -> String {
    let mut lines = Vec::new();
    for service in &answer.figures.services {
        let promise = service.commitments.first();
        let target = promise.map(|promise| &promise.target);
        let verdict = page::verdict(promise, &service.unmeasured, false, lang);
        lines.push(format!("  {}: {} · {verdict}", service.name, service.figure.headline(target, lang)));
    }
    let (year, revision) = (answer.manifest.year, answer.manifest.revision);
    if !answer.differences.is_empty() {
        lines.push(match lang {
            Lang::It => format!("rispetto alla revisione {}:", revision - 1),
            Lang::En => format!("against revision {}:", revision - 1),
        });
        lines.extend(answer.differences.iter().map(|difference| format!("  {difference}")));
    }
    let note = match lang {
        Lang::It => "nota",
        Lang::En => "note",
    };
    lines.extend(answer.notes.iter().map(|words| format!("{note}: {words}")));
    let author = &answer.author;
    lines.push(match (answer.entry, lang) {
        (Some(entry), Lang::It) => {
            format!("{year} chiuso, revisione {revision}, da {author}: voce {entry} del registro")
        }
        (Some(entry), Lang::En) => {
            format!("{year} sealed, revision {revision}, by {author}: journal entry {entry}")
        }
        (None, Lang::It) => format!("prova: nulla è stato scritto; sarebbe la revisione {revision}"),
        (None, Lang::En) => format!("dry run: nothing was written; it would be revision {revision}"),
    });
    lines.push(format!("SHA-256 {}\n", answer.sha256));
    lines.join("\n")
}
