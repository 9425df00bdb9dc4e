//! Several timelines as one: a sweep over their changes that counts who says what.
//!
//! Votes, trees and means are the same walk with another decision. Changes of all members are sorted as one
//! list by a stable sort, which finds that each member's are in order already and merges them. Members that
//! weigh differently take a wider list, so that those that do not, which are nearly all, stay fast.

use std::sync::Arc;

use collector_api::Reason;

use crate::{Change, Condition, Timeline};

/// How many members say what, at some instant; or how much these weigh.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Tally {
    pub(crate) up: u32,
    pub(crate) degraded: u32,
    pub(crate) down: u32,
    pub(crate) unknown: u32,
    pub(crate) maintenance: u32,
}

impl Tally {
    /// Those that can say.
    pub(crate) fn known(self) -> u32 {
        self.up + self.degraded + self.down
    }

    /// All of them.
    pub(crate) fn all(self) -> u32 {
        self.known() + self.unknown + self.maintenance
    }

    /// Up if nobody disagrees, else degraded.
    pub(crate) fn up_or_degraded(self) -> Condition {
        if self.degraded + self.down > 0 { Condition::Degraded } else { Condition::Up }
    }

    fn of(&mut self, condition: Condition) -> &mut u32 {
        match condition {
            Condition::Up => &mut self.up,
            Condition::Degraded => &mut self.degraded,
            Condition::Down => &mut self.down,
            Condition::Unknown => &mut self.unknown,
            Condition::Maintenance => &mut self.maintenance,
        }
    }
}

/// What `decide` makes of the members, at every instant; `None` without members.
///
/// All members cover the same stretch. A single one whose word is taken as it is is shared, not copied.
pub(crate) fn sweep(
    members: &[&Arc<Timeline>],
    decide: impl Fn(Tally) -> Condition,
) -> Option<Arc<Timeline>> {
    let weighed = members.iter().map(|member| (*member, 1));
    walk::<Turn>(weighed, &decide)
}

/// As [`sweep`], where each member counts as often as it weighs.
pub(crate) fn sweep_weighed(
    members: &[(&Arc<Timeline>, u32)],
    decide: impl Fn(Tally) -> Condition,
) -> Option<Arc<Timeline>> {
    if members.iter().all(|(_, weight)| *weight == 1) {
        return walk::<Turn>(members.iter().copied(), &decide);
    }
    walk::<(Turn, u32)>(members.iter().copied(), &decide)
}

fn walk<'a, W: Weighed>(
    members: impl ExactSizeIterator<Item = (&'a Arc<Timeline>, u32)> + Clone,
    decide: &impl Fn(Tally) -> Condition,
) -> Option<Arc<Timeline>> {
    let (first, weight) = members.clone().next()?;
    if members.len() == 1 && takes_one_word(weight, decide) {
        return Some(Arc::clone(first));
    }
    let Some(start_ms) = first.changes.first().map(|change| change.at_ms) else {
        return Some(Arc::clone(first));
    };
    let (mut tally, turns) = turns::<W>(members, start_ms);
    let mut says = decide(tally);
    let mut changes = Vec::with_capacity(turns.len() + 1);
    changes.push(Change { at_ms: start_ms, verdict: says, reason: Reason::None });
    for (place, weighed) in turns.iter().enumerate() {
        let (turn, weight) = (weighed.turn(), weighed.weight());
        *tally.of(turn.before()) -= weight;
        *tally.of(turn.after()) += weight;
        // What all say together counts once everybody has said what he says at this instant.
        if turns.get(place + 1).is_some_and(|next| next.turn().after_ms() == turn.after_ms()) {
            continue;
        }
        let verdict = decide(tally);
        if verdict != says {
            let at_ms = start_ms.saturating_add_unsigned(turn.after_ms());
            changes.push(Change { at_ms, verdict, reason: Reason::None });
            says = verdict;
        }
    }
    Some(Arc::new(Timeline { changes, end_ms: first.end_ms }))
}

/// What the members say at the start, and every time that one of them says something else, in order.
fn turns<'a, W: Weighed>(
    members: impl Iterator<Item = (&'a Arc<Timeline>, u32)> + Clone,
    start_ms: i64,
) -> (Tally, Vec<W>) {
    let mut tally = Tally::default();
    let mut turns = Vec::with_capacity(members.clone().map(|(member, _)| member.changes.len()).sum());
    for (member, weight) in members {
        let mut says = None;
        for change in &member.changes {
            match says {
                None => *tally.of(change.verdict) += weight,
                Some(before) if before != change.verdict => {
                    let turn = Turn::new(change.at_ms.abs_diff(start_ms), before, change.verdict);
                    turns.push(W::new(turn, weight));
                }
                Some(_) => {}
            }
            says = Some(change.verdict);
        }
    }
    turns.sort();
    (tally, turns)
}

