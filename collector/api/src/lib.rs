//! What crosses the wire between an agent and the collector, and what both hash and sign.
//!
//! `PROTOCOL.md` beside this crate is the contract in words; `tests/golden/` holds one encoded
//! message of each kind per protocol version and is read for ever. Nothing here reads a clock, a
//! socket, a file or the environment, and nothing is asynchronous.
//!
//! Reading order: a sample's [`Verdict`] and [`Reason`], the [`Group`] one fdatasync made durable,
//! the [`Chain`] over groups, the signed [`Batch`] that carries them, and the exchanges around it.

mod verdict;
mod duration;
mod evidence;
mod group;
mod chain;
mod sign;
mod batch;
mod exchange;
mod assignment;
mod enrol;
pub mod limits;

pub use assignment::{Assignment, SignedAssignment};
pub use batch::{Batch, BatchError, ClockReading, Header, decompress, unpack_groups};
pub use chain::Chain;
pub use duration::DurationCode;
pub use enrol::{EnrolAnswer, EnrolLine, EnrolLineError, EnrolRequest};
pub use evidence::{Attempt, Evidence, Fact, Phase, TlsFacts, certificate_warn_ms};
pub use exchange::{BatchAnswer, Hello, HelloAnswer, JournalHead, PlannedWindow, Refusal, Route, header};
pub use group::{CheckEntry, ConfigRecord, Group, GroupError, Lost, LostReason, Record, Start, StepRecord};
pub use sign::{PublicKey, Signature, SigningKey, answer_preimage, batch_preimage, request_preimage};
pub use verdict::{Reason, Verdict};

/// The protocol version this crate speaks; part of every route and every signature tag.
pub const PROTOCOL_VERSION: u32 = 1;

/// Names one spool's numbered sequence for ever: 16 random bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId(pub [u8; 16]);

impl StreamId {
    /// Reads the 16 bytes of a message field; `None` for any other length.
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// Reads what [`std::fmt::Display`] wrote: 32 hexadecimal digits.
    pub fn from_hex(text: &str) -> Option<Self> {
        hex_decode(text)?.try_into().ok().map(Self)
    }
}

impl std::fmt::Display for StreamId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&hex_encode(&self.0))
    }
}

impl std::fmt::Debug for StreamId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "StreamId({self})")
    }
}

/// Lower-case hexadecimal, as keys, hashes and stream ids are shown and carried in headers.
pub fn hex_encode(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The inverse of [`hex_encode`]; `None` for anything that is not pairs of hexadecimal digits.
pub fn hex_decode(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    if !digits.len().is_multiple_of(2) {
        return None;
    }
    digits
        .chunks_exact(2)
        .map(|pair| {
            let high = (pair[0] as char).to_digit(16)?;
            let low = (pair[1] as char).to_digit(16)?;
            u8::try_from(high * 16 + low).ok()
        })
        .collect()
}
