//! What explains that something is down: its own parts, what it needs, the line that it hangs on.
//!
//! Three things in the charter say so. `needs:` names components without which another is of no use. `behind:` of a
//! target names the target it hangs on. And `line:` of a site names its line: a target or component of that name
//! watches it, and while that is down it explains the site's agents and whatever stands in an `area` called like
//! the site. Where the file says none of it, every row and part stands for itself.

use std::collections::BTreeSet;

use config::{Charter, Check, Component, Node, Service, Site};

use super::Root;
use crate::{Condition, ServiceFigure, YearFigures};

/// The charter with how everything in it is now.
#[derive(Debug)]
pub(super) struct Causes<'a> {
    charter: &'a Charter,
    down: BTreeSet<&'a str>,
    /// Components and parts, by their dotted names.
    down_parts: BTreeSet<String>,
    lines: Vec<Line<'a>>,
}

/// A line that something watches.
#[derive(Debug)]
pub(super) struct Line<'a> {
    pub(super) name: &'a str,
    pub(super) watcher: Watcher<'a>,
    pub(super) sites: Vec<&'a Site>,
}

/// What watches a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Watcher<'a> {
    Check(&'a Check),
    Component(&'a Service, &'a Component),
}

impl<'a> Causes<'a> {
    pub(super) fn of(charter: &'a Charter, figures: &'a YearFigures) -> Self {
        let checks = figures.checks.iter().filter(|check| check.now.state == Condition::Down);
        let mut causes = Self {
            charter,
            down: checks.map(|check| check.id.as_str()).collect(),
            down_parts: down_parts(figures),
            lines: Vec::new(),
        };
        for site in &charter.sites {
            let Some(name) = site.facts.line.as_deref() else { continue };
            if let Some(line) = causes.lines.iter_mut().find(|line| line.name == name) {
                line.sites.push(site);
            } else if let Some(watcher) = watcher(charter, name) {
                causes.lines.push(Line { name, watcher, sites: vec![site] });
            }
        }
        causes
    }

    /// Lines that something watches, in the order of their sites.
    pub(super) fn lines(&self) -> &[Line<'a>] {
        &self.lines
    }

    pub(super) fn is_down(&self, check: &Check) -> bool {
        self.down.contains(check.id.as_str())
    }

    /// The line of a site, if it is down.
    pub(super) fn down_line_of(&self, site: &Site) -> Option<Root> {
        let line = self.lines.iter().find(|line| line.sites.iter().any(|other| other.id == site.id))?;
        self.is_line_down(line).then(|| Root::Line(line.name.to_owned()))
    }

    fn is_line_down(&self, line: &Line<'_>) -> bool {
        match line.watcher {
            Watcher::Check(check) => self.is_down(check),
            Watcher::Component(service, component) => {
                self.down_parts.contains(&format!("{}.{}", service.id, component.id))
            }
        }
    }

    /// What explains that a check is down; empty if nothing does.
    pub(super) fn of_check(&self, check: &Check) -> Vec<Root> {
        if let Some(line) =
            self.lines.iter().find(|line| line.is_watched_by(check) && self.is_line_down(line))
        {
            return vec![Root::Line(line.name.to_owned())];
        }
        if let Some(behind) = self.behind(check) {
            let deeper = self.of_check_once(behind);
            return if deeper.is_empty() { self.owner_of(behind).into_iter().collect() } else { deeper };
        }
        self.of_place(check).into_iter().collect()
    }

    /// The same without looking further behind: a chain of `behind` has no end that a file must keep.
    fn of_check_once(&self, check: &Check) -> Vec<Root> {
        let line = self.lines.iter().find(|line| line.is_watched_by(check) && self.is_line_down(line));
        let line = line.map(|line| Root::Line(line.name.to_owned()));
        line.or_else(|| self.of_place(check)).into_iter().collect()
    }

    /// The line of the site that a target stands in.
    fn of_place(&self, check: &Check) -> Option<Root> {
        let area = check.facts.area.as_deref()?;
        let called = |site: &&Site| site.id.as_str() == area || site.facts.name.as_deref() == Some(area);
        self.charter.sites.iter().find(called).and_then(|site| self.down_line_of(site))
    }

