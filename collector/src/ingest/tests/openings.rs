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
        ("a day after the reception", BEGIN_MS + 86_400_000, newest + 1),
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
async fn what_an_agent_keeps_is_heard_by_a_collector_that_was_rebuilt() {
    // The agent's first day is gone from both; of the rest it sends what it still has, much later.
    let late = BEGIN_MS + 30 * 86_400_000;
    let mut kept = Spool::empty(7);
    kept.lost(2_880);
    kept.minutes(1_440..1_500);
    let store = MemoryStore::default();
    let ingest = start(&store);
    ingest.accept(kept.batch_at(0..kept.len(), late)).await.unwrap();
    let opened = openings(&runs(&ingest), &kept.agent);
    assert_eq!(opened, [(7, -BEGIN_MS)], "whatever it brings is after that");
    assert_eq!(runs(&ingest), rebuilt(&store));

    // And where the store was restored from a copy of before that stream: right after what is in it.
    let store = MemoryStore::default();
    let ingest = start(&store);
    let mut old = Spool::new(7).reopened(6, BEGIN_MS);
    old.minutes(0..60);
    ingest.accept(old.batch_at(0..old.len(), BEGIN_MS + 60 * MINUTE)).await.unwrap();
    ingest.accept(kept.batch_at(0..kept.len(), late)).await.unwrap();
    assert_eq!(openings(&runs(&ingest), &kept.agent), [(6, 0), (7, 59 * MINUTE + 5)]);
    assert_eq!(runs(&ingest), rebuilt(&store));
}

#[tokio::test]
async fn the_newest_stream_is_the_last_to_open_whatever_the_collectors_clock_did() {
    let day = 86_400_000;
    let (store, first) = (MemoryStore::default(), Spool::new(1));
    let ingest = start(&store);
    // All clocks were a day ahead when this stream opened; then they were set right.
    let mut ahead = first.reopened(9, BEGIN_MS + day);
    ahead.minutes(1_440..1_450);
    ingest.accept(ahead.batch_at(0..ahead.len(), BEGIN_MS + day + 10 * MINUTE)).await.unwrap();
    let mut newest = first.reopened(4, BEGIN_MS + 60 * MINUTE);
    newest.minutes(61..2_000);
    ingest.accept(newest.batch_at(0..1, BEGIN_MS + 61 * MINUTE)).await.unwrap();
    ingest.accept(newest.batch_at(1..newest.len(), BEGIN_MS + 2 * day)).await.unwrap();
    let opened = openings(&runs(&ingest), &first.agent);
    assert_eq!(opened, [(9, day), (4, 1_449 * MINUTE + 5)], "it is muted until then, and not for good");
    assert_eq!(runs(&ingest), rebuilt(&store));
}

#[tokio::test]
async fn a_stream_that_cannot_be_derived_keeps_its_place() {
    fn failing(state: &mut StreamState, batch: &Accepted<'_>, closed: &mut Vec<Closed>) -> StepSummary {
        let summary = step(state, batch, closed);
        assert!(batch.clock.sent_ms != BEGIN_MS + 7 * MINUTE, "planted");
        summary
    }
    let day = 86_400_000;
    let store = MemoryStore::default();
    let ingest = Ingest::start(Box::new(store), failing).unwrap();
    let first = Spool::new(1);
    let ahead = first.reopened(9, BEGIN_MS + day);
    ingest.accept(ahead.batch_at(0..1, BEGIN_MS + day + 10 * MINUTE)).await.unwrap();
    // The clocks are set right, and both streams fail; the second cannot have opened before the first.
    // Stamps do not step back: the first of them has spoken until the newest reception.
    for (number, stream, spoken_ms) in [(1, 5, day), (2, 3, day + 10 * MINUTE)] {
        let next = first.reopened(stream, BEGIN_MS);
        ingest.accept(next.batch_at(0..1, BEGIN_MS + 7 * MINUTE)).await.unwrap();
        assert_eq!(ingest.known().ledger().stale().count(), number);
        let row = ingest.known().stream(next.stream).unwrap();
        assert_eq!(row.spoken_ms, Some(BEGIN_MS + spoken_ms));
    }
}

#[tokio::test]
async fn when_a_stream_opened_is_attested() {
    let store = MemoryStore::default();
    reopened(&store, BEGIN_MS).await;
    let directory = tempfile::tempdir().unwrap();
    let mut kept = SqliteStore::open(directory.path()).unwrap();
    for row in store.streams().unwrap() {
        let mut writes = vec![Write::Stream(row.clone())];
        let mut each = |batch| {
            writes.push(Write::Batch(batch));
            std::ops::ControlFlow::Continue(())
        };
        store.batches(row.stream, 0, &mut each).unwrap();
        kept.commit(&writes).unwrap();
    }
    let told = || {
        crate::verify::verify(&kept, step)
            .unwrap()
            .differences
            .into_iter()
            .map(|said| said.en)
            .collect::<Vec<_>>()
    };
    let changed = |line: &String| line.contains("was changed");
    assert!(!told().iter().any(changed));
    let file = rusqlite::Connection::open(directory.path().join("store.sqlite")).unwrap();
    for tamper in ["spoken_ms + 1", "NULL"] {
        file.execute(&format!("UPDATE stream SET spoken_ms = {tamper} WHERE spoken_ms IS NOT NULL"), [])
            .unwrap();
        assert!(told().iter().any(changed), "{tamper}: {:?}", told());
    }
}
