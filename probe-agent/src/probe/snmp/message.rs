//! What crosses the wire: requests written, answers read into values of our own. No socket, no clock.
//!
//! Messages are read by snmp2. It writes them only inside its session, which binds its own socket, holds 130 kB of
//! buffers, sends an engine time that ages, and takes a late reply for an error; so the few bytes of a request are
//! written here (X.690, definite lengths), and snmp2 signs and encrypts those of version 3.

use config::{SnmpOid, thousandths};
use snmp2::{MessageType, Oid, Pdu, Value as Read};

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

    fn of(read: &Read<'_>) -> Self {
        match read {
            Read::Integer(number) => Self::Integer(*number),
            Read::Counter32(number) | Read::Unsigned32(number) | Read::Timeticks(number) => {
                Self::Unsigned(u64::from(*number))
            }
            Read::Counter64(number) => Self::Unsigned(*number),
            Read::OctetString(bytes) => Self::Text(bytes[..bytes.len().min(TEXT_BYTES_MAX)].to_vec()),
            Read::IpAddress(octets) => Self::Text(std::net::Ipv4Addr::from(*octets).to_string().into_bytes()),
            Read::ObjectIdentifier(oid) => arcs(oid).map_or(Self::Other, Self::Oid),
            Read::Opaque(bytes) => float(bytes).map_or(Self::Other, Self::Decimal),
            Read::NoSuchObject | Read::NoSuchInstance => Self::Absent,
            Read::EndOfMibView => Self::End,
            _ => Self::Other,
        }
    }
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
    /// Of a message that snmp2 has read. `None` for what is neither answer nor report, and for an answer whose values
    /// are those of a question (RFC 3416, 3: `unSpecified`).
    pub(super) fn of(pdu: &Pdu<'_>) -> Option<Self> {
        let is_report = match pdu.message_type {
            MessageType::Response => false,
            MessageType::Report => true,
            _ => return None,
        };
        if pdu.error_status == 0 && pdu.varbinds.clone().any(|(_, value)| matches!(value, Read::Null)) {
            return None;
        }
        let values = pdu.varbinds.clone().take(VALUES_MAX);
        let values = values.filter_map(|(oid, value)| Some((arcs(&oid)?, Value::of(&value)))).collect();
        Some(Self {
            is_report,
            request: pdu.req_id,
            status: pdu.error_status,
            index: pdu.error_index,
            values,
        })
    }

    /// Of a message of version 2c that is for this community. `None` for anything else.
    pub(super) fn of_v2c(bytes: &[u8], community: &[u8]) -> Option<Self> {
        let pdu = Pdu::from_bytes(bytes).ok()?;
        let is_ours = matches!(pdu.version(), Ok(snmp2::Version::V2C)) && pdu.community == community;
        if is_ours { Self::of(&pdu).filter(|answer| !answer.is_report) } else { None }
    }
}

