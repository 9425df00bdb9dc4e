//! A scenario as the product holds it: charter, runs that came through `step`, declarations; and its answer.
//!
//! What exists only for comparison is translated: a state-change history and a given timeline become runs, an
//! initial state a run before the first sample, a hard-state start samples that say what it makes of them. A
//! scenario knows of the data, the log and the time each up to an instant of its own; the product knows one
//! as-of. Where they differ, the past is figured with all that is known and the future beside it.

mod charter;
mod clock;
mod evidence;
mod fields;
mod log;
mod other;
mod tree;

use collector_derive::{Charters, Corrections, Figure, Period, Reading, RunIndex, YearFigures};
use config::Charter;
use serde_json::{Map, Value};

use crate::given::{Check, Evidence, Given, Tree};
use clock::Clock;

pub(crate) use evidence::Manner;
pub(crate) use other::answer as answer_other;

/// All that the product is asked with.
pub(crate) struct World {
    pub(crate) clock: Clock,
    /// Revisions with the instant from which on they are in force.
    pub(crate) history: Vec<(i64, Charter)>,
    pub(crate) runs: RunIndex,
    pub(crate) corrections: Corrections,
}

/// Every field that a service scenario may expect.
pub(crate) fn answer(given: &Given) -> Result<Map<String, Value>, String> {
    if given.end <= given.start {
        return Ok(Map::from_iter([("error".to_owned(), "period end must be after start".into())]));
    }
    let world = World::of(given)?;
    let Given { start, end, .. } = *given;
    let as_of = given.as_of.clamp(start, end);
    let (stretch, known, figure) = if knows_more_than(given, as_of) {
        let past = world.figure(given, (start, as_of), i64::MAX)?;
        let rest = world.figure(given, (as_of, end), i64::MAX)?;
        let seen = if start < as_of { ((start, as_of), i64::MAX) } else { ((start, end), start) };
        (seen.0, seen.1, with_future(past, rest))
    } else {
        ((start, end), as_of, world.figure(given, (start, end), as_of)?)
    };
    let seen = world.figures(stretch, known)?;
    let sampling = world.sampling(stretch, known, &seen)?;
    fields::fields((&seen, figure, sampling), given, &world)
}

impl World {
    pub(crate) fn of(given: &Given) -> Result<Self, String> {
        Self::delivered(given, Manner::default())
    }

    /// With samples that travelled in a certain manner.
    pub(crate) fn delivered(given: &Given, manner: Manner) -> Result<Self, String> {
        let clock = Clock::of(given);
        let (history, leaves) = charter::history(given, clock, 0)?;
        let runs = evidence::runs(given, &leaves, clock, manner)?;
        let corrections = log::corrections(given, &leaves, clock);
        Ok(Self { clock, history, runs, corrections })
    }

    /// A scenario judged by one charter up to `cut`, and by that of another one, which says the same was seen and
    /// declared, from then on.
    pub(crate) fn of_two(before: &Given, after: &Given, cut: i64) -> Result<Self, String> {
        let clock = Clock::of(before);
        let (mut history, mut leaves) = charter::history(before, clock, 0)?;
        let (other, more) = charter::history(after, clock, 1)?;
        history.extend(other.into_iter().map(|(_, charter)| (clock.ms(cut), charter)));
        leaves.extend(more);
        let runs = evidence::runs(before, &leaves, clock, Manner::default())?;
        let corrections = log::corrections(before, &leaves, clock);
        Ok(Self { clock, history, runs, corrections })
    }

    /// As of an instant of the scenario; with all that is known at `i64::MAX`.
    pub(crate) fn figures(&self, stretch: (i64, i64), as_of: i64) -> Result<YearFigures, String> {
        Ok(self.charters(stretch, as_of)?.figures(&self.runs, &self.corrections, &Reading::default()))
    }

    fn charters(&self, (start, end): (i64, i64), as_of: i64) -> Result<Charters<'_>, String> {
        let ms = |second| self.clock.ms(second);
        let period = Period::new(ms(start), ms(end)).ok_or("an empty period")?;
        Ok(Charters::of(&self.history, period, ms(as_of)))
    }

    /// How long the service was surely down in its outages, and how long possibly, ms.
    fn sampling(&self, stretch: (i64, i64), as_of: i64, figures: &YearFigures) -> Result<(u64, u64), String> {
        let service = figures.services.first().ok_or("a charter without its service")?;
        let charters = self.charters(stretch, as_of)?;
        let incidents = charters.incidents(&self.runs, &self.corrections, figures, service);
        Ok(incidents.sampling.map_or((0, 0), |sampling| (sampling.sure_ms, sampling.possible_ms)))
    }

    /// The figure that the scenario asks for. A mean without any member has no time, in a scenario; in a charter
    /// it is unknown, so that such time is left out, and all that is no member's is out of scope.
    pub(crate) fn figure(
        &self,
        given: &Given,
        (start, end): (i64, i64),
        as_of: i64,
    ) -> Result<Figure, String> {
        if start == end {
            return Ok(Figure::default());
        }
        let Tree::Mean(members) = &given.tree else {
            return fields::of_promise(&self.figures((start, end), as_of)?, given);
        };
        let weight: u64 = members.iter().map(|(weight, _)| u64::from(*weight)).sum();
        let mut sum = Figure { weight, ..Figure::default() };
        for stretch in charter::with_members(given, (start, end)) {
            let part = fields::of_promise(&self.figures(stretch, as_of)?, given)?;
            sum.up_ms += part.up_ms;
            sum.down_ms += part.down_ms;
            sum.unknown_ms += part.unknown_ms;
            sum.maintenance_ms += part.maintenance_ms;
            sum.future_ms += part.future_ms;
        }
        let counted = sum.scope_ms() + sum.maintenance_ms;
        sum.out_of_scope_ms = ((end - start).unsigned_abs() * 1_000 * weight).saturating_sub(counted);
        Ok(sum)
    }
}

/// Would a figure as of `as_of` know less than the scenario says is known? Samples that came later decide
/// streaks that were open then; a mean's members come and go, also later.
fn knows_more_than(given: &Given, as_of: i64) -> bool {
    let later = |check: &Check| {
        let Evidence::Sites { sites, .. } = &check.evidence else { return false };
        let samples = sites.iter().flat_map(|site| &site.vantages).flat_map(|vantage| &vantage.samples);
        check.confirm_down.max(check.confirm_up) > 1 && samples.into_iter().any(|sample| sample.at > as_of)
    };
    let dated = |check: &Check| check.valid != (i64::MIN, i64::MAX);
    let mean = matches!(given.tree, Tree::Mean(_));
    given.checks.values().any(|check| later(check) || (mean && dated(check)))
}

/// What `past` says, with the time that `rest` is of as future.
fn with_future(past: Figure, rest: Figure) -> Figure {
    let future_ms = rest.up_ms + rest.down_ms + rest.unknown_ms + rest.maintenance_ms;
    let out_of_scope_ms = past.out_of_scope_ms + rest.out_of_scope_ms;
    Figure { future_ms, out_of_scope_ms, weight: past.weight.max(rest.weight), ..past }
}
