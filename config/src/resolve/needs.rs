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
    for (name, service) in keys.sound() {
        for (component, component_keys) in service.components.iter().flat_map(Named::sound) {
            let own = format!("{}.{}", name.value, component.value);
            for need in component_keys.common.needs.iter().flatten() {
                if reaches(&graph, full(&name.value, &need.value), &own) {
                    let message = say!(
                        "`{own}` and `{}` need each other: neither would ever be up",
                        "`{own}` e `{}` hanno bisogno l'uno dell'altro: nessuno dei due sarebbe mai attivo",
                        need.value
                    );
                    report.problem(need.at, message);
                    return;
                }
            }
        }
    }
}

fn reaches(graph: &BTreeMap<String, Vec<String>>, from: String, to: &str) -> bool {
    let (mut seen, mut open) = (BTreeSet::new(), vec![from]);
    while let Some(next) = open.pop() {
        if next == to {
            return true;
        }
        open.extend(graph.get(&next).into_iter().flatten().filter(|need| !seen.contains(*need)).cloned());
        seen.insert(next);
    }
    false
}
