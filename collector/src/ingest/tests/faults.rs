//! A store that fails: nothing is acknowledged that is not kept, and ingest goes on where it may.

use super::*;
use crate::store::{FaultyStore, StoreError};
use crate::verify::verify;

#[tokio::test]
async fn a_full_disk_acknowledges_nothing_and_heals() {
    let (spool, store) = (example(1, 10), MemoryStore::default());
    let ingest = start(&store);
    ingest.accept(spool.batch(0..3)).await.unwrap();
    store.set_full(true);
    assert!(ingest.accept(spool.batch(3..5)).await.is_err());
    assert!(ingest.checkpoint(NOW_MS).await.is_err());
    assert!(ingest.is_alive());
    assert_eq!(ingest.known().stream(spool.stream).unwrap().mark.last_seq, spool.batch(0..3).batch.last_seq);
    store.set_full(false);
    ingest.accept(spool.batch(3..spool.len())).await.unwrap();
    ingest.checkpoint(NOW_MS).await.unwrap();
    assert_eq!(runs(&ingest), rebuilt(&store));
}

/// Of the commits of a collector on `store`, the ones that `fails` names fail with an error of its making.
fn faulty(
    store: &MemoryStore,
    fails: impl FnMut(u64, &[Write]) -> Option<StoreError> + Send + 'static,
) -> Ingest {
    Ingest::start(Box::new(FaultyStore::new(Box::new(store.clone()), fails)), step).unwrap()
}

fn is_checkpoint(writes: &[Write]) -> bool {
    writes.iter().any(|write| matches!(write, Write::Checkpoint(..)))
}

/// An agent's way with 503: the same batch again, until it is acknowledged. Counts the refusals.
async fn deliver_stubbornly(ingest: &Ingest, spool: &Spool) -> usize {
    let mut refused = 0;
    for group in 0..spool.len() {
        loop {
            let before = ingest.known().stream(spool.stream).map(|row| row.mark);
            match ingest.accept(spool.batch(group..group + 1)).await {
                Ok(Verdict::Acknowledged(_)) => break,
                Ok(other) => panic!("{other:?}"),
                Err(_) => {
                    refused += 1;
                    let after = ingest.known().stream(spool.stream).map(|row| row.mark);
                    assert_eq!(after, before, "memory is as it was");
                }
            }
        }
    }
    refused
}

#[tokio::test]
async fn a_failed_write_is_answered_and_ingest_goes_on() {
    let (store, spool) = (MemoryStore::default(), example(1, 30));
    let ingest = faulty(&store, |n, _| {
        let passing = if n % 2 == 0 { StoreError::Refused("EIO".to_owned()) } else { StoreError::Full };
        (n % 3 != 0).then_some(passing)
    });
    let refused = deliver_stubbornly(&ingest, &spool).await;
    assert_eq!(refused, 2 * spool.len() - 2, "two of three commits failed, the first did not");
    assert!(ingest.is_alive() && ingest.known().failure().is_none());
    assert_eq!(ingest.known().stream(spool.stream).unwrap().mark, mark(&spool));
    assert_eq!(runs(&ingest), rebuilt(&store));
}

#[tokio::test]
async fn a_checkpoint_that_is_not_written_stops_nothing_and_is_made_later() {
    let (store, spool) = (MemoryStore::default(), example(1, 60));
    let fail = Arc::new(std::sync::atomic::AtomicBool::new(true));
    let failing = Arc::clone(&fail);
    let ingest = faulty(&store, move |_, writes| {
        let fails = failing.load(std::sync::atomic::Ordering::SeqCst) && is_checkpoint(writes);
        fails.then(|| StoreError::Failed("planted".to_owned()))
    });
    for group in 0..spool.len() {
        ingest.accept(spool.batch(group..group + 1)).await.unwrap();
        assert!(ingest.checkpoint(NOW_MS).await.is_err());
    }
    assert!(store.checkpoints().unwrap().is_empty());
    assert_eq!(ingest.known().head().seq, 1, "what is true is written, also the heads in the journal");
    fail.store(false, std::sync::atomic::Ordering::SeqCst);
    ingest.checkpoint(NOW_MS).await.unwrap();
    assert_eq!(Ledger::load(&store, step).unwrap().runs(), &rebuilt(&store));
    assert_eq!(store.checkpoints().unwrap().len(), 1);
}

#[tokio::test]
async fn a_checkpoint_that_panics_in_the_store_stops_nothing() {
    let (store, spool) = (MemoryStore::default(), example(1, 10));
    let ingest = faulty(&store, |_, writes| {
        assert!(!is_checkpoint(writes), "planted");
        None
    });
    ingest.accept(spool.batch(0..5)).await.unwrap();
    assert!(ingest.checkpoint(NOW_MS).await.is_err());
    ingest.accept(spool.batch(5..spool.len())).await.unwrap();
    assert_eq!(ingest.known().stream(spool.stream).unwrap().mark, mark(&spool));
}

