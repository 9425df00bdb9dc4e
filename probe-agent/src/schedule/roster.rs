//! The checks of the assignment in force, and what was last said of each.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use collector_api::{Assignment, CheckEntry, Reason, Verdict};
use config::{Canary, CheckId, CheckSpec, HostPort, Probe, Timing};
use ring::digest::{SHA256, digest};
use serde::Deserialize;

use super::plan::Lane;
use super::telling::{Said, Telling};
use crate::probe::{Check, Outcome};
use crate::sample::{Dictionary, Sample};

/// However an assignment reads, a check runs no more often than this, ms.
const EVERY_MS_MIN: u64 = 100;

/// What a slot of the roster does.
#[derive(Debug)]
pub(super) enum Work {
    /// Runs.
    Ready(Arc<Check>),
    /// Cannot; the sentence says why. Its samples are unknown `agent.config_invalid`.
    Invalid(String),
}

/// One check of the roster.
#[derive(Debug)]
pub(super) struct Enrolled {
    pub(super) id: CheckId,
    pub(super) every_ms: u64,
    pub(super) lane: Lane,
    index: u32,
    /// SHA-256 of what the assignment says of it.
    asked: [u8; 32],
    work: Work,
    said: Said,
}

/// All checks of one revision.
#[derive(Debug, Default)]
pub(super) struct Roster {
    revision: u64,
    checks: Vec<Enrolled>,
}

/// What a new assignment brings.
#[derive(Debug)]
pub(super) struct Adopted {
    pub(super) dictionary: Dictionary,
    /// As `check: reason`.
    pub(super) refused: Vec<String>,
    pub(super) canaries: Vec<HostPort>,
    /// For each new slot the one its check had.
    pub(super) kept: Vec<Option<usize>>,
}

impl Adopted {
    /// Old slot to new.
    pub(super) fn new_slots(&self) -> HashMap<usize, usize> {
        self.kept.iter().enumerate().filter_map(|(new, old)| old.map(|old| (old, new))).collect()
    }
}

/// All that is needed to speak of a check that cannot be run: of a kind this build does not know.
#[derive(Deserialize)]
struct Head {
    id: CheckId,
    timing: Timing,
}

impl Roster {
    /// Replaces the checks; those of the same id keep what was said of them, unchanged ones all they know.
    pub(super) fn adopt(&mut self, assignment: &Assignment) -> Adopted {
        let mut old: HashMap<CheckId, (usize, Enrolled)> = self
            .checks
            .drain(..)
            .enumerate()
            .map(|(slot, check)| (check.id.clone(), (slot, check)))
            .collect();
        let mut adopted = Adopted {
            dictionary: Dictionary { revision: assignment.revision, entries: Vec::new() },
            refused: Vec::new(),
            canaries: Vec::new(),
            kept: Vec::new(),
        };
        for (index, text) in (0_u32..).zip(&assignment.checks) {
            let (head, lane, work) = match decode(text) {
                Ok(decoded) => decoded,
                Err(sentence) => {
                    adopted.refused.push(format!("check {index} of the assignment: {sentence}"));
                    continue;
                }
            };
            if let Work::Invalid(sentence) = &work {
                adopted.refused.push(format!("{}: {sentence}", head.id));
            }
            let asked = fingerprint(text);
            let (slot, said, work) = match old.remove(&head.id) {
                // Unchanged: with it stays what the probe itself remembers.
                Some((slot, check)) if check.asked == asked => (Some(slot), check.said, check.work),
                Some((slot, check)) => (Some(slot), check.said, work),
                None => (None, Said::default(), work),
            };
            adopted.kept.push(slot);
            adopted.dictionary.entries.push(CheckEntry {
                index,
                check: head.id.to_string(),
                interval_ms: head.timing.every_ms,
                hold_ms: head.timing.hold_ms,
            });
            let every_ms = head.timing.every_ms.max(EVERY_MS_MIN);
            self.checks.push(Enrolled { id: head.id, every_ms, lane, index, asked, work, said });
        }
        if assignment.canaries.len() > Canary::COUNT_MAX {
            let count = assignment.canaries.len();
            adopted.refused.push(format!("{count} canaries; the first {} are asked", Canary::COUNT_MAX));
        }
        for text in assignment.canaries.iter().take(Canary::COUNT_MAX) {
            match serde_json::from_str::<Canary>(text) {
                Ok(canary) => adopted.canaries.push(canary.address),
                Err(error) => adopted.refused.push(format!("canary `{text}`: {error}")),
            }
        }
        self.revision = assignment.revision;
        adopted
    }

