//! What holds for every batch and for every byte string that claims to be one.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use collector_api::{
    Batch, BatchError, Chain, ClockReading, EnrolLine, Evidence, Group, Header, Lost, Record, Refusal,
    SignedAssignment, SigningKey, StreamId, decompress, hex_encode, limits, unpack_groups,
};
use proptest::collection::vec;
use proptest::prelude::*;
use prost::Message as _;

type Groups = Vec<Vec<u8>>;

fn key() -> SigningKey {
    SigningKey::from_seed(&[3; 32]).unwrap()
}

fn any_clock() -> impl Strategy<Value = ClockReading> {
    any::<(i64, i64, u64, u64)>().prop_map(|(sent_ms, offset_ms, rtt_ms, ntp_error_ms)| ClockReading {
        sent_ms,
        offset_ms,
        rtt_ms,
        ntp_error_ms,
    })
}

/// Groups are opaque to a batch: any bytes.
fn any_groups() -> impl Strategy<Value = Groups> {
    vec(vec(any::<u8>(), 0..200), 1..8)
}

fn pack(groups: &Groups, first_seq: u64, clock: ClockReading) -> Batch {
    let before = Chain([1; 32]);
    let numbers = (first_seq, first_seq + groups.len() as u64);
    Batch::pack(StreamId([2; 16]), numbers, before, groups, clock, &key()).unwrap()
}

/// All that a receiver checks before the accept rule.
fn receive(bytes: &[u8]) -> Result<(Batch, Header, Groups), BatchError> {
    let batch = Batch::read(bytes)?;
    let header = batch.check_header()?;
    batch.verify(&header, &key().public())?;
    let plain = batch.open_body(&header)?;
    let groups = unpack_groups(&plain).map(|group| group.map(<[u8]>::to_vec)).collect::<Result<_, _>>()?;
    Ok((batch, header, groups))
}

/// A frame that declares a window of `log` (as log2 bytes) and not the size of its content.
fn frame_of_window(log: u32) -> Vec<u8> {
    use std::io::Write as _;
    let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 3).unwrap();
    encoder.include_contentsize(false).unwrap();
    encoder.window_log(log).unwrap();
    encoder.write_all(&[5; 4_096]).unwrap();
    encoder.finish().unwrap()
}

