//! What is known of what the store has, readable while its thread writes.
//!
//! Each part has its own lock, held for as long as a copy or a figure takes; only the store's thread
//! changes them, and only after the commit.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Instant;

use collector_api::{ClockReading, StreamId};
use collector_derive::{Declared, StepSummary};
use config::{AgentId, Charter};
use tokio::sync::Notify;

use crate::journal;
use crate::ledger::Ledger;
use crate::restore::Restored;
use crate::seal::Seal;
use crate::store::{StoreError, StreamRow};
use crate::witness::Entries;

/// Upper bounds of the commit histogram, µs.
pub const COMMIT_BUCKETS_MICROS: [u64; 10] =
    [500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 500_000, 2_000_000];

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
    pub clock: ClockReading,
}

/// What is read while the thread writes.
#[derive(Debug)]
pub struct Known {
    pub(super) streams: RwLock<BTreeMap<StreamId, StreamRow>>,
    pub(super) ledger: RwLock<Ledger>,
    pub(super) newest: RwLock<BTreeMap<AgentId, Newest>>,
    pub(super) head: RwLock<(journal::Head, Vec<[u8; 32]>)>,
    pub(super) history: RwLock<Arc<Vec<(i64, Charter)>>>,
    pub(super) declared: RwLock<Arc<Vec<Declared>>>,
    pub(super) sealed: RwLock<Arc<Vec<Seal>>>,
    pub(super) restored: RwLock<Arc<Vec<Restored>>>,
    /// The newest stamp, Unix ms: the next is not earlier.
    pub(super) stamp_ms: AtomicI64,
    /// Why the store must not be used any more; see [`Known::failure`].
    pub(super) failed: OnceLock<String>,
    /// Told of each transaction that brought a sample which is down: whoever decides about alarms need not wait.
    pub failing: Notify,
    /// See [`Counters`].
    pub counters: Counters,
}

impl Known {
    /// A stream's row.
    pub fn stream(&self, stream: StreamId) -> Option<StreamRow> {
        read(&self.streams).get(&stream).cloned()
    }

    /// Every stream.
    pub fn streams(&self) -> Vec<StreamId> {
        read(&self.streams).keys().copied().collect()
    }

    /// All runs and states, open runs included.
    pub fn ledger(&self) -> RwLockReadGuard<'_, Ledger> {
        let ledger = read(&self.ledger);
        if ledger.is_shown() {
            return ledger;
        }
        drop(ledger);
        let mut ledger = write(&self.ledger);
        ledger.show();
        RwLockWriteGuard::downgrade(ledger)
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

    /// The newest stamp of a batch or an entry, Unix ms, or the instant after the last that was settled: nothing
    /// is stamped earlier any more.
    pub fn stamp_ms(&self) -> i64 {
        self.stamp_ms.load(Ordering::Acquire)
    }

    /// Why the store's thread ended, if the store made it: the process must end, and say this.
    pub fn failure(&self) -> Option<&str> {
        self.failed.get().map(String::as_str)
    }

    pub(super) fn fail(&self, error: &StoreError) {
        // The first failure is the cause.
        let _ = self.failed.set(error.to_string());
    }

    /// Every charter, with the instant since which it was in force.
    pub fn history(&self) -> Arc<Vec<(i64, Charter)>> {
        Arc::clone(&read(&self.history))
    }

    /// Every closing of a year, in order.
    pub fn sealed(&self) -> Arc<Vec<Seal>> {
        Arc::clone(&read(&self.sealed))
    }

    /// Every declaration of the journal, in order: maintenance, corrections, what became of them.
    pub fn declared(&self) -> Arc<Vec<Declared>> {
        Arc::clone(&read(&self.declared))
    }
}

impl Entries for Known {
    fn hash_of(&self, seq: u64) -> Option<[u8; 32]> {
        self.entry_hash(seq)
    }

    fn restored(&self) -> Arc<Vec<Restored>> {
        Arc::clone(&read(&self.restored))
    }
}

impl Counters {
    pub(super) fn committed(&self, began: Instant) {
        let micros = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
        if let Some(place) = COMMIT_BUCKETS_MICROS.iter().position(|&bound| micros <= bound) {
            self.commit_buckets[place].fetch_add(1, Ordering::Relaxed);
        }
        self.commits.fetch_add(1, Ordering::Relaxed);
        self.commit_micros.fetch_add(micros, Ordering::Relaxed);
    }

    pub(super) fn stepped(&self, summary: &StepSummary) {
        self.samples.fetch_add(summary.samples, Ordering::Relaxed);
        self.quarantined.fetch_add(summary.quarantined, Ordering::Relaxed);
        self.lost.fetch_add(summary.lost, Ordering::Relaxed);
    }
}

pub(super) fn read<T>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

pub(super) fn write<T>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}
