//! What people declare: known once it is committed, known again after a start, in the journal's own time.

use collector_derive::{Cause, Declaration, Declared};

use super::*;
use crate::verify::verify;

fn annotated(note: &str) -> Act {
    let outage = "rete-2026-11-23T08:10:00Z".to_owned();
    Act::Declared {
        declaration: Declaration::Annotated {
            outage,
            service: None,
            window: None,
            cause: Cause::Power,
            note: note.to_owned(),
        },
        uid: None,
    }
}

/// Number, author and instant of each.
fn known(ingest: &Ingest) -> Vec<(u64, String, i64)> {
    let declared = ingest.known().declared();
    declared.iter().map(|Declared { entry, author, at_ms, .. }| (*entry, author.clone(), *at_ms)).collect()
}

#[tokio::test]
async fn declarations_are_known_after_the_commit_and_after_a_start() {
    let store = MemoryStore::default();
    let ingest = start(&store);
    let line = Act::LineOpened { agent: "ced1".to_owned() };
    ingest.record(NOW_MS, "root", line, Vec::new()).await.unwrap();
    assert_eq!(ingest.record(NOW_MS + 1, "m.rossi", annotated("UPS"), Vec::new()).await.unwrap(), 2);
    store.set_full(true);
    assert!(ingest.record(NOW_MS + 2, "g.verdi", annotated("rete"), Vec::new()).await.is_err());
    store.set_full(false);
    let expected = [(2, "m.rossi".to_owned(), NOW_MS + 1)];
    assert_eq!(known(&ingest), expected, "what was not committed was never declared");
    assert_eq!(ingest.known().head().seq, 2);
    drop(ingest);
    assert_eq!(known(&start(&store)), expected);
    assert_eq!(verify(&store, step).unwrap().differences, Vec::new());
}

#[tokio::test]
async fn entries_keep_the_order_of_time_whatever_the_clock_does() {
    let store = MemoryStore::default();
    let mut ingest = start(&store);
    for now_ms in [NOW_MS, NOW_MS - 9_000_000, NOW_MS + 1] {
        ingest.record(now_ms, "root", annotated("x"), Vec::new()).await.unwrap();
        // Also a start knows when the last entry was made.
        drop(ingest);
        ingest = start(&store);
    }
    let stamps: Vec<_> = known(&ingest).into_iter().map(|(.., at_ms)| at_ms).collect();
    assert_eq!(stamps, [NOW_MS, NOW_MS, NOW_MS + 1]);
}

#[tokio::test]
async fn a_clock_set_back_neither_stops_nor_floods_the_attesting() {
    let (spool, store) = (example(1, 10), MemoryStore::default());
    let ingest = start(&store);
    ingest.accept(spool.batch(0..2)).await.unwrap();
    ingest.checkpoint(NOW_MS + 86_400_000).await.unwrap();
    for (group, now_ms, entries) in [(2, NOW_MS, 2), (3, NOW_MS + 60_000, 2), (4, NOW_MS + 3_600_000, 3)] {
        ingest.accept(spool.batch(group..group + 1)).await.unwrap();
        ingest.checkpoint(now_ms).await.unwrap();
        assert_eq!(ingest.known().head().seq, entries, "at {now_ms}");
    }
}
