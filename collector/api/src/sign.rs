//! Ed25519 keys, and the exact bytes each signature covers.
//!
//! Every preimage begins with a domain tag that ends in NUL, so that a signature made for one
//! purpose can never be shown for another. Variable fields are prefixed by their length.

use ring::digest;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};

use crate::{Chain, ClockReading, StreamId};

const BATCH_TAG: &[u8] = b"vedetta/batch/v1\0";
const REQUEST_TAG: &[u8] = b"vedetta/request/v1\0";
const ANSWER_TAG: &[u8] = b"vedetta/answer/v1\0";

/// A signature, 64 bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Signature(pub [u8; 64]);

impl Signature {
    /// Reads a message field; `None` unless it has 64 bytes.
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }
}

impl std::fmt::Debug for Signature {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Signature({})", crate::hex_encode(&self.0))
    }
}

/// Who an agent, or the collector, is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicKey(pub [u8; 32]);

impl PublicKey {
    /// Reads a message field; `None` unless it has 32 bytes.
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// Did the holder of this key sign `preimage`?
    #[must_use]
    pub fn verifies(&self, preimage: &[u8], signature: &Signature) -> bool {
        UnparsedPublicKey::new(&ED25519, &self.0).verify(preimage, &signature.0).is_ok()
    }
}

impl std::fmt::Display for PublicKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&crate::hex_encode(&self.0))
    }
}

impl std::fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PublicKey({self})")
    }
}

/// A private key. Made from 32 random bytes that the caller keeps in a file of mode 0600.
pub struct SigningKey(Ed25519KeyPair);

impl SigningKey {
    /// The key of a 32-byte seed; `None` for any other length.
    pub fn from_seed(seed: &[u8]) -> Option<Self> {
        Ed25519KeyPair::from_seed_unchecked(seed).ok().map(Self)
    }

    /// The half that may be shown.
    pub fn public(&self) -> PublicKey {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(self.0.public_key().as_ref());
        PublicKey(bytes)
    }

    /// Signs one of this module's preimages.
    pub fn sign(&self, preimage: &[u8]) -> Signature {
        let mut bytes = [0; 64];
        bytes.copy_from_slice(self.0.sign(preimage).as_ref());
        Signature(bytes)
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SigningKey(of {})", self.public())
    }
}

/// What an agent signs of a batch: the newest signature attests all groups before it.
pub fn batch_preimage(stream: StreamId, last_seq: u64, chain: Chain, clock: &ClockReading) -> Vec<u8> {
    let mut bytes = BATCH_TAG.to_vec();
    bytes.extend_from_slice(&stream.0);
    bytes.extend_from_slice(&last_seq.to_be_bytes());
    bytes.extend_from_slice(&chain.0);
    bytes.extend_from_slice(&clock.sent_ms.to_be_bytes());
    bytes.extend_from_slice(&clock.offset_ms.to_be_bytes());
    bytes.extend_from_slice(&clock.rtt_ms.to_be_bytes());
    bytes.extend_from_slice(&clock.ntp_error_ms.to_be_bytes());
    bytes
}

/// What an agent signs of any other request. `challenge` is the collector's, `nonce` the agent's.
pub fn request_preimage(method: &str, path: &str, nonce: &[u8], challenge: &[u8], body: &[u8]) -> Vec<u8> {
    let mut bytes = REQUEST_TAG.to_vec();
    for part in [method.as_bytes(), path.as_bytes(), nonce, challenge] {
        push_field(&mut bytes, part);
    }
    bytes.extend_from_slice(digest::digest(&digest::SHA256, body).as_ref());
    bytes
}

/// What the collector signs of every answer. `nonce` is the request's, so that no old answer fits.
pub fn answer_preimage(path: &str, nonce: &[u8], status: u16, body: &[u8]) -> Vec<u8> {
    let mut bytes = ANSWER_TAG.to_vec();
    for part in [path.as_bytes(), nonce] {
        push_field(&mut bytes, part);
    }
    bytes.extend_from_slice(&status.to_be_bytes());
    bytes.extend_from_slice(digest::digest(&digest::SHA256, body).as_ref());
    bytes
}

/// Length (u32, big endian), then the bytes.
pub(crate) fn push_field(bytes: &mut Vec<u8>, part: &[u8]) {
    let length = u32::try_from(part.len()).unwrap_or(u32::MAX);
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend_from_slice(part);
}
