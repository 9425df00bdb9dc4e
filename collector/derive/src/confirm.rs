//! One vantage's runs, laid over time: hold, confirmation, backdating (D4 to D6).
//!
//! A sample speaks until the next one, at most for its hold; time nobody speaks for is unknown. A change
//! of state counts once enough consecutive samples say so, and then from the first of them. Until that is
//! decided the time is unknown: a later sample may decide either way, so no figure may rely on it. Unknown
//! samples and gaps neither add to a streak nor clear it.

use std::collections::BTreeMap;

use collector_api::{Reason, Verdict};
use config::{CheckId, Rules};

use crate::{Change, Condition, Run, State, StreamRuns, Timeline};

/// How many samples make a state, from `from_ms` on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Confirmation {
    pub(crate) from_ms: i64,
    pub(crate) down: u32,
    pub(crate) up: u32,
}

/// Of every revision, in order; of some checks otherwise than of the rest.
#[derive(Debug, Clone, Default)]
pub(crate) struct Confirmations {
    pub(crate) common: Vec<Confirmation>,
    pub(crate) own: BTreeMap<CheckId, Vec<Confirmation>>,
}

impl Confirmations {
    pub(crate) fn of(&self, check: &CheckId) -> &[Confirmation] {
        self.own.get(check).unwrap_or(&self.common)
    }

    /// The same, but for these numbers.
    pub(crate) fn read(&self, down: Option<u32>, up: Option<u32>) -> Self {
        let mut read = self.clone();
        for rule in read.common.iter_mut().chain(read.own.values_mut().flatten()) {
            rule.down = down.unwrap_or(rule.down).max(1);
            rule.up = up.unwrap_or(rule.up).max(1);
        }
        read
    }
}

impl Confirmation {
    pub(crate) fn since(from_ms: i64, rules: &Rules) -> Self {
        Self { from_ms, down: rules.confirm_down.max(1), up: rules.confirm_up.max(1) }
    }

    /// Where a check says otherwise.
    pub(crate) fn or(self, down: Option<u32>, up: Option<u32>) -> Self {
        let (down, up) = (down.unwrap_or(self.down).max(1), up.unwrap_or(self.up).max(1));
        Self { down, up, ..self }
    }

    fn need(&self, side: State) -> u64 {
        u64::from(if side == State::Down { self.down } else { self.up })
    }
}

/// What a vantage saw, and the stretches of it that a later sample decides: unknown until then, and not as
/// time of which nobody will ever know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Confirmed {
    pub(crate) timeline: Timeline,
    pub(crate) undecided: Vec<(i64, i64)>,
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
) -> Confirmed {
    let mut judge = Judge::new(rules, from_ms, to_ms);
    let (first_stream, first_run) = decisive(streams, rules, from_ms);
    for (index, stream) in streams.iter().enumerate().skip(first_stream) {
        let closes_ms = streams.get(index + 1).map_or(i64::MAX, |next| next.opened_ms);
        let speaks = (stream.opened_ms, closes_ms.saturating_sub(1).min(as_of_ms));
        let closed = &stream.closed[if index == first_stream { first_run } else { 0 }..];
        judge.timeline.changes.reserve(closed.len() + 2);
        for (run, next) in closed.iter().zip(closed.iter().skip(1).map(Some).chain([stream.open.as_ref()])) {
            let next_ms = next.map_or(i64::MAX, |next| next.first_ms);
            judge.hear(run, speaks, run.until_ms.min(next_ms).min(closes_ms));
        }
        if let Some(run) = &stream.open {
            judge.hear(run, speaks, run.until_ms.min(closes_ms));
        }
    }
    judge.finish()
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
    let need = decisive_count(rules);
    for (index, stream) in streams.iter().enumerate().rev() {
        let closes_ms = streams.get(index + 1).map_or(i64::MAX, |next| next.opened_ms);
        let last_ms = from_ms.min(closes_ms.saturating_sub(1));
        let before = stream.closed.partition_point(|run| run.first_ms <= last_ms);
        let decides = |run: &Run| {
            let said = Said::of(run, (stream.opened_ms, last_ms));
            run.verdict != Verdict::Unknown && said.is_some_and(|said| said.count >= need)
        };
        if let Some(run) = stream.closed[..before].iter().rposition(decides) {
            return (index, run);
        }
    }
    (0, 0)
}

/// How many samples make a state by themselves under every rule.
fn decisive_count(rules: &[Confirmation]) -> u64 {
    u64::from(rules.iter().map(|rule| rule.down.max(rule.up)).max().unwrap_or(1))
}

/// What a run says of `[start_ms, end_ms)`.
struct Piece {
    start_ms: i64,
    end_ms: i64,
    verdict: Verdict,
    reason: Reason,
}

/// Lays pieces down in order, and keeps back those of a streak that is not decided.
struct Judge<'a> {
    rules: &'a [Confirmation],
    /// So many samples make a state by themselves, whatever rule is in force.
    decisive: u64,
    /// Confirmed, and why; `None` before anything is.
    state: Option<(State, Reason)>,
    /// What contradicts the state, and how many samples in a row do, not yet enough of them.
    streak: (State, u64),
    /// The streak's pieces, and unknown ones among them.
    kept: Vec<Piece>,
    timeline: Timeline,
    /// What is laid so far ends here.
    laid_to_ms: i64,
}

