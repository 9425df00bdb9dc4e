//! When each check runs, how many at once, and what becomes of what they saw.
//!
//! Everything that decides is in [`plan`](self) without a clock; this loop waits, starts tasks and
//! hands entries on in order. There is no task and no timer per idle check: ten thousand checks are
//! one heap. The channel to the spool is bounded, and the spool always takes what comes; should it
//! hang nevertheless, the loop waits, slots pass, and each says `agent.overload_skipped`: nothing is
//! dropped unseen.

mod limits;
mod phase;
mod plan;
mod roster;
mod telling;
#[cfg(test)]
mod tests;

pub use limits::{Limits, raise_open_files};

use std::collections::HashMap;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use collector_api::{Assignment, Reason};
use config::HostPort;
use tokio::sync::{mpsc, watch};
use tokio::task::{AbortHandle, Id, JoinError, JoinSet};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use crate::canary::Desk;
use crate::clock::{Step, WallClock};
use crate::probe::{Check, Outcome, SharedSurroundings};
use crate::sample::Entry;
use plan::{Plan, Start};
use roster::{Roster, Work};

/// While no assignment is there or nothing is due, the loop still looks about this often.
const IDLE: Duration = Duration::from_hours(1);
/// The anchor between monotonic and wall time follows the wall clock only when it is this far off,
/// ms: slots then keep even distances, which is most of what a stored slot weighs.
const ANCHOR_SLACK_MS: i64 = 5;

/// What the schedule needs.
#[derive(Debug)]
pub struct Schedule {
    /// The agent's id: part of every phase.
    pub agent: String,
    /// The assignment in force; `None` until there is one.
    pub assignments: watch::Receiver<Option<Arc<Assignment>>>,
    /// Where entries go, in order.
    pub entries: mpsc::Sender<Entry>,
    /// Checks of the assignment this agent cannot run, as `check: reason`, for hello.
    pub refused_checks: watch::Sender<Vec<String>>,
    /// The assignment's canaries, for their watch.
    pub canaries: watch::Sender<Vec<HostPort>>,
    /// Who says whether a failure is the agent's own.
    pub desk: Desk,
    /// Steps of the wall clock.
    pub steps: mpsc::Receiver<Step>,
    /// What probes need around them.
    pub surroundings: SharedSurroundings,
    /// How many at once.
    pub limits: Limits,
    /// The calendar. Never a deadline's.
    pub clock: Wall,
}

/// A [`WallClock`] that can be shown by `Debug`.
#[derive(Clone)]
pub struct Wall(pub WallClock);

impl std::fmt::Debug for Wall {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Wall")
    }
}

/// The spool has ended, so there is nobody to tell.
#[derive(Debug, thiserror::Error)]
#[error("the spool ended before the schedule")]
pub struct SpoolGone;

/// Runs checks until `stop`. Probes that are under way then are abandoned: they have said nothing.
pub async fn run(schedule: Schedule, stop: CancellationToken) -> Result<(), SpoolGone> {
    let mut state = Running::new(&schedule);
    let Schedule { mut assignments, entries, mut steps, refused_checks, canaries, .. } = schedule;
    assignments.mark_changed();
    // Most rounds are about a probe that has ended, and leave the next slot where it was: one timer for all.
    let mut alarm = pin!(sleep_until(Instant::now()));
    loop {
        let mut said = state.advance();
        let wake_at = state.wake_at();
        if alarm.deadline() != wake_at {
            alarm.as_mut().reset(wake_at);
        }
        for entry in said.drain(..) {
            entries.send(entry).await.map_err(|_| SpoolGone)?;
        }
        tokio::select! {
            biased;
            () = stop.cancelled() => return Ok(()),
            changed = assignments.changed() => {
                if changed.is_err() {
                    // Whoever brought assignments has ended: the agent is about to.
                    stop.cancelled().await;
                    return Ok(());
                }
                let assignment = assignments.borrow_and_update().clone();
                if let Some(assignment) = assignment {
                    let (entry, refused, addresses) = state.adopt(&assignment);
                    entries.send(entry).await.map_err(|_| SpoolGone)?;
                    refused_checks.send_replace(refused);
                    canaries.send_replace(addresses);
                }
            }
            Some(Step { at_ms, step_ms }) = steps.recv() => {
                entries.send(Entry::ClockStep { at_ms, step_ms }).await.map_err(|_| SpoolGone)?;
            }
            Some(ended) = state.probes.join_next_with_id() => {
                if let Some(entry) = state.ended(ended) {
                    entries.send(entry).await.map_err(|_| SpoolGone)?;
                }
            }
            () = &mut alarm => {}
        }
    }
}

/// A probe under way.
#[derive(Debug)]
struct Flight {
    /// Index into the roster; follows a new assignment.
    slot: usize,
    due_ms: u64,
    started_ms: u64,
    abort: AbortHandle,
}

/// The loop's state.
struct Running {
    agent: String,
    clock: WallClock,
    desk: Desk,
    surroundings: SharedSurroundings,
    began: Instant,
    /// Wall minus monotonic, ms.
    anchor_ms: i64,
    plan: Plan,
    roster: Roster,
    probes: JoinSet<Outcome>,
    flights: HashMap<Id, Flight>,
}

impl Running {
    fn new(schedule: &Schedule) -> Self {
        let clock = Arc::clone(&schedule.clock.0);
        Self {
            agent: schedule.agent.clone(),
            anchor_ms: clock(),
            clock,
            desk: schedule.desk.clone(),
            surroundings: Arc::clone(&schedule.surroundings),
            began: Instant::now(),
            plan: Plan::new(schedule.limits),
            roster: Roster::default(),
            probes: JoinSet::new(),
            flights: HashMap::new(),
        }
    }

