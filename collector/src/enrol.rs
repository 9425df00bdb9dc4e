//! Enrolment codes: one line, usable once, for a quarter of an hour. Pure.
//!
//! Only a code's SHA-256 is kept: 32 random bytes need no salt and no slow hash, and a copy of the
//! store enrols nobody. The right code is always taken; wrong ones are counted and, past a limit,
//! told to wait: guessing cannot succeed, but it shall not fill a log either, and it must not lock
//! out the agent that an operator is enrolling meanwhile.

use collector_api::PublicKey;
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

/// What is known of one agent. The journal says how it came about; this is what requests are judged by.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AgentRecord {
    /// Its key; `None` before it enrolled.
    pub key: Option<PublicKey>,
    /// Refused since an operator said so.
    pub revoked: bool,
    /// The newest line printed for it.
    pub line: Option<OpenLine>,
}

/// What is kept of a printed line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenLine {
    /// Of its code.
    pub hash: [u8; 32],
    /// Good until and with this instant, Unix ms.
    pub expires_ms: i64,
    /// The key that used it.
    pub used_by: Option<PublicKey>,
}

/// What showing a code leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shown {
    /// The agent is enrolled now; this is its record from now on.
    Enrolled(AgentRecord),
    /// The same key showed the same code again: the answer was lost.
    Again,
    /// Not this agent's code, or no line is open.
    Wrong,
    /// The right code, too late.
    Expired,
    /// The right code, after another key used it.
    Used,
}

impl AgentRecord {
    /// The record with a new line open; an older line ends. With a key, only `replace` opens one.
    pub fn open_line(&self, hash: [u8; 32], replace: bool, now_ms: i64) -> Option<Self> {
        if self.key.is_some() && !self.revoked && !replace {
            return None;
        }
        let line = OpenLine { hash, expires_ms: now_ms.saturating_add(CODE_VALID_MS), used_by: None };
        Some(Self { line: Some(line), ..self.clone() })
    }

    /// What it means that a holder of `key` shows `code`.
    pub fn show(&self, code: &[u8], key: PublicKey, now_ms: i64) -> Shown {
        let Some(line) = self.line.as_ref().filter(|line| hashes_equal(&line.hash, &code_hash(code))) else {
            return Shown::Wrong;
        };
        if line.expires_ms < now_ms {
            return Shown::Expired;
        }
        match line.used_by {
            Some(user) if user == key && !self.revoked => Shown::Again,
            Some(_) => Shown::Used,
            None => {
                let line = OpenLine { used_by: Some(key), ..line.clone() };
                Shown::Enrolled(Self { key: Some(key), revoked: false, line: Some(line) })
            }
        }
    }

    /// For people.
    pub fn state(&self, now_ms: i64) -> &'static str {
        let open = self.line.as_ref().is_some_and(|line| line.used_by.is_none() && now_ms <= line.expires_ms);
        match (self.key, self.revoked, open) {
            (_, _, true) => "line printed",
            (Some(_), true, _) => "revoked",
            (Some(_), false, _) => "enrolled",
            (None, ..) => "not enrolled",
        }
    }
}

/// Are two hashes equal? Takes the same time wherever they differ.
fn hashes_equal(kept: &[u8], shown: &[u8]) -> bool {
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
    fn a_line_is_good_once_for_one_key_and_not_for_long() {
        let key = |seed| collector_api::SigningKey::from_seed(&[seed; 32]).unwrap().public();
        let (code, hash) = new_code().unwrap();
        let blank = AgentRecord::default();
        assert_eq!(blank.show(&code, key(1), 0), Shown::Wrong, "no line is open");
        let open = blank.open_line(hash, false, 0).unwrap();
        assert_eq!(open.state(0), "line printed");
        assert_eq!(open.show(&[0; 32], key(1), 0), Shown::Wrong);
        assert_eq!(open.show(&code, key(1), CODE_VALID_MS + 1), Shown::Expired);
        let Shown::Enrolled(enrolled) = open.show(&code, key(1), CODE_VALID_MS) else { panic!("refused") };
        assert_eq!((enrolled.key, enrolled.state(0)), (Some(key(1)), "enrolled"));
        assert_eq!(enrolled.show(&code, key(1), 0), Shown::Again);
        assert_eq!(enrolled.show(&code, key(2), 0), Shown::Used);
        let revoked = AgentRecord { revoked: true, ..enrolled.clone() };
        assert_eq!(revoked.show(&code, key(1), 0), Shown::Used, "an old line does not lift a revocation");
        assert_eq!(enrolled.open_line(hash, false, 0), None);
        let replacing = enrolled.open_line(new_code().unwrap().1, true, 0).unwrap();
        assert_eq!(replacing.key, Some(key(1)), "the old key is good until the new one is shown");
        assert_eq!(replacing.show(&code, key(1), 0), Shown::Wrong, "the older line has ended");
        assert!(revoked.open_line(hash, false, 0).is_some(), "a revoked agent can be enrolled anew");
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
