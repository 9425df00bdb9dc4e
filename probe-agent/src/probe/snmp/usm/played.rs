//! The other side, for tests that are devices.

use super::super::super::ber::{OCTETS, Reader, SEQUENCE};
use super::super::message;
use super::Engine;
use super::head::{ENCRYPTED, Head, SIGNED};

/// What a request is, and what is said in return.
#[derive(Debug, Clone)]
pub(in super::super) struct Agent(pub(in super::super) Engine);

/// What an [`Agent`] has heard.
pub(in super::super) struct Asked {
    pub(in super::super) message: i32,
    pub(in super::super) is_signed: bool,
    pub(in super::super) boots: i32,
    /// When it is signed by the agent's keys and decrypted.
    pub(in super::super) pdu: Option<message::Pdu>,
}

impl Agent {
    pub(in super::super) fn hear(&self, request: &[u8]) -> Asked {
        let head = Head::of(request).unwrap();
        let (before, after) = head.around_signature(request).unwrap();
        let blank = vec![0; head.signature.len()];
        let is_ours =
            head.engine == self.0.id && self.0.keys.is_signature(head.signature, &[before, &blank, after]);
        let pdu = is_ours.then(|| {
            let salt = head.salt.try_into().unwrap();
            let plain = self.0.keys.decrypt(head.boots, head.time, salt, head.data.1).unwrap();
            let mut parts = Reader::new(Reader::new(&plain).expect(SEQUENCE).unwrap());
            let (_engine, _context) = (parts.expect(OCTETS).unwrap(), parts.expect(OCTETS).unwrap());
            message::Pdu::read(parts.next().unwrap().unwrap().1).unwrap()
        });
        Asked { message: head.message, is_signed: head.flags & SIGNED != 0, boots: head.boots, pdu }
    }

    pub(in super::super) fn tell_in_clear(&self, message: i32, pdu: &[u8]) -> Vec<u8> {
        self.0.wrap(0, message, pdu).unwrap()
    }

    pub(in super::super) fn tell_signed(&self, message: i32, pdu: &[u8]) -> Vec<u8> {
        self.0.wrap(SIGNED, message, pdu).unwrap()
    }

    pub(in super::super) fn tell_encrypted(&self, message: i32, pdu: &[u8]) -> Vec<u8> {
        self.0.wrap(SIGNED | ENCRYPTED, message, pdu).unwrap()
    }
}
