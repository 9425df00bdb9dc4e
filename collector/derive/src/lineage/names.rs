//! Who is who across charters: what was renamed (`was:`) is one thing under several names.
//!
//! Charters are walked once, from the newest to the oldest. On the way back each parent knows whom its names
//! mean, and which former names were claimed for whom. A claim is settled by the first older charter that has
//! either name, and the former one wins: whoever has the later name then is another thing. An id under which
//! was recorded is borne by one check after another, by each until the next one takes it. The price is a walk
//! over all charters, whatever few of them are shown; it is linear, and paid only where something was renamed.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use config::{Charter, Check, CheckId, Component, FigureRule, Id, Node, Service, ServiceId};

use super::meant::{Bearers, Names};

/// Charters in the names of the newest of them.
#[derive(Debug)]
pub(super) struct Named<'a> {
    /// In order; copied where a name is another.
    pub(super) charters: Vec<Cow<'a, Charter>>,
    /// What they are called, and were.
    pub(super) names: Names,
}

/// Names what the charters of `shown` have. Those before and after say which ids its checks bore, and bear.
///
/// `history` is every charter with the instant from which it was in force, in order.
pub(super) fn name<'a>(history: &[(i64, &'a Charter)], shown: Range<usize>) -> Named<'a> {
    let mut walk = Walk {
        is_shown: false,
        from_ms: 0,
        differs: false,
        ids: Vec::new(),
        checks: Bearers::default(),
        services: Bearers::default(),
    };
    let mut kin = Kin::default();
    let mut charters = Vec::with_capacity(shown.len());
    for (index, &(from_ms, charter)) in history.iter().enumerate().rev() {
        (walk.is_shown, walk.from_ms, walk.differs) = (shown.contains(&index), from_ms, false);
        walk.services(&mut kin, &charter.services);
        if walk.is_shown {
            let differs = walk.differs;
            charters.push(if differs {
                Cow::Owned(renamed(charter, &kin, &walk.ids))
            } else {
                Cow::Borrowed(charter)
            });
        }
    }
    charters.reverse();
    let services = kin.members.into_iter().map(|member| member.shown).collect();
    let names = Names { checks: walk.checks.borne(walk.ids), services: walk.services.borne(services) };
    Named { charters, names }
}

/// The way back through the charters.
struct Walk<'a> {
    /// Is the charter at hand one of those that are shown?
    is_shown: bool,
    /// From when on it was in force.
    from_ms: i64,
    /// Has something in it another name than is shown?
    differs: bool,
    /// Each check's id as it is shown; `None` where no shown charter has the check.
    ids: Vec<Option<CheckId>>,
    /// Which check bore an id, by its place in `ids`.
    checks: Bearers<'a, CheckId>,
    services: Bearers<'a, ServiceId>,
}

impl<'a> Walk<'a> {
    fn services(&mut self, kin: &mut Kin, services: &'a [Service]) {
        let names: Vec<_> = services.iter().map(|service| (&service.id, service.was.clone())).collect();
        for (service, place) in services.iter().zip(kin.meet(&names, self.is_shown)) {
            self.services.bears(self.from_ms, place, &service.id);
            let Member { shown, inner, .. } = &mut kin.members[place];
            self.differs |= shown.as_ref() != Some(&service.id);
            let path: Vec<&Id> = shown.iter().collect();
            self.components(inner, &service.components, &path);
        }
    }

    fn components(&mut self, kin: &mut Kin, components: &'a [Component], path: &[&Id]) {
        let names: Vec<_> =
            components.iter().map(|component| (&component.id, component.life.was.clone())).collect();
        for (component, place) in components.iter().zip(kin.meet(&names, self.is_shown)) {
            let Member { shown, inner, .. } = &mut kin.members[place];
            self.differs |= shown.as_ref() != Some(&component.id);
            let path: Vec<&Id> = path.iter().copied().chain(shown.as_ref()).collect();
            match &component.node {
                Node::All(parts) | Node::Some { parts, .. } => self.components(inner, parts, &path),
                Node::Part(part) => self.checks(inner, &part.checks, &path),
            }
        }
    }

    fn checks(&mut self, kin: &mut Kin, checks: &'a [Check], path: &[&Id]) {
        let names: Vec<_> = checks.iter().map(|check| (&check.target, former_target(check))).collect();
        for (check, place) in checks.iter().zip(kin.meet(&names, self.is_shown)) {
            let Member { shown, check: number, .. } = &mut kin.members[place];
            let number = *number.get_or_insert_with(|| {
                self.ids.push(None);
                self.ids.len() - 1
            });
            if self.is_shown && self.ids[number].is_none() {
                self.ids[number] = Some(CheckId::of(path.iter().copied().chain(shown.as_ref())));
            }
            self.differs |= shown.as_ref() != Some(&check.target);
            self.checks.bears(self.from_ms, number, &check.id);
        }
    }
}

/// The members that one parent ever had, and its names in the charter that was met last.
#[derive(Debug, Default)]
struct Kin {
    members: Vec<Member>,
    /// Whom a name means, by place in `members`.
    now: BTreeMap<Id, usize>,
    /// Former names that newer charters gave (`was:`), and whose they are.
    claims: BTreeMap<Id, usize>,
    /// Names that are shown.
    taken: BTreeSet<Id>,
}

