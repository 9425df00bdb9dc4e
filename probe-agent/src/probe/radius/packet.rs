//! Packets of RADIUS (RFC 2865, 3; RFC 2869, 5.14): pure, and every length is bounded.
//!
//! MD5 is what the protocol has. Its weakness is why the Message-Authenticator, an HMAC, stands first in each
//! question (RFC 9765's advice) and is looked for in each answer.

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use md5::{Digest as _, Md5};

/// Code, identifier, length, authenticator.
const HEAD_BYTES: usize = 20;
/// An attribute's type and length before its value.
const ATTRIBUTE_HEAD_BYTES: usize = 2;
/// RFC 2865, 5.2.
const PASSWORD_BYTES_MAX: usize = 128;
/// Of an HMAC-MD5, and of an authenticator.
const DIGEST_BYTES: usize = 16;

/// What a packet is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Code(u8);

impl Code {
    pub(super) const ACCESS_REQUEST: Self = Self(1);
    pub(super) const ACCESS_ACCEPT: Self = Self(2);
    pub(super) const ACCESS_REJECT: Self = Self(3);
    pub(super) const ACCOUNTING_RESPONSE: Self = Self(5);
    pub(super) const ACCESS_CHALLENGE: Self = Self(11);
    pub(super) const STATUS_SERVER: Self = Self(12);
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::ACCESS_REQUEST => f.write_str("Access-Request"),
            Self::ACCESS_ACCEPT => f.write_str("Access-Accept"),
            Self::ACCESS_REJECT => f.write_str("Access-Reject"),
            Self::ACCOUNTING_RESPONSE => f.write_str("Accounting-Response"),
            Self::ACCESS_CHALLENGE => f.write_str("Access-Challenge"),
            Self::STATUS_SERVER => f.write_str("Status-Server"),
            Self(other) => write!(f, "code {other}"),
        }
    }
}

/// One attribute, its value at most 253 bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Attribute {
    pub(super) kind: u8,
    pub(super) value: Vec<u8>,
}

impl Attribute {
    pub(super) const USER_NAME: u8 = 1;
    pub(super) const USER_PASSWORD: u8 = 2;
    const REPLY_MESSAGE: u8 = 18;
    pub(super) const CALLED_STATION: u8 = 30;
    pub(super) const CALLING_STATION: u8 = 31;
    pub(super) const NAS_IDENTIFIER: u8 = 32;
    pub(super) const NAS_PORT_TYPE: u8 = 61;
    const MESSAGE_AUTHENTICATOR: u8 = 80;

    pub(super) fn text(kind: u8, text: &str) -> Self {
        Self { kind, value: text.as_bytes().to_vec() }
    }
}

/// A question; its Message-Authenticator comes with [`Request::encode`].
#[derive(Debug)]
pub(super) struct Request {
    pub(super) code: Code,
    pub(super) identifier: u8,
    pub(super) authenticator: [u8; DIGEST_BYTES],
    pub(super) attributes: Vec<Attribute>,
}

impl Request {
    /// The packet, signed. What does not fit into an attribute is cut, what does not fit into the packet left out:
    /// the charter's limits are far below.
    pub(super) fn encode(&self, shared: &[u8]) -> Vec<u8> {
        let mut packet = vec![self.code.0, self.identifier, 0, 0];
        packet.extend_from_slice(&self.authenticator);
        let signature_at = packet.len() + ATTRIBUTE_HEAD_BYTES;
        packet.extend_from_slice(&[Attribute::MESSAGE_AUTHENTICATOR, 18]);
        packet.extend_from_slice(&[0; DIGEST_BYTES]);
        for Attribute { kind, value } in &self.attributes {
            let value = &value[..value.len().min(253)];
            let length = u8::try_from(value.len() + ATTRIBUTE_HEAD_BYTES).unwrap_or(u8::MAX);
            packet.extend_from_slice(&[*kind, length]);
            packet.extend_from_slice(value);
        }
        let length = u16::try_from(packet.len()).unwrap_or(u16::MAX);
        packet[2..4].copy_from_slice(&length.to_be_bytes());
        let signature = hmac_md5(shared, &packet);
        packet[signature_at..signature_at + DIGEST_BYTES].copy_from_slice(&signature);
        packet
    }
}

/// Hides a password (RFC 2865, 5.2); `None` when it is too long.
pub(super) fn hide(password: &[u8], shared: &[u8], authenticator: [u8; DIGEST_BYTES]) -> Option<Vec<u8>> {
    if password.len() > PASSWORD_BYTES_MAX {
        return None;
    }
    let mut hidden = password.to_vec();
    hidden.resize(password.len().max(1).next_multiple_of(DIGEST_BYTES), 0);
    let mut before = authenticator;
    for block in hidden.chunks_mut(DIGEST_BYTES) {
        let mask = md5(&[shared, &before]);
        for (byte, mask) in block.iter_mut().zip(mask) {
            *byte ^= mask;
        }
        before.copy_from_slice(block);
    }
    Some(hidden)
}

