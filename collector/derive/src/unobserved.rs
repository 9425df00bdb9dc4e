//! Why time is unknown: a service's unknown milliseconds by what left them unobserved.
//!
//! Agents say why they could not ask; where no sample speaks, the runs around the gap tell whether none had
//! ever been taken, some were lost, or the agent was silent. Where several vantages give several reasons for
//! one instant, the first of [`Unobserved::ALL`] stands, so that the parts add up to the figure's unknown
//! time. Told when asked for: no figure depends on it.

use std::collections::BTreeMap;

use collector_api::Reason;
use config::CheckId;

use crate::lineage::{Charters, Seen};
use crate::{
    CheckFigure, Condition, Corrections, Run, RunIndex, ServiceFigure, State, StreamRuns, VantageFigure,
    YearFigures,
};

/// What left time unobserved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unobserved {
    /// People declared that what was measured was wrong.
    Annulled,
    /// The agent's own network was down.
    AgentNetwork,
    /// The agent's clock was wrong.
    AgentClock,
    /// The agent could not run the check for another reason.
    AgentOther,
    /// Samples contradict the state, and no further one has confirmed them yet.
    Unconfirmed,
    /// Samples were lost before they were delivered.
    SpoolLost,
    /// No sample: the agent's host was off, or the agent not running.
    AgentSilent,
    /// No sample had ever been taken.
    NeverMeasured,
}

impl Unobserved {
    /// Every reason; of several for one instant the first stands.
    pub const ALL: [Self; 8] = [
        Self::Annulled,
        Self::AgentNetwork,
        Self::AgentClock,
        Self::AgentOther,
        Self::Unconfirmed,
        Self::SpoolLost,
        Self::AgentSilent,
        Self::NeverMeasured,
    ];
}

/// A stretch and what left it unobserved.
type Piece = (i64, i64, Unobserved);

impl Charters<'_> {
    /// Why a service's time is unknown, ms each, those above 0 in the order of [`Unobserved::ALL`]; they sum to
    /// the unknown time of its timeline. `figures` are of these charters, runs and corrections.
    ///
    /// Empty for a mean, whose unknown milliseconds are its members'.
    pub fn unobserved(
        &self,
        figures: &YearFigures,
        service: &ServiceFigure,
        runs: &RunIndex,
        corrections: &Corrections,
    ) -> Vec<(Unobserved, u64)> {
        if service.mean.is_some() {
            return Vec::new();
        }
        let seen = self.seen(runs);
        let spans = service.timeline.iter().filter(|span| span.state == State::Unknown);
        let unknown: Vec<(i64, i64)> = spans.map(|span| (span.start_ms, span.end_ms)).collect();
        let holds: BTreeMap<&CheckId, u64> = self
            .in_force
            .iter()
            .flat_map(|(_, charter)| charter.checks())
            .map(|check| (&check.id, check.timing.hold_ms))
            .collect();
        let annulled = corrections.marks.iter().filter(|mark| mark.becomes == Condition::Unknown);
        let annulled: Vec<(i64, i64)> =
            annulled.map(|mark| (mark.window.from_ms, mark.window.to_ms)).collect();
        let mut pieces: Vec<Piece> =
            unknown.iter().map(|&(from_ms, to_ms)| (from_ms, to_ms, Unobserved::NeverMeasured)).collect();
        for check in figures.checks.get(service.checks.clone()).unwrap_or(&[]) {
            let hold_ms = holds.get(&check.id).copied().unwrap_or(0);
            explain(check, hold_ms, &seen, &unknown, &annulled, &mut pieces);
        }
        sum(&pieces)
    }
}

/// What each vantage of a check says of the time in which the check, too, is unknown.
fn explain(
    check: &CheckFigure,
    hold_ms: u64,
    seen: &Seen<'_>,
    unknown: &[(i64, i64)],
    annulled: &[(i64, i64)],
    pieces: &mut Vec<Piece>,
) {
    let own = check.timeline.stretches().filter(|(_, _, change)| change.verdict == Condition::Unknown);
    let own: Vec<(i64, i64)> = own.flat_map(|(from_ms, to_ms, _)| cut(unknown, from_ms, to_ms)).collect();
    for VantageFigure { agent, timeline, .. } in &check.vantages {
        let heard = Heard { streams: seen.streams(&check.id, agent), hold_ms };
        for (from_ms, to_ms, change) in timeline.stretches() {
            let here = cut(&own, from_ms, to_ms);
            if change.verdict == Condition::Unknown {
                here.for_each(|(from_ms, to_ms)| heard.explain(from_ms, to_ms, pieces));
            } else {
                let wrong =
                    here.flat_map(|(from_ms, to_ms)| cut(annulled, from_ms, to_ms).collect::<Vec<_>>());
                pieces.extend(wrong.map(|(from_ms, to_ms)| (from_ms, to_ms, Unobserved::Annulled)));
            }
        }
    }
}

