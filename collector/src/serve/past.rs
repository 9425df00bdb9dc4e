//! Past instants that were asked about, kept for a while: the newest two.
//!
//! Deriving one costs seconds of one processor and as much memory as the present's runs: one at a time,
//! beside the running writer in a snapshot of its own; a few may wait, the others are told to come again.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tracing::info;

use crate::ingest::Ingest;
use crate::publish::AskError;
use crate::recall::{RecallError, Recalled, recall};
use crate::store::SqliteStore;

/// Instants that are kept.
const KEPT_MAX: usize = 2;
/// Who may wait for an instant to be derived, or derive one.
const WAITING_MAX: usize = 4;

/// What was recalled last.
#[derive(Debug)]
pub(super) struct Past {
    state: Arc<Path>,
    /// Held while one is derived. The newest is the last.
    kept: Mutex<Vec<Arc<Recalled>>>,
    waiting: AtomicUsize,
}

impl Past {
    /// Of the store in a state directory.
    pub(super) fn of(state: &Arc<Path>) -> Self {
        Self { state: Arc::clone(state), kept: Mutex::default(), waiting: AtomicUsize::new(0) }
    }

    /// What was known at an instant that is not in the future.
    pub(super) fn recalled(&self, ingest: &Ingest, as_of_ms: i64) -> Result<Arc<Recalled>, AskError> {
        let _place = Place::take(&self.waiting).ok_or_else(|| {
            AskError::Busy("other instants of the past are being derived; ask again in a minute".to_owned())
        })?;
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = kept.iter().position(|recalled| recalled.as_of_ms == as_of_ms) {
            let found = kept.remove(place);
            kept.push(Arc::clone(&found));
            return Ok(found);
        }
        // Room first: while one is derived no more than the others are there.
        if kept.len() >= KEPT_MAX {
            kept.remove(0);
        }
        ingest.settle(as_of_ms).map_err(|error| AskError::Failed(error.to_string()))?;
        let recalled = self.derive(as_of_ms).map_err(|error| match error {
            RecallError::Nothing => AskError::Absent(error.to_string()),
            error => AskError::Failed(error.to_string()),
        })?;
        let recalled = Arc::new(recalled);
        kept.push(Arc::clone(&recalled));
        Ok(recalled)
    }

    fn derive(&self, as_of_ms: i64) -> Result<Recalled, RecallError> {
        let store = SqliteStore::read(&self.state)?;
        let recalled = recall(&store, collector_derive::step, as_of_ms)?;
        info!(
            as_of_ms,
            streams = recalled.prefixes.len(),
            bytes = recalled.bytes(),
            "a past instant was derived"
        );
        Ok(recalled)
    }
}

/// One of those who wait.
struct Place<'a>(&'a AtomicUsize);

impl<'a> Place<'a> {
    fn take(waiting: &'a AtomicUsize) -> Option<Self> {
        let place = Self(waiting);
        (waiting.fetch_add(1, Ordering::Relaxed) < WAITING_MAX).then_some(place)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
