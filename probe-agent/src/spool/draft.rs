//! A group before it has its number: what the next fdatasync will make durable.
//!
//! The same type is read back from a segment, so that a group has one encoding whether it is fresh,
//! read, or rebuilt around a hole. Its instants: `base_ms` is the first record's, and a sample carries
//! the difference to the sample before it.

use collector_api::{DurationCode, Group, Lost, LostReason, Record, limits};
use prost::Message as _;
use prost::encoding::{encode_varint, encoded_len_varint};

use super::frame::{self, GroupHead, Kind};
use crate::sample::Sample;

/// A draft takes no more records when its frames have this many bytes.
const FRAMES_BYTES_FULL: usize = 32 << 10;
/// Nor when it has this many records.
const RECORDS_FULL: usize = 1_000;

/// Records in the order of their future numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Draft {
    payloads: Vec<u8>,
    pieces: Vec<Piece>,
    frames_bytes: usize,
    sample_ms: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Piece {
    payload_bytes: u32,
    kind: Kind,
    slot_ms: i64,
    span: u64,
}

impl Draft {
    /// A draft of one LOST.
    pub fn of_lost(lost: Lost) -> Self {
        let slot_ms = if lost.to_ms == 0 { lost.from_ms } else { lost.to_ms };
        let mut draft = Self::default();
        draft.add(Record { lost: Some(lost), ..Record::default() }, slot_ms);
        draft
    }

    /// Adds a record; `slot_ms` is a sample's slot, or any other record's instant, 0 if it has none.
    pub fn add(&mut self, mut record: Record, slot_ms: i64) {
        if record.is_sample() {
            let before_ms = if self.is_empty() { slot_ms } else { self.sample_ms };
            record.slot_delta_ms = slot_ms.saturating_sub(before_ms);
        }
        let kind = if record.lost.is_some() { Kind::Lost } else { Kind::Record };
        self.add_encoded(kind, slot_ms, record.span(), record.is_sample(), &record.encode_to_vec());
    }

    /// Adds a sample's record. Evidence over its limit is left out, the sample never.
    pub fn add_sample(&mut self, sample: &Sample) {
        let evidence = sample
            .evidence
            .as_deref()
            .map(prost::Message::encode_to_vec)
            .filter(|evidence| evidence.len() <= limits::EVIDENCE_BYTES_MAX)
            .unwrap_or_default();
        let record = Record {
            check_plus_1: sample.check.saturating_add(1),
            lag_ms: sample.lag_ms,
            outcome: Record::outcome_of(sample.verdict, sample.reason),
            duration: DurationCode::from_micros(sample.duration_micros).0,
            evidence,
            ..Record::default()
        };
        self.add(record, sample.slot_ms);
    }

    /// Adds a record as it was encoded.
    pub fn add_encoded(&mut self, kind: Kind, slot_ms: i64, span: u64, is_sample: bool, payload: &[u8]) {
        if is_sample || self.is_empty() {
            self.sample_ms = slot_ms;
        }
        self.payloads.extend_from_slice(payload);
        let payload_bytes = u32::try_from(payload.len()).unwrap_or(u32::MAX);
        self.pieces.push(Piece { payload_bytes, kind, slot_ms, span });
        self.frames_bytes += frame::frame_length(payload.len());
    }

    /// Nothing in it?
    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// Should the next record begin another group?
    pub fn is_full(&self) -> bool {
        self.frames_bytes >= FRAMES_BYTES_FULL || self.pieces.len() >= RECORDS_FULL
    }

    /// Nothing in it but LOST?
    pub fn is_lost_only(&self) -> bool {
        self.pieces.iter().all(|piece| piece.kind == Kind::Lost)
    }

    /// How many records.
    pub fn records(&self) -> usize {
        self.pieces.len()
    }

    /// How many numbers.
    pub fn span(&self) -> u64 {
        self.pieces.iter().fold(0_u64, |sum, piece| sum.saturating_add(piece.span))
    }

    /// Memory it holds, bytes, near enough for a bound.
    pub fn memory_bytes(&self) -> usize {
        self.payloads.len() + self.pieces.len() * size_of::<Piece>()
    }

    /// Instants of the first and the last record, Unix ms; 0 of one that has none.
    pub fn instants(&self) -> (i64, i64) {
        let of = |piece: Option<&Piece>| piece.map_or(0, |piece| piece.slot_ms);
        (of(self.pieces.first()), of(self.pieces.last()))
    }

    /// As [`Draft::instants`], of the records that have one; `None` if none has.
    pub fn known_instants(&self) -> Option<(i64, i64)> {
        let known = || self.pieces.iter().map(|piece| piece.slot_ms).filter(|&slot_ms| slot_ms != 0);
        Some((known().next()?, known().next_back()?))
    }

    /// What its LOST records declare.
    pub fn lost(&self) -> impl Iterator<Item = (LostReason, u64)> {
        self.losses().map(|lost| (lost.reason(), lost.count))
    }

    /// The one LOST record it is, if it is one.
    pub fn single_lost(&self) -> Option<Lost> {
        if self.records() == 1 { self.losses().next() } else { None }
    }

