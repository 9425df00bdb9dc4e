//! The daemon: what it opens, what it listens on, how it stops.
//!
//! Two listeners and a socket, each with seats and deadlines: `agents` (TLS, signed both ways),
//! `web` (read only, plain, loopback unless the charter says otherwise) and the operators' socket in
//! the state directory, for whom `admission` admits. Stopping runs downstream: listeners stop accepting, requests under way end,
//! then the store makes its checkpoint.

use std::fs;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::Router;
use collector_api::PublicKey;
use config::{HostPort, LoadError, Loaded};
use nix::fcntl::{Flock, FlockArg};
use serde::{Deserialize, Serialize};
use thiserror::Error;
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;
use tracing::{error, info, warn};

mod patience;
mod body;
mod listen;
mod tls;
mod gate;
mod absences;
mod agents;
pub(crate) mod enrolment;
mod work;
mod witnesses;
mod day;
mod past;
mod moments;
mod alerts;
mod vitals;
mod outward;
mod alertmanager;
mod heartbeat;
mod outbox;
mod memory;
mod acts;
mod person;
pub(crate) mod admission;
mod socket;

use crate::clock::Clock;
use crate::keys::{Keys, KeysError, write_private};
use crate::operator::SOCKET_NAME;
use crate::publish::{self, Reader};
pub use acts::{ActError, Acts};
use alerts::Alerts;
use enrolment::Enrolment;
use gate::Gates;
use listen::{Answerer, Door, Listener};
use moments::Present;
use outbox::Outbox;
pub use patience::Patience;
use patience::Seat;
use tls::{Certificates, TlsError};
use vitals::Watch;
use work::Work;

/// Connections of agents at a time; each costs a descriptor and some 100 KiB while a batch arrives.
const AGENT_CONNECTIONS_MAX: usize = 512;
/// Pages, Prometheus, a proxy.
const WEB_CONNECTIONS_MAX: usize = 64;
/// Commands.
const SOCKET_CONNECTIONS_MAX: usize = 16;
/// The real addresses, for scripts and tests: ports may be 0 in the configuration.
const LISTENING_FILE: &str = "listening.json";
const LOCK_FILE: &str = "lock";

/// What a collector is started with.
#[derive(Debug, Clone)]
pub struct Options {
    /// The configuration file.
    pub config: PathBuf,
    /// The calendar.
    pub clock: Clock,
    /// Deadlines of every listener.
    pub patience: Patience,
}

/// Where a running collector is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listening {
    /// TLS, for agents.
    pub agents: SocketAddr,
    /// Plain HTTP, for readers.
    pub web: SocketAddr,
    /// For operators.
    pub socket: PathBuf,
    /// The process.
    pub pid: u32,
}

