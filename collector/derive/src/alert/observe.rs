//! From figures to facts: how rows, parts, lines, budgets and the rest are now.
//!
//! States come from figures of a *recent* stretch, such as the last thirty days, and not of the civil year: at new
//! year's midnight nothing begins again. Budgets come from the year's.

use std::collections::{BTreeMap, BTreeSet};

use collector_api::Reason;
use config::{
    ALERT_AFTER_MS, About, AgentId, Availability, Charter, Check, CheckId, Component, Fraction, Probe,
    Service, Severity,
};

use super::causes::{Causes, Line, Watcher, is_owned};
use super::{
    CommitmentFacts, CommitmentKey, DAY_MS, Detail, Facts, Level, Notice, NoticeKind, Policy, Root,
    SILENT_MS, Silence, Subject, Telling, Work,
};
use crate::{
    CheckFigure, Condition, Corrections, Figure, Now, Outlook, Pace, Planned, Scope, ServiceFigure,
    ServicePace, Standing, YearFigures, exact_budget,
};

/// A certificate that ends sooner is worth a line, ms.
pub const CERTIFICATE_MS: i64 = 21 * DAY_MS;

/// So much of a year must be gone before "below target to date" means anything, ms; or a quarter of the budget.
const GUARD_MS: i64 = 90 * DAY_MS;

/// What facts are made of; all of one instant.
#[derive(Debug, Clone, Copy)]
pub struct Watched<'a> {
    /// In force now.
    pub charter: &'a Charter,
    /// Figures of a stretch that ends now, at least as long as people look back.
    pub recent: &'a YearFigures,
    /// Those of the civil year.
    pub year: &'a YearFigures,
    /// How fast its budgets go, with their tiers.
    pub paces: &'a BTreeMap<config::ServiceId, ServicePace>,
    /// What is declared.
    pub corrections: &'a Corrections,
    /// What figures do not tell.
    pub outside: &'a Outside,
}

/// What the engine is told beside figures.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outside {
    /// Agents of the charter.
    pub agents: Vec<AgentFacts>,
    /// When served certificates end, Unix ms.
    pub certificates: Vec<(CheckId, i64)>,
    /// Since when the store's backup is too old, and what is wrong with it.
    pub backup: Option<(i64, String)>,
    /// When a configuration was refused that has not been mended since, and why.
    pub refused: Option<(i64, String)>,
    /// As of [`Facts::stale`].
    pub stale: Vec<String>,
    /// As of [`Facts::acked`].
    pub acked: BTreeSet<u64>,
}

/// An agent as the collector hears it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentFacts {
    /// Which.
    pub id: AgentId,
    /// When its newest batch was accepted, Unix ms; `None` before the first.
    pub newest_ms: Option<i64>,
    /// How far its clock is off, if that is too much, ms.
    pub offset_ms: Option<i64>,
}

impl Watched<'_> {
    /// The facts at `now_ms`.
    pub fn facts(&self, now_ms: i64) -> Facts {
        let causes = Causes::of(self.charter, self.recent);
        let seen = Seen { of: *self, causes: &causes, now_ms };
        Facts {
            policy: Policy::of(self.charter),
            subjects: seen.subjects(),
            silences: seen.silences(),
            commitments: seen.commitments(),
            notices: seen.notices(),
            planned: seen.work(),
            computed_ms: self.recent.as_of_ms,
            stale: self.outside.stale.clone(),
            acked: self.outside.acked.clone(),
        }
    }
}

struct Seen<'a> {
    of: Watched<'a>,
    causes: &'a Causes<'a>,
    now_ms: i64,
}

