//! What was seen, as runs: given ones where a scenario gives states, else samples sent through `step`.

mod deliver;

use deliver::Agent;

use collector_api::{Reason, StreamId, Verdict};
use collector_derive::{Run, RunIndex, StreamRuns, Vantage};
use config::CheckId;

use super::charter::sites_of;
use super::clock::Clock;
use super::tree::{Leaf, What};
use crate::given::{self, Check, Evidence, Given, Initial, Sample, State};

pub(crate) use deliver::Manner;

pub(super) fn runs(given: &Given, leaves: &[Leaf], clock: Clock, manner: Manner) -> Result<RunIndex, String> {
    let mut index = RunIndex::default();
    for leaf in leaves {
        let agents = sites_of(leaf, given)?.into_iter().flat_map(|site| site.agents);
        let id = CheckId::of(&leaf.path);
        let seen: Vec<StreamRuns> = match &leaf.what {
            What::Always(state) => vec![stream(vec![run(i64::MIN / 4, i64::MAX / 4, *state)])],
            What::Check(name) => {
                let check = given.checks.get(name).ok_or_else(|| format!("no check `{name}`"))?;
                seen(check, &id, given, (clock, manner))?
            }
        };
        let vantages = agents.zip(seen).map(|(agent, runs)| Vantage { agent, streams: vec![runs] });
        index.checks.insert(id, vantages.collect());
    }
    Ok(index)
}

/// What each vantage of a check saw, in the order of its agents.
fn seen(
    check: &Check,
    id: &CheckId,
    given: &Given,
    (clock, manner): (Clock, Manner),
) -> Result<Vec<StreamRuns>, String> {
    match &check.evidence {
        Evidence::Timeline(rows) => Ok(vec![stream(painted(rows, clock))]),
        Evidence::Events(events, current) => {
            Ok(vec![stream(painted(&states(events, *current, given.policy.initial), clock))])
        }
        Evidence::Sites { sites, .. } => {
            let vantages = sites.iter().flat_map(|site| &site.vantages);
            vantages.map(|vantage| measured(vantage, check, id, given, (clock, manner))).collect()
        }
    }
}

/// A state-change history as states: each lasts until the next change, which may say that it was not known.
fn states(
    events: &[(i64, State, Option<State>)],
    current: Option<State>,
    initial: Initial,
) -> Vec<(i64, i64, State)> {
    let before = match initial {
        Initial::Unknown => State::Unknown,
        Initial::Up => State::Up,
        Initial::Down => State::Down,
        Initial::Backfill => events.first().and_then(|first| first.2).or(current).unwrap_or(State::Up),
    };
    let first = events.first().map_or(FAR, |first| first.0);
    let mut states = vec![(-FAR, first, before)];
    for pair in events.windows(2) {
        let known = pair[1].2 != Some(State::Unknown);
        states.push((pair[0].0, pair[1].0, if known { pair[0].1 } else { State::Unknown }));
    }
    states.extend(events.last().map(|last| (last.0, FAR, last.1)));
    states
}

/// Later than all that scenarios write.
const FAR: i64 = 2_000_000_000_000;

/// Runs of rows of which a later one goes over an earlier one.
fn painted(rows: &[(i64, i64, State)], clock: Clock) -> Vec<Run> {
    let mut cuts: Vec<i64> = rows.iter().flat_map(|row| [row.0, row.1]).collect();
    cuts.sort_unstable();
    cuts.dedup();
    let mut runs: Vec<Run> = Vec::new();
    for pair in cuts.windows(2) {
        let holds = |row: &&(i64, i64, State)| row.0 <= pair[0] && pair[1] <= row.1;
        let Some(row) = rows.iter().rev().find(holds) else { continue };
        let next = run(clock.ms(pair[0]), clock.ms(pair[1]), row.2);
        match runs.last_mut() {
            Some(last) if last.until_ms == next.first_ms && last.verdict == next.verdict => {
                last.until_ms = next.until_ms;
            }
            _ => runs.push(next),
        }
    }
    runs
}

/// A run that says `state` over `[from_ms, until_ms)`, with samples enough for any confirmation.
fn run(from_ms: i64, until_ms: i64, state: State) -> Run {
    Run {
        verdict: match state {
            State::Up => Verdict::Up,
            State::Down => Verdict::Down,
            State::Unknown => Verdict::Unknown,
        },
        reason: Reason::None,
        first_seq: 1,
        last_seq: 1,
        first_ms: from_ms,
        last_ms: from_ms,
        count: 1_000_000,
        until_ms,
    }
}

