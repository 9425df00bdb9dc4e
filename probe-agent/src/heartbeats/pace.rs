//! How often somebody may report: a bucket of permits that fills again.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

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
    async fn permits_come_back_and_do_not_pile_up() {
        let pace = Pace::new(2, Duration::from_secs(2));
        assert!(pace.take() && pace.take() && !pace.take() && !pace.has());
        tokio::time::advance(Duration::from_secs(2)).await;
        assert!(pace.take() && !pace.take());
        tokio::time::advance(Duration::from_hours(1)).await;
        assert!(pace.take() && pace.take() && !pace.take());
    }
}
