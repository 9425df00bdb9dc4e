//! From the store: its checkpoint, and the batches after it.
//!
//! What a checkpoint cannot give, the batches do: one that cannot be read, or whose reading panics, costs
//! a replay of its stream and nothing else.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};

use collector_api::StreamId;
use collector_derive::{Run, StreamState, decode_runs};
use config::CheckId;
use tracing::{info, warn};

use super::{Derived, Ledger, RUNS_A_PACK, Step, words_of};
use crate::store::{BatchRow, RunsRow, Store, StoreError, StreamRow};

impl Ledger {
    /// From the checkpoint and the batches after it.
    pub fn load(store: &dyn Store, step: Step) -> Result<Self, StoreError> {
        let mut ledger = Self::new(step);
        ledger.load_all(store)?;
        Ok(ledger)
    }

    /// From the batches alone, as if there had never been a checkpoint.
    pub fn rebuild(store: &dyn Store, step: Step) -> Result<Self, StoreError> {
        let mut ledger = Self::new(step);
        for row in store.streams()? {
            ledger.load_stream(store, &row, Stored::default())?;
        }
        ledger.show();
        Ok(ledger)
    }

    /// Every stream of the store into an empty ledger.
    pub(crate) fn load_all(&mut self, store: &dyn Store) -> Result<(), StoreError> {
        let mut packs: BTreeMap<StreamId, Vec<RunsRow>> = BTreeMap::new();
        for pack in store.runs()? {
            packs.entry(pack.stream).or_default().push(pack);
        }
        let mut states: BTreeMap<StreamId, Vec<u8>> = store.checkpoints()?.into_iter().collect();
        for row in store.streams()? {
            let packs = packs.remove(&row.stream).unwrap_or_default();
            let stored = Stored { state: states.remove(&row.stream), packs };
            self.load_stream(store, &row, stored)?;
        }
        self.show();
        Ok(())
    }

    /// One stream into an empty ledger, with what is stored of it alone. The error says why it is stale.
    pub fn load_alone(mut self, store: &dyn Store, row: &StreamRow) -> Result<Self, String> {
        let stored = Stored::of(store, row.stream).map_err(|error| error.to_string())?;
        self.load_stream(store, row, stored).map_err(|error| error.to_string())?;
        if let Some((_, _, reason)) = self.stale().next() {
            return Err(reason.to_owned());
        }
        // One that cannot be written would be stale again within a minute.
        match self.checkpoint().defects.pop() {
            Some((_, reason)) => Err(reason),
            None => Ok(self),
        }
    }

    pub(super) fn load_stream(
        &mut self,
        store: &dyn Store,
        row: &StreamRow,
        stored: Stored,
    ) -> Result<(), StoreError> {
        let (stream, agent) = (row.stream, &row.agent);
        let decoded = catch_unwind(AssertUnwindSafe(|| stored.decode(self.codec.decode)));
        let (state, unpacked) = match decoded {
            Ok(Decoded::Whole(state, unpacked)) => (*state, unpacked),
            Ok(Decoded::None) => self.forget(row),
            Ok(Decoded::Torn) => {
                warn!(%stream, %agent, "stored runs cannot be read; they are derived again from the groups");
                self.forget(row)
            }
            Err(panic) => {
                let reason = words_of(panic.as_ref());
                warn!(%stream, %agent, reason, "a checkpoint cannot be read; the stream is derived again from its groups");
                self.forget(row)
            }
        };
        self.streams.insert(stream, Derived { agent: agent.clone(), state, stale: None });
        self.unshown.insert(stream);
        for (check, runs) in unpacked {
            if let Some(known) = self.runs_of(&check, stream) {
                known.closed.extend(runs);
            }
        }
        self.replay(store, row)
    }

    fn forget(&mut self, row: &StreamRow) -> (StreamState, Vec<(CheckId, Vec<Run>)>) {
        self.forgotten.insert(row.stream);
        (StreamState::opening_after(row.spoken_ms), Vec::new())
    }

