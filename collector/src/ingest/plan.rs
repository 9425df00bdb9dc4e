//! One transaction in the making: each job decided against what those before it will have changed.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use collector_api::{Chain, StreamId, limits};
use config::AgentId;
use tokio::sync::OwnedSemaphorePermit;

use super::accept::{Verdict, decide};
use super::known::read;
use super::writer::{Writer, answer};
use super::{Arrived, Drafted, IngestError, Job, Reply, SETTLED_KEY};
use crate::journal::{self, Act, Entry, JournalError, StreamHead};
use crate::store::{BatchRow, Mark, Receipts, StreamRow, Write};

/// Rows of one transaction before it is closed; bounds how long its first batch waits for the others.
const GROUP_MAX: usize = 512;
/// Bytes of bodies in one transaction before it is closed.
const GROUP_BYTES_MAX: usize = 4 << 20;
/// Between two entries of streams' heads, ms.
const ATTEST_EVERY_MS: i64 = 3_600_000;
/// Who writes entries that no person caused.
const AUTHOR: &str = "vedetta";

/// One transaction in the making.
#[derive(Default)]
pub(super) struct Plan {
    pub(super) writes: Vec<Write>,
    /// Of the bodies.
    bytes: usize,
    /// Streams as they will be.
    pub(super) streams: BTreeMap<StreamId, StreamRow>,
    pub(super) head: Option<journal::Head>,
    pub(super) fresh: Vec<Fresh>,
    pub(super) entries: Vec<Entered>,
    pub(super) verdicts: Vec<(Reply<Verdict>, Verdict)>,
    pub(super) recorded: Vec<(Reply<u64>, u64)>,
    pub(super) written: Vec<Reply<()>>,
    /// Who waits for the checkpoint that follows the transaction.
    pub(super) checkpoints: Vec<Reply<()>>,
    /// When it was asked for, Unix ms; the last one before the end has no time.
    pub(super) checkpoint_ms: Option<i64>,
    pub(super) stop: bool,
    /// The newest stamp, Unix ms; `None` if nothing was stamped.
    pub(super) stamp_ms: Option<i64>,
}

/// An entry that memory does not have yet.
pub(super) struct Entered {
    /// What the clock said; the entry may be stamped later than that.
    pub(super) now_ms: i64,
    pub(super) entry: Entry,
    pub(super) act: Act,
}

/// A batch that is not in the ledger yet.
pub(super) struct Fresh {
    pub(super) agent: AgentId,
    /// Of its row, in the plan.
    write: usize,
    pub(super) groups: Vec<u8>,
    /// What its bytes take of the room of all that waits.
    _room: OwnedSemaphorePermit,
}

impl Plan {
    pub(super) fn is_closed(&self) -> bool {
        self.stop || self.writes.len() >= GROUP_MAX || self.bytes >= GROUP_BYTES_MAX
    }

    pub(super) fn row(&self, fresh: &Fresh) -> Option<&BatchRow> {
        match self.writes.get(fresh.write) {
            Some(Write::Batch(row)) => Some(row),
            _ => None,
        }
    }
}

/// Which streams' heads the journal has.
#[derive(Debug, Default)]
pub(super) struct Attested {
    /// By the clock, not by the entry's stamp: a clock that is set back must not stop the attesting.
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

    pub(super) fn add(&mut self, at_ms: i64, heads: &[StreamHead]) {
        self.at_ms = at_ms;
        self.marks.extend(heads.iter().map(|head| (head.stream.clone(), head.last_seq)));
    }
}

