//! The year's figures by an independent and simple way: what is everything at each instant at which anything changes?
//!
//! Written from the definition alone. It knows nothing of runs, streams or sweeps, and is slow.

use std::collections::BTreeMap;

use super::events::{CORRECTIONS, Correction, MEMBER_SINCE_MS, MINUTE_MS, START_MS};
use collector_api::Verdict;
use config::{Charter, Check, Component, FigureRule, Node, Service};

/// What one agent saw of one check, in order.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) samples: Vec<(i64, Verdict)>,
    /// What was known ends here: records were lost.
    pub(crate) cuts: Vec<i64>,
}

/// By check and agent.
pub(crate) type World = BTreeMap<(String, String), Seen>;

/// Up, down and unknown, ms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Sums {
    pub(crate) up: u64,
    pub(crate) down: u64,
    pub(crate) unknown: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Up,
    Down,
    Unknown,
}

/// `[from_ms, to_ms)` and what holds in it; elsewhere nobody knows.
type Line = Vec<(i64, i64, State)>;

#[derive(Debug)]
pub(crate) struct Model<'a> {
    charter: &'a Charter,
    lines: BTreeMap<(String, String), Line>,
}

impl<'a> Model<'a> {
    pub(crate) fn of(charter: &'a Charter, world: &World, hold_ms: i64) -> Self {
        let lines = world.iter().map(|(who, seen)| (who.clone(), line(seen, hold_ms)));
        Self { charter, lines: lines.collect() }
    }

    /// A service over `[from_ms, to_ms)`; of a mean, the sums over its members.
    pub(crate) fn service(&self, service: &Service, from_ms: i64, to_ms: i64) -> Sums {
        let whole = |at_ms| all(service.components.iter().map(|component| self.component(component, at_ms)));
        let FigureRule::MeanOf(of) = &service.figure else {
            return self.sum(service.checks(), from_ms, to_ms, whole);
        };
        let named =
            |id: &str| service.components.iter().find(|component| component.id.as_str() == id).unwrap();
        let component = named(of.as_str());
        let needs: Vec<&Component> = component.needs.iter().map(|need| named(need)).collect();
        let mut sums = Sums::default();
        for member in component.checks() {
            let useful = |at_ms| {
                let needs = needs.iter().map(|need| self.component(need, at_ms));
                all(std::iter::once(self.check(member, at_ms)).chain(needs))
            };
            let checks = needs.iter().flat_map(|need| need.checks()).chain([member]);
            // A member from its own day on.
            let since_ms = member.facts.since.map_or(from_ms, |_| MEMBER_SINCE_MS);
            let part = self.sum(checks, from_ms.max(since_ms), to_ms, useful);
            let weight = u64::from(member.facts.weight.unwrap_or(1));
            sums.up += weight * part.up;
            sums.down += weight * part.down;
            sums.unknown += weight * part.unknown;
        }
        sums
    }

    /// A component of a service over `[from_ms, to_ms)`.
    pub(crate) fn of_component(&self, component: &Component, from_ms: i64, to_ms: i64) -> Sums {
        self.sum(component.checks(), from_ms, to_ms, |at_ms| self.component(component, at_ms))
    }

