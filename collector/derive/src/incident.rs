//! Incidents: outages with everything that is said of them, and how exactly their length is known (D15, D24, D28).
//!
//! A state changes at some instant between two samples, and nobody knows at which. So an outage was surely
//! down from its first to its last fail, and possibly from the last ok before to the first ok after; its
//! length by D4 lies between. This reads runs again, so it is made when asked for and not at every scrape.

use collector_api::Verdict;

use crate::lineage::Seen;
use crate::{
    Annotation, Charters, Condition, Corrections, Outage, Run, RunIndex, ServiceFigure, Span, State,
    StreamRuns, VantageFigure, YearFigures,
};

/// The incidents of a service in a period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incidents {
    /// In order.
    pub list: Vec<Incident>,
    /// How exactly the figure's down time is known; `None` of a mean, whose down time is its members' and not
    /// that of its outages.
    pub sampling: Option<Sampling>,
}

/// Between which bounds down time lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sampling {
    /// How long they were surely down together, ms.
    pub sure_ms: u64,
    /// How long they were possibly down together, ms: time that two could have shared counts once.
    pub possible_ms: u64,
}

/// An outage and what is said of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incident {
    /// When, and what was down.
    pub outage: Outage,
    /// From the first to the last fail.
    pub sure: Bounds,
    /// From the last ok before to the first ok after, within what was measured of the scope so far.
    pub possible: Bounds,
    /// Components and parts that were down in it, by their paths.
    pub components: Vec<String>,
    /// Whose fault it was, if somebody said so.
    pub annotation: Option<Annotation>,
    /// Entries in force about its time and its service: marks, and planned work in time or not. In order.
    pub corrections: Vec<u64>,
}

/// A stretch; empty where nothing is sure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// First instant, Unix ms.
    pub from_ms: i64,
    /// First instant after it.
    pub to_ms: i64,
}

impl Bounds {
    /// How long it is, ms.
    pub fn length_ms(&self) -> u64 {
        u64::try_from(self.to_ms.saturating_sub(self.from_ms)).unwrap_or(0)
    }
}

impl Charters<'_> {
    /// The incidents of a service of `figures`, which these charters made of the same runs and corrections.
    pub fn incidents(
        &self,
        runs: &RunIndex,
        corrections: &Corrections,
        figures: &YearFigures,
        service: &ServiceFigure,
    ) -> Incidents {
        let seen = self.seen(runs);
        let teller = Teller { seen: &seen, corrections, figures, service };
        let outages = figures.outages(service);
        let ends: Vec<(i64, i64)> = outages.iter().map(|outage| (outage.start_ms, outage.end_ms)).collect();
        let said = figures.annotations(service, corrections);
        let told = outages.into_iter().zip(said).enumerate().map(|(place, (outage, said))| {
            let before_ms = place.checked_sub(1).and_then(|place| ends.get(place)).map(|ends| ends.1);
            let after_ms = ends.get(place + 1).map(|ends| ends.0);
            Incident { annotation: said.cloned(), ..teller.tell(outage, before_ms, after_ms) }
        });
        let list: Vec<Incident> = told.collect();
        let sure_ms = list.iter().map(|incident| incident.sure.length_ms()).sum();
        let (mut possible_ms, mut to_ms) = (0, i64::MIN);
        for incident in &list {
            let rest = Bounds { from_ms: incident.possible.from_ms.max(to_ms), ..incident.possible };
            possible_ms += rest.length_ms();
            to_ms = to_ms.max(incident.possible.to_ms);
        }
        let sampling = service.mean.is_none().then_some(Sampling { sure_ms, possible_ms });
        Incidents { list, sampling }
    }
}

struct Teller<'a> {
    seen: &'a Seen<'a>,
    corrections: &'a Corrections,
    figures: &'a YearFigures,
    service: &'a ServiceFigure,
}

