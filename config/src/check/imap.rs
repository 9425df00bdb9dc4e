//! What `probe: imap` asks.

use serde::{Deserialize, Serialize};

use super::{Family, MailServer};
use crate::Fraction;

/// Parameters of `probe: imap`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImapParams {
    /// Where, and how.
    pub server: MailServer,
    /// The mailbox that is looked into, read-only; only after a login.
    #[serde(default = "inbox")]
    pub mailbox: String,
    /// A message that must be there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub newest: Option<ImapNewest>,
    /// A mailbox fuller than this share of its quota is degraded. Not asked for when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quota_warn: Option<Fraction>,
    /// Which addresses of a name to use.
    #[serde(default)]
    pub family: Family,
}

/// A message that comes again and again: the mail of a job that has run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImapNewest {
    /// In its `From`, if given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// In its `Subject`, if given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Older than this is degraded, ms.
    pub within_ms: u64,
    /// Older than this is down, ms.
    pub down_after_ms: u64,
}

impl ImapNewest {
    /// Of a text that is searched for, bytes.
    pub const TEXT_BYTES_MAX: usize = 256;
    /// The greatest age that can be asked for, ms: a year and a day.
    pub const AGE_MAX_MS: u64 = 366 * 86_400_000;
}

fn inbox() -> String {
    "INBOX".to_owned()
}
