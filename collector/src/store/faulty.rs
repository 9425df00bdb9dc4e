//! A store that fails when a test says so, in front of a real one.

use std::fmt;
use std::ops::ControlFlow;

use collector_api::{Chain, StreamId};

use super::{BatchRow, RunsRow, SqliteStore, Store, StoreError, StreamRow, Write};
use crate::enrol::AgentRecord;
use crate::journal::Entry;
use crate::outbox::OutboxRow;

type Fails = Box<dyn FnMut(u64, &[Write]) -> Option<StoreError> + Send>;

/// Commits are counted from 0; one that is to fail does not reach the store behind.
pub(crate) struct FaultyStore {
    behind: Behind,
    fails: Fails,
    commits: u64,
}

enum Behind {
    Any(Box<dyn Store>),
    /// With the pages that its file may have.
    Limited(SqliteStore, Box<dyn Fn() -> i64 + Send>),
}

impl FaultyStore {
    pub(crate) fn new(
        store: Box<dyn Store>,
        fails: impl FnMut(u64, &[Write]) -> Option<StoreError> + Send + 'static,
    ) -> Self {
        Self { behind: Behind::Any(store), fails: Box::new(fails), commits: 0 }
    }

    /// SQLite's own failure when there is no room, whenever its file would have more pages.
    pub(crate) fn limited(store: SqliteStore, pages: impl Fn() -> i64 + Send + 'static) -> Self {
        let behind = Behind::Limited(store, Box::new(pages));
        Self { behind, fails: Box::new(|_, _| None), commits: 0 }
    }

    fn store(&self) -> &dyn Store {
        match &self.behind {
            Behind::Any(store) => store.as_ref(),
            Behind::Limited(store, _) => store,
        }
    }
}

impl fmt::Debug for FaultyStore {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("FaultyStore").field("commits", &self.commits).finish_non_exhaustive()
    }
}

impl Store for FaultyStore {
    fn commit(&mut self, writes: &[Write]) -> Result<(), StoreError> {
        let n = self.commits;
        self.commits += 1;
        if let Some(error) = (self.fails)(n, writes) {
            return Err(error);
        }
        match &mut self.behind {
            Behind::Any(store) => store.commit(writes),
            Behind::Limited(store, pages) => {
                store.limit_pages(pages());
                store.commit(writes)
            }
        }
    }

    fn meta(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.store().meta(key)
    }

    fn streams(&self) -> Result<Vec<StreamRow>, StoreError> {
        self.store().streams()
    }

    fn agents(&self) -> Result<Vec<(String, AgentRecord)>, StoreError> {
        self.store().agents()
    }

    fn boundary(&self, stream: StreamId, last_seq: u64) -> Result<Option<Chain>, StoreError> {
        self.store().boundary(stream, last_seq)
    }

    fn batches(
        &self,
        stream: StreamId,
        after_seq: u64,
        each: &mut dyn FnMut(BatchRow) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.store().batches(stream, after_seq, each)
    }

    fn newest_batch(&self, stream: StreamId) -> Result<Option<BatchRow>, StoreError> {
        self.store().newest_batch(stream)
    }

    fn journal(&self) -> Result<Vec<Entry>, StoreError> {
        self.store().journal()
    }

    fn runs(&self) -> Result<Vec<RunsRow>, StoreError> {
        self.store().runs()
    }

    fn runs_of(&self, stream: StreamId) -> Result<Vec<RunsRow>, StoreError> {
        self.store().runs_of(stream)
    }

    fn checkpoint_of(&self, stream: StreamId) -> Result<Option<Vec<u8>>, StoreError> {
        self.store().checkpoint_of(stream)
    }

    fn checkpoints(&self) -> Result<Vec<(StreamId, Vec<u8>)>, StoreError> {
        self.store().checkpoints()
    }

    fn outbox(&self) -> Result<Vec<OutboxRow>, StoreError> {
        self.store().outbox()
    }

    fn defects(&self) -> Result<Vec<String>, StoreError> {
        self.store().defects()
    }
}
