//! Random trees, logs, calendars, targets and policies.

use serde_json::{Value, json};

use super::Stage;
use super::dice::Dice;

/// At most three deep; a check may stand in several places.
pub(super) fn tree(dice: &mut Dice, names: &[String]) -> Value {
    if dice.one_in(4) {
        let members: Vec<&String> = names.iter().filter(|_| !dice.one_in(5)).collect();
        let members = if members.is_empty() { names.iter().collect() } else { members };
        let mut mean = json!({"op": "mean", "of": members});
        if dice.one_in(2) {
            mean["weights"] = members.iter().map(|_| dice.between(1, 5)).collect();
        }
        return mean;
    }
    node(dice, names, 3)
}

fn node(dice: &mut Dice, names: &[String], depth: u32) -> Value {
    if depth == 0 || dice.one_in(if depth == 3 { 12 } else { 3 }) {
        return json!({"op": "check", "ref": dice.pick(names)});
    }
    let count = dice.between(1, 4);
    let of: Vec<Value> = (0..count).map(|_| node(dice, names, depth - 1)).collect();
    match dice.below(4) {
        0 => json!({"op": "all", "of": of}),
        1 => json!({"op": "any", "of": of}),
        2 => json!({"op": "n_of_m", "n": dice.between(1, count), "of": of}),
        _ => {
            let den = dice.between(1, 100);
            let weights: Vec<i64> = (0..count).map(|_| dice.between(1, 6)).collect();
            let mut tree = json!({"op": "weighted", "threshold": [dice.between(1, den), den], "of": of});
            if !dice.one_in(4) {
                tree["weights"] = weights.into();
            }
            tree
        }
    }
}

pub(super) fn log(dice: &mut Dice, stage: Stage, names: &[String]) -> Value {
    let count = dice.between(1, 6);
    let mut log: Vec<Value> = Vec::new();
    for number in 0..count {
        let (from, to) = stage.window(dice);
        let declared = from + dice.between(-stage.length / 2, stage.length / 2);
        let scope = match dice.below(8) {
            0..3 => "*",
            // No scenario of others says so; the product does.
            3 => dice.pick(&["site:ced", "site:Scuola", "site:site"]),
            _ => dice.pick(names),
        };
        let id = format!("e{number}");
        let kind = *dice.pick(&[
            "maintenance",
            "maintenance",
            "maintenance",
            "annul",
            "force_up",
            "force_down",
            "revoke",
        ]);
        if kind == "revoke" {
            let target = format!("e{}", dice.between(0, number));
            if log.iter().any(|entry| entry["id"] == target.as_str() && entry["kind"] != "revoke") {
                log.push(
                    json!({"id": id, "kind": kind, "target": target, "scope": "*", "declared_at": declared}),
                );
            }
            continue;
        }
        let mut entry = json!({
            "id": id, "kind": kind, "scope": scope, "start": dice.time(from), "end": dice.time(to),
            "declared_at": dice.time(declared),
        });
        if kind == "maintenance" {
            let announced = if dice.one_in(2) { declared } else { from - dice.between(-50, stage.length) };
            entry["announced_at"] = dice.time(announced);
        }
        log.push(entry);
    }
    log.into()
}

pub(super) fn calendar(dice: &mut Dice) -> Value {
    let mut weekly = serde_json::Map::new();
    for day in ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] {
        let rows: &[[&str; 2]] = match dice.below(6) {
            0 => continue,
            1 => &[],
            2 => &[["08:00", "14:00"], ["15:00", "18:00"]],
            3 => &[["00:00", "24:00"]],
            4 => &[["01:15", "02:30"], ["02:45", "13:20"], ["20:00", "24:00"]],
            _ => &[["08:00", "18:00"]],
        };
        weekly.insert(day.to_owned(), json!(rows));
    }
    let mut calendar = json!({"weekly": weekly});
    if !dice.one_in(4) {
        calendar["holidays"] = (*dice.pick(&["none", "it", "it+senigallia"])).into();
    }
    let days = [
        "2026-03-29",
        "2026-10-25",
        "2026-04-05",
        "2026-04-06",
        "2026-05-04",
        "2026-10-04",
        "2026-06-17",
        "2028-02-29",
    ];
    for key in ["closed", "open"] {
        if dice.one_in(3) {
            calendar[key] = json!([dice.pick(&days), dice.pick(&days)]);
        }
    }
    calendar
}

pub(super) fn target(dice: &mut Dice) -> Value {
    let (p, q) = *dice.pick(&[(98, 100), (85, 100), (1, 2), (2, 3), (9_995, 10_000), (1, 1), (95, 100)]);
    let mut target = json!({"p": p, "q": q});
    if !dice.one_in(3) {
        target["strict"] = dice.one_in(2).into();
    }
    target
}

/// Complete, as [`crate::file`] makes it.
pub(super) fn policy(dice: &mut Dice) -> Value {
    let initial: &[&str] = if dice.one_in(4) { &["up", "down", "backfill"] } else { &["unknown"] };
    json!({
        "maintenance": dice.pick(&["count", "exclude", "exclude_down", "as_up"]),
        "notice": dice.pick(&[0, 0, 60, 500]),
        "late_maintenance": dice.one_in(3),
        "unknown": dice.pick(&["exclude", "exclude", "down", "up"]),
        "initial": dice.pick(initial),
    })
}
