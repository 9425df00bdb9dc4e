//! What another charter changes, in words: shown before a reload and kept with the revision.
//!
//! Compares resolved charters, so that a rewritten file with the same meaning changes nothing. What is
//! new or gone as a whole is one sentence, not one for each of its checks; what was renamed with `was:` is
//! compared with what it was.

mod facts;

#[cfg(test)]
mod tests;

use std::fmt::Display;

use serde_json::Value;

use crate::yaml::duration::Millis;
use crate::{
    Charter, Check, Component, Id, Judged, Life, Node, Part, Probe, Quorum, Service, Site, SiteFacts,
    TargetFacts, Timing,
};

impl Charter {
    /// What `newer` changes, a sentence each, in the order of the file; empty only if both are equal.
    pub fn describe_changes(&self, newer: &Self) -> Vec<String> {
        let mut changes = Changes::default();
        changes.organisation(&self.organisation, &newer.organisation);
        changes.optional("the act", self.act.act.as_ref(), newer.act.act.as_ref());
        changes.optional(
            "the day the charter is in force from",
            self.act.in_force_from.as_ref(),
            newer.act.in_force_from.as_ref(),
        );
        changes.optional(
            "the day measuring counts from",
            self.act.measured_from.as_ref(),
            newer.act.measured_from.as_ref(),
        );
        changes.rules(&self.rules, &newer.rules);
        let addresses = |charter: &Self| listed(charter.canaries.iter().map(|canary| &canary.address));
        changes.value("the list of canaries", &addresses(self), &addresses(newer));
        changes.calendars(&self.calendars, &newer.calendars);
        changes.sites(&self.sites, &newer.sites);
        changes.services(&self.services, &newer.services);
        changes.alerting(&self.alerting, &newer.alerting);
        if changes.0.is_empty() && self != newer {
            changes.0.push("the order of entries, or a `was`, is another".to_owned());
        }
        changes.0
    }
}

#[derive(Debug, Default)]
struct Changes(Vec<String>);

impl Changes {
    fn say(&mut self, sentence: String) {
        self.0.push(sentence);
    }

    fn value<T: PartialEq + Display>(&mut self, what: &str, old: &T, new: &T) {
        if old != new {
            self.say(format!("{what} is {new}, was {old}"));
        }
    }

    fn optional<T: PartialEq + Display>(&mut self, what: &str, old: Option<&T>, new: Option<&T>) {
        match (old, new) {
            (Some(old), Some(new)) => self.value(what, old, new),
            (None, Some(new)) => self.say(format!("{what} is {new}, was not set")),
            (Some(old), None) => self.say(format!("{what} is no longer set, was {old}")),
            (None, None) => {}
        }
    }

    fn sites(&mut self, old: &[Site], new: &[Site]) {
        for gone in missing(old, new, |site| &site.id, |_| None) {
            self.say(format!("the site `{}` is gone", gone.id));
        }
        for site in new {
            let Some(before) = old.iter().find(|before| before.id == site.id) else {
                self.say(format!("the site `{}` is new, with the agents {}", site.id, listed(&site.agents)));
                continue;
            };
            let what = format!("the list of agents at the site `{}`", site.id);
            self.value(&what, &listed(&before.agents), &listed(&site.agents));
            let what = format!("the list of users at the site `{}`", site.id);
            self.value(&what, &listed(&before.users), &listed(&site.users));
            let SiteFacts { name, power, line, vantages, note } = &site.facts;
            let before = &before.facts;
            self.facts(
                &format!("of the site `{}`", site.id),
                [
                    ("name", before.name.as_ref(), name.as_ref()),
                    ("power", before.power.as_ref(), power.as_ref()),
                    ("line", before.line.as_ref(), line.as_ref()),
                    ("note", before.note.as_ref(), note.as_ref()),
                ],
            );
            self.facts(&format!("of the site `{}`", site.id), [("vantages", before.vantages, *vantages)]);
        }
    }

    fn services(&mut self, old: &[Service], new: &[Service]) {
        for gone in missing(old, new, |service| &service.id, |service| service.was.as_ref()) {
            let checks = counted(gone.checks().count());
            self.say(format!("the service `{}` is gone, with {checks}", gone.id));
        }
        for service in new {
            if let Some(before) = before(old, &service.id, service.was.as_ref(), |service| &service.id) {
                if before.id != service.id {
                    self.was("service", service.id.as_str(), &before.id);
                }
                self.service(before, service);
            } else {
                let checks = counted(service.checks().count());
                self.say(format!("the service `{}` is new, with {checks}", service.id));
            }
        }
    }