#[derive(Debug)]
struct Member {
    /// Its name in the oldest charter so far that has it.
    name: Id,
    /// Its name in the newest charter that is shown and has it.
    shown: Option<Id>,
    /// Which check it is, if it is one.
    check: Option<usize>,
    inner: Kin,
}

impl Kin {
    /// Who has these names in an older charter than those before; each with the name it says it `was`.
    fn meet(&mut self, names: &[(&Id, Option<Id>)], is_shown: bool) -> Vec<usize> {
        if !self.claims.is_empty() {
            self.settle(&names.iter().map(|(name, _)| *name).collect());
        }
        let met: Vec<usize> = names.iter().map(|(name, _)| self.member(name, is_shown)).collect();
        // Of two that say they were the same, the first is believed.
        for ((_, was), place) in names.iter().zip(&met).rev() {
            if let Some(was) = was {
                self.claims.insert(was.clone(), *place);
            }
        }
        met
    }

    /// Members whose former name is there had that name. One that is there under the later name has not
    /// been renamed since; one that is not there at all may have been, before that.
    fn settle(&mut self, there: &BTreeSet<&Id>) {
        let claims = std::mem::take(&mut self.claims);
        let (due, mut waiting): (BTreeMap<_, _>, BTreeMap<_, _>) =
            claims.into_iter().partition(|(was, _)| there.contains(was));
        for (was, place) in due {
            let later = std::mem::replace(&mut self.members[place].name, was.clone());
            if self.now.get(&later) == Some(&place) {
                self.now.remove(&later);
            }
            self.now.insert(was, place);
        }
        waiting.retain(|_, place| {
            let name = &self.members[*place].name;
            !there.contains(name) || self.now.get(name) != Some(place)
        });
        self.claims = waiting;
    }

    fn member(&mut self, name: &Id, is_shown: bool) -> usize {
        let place = self.now.get(name).copied().unwrap_or_else(|| {
            self.now.insert(name.clone(), self.members.len());
            self.members.push(Member {
                name: name.clone(),
                shown: None,
                check: None,
                inner: Self::default(),
            });
            self.members.len() - 1
        });
        if is_shown && self.members[place].shown.is_none() {
            let shown = self.free(name);
            self.taken.insert(shown.clone());
            self.members[place].shown = Some(shown);
        }
        place
    }

    /// The name, unless a newer member has it: then one that nobody gets to read, for what has it is gone.
    fn free(&self, name: &Id) -> Id {
        let others = (self.taken.len()..).filter_map(|number| Id::new(format!("former{number}")).ok());
        let mut names = std::iter::once(name.clone()).chain(others);
        names.find(|name| !self.taken.contains(name)).unwrap_or_else(|| name.clone())
    }

    fn shown(&self, name: &Id) -> Option<(&Id, &Member)> {
        let member = &self.members[*self.now.get(name)?];
        Some((member.shown.as_ref()?, member))
    }
}

/// The last name of the check's former id, where it is another than today's.
fn former_target(check: &Check) -> Option<Id> {
    let was = check.facts.was.as_ref()?;
    let last = was.as_str().rsplit('.').next()?;
    Id::new(last).ok().filter(|id| *id != check.target)
}

/// The charter that `kin` met last, in the names that are shown.
fn renamed(charter: &Charter, kin: &Kin, ids: &[Option<CheckId>]) -> Charter {
    let mut charter = charter.clone();
    for service in &mut charter.services {
        if let Some((shown, member)) = kin.shown(&service.id) {
            for component in &mut service.components {
                for need in &mut component.needs {
                    *need = renamed_need(need, kin, &member.inner);
                }
            }
            if let FigureRule::MeanOf(component) = &mut service.figure
                && let Some((shown, _)) = member.inner.shown(component)
            {
                *component = shown.clone();
            }
            service.id = shown.clone();
            rename(&mut service.components, &member.inner, ids);
        }
    }
    charter
}

/// `component`, or `service.component` of another service.
fn renamed_need(need: &str, services: &Kin, own: &Kin) -> String {
    let shown = |kin: &Kin, name: &str| {
        let name = Id::new(name).ok()?;
        kin.shown(&name).map(|(shown, _)| shown.to_string())
    };
    let Some((service, component)) = need.split_once('.') else {
        return shown(own, need).unwrap_or_else(|| need.to_owned());
    };
    let home =
        Id::new(service).ok().and_then(|service| services.shown(&service).map(|(_, member)| &member.inner));
    let component = home.and_then(|home| shown(home, component)).unwrap_or_else(|| component.to_owned());
    format!("{}.{component}", shown(services, service).unwrap_or_else(|| service.to_owned()))
}

fn rename(components: &mut [Component], kin: &Kin, ids: &[Option<CheckId>]) {
    for component in components {
        let Some((shown, Member { inner, .. })) = kin.shown(&component.id) else { continue };
        component.id = shown.clone();
        match &mut component.node {
            Node::All(parts) | Node::Some { parts, .. } => rename(parts, inner, ids),
            Node::Part(part) => {
                for check in &mut part.checks {
                    let Some((shown, member)) = inner.shown(&check.target) else { continue };
                    check.target = shown.clone();
                    let id = member.check.and_then(|number| ids[number].as_ref());
                    check.id = id.unwrap_or(&check.id).clone();
                }
            }
        }
    }
}
