//! From what an operator wishes to what the journal declares, or a sentence why not. Pure.
//!
//! Everything is checked against the charter in force and the journal so far before anything is written;
//! what is odd but may be meant is declared with a doubt that the command prints.
//!
//! **Another person.** A `force up` makes time count as available that no probe saw so: it has no effect until
//! another person approves it. Who is another is one question here and in the figures
//! ([`collector_derive::same_person`]): persons are accounts, told apart by the uid that the kernel tells of the
//! socket's peer and the journal keeps. Root acting `--as` somebody is root, whomever it names: one who can name
//! anybody proves nobody, so that neither two names of root nor root without a name approve each other; the
//! collector's own user is nobody's account, and so root as well; and whom root named does not approve what was
//! proposed for them. Root approves what somebody else proposed with an own account. That this was not the same
//! person by `sudo` cannot be seen from here (the peer is root, and what `sudo` says of who called it is
//! root's word); the journal keeps both for ever. Two people who share an account are one. Of a proposal of before
//! uids were kept the name is looked up: one that no longer leads to a uid proves nothing.
//!
//! **Taking back.** A revocation can be revoked like any other entry (D10). Only a `force up` does not come back so:
//! who approved it once need not stand for it any more, and one person would have it alone.

mod names;
mod register;
mod maintenance;
mod correction;
mod effect;

use collector_derive::{
    BY_ROOT, Cause, Declaration, Declared, ForcedState, NOBODY, Notices, Scope, Window, same_person,
};
use config::{Charter, ServiceId};
use thiserror::Error;

use crate::operator::{DeclaredRow, Held, News, NoticeFacts, Said, Until, Wish};
use crate::publish::Lang;
use crate::publish::words::notices::{self, moment};
pub use effect::is_idle;
use register::{Announced, Item, Register};

/// The name of uid 0, whatever the machine calls it.
pub(crate) const ROOT: &str = "root";

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;
/// Work that is planned further ahead has a slip of the pen in its year.
const AHEAD_MAX_MS: i64 = 400 * DAY_MS;
/// No work takes longer at a stretch.
const LENGTH_MAX_MS: i64 = 31 * DAY_MS;
/// Work that takes longer is worth a question.
const LENGTH_USUAL_MS: i64 = 2 * DAY_MS;
/// Of one entry: ten years of every month.
const WINDOWS_MAX: usize = 120;
/// Notes and evidence are references, not documents.
const TEXT_BYTES_MAX: usize = 2_000;

/// Both languages at once, so that neither is forgotten.
macro_rules! say {
    ($en:literal, $it:literal $(, $arg:expr)* $(,)?) => {
        $crate::operator::Said {
            en: format_args!($en $(, $arg)*).to_string(),
            it: format_args!($it $(, $arg)*).to_string(),
        }
    };
}
pub(crate) use say;

/// Why nothing is declared, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct Refusal(pub Said);

/// Who declares something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// As the journal names them.
    pub name: String,
    /// Of the socket's peer; 0 for root and the collector's own user.
    pub uid: u32,
}

/// What a wish is judged against.
#[derive(Debug, Clone, Copy)]
pub struct Situation<'a> {
    /// Now, Unix ms, and not before the journal's newest entry.
    pub now_ms: i64,
    /// The charter in force.
    pub charter: &'a Charter,
    /// What notice it and those before it ask.
    pub notices: &'a Notices,
    /// Entries of the journal so far.
    pub head: u64,
    /// What was declared so far.
    pub declared: &'a [Declared],
    /// The outages of the year that the wish names one of, of every service.
    pub outages: &'a [Stopped],
    /// The uid behind an author whom root did not name, 0 for root and the collector's own, if it can be told: of
    /// entries that do not say it.
    pub account: fn(&str) -> Option<u32>,
}

/// An outage, as far as declarations name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stopped {
    /// As `vedetta outages` shows it.
    pub id: String,
    /// Whose.
    pub service: ServiceId,
    /// When, up to now while it lasts.
    pub window: Window,
    /// Does it last?
    pub ongoing: bool,
    /// What was down in it.
    pub checks: Vec<String>,
}

/// What is to be written, and what to say about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// For the journal.
    pub declaration: Declaration,
    /// Of the maintenance it is about, as it then is.
    pub windows: Vec<Held>,
    /// What a careful reader would ask about.
    pub doubts: Vec<Said>,
    /// For users: of maintenance to come, called off, or over early.
    pub notice: Option<NoticeFacts>,
}

