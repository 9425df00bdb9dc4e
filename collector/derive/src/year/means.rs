//! The mean over members, as integers: weighted milliseconds (D16).
//!
//! Each member is counted while it is one, as often as it weighs then. The rest of the period is out of scope
//! for it, so that what all members add up to is the period as often as all of them weigh.

use std::collections::BTreeMap;
use std::sync::Arc;

use config::{CheckId, Component, FigureRule, Life, Node, Service};
use jiff::civil::Date;

use super::{GroupFigure, MeanFigure, MemberFigure, Turn};
use crate::figure::{Sums, length_within};
use crate::judge::JudgedService;
use crate::mean::{Member, group_of};
use crate::{Composition, Condition, Figure, Period, Timeline, midnight_ms};

/// What one era has of a mean.
pub(super) enum Found<'a> {
    /// Its members.
    Members(&'a [Member<'a>]),
    /// The service, which was no mean then.
    Whole(&'a Arc<Timeline>),
    /// Nothing: the charter had no such service.
    Nothing,
}

impl<'a> Found<'a> {
    pub(super) fn of(tree: Option<(Option<&'a [Member<'a>]>, &'a Arc<Timeline>)>) -> Self {
        match tree {
            None => Self::Nothing,
            Some((Some(members), _)) => Self::Members(members),
            Some((None, timeline)) => Self::Whole(timeline),
        }
    }
}

/// Sums over members, as eras add to them.
pub(super) struct Means {
    period: Period,
    seen_to_ms: i64,
    scope: Vec<(i64, i64)>,
    /// The scope up to as-of.
    seen: Vec<(i64, i64)>,
    places: BTreeMap<String, usize>,
    members: Vec<Sum>,
    /// Time before any era with members, in which whoever came first is unknown or as the service was.
    before: Sums,
    /// How it was then.
    earlier: Vec<Arc<Timeline>>,
}

#[derive(Debug, Default)]
struct Sum {
    name: String,
    group: Option<String>,
    /// The most it ever weighed.
    weight: u32,
    /// As often as it weighs now.
    weighs: u32,
    /// Each millisecond once.
    plain: Sums,
    weighed: Sums,
    /// Each once, and as often as the member weighs then.
    to_come: (u64, u64),
    /// How it is at the end of what was added; `None` if it is no member then.
    state: Option<Condition>,
    turns: Vec<Turn>,
}

impl Means {
    pub(super) fn new(period: Period, as_of_ms: i64, scope: &[(i64, i64)]) -> Self {
        let seen_to_ms = as_of_ms.clamp(period.start_ms(), period.end_ms());
        let seen = scope.iter().map(|(from_ms, to_ms)| (*from_ms, (*to_ms).min(seen_to_ms)));
        Self {
            period,
            seen_to_ms,
            scope: scope.to_vec(),
            seen: seen.filter(|(from_ms, to_ms)| from_ms < to_ms).collect(),
            places: BTreeMap::new(),
            members: Vec::new(),
            before: Sums::default(),
            earlier: Vec::new(),
        }
    }

    /// What the next era has. In one that has no members those of the era before are as the service is: a mean
    /// that ends goes on as all of it.
    pub(super) fn add(&mut self, (from_ms, to_ms): (i64, i64), found: &Found<'_>) {
        let mut whole = Sums::default();
        let line = match found {
            Found::Members(members) => {
                self.members.iter_mut().for_each(|member| member.state = None);
                let first = self.members.is_empty();
                for member in *members {
                    self.member(member, first);
                }
                return;
            }
            Found::Whole(timeline) => {
                whole.add(timeline, &self.seen, 1);
                Arc::clone(timeline)
            }
            Found::Nothing => {
                whole.unknown = length_within(&self.seen, from_ms, to_ms);
                Arc::new(Timeline::unknown(from_ms, to_ms))
            }
        };
        if self.members.is_empty() {
            self.earlier.push(Arc::clone(&line));
        }
        self.before = if self.members.is_empty() { self.before.plus(whole) } else { self.before };
        for member in self.members.iter_mut().filter(|member| member.state.is_some()) {
            member.plain = member.plain.plus(whole);
            member.weighed = member.weighed.plus(whole.times(member.weighs));
            member.state = Some(last_of(&line));
            member.turns.push(Turn { weight: member.weighs, timeline: Arc::clone(&line), whole: true });
        }
    }

