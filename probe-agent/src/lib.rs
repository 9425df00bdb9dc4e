//! The agent: `assignment -> schedule -> probe -> sample -> spool -> push`.
//!
//! Files in reading order: what flows ([`sample`]), who the agent is and what it keeps, the flow's
//! stages from the last to the first. Probes do not know the spool; the spool does not know the
//! network; nothing the collector sends makes the agent execute a program or read a file outside its
//! own directories.

pub mod sample;
pub mod state_file;
pub mod identity;
pub mod collector_client;
pub mod assignment_store;
pub mod status;
pub mod spool;
pub mod push;
pub mod clock;
pub mod allowed;
pub mod resolve;
pub mod tls;
pub mod secrets;
pub mod heartbeats;
pub mod probe;
pub mod canary;
pub mod schedule;
mod silence;
pub mod cli;

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use config::AgentConfig;
use thiserror::Error;
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinError, JoinSet};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use allowed::{AllowedTargets, NotANetwork};
use clock::WallClock;
use heartbeats::Book;
use identity::{Identity, IdentityError};
use probe::icmp::Pings;
use probe::{SharedSurroundings, Surroundings};
use push::{Push, PushError};
use resolve::SystemResolver;
use schedule::{Limits, Schedule, SpoolGone, Wall};
use secrets::SecretsDirectory;
use spool::{Spool, SpoolError, SpoolOptions};
use status::StatusCell;
use tls::TlsStore;

/// The agent's version, as it tells the collector.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Entries between schedule and spool: what ten thousand checks say in a busy second or two.
const ENTRIES_MAX: usize = 16_384;
/// Steps of the clock that nobody has recorded yet.
const STEPS_MAX: usize = 16;

