//! Checks to parts, parts to components, components to a service: four values, one rule (D13).
//!
//! With `u` members up, `k` unknown, `m` in planned work and `n` needed, the answer is up if `u >= n`, planned
//! if `u + m >= n`, else down; and it is known only if it is the same with the unknown among the up. So what
//! is not known matters only where it can change the answer.

use std::ops::Range;
use std::sync::Arc;

use config::{Component, ComponentId, Fraction, Node, Quorum};

use crate::sweep::{Tally, sweep, sweep_weighed};
use crate::{Condition, Timeline};

/// A component or part, judged.
#[derive(Debug)]
pub(crate) struct Branch {
    /// `component` or `component.part`.
    pub(crate) path: String,
    /// Its checks, by their place in the charter.
    pub(crate) checks: Range<usize>,
    pub(crate) timeline: Arc<Timeline>,
}

/// A service's components, judged: together, and each followed by its parts.
///
/// `leaf` gives the timeline of a check by its place in the charter, from `first_check` on; a check for
/// which it has none is left out, and so is a component of such checks only. A component without any check
/// is `unknown`. `None` if nothing is left. Of the component `half` half of the weight suffices, whatever
/// its own quorum says: it is a mean's.
pub(crate) fn grow(
    components: &[Component],
    half: Option<&ComponentId>,
    first_check: usize,
    leaf: &dyn Fn(usize) -> Option<Arc<Timeline>>,
    unknown: &Arc<Timeline>,
) -> (Option<Arc<Timeline>>, Vec<Branch>) {
    let mut growth = Growth { half, leaf, unknown, next_check: first_check, branches: Vec::new() };
    (growth.all(components, ""), growth.branches)
}

/// What a mean is up by.
pub(crate) const HALF: Quorum = Quorum::AtLeastWeight(Fraction { p: 1, q: 2 });

struct Growth<'a> {
    half: Option<&'a ComponentId>,
    leaf: &'a dyn Fn(usize) -> Option<Arc<Timeline>>,
    unknown: &'a Arc<Timeline>,
    next_check: usize,
    branches: Vec<Branch>,
}

impl Growth<'_> {
    fn all(&mut self, components: &[Component], parent: &str) -> Option<Arc<Timeline>> {
        let timelines: Vec<_> =
            components.iter().filter_map(|component| self.component(component, parent)).collect();
        sweep(&timelines.iter().collect::<Vec<_>>(), all)
    }

    fn component(&mut self, component: &Component, parent: &str) -> Option<Arc<Timeline>> {
        let path =
            if parent.is_empty() { component.id.to_string() } else { format!("{parent}.{}", component.id) };
        let (place, first_check) = (self.branches.len(), self.next_check);
        let half = parent.is_empty() && self.half == Some(&component.id);
        let suffices = |up_if: Quorum| if half { HALF } else { up_if };
        let timeline = match &component.node {
            Node::All(parts) | Node::Some { parts, .. } if parts.is_empty() => Some(Arc::clone(self.unknown)),
            Node::Part(part) if part.checks.is_empty() => Some(Arc::clone(self.unknown)),
            Node::All(parts) => self.all(parts, &path),
            Node::Some { up_if, parts } => {
                let grown = parts.iter().filter_map(|part| {
                    let timeline = self.component(part, &path)?;
                    Some((timeline, part.weight.unwrap_or(1)))
                });
                enough(suffices(*up_if), &grown.collect::<Vec<_>>())
            }
            Node::Part(part) => {
                self.next_check += part.checks.len();
                let seen = part.checks.iter().zip(first_check..).filter_map(|(check, place)| {
                    let timeline = (self.leaf)(place)?;
                    Some((timeline, check.facts.weight.unwrap_or(1)))
                });
                enough(suffices(part.up_if), &seen.collect::<Vec<_>>())
            }
        }?;
        let branch = Branch { path, checks: first_check..self.next_check, timeline: Arc::clone(&timeline) };
        self.branches.insert(place, branch);
        Some(timeline)
    }
}

/// Members of which some suffice, each with its weight. Weights count only where the quorum is by weight.
pub(crate) fn enough(up_if: Quorum, members: &[(Arc<Timeline>, u32)]) -> Option<Arc<Timeline>> {
    if up_if.is_by_weight() {
        let weighed: Vec<_> = members.iter().map(|(timeline, weight)| (timeline, *weight)).collect();
        let weight: u32 = members.iter().map(|(_, weight)| *weight).sum();
        let need = need(up_if, weight as usize);
        return sweep_weighed(&weighed, |tally| count(need, tally));
    }
    let need = need(up_if, members.len());
    let members: Vec<_> = members.iter().map(|(timeline, _)| timeline).collect();
    sweep(&members, |tally| count(need, tally))
}

fn need(up_if: Quorum, of: usize) -> u32 {
    u32::try_from(up_if.need(of)).unwrap_or(u32::MAX)
}

/// What the members say together when `need` of them must be up.
pub(crate) fn count(need: u32, tally: Tally) -> Condition {
    let up = tally.up + tally.degraded;
    let answer = |up: u32| {
        if up >= need {
            Condition::Up
        } else if up + tally.maintenance >= need {
            Condition::Maintenance
        } else {
            Condition::Down
        }
    };
    match (answer(up), answer(up + tally.unknown)) {
        (Condition::Up, _) => tally.up_or_degraded(),
        (now, whatever) if now == whatever => now,
        _ => Condition::Unknown,
    }
}

/// All must be up: how parts and components combine.
pub(crate) fn all(tally: Tally) -> Condition {
    count(tally.all(), tally)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::State;
    use proptest::prelude::*;

    #[test]
    fn unknown_matters_only_where_it_decides() {
        use Condition::{Degraded, Down, Maintenance, Unknown, Up};
        for (need, up, down, unknown, maintenance, expected) in [
            (2, 2, 0, 0, 0, Up),
            (2, 1, 0, 1, 0, Unknown),
            (2, 1, 1, 0, 0, Down),
            (2, 0, 1, 1, 0, Down),
            (1, 1, 1, 0, 0, Degraded),
            (1, 1, 0, 1, 0, Up),
            (1, 0, 1, 1, 0, Unknown),
            (2, 2, 0, 1, 0, Up),
            (2, 1, 1, 1, 0, Unknown),
            // A redundant pair, one in planned work: the other fails (X03).
            (1, 0, 1, 0, 1, Maintenance),
            (1, 1, 0, 0, 1, Up),
            (2, 1, 0, 0, 1, Maintenance),
            (2, 0, 1, 0, 1, Down),
            // Planned work in series with what is unknown (X02): down or planned, nobody can say.
            (2, 0, 0, 1, 1, Unknown),
            (1, 0, 0, 1, 1, Unknown),
            (3, 1, 0, 1, 1, Unknown),
        ] {
            let tally = Tally { up, degraded: 0, down, unknown, maintenance };
            assert_eq!(count(need, tally), expected, "{need} of {tally:?}");
        }
    }

    proptest! {
        /// Whatever the unknown members turn out to be, a known answer stays.
        #[test]
        fn a_known_answer_is_true(
            need in 1_u32..9,
            up in 0_u32..4,
            down in 0_u32..4,
            unknown in 0_u32..4,
            maintenance in 0_u32..3,
        ) {
            let state = |tally| State::from(count(need, tally));
            let answer = state(Tally { up, degraded: 0, down, unknown, maintenance });
            for found in 0..=unknown {
                let tally =
                    Tally { up: up + found, degraded: 0, down: down + unknown - found, unknown: 0, maintenance };
                prop_assert!(answer == State::Unknown || answer == state(tally));
            }
        }
    }
}
