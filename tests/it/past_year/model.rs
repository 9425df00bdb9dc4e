//! The year's figures by an independent and simple way: what is everything at each instant at which anything changes?
//!
//! Written from the definition alone. It knows nothing of runs, streams or sweeps, and is slow.

use std::collections::BTreeMap;

use super::events::{
    CHANGE_MS, CORRECTIONS, Correction, MEMBER_SINCE_MS, MINUTE_MS, PLANNED, Planned, START_MS,
};
use collector_api::Verdict;
use config::{Charter, Check, Component, FigureRule, Maintenance, Node};

/// What one agent saw of one check, in order.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) samples: Vec<(i64, Verdict)>,
    /// What was known ends here: records were lost.
    pub(crate) cuts: Vec<i64>,
}

/// By check and agent.
pub(crate) type World = BTreeMap<(String, String), Seen>;

/// Up, down, unknown and in excluded work, ms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Sums {
    pub(crate) up: u64,
    pub(crate) down: u64,
    pub(crate) unknown: u64,
    pub(crate) excluded: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Up,
    Down,
    Unknown,
    Excluded,
}

/// How a stop in planned work is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Read {
    /// As the charter of then says.
    Own,
    /// As any stop.
    Counted,
    /// As none.
    Left,
}

/// What is asked: of which time, of which of its hours (all when `None`), read how.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked<'h> {
    pub(crate) from_ms: i64,
    pub(crate) to_ms: i64,
    pub(crate) hours: Option<&'h [(i64, i64)]>,
    pub(crate) read: Read,
}

/// `[from_ms, to_ms)` and what holds in it; elsewhere nobody knows.
type Line = Vec<(i64, i64, State)>;

#[derive(Debug)]
pub(crate) struct Model<'a> {
    /// Before [`CHANGE_MS`] and from it on.
    charters: [&'a Charter; 2],
    lines: BTreeMap<(String, String), Line>,
}

impl<'a> Model<'a> {
    pub(crate) fn of(charters: [&'a Charter; 2], world: &World, hold_ms: i64) -> Self {
        let lines = world.iter().map(|(who, seen)| (who.clone(), line(seen, hold_ms)));
        Self { charters, lines: lines.collect() }
    }

    /// A service; of a mean, the sums over its members.
    pub(crate) fn service(&self, service: &str, asked: Asked<'_>) -> Sums {
        let listed = self.charters[1].service(service).unwrap();
        if let FigureRule::MeanOf(_) = listed.figure {
            let mut sums = Sums::default();
            for (_, weight, part) in self.members(service, asked) {
                sums.up += weight * part.up;
                sums.down += weight * part.down;
                sums.unknown += weight * part.unknown;
                sums.excluded += weight * part.excluded;
            }
            return sums;
        }
        self.sum(listed.checks(), asked, |at_ms| {
            let components = &self.charter(at_ms).service(service).unwrap().components;
            all(components.iter().map(|component| self.component(component, at_ms, asked.read)))
        })
    }

    /// The members of a mean: id, weight, sums.
    pub(crate) fn members(&self, service: &str, asked: Asked<'_>) -> Vec<(String, u64, Sums)> {
        let service = self.charters[1].service(service).unwrap();
        let FigureRule::MeanOf(of) = &service.figure else { panic!("{} is no mean", service.id) };
        let named =
            |id: &str| service.components.iter().find(|component| component.id.as_str() == id).unwrap();
        let component = named(of.as_str());
        let needs: Vec<&Component> = component.needs.iter().map(|need| named(need)).collect();
        let member = |member: &Check| {
            let useful = |at_ms| {
                let needs = needs.iter().map(|need| self.component(need, at_ms, asked.read));
                all(std::iter::once(self.check(member, at_ms, asked.read)).chain(needs))
            };
            let checks = needs.iter().flat_map(|need| need.checks()).chain([member]);
            // A member from its own day on.
            let since_ms = member.facts.since.map_or(asked.from_ms, |_| MEMBER_SINCE_MS);
            let sums = self.sum(checks, Asked { from_ms: asked.from_ms.max(since_ms), ..asked }, useful);
            (member.id.to_string(), u64::from(member.facts.weight.unwrap_or(1)), sums)
        };
        component.checks().map(member).collect()
    }

    /// A component of a service, by its path.
    pub(crate) fn of_component(&self, service: &str, path: &str, asked: Asked<'_>) -> Sums {
        let found = |charter: &'a Charter| {
            let mut parts = &charter.service(service).unwrap().components;
            let mut names = path.split('.').peekable();
            loop {
                let name = names.next().unwrap();
                let component = parts.iter().find(|component| component.id.as_str() == name).unwrap();
                match &component.node {
                    Node::All(within) | Node::Some { parts: within, .. } if names.peek().is_some() => {
                        parts = within;
                    }
                    _ => return component,
                }
            }
        };
        let of = self.charters.map(found);
        self.sum(of[1].checks(), asked, |at_ms| self.component(of[era(at_ms)], at_ms, asked.read))
    }

