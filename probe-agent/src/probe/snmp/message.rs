//! What crosses the wire: requests written, answers read into values of our own. No socket, no clock.
//!
//! On [`super::super::ber`], because the crates that know SNMP trust what they read: one writes through a shared
//! reference when it checks a signature, sums an engine's times before they are verified, and ends a list of values
//! at the first of a type it does not know, as if the rest were not there.

use std::net::Ipv4Addr;

use config::{SnmpOid, thousandths};

use super::super::ber::{INTEGER, Malformed, OCTETS, Reader, SEQUENCE, element, integer, number};

const NULL: u8 = 0x05;
const OBJECT: u8 = 0x06;
/// RFC 3416, 3.
const GET: u8 = 0xa0;
/// See [`GET`].
const RESPONSE: u8 = 0xa2;
/// See [`GET`].
const GET_BULK: u8 = 0xa5;
/// See [`GET`].
const REPORT: u8 = 0xa8;

/// Values of one answer; a request asks for fewer.
const VALUES_MAX: usize = 512;
/// Of one text that is kept, bytes.
const TEXT_BYTES_MAX: usize = 256;

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Question {
    /// These.
    Get,
    /// What follows them, so many times.
    Following { repeats: u32 },
}

/// One value of a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::probe) enum Value {
    /// Any signed number.
    Integer(i64),
    /// Counters, gauges, hundredths of a second.
    Unsigned(u64),
    /// A decimal number, thousandths.
    Decimal(i64),
    /// Text, an address, bits.
    Text(Vec<u8>),
    /// The name of something.
    Oid(SnmpOid),
    /// It is not there.
    Absent,
    /// The table has ended.
    End,
    /// It is there, and not told: an error status (RFC 3416, 3).
    Refused(u32),
    /// Something else.
    Other,
}

impl Value {
    /// As people read it.
    pub(in crate::probe) fn shown(&self) -> String {
        match self {
            Self::Integer(number) => number.to_string(),
            Self::Unsigned(number) => number.to_string(),
            Self::Decimal(all) => {
                let minus = if *all < 0 { "-" } else { "" };
                format!("{minus}{}.{:03}", all.unsigned_abs() / 1_000, all.unsigned_abs() % 1_000)
            }
            Self::Text(bytes) => shown_text(bytes),
            Self::Oid(oid) => oid.to_string(),
            Self::Absent | Self::End => "absent".to_owned(),
            Self::Refused(status) => format!("refused ({})", status_word(*status)),
            Self::Other => "of a type that is not known".to_owned(),
        }
    }

    /// A number, in thousandths; also of a text that is one, as some sensors tell it.
    pub(in crate::probe) fn thousandths(&self) -> Option<i64> {
        match self {
            Self::Integer(number) => number.checked_mul(1_000),
            Self::Unsigned(number) => i64::try_from(*number).ok()?.checked_mul(1_000),
            Self::Decimal(all) => Some(*all),
            Self::Text(bytes) => thousandths(std::str::from_utf8(bytes).ok()?.trim()),
            Self::Oid(_) | Self::Absent | Self::End | Self::Refused(_) | Self::Other => None,
        }
    }

    /// A whole number that is not negative.
    pub(in crate::probe) fn count(&self) -> Option<u64> {
        match self {
            Self::Integer(number) => u64::try_from(*number).ok(),
            Self::Unsigned(number) => Some(*number),
            _ => None,
        }
    }

    /// Of an element (RFC 2578, 2 and RFC 3416, 3).
    fn of(tag: u8, body: &[u8]) -> Self {
        let unsigned = |bytes_max| unsigned(body, bytes_max).map_or(Self::Other, Self::Unsigned);
        match tag {
            INTEGER => number(body).map_or(Self::Other, Self::Integer),
            OCTETS => Self::Text(body[..body.len().min(TEXT_BYTES_MAX)].to_vec()),
            OBJECT => arcs(body).map_or(Self::Other, Self::Oid),
            // IpAddress
            0x40 => <[u8; 4]>::try_from(body)
                .map_or(Self::Other, |octets| Self::Text(Ipv4Addr::from(octets).to_string().into_bytes())),
            // Counter32, Gauge32, TimeTicks
            0x41..=0x43 => unsigned(4),
            // Opaque
            0x44 => float(body).map_or(Self::Other, Self::Decimal),
            // Counter64
            0x46 => unsigned(8),
            // noSuchObject, noSuchInstance
            0x80 | 0x81 => Self::Absent,
            // endOfMibView
            0x82 => Self::End,
            _ => Self::Other,
        }
    }
}

