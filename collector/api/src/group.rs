//! The group: the records that one fdatasync made durable. The unit of spool, chain and batch.
//!
//! A record takes one sequence number, but for LOST, which takes as many as it declares. Numbers
//! are not written on records: a group says its first, and order says the rest.

use prost::Message as _;
use thiserror::Error;

use crate::{DurationCode, Reason, Verdict, limits};

/// The records of one fdatasync.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Group {
    /// Sequence number of the first record; streams count from 1.
    #[prost(uint64, tag = "1")]
    pub first_seq: u64,
    /// Unix ms that the first sample's `slot_delta_ms` counts from.
    #[prost(sint64, tag = "2")]
    pub base_ms: i64,
    /// In the order of their numbers.
    #[prost(message, repeated, tag = "3")]
    pub records: Vec<Record>,
}

/// A sample's head, or one of the records that are not samples.
///
/// Flat on purpose: a sample is the common case, and a decoder that only wants heads skips the
/// rest. A record with none of the fields this build knows is of a later kind: one number, read
/// like LOST.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Record {
    /// Which check: an index of the dictionary that the stream's CONFIG records gave, plus 1.
    /// 0 means that this record is not a sample.
    #[prost(uint32, tag = "1")]
    pub check_plus_1: u32,
    /// The instant the schedule wanted, ms after that of the previous sample of this group
    /// (of the first: after `base_ms`).
    #[prost(sint64, tag = "2")]
    pub slot_delta_ms: i64,
    /// How much later the first attempt began, ms.
    #[prost(uint32, tag = "3")]
    pub lag_ms: u32,
    /// Verdict in the lower two bits, the reason's number above them.
    #[prost(uint32, tag = "4")]
    pub outcome: u32,
    /// A [`DurationCode`]: first attempt's begin to last attempt's end, gaps between attempts excluded.
    #[prost(uint32, tag = "5")]
    pub duration: u32,
    /// An encoded [`crate::Evidence`]; usually empty.
    #[prost(bytes = "vec", tag = "6")]
    pub evidence: Vec<u8>,
    /// Numbers without records.
    #[prost(message, optional, tag = "8")]
    pub lost: Option<Lost>,
    /// The dictionary.
    #[prost(message, optional, tag = "9")]
    pub config: Option<ConfigRecord>,
    /// An agent began to write.
    #[prost(message, optional, tag = "10")]
    pub start: Option<Start>,
    /// The agent's wall clock stepped.
    #[prost(message, optional, tag = "11")]
    pub step: Option<StepRecord>,
}

impl Record {
    /// A sample's verdict.
    pub fn verdict(&self) -> Verdict {
        Verdict::from_code(self.outcome)
    }

    /// A sample's reason.
    pub fn reason(&self) -> Reason {
        Reason::from_code(self.outcome >> 2)
    }

    /// Packs verdict and reason for [`Record::outcome`].
    pub fn outcome_of(verdict: Verdict, reason: Reason) -> u32 {
        verdict.code() | (reason.code() << 2)
    }

    /// A sample's duration, µs.
    pub fn duration_micros(&self) -> u64 {
        DurationCode(self.duration).micros()
    }

    /// How many sequence numbers this record takes: 1, or what LOST declares.
    pub fn span(&self) -> u64 {
        self.lost.as_ref().map_or(1, |lost| lost.count.max(1))
    }

    /// Is this a sample (of whatever check)?
    pub fn is_sample(&self) -> bool {
        self.check_plus_1 > 0
    }
}

/// A range of sequence numbers whose records are gone. Becomes unknown time.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Lost {
    /// How many numbers, at least 1.
    #[prost(uint64, tag = "1")]
    pub count: u64,
    /// A [`LostReason`].
    #[prost(enumeration = "LostReason", tag = "2")]
    pub reason: i32,
    /// Where the loss begins, Unix ms: the last instant known before it. 0 when not known.
    #[prost(sint64, tag = "3")]
    pub from_ms: i64,
    /// Where it ends, Unix ms. 0 when not known.
    #[prost(sint64, tag = "4")]
    pub to_ms: i64,
    /// Is there surely no CONFIG among the numbers? Then the dictionary before them stays in force.
    #[prost(bool, tag = "5")]
    pub dictionary_kept: bool,
}

