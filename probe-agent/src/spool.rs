//! The agent's durable queue: what the schedule saw, numbered and on disk before anybody hears of it.
//!
//! ```text
//! STATE/spool/
//!   0000000000000007.seg       a segment: header page, then groups (frame.rs, header.rs)
//!   0000000000000005.suspect   one whose write failed once; read, never written
//!   0000000000000004.lost      one LOST in place of the segments up to 4, which the cap took
//!   0000000000000003.seg.bad   one whose header cannot be read; kept for whoever wants to look
//!   0000000000000002.seg.forked  one of a stream that was given up
//!   cursor                     what the collector holds: two slots, written in turn
//!   reserve                    room for the LOST records of a full disk
//!   lock                       held by the agent that writes
//!
//! segment = page group*           group = group-frame record-frame*
//! ```
//!
//! The rules, each with a test that crashes at every operation of the disk:
//! - A group is one write and one fdatasync. Only after both can it be read, and so sent.
//! - What could be read once is read again after a crash, with the same bytes; its numbers are never
//!   given to other records. Each number ends as one record or inside a LOST.
//! - One bad byte costs one record. A segment is numbered by its name and its frames prove themselves,
//!   so that nothing has to be believed that cannot be checked.
//! - Nothing that is not understood is deleted.
//!
//! Why not an embedded database: it would double every write, and its recovery would not know that a
//! torn record is a gap in a year's figure. The price is this folder.

mod disk;
mod frame;
mod header;
mod draft;
mod segment;
mod segment_file;
mod cursor;
mod log;
mod reserve;
mod keep;
mod recover;
mod outlet;
mod queue;
#[cfg(test)]
mod memory_disk;
#[cfg(test)]
mod tests;

pub use crate::clock::WallClock;
pub use disk::{Directory, Disk, DiskFile};
pub use draft::Draft;
pub use log::{Log, LogOptions, SEGMENT_BYTES};
pub use outlet::{Outgoing, ReadLimits, Resume};
pub use recover::fresh_stream;
pub use segment_file::AppendError;

use std::collections::VecDeque;
use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};

use collector_api::LostReason;
use thiserror::Error;
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, sleep_until};
use tracing::error;

use crate::sample::Entry;
use crate::status::StatusCell;
use queue::{Item, Queue};

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
    #[error("the spool's disk failed; check the file system of the state directory and its free space")]
    Disk(#[from] io::Error),
    /// Another process holds the lock.
    #[error("another agent uses this state directory")]
    InUse,
    /// The operating system gives no randomness.
    #[error("the system's random source failed")]
    Random,
    /// A defect.
    #[error("the spool's task ended by itself")]
    Task(#[from] JoinError),
}

/// How far the spool is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// The newest durable number.
    pub durable_seq: u64,
    /// The newest number that is in a hurry to be sent.
    pub hurried_seq: u64,
    /// Is nothing more to come?
    pub ended: bool,
}

/// An open spool. Clones share it: one is written by [`run`], one read by push.
#[derive(Clone)]
pub struct Spool {
    log: Arc<Mutex<Log<Directory>>>,
    progress: Arc<watch::Sender<Progress>>,
    clock: WallClock,
    status: StatusCell,
    _lock: Arc<File>,
}

impl std::fmt::Debug for Spool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Spool").field("progress", &*self.progress.borrow()).finish_non_exhaustive()
    }
}

/// Opens or makes the spool, recovers what a crash left, and writes the Start record. Blocks on disk.
pub fn open(options: &SpoolOptions, clock: WallClock, status: StatusCell) -> Result<Spool, SpoolError> {
    crate::state_file::make_directory(&options.directory)?;
    let lock =
        OpenOptions::new().create(true).truncate(false).write(true).open(options.directory.join("lock"))?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(SpoolError::InUse),
        Err(TryLockError::Error(error)) => return Err(SpoolError::Disk(error)),
    }
    let log_options = LogOptions {
        bytes_max: options.bytes_max,
        segment_bytes: SEGMENT_BYTES,
        version: options.version.clone(),
        boot_id: options.boot_id.clone(),
    };
    let log = Log::open(Directory(options.directory.clone()), log_options, fresh_stream()?, clock())?;
    let progress = Progress { durable_seq: log.durable_seq(), ..Progress::default() };
    let spool = Spool {
        log: Arc::new(Mutex::new(log)),
        progress: Arc::new(watch::Sender::new(progress)),
        clock,
        status,
        _lock: Arc::new(lock),
    };
    spool.locked(|_| ());
    Ok(spool)
}

/// Writes entries until `entries` closes; then flushes and ends, and push ends after it.
///
/// Always takes what comes: a slow or full disk never holds the schedule up.
pub async fn run(spool: Spool, entries: mpsc::Receiver<Entry>) -> Result<(), SpoolError> {
    let result = write(&spool, entries).await;
    spool.progress.send_modify(|progress| progress.ended = true);
    result
}

