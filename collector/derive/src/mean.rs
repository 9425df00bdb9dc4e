//! The mean over members, such as access points (D16).
//!
//! A member counts up only while what it needs is: an access point without its uplink is of no use. The mean
//! itself is a matter of weighted milliseconds and is made where figures are; here is what each member is, and
//! how the whole is at an instant: degraded below 95% of its members' weight, down below half of it.

use std::borrow::Cow;
use std::sync::Arc;

use config::{Component, ComponentId, FigureRule, Node, Part, Service, SiteId};

use crate::judge::{JudgedCheck, JudgedService};
use crate::sweep::{Tally, sweep, sweep_weighed};
use crate::tree::{self, HALF};
use crate::views::View;
use crate::{Composition, Condition, Timeline};

/// What a service's figure is the mean of.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Parts<'a> {
    /// The targets (or parts) of one component.
    Members(&'a ComponentId),
    /// Its components, each weighing the same.
    Components,
}

/// One of what a mean is of, in one era.
#[derive(Debug)]
pub(crate) struct Member<'a> {
    /// A check's id, or a component's path.
    pub(crate) name: Cow<'a, str>,
    /// By what it is shown together with others.
    pub(crate) group: Option<&'a str>,
    pub(crate) weight: u32,
    /// Up only while what it needs is.
    pub(crate) timeline: Arc<Timeline>,
}

impl<'a> Parts<'a> {
    /// As the service says, unless it is composed otherwise. `None` if it is no mean.
    pub(crate) fn of(service: &'a Service, composed: Option<Composition>) -> Option<Self> {
        match (composed, &service.figure) {
            (Some(Composition::MeanOfComponents), _) => Some(Self::Components),
            (None, FigureRule::MeanOf(component)) => Some(Self::Members(component)),
            (Some(Composition::All), _) | (None, FigureRule::AllUp) => None,
        }
    }

    /// The component whose members it is the mean of.
    pub(crate) fn component(self) -> Option<&'a ComponentId> {
        match self {
            Self::Members(component) => Some(component),
            Self::Components => None,
        }
    }
}

/// By what a target of the part is shown together with others.
pub(crate) fn group_of<'a>(part: &Part, facts: &'a config::TargetFacts) -> Option<&'a str> {
    match part.group_by.as_deref()? {
        "behind" => facts.behind.as_deref(),
        _ => facts.area.as_deref(),
    }
}

/// What the members of a service's mean need of other services: service and component.
pub(crate) fn needs_elsewhere(service: &Service) -> impl Iterator<Item = (&str, &str)> {
    let mean = service
        .components
        .iter()
        .filter(|component| matches!(&service.figure, FigureRule::MeanOf(id) if *id == component.id));
    mean.flat_map(|component| &component.needs).filter_map(|need| need.split_once('.'))
}