    fn member(&mut self, member: &Member<'_>, first: bool) {
        let place = self.place(&member.name);
        let mut plain = Sums::default();
        plain.add(&member.timeline, &self.seen, 1);
        if first {
            plain = plain.plus(self.before);
        }
        let earlier = if first { self.earlier.as_slice() } else { &[] };
        let sum = &mut self.members[place];
        let weight = member.weight;
        let before = earlier.iter().map(|line| Turn { weight, timeline: Arc::clone(line), whole: true });
        sum.turns.extend(before);
        sum.turns.push(Turn { weight, timeline: Arc::clone(&member.timeline), whole: false });
        sum.plain = sum.plain.plus(plain);
        sum.weighed = sum.weighed.plus(plain.times(member.weight));
        (sum.weight, sum.weighs) = (sum.weight.max(member.weight), member.weight);
        sum.group = member.group.map(str::to_owned);
        sum.state = Some(last_of(&member.timeline));
    }

    fn place(&mut self, name: &str) -> usize {
        if let Some(place) = self.places.get(name) {
            return *place;
        }
        self.places.insert(name.to_owned(), self.members.len());
        self.members.push(Sum { name: name.to_owned(), ..Sum::default() });
        self.members.len() - 1
    }

    /// What there will be: members of the newest charter, each while it says it is one. Where that says
    /// nothing of a mean, those that are members now stay.
    pub(super) fn expect(&mut self, service: Option<&Service>, composed: Option<Composition>) {
        let (from_ms, to_ms) = (self.seen_to_ms, self.period.end_ms());
        let component = service.filter(|_| composed.is_none()).and_then(|service| match &service.figure {
            FigureRule::MeanOf(id) => service.components.iter().find(|component| component.id == *id),
            FigureRule::AllUp => None,
        });
        let named = component.map_or_else(Vec::new, expected);
        if named.is_empty() {
            let length = length_within(&self.scope, from_ms, to_ms);
            for member in self.members.iter_mut().filter(|member| member.state.is_some()) {
                member.to_come = (length, length * u64::from(member.weighs));
            }
            return;
        }
        for (name, group, weight, (since_ms, until_ms)) in named {
            let length = length_within(&self.scope, from_ms.max(since_ms), to_ms.min(until_ms));
            if length > 0 {
                let place = self.place(name.as_str());
                let sum = &mut self.members[place];
                sum.to_come = (length, length * u64::from(weight));
                sum.weight = sum.weight.max(weight);
                sum.group = group.map(str::to_owned).or(sum.group.take());
            }
        }
    }

    /// All members together.
    pub(super) fn figure(&self) -> Figure {
        if self.members.is_empty() {
            let length = |from_ms, to_ms| length_within(&self.scope, from_ms, to_ms);
            let unknown_ms = length(self.period.start_ms(), self.seen_to_ms);
            let future_ms = length(self.seen_to_ms, self.period.end_ms());
            let out_of_scope_ms = self.period.length_ms() - unknown_ms - future_ms;
            return Figure { unknown_ms, out_of_scope_ms, future_ms, ..Figure::default() }
                .checked(self.period);
        }
        self.of(self.members.iter())
    }