/// Why the agent ended other than by being asked to.
#[derive(Debug, Error)]
pub enum AgentError {
    /// Not enrolled, or the identity is damaged.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// `allowed_targets` is wrong.
    #[error(transparent)]
    AllowedTargets(#[from] NotANetwork),
    /// The spool cannot go on.
    #[error(transparent)]
    Spool(#[from] SpoolError),
    /// Delivery cannot go on.
    #[error(transparent)]
    Push(#[from] PushError),
    /// A stage ended before the one that feeds it.
    #[error(transparent)]
    Order(#[from] SpoolGone),
    /// A defect.
    #[error("a stage of the agent ended by itself")]
    Stage(#[from] JoinError),
}

/// How often the spool's disk is asked for a sign of life.
const SIGN_EVERY: Duration = Duration::from_secs(10);

/// Runs the agent until `stop`; then the schedule ends first, and what it said is stored and sent. `progress` changes
/// once the spool is open, and then whenever its disk has answered: what a watchdog is fed with.
pub async fn run(
    config: AgentConfig,
    clock: WallClock,
    stop: CancellationToken,
    progress: watch::Sender<()>,
) -> Result<(), AgentError> {
    let identity = Arc::new(Identity::load(&config.state_directory)?);
    let surroundings = surroundings(&config)?;
    let limits = Limits::by_open_files(schedule::raise_open_files());
    let status = StatusCell::default();
    if let Ok(Some(before)) = status::load(&config.state_directory) {
        // What holds on: when the collector acknowledged last, and when it said that it would be away.
        status.update(|status| {
            (status.last_ack_ms, status.planned) = (before.last_ack_ms, before.planned);
        });
    }
    let spool = spool::open(&spool_options(&config), Arc::clone(&clock), status.clone())?;
    let ntp_error_ms = Arc::new(AtomicU64::new(0));

    let (assignments, assignment) = watch::channel(kept_assignment(&config, &identity));
    let (refused_checks, refused) = watch::channel(Vec::new());
    let (canary_list, canaries) = watch::channel(Vec::new());
    let (steps_in, steps) = mpsc::channel(STEPS_MAX);
    let (entries_in, entries) = mpsc::channel(ENTRIES_MAX);
    let collector =
        if config.collector.is_empty() { identity.addresses.clone() } else { config.collector.clone() };
    let (desk, canary_watch) =
        canary::open(canaries, collector, Arc::clone(&surroundings), &config.state_directory);

    // They only tell; they end when nobody listens, and at the latest with this function.
    let mut watches = JoinSet::new();
    watches.spawn(clock::watch(Arc::clone(&clock), steps_in));
    watches.spawn(canary_watch.run());
    watches.spawn(show_progress(spool.clone(), progress));
    if !config.ntp_servers.is_empty() {
        watches.spawn(clock::watch_ntp(config.ntp_servers.clone(), Arc::clone(&ntp_error_ms)));
    }

    if let Some(silent) = config.collector_silent.clone() {
        watches.spawn(silence::watch(silence::Watch {
            config: silent,
            identity: Arc::clone(&identity),
            status: status.clone(),
            surroundings: Arc::clone(&surroundings),
            state_directory: config.state_directory.clone(),
            clock: Arc::clone(&clock),
        }));
    }

    let receiver = heartbeats::Receiver {
        listen: config.heartbeats_listen.clone(),
        assignments: assignment.clone(),
        book: Arc::clone(&surroundings.heartbeats),
        secrets: surroundings.secrets.clone(),
        clock: Arc::clone(&clock),
    };
    let schedule = Schedule {
        agent: identity.agent.clone(),
        assignments: assignment,
        entries: entries_in,
        refused_checks,
        canaries: canary_list,
        desk,
        steps,
        surroundings,
        limits,
        clock: Wall(Arc::clone(&clock)),
    };
    let push = Push {
        identity: Arc::clone(&identity),
        addresses: config.collector.clone(),
        state_directory: config.state_directory.clone(),
        spool: spool.clone(),
        assignments,
        refused_checks: refused,
        ntp_error_ms,
        clock,
        status,
        version: VERSION.to_owned(),
    };
    info!(agent = identity.agent, version = VERSION, "agent begins");
    let mut stages: JoinSet<Result<(), AgentError>> = JoinSet::new();
    // The two that take in from outside, and so the only ones to hear `stop`.
    let (schedule_stop, receiver_stop) = (stop.clone(), stop.clone());
    stages.spawn(async move {
        heartbeats::run(receiver, receiver_stop).await;
        Ok(())
    });
    stages.spawn(async move { Ok(schedule::run(schedule, schedule_stop).await?) });
    // Ends when its input ends.
    stages.spawn(async move { Ok(spool::run(spool, entries).await?) });
    // Ends when the spool has ended.
    stages.spawn(async move { Ok(push::run(push).await?) });
    let mut result = Ok(());
    while let Some(ended) = stages.join_next().await {
        // A stage that ends early takes the agent down with it. The first failure is the cause.
        stop.cancel();
        let ended = ended.unwrap_or_else(|panic| Err(panic.into()));
        result = result.and(ended);
    }
    result
}

/// A thread that may block and the spool's lock: whatever hangs on the disk keeps the sign from being given. A runtime
/// that hangs gives none either.
async fn show_progress(spool: Spool, progress: watch::Sender<()>) {
    let mut signs = interval(SIGN_EVERY);
    signs.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while spool.on_disk(|_| ()).await.is_ok() {
        progress.send_replace(());
        signs.tick().await;
    }
}

/// What probes need around them, by the agent's own file.
pub fn surroundings(config: &AgentConfig) -> Result<SharedSurroundings, NotANetwork> {
    Ok(Arc::new(Surroundings {
        resolver: SystemResolver::new(),
        allowed: AllowedTargets::parse(&config.allowed_targets)?,
        tls: TlsStore::default(),
        secrets: SecretsDirectory::new(&config.secrets_directory),
        rejections: probe::Rejections::default(),
        bodies: probe::http::Bodies::default(),
        pings: Pings::default(),
        snmp: probe::snmp::Engines::default(),
        pages: probe::http::Pages::new(&config.state_directory),
        posts: probe::mail_round_trip::Posts::new(&config.state_directory),
        clock: clock::Calendar::default(),
        controllers: probe::access_point::Controllers::default(),
        clock_servers: config.ntp_servers.clone(),
        heartbeats: Arc::new(Book::new(&config.state_directory, clock::system())),
    }))
}

fn spool_options(config: &AgentConfig) -> SpoolOptions {
    let boot_id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    SpoolOptions {
        directory: config.state_directory.join("spool"),
        bytes_max: config.spool_bytes_max,
        version: VERSION.to_owned(),
        boot_id: boot_id.trim().to_owned(),
    }
}

/// What the collector last wanted, so that probing begins while it is away. One that cannot be
/// believed is as good as none: the collector is asked again.
fn kept_assignment(config: &AgentConfig, identity: &Identity) -> Option<Arc<collector_api::Assignment>> {
    assignment_store::load(&config.state_directory, &identity.collector, &identity.agent).unwrap_or_else(
        |error| {
            warn!(%error, "the kept assignment is not used");
            None
        },
    )
}
