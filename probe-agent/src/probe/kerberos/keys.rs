//! Keys of Kerberos: the two AES types of RFC 3962, which is what domains have used since 2008.
//!
//! RC4 is not spoken on purpose: who has nothing else is told so (`krb.etype`). Deriving a key of a password takes
//! some milliseconds of one core, each time that somebody logs in.

use collector_api::Reason;
use picky_krb::crypto::{ChecksumSuite, CipherSuite};

use crate::probe::Fault;

/// What a key is for (RFC 4120, 7.5.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Usage {
    /// The timestamp before a ticket is given.
    Timestamp = 1,
    /// The answer with the first ticket.
    AsReply = 3,
    /// The checksum of a question for a service.
    TgsChecksum = 6,
    /// The authenticator of a question for a service.
    TgsAuthenticator = 7,
    /// The answer with a service's ticket.
    TgsReply = 8,
}

/// A kind of encryption.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Etype {
    Aes256,
    Aes128,
}

impl Etype {
    /// The better first.
    pub(super) const ALL: [Self; 2] = [Self::Aes256, Self::Aes128];
    /// The obsolete one that is asked about, so that its being alone is seen.
    pub(super) const RC4: i64 = 23;

    /// RFC 3962, 7.
    pub(super) const fn number(self) -> i64 {
        match self {
            Self::Aes256 => 18,
            Self::Aes128 => 17,
        }
    }

    pub(super) fn of(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|etype| etype.number() == number)
    }

    const fn key_bytes(self) -> usize {
        match self {
            Self::Aes256 => 32,
            Self::Aes128 => 16,
        }
    }

    const fn cipher(self) -> CipherSuite {
        match self {
            Self::Aes256 => CipherSuite::Aes256CtsHmacSha196,
            Self::Aes128 => CipherSuite::Aes128CtsHmacSha196,
        }
    }
}

/// A key that is never shown.
pub(super) struct Key {
    pub(super) etype: Etype,
    bytes: Vec<u8>,
}

impl Key {
    /// A key that a server gave out; `None` when it is not of its kind's length.
    pub(super) fn new(etype: Etype, bytes: &[u8]) -> Option<Self> {
        (bytes.len() == etype.key_bytes()).then(|| Self { etype, bytes: bytes.to_vec() })
    }

    /// RFC 3962, 4, with the usual 4096 rounds.
    pub(super) fn of_password(etype: Etype, password: &str, salt: &[u8]) -> Result<Self, Fault> {
        let bytes = etype.cipher().cipher().generate_key_from_password(password.as_bytes(), salt);
        bytes.map(|bytes| Self { etype, bytes }).map_err(|error| internal(&error))
    }

    pub(super) fn encrypt(&self, usage: Usage, plain: &[u8]) -> Result<Vec<u8>, Fault> {
        self.etype
            .cipher()
            .cipher()
            .encrypt(&self.bytes, usage as i32, plain)
            .map_err(|error| internal(&error))
    }

    /// `None` when it was not encrypted with this key, or was changed.
    pub(super) fn decrypt(&self, usage: Usage, encrypted: &[u8]) -> Option<Vec<u8>> {
        self.etype.cipher().cipher().decrypt(&self.bytes, usage as i32, encrypted).ok()
    }

    /// The checksum's type (RFC 3962, 7) and value.
    pub(super) fn checksum(&self, usage: Usage, bytes: &[u8]) -> Result<(i64, Vec<u8>), Fault> {
        let (number, suite) = match self.etype {
            Etype::Aes256 => (16, ChecksumSuite::HmacSha196Aes256),
            Etype::Aes128 => (15, ChecksumSuite::HmacSha196Aes128),
        };
        let checksum = suite.hasher().checksum(&self.bytes, usage as i32, bytes);
        checksum.map(|checksum| (number, checksum)).map_err(|error| internal(&error))
    }
}

fn internal(error: &picky_krb::crypto::KerberosCryptoError) -> Fault {
    Fault::new(Reason::AgentInternal, error.to_string())
}
