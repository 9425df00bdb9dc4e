//! Messages, as bytes of real centres and as noise.

use proptest::prelude::*;

use super::*;
use crate::probe::ber;

/// 2027-03-15 09:30:00 UTC, ms.
const AT_MS: i64 = 1_805_103_000_000;

#[test]
fn times_are_written_and_read_to_the_second() {
    assert_eq!(time(AT_MS + 999), element(GENERALIZED_TIME, &[b"20270315093000Z"]));
    assert_eq!(time_of(b"20270315093000Z"), Some(AT_MS));
    for bad in [&b"20270315093000"[..], b"20271315093000Z", b"20270315093000.5Z", b"", b"\xff"] {
        assert_eq!(time_of(bad), None, "{bad:?}");
    }
}

#[test]
fn a_question_is_what_rfc_4120_says() {
    let question = as_request(&Principal::user("sonda"), "COMUNE.EXAMPLE", &[18, 17], 7, None);
    let mut fields = Reader::new(Reader::new(&question).expect_in(application(10), SEQUENCE).unwrap());
    assert_eq!(fields.expect_in(context(1), INTEGER).and_then(ber::number), Ok(5));
    assert_eq!(fields.expect_in(context(2), INTEGER).and_then(ber::number), Ok(10));
    assert_eq!(fields.optional(context(3)), Ok(None), "no proof, so no list of them");
    let mut body = Reader::new(fields.expect_in(context(4), SEQUENCE).unwrap());
    assert_eq!(body.expect_in(context(0), BIT_STRING), Ok(&[0; 5][..]));
    let client = [0x30, 0x10, 0xa0, 3, 2, 1, 1, 0xa1, 9, 0x30, 7, 0x1b, 5, b's', b'o', b'n', b'd', b'a'];
    assert_eq!(body.expect(context(1)), Ok(&client[..]));
    assert_eq!(body.expect_in(context(2), GENERAL_STRING), Ok(&b"COMUNE.EXAMPLE"[..]));
    body.expect_in(context(3), SEQUENCE).unwrap();
    assert_eq!(body.expect_in(context(5), GENERALIZED_TIME), Ok(TILL));
    assert_eq!(body.expect_in(context(7), INTEGER).and_then(ber::number), Ok(7));
    assert_eq!(body.expect_in(context(8), SEQUENCE), Ok(&[2, 1, 18, 2, 1, 17][..]));
    assert!(matches!(body.next(), Ok(None)));
    assert_eq!(Principal::user("host/a.example").salt("R"), b"Rhosta.example");
}

#[test]
fn what_windows_says_of_an_account_is_read() {
    // KERB-ERROR-DATA, type 3: STATUS_ACCOUNT_LOCKED_OUT, and eight bytes more.
    let value = [&0xc000_0234_u32.to_le_bytes()[..], &[0; 8]].concat();
    let data =
        element(SEQUENCE, &[&tagged(1, &integer(INTEGER, 3)), &tagged(2, &element(OCTETS, &[&value]))]);
    assert_eq!(nt_status(&data), Some(0xc000_0234));
    assert_eq!(nt_status(b"\x30\x00"), None);
    assert_eq!(offers(&data), Err(Malformed));
    // Samba 4.17's, of an account that has ended: ETYPE-INFO2 first.
    let samba = b"\x30\x4c\x30\x33\xa1\x03\x02\x01\x13\xa2\x2c\x04\x2a\x30\x28\x30\x26\xa0\x03\x02\x01\x12\xa1\x17\
        \x1b\x15COMUNE.EXAMPLEscaduta\xa2\x06\x04\x04\x00\x00\x10\x00\x30\x15\xa1\x03\x02\x01\x03\xa2\x0e\x04\x0c\
        \x93\x01\x00\xc0\x00\x00\x00\x00\x01\x00\x00\x00";
    assert_eq!(nt_status(samba), Some(0xc000_0193));
    assert_eq!(offers(samba).unwrap().len(), 1);
}

proptest! {
    #[test]
    fn noise_is_no_message(noise in proptest::collection::vec(any::<u8>(), 0..200)) {
        for kind in [11, 13, 25, 26, 30] {
            let bytes = element(application(kind), &[&element(SEQUENCE, &[&noise])]);
            let _ = Heard::read(&bytes);
            let _ = Inner::read(&bytes);
        }
        let _ = (Heard::read(&noise).is_err(), offers(&noise).is_err(), nt_status(&noise));
    }
}
