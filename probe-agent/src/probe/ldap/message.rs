//! The few messages of LDAP that are said and heard (RFC 4511, 4), pure.

use config::{LdapNode, LdapScope};

use super::super::ber::{
    BOOLEAN, ENUMERATED, INTEGER, Malformed, OCTETS, Reader, SEQUENCE, SET, application, context, element,
    integer, number,
};

/// `StartTLS` (RFC 4511, 4.14.1).
const OID_STARTTLS: &[u8] = b"1.3.6.1.4.1.1466.20037";
/// Of what is kept of the root entry.
const VALUES_MAX: usize = 32;

/// Result codes that mean something here (RFC 4511, 4.1.9).
pub(super) mod code {
    pub(in super::super) const SUCCESS: i64 = 0;
    pub(in super::super) const SIZE_LIMIT: i64 = 4;
    pub(in super::super) const STRONGER_AUTH: i64 = 8;
    pub(in super::super) const REFERRAL: i64 = 10;
    pub(in super::super) const CONFIDENTIALITY: i64 = 13;
    pub(in super::super) const CONSTRAINT: i64 = 19;
    pub(in super::super) const INVALID_CREDENTIALS: i64 = 49;

    /// As the standard calls it, where that helps.
    pub(in super::super) fn name(code: i64) -> &'static str {
        match code {
            1 => "operationsError",
            2 => "protocolError",
            3 => "timeLimitExceeded",
            SIZE_LIMIT => "sizeLimitExceeded",
            7 => "authMethodNotSupported",
            STRONGER_AUTH => "strongerAuthRequired",
            REFERRAL => "referral",
            11 => "adminLimitExceeded",
            CONFIDENTIALITY => "confidentialityRequired",
            CONSTRAINT => "constraintViolation",
            32 => "noSuchObject",
            34 => "invalidDNSyntax",
            48 => "inappropriateAuthentication",
            INVALID_CREDENTIALS => "invalidCredentials",
            50 => "insufficientAccessRights",
            51 => "busy",
            52 => "unavailable",
            53 => "unwillingToPerform",
            80 => "other",
            _ => "",
        }
    }
}

/// A simple bind; without anybody, anonymous.
pub(super) fn bind(id: i64, user: &str, password: &str) -> Vec<u8> {
    let version = integer(INTEGER, 3);
    let password = element(0x80, &[password.as_bytes()]);
    message(id, &element(application(0), &[&version, &octets(user.as_bytes()), &password]))
}

/// Asks for TLS.
pub(super) fn starttls(id: i64) -> Vec<u8> {
    message(id, &element(application(23), &[&element(0x80, &[OID_STARTTLS])]))
}

/// A search.
#[derive(Debug, Clone, Copy)]
pub(super) struct Search<'a> {
    pub(super) base: &'a str,
    pub(super) scope: LdapScope,
    pub(super) filter: &'a LdapNode,
    /// At most.
    pub(super) entries: u32,
    pub(super) seconds: u64,
    pub(super) attributes: &'a [&'a str],
}

impl Search<'_> {
    pub(super) fn encode(&self, id: i64) -> Vec<u8> {
        let scope = match self.scope {
            LdapScope::Base => 0,
            LdapScope::One => 1,
            LdapScope::Sub => 2,
        };
        let attributes: Vec<u8> = self.attributes.iter().flat_map(|name| octets(name.as_bytes())).collect();
        let op = element(
            application(3),
            &[
                &octets(self.base.as_bytes()),
                &integer(ENUMERATED, scope),
                // Aliases are not followed.
                &integer(ENUMERATED, 0),
                &integer(INTEGER, i64::from(self.entries)),
                &integer(INTEGER, i64::try_from(self.seconds).unwrap_or(0)),
                &element(BOOLEAN, &[&[0]]),
                &filter(self.filter),
                &element(SEQUENCE, &[&attributes]),
            ],
        );
        message(id, &op)
    }
}

/// Good-bye.
pub(super) fn unbind(id: i64) -> Vec<u8> {
    message(id, &element(0x42, &[]))
}

fn message(id: i64, op: &[u8]) -> Vec<u8> {
    element(SEQUENCE, &[&integer(INTEGER, id), op])
}

fn octets(bytes: &[u8]) -> Vec<u8> {
    element(OCTETS, &[bytes])
}

