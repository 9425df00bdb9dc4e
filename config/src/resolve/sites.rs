//! Sites, and what is odd about them.

use super::rules;
use crate::text::say;
use crate::yaml::charter::SiteKeys;
use crate::yaml::shape::{At, Named, Report};
use crate::{Id, Service, Site, SiteFacts};

/// Every site without a defect, in the file's order.
pub(super) fn sites(keys: &Named<SiteKeys>, report: &mut Report<'_>) -> Vec<Site> {
    let mut agents: Vec<(Id, Id)> = Vec::new();
    let mut sites = Vec::new();
    for (name, site) in keys.sound() {
        let site = report.within(name.value.as_str(), |report| {
            for agent in site.agents.iter().flatten() {
                match agents.iter().find(|(known, _)| *known == agent.value) {
                    Some((_, elsewhere)) if *elsewhere == name.value => {
                        let message = say!(
                            "the agent `{}` is named twice",
                            "la sonda `{}` è nominata due volte",
                            agent.value
                        );
                        report.problem(agent.at, message);
                    }
                    Some((_, elsewhere)) => {
                        let message = say!(
                            "the agent `{}` is already at the site `{elsewhere}`; an agent is in one place, give \
                             the second one a name of its own",
                            "la sonda `{}` è già nella sede `{elsewhere}`; una sonda sta in un solo posto, dai alla \
                             seconda un nome suo",
                            agent.value
                        );
                        report.problem(agent.at, message);
                    }
                    None => agents.push((agent.value.clone(), name.value.clone())),
                }
            }
            if site.agents.as_ref().is_none_or(Vec::is_empty) {
                let message = say!(
                    "the site `{}` has no agent: nothing is seen from there",
                    "la sede `{}` non ha sonde: da lì non si vede nulla",
                    name.value
                );
                report.warning(name.at, message);
            }
            if let Some(key) = &site.vantages {
                let agents = site.agents.as_ref().map_or(0, Vec::len);
                rules::vantages(key, &name.value, agents, report);
            }
            Site {
                id: name.value.clone(),
                agents: values(site.agents.as_ref()),
                users: values(site.users.as_ref()),
                facts: SiteFacts {
                    name: site.name.clone(),
                    power: site.power.clone(),
                    line: site.line.clone(),
                    vantages: site.vantages.as_ref().map(|key| key.value),
                    note: site.note.clone(),
                },
            }
        });
        sites.push(site);
    }
    sites
}

/// Warns of each site with agents that no check asks for anything.
pub(super) fn warn_idle(keys: &Named<SiteKeys>, services: &[Service], report: &mut Report<'_>) {
    for (name, site) in keys.sound() {
        let asked = |check: &crate::Check| check.from.contains(&name.value);
        let has_agents = site.agents.as_ref().is_some_and(|agents| !agents.is_empty());
        if has_agents && !services.iter().flat_map(Service::checks).any(asked) {
            let message = say!(
                "no check runs from the site `{}`: its agents have nothing to do",
                "nessun controllo parte dalla sede `{}`: le sue sonde non hanno nulla da fare",
                name.value
            );
            report.warning(name.at, message);
        }
    }
}

/// The values of a list, each once.
pub(super) fn values(list: Option<&Vec<At<Id>>>) -> Vec<Id> {
    let mut values: Vec<Id> = Vec::new();
    for item in list.into_iter().flatten() {
        if !values.contains(&item.value) {
            values.push(item.value.clone());
        }
    }
    values
}