    /// Adds up what `state` says between the instants at which any of `checks` changes.
    fn sum<'c>(
        &self,
        checks: impl Iterator<Item = &'c Check>,
        from_ms: i64,
        to_ms: i64,
        state: impl Fn(i64) -> State,
    ) -> Sums {
        let mut instants = vec![from_ms, to_ms];
        for check in checks {
            for ((id, _), line) in &self.lines {
                if id == check.id.as_str() {
                    instants.extend(line.iter().flat_map(|(from, to, _)| [*from, *to]));
                }
            }
        }
        instants.extend(CORRECTIONS.iter().flat_map(stretch));
        instants.retain(|at_ms| (from_ms..=to_ms).contains(at_ms));
        instants.sort_unstable();
        instants.dedup();
        let mut sums = Sums::default();
        for pair in instants.windows(2) {
            let length = pair[1].abs_diff(pair[0]);
            match state(pair[0]) {
                State::Up => sums.up += length,
                State::Down => sums.down += length,
                State::Unknown => sums.unknown += length,
            }
        }
        sums
    }

    fn component(&self, component: &Component, at_ms: i64) -> State {
        match &component.node {
            Node::Part(part) => {
                let states: Vec<State> = part.checks.iter().map(|check| self.check(check, at_ms)).collect();
                quorum(&states, part.up_if.need(states.len()))
            }
            Node::All(parts) => all(parts.iter().map(|part| self.component(part, at_ms))),
            Node::Some { up_if, parts } => {
                let states: Vec<State> = parts.iter().map(|part| self.component(part, at_ms)).collect();
                quorum(&states, up_if.need(states.len()))
            }
        }
    }

    /// What was declared; else the sites vote: half of those that know make it down.
    fn check(&self, check: &Check, at_ms: i64) -> State {
        let corrected = CORRECTIONS.iter().find(|correction| {
            let [from_ms, to_ms] = stretch(correction);
            check.id.as_str().starts_with(correction.scope) && (from_ms..to_ms).contains(&at_ms)
        });
        if let Some(correction) = corrected {
            return if correction.down { State::Down } else { State::Unknown };
        }
        let seen = check.from.iter().map(|site| {
            let site = self.charter.site(site).unwrap();
            assert_eq!(site.agents.len(), 1, "the model knows sites of one agent");
            let line = self.lines.get(&(check.id.to_string(), site.agents[0].to_string()));
            line.map_or(State::Unknown, |line| at(line, at_ms))
        });
        let seen: Vec<State> = seen.collect();
        let (down, known) = (count(&seen, State::Down), seen.len() - count(&seen, State::Unknown));
        match known {
            0 => State::Unknown,
            _ if down > 0 && 2 * down >= known => State::Down,
            _ => State::Up,
        }
    }
}

fn stretch(correction: &Correction) -> [i64; 2] {
    [correction.from, correction.to].map(|minute| START_MS + minute * MINUTE_MS)
}

fn count(states: &[State], state: State) -> usize {
    states.iter().filter(|other| **other == state).count()
}

fn all(states: impl Iterator<Item = State>) -> State {
    let states: Vec<State> = states.collect();
    quorum(&states, states.len())
}

fn quorum(states: &[State], need: usize) -> State {
    if states.is_empty() {
        return State::Unknown;
    }
    let (up, unknown) = (count(states, State::Up), count(states, State::Unknown));
    match () {
        () if up >= need => State::Up,
        () if up + unknown < need => State::Down,
        () => State::Unknown,
    }
}

fn at(line: &Line, at_ms: i64) -> State {
    let after = line.partition_point(|(from_ms, ..)| *from_ms <= at_ms);
    let here = after.checked_sub(1).map(|place| line[place]);
    here.filter(|(_, to_ms, _)| at_ms < *to_ms).map_or(State::Unknown, |(.., state)| state)
}

/// Two failures in a row make down, from the first; a sample speaks until the next, at most for the hold.
fn line(seen: &Seen, hold_ms: i64) -> Line {
    let known: Vec<usize> =
        (0..seen.samples.len()).filter(|place| seen.samples[*place].1 != Verdict::Unknown).collect();
    let fails = |place: usize| seen.samples[place].1 == Verdict::Down;
    let mut states = vec![State::Unknown; seen.samples.len()];
    let mut before = State::Unknown;
    for streak in known.chunk_by(|one, other| fails(*one) == fails(*other)) {
        let state = match (fails(streak[0]), streak.len()) {
            (false, _) => State::Up,
            (true, 1) => before,
            (true, _) => State::Down,
        };
        for place in streak {
            states[*place] = state;
        }
        before = state;
    }
    let confirmed = known.last().is_none_or(|last| !fails(*last) || states[*last] == State::Down);
    assert!(confirmed, "the model's year must not end with an unconfirmed failure");
    let mut line: Line = Vec::new();
    for (place, (at_ms, _)) in seen.samples.iter().enumerate() {
        let next_ms = seen.samples.get(place + 1).map_or(i64::MAX, |next| next.0);
        let cut_ms = seen.cuts.iter().copied().find(|cut_ms| *at_ms <= *cut_ms && *cut_ms < next_ms);
        let to_ms = next_ms.min(at_ms + hold_ms).min(cut_ms.unwrap_or(i64::MAX));
        match line.last_mut() {
            Some(last) if last.1 == *at_ms && last.2 == states[place] => last.1 = to_ms,
            _ => line.push((*at_ms, to_ms, states[place])),
        }
    }
    line
}
