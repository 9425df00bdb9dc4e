//! The derivation against everything that could prove it wrong.
//!
//! The executable form of the rules is `tests/scenarios/scenarios.json` at the root, computed by an
//! independent implementation, or every `*.json` of the directory that `VEDETTA_SCENARIOS` names. Beside it stands
//! a [`model`] that counts letters second by second, and a generator of [`random`] scenarios of the same schema
//! on which it and the product must agree; longer:
//! `VEDETTA_RANDOM=20000 cargo test -p collector-derive --test scenarios random -- --nocapture`.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "what is generated and counted one by one here is small"
)]
#![expect(clippy::unwrap_used, reason = "what cannot be asked fails the test")]

mod exact;
mod file;
mod given;
mod model;
mod product;
mod properties;
mod random;
mod when;

use serde_json::{Map, Value};

use file::Case;

/// A field that is not what was expected.
#[derive(Debug)]
struct Difference {
    id: String,
    case: String,
    field: String,
    expected: Value,
    actual: Value,
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { id, case, field, expected, actual } = self;
        write!(f, "id {id} | case {case} | field {field} | expected {expected} | actual {actual}")
    }
}

/// Every expected field that an answer contradicts; a case that cannot be answered is one difference.
fn differences(case: &Case, answer: Result<Map<String, Value>, String>) -> Vec<Difference> {
    let differ = |field: &str, expected: Value, actual: Value| Difference {
        id: case.id.clone(),
        case: case.name.clone(),
        field: field.to_owned(),
        expected,
        actual,
    };
    let answer = match answer {
        Ok(answer) => answer,
        Err(sentence) => {
            return vec![differ("(the whole case)", "an answer".into(), sentence.into())];
        }
    };
    let mut differences = Vec::new();
    for (field, expected) in &case.expect {
        let actual = answer.get(field).cloned().unwrap_or_else(|| "(no such field)".into());
        if !exact::alike(expected, &actual) {
            differences.push(differ(field, expected.clone(), actual));
        }
    }
    differences
}

/// What nobody thought of is a sentence, too: one case never hides the others.
fn by_the_product(case: &Case) -> Result<Map<String, Value>, String> {
    let answer = || match case.kind.as_str() {
        "service" => product::answer(&given::read(&case.input, &case.policy)?),
        other => product::answer_other(other, &case.input),
    };
    std::panic::catch_unwind(answer).unwrap_or_else(|panic| {
        let said = panic.downcast_ref::<String>().cloned();
        let said = said.or_else(|| panic.downcast_ref::<&str>().map(|said| (*said).to_owned()));
        Err(format!("panicked: {}", said.unwrap_or_default()))
    })
}

fn by_the_model(case: &Case) -> Result<Map<String, Value>, String> {
    match case.kind.as_str() {
        "service" => model::answer(&given::read(&case.input, &case.policy)?),
        other => model::answer_other(other, &case.input),
    }
}

/// Answers every case, and fails with every difference.
fn expect_all(cases: &[Case], answer: impl Fn(&Case) -> Result<Map<String, Value>, String>) {
    let wrong: Vec<String> = cases
        .iter()
        .flat_map(|case| differences(case, answer(case)))
        .map(|difference| difference.to_string())
        .collect();
    assert!(
        wrong.is_empty(),
        "{} of {} cases' fields differ:\n{}",
        wrong.len(),
        cases.len(),
        wrong.join("\n")
    );
}

/// Every case of every file: what the product says is what is expected.
#[test]
fn scenarios() {
    let cases = file::cases(&file::directory()).unwrap_or_else(|error| panic!("{error}"));
    assert!(!cases.is_empty(), "no scenario in {}", file::directory().display());
    if file::asked("VEDETTA_SCENARIOS").is_none() {
        assert!(cases.len() >= 162, "{} of the repository's cases", cases.len());
    }
    expect_all(&cases, by_the_product);
}

/// A school's first fail is not confirmed yet, and would decide against the data center's ok: until it is, nobody
/// knows. In a scenario, whose data end there for ever, it does not vote.
#[test]
fn what_a_later_sample_decides_is_open() {
    let vantages = |last: &str| serde_json::json!({"a": {"samples": [[0, "ok"], [60, "ok"], [120, last]]}});
    let site = |last: &str| serde_json::json!({"vantages": vantages(last)});
    let input = serde_json::json!({
        "period": {"start": 0, "end": 180},
        "checks": {"c": {"interval": 60, "hold": 150, "confirm_down": 2,
            "sites": {"ced": site("ok"), "school": site("fail")}}},
        "undecided": true,
    });
    let file = serde_json::json!({"scenarios": [{"id": "open", "input": input, "cases": [
        {"name": "as the product has it", "expect": {"up": 120, "unknown": 60}},
        {"name": "as scenarios have it", "set": {"undecided": false}, "expect": {"up": 180, "unknown": 0}},
        {"name": "none decides", "set": {"checks.c.site_quorum": {"rule": "all_down"}}, "expect": {"up": 180}},
    ]}]});
    let cases = file::cases_of(&file).unwrap();
    expect_all(&cases, by_the_product);
    expect_all(&cases, by_the_model);
}

/// A year has 31 million seconds, which the model looks at one by one; with `VEDETTA_MODEL_YEARS` it does.
const SECONDS_MAX: i64 = 3_000_000;

/// The model and the independent implementation are of one mind.
#[test]
fn the_model_agrees_with_the_scenarios() {
    let cases = file::cases(&file::directory()).unwrap_or_else(|error| panic!("{error}"));
    let years = file::asked("VEDETTA_MODEL_YEARS").is_some();
    let short = |case: &Case| {
        let period = |key: &str| when::seconds(&case.input["period"][key]).unwrap_or(0);
        years || period("end") - period("start") <= SECONDS_MAX
    };
    let cases: Vec<Case> = cases.into_iter().filter(short).collect();
    expect_all(&cases, by_the_model);
}
