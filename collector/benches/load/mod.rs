//! The load of the benchmarks: what agents would send, signed beforehand.

use std::error::Error;

use collector_api::{
    Batch, Chain, CheckEntry, ClockReading, ConfigRecord, Group, Reason, Record, SigningKey, Start, StreamId,
};
use config::AgentId;
use prost::Message as _;

/// Samples of one batch.
pub(crate) const SAMPLES: u32 = 500;
/// A group is a second's samples, a batch what five seconds brought.
const GROUPS: u32 = 5;
/// Between two samples of one check, ms.
pub(crate) const INTERVAL_MS: i64 = 5_000;

pub(crate) type Outcome<T> = Result<T, Box<dyn Error>>;

/// One agent's batches, as they come out of its spool.
pub(crate) struct Prepared {
    pub(crate) agent: AgentId,
    pub(crate) key: SigningKey,
    pub(crate) batches: Vec<Batch>,
}

/// Signs what one agent would send in `slots` batches, with a change of verdict in a thousand samples.
pub(crate) fn prepare(n: u8, begin_ms: i64, slots: u32) -> Outcome<Prepared> {
    let key = SigningKey::from_seed(&[n + 1; 32]).ok_or("a seed has 32 bytes")?;
    let stream = StreamId([n + 1; 16]);
    let mut random = Random(u64::from(n) + 1);
    let entries = (0..SAMPLES).map(|index| CheckEntry {
        index,
        check: format!("service{}.component.target{index}", index % 7),
        interval_ms: INTERVAL_MS.unsigned_abs(),
        hold_ms: 3 * INTERVAL_MS.unsigned_abs(),
    });
    let start = Start { at_ms: begin_ms, version: String::new(), boot_id: String::new(), last_durable_ms: 0 };
    let config = ConfigRecord { revision: 1, begins: true, entries: entries.collect() };
    let head = vec![
        Record { start: Some(start), ..Record::default() },
        Record { config: Some(config), ..Record::default() },
    ];
    let (mut seq, mut chain, mut batches) = (0, Chain::genesis(stream), Vec::new());
    let mut down = vec![false; SAMPLES as usize];
    for slot in 0..slots {
        let slot_ms = begin_ms + i64::from(slot) * INTERVAL_MS;
        let mut groups = Vec::new();
        let (first_seq, before) = (seq + 1, chain);
        for part in 0..GROUPS {
            let mut records = if slot == 0 && part == 0 { head.clone() } else { Vec::new() };
            let each = SAMPLES / GROUPS;
            let samples = (part * each..(part + 1) * each).map(|check| {
                let down = &mut down[check as usize];
                *down ^= random.below(1_000) == 0;
                let verdict = if *down { collector_api::Verdict::Down } else { collector_api::Verdict::Up };
                Record {
                    check_plus_1: check + 1,
                    slot_delta_ms: if check % each == 0 { 0 } else { INTERVAL_MS / i64::from(SAMPLES) },
                    lag_ms: random.below(4),
                    outcome: Record::outcome_of(verdict, Reason::None),
                    duration: 400 + random.below(60),
                    ..Record::default()
                }
            });
            records.extend(samples);
            let base_ms = slot_ms + i64::from(part) * INTERVAL_MS / i64::from(GROUPS);
            let group = Group { first_seq: seq + 1, base_ms, records };
            seq = group.next_seq() - 1;
            let group = group.encode_to_vec();
            chain = chain.extend(&group);
            groups.push(group);
        }
        let sent_ms = slot_ms + INTERVAL_MS;
        let clock = ClockReading { sent_ms, offset_ms: 3, rtt_ms: 2, ntp_error_ms: 1 };
        batches.push(Batch::pack(stream, (first_seq, seq), before, &groups, clock, &key)?);
    }
    Ok(Prepared { agent: AgentId::new(format!("agent{n}"))?, key, batches })
}

pub(crate) fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Numerical Recipes' generator: the same on every machine.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u32) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        u32::try_from((self.0 >> 33) % u64::from(bound)).unwrap_or(0)
    }
}