/// An identifier from its bytes (X.690, 8.19); `None` when they are none.
fn arcs(oid: &Oid<'_>) -> Option<SnmpOid> {
    let mut arcs: Vec<u32> = Vec::new();
    let mut arc: u32 = 0;
    let mut is_open = false;
    for &byte in oid.as_bytes() {
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
    sequence(0x30, &[integer(1), octets(community), pdu(question, request, oids)])
}

/// A request of version 3 in clear and unsigned: what snmp2 makes a secured message of.
pub(super) fn v3(engine: &[u8], question: Question, request: i32, oids: &[SnmpOid]) -> Vec<u8> {
    v3_of(engine, 0, request, &[octets(engine), octets(b""), pdu(question, request, oids)])
}

/// The question whose report tells a device's engine (RFC 3414, 4).
pub(super) fn v3_discovery(request: i32) -> Vec<u8> {
    // Reportable, neither signed nor encrypted.
    v3_of(b"", 4, request, &[octets(b""), octets(b""), pdu(Question::Get, request, &[])])
}

/// A PDU of version 3 in clear, as snmp2 reads one of version 2c.
pub(super) fn enclosed_as_v2c(pdu: &[u8]) -> Vec<u8> {
    sequence(0x30, &[integer(1), octets(b""), pdu.to_vec()])
}

/// RFC 3412, 6 and RFC 3414, 2.4.
fn v3_of(engine: &[u8], flags: u8, message: i32, scoped: &[Vec<u8>]) -> Vec<u8> {
    let header = [integer(i64::from(message)), integer(65_507), octets(&[flags]), integer(3)];
    let usm = [octets(engine), integer(0), integer(0), octets(b""), octets(b""), octets(b"")];
    let usm = octets(&sequence(0x30, &usm));
    sequence(0x30, &[integer(3), sequence(0x30, &header), usm, sequence(0x30, scoped)])
}

/// RFC 3416, 3.
fn pdu(question: Question, request: i32, oids: &[SnmpOid]) -> Vec<u8> {
    let values: Vec<Vec<u8>> = oids.iter().map(|oid| sequence(0x30, &[object(oid), vec![5, 0]])).collect();
    let (tag, repeats) = match question {
        Question::Get => (0xa0, 0),
        Question::Following { repeats } => (0xa5, repeats),
    };
    let head = [integer(i64::from(request)), integer(0), integer(i64::from(repeats))];
    let [request, none, repeats] = head;
    sequence(tag, &[request, none, repeats, sequence(0x30, &values)])
}

pub(super) fn sequence(tag: u8, parts: &[Vec<u8>]) -> Vec<u8> {
    tagged(tag, &parts.concat())
}

pub(super) fn octets(bytes: &[u8]) -> Vec<u8> {
    tagged(4, bytes)
}

/// In as few bytes as hold it with its sign.
pub(super) fn integer(number: i64) -> Vec<u8> {
    let bytes = number.to_be_bytes();
    let is_spare = |pair: &[u8]| {
        matches!(pair, [0, next] if next & 0x80 == 0) || matches!(pair, [0xff, next] if next & 0x80 != 0)
    };
    let spare = bytes.windows(2).take_while(|pair| is_spare(pair)).count();
    tagged(2, &bytes[spare..])
}

pub(super) fn object(oid: &SnmpOid) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(oid.arcs().len() + 8);
    let (first, rest) = match oid.arcs() {
        [first, second, rest @ ..] => (u64::from(*first) * 40 + u64::from(*second), rest),
        _ => return tagged(6, &[]),
    };
    for arc in std::iter::once(first).chain(rest.iter().map(|arc| u64::from(*arc))) {
        let groups = (64 - arc.max(1).leading_zeros()).div_ceil(7);
        for group in (0..groups).rev() {
            let more = if group == 0 { 0 } else { 0x80 };
            bytes.push(more | ((arc >> (7 * group)).to_le_bytes()[0] & 0x7f));
        }
    }
    tagged(6, &bytes)
}

/// X.690, 8.1.3: a length below 128 in one byte, any other behind the number of its own.
pub(super) fn tagged(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![tag];
    match u8::try_from(content.len()) {
        Ok(length) if length < 128 => bytes.push(length),
        _ => {
            let length = content.len().to_be_bytes();
            let zeros = length.iter().take_while(|byte| **byte == 0).count();
            let count = u8::try_from(length.len() - zeros).unwrap_or(8);
            bytes.push(0x80 | count);
            bytes.extend(&length[zeros..]);
        }
    }
    bytes.extend(content);
    bytes
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
            let pdu = Pdu::from_bytes(&bytes).unwrap();
            prop_assert_eq!(pdu.req_id, 7);
            let (read, _) = pdu.varbinds.clone().next().unwrap();
            prop_assert_eq!(arcs(&read), Some(oid));
        }

        #[test]
        fn numbers_survive_the_wire(number in any::<i64>()) {
            let bytes = integer(number);
            prop_assert_eq!(snmp2::AsnReader::from_bytes(&bytes).read_asn_integer().ok(), Some(number));
        }

        #[test]
        fn any_bytes_are_read_without_harm(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Answer::of_v2c(&bytes, b"public");
            let _ = arcs(&Oid::new(bytes.as_slice().into()));
        }
    }
}
