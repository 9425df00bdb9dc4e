//! A defect of derivation, or of a checkpoint, keeps nothing from being accepted (invariant 11).

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use collector_derive::{Accepted, Closed, StepSummary, StreamState};

use super::*;
use crate::ledger::Codec;
use crate::rebuild::{dump_hash, rebuild};

/// The hidden defect: minute 30 cannot be derived where it is received at [`NOW_MS`], as agent 1's is.
fn defective(state: &mut StreamState, batch: &Accepted<'_>, closed: &mut Vec<Closed>) -> StepSummary {
    let summary = step(state, batch, closed);
    let planted = example(1, 31);
    let (first_seq, last_seq) = (planted.last_seq() - 1, planted.last_seq());
    assert!(
        batch.first_seq > last_seq || batch.last_seq < first_seq || batch.received_ms != NOW_MS,
        "planted"
    );
    summary
}

#[tokio::test]
async fn a_defect_of_derivation_loses_nothing() {
    let (spool, other, store) = (example(1, 60), example(2, 60), MemoryStore::default());
    let others = || other.batch_at(0..other.len(), NOW_MS + 1);
    let sound = {
        let store = MemoryStore::default();
        let ingest = start(&store);
        deliver(&ingest, &spool).await;
        ingest.accept(others()).await.unwrap();
        runs(&ingest)
    };
    let ingest = Ingest::start(Box::new(store.clone()), defective).unwrap();
    for group in 0..spool.len() {
        if group == 10 || group == 40 {
            ingest.checkpoint(NOW_MS).await.unwrap();
        }
        ingest.accept(spool.batch(group..group + 1)).await.unwrap();
    }
    {
        let ledger = ingest.known().ledger();
        let stale: Vec<_> = ledger.stale().collect();
        assert_eq!(stale.len(), 1);
        assert_eq!((stale[0].0, stale[0].2), (spool.stream, "planted"));
        let shown = ledger.runs().checks.values().flatten().flat_map(|vantage| &vantage.streams);
        let known_ms =
            shown.flat_map(collector_derive::StreamRuns::runs).map(|run| run.last_ms).max().unwrap();
        assert!(known_ms <= BEGIN_MS + 30 * 60_000, "what follows is unknown");
    }
    assert_eq!(ingest.known().stream(spool.stream).unwrap().mark, mark(&spool), "acknowledged all the same");
    ingest.checkpoint(NOW_MS).await.unwrap();
    assert_eq!(ingest.known().ledger().stale().count(), 1, "the defect is still there");
    ingest.accept(others()).await.unwrap();
    let seen = |known: &RunIndex| -> Vec<_> {
        let of_check = |check| known.streams(&config::CheckId::new(check).unwrap(), &other.agent).to_vec();
        CHECKS.into_iter().map(of_check).collect()
    };
    assert_eq!(seen(&runs(&ingest)), seen(&sound), "another agent's streams are its own");
    drop(ingest);
    // The next version has the defect no more.
    let ingest = start(&store);
    assert_eq!(ingest.known().ledger().stale().count(), 0);
    assert_eq!(runs(&ingest), sound);
    ingest.close().await.unwrap();
    let before = dump_hash(&store).unwrap();
    rebuild(&mut store.clone(), step).unwrap();
    assert_eq!(dump_hash(&store).unwrap(), before);
    assert_eq!(rebuilt(&store), sound);
}

static PASSING: AtomicBool = AtomicBool::new(true);

/// A defect that is there until [`PASSING`] is cleared.
fn passing(state: &mut StreamState, batch: &Accepted<'_>, closed: &mut Vec<Closed>) -> StepSummary {
    if PASSING.load(Ordering::SeqCst) { defective(state, batch, closed) } else { step(state, batch, closed) }
}

