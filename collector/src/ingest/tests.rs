//! Promises of ingest: acknowledged means kept, once, whatever the order, the cuts and the crashes.

use collector_api::{Chain, Record, StreamId, Verdict as Said};
use collector_derive::{RunIndex, step};
use proptest::prelude::*;

mod declarations;
mod defects;
mod faults;
mod openings;

use super::example::{BEGIN_MS, CHECKS, Spool, sample};
use super::*;
use crate::ledger::Ledger;
use crate::store::{Mark, MemoryStore, SqliteStore};

const NOW_MS: i64 = BEGIN_MS + 100 * 86_400_000;

fn start(store: &MemoryStore) -> Ingest {
    Ingest::start(Box::new(store.clone()), step).unwrap()
}

fn runs(ingest: &Ingest) -> RunIndex {
    ingest.known().ledger().runs().clone()
}

fn rebuilt(store: &MemoryStore) -> RunIndex {
    Ledger::rebuild(store, step).unwrap().runs().clone()
}

fn mark(spool: &Spool) -> Mark {
    Mark { last_seq: spool.last_seq(), chain: spool.chain() }
}

/// All groups of the spool, one batch each.
async fn deliver(ingest: &Ingest, spool: &Spool) {
    for group in 0..spool.len() {
        let verdict = ingest.accept(spool.batch(group..group + 1)).await.unwrap();
        assert!(matches!(verdict, Verdict::Acknowledged(_)), "{verdict:?}");
    }
}

fn example(n: u8, minutes: i64) -> Spool {
    let mut spool = Spool::new(n);
    spool.minutes(0..minutes);
    spool
}

#[test]
fn the_accept_rule() {
    let stream = StreamId([1; 16]);
    let (at_mark, other, next) = (Chain([1; 32]), Chain([2; 32]), Chain([3; 32]));
    let mark = Mark { last_seq: 10, chain: at_mark };
    let header = |before, after| collector_api::Header {
        stream,
        before,
        after,
        signature: collector_api::Signature([0; 64]),
    };
    let stored = Verdict::Acknowledged(Mark { last_seq: 12, chain: next });
    let again = Verdict::Acknowledged(mark);
    for (what, first_seq, last_seq, before, after, stored_chain, verdict) in [
        ("follows the mark", 11, 12, at_mark, next, None, stored),
        ("says it follows another history", 11, 12, other, next, None, Verdict::Expected(mark)),
        ("says so and is empty", 11, 12, next, next, None, Verdict::Expected(mark)),
        ("leaves a gap", 12, 12, at_mark, next, None, Verdict::Expected(mark)),
        ("overlaps the mark", 10, 12, at_mark, next, None, Verdict::Expected(mark)),
        ("is below, as stored", 5, 9, other, next, Some(next), again),
        ("is below, cut elsewhere", 5, 9, other, next, None, again),
        ("is below, of another history", 5, 9, other, next, Some(other), Verdict::Fork(mark)),
        ("ends at the mark", 5, 10, other, at_mark, Some(at_mark), again),
        ("ends at the mark otherwise", 5, 10, other, next, Some(at_mark), Verdict::Fork(mark)),
    ] {
        assert_eq!(
            decide(mark, first_seq, &header(before, after), last_seq, stored_chain),
            verdict,
            "{what}"
        );
    }
}

#[tokio::test]
async fn doubled_and_reordered_batches_count_once() {
    let (spool, store) = (example(1, 90), MemoryStore::default());
    let ingest = start(&store);
    let expected = {
        let plain = MemoryStore::default();
        let ingest = start(&plain);
        deliver(&ingest, &spool).await;
        runs(&ingest)
    };
    for group in 0..spool.len() {
        if group + 1 < spool.len() {
            let early = ingest.accept(spool.batch(group + 1..group + 2)).await.unwrap();
            assert!(matches!(early, Verdict::Expected(_)), "{early:?}");
        }
        for _ in 0..2 {
            ingest.accept(spool.batch(group..group + 1)).await.unwrap();
        }
        ingest.accept(spool.batch(0..group + 1)).await.unwrap();
    }
    assert_eq!(runs(&ingest), expected);
    assert_eq!(rebuilt(&store), expected);
    assert_eq!(ingest.known().stream(spool.stream).unwrap().mark, mark(&spool));
    let counters = &ingest.known().counters;
    let of = |counter: &std::sync::atomic::AtomicU64| counter.load(std::sync::atomic::Ordering::Relaxed);
    assert_eq!(of(&counters.accepted), spool.len() as u64);
    assert_eq!(of(&counters.repeated), 2 * spool.len() as u64);
    assert_eq!(of(&counters.samples), 180);
}

