//! Eras: the stretches of a period under one charter, each judged by its own (piecewise).
//!
//! A closed past keeps the tree it was measured under. Confirmation is the exception: it looks at the whole
//! series, with the rules then in force, because a streak does not end where a charter changes.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use config::{AgentId, Availability, Charter, Check, CheckId, Service, ServiceId, SiteId};

use crate::confirm::{Confirmation, confirm};
use crate::lineage::Seen;
use crate::sweep::sweep;
use crate::tree::{Branch, grow};
use crate::vote::decide;
use crate::{Reading, Timeline};

/// What all eras of a period are judged from.
#[derive(Debug)]
pub(crate) struct Evidence<'a> {
    pub(crate) seen: &'a Seen<'a>,
    /// Of every revision, in order.
    pub(crate) rules: &'a [Confirmation],
    pub(crate) reading: Reading,
    pub(crate) as_of_ms: i64,
}

/// A stretch of time and the charter in force in it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Era<'a> {
    pub(crate) from_ms: i64,
    pub(crate) to_ms: i64,
    pub(crate) charter: &'a Charter,
}

impl<'a> Era<'a> {
    /// Cuts `[from_ms, to_ms)` where a revision comes into force that judges otherwise than the one
    /// before; the first revision judges all time before it. At least one era if there is a revision.
    pub(crate) fn cut(history: &'a [(i64, Cow<'_, Charter>)], from_ms: i64, to_ms: i64) -> Vec<Self> {
        let mut eras: Vec<Self> = Vec::new();
        for (index, (valid_from_ms, charter)) in history.iter().enumerate() {
            let charter = charter.as_ref();
            let start_ms = if index == 0 { from_ms } else { *valid_from_ms };
            match eras.last_mut() {
                Some(last) if start_ms <= last.from_ms => last.charter = charter,
                Some(_) if start_ms >= to_ms => {}
                Some(last) if alike(last.charter, charter) => last.charter = charter,
                _ => eras.push(Self { from_ms: start_ms, to_ms, charter }),
            }
        }
        for index in 1..eras.len() {
            eras[index - 1].to_ms = eras[index].from_ms;
        }
        eras
    }
}

/// Do two charters judge alike? Canaries and names of acts do not judge.
fn alike(a: &Charter, b: &Charter) -> bool {
    (&a.rules, &a.sites, &a.services) == (&b.rules, &b.sites, &b.services)
}

/// One era, judged.
#[derive(Debug)]
pub(crate) struct Judged<'a> {
    pub(crate) era: Era<'a>,
    /// In the charter's order.
    pub(crate) checks: Vec<JudgedCheck<'a>>,
    pub(crate) services: Vec<JudgedService<'a>>,
}

#[derive(Debug)]
pub(crate) struct JudgedCheck<'a> {
    pub(crate) id: &'a CheckId,
    pub(crate) sites: Vec<JudgedSite<'a>>,
    pub(crate) timeline: Arc<Timeline>,
}

#[derive(Debug)]
pub(crate) struct JudgedSite<'a> {
    pub(crate) site: &'a SiteId,
    pub(crate) vantages: Vec<(&'a AgentId, Arc<Timeline>)>,
    pub(crate) timeline: Arc<Timeline>,
}

#[derive(Debug)]
pub(crate) struct JudgedService<'a> {
    pub(crate) id: &'a ServiceId,
    /// Its checks, by their place in the charter.
    pub(crate) checks: Range<usize>,
    pub(crate) branches: Vec<Branch>,
    /// As each site alone sees it.
    pub(crate) sites: Vec<(&'a SiteId, Arc<Timeline>)>,
    pub(crate) timeline: Arc<Timeline>,
}

