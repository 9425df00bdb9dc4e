//! What waits in memory for the disk.

use tokio::time::Instant;

use super::super::queue::{Item, Queue};
use super::*;

#[test]
fn samples_share_a_sync_and_changed_ones_hurry() {
    let mut queue = Queue::new();
    let start = Instant::now();
    let ms = |count: u64| std::time::Duration::from_millis(count);
    assert_eq!(queue.due_at(), None);
    queue.add(Entry::Dictionary(Dictionary { revision: 1, entries: Vec::new() }), start);
    assert_eq!(queue.due_at(), Some(start), "a dictionary waits for nobody");
    queue.take(start);
    queue.add(Entry::Sample(sample(1, 5)), start + ms(10));
    assert_eq!(queue.due_at(), Some(start + ms(1_010)));
    queue.add(Entry::Sample(Sample { changed: true, ..sample(1, 6) }), start + ms(20));
    assert_eq!(queue.due_at(), Some(start + ms(100)), "at most ten times a second");
    let (items, is_hurried) = queue.take(start + ms(100));
    assert!(is_hurried && items.len() == 1);
    queue.add(Entry::Sample(Sample { changed: true, ..sample(1, 7) }), start + ms(500));
    assert_eq!(queue.due_at(), Some(start + ms(500)));
}

#[test]
fn what_waits_too_long_becomes_one_lost_and_the_dictionary_stays() {
    let mut queue = Queue::new();
    let now = Instant::now();
    queue.add(Entry::Dictionary(Dictionary { revision: 1, entries: Vec::new() }), now);
    let mut added = 0;
    loop {
        queue.add(Entry::Sample(sample(1, added)), now);
        added += 1;
        assert!(added < 1_000_000, "the queue has a bound");
        if added > 1 && queue.due_at().is_some() {
            let (items, hurried) = queue.take(now);
            assert!(!hurried);
            let collapsed = matches!(items.front(), Some(Item::Group(draft)) if draft.is_lost_only());
            queue.put_back(items, now);
            if collapsed {
                break;
            }
        }
    }
    let (items, _) = queue.take(now);
    let [Item::Group(lost), Item::Dictionary(_)] = items.iter().collect::<Vec<_>>()[..] else {
        panic!("{} items", items.len())
    };
    assert_eq!(lost.span(), u64::try_from(added).unwrap());
}

#[test]
fn a_sample_of_another_assignment_is_declared() {
    let mut queue = Queue::new();
    let now = Instant::now();
    queue.add(Entry::Dictionary(Dictionary { revision: 2, entries: Vec::new() }), now);
    queue.add(Entry::Sample(sample(1, 5)), now);
    let (items, _) = queue.take(now);
    assert!(matches!(&items[1], Item::Group(draft) if draft.is_lost_only()));
}

#[test]
fn a_long_dictionary_comes_in_pieces_that_fit() {
    let entry = |index| collector_api::CheckEntry {
        index,
        check: format!("service.component.{}{index}", "x".repeat(200)),
        interval_ms: 60_000,
        hold_ms: 150_000,
    };
    let dictionary = Dictionary { revision: 9, entries: (0..3_000).map(entry).collect() };
    let drafts = dictionary_drafts(&dictionary);
    let mut entries = Vec::new();
    for (index, draft) in drafts.iter().enumerate() {
        let group = Group::read(&draft.encoded(1)).unwrap();
        for (piece, record) in group.records.into_iter().enumerate() {
            let config = record.config.unwrap();
            assert_eq!(config.begins, index == 0 && piece == 0);
            entries.extend(config.entries);
        }
    }
    assert_eq!(entries, dictionary.entries);
}
