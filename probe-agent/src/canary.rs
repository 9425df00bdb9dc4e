//! Is it me? Other addresses that tell whether the agent's own network works.
//!
//! A failing sample asks here, and waits for a round of canaries that began after the failure: an
//! older round proves nothing about now. Rounds are shared, so that a thousand failures in one
//! second cost one round. Only if every canary that can testify fails is the failure the agent's
//! own (`agent.network_down`, unknown).
//!
//! The first round after a cut excuses too: who asks there failed at some moment between a round in which
//! nobody answered and one in which somebody does, and nobody knows on which side. The price: an outage
//! that begins as the network comes back is seen one sample later.
//!
//! A round dials addresses and resolves nothing: were names looked up in it, a dead resolver would
//! silence every canary that has one, and an outage of DNS, which is somebody's row of the charter,
//! would pass for the agent's own. Names are looked up beforehand (at the start, with a new list,
//! after each round, every hour) and the last address found counts until another is, also after a
//! restart. Its price: a canary that has moved may fail one round at its old address.
//!
//! Who cannot testify for a check: a canary on the check's own host (it would excuse the very
//! outage it is part of), one on the agent's own host (it answers with the cable pulled), one that
//! `allowed_targets` forbids, one whose name was never found. With no witness left there is no
//! excuse: the failure stands.
//!
//! An uplink may carry IPv4 and not IPv6: of a failure at an address only canaries of its family testify.
//! Where none of them can, the others do: when even they fail, the network is down; when they answer, an outage
//! of the agent's own IPv6 reads as the target's, and `vedetta check` asks for a canary that tells.

mod addresses;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use config::HostPort;
use tokio::net::{TcpStream, UdpSocket};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};
use tracing::{info, warn};

use addresses::Addresses;

use crate::probe::{Check, Outcome, SharedSurroundings, may_be_chance};

/// A failing sample waits this long for its round; then it stands as it is.
const PATIENCE: Duration = Duration::from_secs(2);
/// One canary's time to answer: a round that has just begun and the next fit into the patience.
const CANARY_TIMEOUT: Duration = Duration::from_millis(900);
/// Failing samples that wait; more find no excuse.
const WAITING_MAX: usize = 4_096;

/// What one canary did in one round.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witness {
    /// As configured.
    pub address: HostPort,
    /// Where it was dialled: the last address of its name; `None` when there never was one.
    pub ip: Option<IpAddr>,
    /// Is it on the agent's own host, forbidden, or never found? Then it has no voice.
    pub is_mute: bool,
    /// Did it accept, or refuse, a connection? Both prove a path.
    pub answered: bool,
}

/// One look at all canaries, and the one before.
#[derive(Debug)]
pub struct Round {
    now: Vec<Witness>,
    /// With when it ended.
    before: Option<(Instant, Vec<Witness>)>,
}

/// Where failing samples ask. Clones share the rounds.
#[derive(Debug, Clone)]
pub struct Desk {
    questions: mpsc::Sender<oneshot::Sender<Arc<Round>>>,
}

/// Answers the desk's questions.
#[derive(Debug)]
pub struct Watch {
    questions: mpsc::Receiver<oneshot::Sender<Arc<Round>>>,
    /// The newest round, with when it ended.
    before: Option<(Instant, Vec<Witness>)>,
    /// From the assignment: what they dial is subject to `allowed_targets`.
    canaries: watch::Receiver<Vec<HostPort>>,
    /// The collector's own addresses, which the agent dials anyway.
    collector: Vec<HostPort>,
    surroundings: SharedSurroundings,
    addresses: Addresses,
}

/// A desk and who answers at it. `state_directory` keeps where names were found.
pub fn open(
    canaries: watch::Receiver<Vec<HostPort>>,
    collector: Vec<HostPort>,
    surroundings: SharedSurroundings,
    state_directory: &Path,
) -> (Desk, Watch) {
    let (sender, questions) = mpsc::channel(WAITING_MAX);
    let addresses = Addresses::kept_in(state_directory);
    (
        Desk { questions: sender },
        Watch { questions, before: None, canaries, collector, surroundings, addresses },
    )
}

impl Desk {
    /// Is this failure the agent's own network's? Waits up to two seconds to know.
    pub async fn excuses(&self, check: &Check, outcome: &Outcome) -> bool {
        if check.measures_path
            || outcome.verdict != collector_api::Verdict::Down
            || !may_be_chance(outcome.reason)
        {
            return false;
        }
        if let Some(remote) = outcome.remote
            && is_own_host(remote.ip()).await
        {
            return false;
        }
        let Ok(Some(round)) = timeout(PATIENCE, self.ask()).await else { return false };
        let host = &check.address().host;
        let ip = outcome.remote.map(|remote| remote.ip());
        // A cut of long ago says nothing of now: no sample speaks for longer than it holds.
        let hold = Duration::from_millis(check.timing.hold_ms);
        let before = round.before.as_ref().filter(|(ended, _)| ended.elapsed() <= hold);
        excuses(host, ip, &round.now) || before.is_some_and(|(_, before)| excuses(host, ip, before))
    }

