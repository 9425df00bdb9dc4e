//! Names and days made plain before anything is judged: renames (`was:`) and parts that come and go.
//!
//! A history is rewritten so that every revision speaks the newest names and no revision holds a part on a
//! day on which it is not there; runs recorded under former names are laid together with those of today. So
//! nothing further down knows of either. The price, a copy of the revisions and of the renamed checks' runs,
//! is paid only by a charter that says such things.

use std::borrow::Cow;
use std::collections::BTreeMap;

use config::{AgentId, Charter, Check, CheckId, Component, Id, Life, Node};
use jiff::civil::Date;

use crate::{Run, RunIndex, StreamRuns, Vantage, midnight_ms};

/// A revision and the instant from which it is in force.
type Revision = (i64, Charter);

/// Runs by today's names.
#[derive(Debug)]
pub(crate) struct Seen<'a> {
    runs: &'a RunIndex,
    /// Checks that had another name.
    continued: BTreeMap<CheckId, Vec<Vantage>>,
}

impl Seen<'_> {
    /// Who measured `check`, under whatever name.
    pub(crate) fn vantages(&self, check: &CheckId) -> &[Vantage] {
        let vantages = self.continued.get(check).or_else(|| self.runs.checks.get(check));
        vantages.map_or(&[], Vec::as_slice)
    }

    /// What `agent` measured of `check`; empty if it never did.
    pub(crate) fn streams(&self, check: &CheckId, agent: &AgentId) -> &[StreamRuns] {
        let vantage = self.vantages(check).iter().find(|vantage| vantage.agent == *agent);
        vantage.map_or(&[], |vantage| &vantage.streams)
    }
}

/// The history in today's names, cut at each day on which something comes or goes, and the runs to go
/// with it.
pub(crate) fn plain<'a>(history: &'a [Revision], runs: &'a RunIndex) -> (Cow<'a, [Revision]>, Seen<'a>) {
    let mut seen = Seen { runs, continued: BTreeMap::new() };
    let mut plain = Cow::Borrowed(history);
    if history.iter().any(|(_, charter)| charter.checks().any(|check| check.facts.was.is_some())) {
        let former = rename(plain.to_mut());
        seen.continued = continued(&former, runs);
    }
    if history.iter().any(|(_, charter)| !days(charter).is_empty()) {
        plain = Cow::Owned(dated(&plain));
    }
    (plain, seen)
}

/// A former name of a check, and until when what was recorded under it is the check's: another one may have
/// taken the name since.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Former {
    id: CheckId,
    until_ms: i64,
}

