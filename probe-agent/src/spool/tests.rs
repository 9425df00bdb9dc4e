//! The spool's promises, with a collector that accepts by the protocol's rule at the other end.

use std::collections::BTreeMap;

use collector_api::{Chain, Group, LostReason, Reason, StreamId, Verdict};
use proptest::prelude::*;
use tokio::time::Instant;

use super::disk::Disk as _;
use super::memory_disk::MemoryDisk;
use super::outlet::{ReadLimits, Resume};
use super::queue::{Item, Queue};
use super::*;
use crate::sample::{Dictionary, Sample};

const SEGMENT: u64 = 8 << 10;
const STREAM: StreamId = StreamId([7; 16]);
const ALL: ReadLimits = ReadLimits { bytes: usize::MAX, records: usize::MAX };

fn options(segments_max: u64) -> LogOptions {
    LogOptions {
        bytes_max: segments_max * SEGMENT,
        segment_bytes: SEGMENT,
        version: "0.1.0".to_owned(),
        boot_id: "boot".to_owned(),
    }
}

fn opened(disk: &MemoryDisk) -> Log<MemoryDisk> {
    Log::open(disk.clone(), options(1_000), STREAM, 1_000).unwrap()
}

fn sample(check: u32, slot_ms: i64) -> Sample {
    Sample {
        check,
        revision: 1,
        slot_ms,
        lag_ms: 0,
        verdict: Verdict::Up,
        reason: Reason::None,
        duration_micros: 1_000,
        evidence: None,
        changed: false,
    }
}

/// The names of whole segments.
fn segments(disk: &MemoryDisk) -> Vec<String> {
    let mut names = disk.list().unwrap();
    names.retain(|name| name.strip_suffix(".seg").is_some());
    names
}

/// A group of `count` samples, the first at `from_ms`, one each 10 ms.
fn group(from_ms: i64, count: u32) -> Draft {
    let mut draft = Draft::default();
    for index in 0..count {
        draft.add_sample(&sample(index, from_ms + i64::from(index) * 10));
    }
    draft
}

/// The collector's side of one stream: the accept rule, and everything that was accepted.
#[derive(Debug, Clone)]
struct Collector {
    stream: StreamId,
    mark: u64,
    chain: Chain,
    /// First number → group.
    groups: BTreeMap<u64, Vec<u8>>,
    /// Mark and chain after each batch.
    history: Vec<(u64, Chain)>,
}

impl Collector {
    fn of(stream: StreamId) -> Self {
        let chain = Chain::genesis(stream);
        Self { stream, mark: 0, chain, groups: BTreeMap::new(), history: vec![(0, chain)] }
    }

    fn accept(&mut self, sent: &Outgoing) {
        assert_eq!(sent.stream, self.stream);
        assert_eq!((sent.first_seq, sent.before), (self.mark + 1, self.chain), "what follows must be sent");
        let mut chain = self.chain;
        let mut seq = sent.first_seq;
        for bytes in &sent.groups {
            chain = chain.extend(bytes);
            let group = Group::read(bytes).unwrap();
            assert_eq!(group.first_seq, seq, "groups follow each other without a gap");
            seq = group.next_seq();
            self.groups.insert(group.first_seq, bytes.clone());
        }
        assert_eq!((seq, chain), (sent.last_seq + 1, sent.after));
        (self.mark, self.chain) = (sent.last_seq, chain);
        self.history.push((self.mark, chain));
    }

    /// Back to an earlier state, as a collector restored from a copy.
    fn restore(&mut self, mark: u64) {
        self.history.retain(|(then, _)| *then <= mark);
        (self.mark, self.chain) = *self.history.last().unwrap();
        self.groups.retain(|first_seq, _| *first_seq <= self.mark);
    }

    fn hello(&self, log: &mut Log<MemoryDisk>) -> Resume {
        log.resume(self.mark, Some(self.chain)).unwrap()
    }

    fn drain(&mut self, log: &mut Log<MemoryDisk>, limits: ReadLimits) {
        while let Some(sent) = log.outgoing(limits).unwrap() {
            self.accept(&sent);
            log.acknowledge(&sent);
        }
        assert_eq!(self.mark, log.durable_seq(), "everything durable is delivered");
    }

    /// Every sample that arrived: number, check and absolute slot.
    fn samples(&self) -> Vec<(u64, u32, i64)> {
        let mut samples = Vec::new();
        for bytes in self.groups.values() {
            let group = Group::read(bytes).unwrap();
            let (mut seq, mut slot_ms) = (group.first_seq, group.base_ms);
            for record in &group.records {
                if record.is_sample() {
                    slot_ms += record.slot_delta_ms;
                    samples.push((seq, record.check_plus_1 - 1, slot_ms));
                }
                seq += record.span();
            }
        }
        samples
    }

