//! From an authenticated batch to an acknowledgement: decide, commit, derive, answer.
//!
//! One thread owns the store. It takes what has arrived while the last commit was syncing, decides each
//! batch by the accept rule against the marks as they will be, and writes all of it in one transaction:
//! many agents share one fdatasync. Only after that do marks move, runs grow and answers leave. Order is
//! by stream and number; contents are never a reason to refuse.
//!
//! Batches and entries are stamped with the instant they came at, but never earlier than one that was
//! committed before, nor than an instant whose state was told ([`Ingest::settle`]): what was known at T is a
//! prefix of everything, and stays it. Price: after a clock that ran ahead was set right, stamps stand still
//! until the right time has passed them. The present meanwhile is everything that is known, so that what people
//! declare has its effect at once; a charter judges from its stamp on, and `reload` says so; a maintenance counts
//! as announced at its stamp, hence perhaps late; and an as-of shows such entries only when their time has come.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicI64;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use collector_api::{Batch, Header, StreamId};
use config::AgentId;
use thiserror::Error;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tracing::error;

mod accept;
mod known;
mod plan;
mod writer;
#[cfg(test)]
pub(crate) mod example;
#[cfg(test)]
mod tests;

pub use accept::{Verdict, decide};
pub use known::{COMMIT_BUCKETS_MICROS, Counters, Known, Newest};
use plan::Attested;
use writer::Writer;

use crate::journal::{self, Act, JournalError};
use crate::ledger::{Ledger, Step};
use crate::store::{Store, StoreError, StreamRow, Write};

/// Jobs that may wait for the store's thread: each agent has one, and operators are few.
const JOBS_MAX: usize = 1024;
/// Bytes of opened batches that may wait for it, or be in its transaction.
const WAITING_BYTES_MAX: usize = 64 << 20;

/// Of `meta`: the newest instant that was settled, Unix ms, big endian.
const SETTLED_KEY: &str = "settled";

/// Why something is not in the store.
#[derive(Debug, Clone, Error)]
pub enum IngestError {
    /// The store failed; its own words.
    #[error("{0}")]
    Store(String),
    /// More than [`WAITING_BYTES_MAX`] would wait.
    #[error("too much waits for the store; try again in a moment")]
    Crowded,
    /// The thread has ended.
    #[error("the store is closed")]
    Closed,
    /// The journal cannot be used.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// An entry that JSON cannot say; a defect of ours.
    #[error("a journal entry cannot be written: {0}")]
    Entry(String),
}

impl From<StoreError> for IngestError {
    fn from(error: StoreError) -> Self {
        Self::Store(error.to_string())
    }
}

/// The way to the store's thread, and what it knows.
#[derive(Debug)]
pub struct Ingest {
    jobs: mpsc::Sender<Job>,
    /// What of [`WAITING_BYTES_MAX`] is free.
    room: Arc<Semaphore>,
    known: Arc<Known>,
    thread: std::sync::Mutex<Option<std::thread::JoinHandle<()>>>,
}

type Reply<T> = oneshot::Sender<Result<T, IngestError>>;

enum Job {
    /// With its part of the room, given back when it is decided and, if it is new, derived.
    Accept(Box<Arrived>, OwnedSemaphorePermit, Reply<Verdict>),
    Record(Box<Drafted>, Reply<u64>),
    Write(Vec<Write>, Reply<()>),
    /// Nothing is to be stamped at or before this instant any more, Unix ms.
    Settle(i64, Reply<()>),
    /// At this instant, Unix ms.
    Checkpoint(i64, Reply<()>),
    Stop(Reply<()>),
}

/// A batch that is authenticated, within limits, and whose groups give the signed chain.
#[derive(Debug)]
pub struct Arrived {
    /// Whose.
    pub agent: AgentId,
    /// As sent.
    pub batch: Batch,
    /// Its fields.
    pub header: Header,
    /// Its groups.
    pub groups: Vec<u8>,
    /// When, Unix ms.
    pub received_ms: i64,
}

/// A journal entry that has no number yet.
#[derive(Debug)]
struct Drafted {
    /// What the clock says; the journal decides what it is stamped with ([`journal::Head::next`]).
    now_ms: i64,
    author: String,
    act: Act,
    /// What belongs to it.
    with: Vec<Write>,
}

impl Ingest {
    /// Loads what the store has and starts its thread.
    pub fn start(store: Box<dyn Store>, step: Step) -> Result<Self, IngestError> {
        Self::start_with(store, Ledger::new(step))
    }