/// Gives all revisions the newest names; returns the former names of each check.
fn rename(history: &mut [Revision]) -> BTreeMap<CheckId, Vec<Former>> {
    let ids = |charter: &Charter| charter.checks().map(|check| check.id.clone()).collect::<Vec<_>>();
    let recorded: Vec<Vec<CheckId>> = history.iter().map(|(_, charter)| ids(charter)).collect();
    for index in (1..history.len()).rev() {
        let (older, newer) = history.split_at_mut(index);
        let Some((_, newer)) = newer.first() else { continue };
        let comes = older.last().is_some_and(|(_, before)| has_new_name(newer, before));
        if comes {
            for (_, charter) in older.iter_mut() {
                take_names(newer, charter);
            }
        }
    }
    let mut former: BTreeMap<CheckId, Vec<Former>> = BTreeMap::new();
    for (index, (_, charter)) in history.iter().enumerate() {
        for (check, recorded_id) in charter.checks().zip(&recorded[index]) {
            if check.id == *recorded_id {
                continue;
            }
            let taken = (index + 1..history.len()).find(|&later| {
                let mut pairs = history[later].1.checks().zip(&recorded[later]);
                pairs.any(|(other, id)| id == recorded_id && other.id != check.id)
            });
            let until_ms = taken.map_or(i64::MAX, |later| history[later].0);
            let name = Former { id: recorded_id.clone(), until_ms };
            let names = former.entry(check.id.clone()).or_default();
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    former
}

/// Is anything in `newer` under a name that `before` does not have, and says what it was?
fn has_new_name(newer: &Charter, before: &Charter) -> bool {
    let mut renamed = newer.checks().filter(|check| check.facts.was.is_some());
    renamed.any(|check| !before.checks().any(|other| other.id == check.id))
}

/// What `older` has under a former name gets the name that `newer` gives it.
fn take_names(newer: &Charter, older: &mut Charter) {
    for service in &newer.services {
        let same = adopt(&mut older.services, &service.id, service.was.as_ref(), |service| &mut service.id);
        if let Some(before) = same {
            take_components(&service.components, &mut before.components);
        }
    }
    for service in &mut older.services {
        identify(&mut service.components, &[&service.id]);
    }
}

fn take_components(newer: &[Component], older: &mut [Component]) {
    for component in newer {
        let was = component.life.was.as_ref();
        let Some(before) = adopt(older, &component.id, was, |component| &mut component.id) else { continue };
        match (&component.node, &mut before.node) {
            (Node::All(parts), Node::All(before)) => take_components(parts, before),
            (Node::Part(part), Node::Part(before)) => {
                for check in &part.checks {
                    adopt(&mut before.checks, &check.target, former_target(check).as_ref(), |c| {
                        &mut c.target
                    });
                }
            }
            _ => {}
        }
    }
}

/// The member of that name; or the one of its former name, which takes the new one.
fn adopt<'o, T>(
    members: &'o mut [T],
    name: &Id,
    was: Option<&Id>,
    id: fn(&mut T) -> &mut Id,
) -> Option<&'o mut T> {
    let place = |members: &mut [T], wanted: &Id| members.iter_mut().position(|member| *id(member) == *wanted);
    let here = place(members, name);
    let index = here.or_else(|| was.and_then(|was| place(members, was)))?;
    let member = &mut members[index];
    *id(member) = name.clone();
    Some(member)
}

/// The last name of the check's former id, where it is another than today's.
fn former_target(check: &Check) -> Option<Id> {
    let was = check.facts.was.as_ref()?;
    let last = was.as_str().rsplit('.').next()?;
    Id::new(last).ok().filter(|id| *id != check.target)
}

/// Check ids are the names that lead to them.
fn identify(components: &mut [Component], path: &[&Id]) {
    for component in components {
        let here: Vec<&Id> = path.iter().copied().chain([&component.id]).collect();
        match &mut component.node {
            Node::All(parts) => identify(parts, &here),
            Node::Part(part) => {
                for check in &mut part.checks {
                    check.id = CheckId::of(here.iter().copied().chain([&check.target]));
                }
            }
        }
    }
}

/// The runs of renamed checks: those under former names, then those under today's, stream by stream.
fn continued(former: &BTreeMap<CheckId, Vec<Former>>, runs: &RunIndex) -> BTreeMap<CheckId, Vec<Vantage>> {
    let mut continued = BTreeMap::new();
    for (check, names) in former {
        let mut vantages: Vec<Vantage> = Vec::new();
        let own = Former { id: check.clone(), until_ms: i64::MAX };
        for name in names.iter().chain([&own]) {
            for seen in runs.checks.get(&name.id).into_iter().flatten() {
                let place = vantages.iter().position(|vantage| vantage.agent == seen.agent);
                let place = place.unwrap_or_else(|| {
                    vantages.push(Vantage { agent: seen.agent.clone(), streams: Vec::new() });
                    vantages.len() - 1
                });
                for stream in &seen.streams {
                    append(&mut vantages[place].streams, stream, name.until_ms);
                }
            }
        }
        for vantage in &mut vantages {
            vantage.streams.sort_by_key(|stream| stream.opened_ms);
        }
        continued.insert(check.clone(), vantages);
    }
    continued
}

