//! When a check runs: what a component says, then its parent, then `defaults:`, then what is built in.

use super::rules::{Otherwise, Votes};
use crate::Timing;
use crate::problem::Place;
use crate::text::say;
use crate::yaml::charter::DefaultsKeys;
use crate::yaml::component::{Common, From};
use crate::yaml::duration::Millis;
use crate::yaml::probe::ProbeKeys;
use crate::yaml::shape::{At, Report};

/// Built in: once a minute, three attempts of at most 10 s.
const EVERY: Millis = Millis(60_000);
/// A registry is not asked every minute, and a domain is not lost in one.
const EVERY_OF_REGISTRATION: Millis = Millis(6 * 3_600_000);
const TIMEOUT: Millis = Millis(10_000);
const ATTEMPTS: u32 = 3;

/// Shorter intervals are load tests, longer ones cannot carry an annual figure.
const EVERY_MIN: Millis = Millis(100);
const EVERY_MAX: Millis = Millis(86_400_000);

/// More would hide a failing service behind patience.
const ATTEMPTS_MAX: u32 = 10;

/// A sample cannot speak for longer than this, whatever the file says.
const HOLD_MAX: Millis = Millis(7 * 86_400_000);

/// What a component takes from above when it says nothing itself.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    every: Option<At<Millis>>,
    /// Of `defaults:`.
    every_of_file: Option<At<Millis>>,
    timeout: Option<At<Millis>>,
    attempts: Option<At<u32>>,
    pub(super) from: From,
    /// What is judged otherwise than by `rules:`.
    pub(super) otherwise: Otherwise,
    /// What `rules:` says of votes.
    pub(super) votes: Votes,
}

impl Settings {
    /// `defaults:`, and the votes of `rules:`.
    pub(super) fn of_file(keys: Option<&DefaultsKeys>, votes: Votes) -> Self {
        Self {
            every: None,
            every_of_file: keys.and_then(|keys| keys.every.clone()),
            timeout: keys.and_then(|keys| keys.timeout.clone()),
            attempts: keys.and_then(|keys| keys.attempts.clone()),
            from: keys.and_then(|keys| keys.from.clone()).unwrap_or(From::Users),
            otherwise: Otherwise::default(),
            votes,
        }
    }

    /// What a component says goes before what its parent or the file says.
    pub(super) fn under(&self, common: &Common) -> Self {
        Self {
            every: common.every.clone().or_else(|| self.every.clone()),
            every_of_file: self.every_of_file.clone(),
            timeout: common.timeout.clone().or_else(|| self.timeout.clone()),
            attempts: common.attempts.clone().or_else(|| self.attempts.clone()),
            from: common.from.clone().unwrap_or_else(|| self.from.clone()),
            otherwise: self.otherwise.under(common),
            votes: self.votes.clone(),
        }
    }
}

/// How often a kind asks where neither its component nor one above it says so: `defaults:` are for the others.
fn every_of(probe: &ProbeKeys) -> Option<Millis> {
    match probe {
        ProbeKeys::Registration(_) => Some(EVERY_OF_REGISTRATION),
        _ => None,
    }
}

/// The timing of a component's checks; `at` is where the component is.
pub(super) fn timing(
    settings: &Settings,
    probe: &ProbeKeys,
    common: &Common,
    at: Place,
    report: &mut Report<'_>,
) -> Option<Timing> {
    let own = every_of(probe);
    let said = settings.every.as_ref().or_else(|| settings.every_of_file.as_ref().filter(|_| own.is_none()));
    let every = said.map_or_else(|| own.unwrap_or(EVERY), |key| key.value);
    let attempts = settings.attempts.as_ref().map_or(ATTEMPTS, |key| key.value);
    let every_at = place(said, at);
    if !(EVERY_MIN..=EVERY_MAX).contains(&every) {
        let message = say!(
            "`every` is {every}; it must be from {EVERY_MIN} to {EVERY_MAX}",
            "`every` è {every}; deve stare tra {EVERY_MIN} e {EVERY_MAX}"
        );
        report.problem(every_at, message);
        return None;
    }
    if attempts == 0 || attempts > ATTEMPTS_MAX {
        let at = settings.attempts.as_ref().map_or(at, |key| key.at);
        let message = say!(
            "`attempts` is {attempts}; it must be from 1 to {ATTEMPTS_MAX}",
            "`attempts` è {attempts}; deve stare tra 1 e {ATTEMPTS_MAX}"
        );
        report.problem(at, message);
        return None;
    }
    // A fifth of the interval (for three attempts) always fits; so a short `every` alone is no error.
    let timeout = settings
        .timeout
        .as_ref()
        .map_or_else(|| TIMEOUT.min(Millis(every.0 / (u64::from(attempts) + 2))), |key| key.value);
    let timing = Timing {
        every_ms: every.0,
        timeout_ms: timeout.0,
        hold_ms: common.hold.as_ref().map_or(every.0 * 5 / 2, |key| key.value.0),
        attempts,
        warn_ms: common.warn.as_ref().map(|key| key.value.0),
        crit_ms: common.crit.as_ref().map(|key| key.value.0),
    };
    let fits = patience(&timing, settings, every_at, at, report);
    let speaks = hold(&timing, common, report);
    let ordered = thresholds(&timing, common, report);
    (fits && speaks && ordered).then_some(timing)
}

