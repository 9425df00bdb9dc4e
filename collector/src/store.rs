//! What is kept, and what keeping promises.
//!
//! [`Store::commit`] is one transaction, durable when it returns: a batch, the stream's new mark and
//! whatever else belongs to them are there together or not at all. Rows of `stream`, `batch`,
//! `journal`, `agent` and `meta` are truth; `runs` and `checkpoint` are derived and can be forgotten.

use std::ops::ControlFlow;

use collector_api::{Chain, ClockReading, Signature, StreamId};
use config::{AgentId, CheckId};
use thiserror::Error;

mod sqlite;

pub use sqlite::SqliteStore;

use crate::enrol::AgentRecord;
use crate::journal::Entry;

/// Why the store did not do it. Nothing of a failed commit is kept.
#[derive(Debug, Error)]
pub enum StoreError {
    /// No room: requests are answered 503 until there is.
    #[error("the store's disk is full; free some space, agents keep their samples meanwhile")]
    Full,
    /// The bundled library has a bug that corrupts (before 3.51.3).
    #[error("SQLite {0} is too old; this binary must be built with 3.51.3 or later")]
    TooOld(&'static str),
    /// A later version wrote it.
    #[error("the store has format {found}, this version reads {ours}; go back to the later version")]
    Format {
        /// As stored.
        found: String,
        /// Ours.
        ours: u32,
    },
    /// A row that we did not write so.
    #[error("the store is damaged: {0}; restore it from a backup, agents send again what is missing")]
    Damaged(String),
    /// Anything else.
    #[error("the store failed: {0}")]
    Failed(String),
}

/// A stream and where its mark stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// Every number up to here is durable.
    pub last_seq: u64,
    /// The chain value there.
    pub chain: Chain,
}

/// One stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamRow {
    /// Which.
    pub stream: StreamId,
    /// Whose, for ever.
    pub agent: AgentId,
    /// Its mark.
    pub mark: Mark,
}

/// An accepted batch, as received.
#[derive(Debug, Clone, PartialEq)]
pub struct BatchRow {
    /// Of which stream.
    pub stream: StreamId,
    /// Number of the first record.
    pub first_seq: u64,
    /// Number of the last.
    pub last_seq: u64,
    /// Chain value after it.
    pub chain: Chain,
    /// The agent's, over the header.
    pub signature: Signature,
    /// Fixed at accept.
    pub clock: ClockReading,
    /// When it arrived, Unix ms.
    pub received_ms: i64,
    /// The zstd frame.
    pub body: Vec<u8>,
}

/// The closed runs of one check in one stream that began in one UTC month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunsRow {
    /// Which check.
    pub check: CheckId,
    /// Which stream.
    pub stream: StreamId,
    /// `year * 12 + month - 1`.
    pub month: i64,
    /// [`collector_derive::encode_runs`].
    pub runs: Vec<u8>,
}

/// One row to write; [`Store::commit`] takes many.
#[derive(Debug, Clone, PartialEq)]
pub enum Write {
    /// Sets a value of `meta`.
    Meta(String, Vec<u8>),
    /// Inserts a stream or moves its mark.
    Stream(StreamRow),
    /// Inserts a batch.
    Batch(BatchRow),
    /// Appends to the journal.
    Journal(Entry),
    /// Inserts or replaces an agent.
    Agent(String, AgentRecord),
    /// Inserts or replaces a pack.
    Runs(RunsRow),
    /// Inserts or replaces a stream's checkpoint.
    Checkpoint(StreamId, Vec<u8>),
    /// Deletes a stream's packs and checkpoint.
    ForgetDerived(StreamId),
}

/// Where truth is kept. One writer; the trait is what its contract tests say.
pub trait Store: Send {
    /// Writes all or nothing; durable when it returns.
    fn commit(&mut self, writes: &[Write]) -> Result<(), StoreError>;
    /// A value of `meta`.
    fn meta(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError>;
    /// Every stream, by id.
    fn streams(&self) -> Result<Vec<StreamRow>, StoreError>;
    /// Every agent that ever had a line, by id.
    fn agents(&self) -> Result<Vec<(String, AgentRecord)>, StoreError>;
    /// The chain value after the batch that ends at `last_seq`, if one does.
    fn boundary(&self, stream: StreamId, last_seq: u64) -> Result<Option<Chain>, StoreError>;
    /// The batches of a stream that end after `after_seq`, in order.
    fn batches(
        &self,
        stream: StreamId,
        after_seq: u64,
        each: &mut dyn FnMut(BatchRow) -> ControlFlow<()>,
    ) -> Result<(), StoreError>;
    /// The newest batch of a stream.
    fn newest_batch(&self, stream: StreamId) -> Result<Option<BatchRow>, StoreError>;
    /// The journal, in order.
    fn journal(&self) -> Result<Vec<Entry>, StoreError>;
    /// Every pack, by check, stream and month.
    fn runs(&self) -> Result<Vec<RunsRow>, StoreError>;
    /// Every checkpoint, by stream.
    fn checkpoints(&self) -> Result<Vec<(StreamId, Vec<u8>)>, StoreError>;
}