/// Adds what a stream saw before `until_ms` to what is known of it.
fn append(streams: &mut Vec<StreamRuns>, more: &StreamRuns, until_ms: i64) {
    let counts = |run: &&Run| run.first_ms < until_ms;
    let Some(known) = streams.iter_mut().find(|known| known.stream == more.stream) else {
        let closed = more.closed.iter().filter(counts).copied().collect();
        streams.push(StreamRuns {
            stream: more.stream,
            opened_ms: more.opened_ms,
            closed,
            open: more.open.filter(|run| run.first_ms < until_ms),
        });
        return;
    };
    let mut all: Vec<Run> = known.runs().chain(more.runs().filter(counts)).copied().collect();
    all.sort_by_key(|run| (run.first_ms, run.first_seq));
    known.open = if known.open.is_some() || more.open.is_some() { all.pop() } else { None };
    known.closed = all;
}

/// Each revision, once for every stretch of days in which the same parts are there.
fn dated(history: &[Revision]) -> Vec<Revision> {
    let mut dated = Vec::new();
    for (index, (from_ms, charter)) in history.iter().enumerate() {
        // The first revision judges all time before it.
        let from_ms = if index == 0 { i64::MIN } else { *from_ms };
        let to_ms = history.get(index + 1).map_or(i64::MAX, |next| next.0);
        let mut starts: Vec<i64> = days(charter).into_iter().map(midnight_ms).collect();
        starts.retain(|start_ms| (from_ms..to_ms).contains(start_ms));
        starts.push(from_ms);
        starts.sort_unstable();
        starts.dedup();
        dated.extend(starts.into_iter().map(|start_ms| (start_ms, on(charter, start_ms))));
    }
    dated
}

/// The days on which something comes, or is gone.
fn days(charter: &Charter) -> Vec<Date> {
    let mut days = Vec::new();
    let gone = |until: Option<Date>| until.and_then(|day| day.tomorrow().ok());
    let mut components: Vec<&Component> = charter.services.iter().flat_map(|s| &s.components).collect();
    while let Some(Component { life, node, .. }) = components.pop() {
        days.extend([life.since, gone(life.until), life.measured_from].into_iter().flatten());
        match node {
            Node::All(parts) => components.extend(parts),
            Node::Part(part) => {
                let facts = part.checks.iter().map(|check| &check.facts);
                days.extend(facts.flat_map(|facts| [facts.since, gone(facts.until)]).flatten());
            }
        }
    }
    days
}

/// The charter with what is there at an instant.
fn on(charter: &Charter, at_ms: i64) -> Charter {
    let mut charter = charter.clone();
    for service in &mut charter.services {
        keep(&mut service.components, at_ms);
    }
    charter
}

/// A component whose every target is gone is gone with them; one that never had any stays, and is unknown.
fn keep(components: &mut Vec<Component>, at_ms: i64) {
    components.retain_mut(|component| {
        let had = component.checks().next().is_some();
        match &mut component.node {
            Node::All(parts) => keep(parts, at_ms),
            Node::Part(part) => {
                part.checks.retain(|check| is_there(check.facts.since, check.facts.until, at_ms));
            }
        }
        let Life { since, until, measured_from, .. } = component.life;
        let has = component.checks().next().is_some();
        is_there(since.max(measured_from), until, at_ms) && (has || !had)
    });
}

fn is_there(since: Option<Date>, until: Option<Date>, at_ms: i64) -> bool {
    let came = since.is_none_or(|day| midnight_ms(day) <= at_ms);
    let gone = until.and_then(|day| day.tomorrow().ok()).is_some_and(|day| midnight_ms(day) <= at_ms);
    came && !gone
}

/// From when on a component, by its path within a service, counts; `None` when it always did.
pub(crate) fn counts_from(components: &[Component], path: &str) -> Option<Date> {
    let (name, rest) = path.split_once('.').map_or((path, None), |(name, rest)| (name, Some(rest)));
    let component = components.iter().find(|component| component.id.as_str() == name)?;
    let own = component.life.since.max(component.life.measured_from);
    match (rest, &component.node) {
        (Some(rest), Node::All(parts)) => own.max(counts_from(parts, rest)),
        (Some(target), Node::Part(part)) => {
            let check = part.checks.iter().find(|check| check.target.as_str() == target);
            own.max(check.and_then(|check| check.facts.since))
        }
        (None, _) => own,
    }
}

#[cfg(test)]
mod tests;
