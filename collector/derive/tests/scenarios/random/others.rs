//! Random calendars, requests, projections and burn tiers.

use serde_json::{Value, json};

use super::dice::Dice;
use super::{DAYS, rules};
use crate::when::seconds;

fn day(dice: &mut Dice) -> i64 {
    seconds(&(*dice.pick(&DAYS)).into()).unwrap_or(0)
}

pub(super) fn calendar(dice: &mut Dice) -> Value {
    let from = day(dice) + if dice.one_in(3) { dice.between(0, 100_000) } else { 0 };
    let to = from + dice.between(1, 40) * *dice.pick(&[3_600, 86_400, 86_411]);
    let mut input = json!({"from": dice.time(from), "to": dice.time(to), "budget": rules::target(dice)});
    if !dice.one_in(4) {
        input["calendar"] = rules::calendar(dice);
        input["year"] = dice.between(1950, 2090).into();
    }
    input
}

pub(super) fn tickets(dice: &mut Dice) -> Value {
    let year = [json!("2026-01-01 Rome"), json!("2027-01-01 Rome")];
    let mut rule = match dice.below(4) {
        0 => json!({"mode": "working_hours", "n": dice.between(1, 30)}),
        1 => json!({"mode": "working_days", "n": dice.between(1, 6)}),
        2 => json!({"mode": "calendar_days", "n": dice.between(0, 10)}),
        _ => json!({"mode": "hours_exact", "n": dice.between(1, 100)}),
    };
    if dice.one_in(2) {
        rule["roll"] = dice.one_in(2).into();
    }
    let mut calendar = rules::calendar(dice);
    calendar["weekly"]["tue"] = json!([["08:00", "14:00"]]);
    let count = dice.between(0, 12);
    let ticket = |_| {
        let opened = day(dice) + dice.between(-100_000, 200_000);
        let taken = opened + dice.between(0, 900_000);
        let mut ticket = json!({"opened": dice.time(opened), "taken": dice.time(taken)});
        if dice.one_in(4) {
            ticket["taken"] = Value::Null;
        }
        if dice.one_in(10) {
            ticket["cancelled"] = dice.one_in(2).into();
        }
        ticket
    };
    let tickets: Vec<Value> = (0..count).map(ticket).collect();
    let now = day(dice) + dice.between(0, 1_000_000);
    json!({
        "calendar": calendar, "rule": rule, "tickets": tickets, "now": dice.time(now),
        "target": rules::target(dice), "year": year,
    })
}

pub(super) fn projection(dice: &mut Dice) -> Value {
    let trail_known = dice.between(1, 3_000_000);
    let down = if dice.one_in(3) { 0 } else { dice.between(0, 900_000) };
    json!({
        "up": dice.between(0, 31_000_000), "down": down, "future": dice.between(1, 20_000_000),
        "trail_down": if dice.one_in(4) { 0 } else { dice.between(0, trail_known) },
        "trail_known": trail_known, "target": rules::target(dice),
    })
}

pub(super) fn burn(dice: &mut Dice) -> Value {
    let target = *dice.pick(&[(98, 100), (85, 100), (1, 2), (9_995, 10_000), (90, 100)]);
    json!({
        "target": {"p": target.0, "q": target.1}, "budget_part": [dice.between(1, 60), 100],
        "window_h": if dice.one_in(4) { json!(dice.pick(&[0.25, 0.5, 6.5, 12.75])) } else { json!(dice.between(1, 3_000)) },
        "period_h": dice.pick(&[8_760, 8_784, 720, 2_160]),
    })
}