    pub(super) fn checks(&self) -> &[Enrolled] {
        &self.checks
    }

    pub(super) fn work(&self, slot: usize) -> &Work {
        &self.checks[slot].work
    }

    /// What a run that begins now is expected to say, if that would need no evidence.
    pub(super) fn expected(&self, slot: usize, now_ms: u64) -> Option<(Verdict, Reason)> {
        self.checks[slot].said.expected(now_ms)
    }

    /// The sample of an outcome; remembers what it says.
    pub(super) fn sample(
        &mut self,
        slot: usize,
        slot_ms: i64,
        lag_ms: u32,
        now_ms: u64,
        outcome: Outcome,
    ) -> Sample {
        let check = &mut self.checks[slot];
        let Telling { changed, with_evidence } =
            check.said.tell((outcome.verdict, outcome.reason), outcome.attempts, outcome.is_brief, now_ms);
        Sample {
            check: check.index,
            revision: self.revision,
            slot_ms,
            lag_ms,
            verdict: outcome.verdict,
            reason: outcome.reason,
            duration_micros: outcome.duration_micros,
            evidence: with_evidence.then_some(outcome.evidence),
            changed,
        }
    }
}

fn fingerprint(text: &str) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest(&SHA256, text.as_bytes()).as_ref());
    bytes
}

/// A check on its own; the error is for one whose id or timing cannot even be read.
fn decode(text: &str) -> Result<(Head, Lane, Work), String> {
    match serde_json::from_str::<CheckSpec>(text) {
        Ok(spec) => {
            let head = Head { id: spec.id.clone(), timing: spec.timing };
            let lane = match spec.probe {
                Probe::Tcp(_)
                | Probe::Kerberos(_)
                | Probe::Ldap(_)
                | Probe::Domain(_)
                | Probe::Certificate(_) => Lane::Tcp,
                Probe::Dns(_) | Probe::Udp(_) | Probe::Radius(_) => Lane::Dns,
                // A dialogue of some words is much like a request.
                Probe::Http(_)
                | Probe::Journey(_)
                | Probe::Oidc(_)
                | Probe::Saml(_)
                | Probe::Smtp(_)
                | Probe::Imap(_)
                | Probe::Pop3(_)
                | Probe::Browse(_)
                | Probe::CaptivePortal(_)
                | Probe::Registration(_)
                | Probe::MailRoundTrip(_) => Lane::Http,
                Probe::Ntp(_) | Probe::Snmp(_) | Probe::AccessPoint(_) => Lane::Ntp,
                Probe::Icmp(_) => Lane::Icmp,
                Probe::Heartbeat(_) => Lane::Heartbeat,
            };
            Ok((head, lane, prepare(|| Check::new(spec))))
        }
        Err(error) => {
            let head: Head = serde_json::from_str(text).map_err(|error| error.to_string())?;
            Ok((head, Lane::Tcp, Work::Invalid(error.to_string())))
        }
    }
}

/// A check that cannot even be prepared must not take the others with it: the assignment is on disk, and the
/// agent would meet it again at every start.
fn prepare(make: impl FnOnce() -> Result<Check, String>) -> Work {
    // What is made is thrown away with the panic, so nothing half made is ever seen.
    match catch_unwind(AssertUnwindSafe(make)) {
        Ok(Ok(check)) => Work::Ready(Arc::new(check)),
        Ok(Err(sentence)) => Work::Invalid(sentence),
        Err(_panic) => Work::Invalid("preparing it fails inside the agent; please report it".to_owned()),
    }
}

#[cfg(test)]
mod tests;
