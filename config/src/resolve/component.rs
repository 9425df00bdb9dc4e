//! The tree below a row: components, parts, and the checks of their targets.

use super::Context;
use super::timing::{Settings, timing};
use super::{ask, table};
use crate::problem::Place;
use crate::text::say;
use crate::yaml::component::{Common, ComponentKeys, From, Targets};
use crate::yaml::nearest;
use crate::yaml::probe::ProbeKeys;
use crate::yaml::shape::{At, Named, Report};
use crate::{Check, CheckId, Component, Id, Node, Part, Quorum, SiteId, UserGroup};

/// A component's place in the tree, and what it takes from above.
pub(super) struct Branch<'a> {
    pub(super) context: &'a Context<'a>,
    pub(super) users: &'a [UserGroup],
    /// Service, component and, for a part, its name.
    pub(super) path: Vec<&'a Id>,
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
                let message = "both `probe` and `parts`; a component is one check or is made of parts";
                report.problem(keys.common.probe.as_ref().map_or(parts.at, |probe| probe.at), message);
                return None;
            }
            (Some(parts), None) => Node::All(self.parts(parts, &keys.common, report)?),
            (None, probe) => Node::Part(self.part(name, probe.as_ref(), keys, report)?),
        };
        Some(Component {
            id: name.value.clone(),
            name: keys.common.name.clone().unwrap_or_else(|| name.value.to_string()),
            publish: keys.common.publish.unwrap_or(true),
            node,
        })
    }

    fn parts(
        &self,
        parts: &At<Named<ComponentKeys>>,
        common: &Common,
        report: &mut Report<'_>,
    ) -> Option<Vec<Component>> {
        if self.path.len() > 2 {
            report.problem(parts.at, "parts cannot have parts; make it a component of its own");
            return None;
        }
        if parts.value.count() == 0 {
            report.problem(parts.at, "`parts` names nothing");
        }
        let own = [
            ("targets", common.targets.as_ref().map(|key| key.at)),
            ("up_if", common.up_if.as_ref().map(|key| key.at)),
            ("hold", common.hold.as_ref().map(|key| key.at)),
            ("warn", common.warn.as_ref().map(|key| key.at)),
            ("crit", common.crit.as_ref().map(|key| key.at)),
        ];
        for (key, at) in own {
            if let Some(at) = at {
                report.problem(
                    at,
                    format!("`{key}` belongs to one of the parts: parts are unlike, all must be up"),
                );
            }
        }
        let mut components = Vec::new();
        for (name, part) in parts.value.sound() {
            let mut path = self.path.clone();
            path.push(&name.value);
            let settings = self.settings.under(&part.common);
            let place = Branch { context: self.context, users: self.users, path, settings };
            let component = report.within(name.value.as_str(), |report| place.component(name, part, report));
            components.extend(component);
        }
        Some(components)
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
                report.problem(targets.at, "targets without a `probe`: say how they are watched");
                return None;
            }
            (None, None) => {
                let message = format!("the component `{}` has no check: it will be unknown", name.value);
                report.warning(name.at, message);
                return Some(Part { up_if: Quorum::All, checks: Vec::new() });
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
        let up_if = quorum(common, targets.at, named.count(), report);
        let from = self.from(name, report);
        let timing = timing(&self.settings, common, keys.at, report);
        let asked = ask::asked(probe, self.context.folder, report);
        let mut checks = Vec::new();
        for (target, address) in named.sound() {
            let resolved = report.within(target.value.as_str(), |report| {
                let id = self.check_id(target, report);
                // The address is judged even when the parameters are not right.
                (id, asked.as_ref().and_then(|asked| asked.of(address, report)))
            });
            let ((Some(id), Some(probe)), Some(from), Some(timing)) = (resolved, &from, timing) else {
                continue;
            };
            let measures_path = common.measures_path.unwrap_or(false);
            checks.push(Check {
                id,
                target: target.value.clone(),
                from: from.clone(),
                timing,
                measures_path,
                probe,
            });
        }
        Some(Part { up_if: up_if?, checks })
    }

    fn check_id(&self, target: &At<Id>, report: &mut Report<'_>) -> Option<CheckId> {
        let id = CheckId::of(self.path.iter().copied().chain([&target.value]));
        if id.as_str().len() > 256 {
            report.problem(
                target.at,
                "the names of service, component, part and target are over 256 letters together",
            );
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
            let message = format!("the component `{}` is seen from no site: {}", name.value, self.why_none());
            report.problem(name.at, message);
            return None;
        }
        Some(from)
    }

    fn why_none(&self) -> String {
        match &self.settings.from {
            From::Sites(_) => "`from` is empty".to_owned(),
            From::Users if self.context.sites.is_empty() => "`sites` names none".to_owned(),
            From::Users => {
                let groups: Vec<&str> = self.users.iter().map(Id::as_str).collect();
                format!(
                    "no site has the users {}; give one of `sites` these users, or write `from`",
                    groups.join(", ")
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
            None => nearest::unknown_value(say!("site", "una sede"), word, &self.context.site_names),
        };
        report.problem(site.at, message);
        false
    }
}

/// `up_if`, when as many targets as it needs are there.
fn quorum(common: &Common, targets_at: Place, members: usize, report: &mut Report<'_>) -> Option<Quorum> {
    if members == 0 {
        report.problem(targets_at, "`targets` names nothing");
        return None;
    }
    let Some(up_if) = &common.up_if else { return Some(Quorum::All) };
    let message = match (up_if.value.quorum, up_if.value.of) {
        (Quorum::AtLeast(n), Some(of)) if of != members => {
            format!("`{n} of {of}`, but there are {}", count(members))
        }
        (Quorum::AtLeast(n), _) if n as usize > members => {
            format!("`up_if` asks for {n}, but there are only {}", count(members))
        }
        (Quorum::AllBut(n), _) if n as usize >= members => {
            format!("`all but {n}` of {} would be up with none; write `any`", count(members))
        }
        (Quorum::AtLeastShare(share), _) if share.p == 0 => {
            "`at least 0%` would be up with none; write `any`".to_owned()
        }
        (quorum, _) => return Some(quorum),
    };
    report.problem(up_if.at, message);
    None
}

fn count(members: usize) -> String {
    if members == 1 { "1 target".to_owned() } else { format!("{members} targets") }
}
