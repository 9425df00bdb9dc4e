//! From accepted groups to runs: `step(state, batch) -> closed runs`.
//!
//! Order is by stream and number, never by clock. Whatever the bytes are, every number of the batch is
//! accounted for: as a sample, as a record that is none, or as lost. What cannot be read is read like
//! LOST, because nobody knows whose sample it was; and where a dictionary may have been among it, no
//! index is believed until the next one begins: time is rather unknown than another check's. How groups
//! were cut into batches changes nothing, but for what is fixed per batch at accept: its reception and
//! the reading of the agent's clock.

use collector_api::{ClockReading, Lost, LostReason, Reason, Record, Start, Verdict, limits, unpack_groups};
use config::CheckId;

use crate::heads::{Entry, Head, Heads};
use crate::{Run, StreamState};

/// How wrong an agent's clock may be before its samples prove nothing (D3), ms.
pub const CLOCK_ERROR_MAX_MS: u64 = 5_000;

/// One accepted batch, as the store keeps it.
#[derive(Debug, Clone, Copy)]
pub struct Accepted<'a> {
    /// Number of the first record.
    pub first_seq: u64,
    /// Number of the last, as signed: whatever the groups decode to, the batch covers up to here.
    pub last_seq: u64,
    /// When the collector received it, Unix ms.
    pub received_ms: i64,
    /// The agent's clock, fixed at accept.
    pub clock: ClockReading,
    /// The plain body: length-prefixed groups.
    pub groups: &'a [u8],
}

/// A run that can no longer grow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closed {
    /// Whose.
    pub check: CheckId,
    /// The run.
    pub run: Run,
}

/// What a batch was made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StepSummary {
    /// Samples of known checks, those of a wrong clock included.
    pub samples: u64,
    /// Records and groups that cannot be used.
    pub quarantined: u64,
    /// Numbers without a record: what LOST declares, and gaps.
    pub lost: u64,
    /// Samples that count as down: somebody may have to be told.
    pub downs: u64,
}

/// Folds one batch into the stream's state; closed runs are appended in a fixed order.
///
/// A batch that lies wholly behind the state changes nothing.
pub fn step(state: &mut StreamState, batch: &Accepted<'_>, closed: &mut Vec<Closed>) -> StepSummary {
    let clock_is_wrong = batch.clock.error_bound_ms().is_none_or(|bound| bound > CLOCK_ERROR_MAX_MS);
    let mut step = Step { batch, clock_is_wrong, state, closed, summary: StepSummary::default() };
    if step.state.next_seq <= batch.last_seq {
        step.batch();
    }
    step.summary
}

struct Step<'a> {
    batch: &'a Accepted<'a>,
    clock_is_wrong: bool,
    state: &'a mut StreamState,
    closed: &'a mut Vec<Closed>,
    summary: StepSummary,
}

