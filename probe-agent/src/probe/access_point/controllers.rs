//! One reading of each controller, shared by all its access points, and one reader at a time.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::MutexGuard;
use tokio::time::Instant;

use super::table::Table;
use crate::probe::Fault;

/// Controllers; beyond that the memory begins anew.
const CONTROLLERS_MAX: usize = 256;
/// A reading that failed is made anew after this: long enough that an hour of silence is not asked about 120 times a
/// minute, short enough that a single lost reading does not blind a whole round.
const FAILURE_AGE_MAX: Duration = Duration::from_secs(10);

/// A controller's parameters, written.
pub(super) type Key = Arc<str>;

/// What is known of every controller.
#[derive(Debug, Default)]
pub struct Controllers(Mutex<HashMap<Key, Arc<Slot>>>);

/// One controller.
#[derive(Debug)]
pub(super) struct Slot {
    /// Held while somebody reads.
    kept: tokio::sync::Mutex<Option<Arc<Reading>>>,
    since: Instant,
    /// Access points that have asked, by name.
    named: Mutex<HashSet<String>>,
}

/// What came of reading a controller.
#[derive(Debug)]
pub(super) struct Reading {
    pub(super) at: Instant,
    pub(super) table: Result<Table, Fault>,
}

impl Reading {
    pub(super) fn is_fresh(&self, age_max: Duration) -> bool {
        let age_max = if self.table.is_ok() { age_max } else { age_max.min(FAILURE_AGE_MAX) };
        self.at.elapsed() <= age_max
    }
}

impl Controllers {
    /// The controller of these parameters, of which `name` asks.
    pub(super) fn slot(&self, key: &Key, name: &str) -> Arc<Slot> {
        let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if slots.len() >= CONTROLLERS_MAX && !slots.contains_key(key) {
            slots.clear();
        }
        let new = || {
            Arc::new(Slot {
                kept: tokio::sync::Mutex::default(),
                since: Instant::now(),
                named: Mutex::default(),
            })
        };
        let slot = Arc::clone(slots.entry(Arc::clone(key)).or_insert_with(new));
        drop(slots);
        slot.named.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned());
        slot
    }
}

impl Slot {
    /// The last reading, once nobody else is reading.
    pub(super) async fn reading(&self) -> MutexGuard<'_, Option<Arc<Reading>>> {
        self.kept.lock().await
    }

    /// Access points of a table that no check names; none before every check has had its turn.
    pub(super) fn strangers(&self, table: &Table, round: Duration) -> Vec<String> {
        if self.since.elapsed() < round * 2 {
            return Vec::new();
        }
        let named = self.named.lock().unwrap_or_else(PoisonError::into_inner);
        table.names().filter(|name| !named.contains(*name)).map(str::to_owned).collect()
    }
}
