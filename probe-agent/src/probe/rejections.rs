//! Credentials that were rejected are not tried again and again: that is how accounts get locked, of a
//! probe and of whoever shares the address.
//!
//! What is remembered is of the secret and of the whole agent, so that ten checks with one wrong password
//! are not ten attempts to log in. After a rejection the secret rests for a quarter of an hour, after the
//! third for an hour each; another secret in the file is tried at once. It is never given up: a portal
//! whose directory of users is broken rejects good credentials, and recovers. Credentials of an account that is locked,
//! disabled or expired rest alike, of that account alone: nothing that the agent says opens it, and a lock may begin
//! anew with each try. The price: that it is open again is seen up to as late.
//!
//! Who is held back says what is known. Where this origin's last answer was a rejection and nothing newer
//! is known, that is still the answer: down, for the reason of then, with the fact `held_back`; unknown would let
//! an outage that says 401 vanish from the figure after its first minute. The price: its end is seen up to
//! an hour late, to the disadvantage of whoever is measured. An origin that was not asked yet is unknown
//! (`auth.held_back`), and one that has accepted the secret is asked on: it proves nothing against it. Questions
//! under way at one moment do not wait for each other, so each of them is a try.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use collector_api::Reason;
use ring::digest::{SHA256, digest};
use tokio::time::Instant;

use crate::probe::Fault;

/// Longer than the window in which usual domain policies count failures would be better, and hides more.
const REST: Duration = Duration::from_mins(15);

/// After the third rejection.
const LONG_REST: Duration = Duration::from_hours(1);

/// Domain policies lock accounts from five.
const REJECTIONS_MAX: u32 = 3;

/// What may have been rejections, one after the other, until they are taken for one: below any domain's policy, and more
/// than what a page that is broken for a minute or two comes to.
const DOUBTS_MAX: u32 = 3;

/// Secrets, and origins of each, that are remembered; beyond that the memory begins anew.
const REMEMBERED_MAX: usize = 1_000;

/// What the agent remembers of the credentials of all checks.
#[derive(Debug, Default)]
pub struct Rejections(Mutex<HashMap<Secret, Known>>);

/// SHA-256 of a secret, which itself is not kept.
type Secret = [u8; 32];

/// Of one secret.
#[derive(Debug, Default)]
struct Known {
    rejections: u32,
    /// Since it was last accepted anywhere.
    doubts: u32,
    /// The last rejection.
    rejected: Option<Instant>,
    /// By origin: accepted when it was last tried, or why not?
    tried: HashMap<String, Result<(), Reason>>,
}

/// Does this say of the account, and not of the server, that nobody gets in? Then its credentials rest.
pub(super) const fn is_refusal(reason: Reason) -> bool {
    use Reason::{AuthDisabled, AuthExpired, AuthLocked, AuthRejected};
    matches!(reason, AuthRejected | AuthDisabled | AuthExpired | AuthLocked)
}

