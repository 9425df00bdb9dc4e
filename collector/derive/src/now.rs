//! How something is now: its state, since when, why, and seen from where.

use collector_api::Reason;
use config::AgentId;

use crate::{Condition, StreamRuns, Timeline, VantageFigure};

/// How something is at as-of, or at the end of the period if that is earlier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// Up, degraded, down, unknown, or in planned work that the rules leave out. Degraded: up, but a member or a vantage is not, or says degraded.
    pub state: Condition,
    /// Since when, Unix ms; `None` if since before the period.
    pub since_ms: Option<i64>,
    /// Why: of the first check, in the charter's order, that makes it so.
    pub reason: Reason,
    /// How many of the agents see a failure (confirmed).
    pub failing: u32,
    /// How many of the agents can say.
    pub known: u32,
    /// How many agents measure it.
    pub vantages: u32,
    /// The newest sample's time; `None` if there is none.
    pub last_ms: Option<i64>,
}

impl Now {
    /// One vantage's.
    pub(crate) fn of_vantage(
        timeline: &Timeline,
        period_start_ms: i64,
        streams: &[StreamRuns],
        as_of_ms: i64,
    ) -> Self {
        let last_of = |stream: &StreamRuns| {
            let run = stream.runs().rev().find(|run| run.first_ms <= as_of_ms)?;
            Some(run.last_ms.min(as_of_ms))
        };
        let (state, since_ms) = state_of(timeline, period_start_ms);
        let reason = timeline.changes.last().map_or(Reason::None, |change| change.reason);
        Self {
            state,
            since_ms,
            reason: if state == Condition::Up { Reason::None } else { reason },
            failing: u32::from(state == Condition::Down),
            known: u32::from(state != Condition::Unknown),
            vantages: 1,
            last_ms: streams.iter().filter_map(last_of).max(),
        }
    }

    /// Of what `vantages` see, explained by the first of `members` that makes it so.
    pub(crate) fn of<'a>(
        timeline: &Timeline,
        period_start_ms: i64,
        vantages: impl IntoIterator<Item = &'a VantageFigure>,
        members: impl IntoIterator<Item = &'a Self>,
    ) -> Self {
        let (state, since_ms) = state_of(timeline, period_start_ms);
        let explains = |member: &&Self| match state {
            Condition::Up | Condition::Maintenance => false,
            Condition::Degraded => matches!(member.state, Condition::Degraded | Condition::Down),
            Condition::Down | Condition::Unknown => member.state == state,
        };
        let reason = members.into_iter().find(explains).map_or(Reason::None, |member| member.reason);
        let mut now = Self { state, since_ms, reason, failing: 0, known: 0, vantages: 0, last_ms: None };
        let mut agents: Vec<(&AgentId, bool, bool)> = Vec::new();
        for vantage in vantages {
            let (failing, known) = (vantage.now.failing > 0, vantage.now.known > 0);
            now.last_ms = now.last_ms.max(vantage.now.last_ms);
            match agents.iter_mut().find(|(agent, ..)| *agent == &vantage.agent) {
                Some(agent) => (agent.1, agent.2) = (agent.1 || failing, agent.2 || known),
                None => agents.push((&vantage.agent, failing, known)),
            }
        }
        for (_, failing, known) in agents {
            now.failing += u32::from(failing);
            now.known += u32::from(known);
            now.vantages += 1;
        }
        now
    }
}

fn state_of(timeline: &Timeline, period_start_ms: i64) -> (Condition, Option<i64>) {
    let (state, since_ms) = timeline.last().unwrap_or((Condition::Unknown, period_start_ms));
    (state, (since_ms > period_start_ms).then_some(since_ms))
}
