//! Which checks each agent runs: the charter in force, cut by agent, numbered and signed.
//!
//! An assignment's revision grows when, and only when, the JSON list of its checks or canaries
//! changes, so that a comment in the charter interrupts no agent's runs. The list is that of a civil day of
//! Europe/Rome: what has an `until` leaves it with the next midnight, without a new charter. A revision is at least the
//! Unix second it was made in: a collector restored from an old copy then cannot hand out a number
//! that an agent already knows with other contents. Pure but for the caller, who keeps [`Kept`].

use std::collections::BTreeMap;

use collector_api::{Assignment, SignedAssignment, SigningKey, limits};
use collector_derive::day_of;
use config::{AgentId, Charter};
use prost::Message as _;
use ring::digest;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// What the store keeps of an agent's newest assignment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// Its revision.
    pub revision: u64,
    /// SHA-256 over its checks and canaries, hexadecimal.
    pub hash: String,
}

/// One agent's newest assignment.
#[derive(Debug, Clone, PartialEq)]
pub struct Assigned {
    /// To be kept.
    pub kept: Kept,
    /// Encoded [`SignedAssignment`].
    pub signed: Vec<u8>,
}

impl Assigned {
    /// The same checks under a number above `theirs`; `None` for contents we did not write.
    pub fn outgrow(&self, theirs: u64, key: &SigningKey) -> Option<Self> {
        let signed = SignedAssignment::decode(self.signed.as_slice()).ok()?;
        let mut assignment = Assignment::decode(signed.assignment.as_slice()).ok()?;
        assignment.revision = theirs.checked_add(1)?;
        let kept = Kept { revision: assignment.revision, hash: self.kept.hash.clone() };
        Some(Self { kept, signed: SignedAssignment::sign(&assignment, key).encode_to_vec() })
    }
}

/// Why a charter cannot be assigned.
#[derive(Debug, Error)]
pub enum AssignError {
    /// Over [`limits::CHECKS_MAX`] or [`limits::ASSIGNMENT_BYTES_MAX`].
    #[error("agent `{agent}` would run {checks} checks ({bytes} bytes), over the limits of {max} checks and 32 MiB; share them among more agents", max = limits::CHECKS_MAX)]
    TooMuch {
        /// Whose.
        agent: String,
        /// How many.
        checks: usize,
        /// Of the encoded assignment.
        bytes: usize,
    },
    /// A check that JSON cannot say; a defect of ours.
    #[error("a check of agent `{0}` cannot be written as JSON: {1}")]
    Json(String, serde_json::Error),
}

/// The assignments of every agent in `charter`; numbers of unchanged ones are taken from `kept`.
pub fn assign(
    charter: &Charter,
    kept: &BTreeMap<String, Kept>,
    key: &SigningKey,
    now_ms: i64,
) -> Result<BTreeMap<String, Assigned>, AssignError> {
    let mut all = BTreeMap::new();
    for agent in charter.agents() {
        let before = kept.get(agent.as_str());
        all.insert(agent.to_string(), assign_one(charter, agent, before, key, now_ms)?);
    }
    Ok(all)
}

fn assign_one(
    charter: &Charter,
    agent: &AgentId,
    before: Option<&Kept>,
    key: &SigningKey,
    now_ms: i64,
) -> Result<Assigned, AssignError> {
    let json = |error| AssignError::Json(agent.to_string(), error);
    let specs = charter.assigned_to(agent, day_of(now_ms));
    let checks = specs.iter().map(serde_json::to_string).collect::<Result<Vec<_>, _>>().map_err(json)?;
    let canaries =
        charter.canaries.iter().map(serde_json::to_string).collect::<Result<Vec<_>, _>>().map_err(json)?;
    let hash = hash(&checks, &canaries);
    let revision = match before {
        Some(before) if before.hash == hash => before.revision,
        before => next_revision(before.map_or(0, |kept| kept.revision), now_ms),
    };
    let count = checks.len();
    let assignment = Assignment { revision, agent: agent.to_string(), checks, canaries };
    let signed = SignedAssignment::sign(&assignment, key).encode_to_vec();
    if count > limits::CHECKS_MAX || signed.len() > limits::ASSIGNMENT_BYTES_MAX {
        return Err(AssignError::TooMuch { agent: agent.to_string(), checks: count, bytes: signed.len() });
    }
    Ok(Assigned { kept: Kept { revision, hash }, signed })
}

/// Above `newest` and not below the Unix second of `now_ms`.
fn next_revision(newest: u64, now_ms: i64) -> u64 {
    newest.saturating_add(1).max(u64::try_from(now_ms / 1000).unwrap_or(0))
}

fn hash(checks: &[String], canaries: &[String]) -> String {
    let mut context = digest::Context::new(&digest::SHA256);
    for list in [checks, canaries] {
        context.update(&(list.len() as u64).to_be_bytes());
        for item in list {
            context.update(&(item.len() as u64).to_be_bytes());
            context.update(item.as_bytes());
        }
    }
    collector_api::hex_encode(context.finish().as_ref())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_revision_grows_and_never_falls_behind_the_clock() {
        for (newest, now_ms, expected) in
            [(0, 5_000, 5), (5, 5_000, 6), (5, 9_000, 9), (9, 5_000, 10), (7, -1, 8)]
        {
            assert_eq!(next_revision(newest, now_ms), expected, "after {newest} at {now_ms}");
        }
    }

    #[test]
    fn an_assignment_is_of_its_day() {
        let charter = "organisation: {name: X}\nsites: {a: {agents: [a1]}, b: {agents: [b1]}}\nservices: {s: {components: {c: \
                       {probe: tcp, targets: {t: {address: \"h:1\", until: 2027-03-31, note: x}, u: \"h:2\"}, from: [a]}, d: \
                       {probe: tcp, targets: {v: \"h:3\"}}}}}\n";
        let charter = config::parse(charter, "f").unwrap().vedetta.charter;
        let key = SigningKey::from_seed(&[7; 32]).unwrap();
        let midnight_ms = collector_derive::midnight_ms("2027-04-01".parse().unwrap());
        let on_the_last_day = assign(&charter, &BTreeMap::new(), &key, midnight_ms - 1).unwrap();
        let kept = on_the_last_day.iter().map(|(agent, one)| (agent.clone(), one.kept.clone())).collect();
        let on_the_next = assign(&charter, &kept, &key, midnight_ms).unwrap();
        assert!(on_the_next["a1"].kept.revision > on_the_last_day["a1"].kept.revision);
        assert_eq!(on_the_next["b1"].kept, on_the_last_day["b1"].kept, "nothing of it is gone");
    }

    #[test]
    fn where_one_item_ends_matters() {
        let list = |items: &[&str]| items.iter().map(|&item| item.to_owned()).collect::<Vec<_>>();
        let all = [
            hash(&list(&["ab", "c"]), &[]),
            hash(&list(&["a", "bc"]), &[]),
            hash(&list(&["ab"]), &list(&["c"])),
            hash(&[], &list(&["ab", "c"])),
        ];
        for (index, one) in all.iter().enumerate() {
            assert!(!all[index + 1..].contains(one));
        }
    }
}
