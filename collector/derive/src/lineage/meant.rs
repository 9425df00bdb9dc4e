//! Whose a name was at an instant, and so what a declaration is about (D9, D17).
//!
//! Names are meant as they were when an entry was written; a renaming carries them along. Kept beside the
//! figures, so that whoever tells of them asks the same question as whoever made them.

use std::collections::BTreeMap;

use config::{CheckId, ServiceId};

use crate::Scope;

/// A name in records and declarations, and when what was said under it is the thing's: `[from_ms, to_ms)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Borne<T> {
    pub(super) id: T,
    pub(super) from_ms: i64,
    pub(super) to_ms: i64,
}

/// What was called how, and when: of what had several names, or one that was another's. By the names shown.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Names {
    pub(crate) checks: BTreeMap<CheckId, Vec<Borne<CheckId>>>,
    pub(super) services: BTreeMap<ServiceId, Vec<Borne<ServiceId>>>,
}

impl Names {
    /// Is a declaration, written at `declared_ms`, about the check itself, from whichever site?
    pub(crate) fn covers(&self, scope: &[Scope], declared_ms: i64, check: &CheckId) -> bool {
        scope.iter().any(|scope| at(&self.checks, check, declared_ms).any(|id| scope.covers(id.as_str())))
    }

    /// Was `name`, at an instant, a service's?
    pub(crate) fn is_service(&self, service: &ServiceId, name: &ServiceId, at_ms: i64) -> bool {
        at(&self.services, service, at_ms).any(|id| id == name)
    }
}

/// The names that were a thing's at an instant: its own, and those under which was spoken of it.
fn at<'s, T: Ord>(
    borne: &'s BTreeMap<T, Vec<Borne<T>>>,
    shown: &'s T,
    at_ms: i64,
) -> impl Iterator<Item = &'s T> + 's {
    let borne = borne.get(shown);
    let then = borne.into_iter().flatten().filter(move |borne| (borne.from_ms..borne.to_ms).contains(&at_ms));
    borne.is_none().then_some(shown).into_iter().chain(then.map(|borne| &borne.id))
}

/// Which thing bore a name, by its number, and since when: the newest first.
#[derive(Debug)]
pub(super) struct Bearers<'a, T>(BTreeMap<&'a T, Vec<(i64, usize)>>);

impl<T> Default for Bearers<'_, T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<'a, T: Ord + Clone> Bearers<'a, T> {
    /// The thing of a number has the name in the charter at hand, which was in force from `from_ms` on.
    pub(super) fn bears(&mut self, from_ms: i64, number: usize, id: &'a T) {
        let bearers = self.0.entry(id).or_default();
        match bearers.last_mut() {
            Some((since_ms, bearer)) if *bearer == number => *since_ms = from_ms,
            _ => bearers.push((from_ms, number)),
        }
    }

    /// Whose a name was, told by thing, as it is `shown`; without those that had one name for ever. Before
    /// anybody bore a name, it was the first one's.
    pub(super) fn borne(self, shown: Vec<Option<T>>) -> BTreeMap<T, Vec<Borne<T>>> {
        let mut borne: Vec<Vec<Borne<T>>> = vec![Vec::new(); shown.len()];
        for (id, bearers) in self.0 {
            let mut to_ms = i64::MAX;
            for (place, &(from_ms, number)) in bearers.iter().enumerate() {
                let from_ms = if place + 1 == bearers.len() { i64::MIN } else { from_ms };
                borne[number].push(Borne { id: id.clone(), from_ms, to_ms });
                to_ms = from_ms;
            }
        }
        let plain = |id: &T, borne: &[Borne<T>]| matches!(borne, [only] if only.id == *id && (only.from_ms, only.to_ms) == (i64::MIN, i64::MAX));
        let shown = shown.into_iter().zip(borne).filter_map(|(id, borne)| Some((id?, borne)));
        shown.filter(|(id, borne)| !plain(id, borne)).collect()
    }
}
