//! A new stream of an agent: what was accepted before goes on speaking until it opens, and then it speaks.

use collector_derive::{Accepted, Closed, StepSummary, StreamState};

use super::*;
use crate::rebuild::{dump_hash, rebuild};

const MINUTE: i64 = 60_000;

/// Numbers and openings of an agent's streams of the first check, in the order they speak in.
fn openings(runs: &RunIndex, agent: &AgentId) -> Vec<(u8, i64)> {
    let check = config::CheckId::new(CHECKS[0]).unwrap();
    let streams = runs.streams(&check, agent).iter();
    streams.map(|runs| (runs.stream.0[0], runs.opened_ms - BEGIN_MS)).collect()
}

/// An hour in stream 1, then an hour in stream 9, whose start is stamped so.
async fn reopened(store: &MemoryStore, at_ms: i64) -> Vec<(u8, i64)> {
    let ingest = start(store);
    let old = example(1, 60);
    ingest.accept(old.batch_at(0..old.len(), BEGIN_MS + 60 * MINUTE)).await.unwrap();
    let mut new = old.reopened(9, at_ms);
    new.minutes(61..120);
    ingest.accept(new.batch_at(0..2, BEGIN_MS + 61 * MINUTE + 10)).await.unwrap();
    ingest.accept(new.batch_at(2..new.len(), BEGIN_MS + 120 * MINUTE)).await.unwrap();
    let before = runs(&ingest);
    assert_eq!(before, rebuilt(store), "the same from the batches alone");
    ingest.close().await.unwrap();
    let hash = dump_hash(store).unwrap();
    assert_eq!(rebuild(&mut store.clone(), step).unwrap().after, hash, "and the same bytes");
    openings(&before, &old.agent)
}

#[tokio::test]
async fn a_start_stamped_too_early_neither_mutes_nor_is_muted() {
    // Of check 1, the newest sample of minute 59 is 4 ms after the minute.
    let newest = 59 * MINUTE + 4;
    for (what, at_ms, opened) in [
        ("a day before the clock was set", BEGIN_MS - 86_400_000, newest + 1),
        ("inside what was accepted before", BEGIN_MS + 30 * MINUTE, newest + 1),
        ("a good one", BEGIN_MS + 60 * MINUTE + 500, 60 * MINUTE + 500),
        ("a day after the reception", BEGIN_MS + 86_400_000, 61 * MINUTE + 10),
    ] {
        let opened_at = reopened(&MemoryStore::default(), at_ms).await;
        assert_eq!(opened_at, [(1, 0), (9, opened)], "{what}");
    }
}

#[tokio::test]
async fn a_stream_that_is_stale_or_not_derived_yet_has_spoken_until_its_reception() {
    fn failing(state: &mut StreamState, batch: &Accepted<'_>, closed: &mut Vec<Closed>) -> StepSummary {
        assert!(batch.first_seq < 3 || batch.received_ms != BEGIN_MS + 60 * MINUTE, "planted");
        step(state, batch, closed)
    }
    let store = MemoryStore::default();
    let ingest = Ingest::start(Box::new(store.clone()), failing).unwrap();
    let old = example(1, 60);
    ingest.accept(old.batch_at(0..1, BEGIN_MS + MINUTE)).await.unwrap();
    ingest.accept(old.batch_at(1..old.len(), BEGIN_MS + 60 * MINUTE)).await.unwrap();
    assert_eq!(ingest.known().ledger().stale().count(), 1);
    let new = old.reopened(9, BEGIN_MS);
    ingest.accept(new.batch_at(0..1, BEGIN_MS + 70 * MINUTE)).await.unwrap();
    let row = ingest.known().stream(new.stream).unwrap();
    assert_eq!(row.spoken_ms, Some(BEGIN_MS + 60 * MINUTE));
    drop(ingest);

    let ingest = start(&MemoryStore::default());
    let both = tokio::join!(
        ingest.accept(old.batch_at(0..old.len(), BEGIN_MS + 60 * MINUTE)),
        ingest.accept(new.batch_at(0..1, BEGIN_MS + 70 * MINUTE)),
    );
    assert!(both.0.is_ok() && both.1.is_ok());
    let spoken_ms = ingest.known().stream(new.stream).unwrap().spoken_ms.unwrap() - BEGIN_MS;
    assert!((59 * MINUTE..=60 * MINUTE).contains(&spoken_ms), "whether or not they shared a transaction");
}

#[tokio::test]
async fn when_a_stream_opened_is_attested() {
    let store = MemoryStore::default();
    reopened(&store, BEGIN_MS).await;
    let told = |store: &MemoryStore| crate::verify::verify(store, step).unwrap().differences;
    let changed = |line: &String| line.contains("was changed");
    assert!(!told(&store).iter().any(changed));
    let mut row = store.streams().unwrap().pop().unwrap();
    row.spoken_ms = None;
    store.clone().commit(&[Write::Stream(row)]).unwrap();
    assert!(told(&store).iter().any(changed), "{:?}", told(&store));
}