fn stream(closed: Vec<Run>) -> StreamRuns {
    StreamRuns { stream: StreamId([7; 16]), opened_ms: i64::MIN, closed, open: None }
}

/// A vantage's samples, sent; with the state that the policy gives it before its first sample.
fn measured(
    vantage: &given::Vantage,
    check: &Check,
    id: &CheckId,
    given: &Given,
    (clock, manner): (Clock, Manner),
) -> Result<StreamRuns, String> {
    let heard = |sample: &&Sample| {
        let bad = vantage.bad.iter().any(|(from, to)| (*from..*to).contains(&sample.at));
        sample.received <= given.data_as_of && !bad
    };
    let mut samples: Vec<Sample> = vantage.samples.iter().filter(heard).copied().collect();
    // A stamp that is ahead of its reception proves nothing, in a scenario at its stamp.
    for sample in &mut samples {
        if sample.at > sample.received.saturating_add(SKEW) {
            sample.outcome = State::Unknown;
        }
        sample.received = sample.at;
    }
    let again = |index: usize| index > 0 && samples[index - 1].at == samples[index].at;
    let known = (0..samples.len()).filter(|index| !again(*index)).map(|index| samples[index].outcome);
    let known = known.into_iter().find(|outcome| *outcome != State::Unknown);
    let before = match given.policy.initial {
        Initial::Unknown => State::Unknown,
        Initial::Up => State::Up,
        Initial::Down => State::Down,
        Initial::Backfill => known.unwrap_or(State::Unknown),
    };
    if !check.backdate {
        start_hard(&mut samples, check, before);
    } else if check.is_voted() && !given.undecided {
        let open = undecided(&samples, check, before);
        for sample in samples.iter_mut().filter(|sample| open.contains(&sample.at)) {
            sample.outcome = State::Unknown;
        }
    }
    let first = samples.first().map_or(FAR, |sample| sample.at);
    let mut runs = deliver::all(&samples, &vantage.bad, Agent::new(id, check, manner), clock)?;
    if before != State::Unknown {
        runs.closed.insert(0, run(clock.ms(-FAR), clock.ms(first), before));
        runs.opened_ms = i64::MIN;
    }
    Ok(runs)
}

/// When the samples were that the data end with, in a streak too short to be believed; with streaks before it that
/// were, too, if nothing ever was long enough: without the last one, one of these would be the last.
fn undecided(samples: &[Sample], check: &Check, mut state: State) -> Vec<i64> {
    let (mut streak, mut before_it): (Vec<Sample>, Vec<Sample>) = (Vec::new(), Vec::new());
    let mut before = None;
    for sample in samples {
        let again = before == Some(sample.at);
        before = Some(sample.at);
        if again || sample.outcome == State::Unknown {
            continue;
        }
        if sample.outcome == state || streak.first().is_some_and(|first| first.outcome != sample.outcome) {
            before_it.append(&mut streak);
        }
        if sample.outcome == state {
            continue;
        }
        streak.push(*sample);
        let need = if sample.outcome == State::Down { check.confirm_down } else { check.confirm_up };
        if streak.len() >= need as usize {
            state = sample.outcome;
            streak.clear();
            before_it.clear();
        }
    }
    if state != State::Unknown {
        before_it.clear();
    }
    before_it.into_iter().chain(streak).map(|sample| sample.at).collect()
}

/// A clock may be this many seconds ahead (D3).
const SKEW: i64 = 5;

/// A state begins with the sample that confirms it: those before it in its streak say the state before.
/// A streak that the data end in is not decided. What is left needs no confirmation.
fn start_hard(samples: &mut Vec<Sample>, check: &Check, mut state: State) {
    samples.dedup_by_key(|sample| (sample.at, sample.outcome));
    for index in 1..samples.len() {
        // Not later than its predecessor: it proves nothing, and no streak goes by it.
        if samples[index].at == samples[index - 1].at {
            samples[index].outcome = State::Unknown;
        }
    }
    let mut streak: Vec<usize> = Vec::new();
    for index in 0..samples.len() {
        let says = samples[index].outcome;
        if says == State::Unknown {
            continue;
        }
        if streak.first().is_some_and(|first| samples[*first].outcome != says) {
            for index in streak.drain(..) {
                samples[index].outcome = state;
            }
        }
        if says == state {
            continue;
        }
        streak.push(index);
        let need = if says == State::Down { check.confirm_down } else { check.confirm_up };
        if streak.len() >= need as usize {
            streak.pop();
            for index in streak.drain(..) {
                samples[index].outcome = state;
            }
            state = says;
        }
    }
    for index in streak {
        samples[index].outcome = State::Unknown;
    }
}
