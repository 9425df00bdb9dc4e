//! What has become of each declaration so far: taken back, approved, extended, closed, called off.
//!
//! The rules are those that figures apply; here they serve to refuse what makes no sense before it is written.
//! Seen from the newest entry, each revocation is known to stand or not before what it takes back. When the time
//! of a window was announced is asked of what figures apply: a revocation can bring back what was called off.

use std::collections::BTreeMap;

use collector_derive::{Corrections, Declaration, Declared, ForcedState, Notices, Window, same_person};

use crate::operator::{DeclaredRow, Held};

/// Every declaration by its entry.
#[derive(Debug)]
pub(super) struct Register<'a> {
    entries: BTreeMap<u64, Item<'a>>,
}

/// A declaration and what became of it.
#[derive(Debug)]
pub(super) struct Item<'a> {
    pub(super) declared: &'a Declared,
    pub(super) revoked_by: Option<u64>,
    pub(super) approved_by: Option<u64>,
    /// Of a maintenance that is not taken back: its windows as they are now.
    pub(super) windows: Vec<Announced>,
}

/// A window, and when its parts were announced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Announced {
    pub(super) window: Window,
    /// When its first time was announced, Unix ms.
    pub(super) at_ms: i64,
    /// What was announced otherwise, as by extensions: from when on, and when that was entered.
    pub(super) added: Vec<(i64, i64)>,
}

impl Announced {
    /// Was every part of it entered so long before it begins?
    pub(super) fn is_in_time(&self, notices: &Notices) -> bool {
        notices.are_kept(self.at_ms, self.window.from_ms)
            && self
                .added
                .iter()
                .all(|&(from_ms, at_ms)| from_ms >= self.window.to_ms || notices.are_kept(at_ms, from_ms))
    }

    /// Was any part of it?
    fn is_in_part(&self, notices: &Notices) -> bool {
        let added = self.added.iter().filter(|(from_ms, _)| *from_ms < self.window.to_ms);
        std::iter::once(&(self.window.from_ms, self.at_ms))
            .chain(added)
            .any(|&(from_ms, at_ms)| notices.are_kept(at_ms, from_ms))
    }

    pub(super) fn held(&self, notices: &Notices) -> Held {
        let Window { from_ms, to_ms } = self.window;
        let (in_time, in_part) = (self.is_in_time(notices), self.is_in_part(notices));
        Held { from_ms, to_ms, in_time, in_part }
    }
}

