//! What ends by itself, unless somebody renews it: `GET /api/v1/certificates`.

use serde::{Deserialize, Serialize};

/// `GET /api/v1/certificates`: what ends first stands first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certificates {
    /// When this was computed, Unix ms.
    pub now_ms: i64,
    /// The same as ISO 8601 in UTC.
    pub now: String,
    /// Each certificate that checks of the charter were shown in the last thirty days, once, whoever serves it.
    pub certificates: Vec<Certificate>,
    /// Each domain that a check watches.
    pub registrations: Vec<Registration>,
}

/// One certificate of a server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certificate {
    /// SHA-256 of its DER, hexadecimal.
    pub fingerprint: String,
    /// Whom it is for: its names, or its subject where it has none.
    pub names: String,
    /// Who signed it, as it says.
    pub issuer: String,
    /// Begin of its validity, Unix ms; null when agents did not tell.
    pub not_before_ms: Option<i64>,
    /// End of its validity, Unix ms.
    pub not_after_ms: i64,
    /// The soonest end on the path to its authority, its own included, Unix ms: then it serves no more.
    pub ends_ms: i64,
    /// Whose certificate above ends sooner than it; null when none does.
    pub ended_by: Option<String>,
    /// Whole days from now to `ends_ms`, rounded down; negative from the end on.
    pub days_left: i64,
    /// Is less left than 21 days, or than a quarter of its lifetime where that is less?
    pub warn: bool,
    /// Did chain, name and dates verify wherever it was seen?
    pub verified: bool,
    /// When it was seen last, Unix ms.
    pub last_seen_ms: i64,
    /// By whom.
    pub seen: Vec<Seen>,
}

/// Until when a domain is registered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registration {
    /// Which.
    pub domain: String,
    /// When it ends, Unix ms; null when neither registry nor charter tells.
    pub ends_ms: Option<i64>,
    /// Whole days from now to the end, rounded down; negative from the end on.
    pub days_left: Option<i64>,
    /// Does the charter say the end, because no registry told it?
    pub by_charter: bool,
    /// Is less left than the check's `renew_before`, or the end unknown?
    pub warn: bool,
    /// When a registry told the end last, Unix ms.
    pub last_seen_ms: Option<i64>,
    /// By whom.
    pub seen: Vec<Seen>,
}

/// Who saw it, and when last.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Seen {
    /// The check.
    pub check: String,
    /// The agent.
    pub agent: String,
    /// When its newest evidence told of it, Unix ms; at most an hour old while all goes well.
    pub seen_ms: i64,
}
