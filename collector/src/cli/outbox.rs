//! `vedetta outbox`: what waits to be told and why, what was told; trying again; a test message, which is the first
//! thing to do after writing `collector.mail`.

use std::io::Write;
use std::process::ExitCode;

use super::place::Place;
use super::terminal::{Paint, plain};
use crate::declare::say;
use crate::operator::{Message, OutboxAnswer, OutboxRetryQuestion, OutboxTestQuestion};
use crate::publish::{Lang, format};

/// Show what waits to be sent and what was; try again; send a test message
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Outbox {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    told: Told,
}

/// Where it is asked, and how it is told.
#[derive(Debug, clap::Args)]
struct Told {
    #[command(flatten)]
    place: Place,
    /// As JSON
    #[arg(long)]
    json: bool,
    /// The language of the text
    #[arg(long, value_enum, default_value_t)]
    lang: Lang,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// What waits, and what was told or given up in the last three months
    List(Told),
    /// Try a message now, also one that was given up
    Retry {
        /// As `list` names it
        key: String,
        /// The person root acts for
        #[arg(long = "as", value_name = "NAME")]
        author: Option<String>,
        #[command(flatten)]
        told: Told,
    },
    /// Send a harmless message to a recipient of the charter, by each of its ways, and wait for what becomes of it
    Test {
        /// A name under `alerting`
        recipient: String,
        /// The person root acts for
        #[arg(long = "as", value_name = "NAME")]
        author: Option<String>,
        #[command(flatten)]
        told: Told,
    },
}

/// Of messages that were told, so many are shown.
const TOLD_MAX: usize = 20;

impl Outbox {
    pub(crate) fn run(self, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
        let client = |told: &Told| Ok::<_, anyhow::Error>(told.place.client()?.speaking(told.lang));
        let (answer, told, waited): (OutboxAnswer, Told, bool) = match self.command {
            None => (client(&self.told)?.get_json("/acts/outbox")?, self.told, false),
            Some(Command::List(told)) => (client(&told)?.get_json("/acts/outbox")?, told, false),
            Some(Command::Retry { key, author, told }) => {
                let question = OutboxRetryQuestion { key };
                (client(&told)?.post_json("/acts/outbox-retry", author.as_deref(), &question)?, told, true)
            }
            Some(Command::Test { recipient, author, told }) => {
                let question = OutboxTestQuestion { recipient };
                (client(&told)?.post_json("/acts/outbox-test", author.as_deref(), &question)?, told, true)
            }
        };
        let Told { json, lang, .. } = told;
        if json {
            serde_json::to_writer_pretty(&mut *out, &answer)?;
            writeln!(out)?;
        } else {
            write!(out, "{}", show(&answer, lang, Paint::of_stdout()))?;
        }
        let failed = waited && answer.messages.iter().any(|message| message.standing != "sent");
        Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }
}

fn show(answer: &OutboxAnswer, lang: Lang, paint: Paint) -> String {
    let mut text = String::new();
    if !answer.mails {
        let none = say!(
            "there is no `collector.mail`: nobody is mailed",
            "non c'è `collector.mail`: nessuno riceve posta"
        );
        text.extend([paint.alarm(none.get(lang)).as_str(), "\n"]);
    }
    if answer.messages.is_empty() {
        let none = say!(
            "nothing was to be told in the last three months",
            "negli ultimi tre mesi non c'era nulla da dire"
        );
        text.extend([none.get(lang), "\n"]);
    }
    // What needs a look comes first.
    let order = ["waiting", "given_up", "sent"];
    for standing in order {
        let of = answer.messages.iter().filter(|message| message.standing == standing);
        let max = if standing == "sent" { TOLD_MAX } else { usize::MAX };
        for message in of.take(max) {
            text.push_str(&line(message, lang, paint));
        }
    }
    let sent = answer.messages.iter().filter(|message| message.standing == "sent").count();
    if sent > TOLD_MAX {
        let more = sent - TOLD_MAX;
        let said = say!("and {more} that were sent before (--json)", "e altri {more} inviati prima (--json)");
        text.extend([paint.faint(said.get(lang)).as_str(), "\n"]);
    }
    text
}

/// Two lines: which, and what the other side said.
fn line(message: &Message, lang: Lang, paint: Paint) -> String {
    let Message { key, subject, created_ms, tries, next_ms, tried_ms, reply, .. } = message;
    let (word, tried) = match message.standing.as_str() {
        "sent" => (say!("sent", "inviato"), *tried_ms),
        "given_up" => (say!("given up", "abbandonato"), *tried_ms),
        _ => (say!("waiting", "in attesa"), *next_ms),
    };
    let word = word.get(lang);
    let word = if message.standing == "sent" { word.to_owned() } else { paint.alarm(word) };
    let at = format::date_time(*created_ms, lang);
    let mut text = format!("{word}  {at}  {}\n", paint.strong(&plain(key)));
    if let Some(subject) = subject {
        text.extend(["  ", plain(subject).as_str(), "\n"]);
    }
    let when = tried.map_or_else(String::new, |ms| format::date_time(ms, lang));
    let said = match message.standing.as_str() {
        "waiting" if *tries == 0 => say!("not tried yet", "non ancora tentato"),
        "waiting" => say!(
            "attempts: {tries}, the next at {when}: {reply}",
            "tentativi: {tries}, il prossimo alle {when}: {reply}"
        ),
        _ => say!("{when}, attempt {tries}: {reply}", "{when}, tentativo {tries}: {reply}"),
    };
    text.extend(["  ", plain(said.get(lang)).as_str(), "\n"]);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(standing: &str, tries: u32) -> Message {
        Message {
            key: format!("incident-7.opened/ufficio/{standing}@b.example"),
            recipient: "ufficio".to_owned(),
            way: format!("{standing}@b.example"),
            standing: standing.to_owned(),
            subject: (standing != "sent").then(|| "Posta non disponibile".to_owned()),
            message_id: "x@b.example".to_owned(),
            created_ms: 1_795_421_520_000,
            tries,
            next_ms: (standing == "waiting").then_some(1_795_421_525_000),
            tried_ms: (tries > 0).then_some(1_795_421_521_000),
            reply: "posta.example:587: 250 2.0.0 Ok: queued".to_owned(),
        }
    }

    #[test]
    fn what_needs_a_look_comes_first_and_says_why() {
        let messages = vec![message("sent", 1), message("waiting", 2), message("given_up", 9)];
        let mut answer = OutboxAnswer { at_ms: 0, mails: true, messages };
        let text = show(&answer, Lang::It, Paint::none());
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 8, "{text}");
        assert!(lines[0].starts_with("in attesa  23/11/2026 09:12"), "{text}");
        assert_eq!(lines[1], "  Posta non disponibile");
        assert!(lines[2].contains("tentativi: 2, il prossimo alle 23/11/2026 09:12"), "{text}");
        assert!(lines[3].starts_with("abbandonato") && lines[6].starts_with("inviato"), "{text}");
        assert!(lines[7].ends_with("tentativo 1: posta.example:587: 250 2.0.0 Ok: queued"), "{text}");
        answer.messages.clear();
        answer.mails = false;
        let text = show(&answer, Lang::En, Paint::none());
        assert!(
            text.starts_with("there is no `collector.mail`") && text.contains("nothing was to be told"),
            "{text}"
        );
    }
}