impl Step<'_> {
    fn batch(&mut self) {
        self.skip_to(self.batch.first_seq);
        for group in unpack_groups(self.batch.groups) {
            match group.ok().and_then(Heads::read) {
                Some(group) => self.group(group),
                None => self.quarantine_unread(),
            }
        }
        self.skip_to(self.batch.last_seq.saturating_add(1));
    }

    fn group(&mut self, group: Heads<'_>) {
        if group.first_seq < self.state.next_seq || group.first_seq > self.batch.last_seq {
            return self.quarantine_unread();
        }
        self.skip_to(group.first_seq);
        let mut slot_ms = group.base_ms;
        for entry in group.entries {
            let seq = self.state.next_seq;
            if seq > self.batch.last_seq {
                return self.quarantine_unread();
            }
            self.state.next_seq = seq + 1;
            match &entry {
                Entry::Sample(head) => self.sample(seq, &mut slot_ms, head),
                Entry::Other(record) => match Head::of(record) {
                    Some(head) => self.sample(seq, &mut slot_ms, &head),
                    None => self.other(record),
                },
            }
        }
    }

    fn sample(&mut self, seq: u64, slot_ms: &mut i64, head: &Head<'_>) {
        *slot_ms = slot_ms.saturating_add(head.slot_delta_ms);
        self.state.forget_older(self.closed);
        self.state.open(None);
        let index = head.check_plus_1 - 1;
        let stamp_ms = slot_ms.saturating_add(i64::from(head.lag_ms));
        let Some((check, after_ms)) = self.state.check_mut(index).filter(|_| stamp_ms >= 0) else {
            return self.quarantine();
        };
        let seen = judge(head, stamp_ms, (after_ms, check.hold_ms), self.batch, self.clock_is_wrong);
        let opened = check.add(seq, &seen, self.closed);
        let is_down = seen.verdict == Verdict::Down;
        check.remember(seen, head.evidence);
        if opened {
            self.state.opened_run(index);
        }
        self.state.latest_ms = self.state.latest_ms.max(Some(seen.at_ms));
        self.summary.samples += 1;
        self.summary.downs += u64::from(is_down);
    }

    /// A record that is not a sample.
    fn other(&mut self, record: &Record) {
        if let Some(config) = &record.config {
            self.state.open(None);
            if config.entries.len() > limits::CONFIG_ENTRIES_MAX {
                return self.quarantine_unread();
            }
            if config.begins {
                self.state.begin_dictionary(self.closed);
            } else if self.state.is_nameless() {
                return self.quarantine();
            }
            self.state.set_revision(config.revision);
            for entry in &config.entries {
                if !self.state.define(entry, self.closed) {
                    self.summary.quarantined += 1;
                }
            }
        } else if let Some(lost) = &record.lost {
            let (first, count) = (self.state.next_seq - 1, lost.count.max(1));
            self.state.next_seq = first.saturating_add(count).min(self.batch.last_seq.saturating_add(1));
            self.summary.lost += self.state.next_seq - first;
            if !keeps_dictionary(lost) {
                self.state.lose_names();
            }
            self.lose((lost.from_ms > 0).then_some(lost.from_ms));
        } else if let Some(start) = &record.start {
            self.state.forget_older(self.closed);
            self.state.open(self.believed(start));
        } else if record.step.is_some() {
            // The clock that stepped shows itself in the samples' times and in the batch's reading.
            self.state.forget_older(self.closed);
            self.state.open(None);
        } else {
            self.quarantine();
        }
    }

    /// Numbers before `seq` that no group brought are lost.
    fn skip_to(&mut self, seq: u64) {
        if let Some(gap) = seq.checked_sub(self.state.next_seq).filter(|&gap| gap > 0) {
            self.state.next_seq = seq;
            self.summary.lost += gap;
            self.state.lose_names();
            self.lose(None);
        }
    }

    /// Records that were not even looked at: any of them may have been a CONFIG.
    fn quarantine_unread(&mut self) {
        self.state.lose_names();
        self.quarantine();
    }

    /// A record that cannot be used, and is surely no CONFIG that could be.
    fn quarantine(&mut self) {
        self.summary.quarantined += 1;
        self.lose(None);
    }

    fn lose(&mut self, from_ms: Option<i64>) {
        self.state.open(None);
        self.state.lose(from_ms, self.closed);
    }

    /// When the agent began to write, Unix ms, as far as its clock can be believed (D3).
    fn believed(&self, start: &Start) -> Option<i64> {
        let future = is_future(start.at_ms, self.batch);
        let believed = !self.clock_is_wrong && !future && start.at_ms >= 0;
        believed.then(|| start.at_ms.min(self.batch.received_ms))
    }
}

/// Was no CONFIG among what is lost? Agents of before that field do not say so; what a full disk made them
/// give up never held one.
fn keeps_dictionary(lost: &Lost) -> bool {
    lost.dictionary_kept || lost.reason == i32::from(LostReason::DiskRefused)
}

/// Stamped later than the reception by more than a clock may be wrong?
fn is_future(stamp_ms: i64, batch: &Accepted<'_>) -> bool {
    stamp_ms > batch.received_ms.saturating_add_unsigned(CLOCK_ERROR_MAX_MS)
}

/// A sample as it counts: what it says unless its time cannot be believed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seen {
    pub(crate) verdict: Verdict,
    pub(crate) reason: Reason,
    pub(crate) at_ms: i64,
    pub(crate) duration_micros: u64,
}

/// D3: a clock that nothing bounds below 5 s makes its samples unknown; a stamp from the future is unknown,
/// at most one hold after its reception, so that a wild clock silences its check no longer than that; one not
/// later than `after_ms` (its predecessor's) is unknown at that.
fn judge(
    head: &Head<'_>,
    stamp_ms: i64,
    (after_ms, hold_ms): (Option<i64>, u64),
    batch: &Accepted<'_>,
    clock_is_wrong: bool,
) -> Seen {
    let future = is_future(stamp_ms, batch);
    let latest_ms = batch.received_ms.saturating_add_unsigned(hold_ms);
    let at_ms = if future { stamp_ms.min(latest_ms) } else { stamp_ms };
    let not_later = after_ms.filter(|&after_ms| at_ms <= after_ms);
    let (verdict, reason) = if future || not_later.is_some() || clock_is_wrong {
        (Verdict::Unknown, Reason::AgentClockUnsynced)
    } else {
        (head.verdict(), head.reason())
    };
    Seen { verdict, reason, at_ms: not_later.unwrap_or(at_ms), duration_micros: head.duration_micros() }
}

#[cfg(test)]
mod tests;
