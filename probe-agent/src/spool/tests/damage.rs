//! Bytes that the disk gives back otherwise than they were written.

use super::*;

#[test]
fn any_flipped_byte_costs_at_most_one_record_and_never_a_panic() {
    let disk = MemoryDisk::default();
    let mut log = opened(&disk);
    for index in 0..24 {
        log.append(&group(10_000 * (index + 1), 7)).unwrap();
    }
    let mut reference = Collector::of(STREAM);
    reference.drain(&mut log, ALL);
    let original = reference.samples();
    drop(log);
    let names: Vec<String> = segments(&disk);
    assert!(names.len() >= 2, "the test wants an older and a newest segment");

    for name in &names {
        // Between the header's two copies the page is empty; header.rs flips every byte of it.
        for at in (0..96).chain(2_048..2_144).chain(4_096..disk.length(name)) {
            let rotten = disk.after_kill();
            let _ = rotten.remove("cursor");
            rotten.flip(name, at, 1 << (at % 8));
            let mut log = opened(&rotten);
            assert_eq!(log.stream(), STREAM);
            let mut collector = Collector::of(STREAM);
            assert_eq!(collector.hello(&mut log), Resume::Continue);
            let first = readable(&mut log);
            assert_eq!(first, readable(&mut log), "{name} at {at}: two readings differ");
            collector.drain(&mut log, ReadLimits { bytes: 2_000, records: 50 });
            let left = collector.samples();
            let missing = original.iter().filter(|sample| !left.contains(sample)).count();
            assert!(missing <= 1, "{name} at {at}: {missing} samples are gone");
            assert!(left.iter().all(|sample| original.contains(sample)), "{name} at {at}: invented");
        }
    }
}

#[test]
fn random_damage_is_declared_and_never_a_panic() {
    let disk = MemoryDisk::default();
    let mut log = opened(&disk);
    for index in 0..30 {
        log.append(&group(10_000 * (index + 1), 9)).unwrap();
    }
    let mut reference = Collector::of(STREAM);
    reference.drain(&mut log, ALL);
    let original = reference.samples();
    drop(log);
    let names: Vec<String> = segments(&disk);
    for seed in 1..300_u64 {
        let rotten = disk.after_kill();
        let _ = rotten.remove("cursor");
        let mut number = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        for _ in 0..40 {
            number = number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let name = &names[(number >> 33) as usize % names.len()];
            rotten.flip(name, (number >> 20) as usize % rotten.length(name), number.to_le_bytes()[2] | 1);
        }
        let Ok(mut log) = Log::open(rotten.clone(), options(1_000), StreamId([8; 16]), 1_000) else {
            continue;
        };
        let mut collector = Collector::of(log.stream());
        assert_eq!(collector.hello(&mut log), Resume::Continue);
        collector.drain(&mut log, ReadLimits { bytes: 2_000, records: 50 });
        assert!(collector.samples().iter().all(|sample| original.contains(sample)), "seed {seed}: invented");
    }
}

#[test]
fn a_segment_without_a_header_costs_its_records_and_no_other() {
    let disk = MemoryDisk::default();
    let mut log = opened(&disk);
    for index in 0..30 {
        log.append(&group(10_000 * (index + 1), 9)).unwrap();
    }
    let durable = log.durable_seq();
    let spans: Vec<(u64, String)> =
        log.segments.iter().map(|segment| (segment.header.first_seq, segment.name())).collect();
    drop(log);
    assert!(spans.len() >= 3);
    for (index, (first_seq, name)) in spans.iter().enumerate() {
        let rotten = disk.after_kill();
        rotten.flip(name, 3, 1);
        rotten.flip(name, 2_050, 1);
        let mut log = opened(&rotten);
        assert_eq!(log.stream(), STREAM);
        assert!(rotten.list().unwrap().contains(&format!("{name}.bad")), "it is kept");
        let mut collector = Collector::of(STREAM);
        assert_eq!(collector.hello(&mut log), Resume::Continue);
        collector.drain(&mut log, ALL);
        let lost = collector.lost();
        if let Some((next, _)) = spans.get(index + 1) {
            assert_eq!(lost, BTreeMap::from([(LostReason::Corrupt, next - first_seq)]));
        } else {
            // Nobody knows how far it went: its numbers are never given out again.
            assert!(log.durable_seq() > durable && lost.contains_key(&LostReason::Corrupt));
        }
    }
}
