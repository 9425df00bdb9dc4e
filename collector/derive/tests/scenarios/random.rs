//! Random scenarios of the schema, each from one number; the model's answer is what the product must say.
//!
//! Every feature of the schema comes up, also together with every other one. A disagreement is cut down until
//! nothing more can be left out of the scenario.

mod checks;
pub(crate) mod dice;
mod others;
mod rules;
mod smaller;

use serde_json::{Map, Value, json};

use crate::file::{self, Case};
use crate::{by_the_model, by_the_product, exact};
use dice::Dice;
pub(crate) use smaller::damaged;

/// The scenario of a number.
pub(crate) fn case(seed: u64) -> Case {
    let mut dice = Dice::new(seed);
    let (kind, input, policy) = match dice.below(20) {
        0 => ("calendar", others::calendar(&mut dice), json!({})),
        1 => ("tickets", others::tickets(&mut dice), json!({})),
        2 => ("projection", others::projection(&mut dice), json!({})),
        3 => ("burn", others::burn(&mut dice), json!({})),
        _ => ("service", service(&mut dice), rules::policy(&mut dice)),
    };
    Case {
        id: format!("seed {seed}"),
        name: "random".to_owned(),
        kind: kind.to_owned(),
        input,
        policy,
        expect: Map::new(),
    }
}

/// Where and how long a random service is looked at, s.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stage {
    pub(crate) start: i64,
    pub(crate) length: i64,
}

impl Stage {
    /// An instant in the period, or somewhat before or after it.
    fn at(self, dice: &mut Dice) -> i64 {
        self.start + dice.between(-self.length / 8, self.length + self.length / 8)
    }

    fn window(self, dice: &mut Dice) -> (i64, i64) {
        let from = self.at(dice);
        (from, from + dice.between(0, self.length / 2))
    }
}

/// Midnights in Rome before days that are holidays, or on which clocks change, or that are like any other.
const DAYS: [&str; 8] = [
    "2026-03-28 Rome",
    "2026-10-24 Rome",
    "2026-04-04 Rome",
    "2026-05-03 Rome",
    "2026-10-03 Rome",
    "2027-12-31 Rome",
    "2028-02-28 Rome",
    "2026-06-17 Rome",
];

fn service(dice: &mut Dice) -> Value {
    let calendar = dice.one_in(7).then(|| rules::calendar(dice));
    let stage = if calendar.is_some() {
        let day = crate::when::seconds(&(*dice.pick(&DAYS)).into()).unwrap_or(0);
        Stage { start: day + dice.between(0, 90_000), length: dice.between(20_000, 130_000) }
    } else {
        let start = *dice.pick(&[0, 0, 1_000, -700, 1_767_222_000, 40_000_000_000, 600_000_000_000]);
        Stage { start, length: dice.between(100, 2_500) }
    };
    let checks = checks::checks(dice, stage);
    let names: Vec<String> = checks.as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect();
    let mut input = json!({
        "period": {"start": dice.time(stage.start), "end": dice.time(stage.start + stage.length)},
        "checks": checks,
    });
    if names.len() > 1 || dice.one_in(3) {
        input["tree"] = rules::tree(dice, &names);
    }
    if dice.one_in(2) {
        input["log"] = rules::log(dice, stage, &names);
    }
    if let Some(calendar) = calendar {
        input["calendar"] = calendar;
    } else if dice.one_in(5) {
        input["calendar"] = "24x7".into();
    }
    if dice.one_in(3) {
        let at = stage.at(dice);
        input["period"]["as_of"] = dice.time(at);
    }
    for key in ["data_as_of", "log_as_of"] {
        if dice.one_in(4) {
            let at = stage.at(dice);
            input[key] = dice.time(at);
        }
    }
    if dice.one_in(2) {
        input["target"] = rules::target(dice);
    }
    if dice.one_in(3) {
        // No scenario of others says so.
        input["undecided"] = true.into();
    }
    input
}

/// The fields in which the product says otherwise than the model, in words.
fn disagreements(case: &Case) -> Result<Vec<String>, String> {
    let expected = by_the_model(case)?;
    let actual = match by_the_product(case) {
        Ok(actual) => actual,
        Err(sentence) => return Ok(vec![sentence]),
    };
    let differ = |(field, expected): (&String, &Value)| {
        let actual = actual.get(field)?;
        (!exact::alike(expected, actual)).then(|| format!("{field}: model {expected}, product {actual}"))
    };
    Ok(expected.iter().filter_map(differ).collect())
}

/// The model and the product agree on this many random scenarios: `VEDETTA_RANDOM` of them, from the number
/// `VEDETTA_SEED` on.
#[test]
fn random_scenarios_agree_with_the_model() {
    let number = |name: &str, default: u64| {
        file::asked(name).and_then(|text| text.parse::<u64>().ok()).unwrap_or(default)
    };
    let (count, first) = (number("VEDETTA_RANDOM", 300), number("VEDETTA_SEED", 1));
    let mut wrong = Vec::new();
    for seed in first..first + count {
        let case = case(seed);
        match disagreements(&case) {
            Ok(found) if found.is_empty() => {}
            Ok(found) => wrong.push((case, found)),
            Err(sentence) => wrong.push((case, vec![format!("the model has no answer: {sentence}")])),
        }
        if wrong.len() >= 10 {
            break;
        }
    }
    let shown = wrong.iter().map(|(case, found)| {
        let word = |found: &str| found.split(' ').next().unwrap_or("").to_owned();
        let same = |case: &Case| {
            disagreements(case).is_ok_and(|now| now.iter().any(|now| word(now) == word(&found[0])))
        };
        let smaller = smaller::smaller(case, same);
        let found = disagreements(&smaller).unwrap_or_else(|_| found.clone());
        format!("{}: {}\n  {} {}", case.id, found.join("; "), smaller.input, smaller.policy)
    });
    let shown: Vec<String> = shown.collect();
    assert!(wrong.is_empty(), "{} of up to {count} disagree:\n{}", wrong.len(), shown.join("\n"));
}
