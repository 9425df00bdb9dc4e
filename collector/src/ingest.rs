//! From an authenticated batch to an acknowledgement: decide, commit, derive, answer.
//!
//! One thread owns the store. It takes what has arrived while the last commit was syncing, decides each
//! batch by the accept rule against the marks as they will be, and writes all of it in one transaction:
//! many agents share one fdatasync. Only after that do marks move, runs grow and answers leave. Order is
//! by stream and number; contents are never a reason to refuse.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use std::time::Instant;

use collector_api::{Batch, Chain, Header, StreamId, limits};
use collector_derive::StepSummary;
use config::{AgentId, Charter};
use thiserror::Error;
use tokio::sync::{mpsc, oneshot};
use tracing::{error, warn};

use crate::journal::{self, Act, JournalError};
use crate::ledger::{Ledger, Step, accepted};
use crate::store::{BatchRow, Mark, Store, StoreError, StreamRow, Write};

/// Jobs that may wait for the store's thread: each agent has one, and operators are few.
const JOBS_MAX: usize = 1024;
/// Rows of one transaction before it is closed; bounds how long its first batch waits for the others.
const GROUP_MAX: usize = 512;
/// Upper bounds of the commit histogram, µs.
pub const COMMIT_BUCKETS_MICROS: [u64; 10] =
    [500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 500_000, 2_000_000];

/// Why something is not in the store.
#[derive(Debug, Clone, Error)]
pub enum IngestError {
    /// The store failed; its own words.
    #[error("{0}")]
    Store(String),
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

/// What becomes of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is durable; the stream's mark.
    Acknowledged(Mark),
    /// It does not follow the mark: send from the number after it.
    Expected(Mark),
    /// Its history is not the one that was accepted.
    Fork(Mark),
    /// The stream is another agent's.
    Foreign,
    /// The agent has opened [`limits::STREAMS_PER_AGENT_MAX`] streams.
    TooManyStreams,
}

/// The accept rule, for a batch `first_seq..=last_seq` that begins with `before`.
///
/// `stored_chain` is the chain after the stored batch that ends at `last_seq`, if there is one.
pub fn decide(
    mark: Mark,
    first_seq: u64,
    header: &Header,
    last_seq: u64,
    stored_chain: Option<Chain>,
) -> Verdict {
    if last_seq <= mark.last_seq {
        let same = stored_chain.is_none_or(|chain| chain == header.after);
        return if same { Verdict::Acknowledged(mark) } else { Verdict::Fork(mark) };
    }
    if first_seq != mark.last_seq + 1 {
        return Verdict::Expected(mark);
    }
    if header.before != mark.chain {
        return Verdict::Fork(mark);
    }
    Verdict::Acknowledged(Mark { last_seq, chain: header.after })
}

/// What was counted since the start.
#[derive(Debug, Default)]
pub struct Counters {
    /// Stored.
    pub accepted: AtomicU64,
    /// Acknowledged again.
    pub repeated: AtomicU64,
    /// Answered 409 or 403.
    pub refused: AtomicU64,
    /// Answered 503.
    pub failed: AtomicU64,
    /// Samples of known checks.
    pub samples: AtomicU64,
    /// Records and groups that cannot be used.
    pub quarantined: AtomicU64,
    /// Numbers without a record.
    pub lost: AtomicU64,
    /// Commits at most as long as the bound of the same place; longer ones are in `commits` alone.
    pub commit_buckets: [AtomicU64; COMMIT_BUCKETS_MICROS.len()],
    /// All commits.
    pub commits: AtomicU64,
    /// Their sum, µs.
    pub commit_micros: AtomicU64,
}

/// The newest of what an agent sent, for those who watch it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Newest {
    /// When a batch of it arrived, Unix ms.
    pub received_ms: i64,
    /// Its clock then.
    pub clock: collector_api::ClockReading,
}

/// What is read while the thread writes.
#[derive(Debug)]
pub struct Known {
    streams: RwLock<BTreeMap<StreamId, StreamRow>>,
    ledger: RwLock<Ledger>,
    newest: RwLock<BTreeMap<AgentId, Newest>>,
    head: RwLock<(journal::Head, Vec<[u8; 32]>)>,
    history: RwLock<Arc<Vec<(i64, Charter)>>>,
    /// See [`Counters`].
    pub counters: Counters,
}

