//! Corrections, laid over what was measured: between the vote and the tree (D11, D12).
//!
//! First what is annulled or forced, in the order of declaration, then planned work. A correction of a site
//! acts on that site's vote, any other on what the sites voted. Where nothing is corrected nothing is copied.

use std::sync::Arc;

use collector_api::Reason;
use config::{Check, LateEntries, Maintenance, Rules, SiteId};

use crate::era::Era;
use crate::lineage::Seen;
use crate::views::{View, Views};
use crate::{Change, Condition, Corrections, Notices, Reading, Scope, Timeline, Window};

/// What a mark makes of time, and whose it is.
type Marked = (u64, (i64, i64), Condition);

/// The corrections of one check, or of one site's vote on it, under one charter.
#[derive(Debug, Default)]
pub(crate) struct Amends {
    marks: Vec<Marked>,
    /// Stretches of planned work that are read as planned, each with its entries, in any order.
    planned: Vec<((i64, i64), [u64; 2])>,
    policy: Option<Maintenance>,
}

impl Amends {
    /// Those of the check itself (`site` is `None`), or of what one site sees of it.
    pub(crate) fn of(
        corrections: &Corrections,
        seen: &Seen<'_>,
        (rules, reading): (&Rules, &Reading),
        check: &Check,
        site: Option<&SiteId>,
        era: Era<'_>,
    ) -> Self {
        if corrections.is_empty() {
            return Self::default();
        }
        let during = |window: &Window| window.from_ms < era.to_ms && era.from_ms < window.to_ms;
        let about = |scope: &[Scope], declared_ms: i64| match site {
            Some(site) => scope.iter().any(|scope| scope.is_of(site)),
            None => seen.names.covers(scope, declared_ms, &check.id),
        };
        let marks = corrections
            .marks
            .iter()
            .filter(|mark| during(&mark.window) && about(&mark.scope, mark.declared_ms));
        let late_too = reading.late_entries(rules) == LateEntries::Effective;
        let asked = reading.notice_ms.map(Notices::always);
        let notices = asked.as_ref().unwrap_or(seen.notices);
        let planned = corrections.planned.iter().filter(|planned| {
            let counts = during(&planned.window) && (late_too || planned.is_in_time(notices));
            counts && about(&planned.scope, planned.declared_ms)
        });
        Self {
            marks: marks.map(|mark| (mark.entry, ends(mark.window), mark.becomes)).collect(),
            planned: planned
                .map(|planned| (ends(planned.window), [planned.entry, planned.announced_by]))
                .collect(),
            policy: Some(reading.maintenance(rules)),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.marks.is_empty() && self.planned.is_empty()
    }

    /// Is something annulled?
    pub(crate) fn annuls(&self) -> bool {
        self.marks.iter().any(|(.., becomes)| *becomes == Condition::Unknown)
    }

    /// The corrected timelines; entries that changed something are added to `touched`. What is annulled
    /// becomes `annulled`: unknown, but where a vote is still to come.
    pub(crate) fn apply(
        &self,
        measured: &Views<Arc<Timeline>>,
        annulled: Condition,
        touched: &mut Vec<u64>,
    ) -> Views<Arc<Timeline>> {
        if self.is_empty() {
            return measured.clone();
        }
        let marked = measured.map(|_, timeline| self.marked(timeline, annulled));
        self.touch(measured.get(View::Own), marked.get(View::Gross), touched);
        marked.map(|view, timeline| {
            let policy = match view {
                View::Own => self.policy.unwrap_or(Maintenance::Counts),
                View::Gross => Maintenance::Counts,
                View::Net => Maintenance::ExcludedDown,
            };
            self.without_planned(timeline, policy)
        })
    }

    fn marked(&self, timeline: &Arc<Timeline>, annulled: Condition) -> Arc<Timeline> {
        self.marks.iter().fold(Arc::clone(timeline), |timeline, (_, stretch, becomes)| {
            let becomes = if *becomes == Condition::Unknown { annulled } else { *becomes };
            overlay(&timeline, &[*stretch], |_| becomes)
        })
    }

    fn without_planned(&self, timeline: &Arc<Timeline>, policy: Maintenance) -> Arc<Timeline> {
        if policy == Maintenance::Counts || self.planned.is_empty() {
            return Arc::clone(timeline);
        }
        let stretches = united(self.planned.iter().map(|(stretch, _)| *stretch));
        overlay(timeline, &stretches, |was| match (policy, was) {
            (Maintenance::Excluded, _) | (Maintenance::ExcludedDown, Condition::Down) => {
                Condition::Maintenance
            }
            (Maintenance::AsUp, Condition::Down) => Condition::Up,
            _ => was,
        })
    }

    /// Which entries change something: marks that say otherwise than was measured, planned work in which
    /// something was down or of which no time counts.
    fn touch(&self, measured: &Timeline, marked: &Timeline, touched: &mut Vec<u64>) {
        for (entry, (from_ms, to_ms), becomes) in &self.marks {
            if is_any(measured, (*from_ms, *to_ms), |was| was != *becomes) {
                touched.push(*entry);
            }
        }
        let whole = self.policy == Some(Maintenance::Excluded);
        for (stretch, entries) in &self.planned {
            if is_any(marked, *stretch, |was| whole || was == Condition::Down) {
                touched.extend(entries);
            }
        }
    }
}

fn ends(window: Window) -> (i64, i64) {
    (window.from_ms, window.to_ms)
}

/// Stretches in order and apart.
pub(crate) fn united(stretches: impl IntoIterator<Item = (i64, i64)>) -> Vec<(i64, i64)> {
    let mut all: Vec<(i64, i64)> = stretches.into_iter().filter(|(from_ms, to_ms)| from_ms < to_ms).collect();
    all.sort_unstable();
    let mut united: Vec<(i64, i64)> = Vec::with_capacity(all.len());
    for (from_ms, to_ms) in all {
        match united.last_mut() {
            Some((_, end_ms)) if from_ms <= *end_ms => *end_ms = to_ms.max(*end_ms),
            _ => united.push((from_ms, to_ms)),
        }
    }
    united
}

/// Is it so anywhere in a stretch? Finds its start by bisection.
fn is_any(timeline: &Timeline, (from_ms, to_ms): (i64, i64), is: impl Fn(Condition) -> bool) -> bool {
    let first = timeline.changes.partition_point(|change| change.at_ms <= from_ms).saturating_sub(1);
    let mut here = timeline.stretches().skip(first).take_while(|(start_ms, ..)| *start_ms < to_ms);
    here.any(|(start_ms, end_ms, change)| start_ms.max(from_ms) < end_ms.min(to_ms) && is(change.verdict))
}

/// The timeline with something else in these stretches, which are in order and apart; the same one if that
/// changes nothing.
pub(crate) fn overlay(
    timeline: &Arc<Timeline>,
    stretches: &[(i64, i64)],
    becomes: impl Fn(Condition) -> Condition,
) -> Arc<Timeline> {
    if !stretches.iter().any(|stretch| is_any(timeline, *stretch, |was| becomes(was) != was)) {
        return Arc::clone(timeline);
    }
    let mut changed = Timeline { changes: Vec::new(), end_ms: timeline.end_ms };
    for (start_ms, end_ms, change) in timeline.stretches() {
        let mut at_ms = start_ms;
        let first = stretches.partition_point(|(_, to_ms)| *to_ms <= start_ms);
        for (from_ms, to_ms) in stretches[first..].iter().take_while(|(from_ms, _)| *from_ms < end_ms) {
            let (from_ms, to_ms) = ((*from_ms).max(start_ms), (*to_ms).min(end_ms));
            if at_ms < from_ms {
                changed.push(Change { at_ms, ..*change });
            }
            let verdict = becomes(change.verdict);
            let reason = if verdict == change.verdict { change.reason } else { Reason::None };
            changed.push(Change { at_ms: from_ms, verdict, reason });
            at_ms = to_ms;
        }
        if at_ms < end_ms {
            changed.push(Change { at_ms, ..*change });
        }
    }
    Arc::new(changed)
}

#[cfg(test)]
mod tests;