/// RFC 4511, 4.5.1.7. As deep as the filter, whose reader has a limit.
fn filter(node: &LdapNode) -> Vec<u8> {
    let compared = |number: u8, name: &str, value: &[u8]| {
        element(context(number), &[&octets(name.as_bytes()), &octets(value)])
    };
    let all = |number: u8, nodes: &[LdapNode]| {
        let nodes: Vec<u8> = nodes.iter().flat_map(filter).collect();
        element(context(number), &[&nodes])
    };
    match node {
        LdapNode::And(nodes) => all(0, nodes),
        LdapNode::Or(nodes) => all(1, nodes),
        LdapNode::Not(node) => element(context(2), &[&filter(node)]),
        LdapNode::Equal(name, value) => compared(3, name, value),
        LdapNode::Pieces(name, pieces) => {
            let last = pieces.len().saturating_sub(1);
            let pieces: Vec<u8> = pieces
                .iter()
                .enumerate()
                .filter(|(_, piece)| !piece.is_empty())
                .flat_map(|(at, piece)| {
                    let place = if at == 0 {
                        0x80
                    } else if at == last {
                        0x82
                    } else {
                        0x81
                    };
                    element(place, &[piece])
                })
                .collect();
            element(context(4), &[&octets(name.as_bytes()), &element(SEQUENCE, &[&pieces])])
        }
        LdapNode::AtLeast(name, value) => compared(5, name, value),
        LdapNode::AtMost(name, value) => compared(6, name, value),
        LdapNode::Present(name) => element(0x87, &[name.as_bytes()]),
        LdapNode::Like(name, value) => compared(8, name, value),
        LdapNode::Matching { attribute, dn, rule, value } => {
            let part = |tag: u8, text: &str| {
                if text.is_empty() { Vec::new() } else { element(tag, &[text.as_bytes()]) }
            };
            let dn = if *dn { element(0x84, &[&[0xff]]) } else { Vec::new() };
            element(context(9), &[&part(0x81, rule), &part(0x82, attribute), &element(0x83, &[value]), &dn])
        }
    }
}

/// What a directory says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Heard {
    /// The end of a bind, a search, or the answer to `StartTLS`.
    Done(Outcome),
    /// One entry's values, as far as they are looked at.
    Entry(Vec<(String, String)>),
    /// "Look there."
    Reference,
    /// Something that may come and says nothing here.
    Other,
}

/// How an operation ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::probe) struct Outcome {
    pub(in crate::probe) code: i64,
    /// The directory's, for people.
    pub(super) text: String,
}

impl Heard {
    /// The message's number, and what it says.
    pub(super) fn read(bytes: &[u8]) -> Result<(i64, Self), Malformed> {
        let mut fields = Reader::new(Reader::new(bytes).expect(SEQUENCE)?);
        let id = number(fields.expect(INTEGER)?)?;
        let (tag, op) = fields.next()?.ok_or(Malformed)?;
        let heard = match tag {
            _ if tag == application(4) => Self::Entry(values(op)?),
            _ if tag == application(19) => Self::Reference,
            _ if [1, 5, 24].map(application).contains(&tag) => Self::Done(Outcome::read(op)?),
            _ if tag == application(25) => Self::Other,
            _ => return Err(Malformed),
        };
        Ok((id, heard))
    }
}

impl Outcome {
    fn read(op: &[u8]) -> Result<Self, Malformed> {
        let mut fields = Reader::new(op);
        let code = number(fields.expect(ENUMERATED)?)?;
        fields.expect(OCTETS)?;
        let text = String::from_utf8_lossy(fields.expect(OCTETS)?).trim_end_matches('\0').to_owned();
        Ok(Self { code, text })
    }
}

/// The first value of each attribute.
fn values(op: &[u8]) -> Result<Vec<(String, String)>, Malformed> {
    let mut fields = Reader::new(op);
    fields.expect(OCTETS)?;
    let mut attributes = Reader::new(fields.expect(SEQUENCE)?);
    let mut found = Vec::new();
    while let Some((_, attribute)) = attributes.next()? {
        let mut attribute = Reader::new(attribute);
        let name = attribute.expect(OCTETS)?;
        let first = Reader::new(attribute.expect(SET)?).next()?;
        if let Some((_, value)) = first.filter(|_| found.len() < VALUES_MAX) {
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            found.push((text(name), text(value)));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use config::LdapFilter;
    use proptest::prelude::*;

    use super::*;

    fn encoded(text: &str) -> Vec<u8> {
        filter(LdapFilter::parse(text).unwrap().node())
    }

    #[test]
    fn filters_are_encoded_as_rfc_4511_says() {
        assert_eq!(encoded("(a=*)"), b"\x87\x01a");
        assert_eq!(encoded("(a=b)"), b"\xa3\x06\x04\x01a\x04\x01b");
        assert_eq!(encoded("(!(a=*))"), b"\xa2\x03\x87\x01a");
        assert_eq!(encoded("(&(a=*)(b=*))"), b"\xa0\x06\x87\x01a\x87\x01b");
        assert_eq!(encoded("(a=x*y*z)"), b"\xa4\x0e\x04\x01a\x30\x09\x80\x01x\x81\x01y\x82\x01z");
        assert_eq!(encoded("(a=*y*)"), b"\xa4\x08\x04\x01a\x30\x03\x81\x01y");
        assert_eq!(encoded("(a>=1)"), b"\xa5\x06\x04\x01a\x04\x011");
        assert_eq!(encoded("(a:dn:1.2:=v)"), b"\xa9\x0e\x81\x031.2\x82\x01a\x83\x01v\x84\x01\xff");
    }

    #[test]
    fn messages_are_what_a_directory_reads() {
        assert_eq!(bind(1, "", ""), b"\x30\x0c\x02\x01\x01\x60\x07\x02\x01\x03\x04\x00\x80\x00");
        assert_eq!(unbind(3), b"\x30\x05\x02\x01\x03\x42\x00");
        assert_eq!(starttls(1)[5..9], *b"\x77\x18\x80\x16");
    }

    proptest! {
        #[test]
        fn noise_is_no_message(noise in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Heard::read(&noise);
            for op in [1, 4, 5, 19, 24, 25] {
                let _ = Heard::read(&message(1, &element(application(op), &[&noise])));
            }
        }
    }
}
