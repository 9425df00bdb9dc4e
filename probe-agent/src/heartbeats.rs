//! Reports of jobs: received, kept, and not judged here.
//!
//! A job that runs somewhere reports to the nearest agent; `probe: heartbeat` judges what is kept, at each of its
//! slots, so that a sample of it takes the one path of all samples. A report is answered 200 only when it is on disk.
//! The time of a report is the agent's; so spans in which it was not there to listen are kept as well, and grace is
//! longer by them. The contract for those who write scripts is `HEARTBEATS.md`.
//!
//! Nothing listens before a heartbeat is assigned, and beyond loopback nothing is accepted without a token.

pub mod report;
pub mod job;
pub mod kept;
mod book;
mod answer;
mod listen;
mod pace;
#[cfg(test)]
mod tests;

pub use book::{Away, Book, Presence};
pub use job::Job;
pub use report::{Report, Signal};

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use collector_api::Assignment;
use config::{CheckId, CheckSpec, HeartbeatParams, Probe};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::clock::WallClock;
use crate::secrets::SecretsDirectory;
use answer::Desk;
use pace::Pace;

/// How often presence is looked at; a gap of more than three is one.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How often presence is written, looks: what a kill may cost of it, which makes grace longer, never shorter.
const WRITE_EVERY_LOOKS: u64 = 10;

/// What receiving needs.
pub struct Receiver {
    /// Where to listen; nowhere when empty.
    pub listen: Vec<SocketAddr>,
    /// The assignment in force.
    pub assignments: watch::Receiver<Option<Arc<Assignment>>>,
    /// What is kept.
    pub book: Arc<Book>,
    /// Where tokens are.
    pub secrets: SecretsDirectory,
    /// The calendar.
    pub clock: WallClock,
}

impl std::fmt::Debug for Receiver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Receiver at {:?}", self.listen)
    }
}

/// The jobs of the assignment.
type Jobs = HashMap<CheckId, Arc<Expected>>;

/// A job that may report.
#[derive(Debug)]
struct Expected {
    params: HeartbeatParams,
    pace: Pace,
}

/// Receives until `stop`.
pub async fn run(receiver: Receiver, stop: CancellationToken) {
    let Receiver { listen, mut assignments, book, secrets, clock } = receiver;
    let jobs = Arc::new(RwLock::new(Jobs::new()));
    let desk = Arc::new(Desk::new(Arc::clone(&jobs), Arc::clone(&book), secrets, Arc::clone(&clock)));
    let mut looks = interval(LOOK_EVERY);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut doors, mut open) = (JoinSet::new(), None::<CancellationToken>);
    let (mut count, mut has_jobs, mut list_may_change) = (0_u64, false, true);
    assignments.mark_changed();
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => break,
            changed = assignments.changed(), if list_may_change => {
                list_may_change = changed.is_ok();
                let assigned = assigned(assignments.borrow_and_update().as_deref());
                has_jobs = !assigned.is_empty();
                desk.get_to_know(assigned.keys().cloned().collect()).await;
                adopt(&jobs, assigned);
            }
            _ = looks.tick(), if has_jobs => {
                let error = if open.is_some() { String::new() } else {
                    open_doors(&listen, &desk, &mut doors).await.map(|token| open = Some(token)).err().unwrap_or_default()
                };
                let is_first = count == 0;
                let changed = book.look((clock)(), error);
                if changed || is_first || count.is_multiple_of(WRITE_EVERY_LOOKS) {
                    desk.take_in_kept().await;
                    book.write_presence();
                }
                count += 1;
            }
            Some(ended) = doors.join_next() => if let Err(error) = ended { warn!(%error, "a listener for heartbeats failed") },
        }
        if !has_jobs && let Some(token) = open.take() {
            token.cancel();
        }
    }
    if let Some(token) = open {
        token.cancel();
    }
    while doors.join_next().await.is_some() {}
    if has_jobs {
        book.write_presence();
    }
}

/// Heartbeats of an assignment; other checks are not even decoded whole.
fn assigned(assignment: Option<&Assignment>) -> HashMap<CheckId, HeartbeatParams> {
    let checks = assignment.iter().flat_map(|assignment| &assignment.checks);
    let of_jobs = checks.filter(|text| text.contains("\"heartbeat\""));
    let specs = of_jobs.filter_map(|text| serde_json::from_str::<CheckSpec>(text).ok());
    let job = |spec: CheckSpec| match spec.probe {
        Probe::Heartbeat(params) => Some((spec.id, *params)),
        _ => None,
    };
    specs.filter_map(job).collect()
}

/// Jobs that stay keep their pace.
fn adopt(jobs: &RwLock<Jobs>, assigned: HashMap<CheckId, HeartbeatParams>) {
    let mut jobs = jobs.write().unwrap_or_else(PoisonError::into_inner);
    let same =
        |id: &CheckId, params: &HeartbeatParams| jobs.get(id).filter(|job| job.params == *params).cloned();
    *jobs = assigned
        .into_iter()
        .map(|(id, params)| {
            let kept = same(&id, &params);
            (id, kept.unwrap_or_else(|| Arc::new(Expected { params, pace: Pace::of_job() })))
        })
        .collect();
}

/// Opens every address, or none: the error is a sentence for whoever reads the sample.
async fn open_doors(
    listen: &[SocketAddr],
    desk: &Arc<Desk>,
    doors: &mut JoinSet<()>,
) -> Result<CancellationToken, String> {
    if listen.is_empty() {
        return Err(
            "this agent listens for no heartbeats: `heartbeats: listen` in agent.yaml is empty".to_owned()
        );
    }
    let mut listeners = Vec::new();
    for address in listen {
        let listener = TcpListener::bind(address).await.map_err(|error| {
            warn!(%address, %error, "cannot listen for heartbeats");
            format!("cannot listen for heartbeats at {address}: {error}")
        })?;
        listeners.push(listener);
    }
    let token = CancellationToken::new();
    for (listener, address) in listeners.into_iter().zip(listen) {
        info!(%address, "listening for heartbeats");
        doors.spawn(listen::run(listener, Arc::clone(desk), token.clone()));
    }
    Ok(token)
}
