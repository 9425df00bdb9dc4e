//! A group's heads: what of a sample makes runs, read without building a [`Record`] for each.
//!
//! A sample is seven bytes of head and at times some evidence. A whole `Record` is thirty times that in
//! memory, and making one is most of what a sample costs. Fields are read by prost's own functions, and a
//! record that is more than a sample is left to prost altogether, so that these bytes mean here what they
//! mean everywhere; a test holds the two together. Its price is that test.

use collector_api::{DurationCode, Reason, Record, Verdict, limits};
use prost::Message as _;
use prost::encoding::{DecodeContext, WireType, decode_key, decode_varint, skip_field};

/// A group, decoded as far as runs need.
#[derive(Debug)]
pub(crate) struct Heads<'a> {
    pub(crate) first_seq: u64,
    pub(crate) base_ms: i64,
    pub(crate) entries: Vec<Entry<'a>>,
}

/// One record.
#[derive(Debug)]
pub(crate) enum Entry<'a> {
    Sample(Head<'a>),
    Other(Box<Record>),
}

/// A sample's head. The fields are [`Record`]'s.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Head<'a> {
    pub(crate) check_plus_1: u32,
    pub(crate) slot_delta_ms: i64,
    pub(crate) lag_ms: u32,
    pub(crate) outcome: u32,
    pub(crate) duration: u32,
    pub(crate) evidence: &'a [u8],
}

impl<'a> Head<'a> {
    /// The head of a record that has more than a head; `None` if it is no sample.
    pub(crate) fn of(record: &'a Record) -> Option<Self> {
        let Record { check_plus_1, slot_delta_ms, lag_ms, outcome, duration, ref evidence, .. } = *record;
        let head = Self { check_plus_1, slot_delta_ms, lag_ms, outcome, duration, evidence };
        (check_plus_1 > 0).then_some(head)
    }

    pub(crate) fn verdict(&self) -> Verdict {
        Verdict::from_code(self.outcome)
    }

    pub(crate) fn reason(&self) -> Reason {
        Reason::from_code(self.outcome >> 2)
    }

    pub(crate) fn duration_micros(&self) -> u64 {
        DurationCode(self.duration).micros()
    }
}

impl<'a> Heads<'a> {
    /// Reads what [`collector_api::Group::read`] reads; `None` where that is an error.
    pub(crate) fn read(bytes: &'a [u8]) -> Option<Self> {
        if bytes.len() > limits::GROUP_BYTES_MAX {
            return None;
        }
        let records_max = (bytes.len() / 8).min(limits::GROUP_RECORDS_MAX);
        let mut heads = Self { first_seq: 0, base_ms: 0, entries: Vec::with_capacity(records_max) };
        let mut rest = bytes;
        while !rest.is_empty() {
            match decode_key(&mut rest).ok()? {
                (1, WireType::Varint) => heads.first_seq = decode_varint(&mut rest).ok()?,
                (2, WireType::Varint) => heads.base_ms = zigzag(&mut rest)?,
                (3, WireType::LengthDelimited) => heads.entries.push(entry(delimited(&mut rest)?)?),
                (1..=3, _) => return None,
                (tag, wire_type) => skip_field(wire_type, tag, &mut rest, DecodeContext::default()).ok()?,
            }
        }
        (1..=limits::GROUP_RECORDS_MAX).contains(&heads.entries.len()).then_some(heads)
    }
}

fn entry(bytes: &[u8]) -> Option<Entry<'_>> {
    let mut head = Head::default();
    let mut rest = bytes;
    while !rest.is_empty() {
        match decode_key(&mut rest).ok()? {
            (1, WireType::Varint) => head.check_plus_1 = number(&mut rest)?,
            (2, WireType::Varint) => head.slot_delta_ms = zigzag(&mut rest)?,
            (3, WireType::Varint) => head.lag_ms = number(&mut rest)?,
            (4, WireType::Varint) => head.outcome = number(&mut rest)?,
            (5, WireType::Varint) => head.duration = number(&mut rest)?,
            (6, WireType::LengthDelimited) => head.evidence = delimited(&mut rest)?,
            (1..=6, _) => return None,
            _ => return Record::decode(bytes).ok().map(|record| Entry::Other(Box::new(record))),
        }
    }
    if head.check_plus_1 > 0 { Some(Entry::Sample(head)) } else { Some(Entry::Other(Box::default())) }
}

