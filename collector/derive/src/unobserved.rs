//! Why time is unknown: a service's unknown milliseconds by what left them unobserved.
//!
//! Agents say why they could not ask; where no sample speaks, the runs around the gap tell whether none had
//! ever been taken, some were lost, or the agent was silent. Where several vantages give several reasons for
//! one instant, the first of [`Unobserved::ALL`] stands, so that the parts add up to the figure's unknown
//! time. Told when asked for: no figure depends on it.

use std::collections::{BTreeMap, BTreeSet};

use collector_api::Reason;
use config::{Check, CheckId, SiteId};

use crate::lineage::{Charters, Seen};
use crate::{
    CheckFigure, Condition, Corrections, Mark, MeanFigure, MemberFigure, Reading, Run, RunIndex,
    ServiceFigure, State, StreamRuns, Timeline, VantageFigure, YearFigures,
};

/// What left time unobserved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unobserved {
    /// People declared that what was measured was wrong.
    Annulled,
    /// Samples contradict the state, and no further one has confirmed them yet.
    Unconfirmed,
    /// Somebody knew, but fewer than the vote asks for (`known`).
    TooFew,
    /// The agent's own network was down.
    AgentNetwork,
    /// The agent's clock was wrong.
    AgentClock,
    /// The agent could not run the check for another reason.
    AgentOther,
    /// Samples were lost before they were delivered.
    SpoolLost,
    /// No sample: the agent's host was off, or the agent not running.
    AgentSilent,
    /// No sample had ever been taken.
    NeverMeasured,
}

impl Unobserved {
    /// Every reason; of several for one instant the first stands: what was made of what was seen goes before why
    /// nothing was seen.
    pub const ALL: [Self; 9] = [
        Self::Annulled,
        Self::Unconfirmed,
        Self::TooFew,
        Self::AgentNetwork,
        Self::AgentClock,
        Self::AgentOther,
        Self::SpoolLost,
        Self::AgentSilent,
        Self::NeverMeasured,
    ];
}

/// A stretch and what left it unobserved.
type Piece = (i64, i64, Unobserved);

/// How long each reason stands, ms, in the order of [`Unobserved::ALL`].
type Lengths = [u64; Unobserved::ALL.len()];