impl Rejections {
    /// May this secret be tried at this origin now? The fault is what is known instead of an answer.
    pub(super) fn permit(&self, secret: &str, origin: &str, now: Instant) -> Result<(), HeldBack> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(known) = known.get(&digest_of(secret)) else { return Ok(()) };
        let tried = known.tried.get(origin).copied();
        let (Some(rejected), None | Some(Err(_))) = (known.rejected, tried) else { return Ok(()) };
        let rest = if known.rejections >= REJECTIONS_MAX { LONG_REST } else { REST };
        let left = rest.saturating_sub(now.saturating_duration_since(rejected));
        if left.is_zero() {
            return Ok(());
        }
        let minutes = left.as_secs().div_ceil(60);
        let again = format!("tried again in {minutes} min, or at once with another secret in the file");
        let fault = match tried {
            Some(Err(Reason::AuthRejected)) => Fault::new(Reason::AuthRejected, format!("rejected; {again}")),
            Some(Err(reason)) => Fault::new(reason, format!("{}; {again}", reason.describe())),
            _ => Fault::new(Reason::AuthHeldBack, format!("rejected elsewhere; {again}")),
        };
        Err(HeldBack { fault, minutes })
    }

    /// Learns what became of a secret that was tried.
    pub(super) fn learn(&self, secret: &str, origin: &str, is_accepted: bool, now: Instant) {
        let tried = if is_accepted { Ok(()) } else { Err(Reason::AuthRejected) };
        self.take_in(secret, origin, tried, now);
    }

    /// The same as [`Self::permit`], of an account that is known by name as well.
    pub(super) fn permit_as(
        &self,
        user: &str,
        secret: &str,
        origin: &str,
        now: Instant,
    ) -> Result<(), HeldBack> {
        self.permit(secret, origin, now)?;
        self.permit(&account(user, secret), origin, now)
    }

    /// The same as [`Self::learn`]; an error is one of [`is_refusal`].
    pub(super) fn learn_as(
        &self,
        user: &str,
        secret: &str,
        origin: &str,
        seen: Result<(), Reason>,
        now: Instant,
    ) {
        match seen {
            Err(Reason::AuthRejected) => self.learn(secret, origin, false, now),
            Err(_) => self.take_in(&account(user, secret), origin, seen, now),
            Ok(()) => {
                self.learn(secret, origin, true, now);
                self.take_in(&account(user, secret), origin, seen, now);
            }
        }
    }

    fn take_in(&self, secret: &str, origin: &str, tried: Result<(), Reason>, now: Instant) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= REMEMBERED_MAX {
            all.clear();
        }
        let known = all.entry(digest_of(secret)).or_default();
        if known.tried.len() >= REMEMBERED_MAX {
            known.tried.clear();
        }
        known.tried.insert(origin.to_owned(), tried);
        if tried.is_ok() {
            known.doubts = 0;
        }
        if tried.is_err() {
            known.rejections = known.rejections.saturating_add(1);
            known.rejected = Some(now);
        } else if known.tried.values().all(Result::is_ok) {
            (known.rejections, known.rejected) = (0, None);
        }
    }

    /// Learns that a secret may have been rejected: nobody has said so, and what should follow has not.
    pub(super) fn doubt(&self, secret: &str, origin: &str, now: Instant) {
        let doubts = {
            let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let known = all.entry(digest_of(secret)).or_default();
            known.doubts = known.doubts.saturating_add(1);
            known.doubts
        };
        if doubts >= DOUBTS_MAX {
            self.learn(secret, origin, false, now);
        }
    }
}

/// Why a secret is not tried.
#[derive(Debug)]
pub(super) struct HeldBack {
    /// What is known instead.
    pub fault: Fault,
    /// Until it is tried again.
    pub minutes: u64,
}

/// What is said of an account is not said of another that has the same password.
fn account(user: &str, secret: &str) -> String {
    format!("{user}\0{secret}")
}

fn digest_of(secret: &str) -> Secret {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest(&SHA256, secret.as_bytes()).as_ref());
    bytes
}

#[cfg(test)]
mod tests {
    use collector_api::Verdict;

    use super::*;

    const HOME: &str = "https://portale.example:443";
    const OTHER: &str = "https://intranet.example:443";