/// The way to the store's thread, and what it knows.
#[derive(Debug)]
pub struct Ingest {
    jobs: mpsc::Sender<Job>,
    known: Arc<Known>,
    thread: std::sync::Mutex<Option<std::thread::JoinHandle<()>>>,
}

type Reply<T> = oneshot::Sender<Result<T, IngestError>>;

enum Job {
    Accept(Box<Arrived>, Reply<Verdict>),
    Record(Box<Drafted>, Reply<u64>),
    Write(Vec<Write>, Reply<()>),
    Checkpoint(Reply<()>),
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

#[derive(Debug)]
struct Drafted {
    at_ms: i64,
    author: String,
    act: Act,
    with: Vec<Write>,
}

impl Ingest {
    /// Loads what the store has and starts its thread.
    pub fn start(store: Box<dyn Store>, step: Step) -> Result<Self, IngestError> {
        let epoch = match store.meta("epoch")? {
            Some(bytes) => String::from_utf8_lossy(&bytes).parse().unwrap_or(1),
            None => 1,
        };
        let entries = store.journal()?;
        let head = journal::check(epoch, &entries)?;
        let history = journal::history(&entries)?;
        let streams: BTreeMap<_, _> = store.streams()?.into_iter().map(|row| (row.stream, row)).collect();
        let ledger = Ledger::load(store.as_ref(), step)?;
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
        let known = Arc::new(Known {
            streams: RwLock::new(streams),
            ledger: RwLock::new(ledger),
            newest: RwLock::new(newest),
            head: RwLock::new((head, entries.iter().map(|entry| entry.hash).collect())),
            history: RwLock::new(Arc::new(history)),
            counters: Counters::default(),
        });
        let (jobs, waiting) = mpsc::channel(JOBS_MAX);
        let writer = Writer { store, known: Arc::clone(&known) };
        let thread = std::thread::Builder::new()
            .name("store".to_owned())
            .spawn(move || writer.run(waiting))
            .map_err(|error| IngestError::Store(error.to_string()))?;
        Ok(Self { jobs, known, thread: std::sync::Mutex::new(Some(thread)) })
    }

    /// What is known, readable at any time.
    pub fn known(&self) -> &Arc<Known> {
        &self.known
    }

    /// Decides and, if it is new, stores a batch. Durable when it returns `Acknowledged`.
    pub async fn accept(&self, arrived: Arrived) -> Result<Verdict, IngestError> {
        self.ask(|reply| Job::Accept(Box::new(arrived), reply)).await
    }

    /// Appends to the journal, together with `with`. Returns the entry's number.
    pub async fn record(
        &self,
        at_ms: i64,
        author: &str,
        act: Act,
        with: Vec<Write>,
    ) -> Result<u64, IngestError> {
        let draft = Box::new(Drafted { at_ms, author: author.to_owned(), act, with });
        self.ask(|reply| Job::Record(draft, reply)).await
    }

    /// Writes what needs no journal entry.
    pub async fn write(&self, writes: Vec<Write>) -> Result<(), IngestError> {
        self.ask(|reply| Job::Write(writes, reply)).await
    }

    /// Makes a checkpoint of what is derived.
    pub async fn checkpoint(&self) -> Result<(), IngestError> {
        self.ask(Job::Checkpoint).await
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

impl Known {
    /// A stream's row.
    pub fn stream(&self, stream: StreamId) -> Option<StreamRow> {
        read(&self.streams).get(&stream).cloned()
    }

    /// All runs and states.
    pub fn ledger(&self) -> RwLockReadGuard<'_, Ledger> {
        read(&self.ledger)
    }

    /// What each agent sent last.
    pub fn newest(&self) -> BTreeMap<AgentId, Newest> {
        read(&self.newest).clone()
    }

    /// The journal's head.
    pub fn head(&self) -> journal::Head {
        read(&self.head).0
    }

    /// The hash of a journal entry.
    pub fn entry_hash(&self, seq: u64) -> Option<[u8; 32]> {
        let index = usize::try_from(seq.checked_sub(1)?).ok()?;
        read(&self.head).1.get(index).copied()
    }

    /// Every charter, with the instant since which it was in force.
    pub fn history(&self) -> Arc<Vec<(i64, Charter)>> {
        Arc::clone(&read(&self.history))
    }
}

struct Writer {
    store: Box<dyn Store>,
    known: Arc<Known>,
}

/// One transaction in the making.
#[derive(Default)]
struct Plan {
    writes: Vec<Write>,
    /// Streams as they will be.
    streams: BTreeMap<StreamId, StreamRow>,
    head: Option<journal::Head>,
    fresh: Vec<(StreamRow, BatchRow, Vec<u8>)>,
    entries: Vec<(i64, Act, [u8; 32])>,
    verdicts: Vec<(Reply<Verdict>, Verdict)>,
    recorded: Vec<(Reply<u64>, u64)>,
    written: Vec<Reply<()>>,
    checkpoint: bool,
    stop: bool,
    failed: Option<IngestError>,
}

impl Writer {
    fn run(mut self, mut waiting: mpsc::Receiver<Job>) {
        while let Some(job) = waiting.blocking_recv() {
            let mut plan = Plan::default();
            self.plan(job, &mut plan);
            while plan.writes.len() < GROUP_MAX && !plan.stop {
                match waiting.try_recv() {
                    Ok(job) => self.plan(job, &mut plan),
                    Err(_) => break,
                }
            }
            if self.carry_out(plan).is_break() {
                return;
            }
        }
    }