impl Charters<'_> {
    /// Why a service's time is unknown, ms each, those above 0 in the order of [`Unobserved::ALL`]; they sum to
    /// its unknown time, of a mean to that of its members, each as often as it weighs (D16). `figures` are of
    /// these charters, runs and corrections.
    pub fn unobserved(
        &self,
        figures: &YearFigures,
        service: &ServiceFigure,
        runs: &RunIndex,
        corrections: &Corrections,
    ) -> Vec<(Unobserved, u64)> {
        let checks = self.in_force.iter().flat_map(|(_, charter)| charter.checks());
        let holds = checks.map(|check| (&check.id, check.timing.hold_ms)).collect();
        let teller = Teller { figures, seen: &self.seen(runs), corrections, holds, several: self.several() };
        let mut lengths = Lengths::default();
        match &service.mean {
            None => {
                let spans = service.timeline.iter().filter(|span| span.state == State::Unknown);
                let unknown: Vec<(i64, i64)> = spans.map(|span| (span.start_ms, span.end_ms)).collect();
                lengths = teller.told(&unknown, figures.checks_of(service));
            }
            Some(mean) => {
                for member in &mean.members {
                    let checks = self.checks_of_member(figures, service, mean, member);
                    for turn in &member.turns {
                        let unknown = teller.unknown(&turn.timeline);
                        let told = if turn.whole {
                            teller.told(&unknown, figures.checks_of(service))
                        } else {
                            let mut pieces = teller.pieces(&unknown, checks.iter().copied());
                            teller.explain_gone(&member.name, &unknown, &mut pieces);
                            sum(&pieces)
                        };
                        for (sum, ms) in lengths.iter_mut().zip(told) {
                            *sum += ms * u64::from(turn.weight);
                        }
                    }
                }
            }
        }
        Unobserved::ALL.into_iter().zip(lengths).filter(|(_, ms)| *ms > 0).collect()
    }

    /// The checks of which several must know, under any of these charters.
    fn several(&self) -> BTreeSet<&CheckId> {
        let asked = self.in_force.iter().flat_map(|(_, charter)| {
            let (rules, reading) = (&charter.rules, Reading::default());
            let several = move |check: &&Check| {
                let here = |site: &SiteId| reading.vantages(rules, check, charter.site(site));
                let mut votes = check.from.iter().map(here).chain([reading.sites(rules, check)]);
                votes.any(|vote| vote.known_min > 1)
            };
            charter.checks().filter(several)
        });
        asked.map(|check| &check.id).collect()
    }

    /// The checks that make a member, as far as they are listed: its own, and those of what it needs.
    fn checks_of_member<'f>(
        &self,
        figures: &'f YearFigures,
        service: &'f ServiceFigure,
        mean: &MeanFigure,
        member: &MemberFigure,
    ) -> Vec<&'f CheckFigure> {
        let of = |service: &'f ServiceFigure, path: &str| {
            let found = service.components.iter().find(|component| component.path == path);
            found.and_then(|found| figures.checks.get(found.checks.clone())).unwrap_or(&[])
        };
        let mut checks: Vec<&CheckFigure> = of(service, &member.name).iter().collect();
        checks.extend(figures.checks_of(service).find(|check| check.id.as_str() == member.name));
        let rows = self.in_force.iter().filter_map(|(_, charter)| charter.service(service.id.as_str()));
        let components = rows.flat_map(|row| &row.components);
        let needs = components.filter(|component| component.id.as_str() == mean.component);
        let mut needs: Vec<&String> = needs.flat_map(|component| &component.needs).collect();
        needs.sort_unstable();
        needs.dedup();
        for need in needs {
            match need.split_once('.') {
                None => checks.extend(of(service, need)),
                Some((home, path)) => {
                    checks.extend(figures.service(home).into_iter().flat_map(|home| of(home, path)));
                }
            }
        }
        checks
    }
}

/// What everything is told from.
struct Teller<'a> {
    figures: &'a YearFigures,
    seen: &'a Seen<'a>,
    corrections: &'a Corrections,
    holds: BTreeMap<&'a CheckId, u64>,
    /// Of which one that knows may be too few.
    several: BTreeSet<&'a CheckId>,
}