impl Seen<'_> {
    fn subjects(&self) -> Vec<Subject> {
        let mut subjects = Vec::new();
        for line in self.causes.lines() {
            subjects.extend(self.line(line));
        }
        for service in &self.of.charter.services {
            let Some(figure) = self.of.recent.service(service.id.as_str()) else { continue };
            let telling = Telling::usual().or(&service.about);
            let held_by = self.causes.of_service(service);
            let checks: Vec<&Check> = service.checks().collect();
            subjects.push(self.subject(
                Root::Row(service.id.clone()),
                figure.now,
                held_by,
                &checks,
                telling.clone(),
            ));
            self.parts(service, figure, &service.components, (service.id.as_str(), &telling), &mut subjects);
        }
        subjects
    }

    /// The parts with an owner, beneath `path`.
    fn parts(
        &self,
        service: &Service,
        figure: &ServiceFigure,
        parts: &[Component],
        (path, telling): (&str, &Telling),
        subjects: &mut Vec<Subject>,
    ) {
        for part in parts {
            let path = format!("{path}.{}", part.id);
            let telling = telling.or(&part.about);
            let within = path.strip_prefix(&format!("{}.", service.id)).unwrap_or_default();
            let seen = figure.components.iter().find(|component| component.path == within);
            if let Some(seen) = seen.filter(|_| is_owned(part)) {
                let held_by = self.causes.of_component(service, part, &path);
                let checks: Vec<&Check> = part.checks().collect();
                let root = Root::Part(path.clone());
                subjects.push(self.subject(root, seen.now, held_by, &checks, telling.clone()));
            }
            self.parts(service, figure, part.node.parts(), (&path, &telling), subjects);
        }
    }

    fn line(&self, line: &Line<'_>) -> Option<Subject> {
        let (now, checks) = match line.watcher {
            Watcher::Check(check) => (self.of.recent.check(&check.id)?.now, vec![check]),
            Watcher::Component(service, component) => {
                let figure = self.of.recent.service(service.id.as_str())?;
                let seen = figure.components.iter().find(|one| one.path == component.id.as_str())?;
                (seen.now, component.checks().collect())
            }
        };
        let telling = self.telling_of(checks.first()?);
        // Of a line that another line or target carries.
        let own = Root::Line(line.name.to_owned());
        let mut held_by: Vec<Root> = Vec::new();
        for check in &checks {
            held_by.extend(self.causes.of_check(check).into_iter().filter(|root| *root != own));
        }
        Some(self.subject(own, now, held_by, &checks, telling))
    }

    fn subject(
        &self,
        root: Root,
        now: Now,
        held_by: Vec<Root>,
        checks: &[&Check],
        telling: Telling,
    ) -> Subject {
        let down = now.state == Condition::Down;
        let held_by = held_by.into_iter().filter(|cause| *cause != root && down).collect();
        Subject {
            planned: down && self.is_planned(checks),
            root,
            state: now.state,
            since_ms: now.since_ms,
            reason: now.reason,
            failing: now.failing,
            vantages: now.vantages,
            held_by,
            telling,
        }
    }

    /// Is all that is down of these in planned work?
    fn is_planned(&self, checks: &[&Check]) -> bool {
        let mut down = checks.iter().filter(|check| self.causes.is_down(check)).peekable();
        down.peek().is_some() && down.all(|check| self.is_in_work(check))
    }

    fn is_in_work(&self, check: &Check) -> bool {
        let Some(figure) = self.of.recent.check(&check.id) else { return false };
        let now = |work: &&Planned| work.window.from_ms <= self.now_ms && self.now_ms < work.window.to_ms;
        let mut works = self.of.corrections.planned.iter().filter(now);
        works.any(|work| self.of.recent.is_about(&work.scope, work.declared_ms, figure))
    }

    /// Who is told of a check: as its part says, or what that is part of.
    fn telling_of(&self, check: &Check) -> Telling {
        let mut telling = Telling::usual();
        let service =
            self.of.charter.services.iter().find(|service| service.checks().any(|one| one.id == check.id));
        let Some(service) = service else { return telling };
        telling = telling.or(&service.about);
        let mut parts = service.components.as_slice();
        while let Some(part) = parts.iter().find(|part| part.checks().any(|one| one.id == check.id)) {
            telling = telling.or(&part.about);
            parts = part.node.parts();
        }
        telling
    }

    /// A site's line explains that its agents are silent.
    fn lines_of(&self, agent: &AgentId) -> Option<Root> {
        let site = self.of.charter.sites.iter().find(|site| site.agents.contains(agent))?;
        self.causes.down_line_of(site)
    }

    fn silences(&self) -> Vec<Silence> {
        let mut silences = Vec::new();
        for service in &self.of.charter.services {
            let Some(figure) = self.of.recent.service(service.id.as_str()) else { continue };
            let checks: Vec<&CheckFigure> = self.of.recent.checks_of(figure).collect();
            let agents: BTreeSet<AgentId> = checks
                .iter()
                .flat_map(|check| check.vantages.iter().map(|vantage| vantage.agent.clone()))
                .collect();
            if agents.is_empty() {
                continue;
            }
            let lines: Option<Vec<Root>> = agents.iter().map(|agent| self.lines_of(agent)).collect();
            let all: Vec<&Check> = service.checks().collect();
            silences.push(Silence {
                service: service.id.clone(),
                newest_ms: figure.now.last_ms,
                held_by: lines.unwrap_or_default(),
                planned: !all.is_empty() && all.iter().all(|check| self.is_in_work(check)),
                telling: Telling::usual().or(&service.about),
                agents,
            });
        }
        silences
    }

    fn commitments(&self) -> Vec<CommitmentFacts> {
        let mut commitments = Vec::new();
        for service in &self.of.year.services {
            let row = self.of.charter.service(service.id.as_str());
            let alert = row.map_or_else(Vec::new, |row| row.about.alert.clone());
            let paces = self.of.paces.get(&service.id);
            let pace = |hours: Option<&config::Id>| {
                paces.and_then(|paces| paces.promises.iter().find(|pace| pace.hours.as_ref() == hours))
            };
            let own = service.promise.map(|promise| (None, promise, service.figure));
            let within = service.within.iter().map(|within| {
                let config::AvailabilityWithin { target, strict, hours } = &within.commitment;
                (Some(hours), Availability { target: *target, strict: *strict }, within.figure)
            });
            for (hours, promise, figure) in own.into_iter().chain(within) {
                let budget = figure.budget(&promise);
                commitments.push(CommitmentFacts {
                    key: CommitmentKey { service: service.id.clone(), hours: hours.cloned() },
                    year: self.of.year.year,
                    levels: self.levels(&figure, &promise, pace(hours)),
                    secured: figure.outlook(&promise) == Outlook::Secured,
                    up_of_known: (figure.up_ms, figure.known_ms()),
                    budget_ms: budget.budget_ms,
                    remaining_ms: budget.remaining_ms,
                    alert: alert.clone(),
                });
            }
        }
        commitments
    }

    fn levels(&self, figure: &Figure, promise: &Availability, pace: Option<&Pace>) -> BTreeSet<Level> {
        let year = self.of.year;
        let burns =
            |pace: &Pace| pace.tiers.iter().any(|tier| tier.fires && tier.tier.severity == Severity::Page);
        let forecasts = |pace: &Pace| pace.forecast.is_some_and(|forecast| forecast.breach);
        let began_ms = year.start_ms.max(year.measured_from_ms);
        let quarter = config::Quotient::new(u128::from(figure.down_ms) * 4, 1);
        let guarded = year.seen_to_ms().saturating_sub(began_ms) >= GUARD_MS
            || quarter.is_some_and(|down| down >= exact_budget(figure.scope_ms(), promise.target));
        let holds = |level: &Level| match level {
            Level::Burning => pace.is_some_and(burns),
            Level::Below => guarded && figure.standing(promise) == Standing::Breached,
            Level::Forecast => pace.is_some_and(forecasts),
            Level::Irrecoverable => figure.outlook(promise) == Outlook::Irrecoverable,
        };
        Level::ALL.into_iter().filter(holds).collect()
    }

    fn notices(&self) -> Vec<Notice> {
        let mut notices = Vec::new();
        for check in self.of.charter.checks() {
            notices.extend(self.check_notice(check));
        }
        notices.extend(self.agents());
        let Outside { certificates, backup, refused, .. } = self.of.outside;
        for (check, ends_ms) in certificates {
            if *ends_ms - self.now_ms < CERTIFICATE_MS {
                let detail = Detail::Instant(*ends_ms);
                notices.push(self.notice(
                    NoticeKind::Certificate,
                    check.as_str(),
                    Some(*ends_ms - CERTIFICATE_MS),
                    detail,
                ));
            }
        }
        notices.extend(self.coverage());
        for (kind, said) in [(NoticeKind::Backup, backup), (NoticeKind::Configuration, refused)] {
            if let Some((since_ms, why)) = said {
                notices.push(self.notice(kind, "", Some(*since_ms), Detail::Text(why.clone())));
            }
        }
        notices
    }

    /// A check that is degraded, or down while what it is part of may still be up.
    fn check_notice(&self, check: &Check) -> Option<Notice> {
        let now = self.of.recent.check(&check.id)?.now;
        let is_heartbeat = matches!(check.probe, Probe::Heartbeat(_));
        let kind = match now.state {
            Condition::Degraded | Condition::Down if is_heartbeat => NoticeKind::Heartbeat,
            Condition::Degraded => NoticeKind::Degraded,
            Condition::Down => NoticeKind::Member,
            Condition::Up | Condition::Unknown | Condition::Maintenance => return None,
        };
        if self.is_in_work(check) {
            return None;
        }
        let detail = match now.reason {
            Reason::None => Detail::None,
            reason => Detail::Reason(reason.code()),
        };
        let mut notice = self.notice(kind, check.id.as_str(), now.since_ms, detail);
        if now.state == Condition::Down {
            // The line of its place, what it hangs on, or the part or row that is down with it.
            notice.held_by = self.causes.of_check(check);
            notice.held_by.extend(self.causes.owner_of(check));
        }
        Some(notice)
    }

    fn agents(&self) -> Vec<Notice> {
        let mut notices = Vec::new();
        for agent in &self.of.outside.agents {
            if let Some(newest_ms) = agent.newest_ms.filter(|newest_ms| self.now_ms - newest_ms >= SILENT_MS)
            {
                let name = agent.id.as_str();
                let detail = Detail::Instant(newest_ms);
                let mut notice = self.notice(NoticeKind::Agent, name, Some(newest_ms), detail);
                notice.held_by.extend(self.lines_of(&agent.id));
                notices.push(notice);
            }
            if let Some(offset_ms) = agent.offset_ms {
                let detail = Detail::Offset(offset_ms);
                notices.push(self.notice(NoticeKind::Clock, agent.id.as_str(), None, detail));
            }
        }
        notices
    }

    /// Rows of whose last day too little is known.
    fn coverage(&self) -> Vec<Notice> {
        let mut notices = Vec::new();
        for (service, pace) in self.of.paces {
            let (_, day) = pace.rolling[0];
            let enough = |share: crate::Ratio| share.is_at_least(self.of.year.coverage_min);
            // A row that was measured for less than half of it has not had its first day yet.
            let began = day.known_ratio().is_some_and(|share| share.is_at_least(Fraction { p: 1, q: 2 }));
            if began && !day.known_ratio().is_some_and(enough) {
                let detail = Detail::Share(day.known_ms, day.scope_ms);
                notices.push(self.notice(NoticeKind::Coverage, service.as_str(), None, detail));
            }
        }
        notices
    }

    fn notice(&self, kind: NoticeKind, name: &str, since_ms: Option<i64>, detail: Detail) -> Notice {
        let since_ms = since_ms.unwrap_or(self.now_ms).min(self.now_ms);
        Notice { kind, name: name.to_owned(), since_ms, detail, held_by: Vec::new() }
    }

    fn work(&self) -> Vec<Work> {
        let word = |scope: &Scope| match scope {
            Scope::All => None,
            Scope::Path(path) => Some(path.clone()),
            Scope::Site(site) => Some(site.to_string()),
        };
        let mut works: Vec<Work> = Vec::new();
        for planned in self.of.corrections.planned.iter().filter(|work| self.now_ms < work.window.to_ms) {
            let all = planned.scope.contains(&Scope::All);
            let scope = planned.scope.iter().filter(|_| !all).filter_map(word).collect();
            let (from_ms, to_ms) = (planned.window.from_ms, planned.window.to_ms);
            works.push(Work { entry: planned.entry, from_ms, to_ms, scope });
        }
        works.sort_by_key(|work| (work.from_ms, work.entry));
        works
    }
}

impl Telling {
    /// Everybody, after five minutes, at once.
    pub(super) fn usual() -> Self {
        Self { alert: Vec::new(), severity: Severity::Page, after_ms: ALERT_AFTER_MS }
    }

    /// The same, with what is said of a part of it.
    pub(super) fn or(&self, about: &About) -> Self {
        Self {
            alert: if about.alert.is_empty() { self.alert.clone() } else { about.alert.clone() },
            severity: about.severity.unwrap_or(self.severity),
            after_ms: about.alert_after_ms.unwrap_or(self.after_ms),
        }
    }
}
