//! One vantage's runs, laid over time: hold, confirmation, backdating (D4 to D6).
//!
//! A sample speaks until the next one, at most for its hold; time nobody speaks for is unknown. A change
//! of state counts once enough consecutive samples say so, and then from the first of them. Until that is
//! decided the time is unknown: a later sample may decide either way, so no figure may rely on it. Unknown
//! samples and gaps neither add to a streak nor clear it.

use collector_api::{Reason, Verdict};
use config::Rules;

use crate::{Change, Run, State, StreamRuns, Timeline};

/// How many samples make a state, from `from_ms` on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Confirmation {
    pub(crate) from_ms: i64,
    pub(crate) down: u32,
    pub(crate) up: u32,
}

impl Confirmation {
    pub(crate) fn since(from_ms: i64, rules: &Rules) -> Self {
        Self { from_ms, down: rules.confirm_down.max(1), up: rules.confirm_up.max(1) }
    }

    fn need(&self, side: State) -> u64 {
        u64::from(if side == State::Down { self.down } else { self.up })
    }
}

/// What a vantage saw over `[from_ms, to_ms)`, by its samples up to `as_of_ms`.
///
/// `streams` are in the order of their opening; `rules` in the order of their coming into force, the
/// first also for all time before it.
pub(crate) fn confirm(
    streams: &[StreamRuns],
    rules: &[Confirmation],
    (from_ms, to_ms): (i64, i64),
    as_of_ms: i64,
) -> Timeline {
    let mut judge = Judge { rules, state: None, streak: None, pieces: Vec::new() };
    let (first_stream, first_run) = decisive(streams, rules, from_ms);
    for (index, stream) in streams.iter().enumerate().skip(first_stream) {
        let closes_ms = streams.get(index + 1).map_or(i64::MAX, |next| next.opened_ms);
        let speaks = (stream.opened_ms, closes_ms.saturating_sub(1).min(as_of_ms));
        let closed = &stream.closed[if index == first_stream { first_run } else { 0 }..];
        judge.pieces.reserve(closed.len() + 1);
        for (run, next) in closed.iter().zip(closed.iter().skip(1).map(Some).chain([stream.open.as_ref()])) {
            let next_ms = next.map_or(i64::MAX, |next| next.first_ms);
            judge.hear(run, speaks, run.until_ms.min(next_ms).min(closes_ms));
        }
        if let Some(run) = &stream.open {
            judge.hear(run, speaks, run.until_ms.min(closes_ms));
        }
    }
    judge.timeline(from_ms, to_ms)
}

/// What of a run counts: its samples from its stream's opening up to the next opening, or as-of.
struct Said<'a> {
    run: &'a Run,
    first_ms: i64,
    last_ms: i64,
    /// Samples of the run before those that count.
    before: u64,
    count: u64,
}

impl<'a> Said<'a> {
    #[inline]
    fn of(run: &'a Run, (opened_ms, last_ms): (i64, i64)) -> Option<Self> {
        if opened_ms <= run.first_ms && run.last_ms <= last_ms {
            return Some(Self {
                run,
                first_ms: run.first_ms,
                last_ms: run.last_ms,
                before: 0,
                count: run.count,
            });
        }
        let before = run.count_by(opened_ms.saturating_sub(1));
        let count = run.count_by(last_ms).saturating_sub(before);
        let (first_ms, last_ms) = (run.first_ms.max(opened_ms), run.last_ms.min(last_ms));
        (count > 0).then_some(Self { run, first_ms, last_ms, before, count })
    }

    #[inline]
    fn count_by(&self, ms: i64) -> u64 {
        if ms >= self.last_ms {
            return self.count;
        }
        self.run.count_by(ms).saturating_sub(self.before).min(self.count)
    }
}

/// Where to begin to read for a window that starts at `from_ms`: the newest run before it that makes a
/// state by itself under every rule. What was before it cannot matter.
fn decisive(streams: &[StreamRuns], rules: &[Confirmation], from_ms: i64) -> (usize, usize) {
    let need = rules.iter().map(|rule| rule.down.max(rule.up)).max().unwrap_or(1);
    for (index, stream) in streams.iter().enumerate().rev() {
        let closes_ms = streams.get(index + 1).map_or(i64::MAX, |next| next.opened_ms);
        let last_ms = from_ms.min(closes_ms.saturating_sub(1));
        let before = stream.closed.partition_point(|run| run.first_ms <= last_ms);
        let decides = |run: &Run| {
            let said = Said::of(run, (stream.opened_ms, last_ms));
            run.verdict != Verdict::Unknown && said.is_some_and(|said| said.count >= u64::from(need))
        };
        if let Some(run) = stream.closed[..before].iter().rposition(decides) {
            return (index, run);
        }
    }
    (0, 0)
}