impl<'a> Register<'a> {
    pub(super) fn of(declared: &'a [Declared]) -> Self {
        let item = |declared: &'a Declared| {
            let windows = match &declared.declaration {
                Declaration::Maintenance { windows, .. } => windows
                    .iter()
                    .map(|window| Announced { window: *window, at_ms: declared.at_ms, added: Vec::new() })
                    .collect(),
                _ => Vec::new(),
            };
            (declared.entry, Item { declared, revoked_by: None, approved_by: None, windows })
        };
        let mut register = Self { entries: declared.iter().map(item).collect() };
        for later in declared.iter().rev() {
            let stands = register.get(later.entry).is_some_and(|item| item.revoked_by.is_none());
            if let Declaration::Revoked { entry, .. } = &later.declaration
                && stands
                && *entry < later.entry
                && let Some(item) = register.entries.get_mut(entry)
            {
                // The first that stands, as it is the last that is met.
                item.revoked_by = Some(later.entry);
            }
        }
        for declared in declared {
            if register.entries.get(&declared.entry).is_none_or(|item| item.revoked_by.is_none()) {
                register.apply(declared);
            }
        }
        register.announce(declared);
        register
    }

    /// When the time of each window was announced (D12).
    fn announce(&mut self, declared: &[Declared]) {
        let corrections = Corrections::of(declared, i64::MAX);
        for (entry, item) in &mut self.entries {
            let pieces = corrections.planned.iter().filter(|piece| piece.entry == *entry);
            for held in &mut item.windows {
                let here = pieces.clone().filter(|piece| {
                    held.window.from_ms <= piece.window.from_ms && piece.window.from_ms < held.window.to_ms
                });
                let mut here = here.map(|piece| (piece.window.from_ms, piece.announced_ms));
                if let Some((_, at_ms)) = here.next() {
                    (held.at_ms, held.added) = (at_ms, here.collect());
                }
            }
        }
    }

    /// The declaration of an entry.
    pub(super) fn get(&self, entry: u64) -> Option<&Item<'a>> {
        self.entries.get(&entry)
    }

    /// The maintenance that an entry changes, or takes back, or brings back: whatever else names it in between.
    pub(super) fn maintenance_behind(&self, item: &Item<'_>) -> Option<u64> {
        let (mut declaration, mut by) = (&item.declared.declaration, item.declared.entry);
        while let Declaration::Revoked { entry, .. } = declaration {
            let item = self.get(*entry).filter(|_| *entry < by)?;
            if matches!(item.declared.declaration, Declaration::Maintenance { .. }) {
                return Some(*entry);
            }
            (declaration, by) = (&item.declared.declaration, *entry);
        }
        match declaration {
            Declaration::Extended { entry, .. }
            | Declaration::Closed { entry, .. }
            | Declaration::Cancelled { entry, .. } => Some(*entry),
            _ => None,
        }
    }

    /// Every declaration that is not taken back, in order.
    pub(super) fn in_force(&self) -> impl Iterator<Item = &Item<'a>> {
        self.entries.values().filter(|item| item.revoked_by.is_none())
    }

    /// As `GET /acts/declared` tells it.
    pub(super) fn rows(&self, notices: &Notices) -> Vec<DeclaredRow> {
        let row = |item: &Item<'_>| DeclaredRow {
            entry: item.declared.entry,
            at_ms: item.declared.at_ms,
            author: item.declared.author.clone(),
            uid: item.declared.uid,
            declaration: item.declared.declaration.clone(),
            windows: item.held(notices),
            revoked_by: item.revoked_by,
            approved_by: item.approved_by,
            proposed: item.is_proposed(),
        };
        self.entries.values().map(row).collect()
    }

    /// What an entry that is in force makes of the one it names.
    fn apply(&mut self, later: &Declared) {
        match &later.declaration {
            Declaration::Extended { entry, to_ms, .. } => {
                let Some(item) = self.entries.get_mut(entry) else { return };
                // Also of windows that are called off: what is meant must not depend on that.
                let Some(meant) = item.declared_before(*to_ms) else { return };
                if let Some(held) = item.windows.iter_mut().find(|held| held.window.from_ms == meant) {
                    held.window.to_ms = *to_ms;
                }
            }
            Declaration::Closed { entry, at_ms, .. } => {
                let Some(item) = self.entries.get_mut(entry) else { return };
                for held in &mut item.windows {
                    if held.window.from_ms < *at_ms && *at_ms < held.window.to_ms {
                        held.window.to_ms = *at_ms;
                    }
                }
            }
            Declaration::Cancelled { entry, .. } => {
                if let Some(item) = self.entries.get_mut(entry) {
                    item.windows.retain(|held| held.window.from_ms <= later.at_ms);
                }
            }
            Declaration::Approved { entry } => {
                if let Some(item) = self.entries.get_mut(entry)
                    && !same_person(later, item.declared)
                {
                    item.approved_by.get_or_insert(later.entry);
                }
            }
            Declaration::Maintenance { .. }
            | Declaration::Annulled { .. }
            | Declaration::Forced { .. }
            | Declaration::Revoked { .. }
            | Declaration::Annotated { .. } => {}
        }
    }
}

impl Item<'_> {
    /// The start of the last window, as declared, that begins before an instant.
    pub(super) fn declared_before(&self, ms: i64) -> Option<i64> {
        let Declaration::Maintenance { windows, .. } = &self.declared.declaration else { return None };
        windows.iter().rfind(|window| window.from_ms < ms).map(|window| window.from_ms)
    }

    /// Must another person stand for it, and has none?
    pub(super) fn is_proposed(&self) -> bool {
        matches!(self.declared.declaration, Declaration::Forced { state: ForcedState::Up, .. })
            && self.approved_by.is_none()
            && self.revoked_by.is_none()
    }

    /// Its windows, each with whether it was announced in time.
    pub(super) fn held(&self, notices: &Notices) -> Vec<Held> {
        self.windows.iter().map(|held| held.held(notices)).collect()
    }
}
