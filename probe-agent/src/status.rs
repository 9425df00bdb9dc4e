//! What the agent knows of itself, written to `status.json` for `vedetta-agent status`.
//!
//! A file and not a socket: it can be read when the agent hangs or has ended, and needs no listener.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use crate::state_file;

const NAME: &str = "status.json";
const BYTES_MAX: usize = 64 << 10;

/// The agent's delivery at one instant. Instants are Unix ms, 0 for never.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Status {
    /// When this was written.
    pub at_ms: i64,
    /// The stream in hexadecimal.
    pub stream: String,
    /// The newest number on disk.
    pub durable_seq: u64,
    /// The newest number the collector holds.
    pub acked_seq: u64,
    /// Bytes in the spool.
    pub spool_bytes: u64,
    /// Time of the oldest record the collector does not hold; 0 when it holds all.
    pub oldest_unacked_ms: i64,
    /// When the collector last acknowledged.
    pub last_ack_ms: i64,
    /// Why delivery does not work at present; empty when it does.
    pub error: String,
    /// Collector's clock minus the agent's at the last exchange; absent before the first.
    pub clock_offset_ms: Option<i64>,
    /// Round trip of that exchange.
    pub clock_rtt_ms: Option<u64>,
    /// The assignment in force; 0 for none.
    pub assignment_revision: u64,
    /// Numbers declared lost since the agent began, by reason.
    pub lost: BTreeMap<String, u64>,
    /// When the collector may be away, as it said with its last answer.
    pub planned: Vec<Planned>,
    /// Set when the collector's journal no longer extends the head this agent remembers.
    pub journal_alarm: Option<String>,
}

/// Planned work on everything, `[from_ms, to_ms)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Planned {
    /// Unix ms.
    pub from_ms: i64,
    /// Unix ms.
    pub to_ms: i64,
}

/// The last status an agent wrote in `directory`; `None` if there is none.
pub fn load(directory: &Path) -> io::Result<Option<Status>> {
    let Some(bytes) = state_file::read(directory, NAME, BYTES_MAX)? else { return Ok(None) };
    serde_json::from_slice(&bytes).map(Some).map_err(io::Error::from)
}

/// Where spool and push say how they are. Clones share one status.
#[derive(Debug, Clone, Default)]
pub struct StatusCell(Arc<Mutex<Status>>);

impl StatusCell {
    /// Changes the status; whoever writes the file sees it.
    pub fn update(&self, change: impl FnOnce(&mut Status)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// The status now.
    pub fn get(&self) -> Status {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Writes the status if it differs from `written` in more than its time. Returns what stands written.
pub fn write(directory: &Path, cell: &StatusCell, written: Status, now_ms: i64) -> io::Result<Status> {
    let mut status = Status { at_ms: written.at_ms, ..cell.get() };
    if status == written {
        return Ok(written);
    }
    status.at_ms = now_ms;
    let bytes = serde_json::to_vec_pretty(&status).map_err(io::Error::from)?;
    state_file::replace_unsynced(directory, NAME, &bytes)?;
    Ok(status)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_written_only_when_something_changed() {
        let home = tempfile::tempdir().unwrap();
        assert_eq!(load(home.path()).unwrap(), None);
        let cell = StatusCell::default();
        cell.update(|status| status.acked_seq = 7);
        let written = write(home.path(), &cell, Status::default(), 1_000).unwrap();
        assert_eq!(load(home.path()).unwrap(), Some(written.clone()));
        let again = write(home.path(), &cell, written.clone(), 2_000).unwrap();
        assert_eq!(again.at_ms, 1_000, "nothing changed, nothing written");
        cell.update(|status| status.acked_seq = 8);
        assert_eq!(write(home.path(), &cell, again, 3_000).unwrap().at_ms, 3_000);
    }
}
