//! What operators' commands and the running collector say to each other over the socket, as JSON.
//!
//! Both ends are this binary, of the same version unless the daemon was not restarted after an
//! upgrade; a message that does not decode says so.

mod ack;
mod wish;
mod gaps;
mod outbox;

use serde::{Deserialize, Serialize};

use crate::publish::Lang;
use crate::publish::api::Year;
use crate::restore::Restore;
use crate::seal::Manifest;
pub use ack::{AckAnswer, AckQuestion};
pub use gaps::{Gap, GapCause, GapsAnswer, GapsQuestion};
pub use outbox::{Message, OutboxAnswer, OutboxRetryQuestion, OutboxTestQuestion};
pub use wish::{
    DeclareAnswer, DeclareQuestion, DeclaredAnswer, DeclaredQuestion, DeclaredRow, Held, News, NoticeFacts,
    Said, Until, Wish,
};

/// In the state directory.
pub const SOCKET_NAME: &str = "collector.sock";
/// How root names the person it acts for.
pub const AS_HEADER: &str = "vedetta-as";

/// The body of every answer that is not a success.
#[derive(Debug, Serialize, Deserialize)]
pub struct Trouble {
    /// Cause and cure.
    pub error: String,
    /// The same in Italian, where it was said in both languages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub errore: Option<String>,
}

/// `POST /acts/reload`.
#[derive(Debug, Serialize, Deserialize)]
pub struct ReloadQuestion {
    /// Only tell the difference.
    #[serde(default)]
    pub dry_run: bool,
    /// The language of the answer.
    #[serde(default)]
    pub lang: Lang,
}

/// What a reload did.
#[derive(Debug, Serialize, Deserialize)]
pub struct ReloadAnswer {
    /// The journal entry that records it; `None` when nothing was recorded.
    pub revision: Option<u64>,
    /// One line per change.
    pub changes: Vec<String>,
    /// The file's warnings, rendered.
    pub warnings: Vec<String>,
    /// What a reload cannot do.
    pub notes: Vec<String>,
}

/// `POST /acts/agent-add`.
#[derive(Debug, Serialize, Deserialize)]
pub struct AgentAddQuestion {
    /// Its id in the charter.
    pub agent: String,
    /// Shall an enrolled agent get a new key?
    #[serde(default)]
    pub replace: bool,
}

/// The line to enrol with.
#[derive(Debug, Serialize, Deserialize)]
pub struct AgentAddAnswer {
    /// A `collector_api::EnrolLine`.
    pub line: String,
    /// Until when, Unix ms.
    pub expires_ms: i64,
}

/// `POST /acts/agent-revoke`.
#[derive(Debug, Serialize, Deserialize)]
pub struct AgentRevokeQuestion {
    /// Its id.
    pub agent: String,
}

/// It is done.
#[derive(Debug, Serialize, Deserialize)]
pub struct Done {
    /// A sentence.
    pub message: Said,
}

/// `GET /acts/agents`.
#[derive(Debug, Serialize, Deserialize)]
pub struct AgentsAnswer {
    /// Of the charter in its order, then the others.
    pub agents: Vec<AgentRow>,
}

/// One agent.
#[derive(Debug, Serialize, Deserialize)]
pub struct AgentRow {
    /// Its id.
    pub agent: String,
    /// `not enrolled`, `line printed`, `enrolled`, `revoked`.
    pub state: String,
    /// The charter's sites it is at; empty when the charter does not know it.
    pub sites: Vec<String>,
    /// Its public key, hexadecimal.
    pub key: Option<String>,
    /// Revision of its newest assignment; 0 for none.
    pub assignment: u64,
    /// The newest entry of the journal that it has seen.
    #[serde(default)]
    pub journal: Option<u64>,
    /// An entry that it has seen and the journal does not have.
    #[serde(default)]
    pub journal_missed: Option<u64>,
}

/// `POST /acts/restore`.
#[derive(Debug, Serialize, Deserialize)]
pub struct RestoreQuestion {
    /// How it came about.
    pub note: String,
    /// Only say what would be declared.
    #[serde(default)]
    pub dry_run: bool,
}

/// What a restored journal lost.
#[derive(Debug, Serialize, Deserialize)]
pub struct RestoreAnswer {
    /// The journal entry; `None` when nothing was recorded.
    pub entry: Option<u64>,
    /// Who answers for it.
    pub author: String,
    /// What the entry says.
    pub restore: Restore,
}

/// `POST /acts/seal`.
#[derive(Debug, Serialize, Deserialize)]
pub struct SealQuestion {
    /// The civil year.
    pub year: i16,
    /// Make the next revision of a closed year?
    #[serde(default)]
    pub revise: bool,
    /// Only say what would be sealed.
    #[serde(default)]
    pub dry_run: bool,
    /// Of refusals, differences and notes.
    #[serde(default)]
    pub lang: Lang,
}

/// What was sealed, or would be.
#[derive(Debug, Serialize, Deserialize)]
pub struct SealAnswer {
    /// The journal entry; `None` when nothing was recorded.
    pub entry: Option<u64>,
    /// Who sealed it.
    pub author: String,
    /// Of the manifest's bytes, hexadecimal.
    pub sha256: String,
    /// What the seal attests.
    pub manifest: Manifest,
    /// The figures, as they are told from now on.
    pub figures: Year,
    /// What they say otherwise than the revision before, one line each.
    pub differences: Vec<String>,
    /// What to know.
    pub notes: Vec<String>,
}
