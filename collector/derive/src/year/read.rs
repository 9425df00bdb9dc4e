//! Joins the eras: what the last one lists, over all of them.

use std::sync::Arc;

use config::{Availability, AvailabilityWithin, Charter, Service};

use super::means::{Found, Means};
use super::scopes::{self, Scopes};
use super::{CheckFigure, MeanFigure, ServiceFigure, StretchFigure, VantageFigure, WithinFigure};
use crate::halves::each;
use crate::judge::{Judged, JudgedService};
use crate::lineage::{self, Seen};
use crate::views::View;
use crate::{Corrections, Figure, Hours, Now, Period, Reading, Span, State, Timeline, midnight_ms};

/// What figures are read from.
pub(super) struct Reader<'a> {
    pub(super) period: Period,
    /// Since when there was any charter.
    pub(super) known_from_ms: i64,
    pub(super) measured_from_ms: i64,
    pub(super) as_of_ms: i64,
    pub(super) seen: &'a Seen<'a>,
    pub(super) eras: &'a [Judged<'a>],
    /// The last charter with all it ever had and will have, if there is a mean in it.
    pub(super) whole: Option<&'a Charter>,
    pub(super) corrections: &'a Corrections,
    pub(super) reading: &'a Reading,
}

/// A timeline and what follows from it.
#[derive(Clone)]
pub(super) struct Line {
    pub(super) timeline: Arc<Timeline>,
    pub(super) figure: Figure,
    pub(super) spans: Arc<[Span]>,
}

