//! Rows: for whom, and what is promised.

use super::Context;
use super::component::Branch;
use super::sites::values;
use crate::yaml::nearest;
use crate::yaml::service::{CommitmentKeys, ServiceKeys};
use crate::yaml::shape::{At, Named, Report};
use crate::{Availability, Commitment, Fraction, Id, Service, SiteId};

/// Every service without a defect, in the file's order.
pub(super) fn services(
    keys: &Named<ServiceKeys>,
    context: &Context<'_>,
    report: &mut Report<'_>,
) -> Vec<Service> {
    let mut rows: Vec<(u32, &Id)> = Vec::new();
    let mut services = Vec::new();
    for (name, service) in keys.sound() {
        report.within(name.value.as_str(), |report| {
            if let Some(row) = &service.row {
                match rows.iter().find(|(number, _)| *number == row.value) {
                    Some((number, other)) => {
                        report.problem(row.at, format!("row {number} is already the service `{other}`"));
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
    groups(keys, context, report);
    let users = values(keys.users.as_ref());
    let mut components = Vec::new();
    for (component_name, component) in keys.components.iter().flat_map(Named::sound) {
        let place = Branch {
            context,
            users: &users,
            path: vec![&name.value, &component_name.value],
            settings: context.defaults.under(&component.common),
        };
        let component = report.within(component_name.value.as_str(), |report| {
            place.component(component_name, component, report)
        });
        components.extend(component);
    }
    let service = Service {
        id: name.value.clone(),
        row: keys.row.as_ref().map(|row| row.value),
        name: keys.name.clone().unwrap_or_else(|| name.value.to_string()),
        users,
        commitments: commitments(keys.commitments.as_deref().unwrap_or_default(), report),
        components,
    };
    warn(name, &service, report);
    service
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
            report.problem(group.at, format!("no site has the users `{word}`, did you mean `{meant}`?"));
        } else {
            report.warning(
                group.at,
                format!("no site has the users `{word}`: nothing is seen from where they are"),
            );
        }
    }
}

fn commitments(keys: &[CommitmentKeys], report: &mut Report<'_>) -> Vec<Commitment> {
    let mut commitments = Vec::new();
    for key in keys {
        if !commitments.is_empty() {
            report.problem(key.at, "a second commitment of kind `availability`; a service has one");
        }
        if let Some(hours) = key.availability.hours.as_ref().filter(|hours| hours.value != "24x7") {
            report.problem(
                hours.at,
                format!("`hours: {}` is not available in this version; only `24x7` is", hours.value),
            );
        }
        commitments.extend(availability(key, report).map(Commitment::Availability));
    }
    commitments
}

fn availability(key: &CommitmentKeys, report: &mut Report<'_>) -> Option<Availability> {
    match (&key.availability.above, &key.availability.at_least) {
        (Some(above), None) if above.value == (Fraction { p: 1, q: 1 }) => {
            report.problem(above.at, "nothing is above 100%; write `at_least: 100%`");
            None
        }
        (Some(above), None) => Some(Availability { target: above.value, strict: true }),
        (None, Some(at_least)) => Some(Availability { target: at_least.value, strict: false }),
        (Some(above), Some(at_least)) => {
            report.problem(
                above.at.max(at_least.at),
                "both `above` and `at_least`; the promise is one of them",
            );
            None
        }
        (None, None) => {
            report.problem(key.at, "the share of the year is missing: `above: 98%` or `at_least: 98%`");
            None
        }
    }
}

/// What the figure of the row will not prove.
fn warn(name: &At<Id>, service: &Service, report: &mut Report<'_>) {
    if service.components.is_empty() {
        report.warning(name.at, format!("the service `{}` has no component: it will be unknown", name.value));
        return;
    }
    let mut sites: Vec<&SiteId> = service.checks().flat_map(|check| &check.from).collect();
    sites.sort();
    sites.dedup();
    if let [only] = sites.as_slice() {
        let message = format!("the service `{}` is seen from one site only, `{only}`", name.value);
        report.warning(name.at, message);
    }
}