    /// The target that a check's target hangs on, if that is down: of the same part, of any, or by its whole name.
    fn behind(&self, check: &Check) -> Option<&'a Check> {
        let name = check.facts.behind.as_deref()?;
        let part = check.id.as_str().rsplit_once('.').map(|(part, _)| part);
        let is_named = |other: &&Check| other.id.as_str() == name || other.target.as_str() == name;
        let mut named: Vec<&'a Check> =
            self.charter.checks().filter(is_named).filter(|other| other.id != check.id).collect();
        named.sort_by_key(|other| other.id.as_str().rsplit_once('.').map(|(part, _)| part) != part);
        named.into_iter().next().filter(|other| self.is_down(other))
    }

    /// What explains that a component is down: all that is down in it is explained. `path` is its own.
    pub(super) fn of_component(&self, service: &Service, component: &Component, path: &str) -> Vec<Root> {
        let needed = self.needed(service, component);
        if !needed.is_empty() {
            return needed;
        }
        match &component.node {
            Node::Part(part) => {
                let down = part.checks.iter().filter(|check| self.is_down(check));
                all_of(down.map(|check| self.of_check(check)))
            }
            Node::All(parts) | Node::Some { parts, .. } => self.of_parts(service, parts, path),
        }
    }

    /// What explains that a row is down, from its components.
    pub(super) fn of_service(&self, service: &Service) -> Vec<Root> {
        self.of_parts(service, &service.components, service.id.as_str())
    }

    fn of_parts(&self, service: &Service, parts: &[Component], path: &str) -> Vec<Root> {
        let named = parts.iter().map(|part| (part, format!("{path}.{}", part.id)));
        let down = named.filter(|(_, path)| self.down_parts.contains(path));
        all_of(down.map(|(part, path)| {
            if is_owned(part) { vec![Root::Part(path)] } else { self.of_component(service, part, &path) }
        }))
    }

    /// The owners of needed components in which something is down.
    fn needed(&self, service: &Service, component: &Component) -> Vec<Root> {
        let mut roots = Vec::new();
        for need in &component.needs {
            let (row, name) = match need.split_once('.') {
                Some((row, name)) => (self.charter.service(row), name),
                None => (Some(service), need.as_str()),
            };
            let found = row.and_then(|row| row.components.iter().find(|one| one.id.as_str() == name));
            let Some((row, found)) = row.zip(found) else { continue };
            if !self.down_parts.contains(&format!("{}.{}", row.id, found.id)) {
                continue;
            }
            for check in found.checks().filter(|check| self.is_down(check)) {
                let deeper = self.of_check(check);
                roots.extend(if deeper.is_empty() {
                    self.owner_of(check).into_iter().collect()
                } else {
                    deeper
                });
            }
        }
        roots.sort();
        roots.dedup();
        roots
    }

    /// The subject that a check's being down is a matter of: the innermost part with an owner, or the row.
    pub(super) fn owner_of(&self, check: &Check) -> Option<Root> {
        let id = check.id.as_str();
        let service = self.charter.services.iter().find(|service| is_beneath(id, service.id.as_str()))?;
        let (mut parts, mut path) = (service.components.as_slice(), service.id.to_string());
        let mut owner = Root::Row(service.id.clone());
        while let Some(part) = parts.iter().find(|part| is_beneath(id, &format!("{path}.{}", part.id))) {
            path = format!("{path}.{}", part.id);
            if is_owned(part) {
                owner = Root::Part(path.clone());
            }
            parts = part.node.parts();
        }
        Some(owner)
    }
}

impl Line<'_> {
    fn is_watched_by(&self, check: &Check) -> bool {
        match self.watcher {
            Watcher::Check(watcher) => watcher.id == check.id,
            Watcher::Component(_, component) => component.checks().any(|watcher| watcher.id == check.id),
        }
    }
}

/// Does somebody of its own answer for it, so that its incidents are not its row's?
pub(super) fn is_owned(component: &Component) -> bool {
    let about = &component.about;
    about.owner.is_some()
        || !about.alert.is_empty()
        || about.severity.is_some()
        || about.alert_after_ms.is_some()
}

fn down_parts(figures: &YearFigures) -> BTreeSet<String> {
    let of = |service: &ServiceFigure| {
        let down = service.components.iter().filter(|component| component.now.state == Condition::Down);
        let named = down.map(|component| format!("{}.{}", service.id, component.path));
        named.collect::<Vec<_>>()
    };
    figures.services.iter().flat_map(of).collect()
}

fn is_beneath(id: &str, path: &str) -> bool {
    id.strip_prefix(path).is_some_and(|rest| rest.starts_with('.'))
}

/// All roots, if everybody has some.
fn all_of(each: impl Iterator<Item = Vec<Root>>) -> Vec<Root> {
    let mut all = Vec::new();
    for roots in each {
        if roots.is_empty() {
            return Vec::new();
        }
        all.extend(roots);
    }
    all.sort();
    all.dedup();
    all
}

/// Whose name is the line's: a target, or else a component.
pub(super) fn watcher<'a>(charter: &'a Charter, line: &str) -> Option<Watcher<'a>> {
    let is_named = |check: &&Check| check.target.as_str() == line || check.id.as_str() == line;
    if let Some(check) = charter.checks().find(is_named) {
        return Some(Watcher::Check(check));
    }
    charter.services.iter().find_map(|service| {
        let named = |component: &&Component| {
            component.id.as_str() == line || format!("{}.{}", service.id, component.id) == line
        };
        service.components.iter().find(named).map(|component| Watcher::Component(service, component))
    })
}
