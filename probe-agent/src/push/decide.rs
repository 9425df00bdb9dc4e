//! What delivery does next: answers in, decisions out. No socket, no clock, no disk.
//!
//! ```text
//!            hello answered            batch acknowledged
//!   Greet ----------------> Deliver ----------------------> Deliver
//!     ^                        |
//!     +------------------------+  no answer, 409, and any refusal but 413, 429, 503
//! ```
//!
//! Nothing is ever discarded here: an agent that is refused keeps its spool and asks again, later and
//! later. Two counts make the delay: one of requests without an answer, which any answer ends, so that
//! delivery is quick once the collector is back; one of refusals, which only an acknowledgement ends,
//! so that a collector that greets and refuses is not asked in a tight loop.
//!
//! Only hello's answer can give a stream up. A batch is not bound to its request: a proxy that ends TLS
//! can put another one that this agent once signed in its place, of another stream even, or spoil its
//! unsigned fields, and the collector truly answers 409, or 200 with a mark that is none of ours. A
//! hello is signed with its stream and its nonce, so its answer speaks of this stream, of now.

use std::time::Duration;

use crate::collector_client::CollectorError;
use crate::spool::Resume;

/// The first delay is at most this.
const BACKOFF_MIN: Duration = Duration::from_secs(1);
/// And no delay is longer.
const BACKOFF_MAX: Duration = Duration::from_mins(5);
/// Bytes of groups in one batch: below the wire's limit even if nothing compresses.
const BATCH_BYTES: usize = 512 << 10;
/// A batch is not made smaller than this.
const BATCH_BYTES_MIN: usize = 4 << 10;

/// What to do next, after a wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Say hello: learn where the collector is.
    Greet,
    /// Send what follows the acknowledged end.
    Deliver,
    /// Give the stream up: hello's answer proves that the collector holds something else under its
    /// numbers. Then say hello.
    NewStream,
}

/// A step and how it is to be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Decision {
    /// What.
    pub step: Step,
    /// After how long.
    pub after: Duration,
    /// At the collector's next address?
    pub next_address: bool,
}

/// Delivery's memory: counts, never records.
#[derive(Debug)]
pub(super) struct Delivery {
    unanswered: u32,
    refused: u32,
    conflicts: u32,
    batch_bytes: usize,
}

/// Which request was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Request {
    /// A hello.
    Hello,
    /// A batch.
    Batch,
}

impl Delivery {
    /// Nothing has failed yet. The first step is [`Step::Greet`].
    pub(super) fn new() -> Self {
        Self { unanswered: 0, refused: 0, conflicts: 0, batch_bytes: BATCH_BYTES }
    }

    /// Bytes the next batch may have.
    pub(super) fn batch_bytes(&self) -> usize {
        self.batch_bytes
    }

    /// Hello was answered, and the spool compared the mark.
    pub(super) fn greeted(&mut self, resume: Resume) -> Decision {
        self.unanswered = 0;
        match resume {
            Resume::Continue | Resume::Rewound => now(Step::Deliver),
            Resume::Ahead | Resume::Differs => now(Step::NewStream),
        }
    }

    /// A batch was answered with 200. `is_ours`: is the collector's mark and chain what was sent?
    /// `jitter` is evenly spread over 0..1.
    pub(super) fn acknowledged(&mut self, is_ours: bool, jitter: f64) -> Decision {
        self.unanswered = 0;
        if !is_ours {
            return self.conflict(jitter);
        }
        self.refused = 0;
        self.conflicts = 0;
        // A larger batch may pass again: whatever refused it may be gone.
        self.batch_bytes = (self.batch_bytes * 2).min(BATCH_BYTES);
        now(Step::Deliver)
    }

    /// The answer to a batch is of another mark than it was made for: hello tells, at once after a lost
    /// answer, later and later when that explains nothing.
    fn conflict(&mut self, jitter: f64) -> Decision {
        self.conflicts = self.conflicts.saturating_add(1);
        let after = if self.conflicts == 1 { Duration::ZERO } else { backoff(self.conflicts, jitter) };
        Decision { after, ..now(Step::Greet) }
    }

    /// A request was not answered with 200. `jitter` is evenly spread over 0..1.
    pub(super) fn failed(&mut self, request: Request, error: &CollectorError, jitter: f64) -> Decision {
        let CollectorError::Refused { status, retry_after, .. } = error else {
            // It may have arrived: hello tells.
            self.unanswered = self.unanswered.saturating_add(1);
            let after = backoff(self.unanswered, jitter);
            return Decision { step: Step::Greet, after, next_address: true };
        };
        self.unanswered = 0;
        let again = match request {
            Request::Hello => Step::Greet,
            Request::Batch => Step::Deliver,
        };
        match status {
            409 => self.conflict(jitter),
            413 if self.batch_bytes > BATCH_BYTES_MIN && request == Request::Batch => {
                self.batch_bytes = (self.batch_bytes / 2).max(BATCH_BYTES_MIN);
                now(Step::Deliver)
            }
            429 | 503 => {
                self.refused = self.refused.saturating_add(1);
                // Not before the time it named, and not all agents at that time.
                let after = match retry_after {
                    Some(least) => *least + least.mul_f64(jitter),
                    None => backoff(self.refused, jitter),
                };
                Decision { step: again, after, next_address: false }
            }
            _ => {
                self.refused = self.refused.saturating_add(1);
                let after = backoff(self.refused, jitter);
                Decision { step: Step::Greet, after, next_address: *status >= 500 }
            }
        }
    }
}

