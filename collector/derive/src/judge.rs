//! One era, judged by its charter: runs to vantages, vantages to sites, sites to checks, checks to services.
//!
//! Each thing is made once by the rules, and again as if planned work counted, or only its stops did not,
//! where that makes a difference.

use std::ops::Range;
use std::sync::Arc;

use config::{AgentId, Availability, Charter, Check, CheckId, Service, ServiceId, SiteId};

use crate::amend::{Amends, overlay};
use crate::ballot::Ballot;
use crate::confirm::{Confirmations, confirm};
use crate::era::Era;
use crate::halves::each;
use crate::lineage::Seen;
use crate::mean::{self, Member, Parts};
use crate::sweep::sweep;
use crate::tree::{self, Branch, grow};
use crate::views::{View, Views};
use crate::vote::decide;
use crate::{Condition, Corrections, Reading, Timeline};

/// What all eras of a period are judged from.
#[derive(Debug)]
pub(crate) struct Evidence<'a> {
    pub(crate) seen: &'a Seen<'a>,
    pub(crate) confirmations: &'a Confirmations,
    pub(crate) corrections: &'a Corrections,
    pub(crate) reading: &'a Reading,
    pub(crate) as_of_ms: i64,
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
    /// What its sites voted, corrected.
    pub(crate) timeline: Views<Arc<Timeline>>,
    /// Entries that changed something.
    pub(crate) touched: Vec<u64>,
}

#[derive(Debug)]
pub(crate) struct JudgedSite<'a> {
    pub(crate) site: &'a SiteId,
    pub(crate) vantages: Vec<(&'a AgentId, Arc<Timeline>)>,
    /// What its vantages voted, corrected as the check is.
    alone: Views<Arc<Timeline>>,
}

#[derive(Debug)]
pub(crate) struct JudgedService<'a> {
    pub(crate) id: &'a ServiceId,
    /// Its place in the charter.
    place: usize,
    /// Its checks, by their place in the charter.
    pub(crate) checks: Range<usize>,
    pub(crate) tree: Views<Tree<'a>>,
}

/// A service, as planned work is counted in one way.
#[derive(Debug)]
pub(crate) struct Tree<'a> {
    pub(crate) timeline: Arc<Timeline>,
    /// Of a mean: what it is the mean of.
    pub(crate) members: Option<Vec<Member<'a>>>,
    pub(crate) branches: Vec<Branch>,
    /// As each site alone sees it.
    pub(crate) sites: Vec<SiteTree<'a>>,
}

/// A service as one site alone sees it.
#[derive(Debug)]
pub(crate) struct SiteTree<'a> {
    pub(crate) site: &'a SiteId,
    pub(crate) timeline: Arc<Timeline>,
    pub(crate) members: Option<Vec<Member<'a>>>,
}