impl Teller<'_> {
    fn tell(&self, outage: Outage, before_ms: Option<i64>, after_ms: Option<i64>) -> Incident {
        let (sure_from_ms, possible_from_ms) = (outage.start_ms, self.possible_from(&outage));
        let (sure_to_ms, possible_to_ms) = self.ends(&outage);
        let scope_ms = self.figures.measured_from_ms.max(self.figures.start_ms);
        let possible_from_ms = possible_from_ms.max(before_ms.unwrap_or(scope_ms));
        let possible_to_ms = possible_to_ms.min(after_ms.unwrap_or_else(|| self.figures.seen_to_ms()));
        let during = |span: &&Span| {
            span.state == State::Down && span.start_ms < outage.end_ms && outage.start_ms < span.end_ms
        };
        let components = self.service.components.iter();
        let down = components.filter(|component| component.timeline.iter().any(|span| during(&span)));
        Incident {
            sure: Bounds { from_ms: sure_from_ms, to_ms: sure_to_ms.max(sure_from_ms) },
            possible: Bounds { from_ms: possible_from_ms, to_ms: possible_to_ms },
            components: down.map(|component| component.path.clone()).collect(),
            annotation: None,
            corrections: self.figures.entries(
                self.service,
                self.corrections,
                (outage.start_ms, outage.end_ms),
            ),
            outage,
        }
    }

    /// Everybody who measures the service, with the runs of what they saw.
    fn vantages(&self) -> impl Iterator<Item = (&VantageFigure, &[StreamRuns])> {
        self.figures.checks_of(self.service).flat_map(move |check| {
            let of = move |vantage| self.seen.streams(&check.id, vantage);
            check.vantages.iter().map(move |vantage| (vantage, of(&vantage.agent)))
        })
    }

    /// The last ok of those whose first fail began the outage, or their first sample if none was ok; the
    /// outage's start if nobody's did.
    fn possible_from(&self, outage: &Outage) -> i64 {
        let began = self.vantages().filter(|(vantage, _)| {
            let changes = &vantage.timeline.changes;
            let Ok(place) = changes.binary_search_by_key(&outage.start_ms, |change| change.at_ms) else {
                return false;
            };
            let before = place.checked_sub(1).map(|place| changes[place].verdict);
            changes[place].verdict == Condition::Down
                && before.is_some_and(|before| before != Condition::Down)
        });
        let last_ok = |(_, streams): (_, &[StreamRuns])| {
            last(streams, outage.start_ms - 1, is_ok).or_else(|| first(streams, i64::MIN, |_| true))
        };
        began.filter_map(last_ok).min().map_or(outage.start_ms, |from_ms| from_ms.min(outage.start_ms))
    }

    /// The last fail of those with whom the outage ended, and the first ok after it.
    fn ends(&self, outage: &Outage) -> (i64, i64) {
        let ended = self.vantages().filter_map(|(vantage, streams)| {
            let changes = &vantage.timeline.changes;
            let place = changes.partition_point(|change| change.at_ms < outage.end_ms);
            let next = changes.get(place);
            let to_ms = next.map_or(vantage.timeline.end_ms, |next| next.at_ms);
            let next = next.map(|next| next.verdict);
            let down = place.checked_sub(1).is_some_and(|last| changes[last].verdict == Condition::Down);
            (down && to_ms == outage.end_ms && next != Some(Condition::Down)).then_some((streams, next))
        });
        let ended: Vec<_> = ended.collect();
        let last_fail =
            |streams: &[StreamRuns]| last(streams, outage.end_ms - 1, is_fail).unwrap_or(outage.start_ms);
        let first_ok = |streams: &[StreamRuns]| first(streams, outage.end_ms, is_ok).unwrap_or(i64::MAX);
        let sure_to_ms = ended.iter().map(|(streams, _)| last_fail(streams)).min().unwrap_or(outage.end_ms);
        let unknown = |next: &Option<Condition>| next.is_none_or(|next| next == Condition::Unknown);
        let possible_to_ms = ended
            .iter()
            .map(|(streams, next)| if unknown(next) { first_ok(streams) } else { outage.end_ms })
            .max();
        (sure_to_ms, possible_to_ms.unwrap_or(outage.end_ms))
    }
}

fn is_ok(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Up | Verdict::Degraded)
}

fn is_fail(verdict: Verdict) -> bool {
    verdict == Verdict::Down
}

/// When the newest such sample up to `at_ms` was; within a run its samples are taken as evenly spread. Found by
/// bisection: a year in which a state flaps has as many outages as runs.
fn last(streams: &[StreamRuns], at_ms: i64, is: impl Fn(Verdict) -> bool) -> Option<i64> {
    let newest = |stream: &StreamRuns| {
        let begun = stream.closed.partition_point(|run| run.first_ms <= at_ms);
        let open = stream.open.filter(|run| run.first_ms <= at_ms && is(run.verdict));
        open.or_else(|| stream.closed[..begun].iter().rfind(|run| is(run.verdict)).copied())
    };
    let at = |run: Run| {
        if run.last_ms <= at_ms { run.last_ms } else { sample(&run, run.count_by(at_ms)) }
    };
    streams.iter().filter_map(newest).map(at).max()
}

/// When the first such sample from `at_ms` on was.
fn first(streams: &[StreamRuns], at_ms: i64, is: impl Fn(Verdict) -> bool) -> Option<i64> {
    let next = |stream: &StreamRuns| {
        let over = stream.closed.partition_point(|run| run.last_ms < at_ms);
        let closed = stream.closed[over..].iter().find(|run| is(run.verdict)).copied();
        closed.or_else(|| stream.open.filter(|run| at_ms <= run.last_ms && is(run.verdict)))
    };
    let at = |run: Run| {
        if at_ms <= run.first_ms { run.first_ms } else { sample(&run, run.count_by(at_ms - 1) + 1) }
    };
    streams.iter().filter_map(next).map(at).min()
}

/// When the sample of a run was that is its `number`th, from 1.
fn sample(run: &Run, number: u64) -> i64 {
    let gaps = i128::from(run.count.saturating_sub(1)).max(1);
    let share = (i128::from(run.last_ms) - i128::from(run.first_ms)) * i128::from(number.saturating_sub(1));
    run.first_ms.saturating_add(i64::try_from(share.div_euclid(gaps)).unwrap_or(0))
}

#[cfg(test)]
mod tests;
