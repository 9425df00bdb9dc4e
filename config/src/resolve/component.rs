//! The tree below a row: components, parts, and the checks of their targets.

use super::Context;
use super::members::{Members, grouped, quorum};
use super::timing::{Settings, timing};
use super::{ask, doubts, life, needs, recipients, rules, table};
use crate::text::{Text, say};
use crate::yaml::component::{Common, ComponentKeys, From, Target, TargetKeys, Targets};
use crate::yaml::nearest;
use crate::yaml::probe::ProbeKeys;
use crate::yaml::shape::{At, Named, Report};
use crate::{
    About, Approved, Check, CheckId, Component, Id, Life, Node, Part, Quorum, SiteId, TargetFacts, UserGroup,
};

/// A component's place in the tree, and what it takes from above.
pub(super) struct Branch<'a> {
    pub(super) context: &'a Context<'a>,
    pub(super) users: &'a [UserGroup],
    /// Names beside it, under the same parent.
    pub(super) siblings: &'a [&'a str],
    /// Service, component and, for a part, its name.
    pub(super) path: Vec<&'a Id>,
    /// The same with the names of before, where there were others.
    pub(super) old_path: Vec<&'a Id>,
    pub(super) settings: Settings,
}

impl Branch<'_> {
    /// The component that is here. `None` only after a problem has been reported.
    pub(super) fn component(
        &self,
        name: &At<Id>,
        keys: &ComponentKeys,
        report: &mut Report<'_>,
    ) -> Option<Component> {
        let node = match (&keys.common.parts, &keys.probe) {
            (Some(parts), Some(_)) => {
                let message = say!(
                    "both `probe` and `parts`; a component is one check or is made of parts",
                    "sia `probe` sia `parts`; un componente è un controllo oppure è fatto di parti"
                );
                report.problem(keys.common.probe.as_ref().map_or(parts.at, |probe| probe.at), message);
                return None;
            }
            (Some(parts), None) => self.parts(parts, &keys.common, report)?,
            (None, probe) => Node::Part(self.part(name, probe.as_ref(), keys, report)?),
        };
        let common = &keys.common;
        life::dates(common.since.as_ref(), common.until.as_ref(), report);
        if let Some(weight) = common.weight.as_ref().filter(|_| self.path.len() == 2) {
            rules::idle_weight(weight.at, report);
        }
        Some(Component {
            id: name.value.clone(),
            name: common.name.clone().unwrap_or_else(|| name.value.to_string()),
            publish: common.publish.unwrap_or(true),
            node,
            about: About {
                owner: common.owner.clone(),
                contact: common.contact.clone(),
                runbook: common.runbook.clone(),
                note: common.note.clone(),
                alert: recipients::alert(common.alert.as_ref(), self.context, report),
                severity: recipients::severity(common.severity.as_ref(), report),
                alert_after_ms: common.alert_after.as_ref().map(|after| after.value.0),
                list_approved: common
                    .list_approved
                    .as_ref()
                    .map(|approved| Approved { act: approved.act.clone(), on: approved.on }),
            },
            life: Life {
                since: common.since.as_ref().map(|day| day.value),
                until: common.until.as_ref().map(|day| day.value),
                measured_from: common.measured_from.as_ref().map(|day| day.value),
                was: life::was(&name.value, common.was.as_ref(), self.siblings, report),
            },
            needs: needs::needs(common.needs.as_ref(), self.path[0], self.context, report),
            weight: rules::weight(common.weight.as_ref(), report),
        })
    }

    fn parts(
        &self,
        parts: &At<Named<ComponentKeys>>,
        common: &Common,
        report: &mut Report<'_>,
    ) -> Option<Node> {
        if self.path.len() > 2 {
            let message = say!(
                "parts cannot have parts; make it a component of its own",
                "una parte non può avere parti; fanne un componente a sé"
            );
            report.problem(parts.at, message);
            return None;
        }
        let up_if = quorum(common, parts.at, Members::Parts(parts.value.count()), report);
        let own = [
            ("targets", common.targets.as_ref().map(|key| key.at)),
            ("group_by", common.group_by.as_ref().map(|key| key.at)),
            ("hold", common.hold.as_ref().map(|key| key.at)),
            ("warn", common.warn.as_ref().map(|key| key.at)),
            ("crit", common.crit.as_ref().map(|key| key.at)),
        ];
        for (key, at) in own {
            if let Some(at) = at {
                let message = say!(
                    "`{key}` belongs to one of the parts: parts are unlike",
                    "`{key}` va in una delle parti: le parti sono diverse tra loro"
                );
                report.problem(at, message);
            }
        }
        let mut components = Vec::new();
        let siblings = parts.value.names();
        life::once(parts.value.sound().map(|(name, part)| (name, part.common.was.as_ref())), report);
        for (name, part) in parts.value.sound() {
            let (mut path, mut old_path) = (self.path.clone(), self.old_path.clone());
            path.push(&name.value);
            old_path.push(part.common.was.as_ref().map_or(&name.value, |was| &was.value));
            let settings = self.settings.under(&part.common);
            let (context, users) = (self.context, self.users);
            let place = Branch { context, users, siblings: &siblings, path, old_path, settings };
            let component = report.within(name.value.as_str(), |report| place.component(name, part, report));
            components.extend(component);
        }
        let up_if = up_if?;
        let mut weights = parts.value.sound().filter_map(|(_, part)| part.common.weight.as_ref());
        if let Some(first) = weights.next().filter(|_| !up_if.is_by_weight()) {
            rules::idle_weight(first.at, report);
        }
        Some(match up_if {
            Quorum::All => Node::All(components),
            up_if => Node::Some { up_if, parts: components },
        })
    }

    /// The like targets of one probe; no check at all, and a warning, without a probe.
    fn part(
        &self,
        name: &At<Id>,
        probe: Option<&ProbeKeys>,
        keys: &ComponentKeys,
        report: &mut Report<'_>,
    ) -> Option<Part> {
        let common = &keys.common;
        let (probe, targets) = match (probe, &common.targets) {
            (Some(probe), Some(targets)) => (probe, targets),
            (Some(_), None) => {
                report.missing(keys.at, "targets");
                return None;
            }
            (None, Some(targets)) => {
                let message = say!(
                    "targets without a `probe`: say how they are watched",
                    "bersagli senza `probe`: di' come si osservano"
                );
                report.problem(targets.at, message);
                return None;
            }
            (None, None) => {
                let message = say!(
                    "the component `{}` has no check: it will be unknown",
                    "il componente `{}` non ha controlli: risulterà non osservato",
                    name.value
                );
                report.warning(name.at, message);
                return Some(Part { up_if: Quorum::All, checks: Vec::new(), group_by: None });
            }
        };
        let file;
        let named = match &targets.value {
            Targets::Here(named) => named,
            Targets::File(name) => {
                file = table::targets(name, self.context.folder, report)?;
                &file
            }
        };
        let up_if = quorum(common, targets.at, Members::Targets(named.count()), report);
        let from = self.from(name, report);
        let judged = self.settings.otherwise.judged(report);
        if let Some(from) = &from {
            let voters = (&self.settings.votes, self.context.sites);
            self.settings.otherwise.witnesses(&name.value, from, voters, report);
        }
        let timing = timing(&self.settings, probe, common, keys.at, report);
        let mut asked = ask::asked(probe, self.context.folder, report);
        if let Some(asked) = &mut asked {
            asked.among(named.sound().map(|(_, Target(keys))| &keys.address));
        }
        let group_by = grouped(common, named, report);
        // Many jobs are due at the same time, and each is its own.
        if !matches!(probe, ProbeKeys::Heartbeat(_)) {
            doubts::repeated(named, report);
        }
        doubts::renamed(name, common.was.as_ref(), named, report);
        let siblings = named.names();
        life::once(named.sound().map(|(name, target)| (name, target.0.was.as_ref())), report);
        let mut checks = Vec::new();
        for (target, Target(keys)) in named.sound() {
            if report.is_full() {
                break;
            }
            let mut facts = TargetFacts::default();
            let resolved = report.within(target.value.as_str(), |report| {
                let id = self.check_id(target, report);
                facts = self.facts(target, keys, &siblings, report);
                // The address is judged even when the parameters are not right.
                let probe = asked
                    .as_ref()
                    .and_then(|asked| asked.of(&keys.address, keys.switch_port.as_ref(), report));
                (id, probe.map(|probe| ask::named(probe, &target.value)))
            });
            let ((Some(id), Some(probe)), Some(from), Some(timing)) = (resolved, &from, timing) else {
                continue;
            };
            let measures_path =
                common.measures_path.unwrap_or_else(|| asked.as_ref().is_some_and(ask::Asked::measures_path));
            checks.push(Check {
                id,
                target: target.value.clone(),
                from: from.clone(),
                timing,
                measures_path,
                probe,
                facts,
                judged,
            });
        }
        ask::heard(name, &checks, self.context.sites, report);
        if !ask::acquaint(&mut checks) {
            let message = say!(
                "the component `{}` asks one NTP server and names no `peers`: when its time and an agent's differ, \
                 nothing tells which of the two is wrong",
                "il componente `{}` interroga un solo server NTP e non nomina `peers`: se la sua ora e quella di una \
                 sonda divergono, nulla dice quale delle due sia sbagliata",
                name.value
            );
            report.warning(name.at, message);
        }
        Some(Part { up_if: up_if?, checks, group_by })
    }

    /// What is said of a target beside its address.
    fn facts(
        &self,
        target: &At<Id>,
        keys: &TargetKeys,
        siblings: &[&str],
        report: &mut Report<'_>,
    ) -> TargetFacts {
        life::dates(keys.since.as_ref(), keys.until.as_ref(), report);
        let was = life::was(&target.value, keys.was.as_ref(), siblings, report);
        let ids = |path: &[&Id], last: &Id| CheckId::of(path.iter().copied().chain([last]));
        let old = ids(&self.old_path, was.as_ref().unwrap_or(&target.value));
        TargetFacts {
            area: keys.area.clone(),
            behind: keys.behind.as_ref().map(|behind| behind.value.clone()),
            weight: rules::weight(keys.weight.as_ref(), report),
            since: keys.since.as_ref().map(|day| day.value),
            until: keys.until.as_ref().map(|day| day.value),
            was: (old != ids(&self.path, &target.value)).then_some(old),
            note: keys.note.clone(),
        }
    }

    fn check_id(&self, target: &At<Id>, report: &mut Report<'_>) -> Option<CheckId> {
        let id = CheckId::of(self.path.iter().copied().chain([&target.value]));
        if id.as_str().len() > 256 {
            let message = say!(
                "the names of service, component, part and target are over 256 letters together",
                "i nomi di servizio, componente, parte e bersaglio superano insieme le 256 lettere"
            );
            report.problem(target.at, message);
            return None;
        }
        Some(id)
    }

    /// The sites of `from`, in the order of `sites:`.
    fn from(&self, name: &At<Id>, report: &mut Report<'_>) -> Option<Vec<SiteId>> {
        let sites = self.context.sites;
        let from: Vec<SiteId> = match &self.settings.from {
            From::Users => {
                let here = |users: &[UserGroup]| {
                    self.users.is_empty() || users.iter().any(|group| self.users.contains(group))
                };
                sites.iter().filter(|site| here(&site.users)).map(|site| site.id.clone()).collect()
            }
            From::Sites(named) => {
                let mut sound = true;
                for site in named {
                    sound &= self.is_site(site, report);
                }
                if !sound {
                    return None;
                }
                let named = |id: &SiteId| named.iter().any(|site| site.value == *id);
                sites.iter().filter(|site| named(&site.id)).map(|site| site.id.clone()).collect()
            }
        };
        // A site with a defect of its own has been reported; nobody is accused of it a second time.
        if from.is_empty() && sites.len() == self.context.site_names.len() {
            let why = self.why_none();
            let message = say!(
                "the component `{}` is seen from no site: {why}",
                "il componente `{}` non è visto da nessuna sede: {why}",
                name.value; why
            );
            report.problem(name.at, message);
            return None;
        }
        Some(from)
    }

    fn why_none(&self) -> Text {
        match &self.settings.from {
            From::Sites(_) => say!("`from` is empty", "`from` è vuoto"),
            From::Users if self.context.sites.is_empty() => {
                say!("`sites` names none", "`sites` non ne nomina nessuna")
            }
            From::Users => {
                let groups: Vec<&str> = self.users.iter().map(Id::as_str).collect();
                let groups = groups.join(", ");
                say!(
                    "no site has the users {groups}; give one of `sites` these users, or write `from`",
                    "nessuna sede ha gli utenti {groups}; dalli a una di `sites`, o scrivi `from`"
                )
            }
        }
    }

    fn is_site(&self, site: &At<SiteId>, report: &mut Report<'_>) -> bool {
        let word = site.value.as_str();
        if self.context.site_names.contains(&word) {
            return true;
        }
        let home = self.context.sites.iter().find(|home| home.agents.contains(&site.value));
        let message = match home {
            Some(home) => say!(
                "`{word}` is an agent; `from` names sites: `{}`",
                "`{word}` è una sonda; `from` nomina sedi: `{}`",
                home.id
            ),
            None => nearest::unknown_value(say!("site", "la sede"), word, &self.context.site_names),
        };
        report.problem(site.at, message);
        false
    }
}
