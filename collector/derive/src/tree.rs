//! Checks to parts, parts to components, components to a service: three values, one rule (D13).
//!
//! With `u` members up, `k` unknown and `n` needed, the answer is up if `u >= n`, down if even `u + k < n`,
//! else unknown: what is not known matters only where it can change the answer.

use std::ops::Range;
use std::sync::Arc;

use collector_api::Verdict;
use config::{Component, Node};

use crate::Timeline;
use crate::sweep::{Tally, sweep};

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
/// is `unknown`. `None` if nothing is left.
pub(crate) fn grow(
    components: &[Component],
    first_check: usize,
    leaf: &dyn Fn(usize) -> Option<Arc<Timeline>>,
    unknown: &Arc<Timeline>,
) -> (Option<Arc<Timeline>>, Vec<Branch>) {
    let mut growth = Growth { leaf, unknown, next_check: first_check, branches: Vec::new() };
    (growth.all(components, ""), growth.branches)
}

struct Growth<'a> {
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
        let timeline = match &component.node {
            Node::All(parts) | Node::Some { parts, .. } if parts.is_empty() => Some(Arc::clone(self.unknown)),
            Node::Part(part) if part.checks.is_empty() => Some(Arc::clone(self.unknown)),
            Node::All(parts) => self.all(parts, &path),
            Node::Some { up_if, parts } => {
                let timelines: Vec<_> = parts.iter().filter_map(|part| self.component(part, &path)).collect();
                let need = up_if.need(timelines.len());
                sweep(&timelines.iter().collect::<Vec<_>>(), |tally| count(need, tally))
            }
            Node::Part(part) => {
                self.next_check += part.checks.len();
                let members: Vec<_> = (first_check..self.next_check).filter_map(self.leaf).collect();
                let need = part.up_if.need(members.len());
                sweep(&members.iter().collect::<Vec<_>>(), |tally| count(need, tally))
            }
        }?;
        let branch = Branch { path, checks: first_check..self.next_check, timeline: Arc::clone(&timeline) };
        self.branches.insert(place, branch);
        Some(timeline)
    }
}

/// What the members say together when `need` of them must be up.
pub(crate) fn count(need: usize, tally: Tally) -> Verdict {
    let up = (tally.up + tally.degraded) as usize;
    if up >= need {
        tally.up_or_degraded()
    } else if up + (tally.unknown as usize) < need {
        Verdict::Down
    } else {
        Verdict::Unknown
    }
}

/// All must be up: how parts and components combine.
pub(crate) fn all(tally: Tally) -> Verdict {
    count((tally.known() + tally.unknown) as usize, tally)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn unknown_matters_only_where_it_decides() {
        use Verdict::{Degraded, Down, Unknown, Up};
        for (need, up, down, unknown, expected) in [
            (2, 2, 0, 0, Up),
            (2, 1, 0, 1, Unknown),
            (2, 1, 1, 0, Down),
            (2, 0, 1, 1, Down),
            (1, 1, 1, 0, Degraded),
            (1, 1, 0, 1, Up),
            (1, 0, 1, 1, Unknown),
            (2, 2, 0, 1, Up),
            (2, 1, 1, 1, Unknown),
        ] {
            let tally = Tally { up, degraded: 0, down, unknown };
            assert_eq!(count(need, tally), expected, "{need} of {tally:?}");
        }
    }

    proptest! {
        /// Whatever the unknown members turn out to be, a known answer stays.
        #[test]
        fn a_known_answer_is_true(need in 1_usize..9, up in 0_u32..4, down in 0_u32..4, unknown in 0_u32..4) {
            let state = |tally| crate::State::from(count(need, tally));
            let answer = state(Tally { up, degraded: 0, down, unknown });
            for found in 0..=unknown {
                let tally = Tally { up: up + found, degraded: 0, down: down + unknown - found, unknown: 0 };
                prop_assert!(answer == crate::State::Unknown || answer == state(tally));
            }
        }
    }
}