    fn service(&mut self, old: &Service, new: &Service) {
        let of = format!("of the service `{}`", new.id);
        self.value(&format!("the name {of}"), &old.name, &new.name);
        self.optional(&format!("the row {of}"), old.row.as_ref(), new.row.as_ref());
        self.value(&format!("the list of users {of}"), &listed(&old.users), &listed(&new.users));
        self.value(&format!("the commitment {of}"), &listed(&old.commitments), &listed(&new.commitments));
        self.value(&format!("the figure {of}"), &old.figure.to_string(), &new.figure.to_string());
        self.about(&of, &old.about, &new.about);
        self.components(new.id.as_str(), &old.components, &new.components);
    }

    fn components(&mut self, parent: &str, old: &[Component], new: &[Component]) {
        for gone in missing(old, new, |component| &component.id, |component| component.life.was.as_ref()) {
            let checks = counted(gone.checks().count());
            self.say(format!("the component `{parent}.{}` is gone, with {checks}", gone.id));
        }
        for component in new {
            let path = format!("{parent}.{}", component.id);
            let was = component.life.was.as_ref();
            if let Some(before) = before(old, &component.id, was, |component| &component.id) {
                if before.id != component.id {
                    self.was("component", &path, &before.id);
                }
                self.component(&path, before, component);
            } else {
                let checks = counted(component.checks().count());
                self.say(format!("the component `{path}` is new, with {checks}"));
            }
        }
    }

    fn component(&mut self, path: &str, old: &Component, new: &Component) {
        self.value(&format!("the name of the component `{path}`"), &old.name, &new.name);
        match (old.publish, new.publish) {
            (false, true) => self.say(format!("the component `{path}` is now shown to the public")),
            (true, false) => self.say(format!("the component `{path}` is no longer shown to the public")),
            _ => {}
        }
        let of = format!("of the component `{path}`");
        self.about(&of, &old.about, &new.about);
        let Life { since, until, measured_from, was: _ } = &new.life;
        self.facts(
            &of,
            [
                ("since", old.life.since, *since),
                ("until", old.life.until, *until),
                ("measured_from", old.life.measured_from, *measured_from),
            ],
        );
        self.value(&format!("`needs` {of}"), &listed(&old.needs), &listed(&new.needs));
        self.facts(&of, [("weight", old.weight, new.weight)]);
        match (&old.node, &new.node) {
            (Node::Part(before), Node::Part(part)) => self.part(path, before, part),
            (Node::Part(_), _) => self.say(format!("the component `{path}` is now made of parts")),
            (_, Node::Part(_)) => self.say(format!("the component `{path}` is no longer made of parts")),
            (before, parts) => {
                let quorum = |node: &Node| match node {
                    Node::Some { up_if, .. } => *up_if,
                    _ => Quorum::All,
                };
                self.value(&format!("`up_if` {of}"), &quorum(before), &quorum(parts));
                self.components(path, before.parts(), parts.parts());
            }
        }
    }

    fn part(&mut self, path: &str, old: &Part, new: &Part) {
        self.value(&format!("`up_if` of the component `{path}`"), &old.up_if, &new.up_if);
        let groups = (old.group_by.as_ref(), new.group_by.as_ref());
        self.facts(&format!("of the component `{path}`"), [("group_by", groups.0, groups.1)]);
        let continues = |old: &Check, new: &Check| {
            old.target == new.target || new.facts.was.as_ref().is_some_and(|was| *was == old.id)
        };
        for gone in old.checks.iter().filter(|old| !new.checks.iter().any(|new| continues(old, new))) {
            self.say(format!("the check `{}` is gone", gone.id));
        }
        for check in &new.checks {
            let same = old.checks.iter().find(|before| before.target == check.target);
            match same.or_else(|| old.checks.iter().find(|before| continues(before, check))) {
                Some(before) => {
                    if before.target != check.target {
                        self.was("check", check.id.as_str(), &before.target);
                    }
                    self.check(before, check);
                }
                None => self.say(format!(
                    "the check `{}` is new: {} of {}, from {}, every {}",
                    check.id,
                    check.probe.kind(),
                    check.probe.target(),
                    listed(&check.from),
                    Millis(check.timing.every_ms),
                )),
            }
        }
    }

