//! A batch: whole groups, compressed, with the signature over the chain they end in.

use prost::Message as _;
use prost::encoding::{DecodeContext, decode_key, skip_field};
use thiserror::Error;

use crate::sign::batch_preimage;
use crate::{Chain, PublicKey, Signature, SigningKey, StreamId, limits};

/// What the agent knows of its clock when it sends. Signed; fixed and stored at accept.
///
/// It never moves a sample. It decides whether the samples' times can be believed.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub struct ClockReading {
    /// The agent's wall clock, Unix ms.
    #[prost(sint64, tag = "1")]
    pub sent_ms: i64,
    /// Collector's clock minus the agent's, by the last exchange, ms; meaningless while `rtt_ms` is 0.
    #[prost(sint64, tag = "2")]
    pub offset_ms: i64,
    /// Round trip of that exchange, ms, at least 1; 0 when there was none.
    #[prost(uint64, tag = "3")]
    pub rtt_ms: u64,
    /// Bound of the clock's error by NTP, ms, plus 1; 0 when NTP says nothing.
    #[prost(uint64, tag = "4")]
    pub ntp_error_ms: u64,
}

impl ClockReading {
    /// The smallest proven bound of the clock's error, ms; `None` when nothing bounds it.
    pub fn error_bound_ms(&self) -> Option<u64> {
        let by_exchange =
            (self.rtt_ms > 0).then(|| self.offset_ms.unsigned_abs().saturating_add(self.rtt_ms.div_ceil(2)));
        let by_ntp = self.ntp_error_ms.checked_sub(1);
        [by_exchange, by_ntp].into_iter().flatten().min()
    }
}

/// Whole groups in one request.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Batch {
    /// A [`StreamId`].
    #[prost(bytes = "vec", tag = "1")]
    pub stream: Vec<u8>,
    /// Number of the first record.
    #[prost(uint64, tag = "2")]
    pub first_seq: u64,
    /// Number of the last record.
    #[prost(uint64, tag = "3")]
    pub last_seq: u64,
    /// The chain value before the first group.
    #[prost(bytes = "vec", tag = "4")]
    pub chain_before: Vec<u8>,
    /// The chain value after the last.
    #[prost(bytes = "vec", tag = "5")]
    pub chain_after: Vec<u8>,
    /// The clock at sending.
    #[prost(message, required, tag = "6")]
    pub clock: ClockReading,
    /// Over [`batch_preimage`].
    #[prost(bytes = "vec", tag = "7")]
    pub signature: Vec<u8>,
    /// A zstd frame of the groups, each prefixed by its length as a varint.
    #[prost(bytes = "vec", tag = "8")]
    pub body: Vec<u8>,
}

/// Why a request is not a batch the collector can accept.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BatchError {
    /// The header is not a batch.
    #[error("the batch cannot be decoded: {0}")]
    Undecodable(String),
    /// A field has the wrong size or order.
    #[error("the batch header is wrong: {0}")]
    Header(&'static str),
    /// Not signed by this agent's key.
    #[error("the signature does not fit the batch")]
    Signature,
    /// The body is over a limit, or not what the frame says.
    #[error("the batch body is wrong: {0}")]
    Body(String),
    /// The groups do not lead from `chain_before` to `chain_after`.
    #[error("the groups do not give the chain value that was signed")]
    Chain,
}

/// A batch's header with its fields read; [`Batch::check_header`] makes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// Which stream.
    pub stream: StreamId,
    /// Chain value before the first group.
    pub before: Chain,
    /// Chain value after the last.
    pub after: Chain,
    /// Over the preimage.
    pub signature: Signature,
}

impl Batch {
    /// Packs encoded groups (as spooled, in order) that lead from `before`; compresses and signs.
    pub fn pack(
        stream: StreamId,
        (first_seq, last_seq): (u64, u64),
        before: Chain,
        groups: &[impl AsRef<[u8]>],
        clock: ClockReading,
        key: &SigningKey,
    ) -> Result<Self, BatchError> {
        if groups.iter().map(|group| records_of(group.as_ref())).sum::<usize>() > limits::BATCH_RECORDS_MAX {
            return Err(too_many_records());
        }
        let mut plain = Vec::with_capacity(groups.iter().map(|group| group.as_ref().len() + 4).sum());
        let mut after = before;
        for group in groups {
            let group = group.as_ref();
            prost::encode_length_delimiter(group.len(), &mut plain)
                .map_err(|error| BatchError::Body(error.to_string()))?;
            plain.extend_from_slice(group);
            after = after.extend(group);
        }
        if plain.len() > limits::BATCH_BODY_BYTES_MAX {
            return Err(BatchError::Body(format!("{} bytes before compression", plain.len())));
        }
        let body = zstd::bulk::compress(&plain, 3).map_err(|error| BatchError::Body(error.to_string()))?;
        let signature = key.sign(&batch_preimage(stream, last_seq, after, &clock));
        Ok(Self {
            stream: stream.0.to_vec(),
            first_seq,
            last_seq,
            chain_before: before.0.to_vec(),
            chain_after: after.0.to_vec(),
            clock,
            signature: signature.0.to_vec(),
            body,
        })
    }

