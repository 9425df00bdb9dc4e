//! A message of version 3 as bytes (RFC 3412, 6 and RFC 3414, 2.4): written, and read before anything is believed.

use super::super::super::ber::{INTEGER, OCTETS, Reader, SEQUENCE, element, integer, number};
use super::super::message::Answer;

/// What a message is (RFC 3412, 6.4).
pub(super) const SIGNED: u8 = 1;
/// See [`SIGNED`].
pub(super) const ENCRYPTED: u8 = 2;
/// See [`SIGNED`].
pub(super) const REPORTABLE: u8 = 4;
/// RFC 3411, 5, `SnmpSecurityModel`.
const USM: i64 = 3;
/// The largest datagram that is taken.
const MESSAGE_BYTES_MAX: i64 = 65_507;

pub(super) fn scoped(engine: &[u8], context: &str, pdu: &[u8]) -> Vec<u8> {
    element(SEQUENCE, &[&element(OCTETS, &[engine]), &element(OCTETS, &[context.as_bytes()]), pdu])
}

/// What a message says for its security (RFC 3414, 2.4).
#[derive(Clone, Copy)]
pub(super) struct Said<'m> {
    pub(super) engine: &'m [u8],
    pub(super) boots: i32,
    pub(super) time: i32,
    pub(super) user: &'m [u8],
    pub(super) signature: &'m [u8],
    pub(super) salt: &'m [u8],
}

/// RFC 3412, 6.
pub(super) fn write(flags: u8, message: i32, said: &Said<'_>, data: &[u8]) -> Vec<u8> {
    let whole = |number: i64| integer(INTEGER, number);
    let octets = |bytes: &[u8]| element(OCTETS, &[bytes]);
    let header = [whole(i64::from(message)), whole(MESSAGE_BYTES_MAX), octets(&[flags]), whole(USM)].concat();
    let security = [
        octets(said.engine),
        whole(i64::from(said.boots)),
        whole(i64::from(said.time)),
        octets(said.user),
        octets(said.signature),
        octets(said.salt),
    ]
    .concat();
    let security = octets(&element(SEQUENCE, &[&security]));
    element(SEQUENCE, &[&whole(3), &element(SEQUENCE, &[&header]), &security, data])
}

/// What a message of version 3 says before anything is verified.
pub(super) struct Head<'m> {
    pub(super) message: i32,
    pub(super) flags: u8,
    pub(super) engine: &'m [u8],
    pub(super) boots: i32,
    pub(super) time: i32,
    pub(super) user: &'m [u8],
    pub(super) signature: &'m [u8],
    pub(super) salt: &'m [u8],
    /// Tag and body: a scoped PDU, or one that is encrypted.
    pub(super) data: (u8, &'m [u8]),
}

impl<'m> Head<'m> {
    /// RFC 3412, 6 and RFC 3414, 2.4; nothing may follow, inside or outside.
    pub(super) fn of(bytes: &'m [u8]) -> Option<Self> {
        let mut whole = Reader::new(bytes);
        let mut parts = Reader::new(whole.expect(SEQUENCE).ok()?);
        if number(parts.expect(INTEGER).ok()?).ok()? != 3 {
            return None;
        }
        let mut global = Reader::new(parts.expect(SEQUENCE).ok()?);
        let message = i32::try_from(number(global.expect(INTEGER).ok()?).ok()?).ok()?;
        let _size_max = global.expect(INTEGER).ok()?;
        let &[flags] = global.expect(OCTETS).ok()? else { return None };
        let model = number(global.expect(INTEGER).ok()?).ok()?;
        let mut security = Reader::new(parts.expect(OCTETS).ok()?);
        let mut fields = Reader::new(security.expect(SEQUENCE).ok()?);
        let head = Self {
            message,
            flags,
            engine: fields.expect(OCTETS).ok()?,
            boots: natural(fields.expect(INTEGER).ok()?)?,
            time: natural(fields.expect(INTEGER).ok()?)?,
            user: fields.expect(OCTETS).ok()?,
            signature: fields.expect(OCTETS).ok()?,
            salt: fields.expect(OCTETS).ok()?,
            data: parts.next().ok()??,
        };
        let is_all = [whole, parts, global, security, fields].map(|mut reader| reader.next() == Ok(None));
        (model == USM && is_all == [true; 5]).then_some(head)
    }

    pub(super) const fn is_encrypted(&self) -> bool {
        self.flags & ENCRYPTED != 0
    }

    /// When it is not encrypted, and an answer or a report.
    pub(super) fn in_clear(&self) -> Option<Answer> {
        let (tag, scoped) = self.data;
        if self.is_encrypted() || tag != SEQUENCE { None } else { answer_in(scoped) }
    }

    /// What stands before and behind the signature in the message that this was read of.
    pub(super) fn around_signature(&self, bytes: &'m [u8]) -> Option<(&'m [u8], &'m [u8])> {
        let at = self.signature.as_ptr().addr().checked_sub(bytes.as_ptr().addr())?;
        Some((bytes.get(..at)?, bytes.get(at + self.signature.len()..)?))
    }
}

/// Of a scoped PDU; which context it says it is of does not matter.
pub(super) fn answer_in(scoped: &[u8]) -> Option<Answer> {
    let mut parts = Reader::new(scoped);
    parts.expect(OCTETS).ok()?;
    parts.expect(OCTETS).ok()?;
    let (tag, body) = parts.next().ok()??;
    Answer::of(tag, body)
}

/// 0 to 2^31 - 1.
fn natural(body: &[u8]) -> Option<i32> {
    i32::try_from(number(body).ok()?).ok().filter(|number| *number >= 0)
}
