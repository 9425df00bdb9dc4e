//! One check, second by second: what each vantage knows, what sites vote.

use super::{Letters, log};
use crate::given::{Check, Evidence, Given, Initial, Quorum, Rule, Sample, Site, State, Vantage};

/// A clock may be ahead of the reception by this much (D3).
const SKEW: i64 = 5;

pub(super) fn letters(check: &Check, given: &Given) -> Letters {
    match &check.evidence {
        Evidence::Timeline(rows) => {
            let mut letters = unknown(given);
            for (from, to, state) in rows {
                paint(&mut letters, given.start, *from, *to, letter(*state));
            }
            letters
        }
        Evidence::Events(events, current) => of_events(events, *current, given),
        Evidence::Sites { sites, quorum, .. } => {
            let seen: Vec<(&Site, Vec<Letters>)> = sites
                .iter()
                .map(|site| {
                    let vantages = site.vantages.iter();
                    (site, vantages.map(|vantage| of_vantage(vantage, check, given)).collect())
                })
                .collect();
            // Whatever an annulled vote was, and one that is open will be: not cast, up, or down.
            let cast = |any: u8| {
                let sites = seen.iter().map(|(site, seen)| {
                    let seen: Vec<Letters> = seen.iter().map(|seen| open_as(seen, any)).collect();
                    let mut voted = vote(&seen, site.quorum, given);
                    let covers = |scope: &str| scope.strip_prefix("site:") == Some(&site.name);
                    log::correct(&mut voted, &covers, any, given);
                    voted
                });
                vote(&sites.collect::<Vec<_>>(), *quorum, given)
            };
            let (none, up, down) = (cast(b'K'), cast(b'U'), cast(b'D'));
            let second = |index: usize| {
                if none[index] == up[index] && up[index] == down[index] { up[index] } else { b'K' }
            };
            (0..none.len()).map(second).collect()
        }
    }
}

fn open_as(letters: &[u8], any: u8) -> Letters {
    letters.iter().map(|letter| if *letter == b'?' { any } else { *letter }).collect()
}

fn unknown(given: &Given) -> Letters {
    vec![b'K'; (given.end - given.start) as usize]
}

pub(super) fn letter(state: State) -> u8 {
    match state {
        State::Up => b'U',
        State::Down => b'D',
        State::Unknown => b'K',
    }
}

/// `[from, to)` is `letter` now; what is beyond the period is not there to be painted.
pub(super) fn paint(letters: &mut [u8], start: i64, from: i64, to: i64, letter: u8) {
    let length = letters.len() as i64;
    let index = |at: i64| at.saturating_sub(start).clamp(0, length) as usize;
    let (from, to) = (index(from), index(to));
    if from < to {
        letters[from..to].fill(letter);
    }
}

/// Between two changes the first one's state holds, unless the second says that it was not known.
fn of_events(events: &[(i64, State, Option<State>)], current: Option<State>, given: &Given) -> Letters {
    let mut letters = unknown(given);
    let before = match given.policy.initial {
        Initial::Unknown => State::Unknown,
        Initial::Up => State::Up,
        Initial::Down => State::Down,
        Initial::Backfill => events.first().and_then(|first| first.2).or(current).unwrap_or(State::Up),
    };
    let first = events.first().map_or(i64::MAX, |event| event.0);
    paint(&mut letters, given.start, i64::MIN, first, letter(before));
    for (index, (at, state, _)) in events.iter().enumerate() {
        let next = events.get(index + 1);
        let known = next.is_none_or(|(_, _, previous)| *previous != Some(State::Unknown));
        let until = next.map_or(i64::MAX, |next| next.0);
        paint(&mut letters, given.start, *at, until, letter(if known { *state } else { State::Unknown }));
    }
    letters
}