/// Makes the service at `place`, whose tree has grown as any, a mean.
pub(crate) fn compose<'a>(
    services: &mut [JudgedService<'a>],
    place: usize,
    service: &'a Service,
    parts: Parts<'a>,
    checks: &[JudgedCheck<'a>],
    unknown: &Arc<Timeline>,
) {
    let component =
        parts.component().and_then(|id| service.components.iter().find(|component| component.id == *id));
    let views: Vec<View> = services[place].tree.made_mut().map(|(view, _)| view).collect();
    for view in views {
        let home = &services[place];
        let needs = component.map_or_else(Vec::new, |component| needs(component, home, services, view));
        let from = |site: Option<&SiteId>| match (component, parts) {
            (Some(component), _) => members(component, home, checks, &needs, (view, site), unknown),
            (None, Parts::Components) if site.is_none() => components(service, home, view),
            (None, _) => Vec::new(),
        };
        let all = from(None);
        let timeline = together(&all).unwrap_or_else(|| Arc::clone(unknown));
        let here: Vec<_> = home.tree.get(view).sites.iter().map(|site| from(Some(site.site))).collect();
        let Some((_, tree)) = services[place].tree.made_mut().find(|(made, _)| *made == view) else {
            continue;
        };
        if let Some(component) = component
            && let Some(branch) = tree.branches.iter_mut().find(|branch| branch.path == component.id.as_str())
        {
            branch.timeline = Arc::clone(&timeline);
        }
        if matches!(parts, Parts::Members(_)) {
            for (site, members) in tree.sites.iter_mut().zip(here) {
                site.timeline = together(&members).unwrap_or_else(|| Arc::clone(unknown));
                site.members = Some(members);
            }
        }
        (tree.timeline, tree.members) = (timeline, Some(all));
    }
}

/// The components without which the members of this one are of no use.
fn needs(
    component: &Component,
    home: &JudgedService<'_>,
    services: &[JudgedService<'_>],
    view: View,
) -> Vec<Arc<Timeline>> {
    let find = |need: &String| match need.split_once('.') {
        None => home.branch(need, view),
        Some((service, path)) => {
            let service = services.iter().find(|other| other.id.as_str() == service)?;
            service.branch(path, view)
        }
    };
    component.needs.iter().filter_map(find).map(|branch| Arc::clone(&branch.timeline)).collect()
}

/// The members of a component: its targets, or its parts. Without any, one of which nobody can say anything.
fn members<'a>(
    component: &'a Component,
    home: &JudgedService<'a>,
    checks: &[JudgedCheck<'a>],
    needs: &[Arc<Timeline>],
    (view, site): (View, Option<&SiteId>),
    unknown: &Arc<Timeline>,
) -> Vec<Member<'a>> {
    let with_needs = |own: Arc<Timeline>| {
        let all: Vec<_> = std::iter::once(&own).chain(needs).collect();
        sweep(&all, tree::all).unwrap_or_else(|| Arc::clone(&own))
    };
    let mut members: Vec<Member<'a>> = Vec::new();
    match &component.node {
        Node::Part(part) => {
            let first = home.branch(component.id.as_str(), view).map_or(0, |branch| branch.checks.start);
            for (check, place) in part.checks.iter().zip(first..) {
                let seen = match site {
                    None => checks.get(place).map(|check| Arc::clone(check.timeline.get(view))),
                    Some(site) => checks.get(place).and_then(|check| check.seen_from(site, view)),
                };
                let Some(seen) = seen else { continue };
                members.push(Member {
                    name: Cow::Borrowed(check.id.as_str()),
                    group: group_of(part, &check.facts),
                    weight: check.facts.weight.unwrap_or(1),
                    timeline: with_needs(seen),
                });
            }
        }
        Node::All(parts) | Node::Some { parts, .. } => {
            for part in parts {
                let path = format!("{}.{}", component.id, part.id);
                let Some(branch) = home.branch(&path, view) else { continue };
                let timeline = with_needs(Arc::clone(&branch.timeline));
                let weight = part.weight.unwrap_or(1);
                members.push(Member { name: Cow::Owned(path), group: None, weight, timeline });
            }
        }
    }
    if members.is_empty() && site.is_none() {
        let timeline = Arc::clone(unknown);
        members.push(Member { name: Cow::Borrowed(component.id.as_str()), group: None, weight: 1, timeline });
    }
    members
}

/// A service's components as members of one mean.
fn components<'a>(service: &'a Service, home: &JudgedService<'a>, view: View) -> Vec<Member<'a>> {
    let member = |component: &'a Component| {
        let branch = home.branch(component.id.as_str(), view)?;
        let timeline = Arc::clone(&branch.timeline);
        Some(Member { name: Cow::Borrowed(component.id.as_str()), group: None, weight: 1, timeline })
    };
    service.components.iter().filter_map(member).collect()
}

/// How the members are together.
fn together(members: &[Member<'_>]) -> Option<Arc<Timeline>> {
    let weighed: Vec<_> = members.iter().map(|member| (&member.timeline, member.weight)).collect();
    let weight: u32 = members.iter().map(|member| member.weight).sum();
    let need = u32::try_from(HALF.need(weight as usize)).unwrap_or(u32::MAX);
    sweep_weighed(&weighed, |tally| at_least_half(need, tally))
}

fn at_least_half(need: u32, tally: Tally) -> Condition {
    match tree::count(need, tally) {
        Condition::Up | Condition::Degraded => {
            let (up, of) = (u64::from(tally.up + tally.degraded), u64::from(tally.all() - tally.maintenance));
            if 100 * up >= 95 * of { Condition::Up } else { Condition::Degraded }
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_the_weight_is_up_and_nineteen_of_twenty_is_not_degraded() {
        use Condition::{Degraded, Down, Maintenance, Unknown, Up};
        for (up, down, unknown, maintenance, expected) in [
            (20, 0, 0, 0, Up),
            (19, 1, 0, 0, Up),
            (18, 2, 0, 0, Degraded),
            (10, 10, 0, 0, Degraded),
            (9, 11, 0, 0, Down),
            (9, 10, 1, 0, Unknown),
            (18, 0, 2, 0, Degraded),
            (0, 0, 20, 0, Unknown),
            (10, 0, 0, 10, Up),
            (5, 5, 0, 10, Maintenance),
            (0, 11, 0, 9, Down),
        ] {
            let tally = Tally { up, degraded: 0, down, unknown, maintenance };
            assert_eq!(at_least_half(10, tally), expected, "{tally:?}");
        }
    }
}