#[tokio::test]
async fn after_a_failed_sync_nothing_is_acknowledged_and_the_reason_is_told() {
    let (store, spool) = (MemoryStore::default(), example(1, 10));
    let ingest = faulty(&store, |n, _| (n == 2).then(|| StoreError::Unsynced("EIO".to_owned())));
    ingest.accept(spool.batch(0..2)).await.unwrap();
    ingest.accept(spool.batch(2..4)).await.unwrap();
    assert!(ingest.accept(spool.batch(4..6)).await.is_err());
    assert!(ingest.accept(spool.batch(4..6)).await.is_err(), "also when the disk says it works again");
    let failure = ingest.known().failure().unwrap().to_owned();
    assert!(
        failure.contains("did not confirm") && failure.contains("start the collector again"),
        "{failure}"
    );
    assert!(!ingest.is_alive());
    drop(ingest);
    let again = start(&store);
    assert_eq!(again.known().stream(spool.stream).unwrap().mark.last_seq, spool.batch(0..4).batch.last_seq);
    deliver(&again, &spool).await;
    assert_eq!(runs(&again), rebuilt(&store));
}

#[tokio::test]
async fn a_disk_that_fills_up_under_load_and_is_emptied_leaves_a_clean_store() {
    let directory = tempfile::tempdir().unwrap();
    let pages = Arc::new(std::sync::atomic::AtomicI64::new(40));
    let store = {
        let (sqlite, pages) = (SqliteStore::open(directory.path()).unwrap(), Arc::clone(&pages));
        FaultyStore::limited(sqlite, move || pages.load(std::sync::atomic::Ordering::SeqCst))
    };
    let ingest = Ingest::start(Box::new(store), step).unwrap();
    let spools = [example(1, 300), example(2, 300)];
    let (mut refused, mut minutes) = (0, 0);
    for group in 0..spools[0].len() {
        for spool in &spools {
            while ingest.accept(spool.batch(group..group + 1)).await.is_err() {
                refused += 1;
                pages.fetch_add(if refused % 3 == 0 { 4 } else { 0 }, std::sync::atomic::Ordering::SeqCst);
            }
        }
        minutes += i64::from(group % 20 == 0);
        // A full disk may keep the checkpoint from being written; the batches go on.
        let _ = ingest.checkpoint(NOW_MS + minutes * 60_000).await;
    }
    assert!(refused > 3, "the disk was full {refused} times");
    pages.store(100_000, std::sync::atomic::Ordering::SeqCst);
    ingest.close().await.unwrap();
    drop(ingest);
    let store = SqliteStore::read(directory.path()).unwrap();
    for spool in &spools {
        let row = store.streams().unwrap().into_iter().find(|row| row.stream == spool.stream).unwrap();
        assert_eq!(row.mark, mark(spool));
    }
    let differences = verify(&store, step).unwrap().differences;
    let unsigned =
        |line: &crate::operator::Said| line.en.contains("no key that") || line.en.contains("has signed");
    let differences: Vec<_> = differences.into_iter().filter(|line| !unsigned(line)).collect();
    assert!(differences.is_empty(), "but for agents that never enrolled here: {differences:?}");
}

#[tokio::test]
async fn what_waits_is_bounded_in_bytes_and_the_room_comes_back() {
    let (store, spool) = (MemoryStore::default(), example(1, 30));
    let mut ingest = start(&store);
    let bytes = |groups| {
        let Arrived { groups, batch, .. } = spool.batch(groups);
        groups.len() + batch.body.len()
    };
    let largest = (0..spool.len()).map(|group| bytes(group..group + 1)).max().unwrap();
    ingest.room = Arc::new(tokio::sync::Semaphore::new(largest));
    assert!(bytes(0..spool.len()) > largest);
    let crowded = ingest.accept(spool.batch(0..spool.len())).await;
    assert!(matches!(crowded, Err(IngestError::Crowded)), "{crowded:?}");
    // A batch is answered before it is derived, and its room comes back after that: waited for, and taken whole,
    // so that none of it is lost on any way, also that of what is acknowledged again.
    let whole = u32::try_from(largest).unwrap();
    for group in (0..spool.len()).chain(0..spool.len()) {
        drop(ingest.room.acquire_many(whole).await.unwrap());
        let verdict = ingest.accept(spool.batch(group..group + 1)).await.unwrap();
        assert!(matches!(verdict, Verdict::Acknowledged(_)), "{verdict:?}");
    }
    drop(ingest.room.acquire_many(whole).await.unwrap());
    assert_eq!(ingest.room.available_permits(), largest);
    assert_eq!(ingest.known().stream(spool.stream).unwrap().mark, mark(&spool));
}
