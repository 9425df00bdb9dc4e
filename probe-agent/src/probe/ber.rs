//! The little of ASN.1's encodings that LDAP (RFC 4511, 5.1), Kerberos (RFC 4120, 5) and SNMP (RFC 3417, 8) need.
//!
//! A reader walks one level at a time over bytes that are there already: nothing is allocated by what a length
//! says, nothing recurses, and a tag of more than one byte, or a length without an end, is malformed. That is why
//! no library's tree is built of what a hostile server sends.

use collector_api::Reason;

use super::Fault;

pub(super) const BOOLEAN: u8 = 0x01;
pub(super) const INTEGER: u8 = 0x02;
pub(super) const BIT_STRING: u8 = 0x03;
pub(super) const OCTETS: u8 = 0x04;
pub(super) const ENUMERATED: u8 = 0x0a;
pub(super) const GENERALIZED_TIME: u8 = 0x18;
pub(super) const GENERAL_STRING: u8 = 0x1b;
pub(super) const SEQUENCE: u8 = 0x30;
pub(super) const SET: u8 = 0x31;

/// `[n]`, explicit.
pub(super) const fn context(number: u8) -> u8 {
    0xa0 | number
}

/// `[APPLICATION n]`, constructed.
pub(super) const fn application(number: u8) -> u8 {
    0x60 | number
}

/// What is not as it should be encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Malformed;

impl From<Malformed> for Fault {
    fn from(_: Malformed) -> Self {
        Self::new(Reason::ProtoMalformed, "the answer is not encoded as it should be")
    }
}

/// Elements that stand in a row.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The next element: its tag and what is in it. `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<(u8, &'a [u8])>, Malformed> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let Head { tag, own, body } = Head::read(self.0)?.ok_or(Malformed)?;
        let end = own.checked_add(body).filter(|end| *end <= self.0.len()).ok_or(Malformed)?;
        let found = &self.0[own..end];
        self.0 = &self.0[end..];
        Ok(Some((tag, found)))
    }

    /// What is in the next element, which must have this tag.
    pub(super) fn expect(&mut self, tag: u8) -> Result<&'a [u8], Malformed> {
        self.next()?.filter(|(found, _)| *found == tag).map(|(_, body)| body).ok_or(Malformed)
    }

    /// What is in the next element if it has this tag; otherwise it stays where it is.
    pub(super) fn optional(&mut self, tag: u8) -> Result<Option<&'a [u8]>, Malformed> {
        if self.0.first() == Some(&tag) { self.expect(tag).map(Some) } else { Ok(None) }
    }

    /// What is in the element within the next one: `[n] TYPE`.
    pub(super) fn expect_in(&mut self, outer: u8, inner: u8) -> Result<&'a [u8], Malformed> {
        Reader(self.expect(outer)?).expect(inner)
    }

    /// The same, if it is there.
    pub(super) fn optional_in(&mut self, outer: u8, inner: u8) -> Result<Option<&'a [u8]>, Malformed> {
        self.optional(outer)?.map(|body| Reader(body).expect(inner)).transpose()
    }
}

/// Tag and length, before what they are about has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) tag: u8,
    /// Bytes of tag and length.
    pub(super) own: usize,
    /// Bytes that follow.
    pub(super) body: usize,
}

impl Head {
    /// `None` while it is not all there.
    pub(super) fn read(bytes: &[u8]) -> Result<Option<Self>, Malformed> {
        let &[tag, first, ref rest @ ..] = bytes else { return Ok(None) };
        if tag & 0x1f == 0x1f {
            return Err(Malformed);
        }
        if first < 0x80 {
            return Ok(Some(Self { tag, own: 2, body: usize::from(first) }));
        }
        let count = usize::from(first & 0x7f);
        // None is a length without an end, which no protocol here allows; four are more than anybody sends.
        if !(1..=4).contains(&count) {
            return Err(Malformed);
        }
        let Some(length) = rest.get(..count) else { return Ok(None) };
        let body = length.iter().fold(0_usize, |sum, byte| sum << 8 | usize::from(*byte));
        Ok(Some(Self { tag, own: 2 + count, body }))
    }
}

/// The number that an INTEGER's or ENUMERATED's body is.
pub(super) fn number(body: &[u8]) -> Result<i64, Malformed> {
    let (&first, rest) = body.split_first().filter(|_| body.len() <= 8).ok_or(Malformed)?;
    let signed = i64::from(i8::from_be_bytes([first]));
    Ok(rest.iter().fold(signed, |sum, byte| sum << 8 | i64::from(*byte)))
}

/// An element of these parts, one after the other.
pub(super) fn element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let mut bytes = Vec::with_capacity(length + 6);
    bytes.push(tag);
    if let Some(short) = u8::try_from(length).ok().filter(|short| *short < 0x80) {
        bytes.push(short);
    } else {
        let length = length.to_be_bytes();
        let zeros = length.iter().take_while(|byte| **byte == 0).count();
        let count = u8::try_from(length.len() - zeros).unwrap_or(0);
        bytes.push(0x80 | count);
        bytes.extend_from_slice(&length[zeros..]);
    }
    for part in parts {
        bytes.extend_from_slice(part);
    }
    bytes
}

/// An INTEGER, or an ENUMERATED, in as few bytes as it needs.
pub(super) fn integer(tag: u8, number: i64) -> Vec<u8> {
    let bytes = number.to_be_bytes();
    let needed = (1..8).rev().find(|&at| {
        let spare = if number < 0 { 0xff } else { 0 };
        bytes[..at].iter().all(|byte| *byte == spare) && (bytes[at] & 0x80) == (spare & 0x80)
    });
    element(tag, &[&bytes[needed.unwrap_or(0)..]])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_are_as_short_as_they_can_be() {
        for (value, bytes) in [
            (0, &[2, 1, 0][..]),
            (127, &[2, 1, 127]),
            (128, &[2, 2, 0, 128]),
            (256, &[2, 2, 1, 0]),
            (-1, &[2, 1, 255]),
            (-128, &[2, 1, 128]),
            (-129, &[2, 2, 255, 127]),
            (0x7fff_ffff, &[2, 4, 127, 255, 255, 255]),
        ] {
            assert_eq!(integer(INTEGER, value), bytes, "{value}");
        }
    }

    #[test]
    fn what_is_not_encoded_well_is_refused() {
        for bad in [
            &[0x1f, 1, 0][..],                 // a tag of several bytes
            &[0x30, 0x80, 0, 0],               // without an end
            &[0x30, 0x85, 0, 0, 0, 0, 0],      // a length of five bytes
            &[0x30, 0x84, 255, 255, 255, 255], // far more than there is
            &[0x30, 2, 0],
            &[0x30],
        ] {
            assert_eq!(Reader::new(bad).next(), Err(Malformed), "{bad:?}");
        }
        assert_eq!(number(&[]), Err(Malformed));
        assert_eq!(number(&[0; 9]), Err(Malformed));
        assert_eq!(Head::read(&[0x30, 0x82, 1]), Ok(None), "not all there yet");
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(value in any::<i64>(), length in 0_usize..70_000) {
            let body = vec![7; length];
            let both = [element(SEQUENCE, &[&body]), integer(ENUMERATED, value)].concat();
            let mut reader = Reader::new(&both);
            prop_assert_eq!(reader.optional(OCTETS), Ok(None));
            prop_assert_eq!(reader.expect(SEQUENCE), Ok(&body[..]));
            prop_assert_eq!(reader.expect(ENUMERATED).and_then(number), Ok(value));
            prop_assert_eq!(reader.next(), Ok(None));
        }
    }
}
