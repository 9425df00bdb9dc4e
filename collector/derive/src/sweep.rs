//! Several timelines as one: a sweep over their changes that counts who says what.
//!
//! Votes and trees are the same walk with another decision. Changes of all members are sorted as one list
//! by a stable sort, which finds that each member's are in order already and merges them.

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
    let (mut tally, turns) = turns(members, start_ms);
    let mut timeline = Timeline { changes: Vec::with_capacity(turns.len() + 1), end_ms: first.end_ms };
    timeline.push(Change { at_ms: start_ms, verdict: decide(tally), reason: Reason::None });
    for turn in turns {
        *tally.of(turn.before()) -= 1;
        *tally.of(turn.after()) += 1;
        // Of several at one instant the last one stays.
        let at_ms = start_ms.saturating_add_unsigned(turn.after_ms());
        timeline.push(Change { at_ms, verdict: decide(tally), reason: Reason::None });
    }
    Some(Arc::new(timeline))
}

/// What the members say at the start, and every time that one of them says something else, in order.
fn turns(members: &[&Arc<Timeline>], start_ms: i64) -> (Tally, Vec<Turn>) {
    let mut tally = Tally::default();
    let mut turns = Vec::with_capacity(members.iter().map(|member| member.changes.len()).sum());
    for member in members {
        let mut says = None;
        for change in &member.changes {
            match says {
                None => *tally.of(change.verdict) += 1,
                Some(before) if before != change.verdict => {
                    turns.push(Turn::new(change.at_ms.abs_diff(start_ms), before, change.verdict));
                }
                Some(_) => {}
            }
            says = Some(change.verdict);
        }
    }
    turns.sort();
    (tally, turns)
}

/// One member says something else: how long after the start, what before, what from then on. One number,
/// so that turns sort as fast as numbers do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Turn(u64);

impl Turn {
    fn new(after_ms: u64, before: Verdict, after: Verdict) -> Self {
        Self(after_ms << 4 | u64::from(before.code() << 2 | after.code()))
    }

    fn after_ms(self) -> u64 {
        self.0 >> 4
    }

    fn before(self) -> Verdict {
        Verdict::from_code((self.0 >> 2 & 3) as u32)
    }

    fn after(self) -> Verdict {
        Verdict::from_code((self.0 & 3) as u32)
    }
}

/// Is a single member's word the answer, whatever it is?
fn takes_one_word(decide: impl Fn(Tally) -> Verdict) -> bool {
    [Verdict::Up, Verdict::Degraded, Verdict::Down, Verdict::Unknown].into_iter().all(|verdict| {
        let mut tally = Tally::default();
        *tally.of(verdict) = 1;
        decide(tally) == verdict
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree;
    use proptest::prelude::*;

    /// One letter an instant: `u`, `g`, `d` or `?`.
    fn timeline(letters: &str) -> Arc<Timeline> {
        let mut timeline = Timeline { changes: Vec::new(), end_ms: i64::try_from(letters.len()).unwrap() };
        for (at_ms, letter) in (0..).zip(letters.chars()) {
            let verdict = match letter {
                'u' => Verdict::Up,
                'g' => Verdict::Degraded,
                'd' => Verdict::Down,
                _ => Verdict::Unknown,
            };
            timeline.push(Change { at_ms, verdict, reason: Reason::None });
        }
        Arc::new(timeline)
    }

    fn says(timeline: &Timeline, at_ms: i64) -> Verdict {
        let mut here = timeline.stretches().filter(|(from_ms, to_ms, _)| (*from_ms..*to_ms).contains(&at_ms));
        here.next().unwrap().2.verdict
    }

    #[test]
    fn a_single_word_is_shared_unless_it_is_not_enough() {
        let one = timeline("uud?");
        assert!(Arc::ptr_eq(&sweep(&[&one], tree::all).unwrap(), &one));
        let nobody = sweep(&[&one], |_| Verdict::Unknown).unwrap();
        assert_eq!(nobody.changes.len(), 1);
        assert_eq!(sweep(&[], tree::all), None);
    }

    proptest! {
        #[test]
        fn every_instant_is_decided_by_what_is_said_then(
            members in proptest::collection::vec("[ugd?]{12}", 1..6),
            need in 1_usize..5,
        ) {
            let members: Vec<_> = members.iter().map(|letters| timeline(letters)).collect();
            let together = sweep(&members.iter().collect::<Vec<_>>(), |tally| tree::count(need, tally)).unwrap();
            for at_ms in 0..12 {
                let mut tally = Tally::default();
                for member in &members {
                    *tally.of(says(member, at_ms)) += 1;
                }
                prop_assert_eq!(says(&together, at_ms), tree::count(need, tally));
            }
            for pair in together.changes.windows(2) {
                prop_assert!(pair[0].at_ms < pair[1].at_ms && pair[0].verdict != pair[1].verdict);
            }
        }
    }
}