/// What counts of a vantage's samples: received in time, by a witness, one an instant, not from the future.
pub(super) fn heard(vantage: &Vantage, given: &Given) -> Vec<Sample> {
    let mut heard: Vec<Sample> = Vec::new();
    for sample in &vantage.samples {
        let bad = vantage.bad.iter().any(|(from, to)| (*from..*to).contains(&sample.at));
        if sample.received > given.data_as_of || bad {
            continue;
        }
        let from_the_future = sample.at > sample.received.saturating_add(SKEW);
        let outcome = if from_the_future { State::Unknown } else { sample.outcome };
        let again = heard.iter().rev().take_while(|before| before.at == sample.at);
        if again.clone().any(|before| before.outcome == outcome) && again.count() == 1 {
            continue;
        }
        // Not later than its predecessor, and not the same again: it proves nothing.
        let conflicts = heard.last().is_some_and(|before| before.at == sample.at);
        let outcome = if conflicts { State::Unknown } else { outcome };
        heard.push(Sample { outcome, ..*sample });
    }
    heard
}

fn of_vantage(vantage: &Vantage, check: &Check, given: &Given) -> Letters {
    let mut letters = unknown(given);
    let samples = heard(vantage, given);
    let first_known = samples.iter().map(|sample| sample.outcome).find(|outcome| *outcome != State::Unknown);
    let before = match given.policy.initial {
        Initial::Unknown => State::Unknown,
        Initial::Up => State::Up,
        Initial::Down => State::Down,
        Initial::Backfill => first_known.unwrap_or(State::Unknown),
    };
    let first = samples.first().map_or(i64::MAX, |sample| sample.at);
    paint(&mut letters, given.start, i64::MIN, first, letter(before));
    let decided = decide(&samples, check, before);
    for (index, sample) in samples.iter().enumerate() {
        let mut until = sample.at.saturating_add(check.hold);
        if let Some(next) = samples.get(index + 1) {
            until = until.min(next.at);
        }
        for (from, _) in vantage.bad.iter().filter(|(from, _)| *from >= sample.at) {
            until = until.min(*from);
        }
        let undecided = sample.outcome != State::Unknown && decided[index] == Decided::Open;
        let open = undecided && check.is_voted() && given.undecided && check.backdate;
        let says = match decided[index] {
            _ if open => b'?',
            Decided::Is(state) => letter(state),
            Decided::Open => b'K',
        };
        paint(&mut letters, given.start, sample.at, until, says);
    }
    letters
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Decided {
    Is(State),
    /// Nobody knows yet.
    Open,
}

/// What each sample says once all are known (D6): of a block of known samples that agree, long enough to
/// be believed, all say so; of a shorter one the state before stays; of one at the end nobody knows yet.
fn decide(samples: &[Sample], check: &Check, before: State) -> Vec<Decided> {
    let known: Vec<usize> =
        (0..samples.len()).filter(|index| samples[*index].outcome != State::Unknown).collect();
    let mut decided = vec![Decided::Is(State::Unknown); samples.len()];
    let (mut state, mut place) = (before, 0);
    while place < known.len() {
        let outcome = samples[known[place]].outcome;
        let agrees = |index: &&usize| samples[**index].outcome == outcome;
        let block = known[place..].iter().take_while(agrees).count();
        let need = if outcome == State::Down { check.confirm_down } else { check.confirm_up } as usize;
        for (nth, index) in known[place..place + block].iter().enumerate() {
            decided[*index] = if outcome == state || (block >= need && (check.backdate || nth + 1 >= need)) {
                Decided::Is(outcome)
            } else if block >= need || place + block < known.len() {
                Decided::Is(state)
            } else {
                Decided::Open
            };
        }
        if block >= need {
            state = outcome;
        }
        place += block;
    }
    decided
}

/// Those that know vote (D8).
fn vote(members: &[Letters], quorum: Quorum, given: &Given) -> Letters {
    let second = |index: usize| {
        let says = |letter: u8| members.iter().filter(|member| member[index] == letter).count();
        let (up, down) = (says(b'U'), says(b'D'));
        let known = up + down;
        let is_down = match quorum.rule {
            Rule::Majority => down > up,
            Rule::Half => down > 0 && down >= up,
            Rule::Any => down >= 1,
            Rule::All => up == 0,
            Rule::AtLeast(k) => down >= (k as usize).min(known),
        };
        match known >= quorum.min_known as usize && known > 0 {
            // Whoever is in planned work does not vote; where nobody else is, the work is all there is.
            false if known == 0 && says(b'K') == 0 && says(b'M') > 0 => b'M',
            false => b'K',
            true if is_down => b'D',
            true => b'U',
        }
    };
    (0..(given.end - given.start) as usize).map(second).collect()
}
