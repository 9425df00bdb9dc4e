//! Which stretches of a period a figure is about: measured, on a calendar's hours, under one promise.

use config::{
    Availability, AvailabilityWithin, Calendar, Charter, Commitment, Component, FigureRule, Id, Node, Part,
    Service, ServiceId,
};

use crate::judge::Judged;
use crate::lineage::Names;
use crate::said::annotations;
use crate::{Annotation, Cause, Corrections, Hours, Period, Span};

/// Stretches of a period, in order and apart.
#[derive(Debug, Clone)]
pub(super) struct Scopes {
    pub(super) stretches: Vec<(i64, i64)>,
    /// Is nothing taken out but what was before measuring?
    measured: bool,
}

impl Scopes {
    pub(super) fn all(period: Period) -> Self {
        Self { stretches: vec![(period.start_ms(), period.end_ms())], measured: true }
    }

    pub(super) fn of(stretches: Vec<(i64, i64)>) -> Self {
        Self { stretches, measured: false }
    }

    /// Is it all that is measured?
    pub(super) fn is_measured(&self) -> bool {
        self.measured
    }

    pub(super) fn from(mut self, from_ms: i64) -> Self {
        self.stretches.iter_mut().for_each(|stretch| stretch.0 = stretch.0.max(from_ms));
        self.stretches.retain(|(from_ms, to_ms)| from_ms < to_ms);
        self
    }

    pub(super) fn to(mut self, to_ms: i64) -> Self {
        self.stretches.iter_mut().for_each(|stretch| stretch.1 = stretch.1.min(to_ms));
        self.stretches.retain(|(from_ms, to_ms)| from_ms < to_ms);
        self
    }

    /// Without `gone`, stretches in order and apart.
    pub(super) fn without(mut self, gone: &[(i64, i64)]) -> Self {
        for (gone_from_ms, gone_to_ms) in gone {
            let cut = self.stretches.iter().flat_map(|(from_ms, to_ms)| {
                [(*from_ms, (*to_ms).min(*gone_from_ms)), ((*from_ms).max(*gone_to_ms), *to_ms)]
            });
            let stretches = cut.filter(|(from_ms, to_ms)| from_ms < to_ms).collect();
            self = Self { stretches, measured: false };
        }
        self
    }
}

/// What a charter promised about a calendar's hours in the place of what is listed: of the same calendar, or, where
/// there was one such promise and is one, that.
fn then<'c>(
    charter: &'c Charter,
    (service, listed): (&Service, &AvailabilityWithin),
) -> Option<&'c AvailabilityWithin> {
    let before = charter.service(service.id.as_str())?;
    let same = of_hours(before).find(|promise| promise.hours == listed.hours);
    let only = || of_hours(before).next().filter(|_| of_hours(before).count() == 1);
    same.or_else(|| only().filter(|_| of_hours(service).count() == 1))
}

/// What a service promises about calendars' hours.
pub(super) fn of_hours(service: &Service) -> impl Iterator<Item = &AvailabilityWithin> {
    service.commitments.iter().filter_map(|commitment| match commitment {
        Commitment::AvailabilityWithin(promise) => Some(promise),
        _ => None,
    })
}

