//! `needs:`: components without which another is of no use, such as the uplink of access points.

use std::collections::{BTreeMap, BTreeSet};

use super::Context;
use crate::text::say;
use crate::yaml::nearest;
use crate::yaml::service::ServiceKeys;
use crate::yaml::shape::{At, Named, Report};
use crate::{Id, Service};

/// The words of `needs`, each the name of a component of `service` or `service.component` of another.
pub(super) fn needs(
    keys: Option<&Vec<At<String>>>,
    service: &Id,
    context: &Context<'_>,
    report: &mut Report<'_>,
) -> Vec<String> {
    let mut needs = Vec::new();
    for key in keys.into_iter().flatten() {
        let (of, component) = key.value.split_once('.').unwrap_or((service.as_str(), &key.value));
        let home = context.services.entries.iter().find(|(name, _)| name.value.as_str() == of);
        let message = match home {
            None => nearest::unknown_value(say!("service", "il servizio"), of, &context.services.names()),
            // A service with a defect has been reported; what it has is not known.
            Some((_, None)) => continue,
            Some((_, Some(home))) => {
                let known = home.components.as_ref().map_or_else(Vec::new, Named::names);
                if known.contains(&component) {
                    needs.push(key.value.clone());
                    continue;
                }
                nearest::unknown_value(say!("component", "il componente"), component, &known)
            }
        };
        report.problem(key.at, message);
    }
    needs
}

/// Refuses components that need each other in a circle: neither would ever be up.
pub(super) fn circles(keys: &Named<ServiceKeys>, services: &[Service], report: &mut Report<'_>) {
    let full = |service: &Id, word: &str| {
        if word.contains('.') { word.to_owned() } else { format!("{service}.{word}") }
    };
    let mut graph: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for service in services {
        for component in &service.components {
            let needs = component.needs.iter().map(|need| full(&service.id, need)).collect();
            graph.insert(format!("{}.{}", service.id, component.id), needs);
        }
    }
    let Some((own, need)) = edge_of_a_circle(&graph) else { return };
    for (name, service) in keys.sound() {
        for (component, component_keys) in service.components.iter().flat_map(Named::sound) {
            if format!("{}.{}", name.value, component.value) != own {
                continue;
            }
            let mut written = component_keys.common.needs.iter().flatten();
            let Some(written) = written.find(|written| full(&name.value, &written.value) == need) else {
                continue;
            };
            let message = say!(
                "`{own}` and `{need}` need each other: neither would ever be up",
                "`{own}` e `{need}` hanno bisogno l'uno dell'altro: nessuno dei due sarebbe mai attivo"
            );
            report.problem(written.at, message);
            return;
        }
    }
}

/// A component and one of its needs that leads back to it, if there are such.
fn edge_of_a_circle(graph: &BTreeMap<String, Vec<String>>) -> Option<(String, String)> {
    // What needs nothing, or only what is founded, is founded; each round looks once at every need of the rest.
    let mut waiting: BTreeMap<&str, usize> = BTreeMap::new();
    let mut needed_by: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (own, needs) in graph {
        let known = needs.iter().filter(|need| graph.contains_key(*need));
        waiting.insert(own, known.clone().count());
        known.for_each(|need| needed_by.entry(need).or_default().push(own));
    }
    let mut founded: Vec<&str> =
        waiting.iter().filter(|(_, left)| **left == 0).map(|(own, _)| *own).collect();
    while let Some(next) = founded.pop() {
        for own in needed_by.get(next).into_iter().flatten() {
            let left = waiting.entry(own).or_default();
            *left = left.saturating_sub(1);
            if *left == 0 {
                founded.push(own);
            }
        }
    }
    // Each of the rest needs one of the rest: following them must come round.
    let is_left = |own: &str| waiting.get(own).is_some_and(|left| *left > 0);
    let next = |own: &str| graph.get(own)?.iter().find(|need| is_left(need.as_str()));
    let mut own = graph.keys().find(|own| is_left(own.as_str()))?;
    let mut seen = BTreeSet::new();
    while seen.insert(own) {
        own = next(own)?;
    }
    Some((own.clone(), next(own)?.clone()))
}
