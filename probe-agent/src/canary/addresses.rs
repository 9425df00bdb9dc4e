//! Where canaries were last found: names to addresses, looked up beside the rounds, never in one.
//!
//! What was found once is kept while the resolver is dead, and over restarts: when the power comes back,
//! an agent is up minutes before its router, and must know whom to ask. A name that was never found is
//! asked for again each minute, the others each hour, all of them soon after a round.

use std::collections::BTreeMap;
use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use collector_api::Reason;
use config::{Family, HostPort};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};
use tracing::{debug, warn};

use crate::probe::SharedSurroundings;
use crate::state_file;

/// One name's time. Nobody waits for it.
const LOOK_UP_TIMEOUT: Duration = Duration::from_secs(10);
/// Between two looks while a name was never found.
const MISSING_EVERY: Duration = Duration::from_mins(1);
/// Between two looks when nothing has failed.
const EVERY: Duration = Duration::from_hours(1);
/// Rounds come several a second when much is down; looks do not.
const HURRIED_EVERY: Duration = Duration::from_secs(10);

/// In the state directory: a map from name to address.
const NAME: &str = "canaries.json";
/// Some thousand names of the longest kind.
const BYTES_MAX: usize = 1 << 20;

/// A host, and where it is.
type Found = (String, Option<IpAddr>);

/// The last address of each name.
#[derive(Debug)]
pub(super) struct Addresses {
    known: BTreeMap<String, IpAddr>,
    /// Where `known` outlives the agent.
    directory: PathBuf,
    /// Does the file say something else?
    is_new: bool,
    /// One write at most, beside the rounds: who waits for one has no time for a slow disk.
    keeping: JoinSet<io::Result<()>>,
    looking: JoinSet<Found>,
    /// Of the names looked for last.
    missing: bool,
    looked_at: Option<Instant>,
    is_hurried: bool,
}

impl Addresses {
    /// What was found by the agents that ran here before.
    pub(super) fn kept_in(directory: &Path) -> Self {
        Self {
            known: load(directory),
            directory: directory.to_owned(),
            is_new: false,
            keeping: JoinSet::new(),
            looking: JoinSet::new(),
            missing: false,
            looked_at: None,
            is_hurried: false,
        }
    }

    /// Where a host is; `None` for a name that was never found.
    pub(super) fn of(&self, host: &str) -> Option<IpAddr> {
        host.parse().ok().or_else(|| self.known.get(host).copied())
    }

    /// When names should be looked up again.
    pub(super) fn due_at(&self) -> Instant {
        let Some(looked_at) = self.looked_at else { return Instant::now() };
        looked_at
            + match (self.is_hurried, self.missing) {
                (true, _) => HURRIED_EVERY,
                (false, true) => MISSING_EVERY,
                (false, false) => EVERY,
            }
    }

    /// A round was needed: something fails, so old addresses deserve a look.
    pub(super) fn hurry(&mut self) {
        self.is_hurried = true;
    }

    /// Is a look under way?
    pub(super) fn is_looking(&self) -> bool {
        !self.looking.is_empty()
    }

    /// Looks all names up, beside whatever else happens. The collector's are found as delivery finds
    /// them, hosts file included.
    pub(super) fn look_up(
        &mut self,
        canaries: &[HostPort],
        collector: &[HostPort],
        surroundings: &SharedSurroundings,
    ) {
        self.looking = JoinSet::new();
        (self.looked_at, self.is_hurried) = (Some(Instant::now()), false);
        let is_name = |address: &&HostPort| address.host.parse::<IpAddr>().is_err();
        for HostPort { host, .. } in canaries.iter().filter(is_name) {
            let (host, surroundings) = (host.clone(), Arc::clone(surroundings));
            self.looking.spawn(async move {
                let ip = timeout(LOOK_UP_TIMEOUT, by_resolver(&host, &surroundings)).await;
                (host, ip.ok().flatten())
            });
        }
        for HostPort { host, port } in collector.iter().filter(is_name) {
            let (host, port) = (host.clone(), *port);
            self.looking.spawn(async move {
                let found = timeout(LOOK_UP_TIMEOUT, tokio::net::lookup_host((host.as_str(), port))).await;
                let ip = found.ok().and_then(Result::ok).and_then(|mut found| found.next());
                (host, ip.map(|address| address.ip()))
            });
        }
        // An agent that begins has no list yet.
        if !canaries.is_empty() {
            self.known
                .retain(|host, _| canaries.iter().chain(collector).any(|address| address.host == *host));
        }
        self.missing = false;
    }

    /// Is a look or a write under way?
    pub(super) fn is_busy(&self) -> bool {
        self.is_looking() || !self.keeping.is_empty()
    }

    /// Waits until one more name was found, or not, or until a write has ended.
    pub(super) async fn proceed(&mut self) {
        tokio::select! {
            Some(looked) = self.looking.join_next() => if let Ok(found) = looked {
                self.remember(found);
            },
            Some(kept) = self.keeping.join_next() => if let Ok(Err(error)) = kept {
                warn!(%error, "where canaries were found cannot be kept for the next start");
            },
            else => {}
        }
    }

    /// What was found by now.
    pub(super) fn take_found(&mut self) {
        while let Some(ended) = self.looking.try_join_next() {
            if let Ok(found) = ended {
                self.remember(found);
            }
        }
    }

    /// Begins to write what is new to the file, unless a write is under way.
    pub(super) fn keep(&mut self) {
        if self.is_new && self.keeping.is_empty() {
            self.is_new = false;
            let (directory, known) = (self.directory.clone(), self.known.clone());
            self.keeping.spawn_blocking(move || {
                state_file::replace(&directory, NAME, &serde_json::to_vec_pretty(&known)?)
            });
        }
    }

    fn remember(&mut self, (host, ip): Found) {
        match ip {
            Some(ip) => self.is_new |= self.known.insert(host, ip) != Some(ip),
            None if self.known.contains_key(&host) => {
                debug!(host, "a canary is not found; its last address counts");
            }
            None => self.missing = true,
        }
    }
}

/// A file that cannot be read is as none: it is said, and begun anew.
fn load(directory: &Path) -> BTreeMap<String, IpAddr> {
    let known = state_file::read(directory, NAME, BYTES_MAX)
        .and_then(|bytes| Ok(bytes.map(|bytes| serde_json::from_slice(&bytes)).transpose()?));
    match known {
        Ok(known) => known.unwrap_or_default(),
        Err(error) => {
            warn!(%error, "where canaries were found before cannot be read");
            BTreeMap::new()
        }
    }
}

async fn by_resolver(host: &str, surroundings: &SharedSurroundings) -> Option<IpAddr> {
    match surroundings.resolver.resolve(host, Family::V4).await {
        Ok(ip) => Some(ip),
        Err(fault) if fault.reason == Reason::ResolveNoFamily => {
            surroundings.resolver.resolve(host, Family::V6).await.ok()
        }
        Err(_) => None,
    }
}
