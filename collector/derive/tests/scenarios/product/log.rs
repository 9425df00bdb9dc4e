//! A scenario's log as declarations of the journal.
//!
//! In the journal an entry announces what it says when it is written; scenarios have a time for each. An entry
//! is written when it was announced if that makes a difference, after what it takes back, and a force up
//! together with its approval by somebody else.

use collector_derive::{Corrections, Declaration, Declared, ForcedState, Scope, Window};
use config::{CheckId, SiteId};

use super::charter::sites_of;
use super::clock::Clock;
use super::tree::{Leaf, What};
use crate::given::{Entry, Evidence, Given, Says, State};

pub(super) fn corrections(given: &Given, leaves: &[Leaf], clock: Clock) -> Corrections {
    let at_once = |entry: &Entry| match &entry.says {
        Says::Maintenance { announced, .. } => *announced == entry.declared,
        _ => true,
    };
    let mut declared: Vec<&Entry> = given.log.iter().collect();
    let mut as_of_ms = clock.ms(given.log_as_of);
    if !declared.iter().all(|entry| at_once(entry)) {
        declared.retain(|entry| entry.declared <= given.log_as_of);
        as_of_ms = i64::MAX;
    }
    declared.sort_by_key(|entry| entry.declared);
    let mut journal = Journal { given, leaves, clock, entries: Vec::new() };
    let mut numbers: Vec<(&str, u64)> = Vec::new();
    for entry in &declared {
        if let Some(number) = journal.declare(entry) {
            numbers.push((&entry.id, number));
        }
    }
    for entry in declared {
        if let Says::Revoke(target) = &entry.says {
            for (_, number) in numbers.iter().filter(|(id, _)| id == target) {
                let revoked = Declaration::Revoked { entry: *number, note: String::new() };
                journal.write(clock.ms(entry.declared), "anna", revoked);
            }
        }
    }
    Corrections::of(&journal.entries, as_of_ms)
}

/// In the charter each check has sites of its own; those of a name are one site of the scenario.
fn sites_named(leaf: &Leaf, name: &str, given: &Given) -> Vec<SiteId> {
    let What::Check(check) = &leaf.what else { return Vec::new() };
    let Some(Evidence::Sites { sites, .. }) = given.checks.get(check).map(|check| &check.evidence) else {
        return Vec::new();
    };
    let ids = sites_of(leaf, given).unwrap_or_default();
    let named = sites.iter().zip(ids).filter(|(site, _)| site.name == name);
    named.map(|(_, site)| site.id).collect()
}

struct Journal<'a> {
    given: &'a Given,
    leaves: &'a [Leaf],
    clock: Clock,
    entries: Vec<Declared>,
}

impl Journal<'_> {
    /// The number under which it can be revoked; none if it changes nothing.
    fn declare(&mut self, entry: &Entry) -> Option<u64> {
        let (at_ms, note) = (self.clock.ms(entry.declared), String::new());
        let window = |from, to| Window::new(self.clock.ms(from), self.clock.ms(to));
        match &entry.says {
            Says::Maintenance { scope, from, to, announced } => {
                let (scope, windows) = (self.scope(scope)?, vec![window(*from, *to)?]);
                let said = Declaration::Maintenance { scope, windows, note };
                Some(self.write(self.clock.ms(*announced), "anna", said))
            }
            Says::Mark { scope, from, to, state } => {
                let (scope, window) = (self.scope(scope)?, window(*from, *to)?);
                let forced = |state| Declaration::Forced {
                    state,
                    scope: scope.clone(),
                    window,
                    evidence: "prot. 1".to_owned(),
                    note: String::new(),
                };
                match state {
                    State::Unknown => {
                        let scope = scope.clone();
                        Some(self.write(
                            at_ms,
                            "anna",
                            Declaration::Annulled { outage: None, scope, window, note },
                        ))
                    }
                    State::Down => Some(self.write(at_ms, "anna", forced(ForcedState::Down))),
                    State::Up => {
                        let number = self.write(at_ms, "anna", forced(ForcedState::Up));
                        self.write(at_ms, "bruno", Declaration::Approved { entry: number });
                        Some(number)
                    }
                }
            }
            Says::Revoke(_) => None,
        }
    }

    fn write(&mut self, at_ms: i64, author: &str, declaration: Declaration) -> u64 {
        let entry = self.entries.len() as u64 + 1;
        self.entries.push(Declared { entry, at_ms, author: author.to_owned(), uid: None, declaration });
        entry
    }

    /// Every place of the check in the charter; `*` is every check that is one. None if there is none.
    fn scope(&self, scope: &str) -> Option<Vec<Scope>> {
        if let Some(site) = scope.strip_prefix("site:") {
            let sites = self.leaves.iter().flat_map(|leaf| sites_named(leaf, site, self.given));
            let sites: Vec<Scope> = sites.map(Scope::Site).collect();
            return (!sites.is_empty()).then_some(sites);
        }
        let is_check = |leaf: &&Leaf| matches!(leaf.what, What::Check(_));
        if scope == "*" && self.leaves.iter().all(|leaf| is_check(&leaf)) {
            return Some(vec![Scope::All]);
        }
        let meant = |leaf: &&Leaf| scope == "*" || leaf.what == What::Check(scope.to_owned());
        let leaves = self.leaves.iter().filter(is_check).filter(meant);
        let scope: Vec<Scope> = leaves.map(|leaf| Scope::Path(CheckId::of(&leaf.path).to_string())).collect();
        (!scope.is_empty()).then_some(scope)
    }
}
