//! The best total that today's targets allow: a service's figure had its stops coincided as well as they could.
//!
//! A quorum hides stops that do not coincide, a chain adds them up. From each target's down time alone follows
//! how long the whole could have been up at most: what is below that was lost by coincidence, and what is
//! above it can only be reached by better targets. Unknown time counts as up, so that it is a bound.

use config::{CheckId, Component, Node, Quorum};

use crate::lineage::Charters;
use crate::{Ratio, ServiceFigure, YearFigures};

/// A bound of a service's figure, and what it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ceiling {
    /// Up time at most, of the time elapsed in scope.
    pub share: Ratio,
    /// The component that does not allow more.
    pub component: String,
}

impl Charters<'_> {
    /// What the targets that these charters list last allow a service of `figures`. `None` for a mean, whose
    /// members are its figure, and where nothing has elapsed.
    pub fn ceiling(&self, figures: &YearFigures, service: &ServiceFigure) -> Option<Ceiling> {
        if service.mean.is_some() {
            return None;
        }
        let (_, charter) = self.in_force.last()?;
        let components = &charter.service(service.id.as_str())?.components;
        let elapsed_ms = service.figure.elapsed_ms();
        let checks = figures.checks.get(service.checks.clone()).unwrap_or(&[]);
        let up_ms = |id: &CheckId| {
            let check = checks.iter().find(|check| check.id == *id);
            check.map_or(elapsed_ms, |check| elapsed_ms.saturating_sub(check.figure.down_ms))
        };
        let bounds = components.iter().map(|component| (at_most(component, elapsed_ms, &up_ms), component));
        let (up_ms, least) = bounds.min_by_key(|(up_ms, _)| *up_ms)?;
        Some(Ceiling { share: Ratio::new(up_ms, elapsed_ms)?, component: least.id.to_string() })
    }
}

/// How long a component could have been up at most, ms.
fn at_most(component: &Component, elapsed_ms: u64, up_ms: &dyn Fn(&CheckId) -> u64) -> u64 {
    let parts = |parts: &[Component]| -> Vec<(u64, u32)> {
        let each = parts.iter().map(|part| (at_most(part, elapsed_ms, up_ms), part.weight.unwrap_or(1)));
        each.collect()
    };
    match &component.node {
        Node::All(all) => enough(Quorum::All, parts(all), elapsed_ms),
        Node::Some { up_if, parts: some } => enough(*up_if, parts(some), elapsed_ms),
        Node::Part(part) => {
            let targets = part.checks.iter().map(|check| (up_ms(&check.id), check.facts.weight.unwrap_or(1)));
            enough(part.up_if, targets.collect(), elapsed_ms)
        }
    }
}

/// How long enough of the members can have been up together, each with how long it was up, and its weight.
///
/// While the whole is up, of any `m - j` members at least `need - j` are: so it is up at most as long as the
/// `m - j` worst are together, divided by that, for each `j`.
fn enough(up_if: Quorum, mut members: Vec<(u64, u32)>, elapsed_ms: u64) -> u64 {
    if members.is_empty() {
        return elapsed_ms;
    }
    if up_if.is_by_weight() {
        let weight: u64 = members.iter().map(|(_, weight)| u64::from(*weight)).sum();
        let need = up_if.need(usize::try_from(weight).unwrap_or(usize::MAX)) as u128;
        let up: u128 = members.iter().map(|(up_ms, weight)| u128::from(*up_ms) * u128::from(*weight)).sum();
        return u64::try_from(up / need.max(1)).unwrap_or(u64::MAX).min(elapsed_ms);
    }
    members.sort_unstable();
    let need = up_if.need(members.len());
    let bounds = (0..need).map(|better| {
        let worst = &members[..members.len() - better];
        worst.iter().map(|(up_ms, _)| up_ms).sum::<u64>() / (need - better) as u64
    });
    bounds.min().unwrap_or(elapsed_ms).min(elapsed_ms)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(up_if: &str, up_ms: &[u64], expected: u64) {
        let members = up_ms.iter().map(|up_ms| (*up_ms, 1)).collect();
        assert_eq!(enough(Quorum::parse(up_if).unwrap(), members, 100), expected, "{up_if} of {up_ms:?}");
    }

    #[test]
    fn a_quorum_can_be_better_than_its_members_and_a_chain_cannot() {
        check("all", &[90, 95], 90);
        check("any", &[40, 50], 90);
        check("any", &[60, 70], 100);
        check("2 of 3", &[50, 50, 50], 75);
        check("2 of 3", &[10, 20, 100], 30);
        check("all but 1", &[100, 100, 0], 100);
        check("any", &[], 100);
        check("at least 50% by weight", &[50, 50], 100);
    }

    proptest! {
        /// Whenever members are up, the whole is up no longer than the bound.
        #[test]
        fn nothing_that_can_happen_is_above_it(
            members in proptest::collection::vec(proptest::collection::vec(any::<bool>(), 12), 1..6),
            need in 1_u32..6,
        ) {
            let up_if = Quorum::AtLeast(need);
            let need = up_if.need(members.len());
            let together = (0..12).filter(|at| members.iter().filter(|member| member[*at]).count() >= need).count();
            let each = members.iter().map(|member| (member.iter().filter(|up| **up).count() as u64, 1)).collect();
            prop_assert!(together as u64 <= enough(up_if, each, 12));
        }
    }
}
