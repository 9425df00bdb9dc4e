//! What the agent remembers of devices between two runs: engines with their keys, when they began, which interface has
//! which index.
//!
//! Keys take milliseconds to derive and two datagrams to find out; a device is asked every minute or two. Everything
//! here is a hint: what is wrong shows in the next answer, and is asked anew in the same run. Bounded; nothing of it is
//! ever shown.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use config::SnmpAccess;
use ring::digest::{Context, SHA256};
use tokio::time::Instant;

use super::session::Speaker;
use super::usm::{Engine, User};

/// Devices; beyond that the memory begins anew.
const REMEMBERED_MAX: usize = 4_096;
/// Interfaces of one device; beyond that their memory begins anew.
const INTERFACES_MAX: usize = 4_096;
/// Hundredths of a second until `sysUpTime` begins anew: 497 days (RFC 2578, 7.1.8).
const WRAP: u64 = 1 << 32;
/// How much a device's clock may differ from ours over what is remembered: a thousandth, and ten minutes.
const SLACK_TICKS: u64 = 60_000;

/// Which device, asked by whom.
pub(super) type Key = (SocketAddr, SnmpAccess);

/// What is remembered.
#[derive(Debug, Default)]
pub struct Engines(Mutex<HashMap<Key, Known>>);

#[derive(Debug, Default)]
struct Known {
    engine: Option<Remembered>,
    /// The uptime that was last told, and when.
    uptime: Option<(u64, Instant)>,
    /// Has it begun anew since the device did?
    has_wrapped: bool,
    /// By the names of the charter.
    interfaces: HashMap<String, u32>,
}

#[derive(Debug)]
struct Remembered {
    engine: Engine,
    at: Instant,
    /// Of the secrets that its keys are of.
    secrets: [u8; 32],
}

impl Engines {
    /// The engine as it is now, if its keys are of these secrets.
    pub(super) fn engine(&self, key: &Key, user: &User) -> Option<Engine> {
        let known = self.lock();
        let remembered = known.get(key)?.engine.as_ref().filter(|known| known.secrets == digest_of(user))?;
        let mut engine = remembered.engine.clone();
        engine.age(remembered.at.elapsed());
        Some(engine)
    }

    pub(super) fn keep(&self, key: &Key, speaker: &Speaker, engine: Engine) {
        let Speaker::User(user) = speaker else { return };
        let remembered = Remembered { engine, at: Instant::now(), secrets: digest_of(user) };
        self.change(key, |known| known.engine = Some(remembered));
    }

    pub(super) fn forget(&self, key: &Key) {
        self.change(key, |known| known.engine = None);
    }

    /// Which index this interface had.
    pub(super) fn interface(&self, key: &Key, name: &str) -> Option<u32> {
        self.lock().get(key)?.interfaces.get(name).copied()
    }

    /// Takes in which index the named interfaces have, beside those that other checks have named.
    pub(super) fn keep_interfaces(&self, key: &Key, interfaces: HashMap<String, u32>) {
        self.change(key, |known| {
            if known.interfaces.len() + interfaces.len() > INTERFACES_MAX {
                known.interfaces.clear();
            }
            known.interfaces.extend(interfaces);
        });
    }

    /// Takes in an uptime, hundredths of a second. Has it begun anew only because it is counted in 32 bits?
    pub(super) fn has_wrapped(&self, key: &Key, ticks: u64) -> bool {
        let now = Instant::now();
        self.change(key, |known| {
            let Some((before, at)) = known.uptime.replace((ticks, now)) else { return false };
            let passed = u64::try_from(now.duration_since(at).as_millis() / 10).unwrap_or(u64::MAX);
            known.has_wrapped = is_wrap(before, passed, ticks) || (known.has_wrapped && ticks >= before);
            known.has_wrapped
        })
    }

    fn change<T>(&self, key: &Key, change: impl FnOnce(&mut Known) -> T) -> T {
        let mut known = self.lock();
        if known.len() >= REMEMBERED_MAX && !known.contains_key(key) {
            known.clear();
        }
        change(known.entry(key.clone()).or_default())
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Known>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Is what is told now what a clock of 32 bits would show?
fn is_wrap(before: u64, passed: u64, now: u64) -> bool {
    let expected = before.saturating_add(passed);
    let slack = SLACK_TICKS.saturating_add(passed / 1_000);
    now < before
        && expected.saturating_add(slack) >= WRAP
        && (expected % WRAP).abs_diff(now).min(expected.abs_diff(now + WRAP)) <= slack
}

fn digest_of(user: &User) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    let privacy = user.privacy.as_ref().map_or("", |(_, passphrase)| passphrase);
    for part in [&user.passphrase, privacy] {
        context.update(&part.len().to_be_bytes());
        context.update(part.as_bytes());
    }
    let mut bytes = [0; 32];
    bytes.copy_from_slice(context.finish().as_ref());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_uptime_wraps_after_497_days() {
        const MINUTE: u64 = 6_000;
        for (before, passed, now, expected) in [
            (WRAP - MINUTE, 2 * MINUTE, MINUTE, true),
            (WRAP - MINUTE, 2 * MINUTE, MINUTE + 3_000, true),
            (WRAP - MINUTE, 2 * MINUTE, 20 * MINUTE, false),
            (WRAP / 2, 2 * MINUTE, MINUTE, false),
            (10 * MINUTE, 2 * MINUTE, 12 * MINUTE, false),
            (10 * MINUTE, 2 * MINUTE, MINUTE, false),
        ] {
            assert_eq!(is_wrap(before, passed, now), expected, "{before} {passed} {now}");
        }
    }
}
