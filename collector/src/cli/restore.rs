//! `vedetta restore --declare`: answers for what the journal lost when the store was restored from a copy.
//!
//! Files are restored with the collector stopped; this is the act that belongs in the journal afterwards.

use std::io::Write;
use std::process::ExitCode;

use super::place::Place;
use crate::declare::say;
use crate::operator::{RestoreAnswer, RestoreQuestion};
use crate::publish::Lang;

/// Declare that the store was restored from an older copy, and answer for the journal's entries it lost
#[derive(Debug, clap::Args)]
pub(crate) struct Restore {
    /// Name in the journal what is missing of it, and open its next epoch: `vedetta verify` tells it from then on
    /// as a declared loss, and agents accept the journal as it is
    #[arg(long, required = true)]
    declare: bool,
    /// How it came about
    #[arg(long)]
    note: String,
    #[command(flatten)]
    place: Place,
    /// Only say what would be declared
    #[arg(long)]
    dry_run: bool,
    /// The person root acts for
    #[arg(long = "as", value_name = "NAME")]
    author: Option<String>,
    /// As JSON
    #[arg(long)]
    json: bool,
    /// The language of the text
    #[arg(long, value_enum, default_value_t)]
    lang: Lang,
}

impl Restore {
    pub(crate) fn run(self, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
        let Self { declare: _, note, place, dry_run, author, json, lang } = self;
        let question = RestoreQuestion { note, dry_run };
        let client = place.client()?.speaking(lang);
        let answer: RestoreAnswer = client.post_json("/acts/restore", author.as_deref(), &question)?;
        if json {
            serde_json::to_writer_pretty(&mut *out, &answer)?;
            writeln!(out)?;
        } else {
            write!(out, "{}", show(&answer, lang))?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn show(answer: &RestoreAnswer, lang: Lang) -> String {
    let RestoreAnswer { entry, author, restore } = answer;
    let epoch = restore.epoch;
    let outcome = match entry {
        Some(entry) => say!(
            "declared by {author}: journal entry {entry}, which opens epoch {epoch}",
            "dichiarato da {author}: voce {entry} del registro, che apre l'epoca {epoch}"
        ),
        None => say!(
            "dry run: nothing was written; it would open epoch {epoch}",
            "prova: nulla è stato scritto; si aprirebbe l'epoca {epoch}"
        ),
    };
    format!("{}\n{}\n", restore.words().get(lang), outcome.get(lang))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::restore::{Lost, Restore};
    use crate::witness::Seen;

    #[test]
    fn what_is_lost_comes_first_in_both_languages() {
        let head = Seen { epoch: 1, seq: 12, hash: "ab".repeat(32) };
        let resumed = Some(Seen { seq: 8, ..head.clone() });
        let lost = vec![Lost { agent: "ced1".to_owned(), head }];
        let restore = Restore { epoch: 2, resumed, lost, note: "disco nuovo".to_owned() };
        let mut answer = RestoreAnswer { entry: Some(11), author: "root".to_owned(), restore };
        assert_eq!(
            show(&answer, Lang::It),
            "le voci da 9 a 12 del registro sono andate perse (viste da `ced1` #12)\n\
             dichiarato da root: voce 11 del registro, che apre l'epoca 2\n"
        );
        answer.entry = None;
        assert!(show(&answer, Lang::En).ends_with("dry run: nothing was written; it would open epoch 2\n"));
    }
}
