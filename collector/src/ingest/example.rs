//! What an agent's spool would send, made up: for this crate's tests.

use collector_api::{
    Batch, Chain, CheckEntry, ClockReading, ConfigRecord, Group, Lost, Reason, Record, SigningKey, Start,
    StreamId, Verdict,
};
use config::AgentId;
use prost::Message as _;

use super::Arrived;

/// The instant examples begin at: 2026-03-01T00:00:00Z.
pub(crate) const BEGIN_MS: i64 = 1_772_323_200_000;
/// Between two samples of a check.
pub(crate) const EVERY_MS: i64 = 60_000;

/// Checks of every example, by index; the last one is in no dictionary.
pub(crate) const CHECKS: [&str; 3] = ["dc.dns.dns1", "dc.dns.dns2", "dc.backup.nas1"];

/// Groups in order, with what a batch's header says of them.
pub(crate) struct Spool {
    pub(crate) agent: AgentId,
    pub(crate) key: SigningKey,
    pub(crate) stream: StreamId,
    groups: Vec<Vec<u8>>,
    /// Number and chain value after each group.
    ends: Vec<(u64, Chain)>,
}

impl Spool {
    /// Begun, with its dictionary.
    pub(crate) fn new(n: u8) -> Self {
        Self::empty(n).begun(BEGIN_MS)
    }

    /// Another stream of the same agent, whose start is stamped so.
    pub(crate) fn reopened(&self, stream: u8, at_ms: i64) -> Self {
        let (agent, key) = (self.agent.clone(), SigningKey::from_seed(&[self.stream.0[0]; 32]).unwrap());
        Self { agent, key, ..Self::empty(stream) }.begun(at_ms)
    }

    fn begun(mut self, at_ms: i64) -> Self {
        let start = Start { at_ms, version: "0".to_owned(), boot_id: String::new(), last_durable_ms: 0 };
        self.push(vec![Record { start: Some(start), ..Record::default() }, dictionary()]);
        self
    }

    pub(crate) fn empty(n: u8) -> Self {
        Self {
            agent: AgentId::new(format!("agent{n}")).unwrap(),
            key: SigningKey::from_seed(&[n; 32]).unwrap(),
            stream: StreamId([n; 16]),
            groups: Vec::new(),
            ends: Vec::new(),
        }
    }

    /// One group of these records; slots count from [`BEGIN_MS`].
    pub(crate) fn push(&mut self, records: Vec<Record>) {
        let group = Group { first_seq: self.last_seq() + 1, base_ms: BEGIN_MS, records };
        let after = group.next_seq() - 1;
        self.push_bytes(group.encode_to_vec(), after);
    }

    /// Any bytes as a group that says it goes up to `last_seq`.
    pub(crate) fn push_bytes(&mut self, group: Vec<u8>, last_seq: u64) {
        let chain = self.chain().extend(&group);
        self.groups.push(group);
        self.ends.push((last_seq, chain));
    }

    /// A group of one sample of each check, in the given minute.
    pub(crate) fn minute(&mut self, minute: i64, verdicts: [Verdict; 2]) {
        let samples = (0..).zip(verdicts).map(|(index, verdict)| sample(index, minute, verdict));
        self.push(samples.collect());
    }

    /// Minutes `from..to`, with the verdict that [`verdict_of`] gives.
    pub(crate) fn minutes(&mut self, minutes: std::ops::Range<i64>) {
        for minute in minutes {
            self.minute(minute, [verdict_of(minute), verdict_of(minute / 3)]);
        }
    }

    /// What the cap took; an agent repeats its dictionary then.
    pub(crate) fn lost(&mut self, count: u64) {
        let lost = Lost { count, reason: 1, ..Lost::default() };
        self.push(vec![Record { lost: Some(lost), ..Record::default() }, dictionary()]);
    }

    pub(crate) fn len(&self) -> usize {
        self.groups.len()
    }

    pub(crate) fn last_seq(&self) -> u64 {
        self.ends.last().map_or(0, |(seq, _)| *seq)
    }

    pub(crate) fn chain(&self) -> Chain {
        self.ends.last().map_or(Chain::genesis(self.stream), |(_, chain)| *chain)
    }

    /// These groups, signed, as they come out of the listener; all arrive at the examples' end.
    pub(crate) fn batch(&self, groups: std::ops::Range<usize>) -> Arrived {
        self.batch_at(groups, BEGIN_MS + 100 * 86_400_000)
    }

    pub(crate) fn batch_at(&self, groups: std::ops::Range<usize>, received_ms: i64) -> Arrived {
        let (before_seq, before) = match groups.start {
            0 => (0, Chain::genesis(self.stream)),
            start => self.ends[start - 1],
        };
        let last_seq = self.ends[groups.end - 1].0;
        let clock = ClockReading { sent_ms: received_ms, offset_ms: 0, rtt_ms: 2, ntp_error_ms: 0 };
        let numbers = (before_seq + 1, last_seq);
        let batch =
            Batch::pack(self.stream, numbers, before, &self.groups[groups], clock, &self.key).unwrap();
        let header = batch.check_header().unwrap();
        batch.verify(&header, &self.key.public()).unwrap();
        let groups = batch.open_body(&header).unwrap();
        Arrived { agent: self.agent.clone(), batch, header, groups, received_ms }
    }
}

/// Of all [`CHECKS`].
fn dictionary() -> Record {
    let entries = (0_u32..).zip(CHECKS).map(|(index, check)| CheckEntry {
        index,
        check: check.to_owned(),
        interval_ms: EVERY_MS.unsigned_abs(),
        hold_ms: 150_000,
    });
    let config = ConfigRecord { revision: 1, begins: true, entries: entries.collect() };
    Record { config: Some(config), ..Record::default() }
}

/// One sample of a check, in the given minute.
pub(crate) fn sample(index: u32, minute: i64, verdict: Verdict) -> Record {
    Record {
        check_plus_1: index + 1,
        slot_delta_ms: if index == 0 { minute * EVERY_MS } else { 1 },
        lag_ms: 3,
        outcome: Record::outcome_of(verdict, Reason::None),
        duration: 100,
        ..Record::default()
    }
}

/// Down for a minute in seven, unknown for one in thirty-one.
pub(crate) fn verdict_of(minute: i64) -> Verdict {
    match (minute % 7, minute % 31) {
        (3, _) => Verdict::Down,
        (_, 5) => Verdict::Unknown,
        _ => Verdict::Up,
    }
}