    fn plan(&self, job: Job, plan: &mut Plan) {
        match job {
            Job::Accept(arrived, reply) => match self.judge(&arrived, plan) {
                Ok(verdict) => {
                    self.take_in(*arrived, verdict, plan);
                    plan.verdicts.push((reply, verdict));
                }
                Err(error) => answer(reply, Err(error)),
            },
            Job::Record(draft, reply) => {
                let Drafted { at_ms, author, act, with } = *draft;
                let head = plan.head.unwrap_or_else(|| self.known.head());
                match head.next(at_ms, &author, &act) {
                    Ok(entry) => {
                        plan.head = Some(head.after(&entry));
                        plan.entries.push((at_ms, act, entry.hash));
                        plan.recorded.push((reply, entry.seq));
                        plan.writes.push(Write::Journal(entry));
                        plan.writes.extend(with);
                    }
                    Err(error) => answer(reply, Err(IngestError::Entry(error.to_string()))),
                }
            }
            Job::Write(writes, reply) => {
                plan.writes.extend(writes);
                plan.written.push(reply);
            }
            Job::Checkpoint(reply) => {
                plan.checkpoint = true;
                plan.written.push(reply);
            }
            Job::Stop(reply) => {
                plan.checkpoint = true;
                plan.stop = true;
                plan.written.push(reply);
            }
        }
    }

    fn judge(&self, arrived: &Arrived, plan: &Plan) -> Result<Verdict, IngestError> {
        let stream = arrived.header.stream;
        let row = plan.streams.get(&stream).cloned().or_else(|| self.known.stream(stream));
        let mark = match row {
            Some(row) if row.agent != arrived.agent => return Ok(Verdict::Foreign),
            Some(row) => row.mark,
            None if self.streams_of(&arrived.agent, plan) >= limits::STREAMS_PER_AGENT_MAX => {
                return Ok(Verdict::TooManyStreams);
            }
            None => Mark { last_seq: 0, chain: Chain::genesis(stream) },
        };
        let last_seq = arrived.batch.last_seq;
        let stored_chain = if last_seq <= mark.last_seq {
            let planned =
                plan.fresh.iter().find(|(_, row, _)| (row.stream, row.last_seq) == (stream, last_seq));
            match planned {
                Some((_, row, _)) => Some(row.chain),
                None => self.store.boundary(stream, last_seq)?,
            }
        } else {
            None
        };
        Ok(decide(mark, arrived.batch.first_seq, &arrived.header, last_seq, stored_chain))
    }

    fn streams_of(&self, agent: &AgentId, plan: &Plan) -> usize {
        let known = read(&self.known.streams);
        let fresh = plan.streams.values().filter(|row| !known.contains_key(&row.stream));
        known.values().chain(fresh).filter(|row| row.agent == *agent).count()
    }

