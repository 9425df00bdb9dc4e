//! `vedetta mails`: what people would be told by mail if it were told now, and the templates it is made with.

use std::fmt::Write as _;
use std::io::Write;
use std::process::ExitCode;

use anyhow::bail;

use super::place::Place;
use super::terminal::plain;
use crate::publish::Lang;
use crate::publish::api::{Mail, Mails};
use crate::publish::mail::BUILT_IN;

/// Show the mails of this instant: of every open incident, and of the morning
#[derive(Debug, clap::Args)]
pub(crate) struct MailsCommand {
    #[command(flatten)]
    place: Place,
    /// Only these
    #[arg(long, value_enum)]
    kind: Vec<Kind>,
    /// The first one as HTML, to be opened in a browser
    #[arg(long, conflicts_with = "json")]
    html: bool,
    /// Print a built-in template instead, to be edited: mail.txt or mail.html
    #[arg(long, value_name = "FILE", conflicts_with_all = ["kind", "html", "json"])]
    template: Option<String>,
    /// The read API's answer instead of text
    #[arg(long)]
    json: bool,
    /// The language of what is said about mails; they are in Italian with English beside
    #[arg(long, value_enum, default_value_t)]
    lang: Lang,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Kind {
    /// Of each open incident
    Incident,
    /// Of each budget that has a level
    Budget,
    /// What a working day begins with
    Morning,
    /// Of the month that runs, as if it were over
    Digest,
}

impl MailsCommand {
    pub(crate) fn run(self, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
        let Self { place, kind, html, template, json, lang } = self;
        if let Some(template) = template {
            write!(out, "{}", built_in(&template, lang)?)?;
            return Ok(ExitCode::SUCCESS);
        }
        let mut mails: Mails = place.client()?.speaking(lang).get_json("/api/v1/mails")?;
        mails.mails.retain(|mail| is_wanted(mail, &kind));
        if json {
            serde_json::to_writer_pretty(&mut *out, &mails)?;
            writeln!(out)?;
        } else if html {
            let Some(first) = mails.mails.first() else { bail!("{}", none(lang)) };
            write!(out, "{}", first.letter.html)?;
        } else {
            write!(out, "{}", show(&mails, lang))?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Without a wish, what would be sent now: budgets only when they rise, a month only when it is over.
fn is_wanted(mail: &Mail, kinds: &[Kind]) -> bool {
    let kinds = if kinds.is_empty() { &[Kind::Incident, Kind::Morning] } else { kinds };
    kinds.iter().any(|kind| match kind {
        Kind::Incident => mail.kind == "incident",
        Kind::Budget => mail.kind == "budget",
        Kind::Morning => mail.kind == "morning",
        Kind::Digest => mail.kind == "digest",
    })
}

fn built_in(name: &str, lang: Lang) -> anyhow::Result<&'static str> {
    let found = BUILT_IN.iter().find(|(known, _)| *known == name);
    let Some((_, source)) = found else {
        match lang {
            Lang::It => bail!("nessun modello di fabbrica si chiama `{name}`: ci sono mail.txt e mail.html"),
            Lang::En => bail!("no built-in template is called `{name}`: there are mail.txt and mail.html"),
        }
    };
    Ok(source)
}

const fn none(lang: Lang) -> &'static str {
    match lang {
        Lang::It => "adesso non ci sarebbe nulla da inviare",
        Lang::En => "nothing would be sent now",
    }
}

/// One below the other.
fn show(mails: &Mails, lang: Lang) -> String {
    let (subject, attached, broken) = match lang {
        Lang::It => ("Oggetto", "Allegato", "modello inutilizzabile"),
        Lang::En => ("Subject", "Attached", "unusable template"),
    };
    let mut text = String::new();
    for one in &mails.broken {
        let _ = writeln!(text, "! {broken}: {}: {}\n", plain(&one.file), plain(&one.why));
    }
    if mails.mails.is_empty() {
        text.push_str(none(lang));
        text.push('\n');
    }
    for (place, mail) in mails.mails.iter().enumerate() {
        if place > 0 {
            let _ = writeln!(text, "\n{}\n", "=".repeat(78));
        }
        let _ = writeln!(text, "{subject}: {}", plain(&mail.letter.subject));
        for file in &mail.letter.attachments {
            let _ = writeln!(text, "{attached}: {} ({} B)", plain(&file.name), file.bytes.len());
        }
        let lines = mail.letter.text.lines().map(|line| format!("{}\n", plain(line)));
        text.extend(std::iter::once("\n".to_owned()).chain(lines));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::publish::{example, mail};

    fn mails() -> Mails {
        let moment = example::moment();
        let none = |_: &_| Ok::<_, std::convert::Infallible>(Vec::new());
        let decided = moment.alerts.as_deref().unwrap();
        let Ok(mails) = Mails::of(decided, &moment, (&mail::Templates::default(), None), none);
        mails
    }

    #[test]
    fn incidents_and_the_morning_are_shown_unless_others_are_asked_for() {
        let all = mails();
        let kinds: Vec<&str> = all.mails.iter().map(|mail| mail.kind.as_str()).collect();
        assert_eq!(kinds, ["incident", "budget", "morning", "digest"]);
        let wanted: Vec<bool> = all.mails.iter().map(|mail| is_wanted(mail, &[])).collect();
        assert_eq!(wanted, [true, false, true, false]);
        assert!(is_wanted(&all.mails[3], &[Kind::Digest]));
        let text = show(&all, Lang::It);
        assert!(
            text.starts_with("Oggetto: [Carta dei Servizi] URGENTE - Gestione intranet non disponibile\n\n"),
            "{text}"
        );
        assert!(text.contains("\nOggetto: [Carta dei Servizi] Mattina del 23/11: 1 aperto, "), "{text}");
        let none = Mails { mails: Vec::new(), ..all };
        assert_eq!(show(&none, Lang::En), "nothing would be sent now\n");
    }

    #[test]
    fn the_built_in_templates_can_be_had() {
        assert!(built_in("mail.txt", Lang::It).unwrap().contains("\nOggetto: {{ subject }}\n"));
        assert!(built_in("mail.html", Lang::It).is_ok());
        assert!(built_in("../secret", Lang::It).is_err());
    }
}
