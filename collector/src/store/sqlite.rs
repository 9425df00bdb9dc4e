//! The embedded store: SQLite in WAL mode, one connection that writes, every commit synced.
//!
//! `synchronous=FULL` costs one fdatasync a commit, which group commit shares; anything less loses
//! acknowledged samples at a power cut. SQL is kept to what PostgreSQL speaks too.

mod rows;

use std::ops::ControlFlow;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use collector_api::{Chain, PublicKey, StreamId};
use config::AgentId;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension as _, ffi, params};

use rows::{batch, bytes, optional_bytes, outbox, packs, put, signed, unsigned};

use super::{BatchRow, Mark, Receipts, RunsRow, Store, StoreError, StreamRow, Write};
use crate::enrol::{AgentRecord, OpenLine};
use crate::journal::Entry;
use crate::outbox::OutboxRow;

/// In the state directory.
const FILE: &str = "store.sqlite";
/// Grows with every change of the tables that an older version could not read, or would misread.
///
/// 1 had streams without `spoken_ms`, 2 had packs by month: read as they are, and brought up to date by who writes.
const FORMAT: u32 = 3;
/// The oldest that is read.
const FORMAT_MIN: u32 = 1;
/// 3.51.3: before it, a checkpoint beside a second connection can corrupt (sqlite.org/wal.html#walresetbug).
const VERSION_MIN: i32 = 3_051_003;

const META: &str = "CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value BLOB NOT NULL)";
const TABLES: &str = "
CREATE TABLE IF NOT EXISTS stream (
  id BLOB PRIMARY KEY, agent TEXT NOT NULL, last_seq BIGINT NOT NULL, chain BLOB NOT NULL,
  receipts BLOB NOT NULL, spoken_ms BIGINT);
CREATE TABLE IF NOT EXISTS batch (
  stream BLOB NOT NULL, last_seq BIGINT NOT NULL, first_seq BIGINT NOT NULL, chain BLOB NOT NULL,
  signature BLOB NOT NULL, sent_ms BIGINT NOT NULL, offset_ms BIGINT NOT NULL, rtt_ms BIGINT NOT NULL,
  ntp_error_ms BIGINT NOT NULL, received_ms BIGINT NOT NULL, body BLOB NOT NULL,
  parts BLOB, PRIMARY KEY (stream, last_seq));