/// A number without a sign, which some write without the zero that tells it from one with a sign.
fn unsigned(body: &[u8], bytes_max: usize) -> Option<u64> {
    let digits = match body {
        [0, rest @ ..] if rest.len() == bytes_max => rest,
        all => all,
    };
    let is_number = !digits.is_empty() && digits.len() <= bytes_max;
    is_number.then(|| digits.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
}

/// Text as it is, anything else in hexadecimal.
fn shown_text(bytes: &[u8]) -> String {
    let text = std::str::from_utf8(bytes).map(|text| text.trim_end_matches('\0').trim());
    match text {
        Ok(text) if !text.chars().any(char::is_control) => text.to_owned(),
        _ => collector_api::hex_encode(bytes),
    }
}

/// net-snmp's float inside an Opaque (draft-perkins-opaque-00).
fn float(bytes: &[u8]) -> Option<i64> {
    let &[0x9f, 0x78, 4, a, b, c, d] = bytes else { return None };
    let scaled = f64::from(f32::from_be_bytes([a, b, c, d])) * 1_000.0;
    // Beyond this a number of thousandths is no number of a device.
    #[expect(clippy::cast_possible_truncation, reason = "inside the range that is checked")]
    (scaled.is_finite() && scaled.abs() < 1e15).then(|| scaled.round() as i64)
}

/// RFC 3416, 3: error-status.
pub(super) fn status_word(status: u32) -> String {
    match status {
        1 => "tooBig".to_owned(),
        2 => "noSuchName".to_owned(),
        5 => "genErr".to_owned(),
        6 => "noAccess".to_owned(),
        13 => "resourceUnavailable".to_owned(),
        16 => "authorizationError".to_owned(),
        other => format!("status {other}"),
    }
}

/// An answer, or a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) is_report: bool,
    pub(super) request: i32,
    pub(super) status: u32,
    /// Of which value, from 1; 0 of none.
    pub(super) index: u32,
    pub(super) values: Vec<(SnmpOid, Value)>,
}

impl Answer {
    /// Of a PDU: its tag and what is in it. `None` for what is neither answer nor report, for what is malformed, and
    /// for an answer whose values are those of a question (RFC 3416, 3: `unSpecified`).
    pub(super) fn of(tag: u8, body: &[u8]) -> Option<Self> {
        let is_report = match tag {
            RESPONSE => false,
            REPORT => true,
            _ => return None,
        };
        let Pdu { request, numbers: [status, index], values, is_unspecified } = Pdu::read(body).ok()?;
        (status != 0 || !is_unspecified).then_some(Self { is_report, request, status, index, values })
    }

    /// Of a message of version 2c that is for this community. `None` for anything else.
    pub(super) fn of_v2c(bytes: &[u8], community: &[u8]) -> Option<Self> {
        let (named, tag, body) = read_v2c(bytes).ok()?;
        if named == community { Self::of(tag, body).filter(|answer| !answer.is_report) } else { None }
    }
}

/// A PDU of any kind (RFC 3416, 3).
#[derive(Debug)]
pub(super) struct Pdu {
    pub(super) request: i32,
    /// Status and index of an answer; how many do not repeat, and how often the others do, of a question.
    pub(super) numbers: [u32; 2],
    pub(super) values: Vec<(SnmpOid, Value)>,
    /// Has one of them no value?
    is_unspecified: bool,
}

impl Pdu {
    pub(super) fn read(body: &[u8]) -> Result<Self, Malformed> {
        let mut parts = Reader::new(body);
        let request = i32::try_from(number(parts.expect(INTEGER)?)?).map_err(|_| Malformed)?;
        let mut count = || u32::try_from(number(parts.expect(INTEGER)?)?).map_err(|_out_of_range| Malformed);
        let numbers = [count()?, count()?];
        let mut list = Reader::new(parts.expect(SEQUENCE)?);
        let (mut values, mut is_unspecified) = (Vec::new(), false);
        while let Some((tag, bound)) = list.next()?.filter(|_| values.len() < VALUES_MAX) {
            let mut bound = Reader::new(Some(bound).filter(|_| tag == SEQUENCE).ok_or(Malformed)?);
            let oid = arcs(bound.expect(OBJECT)?);
            let (tag, value) = bound.next()?.ok_or(Malformed)?;
            is_unspecified |= tag == NULL;
            // A name of more numbers than a name may have names nothing that was asked for.
            values.extend(oid.map(|oid| (oid, Value::of(tag, value))));
        }
        Ok(Self { request, numbers, values, is_unspecified })
    }
}

