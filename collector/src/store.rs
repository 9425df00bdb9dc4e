//! What is kept, and what keeping promises.
//!
//! [`Store::commit`] is one transaction, durable when it returns: a batch, the stream's new mark and
//! whatever else belongs to them are there together or not at all. Rows of `stream`, `batch`,
//! `journal`, `agent` and `meta` are truth; `run_pack` and `checkpoint` are derived and can be forgotten; `outbox` is
//! what is still to be told, and for three months what was.
//! [`SqliteStore`] keeps it on disk, [`MemoryStore`] until the process ends; one suite of contract tests
//! runs on both.

use std::ops::ControlFlow;

use collector_api::{Batch, BatchError, Chain, ClockReading, Header, Signature, StreamId};
use collector_derive::Accepted;
use config::{AgentId, CheckId};
use ring::digest;
use thiserror::Error;

mod sqlite;
mod memory;
#[cfg(test)]
mod faulty;
#[cfg(test)]
mod contract;

#[cfg(test)]
pub(crate) use faulty::FaultyStore;
pub use memory::MemoryStore;
pub use sqlite::SqliteStore;

use crate::enrol::AgentRecord;
use crate::journal::Entry;
use crate::outbox::{OutboxRow, OutboxState};

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
    /// A write or a read failed, or another process holds the store: the next request may succeed.
    #[error("the store cannot be used at the moment ({0}); agents keep their samples until it can")]
    Refused(String),
    /// A sync failed. The kernel may have dropped what it could not write and call the next sync a
    /// success: nothing that this process still does can prove what the disk has.
    #[error(
        "the disk did not confirm what was written ({0}); nothing of it was acknowledged. Look at the disk, \
         then start the collector again: it reads the store anew, and agents send again what it lacks"
    )]
    Unsynced(String),
    /// Anything else: the store is not what this version took it for.
    #[error("the store failed: {0}")]
    Failed(String),
}

impl StoreError {
    /// May the same process go on using the store?
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Full | Self::Refused(_))
    }
}

/// Where a stream stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// Every number up to here is durable.
    pub last_seq: u64,
    /// The chain value there.
    pub chain: Chain,
}

/// A hash over what is fixed at accept for each batch of a stream, in order: agents sign their batches,
/// but not when those arrived, and of batches that are merged only the newest signature is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Receipts(pub [u8; 32]);

impl Receipts {
    /// Before the first batch of an agent's first stream.
    pub const NONE: Self = Self([0; 32]);

    /// Before the first batch of a stream that opens after `spoken_ms` ([`StreamRow::spoken_ms`]).
    #[must_use]
    pub fn opening_after(spoken_ms: Option<i64>) -> Self {
        let Some(spoken_ms) = spoken_ms else { return Self::NONE };
        let mut context = digest::Context::new(&digest::SHA256);
        context.update(b"vedetta/opening/v1\0");
        context.update(&spoken_ms.to_be_bytes());
        let mut hash = [0; 32];
        hash.copy_from_slice(context.finish().as_ref());
        Self(hash)
    }

    /// After the batch `first_seq..=last_seq` that arrived at `received_ms` with this clock.
    #[must_use]
    pub fn and(self, first_seq: u64, last_seq: u64, received_ms: i64, clock: &ClockReading) -> Self {
        let mut context = digest::Context::new(&digest::SHA256);
        context.update(b"vedetta/receipt/v1\0");
        context.update(&self.0);
        context.update(&first_seq.to_be_bytes());
        context.update(&last_seq.to_be_bytes());
        context.update(&received_ms.to_be_bytes());
        context.update(&clock.sent_ms.to_be_bytes());
        context.update(&clock.offset_ms.to_be_bytes());
        context.update(&clock.rtt_ms.to_be_bytes());
        context.update(&clock.ntp_error_ms.to_be_bytes());
        let mut hash = [0; 32];
        hash.copy_from_slice(context.finish().as_ref());
        Self(hash)
    }
}

/// One stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamRow {
    /// Which.
    pub stream: StreamId,
    /// Whose, for ever.
    pub agent: AgentId,
    /// Until when the agent's other streams had spoken when this one's first batch was accepted, Unix ms;
    /// `None` if there were none. Fixed at accept: when the stream opened follows from it.
    pub spoken_ms: Option<i64>,
    /// Its mark.
    pub mark: Mark,
    /// Of its opening and its batches.
    pub receipts: Receipts,
}

/// An accepted batch as received, or several of one day that [`crate::compact`] has merged.
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
    /// The batches it was merged from; empty for one as received. Chain, signature, clock and time of
    /// the row are those of the newest, whose signature attests all before it.
    pub parts: Vec<Part>,
}