    /// Reads a request body. Checks nothing but the encoding.
    pub fn read(bytes: &[u8]) -> Result<Self, BatchError> {
        Self::decode(bytes).map_err(|error| BatchError::Undecodable(error.to_string()))
    }

    /// Checks sizes and order of the header's fields.
    pub fn check_header(&self) -> Result<Header, BatchError> {
        let header = Header {
            stream: StreamId::from_slice(&self.stream).ok_or(BatchError::Header("stream is not 16 bytes"))?,
            before: Chain::from_slice(&self.chain_before)
                .ok_or(BatchError::Header("chain_before is not 32 bytes"))?,
            after: Chain::from_slice(&self.chain_after)
                .ok_or(BatchError::Header("chain_after is not 32 bytes"))?,
            signature: Signature::from_slice(&self.signature)
                .ok_or(BatchError::Header("signature is not 64 bytes"))?,
        };
        if self.first_seq == 0 || self.last_seq < self.first_seq {
            return Err(BatchError::Header("sequence numbers are not in order"));
        }
        if self.last_seq - self.first_seq >= limits::BATCH_SPAN_MAX || self.last_seq >= 1 << 62 {
            return Err(BatchError::Header("sequence numbers are over the limit"));
        }
        Ok(header)
    }

    /// Did `key` sign this header? Needs no decompression, so that nothing unsigned is decoded.
    pub fn verify(&self, header: &Header, key: &PublicKey) -> Result<(), BatchError> {
        let preimage = batch_preimage(header.stream, self.last_seq, header.after, &self.clock);
        if key.verifies(&preimage, &header.signature) { Ok(()) } else { Err(BatchError::Signature) }
    }

    /// Decompresses the body under its limits and checks that its groups give the signed chain.
    ///
    /// Returns the plain body; [`unpack_groups`] walks it.
    pub fn open_body(&self, header: &Header) -> Result<Vec<u8>, BatchError> {
        let plain = decompress(&self.body)?;
        let mut chain = header.before;
        let mut records = 0;
        for group in unpack_groups(&plain) {
            let group = group?;
            // Four million empty groups, or two million empty records, fit into a kilobyte.
            records += records_of(group);
            if records > limits::BATCH_RECORDS_MAX {
                return Err(too_many_records());
            }
            chain = chain.extend(group);
        }
        if chain == header.after { Ok(plain) } else { Err(BatchError::Chain) }
    }
}

fn too_many_records() -> BatchError {
    BatchError::Body(format!("more than {} records", limits::BATCH_RECORDS_MAX))
}

/// What a group counts for [`limits::BATCH_RECORDS_MAX`]: its records as far as its fields can be walked,
/// none of them decoded, and at least one.
fn records_of(mut group: &[u8]) -> usize {
    let mut records = 0;
    while let Ok((tag, wire_type)) = decode_key(&mut group) {
        records += usize::from(tag == 3);
        if skip_field(wire_type, tag, &mut group, DecodeContext::default()).is_err() {
            break;
        }
    }
    records.max(1)
}

/// Decompresses a zstd frame, or several one after the other, to at most
/// [`limits::BATCH_BODY_BYTES_MAX`] bytes.
pub fn decompress(frame: &[u8]) -> Result<Vec<u8>, BatchError> {
    use std::io::Read as _;
    let wrong = |error: std::io::Error| BatchError::Body(error.to_string());
    let mut decoder = zstd::stream::read::Decoder::with_buffer(frame).map_err(wrong)?;
    decoder.window_log_max(limits::ZSTD_WINDOW_LOG_MAX).map_err(wrong)?;
    let mut plain = Vec::new();
    let cap = limits::BATCH_BODY_BYTES_MAX as u64;
    decoder.take(cap + 1).read_to_end(&mut plain).map_err(wrong)?;
    if plain.len() > limits::BATCH_BODY_BYTES_MAX {
        return Err(BatchError::Body(format!("more than {cap} bytes after decompression")));
    }
    Ok(plain)
}

/// Walks the length-prefixed groups of a plain body. The framing must be whole; contents may be anything.
pub fn unpack_groups(plain: &[u8]) -> impl Iterator<Item = Result<&[u8], BatchError>> {
    let mut rest = plain;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let mut cursor = rest;
        let group = prost::decode_length_delimiter(&mut cursor)
            .ok()
            .filter(|&length| length <= cursor.len())
            .map(|length| cursor.split_at(length));
        if let Some((group, after)) = group {
            rest = after;
            Some(Ok(group))
        } else {
            rest = &[];
            Some(Err(BatchError::Body("a group's length goes past the end".to_owned())))
        }
    })
}
