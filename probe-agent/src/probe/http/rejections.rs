//! Credentials that were rejected are not tried again and again: that is how accounts get locked, of a
//! probe and of whoever shares the address.
//!
//! After a rejection the secret rests for a quarter of an hour, and after the third for good; another
//! secret in the file starts anew. A sample in between was not asked, so it is unknown. The price: when
//! a portal rejects good credentials by its own fault, its recovery is seen up to that much later.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use collector_api::Reason;
use ring::digest::{SHA256, digest};
use tokio::time::Instant;

use crate::probe::Fault;

/// Longer than the window in which usual domain policies count failures would be better, and hides more.
const REST: Duration = Duration::from_mins(15);

/// Domain policies lock accounts from five.
const REJECTIONS_MAX: u32 = 3;

/// What is remembered of one check's credentials.
#[derive(Debug, Default)]
pub(super) struct Rejections(Mutex<Option<Rejected>>);

#[derive(Debug, Clone, Copy)]
struct Rejected {
    /// SHA-256 of the secret, which itself is not kept.
    secret: [u8; 32],
    times: u32,
    last: Instant,
}

impl Rejections {
    /// May this secret be tried now?
    pub(super) fn permit(&self, secret: &str, now: Instant) -> Result<(), Fault> {
        let rejected = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(rejected) = rejected.filter(|rejected| rejected.secret == digest_of(secret)) else {
            return Ok(());
        };
        let times = rejected.times;
        if times >= REJECTIONS_MAX {
            let detail = format!("rejected {times} times; tried again when another secret is in the file");
            return Err(Fault::new(Reason::AuthHeldBack, detail));
        }
        let rested = now.saturating_duration_since(rejected.last);
        if rested < REST {
            let minutes = REST.saturating_sub(rested).as_secs().div_ceil(60);
            let detail =
                format!("rejected; tried again in {minutes} min, or with another secret in the file");
            return Err(Fault::new(Reason::AuthHeldBack, detail));
        }
        Ok(())
    }

    /// Learns what became of a secret that was tried.
    pub(super) fn learn(&self, secret: &str, was_rejected: bool, now: Instant) {
        let mut rejected = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let secret = digest_of(secret);
        let times = rejected.filter(|before| before.secret == secret).map_or(0, |before| before.times);
        *rejected = was_rejected.then_some(Rejected { secret, times: times + 1, last: now });
    }
}

fn digest_of(secret: &str) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest(&SHA256, secret.as_bytes()).as_ref());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_rejected_secret_rests_and_after_the_third_time_for_good() {
        let rejections = Rejections::default();
        let start = Instant::now();
        let at = |minutes: u64| start + Duration::from_mins(minutes);
        let may = |secret: &str, minutes| rejections.permit(secret, at(minutes)).is_ok();
        assert!(may("a", 0));
        rejections.learn("a", true, at(0));
        assert!(!may("a", 0) && !may("a", 14) && may("a", 15));
        assert!(may("b", 1), "another secret is another question");
        rejections.learn("a", true, at(15));
        assert!(!may("a", 29) && may("a", 30));
        rejections.learn("a", true, at(30));
        assert!(!may("a", 10_000) && may("b", 31));
        let fault = rejections.permit("a", at(31)).unwrap_err();
        assert_eq!(fault.reason, Reason::AuthHeldBack);
        assert_eq!(fault.detail, "rejected 3 times; tried again when another secret is in the file");
        rejections.learn("b", false, at(32));
        assert!(may("a", 33), "nothing is held against anybody after a success");
    }
}
