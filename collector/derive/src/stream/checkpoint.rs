//! [`StreamState`] as bytes.
//!
//! A checkpoint is a short cut and never a truth: equal states give equal bytes, a build with another
//! [`DERIVE_VERSION`] refuses them, and whoever is refused replays the stream's groups.

use collector_api::{Reason, Record, Verdict, limits};
use config::CheckId;
use prost::Message as _;

use super::{CheckState, Latest, StreamState};
use crate::{DERIVE_VERSION, decode_runs, encode_runs};

impl StreamState {
    /// The state as bytes; equal states give equal bytes.
    pub fn encode(&self) -> Vec<u8> {
        let indexed = (0_u32..).zip(&self.checks);
        let named = indexed.filter_map(|(index, check)| Some(CheckImage::of(Some(index), check.as_ref()?)));
        StateImage {
            derive_version: DERIVE_VERSION,
            opened_ms: self.opened_ms,
            next_seq: self.next_seq,
            latest_ms: self.latest_ms,
            revision: self.revision,
            forgotten_ms: self.forgotten_ms,
            nameless: self.nameless,
            checks: named.chain(self.older.values().map(|check| CheckImage::of(None, check))).collect(),
        }
        .encode_to_vec()
    }

    /// Reads what [`StreamState::encode`] wrote; `None` for anything else, and for another
    /// [`DERIVE_VERSION`]: then the stream is replayed from its groups.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let image = StateImage::decode(bytes).ok()?;
        if image.derive_version != DERIVE_VERSION {
            return None;
        }
        let mut state = Self {
            opened_ms: image.opened_ms,
            next_seq: image.next_seq,
            latest_ms: image.latest_ms,
            revision: image.revision,
            forgotten_ms: image.forgotten_ms,
            nameless: image.nameless,
            ..Self::default()
        };
        for image in image.checks {
            let index = image.index;
            let check = Box::new(image.read()?);
            if state.index_of.contains_key(&check.check) || state.older.contains_key(&check.check) {
                return None;
            }
            match index {
                None => drop(state.older.insert(check.check.clone(), check)),
                Some(index) if state.is_free(index) => state.place(index, check),
                Some(_) => return None,
            }
        }
        Some(state)
    }

    fn is_free(&self, index: u32) -> bool {
        (index as usize) < limits::CHECKS_MAX && self.checks.get(index as usize).is_none_or(Option::is_none)
    }
}

/// [`StreamState`].
#[derive(Clone, PartialEq, prost::Message)]
struct StateImage {
    #[prost(uint32, tag = "1")]
    derive_version: u32,
    #[prost(sint64, optional, tag = "2")]
    opened_ms: Option<i64>,
    #[prost(uint64, tag = "3")]
    next_seq: u64,
    #[prost(sint64, optional, tag = "4")]
    latest_ms: Option<i64>,
    #[prost(uint64, tag = "5")]
    revision: u64,
    #[prost(sint64, optional, tag = "6")]
    forgotten_ms: Option<i64>,
    #[prost(message, repeated, tag = "7")]
    checks: Vec<CheckImage>,
    #[prost(bool, tag = "8")]
    nameless: bool,
}

/// [`CheckState`]; without an index it is one of the older dictionary.
#[derive(Clone, PartialEq, prost::Message)]
struct CheckImage {
    #[prost(uint32, optional, tag = "1")]
    index: Option<u32>,
    #[prost(string, tag = "2")]
    check: String,
    #[prost(uint64, tag = "3")]
    interval_ms: u64,
    #[prost(uint64, tag = "4")]
    hold_ms: u64,
    /// Packed; empty for none.
    #[prost(bytes = "vec", tag = "5")]
    open: Vec<u8>,
    #[prost(message, optional, tag = "6")]
    latest: Option<LatestImage>,
}

/// [`Latest`].
#[derive(Clone, PartialEq, prost::Message)]
struct LatestImage {
    #[prost(sint64, tag = "1")]
    at_ms: i64,
    #[prost(uint64, tag = "2")]
    duration_micros: u64,
    /// As in [`Record::outcome`].
    #[prost(uint32, tag = "3")]
    outcome: u32,
    #[prost(bytes = "vec", tag = "4")]
    evidence: Vec<u8>,
    #[prost(sint64, tag = "5")]
    evidence_ms: i64,
    #[prost(bytes = "vec", tag = "6")]
    lasting: Vec<u8>,
    #[prost(sint64, tag = "7")]
    lasting_ms: i64,
}

impl CheckImage {
    fn of(index: Option<u32>, check: &CheckState) -> Self {
        let latest = check.latest.as_ref().map(|latest| LatestImage {
            at_ms: latest.at_ms,
            duration_micros: latest.duration_micros,
            outcome: Record::outcome_of(latest.verdict, latest.reason),
            evidence: latest.evidence.clone(),
            evidence_ms: latest.evidence_ms,
            lasting: latest.lasting.clone(),
            lasting_ms: latest.lasting_ms,
        });
        Self {
            index,
            check: check.check.to_string(),
            interval_ms: check.interval_ms,
            hold_ms: check.hold_ms,
            open: check.open.map(|run| encode_runs(&[run])).unwrap_or_default(),
            latest,
        }
    }

    fn read(self) -> Option<CheckState> {
        let latest = self.latest.map(|latest| Latest {
            at_ms: latest.at_ms,
            duration_micros: latest.duration_micros,
            verdict: Verdict::from_code(latest.outcome),
            reason: Reason::from_code(latest.outcome >> 2),
            evidence: latest.evidence,
            evidence_ms: latest.evidence_ms,
            lasting: latest.lasting,
            lasting_ms: latest.lasting_ms,
        });
        Some(CheckState {
            check: CheckId::new(self.check).ok()?,
            interval_ms: self.interval_ms,
            hold_ms: self.hold_ms,
            open: if self.open.is_empty() { None } else { decode_runs(&self.open)?.pop() },
            latest,
        })
    }
}
