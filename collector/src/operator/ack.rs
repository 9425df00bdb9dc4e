//! Who takes charge: `/acts/ack`.

use serde::{Deserialize, Serialize};

/// `POST /acts/ack`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AckQuestion {
    /// The number of an open incident.
    pub incident: u64,
}

/// Who is in charge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AckAnswer {
    /// Of which incident.
    pub incident: u64,
    /// Who, from the socket's peer.
    pub author: String,
}
