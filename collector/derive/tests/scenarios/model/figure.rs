//! Letters counted, and what follows from the counts (D19 to D25).

use serde_json::{Map, Value, json};

use super::{Letters, check};
use crate::exact::{Exact, percent, text, whole};
use crate::given::{Evidence, Given, State, Target, Tree, Unknown};

/// Seconds, weighted.
#[derive(Debug, Clone, Copy, Default)]
struct Count {
    up: i128,
    down: i128,
    unknown: i128,
    maintenance: i128,
    out_of_scope: i128,
    future: i128,
}

pub(super) fn fields(members: &[(u32, Letters)], given: &Given) -> Map<String, Value> {
    let mut count = Count::default();
    for (weight, letters) in members {
        for letter in letters {
            let seconds = match letter {
                b'U' => &mut count.up,
                b'D' => &mut count.down,
                b'M' => &mut count.maintenance,
                b'O' => &mut count.out_of_scope,
                b'F' => &mut count.future,
                _ => &mut count.unknown,
            };
            *seconds += i128::from(*weight);
        }
    }
    let Count { up, down, unknown, maintenance, out_of_scope, future } = count;
    let (known, elapsed) = (up + down, up + down + unknown);
    let headline = match given.policy.unknown {
        Unknown::Exclude => Exact::new(up, known),
        Unknown::Down => Exact::new(up, elapsed),
        Unknown::Up => Exact::new(up + unknown, elapsed),
    };
    let mut fields = Map::new();
    let mut say = |name: &str, value: Value| fields.insert(name.to_owned(), value);
    for (name, seconds) in [
        ("up", up),
        ("down", down),
        ("unknown", unknown),
        ("maintenance", maintenance),
        ("out_of_scope", out_of_scope),
        ("future", future),
    ] {
        say(name, whole(seconds));
    }
    say("availability", text(headline));
    say("floor_pct", percent(headline));
    say("worst_floor_pct", percent(Exact::new(up, elapsed)));
    say("best_floor_pct", percent(Exact::new(up + unknown, elapsed)));
    say("coverage_floor_pct", percent(Exact::new(known, elapsed)));
    if known == 0 {
        say("verdict", "no_data".into());
    }
    if let [(_, letters)] = members
        && !matches!(given.tree, Tree::Mean(_))
    {
        say("incidents", incidents(letters, given.start));
        if let Some((min, max)) = sampling(letters, given) {
            say("sampling_down_min", min.into());
            say("sampling_down_max", max.into());
        }
    }
    if let Some(target) = given.target {
        judge(count, target, headline, &mut fields);
    }
    fields
}

fn judge(count: Count, target: Target, headline: Option<Exact>, fields: &mut Map<String, Value>) {
    let Count { up, down, unknown, future, .. } = count;
    let (p, q) = (i128::from(target.p), i128::from(target.q));
    let keeps = |up: i128, of: i128| if target.strict { q * up > p * of } else { q * up >= p * of };
    let mut say = |name: &str, value: Value| fields.insert(name.to_owned(), value);
    let verdict = match up + down + unknown {
        _ if up + down == 0 => "no_data",
        elapsed if keeps(up, elapsed) => "met",
        elapsed if !keeps(up + unknown, elapsed) => "breached",
        _ => "indeterminate",
    };
    say("verdict", verdict.into());
    say("meets_headline", headline.is_some_and(|exact| keeps(exact.p, exact.q)).into());
    let scope = up + down + unknown + future;
    if scope > 0 {
        let outlook = match () {
            () if keeps(up, scope) => "secured",
            () if !keeps(up + unknown + future, scope) => "irrecoverable",
            () => "open",
        };
        say("outlook", outlook.into());
    }
    if let Some(budget) = Exact::new((q - p) * scope, q) {
        let max = if target.strict { budget.ceil() - 1 } else { budget.floor() };
        say("budget_seconds", whole(budget.floor()));
        say("max_down_allowed", whole(max));
        say("remaining_down", whole(max - down));
    }
}

/// Stretches of `D`.
fn incidents(letters: &[u8], start: i64) -> Value {
    let mut stretches: Vec<[i64; 2]> = Vec::new();
    for (at, letter) in (start..).zip(letters) {
        match stretches.last_mut() {
            _ if *letter != b'D' => {}
            Some(last) if last[1] == at => last[1] = at + 1,
            _ => stretches.push([at, at + 1]),
        }
    }
    json!(stretches)
}

/// Of each stretch of down, what its samples prove and what they leave possible (D24); for one vantage
/// whose word is the service's, where samples enclose every stretch without a gap.
fn sampling(letters: &[u8], given: &Given) -> Option<(i64, i64)> {
    let Tree::Check(name) = &given.tree else { return None };
    let (check, plain) = (given.checks.get(name)?, given.log.is_empty() && given.calendar.is_none());
    let Evidence::Sites { sites, .. } = &check.evidence else { return None };
    let ([site], true) = (sites.as_slice(), plain) else { return None };
    let [vantage] = site.vantages.as_slice() else { return None };
    let samples = check::heard(vantage, given);
    let (mut min, mut max) = (0, 0);
    let stretches = incidents(letters, given.start);
    for stretch in stretches.as_array()? {
        let (from, to) = (stretch[0].as_i64()?, stretch[1].as_i64()?);
        let inside = |at: i64| (from..to).contains(&at);
        let first = samples.iter().position(|sample| inside(sample.at))?;
        let last = samples.iter().rposition(|sample| inside(sample.at))?;
        let (before, after) = (samples.get(first.checked_sub(1)?)?, samples.get(last + 1)?);
        let bad = vantage.bad.iter().any(|(a, b)| *a < after.at && before.at < *b);
        let all_fail = samples[first..=last].iter().all(|sample| sample.outcome == State::Down);
        let enclosed = before.outcome == State::Up && after.outcome == State::Up && all_fail && !bad;
        let near = after.at <= samples[last].at + check.hold && samples[first].at <= before.at + check.hold;
        if !enclosed || !near || before.at < given.start || after.at > given.end.min(given.as_of) {
            return None;
        }
        min += samples[last].at - samples[first].at;
        max += after.at - before.at;
    }
    Some((min, max))
}