    /// With an empty ledger.
    pub(crate) fn start_with(store: Box<dyn Store>, mut ledger: Ledger) -> Result<Self, IngestError> {
        let entries = store.journal()?;
        let head = journal::check(&entries)?;
        let history = journal::history(&entries)?;
        let declared = journal::declared(&entries)?;
        let streams: BTreeMap<_, _> = store.streams()?.into_iter().map(|row| (row.stream, row)).collect();
        ledger.load_all(store.as_ref())?;
        let newest = newest_of(store.as_ref(), &streams)?;
        let stamps = newest.values().map(|newest| newest.received_ms);
        let stamp_ms =
            stamps.chain([head.at_ms]).chain(settled_ms(store.as_ref())?).max().unwrap_or(i64::MIN);
        let attested = Attested::by(&entries)?;
        let known = Arc::new(Known {
            streams: RwLock::new(streams),
            ledger: RwLock::new(ledger),
            newest: RwLock::new(newest),
            head: RwLock::new((head, entries.iter().map(|entry| entry.hash).collect())),
            history: RwLock::new(Arc::new(history)),
            declared: RwLock::new(Arc::new(declared)),
            sealed: RwLock::new(Arc::new(journal::sealed(&entries)?)),
            restored: RwLock::new(Arc::new(journal::restored(&entries)?)),
            stamp_ms: AtomicI64::new(stamp_ms),
            failed: OnceLock::new(),
            failing: tokio::sync::Notify::new(),
            counters: Counters::default(),
        });
        let (jobs, waiting) = mpsc::channel(JOBS_MAX);
        let writer = Writer { store, known: Arc::clone(&known), attested };
        let thread = std::thread::Builder::new()
            .name("store".to_owned())
            .spawn(move || writer.run(waiting))
            .map_err(|error| IngestError::Store(error.to_string()))?;
        let room = Arc::new(Semaphore::new(WAITING_BYTES_MAX));
        Ok(Self { jobs, room, known, thread: std::sync::Mutex::new(Some(thread)) })
    }

    /// What is known, readable at any time.
    pub fn known(&self) -> &Arc<Known> {
        &self.known
    }

    /// Decides and, if it is new, stores a batch. Durable when it returns `Acknowledged`; `Crowded` at once
    /// when too much waits already.
    pub async fn accept(&self, arrived: Arrived) -> Result<Verdict, IngestError> {
        let bytes = u32::try_from(arrived.groups.len() + arrived.batch.body.len()).unwrap_or(u32::MAX);
        let room = Arc::clone(&self.room).try_acquire_many_owned(bytes);
        let room = room.map_err(|_| IngestError::Crowded)?;
        self.ask(|reply| Job::Accept(Box::new(arrived), room, reply)).await
    }

    /// Appends to the journal, together with `with`. Returns the entry's number.
    pub async fn record(
        &self,
        now_ms: i64,
        author: &str,
        act: Act,
        with: Vec<Write>,
    ) -> Result<u64, IngestError> {
        let draft = Box::new(Drafted { now_ms, author: author.to_owned(), act, with });
        self.ask(|reply| Job::Record(draft, reply)).await
    }

    /// Writes what needs no journal entry.
    pub async fn write(&self, writes: Vec<Write>) -> Result<(), IngestError> {
        self.ask(|reply| Job::Write(writes, reply)).await
    }

    /// When it returns, everything that is or will be stamped at or before `as_of_ms` is in the store, now and
    /// after any restart: what was known then cannot change any more. Not for async threads.
    pub fn settle(&self, as_of_ms: i64) -> Result<(), IngestError> {
        if as_of_ms < self.known.stamp_ms() {
            return Ok(());
        }
        let (reply, answer) = oneshot::channel();
        self.jobs.blocking_send(Job::Settle(as_of_ms, reply)).map_err(|_| IngestError::Closed)?;
        answer.blocking_recv().map_err(|_| IngestError::Closed)?
    }

    /// Makes a checkpoint of what is derived, tries stale streams again that are due, and once an hour
    /// enters the streams' heads in the journal. After an error everything else goes on.
    pub async fn checkpoint(&self, now_ms: i64) -> Result<(), IngestError> {
        self.ask(|reply| Job::Checkpoint(now_ms, reply)).await
    }

    /// Makes a last checkpoint and closes the store. What is asked afterwards is answered `Closed`.
    pub async fn close(&self) -> Result<(), IngestError> {
        self.ask(Job::Stop).await
    }

    /// Does the store's thread still run?
    pub fn is_alive(&self) -> bool {
        !self.jobs.is_closed()
    }

    async fn ask<T>(&self, job: impl FnOnce(Reply<T>) -> Job) -> Result<T, IngestError> {
        let (reply, answer) = oneshot::channel();
        self.jobs.send(job(reply)).await.map_err(|_| IngestError::Closed)?;
        answer.await.map_err(|_| IngestError::Closed)?
    }
}

impl Drop for Ingest {
    /// Waits for the thread, so that nobody opens the store while it still writes.
    fn drop(&mut self) {
        let (closed, _) = mpsc::channel(1);
        self.jobs = closed;
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread
            && thread.join().is_err()
        {
            error!("the store's thread had failed");
        }
    }
}

/// The first instant that may still be stamped, by what was settled.
fn settled_ms(store: &dyn Store) -> Result<Option<i64>, StoreError> {
    let kept = store.meta(SETTLED_KEY)?.and_then(|bytes| Some(i64::from_be_bytes(bytes.try_into().ok()?)));
    Ok(kept.map(|as_of_ms| as_of_ms.saturating_add(1)))
}

/// What each agent sent last.
fn newest_of(
    store: &dyn Store,
    streams: &BTreeMap<StreamId, StreamRow>,
) -> Result<BTreeMap<AgentId, Newest>, StoreError> {
    let mut newest: BTreeMap<AgentId, Newest> = BTreeMap::new();
    for row in streams.values() {
        if let Some(batch) = store.newest_batch(row.stream)? {
            let found = Newest { received_ms: batch.received_ms, clock: batch.clock };
            let known = newest.entry(row.agent.clone()).or_insert(found);
            if known.received_ms < found.received_ms {
                *known = found;
            }
        }
    }
    Ok(newest)
}