async fn write(spool: &Spool, mut entries: mpsc::Receiver<Entry>) -> Result<(), SpoolError> {
    let mut queue = Queue::new();
    let mut writing = JoinSet::new();
    let mut is_open = true;
    // A group is due when its first entry says: one timer for all that join it.
    let mut alarm = pin!(sleep_until(Instant::now()));
    loop {
        let now = Instant::now();
        if writing.is_empty() && queue.due_at().is_some_and(|due| due <= now || !is_open) {
            let (items, is_hurried) = queue.take(now);
            let spool = spool.clone();
            writing.spawn_blocking(move || spool.append(items, is_hurried));
        }
        if !is_open && writing.is_empty() {
            return Ok(());
        }
        let due = queue.due_at().filter(|_| writing.is_empty());
        if let Some(due) = due
            && alarm.deadline() != due
        {
            alarm.as_mut().reset(due);
        }
        tokio::select! {
            entry = entries.recv(), if is_open => match entry {
                Some(entry) => queue.add(entry, Instant::now()),
                None => is_open = false,
            },
            Some(written) = writing.join_next() => match written? {
                Ok(refused) if refused.is_empty() => {}
                Ok(refused) if is_open => queue.put_back(refused, Instant::now()),
                Ok(_) => {
                    // The next Start record says how far the spool came.
                    error!("the disk is full; the last samples before the end are not kept");
                    return Ok(());
                }
                Err(error) => return Err(SpoolError::Disk(error)),
            },
            () = &mut alarm, if due.is_some() => {}
        }
    }
}

impl Spool {
    /// Appends in order; returns what a full disk refused. Blocks on disk.
    fn append(&self, mut items: VecDeque<Item>, is_hurried: bool) -> io::Result<VecDeque<Item>> {
        self.locked(|log| {
            while let Some(item) = items.pop_front() {
                let appended = match &item {
                    Item::Group(draft) => log.append(draft),
                    Item::Dictionary(drafts) => log.set_dictionary(drafts.clone()),
                };
                match appended {
                    Ok(()) => {}
                    Err(AppendError::Full(error)) => {
                        error!(%error, "the disk is full; probing goes on, what waits is kept in memory");
                        items.push_front(item);
                        break;
                    }
                    Err(AppendError::Broken(error)) => return Err(error),
                }
                let durable_seq = log.durable_seq();
                self.progress.send_modify(|progress| {
                    progress.durable_seq = durable_seq;
                    if is_hurried {
                        progress.hurried_seq = durable_seq;
                    }
                });
            }
            Ok(items)
        })
    }

    /// Does something with the log on a thread that may block.
    pub async fn on_disk<T: Send + 'static>(
        &self,
        act: impl FnOnce(&mut Log<Directory>) -> T + Send + 'static,
    ) -> Result<T, SpoolError> {
        let spool = self.clone();
        Ok(tokio::task::spawn_blocking(move || spool.locked(act)).await?)
    }

    /// Gives the stream up for a new one; see [`Log::begin_stream`].
    pub(crate) async fn begin_stream(&self) -> Result<Result<(), AppendError>, SpoolError> {
        let (stream, now_ms) = (fresh_stream()?, (self.clock)());
        let progress = Arc::clone(&self.progress);
        self.on_disk(move |log| {
            let begun = log.begin_stream(stream, now_ms);
            let durable_seq = log.durable_seq();
            progress.send_modify(|progress| {
                (progress.durable_seq, progress.hurried_seq) = (durable_seq, durable_seq);
            });
            begun
        })
        .await
    }

    /// How far the spool is, and a notice of each change.
    pub fn progress(&self) -> watch::Receiver<Progress> {
        self.progress.subscribe()
    }

    fn locked<T>(&self, act: impl FnOnce(&mut Log<Directory>) -> T) -> T {
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        let result = act(&mut log);
        self.status.update(|status| {
            status.stream = log.stream().to_string();
            status.durable_seq = log.durable_seq();
            status.acked_seq = log.acked_seq();
            status.spool_bytes = log.bytes();
            status.oldest_unacked_ms = log.oldest_unacked_ms();
            status.lost =
                log.lost().iter().map(|(reason, count)| (reason_name(*reason).to_owned(), *count)).collect();
        });
        result
    }
}

/// The word for a reason in status and logs.
const fn reason_name(reason: LostReason) -> &'static str {
    match reason {
        LostReason::Unspecified => "unspecified",
        LostReason::Cap => "cap",
        LostReason::Corrupt => "corrupt",
        LostReason::DiskRefused => "disk_refused",
        LostReason::Rewound => "rewound",
    }
}

impl Log<Directory> {
    /// The log of a directory, for a benchmark of appending.
    pub fn open_directory(directory: PathBuf, options: LogOptions, now_ms: i64) -> Result<Self, SpoolError> {
        Self::open(Directory(directory), options, fresh_stream()?, now_ms)
    }
}
