//! The requests around batches: routes, headers, hello, answers and refusals.

/// A route of the agents' listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    /// `GET`: a fresh challenge, unsigned both ways but for the answer.
    Challenge,
    /// `POST` [`crate::EnrolRequest`] → [`crate::EnrolAnswer`].
    Enrol,
    /// `POST` [`Hello`] → [`HelloAnswer`].
    Hello,
    /// `POST` [`crate::Batch`] → [`BatchAnswer`].
    Batches,
    /// `GET` → [`crate::SignedAssignment`].
    Assignment,
}

impl Route {
    /// The path; the version is part of it.
    pub const fn path(self) -> &'static str {
        match self {
            Self::Challenge => "/v1/challenge",
            Self::Enrol => "/v1/enrol",
            Self::Hello => "/v1/hello",
            Self::Batches => "/v1/batches",
            Self::Assignment => "/v1/assignment",
        }
    }

    /// The method.
    pub const fn method(self) -> &'static str {
        match self {
            Self::Challenge | Self::Assignment => "GET",
            Self::Enrol | Self::Hello | Self::Batches => "POST",
        }
    }
}

/// Names of the headers. Binary values are lower-case hexadecimal.
pub mod header {
    /// The agent's id, on every request but challenge and enrol.
    pub const AGENT: &str = "vedetta-agent";
    /// 16 random bytes per request; the answer's signature covers them.
    pub const NONCE: &str = "vedetta-nonce";
    /// The collector's challenge this request answers (hello, assignment).
    pub const CHALLENGE: &str = "vedetta-challenge";
    /// The agent's signature of a request, the collector's of an answer.
    pub const SIGNATURE: &str = "vedetta-signature";
}

/// Where the journal stands: rides on every signed answer, so that agents witness it.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct JournalHead {
    /// Grows when a journal is restored from a copy.
    #[prost(uint64, tag = "1")]
    pub epoch: u64,
    /// Entries so far.
    #[prost(uint64, tag = "2")]
    pub seq: u64,
    /// SHA-256 of the newest entry; empty when there is none.
    #[prost(bytes = "vec", tag = "3")]
    pub hash: Vec<u8>,
}

/// Planned work on everything, `[from_ms, to_ms)`: the collector itself may be away in it.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub struct PlannedWindow {
    /// Unix ms, the collector's clock.
    #[prost(sint64, tag = "1")]
    pub from_ms: i64,
    /// Unix ms.
    #[prost(sint64, tag = "2")]
    pub to_ms: i64,
}

/// Sent after every start, reconnect or 409.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Hello {
    /// A [`crate::StreamId`].
    #[prost(bytes = "vec", tag = "1")]
    pub stream: Vec<u8>,
    /// The newest number that is durable on the agent; 0 for none.
    #[prost(uint64, tag = "2")]
    pub last_seq: u64,
    /// The highest number the agent knows as acknowledged; 0 for none.
    #[prost(uint64, tag = "3")]
    pub acked_seq: u64,
    /// The agent's wall clock, Unix ms.
    #[prost(sint64, tag = "4")]
    pub sent_ms: i64,
    /// The agent's version.
    #[prost(string, tag = "5")]
    pub version: String,
    /// The assignment it runs; 0 for none.
    #[prost(uint64, tag = "6")]
    pub assignment_revision: u64,
    /// Checks of it the agent cannot run, with the reason, as `check: reason`.
    #[prost(string, repeated, tag = "7")]
    pub refused_checks: Vec<String>,
    /// Bytes in the spool.
    #[prost(uint64, tag = "8")]
    pub spool_bytes: u64,
    /// The journal head the agent remembers.
    #[prost(message, optional, tag = "9")]
    pub journal: Option<JournalHead>,
}

/// What the collector knows of the stream.
#[derive(Clone, PartialEq, prost::Message)]
pub struct HelloAnswer {
    /// The high-water mark: every number up to here is durable; 0 for none.
    #[prost(uint64, tag = "1")]
    pub acked_seq: u64,
    /// The chain value at the mark.
    #[prost(bytes = "vec", tag = "2")]
    pub chain: Vec<u8>,
    /// When the request arrived, the collector's clock, Unix ms.
    #[prost(sint64, tag = "3")]
    pub received_ms: i64,
    /// When this answer left.
    #[prost(sint64, tag = "4")]
    pub sent_ms: i64,
    /// The newest assignment for this agent; 0 for none.
    #[prost(uint64, tag = "5")]
    pub assignment_revision: u64,
    /// Where the journal stands.
    #[prost(message, optional, tag = "6")]
    pub journal: Option<JournalHead>,
    /// The hash of the entry whose number the hello remembered; empty when there is none such.
    #[prost(bytes = "vec", tag = "7")]
    pub journal_then: Vec<u8>,
    /// Those that are not over, the soonest first; at most [`crate::limits::PLANNED_MAX`].
    #[prost(message, repeated, tag = "8")]
    pub planned: Vec<PlannedWindow>,
}

/// The batch is durable in the store.
#[derive(Clone, PartialEq, prost::Message)]
pub struct BatchAnswer {
    /// The high-water mark after it.
    #[prost(uint64, tag = "1")]
    pub acked_seq: u64,
    /// The chain value at the mark.
    #[prost(bytes = "vec", tag = "2")]
    pub chain: Vec<u8>,
    /// When the request arrived, the collector's clock, Unix ms.
    #[prost(sint64, tag = "3")]
    pub received_ms: i64,
    /// When this answer left.
    #[prost(sint64, tag = "4")]
    pub sent_ms: i64,
    /// The newest assignment for this agent; 0 for none.
    #[prost(uint64, tag = "5")]
    pub assignment_revision: u64,
    /// Where the journal stands.
    #[prost(message, optional, tag = "6")]
    pub journal: Option<JournalHead>,
    /// Those that are not over, the soonest first; at most [`crate::limits::PLANNED_MAX`].
    #[prost(message, repeated, tag = "7")]
    pub planned: Vec<PlannedWindow>,
}

/// The body of every answer that is not 200.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Refusal {
    /// A sentence for the log of who asked.
    #[prost(string, tag = "1")]
    pub message: String,
    /// With 409: the number the collector expects next.
    #[prost(uint64, tag = "2")]
    pub expected_seq: u64,
    /// With 409: the chain value at the mark.
    #[prost(bytes = "vec", tag = "3")]
    pub chain: Vec<u8>,
    /// With 401: a challenge to answer instead.
    #[prost(bytes = "vec", tag = "4")]
    pub challenge: Vec<u8>,
}