    /// Applies the batches that the stream's state does not have yet.
    fn replay(&mut self, store: &dyn Store, of: &StreamRow) -> Result<(), StoreError> {
        let (stream, agent) = (of.stream, &of.agent);
        let after_seq = self.streams.get(&stream).map_or(0, |derived| derived.state.next_seq() - 1);
        let mut batches = 0_u64;
        store.batches(stream, after_seq, &mut |row: BatchRow| {
            let groups = match row.open() {
                Ok(groups) => groups,
                Err(error) => {
                    let what = format!("the stored batch up to {} cannot be read: {error}", row.last_seq);
                    self.mark_stale(stream, what);
                    return ControlFlow::Break(());
                }
            };
            for batch in row.batches(&groups) {
                self.apply(of, &batch);
                batches += 1;
            }
            // A stream that went stale here takes no further step: reading on would only keep others waiting.
            let stale = self.streams.get(&stream).is_some_and(|derived| derived.stale.is_some());
            if stale { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        if batches > 0 {
            info!(%stream, %agent, batches, "replayed");
        }
        Ok(())
    }
}

/// What the last checkpoint wrote of one stream.
#[derive(Debug, Default)]
pub(super) struct Stored {
    state: Option<Vec<u8>>,
    packs: Vec<RunsRow>,
}

enum Decoded {
    Whole(Box<StreamState>, Vec<(CheckId, Vec<Run>)>),
    /// There is no state, or one of another version of derivation.
    None,
    /// A state whose packs cannot be read.
    Torn,
}

impl Stored {
    pub(super) fn of(store: &dyn Store, stream: StreamId) -> Result<Self, StoreError> {
        Ok(Self { state: store.checkpoint_of(stream)?, packs: store.runs_of(stream)? })
    }

    fn decode(self, decode: fn(&[u8]) -> Option<StreamState>) -> Decoded {
        let Some(state) = self.state.as_deref().and_then(decode) else { return Decoded::None };
        unpacked(self.packs).map_or(Decoded::Torn, |unpacked| Decoded::Whole(Box::new(state), unpacked))
    }
}

/// All runs of each check, if no pack is missing: every one but a check's newest is full.
fn unpacked(packs: Vec<RunsRow>) -> Option<Vec<(CheckId, Vec<Run>)>> {
    let mut all: Vec<(CheckId, Vec<Run>)> = Vec::new();
    for RunsRow { check, place, runs, .. } in packs {
        let runs = decode_runs(&runs)?;
        let known = all.last_mut().filter(|(known, _)| *known == check);
        let before = known.as_ref().map_or(0, |(_, known)| known.len());
        if u32::try_from(before / RUNS_A_PACK) != Ok(place) || !before.is_multiple_of(RUNS_A_PACK) {
            return None;
        }
        match known {
            Some((_, known)) => known.extend(runs),
            None => all.push((check, runs)),
        }
    }
    Some(all)
}

#[cfg(test)]
mod tests {
    use collector_api::{Reason, Verdict};

    use super::*;

    fn row(check: &str, place: u32, runs: &[Run]) -> RunsRow {
        let (check, stream) = (CheckId::new(check).unwrap(), StreamId([1; 16]));
        RunsRow { check, stream, place, runs: collector_derive::encode_runs(runs) }
    }

    #[test]
    fn packs_are_laid_together_only_if_none_is_missing() {
        let run = |at_ms| Run {
            verdict: Verdict::Up,
            reason: Reason::None,
            first_seq: 1,
            last_seq: 1,
            first_ms: at_ms,
            last_ms: at_ms,
            count: 1,
            until_ms: at_ms + 1,
        };
        let runs: Vec<Run> = (0..1_100).map(run).collect();
        let whole = |check: &str| -> Vec<RunsRow> {
            (0..).zip(runs.chunks(RUNS_A_PACK)).map(|(place, runs)| row(check, place, runs)).collect()
        };
        let both = [whole("s.c.a"), whole("s.c.b")].concat();
        let checks = ["s.c.a", "s.c.b"].map(|check| (CheckId::new(check).unwrap(), runs.clone()));
        assert_eq!(unpacked(both.clone()), Some(checks.to_vec()));
        for missing in [0, 1, 3, 4] {
            let mut torn = both.clone();
            torn.remove(missing);
            assert_eq!(unpacked(torn), None, "without pack {missing}");
        }
        let mut short = both;
        short[0] = row("s.c.a", 0, &runs[..511]);
        assert_eq!(unpacked(short), None);
    }
}