    /// Adds a batch that moves its stream's mark to the transaction.
    fn take_in(&self, arrived: Arrived, verdict: Verdict, plan: &mut Plan) {
        let counters = &self.known.counters;
        let Arrived { agent, batch, header, groups, received_ms } = arrived;
        let Verdict::Acknowledged(mark) = verdict else {
            counters.refused.fetch_add(1, Ordering::Relaxed);
            return;
        };
        if mark != (Mark { last_seq: batch.last_seq, chain: header.after })
            || plan.streams.get(&header.stream).is_some_and(|row| row.mark == mark)
            || self.known.stream(header.stream).is_some_and(|row| row.mark == mark)
        {
            counters.repeated.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let row = StreamRow { stream: header.stream, agent, mark };
        let kept = BatchRow {
            stream: header.stream,
            first_seq: batch.first_seq,
            last_seq: batch.last_seq,
            chain: header.after,
            signature: header.signature,
            clock: batch.clock,
            received_ms,
            body: batch.body,
        };
        plan.streams.insert(header.stream, row.clone());
        plan.writes.push(Write::Stream(row.clone()));
        plan.writes.push(Write::Batch(kept.clone()));
        plan.fresh.push((row, kept, groups));
    }

    /// Commits, follows, answers. Breaks when the store must not be used any more.
    fn carry_out(&mut self, mut plan: Plan) -> ControlFlow<()> {
        let mut broken = plan.stop;
        if plan.checkpoint {
            // As of the transaction before: what this one brings is replayed, should we die in between.
            plan.writes.extend(self.known.ledger().checkpoint());
        }
        if !plan.writes.is_empty() {
            let began = Instant::now();
            match self.store.commit(&plan.writes) {
                Ok(()) => self.known.counters.committed(began),
                Err(error) => {
                    error!(%error, "a transaction failed; nothing of it is acknowledged");
                    // After a failed sync nobody knows what the disk has: a second try could succeed and
                    // prove nothing. A full disk is the exception: nothing was written.
                    broken |= !matches!(error, StoreError::Full);
                    plan.failed = Some(error.into());
                }
            }
        }
        if plan.failed.is_none() {
            self.swap(&mut plan);
        }
        self.reply(plan);
        if broken { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    /// The transaction is durable: memory follows it.
    fn swap(&self, plan: &mut Plan) {
        let known = &self.known;
        write(&known.streams).append(&mut plan.streams);
        let mut newest = write(&known.newest);
        for (row, batch, _) in &plan.fresh {
            newest.insert(row.agent.clone(), Newest { received_ms: batch.received_ms, clock: batch.clock });
        }
        drop(newest);
        if plan.checkpoint || !plan.fresh.is_empty() {
            let mut ledger = write(&known.ledger);
            if plan.checkpoint {
                ledger.checkpointed();
            }
            for (row, batch, groups) in &plan.fresh {
                known.counters.accepted.fetch_add(1, Ordering::Relaxed);
                let summary = ledger.apply(row.stream, &row.agent, &accepted(batch, groups));
                known.counters.stepped(&summary);
            }
        }
        if let Some(head) = plan.head {
            let mut kept = write(&known.head);
            kept.0 = head;
            kept.1.extend(plan.entries.iter().map(|(_, _, hash)| *hash));
        }
        for (at_ms, act, _) in plan.entries.drain(..) {
            if let Act::Revision { charter } = act {
                let mut history = write(&known.history);
                Arc::make_mut(&mut *history).push((at_ms, *charter));
            }
        }
    }

    fn reply(&self, plan: Plan) {
        let result = plan.failed.map_or(Ok(()), Err);
        for (reply, verdict) in plan.verdicts {
            if result.is_err() {
                self.known.counters.failed.fetch_add(1, Ordering::Relaxed);
            }
            answer(reply, result.clone().map(|()| verdict));
        }
        for (reply, seq) in plan.recorded {
            answer(reply, result.clone().map(|()| seq));
        }
        for reply in plan.written {
            answer(reply, result.clone());
        }
    }
}

impl Counters {
    fn committed(&self, began: Instant) {
        let micros = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
        if let Some(place) = COMMIT_BUCKETS_MICROS.iter().position(|&bound| micros <= bound) {
            self.commit_buckets[place].fetch_add(1, Ordering::Relaxed);
        }
        self.commits.fetch_add(1, Ordering::Relaxed);
        self.commit_micros.fetch_add(micros, Ordering::Relaxed);
    }

    fn stepped(&self, summary: &StepSummary) {
        self.samples.fetch_add(summary.samples, Ordering::Relaxed);
        self.quarantined.fetch_add(summary.quarantined, Ordering::Relaxed);
        self.lost.fetch_add(summary.lost, Ordering::Relaxed);
    }
}

/// Who asked may have gone; what was decided stands.
fn answer<T>(reply: Reply<T>, result: Result<T, IngestError>) {
    if reply.send(result).is_err() {
        warn!("an answer came too late for who asked");
    }
}

fn read<T>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

fn write<T>(lock: &RwLock<T>) -> std::sync::RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}
