//! What is in force of all that was declared, up to some instant (D9, D10).
//!
//! A fold over the journal's entries in their order. An entry that is revoked by then is as if it had never
//! been made, whatever it was: also an approval, also a revocation. Nothing here knows a charter: whether a
//! window was announced in time is a matter of the rules it is judged by.

mod held;

use std::collections::BTreeSet;

use config::ServiceId;

use self::held::held;
use crate::{Cause, Condition, Declaration, Declared, ForcedState, Notices, Scope, Window, same_person};

/// Corrections in force at an instant.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Corrections {
    /// Planned work, in the order of its entries and windows.
    pub planned: Vec<Planned>,
    /// What measurements are replaced by, in the order of declaration: a later one wins.
    pub marks: Vec<Mark>,
    /// Forces that nobody else stands for yet: without effect.
    pub proposed: Vec<Mark>,
    /// Whose fault outages were, in the order of declaration: a later one wins.
    pub annotations: Vec<Annotation>,
}

/// A piece of a maintenance's window: what one entry announced of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// The entry of the maintenance.
    pub entry: u64,
    /// The entry that announced this piece: the same, one that extended it, or a revocation that brought it back.
    pub announced_by: u64,
    /// When that was written, Unix ms.
    pub announced_ms: i64,
    /// When the maintenance was entered, Unix ms: as its names are meant.
    pub declared_ms: i64,
    /// What it stops.
    pub scope: Vec<Scope>,
    /// When.
    pub window: Window,
}

/// Time of which something else holds than what was measured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// The entry.
    pub entry: u64,
    /// When it was written, Unix ms: as its names are meant.
    pub declared_ms: i64,
    /// Of what.
    pub scope: Vec<Scope>,
    /// When.
    pub window: Window,
    /// What holds: unknown where it is annulled, up or down where it is forced.
    pub becomes: Condition,
    /// The entry that approved it, if it needed one.
    pub approved_by: Option<u64>,
}

/// Whose fault an outage was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Annotation {
    /// The entry.
    pub entry: u64,
    /// When it was written, Unix ms: as its names are meant.
    pub declared_ms: i64,
    /// The outage's id, as it was then.
    pub outage: String,
    /// Whose outage it was, and when; `None` in entries that name nothing but the id.
    pub stop: Option<(ServiceId, Window)>,
    /// Who says so.
    pub author: String,
    /// Whose fault.
    pub cause: Cause,
    /// For people.
    pub note: String,
}

impl Planned {
    /// Was it announced in time?
    pub fn is_in_time(&self, notices: &Notices) -> bool {
        notices.are_kept(self.announced_ms, self.window.from_ms)
    }
}

impl Corrections {
    /// What entries up to `as_of_ms` leave in force. `declared` is in the journal's order.
    pub fn of(declared: &[Declared], as_of_ms: i64) -> Self {
        let known: Vec<&Declared> = declared.iter().filter(|entry| entry.at_ms <= as_of_ms).collect();
        let revoked = revoked(&known);
        let standing: Vec<&Declared> =
            known.iter().copied().filter(|entry| !revoked.contains(&entry.entry)).collect();
        let mut corrections = Self::default();
        for entry in &standing {
            corrections.add(entry, &standing, &known);
        }
        corrections
    }

    /// Is nothing in force that could change a figure?
    pub fn is_empty(&self) -> bool {
        self.planned.is_empty() && self.marks.is_empty()
    }

    fn add(&mut self, entry: &Declared, standing: &[&Declared], known: &[&Declared]) {
        match &entry.declaration {
            Declaration::Maintenance { scope, windows, .. } => {
                let pieces = held(entry, windows, known);
                self.planned.extend(pieces.into_iter().map(|piece| Planned {
                    entry: entry.entry,
                    announced_by: piece.announced_by,
                    announced_ms: piece.announced_ms,
                    declared_ms: entry.at_ms,
                    scope: scope.clone(),
                    window: piece.window,
                }));
            }
            Declaration::Annulled { scope, window, .. } => {
                self.marks.push(mark(entry, scope, *window, Condition::Unknown, None));
            }
            Declaration::Forced { state: ForcedState::Down, scope, window, .. } => {
                self.marks.push(mark(entry, scope, *window, Condition::Down, None));
            }
            Declaration::Forced { state: ForcedState::Up, scope, window, .. } => {
                let approved_by = approval(entry, standing);
                let mark = mark(entry, scope, *window, Condition::Up, approved_by);
                if approved_by.is_some() { self.marks.push(mark) } else { self.proposed.push(mark) }
            }
            Declaration::Annotated { outage, service, window, cause, note } => {
                self.annotations.push(Annotation {
                    entry: entry.entry,
                    declared_ms: entry.at_ms,
                    outage: outage.clone(),
                    stop: service.clone().zip(*window),
                    author: entry.author.clone(),
                    cause: *cause,
                    note: note.clone(),
                });
            }
            // These change what others mean, and are read with them.
            Declaration::Extended { .. }
            | Declaration::Closed { .. }
            | Declaration::Cancelled { .. }
            | Declaration::Approved { .. }
            | Declaration::Revoked { .. } => {}
        }
    }
}

/// Entries that are as if they had never been made. The last one cannot be revoked: seen from the end, each
/// revocation is known to stand or not before what it revokes.
fn revoked(known: &[&Declared]) -> BTreeSet<u64> {
    let mut revoked = BTreeSet::new();
    for later in known.iter().rev() {
        if let Declaration::Revoked { entry, .. } = &later.declaration
            && *entry < later.entry
            && !revoked.contains(&later.entry)
        {
            revoked.insert(*entry);
        }
    }
    revoked
}

/// Who else stands for it, if somebody does: the first.
fn approval(proposed: &Declared, standing: &[&Declared]) -> Option<u64> {
    let approves = |entry: &&&Declared| {
        matches!(&entry.declaration, Declaration::Approved { entry } if *entry == proposed.entry)
            && entry.entry > proposed.entry
            && !same_person(entry, proposed)
    };
    standing.iter().find(approves).map(|entry| entry.entry)
}

fn mark(
    entry: &Declared,
    scope: &[Scope],
    window: Window,
    becomes: Condition,
    approved_by: Option<u64>,
) -> Mark {
    let (entry, declared_ms) = (entry.entry, entry.at_ms);
    Mark { entry, declared_ms, scope: scope.to_vec(), window, becomes, approved_by }
}

#[cfg(test)]
mod tests;