impl Reader<'_> {
    pub(super) fn read(&self) -> (Vec<ServiceFigure>, Vec<CheckFigure>) {
        let Some(listed) = self.eras.last() else { return (Vec::new(), Vec::new()) };
        let checks = each(listed.checks.len(), |place| self.check(listed, place));
        let services = each(listed.services.len(), |place| self.service(&listed.services[place], &checks));
        (services, checks)
    }

    fn check(&self, listed: &Judged<'_>, place: usize) -> CheckFigure {
        let check = &listed.checks[place];
        let vantages = check.sites.iter().flat_map(|site| {
            site.vantages.iter().map(|(agent, _)| {
                let timeline = self.join(|era| {
                    let site = era.check(check.id, place)?.site(site.site)?;
                    site.vantages.iter().find(|(id, _)| id == agent).map(|(_, timeline)| timeline)
                });
                let streams = self.seen.streams(check.id, agent);
                let now = Now::of_vantage(&timeline, self.period.start_ms(), streams, self.as_of_ms);
                VantageFigure { site: site.site.clone(), agent: (*agent).clone(), timeline, now }
            })
        });
        let vantages: Vec<_> = vantages.collect();
        let join = |view| self.join(|era| era.check(check.id, place).map(|check| check.timeline.get(view)));
        let timeline = join(View::Own);
        let now =
            Now::of(&timeline, self.period.start_ms(), &vantages, vantages.iter().map(|seen| &seen.now));
        let from_ms = self.counts_from(listed, check.id.as_str());
        let figure = self.figure(&timeline, from_ms);
        let planned = self
            .eras
            .iter()
            .any(|era| era.check(check.id, place).is_some_and(|c| c.timeline.differs(View::Net)));
        let net = planned.then(|| self.figure(&join(View::Net), from_ms));
        let net = net.filter(|net| *net != figure);
        CheckFigure { id: check.id.clone(), figure, net, timeline, now, vantages }
    }

    fn service(&self, service: &JudgedService<'_>, checks: &[CheckFigure]) -> ServiceFigure {
        let differs = |view| {
            let here = |era: &Judged<'_>| era.same(service).is_some_and(|s| s.tree.differs(view));
            self.eras.iter().any(here)
        };
        let (gross, net) = (differs(View::Gross), differs(View::Net));
        let own = self.line(self.service_line(service, View::Own), self.measured_from_ms, None);
        let scope = self.scope(service, &own);
        let whole = |view| self.whole(service, view, &scope);
        let (figure, mean) = if own.figure.weight == 1 && self.is_plain(service) && scope.is_measured() {
            (own.figure, None)
        } else {
            whole(View::Own)
        };
        let other = |asked: bool, view| asked.then(|| whole(view).0).filter(|other| *other != figure);
        let components = self.components(service, checks, &own, net);
        let sites = self.sites(service, checks, &own, net);
        ServiceFigure {
            id: service.id.clone(),
            figure,
            gross: other(gross, View::Gross),
            net: other(net, View::Net),
            declared: None,
            promise: self.promise(self.eras.last().and_then(|listed| listed.promise(service.id))),
            within: self.within(service, (gross, net)),
            mean,
            stretches: self.stretches(service, &scope),
            corrections: self.touched(service),
            checks: service.checks.clone(),
            needed: self.needed(service, checks),
            components,
            sites,
            now: self.now(&own.timeline, &checks[service.checks.clone()]),
            timeline: own.spans,
        }
    }

    fn service_line(&self, service: &JudgedService<'_>, view: View) -> Arc<Timeline> {
        self.join(|era| era.same(service).map(|service| &service.tree.get(view).timeline))
    }

    /// Is it a mean nowhere in the period?
    fn is_plain(&self, service: &JudgedService<'_>) -> bool {
        let members = |era: &Judged<'_>| {
            era.same(service).is_some_and(|service| service.tree.get(View::Own).members.is_some())
        };
        !self.eras.iter().any(members)
    }

    /// The service's integers over a scope, and what it is the mean of.
    fn whole(&self, service: &JudgedService<'_>, view: View, scope: &Scopes) -> (Figure, Option<MeanFigure>) {
        if self.is_plain(service) {
            let timeline = self.service_line(service, view);
            return (Figure::within(self.period, &scope.stretches, self.as_of_ms, &timeline), None);
        }
        let means = self.means(service, &scope.stretches, |era| {
            let tree = era.same(service).map(|service| service.tree.get(view));
            Found::of(tree.map(|tree| (tree.members.as_deref(), &tree.timeline)))
        });
        (means.figure(), means.shown(service))
    }

    pub(super) fn means<'e>(
        &'e self,
        service: &JudgedService<'_>,
        scope: &[(i64, i64)],
        find: impl Fn(&'e Judged<'e>) -> Found<'e>,
    ) -> Means {
        let mut means = Means::new(self.period, self.as_of_ms, scope);
        for era in self.eras {
            means.add((era.era.from_ms, era.era.to_ms), &find(era));
        }
        let to_come = self.whole.and_then(|charter| charter.service(service.id.as_str()));
        means.expect(to_come, self.reading.composition);
        means
    }

    /// Promises about a calendar's hours, each with its figure over these.
    fn within(&self, service: &JudgedService<'_>, (gross, net): (bool, bool)) -> Vec<WithinFigure> {
        let Some(listed) = self.eras.last().and_then(|era| era.era.charter.service(service.id.as_str()))
        else {
            return Vec::new();
        };
        let within = |commitment: &AvailabilityWithin| {
            let hours = scopes::hours((listed, commitment), self.eras, self.period);
            let scope = Scopes::of(hours).from(self.measured_from_ms);
            let (target, strict) = (commitment.target, commitment.strict);
            let figure = self.whole(service, View::Own, &scope).0;
            let other = |asked: bool, view| {
                asked.then(|| self.whole(service, view, &scope).0).filter(|other| *other != figure)
            };
            let pieces = scopes::stretches_within((listed, commitment), self.eras, self.period);
            Some(WithinFigure {
                commitment: commitment.clone(),
                promise: self.promise(Some(Availability { target, strict }))?,
                figure,
                gross: other(gross, View::Gross),
                net: other(net, View::Net),
                declared: None,
                stretches: self.pieces(service, pieces, &scope),
                hours: Hours::from(scope.stretches),
            })
        };
        scopes::of_hours(listed).filter_map(within).collect()
    }

    /// Where promise or tree changed in the period: each stretch against its own.
    fn stretches(&self, service: &JudgedService<'_>, scope: &Scopes) -> Vec<StretchFigure> {
        self.pieces(service, scopes::stretches(service.id, self.eras, self.period), scope)
    }

    /// Each with its figure; none where there is but one.
    fn pieces(
        &self,
        service: &JudgedService<'_>,
        pieces: Vec<scopes::Piece>,
        scope: &Scopes,
    ) -> Vec<StretchFigure> {
        if pieces.len() < 2 {
            return Vec::new();
        }
        let stretch = |piece: scopes::Piece| {
            let scope = scope.clone().from(piece.from_ms).to(piece.to_ms);
            StretchFigure {
                from_ms: piece.from_ms,
                to_ms: piece.to_ms,
                promise: self.promise(piece.promise),
                promise_changed: piece.promise_changed,
                tree_changed: piece.tree_changed,
                figure: self.whole(service, View::Own, &scope).0,
            }
        };
        pieces.into_iter().map(stretch).collect()
    }

    /// What of the period counts for a service.
    fn scope(&self, service: &JudgedService<'_>, own: &Line) -> Scopes {
        let scope = Scopes::all(self.period).from(self.measured_from_ms);
        if self.reading.external != Some(crate::External::Excluded) || self.corrections.annotations.is_empty()
        {
            return scope;
        }
        let stops = own.spans.iter().filter(|span| span.state == State::Down);
        scope.without(&scopes::external(self.seen.names, service.id, stops, self.corrections))
    }

    fn promise(&self, promise: Option<Availability>) -> Option<Availability> {
        let strict = |promise: Availability| self.reading.strict.unwrap_or(promise.strict);
        promise.map(|promise| Availability { strict: strict(promise), ..promise })
    }

    /// The checks elsewhere that say something of a mean, by their places in `checks`.
    fn needed(&self, service: &JudgedService<'_>, checks: &[CheckFigure]) -> Vec<usize> {
        let here = self.eras.iter().filter_map(|era| Some((era, era.same(service)?)));
        let ids = here.flat_map(|(era, service)| era.needed(service).map(|check| check.id));
        let mut places: Vec<usize> =
            ids.filter_map(|id| checks.iter().position(|check| check.id == *id)).collect();
        places.retain(|place| !service.checks.contains(place));
        places.sort_unstable();
        places.dedup();
        places
    }

    fn touched(&self, service: &JudgedService<'_>) -> Vec<u64> {
        if self.corrections.is_empty() {
            return Vec::new();
        }
        let here = self.eras.iter().filter_map(|era| Some((era, era.same(service)?)));
        let mut touched: Vec<u64> = here
            .flat_map(|(era, service)| era.touching(service).flat_map(|check| check.touched.iter().copied()))
            .collect();
        touched.sort_unstable();
        touched.dedup();
        touched
    }

    /// What follows from a timeline; from `same`, where that is of the same one.
    pub(super) fn line(&self, timeline: Arc<Timeline>, from_ms: i64, same: Option<&Line>) -> Line {
        let same =
            same.filter(|same| from_ms == self.measured_from_ms && Arc::ptr_eq(&same.timeline, &timeline));
        if let Some(same) = same {
            return same.clone();
        }
        let (figure, spans) = (self.figure(&timeline, from_ms), timeline.spans_from(from_ms).into());
        Line { timeline, figure, spans }
    }

    /// From when on a component or check counts, by its names from the service on: its own day, or the
    /// charter's if that is later; but what a charter in force had measured of it stays in scope.
    pub(super) fn counts_from(&self, listed: &Judged<'_>, path: &str) -> i64 {
        let Some((service, path)) = path.split_once('.') else { return self.measured_from_ms };
        let day = listed.era.charter.service(service);
        let day = day.and_then(|service| lineage::counts_from(&service.components, path));
        let Some(day) = day else { return self.measured_from_ms };
        let has = |service: &Service| lineage::has(&service.components, path);
        let first = self.eras.iter().find(|era| era.era.charter.service(service).is_some_and(has));
        let first_ms = first.map_or(i64::MAX, |era| era.era.from_ms.max(self.known_from_ms));
        midnight_ms(day).min(first_ms).max(self.measured_from_ms)
    }

    /// One thing's timelines of all eras, one after the other; unknown where an era does not have it.
    pub(super) fn join<'e>(
        &'e self,
        find: impl Fn(&'e Judged<'e>) -> Option<&'e Arc<Timeline>>,
    ) -> Arc<Timeline> {
        if let [only] = self.eras
            && let Some(timeline) = find(only)
        {
            return Arc::clone(timeline);
        }
        let mut joined = Timeline { changes: Vec::new(), end_ms: self.period.start_ms() };
        for judged in self.eras {
            match find(judged) {
                Some(timeline) => joined.append(timeline),
                None => joined.append(&Timeline::unknown(judged.era.from_ms, judged.era.to_ms)),
            }
        }
        Arc::new(joined)
    }

    pub(super) fn figure(&self, timeline: &Timeline, from_ms: i64) -> Figure {
        Figure::over(self.period, from_ms, self.as_of_ms, timeline)
    }

    pub(super) fn now(&self, timeline: &Timeline, checks: &[CheckFigure]) -> Now {
        let vantages = checks.iter().flat_map(|check| &check.vantages);
        Now::of(timeline, self.period.start_ms(), vantages, checks.iter().map(|check| &check.now))
    }
}
