//! Runs again, from accepted batches alone, without any configuration.
//!
//! What is derived is thrown away and made anew in one transaction, so that readers and a crash see
//! either the old or the new. That both are the same bytes is shown by one hash over everything derived,
//! in order, before and after.

use collector_derive::StreamState;
use ring::digest;
use thiserror::Error;

use crate::ledger::{Checkpoint, Ledger, Step};
use crate::store::{Store, StoreError, Write};

/// What a rebuild did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rebuilt {
    /// Streams there are.
    pub streams: usize,
    /// Packs there are.
    pub packs: usize,
    /// [`dump_hash`] of what was there, brought up to date first.
    pub before: [u8; 32],
    /// [`dump_hash`] of what is there now.
    pub after: [u8; 32],
}

/// Why nothing was rebuilt. The store is as it was.
#[derive(Debug, Error)]
pub enum RebuildError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A stream's groups cannot be derived by this version.
    #[error("stream {stream} cannot be derived ({reason}); nothing was changed, report this")]
    Defect {
        /// Which.
        stream: String,
        /// In the defect's words.
        reason: String,
    },
}

/// Derives every stream anew and puts that in the place of what was derived.
pub fn rebuild(store: &mut dyn Store, step: Step) -> Result<Rebuilt, RebuildError> {
    // A kill leaves a checkpoint that is behind: compared is what it amounts to, not when it was made.
    let current = Ledger::load(store, step)?;
    if current.stale().next().is_none() {
        store.commit(&current.checkpoint().writes)?;
    }
    drop(current);
    let before = dump_hash(store)?;

    let fresh = Ledger::rebuild(store, step)?;
    if let Some((stream, _, reason)) = fresh.stale().next() {
        return Err(RebuildError::Defect { stream: stream.to_string(), reason: reason.to_owned() });
    }
    let packs = store.runs()?.into_iter().map(|pack| pack.stream);
    let mut stored: Vec<_> =
        packs.chain(store.checkpoints()?.into_iter().map(|(stream, _)| stream)).collect();
    stored.sort_unstable();
    stored.dedup();
    let mut writes: Vec<Write> = stored.into_iter().map(Write::ForgetDerived).collect();
    let Checkpoint { writes: derived, defects } = fresh.checkpoint();
    if let Some((stream, reason)) = defects.into_iter().next() {
        return Err(RebuildError::Defect { stream: stream.to_string(), reason });
    }
    writes.extend(derived);
    store.commit(&writes)?;
    let (streams, packs) = (store.streams()?.len(), store.runs()?.len());
    Ok(Rebuilt { streams, packs, before, after: dump_hash(store)? })
}

/// SHA-256 over every pack and every checkpoint, in order, each field with its length.
pub fn dump_hash(store: &dyn Store) -> Result<[u8; 32], StoreError> {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(b"vedetta/derived/v1\0");
    let mut field = |bytes: &[u8]| {
        context.update(&(bytes.len() as u64).to_be_bytes());
        context.update(bytes);
    };
    for pack in store.runs()? {
        field(pack.check.as_str().as_bytes());
        field(&pack.stream.0);
        field(&pack.place.to_be_bytes());
        field(&pack.runs);
    }
    for (stream, state) in store.checkpoints()? {
        field(&stream.0);
        // A state that says the same in other bytes is the same.
        field(&StreamState::decode(&state).map_or(state, |state| state.encode()));
    }
    let mut hash = [0; 32];
    hash.copy_from_slice(context.finish().as_ref());
    Ok(hash)
}

#[cfg(test)]
mod tests {
    use collector_derive::step;

    use super::*;
    use crate::ingest::Ingest;
    use crate::ingest::example::Spool;
    use crate::store::{MemoryStore, RunsRow};

    async fn fed() -> MemoryStore {
        let store = MemoryStore::default();
        let ingest = Ingest::start(Box::new(store.clone()), step).unwrap();
        for n in 1..=3 {
            let mut spool = Spool::new(n);
            spool.minutes(0..300);
            for group in (0..spool.len()).step_by(7) {
                ingest.accept(spool.batch(group..(group + 7).min(spool.len()))).await.unwrap();
                if group % 70 == 0 {
                    ingest.checkpoint(group.try_into().unwrap()).await.unwrap();
                }
            }
        }
        // Killed: the checkpoint is behind.
        store
    }

    #[tokio::test]
    async fn the_same_bytes() {
        let mut store = fed().await;
        let rebuilt = rebuild(&mut store, step).unwrap();
        assert_eq!(rebuilt.before, rebuilt.after);
        assert_eq!((rebuilt.streams, rebuilt.packs), (3, 6));
        assert_eq!(dump_hash(&store).unwrap(), rebuilt.after);
        assert_eq!(rebuild(&mut store, step).unwrap(), rebuilt);
    }

    #[tokio::test]
    async fn what_was_changed_by_hand_shows_and_is_gone() {
        let mut store = fed().await;
        let sound = rebuild(&mut store, step).unwrap();
        let packs = store.runs().unwrap();
        let forged = RunsRow { runs: packs[1].runs.clone(), ..packs[0].clone() };
        let orphan = RunsRow { stream: collector_api::StreamId([99; 16]), ..packs[0].clone() };
        store.commit(&[Write::Runs(forged), Write::Runs(orphan)]).unwrap();
        let rebuilt = rebuild(&mut store, step).unwrap();
        assert_ne!(rebuilt.before, sound.after);
        assert_eq!(rebuilt.after, sound.after);
        assert_eq!(store.runs().unwrap(), packs);
    }

    #[tokio::test]
    async fn packs_that_cannot_be_read_are_derived_again() {
        let mut store = fed().await;
        let sound = rebuild(&mut store, step).unwrap();
        let packs = store.runs().unwrap();
        let torn = RunsRow { runs: packs[0].runs[..packs[0].runs.len() / 2].to_vec(), ..packs[0].clone() };
        store.commit(&[Write::Runs(torn)]).unwrap();
        let ingest = Ingest::start(Box::new(store.clone()), step).unwrap();
        ingest.close().await.unwrap();
        assert_eq!(dump_hash(&store).unwrap(), sound.after);
    }
}