/// Samples in a row that contradict the state, not yet enough of them.
struct Streak {
    side: State,
    count: u64,
    /// Its first piece.
    first: usize,
}

/// What a run says of `[start_ms, end_ms)`, and what holds there once that is decided.
struct Piece {
    start_ms: i64,
    end_ms: i64,
    says: State,
    verdict: Verdict,
    reason: Reason,
    holds: Option<(Verdict, Reason)>,
}

struct Judge<'a> {
    rules: &'a [Confirmation],
    /// Confirmed, and why; `None` before anything is.
    state: Option<(State, Reason)>,
    streak: Option<Streak>,
    pieces: Vec<Piece>,
}

impl Judge<'_> {
    /// The next run, which is heard within `speaks` and speaks until `end_ms`.
    #[inline]
    fn hear(&mut self, run: &Run, speaks: (i64, i64), end_ms: i64) {
        let Some(said) = Said::of(run, speaks) else { return };
        let says = State::from(run.verdict);
        let index = self.pieces.len();
        let (verdict, reason, start_ms) = (run.verdict, run.reason, said.first_ms);
        self.pieces.push(Piece { start_ms, end_ms, says, verdict, reason, holds: None });
        if says == State::Unknown {
            return;
        }
        let streak = match (self.streak.take(), self.state) {
            (blip, Some((state, reason_before))) if state == says => {
                if let Some(blip) = blip {
                    let verdict = if state == State::Down { Verdict::Down } else { Verdict::Up };
                    self.decide(blip.first, blip.side, Some((verdict, reason_before)));
                }
                return self.enter(says, reason, index);
            }
            (Some(streak), _) if streak.side == says => streak,
            _ => Streak { side: says, count: 0, first: index },
        };
        if self.confirms(&streak, &said) {
            self.enter(says, reason, streak.first);
        } else {
            self.streak = Some(Streak { count: streak.count + said.count, ..streak });
        }
    }

    /// `side` is the state now, and holds from piece `first` on.
    #[inline]
    fn enter(&mut self, side: State, reason: Reason, first: usize) {
        self.state = Some((side, if side == State::Down { reason } else { Reason::None }));
        self.decide(first, side, None);
    }

    /// Does the streak, with these samples, reach what the rule in force then asks?
    fn confirms(&self, streak: &Streak, said: &Said<'_>) -> bool {
        self.rules.iter().enumerate().any(|(index, rule)| {
            let ends_ms = self.rules.get(index + 1).map_or(i64::MAX, |next| next.from_ms.saturating_sub(1));
            let in_force = (index == 0 || rule.from_ms <= said.last_ms) && said.first_ms <= ends_ms;
            in_force && streak.count + said.count_by(ends_ms) >= rule.need(streak.side)
        })
    }

    /// From piece `first` on, what said `side` holds: as said, or as `holds` has it.
    fn decide(&mut self, first: usize, side: State, holds: Option<(Verdict, Reason)>) {
        for piece in self.pieces[first..].iter_mut().filter(|piece| piece.says == side) {
            piece.holds = Some(holds.unwrap_or((piece.verdict, piece.reason)));
        }
    }

    fn timeline(&self, from_ms: i64, to_ms: i64) -> Timeline {
        let mut timeline = Timeline::unknown(from_ms, to_ms);
        timeline.changes.reserve(self.pieces.len());
        let mut spoken_to = from_ms;
        for piece in &self.pieces {
            let (start_ms, end_ms) = (piece.start_ms.max(spoken_to), piece.end_ms.min(to_ms));
            if start_ms >= end_ms {
                continue;
            }
            if start_ms > spoken_to {
                timeline.push(Change { at_ms: spoken_to, verdict: Verdict::Unknown, reason: Reason::None });
            }
            let (verdict, reason) = piece.holds.unwrap_or((Verdict::Unknown, piece.reason));
            timeline.push(Change { at_ms: start_ms, verdict, reason });
            spoken_to = end_ms;
        }
        if spoken_to < to_ms {
            timeline.push(Change { at_ms: spoken_to, verdict: Verdict::Unknown, reason: Reason::None });
        }
        timeline
    }
}

#[cfg(test)]
mod tests;
