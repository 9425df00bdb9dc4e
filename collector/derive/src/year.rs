//! Every figure of a period: each past instant judged by the charter then in force.

mod read;
mod means;
mod scopes;
mod branches;
mod parts;
mod verdict;
mod declared;

use std::ops::Range;
use std::sync::Arc;

use config::{AgentId, Availability, Charter, CheckId, Fraction, ServiceId, SiteId, Unknown};

pub use self::declared::DeclaredFigure;
pub(crate) use self::parts::Turn;
pub use self::parts::{GroupFigure, MeanFigure, MemberFigure, StretchFigure, WithinFigure};
use self::read::Reader;
pub use self::verdict::Promised;
use crate::era::Era;
use crate::judge::{Evidence, Judged};
use crate::lineage::{Charters, Names};
use crate::outage::outages;
use crate::{
    Corrections, Extent, Figure, Notices, Now, Outage, Period, Reading, RunIndex, Span, State, Timeline,
};

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
    /// How the headline reads unknown time (D20): of [`Figure::headline`].
    pub unknown: Unknown,
    /// In the charter's order.
    pub services: Vec<ServiceFigure>,
    /// Every check of these services, in the charter's order.
    pub checks: Vec<CheckFigure>,
    /// What they are called in records and declarations.
    pub names: Arc<Names>,
    /// What notice planned work needed, by when it was announced (D12).
    pub notices: Notices,
}

/// One service's year.
#[derive(Debug, Clone, PartialEq)]
pub struct ServiceFigure {
    /// Its name.
    pub id: ServiceId,
    /// Its integers.
    pub figure: Figure,
    /// As if planned work counted as any time; `None` where that is the same (D12).
    pub gross: Option<Figure>,
    /// Net of stops in planned work; `None` where that is the same (D12).
    pub net: Option<Figure>,
    /// What of the figure people declared instead of measuring it; `None` where nothing is.
    pub declared: Option<DeclaredFigure>,
    /// Its promise, of the charter in force at as-of.
    pub promise: Option<Availability>,
    /// Its promises about a calendar's hours alone, each with its own figure (D18).
    pub within: Vec<WithinFigure>,
    /// What it is the mean of, if it is one (D16).
    pub mean: Option<MeanFigure>,
    /// The stretches of the period in which promise and tree were the same, if there were several (D17).
    pub stretches: Vec<StretchFigure>,
    /// Entries of the journal that changed something of its checks: marks, planned work with stops in it, and
    /// what announced more of that. In order.
    pub corrections: Vec<u64>,
    /// Its checks, by their place in [`YearFigures::checks`].
    pub checks: Range<usize>,
    /// Those of other services that the members of its mean need, by their places (D16). In order.
    pub needed: Vec<usize>,
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
    /// As of [`ServiceFigure::net`].
    pub net: Option<Figure>,
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
    /// As of [`ServiceFigure::net`].
    pub net: Option<Figure>,
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
    /// As of [`ServiceFigure::net`].
    pub net: Option<Figure>,
    /// What its sites voted, corrected; degraded told apart.
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
        let checks = self.checks_of(service);
        outages(service.id.as_str(), &service.timeline, self.seen_to_ms(), checks)
    }
}

impl ServiceFigure {
    /// Its stretches of down, in order: what outages are, without words.
    pub fn stops(&self) -> impl Iterator<Item = &Span> {
        self.timeline.iter().filter(|span| span.state == State::Down)
    }

    /// Its component with the lowest share of known time up, the first of equals; `None` if of none is known.
    pub fn worst_component(&self) -> Option<&ComponentFigure> {
        worst(self.components.iter().map(|component| (component, component.figure)))
    }

    /// The site that sees it worst.
    pub fn worst_site(&self) -> Option<&SiteFigure> {
        worst(self.sites.iter().map(|site| (site, site.figure)))
    }

    /// Its longest stop, the earliest of equals (D28).
    pub fn longest_stop(&self) -> Option<&Span> {
        self.stops().max_by_key(|stop| (stop.length_ms(), std::cmp::Reverse(stop.start_ms)))
    }
}

fn worst<T>(measured: impl Iterator<Item = (T, Figure)>) -> Option<T> {
    let shares = measured.filter_map(|(thing, figure)| Some((thing, figure.availability()?)));
    shares.min_by_key(|(_, share)| *share).map(|(thing, _)| thing)
}

/// The figures of a civil `year` by the charter's own rules, uncorrected.
///
/// `history` is every revision with the instant from which it was in force, in order; before the first,
/// the first judges. Without any revision there are no services.
pub fn year(history: &[(i64, Charter)], runs: &RunIndex, year: i16, as_of_ms: i64) -> YearFigures {
    let charters = Charters::of(history, Period::civil_year(year), as_of_ms);
    charters.figures(runs, &Corrections::default(), &Reading::default())
}

impl Charters<'_> {
    /// The figures of their period by these runs, corrected, and read as `reading` says instead of the rules.
    ///
    /// `corrections` are those in force at the same as-of ([`Corrections::of`]).
    pub fn figures(&self, runs: &RunIndex, corrections: &Corrections, reading: &Reading) -> YearFigures {
        let mut figures = self.figured(runs, corrections, reading);
        if *reading == Reading::default() {
            self.tell_declared(&mut figures, runs, corrections);
        }
        figures
    }

    /// The same without what people declared told apart.
    fn figured(&self, runs: &RunIndex, corrections: &Corrections, reading: &Reading) -> YearFigures {
        let Self { period, as_of_ms, .. } = *self;
        let seen = self.seen(runs);
        let other = (reading.confirm_down, reading.confirm_up) != (None, None);
        let read = other.then(|| self.confirmations.read(reading.confirm_down, reading.confirm_up));
        let confirmations = read.as_ref().unwrap_or(&self.confirmations);
        let evidence = Evidence { seen: &seen, confirmations, corrections, reading, as_of_ms };
        let seen_to_ms = as_of_ms.clamp(period.start_ms(), period.end_ms());
        let eras = Era::cut(&self.in_force, period.start_ms(), seen_to_ms);
        let eras: Vec<Judged<'_>> = eras.into_iter().map(|era| Judged::new(era, &evidence)).collect();
        let charter = eras.last().map(|judged| judged.era.charter);
        let measured_from_ms = self.measured_from_ms.filter(|_| reading.extent != Some(Extent::Whole));
        let measured_from_ms = measured_from_ms.map_or(period.start_ms(), |ms| ms.max(period.start_ms()));
        let reader = Reader {
            period,
            known_from_ms: self.known_from_ms,
            measured_from_ms,
            as_of_ms,
            seen: &seen,
            eras: &eras,
            whole: self.whole.as_deref(),
            corrections,
            reading,
        };
        let (services, checks) = reader.read();
        let unknown = charter.map_or(Unknown::Apart, |charter| charter.rules.readings.unknown);
        YearFigures {
            year: period.civil_year_of_start(),
            start_ms: period.start_ms(),
            end_ms: period.end_ms(),
            as_of_ms,
            measured_from_ms,
            coverage_min: charter.map_or(Fraction { p: 1, q: 1 }, |charter| charter.rules.coverage_min),
            unknown: reading.unknown.unwrap_or(unknown),
            services,
            checks,
            names: Arc::clone(&self.names),
            notices: self.notices.clone(),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
