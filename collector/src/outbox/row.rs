//! A row as the store keeps it: what is told never changes, how it stands does.

use config::Id;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Addressee, Way};
use crate::publish::mail::Letter;
use crate::store::StoreError;

/// How a row stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It is still to be told.
    Waiting,
    /// Somebody has taken it.
    Sent,
    /// Nobody took it for three days, or it was refused for good.
    GivenUp,
}

impl Standing {
    /// As it is stored and told.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Sent => "sent",
            Self::GivenUp => "given_up",
        }
    }

    /// By its name.
    pub fn of(name: &str) -> Option<Self> {
        [Self::Waiting, Self::Sent, Self::GivenUp].into_iter().find(|one| one.name() == name)
    }
}

/// What changes of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxState {
    /// Of which.
    pub key: String,
    /// How it stands.
    pub standing: Standing,
    /// Attempts that were made.
    pub tries: u32,
    /// When the next one is due, Unix ms.
    pub next_ms: i64,
    /// When this was written, Unix ms.
    pub changed_ms: i64,
    /// What the other side said last, or what went wrong.
    pub reply: String,
}

/// A row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxRow {
    /// [`Content`], as JSON, zstd-compressed.
    pub content: Vec<u8>,
    /// How it stands, and its key.
    pub state: OutboxState,
}

/// What is told, to whom.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Content {
    /// Without `<` and `>`. Fixed for ever: a mailbox that has it already shows no second one.
    pub(crate) message_id: String,
    /// The first message about the same to the same, if this is not it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) thread: Option<String>,
    /// What it is about: an incident's name, else its own.
    pub(crate) about: String,
    /// When that began, Unix ms: tells it from one of the same name in a store that was lost.
    pub(crate) born_ms: i64,
    /// When it was decided, Unix ms.
    pub(crate) created_ms: i64,
    /// To whom.
    pub(crate) to: Addressee,
    /// What people read. Gone once it was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) letter: Option<Letter>,
    /// What programs read.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub(crate) facts: Value,
}

/// A content is at most a mail with its attachments, bytes.
const CONTENT_BYTES_MAX: usize = 32 << 20;

impl Content {
    /// As it is stored.
    pub(crate) fn pack(&self) -> Result<Vec<u8>, String> {
        let json = serde_json::to_vec(self).map_err(|error| error.to_string())?;
        zstd::bulk::compress(&json, 3).map_err(|error| error.to_string())
    }

    /// From what is stored.
    pub(crate) fn open(packed: &[u8]) -> Result<Self, StoreError> {
        let damaged = |error: String| StoreError::Damaged(format!("a row of the outbox: {error}"));
        let json =
            zstd::bulk::decompress(packed, CONTENT_BYTES_MAX).map_err(|error| damaged(error.to_string()))?;
        serde_json::from_slice(&json).map_err(|error| damaged(error.to_string()))
    }

    /// The mail's address.
    pub(crate) fn address(&self) -> Option<&str> {
        match &self.to.way {
            Way::Mail(address) => Some(address),
            Way::Webhook | Way::Sms(_) => None,
        }
    }

    /// Who is told.
    pub(crate) fn recipient(&self) -> &Id {
        &self.to.recipient
    }
}
