//! A power cut or a kill at every operation of the disk.

use proptest::prelude::*;

use super::*;

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