CREATE TABLE IF NOT EXISTS journal (
  seq BIGINT PRIMARY KEY, at_ms BIGINT NOT NULL, author TEXT NOT NULL, act TEXT NOT NULL, hash BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS agent (
  id TEXT PRIMARY KEY, public_key BLOB, revoked BIGINT NOT NULL,
  line_hash BLOB, line_expires_ms BIGINT, line_used_by BLOB);
CREATE TABLE IF NOT EXISTS run_pack (
  check_id TEXT NOT NULL, stream BLOB NOT NULL, place BIGINT NOT NULL, runs BLOB NOT NULL,
  PRIMARY KEY (check_id, stream, place));
CREATE INDEX IF NOT EXISTS run_pack_stream ON run_pack (stream);
CREATE TABLE IF NOT EXISTS checkpoint (stream BLOB PRIMARY KEY, state BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS outbox (
  key TEXT PRIMARY KEY, content BLOB NOT NULL, standing TEXT NOT NULL, tries BIGINT NOT NULL,
  next_ms BIGINT NOT NULL, changed_ms BIGINT NOT NULL, reply TEXT NOT NULL);
";

/// The file `store.sqlite` of a state directory.
#[derive(Debug)]
pub struct SqliteStore {
    connection: Connection,
}

impl SqliteStore {
    /// Opens the store of `state`; makes it, with mode 0600, if there is none.
    pub fn open(state: &Path) -> Result<Self, StoreError> {
        let path = state.join(FILE);
        // SQLite gives its WAL the mode of the file beside it.
        std::fs::File::options()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(&path)
            .map_err(|error| StoreError::Failed(format!("`{}`: {error}", path.display())))?;
        let connection = Self::connect(&path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        // Writing the WAL back costs two syncs; 16 MiB of it make that rare and a start still quick.
        connection.pragma_update(None, "wal_autocheckpoint", 4096)?;
        connection.execute_batch(META)?;
        let store = Self { connection };
        store.connection.execute(
            "INSERT INTO meta (key, value) VALUES ('format', ?1) ON CONFLICT (key) DO NOTHING",
            params![FORMAT.to_string().into_bytes()],
        )?;
        let found = store.check_format()?;
        store.connection.execute_batch(TABLES)?;
        if found < FORMAT {
            store.bring_up_to_date()?;
        }
        Ok(store)
    }

    /// Opens the store of `state` to read, beside a running collector or without one.
    pub fn read(state: &Path) -> Result<Self, StoreError> {
        let path = state.join(FILE);
        if !path.exists() {
            return Err(StoreError::Failed(format!("there is no `{}`", path.display())));
        }
        // Read-write, because a WAL left by a kill has to be recovered; nothing is written here.
        let connection = Self::connect(&path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        connection.pragma_update(None, "query_only", "ON")?;
        // One snapshot for all that is read: a running collector goes on writing beside it.
        connection.execute_batch("BEGIN")?;
        let store = Self { connection };
        store.check_format()?;
        Ok(store)
    }

    /// The streams of a store that was made before `spoken_ms` have nothing in it. An older version would
    /// go on writing it so and take what is there for tampering: the new format keeps it out. Packs by month are
    /// dropped: a start derives them anew from the groups.
    fn bring_up_to_date(&self) -> Result<(), StoreError> {
        let add = if self.has_spoken()? { "" } else { "ALTER TABLE stream ADD COLUMN spoken_ms BIGINT;" };
        let drop = if self.has_places()? { "" } else { "DROP TABLE run_pack; DELETE FROM checkpoint;" };
        let mark = format!("UPDATE meta SET value = CAST('{FORMAT}' AS BLOB) WHERE key = 'format';");
        Ok(self.connection.execute_batch(&format!("BEGIN IMMEDIATE; {add} {drop} {TABLES} {mark} COMMIT"))?)
    }

    fn has_spoken(&self) -> Result<bool, StoreError> {
        self.has("SELECT 1 FROM pragma_table_info('stream') WHERE name = 'spoken_ms'")
    }

    fn has_places(&self) -> Result<bool, StoreError> {
        self.has("SELECT 1 FROM pragma_table_info('run_pack') WHERE name = 'place'")
    }

    fn has(&self, column: &str) -> Result<bool, StoreError> {
        Ok(self.connection.query_row(column, [], |_| Ok(())).optional()?.is_some())
    }

    /// From now on the file may have so many pages: the disk is full beyond.
    #[cfg(test)]
    pub(crate) fn limit_pages(&self, pages: i64) {
        // The pragma answers with the limit it has set.
        let sql = format!("PRAGMA max_page_count = {pages}");
        self.connection.query_row(&sql, [], |row| row.get::<_, i64>(0)).unwrap();
    }

    fn check_format(&self) -> Result<u32, StoreError> {
        let found = String::from_utf8_lossy(&self.meta("format")?.unwrap_or_default()).into_owned();
        match found.parse() {
            Ok(format @ FORMAT_MIN..=FORMAT) => Ok(format),
            _ => Err(StoreError::Format { found, ours: FORMAT }),
        }
    }

    fn connect(path: &Path, flags: OpenFlags) -> Result<Connection, StoreError> {
        if rusqlite::version_number() < VERSION_MIN {
            return Err(StoreError::TooOld(rusqlite::version()));
        }
        let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        connection.pragma_update(None, "cell_size_check", "ON")?;
        connection.busy_timeout(std::time::Duration::from_secs(5))?;
        Ok(connection)
    }
}

impl Store for SqliteStore {
    fn commit(&mut self, writes: &[Write]) -> Result<(), StoreError> {
        let transaction = self.connection.transaction()?;
        for write in writes {
            put(&transaction, write)?;
        }
        transaction.commit()?;
        Ok(())
    }

    fn meta(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let mut query = self.connection.prepare_cached("SELECT value FROM meta WHERE key = ?1")?;
        Ok(query.query_row([key], |row| row.get(0)).optional()?)
    }

    fn streams(&self) -> Result<Vec<StreamRow>, StoreError> {
        let spoken_ms = if self.has_spoken()? { "spoken_ms" } else { "NULL" };
        let mut query = self.connection.prepare_cached(&format!(
            "SELECT id, agent, last_seq, chain, receipts, {spoken_ms} FROM stream ORDER BY id"
        ))?;
        let mut rows = query.query([])?;
        let mut streams = Vec::new();
        while let Some(row) = rows.next()? {
            let agent: String = row.get(1)?;
            streams.push(StreamRow {
                stream: StreamId(bytes(row, 0)?),
                agent: AgentId::new(agent).map_err(|error| StoreError::Damaged(error.to_string()))?,
                mark: Mark { last_seq: unsigned(row, 2)?, chain: Chain(bytes(row, 3)?) },
                receipts: Receipts(bytes(row, 4)?),
                spoken_ms: row.get(5)?,
            });
        }
        Ok(streams)
    }

    fn agents(&self) -> Result<Vec<(String, AgentRecord)>, StoreError> {
        let mut query = self.connection.prepare_cached(
            "SELECT id, public_key, revoked, line_hash, line_expires_ms, line_used_by FROM agent ORDER BY id",
        )?;
        let mut rows = query.query([])?;
        let mut agents = Vec::new();
        while let Some(row) = rows.next()? {
            let line = match optional_bytes(row, 3)? {
                None => None,
                Some(hash) => Some(OpenLine {
                    hash,
                    expires_ms: row.get(4)?,
                    used_by: optional_bytes(row, 5)?.map(PublicKey),
                }),
            };
            let key = optional_bytes(row, 1)?.map(PublicKey);
            agents.push((row.get(0)?, AgentRecord { key, revoked: row.get::<_, i64>(2)? != 0, line }));
        }
        Ok(agents)
    }

    fn boundary(&self, stream: StreamId, last_seq: u64) -> Result<Option<Chain>, StoreError> {
        let mut query =
            self.connection.prepare_cached("SELECT chain FROM batch WHERE stream = ?1 AND last_seq = ?2")?;
        let mut rows = query.query(params![stream.0, signed(last_seq)])?;
        rows.next()?.map(|row| bytes(row, 0).map(Chain)).transpose()
    }

    fn batches(
        &self,
        stream: StreamId,
        after_seq: u64,
        each: &mut dyn FnMut(BatchRow) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let mut query = self.connection.prepare_cached(
            "SELECT first_seq, last_seq, chain, signature, sent_ms, offset_ms, rtt_ms, ntp_error_ms,
             received_ms, body, parts FROM batch WHERE stream = ?1 AND last_seq > ?2 ORDER BY last_seq",
        )?;
        let mut rows = query.query(params![stream.0, signed(after_seq)])?;
        while let Some(row) = rows.next()? {
            if each(batch(stream, row)?).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn newest_batch(&self, stream: StreamId) -> Result<Option<BatchRow>, StoreError> {
        let mut query = self.connection.prepare_cached(
            "SELECT first_seq, last_seq, chain, signature, sent_ms, offset_ms, rtt_ms, ntp_error_ms,
             received_ms, body, parts FROM batch WHERE stream = ?1 ORDER BY last_seq DESC LIMIT 1",
        )?;
        let mut rows = query.query(params![stream.0])?;
        rows.next()?.map(|row| batch(stream, row)).transpose()
    }

    fn journal(&self) -> Result<Vec<Entry>, StoreError> {
        let mut query = self
            .connection
            .prepare_cached("SELECT seq, at_ms, author, act, hash FROM journal ORDER BY seq")?;
        let mut rows = query.query([])?;
        let mut entries = Vec::new();
        while let Some(row) = rows.next()? {
            entries.push(Entry {
                seq: unsigned(row, 0)?,
                at_ms: row.get(1)?,
                author: row.get(2)?,
                act: row.get(3)?,
                hash: bytes(row, 4)?,
            });
        }
        Ok(entries)
    }

    fn runs(&self) -> Result<Vec<RunsRow>, StoreError> {
        if !self.has_places()? {
            return Ok(Vec::new());
        }
        let mut query = self.connection.prepare_cached(
            "SELECT check_id, stream, place, runs FROM run_pack ORDER BY check_id, stream, place",
        )?;
        packs(query.query([])?)
    }

    fn runs_of(&self, stream: StreamId) -> Result<Vec<RunsRow>, StoreError> {
        if !self.has_places()? {
            return Ok(Vec::new());
        }
        let mut query = self.connection.prepare_cached(
            "SELECT check_id, stream, place, runs FROM run_pack WHERE stream = ?1 ORDER BY check_id, place",
        )?;
        packs(query.query([stream.0])?)
    }

    fn checkpoint_of(&self, stream: StreamId) -> Result<Option<Vec<u8>>, StoreError> {
        let mut query = self.connection.prepare_cached("SELECT state FROM checkpoint WHERE stream = ?1")?;
        Ok(query.query_row([stream.0], |row| row.get(0)).optional()?)
    }

    fn checkpoints(&self) -> Result<Vec<(StreamId, Vec<u8>)>, StoreError> {
        let mut query =
            self.connection.prepare_cached("SELECT stream, state FROM checkpoint ORDER BY stream")?;
        let mut rows = query.query([])?;
        let mut checkpoints = Vec::new();
        while let Some(row) = rows.next()? {
            checkpoints.push((StreamId(bytes(row, 0)?), row.get(1)?));
        }
        Ok(checkpoints)
    }

    fn outbox(&self) -> Result<Vec<OutboxRow>, StoreError> {
        // A store that was last written by a version before there was one, and is only read.
        if !self.has("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'outbox'")? {
            return Ok(Vec::new());
        }
        let mut query = self.connection.prepare_cached(
            "SELECT key, content, standing, tries, next_ms, changed_ms, reply FROM outbox ORDER BY key",
        )?;
        outbox(query.query([])?)
    }

    fn defects(&self) -> Result<Vec<String>, StoreError> {
        let mut query = self.connection.prepare("PRAGMA integrity_check")?;
        let found = query.query_map([], |row| row.get(0))?.collect::<Result<Vec<String>, _>>()?;
        Ok(found.into_iter().filter(|line| line != "ok").collect())
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        let words = error.to_string();
        let extended = error.sqlite_error().map_or(0, |error| error.extended_code);
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full,
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Damaged(words),
            Some(ErrorCode::SystemIoFailure)
                if matches!(extended, ffi::SQLITE_IOERR_FSYNC | ffi::SQLITE_IOERR_DIR_FSYNC) =>
            {
                Self::Unsynced(words)
            }
            // What a transaction wrote before it failed is not in force: SQLite writes the same place of
            // its log again, and a start reads only what a whole, synced transaction ended.
            Some(
                ErrorCode::SystemIoFailure
                | ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::ReadOnly
                | ErrorCode::CannotOpen
                | ErrorCode::OutOfMemory,
            ) => Self::Refused(words),
            _ => Self::Failed(words),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_told_apart_and_leaves_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let mut store = SqliteStore::open(directory.path()).unwrap();
        let pages: i64 = store.connection.query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
        store.limit_pages(pages);
        let large = [Write::Meta("a".to_owned(), vec![1]), Write::Meta("b".to_owned(), vec![7; 1 << 20])];
        assert!(matches!(store.commit(&large), Err(StoreError::Full)));
        assert_eq!(store.meta("a").unwrap(), None);
        store.limit_pages(pages + 1_000);
        store.commit(&large).unwrap();
        assert_eq!(store.meta("b").unwrap().map(|value| value.len()), Some(1 << 20));
    }

    #[test]
    fn only_a_failed_sync_and_a_wrong_store_end_the_process() {
        let kind = |code| {
            let error = rusqlite::Error::SqliteFailure(ffi::Error::new(code), None);
            let error = StoreError::from(error);
            (error.is_passing(), matches!(error, StoreError::Unsynced(_)))
        };
        for code in [
            ffi::SQLITE_FULL,
            ffi::SQLITE_BUSY,
            ffi::SQLITE_READONLY,
            ffi::SQLITE_IOERR_WRITE,
            ffi::SQLITE_IOERR_READ,
            ffi::SQLITE_IOERR_SHMSIZE,
        ] {
            assert_eq!(kind(code), (true, false), "{code}");
        }
        for code in [ffi::SQLITE_IOERR_FSYNC, ffi::SQLITE_IOERR_DIR_FSYNC] {
            assert_eq!(kind(code), (false, true), "{code}");
        }
        for code in [ffi::SQLITE_CORRUPT, ffi::SQLITE_NOTADB, ffi::SQLITE_CONSTRAINT] {
            assert_eq!(kind(code), (false, false), "{code}");
        }
    }

    #[test]
    fn every_commit_is_synced() {
        let directory = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(directory.path()).unwrap();
        let pragma = |name: &str| -> String {
            store
                .connection
                .query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, rusqlite::types::Value>(0))
                .map(|value| format!("{value:?}"))
                .unwrap()
        };
        assert_eq!(pragma("journal_mode"), "Text(\"wal\")");
        assert_eq!(pragma("synchronous"), "Integer(2)", "FULL");
        assert!(rusqlite::version_number() >= VERSION_MIN);
    }
}
