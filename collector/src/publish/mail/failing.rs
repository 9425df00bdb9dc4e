//! What fails behind an incident, from where it is seen, and which stops of the record are its.

use std::collections::BTreeSet;

use collector_api::Reason;
use collector_derive::alert::{Incident, NoticeKind, Root, Thing, watched};
use collector_derive::{Condition, Outage};
use config::{About, AgentId, Charter, Check, CheckId};

use super::told::Told;

/// How many checks, agents and stops a letter names.
pub(super) const NAMED_MAX: usize = 6;

/// A check that is down now.
#[derive(Debug)]
pub(super) struct Failing<'a> {
    /// Which.
    pub(super) check: &'a Check,
    /// Why.
    pub(super) reason: Reason,
    /// Who sees it, with the titles of their sites.
    pub(super) seen_by: Vec<(&'a AgentId, String)>,
    /// How many agents look.
    pub(super) vantages: usize,
    /// When the newest sample was taken, Unix ms.
    pub(super) last_ms: Option<i64>,
}

/// Checks beneath an incident's root that are down now, in the charter's order.
pub(super) fn failing<'a>(told: &Told<'a>, root: &Root) -> Vec<Failing<'a>> {
    let moment = told.moment;
    let mut failing = Vec::new();
    for check in checks_of(&moment.charter, root) {
        let Some(figure) = moment.figures.check(&check.id) else { continue };
        if figure.now.state != Condition::Down {
            continue;
        }
        let down = figure.vantages.iter().filter(|vantage| vantage.now.state == Condition::Down);
        failing.push(Failing {
            check,
            reason: figure.now.reason,
            seen_by: down.map(|vantage| (&vantage.agent, told.site(&vantage.site))).collect(),
            vantages: figure.vantages.len(),
            last_ms: figure.now.last_ms,
        });
    }
    failing
}

/// The checks that an incident's root is about.
pub(super) fn checks_of<'a>(charter: &'a Charter, root: &Root) -> Vec<&'a Check> {
    let watching: Vec<CheckId>;
    let is_about: Box<dyn Fn(&&Check) -> bool + '_> = match root {
        Root::Engine => return Vec::new(),
        Root::Row(service) | Root::NoData(service) => {
            Box::new(move |check| is_beneath(check.id.as_str(), service.as_str()))
        }
        Root::Part(path) => Box::new(move |check| is_beneath(check.id.as_str(), path)),
        Root::Line(line) => {
            watching = watched(charter, line);
            Box::new(|check| watching.contains(&check.id))
        }
    };
    charter.checks().filter(|check| is_about(check)).collect()
}

fn is_beneath(id: &str, path: &str) -> bool {
    id.strip_prefix(path).is_some_and(|rest| rest.starts_with('.'))
}

/// Everybody who sees one of them fail, each once: `ced1 (CED)`.
pub(super) fn vantages(failing: &[Failing<'_>]) -> Vec<String> {
    let mut names = Vec::new();
    for (agent, site) in failing.iter().flat_map(|one| &one.seen_by) {
        let name = format!("{agent} ({site})");
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// The services that an incident touches, by name, in the charter's order.
pub(super) fn services<'a>(told: &Told<'a>, incident: &Incident) -> Vec<&'a str> {
    let charter = &told.moment.charter;
    let watching = match &incident.root {
        Root::Line(line) => watched(charter, line),
        _ => Vec::new(),
    };
    let mut names: BTreeSet<&str> = BTreeSet::new();
    for member in &incident.members {
        if let Thing::Notice(NoticeKind::Member | NoticeKind::Heartbeat, name) = &member.thing {
            names.extend(name.split('.').next());
        }
    }
    names.extend(watching.iter().filter_map(|check| check.as_str().split('.').next()));
    let touched = charter.services.iter();
    let touched = touched.filter(|row| incident.is_of(&row.id) || names.contains(row.id.as_str()));
    touched.map(|row| row.id.as_str()).collect()
}

/// The stops of a service's record within an incident, the oldest first.
pub(super) fn outages(told: &Told<'_>, service: &str, (from_ms, to_ms): (i64, i64)) -> Vec<Outage> {
    let figures = &told.moment.figures;
    let Some(figure) = figures.service(service) else { return Vec::new() };
    let mut outages = figures.outages(figure);
    outages.retain(|outage| outage.start_ms < to_ms && from_ms < outage.end_ms);
    outages
}

/// What the charter says of a check's part, or what that is part of: owner, contact, runbook, the innermost of each.
pub(super) fn about(charter: &Charter, path: &str) -> About {
    let mut names = path.split('.');
    let Some(service) = names.next().and_then(|name| charter.service(name)) else { return About::default() };
    let mut about = service.about.clone();
    let mut parts = service.components.as_slice();
    for name in names {
        let Some(part) = parts.iter().find(|part| part.id.as_str() == name) else { break };
        let own = &part.about;
        about.owner = own.owner.clone().or(about.owner);
        about.contact = own.contact.clone().or(about.contact);
        about.runbook = own.runbook.clone().or(about.runbook);
        parts = part.node.parts();
    }
    about
}

/// The stops of the record within a stretch, of each service, the newest last.
pub(super) fn stops_of(told: &Told<'_>, services: &[&str], within: (i64, i64)) -> Vec<(String, Outage)> {
    let mut stops = Vec::new();
    for service in services {
        stops.extend(outages(told, service, within).into_iter().map(|stop| ((*service).to_owned(), stop)));
    }
    stops.sort_by_key(|(_, stop)| stop.start_ms);
    stops
}

/// The agents that measure what an incident is about.
pub(super) fn agents(told: &Told<'_>, incident: &Incident) -> Vec<String> {
    let mut names = Vec::new();
    for check in checks_of(&told.moment.charter, &incident.root) {
        let Some(figure) = told.moment.figures.check(&check.id) else { continue };
        for vantage in &figure.vantages {
            let name = format!("{} ({})", vantage.agent, told.site(&vantage.site));
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    names
}