proptest! {
    #[test]
    fn what_was_packed_is_read_verified_and_opened(
        groups in any_groups(), first_seq in 1_u64..1 << 61, clock in any_clock(),
    ) {
        let packed = pack(&groups, first_seq, clock);
        let (batch, header, opened) = receive(&packed.encode_to_vec()).unwrap();
        prop_assert_eq!(&batch, &packed);
        prop_assert_eq!(&opened, &groups);
        let after = groups.iter().fold(header.before, |chain, group| chain.extend(group));
        prop_assert_eq!(after, header.after);
    }

    /// `first_seq` is not signed: whatever it says, the accept rule takes only the one after the mark.
    #[test]
    fn a_flipped_byte_is_refused_or_changes_nothing_that_is_signed(
        groups in any_groups(), clock in any_clock(), place: prop::sample::Index, mask in 1_u8..,
    ) {
        let packed = pack(&groups, 100, clock);
        let mut bytes = packed.encode_to_vec();
        let place = place.index(bytes.len());
        bytes[place] ^= mask;
        if let Ok((batch, header, opened)) = receive(&bytes) {
            prop_assert_eq!(opened, groups);
            prop_assert_eq!(header, packed.check_header().unwrap());
            prop_assert_eq!((batch.last_seq, batch.clock), (packed.last_seq, packed.clock));
        }
    }

    #[test]
    fn groups_cannot_be_dropped_doubled_or_exchanged(
        groups in any_groups(), at: prop::sample::Index, how in 0..3,
    ) {
        let packed = pack(&groups, 100, ClockReading::default());
        let (mut other, at) = (groups.clone(), at.index(groups.len()));
        match how {
            0 => drop(other.remove(at)),
            1 => other.insert(at, groups[at].clone()),
            _ => other.swap(0, at),
        }
        prop_assume!(other != groups);
        let body = pack(&other, 100, ClockReading::default()).body;
        let forged = Batch { body, ..packed };
        prop_assert_eq!(receive(&forged.encode_to_vec()).unwrap_err(), BatchError::Chain);
    }

    #[test]
    fn a_cut_batch_is_refused(groups in any_groups(), at: prop::sample::Index) {
        let bytes = pack(&groups, 100, ClockReading::default()).encode_to_vec();
        prop_assert!(receive(&bytes[..at.index(bytes.len())]).is_err());
    }

    #[test]
    fn any_bytes_are_an_error_at_worst(bytes in vec(any::<u8>(), 0..600)) {
        if let Ok(batch) = Batch::read(&bytes) {
            let _ = batch.check_header();
        }
        let _ = decompress(&bytes);
        prop_assert!(unpack_groups(&bytes).count() <= bytes.len());
        if let Ok(group) = Group::read(&bytes) {
            prop_assert!(group.next_seq() >= group.first_seq);
        }
        let _ = (Evidence::decode(bytes.as_slice()), Refusal::decode(bytes.as_slice()));
        if let Ok(signed) = SignedAssignment::decode(bytes.as_slice()) {
            prop_assert!(signed.open(&key().public(), "ced1").is_err());
        }
        let _ = EnrolLine::from_line(&format!("vedetta1:{}", hex_encode(&bytes)));
    }

    #[test]
    fn any_text_is_an_enrolment_line_or_an_error(text in any::<String>(), prefixed: bool) {
        let text = if prefixed { format!("vedetta1:{text}") } else { text };
        let _ = EnrolLine::from_line(&text);
    }

    /// Lengths and order of the header's fields are all that a hostile sender may choose freely.
    #[test]
    fn any_header_is_an_error_at_worst(
        sizes in any::<[u8; 4]>(), first_seq: u64, last_seq: u64, body in vec(any::<u8>(), 0..64),
    ) {
        let [stream, chain_before, chain_after, signature] = sizes.map(|size| vec![1; usize::from(size)]);
        let clock = ClockReading::default();
        let batch = Batch { stream, first_seq, last_seq, chain_before, chain_after, clock, signature, body };
        if let Ok(header) = batch.check_header() {
            prop_assert!(batch.first_seq > 0 && batch.last_seq < 1 << 62);
            prop_assert!(batch.verify(&header, &key().public()).is_err());
            let _ = batch.open_body(&header);
        }
    }

    #[test]
    fn numbers_never_overflow(first_seq: u64, counts in vec(any::<u64>(), 1..20)) {
        let records = counts.iter().map(|&count| Record {
            lost: Some(Lost { count, ..Lost::default() }),
            ..Record::default()
        });
        let group = Group { first_seq, base_ms: 0, records: records.collect() };
        let exact: u128 = counts.iter().map(|&count| u128::from(count.max(1))).sum::<u128>() + u128::from(first_seq);
        prop_assert_eq!(u128::from(group.next_seq()), exact.min(u128::from(u64::MAX)));
        prop_assert_eq!(Group::read(&group.encode_to_vec()).unwrap(), group);
    }
}

#[test]
fn a_batch_over_its_limits_is_refused_by_the_header() {
    let good = pack(&vec![vec![1]], 1, ClockReading::default());
    let numbers = |first_seq, last_seq| Batch { first_seq, last_seq, ..good.clone() }.check_header().is_ok();
    let span = limits::BATCH_SPAN_MAX;
    for (first_seq, last_seq, fits) in [
        (1, 1, true),
        (0, 1, false),
        (2, 1, false),
        (5, 4 + span, true),
        (5, 5 + span, false),
        ((1 << 62) - 1, (1 << 62) - 1, true),
        ((1 << 62) - 1, 1 << 62, false),
        (1, u64::MAX, false),
    ] {
        assert_eq!(numbers(first_seq, last_seq), fits, "{first_seq}..={last_seq}");
    }
}

