//! Incidents open, hold what they explain, and end.
//!
//! Every subject that is down is either the root of an open incident or held by one: nothing is lost. What is held
//! by something that is down itself has no incident of its own; one that it had before the cause was known is
//! absorbed, and whoever was told of it hears of the cause's end. A subject that is held stays so until it is up
//! or the incident ends, even if the cause is repaired first: access points come back a minute after their line.

use collector_api::Reason;
use config::{Concern, ServiceId, Severity};

use super::decision::{Decision, Story, What};
use super::state::Ended;
use super::{
    Facts, HOUR_MS, Incident, MINUTE_MS, Root, SILENT_MS, STEADY_MS, State, Subject, Telling, Thing,
};
use crate::Condition;

/// Older than this, figures are stale, ms.
const STALE_MS: i64 = 10 * MINUTE_MS;

/// Everything that can have an incident: what the facts name, rows that nobody measures, the engine itself.
pub(super) fn subjects(state: &State, facts: &Facts, now_ms: i64) -> Vec<Subject> {
    let mut subjects = facts.subjects.clone();
    subjects.extend(silences(state, facts, now_ms));
    subjects.push(engine(facts, now_ms));
    subjects
}

/// Rows without data. Where the same agents are silent, or more, it is one cause.
fn silences(state: &State, facts: &Facts, now_ms: i64) -> Vec<Subject> {
    let listened = now_ms - state.listening_ms >= SILENT_MS;
    let state_of = |newest_ms: Option<i64>| match newest_ms {
        Some(newest_ms) if now_ms - newest_ms < SILENT_MS => Condition::Up,
        // Whoever was away himself cannot say that others were silent.
        Some(_) if listened => Condition::Down,
        _ => Condition::Unknown,
    };
    let silent: Vec<_> =
        facts.silences.iter().filter(|one| state_of(one.newest_ms) == Condition::Down).collect();
    let subject = |(place, one): (usize, &super::Silence)| {
        let state = state_of(one.newest_ms);
        let mut held_by = one.held_by.clone();
        held_by.push(Root::Row(one.service.clone()));
        let at = facts.silences[..place].len();
        for (other_place, other) in facts.silences.iter().enumerate() {
            let same = other.agents == one.agents && other_place < at;
            let more = other.agents.len() > one.agents.len() && other.agents.is_superset(&one.agents);
            if (same || more) && silent.iter().any(|silent| silent.service == other.service) {
                held_by.push(Root::NoData(other.service.clone()));
            }
        }
        Subject {
            root: Root::NoData(one.service.clone()),
            state,
            since_ms: one.newest_ms.filter(|_| state == Condition::Down),
            reason: Reason::None,
            failing: 0,
            vantages: u32::try_from(one.agents.len()).unwrap_or(u32::MAX),
            held_by,
            planned: one.planned,
            // The silence was long enough.
            telling: Telling { after_ms: 0, ..one.telling.clone() },
        }
    };
    facts.silences.iter().enumerate().map(subject).collect()
}

/// The collector's own derivation.
fn engine(facts: &Facts, now_ms: i64) -> Subject {
    let late = now_ms - facts.computed_ms >= STALE_MS;
    let down = late || !facts.stale.is_empty();
    Subject {
        root: Root::Engine,
        state: if down { Condition::Down } else { Condition::Up },
        since_ms: late.then_some(facts.computed_ms),
        reason: Reason::None,
        failing: u32::from(down),
        vantages: 1,
        held_by: Vec::new(),
        planned: false,
        telling: Telling { alert: Vec::new(), severity: Severity::Page, after_ms: STALE_MS.unsigned_abs() },
    }
}