/// An answer that is signed with the shared secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reply {
    pub(super) code: Code,
    /// Was it there? If it was, it was right.
    pub(super) has_message_authenticator: bool,
    /// What the server says to people.
    pub(super) message: String,
}

/// Why a datagram is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Defect {
    Malformed,
    Identifier,
    Authenticator,
    MessageAuthenticator,
}

impl Reply {
    /// Reads what came in answer to `request`.
    pub(super) fn read(bytes: &[u8], request: &Request, shared: &[u8]) -> Result<Self, Defect> {
        let &[code, identifier, high, low, ..] = bytes else { return Err(Defect::Malformed) };
        let length = usize::from(u16::from_be_bytes([high, low]));
        // RFC 2865, 3: what is beyond the length is padding.
        let packet = bytes.get(..length).filter(|_| length >= HEAD_BYTES).ok_or(Defect::Malformed)?;
        if identifier != request.identifier {
            return Err(Defect::Identifier);
        }
        let (head, attributes) = packet.split_at(HEAD_BYTES);
        let authenticator = md5(&[&head[..4], &request.authenticator, attributes, shared]);
        if head[4..] != authenticator {
            return Err(Defect::Authenticator);
        }
        let mut reply = Self { code: Code(code), has_message_authenticator: false, message: String::new() };
        let mut at = HEAD_BYTES;
        while at < packet.len() {
            let &[kind, length, ..] = &packet[at..] else { return Err(Defect::Malformed) };
            let end = at + usize::from(length);
            if usize::from(length) < ATTRIBUTE_HEAD_BYTES || end > packet.len() {
                return Err(Defect::Malformed);
            }
            let value_at = at + ATTRIBUTE_HEAD_BYTES;
            match kind {
                Attribute::MESSAGE_AUTHENTICATOR => {
                    if reply.has_message_authenticator || !is_signed(packet, value_at..end, request, shared) {
                        return Err(Defect::MessageAuthenticator);
                    }
                    reply.has_message_authenticator = true;
                }
                Attribute::REPLY_MESSAGE => {
                    reply.message.push_str(&String::from_utf8_lossy(&packet[value_at..end]));
                }
                _ => {}
            }
            at = end;
        }
        Ok(reply)
    }
}

/// RFC 3579, 3.2: over the answer with the question's authenticator and sixteen zeros in place of the signature.
fn is_signed(packet: &[u8], signature: std::ops::Range<usize>, request: &Request, shared: &[u8]) -> bool {
    if signature.len() != DIGEST_BYTES {
        return false;
    }
    let mut unsigned = packet.to_vec();
    unsigned[4..HEAD_BYTES].copy_from_slice(&request.authenticator);
    unsigned[signature.clone()].fill(0);
    hmac_md5(shared, &unsigned) == packet[signature]
}

fn md5(parts: &[&[u8]]) -> [u8; DIGEST_BYTES] {
    let mut digest = Md5::new();
    for part in parts {
        digest.update(part);
    }
    digest.finalize().into()
}

