//! Delivery: what the spool made durable reaches the collector once and in order.
//!
//! hello tells where the collector is; batches of whole groups follow from there, one at a time; an
//! answer moves the cursor, no answer means hello and the same groups again. What to do after each
//! answer is decided in `decide.rs`, without a socket; `courier.rs` carries it out. Delivery never
//! discards, never gives up, and never ends the agent because of what the collector says.

mod decide;
mod exchange;
mod witness;
mod courier;
#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use collector_api::Assignment;
use config::HostPort;
use thiserror::Error;
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tracing::{info, warn};

use crate::collector_client::CollectorError;
use crate::identity::Identity;
use crate::spool::{Spool, SpoolError, WallClock};
use crate::status::{self, Status, StatusCell};

/// How long the last attempt may take after the spool has ended.
const LAST_ATTEMPT: Duration = Duration::from_secs(5);
/// How often the status is written at most.
const STATUS_EVERY: Duration = Duration::from_secs(1);

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
    let (directory, cell, clock) =
        (push.state_directory.clone(), push.status.clone(), Arc::clone(&push.clock));
    let mut progress = push.spool.progress();
    let mut courier = courier::Courier::new(push)?;
    let ended = async {
        // The courier holds the sender, so waiting cannot fail.
        let _ = progress.wait_for(|progress| progress.ended).await;
        tokio::time::sleep(LAST_ATTEMPT).await;
    };
    let result = tokio::select! {
        result = courier.deliver() => result,
        () = ended => {
            info!("the last attempt to deliver took too long; the rest is sent after the next start");
            Ok(())
        }
        never = keep_status(directory.clone(), cell.clone(), Arc::clone(&clock)) => match never {},
    };
    // The last word, within reason: a disk that hangs must not keep the agent from ending.
    let last = write_status(directory, cell, Status::default(), clock());
    let _ = timeout(LAST_ATTEMPT, last).await;
    result
}

async fn keep_status(directory: PathBuf, cell: StatusCell, clock: WallClock) -> std::convert::Infallible {
    let mut written = Status::default();
    let mut ticks = interval(STATUS_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        written = write_status(directory.clone(), cell.clone(), written, clock()).await;
    }
}

/// Writes on a thread that may block. Returns what stands written.
async fn write_status(directory: PathBuf, cell: StatusCell, written: Status, now_ms: i64) -> Status {
    if (Status { at_ms: written.at_ms, ..cell.get() }) == written {
        return written;
    }
    let before = written.clone();
    let result = tokio::task::spawn_blocking(move || status::write(&directory, &cell, written, now_ms)).await;
    match result {
        Ok(Ok(now_written)) => now_written,
        Ok(Err(error)) => {
            warn!(%error, "the status cannot be written");
            before
        }
        Err(_) => before,
    }
}