/// Brings the open incidents up to date. Mails about them are [`super::telling`]'s.
pub(super) fn step(state: &mut State, facts: &Facts, subjects: &[Subject], now_ms: i64) -> Vec<Decision> {
    let find = |root: &Root| subjects.iter().find(|subject| subject.root == *root);
    for incident in &mut state.open {
        follow(incident, find(&incident.root), now_ms);
        incident.acked |= facts.acked.contains(&incident.number);
    }
    let mut decisions = end(state, facts, subjects, now_ms);
    let down: Vec<&Subject> = subjects.iter().filter(|subject| subject.state == Condition::Down).collect();
    let causes: Vec<(&Subject, Vec<Root>)> =
        down.iter().map(|subject| (*subject, causes_of(state, subject, &down))).collect();
    for (subject, _) in causes.iter().filter(|(_, causes)| causes.is_empty()) {
        decisions.extend(open(state, subject, now_ms));
    }
    for (subject, causes) in causes.iter().filter(|(_, causes)| !causes.is_empty()) {
        let since_ms = since(subject, now_ms);
        absorb(state, &subject.root, &causes[0], since_ms);
        for cause in causes {
            if let Some(incident) = state.of_root(cause) {
                incident.hold(&Thing::Root(subject.root.clone()), since_ms);
            }
        }
    }
    for subject in subjects.iter().filter(|subject| subject.state.is_up()) {
        let thing = Thing::Root(subject.root.clone());
        for incident in &mut state.open {
            incident.release(&thing, since(subject, now_ms));
        }
    }
    decisions
}

/// What is down and explains it, at the end of every chain; empty if nothing does. Down itself, or the root of a
/// row that an incident is open about: a silent row may have been down before it fell silent.
fn causes_of(state: &State, subject: &Subject, down: &[&Subject]) -> Vec<Root> {
    let mut tops: Vec<Root> = Vec::new();
    let mut seen: Vec<&Root> = vec![&subject.root];
    let mut waiting: Vec<&Root> = subject.held_by.iter().collect();
    while let Some(root) = waiting.pop() {
        if seen.contains(&root) {
            continue;
        }
        seen.push(root);
        match down.iter().find(|other| other.root == *root) {
            Some(cause) => {
                let further: Vec<&Root> = cause
                    .held_by
                    .iter()
                    .filter(|next| down.iter().any(|other| other.root == **next) || is_open(state, next))
                    .collect();
                if further.is_empty() {
                    tops.push(root.clone());
                }
                waiting.extend(further);
            }
            None if is_open(state, root) => tops.push(root.clone()),
            None => {}
        }
    }
    // One that is down and held itself, by a cause that is repaired by now, is of that one's incident.
    let mut tops: Vec<Root> = tops.into_iter().map(|top| told_by(state, top)).collect();
    tops.retain(|top| *top != subject.root);
    tops.sort();
    tops.dedup();
    tops
}

/// Whose incident tells of a root: its own, or the one that holds it.
fn told_by(state: &State, root: Root) -> Root {
    if is_open(state, &root) {
        return root;
    }
    let thing = Thing::Root(root.clone());
    let holder = state.open.iter().find(|incident| incident.holds(&thing));
    holder.map_or(root, |incident| incident.root.clone())
}

fn is_open(state: &State, root: &Root) -> bool {
    state.open.iter().any(|incident| incident.root == *root)
}

fn since(subject: &Subject, now_ms: i64) -> i64 {
    subject.since_ms.map_or(now_ms, |since_ms| since_ms.min(now_ms))
}

/// An open incident hears how its root is.
fn follow(incident: &mut Incident, subject: Option<&Subject>, now_ms: i64) {
    // What the charter no longer has is as good as repaired.
    let Some(subject) = subject else {
        incident.unstop(now_ms);
        incident.up_since_ms.get_or_insert(now_ms);
        return;
    };
    let since_ms = since(subject, now_ms).max(incident.opened_ms);
    if subject.state == Condition::Down {
        if !incident.is_down() {
            let before_ms = incident.stops.last().and_then(|stop| stop.to_ms).unwrap_or(incident.opened_ms);
            incident.stop(since_ms.max(before_ms));
        }
        incident.reason = subject.reason.code();
        incident.seen_by = (subject.failing, subject.vantages);
        incident.planned |= subject.planned;
        return;
    }
    incident.unstop(since_ms);
    incident.up_since_ms = match subject.state {
        // Since when is what is known first: it may turn degraded while it is up.
        state if state.is_up() => Some(incident.up_since_ms.unwrap_or(since_ms)),
        // Nobody knows whether what nobody sees is repaired.
        _ => None,
    };
}

