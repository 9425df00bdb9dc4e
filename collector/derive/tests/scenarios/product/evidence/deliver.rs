//! Sends samples as an agent does: groups of records in batches, LOST where the agent was no witness.

use collector_api::{
    CheckEntry, ClockReading, ConfigRecord, Group, Lost, LostReason, Reason, Record, Start, StreamId, Verdict,
};
use collector_derive::{Accepted, Run, StreamRuns, StreamState, step};
use config::CheckId;
use prost::Message as _;

use super::super::clock::Clock;
use crate::given::{Check, Sample, State};

/// How an agent's records travel, which no figure may depend on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Manner {
    /// So many records at most share a batch.
    pub(crate) batch: usize,
    /// Every batch comes twice.
    pub(crate) twice: bool,
    /// After every batch the collector starts anew from its checkpoint.
    pub(crate) restarts: bool,
}

impl Default for Manner {
    fn default() -> Self {
        Self { batch: 100, twice: false, restarts: false }
    }
}

pub(super) fn all(
    samples: &[Sample],
    bad: &[(i64, i64)],
    mut agent: Agent,
    clock: Clock,
) -> Result<StreamRuns, String> {
    let first = samples.first().map_or(0, |sample| clock.ms(sample.at));
    if first < 0 {
        return Err("a sample from before 1970, in a scenario with a calendar".to_owned());
    }
    let mut losses = bad.iter().copied().peekable();
    let mut before: Option<Sample> = None;
    for sample in samples {
        while let Some(lost) = losses.next_if(|(_, to)| *to <= sample.at) {
            agent.lose(clock.ms(lost.0), clock.ms(lost.1));
        }
        if before.is_some_and(|before| (before.at, before.outcome) == (sample.at, sample.outcome)) {
            agent.send_again();
        } else {
            agent.write(clock.ms(sample.at), sample.outcome);
        }
        before = Some(*sample);
    }
    for lost in losses {
        agent.lose(clock.ms(lost.0), clock.ms(lost.1));
    }
    Ok(agent.finish())
}

/// One agent with one check, and the collector that hears it.
pub(super) struct Agent {
    manner: Manner,
    state: StreamState,
    closed: Vec<Run>,
    seq: u64,
    group: Vec<Record>,
    base_ms: i64,
    latest_ms: i64,
    /// The last batch, for one that comes twice.
    sent: Option<(u64, Vec<u8>)>,
}

impl Agent {
    pub(super) fn new(id: &CheckId, check: &Check, manner: Manner) -> Self {
        let mut agent = Self {
            manner,
            state: StreamState::default(),
            closed: Vec::new(),
            seq: 0,
            group: Vec::new(),
            base_ms: 0,
            latest_ms: 0,
            sent: None,
        };
        let ms = |seconds: i64| u64::try_from(seconds).unwrap_or(0) * 1_000;
        let entry = CheckEntry {
            index: 0,
            check: id.to_string(),
            interval_ms: ms(check.interval),
            hold_ms: ms(check.hold),
        };
        let config = ConfigRecord { revision: 1, begins: true, entries: vec![entry] };
        agent.group.push(Record { start: Some(Start::default()), ..Record::default() });
        agent.group.push(Record { config: Some(config), ..Record::default() });
        agent.flush();
        agent
    }

    fn write(&mut self, at_ms: i64, outcome: State) {
        let outcome = match outcome {
            State::Up => Record::outcome_of(Verdict::Up, Reason::None),
            State::Down => Record::outcome_of(Verdict::Down, Reason::ConnectRefused),
            State::Unknown => Record::outcome_of(Verdict::Unknown, Reason::AgentPermission),
        };
        if self.group.is_empty() {
            (self.base_ms, self.latest_ms) = (at_ms, at_ms);
        }
        let slot_delta_ms = at_ms - self.latest_ms;
        self.latest_ms = at_ms;
        self.group.push(Record { check_plus_1: 1, outcome, slot_delta_ms, ..Record::default() });
        if self.group.len() >= self.manner.batch {
            self.flush();
        }
    }

    /// What the agent knew ends at `from_ms`.
    fn lose(&mut self, from_ms: i64, to_ms: i64) {
        self.flush();
        let reason = LostReason::Cap.into();
        let lost = Lost { count: 1, reason, from_ms, to_ms, dictionary_kept: true };
        self.base_ms = from_ms;
        self.group.push(Record { lost: Some(lost), ..Record::default() });
        self.flush();
    }

    /// The newest batch once more, as after an answer that was lost.
    fn send_again(&mut self) {
        self.flush();
        if let Some((first_seq, groups)) = self.sent.clone() {
            self.deliver(first_seq, &groups);
        }
    }

    fn flush(&mut self) {
        let records = std::mem::take(&mut self.group);
        if records.is_empty() {
            return;
        }
        let first_seq = self.seq + 1;
        self.seq += records.len() as u64;
        let groups = Group { first_seq, base_ms: self.base_ms, records }.encode_length_delimited_to_vec();
        self.deliver(first_seq, &groups);
        if self.manner.twice {
            self.deliver(first_seq, &groups);
        }
        self.sent = Some((first_seq, groups));
    }

    fn deliver(&mut self, first_seq: u64, groups: &[u8]) {
        let clock = ClockReading { ntp_error_ms: 1, ..ClockReading::default() };
        let (last_seq, received_ms) = (self.seq, self.latest_ms.max(self.base_ms));
        let mut closed = Vec::new();
        step(&mut self.state, &Accepted { first_seq, last_seq, received_ms, clock, groups }, &mut closed);
        self.closed.extend(closed.into_iter().map(|closed| closed.run));
        if self.manner.restarts
            && let Some(state) = StreamState::decode(&self.state.encode())
        {
            self.state = state;
        }
    }

    fn finish(mut self) -> StreamRuns {
        self.flush();
        let open = self.state.checks().next().and_then(|check| check.open);
        let opened_ms = self.state.opened_ms().unwrap_or(0);
        StreamRuns { stream: StreamId([7; 16]), opened_ms, closed: self.closed, open }
    }
}