/// The outage that a wish names.
pub fn outage_of(wish: &Wish) -> Option<&str> {
    match wish {
        Wish::AnnulOutage { outage, .. } | Wish::Annotate { outage, .. } => Some(outage),
        _ => None,
    }
}

/// The first instant of an outage by its id, Unix ms to the second: `rete-2026-11-23T08:10:00Z`; of one that
/// is mistyped its day, so that those of the same year can be offered.
pub fn instant_of(outage: &str) -> Option<i64> {
    // A service's name has no `T`; its dashes are why the instant is counted from the end.
    let (before, _) = outage.rsplit_once('T')?;
    let (cut, _) = before.char_indices().rev().nth(9)?;
    let instant = outage.get(cut..)?.parse::<jiff::Timestamp>().ok();
    let day = || format!("{}T00:00:00Z", outage.get(cut..cut + 10)?).parse().ok();
    Some(instant.or_else(day)?.as_millisecond())
}

/// What has become of every declaration, by the notice that was asked when each was made.
pub fn rows(declared: &[Declared], notices: &Notices) -> Vec<DeclaredRow> {
    Register::of(declared).rows(notices)
}

/// Checks a wish of `author`, and says what the journal will say.
pub fn judge(wish: &Wish, author: &Person, situation: &Situation<'_>) -> Result<Judged, Refusal> {
    let judge = Judge { situation: *situation, register: Register::of(situation.declared), author };
    match wish {
        Wish::Maintain { scope, windows, note } => judge.maintain(scope, windows, note),
        Wish::Extend { entry, until, note } => judge.extend(*entry, *until, note),
        Wish::Close { entry, at_ms, note } => judge.close(*entry, *at_ms, note),
        Wish::Cancel { entry, note } => judge.cancel(*entry, note),
        Wish::AnnulOutage { outage, note } => judge.annul_outage(outage, note),
        Wish::Annul { scope, window, note } => judge.annul(scope, *window, note),
        Wish::Force { state, scope, window, evidence, note } => {
            judge.force(*state, scope, *window, evidence, note)
        }
        Wish::Approve { entry } => judge.approve(*entry),
        Wish::Revoke { entry, note } => judge.revoke(*entry, note),
        Wish::Annotate { outage, cause, note } => judge.annotate(outage, *cause, note),
    }
}

struct Judge<'a> {
    situation: Situation<'a>,
    register: Register<'a>,
    author: &'a Person,
}

impl Judged {
    fn plain(declaration: Declaration) -> Self {
        Self { declaration, windows: Vec::new(), doubts: Vec::new(), notice: None }
    }
}

/// A note or evidence: something, not a document, nothing that moves a terminal's cursor.
pub(crate) fn text(text: &str, option: &str) -> Result<String, Refusal> {
    let text = text.trim();
    if text.chars().filter(|character| character.is_alphanumeric()).count() < 3 {
        return Err(Refusal(say!(
            "say why with `{option} \"…\"`, in at least three letters: whoever reads the figure in a year must understand it",
            "di' perché con `{option} \"…\"`, con almeno tre lettere: chi leggerà il dato fra un anno deve capirlo"
        )));
    }
    if text.len() > TEXT_BYTES_MAX {
        return Err(Refusal(say!(
            "`{option}` is longer than {TEXT_BYTES_MAX} bytes; name the document instead of copying it",
            "`{option}` supera i {TEXT_BYTES_MAX} byte; cita il documento invece di copiarlo"
        )));
    }
    if text.chars().any(char::is_control) {
        return Err(Refusal(say!(
            "`{option}` has a line break or another control character; write it in one line",
            "`{option}` contiene un a capo o un altro carattere di controllo; scrivilo in una riga"
        )));
    }
    Ok(text.to_owned())
}

/// A note that may be left out.
fn remark(note: &str) -> Result<String, Refusal> {
    if note.trim().is_empty() { Ok(String::new()) } else { text(note, "--note") }
}