/// Ends what was up long enough.
fn end(state: &mut State, facts: &Facts, subjects: &[Subject], now_ms: i64) -> Vec<Decision> {
    let (over, open): (Vec<Incident>, Vec<Incident>) = std::mem::take(&mut state.open)
        .into_iter()
        .partition(|incident| incident.up_since_ms.is_some_and(|up_ms| now_ms - up_ms >= STEADY_MS));
    state.open = open;
    let mut decisions = Vec::new();
    for mut incident in over {
        let ended_ms = incident.up_since_ms.unwrap_or(now_ms);
        for member in &mut incident.members {
            let down = matches!(&member.thing, Thing::Root(root)
                if subjects.iter().any(|subject| subject.root == *root && subject.state == Condition::Down));
            // What is still down gets an incident of its own; until now it was this one's.
            member.to_ms.get_or_insert(if down { now_ms } else { ended_ms });
        }
        state.ended_in_month = state.ended_in_month.saturating_add(1);
        let told: Vec<_> = incident.told.keys().cloned().collect();
        let hears = |id: &config::Id| {
            facts.policy.recipient(id).is_none_or(|recipient| facts.policy.may_hear(recipient, now_ms))
        };
        let (to, owed): (Vec<_>, Vec<_>) = told.into_iter().partition(hears);
        decisions.push(Decision { at_ms: now_ms, what: What::Closed(Story::of(&incident, now_ms)), to });
        state.ended.push(Ended { incident, at_ms: ended_ms, owed, is_news: true });
    }
    decisions
}

/// A subject that nothing explains gets an incident, unless one has or holds it.
fn open(state: &mut State, subject: &Subject, now_ms: i64) -> Option<Decision> {
    let thing = Thing::Root(subject.root.clone());
    if state.open.iter().any(|incident| incident.root == subject.root || incident.holds(&thing)) {
        return None;
    }
    state.newest += 1;
    let opened_ms = since(subject, now_ms);
    let mut incident = Incident {
        number: state.newest,
        root: subject.root.clone(),
        opened_ms,
        stops: Vec::new(),
        stops_left_out: 0,
        down_before_ms: 0,
        up_since_ms: None,
        members: Vec::new(),
        absorbed: Vec::new(),
        reason: subject.reason.code(),
        seen_by: (subject.failing, subject.vantages),
        planned: subject.planned,
        acked: false,
        due_ms: None,
        told: std::collections::BTreeMap::new(),
    };
    incident.stop(opened_ms);
    let what = What::Opened(Story::of(&incident, now_ms));
    state.open.push(incident);
    Some(Decision { at_ms: now_ms, what, to: Vec::new() })
}

/// The incident of a root, if it has one, turns out to be another's.
fn absorb(state: &mut State, root: &Root, cause: &Root, since_ms: i64) {
    let Some(place) = state.open.iter().position(|incident| incident.root == *root) else { return };
    if !is_open(state, cause) {
        return;
    }
    let own = state.open.remove(place);
    let Some(incident) = state.of_root(cause) else { return };
    incident.absorbed.push(own.number);
    incident.absorbed.extend(own.absorbed);
    incident.hold(&Thing::Root(own.root), own.opened_ms.min(since_ms));
    for member in own.members.into_iter().filter(|member| member.to_ms.is_none()) {
        incident.hold(&member.thing, member.from_ms);
    }
    // Whoever was told of it was told of this: its end reaches him, too.
    for (recipient, told) in own.told {
        incident.told.entry(recipient).or_insert(told);
    }
    incident.due_ms = match (incident.due_ms, own.due_ms) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    };
}

/// Which recipients an incident's severity concerns.
pub(super) const fn concern(severity: Severity) -> Concern {
    match severity {
        Severity::Page => Concern::Page,
        Severity::Ticket | Severity::Trend => Concern::Ticket,
    }
}

/// The services that an incident is about.
pub(super) fn services(incident: &Incident) -> Vec<ServiceId> {
    let members = incident.members.iter().filter_map(|member| match &member.thing {
        Thing::Root(root) => Some(root),
        Thing::Notice(..) => None,
    });
    let service = |root: &Root| match root {
        Root::Row(service) | Root::NoData(service) => Some(service.clone()),
        Root::Part(path) => path.split('.').next().and_then(|name| ServiceId::new(name).ok()),
        Root::Engine | Root::Line(_) => None,
    };
    std::iter::once(&incident.root).chain(members).filter_map(service).collect()
}

/// Repeats after this long since somebody was told; then only the morning mail speaks of it, ms.
pub(super) const AGAIN_MS: [i64; 2] = [HOUR_MS, 4 * HOUR_MS];