    #[tokio::test(start_paused = true)]
    async fn a_rejected_secret_rests_and_is_never_given_up() {
        let rejections = Rejections::default();
        let start = Instant::now();
        let at = |minutes: u64| start + Duration::from_mins(minutes);
        let may = |secret: &str, minutes| rejections.permit(secret, HOME, at(minutes)).is_ok();
        assert!(may("a", 0));
        rejections.learn("a", HOME, false, at(0));
        assert!(!may("a", 0) && !may("a", 14) && may("a", 15));
        assert!(may("b", 1), "another secret is another question");
        rejections.learn("a", HOME, false, at(15));
        assert!(!may("a", 29) && may("a", 30));
        rejections.learn("a", HOME, false, at(30));
        assert!(!may("a", 45) && !may("a", 89) && may("a", 90) && may("b", 31));
        rejections.learn("a", HOME, false, at(90));
        assert!(!may("a", 149) && may("a", 150), "hourly from then on");
        rejections.learn("a", HOME, true, at(150));
        assert!(may("a", 151), "nothing is held against anybody after a success");
        rejections.learn("a", HOME, false, at(152));
        assert!(!may("a", 166) && may("a", 167), "and the count begins anew");
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_held_back_says_what_is_known() {
        let (rejections, now) = (Rejections::default(), Instant::now());
        rejections.learn("a", HOME, false, now);
        let held = rejections.permit("a", HOME, now).unwrap_err();
        assert_eq!((held.fault.reason, held.fault.verdict()), (Reason::AuthRejected, Verdict::Down));
        assert_eq!(held.minutes, 15);
        assert_eq!(
            held.fault.detail,
            "rejected; tried again in 15 min, or at once with another secret in the file"
        );
        let held = rejections.permit("a", OTHER, now).unwrap_err();
        assert_eq!((held.fault.reason, held.fault.verdict()), (Reason::AuthHeldBack, Verdict::Unknown));
    }

    #[tokio::test(start_paused = true)]
    async fn an_account_that_lets_nobody_in_rests_and_says_why() {
        for reason in [Reason::AuthLocked, Reason::AuthDisabled, Reason::AuthExpired] {
            assert!(is_refusal(reason));
            let (rejections, now) = (Rejections::default(), Instant::now());
            rejections.learn_as("sonda", "a", HOME, Err(reason), now);
            let held = rejections.permit_as("sonda", "a", HOME, now).unwrap_err();
            assert_eq!((held.fault.reason, held.fault.verdict()), (reason, Verdict::Down));
            assert!(held.fault.detail.starts_with(reason.describe()), "{}", held.fault.detail);
            let elsewhere = rejections.permit_as("sonda", "a", OTHER, now).unwrap_err();
            assert_eq!(
                elsewhere.fault.reason,
                Reason::AuthHeldBack,
                "another controller of the same accounts"
            );
            assert!(
                rejections.permit_as("altra", "a", HOME, now).is_ok(),
                "another account, the same password"
            );
            assert!(rejections.permit_as("sonda", "b", HOME, now).is_ok(), "another password");
            assert!(rejections.permit_as("sonda", "a", HOME, now + REST).is_ok());
            rejections.learn_as("sonda", "a", HOME, Ok(()), now + REST);
            assert!(rejections.permit_as("sonda", "a", OTHER, now + REST).is_ok());
        }
        let (rejections, now) = (Rejections::default(), Instant::now());
        rejections.learn_as("sonda", "a", HOME, Err(Reason::AuthRejected), now);
        assert!(rejections.permit_as("altra", "a", HOME, now).is_err(), "a wrong password is wrong for all");
        assert!(!is_refusal(Reason::AuthHeldBack) && !is_refusal(Reason::LdapCode));
    }

    #[tokio::test(start_paused = true)]
    async fn an_origin_that_accepts_is_asked_on_and_excuses_nobody() {
        let (rejections, now) = (Rejections::default(), Instant::now());
        rejections.learn("a", OTHER, true, now);
        rejections.learn("a", HOME, false, now);
        assert!(rejections.permit("a", OTHER, now).is_ok());
        rejections.learn("a", OTHER, true, now);
        assert!(rejections.permit("a", HOME, now).is_err());
        rejections.learn("a", OTHER, false, now);
        assert!(rejections.permit("a", OTHER, now).is_err(), "its own word counts");
    }

    #[tokio::test(start_paused = true)]
    async fn the_memory_is_bounded() {
        let (rejections, now) = (Rejections::default(), Instant::now());
        for number in 0..3 * REMEMBERED_MAX {
            rejections.learn(&number.to_string(), HOME, false, now);
        }
        assert!(rejections.0.lock().unwrap().len() <= REMEMBERED_MAX);
    }
}