/// A turn and how much it weighs.
trait Weighed: Copy + Ord {
    fn new(turn: Turn, weight: u32) -> Self;
    fn turn(self) -> Turn;
    fn weight(self) -> u32;
}

impl Weighed for Turn {
    fn new(turn: Turn, _: u32) -> Self {
        turn
    }

    fn turn(self) -> Turn {
        self
    }

    fn weight(self) -> u32 {
        1
    }
}

impl Weighed for (Turn, u32) {
    fn new(turn: Turn, weight: u32) -> Self {
        (turn, weight)
    }

    fn turn(self) -> Turn {
        self.0
    }

    fn weight(self) -> u32 {
        self.1
    }
}

/// One member says something else: how long after the start, what before, what from then on. One number,
/// so that turns sort as fast as numbers do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Turn(u64);

impl Turn {
    fn new(after_ms: u64, before: Condition, after: Condition) -> Self {
        Self(after_ms << 6 | (before as u64) << 3 | after as u64)
    }

    fn after_ms(self) -> u64 {
        self.0 >> 6
    }

    fn before(self) -> Condition {
        condition(self.0 >> 3 & 7)
    }

    fn after(self) -> Condition {
        condition(self.0 & 7)
    }
}

fn condition(code: u64) -> Condition {
    match code {
        0 => Condition::Up,
        1 => Condition::Degraded,
        2 => Condition::Down,
        4 => Condition::Maintenance,
        _ => Condition::Unknown,
    }
}

/// Is a single member's word the answer, whatever it is?
fn takes_one_word(weight: u32, decide: &impl Fn(Tally) -> Condition) -> bool {
    Condition::ALL.into_iter().all(|condition| {
        let mut tally = Tally::default();
        *tally.of(condition) = weight;
        decide(tally) == condition
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree;
    use proptest::prelude::*;

    /// One letter an instant: `u`, `g`, `d`, `m` or `?`.
    fn timeline(letters: &str) -> Arc<Timeline> {
        let mut timeline = Timeline { changes: Vec::new(), end_ms: i64::try_from(letters.len()).unwrap() };
        for (at_ms, letter) in (0..).zip(letters.chars()) {
            let verdict = match letter {
                'u' => Condition::Up,
                'g' => Condition::Degraded,
                'd' => Condition::Down,
                'm' => Condition::Maintenance,
                _ => Condition::Unknown,
            };
            timeline.push(Change { at_ms, verdict, reason: Reason::None });
        }
        Arc::new(timeline)
    }

    fn says(timeline: &Timeline, at_ms: i64) -> Condition {
        let mut here = timeline.stretches().filter(|(from_ms, to_ms, _)| (*from_ms..*to_ms).contains(&at_ms));
        here.next().unwrap().2.verdict
    }

    #[test]
    fn a_single_word_is_shared_unless_it_is_not_enough() {
        let one = timeline("uud?m");
        assert!(Arc::ptr_eq(&sweep(&[&one], tree::all).unwrap(), &one));
        let nobody = sweep(&[&one], |_| Condition::Unknown).unwrap();
        assert_eq!(nobody.changes.len(), 1);
        assert_eq!(sweep(&[], tree::all), None);
    }

    #[test]
    fn codes_are_those_of_the_order() {
        for (code, expected) in (0..).zip(Condition::ALL) {
            assert_eq!((condition(code), expected as u64), (expected, code));
        }
    }

    proptest! {
        #[test]
        fn every_instant_is_decided_by_what_is_said_then(
            members in proptest::collection::vec(("[ugdm?]{12}", 1_u32..4), 1..6),
            need in 1_u32..9,
        ) {
            let members: Vec<_> = members.iter().map(|(letters, weight)| (timeline(letters), *weight)).collect();
            let weighed: Vec<_> = members.iter().map(|(timeline, weight)| (timeline, *weight)).collect();
            let together = sweep_weighed(&weighed, |tally| tree::count(need, tally)).unwrap();
            for at_ms in 0..12 {
                let mut tally = Tally::default();
                for (member, weight) in &members {
                    *tally.of(says(member, at_ms)) += weight;
                }
                prop_assert_eq!(says(&together, at_ms), tree::count(need, tally));
            }
            for pair in together.changes.windows(2) {
                prop_assert!(pair[0].at_ms < pair[1].at_ms && pair[0].verdict != pair[1].verdict);
            }
        }
    }
}
