//! A store that ends with the process: for tests, and the model the contract is written against.
//!
//! Handles of one memory see the same rows, so that a test can "kill" a collector and open its store
//! again. Whoever asks for it makes commits fail: a full disk is easier to plan than to have.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use collector_api::{Chain, StreamId};
use config::CheckId;

use super::{BatchRow, RunsRow, Store, StoreError, StreamRow, Write};
use crate::enrol::AgentRecord;
use crate::journal::Entry;
use crate::outbox::{OutboxRow, Standing};

/// Tables in memory. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct MemoryStore(Arc<Mutex<Memory>>);

#[derive(Debug, Default)]
struct Memory {
    tables: Tables,
    full: bool,
}

#[derive(Debug, Clone, Default)]
struct Tables {
    meta: BTreeMap<String, Vec<u8>>,
    streams: BTreeMap<StreamId, StreamRow>,
    batches: BTreeMap<(StreamId, u64), BatchRow>,
    journal: BTreeMap<u64, Entry>,
    agents: BTreeMap<String, AgentRecord>,
    runs: BTreeMap<(CheckId, StreamId, u32), Vec<u8>>,
    checkpoints: BTreeMap<StreamId, Vec<u8>>,
    outbox: BTreeMap<String, OutboxRow>,
}

impl MemoryStore {
    /// From now on every commit fails as on a full disk, or no longer does.
    pub fn set_full(&self, full: bool) {
        self.lock().full = full;
    }

    /// A copy as a backup would be: what is written to either afterwards is not in the other.
    #[must_use]
    pub fn copy(&self) -> Self {
        let tables = self.lock().tables.clone();
        Self(Arc::new(Mutex::new(Memory { tables, full: false })))
    }

    fn lock(&self) -> MutexGuard<'_, Memory> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for MemoryStore {
    fn commit(&mut self, writes: &[Write]) -> Result<(), StoreError> {
        let mut memory = self.lock();
        if memory.full {
            return Err(StoreError::Full);
        }
        let mut tables = memory.tables.clone();
        for write in writes {
            tables.put(write)?;
        }
        memory.tables = tables;
        Ok(())
    }

    fn meta(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.lock().tables.meta.get(key).cloned())
    }

    fn streams(&self) -> Result<Vec<StreamRow>, StoreError> {
        Ok(self.lock().tables.streams.values().cloned().collect())
    }

    fn agents(&self) -> Result<Vec<(String, AgentRecord)>, StoreError> {
        Ok(self.lock().tables.agents.iter().map(|(agent, record)| (agent.clone(), record.clone())).collect())
    }

    fn boundary(&self, stream: StreamId, last_seq: u64) -> Result<Option<Chain>, StoreError> {
        Ok(self.lock().tables.batches.get(&(stream, last_seq)).map(|row| row.chain))
    }

    fn batches(
        &self,
        stream: StreamId,
        after_seq: u64,
        each: &mut dyn FnMut(BatchRow) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let range = (stream, after_seq.saturating_add(1))..=(stream, u64::MAX);
        // Copied first: `each` may read the store again.
        let rows: Vec<BatchRow> =
            self.lock().tables.batches.range(range).map(|(_, row)| row.clone()).collect();
        for row in rows {
            if each(row).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn newest_batch(&self, stream: StreamId) -> Result<Option<BatchRow>, StoreError> {
        let memory = self.lock();
        Ok(memory
            .tables
            .batches
            .range((stream, 0)..=(stream, u64::MAX))
            .next_back()
            .map(|(_, row)| row.clone()))
    }

    fn journal(&self) -> Result<Vec<Entry>, StoreError> {
        Ok(self.lock().tables.journal.values().cloned().collect())
    }

    fn runs(&self) -> Result<Vec<RunsRow>, StoreError> {
        let memory = self.lock();
        let row = |((check, stream, place), runs): (&(CheckId, StreamId, u32), &Vec<u8>)| RunsRow {
            check: check.clone(),
            stream: *stream,
            place: *place,
            runs: runs.clone(),
        };
        Ok(memory.tables.runs.iter().map(row).collect())
    }

    fn runs_of(&self, stream: StreamId) -> Result<Vec<RunsRow>, StoreError> {
        Ok(self.runs()?.into_iter().filter(|row| row.stream == stream).collect())
    }

    fn checkpoint_of(&self, stream: StreamId) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.lock().tables.checkpoints.get(&stream).cloned())
    }

    fn checkpoints(&self) -> Result<Vec<(StreamId, Vec<u8>)>, StoreError> {
        Ok(self.lock().tables.checkpoints.iter().map(|(stream, state)| (*stream, state.clone())).collect())
    }

    fn outbox(&self) -> Result<Vec<OutboxRow>, StoreError> {
        Ok(self.lock().tables.outbox.values().cloned().collect())
    }

    fn defects(&self) -> Result<Vec<String>, StoreError> {
        Ok(Vec::new())
    }
}

impl Tables {
    fn put(&mut self, write: &Write) -> Result<(), StoreError> {
        match write {
            Write::Meta(key, value) => drop(self.meta.insert(key.clone(), value.clone())),
            Write::Stream(row) => {
                let kept = self.streams.entry(row.stream).or_insert_with(|| row.clone());
                (kept.mark, kept.receipts) = (row.mark, row.receipts);
            }
            Write::Batch(row) => self.insert_batch(row)?,
            Write::Merged(row) => {
                let replaced = (row.stream, row.first_seq)..=(row.stream, row.last_seq);
                let keys: Vec<_> = self.batches.range(replaced).map(|(key, _)| *key).collect();
                for key in keys {
                    self.batches.remove(&key);
                }
                self.insert_batch(row)?;
            }
            Write::Journal(entry) => {
                if self.journal.insert(entry.seq, entry.clone()).is_some() {
                    return Err(StoreError::Failed(format!("journal entry {} is there already", entry.seq)));
                }
            }
            Write::Agent(agent, record) => drop(self.agents.insert(agent.clone(), record.clone())),
            Write::Runs(row) => {
                self.runs.insert((row.check.clone(), row.stream, row.place), row.runs.clone());
            }
            Write::Checkpoint(stream, state) => drop(self.checkpoints.insert(*stream, state.clone())),
            Write::ForgetDerived(stream) => {
                self.runs.retain(|(_, of, _), _| of != stream);
                self.checkpoints.remove(stream);
            }
            Write::Outbox(row) => {
                self.outbox.entry(row.state.key.clone()).or_insert_with(|| row.clone());
            }
            Write::OutboxState(state) => {
                if let Some(row) = self.outbox.get_mut(&state.key) {
                    row.state = state.clone();
                }
            }
            Write::ForgetOutbox(before_ms) => self.outbox.retain(|_, row| {
                row.state.standing == Standing::Waiting || row.state.changed_ms >= *before_ms
            }),
        }
        Ok(())
    }

    fn insert_batch(&mut self, row: &BatchRow) -> Result<(), StoreError> {
        if self.batches.insert((row.stream, row.last_seq), row.clone()).is_some() {
            return Err(StoreError::Failed(format!("a batch up to {} is there already", row.last_seq)));
        }
        Ok(())
    }
}
