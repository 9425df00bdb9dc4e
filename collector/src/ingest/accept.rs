//! The accept rule: pure, so that every case is a row of a table.
//!
//! A fork is claimed only by what the agent signed: the chain value after the batch, at a number where
//! another one is stored. `first_seq` and `chain_before` are unsigned, and whoever stands in between
//! can set them; that they do not fit the mark says only that this batch does not follow it.

use collector_api::{Chain, Header};

use crate::store::Mark;

/// What becomes of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is durable; the stream's mark.
    Acknowledged(Mark),
    /// It does not follow the mark: send from the number after it.
    Expected(Mark),
    /// The agent signed another history of these numbers than the one that was accepted.
    Fork(Mark),
    /// The stream is another agent's.
    Foreign,
    /// The agent has opened [`collector_api::limits::STREAMS_PER_AGENT_MAX`] streams.
    TooManyStreams,
}

/// The accept rule, for a batch `first_seq..=last_seq` that begins with `before`.
///
/// `stored_chain` is the chain after the stored batch that ends at `last_seq`, if there is one.
pub fn decide(
    mark: Mark,
    first_seq: u64,
    header: &Header,
    last_seq: u64,
    stored_chain: Option<Chain>,
) -> Verdict {
    if last_seq <= mark.last_seq {
        let same = stored_chain.is_none_or(|chain| chain == header.after);
        return if same { Verdict::Acknowledged(mark) } else { Verdict::Fork(mark) };
    }
    if first_seq != mark.last_seq + 1 || header.before != mark.chain {
        return Verdict::Expected(mark);
    }
    Verdict::Acknowledged(Mark { last_seq, chain: header.after })
}
