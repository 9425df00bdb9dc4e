//! What is to be told, kept until somebody has taken it: `decided -> row -> attempt -> sent`.
//!
//! The transaction that keeps a decision also writes a row for each recipient and each of his ways, so that nothing is
//! decided and then forgotten. A row is marked sent only after the relay's 250: what a crash leaves between the two is
//! sent again, with the Message-ID that was fixed with the row, which is how mailboxes know a duplicate. That is the
//! price; the other order would lose alarms.
//!
//! Everything that can be decided without a network is pure and stands in [`queue`]; `smtp` and `webhook` are what
//! speaks to others, and the loop that runs them is the daemon's ([`crate::serve`]). Secrets are read from files at
//! each attempt, go to the relay or the URL that the file names, and are taken out of everything that is kept or told.

use config::{HostPort, Id};
use serde::{Deserialize, Serialize};

pub(crate) mod queue;
pub(crate) mod row;
pub(crate) mod mime;
pub(crate) mod base64;
pub(crate) mod secrets;
pub(crate) mod tls;
pub(crate) mod smtp;
pub(crate) mod token;
pub(crate) mod recipe;
pub(crate) mod webhook;
pub(crate) mod courier;
#[cfg(test)]
pub(crate) mod example;

pub use row::{OutboxRow, OutboxState, Standing};

/// By what a recipient is told.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// A mail to this address.
    Mail(String),
    /// The recipient's webhook.
    Webhook,
    /// The recipient's gateway of short messages, to this number.
    Sms(String),
}

impl Way {
    /// Of metrics: `mail` or `webhook`.
    pub const fn outlet(&self) -> Outlet {
        match self {
            Self::Mail(_) => Outlet::Mail,
            Self::Webhook | Self::Sms(_) => Outlet::Webhook,
        }
    }
}

impl std::fmt::Display for Way {
    /// As keys and people name it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Mail(address) => f.write_str(address),
            Self::Webhook => f.write_str("webhook"),
            Self::Sms(number) => f.write_str(number),
        }
    }
}

/// What ways have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outlet {
    /// SMTP.
    Mail,
    /// HTTP.
    Webhook,
}

impl Outlet {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Mail, Self::Webhook];

    /// As a label has it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mail => "mail",
            Self::Webhook => "webhook",
        }
    }
}

/// What became of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Somebody has taken it, and said so.
    Taken(String),
    /// It may be taken later.
    Later {
        /// What was said, or what went wrong.
        reply: String,
        /// Was it the way itself (nobody there, no TLS, login refused), and not this one recipient?
        way: bool,
        /// Not before so long from now, ms, if the other side said so.
        after_ms: Option<i64>,
    },
    /// It will never be taken.
    Never(String),
}

impl Outcome {
    /// The way is closed.
    pub(crate) fn no_way(reply: impl Into<String>) -> Self {
        Self::Later { reply: reply.into(), way: true, after_ms: None }
    }

    /// Not this one, not now.
    pub(crate) fn not_now(reply: impl Into<String>) -> Self {
        Self::Later { reply: reply.into(), way: false, after_ms: None }
    }
}

/// Of several relays, asked one after the other until one took it: what is said of the attempt as a whole. Only if each
/// of them refused for good it is for good; a relay that could not be asked might have taken it.
pub(crate) fn of_relays(asked: Vec<(HostPort, Outcome)>) -> Outcome {
    let mut replies = Vec::new();
    let (mut is_final, mut is_way) = (true, true);
    for (relay, outcome) in asked {
        let reply = match outcome {
            Outcome::Taken(reply) => return Outcome::Taken(format!("{relay}: {reply}")),
            Outcome::Later { reply, way, .. } => {
                (is_final, is_way) = (false, is_way && way);
                reply
            }
            Outcome::Never(reply) => {
                is_way = false;
                reply
            }
        };
        replies.push(format!("{relay}: {reply}"));
    }
    let reply = replies.join("; ");
    if is_final && !reply.is_empty() {
        return Outcome::Never(reply);
    }
    Outcome::Later { reply, way: is_way, after_ms: None }
}

/// Whoever is told, and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Addressee {
    /// By the charter.
    pub recipient: Id,
    /// By what.
    pub way: Way,
}

/// Of what others say, characters that are kept.
const REPLY_CHARS_MAX: usize = 400;

/// What others say, fit for a log and a terminal: one line of printable characters, not too long.
pub(crate) fn told(text: &str) -> String {
    let mut plain = String::new();
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()) {
        if !plain.is_empty() {
            plain.push(' ');
        }
        plain.push_str(word);
    }
    if plain.chars().count() > REPLY_CHARS_MAX {
        plain = plain.chars().take(REPLY_CHARS_MAX).chain(['…']).collect();
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relays_together_refuse_for_good_only_if_each_does() {
        let relay = |n: u16| HostPort { host: "r".to_owned(), port: n };
        let never = || Outcome::Never("550 no".to_owned());
        for (asked, expected) in [
            (vec![never()], Outcome::Never("r:1: 550 no".to_owned())),
            (vec![never(), never()], Outcome::Never("r:1: 550 no; r:2: 550 no".to_owned())),
            (vec![never(), Outcome::no_way("refused")], Outcome::not_now("r:1: 550 no; r:2: refused")),
            (vec![Outcome::no_way("a"), Outcome::no_way("b")], Outcome::no_way("r:1: a; r:2: b")),
            (
                vec![Outcome::no_way("a"), Outcome::not_now("451 later")],
                Outcome::not_now("r:1: a; r:2: 451 later"),
            ),
            (
                vec![Outcome::no_way("a"), Outcome::Taken("250 ok".to_owned())],
                Outcome::Taken("r:2: 250 ok".to_owned()),
            ),
        ] {
            let asked = (1..).zip(asked).map(|(n, outcome)| (relay(n), outcome)).collect();
            assert_eq!(of_relays(asked), expected);
        }
    }

    #[test]
    fn what_others_say_is_one_line() {
        assert_eq!(told("550 5.1.1\r\n no\tsuch \u{1b}[31muser"), "550 5.1.1 no such [31muser");
        assert_eq!(told(&"x".repeat(1_000)).chars().count(), REPLY_CHARS_MAX + 1);
    }
}