#[tokio::test]
async fn batches_that_wait_together_see_each_others_marks() {
    let (spool, store) = (example(1, 40), MemoryStore::default());
    let ingest = Arc::new(start(&store));
    let mut asked = tokio::task::JoinSet::new();
    for group in 0..spool.len() {
        let (ingest, batch) = (Arc::clone(&ingest), spool.batch(group..group + 1));
        // One thread runs these in order, and none waits for another's answer.
        asked.spawn(async move { ingest.accept(batch).await });
    }
    while let Some(verdict) = asked.join_next().await {
        let verdict = verdict.unwrap().unwrap();
        assert!(matches!(verdict, Verdict::Acknowledged(_)), "{verdict:?}");
    }
    assert_eq!(ingest.known().stream(spool.stream).unwrap().mark, mark(&spool));
}

#[tokio::test]
async fn another_history_is_a_fork_and_another_agents_stream_is_foreign() {
    let store = MemoryStore::default();
    let ingest = start(&store);
    let ours = example(1, 5);
    deliver(&ingest, &ours).await;
    let mut theirs = example(1, 4);
    theirs.minute(4, [Said::Down, Said::Down]);
    theirs.minute(5, [Said::Up, Said::Up]);
    let last = theirs.len();
    assert_eq!(ingest.accept(theirs.batch(last - 2..last - 1)).await.unwrap(), Verdict::Fork(mark(&ours)));
    // What it follows is not signed: that it does not follow the mark is all that is known of it.
    let next = ingest.accept(theirs.batch(last - 1..last)).await.unwrap();
    assert_eq!(next, Verdict::Expected(mark(&ours)));
    let mut foreign = ours.batch(0..1);
    foreign.agent = AgentId::new("other").unwrap();
    assert_eq!(ingest.accept(foreign).await.unwrap(), Verdict::Foreign);
    let mut next = example(1, 5);
    next.minute(5, [Said::Up, Said::Up]);
    deliver(&ingest, &next).await;
}

#[tokio::test]
async fn contents_are_never_a_reason_to_refuse() {
    let store = MemoryStore::default();
    let ingest = start(&store);
    let mut spool = example(1, 10);
    let unknown_check = u32::try_from(CHECKS.len()).unwrap() + 7;
    spool.push(vec![sample(unknown_check, 11, Said::Down)]);
    spool.push_bytes(vec![0xff; 40], spool.last_seq() + 3);
    spool.push(vec![Record::default()]);
    spool.lost(1_000);
    spool.minutes(12..20);
    deliver(&ingest, &spool).await;
    let of = |counter: &std::sync::atomic::AtomicU64| counter.load(std::sync::atomic::Ordering::Relaxed);
    let counters = &ingest.known().counters;
    assert_eq!(of(&counters.samples), 36);
    assert_eq!(of(&counters.quarantined), 3, "an unknown check, bytes that are no group, an unknown record");
    assert_eq!(of(&counters.lost), 1_003);
    assert_eq!(ingest.known().stream(spool.stream).unwrap().mark, mark(&spool));
    assert_eq!(runs(&ingest), rebuilt(&store));
    let known = runs(&ingest);
    assert!(known.checks.keys().all(|check| CHECKS.contains(&check.as_str())), "no series of unknown checks");
}

#[tokio::test]
async fn what_is_forged_broken_or_a_bomb_never_arrives_and_the_next_good_batch_does() {
    use collector_api::{BatchError, batch_preimage};
    let store = MemoryStore::default();
    let ingest = start(&store);
    let spool = example(1, 5);
    let good = spool.batch(0..spool.len());
    let key = spool.key.public();
    let signed = |change: &dyn Fn(&mut Batch)| {
        let mut batch = good.batch.clone();
        change(&mut batch);
        let header = batch.check_header().unwrap();
        let preimage = batch_preimage(header.stream, batch.last_seq, header.after, &batch.clock);
        batch.signature = spool.key.sign(&preimage).0.to_vec();
        let header = batch.check_header().unwrap();
        batch.verify(&header, &key).unwrap();
        batch.open_body(&header).unwrap_err()
    };
    let bomb = zstd::bulk::compress(&vec![0; 64 << 20], 3).unwrap();
    assert!(bomb.len() < 8 << 10, "64 MiB in {} bytes", bomb.len());
    assert!(matches!(signed(&|batch| batch.body.clone_from(&bomb)), BatchError::Body(_)));
    assert!(matches!(signed(&|batch| batch.body.truncate(20)), BatchError::Body(_)));
    assert_eq!(signed(&|batch| batch.chain_after = vec![7; 32]), BatchError::Chain);
    assert_eq!(signed(&|batch| batch.chain_before = vec![7; 32]), BatchError::Chain);
    let mut forged = good.batch.clone();
    forged.signature[5] ^= 1;
    let header = forged.check_header().unwrap();
    assert_eq!(forged.verify(&header, &key), Err(BatchError::Signature));
    assert!(matches!(ingest.accept(good).await.unwrap(), Verdict::Acknowledged(_)));
    assert_eq!(ingest.known().stream(spool.stream).unwrap().mark, mark(&spool));
}