    async fn ask(&self) -> Option<Arc<Round>> {
        let (sender, answer) = oneshot::channel();
        self.questions.try_send(sender).ok()?;
        answer.await.ok()
    }
}

/// The decision: do all canaries that can testify about `host` (dialled at `ip`) fail?
fn excuses(host: &str, ip: Option<IpAddr>, round: &[Witness]) -> bool {
    let ip = ip.map(|ip| ip.to_canonical());
    let is_the_target = |witness: &Witness| {
        witness.address.host.eq_ignore_ascii_case(host) || (ip.is_some() && witness.place() == ip)
    };
    let able: Vec<&Witness> =
        round.iter().filter(|witness| !witness.is_mute && !is_the_target(witness)).collect();
    let is_of_family = |witness: &&Witness| {
        ip.is_some_and(|ip| witness.place().is_some_and(|place| place.is_ipv4() == ip.is_ipv4()))
    };
    let has_family = able.iter().any(is_of_family);
    let mut testify = able.iter().filter(|witness| !has_family || is_of_family(witness)).peekable();
    testify.peek().is_some() && testify.all(|witness| !witness.answered)
}

impl Witness {
    fn place(&self) -> Option<IpAddr> {
        self.ip.map(|ip| ip.to_canonical())
    }
}

impl Watch {
    /// Answers until every desk is gone.
    pub async fn run(mut self) {
        let mut list_may_change = true;
        self.look_up();
        loop {
            self.addresses.keep();
            let look_up_at = self.addresses.due_at();
            tokio::select! {
                first = self.questions.recv() => {
                    let Some(first) = first else { return };
                    self.answer(first).await;
                    self.addresses.hurry();
                }
                changed = self.canaries.changed(), if list_may_change => {
                    list_may_change = changed.is_ok();
                    self.look_up();
                }
                () = self.addresses.proceed(), if self.addresses.is_busy() => {}
                () = sleep_until(look_up_at), if !self.addresses.is_looking() => self.look_up(),
            }
        }
    }

    /// Answers all who have asked by now: they asked before this round begins.
    async fn answer(&mut self, first: oneshot::Sender<Arc<Round>>) {
        let mut askers = vec![first];
        while let Ok(next) = self.questions.try_recv() {
            askers.push(next);
        }
        let now = self.look().await;
        let before = self.before.replace((Instant::now(), now.clone()));
        let was_down = before.as_ref().is_some_and(|(_, before)| excuses("", None, before));
        let is_down = excuses("", None, &now);
        let round = Arc::new(Round { now, before });
        if is_down && !was_down {
            warn!(canaries = round.now.len(), "no canary answers: the agent's own network is down");
        } else if was_down && !is_down {
            info!("canaries answer again");
        }
        for asker in askers {
            // Who has lost patience is gone.
            let _ = asker.send(Arc::clone(&round));
        }
    }

    /// Every canary, and whether `allowed_targets` is to be asked for it.
    fn listed(&self) -> Vec<(HostPort, bool)> {
        let listed = self.canaries.borrow().iter().map(|address| (address.clone(), true)).collect::<Vec<_>>();
        listed.into_iter().chain(self.collector.iter().map(|address| (address.clone(), false))).collect()
    }

    fn look_up(&mut self) {
        let canaries = self.canaries.borrow_and_update().clone();
        self.addresses.look_up(&canaries, &self.collector, &self.surroundings);
    }

    async fn look(&mut self) -> Vec<Witness> {
        self.addresses.take_found();
        let mut looks = JoinSet::new();
        for (address, must_be_allowed) in self.listed() {
            let ip = self.addresses.of(&address.host);
            looks.spawn(look_at(address, ip, must_be_allowed, Arc::clone(&self.surroundings)));
        }
        looks.join_all().await
    }
}

async fn look_at(
    address: HostPort,
    ip: Option<IpAddr>,
    must_be_allowed: bool,
    surroundings: SharedSurroundings,
) -> Witness {
    let mut witness = Witness { address, ip, is_mute: true, answered: false };
    let Some(ip) = ip else { return witness };
    witness.is_mute = (must_be_allowed && !surroundings.allowed.permits(ip)) || is_own_host(ip).await;
    if !witness.is_mute {
        let dialled = TcpStream::connect(SocketAddr::new(ip, witness.address.port));
        // Silence is an answer: no.
        witness.answered = match timeout(CANARY_TIMEOUT, dialled).await {
            Ok(Ok(_)) => true,
            Ok(Err(error)) => error.kind() == std::io::ErrorKind::ConnectionRefused,
            Err(_) => false,
        };
    }
    witness
}

/// Is this one of the host's own addresses? The kernel says: from its own address it would answer.
/// Connecting a datagram socket sends nothing.
async fn is_own_host(ip: IpAddr) -> bool {
    let ip = ip.to_canonical();
    if ip.is_loopback() || ip.is_unspecified() {
        return true;
    }
    let any: IpAddr = if ip.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let Ok(socket) = UdpSocket::bind((any, 0)).await else { return false };
    // The discard port; any will do.
    if socket.connect((ip, 9)).await.is_err() {
        return false;
    }
    socket.local_addr().is_ok_and(|local| local.ip() == ip)
}

#[cfg(test)]
mod tests;
