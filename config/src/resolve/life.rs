//! Since when, until when and under which name before: of components and targets.

use std::collections::HashMap;

use jiff::civil::Date;

use crate::Id;
use crate::text::say;
use crate::yaml::shape::{At, Report};

/// `since` is not after `until`.
pub(super) fn dates(since: Option<&At<Date>>, until: Option<&At<Date>>, report: &mut Report<'_>) {
    if let (Some(since), Some(until)) = (since, until)
        && since.value > until.value
    {
        let message = say!(
            "`until` ({}) is before `since` ({}): it would never be there",
            "`until` ({}) viene prima di `since` ({}): non ci sarebbe mai",
            until.value,
            since.value
        );
        report.problem(since.at.max(until.at), message);
    }
}

/// No two `siblings` were one: a history goes on in one place.
pub(super) fn once<'k>(
    siblings: impl Iterator<Item = (&'k At<Id>, Option<&'k At<Id>>)>,
    report: &mut Report<'_>,
) {
    let mut continued: HashMap<&Id, &Id> = HashMap::new();
    for (name, was) in siblings {
        let Some(was) = was else { continue };
        match continued.get(&was.value) {
            Some(other) => {
                let message = say!(
                    "the history of `{}` goes on in `{other}`; of two with one `was`, one must begin anew",
                    "la storia di `{}` continua in `{other}`; di due con lo stesso `was`, uno deve ripartire da capo",
                    was.value
                );
                report.problem(was.at, message);
            }
            None => {
                continued.insert(&was.value, &name.value);
            }
        }
    }
}

/// `was` names nothing that is still there: a history goes on in one place.
pub(super) fn was(name: &Id, was: Option<&At<Id>>, siblings: &[&str], report: &mut Report<'_>) -> Option<Id> {
    let was = was?;
    let message = if was.value == *name {
        say!("`was` is the name it has now", "`was` è il nome che ha adesso")
    } else if siblings.contains(&was.value.as_str()) {
        say!(
            "`{}` is still there; a history goes on under one name, so leave out one of the two",
            "`{}` c'è ancora; una storia continua sotto un nome solo, quindi togli uno dei due",
            was.value
        )
    } else {
        return Some(was.value.clone());
    };
    report.problem(was.at, message);
    None
}
