//! Every figure of a period: each past instant judged by the charter then in force.

use std::ops::Range;
use std::sync::Arc;

use config::{AgentId, Availability, Charter, CheckId, Fraction, ServiceId, SiteId};

use crate::era::{Era, Evidence, Judged, JudgedService};
use crate::lineage::{self, Charters, Seen};
use crate::outage::outages;
use crate::{Figure, Now, Outage, Period, Reading, RunIndex, Span, State, Timeline, midnight_ms};

/// Every service of the charter in force at as-of (or at the year's last instant, if that is earlier).
#[derive(Debug, Clone, PartialEq)]
pub struct YearFigures {
    /// The year.
    pub year: i16,
    /// Its first instant.
    pub start_ms: i64,
    /// The next year's first instant.
    pub end_ms: i64,
    /// Up to when data counts.
    pub as_of_ms: i64,
    /// From when on measuring counts (D18): after `start_ms` the year is partial.
    pub measured_from_ms: i64,
    /// Below this coverage a headline is a range (D20).
    pub coverage_min: Fraction,
    /// In the charter's order.
    pub services: Vec<ServiceFigure>,
    /// Every check of these services, in the charter's order.
    pub checks: Vec<CheckFigure>,
}

/// One service's year.
#[derive(Debug, Clone, PartialEq)]
pub struct ServiceFigure {
    /// Its name.
    pub id: ServiceId,
    /// Its integers.
    pub figure: Figure,
    /// Its promise, of the charter in force at as-of.
    pub promise: Option<Availability>,
    /// Its checks, by their place in [`YearFigures::checks`].
    pub checks: Range<usize>,
    /// Its components, each followed by its parts.
    pub components: Vec<ComponentFigure>,
    /// The same service as each site alone sees it, in the charter's order of sites.
    pub sites: Vec<SiteFigure>,
    /// Its timeline over the scope so far, without gap or overlap.
    pub timeline: Arc<[Span]>,
    /// How it is at as-of.
    pub now: Now,
}

/// One component's or part's year.
#[derive(Debug, Clone, PartialEq)]
pub struct ComponentFigure {
    /// `component` or `component.part`.
    pub path: String,
    /// Its checks, by their place in [`YearFigures::checks`].
    pub checks: Range<usize>,
    /// Its integers.
    pub figure: Figure,
    /// Its timeline.
    pub timeline: Arc<[Span]>,
    /// How it is at as-of.
    pub now: Now,
}

/// A service as the users of one site see it.
#[derive(Debug, Clone, PartialEq)]
pub struct SiteFigure {
    /// Which site.
    pub site: SiteId,
    /// Its integers.
    pub figure: Figure,
    /// Its timeline.
    pub timeline: Arc<[Span]>,
    /// How it is at as-of.
    pub now: Now,
}

/// One check's year, over all its vantages.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckFigure {
    /// Its id.
    pub id: CheckId,
    /// Its integers.
    pub figure: Figure,
    /// What its sites voted, degraded told apart.
    pub timeline: Arc<Timeline>,
    /// How it is at as-of.
    pub now: Now,
    /// Who measures it, by site in the check's order.
    pub vantages: Vec<VantageFigure>,
}

/// One check as one agent sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct VantageFigure {
    /// The agent's site.
    pub site: SiteId,
    /// The agent.
    pub agent: AgentId,
    /// What it saw, confirmed (D6).
    pub timeline: Arc<Timeline>,
    /// How it sees the check at as-of.
    pub now: Now,
}

impl YearFigures {
    /// The service of a name.
    pub fn service(&self, id: &str) -> Option<&ServiceFigure> {
        self.services.iter().find(|service| service.id.as_str() == id)
    }

    /// The check of an id.
    pub fn check(&self, id: &CheckId) -> Option<&CheckFigure> {
        self.checks.iter().find(|check| check.id == *id)
    }

    /// Up to when the timelines go, Unix ms: as-of, or the end of the period.
    pub fn seen_to_ms(&self) -> i64 {
        self.as_of_ms.clamp(self.start_ms, self.end_ms)
    }