    /// Monotonic ms since the schedule began.
    fn now_ms(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// The wall clock's reading at a monotonic instant.
    fn wall_ms(&self, at_ms: u64) -> i64 {
        self.anchor_ms.saturating_add_unsigned(at_ms)
    }

    fn wake_at(&self) -> Instant {
        self.plan
            .wake_at()
            .map_or_else(|| Instant::now() + IDLE, |at_ms| self.began + Duration::from_millis(at_ms))
    }

    /// Starts what is due and may start; returns what was decided without a probe.
    fn advance(&mut self) -> Vec<Entry> {
        let now_ms = self.now_ms();
        let anchor_ms = (self.clock)().saturating_sub_unsigned(now_ms);
        if (anchor_ms - self.anchor_ms).abs() > ANCHOR_SLACK_MS {
            self.anchor_ms = anchor_ms;
        }
        let mut said = Vec::new();
        self.plan.wake(now_ms);
        while let Some(start) = self.plan.next(now_ms) {
            match start {
                Start::Run { slot, due_ms } => match self.roster.work(slot) {
                    Work::Ready(check) => {
                        let check = Arc::clone(check);
                        self.launch(slot, due_ms, now_ms, check);
                    }
                    Work::Invalid(sentence) => {
                        let outcome = Outcome::not_run(Reason::AgentConfigInvalid, sentence);
                        self.plan.finished(slot, Duration::ZERO);
                        said.push(self.entry(slot, due_ms, due_ms, outcome));
                    }
                },
                Start::Shed { slot, due_ms } => {
                    let outcome = Outcome::not_run(Reason::AgentOverload, "no room within half an interval");
                    said.push(self.entry(slot, due_ms, due_ms, outcome));
                }
            }
        }
        said
    }

    fn launch(&mut self, slot: usize, due_ms: u64, now_ms: u64, check: Arc<Check>) {
        let surroundings = Arc::clone(&self.surroundings);
        let desk = self.desk.clone();
        let expected = self.roster.expected(slot, now_ms);
        let abort = self.probes.spawn(async move {
            let mut outcome = check.run_expecting(expected, &surroundings).await;
            if desk.excuses(&check, &outcome).await {
                outcome.evidence.detail = format!("{}: {}", outcome.reason, outcome.evidence.detail);
                outcome.reason = Reason::AgentNetworkDown;
                outcome.verdict = collector_api::Verdict::Unknown;
            }
            outcome
        });
        self.flights.insert(abort.id(), Flight { slot, due_ms, started_ms: now_ms, abort });
    }

    /// A probe has ended, perhaps by a panic, which is its own affair.
    fn ended(&mut self, ended: Result<(Id, Outcome), JoinError>) -> Option<Entry> {
        let (id, outcome) = match ended {
            Ok((id, outcome)) => (id, outcome),
            Err(failure) => {
                let id = failure.id();
                if failure.is_cancelled() {
                    self.flights.remove(&id);
                    return None;
                }
                error!(%failure, "a probe panicked; this is a defect");
                (id, Outcome::not_run(Reason::AgentInternal, "the probe panicked"))
            }
        };
        let flight = self.flights.remove(&id)?;
        self.plan.finished(flight.slot, Duration::from_micros(outcome.duration_micros));
        Some(self.entry(flight.slot, flight.due_ms, flight.started_ms, outcome))
    }

    fn entry(&mut self, slot: usize, due_ms: u64, started_ms: u64, outcome: Outcome) -> Entry {
        let slot_ms = self.wall_ms(due_ms);
        let now_ms = self.now_ms();
        let lag_ms = u32::try_from(started_ms.saturating_sub(due_ms)).unwrap_or(u32::MAX);
        Entry::Sample(self.roster.sample(slot, slot_ms, lag_ms, now_ms, outcome))
    }

    /// Puts a new assignment in force. Checks it keeps, keep their phase, state and probe under way.
    fn adopt(&mut self, assignment: &Assignment) -> (Entry, Vec<String>, Vec<HostPort>) {
        let now_ms = self.now_ms();
        let adopted = self.roster.adopt(assignment);
        let mut plan = Plan::new(self.plan.limits());
        for (slot, check) in self.roster.checks().iter().enumerate() {
            let due_ms = adopted.kept[slot]
                .and_then(|old| self.plan.due_ms(old, check.every_ms))
                .unwrap_or_else(|| {
                    let phase_ms = phase::phase_ms(check.id.as_str(), &self.agent, check.every_ms);
                    phase::first_due_ms(phase_ms, check.every_ms, self.wall_ms(now_ms), now_ms)
                });
            plan.add(check.lane, check.every_ms, due_ms);
        }
        let new_slots = adopted.new_slots();
        self.flights.retain(|_, flight| {
            let Some(&slot) = new_slots.get(&flight.slot) else {
                flight.abort.abort();
                return false;
            };
            flight.slot = slot;
            plan.mark_running(slot);
            true
        });
        self.plan = plan;
        self.surroundings.tls.forget_unused();
        for refused in &adopted.refused {
            warn!(%refused, "a check of the assignment cannot run");
        }
        info!(revision = assignment.revision, checks = self.roster.checks().len(), "assignment in force");
        (Entry::Dictionary(adopted.dictionary), adopted.refused, adopted.canaries)
    }
}
