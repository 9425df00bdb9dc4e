//! The one thread that owns the store.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use collector_api::{Chain, StreamId, limits};
use config::AgentId;
use tokio::sync::mpsc;
use tracing::{error, warn};

use super::accept::{Verdict, decide};
use super::known::{Known, Newest, read, write};
use super::{Arrived, Drafted, IngestError, Job, Reply};
use crate::journal::{self, Act, Entry, JournalError, StreamHead};
use crate::store::{BatchRow, Mark, Receipts, Store, StoreError, StreamRow, Write};

/// Rows of one transaction before it is closed; bounds how long its first batch waits for the others.
const GROUP_MAX: usize = 512;
/// Bytes of bodies in one transaction before it is closed.
const GROUP_BYTES_MAX: usize = 4 << 20;
/// Between two entries of streams' heads, ms.
const ATTEST_EVERY_MS: i64 = 3_600_000;
/// Who writes entries that no person caused.
const AUTHOR: &str = "vedetta";

pub(super) struct Writer {
    pub(super) store: Box<dyn Store>,
    pub(super) known: Arc<Known>,
    pub(super) attested: Attested,
}

/// Which streams' heads the journal has.
#[derive(Debug, Default)]
pub(super) struct Attested {
    at_ms: i64,
    marks: BTreeMap<String, u64>,
}

impl Attested {
    /// As the entries say.
    pub(super) fn by(entries: &[Entry]) -> Result<Self, JournalError> {
        let mut attested = Self::default();
        for entry in entries {
            if let Act::StreamHeads { heads } = entry.read()? {
                attested.add(entry.at_ms, &heads);
            }
        }
        Ok(attested)
    }

    fn add(&mut self, at_ms: i64, heads: &[StreamHead]) {
        self.at_ms = at_ms;
        self.marks.extend(heads.iter().map(|head| (head.stream.clone(), head.last_seq)));
    }
}

/// One transaction in the making.
#[derive(Default)]
struct Plan {
    writes: Vec<Write>,
    /// Of the bodies.
    bytes: usize,
    /// Streams as they will be.
    streams: BTreeMap<StreamId, StreamRow>,
    head: Option<journal::Head>,
    fresh: Vec<Fresh>,
    entries: Vec<(i64, Act, [u8; 32])>,
    verdicts: Vec<(Reply<Verdict>, Verdict)>,
    recorded: Vec<(Reply<u64>, u64)>,
    written: Vec<Reply<()>>,
    checkpoint: bool,
    stop: bool,
    failed: Option<IngestError>,
}

/// A batch that is not in the ledger yet.
struct Fresh {
    agent: AgentId,
    /// Of its row, in the plan.
    write: usize,
    groups: Vec<u8>,
}

impl Plan {
    fn is_closed(&self) -> bool {
        self.stop || self.writes.len() >= GROUP_MAX || self.bytes >= GROUP_BYTES_MAX
    }

    fn row(&self, fresh: &Fresh) -> Option<&BatchRow> {
        match self.writes.get(fresh.write) {
            Some(Write::Batch(row)) => Some(row),
            _ => None,
        }
    }
}