/// Why the collector does not run.
#[derive(Debug, Error)]
pub enum ServeError {
    /// The file has errors.
    #[error("the configuration cannot be used:\n{0}")]
    Config(#[from] LoadError),
    /// No keys, or not private.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// No certificate.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// Another process has the state directory.
    #[error("another collector runs on `{0}`; one state directory has one collector")]
    Running(PathBuf),
    /// The store, the journal or the charter in them.
    #[error(transparent)]
    Work(#[from] work::WorkError),
    /// An address is taken, or not ours.
    #[error("cannot listen on {what}; is something else there? (`ss -ltnp` shows it)")]
    Bind {
        /// Address or path.
        what: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The state directory failed.
    #[error("cannot use `{path}`")]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The store must not be used any more by this process.
    #[error("the collector stops: {0}")]
    Store(String),
    /// A part that runs for ever ended: the process must not go on without it.
    #[error("a part of the collector failed: {0}")]
    Part(String),
}

/// What every request and every act shares.
#[derive(Debug)]
pub(crate) struct Core {
    keys: Arc<Keys>,
    clock: Clock,
    patience: Patience,
    gates: Gates,
    enrolment: Enrolment,
    work: Work,
    alerts: Alerts,
    vitals: Watch,
    outbox: Outbox,
}

/// A collector that listens; [`Collector::run`] makes it answer.
#[derive(Debug)]
pub struct Collector {
    core: Arc<Core>,
    acts: Arc<Acts>,
    certificates: Arc<Certificates>,
    agents: TcpListener,
    web: TcpListener,
    socket: UnixListener,
    listening: Listening,
    progress: watch::Sender<()>,
    outlets: Outlets,
    /// Held as long as the process lives.
    _lock: Flock<fs::File>,
}

impl Collector {
    /// Loads the configuration, opens the state, records a changed charter, and listens.
    pub async fn start(options: Options) -> Result<Self, ServeError> {
        let Options { config: config_path, clock, patience } = options;
        let Loaded { vedetta, warnings, source } = config::load(&config_path)?;
        for warning in &warnings {
            warn!(at = warning.at(), warning = %warning.message, "the configuration has a doubtful place");
        }
        let settings = vedetta.collector;
        let state = settings.state_directory.clone();
        let keys = Arc::new(Keys::open(&state)?);
        let lock = lock(&state)?;
        let work = Work::open(&state, (vedetta.charter, source), Arc::clone(&keys), clock.clone()).await?;
        let enrolment = Enrolment::open(work.truth());
        let alerts = Alerts::open(work.truth()).await?;
        let outbox = Outbox::open(work.truth(), &settings, keys.public().0).await?;

        let agents = bind(settings.agents_listen).await?;
        let web = bind(settings.web_listen).await?;
        let socket_path = state.join(SOCKET_NAME);
        let socket = admission::bind(&state, settings.operators.as_deref())
            .map_err(|source| ServeError::Bind { what: socket_path.display().to_string(), source })?;
        let listening = Listening {
            agents: local_address(&agents, settings.agents_listen)?,
            web: local_address(&web, settings.web_listen)?,
            socket: socket_path,
            pid: std::process::id(),
        };
        let mut names: Vec<IpAddr> = vec![listening.agents.ip()];
        names
            .extend(settings.agents_address.iter().filter_map(|address| address.host.parse::<IpAddr>().ok()));
        let certificates = Certificates::new(Arc::clone(&keys), names, clock.now_ms())?;
        let json =
            serde_json::to_vec_pretty(&listening).map_err(|error| ServeError::Part(error.to_string()))?;

        let outlets = Outlets::of(&settings).map_err(ServeError::Part)?;
        let vitals = Watch::new(&state, clock.now_ms(), outlets.all());
        let gates = Gates::default();
        let core = Arc::new(Core { keys, clock, patience, gates, enrolment, work, alerts, vitals, outbox });
        memory::keep_at_hand();
        rehearse(core.work.present(Arc::clone(&core))).await;
        write_private(&state.join(LISTENING_FILE), &json)?;
        let acts = Acts::new(Arc::clone(&core), config_path, settings, listening.agents);
        let progress = watch::Sender::new(());
        let acts = Arc::new(acts);
        Ok(Self { core, acts, certificates, agents, web, socket, listening, progress, outlets, _lock: lock })
    }

    /// Where it listens.
    pub fn listening(&self) -> &Listening {
        &self.listening
    }

    /// The key that agents pin.
    pub fn public_key(&self) -> PublicKey {
        self.core.keys.public()
    }

    /// What operators may do, for signals and tests.
    pub fn acts(&self) -> Arc<Acts> {
        Arc::clone(&self.acts)
    }

    /// Changes whenever the store's thread has shown that it commits, once a minute: what a watchdog is fed with.
    pub fn progress(&self) -> watch::Receiver<()> {
        self.progress.subscribe()
    }

    /// Answers until `stop`, then ends what is under way and makes a checkpoint.
    pub async fn run(self, stop: CancellationToken) -> Result<(), ServeError> {
        let Self { core, acts, certificates, agents, web, socket, listening, progress, outlets, _lock } =
            self;
        let patience = core.patience;
        let tls = certificates.acceptor()?;
        let reading = |reader| core.work.web(Arc::clone(&core), reader);
        let listeners = [
            Listener {
                name: "agents",
                door: Door::Tcp(agents),
                tls: Some(tls),
                connections_max: AGENT_CONNECTIONS_MAX,
                patience,
                answer: agents::answerer(Arc::clone(&core)),
            },
            Listener {
                name: "web",
                door: Door::Tcp(web),
                tls: None,
                connections_max: WEB_CONNECTIONS_MAX,
                patience,
                answer: routed(reading(Reader::Anyone)),
            },
            Listener {
                name: "socket",
                door: Door::Unix(socket),
                tls: None,
                connections_max: SOCKET_CONNECTIONS_MAX,
                patience,
                answer: routed(socket::router(acts, reading(Reader::Operator))),
            },
        ];
        let mut parts = JoinSet::new();
        for listener in listeners {
            parts.spawn(listener.run(stop.clone()));
        }
        parts.spawn(outbox::deliver(Arc::clone(&core), stop.clone()));
        let mut chores = JoinSet::new();
        chores.spawn(certificates.renew(core.clock.clone()));
        outlets.spawn(&mut chores, &core, &progress);
        core.work.spawn_chores(&mut chores, progress);
        chores.spawn(alerts::follow(core.work.present(Arc::clone(&core))));
        info!(
            agents = %listening.agents,
            web = %format_args!("http://{}/", listening.web),
            socket = %listening.socket.display(),
            key = %core.keys.public(),
            "the collector is ready"
        );

        let mut result = Ok(());
        let ended = tokio::select! {
            () = stop.cancelled() => None,
            ended = parts.join_next() => ended,
            ended = chores.join_next() => ended,
        };
        // A part may hear of the stop before this does, and end first: that is no failure.
        match ended {
            Some(_) if let Some(reason) = core.work.failure() => result = Err(ServeError::Store(reason)),
            Some(ended) if ended.is_err() || !stop.is_cancelled() => result = Err(part(ended)),
            _ => info!("stopping"),
        }
        stop.cancel();
        while let Some(ended) = parts.join_next().await {
            if let Err(error) = ended {
                result = result.and(Err(ServeError::Part(error.to_string())));
            }
        }
        chores.shutdown().await;
        let closed = core.work.close().await;
        result = result.and(closed.map_err(ServeError::Work));
        // Scripts that look for a running collector must not find this one.
        let _ = fs::remove_file(&listening.socket);
        info!("stopped");
        result
    }
}

/// Ways out that the configuration names, beside mails.
#[derive(Debug)]
struct Outlets {
    alertmanagers: Vec<alertmanager::Receiver>,
    heartbeat: Option<heartbeat::Heartbeat>,
}

impl Outlets {
    fn of(settings: &config::CollectorConfig) -> Result<Self, String> {
        let config::CollectorConfig { alertmanagers, heartbeat, secrets_directory, .. } = settings.clone();
        if alertmanagers.is_empty() && heartbeat.is_none() {
            return Ok(Self { alertmanagers: Vec::new(), heartbeat: None });
        }
        let client = outward::client()?;
        let receiver =
            |config| alertmanager::Receiver::new(config, secrets_directory.clone(), client.clone());
        let alertmanagers = alertmanagers.into_iter().map(receiver).collect();
        let heartbeat = heartbeat
            .map(|config| heartbeat::Heartbeat::new(config, secrets_directory.clone(), client.clone()));
        Ok(Self { alertmanagers, heartbeat })
    }

    /// For `/metrics`.
    fn all(&self) -> Vec<Arc<outward::Outlet>> {
        let alertmanagers = self.alertmanagers.iter().map(alertmanager::Receiver::outlet);
        alertmanagers.chain(self.heartbeat.as_ref().map(heartbeat::Heartbeat::outlet)).collect()
    }

    fn spawn(self, chores: &mut JoinSet<()>, core: &Arc<Core>, progress: &watch::Sender<()>) {
        for receiver in self.alertmanagers {
            chores.spawn(receiver.follow(core.work.present(Arc::clone(core))));
        }
        if let Some(heartbeat) = self.heartbeat {
            chores.spawn(heartbeat.follow(core.work.present(Arc::clone(core)), progress.subscribe()));
        }
    }
}

/// What goes wrong with the first answer is no reason not to take samples.
async fn rehearse(present: Present) {
    match tokio::task::spawn_blocking(move || publish::rehearse(|asked| present.present(asked))).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => warn!(%error, "this year's figures cannot be told at the moment"),
        Err(error) => {
            error!(%error, "this year's figures cannot be computed; samples are taken all the same");
        }
    }
}

/// An axum router as a listener's answerer. A request under way keeps its seat, an idle reader does not.
fn routed(router: Router) -> Answerer {
    Arc::new(move |request| {
        let router = router.clone();
        Box::pin(async move {
            let seat = request.extensions().get::<Arc<Seat>>().map(Arc::clone);
            if let Some(seat) = &seat {
                seat.keep(true);
            }
            let Ok(response) = router.oneshot(request.map(axum::body::Body::new)).await;
            if let Some(seat) = &seat {
                seat.keep(false);
            }
            response
        })
    })
}

fn part(ended: Result<(), tokio::task::JoinError>) -> ServeError {
    ServeError::Part(ended.err().map_or_else(|| "it ended by itself".to_owned(), |error| error.to_string()))
}

/// Makes sure that no other collector uses `state`.
pub(crate) fn lock(state: &Path) -> Result<Flock<fs::File>, ServeError> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let path = state.join(LOCK_FILE);
    let file = fs::File::options().create(true).truncate(false).write(true).mode(0o600).open(&path);
    let file = file.map_err(|source| ServeError::Io { path, source })?;
    Flock::lock(file, FlockArg::LockExclusiveNonblock).map_err(|_| ServeError::Running(state.to_owned()))
}

async fn bind(address: SocketAddr) -> Result<TcpListener, ServeError> {
    TcpListener::bind(address).await.map_err(|source| ServeError::Bind { what: address.to_string(), source })
}

fn local_address(listener: &TcpListener, asked: SocketAddr) -> Result<SocketAddr, ServeError> {
    listener.local_addr().map_err(|source| ServeError::Bind { what: asked.to_string(), source })
}

/// `host:port` of every address an agent may find the collector at.
fn agent_addresses(settings: &config::CollectorConfig, listening: SocketAddr) -> Vec<String> {
    if settings.agents_address.is_empty() {
        return vec![listening.to_string()];
    }
    settings.agents_address.iter().map(HostPort::to_string).collect()
}
