//! What a charter says that no figure of this version follows: a warning at its line, with what is computed
//! instead, so that nobody believes in a rule that is only written down.

use crate::problem::Place;
use crate::text::{Text, say};
use crate::yaml::component::{ComponentKeys, Target, Targets};
use crate::yaml::file::FileKeys;
use crate::yaml::service::ServiceKeys;
use crate::yaml::shape::{At, Named, Report};
use crate::{Check, Component, FigureRule, Node, Part, Service};

use super::rules::idle_weight;

/// Every setting without effect, each once.
pub(super) fn warn(keys: &FileKeys, services: &[Service], report: &mut Report<'_>) {
    report.within("services", |report| {
        for (name, service_keys) in keys.services.sound() {
            let Some(service) = services.iter().find(|service| service.id == name.value) else { continue };
            report.within(name.value.as_str(), |report| row(service_keys, service, report));
        }
    });
}

fn only(at: Place, key: &str, instead: &Text, report: &mut Report<'_>) {
    let message =
        say!("{instead}; `{key}` is only recorded", "{instead}; `{key}` è solo registrato"; instead);
    report.warning(at, message);
}

fn row(keys: &ServiceKeys, service: &Service, report: &mut Report<'_>) {
    for (name, keys) in keys.components.iter().flat_map(Named::sound) {
        let Some(component) = service.components.iter().find(|component| component.id == name.value) else {
            continue;
        };
        report.within(name.value.as_str(), |report| {
            let is_mean = matches!(&service.figure, FigureRule::MeanOf(id) if *id == component.id);
            if !is_mean {
                needs(keys, report);
            }
            leaf(keys, component, is_mean, report);
            for (name, keys) in keys.common.parts.iter().flat_map(|parts| parts.value.sound()) {
                let part = component.node.parts().iter().find(|part| part.id == name.value);
                if let Some(part) = part {
                    report.within(name.value.as_str(), |report| {
                        needs(keys, report);
                        leaf(keys, part, false, report);
                    });
                }
            }
        });
    }
}

/// Of a component that no mean is of. What its own service has must all be up anyway.
fn needs(keys: &ComponentKeys, report: &mut Report<'_>) {
    if let Some(need) = keys.common.needs.iter().flatten().next() {
        let instead = say!(
            "in this version only the targets of a mean count with what they need (`figure: mean of`)",
            "in questa versione solo i bersagli di una media contano con ciò di cui hanno bisogno (`figure: mean of`)"
        );
        only(need.at, "needs", &instead, report);
    }
}

/// A component or part that has targets; `is_mean`: its service's figure is the mean over them.
fn leaf(keys: &ComponentKeys, component: &Component, is_mean: bool, report: &mut Report<'_>) {
    let Node::Part(part) = &component.node else { return };
    let common = &keys.common;
    if let Some(key) = common.group_by.as_ref().filter(|_| !is_mean) {
        let instead = say!(
            "areas are told apart in a mean only (`figure: mean of`)",
            "le aree si distinguono solo in una media (`figure: mean of`)"
        );
        only(key.at, "group_by", &instead, report);
    }
    let Some(targets) = &common.targets else { return };
    let counts_weights = is_mean || part.up_if.is_by_weight();
    let weight = first(targets, part, |keys| Some(keys.0.weight.as_ref()?.at), |c| c.facts.weight.is_some());
    if let Some(at) = weight.filter(|_| !counts_weights) {
        idle_weight(at, report);
    }
    let behind = first(targets, part, |keys| Some(keys.0.behind.as_ref()?.at), |c| c.facts.behind.is_some());
    if let Some(at) = behind {
        let instead = say!(
            "in this version a target is judged by its own check alone",
            "in questa versione un bersaglio si giudica solo dal suo controllo"
        );
        only(at, "behind", &instead, report);
    }
}

/// Where the first target says something; at the table's name where targets are rows of one, which are gone by now.
fn first(
    targets: &At<Targets>,
    part: &Part,
    said: fn(&Target) -> Option<Place>,
    has: fn(&Check) -> bool,
) -> Option<Place> {
    match &targets.value {
        Targets::Here(named) => named.sound().find_map(|(_, target)| said(target)),
        Targets::File(_) => part.checks.iter().any(has).then_some(targets.at),
    }
}
