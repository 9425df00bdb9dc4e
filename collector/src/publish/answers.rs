//! From a [`Moment`](super::Moment) to the read API's answers: copying and naming, no arithmetic on
//! availability.

mod year;
mod sealed;
mod work;
mod now;
mod alerts;
mod mails;
mod certificates;
mod promise;
mod promised;
mod account;
mod figure;

use std::collections::BTreeMap;

use collector_derive as derive;
use config::{CheckId, Component, Node, Service};

pub(crate) use self::now::OLD_AFTER_MS;
pub(crate) use alerts::{cause, open as incident, severity};
pub(crate) use sealed::changes;

/// A check figure by its id: figures list them flat.
type Checks<'a> = BTreeMap<&'a CheckId, &'a derive::CheckFigure>;

fn by_id(figures: &derive::YearFigures) -> Checks<'_> {
    figures.checks.iter().map(|check| (&check.id, check)).collect()
}

fn find<'a>(components: &'a [Component], path: &str) -> Option<&'a Component> {
    let (name, rest) = path.split_once('.').map_or((path, None), |(name, rest)| (name, Some(rest)));
    let component = components.iter().find(|component| component.id.as_str() == name)?;
    match (rest, &component.node) {
        (None, _) => Some(component),
        (Some(rest), Node::All(parts) | Node::Some { parts, .. }) => find(parts, rest),
        (Some(_), Node::Part(_)) => None,
    }
}

fn title(service: &derive::ServiceFigure, row: Option<&Service>) -> String {
    row.map_or_else(|| service.id.to_string(), |row| row.name.clone())
}

fn users(row: Option<&Service>) -> Vec<String> {
    row.map_or_else(Vec::new, |row| row.users.iter().map(ToString::to_string).collect())
}

#[cfg(test)]
mod tests;