impl Writer {
    /// Decides a job against what the transaction will have made of memory.
    pub(super) fn plan(&self, job: Job, plan: &mut Plan) {
        match job {
            Job::Accept(arrived, room, reply) => match self.judge(&arrived, plan) {
                Ok(verdict) => match self.take_in(*arrived, room, verdict, plan) {
                    Ok(()) => plan.verdicts.push((reply, verdict)),
                    Err(error) => answer(reply, Err(error)),
                },
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
            Job::Settle(as_of_ms, reply) => {
                let first_ms = as_of_ms.saturating_add(1);
                if self.stamp(i64::MIN, plan) < first_ms {
                    plan.stamp_ms = Some(first_ms);
                    let kept = as_of_ms.to_be_bytes().to_vec();
                    plan.writes.push(Write::Meta(SETTLED_KEY.to_owned(), kept));
                }
                plan.written.push(reply);
            }
            Job::Checkpoint(now_ms, reply) => {
                plan.checkpoint_ms = Some(now_ms);
                match self.attest(now_ms, plan) {
                    Ok(()) => plan.checkpoints.push(reply),
                    Err(error) => answer(reply, Err(error)),
                }
            }
            Job::Stop(reply) => {
                plan.stop = true;
                plan.checkpoints.push(reply);
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
    fn take_in(
        &self,
        arrived: Arrived,
        room: OwnedSemaphorePermit,
        verdict: Verdict,
        plan: &mut Plan,
    ) -> Result<(), IngestError> {
        let counters = &self.known.counters;
        let Arrived { agent, batch, header, groups, received_ms } = arrived;
        let Verdict::Acknowledged(mark) = verdict else {
            counters.refused.fetch_add(1, Ordering::Relaxed);
            return Ok(());
        };
        let before = plan.streams.get(&header.stream).cloned().or_else(|| self.known.stream(header.stream));
        if before.as_ref().is_some_and(|row| row.mark == mark) {
            counters.repeated.fetch_add(1, Ordering::Relaxed);
            return Ok(());
        }
        let received_ms = self.stamp(received_ms, plan);
        let (spoken_ms, receipts) = if let Some(row) = before {
            (row.spoken_ms, row.receipts)
        } else {
            let spoken_ms = self.spoken_ms(&agent, plan)?;
            (spoken_ms, Receipts::opening_after(spoken_ms))
        };
        let receipts = receipts.and(batch.first_seq, batch.last_seq, received_ms, &batch.clock);
        let row = StreamRow { stream: header.stream, agent: agent.clone(), spoken_ms, mark, receipts };
        plan.streams.insert(header.stream, row);
        plan.bytes += batch.body.len();
        plan.fresh.push(Fresh { agent, write: plan.writes.len(), groups, _room: room });
        plan.writes.push(Write::Batch(BatchRow::received(batch, &header, received_ms)));
        Ok(())
    }

    /// Until when an agent has spoken, for a stream that it opens ([`StreamRow::spoken_ms`]). What is not
    /// derived, because its stream is stale or it is in this very transaction, counts by its reception, or
    /// by the first instant it can have opened at: with a clock that stepped back that may be later.
    fn spoken_ms(&self, agent: &AgentId, plan: &Plan) -> Result<Option<i64>, IngestError> {
        let ledger = read(&self.known.ledger);
        let mut spoken_ms = ledger.spoken_ms(agent);
        for (stream, ..) in ledger.stale().filter(|(_, of, _)| *of == agent) {
            spoken_ms = spoken_ms.max(self.store.newest_batch(stream)?.map(|row| row.received_ms));
        }
        let planned = plan.fresh.iter().filter(|fresh| fresh.agent == *agent);
        spoken_ms = spoken_ms.max(planned.filter_map(|fresh| Some(plan.row(fresh)?.received_ms)).max());
        let known = read(&self.known.streams);
        let rows = known.values().chain(plan.streams.values()).filter(|row| row.agent == *agent);
        Ok(spoken_ms.max(rows.filter_map(|row| Some(row.spoken_ms?.saturating_add(1))).max()))
    }

    /// What comes now is stamped with this instant, Unix ms: never earlier than what came before.
    fn stamp(&self, now_ms: i64, plan: &mut Plan) -> i64 {
        let stamp_ms = now_ms.max(self.known.stamp_ms()).max(plan.stamp_ms.unwrap_or(i64::MIN));
        plan.stamp_ms = Some(stamp_ms);
        stamp_ms
    }

    /// Adds an entry to the journal.
    fn enter(&self, draft: Drafted, plan: &mut Plan) -> Result<u64, IngestError> {
        let Drafted { now_ms, author, act, with } = draft;
        let head = plan.head.unwrap_or_else(|| self.known.head());
        let entry = head
            .next(self.stamp(now_ms, plan), &author, &act)
            .map_err(|error| IngestError::Entry(error.to_string()))?;
        let seq = entry.seq;
        plan.head = Some(head.after(&entry));
        plan.writes.push(Write::Journal(entry.clone()));
        plan.entries.push(Entered { now_ms, entry, act });
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
        self.enter(Drafted { now_ms, author: AUTHOR.to_owned(), act, with: Vec::new() }, plan)?;
        Ok(())
    }
}
