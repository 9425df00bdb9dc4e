//! Packs read back, are canonical, and weigh what design.md asks.

use proptest::prelude::*;

use super::*;

/// A year of a check at one sample a minute, one of 200 of its agent: an outage every 3.3 days.
fn a_year_with_220_changes() -> Vec<Run> {
    let mut runs = Vec::new();
    let (mut seq, mut at_ms) = (7, 1_767_222_000_000_i64);
    let mut noise = 1_u64;
    let mut jitter = |below: u64| {
        noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (noise >> 33) % below
    };
    for change in 0..220 {
        let (verdict, reason, count) = if change % 2 == 0 {
            (Verdict::Up, Reason::None, 4_000 + jitter(1_500))
        } else {
            (Verdict::Down, Reason::ConnectTimeout, 1 + jitter(20))
        };
        let last_ms = at_ms + i64::try_from((count - 1) * 60_000 + jitter(9)).unwrap() - 4;
        let last_seq = seq + (count - 1) * 200 + jitter(7);
        let (first_seq, first_ms) = (seq, at_ms.min(last_ms));
        runs.push(Run {
            verdict,
            reason,
            first_seq,
            last_seq,
            first_ms,
            last_ms,
            count,
            until_ms: last_ms + 150_000,
        });
        seq = last_seq + 197 + jitter(7);
        at_ms = last_ms + 59_996 + i64::try_from(jitter(9)).unwrap();
    }
    runs
}

#[test]
fn a_check_year_weighs_less_than_a_kilobyte() {
    let runs = a_year_with_220_changes();
    let bytes = encode_runs(&runs);
    assert!(decode_runs(&bytes) == Some(runs));
    assert!(bytes.len() <= 750, "{} bytes", bytes.len());
}

/// Every tenth working stretch is followed by hours without samples, in which other checks had some.
#[test]
fn gaps_cost_themselves_and_no_more() {
    let mut runs = a_year_with_220_changes();
    let whole = encode_runs(&runs).len();
    for gap in (20..220).step_by(20) {
        for run in &mut runs[gap..] {
            let silent_ms = 60_000 * (97 * i64::try_from(gap).unwrap() + 30);
            run.first_ms += silent_ms;
            run.last_ms += silent_ms;
            run.until_ms += silent_ms;
            run.first_seq += 199 * silent_ms.unsigned_abs() / 60_000;
            run.last_seq += 199 * silent_ms.unsigned_abs() / 60_000;
        }
    }
    let bytes = encode_runs(&runs);
    assert!(decode_runs(&bytes) == Some(runs));
    assert!(bytes.len() < whole + 10 * 12, "{whole} bytes, with gaps {}", bytes.len());
}

/// Where it differs, packs in stores do: `DERIVE_VERSION` has to grow with it.
#[test]
fn the_same_runs_are_the_same_bytes_in_every_build() {
    const PACKED: &[u8] =
        b"\x07\x80\x0d\xa1\x4a\x9f\x36\xea\x70\xf0\x4b\x09\x52\x96\xb5\x7c\x61\xd7\x6a\xe9\x90\xde\
        \xbc\xbf\xa4\xa9\x7e\x17\x02\x0a\x14\x4c\x01\xa4\x22\x15\x0c\x04\xa6\x1c\x86\xff\x9d\xca\
        \x37\x82\x82\x3c\x79\x3e\x13\x6e\x00";
    let packed = encode_runs(&a_year_with_220_changes()[..6]);
    assert_eq!((packed.as_slice(), crate::DERIVE_VERSION), (PACKED, 5));
}

#[test]
fn a_carry_goes_through_any_number_of_full_bytes() {
    // Bits that nobody expects, then one that everybody does: the lower end creeps up to the next byte.
    for likely in 0..200 {
        let mut chance = Chance::default();
        let mut bits = RangeWriter::default();
        let said = |place: u32| place >= likely && !place.is_multiple_of(3);
        for place in 0..400 {
            bits.put_bit(said(place), &mut chance);
            bits.put(u64::MAX, 7);
        }
        let bytes = bits.finish();
        let mut chance = Chance::default();
        let mut read = RangeReader::new(&bytes).unwrap();
        for place in 0..400 {
            assert_eq!(read.take_bit(&mut chance), Some(said(place)), "{likely}, {place}");
            assert_eq!(read.take(7), Some(127), "{likely}, {place}");
        }
        assert!(read.is_at_end());
    }
}

#[test]
fn nothing_packs_and_reads_back() {
    assert_eq!(decode_runs(&encode_runs(&[])), Some(Vec::new()));
    assert_eq!(decode_runs(&[]), None);
}

#[test]
fn a_pack_with_a_byte_too_many_or_too_few_is_none() {
    let bytes = encode_runs(&a_year_with_220_changes());
    assert!(decode_runs(&bytes[..bytes.len() - 1]).is_none());
    assert!(decode_runs(&[&bytes[..], &[0]].concat()).is_none());
}

fn any_run() -> impl Strategy<Value = Run> {
    let reasons = proptest::sample::select(Reason::ALL);
    (0_u32..4, reasons, any::<[u64; 2]>(), any::<[i64; 3]>(), any::<u64>()).prop_map(
        |(verdict, reason, [first_seq, last_seq], [first_ms, last_ms, until_ms], count)| Run {
            verdict: Verdict::from_code(verdict),
            reason,
            first_seq,
            last_seq,
            first_ms,
            last_ms,
            count,
            until_ms,
        },
    )
}

proptest! {
    #[test]
    fn any_runs_read_back(runs in proptest::collection::vec(any_run(), 0..20)) {
        prop_assert_eq!(decode_runs(&encode_runs(&runs)), Some(runs));
    }

    #[test]
    fn any_bytes_are_runs_or_none(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = decode_runs(&bytes);
    }
}
