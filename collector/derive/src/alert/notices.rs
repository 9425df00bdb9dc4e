//! What needs no hurry is remembered until a morning has told of it, also if it is over by then.

use super::state::{Noted, Thing};
use super::{Facts, Incident, Notice, State};

/// Takes note of what holds, and of what no longer does.
pub(super) fn step(state: &mut State, facts: &Facts, now_ms: i64) {
    for notice in &facts.notices {
        let thing = Thing::Notice(notice.kind, notice.name.clone());
        for cause in &notice.held_by {
            let explains = |incident: &&mut Incident| {
                incident.root == *cause || incident.holds(&Thing::Root(cause.clone()))
            };
            if let Some(incident) = state.open.iter_mut().find(explains) {
                incident.hold(&thing, notice.since_ms.min(now_ms));
            }
        }
        // Its incident tells of it as long as that is open, also after the cause was repaired.
        let is_held = state.open.iter().any(|incident| incident.holds(&thing));
        let known = state
            .notices
            .iter_mut()
            .find(|noted| (noted.notice.kind, &noted.notice.name) == (notice.kind, &notice.name));
        if let Some(noted) = known {
            let mut notice = kept(notice);
            if let Some(over_ms) = noted.over_ms.take() {
                noted.before_ms += over_ms.saturating_sub(noted.notice.since_ms);
                noted.times = noted.times.saturating_add(1);
            } else {
                // Of what nobody knows since when it holds, it is since it was first seen.
                notice.since_ms = notice.since_ms.min(noted.notice.since_ms);
            }
            (noted.notice, noted.is_held) = (notice, is_held);
        } else {
            let notice = kept(notice);
            state.notices.push(Noted { notice, before_ms: 0, times: 1, over_ms: None, is_held });
        }
    }
    let mut over = Vec::new();
    for noted in &mut state.notices {
        let is = |now: &Notice| (now.kind, &now.name) == (noted.notice.kind, &noted.notice.name);
        if noted.over_ms.is_none() && !facts.notices.iter().any(is) {
            noted.over_ms = Some(now_ms);
            over.push(Thing::Notice(noted.notice.kind, noted.notice.name.clone()));
        }
    }
    for thing in &over {
        for incident in &mut state.open {
            incident.release(thing, now_ms);
        }
    }
    // An incident tells of it, or has.
    state.notices.retain(|noted| noted.over_ms.is_none() || !noted.is_held);
}

/// What explains it is asked anew each time.
fn kept(notice: &Notice) -> Notice {
    Notice { held_by: Vec::new(), ..notice.clone() }
}

impl Noted {
    /// Is it worth a line?
    pub(super) fn is_worth(&self, now_ms: i64) -> bool {
        let lasted_ms = self.over_ms.unwrap_or(now_ms).saturating_sub(self.notice.since_ms);
        !self.is_held && self.before_ms.saturating_add(lasted_ms) >= self.notice.kind.patience_ms()
    }
}
