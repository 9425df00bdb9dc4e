//! Where canaries were last found: names to addresses, looked up beside the rounds, never in one.
//!
//! What was found once is kept while the resolver is dead. A name that was never found is asked for
//! again each minute, the others each hour, all of them soon after a round.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use collector_api::Reason;
use config::{Family, HostPort};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};
use tracing::debug;

use crate::probe::SharedSurroundings;

/// One name's time. Nobody waits for it.
const LOOK_UP_TIMEOUT: Duration = Duration::from_secs(10);
/// Between two looks while a name was never found.
const MISSING_EVERY: Duration = Duration::from_mins(1);
/// Between two looks when nothing has failed.
const EVERY: Duration = Duration::from_hours(1);
/// Rounds come several a second when much is down; looks do not.
const HURRIED_EVERY: Duration = Duration::from_secs(10);

/// A host, and where it is.
type Found = (String, Option<IpAddr>);

/// The last address of each name.
#[derive(Debug, Default)]
pub(super) struct Addresses {
    known: HashMap<String, IpAddr>,
    looking: JoinSet<Found>,
    /// Of the names looked for last.
    missing: bool,
    looked_at: Option<Instant>,
    is_hurried: bool,
}

impl Addresses {
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
        self.known.retain(|host, _| canaries.iter().chain(collector).any(|address| address.host == *host));
        self.missing = false;
    }

    /// Waits until one more name was found, or not.
    pub(super) async fn found(&mut self) {
        if let Some(Ok(found)) = self.looking.join_next().await {
            self.remember(found);
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

    fn remember(&mut self, (host, ip): Found) {
        match ip {
            Some(ip) => drop(self.known.insert(host, ip)),
            None if self.known.contains_key(&host) => {
                debug!(host, "a canary is not found; its last address counts");
            }
            None => self.missing = true,
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
