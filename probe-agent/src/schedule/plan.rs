//! Which check starts when: pure, given the monotonic time.
//!
//! A check's next slot is its last plus the interval, whatever happened between. Due slots wait in
//! lanes; the one whose latest start comes first goes first (EDF), as far as the limits let it. A
//! slot that could not start before half its interval passed is shed, and says so. No check
//! overlaps itself: a slot that comes due while its check runs waits for it.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use super::limits::Limits;

/// A check whose last run took this long is slow, and shares the lane of slow ones.
const SLOW: Duration = Duration::from_secs(1);

/// Checks that share a bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lane {
    Tcp,
    Dns,
    Http,
    Ntp,
    /// Holds its place for as long as its packets are apart, however soon they come back.
    Icmp,
    /// Looks at files, and asks nobody.
    Heartbeat,
    /// Those whose last run was slow, of every kind: a hundred dead targets cannot delay live ones.
    Slow,
}

const LANES: usize = 7;

/// What the plan wants done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Start {
    /// Run it now, and say when it has [`Plan::finished`].
    Run { slot: usize, due_ms: u64 },
    /// It is too late for this one.
    Shed { slot: usize, due_ms: u64 },
}

#[derive(Debug)]
struct Planned {
    lane: Lane,
    is_slow: bool,
    every_ms: u64,
    /// The next slot that is not yet due.
    due_ms: u64,
    /// In which lane it runs, if it does.
    running: Option<Lane>,
    /// The slot that is due and has not begun: in a lane, or waiting for the check's run to end.
    pending_ms: Option<u64>,
}

/// Latest start, slot, due: the smallest first.
type Queue = BinaryHeap<Reverse<(u64, usize, u64)>>;

/// Every check's slots. All times are monotonic ms.
#[derive(Debug)]
pub(super) struct Plan {
    limits: Limits,
    checks: Vec<Planned>,
    timers: BinaryHeap<Reverse<(u64, usize)>>,
    ready: [Queue; LANES],
    running: [usize; LANES],
}

impl Plan {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            limits,
            checks: Vec::new(),
            timers: BinaryHeap::new(),
            ready: Default::default(),
            running: [0; LANES],
        }
    }

    pub(super) fn limits(&self) -> Limits {
        self.limits
    }

    /// Adds a check; slots are numbered in the order of adding.
    pub(super) fn add(&mut self, lane: Lane, every_ms: u64, due_ms: u64) {
        self.timers.push(Reverse((due_ms, self.checks.len())));
        let every_ms = every_ms.max(1);
        self.checks.push(Planned { lane, is_slow: false, every_ms, due_ms, running: None, pending_ms: None });
    }

    /// When a check's next slot is due, if its interval is still the same; one that is already due
    /// and has not started counts.
    pub(super) fn due_ms(&self, slot: usize, every_ms: u64) -> Option<u64> {
        let check = self.checks.get(slot).filter(|check| check.every_ms == every_ms)?;
        Some(check.pending_ms.unwrap_or(check.due_ms))
    }

    /// Takes over a run that began under an earlier plan.
    pub(super) fn mark_running(&mut self, slot: usize) {
        let check = &mut self.checks[slot];
        check.running = Some(check.lane);
        self.running[check.lane as usize] += 1;
    }

    /// Moves what is due by now to its lane.
    pub(super) fn wake(&mut self, now_ms: u64) {
        while let Some(&Reverse((due_ms, slot))) = self.timers.peek()
            && due_ms <= now_ms
        {
            self.timers.pop();
            let check = &mut self.checks[slot];
            // After a long stop only the last slot is worth a thought; silence says the rest.
            let missed = (now_ms - due_ms) / check.every_ms;
            let due_ms = due_ms + missed * check.every_ms;
            check.due_ms = due_ms + check.every_ms;
            self.timers.push(Reverse((check.due_ms, slot)));
            let is_queued = check.pending_ms.is_some() && check.running.is_none();
            if is_queued {
                // Its slot before is still in a lane, and will be shed from there.
                continue;
            }
            check.pending_ms = Some(due_ms);
            if check.running.is_none() {
                self.queue(slot, due_ms);
            }
        }
    }

    /// What to do next at this instant; call until it says nothing.
    pub(super) fn next(&mut self, now_ms: u64) -> Option<Start> {
        let earliest = (0..LANES)
            .filter_map(|lane| self.ready[lane].peek().map(|Reverse(entry)| (*entry, lane)))
            .filter(|&((latest_ms, ..), lane)| latest_ms < now_ms || self.has_room(lane))
            .min();
        let ((latest_ms, slot, due_ms), lane) = earliest?;
        self.ready[lane].pop();
        self.checks[slot].pending_ms = None;
        if latest_ms < now_ms {
            return Some(Start::Shed { slot, due_ms });
        }
        let check = &mut self.checks[slot];
        let lane = check.queued_lane();
        check.running = Some(lane);
        self.running[lane as usize] += 1;
        Some(Start::Run { slot, due_ms })
    }

    /// A run has ended, after so long.
    pub(super) fn finished(&mut self, slot: usize, took: Duration) {
        let check = &mut self.checks[slot];
        if let Some(lane) = check.running.take() {
            self.running[lane as usize] -= 1;
        }
        check.is_slow = took >= SLOW;
        if let Some(due_ms) = check.pending_ms {
            self.queue(slot, due_ms);
        }
    }

    /// When to look again, whatever ends meanwhile.
    pub(super) fn wake_at(&self) -> Option<u64> {
        let due = self.timers.peek().map(|Reverse((due_ms, _))| *due_ms);
        let shed =
            self.ready.iter().filter_map(|lane| lane.peek().map(|Reverse((latest_ms, ..))| latest_ms + 1));
        shed.chain(due).min()
    }

    fn queue(&mut self, slot: usize, due_ms: u64) {
        let check = &self.checks[slot];
        let latest_ms = due_ms + check.every_ms / 2;
        self.ready[check.queued_lane() as usize].push(Reverse((latest_ms, slot, due_ms)));
    }

    fn has_room(&self, lane: usize) -> bool {
        self.running.iter().sum::<usize>() < self.limits.at_once && self.running[lane] < self.limits.per_lane
    }
}

impl Planned {
    /// Does not change while a slot is queued: only the end of a run changes it.
    fn queued_lane(&self) -> Lane {
        if self.is_slow { Lane::Slow } else { self.lane }
    }
}

#[cfg(test)]
mod tests;
