//! What every command that declares something shares: who, how, in which language, and what is told after.

use std::io::Write;

use collector_derive::{Declaration, ForcedState, Scope};

use super::asked;
use super::place::Place;
use super::terminal::{Paint, plain};
use super::when::{Towards, When, length};
use crate::clock::Clock;
use crate::declare::say;
use crate::operator::{DeclareAnswer, DeclareQuestion, DeclaredAnswer, Said, Wish};
use crate::publish::Lang;
use crate::publish::words::{account, notices};

/// Arguments of every command that declares something.
#[derive(Debug, clap::Args)]
pub(super) struct Declaring {
    #[command(flatten)]
    pub(super) place: Place,
    /// Who does it, when root acts for a person
    #[arg(long = "as", value_name = "NAME")]
    author: Option<String>,
    /// Only check it and show what would be recorded
    #[arg(long)]
    pub(super) dry_run: bool,
    /// JSON instead of text
    #[arg(long)]
    pub(super) json: bool,
    /// The language of the text
    #[arg(long, value_enum, default_value_t)]
    pub(super) lang: Lang,
}

/// A stretch of time, as typed: both ends, or one and a length.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("end").required(true).args(["to", "lasting"]))]
pub(super) struct Stretch {
    /// Its first instant: `saturday 14:00`, `2027-03-06 14:00` (in Italy), or with an offset
    #[arg(long, value_name = "TIME")]
    pub(super) from: String,
    /// Its end
    #[arg(long, value_name = "TIME")]
    pub(super) to: Option<String>,
    /// Its length, such as 6h, 90m or 2d
    #[arg(long = "for", value_name = "LENGTH")]
    pub(super) lasting: Option<String>,
}

/// An entry of the journal: `12` or `#12`.
pub(super) fn entry(text: &str) -> Result<u64, String> {
    let number = text.strip_prefix('#').unwrap_or(text);
    number.parse().map_err(|_| "an entry is named by its number in the journal, such as 12".to_owned())
}

/// A sentence as a command's failure.
pub(super) fn failure(said: &Said, lang: Lang) -> anyhow::Error {
    anyhow::anyhow!("{}", said.get(lang))
}