#[tokio::test]
async fn a_crash_between_checkpoints_loses_and_doubles_nothing() {
    let spool = example(1, 60);
    let whole = {
        let store = MemoryStore::default();
        deliver(&start(&store), &spool).await;
        rebuilt(&store)
    };
    for crash_after in [0, 1, 2, 30, 59, 60] {
        for checkpoint_at in [None, Some(0), Some(crash_after / 2), Some(crash_after)] {
            let directory = tempfile::tempdir().unwrap();
            let open = || Box::new(SqliteStore::open(directory.path()).unwrap());
            let ingest = Ingest::start(open(), step).unwrap();
            for group in 0..spool.len() {
                if Some(group) == checkpoint_at {
                    ingest.checkpoint(NOW_MS).await.unwrap();
                }
                if group == crash_after {
                    break;
                }
                ingest.accept(spool.batch(group..group + 1)).await.unwrap();
            }
            drop(ingest); // Without a last checkpoint.
            let ingest = Ingest::start(open(), step).unwrap();
            let acked = ingest.known().stream(spool.stream).map_or(0, |row| row.mark.last_seq);
            assert_eq!(acked, if crash_after == 0 { 0 } else { spool.batch(0..crash_after).batch.last_seq });
            deliver(&ingest, &spool).await;
            assert_eq!(runs(&ingest), whole, "crash after {crash_after}, checkpoint at {checkpoint_at:?}");
            ingest.close().await.unwrap();
            drop(ingest);
            assert_eq!(Ledger::load(open().as_ref(), step).unwrap().runs(), &whole);
        }
    }
}

#[tokio::test]
async fn a_store_restored_from_a_copy_is_caught_up_by_the_agents() {
    let (spool, store) = (example(1, 60), MemoryStore::default());
    let ingest = start(&store);
    for group in 0..20 {
        ingest.accept(spool.batch(group..group + 1)).await.unwrap();
    }
    ingest.checkpoint(NOW_MS).await.unwrap();
    for group in 20..30 {
        ingest.accept(spool.batch(group..group + 1)).await.unwrap();
    }
    let copy = store.copy();
    deliver(&ingest, &spool).await;
    let restored = start(&copy);
    let low = restored.known().stream(spool.stream).unwrap().mark;
    assert_eq!(low.last_seq, spool.batch(0..30).batch.last_seq);
    let ahead = restored.accept(spool.batch(45..46)).await.unwrap();
    assert_eq!(ahead, Verdict::Expected(low), "the agent is told to rewind");
    restored.accept(spool.batch(30..spool.len())).await.unwrap();
    assert_eq!(runs(&restored), runs(&ingest));
    assert_eq!(rebuilt(&copy), runs(&ingest));
}

#[tokio::test]
async fn heads_are_journaled_hourly_and_only_when_they_moved() {
    let (spool, store) = (example(1, 10), MemoryStore::default());
    let ingest = start(&store);
    ingest.checkpoint(NOW_MS).await.unwrap();
    assert_eq!(ingest.known().head().seq, 0, "no stream, no entry");
    ingest.accept(spool.batch(0..5)).await.unwrap();
    for (later_ms, entries) in [(0, 1), (3_599_999, 1), (3_600_000, 1)] {
        ingest.checkpoint(NOW_MS + later_ms).await.unwrap();
        assert_eq!(ingest.known().head().seq, entries, "{later_ms} ms later");
    }
    ingest.accept(spool.batch(5..6)).await.unwrap();
    ingest.checkpoint(NOW_MS + 3_600_001).await.unwrap();
    assert_eq!(ingest.known().head().seq, 2);
    drop(ingest);
    let ingest = start(&store);
    ingest.accept(spool.batch(6..7)).await.unwrap();
    ingest.checkpoint(NOW_MS + 3_600_002).await.unwrap();
    assert_eq!(ingest.known().head().seq, 2, "a restart does not attest anew");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// The same groups in other batches, some of them twice, with restarts: the same runs.
    #[test]
    fn cuts_do_not_matter(cuts in prop::collection::vec((1_usize..9, 0_u8..8), 1..40)) {
        let mut spool = example(3, 25);
        spool.lost(4);
        spool.minutes(30..45);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let (cut, uncut) = (MemoryStore::default(), MemoryStore::default());
            let mut ingest = start(&cut);
            let mut from = 0;
            for (groups, event) in cuts.into_iter().chain(std::iter::repeat_n((9, 0), 9)) {
                let to = (from + groups).min(spool.len());
                if from < to {
                    ingest.accept(spool.batch(from..to)).await.unwrap();
                }
                match event {
                    1 => drop(ingest.accept(spool.batch(0..to)).await.unwrap()),
                    2 => ingest.checkpoint(NOW_MS).await.unwrap(),
                    3 => {
                        drop(ingest);
                        ingest = start(&cut);
                    }
                    _ => {}
                }
                from = to;
            }
            let whole = start(&uncut);
            whole.accept(spool.batch(0..spool.len())).await.unwrap();
            assert_eq!(runs(&ingest), runs(&whole));
        });
    }
}
