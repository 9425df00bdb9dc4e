//! What `probe: mail_round_trip` asks.

use serde::{Deserialize, Serialize};

use super::MailServer;

/// Parameters of `probe: mail_round_trip`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoundTripParams {
    /// The recipient.
    pub to: String,
    /// The sender; bounces go there.
    pub from: String,
    /// Where a message is handed in.
    pub submit: MailServer,
    /// Where it is looked for, by IMAP; with a login.
    pub receive: MailServer,
    /// The mailbox in which it should arrive.
    #[serde(default = "inbox")]
    pub mailbox: String,
    /// Mailboxes in which it should not, and is looked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub junk: Vec<String>,
    /// A message that takes longer is degraded, ms.
    pub within_ms: u64,
    /// A message that takes longer is down, ms.
    pub deadline_ms: u64,
    /// Messages under way at once, 1 to 3.
    pub keep_in_flight: u32,
    /// Must the receiver's `Authentication-Results` say pass?
    #[serde(default)]
    pub authenticated: bool,
}

impl RoundTripParams {
    /// Degraded after this, unless the charter says otherwise, ms.
    pub const WITHIN_MS: u64 = 2 * 60_000;
    /// Down after this, unless the charter says otherwise, ms.
    pub const DEADLINE_MS: u64 = 10 * 60_000;
    /// The longest deadline, ms: a mail server itself gives up after days.
    pub const DEADLINE_MAX_MS: u64 = 86_400_000;
    /// Messages under way at once, at most.
    pub const IN_FLIGHT_MAX: u32 = 3;
    /// Junk mailboxes, at most.
    pub const JUNK_MAX: usize = 4;
}

fn inbox() -> String {
    "INBOX".to_owned()
}
