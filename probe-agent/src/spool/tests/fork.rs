//! Marks and chain values of a collector that holds the same, or something else.

use super::*;

#[test]
fn a_collector_that_holds_something_else_is_seen() {
    let disk = MemoryDisk::default();
    let mut log = opened(&disk);
    log.append(&group(5_000, 20)).unwrap();
    log.append(&group(6_000, 20)).unwrap();
    let snapshot = disk.after_kill();
    let mut collector = Collector::of(STREAM);
    log.append(&group(7_000, 20)).unwrap();
    collector.drain(&mut log, ALL);
    let (mark, chain) = (collector.mark, collector.chain);

    let mut rolled_back = opened(&snapshot);
    assert_eq!(rolled_back.resume(mark, Some(chain)).unwrap(), Resume::Ahead);
    for index in 0..3 {
        rolled_back.append(&group(8_000 + index, 20)).unwrap();
    }
    assert_eq!(rolled_back.resume(mark, Some(chain)).unwrap(), Resume::Differs);
    assert_eq!(rolled_back.resume(mark - 1, Some(chain)).unwrap(), Resume::Differs, "within a group");

    // A new stream says from its first record on what it is, and what did not arrive.
    let durable = rolled_back.durable_seq();
    let entries =
        vec![collector_api::CheckEntry { index: 0, check: "a.b.c".to_owned(), ..Default::default() }];
    let dictionary = Dictionary { revision: 3, entries };
    rolled_back.set_dictionary(dictionary_drafts(&dictionary)).unwrap();
    let durable = durable + 1;
    rolled_back.begin_stream(StreamId([9; 16]), 9_000).unwrap();
    rolled_back.append(&group(9_500, 4)).unwrap();
    let mut second = Collector::of(StreamId([9; 16]));
    second.drain(&mut rolled_back, ALL);
    let records: Vec<_> =
        second.groups.values().flat_map(|bytes| Group::read(bytes).unwrap().records).collect();
    assert!(records[0].start.is_some(), "a stream opens with a Start");
    assert_eq!(records[1].lost.as_ref().map(|lost| lost.count), Some(durable));
    assert!(records[2].config.as_ref().is_some_and(|config| config.begins));
    assert_eq!(records.len(), 3 + 4);
    drop(rolled_back);
    assert_eq!(opened(&snapshot).stream(), StreamId([9; 16]), "the newest segment's stream is in force");
}

#[test]
fn a_disk_too_full_for_the_dictionary_begins_one_new_stream_all_the_same() {
    let disk = MemoryDisk::default();
    let mut log = opened(&disk);
    log.set_dictionary(dictionary(5)).unwrap();
    log.append(&group(5_000, 20)).unwrap();
    let gone = log.durable_seq();
    // Room for the Start's segment, and no more.
    disk.set_bytes_max(Some(disk.bytes() + usize::try_from(SEGMENT).unwrap()));
    let second = StreamId([9; 16]);
    log.begin_stream(second, 9_000).unwrap();
    assert_eq!((log.stream(), log.lost()[&LostReason::Corrupt]), (second, gone));
    assert!(matches!(log.append(&group(9_500, 4)), Err(AppendError::Full(_))), "no samples without names");
    disk.set_bytes_max(None);
    log.append(&group(9_500, 4)).unwrap();
    let mut collector = Collector::of(second);
    collector.drain(&mut log, ALL);
    let records = collector.records();
    assert!(records[0].start.is_some() && records[1].lost.is_some());
    assert!(records[2].config.as_ref().is_some_and(|config| config.begins));
    assert_eq!(records.len(), 3 + 4);
}

#[test]
fn two_marks_are_compared_without_a_cursor() {
    let disk = MemoryDisk::default();
    let mut log = opened(&disk);
    let mut collector = Collector::of(STREAM);
    for index in 0..30 {
        log.append(&group(10_000 * (index + 1), 9)).unwrap();
        collector.drain(&mut log, ALL);
    }
    for (mark, chain) in collector.history.clone() {
        let disk = disk.after_kill();
        let _ = disk.remove("cursor");
        let mut log = opened(&disk);
        assert_eq!(log.resume(mark, Some(chain)).unwrap(), Resume::Continue);
        let _ = disk.remove("cursor");
        if mark > 0 {
            assert_eq!(opened(&disk).resume(mark, Some(Chain([1; 32]))).unwrap(), Resume::Differs);
        }
    }
}
