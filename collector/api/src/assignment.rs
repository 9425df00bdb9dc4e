//! What the collector wants an agent to run. Signed, so that the agent can keep it on disk.

use prost::Message as _;

use crate::{PublicKey, Signature, SigningKey};

const ASSIGNMENT_TAG: &[u8] = b"vedetta/assignment/v1\0";

/// The checks of one agent.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Assignment {
    /// Grows with every change; an agent refuses a lower one than it has.
    #[prost(uint64, tag = "1")]
    pub revision: u64,
    /// For whom; an agent refuses another's.
    #[prost(string, tag = "2")]
    pub agent: String,
    /// Each a JSON value of `config::CheckSpec`, decoded on its own, so that an unknown kind fails alone.
    #[prost(string, repeated, tag = "3")]
    pub checks: Vec<String>,
    /// Each a JSON value of `config::Canary`.
    #[prost(string, repeated, tag = "4")]
    pub canaries: Vec<String>,
}

/// An encoded [`Assignment`] with the collector's signature over exactly these bytes.
#[derive(Clone, PartialEq, prost::Message)]
pub struct SignedAssignment {
    /// The encoded assignment.
    #[prost(bytes = "vec", tag = "1")]
    pub assignment: Vec<u8>,
    /// Over the tag and the bytes.
    #[prost(bytes = "vec", tag = "2")]
    pub signature: Vec<u8>,
}

impl SignedAssignment {
    /// Encodes and signs.
    pub fn sign(assignment: &Assignment, key: &SigningKey) -> Self {
        let assignment = assignment.encode_to_vec();
        let signature = key.sign(&preimage(&assignment)).0.to_vec();
        Self { assignment, signature }
    }

    /// The assignment, if `collector` signed it and it is `agent`'s; else a sentence that says why not.
    pub fn open(&self, collector: &PublicKey, agent: &str) -> Result<Assignment, &'static str> {
        let signature = Signature::from_slice(&self.signature).ok_or("the signature is not 64 bytes")?;
        if !collector.verifies(&preimage(&self.assignment), &signature) {
            return Err("the collector did not sign this assignment");
        }
        let assignment =
            Assignment::decode(self.assignment.as_slice()).map_err(|_| "the assignment cannot be decoded")?;
        if assignment.agent != agent {
            return Err("the assignment is for another agent");
        }
        Ok(assignment)
    }
}

fn preimage(assignment: &[u8]) -> Vec<u8> {
    [ASSIGNMENT_TAG, assignment].concat()
}
