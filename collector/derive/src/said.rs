//! What people said of a service: entries about its checks, and whose fault its outages were.
//!
//! Entries name things as they were called when they were written, and outages as they were known then. Late
//! data, an annulment or the end of a month move an outage's ends, and a renaming its name: so an annotation
//! is of the stop that overlaps what it was written about most.

use config::ServiceId;

use crate::lineage::Names;
use crate::{Annotation, CheckFigure, Corrections, Scope, ServiceFigure, Window, YearFigures};

impl YearFigures {
    /// The checks that say something of a service: its own, and those of other services that the members of
    /// its mean need.
    pub fn checks_of<'f>(
        &'f self,
        service: &'f ServiceFigure,
    ) -> impl Iterator<Item = &'f CheckFigure> + Clone {
        let own = self.checks.get(service.checks.clone()).unwrap_or(&[]);
        own.iter().chain(service.needed.iter().filter_map(|place| self.checks.get(*place)))
    }

    /// Is a declaration, written at `declared_ms`, about a check, or about what one of its sites sees of it?
    pub fn is_about(&self, scope: &[Scope], declared_ms: i64, check: &CheckFigure) -> bool {
        let seen = |scope: &Scope| check.vantages.iter().any(|vantage| scope.is_of(&vantage.site));
        scope.iter().any(seen) || self.names.covers(scope, declared_ms, &check.id)
    }

    /// Entries in force about some time and a service: marks, and planned work, in time or not. In order.
    pub fn entries(
        &self,
        service: &ServiceFigure,
        corrections: &Corrections,
        (from_ms, to_ms): (i64, i64),
    ) -> Vec<u64> {
        let during = |window: &Window| window.from_ms < to_ms && from_ms < window.to_ms;
        let about = |scope: &[Scope], declared_ms| {
            self.checks_of(service).any(|check| self.is_about(scope, declared_ms, check))
        };
        let marks = corrections.marks.iter();
        let marks = marks.filter(|mark| during(&mark.window) && about(&mark.scope, mark.declared_ms));
        let planned = corrections.planned.iter();
        let planned = planned.filter(|work| during(&work.window) && about(&work.scope, work.declared_ms));
        let planned = planned.flat_map(|work| [work.entry, work.announced_by]);
        let mut entries: Vec<u64> = marks.map(|mark| mark.entry).chain(planned).collect();
        entries.sort_unstable();
        entries.dedup();
        entries
    }

    /// What was said last of each of a service's [outages](Self::outages), in their order.
    pub fn annotations<'c>(
        &self,
        service: &ServiceFigure,
        corrections: &'c Corrections,
    ) -> Vec<Option<&'c Annotation>> {
        let stops: Vec<(i64, i64)> = service.stops().map(|stop| (stop.start_ms, stop.end_ms)).collect();
        annotations(&self.names, &service.id, &stops, corrections)
    }
}

/// What was said last of each of a service's stops, which are in order and apart.
pub(crate) fn annotations<'c>(
    names: &Names,
    service: &ServiceId,
    stops: &[(i64, i64)],
    corrections: &'c Corrections,
) -> Vec<Option<&'c Annotation>> {
    let mut said = vec![None; stops.len()];
    if corrections.annotations.is_empty() {
        return said;
    }
    let ids = crate::outage::ids(service.as_str(), stops.iter().map(|stop| stop.0));
    for annotation in &corrections.annotations {
        let place = match &annotation.stop {
            None => ids.iter().position(|id| *id == annotation.outage),
            Some((name, window)) if names.is_service(service, name, annotation.declared_ms) => {
                most(stops, *window)
            }
            Some(_) => None,
        };
        if let Some(said) = place.and_then(|place| said.get_mut(place)) {
            *said = Some(annotation);
        }
    }
    said
}

/// The stop that overlaps a window most, the first of equals.
fn most(stops: &[(i64, i64)], window: Window) -> Option<usize> {
    let first = stops.partition_point(|stop| stop.1 <= window.from_ms);
    let here = stops.iter().enumerate().skip(first).take_while(|(_, stop)| stop.0 < window.to_ms);
    let shared = here.map(|(place, stop)| {
        (stop.0.max(window.from_ms).abs_diff(stop.1.min(window.to_ms)), std::cmp::Reverse(place))
    });
    shared.max().map(|(_, place)| place.0)
}

#[cfg(test)]
mod tests;