/// What is kept of a batch that was merged with others.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub struct Part {
    /// Number of the first record.
    #[prost(uint64, tag = "1")]
    pub first_seq: u64,
    /// Number of the last.
    #[prost(uint64, tag = "2")]
    pub last_seq: u64,
    /// When it arrived, Unix ms.
    #[prost(sint64, tag = "3")]
    pub received_ms: i64,
    /// Fixed at accept.
    #[prost(message, required, tag = "4")]
    pub clock: ClockReading,
    /// Its share of the plain body.
    #[prost(uint64, tag = "5")]
    pub bytes: u64,
}

impl BatchRow {
    /// As it is stored when it arrives.
    pub fn received(batch: Batch, header: &Header, received_ms: i64) -> Self {
        Self {
            stream: header.stream,
            first_seq: batch.first_seq,
            last_seq: batch.last_seq,
            chain: header.after,
            signature: header.signature,
            clock: batch.clock,
            received_ms,
            body: batch.body,
            parts: Vec::new(),
        }
    }

    /// The plain groups, within limits.
    pub fn open(&self) -> Result<Vec<u8>, BatchError> {
        if self.parts.is_empty() {
            return collector_api::decompress(&self.body);
        }
        let bytes = self.parts.iter().fold(0, |sum: u64, part| sum.saturating_add(part.bytes));
        let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
        if bytes > MERGED_BYTES_MAX {
            return Err(BatchError::Body(format!("{bytes} bytes were merged, over the limit")));
        }
        let plain = zstd::bulk::decompress(&self.body, bytes);
        let plain = plain.map_err(|error| BatchError::Body(error.to_string()))?;
        if plain.len() == bytes {
            Ok(plain)
        } else {
            Err(BatchError::Body(format!("{} bytes where {bytes} were merged", plain.len())))
        }
    }

    /// The batches in it, as they were accepted. `groups` is what [`BatchRow::open`] gave.
    pub fn batches<'a>(&'a self, groups: &'a [u8]) -> impl Iterator<Item = Accepted<'a>> {
        let whole = self.parts.is_empty().then_some(Accepted {
            first_seq: self.first_seq,
            last_seq: self.last_seq,
            received_ms: self.received_ms,
            clock: self.clock,
            groups,
        });
        let mut rest = groups;
        whole.into_iter().chain(self.parts.iter().map(move |part| {
            let length = usize::try_from(part.bytes).unwrap_or(usize::MAX).min(rest.len());
            let (groups, after) = rest.split_at(length);
            rest = after;
            let Part { first_seq, last_seq, received_ms, clock, .. } = *part;
            Accepted { first_seq, last_seq, received_ms, clock, groups }
        }))
    }
}

/// What one merged row may hold after decompression, bytes.
pub const MERGED_BYTES_MAX: usize = 16 << 20;

/// Some closed runs of one check in one stream, in their order: as many as a pack takes, but in the newest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunsRow {
    /// Which check.
    pub check: CheckId,
    /// Which stream.
    pub stream: StreamId,
    /// 0 for the oldest, then one more for each.
    pub place: u32,
    /// [`collector_derive::encode_runs`].
    pub runs: Vec<u8>,
}

/// One row to write; [`Store::commit`] takes many.
#[derive(Debug, Clone, PartialEq)]
pub enum Write {
    /// Sets a value of `meta`.
    Meta(String, Vec<u8>),
    /// Inserts a stream, or moves its mark and receipts: whose it is and after what it opened stay.
    Stream(StreamRow),
    /// Inserts a batch.
    Batch(BatchRow),
    /// Puts a row in the place of those it was merged from.
    Merged(BatchRow),
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
    /// Inserts a row of the outbox, unless there is one of its key.
    Outbox(OutboxRow),
    /// How a row of the outbox stands from now on; nothing if it is gone.
    OutboxState(OutboxState),
    /// Deletes the rows of the outbox that no longer wait and changed last before this instant, Unix ms.
    ForgetOutbox(i64),
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
    /// Every pack, by check, stream and place.
    fn runs(&self) -> Result<Vec<RunsRow>, StoreError>;
    /// The packs of one stream, by check and place.
    fn runs_of(&self, stream: StreamId) -> Result<Vec<RunsRow>, StoreError>;
    /// The checkpoint of one stream.
    fn checkpoint_of(&self, stream: StreamId) -> Result<Option<Vec<u8>>, StoreError>;
    /// Every row of the outbox, by key.
    fn outbox(&self) -> Result<Vec<OutboxRow>, StoreError>;
    /// Every checkpoint, by stream.
    fn checkpoints(&self) -> Result<Vec<(StreamId, Vec<u8>)>, StoreError>;
    /// What the engine itself finds wrong with its file, one sentence each.
    fn defects(&self) -> Result<Vec<String>, StoreError>;
}