/// A `uint32`: protobuf takes the lower half of what is written.
fn number(rest: &mut &[u8]) -> Option<u32> {
    u32::try_from(decode_varint(rest).ok()? & u64::from(u32::MAX)).ok()
}

/// A `sint64`.
fn zigzag(rest: &mut &[u8]) -> Option<i64> {
    let value = decode_varint(rest).ok()?;
    Some(((value >> 1) ^ (value & 1).wrapping_neg()).cast_signed())
}

fn delimited<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = usize::try_from(decode_varint(rest).ok()?).ok()?;
    let (value, after) = rest.split_at_checked(length)?;
    *rest = after;
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use collector_api::{CheckEntry, ConfigRecord, Group, Lost, Start};
    use proptest::prelude::*;

    fn any_record() -> impl Strategy<Value = Record> {
        let evidence = proptest::collection::vec(any::<u8>(), 0..9);
        let sample = (any::<[u32; 4]>(), any::<i64>(), evidence).prop_map(
            |([check_plus_1, lag_ms, outcome, duration], slot_delta_ms, evidence)| Record {
                check_plus_1,
                slot_delta_ms,
                lag_ms,
                outcome,
                duration,
                evidence,
                ..Record::default()
            },
        );
        let entry = CheckEntry { check: "a.b".to_owned(), ..CheckEntry::default() };
        let config = ConfigRecord { entries: vec![entry], ..ConfigRecord::default() };
        let others = proptest::sample::select(vec![
            Record::default(),
            Record { lost: Some(Lost { count: 7, ..Lost::default() }), ..Record::default() },
            Record { config: Some(config), ..Record::default() },
            Record { start: Some(Start::default()), check_plus_1: 1, ..Record::default() },
        ]);
        prop_oneof![5 => sample, 1 => others]
    }

    /// The same group by prost, as far as heads go.
    fn assert_same(bytes: &[u8]) {
        let (heads, group) = (Heads::read(bytes), Group::read(bytes).ok());
        assert_eq!(heads.is_some(), group.is_some());
        let (Some(heads), Some(group)) = (heads, group) else { return };
        assert_eq!((heads.first_seq, heads.base_ms), (group.first_seq, group.base_ms));
        assert_eq!(heads.entries.len(), group.records.len());
        for (entry, record) in heads.entries.iter().zip(&group.records) {
            match entry {
                Entry::Sample(head) => {
                    let evidence = head.evidence.to_vec();
                    let Head { check_plus_1, slot_delta_ms, lag_ms, outcome, duration, .. } = *head;
                    let read = Record {
                        check_plus_1,
                        slot_delta_ms,
                        lag_ms,
                        outcome,
                        duration,
                        evidence,
                        ..Record::default()
                    };
                    assert_eq!(read, *record);
                }
                // What is no sample and has nothing this build knows is one number of a later kind.
                Entry::Other(read) if **read == Record::default() => assert_eq!(record.check_plus_1, 0),
                Entry::Other(read) => assert_eq!(**read, *record),
            }
        }
    }

    proptest! {
        #[test]
        fn groups_mean_the_same_as_to_prost(
            records in proptest::collection::vec(any_record(), 0..9),
            first_seq: u64,
            base_ms: i64,
            breaks in proptest::collection::vec(any::<(proptest::sample::Index, u8)>(), 0..4),
        ) {
            let mut bytes = Group { first_seq, base_ms, records }.encode_to_vec();
            assert_same(&bytes);
            if !bytes.is_empty() {
                for (place, byte) in breaks {
                    let place = place.index(bytes.len());
                    bytes[place] = byte;
                }
                assert_same(&bytes);
            }
        }

        #[test]
        fn any_bytes_mean_the_same_as_to_prost(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            assert_same(&bytes);
        }
    }

    #[test]
    fn a_field_of_a_later_version_is_skipped() {
        // Field 20, two bytes, in the group and in its record.
        let later = [0xa2, 0x01, 2, 9, 9];
        let record = [&[0x08, 1][..], &later].concat();
        let bytes = [&[0x1a, u8::try_from(record.len()).unwrap()][..], &record, &later].concat();
        assert!(Heads::read(&bytes).is_some());
        assert_same(&bytes);
    }
}
