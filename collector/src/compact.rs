//! The nightly pass: a stream's batches of one day become one row.
//!
//! Their groups are concatenated and compressed together, which one batch of a few seconds gives little
//! chance to. Nothing is encoded anew: the same groups in the same order, checked against their chain
//! before and after, with each batch's numbers, arrival and clock beside them, so that derivation and
//! `verify` see what they saw before. Of the signatures the newest is kept: it attests all before it.
//! Price: a batch of a past day that is sent again is acknowledged without comparing its chain, unless
//! it ends where the merged row does.

use std::ops::ControlFlow;
use std::path::Path;

use collector_api::{Chain, StreamId, unpack_groups};
use thiserror::Error;
use tracing::{info, warn};

use crate::ingest::{Ingest, IngestError};
use crate::store::{BatchRow, MERGED_BYTES_MAX, Part, SqliteStore, Store, StoreError, Write};

/// Measured on probes of 200 checks: beyond it, time grows and size hardly shrinks.
const LEVEL: i32 = 12;
const DAY_MS: i64 = 86_400_000;
/// Of `meta`; the stream follows. Up to where days are merged: a hint, so that a night reads one day.
const MERGED_KEY: &str = "merged/";

/// Why days are as they were.
#[derive(Debug, Error)]
pub enum CompactError {
    /// Reading.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Writing.
    #[error(transparent)]
    Ingest(#[from] IngestError),
    /// A task failed.
    #[error("merging failed: {0}")]
    Task(#[from] tokio::task::JoinError),
}

/// What a pass did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Merged {
    /// Rows there were.
    pub rows_before: u64,
    /// Rows in their place.
    pub rows_after: u64,
    /// Bytes of bodies there were.
    pub bytes_before: u64,
    /// Bytes in their place.
    pub bytes_after: u64,
}

/// Merges all days before that of `now_ms` (UTC), beside a running collector.
pub async fn merge_days(ingest: &Ingest, state: &Path, now_ms: i64) -> Result<Merged, CompactError> {
    let mut merged = Merged::default();
    for stream in ingest.known().streams() {
        loop {
            let state = state.to_owned();
            let found = tokio::task::spawn_blocking(move || {
                let store = SqliteStore::read(&state)?;
                next_day(&store, stream, now_ms)
            });
            let Some(day) = found.await?? else { break };
            merged.add(&day);
            let mut writes: Vec<Write> = day.row.map(Write::Merged).into_iter().collect();
            writes.push(Write::Meta(merged_key(stream), day.until_seq.to_be_bytes().to_vec()));
            ingest.write(writes).await?;
        }
    }
    if merged.rows_before > merged.rows_after {
        info!(rows = merged.rows_before, into = merged.rows_after, "past days were merged");
    }
    Ok(merged)
}

/// A day of one stream, or as much of it as fits a row.
#[derive(Debug)]
pub struct Day {
    /// To be written; `None` if the day is one row already, or cannot be merged.
    pub row: Option<BatchRow>,
    /// Up to where the pass has come.
    pub until_seq: u64,
    rows: u64,
    bytes: u64,
}

impl Merged {
    fn add(&mut self, day: &Day) {
        self.rows_before += day.rows;
        self.bytes_before += day.bytes;
        let after = day.row.as_ref().map(|row| (1, row.body.len() as u64));
        let (rows, bytes) = after.unwrap_or((day.rows, day.bytes));
        self.rows_after += rows;
        self.bytes_after += bytes;
    }
}

/// The first day that is past and not merged yet; `None` if there is none.
pub fn next_day(store: &dyn Store, stream: StreamId, now_ms: i64) -> Result<Option<Day>, StoreError> {
    let hint =
        store.meta(&merged_key(stream))?.and_then(|bytes| Some(u64::from_be_bytes(bytes.try_into().ok()?)));
    let after_seq = hint.unwrap_or(0);
    let today = now_ms.div_euclid(DAY_MS);
    let mut gathered = Gathered::default();
    store.batches(stream, after_seq, &mut |row| gathered.take(row, today))?;
    let Gathered { rows, bytes, plain, parts, newest, .. } = gathered;
    let Some(newest) = newest else { return Ok(None) };
    let mut day = Day { row: None, until_seq: newest.last_seq, rows, bytes };
    if rows > 1 {
        let before = match after_seq {
            0 => Some(Chain::genesis(stream)),
            _ => store.boundary(stream, after_seq)?,
        };
        day.row = before.and_then(|before| merge(&plain, parts, newest, before));
        if day.row.is_none() {
            warn!(%stream, day.until_seq, "a day was not merged; `vedetta verify` tells what is wrong with it");
        }
    }
    Ok(Some(day))
}

/// Rows of one day, as they are read.
#[derive(Debug, Default)]
struct Gathered {
    day: i64,
    rows: u64,
    bytes: u64,
    plain: Vec<u8>,
    parts: Vec<Part>,
    newest: Option<BatchRow>,
}

impl Gathered {
    fn take(&mut self, row: BatchRow, today: i64) -> ControlFlow<()> {
        let day = row.received_ms.div_euclid(DAY_MS);
        if day >= today || (self.newest.is_some() && day != self.day) {
            return ControlFlow::Break(());
        }
        // One that cannot be read stays as it is, alone.
        let groups = row.open().unwrap_or_default();
        let unreadable = groups.is_empty() || !row.parts.is_empty();
        if self.newest.is_some() && (unreadable || self.plain.len() + groups.len() > MERGED_BYTES_MAX) {
            return ControlFlow::Break(());
        }
        self.day = day;
        self.rows += 1;
        self.bytes += row.body.len() as u64;
        self.parts.push(Part {
            first_seq: row.first_seq,
            last_seq: row.last_seq,
            received_ms: row.received_ms,
            clock: row.clock,
            bytes: groups.len() as u64,
        });
        self.plain.extend_from_slice(&groups);
        self.newest = Some(row);
        if unreadable { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

/// The row, if its groups lead from `before` to the newest chain value and come back as they went in.
fn merge(plain: &[u8], parts: Vec<Part>, mut newest: BatchRow, before: Chain) -> Option<BatchRow> {
    let mut chain = before;
    for group in unpack_groups(plain) {
        chain = chain.extend(group.ok()?);
    }
    if chain != newest.chain {
        return None;
    }
    newest.body = zstd::bulk::compress(plain, LEVEL).ok()?;
    newest.first_seq = parts.first()?.first_seq;
    newest.parts = parts;
    (newest.open().ok()? == plain).then_some(newest)
}

fn merged_key(stream: StreamId) -> String {
    format!("{MERGED_KEY}{stream}")
}

#[cfg(test)]
mod tests {
    use collector_derive::step;

    use super::*;
    use crate::ingest::example::{BEGIN_MS, Spool};
    use crate::ledger::Ledger;
    use crate::rebuild::dump_hash;

    async fn fed(state: &Path) -> Ingest {
        let ingest = Ingest::start(Box::new(SqliteStore::open(state).unwrap()), step).unwrap();
        let mut spool = Spool::new(1);
        spool.minutes(0..200);
        for group in 0..spool.len() {
            let received_ms = BEGIN_MS + i64::try_from(group / 67).unwrap() * DAY_MS;
            ingest.accept(spool.batch_at(group..group + 1, received_ms)).await.unwrap();
        }
        ingest
    }

    fn rows(state: &Path) -> Vec<(u64, u64, usize)> {
        let mut rows = Vec::new();
        let mut each = |row: BatchRow| {
            rows.push((row.first_seq, row.last_seq, row.parts.len()));
            ControlFlow::Continue(())
        };
        SqliteStore::read(state).unwrap().batches(StreamId([1; 16]), 0, &mut each).unwrap();
        rows
    }

    #[tokio::test]
    async fn past_days_become_one_row_each_and_say_the_same() {
        let directory = tempfile::tempdir().unwrap();
        let ingest = fed(directory.path()).await;
        ingest.checkpoint(BEGIN_MS).await.unwrap();
        let runs = ingest.known().ledger().runs().clone();
        let merged = merge_days(&ingest, directory.path(), BEGIN_MS + 2 * DAY_MS).await.unwrap();
        assert_eq!((merged.rows_before, merged.rows_after), (134, 2));
        assert!(merged.bytes_after * 3 < merged.bytes_before, "{merged:?}");
        let after = rows(directory.path());
        assert_eq!(after[..2], [(1, 134, 67), (135, 268, 67)]);
        assert_eq!(after.len(), 2 + 67);
        let store = SqliteStore::read(directory.path()).unwrap();
        assert_eq!(Ledger::rebuild(&store, step).unwrap().runs(), &runs);
        assert_eq!(Ledger::load(&store, step).unwrap().runs(), &runs);
        let hash = dump_hash(&store).unwrap();
        drop(store);
        ingest.close().await.unwrap();
        drop(ingest);
        let mut store = SqliteStore::open(directory.path()).unwrap();
        let rebuilt = crate::rebuild::rebuild(&mut store, step).unwrap();
        assert_eq!((rebuilt.before, rebuilt.after), (hash, hash));
    }

    #[tokio::test]
    async fn a_second_pass_finds_nothing_and_the_next_day_is_merged_alone() {
        let directory = tempfile::tempdir().unwrap();
        let ingest = fed(directory.path()).await;
        let first = merge_days(&ingest, directory.path(), BEGIN_MS + DAY_MS).await.unwrap();
        assert_eq!((first.rows_before, first.rows_after), (67, 1));
        let again = merge_days(&ingest, directory.path(), BEGIN_MS + DAY_MS).await.unwrap();
        assert_eq!(again, Merged::default());
        let rest = merge_days(&ingest, directory.path(), BEGIN_MS + 9 * DAY_MS).await.unwrap();
        assert_eq!((rest.rows_before, rest.rows_after), (134, 2));
        assert_eq!(rows(directory.path()).len(), 3);
    }

    #[tokio::test]
    async fn a_batch_of_a_merged_day_is_acknowledged_again() {
        let directory = tempfile::tempdir().unwrap();
        let ingest = fed(directory.path()).await;
        merge_days(&ingest, directory.path(), BEGIN_MS + 9 * DAY_MS).await.unwrap();
        let mut spool = Spool::new(1);
        spool.minutes(0..200);
        let mark = ingest.known().stream(spool.stream).unwrap().mark;
        for range in [3..4, 0..spool.len(), 60..70] {
            let verdict = ingest.accept(spool.batch(range)).await.unwrap();
            assert_eq!(verdict, crate::ingest::Verdict::Acknowledged(mark));
        }
    }

    #[tokio::test]
    async fn a_damaged_day_stays_as_it_is() {
        let directory = tempfile::tempdir().unwrap();
        let ingest = fed(directory.path()).await;
        let connection = rusqlite::Connection::open(directory.path().join("store.sqlite")).unwrap();
        connection.execute("UPDATE batch SET body = zeroblob(3) WHERE last_seq = 20", []).unwrap();
        connection.execute("UPDATE batch SET chain = zeroblob(32) WHERE last_seq = 268", []).unwrap();
        merge_days(&ingest, directory.path(), BEGIN_MS + 2 * DAY_MS).await.unwrap();
        let after = rows(directory.path());
        assert!(after.contains(&(19, 20, 0)), "{after:?}");
        assert_eq!(after[..3], [(1, 18, 9), (19, 20, 0), (21, 134, 57)], "what is around it is merged");
        assert!(after[3..].iter().all(|(_, _, parts)| *parts == 0), "a day with a wrong chain is left alone");
    }
}
