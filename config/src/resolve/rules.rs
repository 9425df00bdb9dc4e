//! The readings of `rules:`, and what sites and components say instead.
//!
//! A vote that asks for more witnesses than there are would make unknown of all that it judges: it is refused
//! where it is written.

use crate::problem::Place;
use crate::text::{Text, say};
use crate::yaml::charter::RulesKeys;
use crate::yaml::component::Common;
use crate::yaml::shape::{At, Report};
use crate::{Fraction, Id, Judged, Readings, Rules, Site, SiteId, Vote};

/// The charter's readings, defaults applied.
pub(super) fn rules(keys: Option<&RulesKeys>, report: &mut Report<'_>) -> Rules {
    let default = Readings::default();
    let votes = Votes::of_file(keys);
    Rules {
        confirm_down: confirmed("confirm_down", keys.and_then(|keys| keys.confirm_down.as_ref()), report)
            .unwrap_or(2),
        confirm_up: confirmed("confirm_up", keys.and_then(|keys| keys.confirm_up.as_ref()), report)
            .unwrap_or(1),
        coverage_min: keys.and_then(|keys| keys.coverage_min).unwrap_or(Fraction { p: 99, q: 100 }),
        readings: Readings {
            maintenance: keys
                .and_then(|keys| keys.maintenance.as_ref())
                .map_or(default.maintenance, |key| key.value),
            late_entries: keys
                .and_then(|keys| keys.late_entries.as_ref())
                .map_or(default.late_entries, |key| key.value),
            notice_ms: keys
                .and_then(|keys| keys.notice.as_ref())
                .map_or(default.notice_ms, |key| key.value.0),
            unknown: keys.and_then(|keys| keys.unknown).unwrap_or(default.unknown),
            vantages: votes.vantages.map_or(default.vantages, |key| key.value),
            sites: votes.sites.map_or(default.sites, |key| key.value),
        },
    }
}

/// A number of samples in a row; `None` where none is said, or after a problem.
fn confirmed(name: &str, key: Option<&At<u32>>, report: &mut Report<'_>) -> Option<u32> {
    let key = key?;
    if (1..=10).contains(&key.value) {
        return Some(key.value);
    }
    let message = say!(
        "`{name}` is a number of samples in a row, from 1 to 10",
        "`{name}` è un numero di campioni di fila, da 1 a 10"
    );
    report.problem(key.at, message);
    None
}

/// How witnesses vote, as the file says it.
#[derive(Debug, Clone, Default)]
pub(super) struct Votes {
    pub(super) vantages: Option<At<Vote>>,
    pub(super) sites: Option<At<Vote>>,
}

impl Votes {
    /// Of `rules:`.
    pub(super) fn of_file(keys: Option<&RulesKeys>) -> Self {
        Self {
            vantages: keys.and_then(|keys| keys.vantages.clone()),
            sites: keys.and_then(|keys| keys.sites.clone()),
        }
    }
}

/// What a component says otherwise than `rules:`, or its parent does.
#[derive(Debug, Clone, Default)]
pub(super) struct Otherwise {
    confirm_down: Option<At<u32>>,
    confirm_up: Option<At<u32>>,
    votes: Votes,
}

impl Otherwise {
    /// What a component says goes before what its parent says.
    pub(super) fn under(&self, common: &Common) -> Self {
        Self {
            confirm_down: common.confirm_down.clone().or_else(|| self.confirm_down.clone()),
            confirm_up: common.confirm_up.clone().or_else(|| self.confirm_up.clone()),
            votes: Votes {
                vantages: common.vantages.clone().or_else(|| self.votes.vantages.clone()),
                sites: common.sites.clone().or_else(|| self.votes.sites.clone()),
            },
        }
    }

    /// As a check carries it.
    pub(super) fn judged(&self, report: &mut Report<'_>) -> Judged {
        Judged {
            confirm_down: confirmed("confirm_down", self.confirm_down.as_ref(), report),
            confirm_up: confirmed("confirm_up", self.confirm_up.as_ref(), report),
            vantages: self.votes.vantages.as_ref().map(|key| key.value),
            sites: self.votes.sites.as_ref().map(|key| key.value),
        }
    }