fn hmac_md5(key: &[u8], bytes: &[u8]) -> [u8; DIGEST_BYTES] {
    // An HMAC takes a key of any length; the error that its type allows has no cause.
    let Ok(mut mac) = Hmac::<Md5>::new_from_slice(key) else { return [0; DIGEST_BYTES] };
    mac.update(bytes);
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;

    pub(in super::super) fn unhex(text: &str) -> Vec<u8> {
        let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
        digits
            .chunks(2)
            .map(|two| u8::from_str_radix(std::str::from_utf8(two).unwrap(), 16).unwrap())
            .collect()
    }

    /// An answer as a server makes it.
    pub(in super::super) fn answer(
        code: u8,
        request: &[u8],
        shared: &[u8],
        attributes: &[u8],
        is_signed: bool,
    ) -> Vec<u8> {
        let mut packet = vec![code, request[1], 0, 0];
        packet.extend_from_slice(&request[4..HEAD_BYTES]);
        if is_signed {
            packet.extend_from_slice(&[80, 18]);
            packet.extend_from_slice(&[0; DIGEST_BYTES]);
        }
        packet.extend_from_slice(attributes);
        let length = u16::try_from(packet.len()).unwrap();
        packet[2..4].copy_from_slice(&length.to_be_bytes());
        if is_signed {
            let signature = hmac_md5(shared, &packet);
            packet[22..38].copy_from_slice(&signature);
        }
        let authenticator = md5(&[&packet, shared]);
        packet[4..HEAD_BYTES].copy_from_slice(&authenticator);
        packet
    }

    fn request(identifier: u8, authenticator: &str, code: Code) -> Request {
        let authenticator = unhex(authenticator).try_into().unwrap();
        Request { code, identifier, authenticator, attributes: Vec::new() }
    }

    const SECRET: &[u8] = b"xyzzy5461";

    /// RFC 2865, 7.1: User Telnet to Specified Host.
    #[test]
    fn the_example_of_rfc_2865() {
        let request = request(0, "0f403f9473978057bd83d5cb98f4227a", Code::ACCESS_REQUEST);
        let hidden = hide(b"arctangent", SECRET, request.authenticator).unwrap();
        assert_eq!(hidden, unhex("0dbe708d93d413ce3196e43f782a0aee"));
        let accept =
            unhex("02000026 86fe220e7624ba2a1005f6bf9b55e0b2 060600000001 0f0600000000 0e06c0a80103");
        let reply = Reply::read(&accept, &request, SECRET).unwrap();
        assert_eq!(reply.code, Code::ACCESS_ACCEPT);
        assert!(!reply.has_message_authenticator);
        assert_eq!(Reply::read(&accept, &request, b"other"), Err(Defect::Authenticator));
    }

    /// RFC 5997, 6.1: Minimal Query to Authentication Port.
    #[test]
    fn the_example_of_rfc_5997() {
        let request = request(0xda, "8a54f4686fb394c52866e302185d0623", Code::STATUS_SERVER);
        let query = unhex("0cda0026 8a54f4686fb394c52866e302185d0623 5012 5a665e2e1e8411f3e243822097c84fa3");
        assert_eq!(request.encode(SECRET), query);
        let answer = unhex("02da0014 ef0d552a4bf2d693ec2b6fe8b5411d66");
        assert_eq!(Reply::read(&answer, &request, SECRET).map(|reply| reply.code), Ok(Code::ACCESS_ACCEPT));
    }

    #[test]
    fn what_is_no_answer_says_why() {
        let request = request(7, "000102030405060708090a0b0c0d0e0f", Code::ACCESS_REQUEST);
        let question = request.encode(SECRET);
        let good = answer(3, &question, SECRET, b"\x12\x06nope", true);
        let reply = Reply::read(&good, &request, SECRET).unwrap();
        assert_eq!((reply.code, reply.message.as_str()), (Code::ACCESS_REJECT, "nope"));
        assert!(reply.has_message_authenticator);
        let padded = [good.as_slice(), &[0; 9]].concat();
        assert!(Reply::read(&padded, &request, SECRET).is_ok());
        // Right for whoever looks at the response authenticator only.
        let forged = answer(2, &question, SECRET, &[&[80_u8, 18][..], &[7; 16]].concat(), false);
        let mut other_question = good.clone();
        other_question[1] = 8;
        for (bytes, defect) in [
            (forged, Defect::MessageAuthenticator),
            (answer(2, &question, SECRET, &[80, 3, 0], false), Defect::MessageAuthenticator),
            (other_question, Defect::Identifier),
            (answer(2, &question, b"other", b"", true), Defect::Authenticator),
            (answer(2, &question, SECRET, &[18, 1], false), Defect::Malformed),
            (answer(2, &question, SECRET, &[18, 9, 1], false), Defect::Malformed),
            (answer(2, &question, SECRET, &[18], false), Defect::Malformed),
            (vec![2, 7, 0, 19], Defect::Malformed),
            (vec![2, 7, 0, 20], Defect::Malformed),
            (vec![2], Defect::Malformed),
        ] {
            assert_eq!(Reply::read(&bytes, &request, SECRET), Err(defect), "{bytes:?}");
        }
    }

    #[test]
    fn a_password_that_is_too_long_is_not_sent() {
        assert_eq!(hide(&[b'x'; 128], SECRET, [0; 16]).map(|hidden| hidden.len()), Some(128));
        assert_eq!(hide(&[b'x'; 129], SECRET, [0; 16]), None);
    }

    proptest! {
        #[test]
        fn anything_is_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let request = request(1, "000102030405060708090a0b0c0d0e0f", Code::ACCESS_REQUEST);
            prop_assert!(Reply::read(&bytes, &request, SECRET).is_err());
            let question = request.encode(SECRET);
            // Attributes of any kind under a right authenticator.
            let _ = Reply::read(&answer(2, &question, SECRET, &bytes, true), &request, SECRET);
        }
    }
}
