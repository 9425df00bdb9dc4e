//! What is kept on disk: a file per job, and one of the agent's own presence.
//!
//! The files are the truth, read anew by each look, so that `vedetta-agent probe` sees what the running agent does.
//! A job's file is named by a hash: ids can be longer than names of files.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use collector_api::hex_encode;
use config::CheckId;
use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};
use tracing::warn;

use super::Job;
use crate::clock::WallClock;
use crate::state_file;

/// Below the agent's state directory.
const FOLDER: &str = "heartbeats";
const PRESENCE: &str = "presence.json";
const FILE_BYTES_MAX: usize = 64 << 10;
/// Between two looks of a running agent lies a second; more than this is a stop, a suspension or a step of the clock.
const GAP_MS_MAX: i64 = 3_000;
/// What is written of presence may be older than what was: a kill is no long absence.
const GAP_MS_MAX_AT_START: i64 = 12_000;
/// Spans that are remembered, the newest.
const SPANS_MAX: usize = 100;

/// A span in which no report could arrive, Unix ms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Away {
    /// Its begin.
    pub from_ms: i64,
    /// Its end.
    pub to_ms: i64,
}

/// When the agent was there to listen.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Presence {
    /// When it last was.
    pub seen_ms: i64,
    /// When it was not, in order.
    pub away: Vec<Away>,
    /// Why it does not listen now; empty when it does.
    pub error: String,
}

/// The files, and the clock by which they are read.
pub struct Book {
    directory: PathBuf,
    clock: WallClock,
    /// `None` until the running agent looks for the first time.
    presence: Mutex<Option<Presence>>,
}

impl std::fmt::Debug for Book {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Book in {}", self.directory.display())
    }
}

impl Book {
    /// What an agent with this state directory keeps; nothing is read or made yet.
    pub fn new(state_directory: &Path, clock: WallClock) -> Self {
        Self { directory: state_directory.join(FOLDER), clock, presence: Mutex::new(None) }
    }

    /// The agent's calendar, Unix ms.
    pub fn now_ms(&self) -> i64 {
        (self.clock)()
    }

    /// Where reports wait that their sender could not deliver.
    pub fn inbox(state_directory: &Path) -> PathBuf {
        state_directory.join(FOLDER).join("inbox")
    }

    pub(super) fn own_inbox(&self) -> PathBuf {
        self.directory.join("inbox")
    }

    /// What is kept of a job; `None` if the agent does not expect it yet.
    pub fn job(&self, check: &CheckId) -> io::Result<Option<Job>> {
        let Some(bytes) = state_file::read(&self.directory, &file_of(check), FILE_BYTES_MAX)? else {
            return Ok(None);
        };
        let job: Job = serde_json::from_slice(&bytes).map_err(io::Error::from)?;
        Ok(Some(job).filter(|job| job.check == check.as_str()))
    }

    /// Keeps a job; on disk when this returns.
    pub fn keep(&self, check: &CheckId, job: &Job) -> io::Result<()> {
        state_file::make_directory(&self.directory)?;
        let bytes = serde_json::to_vec(job).map_err(io::Error::from)?;
        state_file::replace(&self.directory, &file_of(check), &bytes)
    }

    /// When the agent was there, as far as is known.
    pub fn presence(&self) -> io::Result<Presence> {
        if let Some(presence) = self.lock().as_ref() {
            return Ok(presence.clone());
        }
        self.read_presence()
    }

    fn read_presence(&self) -> io::Result<Presence> {
        let bytes = state_file::read(&self.directory, PRESENCE, FILE_BYTES_MAX)?;
        bytes.map_or_else(
            || Ok(Presence::default()),
            |bytes| serde_json::from_slice(&bytes).map_err(io::Error::from),
        )
    }

    /// The running agent is there; `error` says why it does not listen. Says whether that is news.
    pub(super) fn look(&self, now_ms: i64, error: String) -> bool {
        let mut kept = self.lock();
        let is_first = kept.is_none();
        let presence = kept.get_or_insert_with(|| {
            self.read_presence().unwrap_or_else(|error| {
                warn!(%error, "when this agent was away is not known: the file is damaged");
                Presence::default()
            })
        });
        let gap_ms_max = if is_first { GAP_MS_MAX_AT_START } else { GAP_MS_MAX };
        presence.look(now_ms, error, gap_ms_max)
    }

    /// Writes presence down. After a power cut it may be older, which only makes grace longer.
    pub(super) fn write_presence(&self) {
        let Some(presence) = self.lock().clone() else { return };
        let written = state_file::make_directory(&self.directory).and_then(|()| {
            let bytes = serde_json::to_vec(&presence).map_err(io::Error::from)?;
            state_file::replace_unsynced(&self.directory, PRESENCE, &bytes)
        });
        if let Err(error) = written {
            warn!(%error, "cannot write when this agent was there to listen");
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Presence>> {
        self.presence.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Presence {
    /// While it does not listen, it is not there: the span ends with the first look that finds it listening.
    pub(super) fn look(&mut self, now_ms: i64, error: String, gap_ms_max: i64) -> bool {
        let has_changed = self.error != error;
        self.error = error;
        if !self.error.is_empty() {
            return has_changed;
        }
        let was_there = self.seen_ms > 0;
        let is_gap = was_there && now_ms.saturating_sub(self.seen_ms) > gap_ms_max;
        if is_gap {
            self.away.push(Away { from_ms: self.seen_ms, to_ms: now_ms });
            let too_many = self.away.len().saturating_sub(SPANS_MAX);
            self.away.drain(..too_many);
        }
        self.seen_ms = now_ms;
        has_changed || is_gap
    }
}

fn file_of(check: &CheckId) -> String {
    let hash = digest(&SHA256, check.as_str().as_bytes());
    format!("{}.json", hex_encode(&hash.as_ref()[..16]))
}