    /// What people are shown of it.
    pub(super) fn shown(&self, service: &JudgedService<'_>) -> Option<MeanFigure> {
        let first = self.members.first()?;
        let mut names: Vec<Option<&String>> =
            self.members.iter().map(|member| member.group.as_ref()).collect();
        names.sort_unstable();
        names.dedup();
        let group = |name: Option<&String>| {
            let members = self.members.iter().filter(|member| member.group.as_ref() == name);
            GroupFigure { name: name.cloned(), members: members.clone().count(), figure: self.of(members) }
        };
        let groups = if names == [None] { Vec::new() } else { names.into_iter().map(group).collect() };
        let path = first.name.strip_prefix(service.id.as_str()).unwrap_or(&first.name);
        let component = path.trim_start_matches('.').split('.').next().unwrap_or(path).to_owned();
        let mut members: Vec<MemberFigure> =
            self.members.iter().map(|member| self.member_figure(member)).collect();
        members.sort_by_key(|member| member.state.is_none());
        Some(MeanFigure { component, members, groups })
    }

    fn member_figure(&self, member: &Sum) -> MemberFigure {
        let Sums { up, down, unknown, maintenance } = member.plain;
        let counted = up + down + unknown + maintenance + member.to_come.0;
        let figure = Figure {
            up_ms: up,
            down_ms: down,
            unknown_ms: unknown,
            maintenance_ms: maintenance,
            out_of_scope_ms: self.period.length_ms() - counted,
            future_ms: member.to_come.0,
            weight: 1,
        }
        .checked(self.period);
        let (name, group) = (member.name.clone(), member.group.clone());
        let (weight, turns) = (member.weight, member.turns.clone());
        let since_ms = member.state.and(since(&turns)).filter(|since_ms| *since_ms > self.period.start_ms());
        MemberFigure { name, group, weight, figure, state: member.state, since_ms, turns }
    }

    fn of<'s>(&self, members: impl Iterator<Item = &'s Sum>) -> Figure {
        let (mut sums, mut future_ms, mut weight) = (Sums::default(), 0, 0);
        for member in members {
            sums = sums.plus(member.weighed);
            future_ms += member.to_come.1;
            weight += u64::from(member.weight);
        }
        let Sums { up, down, unknown, maintenance } = sums;
        let counted = up + down + unknown + maintenance + future_ms;
        Figure {
            up_ms: up,
            down_ms: down,
            unknown_ms: unknown,
            maintenance_ms: maintenance,
            out_of_scope_ms: weight * self.period.length_ms() - counted,
            future_ms,
            weight,
        }
        .checked(self.period)
    }
}

fn last_of(timeline: &Timeline) -> Condition {
    timeline.last().map_or(Condition::Unknown, |(condition, _)| condition)
}

/// Since when it is as it is at the end: another charter does not make another state.
fn since(turns: &[Turn]) -> Option<i64> {
    let mut since: Option<(Condition, i64)> = None;
    for turn in turns.iter().rev() {
        let Some((condition, from_ms)) = turn.timeline.last() else { break };
        if since.is_some_and(|(then, at_ms)| then != condition || turn.timeline.end_ms < at_ms) {
            break;
        }
        since = Some((condition, from_ms));
        if turn.timeline.changes.first().is_some_and(|first| first.at_ms < from_ms) {
            break;
        }
    }
    since.map(|(_, since_ms)| since_ms)
}

/// A target that is or will be a member: its check, its group, its weight, from when to when.
type Expected<'a> = (&'a CheckId, Option<&'a str>, u32, (i64, i64));

fn expected(component: &Component) -> Vec<Expected<'_>> {
    let Node::Part(part) = &component.node else { return Vec::new() };
    let Life { since, until, measured_from, .. } = &component.life;
    let own = lives((*since).max(*measured_from), *until);
    let of = |check: &'_ config::Check| lives(check.facts.since, check.facts.until);
    let target = |check| {
        let (from_ms, to_ms) = of(check);
        let life = (from_ms.max(own.0), to_ms.min(own.1));
        (&check.id, group_of(part, &check.facts), check.facts.weight.unwrap_or(1), life)
    };
    part.checks.iter().map(target).collect()
}

fn lives(since: Option<Date>, until: Option<Date>) -> (i64, i64) {
    let end = until.map(|day| day.tomorrow().map_or(i64::MAX, midnight_ms));
    (since.map_or(i64::MIN, midnight_ms), end.unwrap_or(i64::MAX))
}