fn now(step: Step) -> Decision {
    Decision { step, after: Duration::ZERO, next_address: false }
}

/// Exponential with full jitter: evenly between nothing and a limit that doubles.
fn backoff(failures: u32, jitter: f64) -> Duration {
    let doublings = failures.saturating_sub(1).min(16);
    (BACKOFF_MIN * 2_u32.pow(doublings)).min(BACKOFF_MAX).mul_f64(jitter.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use collector_api::Refusal;

    fn refused(status: u16) -> CollectorError {
        CollectorError::Refused { status, refusal: Refusal::default(), retry_after: None }
    }

    fn conflict(expected_seq: u64) -> CollectorError {
        let refusal = Refusal { expected_seq, ..Refusal::default() };
        CollectorError::Refused { status: 409, refusal, retry_after: None }
    }

    fn away() -> CollectorError {
        CollectorError::Unreachable("nobody there".to_owned())
    }

    /// Seconds of the decision, with the longest jitter, and its step.
    #[track_caller]
    fn check(delivery: &mut Delivery, request: Request, error: &CollectorError, step: Step, seconds: u64) {
        let decision = delivery.failed(request, error, 1.0);
        assert_eq!((decision.step, decision.after.as_secs()), (step, seconds), "after {error}");
    }

    #[test]
    fn no_answer_backs_off_to_five_minutes_and_a_hello_ends_it() {
        let mut delivery = Delivery::new();
        for seconds in [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300] {
            check(&mut delivery, Request::Batch, &away(), Step::Greet, seconds);
        }
        assert_eq!(delivery.greeted(Resume::Continue), now(Step::Deliver));
        check(&mut delivery, Request::Batch, &CollectorError::Forged { status: 200 }, Step::Greet, 1);
        assert!(delivery.failed(Request::Hello, &away(), 0.0).next_address);
    }

    #[test]
    fn a_collector_that_greets_and_refuses_is_asked_later_and_later() {
        let mut delivery = Delivery::new();
        for seconds in [1, 2, 4, 8] {
            check(&mut delivery, Request::Batch, &refused(500), Step::Greet, seconds);
            assert_eq!(delivery.greeted(Resume::Continue), now(Step::Deliver));
        }
        assert_eq!(delivery.acknowledged(true, 1.0), now(Step::Deliver));
        check(&mut delivery, Request::Batch, &refused(500), Step::Greet, 1);
    }

    #[test]
    fn revoked_or_unknown_agents_keep_asking() {
        for status in [400, 401, 403] {
            let mut delivery = Delivery::new();
            for seconds in [1, 2, 4] {
                check(&mut delivery, Request::Hello, &refused(status), Step::Greet, seconds);
            }
        }
    }

    #[test]
    fn another_number_expected_asks_once_and_then_slows_down() {
        let mut delivery = Delivery::new();
        check(&mut delivery, Request::Batch, &conflict(7), Step::Greet, 0);
        delivery.greeted(Resume::Rewound);
        check(&mut delivery, Request::Batch, &conflict(7), Step::Greet, 2);
        delivery.greeted(Resume::Continue);
        delivery.acknowledged(true, 1.0);
        check(&mut delivery, Request::Batch, &conflict(7), Step::Greet, 0);
    }

    #[test]
    fn no_number_of_conflicts_gives_the_stream_up_but_one_hello_does() {
        for expected_seq in [0, 7] {
            let mut delivery = Delivery::new();
            for seconds in [0, 2, 4, 8, 16] {
                check(&mut delivery, Request::Batch, &conflict(expected_seq), Step::Greet, seconds);
                assert_eq!(delivery.greeted(Resume::Continue), now(Step::Deliver));
            }
            for proof in [Resume::Differs, Resume::Ahead] {
                assert_eq!(delivery.greeted(proof), now(Step::NewStream));
            }
        }
    }

    #[test]
    fn too_large_is_halved_until_it_passes() {
        let mut delivery = Delivery::new();
        let mut bytes = delivery.batch_bytes();
        while bytes > BATCH_BYTES_MIN {
            check(&mut delivery, Request::Batch, &refused(413), Step::Deliver, 0);
            assert_eq!(delivery.batch_bytes(), bytes / 2);
            bytes /= 2;
        }
        check(&mut delivery, Request::Batch, &refused(413), Step::Greet, 1);
        delivery.acknowledged(true, 1.0);
        assert_eq!(delivery.batch_bytes(), BATCH_BYTES_MIN * 2);
    }

    #[test]
    fn busy_is_left_alone_for_as_long_as_it_asks_and_not_by_all_at_once() {
        let busy = |seconds| CollectorError::Refused {
            status: 503,
            refusal: Refusal::default(),
            retry_after: Some(Duration::from_secs(seconds)),
        };
        let mut delivery = Delivery::new();
        assert_eq!(delivery.failed(Request::Batch, &busy(10), 0.0).after.as_secs(), 10);
        assert_eq!(delivery.failed(Request::Batch, &busy(10), 0.5).after.as_secs(), 15);
        check(&mut delivery, Request::Hello, &refused(429), Step::Greet, 4);
        check(&mut delivery, Request::Batch, &refused(429), Step::Deliver, 8);
    }

    #[test]
    fn an_acknowledgement_of_something_else_asks_again_and_slows_down() {
        let mut delivery = Delivery::new();
        assert_eq!(delivery.acknowledged(false, 1.0), now(Step::Greet));
        delivery.greeted(Resume::Continue);
        let again = delivery.acknowledged(false, 1.0);
        assert_eq!((again.step, again.after.as_secs()), (Step::Greet, 2));
    }
}
