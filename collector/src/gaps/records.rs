//! The records of a stream around a silence: a loss, a start, a step of the clock.

use std::ops::ControlFlow;

use collector_api::{Group, LostReason, StreamId, unpack_groups};

use super::heard::Around;
use crate::declare::say;
use crate::operator::Said;
use crate::store::{BatchRow, Store};

/// Rows read for one silence: a silent agent has few, and a chatty one is not silent.
const ROWS_MAX: usize = 64;

/// What was found, the gravest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// Records are gone.
    Lost {
        /// How many numbers.
        count: u64,
        /// Why.
        reason: LossReason,
    },
    /// The agent began anew.
    Started {
        /// When, Unix ms on its clock.
        at_ms: i64,
        /// The last instant its spool had before, Unix ms, if it had one.
        last_ms: Option<i64>,
    },
    /// Its clock was set.
    Stepped {
        /// By how much, ms.
        step_ms: i64,
    },
    /// None of these.
    Nothing,
}

/// Why records are gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LossReason {
    /// As the agent said.
    Said(LostReason),
    /// A group could not be read here.
    Unreadable,
}

impl LossReason {
    pub(super) fn words(self) -> Said {
        match self {
            Self::Said(LostReason::Cap) => say!(
                "the spool reached its cap while the collector was away",
                "lo spool ha raggiunto il limite mentre il collettore non rispondeva"
            ),
            Self::Said(LostReason::Corrupt) => {
                say!(
                    "the agent's disk gave back other bytes",
                    "il disco della sonda ha restituito altri byte"
                )
            }
            Self::Said(LostReason::DiskRefused) => {
                say!("the agent's disk refused to write", "il disco della sonda ha rifiutato la scrittura")
            }
            Self::Said(LostReason::Rewound) => say!(
                "asked for again by a restored collector, and no longer there",
                "richieste di nuovo da un collettore ripristinato, e non più presenti"
            ),
            Self::Said(LostReason::Unspecified) => say!("no reason was told", "motivo non indicato"),
            Self::Unreadable => say!("they cannot be read", "non sono leggibili"),
        }
    }
}

/// Reads the records between both sides of a silence; `None` when the store cannot be read, or when there are too
/// many and those that were read say nothing.
pub(super) fn look_up(store: &dyn Store, around: &Around) -> Option<Found> {
    let (stream, until_seq) = around.after;
    // A stream that opened in the silence is read from its beginning.
    let after_seq = around.before.filter(|(before, _)| *before == stream).map_or(0, |(_, seq)| seq);
    let mut reading = Reading { after_seq, until_seq, found: Found::Nothing };
    let (mut rows, mut to_its_end) = (0, true);
    let read = store.batches(StreamId(stream), after_seq, &mut |row| {
        rows += 1;
        reading.row(&row);
        if row.last_seq >= until_seq {
            ControlFlow::Break(())
        } else if rows >= ROWS_MAX {
            to_its_end = false;
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    });
    read.ok().map(|()| reading.found).filter(|found| to_its_end || *found != Found::Nothing)
}

struct Reading {
    after_seq: u64,
    until_seq: u64,
    found: Found,
}

impl Reading {
    fn row(&mut self, row: &BatchRow) {
        let Ok(plain) = row.open() else {
            return self.found(Found::Lost { count: 0, reason: LossReason::Unreadable });
        };
        for bytes in unpack_groups(&plain) {
            match bytes.ok().and_then(|bytes| Group::read(bytes).ok()) {
                Some(group) => self.group(&group),
                None => self.found(Found::Lost { count: 0, reason: LossReason::Unreadable }),
            }
        }
    }

    fn group(&mut self, group: &Group) {
        let mut seq = group.first_seq;
        for record in &group.records {
            if self.after_seq < seq && seq < self.until_seq {
                if let Some(lost) = &record.lost {
                    let reason = LossReason::Said(lost.reason());
                    self.found(Found::Lost { count: lost.count, reason });
                } else if let Some(start) = &record.start {
                    let last_ms = Some(start.last_durable_ms).filter(|&last_ms| last_ms > 0);
                    self.found(Found::Started { at_ms: start.at_ms, last_ms });
                } else if let Some(step) = &record.step {
                    self.found(Found::Stepped { step_ms: step.step_ms });
                }
            }
            seq = seq.saturating_add(record.span());
        }
    }

    /// A loss tells more than a start, a start more than a step.
    fn found(&mut self, found: Found) {
        let rank = |found: &Found| match found {
            Found::Nothing => 0,
            Found::Stepped { .. } => 1,
            Found::Started { .. } => 2,
            Found::Lost { .. } => 3,
        };
        match (&mut self.found, found) {
            (Found::Lost { count, .. }, Found::Lost { count: more, .. }) => {
                *count = count.saturating_add(more);
            }
            (kept, found) if rank(&found) > rank(kept) => *kept = found,
            _ => {}
        }
    }
}
