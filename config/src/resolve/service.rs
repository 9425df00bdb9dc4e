//! Rows: for whom, and what is promised.

use super::commitment::commitments;
use super::component::Branch;
use super::sites::values;
use super::{Context, burn, life, recipients};
use crate::text::say;
use crate::yaml::nearest;
use crate::yaml::service::ServiceKeys;
use crate::yaml::shape::{At, Named, Report};
use crate::{About, FigureRule, Id, Service};

/// Every service without a defect, in the file's order.
pub(super) fn services(
    keys: &Named<ServiceKeys>,
    context: &Context<'_>,
    report: &mut Report<'_>,
) -> Vec<Service> {
    let mut rows: Vec<(u32, &Id)> = Vec::new();
    let mut services = Vec::new();
    life::once(keys.sound().map(|(name, service)| (name, service.was.as_ref())), report);
    for (name, service) in keys.sound() {
        if report.is_full() {
            break;
        }
        report.within(name.value.as_str(), |report| {
            if let Some(row) = &service.row {
                match rows.iter().find(|(number, _)| *number == row.value) {
                    Some((number, other)) => {
                        let message = say!(
                            "row {number} is already the service `{other}`",
                            "la riga {number} è già il servizio `{other}`"
                        );
                        report.problem(row.at, message);
                    }
                    None => rows.push((row.value, &name.value)),
                }
            }
            services.push(one(name, service, context, report));
        });
    }
    services
}

fn one(name: &At<Id>, keys: &ServiceKeys, context: &Context<'_>, report: &mut Report<'_>) -> Service {
    // A row without components is seen from nowhere, whoever its users are.
    if keys.components.is_some() {
        groups(keys, context, report);
    }
    let users = values(keys.users.as_ref());
    let was = life::was(&name.value, keys.was.as_ref(), &context.services.names(), report);
    let siblings = keys.components.as_ref().map_or_else(Vec::new, Named::names);
    life::once(
        keys.components.iter().flat_map(Named::sound).map(|(name, part)| (name, part.common.was.as_ref())),
        report,
    );
    let mut components = Vec::new();
    for (component_name, component) in keys.components.iter().flat_map(Named::sound) {
        let place = Branch {
            context,
            users: &users,
            siblings: &siblings,
            path: vec![&name.value, &component_name.value],
            old_path: vec![
                was.as_ref().unwrap_or(&name.value),
                component.common.was.as_ref().map_or(&component_name.value, |was| &was.value),
            ],
            settings: context.defaults.under(&component.common),
        };
        let component = report.within(component_name.value.as_str(), |report| {
            place.component(component_name, component, report)
        });
        components.extend(component);
    }
    Service {
        id: name.value.clone(),
        row: keys.row.as_ref().map(|row| row.value),
        name: keys.name.clone().unwrap_or_else(|| name.value.to_string()),
        users,
        commitments: commitments(keys.commitments.as_deref().unwrap_or_default(), context, report),
        burn: burn::burn(keys.commitments.as_deref().unwrap_or_default(), report),
        components,
        figure: figure(keys, report),
        about: About {
            owner: keys.owner.clone(),
            contact: keys.contact.clone(),
            runbook: keys.runbook.clone(),
            note: keys.note.clone(),
            alert: recipients::alert(keys.alert.as_ref(), context, report),
            severity: recipients::severity(keys.severity.as_ref(), report),
            alert_after_ms: keys.alert_after.as_ref().map(|after| after.value.0),
            list_approved: None,
        },
        was: was.clone(),
    }
}

/// A group of users that no site has: a slip if it is nearly a known one, else a blind spot.
fn groups(keys: &ServiceKeys, context: &Context<'_>, report: &mut Report<'_>) {
    let known: Vec<&str> = context.sites.iter().flat_map(|site| &site.users).map(Id::as_str).collect();
    for group in keys.users.iter().flatten() {
        let word = group.value.as_str();
        if known.contains(&word) {
            continue;
        }
        if let Some(meant) = nearest::nearest(word, &known) {
            let message = say!(
                "no site has the users `{word}`, did you mean `{meant}`?",
                "nessuna sede ha gli utenti `{word}`, forse `{meant}`?"
            );
            report.problem(group.at, message);
        } else {
            let message = say!(
                "no site has the users `{word}`: nothing is seen from where they are",
                "nessuna sede ha gli utenti `{word}`: da dove stanno loro non si vede nulla"
            );
            report.warning(group.at, message);
        }
    }
}

/// `mean of COMPONENT`.
fn figure(keys: &ServiceKeys, report: &mut Report<'_>) -> FigureRule {
    let Some(key) = &keys.figure else { return FigureRule::AllUp };
    let Some(word) = key.value.strip_prefix("mean of ").map(str::trim) else {
        let message = say!(
            "`figure` is `mean of` and a component, such as `mean of ap`; without it, all components must be up",
            "`figure` è `mean of` (media di) e un componente, come `mean of ap`; senza, tutti i componenti devono essere attivi"
        );
        report.problem(key.at, message);
        return FigureRule::AllUp;
    };
    let known = keys.components.as_ref().map_or_else(Vec::new, Named::names);
    let component = keys.components.iter().flat_map(|components| &components.entries);
    let component = component.into_iter().find(|(name, _)| name.value.as_str() == word);
    let message = match component {
        None => nearest::unknown_value(say!("component", "il componente"), word, &known),
        Some((_, Some(component))) if component.common.parts.is_some() => say!(
            "`{word}` is made of unlike parts, of which there is no mean",
            "`{word}` è fatto di parti diverse tra loro, di cui non si fa la media"
        ),
        Some((name, _)) => return FigureRule::MeanOf(name.value.clone()),
    };
    report.problem(key.at, message);
    FigureRule::AllUp
}