impl Teller<'_> {
    /// What of a timeline is unknown, as far as it counts.
    fn unknown(&self, timeline: &Timeline) -> Vec<(i64, i64)> {
        let counts = [(self.figures.measured_from_ms, self.figures.seen_to_ms())];
        let unknown = timeline.stretches().filter(|(.., change)| change.verdict == Condition::Unknown);
        unknown.flat_map(|(from_ms, to_ms, _)| cut(&counts, from_ms, to_ms).collect::<Vec<_>>()).collect()
    }

    /// Why `unknown`, stretches in order and apart, is so, by what these checks say.
    fn told<'c>(&self, unknown: &[(i64, i64)], checks: impl Iterator<Item = &'c CheckFigure>) -> Lengths {
        sum(&self.pieces(unknown, checks))
    }

    fn pieces<'c>(
        &self,
        unknown: &[(i64, i64)],
        checks: impl Iterator<Item = &'c CheckFigure>,
    ) -> Vec<Piece> {
        let mut pieces: Vec<Piece> =
            unknown.iter().map(|&(from_ms, to_ms)| (from_ms, to_ms, Unobserved::NeverMeasured)).collect();
        if !unknown.is_empty() {
            checks.for_each(|check| self.explain(check, unknown, &mut pieces));
        }
        pieces
    }

    /// What is recorded of a member that the last charter does not list: no figure tells of its vantages.
    fn explain_gone(&self, name: &str, unknown: &[(i64, i64)], pieces: &mut Vec<Piece>) {
        let listed = self.figures.checks.iter().any(|check| check.id.as_str() == name);
        let Some(check) = CheckId::new(name).ok().filter(|_| !listed) else { return };
        let hold_ms = self.holds.get(&check).copied().unwrap_or(0);
        for vantage in self.seen.vantages(&check) {
            let heard = Heard { streams: &vantage.streams, hold_ms };
            let mut told = Vec::new();
            for (from_ms, to_ms) in unknown {
                heard.explain(*from_ms, *to_ms, &mut told);
            }
            // While it spoke, what it needs may have been unknown.
            pieces.extend(told.into_iter().filter(|(.., why)| *why != Unobserved::Unconfirmed));
        }
    }

    /// What each vantage of a check says of the time in which the check, too, is unknown.
    fn explain(&self, check: &CheckFigure, unknown: &[(i64, i64)], pieces: &mut Vec<Piece>) {
        let own = check.timeline.stretches().filter(|(.., change)| change.verdict == Condition::Unknown);
        let own: Vec<(i64, i64)> = own.flat_map(|(from_ms, to_ms, _)| cut(unknown, from_ms, to_ms)).collect();
        let hold_ms = self.holds.get(&check.id).copied().unwrap_or(0);
        for vantage in &check.vantages {
            let annulled = self.annulled(check, vantage);
            let heard = Heard { streams: self.seen.streams(&check.id, &vantage.agent), hold_ms };
            for (from_ms, to_ms, change) in vantage.timeline.stretches() {
                let here = cut(&own, from_ms, to_ms);
                if change.verdict == Condition::Unknown {
                    here.for_each(|(from_ms, to_ms)| heard.explain(from_ms, to_ms, pieces));
                } else {
                    let here: Vec<(i64, i64)> = here.collect();
                    if self.several.contains(&check.id) {
                        pieces.extend(
                            here.iter().map(|(from_ms, to_ms)| (*from_ms, *to_ms, Unobserved::TooFew)),
                        );
                    }
                    let wrong = here
                        .into_iter()
                        .flat_map(|(from_ms, to_ms)| cut(&annulled, from_ms, to_ms).collect::<Vec<_>>());
                    pieces.extend(wrong.map(|(from_ms, to_ms)| (from_ms, to_ms, Unobserved::Annulled)));
                }
            }
        }
    }

    /// When what a vantage saw of a check is annulled: the check's, or its site's.
    fn annulled(&self, check: &CheckFigure, vantage: &VantageFigure) -> Vec<(i64, i64)> {
        let marks = self.corrections.marks.iter().filter(|mark| mark.becomes == Condition::Unknown);
        let about = |mark: &&Mark| {
            mark.scope.iter().any(|scope| scope.is_of(&vantage.site))
                || self.figures.names.covers(&mark.scope, mark.declared_ms, &check.id)
        };
        marks.filter(about).map(|mark| (mark.window.from_ms, mark.window.to_ms)).collect()
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
fn sum(pieces: &[Piece]) -> Lengths {
    let place = |why: Unobserved| Unobserved::ALL.iter().position(|other| *other == why).unwrap_or(0);
    let mut turns: Vec<(i64, usize, bool)> = Vec::with_capacity(pieces.len() * 2);
    for &(from_ms, to_ms, why) in pieces {
        turns.push((from_ms, place(why), true));
        turns.push((to_ms, place(why), false));
    }
    turns.sort_unstable();
    let mut given = [0_u32; Unobserved::ALL.len()];
    let mut sums = Lengths::default();
    let mut before_ms = i64::MIN;
    for (at_ms, why, begins) in turns {
        if let Some(first) = given.iter().position(|count| *count > 0) {
            sums[first] += at_ms.abs_diff(before_ms);
        }
        before_ms = at_ms;
        given[why] = if begins { given[why] + 1 } else { given[why].saturating_sub(1) };
    }
    sums
}

#[cfg(test)]
mod tests;
