//! What one agent may ask for at a time: one request under way, and a rate.
//!
//! A gate is made only after its agent has proven who it is, so that nobody can fill the table or
//! close another's gate. Price: what comes before (a head, a body, one signature) is bounded by
//! seats and deadlines alone.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

/// Requests per second an agent may make for long. It pushes each 5 s, and at most 10 times a second
/// when verdicts change; draining a backlog is the rest.
const RATE_PER_S: u64 = 100;
/// Requests it may make at once after a pause.
const BURST: u64 = 200;

/// The gates of all agents that have authenticated since the start.
#[derive(Debug, Default)]
pub(super) struct Gates(Mutex<HashMap<String, Gate>>);

#[derive(Debug)]
struct Gate {
    one: Arc<Semaphore>,
    bucket: Bucket,
}

/// Why an agent has to wait, s.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wait(pub(super) u64);

impl Gates {
    /// Lets one request of `agent` in; dropping the permit ends it.
    pub(super) fn enter(&self, agent: &str) -> Result<OwnedSemaphorePermit, Wait> {
        let now = Instant::now();
        let mut gates = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let gate = gates
            .entry(agent.to_owned())
            .or_insert_with(|| Gate { one: Arc::new(Semaphore::new(1)), bucket: Bucket::full(now) });
        let permit = Arc::clone(&gate.one).try_acquire_owned().map_err(|_| Wait(1))?;
        if gate.bucket.take(now) { Ok(permit) } else { Err(Wait(1)) }
    }
}

/// Counts in microseconds of refill, so that nothing is lost to rounding.
#[derive(Debug)]
struct Bucket {
    credit: Duration,
    at: Instant,
}

impl Bucket {
    const COST: Duration = Duration::from_micros(1_000_000 / RATE_PER_S);
    const MAX: Duration = Duration::from_micros(1_000_000 / RATE_PER_S * BURST);

    fn full(now: Instant) -> Self {
        Self { credit: Self::MAX, at: now }
    }

    fn take(&mut self, now: Instant) -> bool {
        self.credit = (self.credit + now.saturating_duration_since(self.at)).min(Self::MAX);
        self.at = now;
        match self.credit.checked_sub(Self::COST) {
            Some(rest) => {
                self.credit = rest;
                true
            }
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_request_at_a_time_and_others_are_not_touched() {
        let gates = Gates::default();
        let first = gates.enter("ced1").unwrap();
        assert_eq!(gates.enter("ced1").unwrap_err(), Wait(1));
        assert!(gates.enter("bib1").is_ok());
        drop(first);
        assert!(gates.enter("ced1").is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_burst_then_the_rate() {
        let mut bucket = Bucket::full(Instant::now());
        let now = Instant::now();
        assert_eq!((0..1000).filter(|_| bucket.take(now)).count() as u64, BURST);
        let later = now + Duration::from_secs(1);
        assert_eq!((0..1000).filter(|_| bucket.take(later)).count() as u64, RATE_PER_S);
    }
}
