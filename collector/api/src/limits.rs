//! Every bound of the protocol. A sender stays below all; a receiver enforces those that bound its
//! work, and `PROTOCOL.md` says how each.

/// One request body on the wire, bytes.
pub const BATCH_WIRE_BYTES_MAX: usize = 1 << 20;
/// One batch's groups after decompression, bytes.
pub const BATCH_BODY_BYTES_MAX: usize = 4 << 20;
/// Records in one batch; a group without any counts as one.
pub const BATCH_RECORDS_MAX: usize = 5_000;
/// The window a decompressor must accept, as log2 bytes (RFC 9659 asks for at most 8 MiB).
pub const ZSTD_WINDOW_LOG_MAX: u32 = 23;
/// One encoded group, bytes.
pub const GROUP_BYTES_MAX: usize = 256 << 10;
/// Records in one group.
pub const GROUP_RECORDS_MAX: usize = 2_000;
/// Evidence of one sample, bytes; a longer one is dropped by the sender, never the sample.
pub const EVIDENCE_BYTES_MAX: usize = 2 << 10;
/// Free text inside evidence, bytes.
pub const DETAIL_BYTES_MAX: usize = 256;
/// Entries of one CONFIG record; a longer dictionary takes several records, a longer record is read as LOST.
pub const CONFIG_ENTRIES_MAX: usize = 1_000;
/// Checks one agent may be assigned.
pub const CHECKS_MAX: usize = 50_000;
/// A hello, an enrolment or any answer other than an assignment, bytes.
pub const MESSAGE_BYTES_MAX: usize = 64 << 10;
/// A signed assignment, bytes.
pub const ASSIGNMENT_BYTES_MAX: usize = 32 << 20;
/// Sequence numbers one batch may cover, LOST included.
pub const BATCH_SPAN_MAX: u64 = 1 << 40;
/// Planned windows one answer tells of.
pub const PLANNED_MAX: usize = 8;
/// Streams one agent may open before an operator looks.
pub const STREAMS_PER_AGENT_MAX: usize = 1_000;