impl<'a> Judge<'a> {
    fn new(rules: &'a [Confirmation], from_ms: i64, to_ms: i64) -> Self {
        let timeline = Timeline { changes: Vec::new(), end_ms: to_ms };
        let (decisive, streak) = (decisive_count(rules), (State::Unknown, 0));
        Self { rules, decisive, state: None, streak, kept: Vec::new(), timeline, laid_to_ms: from_ms }
    }

    /// The next run, which is heard within `speaks` and speaks until `end_ms`.
    #[inline]
    fn hear(&mut self, run: &Run, speaks: (i64, i64), end_ms: i64) {
        let Run { verdict, reason, .. } = *run;
        let says = State::from(verdict);
        // Nearly every run is heard whole, has nothing kept back before it, and goes on with the state or makes one.
        let whole = speaks.0 <= run.first_ms && run.last_ms <= speaks.1;
        if whole && says != State::Unknown && self.kept.is_empty() {
            let goes_on = self.state.is_some_and(|(state, _)| state == says);
            if goes_on || run.count >= self.decisive {
                self.enter(says, reason);
                return self.lay(&Piece { start_ms: run.first_ms, end_ms, verdict, reason }, verdict, reason);
            }
        }
        let Some(said) = Said::of(run, speaks) else { return };
        let piece = Piece { start_ms: said.first_ms, end_ms, verdict, reason };
        match self.state {
            _ if says == State::Unknown && self.kept.is_empty() => self.lay(&piece, verdict, reason),
            _ if says == State::Unknown => self.kept.push(piece),
            Some((state, reason_before)) if state == says => {
                let verdict_before = if state == State::Down { Verdict::Down } else { Verdict::Up };
                self.lay_kept(|_| (verdict_before, reason_before));
                self.enter(says, reason);
                self.lay(&piece, verdict, reason);
            }
            _ => self.contradict(says, piece, &said),
        }
    }

    /// A piece that says something else than the state does.
    fn contradict(&mut self, says: State, piece: Piece, said: &Said<'_>) {
        if self.streak.0 != says {
            self.lay_kept(|piece| (Verdict::Unknown, piece.reason));
            self.streak = (says, 0);
        }
        if self.confirms(says, said) {
            self.lay_kept(|piece| (piece.verdict, piece.reason));
            self.enter(says, piece.reason);
            self.lay(&piece, piece.verdict, piece.reason);
        } else {
            self.streak.1 += said.count;
            self.kept.push(piece);
        }
    }

    /// Does the streak, with these samples, reach what the rule in force then asks?
    fn confirms(&self, side: State, said: &Said<'_>) -> bool {
        self.rules.iter().enumerate().any(|(index, rule)| {
            let ends_ms = self.rules.get(index + 1).map_or(i64::MAX, |next| next.from_ms.saturating_sub(1));
            let in_force = (index == 0 || rule.from_ms <= said.last_ms) && said.first_ms <= ends_ms;
            in_force && self.streak.1 + said.count_by(ends_ms) >= rule.need(side)
        })
    }

    fn enter(&mut self, side: State, reason: Reason) {
        self.state = Some((side, if side == State::Down { reason } else { Reason::None }));
        self.streak = (State::Unknown, 0);
    }

    /// What was kept back holds as decided; the unknown among it stays unknown.
    fn lay_kept(&mut self, holds: impl Fn(&Piece) -> (Verdict, Reason)) {
        if self.kept.is_empty() {
            return;
        }
        for piece in std::mem::take(&mut self.kept) {
            let unknown = piece.verdict == Verdict::Unknown;
            let (verdict, reason) = if unknown { (Verdict::Unknown, piece.reason) } else { holds(&piece) };
            self.lay(&piece, verdict, reason);
        }
    }

    /// Nobody spoke between what is laid and the piece.
    #[inline]
    fn lay(&mut self, piece: &Piece, verdict: Verdict, reason: Reason) {
        let (start_ms, end_ms) =
            (piece.start_ms.max(self.laid_to_ms), piece.end_ms.min(self.timeline.end_ms));
        if start_ms < end_ms {
            if start_ms > self.laid_to_ms {
                self.timeline.push(Change::to_unknown(self.laid_to_ms));
            }
            self.timeline.push(Change { at_ms: start_ms, verdict: Condition::from(verdict), reason });
            self.laid_to_ms = end_ms;
        }
    }

    fn finish(mut self) -> Confirmed {
        let decides = |piece: &&Piece| piece.verdict != Verdict::Unknown;
        let cut =
            |piece: &Piece| (piece.start_ms.max(self.laid_to_ms), piece.end_ms.min(self.timeline.end_ms));
        let kept = self.kept.iter().filter(decides).map(cut);
        let undecided = kept.filter(|(from_ms, to_ms)| from_ms < to_ms).collect();
        self.lay_kept(|piece| (Verdict::Unknown, piece.reason));
        if self.laid_to_ms < self.timeline.end_ms {
            self.timeline.push(Change::to_unknown(self.laid_to_ms));
        }
        Confirmed { timeline: self.timeline, undecided }
    }
}

#[cfg(test)]
mod tests;