    fn losses(&self) -> impl Iterator<Item = Lost> {
        self.walk()
            .filter(|(piece, _)| piece.kind == Kind::Lost)
            .filter_map(|(_, payload)| Record::decode(payload).ok()?.lost)
    }

    /// The encoded [`Group`]: what is chained and sent.
    pub fn encoded(&self, first_seq: u64) -> Vec<u8> {
        let head = Group { first_seq, base_ms: self.instants().0, records: Vec::new() };
        let payloads: usize = self
            .pieces
            .iter()
            .map(|piece| {
                1 + encoded_len_varint(u64::from(piece.payload_bytes)) + piece.payload_bytes as usize
            })
            .sum();
        let mut group = Vec::with_capacity(head.encoded_len() + payloads);
        // Encoding into a Vec cannot fail; records are appended as prost would: key 3, length, bytes.
        group.extend_from_slice(&head.encode_to_vec());
        for (_, payload) in self.walk() {
            group.push(3 << 3 | 2);
            encode_varint(payload.len() as u64, &mut group);
            group.extend_from_slice(payload);
        }
        group
    }

    /// The frames on disk: the group's header, then each record.
    pub fn frames(&self, first_seq: u64, salt: u32) -> Vec<u8> {
        let head = GroupHead {
            frames_bytes: u32::try_from(self.frames_bytes).unwrap_or(u32::MAX),
            next_seq: first_seq + self.span(),
        };
        let mut out = Vec::with_capacity(frame::frame_length(GroupHead::BYTES) + self.frames_bytes);
        frame::put(&mut out, salt, Kind::Group, first_seq, self.instants().0, &head.to_payload());
        let mut seq = first_seq;
        for (piece, payload) in self.walk() {
            frame::put(&mut out, salt, piece.kind, seq, piece.slot_ms, payload);
            seq += piece.span;
        }
        out
    }

    /// Bytes of [`Draft::frames`].
    pub fn frames_length(&self) -> usize {
        frame::frame_length(GroupHead::BYTES) + self.frames_bytes
    }

    fn walk(&self) -> impl Iterator<Item = (&Piece, &[u8])> {
        let mut rest = self.payloads.as_slice();
        self.pieces.iter().map(move |piece| {
            let (payload, after) = rest.split_at(piece.payload_bytes as usize);
            rest = after;
            (piece, payload)
        })
    }
}

/// A LOST of `count` numbers, of which any may have been a CONFIG.
pub(super) fn lost(count: u64, reason: LostReason, from_ms: i64, to_ms: i64) -> Lost {
    Lost { count, reason: reason as i32, from_ms, to_ms, dictionary_kept: false }
}

#[cfg(test)]
mod tests {
    use super::*;
    use collector_api::{Reason, StepRecord, Verdict};
    use proptest::prelude::*;

    pub(crate) fn sample(check: u32, slot_ms: i64) -> Sample {
        Sample {
            check,
            revision: 1,
            slot_ms,
            lag_ms: 3,
            verdict: Verdict::Up,
            reason: Reason::None,
            duration_micros: 1_500,
            evidence: None,
            changed: false,
        }
    }

    proptest! {
        #[test]
        fn a_draft_encodes_as_the_message_it_is(
            first_seq in 1_u64..1 << 40,
            slots in prop::collection::vec((0_u8..8, -5_000_i64..2_000_000_000_000), 1..50),
        ) {
            let mut draft = Draft::default();
            let mut slots_of_samples = Vec::new();
            for (what, slot_ms) in &slots {
                match what {
                    0 => draft.add(
                        Record { step: Some(StepRecord { at_ms: *slot_ms, step_ms: 1 }), ..Record::default() },
                        *slot_ms,
                    ),
                    1 => draft.add(
                        Record { lost: Some(lost(5, LostReason::Cap, 0, 0)), ..Record::default() },
                        *slot_ms,
                    ),
                    _ => {
                        draft.add_sample(&sample(1, *slot_ms));
                        slots_of_samples.push(*slot_ms);
                    }
                }
            }
            let bytes = draft.encoded(first_seq);
            let group = Group::read(&bytes).unwrap();
            prop_assert_eq!(group.encode_to_vec(), bytes);
            prop_assert_eq!(group.next_seq(), first_seq + draft.span());
            let mut at = group.base_ms;
            let read: Vec<i64> = group
                .records
                .iter()
                .filter(|record| record.is_sample())
                .map(|record| {
                    at += record.slot_delta_ms;
                    at
                })
                .collect();
            prop_assert_eq!(read, slots_of_samples);
        }
    }

    #[test]
    fn evidence_over_the_limit_never_costs_the_sample() {
        let mut draft = Draft::default();
        let mut long = sample(1, 1_000);
        let detail = "x".repeat(limits::EVIDENCE_BYTES_MAX + 1);
        long.evidence = Some(Box::new(collector_api::Evidence { detail, ..Default::default() }));
        draft.add_sample(&long);
        let group = Group::read(&draft.encoded(1)).unwrap();
        assert!(group.records[0].evidence.is_empty());
        assert_eq!(group.records[0].verdict(), Verdict::Up);
    }
}
