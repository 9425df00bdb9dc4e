//! The spool's promises, with a collector that accepts by the protocol's rule at the other end.

mod crash;
mod damage;
mod disk;
mod cap;
mod dictionary;
mod fork;
mod queue;

use std::collections::BTreeMap;

use collector_api::{Chain, Group, LostReason, Reason, StreamId, Verdict};

use super::disk::Disk as _;
use super::draft::lost;
use super::memory_disk::MemoryDisk;
use super::outlet::{ReadLimits, Resume};
use super::queue::dictionary_drafts;
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

/// A dictionary of `checks` checks, in pieces.
fn dictionary(checks: u32) -> Vec<Draft> {
    let entry = |index| collector_api::CheckEntry {
        index,
        check: format!("service.component.target{index}"),
        interval_ms: 60_000,
        hold_ms: 150_000,
    };
    dictionary_drafts(&Dictionary { revision: 9, entries: (0..checks).map(entry).collect() })
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

    /// Every record that arrived, in order.
    fn records(&self) -> Vec<collector_api::Record> {
        self.groups.values().flat_map(|bytes| Group::read(bytes).unwrap().records).collect()
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

/// A repeatable coin.
fn coin(mut seed: u64) -> impl FnMut() -> bool {
    move || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed & 4 != 0
    }
}