/// Community, tag and PDU of a message of version 2c.
pub(super) fn read_v2c(bytes: &[u8]) -> Result<(&[u8], u8, &[u8]), Malformed> {
    let mut parts = Reader::new(Reader::new(bytes).expect(SEQUENCE)?);
    if number(parts.expect(INTEGER)?)? != 1 {
        return Err(Malformed);
    }
    let community = parts.expect(OCTETS)?;
    let (tag, body) = parts.next()?.ok_or(Malformed)?;
    Ok((community, tag, body))
}

/// An identifier from its bytes (X.690, 8.19); `None` when they are none.
fn arcs(bytes: &[u8]) -> Option<SnmpOid> {
    let mut arcs: Vec<u32> = Vec::with_capacity(bytes.len().min(SnmpOid::ARCS_MAX) + 1);
    let mut arc: u32 = 0;
    let mut is_open = false;
    for &byte in bytes {
        if arcs.len() > SnmpOid::ARCS_MAX {
            return None;
        }
        arc = arc.checked_mul(128)? | u32::from(byte & 0x7f);
        is_open = byte & 0x80 != 0;
        if is_open {
            continue;
        }
        if arcs.is_empty() {
            // The first two are one: 40 times the first, which is at most 2, and the second.
            let first = (arc / 40).min(2);
            arcs.extend([first, arc - 40 * first]);
        } else {
            arcs.push(arc);
        }
        arc = 0;
    }
    if is_open { None } else { SnmpOid::of(arcs) }
}

/// A request of version 2c.
pub(super) fn v2c(community: &[u8], question: Question, request: i32, oids: &[SnmpOid]) -> Vec<u8> {
    let parts = [integer(INTEGER, 1), element(OCTETS, &[community]), pdu(question, request, oids)];
    element(SEQUENCE, &[&parts[0], &parts[1], &parts[2]])
}

/// What is asked, as it stands in a message of either version (RFC 3416, 3).
pub(super) fn pdu(question: Question, request: i32, oids: &[SnmpOid]) -> Vec<u8> {
    let (tag, repeats) = match question {
        Question::Get => (GET, 0),
        Question::Following { repeats } => (GET_BULK, repeats),
    };
    let values: Vec<u8> =
        oids.iter().flat_map(|oid| element(SEQUENCE, &[&object(oid), &[NULL, 0]])).collect();
    let [request, none, repeats] = [i64::from(request), 0, i64::from(repeats)].map(|n| integer(INTEGER, n));
    element(tag, &[&request, &none, &repeats, &element(SEQUENCE, &[&values])])
}

