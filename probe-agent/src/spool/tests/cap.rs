//! What is kept, and what is declared, when not everything may be kept.

use super::*;

#[test]
fn at_the_cap_the_oldest_become_one_lost_and_delivery_goes_on() {
    for (acked_first, unheard) in [(false, false), (true, false), (false, true), (true, true)] {
        let disk = MemoryDisk::default();
        let mut log = Log::open(disk.clone(), options(8), STREAM, 1_000).unwrap();
        let mut collector = Collector::of(STREAM);
        log.append(&group(5_000, 20)).unwrap();
        if acked_first {
            collector.drain(&mut log, ALL);
        }
        for index in 0..120 {
            log.append(&group(10_000 * (index + 1), 20)).unwrap();
            assert!(log.bytes() <= 8 * SEGMENT, "{} bytes are over the cap", log.bytes());
            if unheard && index == 10 {
                // The collector takes a batch, the answer is lost, and nobody hears of it for long.
                let sent = log.outgoing(ReadLimits { bytes: usize::MAX, records: 30 }).unwrap().unwrap();
                collector.accept(&sent);
            }
        }
        let declared = log.lost()[&LostReason::Cap];
        drop(log);
        let mut log = Log::open(disk, options(8), STREAM, 2_000_000).unwrap();
        assert_eq!(collector.hello(&mut log), Resume::Continue, "{acked_first} {unheard}");
        collector.drain(&mut log, ReadLimits { bytes: 5_000, records: 100 });
        let lost = collector.lost();
        let declared = declared + log.lost().get(&LostReason::Cap).copied().unwrap_or_default();
        assert_eq!(lost.len(), 1, "{lost:?}");
        assert!(
            lost[&LostReason::Cap] <= declared && lost[&LostReason::Cap] + 60 >= declared,
            "{lost:?} {declared}"
        );
        let arrived = collector.samples().len() as u64;
        assert!(arrived + lost[&LostReason::Cap] >= 121 * 20, "{arrived} arrived, {lost:?}");

        // The chain that was sent is the one a later rewind is compared with.
        let marks: Vec<u64> = collector.history.iter().map(|(mark, _)| *mark).collect();
        collector.restore(marks[marks.len() - 3]);
        assert_eq!(collector.hello(&mut log), Resume::Rewound);
        collector.drain(&mut log, ALL);
    }
}

#[test]
fn after_what_the_cap_took_the_dictionary_comes_before_any_sample() {
    let disk = MemoryDisk::default();
    let mut log = Log::open(disk, options(8), STREAM, 1_000).unwrap();
    log.set_dictionary(dictionary(20)).unwrap();
    for index in 0..120 {
        log.append(&group(10_000 * (index + 1), 20)).unwrap();
    }
    // Nothing was delivered, so the first dictionary went with what the cap gave up.
    let records: Vec<_> =
        readable(&mut log).into_values().flat_map(|bytes| Group::read(&bytes).unwrap().records).collect();
    let first = |what: fn(&collector_api::Record) -> bool| records.iter().position(what);
    let lost = first(|record| record.lost.is_some()).unwrap();
    let named = first(|record| record.config.as_ref().is_some_and(|config| config.begins)).unwrap();
    let sampled = first(collector_api::Record::is_sample).unwrap();
    assert!(lost < named && named < sampled, "lost {lost}, named {named}, sampled {sampled}");
}

#[test]
fn what_the_cap_took_is_dated_by_its_samples_however_old_the_dictionary() {
    let mut log = Log::open(MemoryDisk::default(), options(8), STREAM, 900_000).unwrap();
    // In force since long before.
    log.set_dictionary(dictionary(20)).unwrap();
    for index in 0..120 {
        log.append(&group(1_000_000 + 10_000 * index, 20)).unwrap();
        assert!(log.oldest_unacked_ms() >= 900_000, "{} after group {index}", log.oldest_unacked_ms());
    }
    let mut collector = Collector::of(STREAM);
    collector.drain(&mut log, ALL);
    let records = collector.records();
    let lost = records.iter().find_map(|record| record.lost.as_ref()).unwrap();
    let (_, _, first_kept_ms) = collector.samples()[0];
    let expected = (900_000, first_kept_ms);
    assert_eq!((lost.from_ms, lost.to_ms), expected, "from the Start to the first sample that is left");
}

#[test]
fn a_restored_collector_gets_the_kept_quarter_again_and_hears_what_is_gone() {
    let disk = MemoryDisk::default();
    let mut log = Log::open(disk.clone(), options(16), STREAM, 1_000).unwrap();
    let mut collector = Collector::of(STREAM);
    for index in 0..150 {
        log.append(&group(10_000 * (index + 1), 20)).unwrap();
        collector.drain(&mut log, ALL);
    }
    let original = collector.clone();
    assert!(log.bytes() >= 4 * SEGMENT && log.bytes() <= 7 * SEGMENT, "{} bytes are kept", log.bytes());

    // Within what is kept: the same bytes, also after a restart.
    collector.restore(collector.mark - 200);
    assert_eq!(collector.hello(&mut log), Resume::Rewound);
    drop(log);
    let mut log = Log::open(disk.clone(), options(16), STREAM, 2_000_000).unwrap();
    assert_eq!(collector.hello(&mut log), Resume::Continue);
    collector.drain(&mut log, ALL);
    assert!(original.groups.iter().all(|(seq, bytes)| collector.groups[seq] == *bytes));

    // Beyond it: what is gone is declared, once.
    collector.restore(100);
    let mark = collector.mark;
    assert_eq!(collector.hello(&mut log), Resume::Rewound);
    let oldest = log.segments[0].header.first_seq;
    collector.drain(&mut log, ALL);
    assert_eq!(collector.lost(), BTreeMap::from([(LostReason::Rewound, oldest - 1 - mark)]));
}