    /// What was declared lost, by reason.
    fn lost(&self) -> BTreeMap<LostReason, u64> {
        let mut lost = BTreeMap::new();
        for bytes in self.groups.values() {
            for record in Group::read(bytes).unwrap().records {
                if let Some(record) = record.lost {
                    *lost.entry(record.reason()).or_default() += record.count;
                }
            }
        }
        lost
    }
}

/// Everything that can be read for push now, by first number.
fn readable(log: &mut Log<MemoryDisk>) -> BTreeMap<u64, Vec<u8>> {
    let Some(sent) = log.outgoing(ALL).unwrap() else { return BTreeMap::new() };
    sent.groups.into_iter().map(|bytes| (Group::read(&bytes).unwrap().first_seq, bytes)).collect()
}

#[derive(Debug, Clone)]
enum Act {
    Append(u32),
    /// Send one batch of at most so many records; is the answer heard?
    Send(usize, bool),
    FailSync,
    Restart,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        6 => (1_u32..60).prop_map(Act::Append),
        3 => (1_usize..150, any::<bool>()).prop_map(|(records, heard)| Act::Send(records, heard)),
        1 => Just(Act::FailSync),
        1 => Just(Act::Restart),
    ]
}

/// Plays a script on a disk that may lose its power. Everything that ever was readable is remembered.
struct Play {
    disk: MemoryDisk,
    collector: Collector,
    readable: BTreeMap<u64, Vec<u8>>,
}

impl Play {
    fn new(disk: MemoryDisk) -> Self {
        Self { disk, collector: Collector::of(STREAM), readable: BTreeMap::new() }
    }

    /// False when the power went.
    fn play(&mut self, script: &[Act]) -> bool {
        let Some(mut log) = self.open() else { return false };
        for (index, act) in script.iter().enumerate() {
            match act {
                Act::Append(count) => {
                    if log.append(&group(2_000 + i64::try_from(index).unwrap() * 1_000, *count)).is_err() {
                        return false;
                    }
                }
                Act::Send(records, heard) => {
                    assert_eq!(self.collector.hello(&mut log), Resume::Continue);
                    let limits = ReadLimits { bytes: 4_000, records: *records };
                    if let Some(sent) = log.outgoing(limits).unwrap() {
                        self.collector.accept(&sent);
                        if *heard {
                            log.acknowledge(&sent);
                        }
                    }
                }
                Act::FailSync => self.disk.fail_syncs(1),
                Act::Restart => {
                    self.disk.fail_syncs(0);
                    drop(log);
                    let Some(again) = self.open() else { return false };
                    log = again;
                }
            }
            self.readable.extend(readable(&mut log));
        }
        true
    }

    fn open(&mut self) -> Option<Log<MemoryDisk>> {
        let mut log = Log::open(self.disk.clone(), options(1_000), STREAM, 1_000).ok()?;
        self.readable.extend(readable(&mut log));
        Some(log)
    }

    /// After a crash: what was readable is delivered, with the same bytes; then life goes on.
    fn settle(mut self) {
        let mut log = opened(&self.disk);
        assert_eq!(log.stream(), STREAM);
        assert_eq!(self.collector.hello(&mut log), Resume::Continue);
        log.append(&group(900_000, 3)).unwrap();
        self.collector.drain(&mut log, ReadLimits { bytes: 3_000, records: 100 });
        for (first_seq, bytes) in &self.readable {
            assert_eq!(self.collector.groups.get(first_seq), Some(bytes), "number {first_seq}");
        }
    }
}

/// A repeatable coin.
fn coin(mut seed: u64) -> impl FnMut() -> bool {
    move || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed & 4 != 0
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn what_was_readable_survives_a_power_cut_at_every_operation(
        script in prop::collection::vec(act(), 1..14),
        seed in 1_u64..,
    ) {
        let mut whole = Play::new(MemoryDisk::default());
        prop_assert!(whole.play(&script));
        let operations = whole.disk.operations();
        for cut in 1..=operations {
            let mut play = Play::new(MemoryDisk::default());
            play.disk.crash_after(cut);
            play.play(&script);
            // The process dies, or the machine; then again during or after the recovery. What a kill left
            // in memory and a recovery gave out must stand a power cut after it.
            let mut chance = coin(seed.wrapping_add(cut));
            play.disk =
                if cut % 2 == 0 { play.disk.after_kill() } else { play.disk.after_power_cut(&mut chance) };
            play.disk.crash_after(cut % 40);
            drop(play.open());
            play.disk =
                if cut % 5 == 0 { play.disk.after_kill() } else { play.disk.after_power_cut(&mut chance) };
            play.settle();
        }
    }
}

