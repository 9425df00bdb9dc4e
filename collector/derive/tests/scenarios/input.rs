//! What a scenario says: its cases, their input with `set` and `policy` applied, its times as Unix ms.

use collector_derive::{DownIf, Reading, Vote};
use serde_json::{Map, Value};

/// One case of one scenario.
pub(crate) struct Case {
    /// `scenario/case`.
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) input: Value,
    pub(crate) policy: Map<String, Value>,
    pub(crate) expect: Map<String, Value>,
}

/// A case that needs nothing unbuilt.
pub(crate) struct RunCase {
    pub(crate) start_ms: i64,
    pub(crate) end_ms: i64,
    pub(crate) as_of_ms: i64,
    /// Samples received later are not there.
    pub(crate) data_as_of_ms: i64,
    pub(crate) reading: Reading,
    pub(crate) input: Value,
}

/// Every case of the file.
pub(crate) fn cases() -> Vec<Case> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/scenarios/scenarios.json");
    let file: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let mut cases = Vec::new();
    for scenario in list(&file["scenarios"]) {
        for case in list(&scenario["cases"]) {
            let mut input = scenario["input"].clone();
            for (path, value) in case["set"].as_object().into_iter().flatten() {
                set(&mut input, path, value);
            }
            let mut policy = file["default_policy"].as_object().unwrap().clone();
            policy.extend(case["policy"].as_object().cloned().unwrap_or_default());
            cases.push(Case {
                name: format!("{}/{}", text(&scenario["id"]), text(&case["name"])),
                kind: text(&scenario["kind"]).to_owned(),
                input,
                policy,
                expect: case["expect"].as_object().unwrap().clone(),
            });
        }
    }
    cases
}

impl Case {
    /// The case as it can be run, or the rule it waits for.
    pub(crate) fn ready(&self) -> Result<RunCase, &'static str> {
        if let Some(rule) = self.waits_for() {
            return Err(rule);
        }
        let (input, period) = (&self.input, &self.input["period"]);
        let or = |time: &Value, default| if time.is_null() { default } else { ms(time) };
        let end_ms = ms(&period["end"]);
        let quorums = |name: &str| checks(input).find_map(|(_, check)| check.get(name)).map(vote);
        let of_a_site = checks(input)
            .filter_map(|(_, check)| check["sites"].as_object())
            .flat_map(Map::values)
            .find_map(|site| site.get("quorum"))
            .map(vote);
        Ok(RunCase {
            start_ms: ms(&period["start"]),
            end_ms,
            as_of_ms: or(&period["as_of"], end_ms),
            data_as_of_ms: or(&input["data_as_of"], i64::MAX),
            reading: Reading {
                vantages: quorums("quorum").or(of_a_site),
                sites: quorums("site_quorum"),
                ..Reading::default()
            },
            input: input.clone(),
        })
    }

    fn waits_for(&self) -> Option<&'static str> {
        let log = || self.input["log"].as_array().into_iter().flatten().map(|entry| text(&entry["kind"]));
        let (policy, start) = (&self.policy, &self.input["period"]["start"]);
        let backfilled = |check: &Value| {
            let first = check["events"].get(0);
            first.is_none_or(|first| ms(&first[0]) > ms(start) && first[2] != "unknown")
        };
        let op = self.input["tree"]["op"].as_str().unwrap_or("all");
        let some_check = |test: &dyn Fn(&Value) -> bool| checks(&self.input).any(|(_, check)| test(check));
        if self.expect.contains_key("error") {
            None
        } else if policy["maintenance"] != "count" && log().any(|kind| kind == "maintenance") {
            Some("D12 maintenance policies")
        } else if log().any(|kind| kind != "maintenance") {
            Some("D9 corrections")
        } else if !self.input["calendar"].is_null() {
            Some("D18 calendars")
        } else if op == "mean" || op == "weighted" {
            Some("D16 mean and weights")
        } else if policy["unknown"] != "exclude" {
            Some("D20 other readings of unknown time")
        } else if policy["initial"] == "backfill"
            && some_check(&|check| check.get("events").is_some() && backfilled(check))
        {
            Some("D5 backfill, which is no reading of ours")
        } else if some_check(&|check| check["backdate"] == false) {
            Some("D6 hard-state start, which is no reading of ours")
        } else if self.name.starts_with("D02/") {
            Some("never: a stamp from the future is unknown at its reception, not at its stamp")
        } else {
            None
        }
    }
}

/// The checks of an input, by name.
pub(crate) fn checks(input: &Value) -> impl Iterator<Item = (&String, &Value)> {
    input["checks"].as_object().unwrap().iter()
}

/// Integer seconds, ISO 8601, or `2026-01-01[ 08:00[:00]] Rome`.
pub(crate) fn ms(time: &Value) -> i64 {
    if let Some(seconds) = time.as_i64() {
        return seconds * 1_000;
    }
    let time = text(time);
    let timestamp = match time.strip_suffix(" Rome") {
        Some(wall) if wall.len() == 10 => format!("{wall}T00:00:00[Europe/Rome]").parse::<jiff::Zoned>(),
        Some(wall) => format!("{}[Europe/Rome]", wall.replace(' ', "T")).parse::<jiff::Zoned>(),
        None => return time.parse::<jiff::Timestamp>().unwrap().as_millisecond(),
    };
    timestamp.unwrap().timestamp().as_millisecond()
}

pub(crate) fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

pub(crate) fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn vote(quorum: &Value) -> Vote {
    let number = |name: &str, default| quorum[name].as_u64().map_or(default, |n| u32::try_from(n).unwrap());
    let down_if = match text(&quorum["rule"]) {
        "majority" => DownIf::Majority,
        "half_down" => DownIf::Half,
        "any_down" => DownIf::Any,
        "all_down" => DownIf::All,
        "k_of_n" => DownIf::AtLeast(number("k", 1)),
        other => panic!("no quorum `{other}`"),
    };
    Vote { down_if, known_min: number("min_known", 1) }
}

fn set(input: &mut Value, path: &str, value: &Value) {
    let place = path.split('.').fold(input, |place, key| &mut place[key]);
    *place = value.clone();
}