pub(super) fn object(oid: &SnmpOid) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(oid.arcs().len() + 8);
    let (first, rest) = match oid.arcs() {
        [first, second, rest @ ..] => (u64::from(*first) * 40 + u64::from(*second), rest),
        _ => return element(OBJECT, &[]),
    };
    for arc in std::iter::once(first).chain(rest.iter().map(|arc| u64::from(*arc))) {
        let groups = (64 - arc.max(1).leading_zeros()).div_ceil(7);
        for group in (0..groups).rev() {
            let more = if group == 0 { 0 } else { 0x80 };
            bytes.push(more | ((arc >> (7 * group)).to_le_bytes()[0] & 0x7f));
        }
    }
    element(OBJECT, &[&bytes])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn oid(text: &str) -> SnmpOid {
        SnmpOid::parse(text).unwrap()
    }

    #[test]
    fn a_request_is_in_as_few_bytes_as_hold_it() {
        // Version, community, get-request, sysUpTime.0 with nothing.
        let expected = "302602010104067075626c6963a01902010102010002010030\
                        0e300c06082b060102010103000500";
        let written = v2c(b"public", Question::Get, 1, &[oid("1.3.6.1.2.1.1.3.0")]);
        assert_eq!(collector_api::hex_encode(&written), expected);
        let long = v2c(&[b'x'; 200], Question::Following { repeats: 10 }, -1, &[]);
        assert_eq!(long[..3], [0x30, 0x81, 0xdb], "{long:?}");
    }

    #[test]
    fn an_opaque_float_is_a_number() {
        assert_eq!(float(&[0x9f, 0x78, 4, 0x41, 0xbc, 0, 0]), Some(23_500));
        assert_eq!(float(&[0x9f, 0x78, 4, 0x7f, 0xc0, 0, 0]), None, "not a number");
        assert_eq!(float(&[1, 2, 3]), None);
    }

    /// What devices write, right and nearly right.
    #[test]
    fn elements_are_values() {
        for (bytes, expected) in [
            (&[2, 1, 0xff][..], Value::Integer(-1)),
            (&[0x41, 5, 0, 0xff, 0xff, 0xff, 0xff], Value::Unsigned(u64::from(u32::MAX))),
            (&[0x42, 4, 0xff, 0xff, 0xff, 0xff], Value::Unsigned(u64::from(u32::MAX))),
            (&[0x43, 5, 1, 0, 0, 0, 0], Value::Other),
            (&[0x43, 0], Value::Other),
            (&[0x46, 9, 0, 0x80, 0, 0, 0, 0, 0, 0, 1], Value::Unsigned((1 << 63) + 1)),
            (&[4, 2, b'o', b'k'], Value::Text(b"ok".to_vec())),
            (&[0x40, 4, 10, 0, 5, 31], Value::Text(b"10.0.5.31".to_vec())),
            (&[0x40, 3, 10, 0, 5], Value::Other),
            (&[6, 2, 0x2b, 6], Value::Oid(oid("1.3.6"))),
            (&[6, 2, 0x2b, 0x86], Value::Other),
            (&[0x80, 0], Value::Absent),
            (&[0x81, 0], Value::Absent),
            (&[0x82, 0], Value::End),
            // BITS and whatever comes after RFC 3416.
            (&[3, 1, 0], Value::Other),
        ] {
            let (tag, body) = Reader::new(bytes).next().unwrap().unwrap();
            assert_eq!(Value::of(tag, body), expected, "{bytes:?}");
        }
    }

    /// A type that is not known does not hide what stands behind it.
    #[test]
    fn an_answer_is_read_to_its_end() {
        let bound = |oid: &SnmpOid, value: &[u8]| element(SEQUENCE, &[&object(oid), value]);
        let (first, second) = (oid("1.3.6.1"), oid("1.3.6.2"));
        let answer = |values: &[u8]| {
            let parts = [7, 0, 0].map(|n| integer(INTEGER, n)).concat();
            Answer::of(RESPONSE, &[parts, element(SEQUENCE, &[values])].concat())
        };
        let values = [bound(&first, &[0x47, 1, 0]), bound(&second, &[2, 1, 5])].concat();
        let read = answer(&values).unwrap();
        assert_eq!(read.values, [(first, Value::Other), (second.clone(), Value::Integer(5))]);
        assert_eq!(answer(&bound(&second, &[NULL, 0])), None, "a question");
        assert_eq!(answer(&[bound(&second, &[2, 1, 5]), vec![0x30, 9]].concat()), None, "cut off");
        let many = bound(&second, &[2, 1, 5]).repeat(VALUES_MAX + 5);
        assert_eq!(answer(&many).unwrap().values.len(), VALUES_MAX);
    }

    #[test]
    fn values_are_numbers_where_they_are() {
        for (value, shown, number) in [
            (Value::Integer(-5), "-5", Some(-5_000)),
            (Value::Unsigned(u64::MAX), "18446744073709551615", None),
            (Value::Decimal(-1_500), "-1.500", Some(-1_500)),
            (Value::Text(b" 23.5 \0".to_vec()), "23.5", None),
            (Value::Text(b"23.5".to_vec()), "23.5", Some(23_500)),
            (Value::Text(vec![0, 0x1b, 0xff]), "001bff", None),
            (Value::Refused(5), "refused (genErr)", None),
            (Value::Absent, "absent", None),
        ] {
            assert_eq!((value.shown().as_str(), value.thousandths()), (shown, number), "{value:?}");
        }
    }

    proptest! {
        #[test]
        fn identifiers_survive_the_wire(second in 0_u32..40, rest in proptest::collection::vec(any::<u32>(), 0..30)) {
            let oid = SnmpOid::of([vec![1, second], rest].concat()).unwrap();
            let bytes = v2c(b"c", Question::Get, 7, std::slice::from_ref(&oid));
            let (community, tag, body) = read_v2c(&bytes).unwrap();
            prop_assert_eq!((community, tag), (&b"c"[..], GET));
            let pdu = Pdu::read(body).unwrap();
            prop_assert_eq!(pdu.request, 7);
            prop_assert_eq!(pdu.values, [(oid, Value::Other)]);
        }

        #[test]
        fn any_bytes_are_read_without_harm(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Answer::of_v2c(&bytes, b"public");
            let _ = Answer::of(RESPONSE, &bytes);
            let _ = arcs(&bytes);
        }
    }
}