    /// The outages of a service, in order. Made when asked for: a scrape wants none of their words.
    pub fn outages(&self, service: &ServiceFigure) -> Vec<Outage> {
        let checks = self.checks.get(service.checks.clone()).unwrap_or(&[]);
        outages(service.id.as_str(), &service.timeline, self.seen_to_ms(), checks)
    }
}

impl ServiceFigure {
    /// Its stretches of down, in order: what outages are, without words.
    pub fn stops(&self) -> impl Iterator<Item = &Span> {
        self.timeline.iter().filter(|span| span.state == State::Down)
    }

    /// Its longest stop, the earliest of equals (D28).
    pub fn longest_stop(&self) -> Option<&Span> {
        self.stops().max_by_key(|stop| (stop.length_ms(), std::cmp::Reverse(stop.start_ms)))
    }
}

/// The figures of a civil `year`, each past instant judged by the revision then in force.
///
/// `history` is every revision with the instant from which it was in force, in order; before the first,
/// the first judges. Without any revision there are no services.
pub fn year(history: &[(i64, Charter)], runs: &RunIndex, year: i16, as_of_ms: i64) -> YearFigures {
    figures(history, runs, Period::civil_year(year), as_of_ms, Reading::OURS)
}

/// The figures of any period, under any reading of votes.
pub fn figures(
    history: &[(i64, Charter)],
    runs: &RunIndex,
    period: Period,
    as_of_ms: i64,
    reading: Reading,
) -> YearFigures {
    Charters::of(history, period, as_of_ms).figures(runs, reading)
}

impl Charters<'_> {
    /// The figures of their period by these runs.
    pub fn figures(&self, runs: &RunIndex, reading: Reading) -> YearFigures {
        let Self { period, as_of_ms, .. } = *self;
        let seen = self.seen(runs);
        let evidence = Evidence { seen: &seen, rules: &self.rules, reading, as_of_ms };
        let seen_to_ms = as_of_ms.clamp(period.start_ms(), period.end_ms());
        let eras = Era::cut(&self.in_force, period.start_ms(), seen_to_ms);
        let eras: Vec<Judged<'_>> = eras.into_iter().map(|era| Judged::new(era, &evidence)).collect();
        let charter = eras.last().map(|judged| judged.era.charter);
        let measured_from = charter.and_then(|charter| charter.act.measured_from);
        let measured_from_ms = measured_from.map_or(period.start_ms(), midnight_ms).max(period.start_ms());
        let reader = Reader { period, measured_from_ms, as_of_ms, seen: &seen, eras: &eras };
        let (services, checks) = reader.read();
        YearFigures {
            year: period.civil_year_of_start(),
            start_ms: period.start_ms(),
            end_ms: period.end_ms(),
            as_of_ms,
            measured_from_ms,
            coverage_min: charter.map_or(Fraction { p: 1, q: 1 }, |charter| charter.rules.coverage_min),
            services,
            checks,
        }
    }
}

/// Joins the eras: what the last one lists, over all of them.
struct Reader<'a> {
    period: Period,
    measured_from_ms: i64,
    as_of_ms: i64,
    seen: &'a Seen<'a>,
    eras: &'a [Judged<'a>],
}

/// A timeline and what follows from it.
#[derive(Clone)]
struct Line {
    timeline: Arc<Timeline>,
    figure: Figure,
    spans: Arc<[Span]>,
}