#[test]
fn a_group_is_not_readable_before_it_is_synced() {
    let disk = MemoryDisk::default();
    let mut log = opened(&disk);
    let before = readable(&mut log);
    let operations = disk.operations();
    // The write happens, its sync does not.
    disk.crash_after(1);
    assert!(log.append(&group(2_000, 5)).is_err());
    assert_eq!(disk.operations(), operations + 1);
    assert_eq!(readable(&mut log), before);
}

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
    let entry = |index| collector_api::CheckEntry {
        index,
        check: format!("service.component.target{index}"),
        interval_ms: 60_000,
        hold_ms: 150_000,
    };
    let dictionary = Dictionary { revision: 9, entries: (0..20).map(entry).collect() };
    log.set_dictionary(super::queue::dictionary_drafts(&dictionary, 1)).unwrap();
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
fn a_crash_while_the_cap_gives_up_segments_leaves_every_number_accounted_for() {
    let script = |log: &mut Log<MemoryDisk>| {
        (0..60).try_for_each(|index| log.append(&group(10_000 * (index + 1), 20)))
    };
    let disk = MemoryDisk::default();
    script(&mut Log::open(disk.clone(), options(6), STREAM, 1_000).unwrap()).unwrap();
    for cut in 1..disk.operations() {
        let disk = MemoryDisk::default();
        disk.crash_after(cut);
        if let Ok(mut log) = Log::open(disk.clone(), options(6), STREAM, 1_000) {
            let _ = script(&mut log);
        }
        let mut chance = coin(cut);
        let disk = disk.after_power_cut(&mut chance);
        let mut log = Log::open(disk, options(6), STREAM, 1_000).unwrap();
        let mut collector = Collector::of(STREAM);
        assert_eq!(collector.hello(&mut log), Resume::Continue);
        collector.drain(&mut log, ALL);
        let mut lost = collector.lost();
        lost.remove(&LostReason::Cap);
        // At most of the group whose sync the power cut: sectors arrive in any order.
        assert!(lost.into_iter().all(|(reason, count)| reason == LostReason::Corrupt && count < 20));
    }
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
    rolled_back.set_dictionary(super::queue::dictionary_drafts(&dictionary, 1)).unwrap();
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
fn a_crash_at_every_operation_of_a_new_stream_leaves_one_stream() {
    for cut in 0..40 {
        let disk = MemoryDisk::default();
        let mut log = opened(&disk);
        for index in 0..8 {
            log.append(&group(5_000 + index, 20)).unwrap();
        }
        disk.crash_after(cut);
        let begun = log.begin_stream(StreamId([9; 16]), 9_000);
        let disk = disk.after_power_cut(coin(cut + 1));
        let mut log = opened(&disk);
        if begun.is_ok() {
            assert_eq!(log.stream(), StreamId([9; 16]));
        }
        let mut collector = Collector::of(log.stream());
        assert_eq!(collector.hello(&mut log), Resume::Continue);
        collector.drain(&mut log, ALL);
    }
}

#[test]
fn a_failed_sync_is_never_repeated_on_its_file() {
    let disk = MemoryDisk::default();
    let mut log = opened(&disk);
    log.append(&group(5_000, 10)).unwrap();
    disk.fail_syncs(1);
    log.append(&group(6_000, 10)).unwrap();
    log.append(&group(7_000, 10)).unwrap();
    assert!(disk.list().unwrap().iter().any(|name| name.ends_with(".suspect")));
    let before = readable(&mut log);
    assert_eq!(before.len(), 4);
    drop(log);
    // The pages that failed to sync are gone now; nothing that was readable was among them.
    let mut log = opened(&disk.after_power_cut(|| false));
    let after = readable(&mut log);
    assert!(before.iter().all(|(seq, bytes)| after.get(seq) == Some(bytes)));
}

#[test]
fn a_disk_that_fails_everywhere_ends_the_spool() {
    let disk = MemoryDisk::default();
    let mut log = opened(&disk);
    let before = readable(&mut log);
    disk.fail_syncs(3);
    assert!(matches!(log.append(&group(5_000, 10)), Err(AppendError::Broken(_))));
    assert_eq!(readable(&mut log), before);
    // One bad file is no broken disk, be it the one in use or a new one.
    disk.fail_syncs(1);
    log.append(&group(5_000, 10)).unwrap();
    disk.fail_syncs(2);
    log.append(&group(6_000, 10)).unwrap();
}

#[test]
fn a_full_disk_changes_nothing_and_declares_from_its_reserve() {
    let disk = MemoryDisk::default();
    let mut log = opened(&disk);
    disk.set_bytes_max(Some(disk.bytes()));
    let mut appended = 0;
    while log.append(&group(10_000 + appended * 1_000, 20)).is_ok() {
        appended += 1;
    }
    let durable = log.durable_seq();
    assert!(matches!(log.append(&group(5_000, 20)), Err(AppendError::Full(_))));
    assert_eq!(log.durable_seq(), durable, "a refused group takes no numbers");

    let lost = Draft::of_lost(draft::lost(500, LostReason::DiskRefused, 1, 2));
    log.append(&lost).unwrap();
    log.append(&lost).unwrap();
    assert!(matches!(log.append(&group(5_000, 20)), Err(AppendError::Full(_))), "samples may not fill it");

    // A restart on a disk that is still full.
    drop(log);
    let _ = disk.remove("cursor");
    disk.set_bytes_max(None);
    let mut log = opened(&disk);
    log.append(&group(900_000, 5)).unwrap();
    let mut collector = Collector::of(STREAM);
    collector.drain(&mut log, ALL);
    assert_eq!(collector.lost(), BTreeMap::from([(LostReason::DiskRefused, 1_000)]));
    assert!(disk.list().unwrap().iter().any(|name| name == "reserve"), "the reserve is there again");
}

#[test]
fn an_agent_starts_on_a_full_disk() {
    let disk = MemoryDisk::default();
    let mut log = opened(&disk);
    log.append(&group(10_000, 20)).unwrap();
    let before = readable(&mut log);
    drop(log);
    disk.set_bytes_max(Some(disk.bytes()));
    let mut log = opened(&disk);
    let after = readable(&mut log);
    assert!(before.iter().all(|(seq, bytes)| after.get(seq) == Some(bytes)));
    disk.set_bytes_max(None);
    log.append(&group(20_000, 20)).unwrap();
    Collector::of(STREAM).drain(&mut log, ALL);
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

#[test]
fn samples_share_a_sync_and_changed_ones_hurry() {
    let mut queue = Queue::new();
    let start = Instant::now();
    let ms = |count: u64| std::time::Duration::from_millis(count);
    assert_eq!(queue.due_at(), None);
    queue.add(Entry::Dictionary(Dictionary { revision: 1, entries: Vec::new() }), start, 1);
    assert_eq!(queue.due_at(), Some(start), "a dictionary waits for nobody");
    queue.take(start);
    queue.add(Entry::Sample(sample(1, 5)), start + ms(10), 1);
    assert_eq!(queue.due_at(), Some(start + ms(1_010)));
    queue.add(Entry::Sample(Sample { changed: true, ..sample(1, 6) }), start + ms(20), 1);
    assert_eq!(queue.due_at(), Some(start + ms(100)), "at most ten times a second");
    let (items, is_hurried) = queue.take(start + ms(100));
    assert!(is_hurried && items.len() == 1);
    queue.add(Entry::Sample(Sample { changed: true, ..sample(1, 7) }), start + ms(500), 1);
    assert_eq!(queue.due_at(), Some(start + ms(500)));
}

#[test]
fn what_waits_too_long_becomes_one_lost_and_the_dictionary_stays() {
    let mut queue = Queue::new();
    let now = Instant::now();
    queue.add(Entry::Dictionary(Dictionary { revision: 1, entries: Vec::new() }), now, 1);
    let mut added = 0;
    loop {
        queue.add(Entry::Sample(sample(1, added)), now, 1);
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
    queue.add(Entry::Dictionary(Dictionary { revision: 2, entries: Vec::new() }), now, 1);
    queue.add(Entry::Sample(sample(1, 5)), now, 1);
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
    let drafts = super::queue::dictionary_drafts(&dictionary, 1);
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

#[tokio::test]
async fn a_real_directory_is_written_and_read() {
    let home = tempfile::tempdir().unwrap();
    let options = SpoolOptions {
        directory: home.path().join("spool"),
        bytes_max: 16 << 20,
        version: "0.1.0".to_owned(),
        boot_id: String::new(),
    };
    let clock: WallClock = Arc::new(|| 1_000);
    let status = StatusCell::default();
    let spool = open(&options, Arc::clone(&clock), status.clone()).unwrap();
    assert!(matches!(open(&options, Arc::clone(&clock), status.clone()), Err(SpoolError::InUse)));
    let (sender, entries) = mpsc::channel(8);
    sender.send(Entry::Dictionary(Dictionary { revision: 1, entries: Vec::new() })).await.unwrap();
    for slot_ms in 0..5 {
        sender.send(Entry::Sample(sample(0, slot_ms))).await.unwrap();
    }
    drop(sender);
    run(spool.clone(), entries).await.unwrap();
    let progress = *spool.progress().borrow();
    assert!(progress.ended);
    assert_eq!(progress.durable_seq, 7, "Start, CONFIG, five samples");
    assert_eq!(status.get().durable_seq, 7);
    drop(spool);
    let spool = open(&options, clock, status).unwrap();
    let sent = spool.on_disk(|log| log.outgoing(ALL)).await.unwrap().unwrap().unwrap();
    assert_eq!((sent.first_seq, sent.last_seq), (1, 8));
}
