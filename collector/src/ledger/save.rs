//! What the store lacks of the derived, stream by stream.
//!
//! A short cut for the next start and never a truth: whoever writes it does so apart from batches and the
//! journal, so that nothing that goes wrong here can keep those from being accepted.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use collector_api::StreamId;
use collector_derive::encode_runs;

use super::{Derived, Ledger, RUNS_A_PACK, words_of};
use crate::store::{RunsRow, Write};

/// To be written in one transaction.
#[derive(Debug, Default)]
pub struct Checkpoint {
    /// Of every stream that could be encoded.
    pub writes: Vec<Write>,
    /// Streams that could not be, and why: nothing of them is among `writes`.
    pub defects: Vec<(StreamId, String)>,
}

impl Ledger {
    /// What the store lacks of the derived; [`Ledger::checkpointed`] when it has it.
    ///
    /// Of a stale stream nothing is written: its packs and its checkpoint must stay of one instant.
    pub fn checkpoint(&self) -> Checkpoint {
        let mut checkpoint = Checkpoint::default();
        let behind: BTreeSet<&StreamId> =
            self.forgotten.iter().chain(self.grown.keys()).chain(&self.changed).collect();
        for &stream in behind {
            let Some(derived) = self.streams.get(&stream).filter(|derived| derived.stale.is_none()) else {
                continue;
            };
            match catch_unwind(AssertUnwindSafe(|| self.writes_of(stream, derived))) {
                Ok(writes) => checkpoint.writes.extend(writes),
                Err(panic) => {
                    let reason = format!("its checkpoint cannot be made: {}", words_of(panic.as_ref()));
                    checkpoint.defects.push((stream, reason));
                }
            }
        }
        checkpoint
    }

    /// The last [`Ledger::checkpoint`] is in the store.
    pub fn checkpointed(&mut self) {
        self.forgotten.clear();
        self.grown.clear();
        self.changed.clear();
    }

    fn writes_of(&self, stream: StreamId, derived: &Derived) -> Vec<Write> {
        let mut writes = Vec::new();
        if self.forgotten.contains(&stream) {
            writes.push(Write::ForgetDerived(stream));
        }
        for (check, place) in self.grown.get(&stream).into_iter().flatten() {
            let streams = self.runs.streams(check, &derived.agent);
            let Some(runs) = streams.iter().find(|runs| runs.stream == stream) else { continue };
            let packed =
                usize::try_from(*place).ok().and_then(|place| runs.closed.chunks(RUNS_A_PACK).nth(place));
            let (check, place, runs) = (check.clone(), *place, encode_runs(packed.unwrap_or_default()));
            writes.push(Write::Runs(RunsRow { check, stream, place, runs }));
        }
        if self.changed.contains(&stream) {
            writes.push(Write::Checkpoint(stream, (self.codec.encode)(&derived.state)));
        }
        writes
    }
}