/// The hours that a promise is about over the period: in each era those of the calendar that it named then, as the
/// charter then had it, to come as the last has.
pub(super) fn hours(
    listed: (&Service, &AvailabilityWithin),
    eras: &[Judged<'_>],
    period: Period,
) -> Vec<(i64, i64)> {
    let of = |charter: &Charter, calendar: &Id| -> Option<Calendar> {
        charter.calendars.iter().find(|known| known.id == *calendar).cloned()
    };
    let last = eras.last().and_then(|era| of(era.era.charter, &listed.1.hours));
    let Some(last) = last else { return Vec::new() };
    let named = |charter: &Charter| {
        let calendar = then(charter, listed).map_or(&listed.1.hours, |promise| &promise.hours);
        of(charter, calendar)
    };
    let mut pieces: Vec<(i64, i64, Calendar)> = Vec::new();
    for (place, era) in eras.iter().enumerate() {
        let here = named(era.era.charter).unwrap_or_else(|| last.clone());
        let to_ms = if place + 1 == eras.len() { period.end_ms() } else { era.era.to_ms };
        match pieces.last_mut() {
            Some(before) if before.2 == here => before.1 = to_ms,
            _ => pieces.push((era.era.from_ms, to_ms, here)),
        }
    }
    let mut stretches: Vec<(i64, i64)> = Vec::new();
    for (from_ms, to_ms, calendar) in pieces {
        let hours = Period::new(from_ms, to_ms).map(|period| Hours::of(&calendar, period));
        for (from_ms, to_ms) in hours.iter().flat_map(Hours::stretches) {
            match stretches.last_mut() {
                Some(last) if *from_ms <= last.1 => last.1 = last.1.max(*to_ms),
                _ => stretches.push((*from_ms, *to_ms)),
            }
        }
    }
    stretches
}

/// Where what a promise about a calendar's hours says changed: its share, or which calendar. The calendar's own hours
/// may change: each instant is in them or not.
pub(super) fn stretches_within(
    listed: (&Service, &AvailabilityWithin),
    eras: &[Judged<'_>],
    period: Period,
) -> Vec<Piece> {
    let mut pieces: Vec<(Option<&AvailabilityWithin>, Piece)> = Vec::new();
    for era in eras {
        let here = then(era.era.charter, listed);
        match pieces.last_mut() {
            Some((before, last)) if *before == here => last.to_ms = era.era.to_ms,
            before => {
                let promise_changed = before.is_some();
                let promise = here.map(|AvailabilityWithin { target, strict, .. }| Availability {
                    target: *target,
                    strict: *strict,
                });
                let (from_ms, to_ms) = (era.era.from_ms, era.era.to_ms);
                pieces.push((here, Piece { from_ms, to_ms, promise, promise_changed, tree_changed: false }));
            }
        }
    }
    let mut pieces: Vec<Piece> = pieces.into_iter().map(|(_, piece)| piece).collect();
    if let Some(last) = pieces.last_mut() {
        last.to_ms = period.end_ms();
    }
    pieces
}

/// A stretch of the period under one promise and one tree.
pub(super) struct Piece {
    pub(super) from_ms: i64,
    pub(super) to_ms: i64,
    pub(super) promise: Option<Availability>,
    pub(super) promise_changed: bool,
    pub(super) tree_changed: bool,
}

/// Where a service's promise or tree changed. Members of a mean may come and go: that is what a mean is.
pub(super) fn stretches(id: &ServiceId, eras: &[Judged<'_>], period: Period) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    let mut before: Option<Option<&Service>> = None;
    for era in eras {
        let service = era.era.charter.service(id.as_str());
        let promise = service.and_then(Service::availability);
        let (promise_changed, tree_changed) = match before {
            None => (false, false),
            Some(before) => (before.and_then(Service::availability) != promise, !same_tree(before, service)),
        };
        match pieces.last_mut() {
            Some(last) if !promise_changed && !tree_changed => last.to_ms = era.era.to_ms,
            _ => pieces.push(Piece {
                from_ms: era.era.from_ms,
                to_ms: era.era.to_ms,
                promise,
                promise_changed,
                tree_changed,
            }),
        }
        before = Some(service);
    }
    if let Some(last) = pieces.last_mut() {
        last.to_ms = period.end_ms();
    }
    pieces
}

fn same_tree(a: Option<&Service>, b: Option<&Service>) -> bool {
    let (Some(a), Some(b)) = (a, b) else { return a.is_none() && b.is_none() };
    let mean_of = |service: &Service, component: &Component| matches!(&service.figure, FigureRule::MeanOf(id) if *id == component.id);
    let same = |(x, y): (&Component, &Component)| {
        if mean_of(a, x) { x.id == y.id && x.needs == y.needs } else { same_component(x, y) }
    };
    a.figure == b.figure
        && a.components.len() == b.components.len()
        && a.components.iter().zip(&b.components).all(same)
}

/// Are they made of the same? Names for people, timings and what is asked do not make a tree.
fn same_component(a: &Component, b: &Component) -> bool {
    let same_parts = |a: &[Component], b: &[Component]| {
        a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same_component(a, b) && a.weight == b.weight)
    };
    let same_node = match (&a.node, &b.node) {
        (Node::All(a), Node::All(b)) => same_parts(a, b),
        (Node::Some { up_if: a_if, parts: a }, Node::Some { up_if: b_if, parts: b }) => {
            a_if == b_if && same_parts(a, b)
        }
        (Node::Part(a), Node::Part(b)) => a.up_if == b.up_if && same_targets(a, b),
        _ => false,
    };
    a.id == b.id && same_node
}

fn same_targets(a: &Part, b: &Part) -> bool {
    let same = |(a, b): (&config::Check, &config::Check)| {
        (&a.id, &a.from, a.facts.weight) == (&b.id, &b.from, b.facts.weight)
    };
    a.checks.len() == b.checks.len() && a.checks.iter().zip(&b.checks).all(same)
}

/// The stops whose cause, as annotated, was not ours.
pub(super) fn external<'s>(
    names: &Names,
    service: &ServiceId,
    stops: impl Iterator<Item = &'s Span>,
    corrections: &Corrections,
) -> Vec<(i64, i64)> {
    let stops: Vec<(i64, i64)> = stops.map(|stop| (stop.start_ms, stop.end_ms)).collect();
    let said = annotations(names, service, &stops, corrections);
    let is_outside = |said: &Annotation| {
        matches!(said.cause, Cause::ThirdParty | Cause::Power | Cause::Network | Cause::ForceMajeure)
    };
    let pairs = stops.into_iter().zip(said).filter(|(_, said)| said.is_some_and(is_outside));
    pairs.map(|(stop, _)| stop).collect()
}
