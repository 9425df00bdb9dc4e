//! One SHA-256 value per group, each over the one before it: `chain_n = H(chain_{n-1} ‖ group)`.

use ring::digest::{Context, SHA256};

/// Domain tag of a stream's first chain value.
const GENESIS_TAG: &[u8] = b"vedetta/stream/v1\0";

/// The chain value after some group. Equal values mean equal histories.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Chain(pub [u8; 32]);

impl Chain {
    /// The value before a stream's first group: `SHA-256("vedetta/stream/v1\0" ‖ stream)`.
    pub fn genesis(stream: crate::StreamId) -> Self {
        Self::hash(&[GENESIS_TAG, &stream.0])
    }

    /// The value after `group`, over the bytes that are sent.
    #[must_use]
    pub fn extend(self, group: &[u8]) -> Self {
        Self::hash(&[&self.0, group])
    }

    /// Reads a message field; `None` unless it has 32 bytes.
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    fn hash(parts: &[&[u8]]) -> Self {
        let mut context = Context::new(&SHA256);
        for part in parts {
            context.update(part);
        }
        let mut value = [0; 32];
        value.copy_from_slice(context.finish().as_ref());
        Self(value)
    }
}

impl std::fmt::Display for Chain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&crate::hex_encode(&self.0))
    }
}

impl std::fmt::Debug for Chain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Chain({self})")
    }
}
