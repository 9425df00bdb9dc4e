//! Several timelines as one: a sweep over their changes that counts who says what.
//!
//! Votes and trees are the same walk with another decision. Changes of all members are sorted by a stable
//! sort, which finds that each member's are sorted already and merges them.

use std::sync::Arc;

use collector_api::{Reason, Verdict};

use crate::{Change, Timeline};

/// How many members say what, at some instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Tally {
    pub(crate) up: u32,
    pub(crate) degraded: u32,
    pub(crate) down: u32,
    pub(crate) unknown: u32,
}

impl Tally {
    /// Those that can say.
    pub(crate) fn known(self) -> u32 {
        self.up + self.degraded + self.down
    }

    /// Up if nobody disagrees, else degraded.
    pub(crate) fn up_or_degraded(self) -> Verdict {
        if self.degraded + self.down > 0 { Verdict::Degraded } else { Verdict::Up }
    }

    fn of(&mut self, verdict: Verdict) -> &mut u32 {
        match verdict {
            Verdict::Up => &mut self.up,
            Verdict::Degraded => &mut self.degraded,
            Verdict::Down => &mut self.down,
            Verdict::Unknown => &mut self.unknown,
        }
    }
}

/// What `decide` makes of the members, at every instant; `None` without members.
///
/// All members cover the same stretch. A single one whose word is taken as it is is shared, not copied.
pub(crate) fn sweep(members: &[&Arc<Timeline>], decide: impl Fn(Tally) -> Verdict) -> Option<Arc<Timeline>> {
    let first = *members.first()?;
    if members.len() == 1 && takes_one_word(&decide) {
        return Some(Arc::clone(first));
    }
    let Some(start_ms) = first.changes.first().map(|change| change.at_ms) else {
        return Some(Arc::clone(first));
    };
    let mut tally = Tally::default();
    let mut turns = Vec::with_capacity(members.iter().map(|member| member.changes.len()).sum());
    for member in members {
        let mut says = None;
        for change in &member.changes {
            match says {
                None => *tally.of(change.verdict) += 1,
                Some(before) if before != change.verdict => {
                    turns.push((change.at_ms, before, change.verdict));
                }
                Some(_) => {}
            }
            says = Some(change.verdict);
        }
    }
    turns.sort_by_key(|&(at_ms, ..)| at_ms);
    let mut timeline = Timeline { changes: Vec::with_capacity(turns.len() + 1), end_ms: first.end_ms };
    timeline.push(Change { at_ms: start_ms, verdict: decide(tally), reason: Reason::None });
    for turn in turns.chunk_by(|a, b| a.0 == b.0) {
        for &(_, before, after) in turn {
            *tally.of(before) -= 1;
            *tally.of(after) += 1;
        }
        timeline.push(Change { at_ms: turn[0].0, verdict: decide(tally), reason: Reason::None });
    }
    Some(Arc::new(timeline))
}

/// Is a single member's word the answer, whatever it is?
fn takes_one_word(decide: impl Fn(Tally) -> Verdict) -> bool {
    [Verdict::Up, Verdict::Degraded, Verdict::Down, Verdict::Unknown].into_iter().all(|verdict| {
        let mut tally = Tally::default();
        *tally.of(verdict) = 1;
        decide(tally) == verdict
    })
}
