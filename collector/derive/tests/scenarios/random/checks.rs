//! Random checks: what was seen of them, from where, with gaps, doubles, late samples and bad agents.

use serde_json::{Map, Value, json};

use super::Stage;
use super::dice::Dice;

const NAMES: [&str; 8] = ["c", "B", "ap-0", "x.y", "Città", "A b", "7", "DNS_1"];

pub(super) fn checks(dice: &mut Dice, stage: Stage) -> Value {
    let count = *dice.pick(&[1, 1, 2, 2, 3, 4, 5]);
    let mut checks = Map::new();
    let first = dice.below(8) as usize;
    for place in 0..count {
        checks.insert(NAMES[(first + place) % NAMES.len()].to_owned(), check(dice, stage));
    }
    checks.into()
}

fn check(dice: &mut Dice, stage: Stage) -> Value {
    // Over days, samples are as many as over minutes.
    let interval = *dice.pick(&[10, 30, 60]) * (stage.length / 2_000).max(1);
    let hold = interval * *dice.pick(&[2, 3, 5]) / 2;
    let mut check = match dice.below(8) {
        0 | 1 => json!({"timeline": timeline(dice, stage)}),
        2 => events(dice, stage),
        3 | 4 => {
            let sites = dice.between(1, 3);
            let sites: Map<String, Value> = (0..sites)
                .map(|place| {
                    (["ced", "Scuola", "s 3"][place as usize].to_owned(), witnesses(dice, stage, interval))
                })
                .collect();
            let mut check = json!({"interval": interval, "hold": hold, "sites": sites});
            if dice.one_in(2) {
                check["site_quorum"] = quorum(dice);
            }
            check
        }
        _ => {
            let mut check = witnesses(dice, stage, interval);
            check["interval"] = interval.into();
            check["hold"] = hold.into();
            check
        }
    };
    for key in ["confirm_down", "confirm_up"] {
        if dice.one_in(3) {
            check[key] = dice.between(1, 3).into();
        }
    }
    if dice.one_in(6) {
        check["backdate"] = dice.one_in(3).into();
    }
    if dice.one_in(3) {
        let (from, to) = stage.window(dice);
        check["valid"] = json!([dice.time(from), dice.time(to)]);
    }
    check
}

/// Vantages, and how they vote.
fn witnesses(dice: &mut Dice, stage: Stage, interval: i64) -> Value {
    let count = *dice.pick(&[1, 1, 1, 2, 3]);
    let vantages: Map<String, Value> = (0..count)
        .map(|place| (["a", "B", "c.1"][place as usize].to_owned(), vantage(dice, stage, interval)))
        .collect();
    let mut witnesses = json!({"vantages": vantages});
    if dice.one_in(2) {
        witnesses["quorum"] = quorum(dice);
    }
    witnesses
}

fn quorum(dice: &mut Dice) -> Value {
    let rule = *dice.pick(&["majority", "half_down", "any_down", "all_down", "k_of_n"]);
    let mut quorum = json!({"rule": rule});
    if rule == "k_of_n" {
        quorum["k"] = dice.between(1, 4).into();
    }
    if dice.one_in(3) {
        quorum["min_known"] = dice.between(1, 3).into();
    }
    quorum
}

fn vantage(dice: &mut Dice, stage: Stage, interval: i64) -> Value {
    let mut vantage = Map::new();
    if dice.one_in(3) {
        vantage.insert("runs".to_owned(), runs(dice, stage, interval));
    } else {
        vantage.insert("samples".to_owned(), samples(dice, stage, interval));
    }
    if dice.one_in(3) {
        let count = dice.between(0, 2);
        let bad = (0..count).map(|_| {
            let from = stage.at(dice);
            json!([dice.time(from), from + dice.between(0, 6 * interval)])
        });
        vantage.insert("agent_bad".to_owned(), bad.collect());
    }
    vantage.into()
}

fn outcome(dice: &mut Dice) -> &'static str {
    dice.pick::<&str>(&["ok", "ok", "ok", "fail", "fail", "error"])
}

/// Mostly one an interval; streaks, gaps, the same twice, two at once, late ones, one from the future.
fn samples(dice: &mut Dice, stage: Stage, interval: i64) -> Value {
    let mut at = stage.start - dice.between(-stage.length / 3, 3 * interval);
    let last = stage.start + stage.length + dice.between(-stage.length / 3, 2 * interval);
    let (mut samples, mut says) = (Vec::new(), outcome(dice));
    let jitter = dice.one_in(2);
    while at < last {
        if dice.one_in(3) {
            says = outcome(dice);
        }
        let mut sample = json!([dice.time(at), says]);
        let received = match dice.below(12) {
            0 => Some(at + dice.between(0, stage.length)),
            1 => Some(at - dice.between(0, 12)),
            _ => None,
        };
        if let (Some(received), Value::Array(sample)) = (received, &mut sample) {
            sample.push(dice.time(received));
        }
        samples.push(sample.clone());
        if dice.one_in(40) {
            samples.push(if dice.one_in(2) { sample } else { json!([at, outcome(dice)]) });
        }
        at += interval * if dice.one_in(15) { dice.between(2, 8) } else { 1 };
        at += if jitter { dice.between(-interval / 4, interval / 4) } else { 0 };
    }
    samples.into()
}

fn runs(dice: &mut Dice, stage: Stage, interval: i64) -> Value {
    let mut from = stage.start - dice.between(0, 3 * interval);
    let mut runs = Vec::new();
    while from < stage.start + stage.length {
        let to = from
            + interval * dice.between(1, 12)
            + if dice.one_in(3) { dice.between(0, interval) } else { 0 };
        let mut run = json!({"from": dice.time(from), "to": to, "step": interval, "outcome": outcome(dice)});
        if dice.one_in(8) {
            run["received"] = (to + dice.between(0, stage.length)).into();
        }
        runs.push(run);
        from = to + if dice.one_in(4) { dice.between(0, 5 * interval) } else { 0 };
    }
    runs.into()
}

fn timeline(dice: &mut Dice, stage: Stage) -> Value {
    let mut from = stage.start - dice.between(-stage.length / 4, stage.length / 4);
    let mut rows = Vec::new();
    while from < stage.start + stage.length {
        let to = from + dice.between(0, stage.length / 3);
        rows.push(json!([dice.time(from), dice.time(to), dice.pick(&["up", "up", "down", "unknown"])]));
        from = to + if dice.one_in(4) { dice.between(0, stage.length / 8) } else { 0 };
        if to == from && dice.one_in(9) {
            from += 1;
        }
    }
    rows.into()
}

fn events(dice: &mut Dice, stage: Stage) -> Value {
    let count = dice.between(0, 6);
    let mut at: Vec<i64> = (0..count).map(|_| stage.at(dice)).collect();
    at.sort_unstable();
    at.dedup();
    let event = |at: i64| {
        let mut event = vec![dice.time(at), (*dice.pick(&["up", "down"])).into()];
        if dice.one_in(2) {
            event.push((*dice.pick(&["up", "down", "unknown"])).into());
        }
        Value::from(event)
    };
    let mut check = json!({"events": at.into_iter().map(event).collect::<Vec<_>>()});
    if dice.one_in(3) {
        check["current"] = (*dice.pick(&["up", "down"])).into();
    }
    check
}
