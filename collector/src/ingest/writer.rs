//! The one thread that owns the store.
//!
//! Truth first: batches, marks and the journal are committed, memory follows, answers leave. The checkpoint
//! of what is derived comes after that, in a transaction of its own, and nothing that goes wrong in it
//! is a reason to stop: it is logged and made anew a minute later. Its price is a second sync a minute.
//!
//! A transaction that fails is answered as failed and memory stays as it was. Where the next one may
//! succeed (a full disk, a write error, a locked file) the thread goes on. After a failed sync it ends, and
//! the process with it: the kernel may have dropped the pages it could not write and call the next
//! sync a success, so that an acknowledgement would prove nothing. A start reads the store anew and
//! checks what its log holds; what the disk lost all the same, agents still have and send again (rewind).

use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use tokio::sync::mpsc;
use tracing::{error, warn};

use super::known::{Known, Newest, read, write};
use super::plan::{Attested, Entered, Plan};
use super::{IngestError, Job, Reply};
use crate::journal::Act;
use crate::ledger::{Checkpoint, words_of};
use crate::store::{Store, StoreError, Write};

pub(super) struct Writer {
    pub(super) store: Box<dyn Store>,
    pub(super) known: Arc<Known>,
    pub(super) attested: Attested,
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

    /// Commits, follows, answers, and then makes the checkpoint if one is wanted. Breaks when the store
    /// must not be used any more.
    fn carry_out(&mut self, mut plan: Plan) -> ControlFlow<()> {
        plan.writes.extend(plan.streams.values().cloned().map(Write::Stream));
        let committed = self.commit(&plan.writes);
        if committed.is_ok() {
            self.swap(&mut plan);
        }
        let checkpoints = std::mem::take(&mut plan.checkpoints);
        let (stop, now_ms) = (plan.stop, plan.checkpoint_ms);
        self.reply(plan, &told(&committed));
        let made = match committed {
            Ok(()) if stop || now_ms.is_some() => self.checkpoint(now_ms),
            other => other,
        };
        let (result, broken) = (told(&made), self.known.failure().is_some());
        for reply in checkpoints {
            answer(reply, result.clone());
        }
        if stop || broken { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    /// One transaction of truth. Remembers an error after which the store must not be used.
    fn commit(&mut self, writes: &[Write]) -> Result<(), StoreError> {
        if writes.is_empty() {
            return Ok(());
        }
        let began = Instant::now();
        match self.store.commit(writes) {
            Ok(()) => self.known.counters.committed(began),
            Err(error) => {
                error!(%error, "a transaction failed; nothing of it is acknowledged");
                if !error.is_passing() {
                    self.known.fail(&error);
                }
                return Err(error);
            }
        }
        Ok(())
    }

    /// Brings what is stored of the derived up to date. An error is logged here: truth does not depend on
    /// it, the next minute tries again, and a start without it replays for longer.
    fn checkpoint(&mut self, now_ms: Option<i64>) -> Result<(), StoreError> {
        let made = catch_unwind(AssertUnwindSafe(|| self.try_checkpoint(now_ms)));
        let made = made.unwrap_or_else(|panic| Err(StoreError::Failed(words_of(panic.as_ref()))));
        if let Err(error) = &made {
            error!(%error, "no checkpoint; what is accepted is in the store all the same");
            if matches!(error, StoreError::Unsynced(_)) {
                self.known.fail(error);
            }
        }
        made
    }

    fn try_checkpoint(&mut self, now_ms: Option<i64>) -> Result<(), StoreError> {
        if let Some(now_ms) = now_ms {
            self.retry_stale(now_ms);
        }
        let Checkpoint { writes, defects } = read(&self.known.ledger).checkpoint();
        for (stream, reason) in defects {
            write(&self.known.ledger).mark_stale(stream, reason);
        }
        if !writes.is_empty() {
            let began = Instant::now();
            self.store.commit(&writes)?;
            self.known.counters.committed(began);
        }
        write(&self.known.ledger).checkpointed();
        Ok(())
    }

    /// Readers go on reading what they have; they wait only while the result is put in place.
    fn retry_stale(&self, now_ms: i64) {
        let due = read(&self.known.ledger).due(now_ms);
        for stream in due {
            let Some(row) = self.known.stream(stream) else { continue };
            let anew = read(&self.known.ledger).begun_anew();
            let retried = anew.load_alone(self.store.as_ref(), &row);
            let mut ledger = write(&self.known.ledger);
            match retried {
                Ok(whole) => ledger.adopt(whole),
                Err(reason) => ledger.put_off(stream, reason, now_ms),
            }
        }
    }

    /// The transaction is durable: memory follows it.
    fn swap(&mut self, plan: &mut Plan) {
        let known = &self.known;
        if let Some(stamp_ms) = plan.stamp_ms {
            known.stamp_ms.store(stamp_ms, Ordering::Release);
        }
        if !plan.fresh.is_empty() {
            let mut newest = write(&known.newest);
            for fresh in &plan.fresh {
                if let Some(row) = plan.row(fresh) {
                    let seen = Newest { received_ms: row.received_ms, clock: row.clock };
                    newest.insert(fresh.agent.clone(), seen);
                }
            }
        }
        let mut downs = 0;
        if !plan.fresh.is_empty() {
            let mut ledger = write(&known.ledger);
            for fresh in &plan.fresh {
                let Some(row) = plan.row(fresh) else { continue };
                let Some(of) = plan.streams.get(&row.stream) else { continue };
                known.counters.accepted.fetch_add(1, Ordering::Relaxed);
                for batch in row.batches(&fresh.groups) {
                    let summary = ledger.apply(of, &batch);
                    known.counters.stepped(&summary);
                    downs += summary.downs;
                }
            }
        }
        if downs > 0 {
            known.failing.notify_one();
        }
        write(&known.streams).append(&mut plan.streams);
        if let Some(head) = plan.head {
            let mut kept = write(&known.head);
            kept.0 = head;
            kept.1.extend(plan.entries.iter().map(|entered| entered.entry.hash));
        }
        for Entered { now_ms, entry, act } in plan.entries.drain(..) {
            match act {
                Act::Revision { charter, .. } => {
                    Arc::make_mut(&mut *write(&known.history)).push((entry.at_ms, *charter));
                }
                Act::StreamHeads { heads } => self.attested.add(now_ms, &heads),
                Act::Declared { declaration, uid } => {
                    Arc::make_mut(&mut *write(&known.declared)).push(entry.declares(declaration, uid));
                }
                Act::Sealed { manifest, sha256 } => {
                    Arc::make_mut(&mut *write(&known.sealed)).push(entry.seals(*manifest, sha256));
                }
                Act::Restored { restore } => {
                    Arc::make_mut(&mut *write(&known.restored)).push(entry.restores(restore));
                }
                Act::LineOpened { .. } | Act::Enrolled { .. } | Act::Revoked { .. } => {}
            }
        }
    }

    fn reply(&self, plan: Plan, result: &Result<(), IngestError>) {
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

/// For each who asked.
fn told(result: &Result<(), StoreError>) -> Result<(), IngestError> {
    match result {
        Ok(()) => Ok(()),
        Err(error) => Err(IngestError::Store(error.to_string())),
    }
}

/// Who asked may have gone; what was decided stands.
pub(super) fn answer<T>(reply: Reply<T>, result: Result<T, IngestError>) {
    if reply.send(result).is_err() {
        warn!("an answer came too late for who asked");
    }
}