impl Reader<'_> {
    fn read(&self) -> (Vec<ServiceFigure>, Vec<CheckFigure>) {
        let Some(listed) = self.eras.last() else { return (Vec::new(), Vec::new()) };
        let checks: Vec<_> = (0..listed.checks.len()).map(|place| self.check(listed, place)).collect();
        (listed.services.iter().map(|service| self.service(service, &checks)).collect(), checks)
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
        let timeline = self.join(|era| era.check(check.id, place).map(|check| &check.timeline));
        let now =
            Now::of(&timeline, self.period.start_ms(), &vantages, vantages.iter().map(|seen| &seen.now));
        let from_ms = self.counts_from(listed, check.id.as_str());
        let figure = self.figure(&timeline, from_ms);
        CheckFigure { id: check.id.clone(), figure, timeline, now, vantages }
    }

    fn service(&self, service: &JudgedService<'_>, checks: &[CheckFigure]) -> ServiceFigure {
        let whole = self.line(
            self.join(|era| era.service(service.id).map(|service| &service.timeline)),
            self.measured_from_ms,
            None,
        );
        let components = service.branches.iter().map(|branch| {
            let timeline = self.join(|era| {
                let branches = &era.service(service.id)?.branches;
                branches.iter().find(|other| other.path == branch.path).map(|branch| &branch.timeline)
            });
            let from_ms = self.eras.last().map_or(self.measured_from_ms, |listed| {
                self.counts_from(listed, &format!("{}.{}", service.id, branch.path))
            });
            let Line { timeline, figure, spans } = self.line(timeline, from_ms, Some(&whole));
            ComponentFigure {
                path: branch.path.clone(),
                checks: branch.checks.clone(),
                figure,
                timeline: spans,
                now: self.now(&timeline, &checks[branch.checks.clone()]),
            }
        });
        let components = components.collect();
        let sites = service.sites.iter().map(|(site, _)| {
            let timeline = self.join(|era| {
                let sites = &era.service(service.id)?.sites;
                sites.iter().find(|(id, _)| id == site).map(|(_, timeline)| timeline)
            });
            let Line { timeline, figure, spans } = self.line(timeline, self.measured_from_ms, Some(&whole));
            let here = checks[service.checks.clone()].iter().flat_map(|check| &check.vantages);
            let here: Vec<_> = here.filter(|vantage| vantage.site == **site).collect();
            let members = here.iter().map(|vantage| &vantage.now);
            let now = Now::of(&timeline, self.period.start_ms(), here.iter().copied(), members);
            SiteFigure { site: (*site).clone(), figure, timeline: spans, now }
        });
        ServiceFigure {
            id: service.id.clone(),
            figure: whole.figure,
            promise: self.eras.last().and_then(|listed| listed.promise(service.id)),
            checks: service.checks.clone(),
            components,
            sites: sites.collect(),
            now: self.now(&whole.timeline, &checks[service.checks.clone()]),
            timeline: whole.spans,
        }
    }

    /// What follows from a timeline; from `same`, where that is of the same one.
    fn line(&self, timeline: Arc<Timeline>, from_ms: i64, same: Option<&Line>) -> Line {
        let same =
            same.filter(|same| from_ms == self.measured_from_ms && Arc::ptr_eq(&same.timeline, &timeline));
        if let Some(same) = same {
            return same.clone();
        }
        let (figure, spans) = (self.figure(&timeline, from_ms), timeline.spans_from(from_ms).into());
        Line { timeline, figure, spans }
    }

    /// From when on a component or check counts, by its names from the service on: its own day, or the
    /// charter's if that is later.
    fn counts_from(&self, listed: &Judged<'_>, path: &str) -> i64 {
        let Some((service, path)) = path.split_once('.') else { return self.measured_from_ms };
        let service = listed.era.charter.service(service);
        let day = service.and_then(|service| lineage::counts_from(&service.components, path));
        day.map_or(self.measured_from_ms, |day| midnight_ms(day).max(self.measured_from_ms))
    }

    /// One thing's timelines of all eras, one after the other; unknown where an era does not have it.
    fn join<'e>(&'e self, find: impl Fn(&'e Judged<'e>) -> Option<&'e Arc<Timeline>>) -> Arc<Timeline> {
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

    fn figure(&self, timeline: &Timeline, from_ms: i64) -> Figure {
        Figure::over(self.period, from_ms, self.as_of_ms, timeline)
    }

    fn now(&self, timeline: &Timeline, checks: &[CheckFigure]) -> Now {
        let vantages = checks.iter().flat_map(|check| &check.vantages);
        Now::of(timeline, self.period.start_ms(), vantages, checks.iter().map(|check| &check.now))
    }
}

#[cfg(test)]
mod tests;