/// Scopes as typed, for people.
pub(super) fn scopes(scopes: &[Scope]) -> String {
    scopes.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

impl Declaring {
    /// Now, Unix ms, by this machine: what `saturday` is relative to. The collector judges by its own.
    pub(super) fn now_ms() -> i64 {
        Clock::system().now_ms()
    }

    /// A time as typed. Adds to `doubts` what a change of clocks made of it.
    pub(super) fn time(&self, text: &str, towards: Towards, doubts: &mut Vec<Said>) -> anyhow::Result<When> {
        let when = When::parse(text, Self::now_ms(), towards).map_err(|said| failure(&said, self.lang))?;
        doubts.extend(when.doubt());
        Ok(when)
    }

    /// A length of time as typed, ms.
    pub(super) fn length(&self, text: &str) -> anyhow::Result<i64> {
        length(text).map_err(|said| failure(&said, self.lang))
    }

    /// A stretch of the past.
    pub(super) fn past(
        &self,
        stretch: &Stretch,
        doubts: &mut Vec<Said>,
    ) -> anyhow::Result<collector_derive::Window> {
        let now_ms = Self::now_ms();
        let from_ms = self.time(&stretch.from, Towards::Before(now_ms), doubts)?.at_ms;
        let to_ms = match (&stretch.to, &stretch.lasting) {
            (Some(to), _) => self.time(to, Towards::After(from_ms), doubts)?.at_ms,
            (None, Some(lasting)) => from_ms.saturating_add(self.length(lasting)?),
            (None, None) => from_ms,
        };
        // An empty one is refused by the collector, with everything else that is wrong.
        Ok(collector_derive::Window { from_ms, to_ms })
    }

    /// What is declared so far, or was at an instant.
    pub(super) fn declared(&self, as_of: Option<&str>) -> anyhow::Result<DeclaredAnswer> {
        let as_of_ms = as_of.map(|text| asked::as_of_ms(text, self.lang)).transpose()?;
        self.place.client()?.speaking(self.lang).get_json(&asked::declared(as_of_ms))
    }

    /// Sends a wish and tells what became of it.
    pub(super) fn declare(&self, wish: Wish, doubts: Vec<Said>, out: &mut dyn Write) -> anyhow::Result<()> {
        let question = DeclareQuestion { wish, dry_run: self.dry_run };
        let client = self.place.client()?.speaking(self.lang);
        let mut answer: DeclareAnswer =
            client.post_json("/acts/declare", self.author.as_deref(), &question)?;
        answer.doubts.splice(0..0, doubts);
        if self.json {
            serde_json::to_writer_pretty(&mut *out, &answer)?;
            writeln!(out)?;
        } else {
            let text = tell(&answer, Self::now_ms(), self.lang, Paint::of_stdout());
            write!(out, "{text}")?;
        }
        Ok(())
    }
}

/// What was declared: the entry, its times with their offsets, what is doubtful, a notice for users.
fn tell(answer: &DeclareAnswer, now_ms: i64, lang: Lang, paint: Paint) -> String {
    use std::fmt::Write as _;
    let mut text = String::new();
    let first = match answer.entry {
        Some(entry) => {
            say!("journal entry #{entry}, by {}", "voce #{entry} del registro, di {}", answer.author)
        }
        None => say!(
            "nothing is recorded, as asked; it would be by {}",
            "non è stato registrato nulla, come chiesto; sarebbe di {}",
            answer.author
        ),
    };
    let _ = writeln!(text, "{}", paint.strong(&plain(first.get(lang))));
    let _ = writeln!(text, "{}", plain(sentence(answer).get(lang)));
    for held in &answer.windows {
        let in_time = match (held.in_time, lang) {
            (true, Lang::It) => "in tempo",
            (true, Lang::En) => "in time",
            (false, Lang::It) => "TARDIVA",
            (false, Lang::En) => "LATE",
        };
        let _ = writeln!(text, "  {}  {in_time}", notices::window(held.from_ms, held.to_ms, lang));
    }
    for doubt in &answer.doubts {
        let attention = if lang == Lang::It { "attenzione" } else { "attention" };
        let _ = writeln!(text, "{}: {}", paint.alarm(attention), plain(doubt.get(lang)));
    }
    if let Some(facts) = &answer.notice {
        // Users read Italian, whatever the operator reads.
        let _ = write!(text, "\n{}", notices::notice(facts, &answer.windows, now_ms, Lang::It));
        if lang == Lang::En {
            let _ = write!(text, "\n{}", notices::notice(facts, &answer.windows, now_ms, Lang::En));
        }
    }
    text
}

/// What the journal now says, in a sentence.
pub(super) fn sentence(answer: &DeclareAnswer) -> Said {
    let window =
        |window: &collector_derive::Window, lang| notices::window(window.from_ms, window.to_ms, lang);
    let both = |en: String, it: String| Said { en, it };
    match &answer.declaration {
        Declaration::Maintenance { scope, .. } => {
            let scope = scopes(scope);
            say!("maintenance of {scope}:", "manutenzione di {scope}:")
        }
        Declaration::Extended { entry, .. } => {
            say!("maintenance #{entry} now lasts:", "la manutenzione #{entry} ora dura:")
        }
        Declaration::Closed { entry, .. } => {
            say!("maintenance #{entry} is over:", "la manutenzione #{entry} è conclusa:")
        }
        Declaration::Cancelled { entry, .. } if answer.windows.is_empty() => {
            say!("maintenance #{entry} is called off", "la manutenzione #{entry} è disdetta")
        }
        Declaration::Cancelled { entry, .. } => say!(
            "what is to come of maintenance #{entry} is called off; what was held stays:",
            "il resto della manutenzione #{entry} è disdetto; ciò che si è svolto resta:"
        ),
        Declaration::Annulled { scope, window: when, .. } => {
            let scope = scopes(scope);
            both(
                format!("annulled, so that it counts as unobserved: {scope}, {}", window(when, Lang::En)),
                format!("annullato, quindi conta come non osservato: {scope}, {}", window(when, Lang::It)),
            )
        }
        Declaration::Forced { state: ForcedState::Down, scope, window: when, .. } => {
            let scope = scopes(scope);
            both(
                format!("counts as down: {scope}, {}", window(when, Lang::En)),
                format!("conta come fermo: {scope}, {}", window(when, Lang::It)),
            )
        }
        Declaration::Forced { state: ForcedState::Up, scope, window: when, .. } => {
            let (scope, entry) =
                (scopes(scope), answer.entry.map_or("N".to_owned(), |entry| entry.to_string()));
            both(
                format!(
                    "proposed as up: {scope}, {}; it has no effect until another person runs `vedetta approve {entry}` with an own account",
                    window(when, Lang::En)
                ),
                format!(
                    "proposto come disponibile: {scope}, {}; non ha effetto finché un'altra persona non esegue `vedetta approve {entry}` con il proprio account",
                    window(when, Lang::It)
                ),
            )
        }
        Declaration::Approved { entry } => say!(
            "entry #{entry} is approved and has effect from now on",
            "la voce #{entry} è approvata e ha effetto da ora"
        ),
        Declaration::Revoked { entry, .. } if !answer.windows.is_empty() => say!(
            "entry #{entry} is taken back; it stays in the journal, and this is planned again:",
            "la voce #{entry} è revocata; resta nel registro, e torna previsto:"
        ),
        Declaration::Revoked { entry, .. } => say!(
            "entry #{entry} is taken back; it stays in the journal, without effect",
            "la voce #{entry} è revocata; resta nel registro, senza effetto"
        ),
        Declaration::Annotated { outage, cause, .. } => {
            let (en, it) = (account::cause(cause.name(), Lang::En), account::cause(cause.name(), Lang::It));
            both(format!("cause of {outage}: {en}"), format!("causa di {outage}: {it}"))
        }
    }
}
