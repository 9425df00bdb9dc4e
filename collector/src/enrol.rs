//! Enrolment codes: one line, usable once, for a quarter of an hour. Pure.
//!
//! Only a code's SHA-256 is kept: 32 random bytes need no salt and no slow hash, and a copy of the
//! store enrols nobody. The right code is always taken; wrong ones are counted and, past a limit,
//! told to wait: guessing cannot succeed, but it shall not fill a log either, and it must not lock
//! out the agent that an operator is enrolling meanwhile.

use ring::rand::{SecureRandom as _, SystemRandom};
use ring::{digest, hmac};

/// How long a code is good, ms.
pub const CODE_VALID_MS: i64 = 15 * 60 * 1000;
/// Wrong attempts in [`CODE_VALID_MS`] before further ones are told to wait.
const WRONG_ATTEMPTS_MAX: usize = 20;

/// A fresh code and what the store keeps of it; `None` when the system gives no random bytes.
pub fn new_code() -> Option<([u8; 32], [u8; 32])> {
    let mut code = [0; 32];
    SystemRandom::new().fill(&mut code).ok()?;
    Some((code, code_hash(&code)))
}

/// SHA-256.
pub fn code_hash(code: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest::digest(&digest::SHA256, code).as_ref());
    hash
}

/// Are two hashes equal? Takes the same time wherever they differ.
pub fn hashes_equal(kept: &[u8], shown: &[u8]) -> bool {
    // Both under HMAC: `verify` compares in constant time, and its key needs no secrecy here.
    let key = hmac::Key::new(hmac::HMAC_SHA256, b"vedetta/compare");
    hmac::verify(&key, shown, hmac::sign(&key, kept).as_ref()).is_ok()
}

/// Counts wrong attempts; bounded by construction.
#[derive(Debug, Default)]
pub struct WrongAttempts {
    at_ms: std::collections::VecDeque<i64>,
}

impl WrongAttempts {
    /// How long whoever shows a wrong code must wait, ms; `None` below the limit.
    pub fn must_wait_ms(&mut self, now_ms: i64) -> Option<i64> {
        // A clock that stepped back must not lock everybody out: what lies ahead is forgotten too.
        self.at_ms.retain(|&at_ms| (0..CODE_VALID_MS).contains(&now_ms.saturating_sub(at_ms)));
        if self.at_ms.len() < WRONG_ATTEMPTS_MAX {
            return None;
        }
        self.at_ms.front().map(|&oldest_ms| oldest_ms + CODE_VALID_MS - now_ms)
    }

    /// Records one.
    pub fn record(&mut self, now_ms: i64) {
        if self.at_ms.len() == WRONG_ATTEMPTS_MAX {
            self.at_ms.pop_front();
        }
        self.at_ms.push_back(now_ms);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_differ_and_only_the_right_one_fits() {
        let (code, kept) = new_code().unwrap();
        let (other, _) = new_code().unwrap();
        assert!(hashes_equal(&kept, &code_hash(&code)));
        assert!(!hashes_equal(&kept, &code_hash(&other)));
        assert!(!hashes_equal(&kept, &[]));
    }

    #[test]
    fn wrong_attempts_make_wait_and_are_forgotten() {
        let mut attempts = WrongAttempts::default();
        for second in 0..20 {
            assert_eq!(attempts.must_wait_ms(second * 1000), None);
            attempts.record(second * 1000);
        }
        assert_eq!(attempts.must_wait_ms(20_000), Some(CODE_VALID_MS - 20_000));
        assert_eq!(attempts.must_wait_ms(CODE_VALID_MS), None);
        attempts.record(CODE_VALID_MS);
        assert_eq!(attempts.must_wait_ms(0), None, "the clock stepped back");
    }
}