/// Why records are gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, prost::Enumeration)]
#[repr(i32)]
pub enum LostReason {
    /// Not said, or said by a later version.
    Unspecified = 0,
    /// The spool reached its cap while the collector was away.
    Cap = 1,
    /// The disk gave back other bytes than were written.
    Corrupt = 2,
    /// The disk refused to write (full, or failing).
    DiskRefused = 3,
    /// Acknowledged once, gone here, and asked for again by a collector restored from a copy.
    Rewound = 4,
}

/// A piece of the dictionary check index → check. With `begins`, the older one is forgotten.
#[derive(Clone, PartialEq, prost::Message)]
pub struct ConfigRecord {
    /// The assignment it comes from.
    #[prost(uint64, tag = "1")]
    pub revision: u64,
    /// Is this the first piece of a new dictionary?
    #[prost(bool, tag = "2")]
    pub begins: bool,
    /// At most [`limits::CONFIG_ENTRIES_MAX`].
    #[prost(message, repeated, tag = "3")]
    pub entries: Vec<CheckEntry>,
}

/// One check of the dictionary.
#[derive(Clone, PartialEq, prost::Message)]
pub struct CheckEntry {
    /// The index samples use.
    #[prost(uint32, tag = "1")]
    pub index: u32,
    /// The check's id in the charter, such as `data_center.dns.dns1`.
    #[prost(string, tag = "2")]
    pub check: String,
    /// Time between two slots, ms.
    #[prost(uint64, tag = "3")]
    pub interval_ms: u64,
    /// How long a sample speaks when no other follows, ms.
    #[prost(uint64, tag = "4")]
    pub hold_ms: u64,
}

/// The first record an agent writes after it began.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Start {
    /// Unix ms on the agent's clock.
    #[prost(sint64, tag = "1")]
    pub at_ms: i64,
    /// The agent's version.
    #[prost(string, tag = "2")]
    pub version: String,
    /// The kernel's boot id; changes when the host restarts.
    #[prost(string, tag = "3")]
    pub boot_id: String,
    /// The last instant the spool had before this start, Unix ms; 0 for a fresh spool.
    #[prost(sint64, tag = "4")]
    pub last_durable_ms: i64,
}

/// The agent's wall clock moved apart from its monotonic clock.
#[derive(Clone, PartialEq, prost::Message)]
pub struct StepRecord {
    /// Unix ms after the step.
    #[prost(sint64, tag = "1")]
    pub at_ms: i64,
    /// How far the wall clock jumped, ms; positive is forwards.
    #[prost(sint64, tag = "2")]
    pub step_ms: i64,
}

/// Why the bytes of a group cannot be used. They are kept, and read like LOST.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum GroupError {
    /// Longer than [`limits::GROUP_BYTES_MAX`].
    #[error("a group of {0} bytes is over the limit of {max}", max = limits::GROUP_BYTES_MAX)]
    TooLong(usize),
    /// Not a group.
    #[error("a group cannot be decoded: {0}")]
    Undecodable(String),
    /// More than [`limits::GROUP_RECORDS_MAX`], or none.
    #[error("a group of {0} records is outside 1..={max}", max = limits::GROUP_RECORDS_MAX)]
    Records(usize),
}

impl Group {
    /// Reads a group and checks its bounds; knows nothing of streams or dictionaries.
    pub fn read(bytes: &[u8]) -> Result<Self, GroupError> {
        if bytes.len() > limits::GROUP_BYTES_MAX {
            return Err(GroupError::TooLong(bytes.len()));
        }
        let group = Self::decode(bytes).map_err(|error| GroupError::Undecodable(error.to_string()))?;
        if group.records.is_empty() || group.records.len() > limits::GROUP_RECORDS_MAX {
            return Err(GroupError::Records(group.records.len()));
        }
        Ok(group)
    }

    /// The number after the last record's; saturates, so that a hostile LOST cannot overflow.
    pub fn next_seq(&self) -> u64 {
        self.records.iter().fold(self.first_seq, |seq, record| seq.saturating_add(record.span()))
    }
}
