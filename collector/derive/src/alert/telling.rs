//! Who hears of an open incident now: everybody once, in his hours, and twice more while it lasts.
//!
//! A blip is nobody's mail: an incident is told when it was down for [`Telling::after_ms`] in all, or with its
//! third stop. Planned work tells nobody; what is still down when its window is over does. Whoever is off duty is
//! told when his hours begin, if it is still down.

use std::collections::BTreeMap;

use config::{Id, Severity};

use super::decision::{Decision, Story, What};
use super::incidents::{AGAIN_MS, concern, services};
use super::{Facts, Incident, State, Subject, Telling};
use crate::Condition;

/// So many stops are worth a mail, however short.
const STOPS_MIN: u64 = 3;

/// Mails about open incidents, and those about ended ones that somebody's hours held up.
pub(super) fn step(state: &mut State, facts: &Facts, subjects: &[Subject], now_ms: i64) -> Vec<Decision> {
    let mut decisions = owed(state, facts, now_ms);
    let mut paged = Vec::new();
    for incident in &mut state.open {
        let subject = subjects.iter().find(|subject| subject.root == incident.root);
        let Some(subject) = subject.filter(|subject| subject.state == Condition::Down) else { continue };
        let Telling { severity, after_ms, .. } = subject.telling;
        if subject.planned {
            continue;
        }
        if incident.due_ms.is_none()
            && (incident.down_ms(now_ms) >= after_ms || incident.stops() >= STOPS_MIN)
        {
            incident.due_ms = Some(now_ms);
        }
        let Some(due_ms) = incident.due_ms else { continue };
        if severity == Severity::Page {
            paged.extend(services(incident));
        }
        decisions.extend(tell(incident, facts, &subject.telling, due_ms, now_ms));
    }
    state.paged.extend(paged.into_iter().map(|service| (service, now_ms)));
    decisions
}

fn tell(
    incident: &mut Incident,
    facts: &Facts,
    telling: &Telling,
    due_ms: i64,
    now_ms: i64,
) -> Vec<Decision> {
    let mut first = Vec::new();
    let mut again: BTreeMap<u8, Vec<Id>> = BTreeMap::new();
    for recipient in facts.policy.concerned(&telling.alert, concern(telling.severity)) {
        if !facts.policy.may_hear(recipient, now_ms) {
            continue;
        }
        let Some((at_ms, repeats)) = incident.told.get(&recipient.id).copied() else {
            let waits_ms = recipient.escalate_after_ms.unwrap_or(0);
            let escalates = !incident.acked && due_ms.saturating_add_unsigned(waits_ms) <= now_ms;
            if waits_ms == 0 || escalates {
                first.push(recipient.id.clone());
            }
            continue;
        };
        let behind = AGAIN_MS.iter().filter(|after_ms| now_ms - at_ms >= **after_ms).count();
        let behind = u8::try_from(behind).unwrap_or(u8::MAX);
        if telling.severity == Severity::Page && !incident.acked && repeats < behind {
            again.entry(behind).or_default().push(recipient.id.clone());
        }
    }
    for id in &first {
        incident.told.insert(id.clone(), (now_ms, 0));
    }
    for (repeats, ids) in &again {
        for told in ids
            .iter()
            .filter_map(|id| incident.told.get(id).map(|(at_ms, _)| (id.clone(), *at_ms)))
            .collect::<Vec<_>>()
        {
            incident.told.insert(told.0, (told.1, *repeats));
        }
    }
    let story = || Story::of(incident, now_ms);
    let mut decisions = Vec::new();
    if !first.is_empty() {
        decisions.push(Decision { at_ms: now_ms, what: What::Opened(story()), to: first });
    }
    for (repeats, to) in again {
        decisions.push(Decision { at_ms: now_ms, what: What::Again(story(), repeats), to });
    }
    decisions
}

/// Ends that waited for somebody's hours. One whom the charter no longer names is owed nothing.
fn owed(state: &mut State, facts: &Facts, now_ms: i64) -> Vec<Decision> {
    let mut decisions = Vec::new();
    for ended in &mut state.ended {
        let policy = &facts.policy;
        ended.owed.retain(|id| policy.recipient(id).is_some());
        let hears = |id: &Id| policy.recipient(id).is_some_and(|one| policy.may_hear(one, now_ms));
        let (to, waiting): (Vec<Id>, Vec<Id>) = std::mem::take(&mut ended.owed).into_iter().partition(hears);
        ended.owed = waiting;
        if !to.is_empty() {
            let what = What::Closed(Story::of(&ended.incident, now_ms));
            decisions.push(Decision { at_ms: now_ms, what, to });
        }
    }
    decisions
}
