//! How an agent and the collector learn each other's key: one line, usable once.

use prost::Message as _;
use thiserror::Error;

use crate::{PublicKey, Signature, SigningKey};

const ENROL_TAG: &[u8] = b"vedetta/enrol/v1\0";
const LINE_PREFIX: &str = "vedetta1:";

/// What `vedetta agent add` prints, and `vedetta-agent enrol` reads from its standard input.
#[derive(Clone, PartialEq, prost::Message)]
pub struct EnrolLine {
    /// Where the collector listens, `host:port`, in order of preference.
    #[prost(string, repeated, tag = "1")]
    pub addresses: Vec<String>,
    /// The certificate (DER) of the collector's own authority, the only one the agent will trust.
    #[prost(bytes = "vec", tag = "2")]
    pub authority: Vec<u8>,
    /// The collector's [`PublicKey`].
    #[prost(bytes = "vec", tag = "3")]
    pub collector: Vec<u8>,
    /// The agent's id in the charter.
    #[prost(string, tag = "4")]
    pub agent: String,
    /// 32 random bytes, good once and for a quarter of an hour.
    #[prost(bytes = "vec", tag = "5")]
    pub code: Vec<u8>,
    /// The name in the collector's certificate.
    #[prost(string, tag = "6")]
    pub server_name: String,
}

/// Why a text is not an enrolment line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error(
    "this is not an enrolment line; copy the whole line that `vedetta agent add` printed, from `vedetta1:` on"
)]
pub struct EnrolLineError;

impl EnrolLine {
    /// The line as printed.
    pub fn to_line(&self) -> String {
        format!("{LINE_PREFIX}{}", crate::hex_encode(&self.encode_to_vec()))
    }

    /// Reads a printed line; surrounding white space does not matter.
    pub fn from_line(line: &str) -> Result<Self, EnrolLineError> {
        let digits = line.trim().strip_prefix(LINE_PREFIX).ok_or(EnrolLineError)?;
        let bytes = crate::hex_decode(digits).ok_or(EnrolLineError)?;
        let line = Self::decode(bytes.as_slice()).map_err(|_| EnrolLineError)?;
        let whole = !line.addresses.is_empty() && line.collector.len() == 32 && line.code.len() == 32;
        if whole { Ok(line) } else { Err(EnrolLineError) }
    }
}

/// The agent shows the code and proves that it holds its own key.
#[derive(Clone, PartialEq, prost::Message)]
pub struct EnrolRequest {
    /// The agent's id.
    #[prost(string, tag = "1")]
    pub agent: String,
    /// The line's code.
    #[prost(bytes = "vec", tag = "2")]
    pub code: Vec<u8>,
    /// The agent's own [`PublicKey`].
    #[prost(bytes = "vec", tag = "3")]
    pub public_key: Vec<u8>,
    /// Over tag, agent, code and key: possession of the private half.
    #[prost(bytes = "vec", tag = "4")]
    pub proof: Vec<u8>,
    /// The agent's version.
    #[prost(string, tag = "5")]
    pub version: String,
}

impl EnrolRequest {
    /// A request of `agent` with `code`, proven by `key`.
    pub fn new(agent: &str, code: &[u8], version: &str, key: &SigningKey) -> Self {
        let public = key.public();
        let proof = key.sign(&preimage(agent, code, &public)).0.to_vec();
        Self {
            agent: agent.to_owned(),
            code: code.to_vec(),
            public_key: public.0.to_vec(),
            proof,
            version: version.to_owned(),
        }
    }

    /// The key, if the request proves that its sender holds it.
    pub fn proven_key(&self) -> Option<PublicKey> {
        let key = PublicKey::from_slice(&self.public_key)?;
        let proof = Signature::from_slice(&self.proof)?;
        key.verifies(&preimage(&self.agent, &self.code, &key), &proof).then_some(key)
    }
}

/// The agent is enrolled. The answer's signature is the proof of the collector's key.
#[derive(Clone, PartialEq, prost::Message)]
pub struct EnrolAnswer {
    /// The agent's id, as the collector recorded it.
    #[prost(string, tag = "1")]
    pub agent: String,
}

fn preimage(agent: &str, code: &[u8], key: &PublicKey) -> Vec<u8> {
    let mut bytes = ENROL_TAG.to_vec();
    for part in [agent.as_bytes(), code, &key.0] {
        crate::sign::push_field(&mut bytes, part);
    }
    bytes
}