/// A declaration's name for people.
fn kind(declaration: &Declaration) -> Said {
    match declaration {
        Declaration::Maintenance { .. } => say!("a maintenance", "una manutenzione"),
        Declaration::Extended { .. } => say!("an extension", "un prolungamento"),
        Declaration::Closed { .. } => say!("an early end", "una chiusura anticipata"),
        Declaration::Cancelled { .. } => say!("a cancellation", "una disdetta"),
        Declaration::Annulled { .. } => say!("an annulment", "un annullamento"),
        Declaration::Forced { state: ForcedState::Up, .. } => say!("a `force up`", "un `force up`"),
        Declaration::Forced { state: ForcedState::Down, .. } => say!("a `force down`", "un `force down`"),
        Declaration::Approved { .. } => say!("an approval", "un'approvazione"),
        Declaration::Revoked { .. } => say!("a revocation", "una revoca"),
        Declaration::Annotated { .. } => say!("an annotation", "un'annotazione"),
    }
}

impl<'a> Judge<'a> {
    /// An entry with the account behind it, for approvals: see the head of this file.
    fn with_account(&self, entry: &Declared) -> Result<Declared, Refusal> {
        let author = entry.author.as_str();
        let uid = match entry.uid {
            Some(uid) => Some(uid),
            None if author == ROOT || author.ends_with(BY_ROOT) => Some(0),
            None => (self.situation.account)(author),
        };
        match uid {
            None | Some(NOBODY) => Err(Refusal(say!(
                "whose account `{author}` is cannot be told on this machine, nor whether another person approves; what matters must be proposed and approved by accounts that `getent passwd` shows",
                "non si può sapere su questa macchina di chi sia l'account `{author}`, né se ad approvare sia un'altra persona; proposta e approvazione vanno fatte da account che `getent passwd` mostra"
            ))),
            uid => Ok(Declared { uid, ..entry.clone() }),
        }
    }

    /// The entry that this would be.
    fn next_entry(&self, declaration: Declaration) -> Declared {
        let Situation { now_ms, head, .. } = self.situation;
        let Person { name, uid } = self.author.clone();
        Declared { entry: head.saturating_add(1), at_ms: now_ms, author: name, uid: Some(uid), declaration }
    }

    /// The declaration of an entry that is in force; refused for what it cannot be `done`.
    fn item(&self, entry: u64) -> Result<&Item<'a>, Refusal> {
        let Some(item) = self.register.get(entry) else {
            let head = self.situation.head;
            return Err(Refusal(if entry == 0 || entry > head {
                say!(
                    "the journal has no entry #{entry}, its newest is #{head}; `vedetta maintenance list --all` shows what is declared",
                    "il registro non ha la voce #{entry}, l'ultima è la #{head}; `vedetta maintenance list --all` mostra le dichiarazioni"
                )
            } else {
                say!(
                    "entry #{entry} declares nothing (it records a configuration, an agent or streams); `vedetta maintenance list --all` shows what is declared",
                    "la voce #{entry} non è una dichiarazione (registra una configurazione, una sonda o i flussi); `vedetta maintenance list --all` mostra le dichiarazioni"
                )
            }));
        };
        if let Some(by) = item.revoked_by {
            return Err(Refusal(say!(
                "entry #{entry} was taken back by #{by} already; declare anew what you mean, or take that back with `vedetta revoke {by}`",
                "la voce #{entry} è già stata revocata dalla #{by}; dichiara di nuovo ciò che intendi, oppure revoca la revoca con `vedetta revoke {by}`"
            )));
        }
        Ok(item)
    }

    /// The outage of an id.
    fn outage(&self, id: &str) -> Result<&'a Stopped, Refusal> {
        let outages = self.situation.outages;
        if let Some(outage) = outages.iter().find(|outage| outage.id == id) {
            return Ok(outage);
        }
        let known: Vec<&str> = outages.iter().map(|outage| outage.id.as_str()).collect();
        let near = config::nearest_names(id, &known, 3);
        let near = near.iter().map(|id| format!("`{id}`")).collect::<Vec<_>>().join(", ");
        Err(Refusal(if near.is_empty() {
            say!(
                "there is no outage `{id}`; `vedetta outages --year YYYY` lists them with their ids",
                "non c'è un'interruzione `{id}`; `vedetta outages --year AAAA` le elenca con gli id"
            )
        } else {
            say!(
                "there is no outage `{id}`; nearest: {near}; `vedetta outages --year YYYY` lists them all",
                "non c'è un'interruzione `{id}`; le più vicine: {near}; `vedetta outages --year AAAA` le elenca tutte"
            )
        }))
    }
}

#[cfg(test)]
mod tests;