impl<'a> Judged<'a> {
    pub(crate) fn new(era: Era<'a>, evidence: &Evidence<'_>) -> Self {
        let unknown = Arc::new(Timeline::unknown(era.from_ms, era.to_ms));
        let asked: Vec<_> = era.charter.checks().collect();
        let checks = each(asked.len(), |place| JudgedCheck::new(asked[place], era, evidence, &unknown));
        let composed = evidence.reading.composition;
        let first_checks: Vec<_> = era
            .charter
            .services
            .iter()
            .scan(0, |next, service| Some(std::mem::replace(next, *next + service.checks().count())))
            .collect();
        let mut services = each(era.charter.services.len(), |place| {
            let service = &era.charter.services[place];
            let parts = Parts::of(service, composed);
            JudgedService::new((place, service), parts, first_checks[place], &checks, era.charter, &unknown)
        });
        for (place, service) in era.charter.services.iter().enumerate() {
            if let Some(parts) = Parts::of(service, composed) {
                mean::compose(&mut services, place, service, parts, &checks, &unknown);
            }
        }
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

    /// The checks that say something of a service: its own, and those of what a mean's members need.
    pub(crate) fn touching(&self, service: &JudgedService<'a>) -> impl Iterator<Item = &JudgedCheck<'a>> {
        self.checks[service.checks.clone()].iter().chain(self.needed(service))
    }

    /// The checks of what a mean's members need of other services.
    pub(crate) fn needed(&self, service: &JudgedService<'a>) -> impl Iterator<Item = &JudgedCheck<'a>> {
        let needs = self.era.charter.service(service.id.as_str()).into_iter().flat_map(mean::needs_elsewhere);
        let needed = needs.filter_map(|(service, component)| {
            let service = self.services.iter().find(|other| other.id.as_str() == service)?;
            service.branch(component, View::Own).map(|branch| branch.checks.clone())
        });
        needed.flat_map(|checks| &self.checks[checks])
    }

    /// What another era's service is here, probably at the same place.
    pub(crate) fn same(&self, other: &JudgedService<'_>) -> Option<&JudgedService<'a>> {
        let here = self.services.get(other.place).filter(|service| service.id == other.id);
        here.or_else(|| self.services.iter().find(|service| service.id == other.id))
    }
}

impl<'a> JudgedCheck<'a> {
    fn new(check: &'a Check, era: Era<'a>, evidence: &Evidence<'_>, unknown: &Arc<Timeline>) -> Self {
        let Evidence { seen, confirmations, corrections, reading, as_of_ms } = evidence;
        let rules = &era.charter.rules;
        let measured = seen.vantages(&check.id);
        let confirmation = confirmations.of(&check.id);
        let see = |agent: &'a AgentId| {
            let streams = measured.iter().find(|vantage| vantage.agent == *agent);
            let streams = streams.map_or(&[][..], |vantage| vantage.streams.as_slice());
            let seen = confirm(streams, confirmation, (era.from_ms, era.to_ms), *as_of_ms);
            (agent, Arc::new(seen.timeline), seen.undecided)
        };
        let amends = |site| Amends::of(corrections, seen, (rules, reading), check, site, era);
        let (own, mut touched) = (amends(None), Vec::new());
        let mut ballots = Vec::with_capacity(check.from.len());
        let judge_site = |site: &'a SiteId| {
            let known = era.charter.site(site);
            let agents = known.map_or(&[][..], |site| site.agents.as_slice());
            let seen: Vec<_> = agents.iter().map(see).collect();
            let vote = reading.vantages(rules, check, known);
            let count = |undecided: Option<Condition>| {
                let cast = seen.iter().map(|(_, timeline, stretches)| match undecided {
                    Some(becomes) => overlay(timeline, stretches, |_| becomes),
                    None => Arc::clone(timeline),
                });
                let cast: Vec<_> = cast.collect();
                let voted = sweep(&cast.iter().collect::<Vec<_>>(), |tally| decide(vote, tally));
                voted.unwrap_or_else(|| Arc::clone(unknown))
            };
            // Of one vantage alone what is undecided is unknown, and nothing else hangs on it.
            let several = seen.len() > 1 || check.from.len() > 1;
            let open = several && seen.iter().any(|(.., undecided)| !undecided.is_empty());
            let ballot = Ballot::new(count, open, &amends(Some(site)), &mut touched);
            let settled = match ballot.otherwise {
                None => ballot.unknown.clone(),
                Some(_) => Ballot::count(std::slice::from_ref(&ballot), tree::all, unknown),
            };
            let alone = own.apply(&settled, Condition::Unknown, &mut Vec::new());
            ballots.push(ballot);
            let vantages = seen.into_iter().map(|(agent, timeline, _)| (agent, timeline)).collect();
            JudgedSite { site, vantages, alone }
        };
        let sites: Vec<_> = check.from.iter().map(judge_site).collect();
        let vote = reading.sites(rules, check);
        let voted = Ballot::count(&ballots, |tally| decide(vote, tally), unknown);
        let timeline = own.apply(&voted, Condition::Unknown, &mut touched);
        touched.sort_unstable();
        touched.dedup();
        Self { id: &check.id, sites, timeline, touched }
    }

    pub(crate) fn site(&self, site: &SiteId) -> Option<&JudgedSite<'a>> {
        self.sites.iter().find(|judged| judged.site == site)
    }
}

impl<'a> JudgedService<'a> {
    fn new(
        (place, service): (usize, &'a Service),
        parts: Option<Parts<'a>>,
        first_check: usize,
        checks: &[JudgedCheck<'a>],
        charter: &'a Charter,
        unknown: &Arc<Timeline>,
    ) -> Self {
        let own = first_check..first_check + service.checks().count();
        let asked = |site: &SiteId| checks[own.clone()].iter().any(|check| check.site(site).is_some());
        let asked: Vec<_> = charter.sites.iter().map(|site| &site.id).filter(|site| asked(site)).collect();
        // A need of a mean may be anywhere.
        let made_of = if parts.is_some() { checks } else { &checks[own.clone()] };
        let differs = |view| made_of.iter().any(|check| check.differs(view));
        let tree = Views::each(differs(View::Gross), differs(View::Net), |view| {
            let voted = |check: usize| Some(Arc::clone(checks[check].timeline.get(view)));
            let half = parts.and_then(Parts::component);
            let (timeline, branches) = grow(&service.components, half, first_check, &voted, unknown);
            let timeline = timeline.unwrap_or_else(|| Arc::clone(unknown));
            let alone = |site: &'a SiteId| {
                if asked.len() == 1 {
                    return SiteTree { site, timeline: Arc::clone(&timeline), members: None };
                }
                let seen = |check: usize| checks[check].seen_from(site, view);
                let (timeline, _) = grow(&service.components, half, first_check, &seen, unknown);
                SiteTree { site, timeline: timeline.unwrap_or_else(|| Arc::clone(unknown)), members: None }
            };
            let sites = asked.iter().copied().map(alone).collect();
            Tree { timeline, members: None, branches, sites }
        });
        Self { id: &service.id, place, checks: own, tree }
    }

    /// The timeline of one of its components or parts, by its path.
    pub(crate) fn branch(&self, path: &str, view: View) -> Option<&Branch> {
        self.tree.get(view).branches.iter().find(|branch| branch.path == path)
    }
}

impl JudgedCheck<'_> {
    /// Is it another when planned work is counted so?
    fn differs(&self, view: View) -> bool {
        self.timeline.differs(view) || self.sites.iter().any(|site| site.alone.differs(view))
    }

    /// As one site alone sees it.
    pub(crate) fn seen_from(&self, site: &SiteId, view: View) -> Option<Arc<Timeline>> {
        self.site(site).map(|site| Arc::clone(site.alone.get(view)))
    }
}