#[tokio::test]
async fn a_stale_stream_is_tried_again_at_a_checkpoint() {
    let (spool, other, store) = (example(1, 60), example(2, 60), MemoryStore::default());
    let ingest = Ingest::start(Box::new(store.clone()), passing).unwrap();
    ingest.accept(spool.batch(0..20)).await.unwrap();
    ingest.checkpoint(NOW_MS).await.unwrap();
    for group in 20..50 {
        ingest.accept(spool.batch(group..group + 1)).await.unwrap();
    }
    ingest.accept(other.batch(0..2)).await.unwrap();
    assert_eq!(ingest.known().ledger().stale().count(), 1);
    PASSING.store(false, Ordering::SeqCst);
    ingest.checkpoint(NOW_MS).await.unwrap();
    assert_eq!(ingest.known().ledger().stale().count(), 0);
    assert_eq!(runs(&ingest), rebuilt(&store));
    ingest.accept(spool.batch(50..spool.len())).await.unwrap();
    assert_eq!(runs(&ingest), rebuilt(&store));
    ingest.close().await.unwrap();
    let before = dump_hash(&store).unwrap();
    rebuild(&mut store.clone(), step).unwrap();
    assert_eq!(dump_hash(&store).unwrap(), before);
}

/// Agent 1's state cannot be encoded.
fn encode_defectively(state: &StreamState) -> Vec<u8> {
    assert!(state.latest_ms() != Some(BEGIN_MS + 9 * 60_000 + 4), "planted");
    state.encode()
}

#[tokio::test]
async fn a_checkpoint_that_cannot_be_made_is_its_streams_own_trouble() {
    let store = MemoryStore::default();
    let (one, two) = (example(1, 20), example(2, 20));
    let codec = Codec { encode: encode_defectively, ..Codec::default() };
    let ingest = Ingest::start_with(Box::new(store.clone()), Ledger::with(step, codec)).unwrap();
    ingest.accept(one.batch(0..11)).await.unwrap();
    ingest.accept(two.batch(0..12)).await.unwrap();
    ingest.checkpoint(NOW_MS).await.unwrap();
    let stale =
        |ingest: &Ingest| ingest.known().ledger().stale().map(|(stream, ..)| stream).collect::<Vec<_>>();
    assert_eq!(stale(&ingest), [one.stream]);
    let checkpoints: Vec<_> = store.checkpoints().unwrap().into_iter().map(|(stream, _)| stream).collect();
    assert_eq!(checkpoints, [two.stream], "the other's is there");
    deliver(&ingest, &one).await;
    deliver(&ingest, &two).await;
    assert_eq!(ingest.known().stream(one.stream).unwrap().mark, mark(&one));
    ingest.checkpoint(NOW_MS + 60_000).await.unwrap();
    assert_eq!(stale(&ingest), [], "what could not be encoded is past");
    assert_eq!(runs(&ingest), rebuilt(&store));
}

#[tokio::test]
async fn a_checkpoint_whose_reading_panics_is_derived_again() {
    let (store, spool) = (MemoryStore::default(), example(1, 20));
    let ingest = start(&store);
    deliver(&ingest, &spool).await;
    ingest.close().await.unwrap();
    drop(ingest);
    let codec = Codec { decode: |_| panic!("planted"), ..Codec::default() };
    let ingest = Ingest::start_with(Box::new(store.clone()), Ledger::with(step, codec)).unwrap();
    assert_eq!(ingest.known().ledger().stale().count(), 0);
    assert_eq!(runs(&ingest), rebuilt(&store));
}

static TRIES: AtomicU32 = AtomicU32::new(0);

/// Fails always, and counts how often it was tried.
fn hopeless(_: &mut StreamState, _: &Accepted<'_>, _: &mut Vec<Closed>) -> StepSummary {
    TRIES.fetch_add(1, Ordering::SeqCst);
    panic!("planted")
}

#[tokio::test]
async fn a_stale_stream_is_tried_less_and_less_often() {
    let (store, spool) = (MemoryStore::default(), example(1, 5));
    let ingest = Ingest::start(Box::new(store.clone()), hopeless).unwrap();
    deliver(&ingest, &spool).await;
    assert_eq!(TRIES.load(Ordering::SeqCst), 1, "a stale stream takes no step");
    let mut tried_at = Vec::new();
    for minute in 0..300 {
        let before = TRIES.load(Ordering::SeqCst);
        ingest.checkpoint(NOW_MS + minute * 60_000).await.unwrap();
        if TRIES.load(Ordering::SeqCst) > before {
            tried_at.push(minute);
        }
    }
    assert_eq!(tried_at, [0, 1, 3, 7, 15, 31, 63, 123, 183, 243]);
    ingest.checkpoint(NOW_MS - 86_400_000).await.unwrap();
    assert_eq!(TRIES.load(Ordering::SeqCst), 12, "a clock that stepped back does not make it wait a day");
}