    /// Are there as many witnesses as the votes on a component's checks ask for? `rules` are the charter's votes.
    pub(super) fn witnesses(
        &self,
        component: &Id,
        from: &[SiteId],
        (rules, sites): (&Votes, &[Site]),
        report: &mut Report<'_>,
    ) {
        let of_sites = self.votes.sites.as_ref().or(rules.sites.as_ref());
        let speaks = |id: &&SiteId| sites.iter().any(|site| site.id == **id && !site.agents.is_empty());
        let witnesses = from.iter().filter(speaks).count();
        if let Some(At { at, value }) = of_sites.filter(|key| witnesses > 0 && too_few(key.value, witnesses))
        {
            let (wanted, there) = (value.known_min, counted(witnesses));
            let message = say!(
                "`sites` wants {wanted} that know, but `{component}` is seen from {there}: it would always be unknown",
                "`sites` ne vuole {wanted} che sanno, ma `{component}` è visto da {there}: resterebbe sempre non osservato"; there
            );
            report.problem(*at, message);
        }
        for site in from.iter().filter_map(|id| sites.iter().find(|site| site.id == *id)) {
            let of_agents = match &self.votes.vantages {
                Some(own) => Some(own),
                // What the site itself says has been looked at.
                None if site.facts.vantages.is_some() => None,
                None => rules.vantages.as_ref(),
            };
            // Of several sites the first is told: the cure is one.
            if of_agents.is_some_and(|key| !vantages(key, &site.id, site.agents.len(), report)) {
                return;
            }
        }
    }
}

/// Has a site as many agents as its vote asks for? One without any has been warned of.
pub(super) fn vantages(key: &At<Vote>, site: &SiteId, agents: usize, report: &mut Report<'_>) -> bool {
    let enough = agents == 0 || !too_few(key.value, agents);
    if !enough {
        let wanted = key.value.known_min;
        let there =
            if agents == 1 { say!("1 agent", "1 sonda") } else { say!("{agents} agents", "{agents} sonde") };
        let message = say!(
            "`vantages` wants {wanted} that know, but the site `{site}` has {there}: nothing would ever be known from there",
            "`vantages` ne vuole {wanted} che sanno, ma la sede `{site}` ha {there}: da lì non si saprebbe mai nulla"; there
        );
        report.problem(key.at, message);
    }
    enough
}

fn too_few(vote: Vote, witnesses: usize) -> bool {
    vote.known_min as usize > witnesses
}

fn counted(sites: usize) -> Text {
    if sites == 1 { say!("1 site", "1 sede") } else { say!("{sites} sites", "{sites} sedi") }
}

/// Weighted milliseconds of a year stay far below 2^63, also of ten thousand members.
const WEIGHT_MAX: u32 = 10_000;

/// The weight of a target or part; `None` where none is said, or after a problem.
pub(super) fn weight(key: Option<&At<u32>>, report: &mut Report<'_>) -> Option<u32> {
    let key = key?;
    if !(1..=WEIGHT_MAX).contains(&key.value) {
        let message = say!(
            "`weight` is {}; it must be from 1 to {WEIGHT_MAX}",
            "`weight` è {}; deve stare tra 1 e {WEIGHT_MAX}",
            key.value
        );
        report.problem(key.at, message);
    }
    Some(key.value)
}

/// A weight that nothing counts.
pub(super) fn idle_weight(at: Place, report: &mut Report<'_>) {
    let message = say!(
        "`weight` counts for nothing here: it counts among the targets of a mean (`figure: mean of`), and where `up_if` \
         says `at least 67% by weight`",
        "`weight` qui non conta: conta tra i bersagli di una media (`figure: mean of`), e dove `up_if` dice `at least \
         67% by weight`"
    );
    report.warning(at, message);
}