#[test]
fn a_bomb_is_refused_at_the_limit() {
    let zeros = |bytes: usize| zstd::bulk::compress(&vec![0; bytes], 3).unwrap();
    let limit = limits::BATCH_BODY_BYTES_MAX;
    assert_eq!(decompress(&zeros(limit)).unwrap().len(), limit);
    let bomb = zeros(64 << 20);
    assert!(bomb.len() < 16 << 10, "64 MiB in {} bytes", bomb.len());
    // One frame after the other counts as one body.
    let (half, chained) = (zeros(limit / 2 + 1), zeros(limit / 2 + 1).repeat(2));
    assert!(decompress(&half).is_ok());
    for frame in [zeros(limit + 1), bomb, chained] {
        assert!(matches!(decompress(&frame), Err(BatchError::Body(_))));
    }
}

#[test]
fn more_groups_than_records_may_be_are_refused() {
    let full = vec![Vec::new(); limits::BATCH_RECORDS_MAX];
    let packed = pack(&full, 1, ClockReading::default());
    assert_eq!(receive(&packed.encode_to_vec()).unwrap().2, full);
    let body = zstd::bulk::compress(&vec![0; limits::BATCH_BODY_BYTES_MAX], 3).unwrap();
    assert!(body.len() < 4 << 10, "four million empty groups in {} bytes", body.len());
    let header = packed.check_header().unwrap();
    let over = vec![Vec::new(); limits::BATCH_RECORDS_MAX + 1];
    let refused = Batch { body, ..packed }.open_body(&header);
    assert_eq!(refused, Err(BatchError::Body("more than 5000 records".to_owned())));
    let numbers = (1, over.len() as u64);
    let packed =
        Batch::pack(StreamId([2; 16]), numbers, header.before, &over, ClockReading::default(), &key());
    assert!(matches!(packed, Err(BatchError::Body(_))));
}

#[test]
fn more_records_than_may_be_are_refused_however_few_groups_hold_them() {
    let group = |records| Group { first_seq: 1, base_ms: 0, records: vec![Record::default(); records] };
    let groups = |last: usize| {
        vec![group(2_000).encode_to_vec(), group(2_000).encode_to_vec(), group(last).encode_to_vec()]
    };
    let packed = pack(&groups(1_000), 1, ClockReading::default());
    assert!(receive(&packed.encode_to_vec()).is_ok());
    let refused = Err(BatchError::Body("more than 5000 records".to_owned()));
    let header = packed.check_header().unwrap();
    let (stream, before) = (StreamId([2; 16]), header.before);
    let over = groups(1_001);
    assert_eq!(Batch::pack(stream, (1, 1), before, &over, ClockReading::default(), &key()), refused);
    let plain: Vec<u8> = over
        .iter()
        .flat_map(|group| {
            let mut framed = Vec::new();
            prost::encode_length_delimiter(group.len(), &mut framed).unwrap();
            [framed, group.clone()].concat()
        })
        .collect();
    let body = zstd::bulk::compress(&plain, 3).unwrap();
    assert_eq!(Batch { body, ..packed }.open_body(&header), refused.map(|_: Batch| Vec::new()));
}

#[test]
fn a_window_above_the_limit_is_refused_before_it_is_allocated() {
    let limit = limits::ZSTD_WINDOW_LOG_MAX;
    assert_eq!(decompress(&frame_of_window(limit)).unwrap(), [5; 4_096]);
    for log in [limit + 1, 27] {
        assert!(matches!(decompress(&frame_of_window(log)), Err(BatchError::Body(_))), "window 2^{log}");
    }
}

#[test]
fn a_batch_that_would_be_refused_is_not_packed() {
    let groups =
        vec![vec![0; limits::GROUP_BYTES_MAX]; limits::BATCH_BODY_BYTES_MAX / limits::GROUP_BYTES_MAX];
    let packed =
        Batch::pack(StreamId([2; 16]), (1, 1), Chain([1; 32]), &groups, ClockReading::default(), &key());
    assert!(matches!(packed, Err(BatchError::Body(_))));
}