    fn check(&mut self, old: &Check, new: &Check) {
        let of = format!("of the check `{}`", new.id);
        self.value(&format!("the target {of}"), &old.probe.target(), &new.probe.target());
        self.value(&format!("the list of sites {of}"), &listed(&old.from), &listed(&new.from));
        self.timing(&of, old.timing, new.timing);
        self.value(&format!("`measures_path` {of}"), &old.measures_path, &new.measures_path);
        let TargetFacts { area, behind, weight, since, until, was: _, note } = &new.facts;
        let before = &old.facts;
        self.facts(
            &of,
            [
                ("area", before.area.as_ref(), area.as_ref()),
                ("behind", before.behind.as_ref(), behind.as_ref()),
                ("note", before.note.as_ref(), note.as_ref()),
            ],
        );
        self.facts(&of, [("weight", before.weight, *weight)]);
        let Judged { confirm_down, confirm_up, vantages, sites } = new.judged;
        self.facts(
            &of,
            [
                ("confirm_down", old.judged.confirm_down, confirm_down),
                ("confirm_up", old.judged.confirm_up, confirm_up),
            ],
        );
        self.facts(&of, [("vantages", old.judged.vantages, vantages), ("sites", old.judged.sites, sites)]);
        self.facts(&of, [("since", before.since, *since), ("until", before.until, *until)]);
        self.parameters(&of, &old.probe, &new.probe);
    }

    fn timing(&mut self, of: &str, old: Timing, new: Timing) {
        let mut duration = |key: &str, old: u64, new: u64| {
            self.value(&format!("`{key}` {of}"), &Millis(old), &Millis(new));
        };
        duration("every", old.every_ms, new.every_ms);
        duration("timeout", old.timeout_ms, new.timeout_ms);
        duration("hold", old.hold_ms, new.hold_ms);
        self.value(&format!("`attempts` {of}"), &old.attempts, &new.attempts);
        for (key, old, new) in [("warn", old.warn_ms, new.warn_ms), ("crit", old.crit_ms, new.crit_ms)] {
            self.optional(&format!("`{key}` {of}"), old.map(Millis).as_ref(), new.map(Millis).as_ref());
        }
    }

    /// The parameters are compared as an assignment carries them, so that no kind is forgotten here.
    fn parameters(&mut self, of: &str, old: &Probe, new: &Probe) {
        if old.kind() != new.kind() {
            self.say(format!("the kind {of} is {}, was {}", new.kind(), old.kind()));
            return;
        }
        let (old, new) = (parameters(old), parameters(new));
        let mut keys: Vec<&String> = old.keys().chain(new.keys()).collect();
        keys.sort();
        keys.dedup();
        for key in keys {
            match (old.get(key), new.get(key)) {
                (before, after) if before == after => {}
                // Pages of PEM say nothing to a reader; and the target has its own sentence.
                (Some(_), Some(_)) if key == "authority" => {
                    self.say(format!("the authority {of} is another"));
                }
                (None, Some(_)) if key == "authority" => self.say(format!("the authority {of} is set")),
                _ if matches!(key.as_str(), "address" | "server" | "url") => {}
                (before, after) => self.optional(&format!("`{key}` {of}"), before, after),
            }
        }
    }
}

/// The keys of a kind; those below `tls` beside the others, as they are told.
fn parameters(probe: &Probe) -> serde_json::Map<String, Value> {
    let mut parameters = own_parameters(probe);
    if let Some(Value::Object(tls)) = parameters.remove("tls") {
        if !matches!(probe, Probe::Http(_)) {
            parameters.insert("tls".to_owned(), Value::Bool(true));
        }
        for (key, value) in tls {
            let key = if key == "authority" { key } else { format!("tls.{key}") };
            parameters.insert(key, value);
        }
    }
    parameters
}

fn own_parameters(probe: &Probe) -> serde_json::Map<String, Value> {
    match serde_json::to_value(probe) {
        Ok(Value::Object(parameters)) => parameters,
        // Numbers, texts and lists always become JSON.
        _ => serde_json::Map::new(),
    }
}

/// Those of `old` that `new` has no longer, under that name or under one that continues it.
fn missing<'o, T>(
    old: &'o [T],
    new: &'o [T],
    id: impl Fn(&T) -> &Id,
    was: impl Fn(&T) -> Option<&Id>,
) -> Vec<&'o T> {
    let lives =
        |before: &&T| new.iter().any(|after| id(after) == id(before) || was(after) == Some(id(before)));
    old.iter().filter(|before| !lives(before)).collect()
}

/// What `name` was before: of the same name, or else of the name it had.
fn before<'o, T>(old: &'o [T], name: &Id, was: Option<&Id>, id: impl Fn(&T) -> &Id) -> Option<&'o T> {
    let of = |wanted: &Id| old.iter().find(|before| id(before) == wanted);
    of(name).or_else(|| was.and_then(of))
}

fn listed<T: ToString>(items: impl IntoIterator<Item = T>) -> String {
    let items: Vec<String> = items.into_iter().map(|item| item.to_string()).collect();
    if items.is_empty() { "none".to_owned() } else { items.join(", ") }
}

fn counted(checks: usize) -> String {
    match checks {
        0 => "no check".to_owned(),
        1 => "1 check".to_owned(),
        checks => format!("{checks} checks"),
    }
}