    fn charter(&self, at_ms: i64) -> &'a Charter {
        self.charters[era(at_ms)]
    }

    /// Adds up what `state` says between the instants at which any of `checks` changes.
    fn sum<'c>(
        &self,
        checks: impl Iterator<Item = &'c Check>,
        Asked { from_ms, to_ms, hours, .. }: Asked<'_>,
        state: impl Fn(i64) -> State,
    ) -> Sums {
        let mut instants = vec![from_ms, to_ms, CHANGE_MS];
        for check in checks {
            for ((id, _), line) in &self.lines {
                if id == check.id.as_str() {
                    instants.extend(line.iter().flat_map(|(from, to, _)| [*from, *to]));
                }
            }
        }
        instants.extend(CORRECTIONS.iter().flat_map(stretch));
        instants.extend(PLANNED.iter().flat_map(|work| [work.from, work.to].map(minute_ms)));
        instants.extend(hours.into_iter().flatten().flat_map(|(from, to)| [*from, *to]));
        instants.retain(|at_ms| (from_ms..=to_ms).contains(at_ms));
        instants.sort_unstable();
        instants.dedup();
        let mut sums = Sums::default();
        let (mut hour, hours_known) = (0, hours.unwrap_or_default());
        for pair in instants.windows(2) {
            while hour < hours_known.len() && hours_known[hour].1 <= pair[0] {
                hour += 1;
            }
            if hours.is_some() && hours_known.get(hour).is_none_or(|(opens_ms, _)| pair[0] < *opens_ms) {
                continue;
            }
            let length = pair[1].abs_diff(pair[0]);
            match state(pair[0]) {
                State::Up => sums.up += length,
                State::Down => sums.down += length,
                State::Unknown => sums.unknown += length,
                State::Excluded => sums.excluded += length,
            }
        }
        sums
    }

    fn component(&self, component: &Component, at_ms: i64, read: Read) -> State {
        match &component.node {
            Node::Part(part) => {
                let states: Vec<State> =
                    part.checks.iter().map(|check| self.check(check, at_ms, read)).collect();
                quorum(&states, part.up_if.need(states.len()))
            }
            Node::All(parts) => all(parts.iter().map(|part| self.component(part, at_ms, read))),
            Node::Some { up_if, parts } => {
                let states: Vec<State> = parts.iter().map(|part| self.component(part, at_ms, read)).collect();
                quorum(&states, up_if.need(states.len()))
            }
        }
    }

    /// What was declared or seen; a stop in work that was announced in time may be left out.
    fn check(&self, check: &Check, at_ms: i64, read: Read) -> State {
        let state = self.measured(check, at_ms);
        let left_out = match read {
            Read::Counted => false,
            Read::Left => true,
            Read::Own => self.charter(at_ms).rules.readings.maintenance == Maintenance::ExcludedDown,
        };
        let in_work = |work: &Planned| {
            let below = check.id.as_str().strip_prefix(work.scope);
            let here = below.is_some_and(|below| below.is_empty() || below.starts_with('.'));
            here && work.in_time && (minute_ms(work.from)..minute_ms(work.to)).contains(&at_ms)
        };
        if state == State::Down && left_out && PLANNED.iter().any(in_work) { State::Excluded } else { state }
    }

    /// What was declared; else the sites vote: half of those that know make it down.
    fn measured(&self, check: &Check, at_ms: i64) -> State {
        let corrected = CORRECTIONS.iter().find(|correction| {
            let [from_ms, to_ms] = stretch(correction);
            check.id.as_str().starts_with(correction.scope) && (from_ms..to_ms).contains(&at_ms)
        });
        if let Some(correction) = corrected {
            return if correction.down { State::Down } else { State::Unknown };
        }
        let seen = check.from.iter().map(|site| {
            let site = self.charters[1].site(site).unwrap();
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

/// The offices' hours of the year: the calendar of the example, by the wall clock of Rome, without holidays.
///
/// 2025 began on a Wednesday; summer time was from day 88 to day 298, both Sundays.
pub(crate) fn office_hours() -> Vec<(i64, i64)> {
    // 1 and 6 January, Easter Monday, 25 April, 1 May, 2 June, 15 August, 1 November, 8, 25 and 26 December; Easter
    // and the patron's 4 May are Sundays.
    const HOLIDAYS: [i64; 11] = [0, 5, 110, 114, 120, 152, 226, 304, 341, 358, 359];
    let mut hours = Vec::new();
    for day in (0..365).filter(|day| !HOLIDAYS.contains(day)) {
        let weekday = (day + 2) % 7; // Monday is 0.
        let summer = if (88..298).contains(&day) { 60 } else { 0 };
        let at = |hour: i64| minute_ms(day * 24 * 60 + hour * 60 - summer);
        if weekday < 5 {
            hours.push((at(8), at(14)));
        }
        if weekday == 1 || weekday == 3 {
            hours.push((at(15), at(18)));
        }
    }
    hours
}

/// Which charter was in force: the first or the second.
fn era(at_ms: i64) -> usize {
    usize::from(CHANGE_MS <= at_ms)
}

fn minute_ms(minute: i64) -> i64 {
    START_MS + minute * MINUTE_MS
}

fn stretch(correction: &Correction) -> [i64; 2] {
    [correction.from, correction.to].map(minute_ms)
}

fn count(states: &[State], state: State) -> usize {
    states.iter().filter(|other| **other == state).count()
}

fn all(states: impl Iterator<Item = State>) -> State {
    let states: Vec<State> = states.collect();
    quorum(&states, states.len())
}

/// What nobody knows matters only where it can change the answer; what is in excluded work need not be up.
fn quorum(states: &[State], need: usize) -> State {
    if states.is_empty() {
        return State::Unknown;
    }
    let (up, unknown) = (count(states, State::Up), count(states, State::Unknown));
    let excluded = count(states, State::Excluded);
    let answer = |up: usize| match () {
        () if up >= need => State::Up,
        () if up + excluded >= need => State::Excluded,
        () => State::Down,
    };
    if answer(up) == answer(up + unknown) { answer(up) } else { State::Unknown }
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
