//! What a new charter changes, in words an operator can read back before relying on it. Pure.

use std::collections::BTreeMap;

use config::{Availability, Charter, Check, Commitment, Component, Node, Probe, Service, Site};

/// One line per change, in the order of the file; empty when the charters mean the same.
pub fn difference(old: &Charter, new: &Charter) -> Vec<String> {
    let mut lines = Vec::new();
    changed(&mut lines, "organisation", &old.organisation.name, &new.organisation.name);
    let act = |charter: &Charter| {
        let act = &charter.act;
        let day =
            |day: Option<jiff::civil::Date>| day.map_or_else(|| "not said".to_owned(), |day| day.to_string());
        (
            act.act.clone().unwrap_or_else(|| "not said".to_owned()),
            day(act.in_force_from),
            day(act.measured_from),
        )
    };
    let (was, is) = (act(old), act(new));
    changed(&mut lines, "charter.act", &was.0, &is.0);
    changed(&mut lines, "charter.in_force_from", &was.1, &is.1);
    changed(&mut lines, "charter.measured_from", &was.2, &is.2);
    changed(&mut lines, "rules.confirm_down", &old.rules.confirm_down, &new.rules.confirm_down);
    changed(&mut lines, "rules.confirm_up", &old.rules.confirm_up, &new.rules.confirm_up);
    changed(&mut lines, "rules.coverage_min", &old.rules.coverage_min, &new.rules.coverage_min);
    named(&mut lines, "site", &old.sites, &new.sites, |site| site.id.to_string(), site);
    named(&mut lines, "service", &old.services, &new.services, |service| service.id.to_string(), service);
    let (was, is) = (parts(old), parts(new));
    named(&mut lines, "part", &was, &is, |(path, _)| path.clone(), |(_, what)| vec![("up_if", what.clone())]);
    let (was, is): (Vec<&Check>, Vec<&Check>) = (old.checks().collect(), new.checks().collect());
    named(&mut lines, "check", &was, &is, |check| check.id.to_string(), |check| self::check(check));
    let canaries = |charter: &Charter| join(charter.canaries.iter().map(|canary| &canary.address));
    changed(&mut lines, "canaries", &canaries(old), &canaries(new));
    if lines.is_empty() && old != new {
        lines.push("names or details that no figure depends on".to_owned());
    }
    lines
}

fn changed<T: PartialEq + std::fmt::Display>(lines: &mut Vec<String>, what: &str, old: &T, new: &T) {
    if old != new {
        lines.push(format!("{what}: {old} -> {new}"));
    }
}

/// Added, removed and changed things of one kind; `of` gives what is compared, with its names.
fn named<T>(
    lines: &mut Vec<String>,
    kind: &str,
    old: &[T],
    new: &[T],
    name: impl Fn(&T) -> String,
    of: impl Fn(&T) -> Vec<(&'static str, String)>,
) {
    let was: BTreeMap<String, &T> = old.iter().map(|one| (name(one), one)).collect();
    let is: BTreeMap<String, &T> = new.iter().map(|one| (name(one), one)).collect();
    for one in new {
        let id = name(one);
        let Some(before) = was.get(&id) else {
            lines.push(format!("{kind} `{id}` added"));
            continue;
        };
        for ((what, old), (_, new)) in of(before).iter().zip(of(one)) {
            changed(lines, &format!("{kind} `{id}`: {what}"), old, &new);
        }
    }
    for one in old {
        let id = name(one);
        if !is.contains_key(&id) {
            lines.push(format!("{kind} `{id}` removed"));
        }
    }
}

fn site(site: &Site) -> Vec<(&'static str, String)> {
    vec![("agents", join(&site.agents)), ("users", join(&site.users))]
}

fn service(service: &Service) -> Vec<(&'static str, String)> {
    let commitments =
        service.commitments.iter().map(|Commitment::Availability(Availability { target, strict })| {
            if *strict { format!("above {target}") } else { format!("at least {target}") }
        });
    vec![
        ("row", service.row.map_or_else(|| "none".to_owned(), |row| row.to_string())),
        ("name", service.name.clone()),
        ("users", join(&service.users)),
        ("commitments", join(commitments)),
    ]
}

fn check(check: &Check) -> Vec<(&'static str, String)> {
    let timing = &check.timing;
    let limit = |limit: Option<u64>| limit.map_or_else(|| "none".to_owned(), |ms| format!("{ms} ms"));
    vec![
        ("probe", check.probe.kind().to_owned()),
        ("target", check.probe.target()),
        ("parameters", parameters(&check.probe)),
        ("from", join(&check.from)),
        ("every", format!("{} ms", timing.every_ms)),
        ("timeout", format!("{} ms", timing.timeout_ms)),
        ("hold", format!("{} ms", timing.hold_ms)),
        ("attempts", timing.attempts.to_string()),
        ("warn", limit(timing.warn_ms)),
        ("crit", limit(timing.crit_ms)),
        ("measures_path", check.measures_path.to_string()),
    ]
}

/// What is asked, but for the kind and the target, which have their own lines.
fn parameters(probe: &Probe) -> String {
    let mut value = serde_json::to_value(probe).unwrap_or_default();
    if let Some(map) = value.as_object_mut() {
        map.retain(|key, _| !matches!(key.as_str(), "kind" | "address" | "server" | "url"));
    }
    value.to_string()
}

/// Every part's path and quorum.
fn parts(charter: &Charter) -> Vec<(String, String)> {
    fn walk(path: &str, component: &Component, all: &mut Vec<(String, String)>) {
        let path = format!("{path}.{}", component.id);
        match &component.node {
            Node::Part(part) => all.push((path, part.up_if.to_string())),
            Node::All(parts) => parts.iter().for_each(|part| walk(&path, part, all)),
        }
    }
    let mut all = Vec::new();
    for service in &charter.services {
        for component in &service.components {
            walk(service.id.as_str(), component, &mut all);
        }
    }
    all
}

fn join<T: std::fmt::Display>(items: impl IntoIterator<Item = T>) -> String {
    let items: Vec<String> = items.into_iter().map(|item| item.to_string()).collect();
    if items.is_empty() { "none".to_owned() } else { items.join(", ") }
}