/// What of `stretches` is within `[from_ms, to_ms)`.
fn cut(stretches: &[(i64, i64)], from_ms: i64, to_ms: i64) -> impl Iterator<Item = (i64, i64)> {
    let cut =
        stretches.iter().map(move |(start_ms, end_ms)| ((*start_ms).max(from_ms), (*end_ms).min(to_ms)));
    cut.filter(|(from_ms, to_ms)| from_ms < to_ms)
}

/// What one vantage delivered.
struct Heard<'a> {
    streams: &'a [StreamRuns],
    hold_ms: u64,
}

impl Heard<'_> {
    /// Why it knows nothing of `[from_ms, to_ms)`, piece by piece.
    fn explain(&self, from_ms: i64, to_ms: i64, pieces: &mut Vec<Piece>) {
        let mut at_ms = from_ms;
        while at_ms < to_ms {
            let next_ms = self.next_after(at_ms).min(to_ms);
            let (why, until_ms) = match self.newest_by(at_ms) {
                None => (Unobserved::NeverMeasured, next_ms),
                Some(run) if at_ms < run.until_ms => (spoken(run), run.until_ms.min(next_ms)),
                Some(run) => (self.silent(run), next_ms),
            };
            pieces.push((at_ms, until_ms, why));
            at_ms = until_ms;
        }
    }

    /// The newest run that began at or before `at_ms`.
    fn newest_by(&self, at_ms: i64) -> Option<&Run> {
        let begun =
            self.streams.iter().filter_map(|stream| stream.runs().rev().find(|run| run.first_ms <= at_ms));
        begun.max_by_key(|run| run.first_ms)
    }

    /// When the next run begins.
    fn next_after(&self, at_ms: i64) -> i64 {
        let next = |stream: &StreamRuns| {
            let index = stream.closed.partition_point(|run| run.first_ms <= at_ms);
            let open = stream.open.filter(|run| run.first_ms > at_ms);
            stream.closed.get(index).copied().or(open).map(|run| run.first_ms)
        };
        self.streams.iter().filter_map(next).min().unwrap_or(i64::MAX)
    }

    /// After a run whose hold is over: LOST cut it, or nothing came any more.
    fn silent(&self, run: &Run) -> Unobserved {
        if run.until_ms.abs_diff(run.last_ms) < self.hold_ms {
            Unobserved::SpoolLost
        } else {
            Unobserved::AgentSilent
        }
    }
}

/// While a run speaks, and nothing is known all the same.
fn spoken(run: &Run) -> Unobserved {
    match (State::from(run.verdict), run.reason) {
        (State::Unknown, Reason::AgentNetworkDown) => Unobserved::AgentNetwork,
        (State::Unknown, Reason::AgentClockUnsynced) => Unobserved::AgentClock,
        (State::Unknown, _) => Unobserved::AgentOther,
        _ => Unobserved::Unconfirmed,
    }
}

/// How long each reason stands: at every instant the first of those given.
fn sum(pieces: &[Piece]) -> Vec<(Unobserved, u64)> {
    let place = |why: Unobserved| Unobserved::ALL.iter().position(|other| *other == why).unwrap_or(0);
    let mut turns: Vec<(i64, usize, bool)> = Vec::with_capacity(pieces.len() * 2);
    for &(from_ms, to_ms, why) in pieces {
        turns.push((from_ms, place(why), true));
        turns.push((to_ms, place(why), false));
    }
    turns.sort_unstable();
    let mut given = [0_u32; Unobserved::ALL.len()];
    let mut sums = [0_u64; Unobserved::ALL.len()];
    let mut before_ms = i64::MIN;
    for (at_ms, why, begins) in turns {
        if let Some(first) = given.iter().position(|count| *count > 0) {
            sums[first] += at_ms.abs_diff(before_ms);
        }
        before_ms = at_ms;
        given[why] = if begins { given[why] + 1 } else { given[why].saturating_sub(1) };
    }
    Unobserved::ALL.into_iter().zip(sums).filter(|(_, ms)| *ms > 0).collect()
}

#[cfg(test)]
mod tests;
