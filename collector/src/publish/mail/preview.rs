//! The decisions that mails of this instant would be about, though nobody is told of them now: for whoever wants to see
//! the mails, or edits their templates.

use collector_derive::alert::{CommitmentKey, Decision, Level, Rise, Story, What};

use crate::publish::api::Now;
use crate::publish::moment::{Alerting, Moment};

/// Every open incident, every budget that has a level, the morning unless it is empty, the month that runs.
pub fn preview(alerting: &Alerting, moment: &Moment) -> Vec<Decision> {
    let at_ms = alerting.at_ms;
    let mut whats = Vec::new();
    for incident in &alerting.open {
        let story = Story { down_ms: incident.down_ms(at_ms), incident: incident.clone() };
        whats.push(What::Opened(story));
    }
    let now = Now::of(moment);
    let levels = alerting.levels.iter().filter_map(|(key, level)| Some((key, (*level)?)));
    whats.extend(levels.filter_map(|(key, level)| Some(What::Budget(rise(&now, key, level)?))));
    if !alerting.today.lines.is_empty() {
        whats.push(What::Morning(alerting.today.clone()));
    }
    whats.push(What::Digest(alerting.month.clone()));
    whats.into_iter().map(|what| Decision { at_ms, what, to: Vec::new() }).collect()
}

/// The level as if it had risen now.
fn rise(now: &Now, key: &CommitmentKey, level: Level) -> Option<Rise> {
    let service = now.services.iter().find(|service| service.id == key.service.as_str())?;
    let hours = key.hours.as_ref().map(config::Id::as_str);
    let promise = service.commitments.iter().find(|promise| promise.hours.as_deref() == hours)?;
    let figure = promise.figure.as_ref().unwrap_or(&service.figure);
    Some(Rise {
        key: key.clone(),
        year: now.year,
        level,
        rise: 1,
        up_of_known: (figure.up_ms, figure.known_ms()),
        budget_ms: promise.budget_ms,
        remaining_ms: promise.budget_remaining_ms,
    })
}
