//! Checks: what was seen of each, by whom.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{Check, Evidence, Quorum, Rule, Sample, Site, State, Vantage, list, number, pair, word};
use crate::when::{seconds, seconds_or_none};

/// How many samples one scenario may write out: a year of one check at 20 s.
const SAMPLES_MAX: usize = 2_000_000;

pub(super) fn read_all(checks: &Value) -> Result<BTreeMap<String, Check>, String> {
    let checks = checks.as_object().ok_or("`checks` is no object")?;
    checks
        .iter()
        .map(|(name, check)| {
            Ok((name.clone(), read(check).map_err(|error| format!("check `{name}`: {error}"))?))
        })
        .collect()
}

fn read(check: &Value) -> Result<Check, String> {
    let interval = seconds_or_none(&check["interval"])?.filter(|interval| *interval > 0);
    let hold = seconds_or_none(&check["hold"])?;
    let hold = hold.unwrap_or_else(|| interval.unwrap_or(60) * 5 / 2).max(0);
    let interval = interval.unwrap_or(60);
    Ok(Check {
        evidence: evidence(check, interval)?,
        interval,
        hold,
        confirm_down: number(&check["confirm_down"], 1)?.max(1),
        confirm_up: number(&check["confirm_up"], 1)?.max(1),
        backdate: check["backdate"].as_bool().unwrap_or(true),
        valid: if check["valid"].is_null() { (i64::MIN, i64::MAX) } else { pair(&check["valid"])? },
    })
}

fn evidence(check: &Value, interval: i64) -> Result<Evidence, String> {
    if !check["timeline"].is_null() {
        let row = |row: &Value| Ok((seconds(&row[0])?, seconds(&row[1])?, state(&row[2])?));
        return Ok(Evidence::Timeline(
            list(&check["timeline"])?.iter().map(row).collect::<Result<_, String>>()?,
        ));
    }
    if !check["events"].is_null() || !check["current"].is_null() {
        let or_none =
            |value: &Value| if value.is_null() { Ok::<_, String>(None) } else { state(value).map(Some) };
        let event = |event: &Value| Ok((seconds(&event[0])?, state(&event[1])?, or_none(&event[2])?));
        let mut events = list(&check["events"])?.iter().map(event).collect::<Result<Vec<_>, String>>()?;
        events.sort_by_key(|event| event.0);
        return Ok(Evidence::Events(events, or_none(&check["current"])?));
    }
    if let Some(sites) = check["sites"].as_object() {
        let sites = sites.iter().map(|(name, given)| site(name, given, &check["quorum"], interval));
        let quorum = quorum(&check["site_quorum"], Rule::Half)?;
        return Ok(Evidence::Sites { sites: sites.collect::<Result<_, _>>()?, quorum, alone: false });
    }
    let quorum = Quorum { rule: Rule::Half, min_known: 1 };
    Ok(Evidence::Sites { sites: vec![site("site", check, &Value::Null, interval)?], quorum, alone: true })
}

/// A site votes by its own rule, or by its check's.
fn site(name: &str, given: &Value, check_quorum: &Value, interval: i64) -> Result<Site, String> {
    let none = Map::new();
    let vantages = given["vantages"].as_object().unwrap_or(&none).iter();
    let vantages = vantages.map(|(name, seen)| vantage(name, seen, interval));
    Ok(Site {
        name: name.to_owned(),
        vantages: vantages.collect::<Result<_, _>>()?,
        quorum: quorum(
            if given["quorum"].is_null() { check_quorum } else { &given["quorum"] },
            Rule::Majority,
        )?,
    })
}

fn vantage(name: &str, seen: &Value, interval: i64) -> Result<Vantage, String> {
    let mut samples = Vec::new();
    let mut add = |at: i64, outcome: State, received: Option<i64>| {
        samples.push(Sample { at, outcome, received: received.unwrap_or(at) });
        if samples.len() > SAMPLES_MAX { Err(format!("more than {SAMPLES_MAX} samples")) } else { Ok(()) }
    };
    for sample in list(&seen["samples"])? {
        add(seconds(&sample[0])?, outcome(&sample[1])?, seconds_or_none(&sample[2])?)?;
    }
    for run in list(&seen["runs"])? {
        let (mut at, to) = (seconds(&run["from"])?, seconds(&run["to"])?);
        let step = seconds_or_none(&run["step"])?.unwrap_or(interval);
        if step <= 0 {
            return Err(format!("a step of {step} s"));
        }
        while at < to {
            add(at, outcome(&run["outcome"])?, seconds_or_none(&run["received"])?)?;
            at += step;
        }
    }
    samples.sort_by_key(|sample| sample.at);
    let mut bad = list(&seen["agent_bad"])?.iter().map(pair).collect::<Result<Vec<_>, _>>()?;
    bad.retain(|(from, to)| from < to);
    bad.sort_unstable();
    Ok(Vantage { name: name.to_owned(), samples, bad })
}

fn state(value: &Value) -> Result<State, String> {
    match word(value)? {
        "up" => Ok(State::Up),
        "down" => Ok(State::Down),
        "unknown" => Ok(State::Unknown),
        other => Err(format!("no state `{other}`")),
    }
}

fn outcome(value: &Value) -> Result<State, String> {
    match word(value)? {
        "ok" => Ok(State::Up),
        "fail" => Ok(State::Down),
        "error" => Ok(State::Unknown),
        other => Err(format!("no outcome `{other}`")),
    }
}

fn quorum(given: &Value, default: Rule) -> Result<Quorum, String> {
    let rule = match given["rule"].as_str() {
        None => default,
        Some("majority") => Rule::Majority,
        Some("half_down") => Rule::Half,
        Some("any_down") => Rule::Any,
        Some("all_down") => Rule::All,
        Some("k_of_n") => Rule::AtLeast(number(&given["k"], 1)?.max(1)),
        Some(other) => return Err(format!("no quorum `{other}`")),
    };
    Ok(Quorum { rule, min_known: number(&given["min_known"], 1)?.max(1) })
}
