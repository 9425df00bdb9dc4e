//! Since when, until when and under which name before: of components and targets.

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
