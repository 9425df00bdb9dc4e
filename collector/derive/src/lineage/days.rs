//! Parts that come and go on civil days: since, until, measured from.

use std::borrow::Cow;

use config::{Charter, Component, Life, Node};
use jiff::civil::Date;

use crate::midnight_ms;
use crate::period::day_of;

/// The charter as it is in `[from_ms, to_ms)`: once, with its first instant, for every stretch of days in
/// which the same is there. Copied where something is not.
pub(super) fn stretches(charter: Cow<'_, Charter>, from_ms: i64, to_ms: i64) -> Vec<(i64, Cow<'_, Charter>)> {
    let mut days = days(&charter);
    if days.is_empty() {
        return vec![(from_ms, charter)];
    }
    days.sort_unstable();
    days.dedup();
    let changes = days.into_iter().map(midnight_ms).filter(|at_ms| from_ms < *at_ms && *at_ms < to_ms);
    let starts = std::iter::once(from_ms).chain(changes);
    starts.map(|start_ms| (start_ms, on(&charter, day_of(start_ms)))).collect()
}

/// The days on which something comes, or is gone.
fn days(charter: &Charter) -> Vec<Date> {
    let mut days = Vec::new();
    let gone = |until: Option<Date>| until.and_then(|day| day.tomorrow().ok());
    let mut components: Vec<&Component> = charter.services.iter().flat_map(|s| &s.components).collect();
    while let Some(Component { life, node, .. }) = components.pop() {
        days.extend([life.since, gone(life.until), life.measured_from].into_iter().flatten());
        match node {
            Node::All(parts) | Node::Some { parts, .. } => components.extend(parts),
            Node::Part(part) => {
                let facts = part.checks.iter().map(|check| &check.facts);
                days.extend(facts.flat_map(|facts| [facts.since, gone(facts.until)]).flatten());
            }
        }
    }
    days
}

/// The charter with what is there on a day.
fn on<'a>(charter: &Cow<'a, Charter>, day: Date) -> Cow<'a, Charter> {
    if charter.services.iter().all(|service| is_whole(&service.components, day)) {
        return charter.clone();
    }
    let mut charter = charter.clone().into_owned();
    for service in &mut charter.services {
        keep(&mut service.components, day);
    }
    Cow::Owned(charter)
}

/// Is all of it there?
fn is_whole(components: &[Component], day: Date) -> bool {
    components.iter().all(|component| {
        let inner = match &component.node {
            Node::All(parts) | Node::Some { parts, .. } => is_whole(parts, day),
            Node::Part(part) => {
                part.checks.iter().all(|check| is_there(check.facts.since, check.facts.until, day))
            }
        };
        inner && lives(&component.life, day)
    })
}

/// A component whose every target is gone is gone with them; one that never had any stays, and is unknown.
fn keep(components: &mut Vec<Component>, day: Date) {
    components.retain_mut(|component| {
        let had = component.checks().next().is_some();
        match &mut component.node {
            Node::All(parts) | Node::Some { parts, .. } => keep(parts, day),
            Node::Part(part) => {
                part.checks.retain(|check| is_there(check.facts.since, check.facts.until, day));
            }
        }
        let has = component.checks().next().is_some();
        lives(&component.life, day) && (has || !had)
    });
}

fn lives(life: &Life, day: Date) -> bool {
    is_there(life.since.max(life.measured_from), life.until, day)
}

fn is_there(since: Option<Date>, until: Option<Date>, day: Date) -> bool {
    since.is_none_or(|since| since <= day) && until.is_none_or(|until| day <= until)
}

/// From when on a component, by its path within a service, counts; `None` when it always did.
pub(crate) fn counts_from(components: &[Component], path: &str) -> Option<Date> {
    let (name, rest) = path.split_once('.').map_or((path, None), |(name, rest)| (name, Some(rest)));
    let component = components.iter().find(|component| component.id.as_str() == name)?;
    let own = component.life.since.max(component.life.measured_from);
    match (rest, &component.node) {
        (Some(rest), Node::All(parts) | Node::Some { parts, .. }) => own.max(counts_from(parts, rest)),
        (Some(target), Node::Part(part)) => {
            let check = part.checks.iter().find(|check| check.target.as_str() == target);
            own.max(check.and_then(|check| check.facts.since))
        }
        (None, _) => own,
    }
}

/// Is there a component, part or target of this path within a service?
pub(crate) fn has(components: &[Component], path: &str) -> bool {
    let (name, rest) = path.split_once('.').map_or((path, None), |(name, rest)| (name, Some(rest)));
    let Some(component) = components.iter().find(|component| component.id.as_str() == name) else {
        return false;
    };
    match (rest, &component.node) {
        (None, _) => true,
        (Some(rest), Node::All(parts) | Node::Some { parts, .. }) => has(parts, rest),
        (Some(target), Node::Part(part)) => part.checks.iter().any(|check| check.target.as_str() == target),
    }
}