impl Writer {
    pub(super) fn run(mut self, mut waiting: mpsc::Receiver<Job>) {
        while let Some(job) = waiting.blocking_recv() {
            let mut plan = Plan::default();
            self.plan(job, &mut plan);
            while !plan.is_closed() {
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
            Job::Record(draft, reply) => match self.enter(*draft, plan) {
                Ok(seq) => plan.recorded.push((reply, seq)),
                Err(error) => answer(reply, Err(error)),
            },
            Job::Write(writes, reply) => {
                plan.writes.extend(writes);
                plan.written.push(reply);
            }
            Job::Checkpoint(now_ms, reply) => {
                plan.checkpoint = true;
                match self.attest(now_ms, plan) {
                    Ok(()) => plan.written.push(reply),
                    Err(error) => answer(reply, Err(error)),
                }
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
            let mut planned = plan.fresh.iter().filter_map(|fresh| plan.row(fresh));
            match planned.find(|row| (row.stream, row.last_seq) == (stream, last_seq)) {
                Some(row) => Some(row.chain),
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
        let before = plan.streams.get(&header.stream).cloned().or_else(|| self.known.stream(header.stream));
        if before.as_ref().is_some_and(|row| row.mark == mark) {
            counters.repeated.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let receipts = before.map_or(Receipts::NONE, |row| row.receipts);
        let receipts = receipts.and(batch.first_seq, batch.last_seq, received_ms, &batch.clock);
        let row = StreamRow { stream: header.stream, agent: agent.clone(), mark, receipts };
        plan.streams.insert(header.stream, row);
        plan.bytes += batch.body.len();
        plan.fresh.push(Fresh { agent, write: plan.writes.len(), groups });
        plan.writes.push(Write::Batch(BatchRow {
            stream: header.stream,
            first_seq: batch.first_seq,
            last_seq: batch.last_seq,
            chain: header.after,
            signature: header.signature,
            clock: batch.clock,
            received_ms,
            body: batch.body,
            parts: Vec::new(),
        }));
    }

    /// Adds an entry to the journal.
    fn enter(&self, draft: Drafted, plan: &mut Plan) -> Result<u64, IngestError> {
        let Drafted { at_ms, author, act, with } = draft;
        let head = plan.head.unwrap_or_else(|| self.known.head());
        let entry = head.next(at_ms, &author, &act).map_err(|error| IngestError::Entry(error.to_string()))?;
        let seq = entry.seq;
        plan.head = Some(head.after(&entry));
        plan.entries.push((at_ms, act, entry.hash));
        plan.writes.push(Write::Journal(entry));
        plan.writes.extend(with);
        Ok(seq)
    }

    /// Once an hour: how far each stream has come, so that nobody can cut its end off unseen.
    fn attest(&self, now_ms: i64, plan: &mut Plan) -> Result<(), IngestError> {
        if (0..ATTEST_EVERY_MS).contains(&now_ms.saturating_sub(self.attested.at_ms)) {
            return Ok(());
        }
        let mut streams = read(&self.known.streams).clone();
        streams.extend(plan.streams.iter().map(|(stream, row)| (*stream, row.clone())));
        let heads: Vec<StreamHead> = streams
            .values()
            .map(StreamHead::of)
            .filter(|head| self.attested.marks.get(&head.stream) != Some(&head.last_seq))
            .collect();
        if heads.is_empty() {
            return Ok(());
        }
        let act = Act::StreamHeads { heads };
        self.enter(Drafted { at_ms: now_ms, author: AUTHOR.to_owned(), act, with: Vec::new() }, plan)?;
        Ok(())
    }

    /// Commits, follows, answers. Breaks when the store must not be used any more.
    fn carry_out(&mut self, mut plan: Plan) -> ControlFlow<()> {
        let mut broken = plan.stop;
        plan.writes.extend(plan.streams.values().cloned().map(Write::Stream));
        if plan.checkpoint {
            self.retry_stale();
            // As of the transaction before: what this one brings is replayed, should we die in between.
            plan.writes.extend(read(&self.known.ledger).checkpoint());
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

    /// Readers go on reading what they have; they wait only while the result is put in place.
    fn retry_stale(&self) {
        let retried = read(&self.known.ledger).retried(self.store.as_ref());
        match retried {
            Ok(whole) if whole.is_empty() => {}
            Ok(whole) => {
                let mut ledger = write(&self.known.ledger);
                for one in whole {
                    ledger.adopt(one);
                }
            }
            Err(error) => warn!(%error, "a stale stream could not be read again"),
        }
    }

    /// The transaction is durable: memory follows it.
    fn swap(&mut self, plan: &mut Plan) {
        let known = &self.known;
        write(&known.streams).append(&mut plan.streams);
        if !plan.fresh.is_empty() {
            let mut newest = write(&known.newest);
            for fresh in &plan.fresh {
                if let Some(row) = plan.row(fresh) {
                    let seen = Newest { received_ms: row.received_ms, clock: row.clock };
                    newest.insert(fresh.agent.clone(), seen);
                }
            }
        }
        if plan.checkpoint || !plan.fresh.is_empty() {
            let mut ledger = write(&known.ledger);
            if plan.checkpoint {
                ledger.checkpointed();
            }
            for fresh in &plan.fresh {
                let Some(row) = plan.row(fresh) else { continue };
                known.counters.accepted.fetch_add(1, Ordering::Relaxed);
                for batch in row.batches(&fresh.groups) {
                    let summary = ledger.apply(row.stream, &fresh.agent, &batch);
                    known.counters.stepped(&summary);
                }
            }
        }
        if let Some(head) = plan.head {
            let mut kept = write(&known.head);
            kept.0 = head;
            kept.1.extend(plan.entries.iter().map(|(_, _, hash)| *hash));
        }
        for (at_ms, act, _) in plan.entries.drain(..) {
            match act {
                Act::Revision { charter, .. } => {
                    Arc::make_mut(&mut *write(&known.history)).push((at_ms, *charter));
                }
                Act::StreamHeads { heads } => self.attested.add(at_ms, &heads),
                Act::LineOpened { .. } | Act::Enrolled { .. } | Act::Revoked { .. } => {}
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

/// Who asked may have gone; what was decided stands.
fn answer<T>(reply: Reply<T>, result: Result<T, IngestError>) {
    if reply.send(result).is_err() {
        warn!("an answer came too late for who asked");
    }
}
