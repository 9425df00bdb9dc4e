//! What is to be told and what was: `/acts/outbox`, `/acts/outbox-retry`, `/acts/outbox-test`.

use serde::{Deserialize, Serialize};

/// `GET /acts/outbox`, and what a test or a retry led to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutboxAnswer {
    /// When, Unix ms.
    pub at_ms: i64,
    /// Is there a way for mails?
    pub mails: bool,
    /// The newest first.
    pub messages: Vec<Message>,
}

/// One message to one recipient by one way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// How it is named, for `retry`.
    pub key: String,
    /// Whom, by the charter.
    pub recipient: String,
    /// An address, a number, or `webhook`.
    pub way: String,
    /// `waiting`, `sent` or `given_up`.
    pub standing: String,
    /// What people read first; null once it was sent.
    pub subject: Option<String>,
    /// The same at each attempt.
    pub message_id: String,
    /// When it was decided, Unix ms.
    pub created_ms: i64,
    /// Attempts so far.
    pub tries: u32,
    /// When the next is due, Unix ms; null when there is none.
    pub next_ms: Option<i64>,
    /// When the last ended, Unix ms; null before the first.
    pub tried_ms: Option<i64>,
    /// What the other side said, or what went wrong; empty before the first attempt.
    pub reply: String,
}

/// `POST /acts/outbox-retry`.
#[derive(Debug, Serialize, Deserialize)]
pub struct OutboxRetryQuestion {
    /// Of a message that waits or was given up.
    pub key: String,
}

/// `POST /acts/outbox-test`.
#[derive(Debug, Serialize, Deserialize)]
pub struct OutboxTestQuestion {
    /// By the charter in force.
    pub recipient: String,
}