/// Do the attempts fit inside the interval?
fn patience(
    timing: &Timing,
    settings: &Settings,
    every_at: Place,
    at: Place,
    report: &mut Report<'_>,
) -> bool {
    let (every, timeout) = (Millis(timing.every_ms), Millis(timing.timeout_ms));
    // The defect is where the more particular of the two keys is, which is further down the file.
    let at = place(settings.timeout.as_ref(), at).max(every_at);
    if timeout.0 == 0 {
        let message = say!(
            "`timeout` is zero; nothing answers in no time",
            "`timeout` è zero; nulla risponde in un tempo nullo"
        );
        report.problem(at, message);
        return false;
    }
    if timeout >= every {
        let message = say!(
            "`timeout` ({timeout}) must be shorter than `every` ({every})",
            "`timeout` ({timeout}) deve essere più corto di `every` ({every})"
        );
        report.problem(at, message);
        return false;
    }
    if timing.attempts_ms() > timing.every_ms {
        let message = say!(
            "{} attempts of {timeout} with pauses of {} take {}, longer than `every` ({every}); shorten `timeout` or \
             take fewer `attempts`",
            "{} tentativi di {timeout} con pause di {} durano {}, più di `every` ({every}); accorcia `timeout` o \
             riduci gli `attempts`",
            timing.attempts,
            Millis(timing.attempt_gap_ms()),
            Millis(timing.attempts_ms()),
        );
        report.problem(at, message);
        return false;
    }
    true
}

fn hold(timing: &Timing, common: &Common, report: &mut Report<'_>) -> bool {
    let Some(hold) = &common.hold else { return true };
    if hold.value.0 < timing.every_ms {
        let every = Millis(timing.every_ms);
        let message = say!(
            "`hold` ({}) is shorter than `every` ({every}): the time before each next sample would be unknown",
            "`hold` ({}) è più corto di `every` ({every}): il tempo prima di ogni nuovo campione resterebbe ignoto",
            hold.value
        );
        report.problem(hold.at, message);
        return false;
    }
    if hold.value > HOLD_MAX {
        let message = say!(
            "`hold` is {}; no sample speaks for longer than {HOLD_MAX}",
            "`hold` è {}; nessun campione vale per più di {HOLD_MAX}",
            hold.value
        );
        report.problem(hold.at, message);
        return false;
    }
    true
}

/// A threshold that can never be reached is a mistake, not caution.
fn thresholds(timing: &Timing, common: &Common, report: &mut Report<'_>) -> bool {
    let timeout = Millis(timing.timeout_ms);
    let mut fine = true;
    for (name, key) in [("warn", &common.warn), ("crit", &common.crit)] {
        let Some(key) = key else { continue };
        if key.value.0 == 0 || key.value >= timeout {
            let message = say!(
                "`{name}` ({}) must be above zero and below `timeout` ({timeout}), or it never speaks",
                "`{name}` ({}) deve stare sopra zero e sotto `timeout` ({timeout}), o non scatta mai",
                key.value
            );
            report.problem(key.at, message);
            fine = false;
        }
    }
    if let (Some(warn), Some(crit)) = (&common.warn, &common.crit)
        && warn.value >= crit.value
    {
        let message = say!(
            "`warn` ({}) must be below `crit` ({})",
            "`warn` ({}) deve stare sotto `crit` ({})",
            warn.value,
            crit.value
        );
        report.problem(warn.at.max(crit.at), message);
        fine = false;
    }
    fine
}

fn place(key: Option<&At<Millis>>, otherwise: Place) -> Place {
    key.map_or(otherwise, |key| key.at)
}
