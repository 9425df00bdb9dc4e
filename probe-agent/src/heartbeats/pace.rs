//! How often somebody may report: a bucket of permits that fills again.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Peers that are told apart; all others share one bucket.
const PEERS_MAX: usize = 256;

/// Permits of each peer, so that whoever is refused without end silences nobody else.
#[derive(Debug)]
pub(super) struct Refusals {
    of: Mutex<HashMap<IpAddr, Pace>>,
    of_others: Pace,
}

impl Refusals {
    pub(super) fn new() -> Self {
        Self { of: Mutex::default(), of_others: Pace::of_refusals() }
    }

    /// See [`Pace::take`].
    pub(super) fn take(&self, peer: IpAddr) -> bool {
        let peer = site_of(peer);
        let mut of = self.of.lock().unwrap_or_else(PoisonError::into_inner);
        if of.len() >= PEERS_MAX && !of.contains_key(&peer) {
            of.retain(|_, pace| !pace.is_full());
        }
        if of.len() >= PEERS_MAX && !of.contains_key(&peer) {
            return self.of_others.take();
        }
        of.entry(peer).or_insert_with(Pace::of_refusals).take()
    }

    /// See [`Pace::has`].
    pub(super) fn has(&self, peer: IpAddr) -> bool {
        let of = self.of.lock().unwrap_or_else(PoisonError::into_inner);
        match of.get(&site_of(peer)) {
            Some(pace) => pace.has(),
            None => of.len() < PEERS_MAX || self.of_others.has(),
        }
    }
}

/// Who has one IPv6 address has as many as its network holds.
pub(super) fn site_of(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
        address @ IpAddr::V4(_) => address,
    }
}

/// Permits that come back one by one.
#[derive(Debug)]
pub(super) struct Pace {
    most: u32,
    every: Duration,
    /// Permits left, and since when the next one is on its way.
    left: Mutex<(u32, Instant)>,
}

impl Pace {
    /// Of one job: a report is two syncs of a disk.
    pub(super) fn of_job() -> Self {
        Self::new(30, Duration::from_secs(2))
    }

    /// Of all that is refused: whoever guesses a token has a lifetime for a few.
    pub(super) fn of_refusals() -> Self {
        Self::new(60, Duration::from_secs(2))
    }

    fn new(most: u32, every: Duration) -> Self {
        Self { most, every, left: Mutex::new((most, Instant::now())) }
    }

    /// Takes a permit if there is one.
    pub(super) fn take(&self) -> bool {
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        self.refill(&mut left);
        let has = left.0 > 0;
        left.0 = left.0.saturating_sub(1);
        has
    }

    /// Is there a permit?
    pub(super) fn has(&self) -> bool {
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        self.refill(&mut left);
        left.0 > 0
    }

    /// Has whoever it is of not been heard of for a while?
    fn is_full(&self) -> bool {
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        self.refill(&mut left);
        left.0 == self.most
    }

    fn refill(&self, (left, since): &mut (u32, Instant)) {
        let come = since.elapsed().as_millis() / self.every.as_millis().max(1);
        let come = u32::try_from(come).unwrap_or(u32::MAX);
        if come == 0 {
            return;
        }
        *left = left.saturating_add(come).min(self.most);
        *since += self.every.saturating_mul(come);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn each_peer_is_refused_for_itself_and_no_crowd_makes_anybody_new() {
        let refusals = Refusals::new();
        let peer = |number: u32| IpAddr::from((0x0a00_0000 + number).to_be_bytes());
        let exhaust = |peer: IpAddr| while refusals.take(peer) {};
        exhaust(peer(0));
        assert!(!refusals.has(peer(0)) && refusals.has(peer(1)));
        let of_network = |last: &str| format!("2001:db8::{last}").parse::<IpAddr>().unwrap();
        exhaust(of_network("1"));
        assert!(!refusals.has(of_network("2")) && refusals.has("2001:db8:0:1::1".parse().unwrap()));
        (1..2_000).map(peer).for_each(exhaust);
        assert!(refusals.of.lock().unwrap().len() == PEERS_MAX && !refusals.has(peer(0)));
        assert!(!refusals.has(peer(5_000)), "too many to be told apart");
        tokio::time::advance(Duration::from_hours(1)).await;
        assert!(refusals.has(peer(0)) && refusals.has(peer(5_000)));
    }

    #[tokio::test(start_paused = true)]
    async fn permits_come_back_and_do_not_pile_up() {
        let pace = Pace::new(2, Duration::from_secs(2));
        assert!(pace.take() && pace.take() && !pace.take() && !pace.has());
        tokio::time::advance(Duration::from_secs(2)).await;
        assert!(pace.take() && !pace.take());
        tokio::time::advance(Duration::from_hours(1)).await;
        assert!(pace.take() && pace.take() && !pace.take());
    }
}