impl<'a> Judged<'a> {
    pub(crate) fn new(era: Era<'a>, evidence: &Evidence<'_>) -> Self {
        let unknown = Arc::new(Timeline::unknown(era.from_ms, era.to_ms));
        let checks: Vec<_> =
            era.charter.checks().map(|check| JudgedCheck::new(check, era, evidence, &unknown)).collect();
        let mut first_check = 0;
        let services = era.charter.services.iter().map(|service| {
            let judged = JudgedService::new(service, first_check, &checks, era.charter, &unknown);
            first_check = judged.checks.end;
            judged
        });
        let services = services.collect();
        Self { era, checks, services }
    }

    /// The check of an id, which is probably at `place`.
    pub(crate) fn check(&self, id: &CheckId, place: usize) -> Option<&JudgedCheck<'a>> {
        let here = self.checks.get(place).filter(|check| check.id == id);
        here.or_else(|| self.checks.iter().find(|check| check.id == id))
    }

    /// The promise that the era's charter makes for a service.
    pub(crate) fn promise(&self, service: &ServiceId) -> Option<Availability> {
        self.era.charter.service(service.as_str()).and_then(Service::availability)
    }

    pub(crate) fn service(&self, id: &ServiceId) -> Option<&JudgedService<'a>> {
        self.services.iter().find(|service| service.id == id)
    }
}

impl<'a> JudgedCheck<'a> {
    fn new(check: &'a Check, era: Era<'a>, evidence: &Evidence<'_>, unknown: &Arc<Timeline>) -> Self {
        let Evidence { seen, rules, reading, as_of_ms } = evidence;
        let measured = seen.vantages(&check.id);
        let see = |agent: &'a AgentId| {
            let streams = measured.iter().find(|vantage| vantage.agent == *agent);
            let streams = streams.map_or(&[][..], |vantage| vantage.streams.as_slice());
            (agent, Arc::new(confirm(streams, rules, (era.from_ms, era.to_ms), *as_of_ms)))
        };
        let sites: Vec<_> = check
            .from
            .iter()
            .map(|site| {
                let agents = era.charter.site(site).map_or(&[][..], |site| site.agents.as_slice());
                let vantages: Vec<_> = agents.iter().map(see).collect();
                let votes: Vec<_> = vantages.iter().map(|(_, timeline)| timeline).collect();
                let timeline = sweep(&votes, |tally| decide(reading.vantages, tally));
                JudgedSite { site, vantages, timeline: timeline.unwrap_or_else(|| Arc::clone(unknown)) }
            })
            .collect();
        let votes: Vec<_> = sites.iter().map(|site| &site.timeline).collect();
        let timeline = sweep(&votes, |tally| decide(reading.sites, tally));
        Self { id: &check.id, sites, timeline: timeline.unwrap_or_else(|| Arc::clone(unknown)) }
    }

    pub(crate) fn site(&self, site: &SiteId) -> Option<&JudgedSite<'a>> {
        self.sites.iter().find(|judged| judged.site == site)
    }
}

impl<'a> JudgedService<'a> {
    fn new(
        service: &'a Service,
        first_check: usize,
        checks: &[JudgedCheck<'a>],
        charter: &'a Charter,
        unknown: &Arc<Timeline>,
    ) -> Self {
        let voted = |check: usize| Some(Arc::clone(&checks[check].timeline));
        let (timeline, branches) = grow(&service.components, first_check, &voted, unknown);
        let timeline = timeline.unwrap_or_else(|| Arc::clone(unknown));
        let own = first_check..first_check + service.checks().count();
        let asked = |site: &SiteId| checks[own.clone()].iter().any(|check| check.site(site).is_some());
        let asked: Vec<_> = charter.sites.iter().map(|site| &site.id).filter(|site| asked(site)).collect();
        let alone = |site: &'a SiteId| {
            if asked.len() == 1 {
                return (site, Arc::clone(&timeline));
            }
            let seen = |check: usize| checks[check].site(site).map(|site| Arc::clone(&site.timeline));
            let (timeline, _) = grow(&service.components, first_check, &seen, unknown);
            (site, timeline.unwrap_or_else(|| Arc::clone(unknown)))
        };
        let sites = asked.iter().copied().map(alone).collect();
        Self { id: &service.id, checks: own, branches, sites, timeline }
    }
}
