//! Samples are never without the names of their checks, whatever is gone.

use collector_api::Record;

use super::*;

fn begins(record: &Record) -> bool {
    record.config.as_ref().is_some_and(|config| config.begins)
}

/// The first records of each segment, up to its first sample.
fn heads(log: &mut Log<MemoryDisk>) -> Vec<Vec<Record>> {
    let firsts: Vec<u64> = log.segments.iter().map(|segment| segment.header.first_seq).collect();
    let all = readable(log);
    let head = |&first: &u64| {
        let records = all.range(first..).flat_map(|(_, bytes)| Group::read(bytes).unwrap().records);
        records.take_while(|record| !record.is_sample()).collect()
    };
    firsts.iter().map(head).collect()
}

fn named(head: &[Record]) -> usize {
    head.iter().filter_map(|record| record.config.as_ref()).map(|config| config.entries.len()).sum()
}

#[test]
fn every_segment_begins_with_the_whole_dictionary_however_long() {
    for checks in [1, 20, 3_000] {
        let mut log = opened(&MemoryDisk::default());
        log.set_dictionary(dictionary(checks)).unwrap();
        for index in 0..400 {
            log.append(&group(10_000 * (index + 1), 40)).unwrap();
        }
        let heads = heads(&mut log);
        assert!(heads.len() >= 3, "{checks} checks: {} segments", heads.len());
        // The first is of the Start, before there was an assignment.
        for head in &heads[1..] {
            assert!(begins(&head[0]) && named(head) == checks as usize, "{checks} checks");
        }
        let dictionary: usize = dictionary(checks).iter().map(Draft::frames_length).sum();
        let longest = log.segments.iter().map(|segment| segment.bytes).max().unwrap();
        assert!(longest <= SEGMENT.max(4 * (4_096 + dictionary as u64)), "{checks} checks: {longest} bytes");
    }
}

#[test]
fn a_low_cap_is_not_filled_by_one_long_dictionary() {
    let mut log = Log::open(MemoryDisk::default(), options(64), STREAM, 1_000).unwrap();
    log.set_dictionary(dictionary(1_000)).unwrap();
    for index in 0..2_000 {
        log.append(&group(10_000 * (index + 1), 40)).unwrap();
        assert!(log.bytes() <= 64 * SEGMENT, "{} bytes are over the cap", log.bytes());
    }
    assert!(log.segments.len() >= 4);
}

#[test]
fn a_new_dictionary_and_a_failed_sync_begin_a_segment() {
    let disk = MemoryDisk::default();
    let mut log = opened(&disk);
    for checks in [5, 6] {
        log.set_dictionary(dictionary(checks)).unwrap();
        log.append(&group(10_000 * i64::from(checks), 5)).unwrap();
    }
    disk.fail_syncs(1);
    log.append(&group(90_000, 5)).unwrap();
    let named: Vec<usize> = heads(&mut log).iter().map(|head| named(head)).collect();
    assert_eq!(named[1..], [5, 6, 6]);
}

#[test]
fn a_dictionary_says_nothing_of_when_the_spool_was_written_last() {
    for (groups, last_ms) in [(0, 1_000), (1, 500_090), (400, 899_090)] {
        let disk = MemoryDisk::default();
        let mut log = opened(&disk);
        for index in 0..groups {
            log.append(&group(500_000 + 1_000 * index, 10)).unwrap();
        }
        // The newest segment has nothing else.
        log.set_dictionary(dictionary(5)).unwrap();
        drop(log);
        let mut log = opened(&disk);
        let mut collector = Collector::of(STREAM);
        collector.drain(&mut log, ALL);
        let starts = collector.records().into_iter().filter_map(|record| record.start).collect::<Vec<_>>();
        assert_eq!(starts[1].last_durable_ms, last_ms, "after {groups} groups");
    }
}

#[test]
fn after_a_lost_that_begins_a_segment_the_dictionary_comes_before_any_sample() {
    let disk = MemoryDisk::default();
    let mut log = opened(&disk);
    log.set_dictionary(dictionary(5)).unwrap();
    disk.fail_syncs(1);
    log.append(&Draft::of_lost(lost(500, LostReason::DiskRefused, 1, 2))).unwrap();
    log.append(&group(90_000, 5)).unwrap();
    let mut collector = Collector::of(STREAM);
    collector.drain(&mut log, ALL);
    let records = collector.records();
    let at = records.iter().position(|record| record.lost.is_some()).unwrap();
    assert!(begins(&records[at + 1]) && records[at + 2].is_sample());
}

#[test]
fn a_lost_says_whether_a_dictionary_may_be_gone_and_is_believed_only_then() {
    let disk = MemoryDisk::default();
    let mut log = opened(&disk);
    log.set_dictionary(dictionary(20)).unwrap();
    for index in 0..40 {
        log.append(&group(10_000 * (index + 1), 7)).unwrap();
    }
    let mut original = Collector::of(STREAM);
    original.drain(&mut log, ALL);
    drop(log);
    let configs = original.records().iter().filter(|record| record.config.is_some()).count();
    let mut seen = [0, 0];
    for name in segments(&disk) {
        for at in (4_096..disk.length(&name)).step_by(5) {
            let rotten = disk.after_kill();
            let _ = rotten.remove("cursor");
            rotten.flip(&name, at, 1 << (at % 8));
            let mut log = opened(&rotten);
            let mut collector = Collector::of(STREAM);
            collector.drain(&mut log, ALL);
            let records = collector.records();
            let Some(lost) = records.iter().find_map(|record| record.lost.as_ref()) else { continue };
            let left = records.iter().filter(|record| record.config.is_some()).count();
            if left < configs {
                assert!(!lost.dictionary_kept, "{name} at {at}: a CONFIG is gone and nobody says so");
            }
            seen[usize::from(lost.dictionary_kept)] += 1;
        }
    }
    // Most of what can go bad are samples, which must not cost the names of those after them.
    assert!(seen[0] > 0 && seen[1] > seen[0], "{seen:?}");
}
