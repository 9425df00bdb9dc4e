//! The other kinds: calendars, projections, burn tiers, tickets; each by the sentence that defines it.

use serde_json::{Map, Value, json};

use super::calendar::{is_holiday, openings, rows};
use crate::exact::{Exact, percent, text, whole};
use crate::given::{self, Holidays, Hours, Target};
use crate::when::{midnight, on_the_wall, seconds, seconds_or_none, written};

type Fields = Map<String, Value>;

/// Every field that a scenario of another kind than `service` may expect.
pub(crate) fn answer(kind: &str, input: &Value) -> Result<Fields, String> {
    match kind {
        "calendar" => calendar(input),
        "projection" => projection(input),
        "burn" => burn(input),
        "tickets" => tickets(input),
        other => Err(format!("no kind `{other}`")),
    }
}

fn fields<const N: usize>(fields: [(&str, Value); N]) -> Fields {
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// The budget of a scope and the most whole seconds of it that keep the target (D22).
fn budget(target: Target, scope: i128) -> (Option<Exact>, Value) {
    let budget = Exact::new((i128::from(target.q) - i128::from(target.p)) * scope, target.q.into());
    let max = budget.map(|budget| if target.strict { budget.ceil() - 1 } else { budget.floor() });
    (budget, max.map_or(Value::Null, whole))
}

fn calendar(input: &Value) -> Result<Fields, String> {
    let (from, to) = (seconds(&input["from"])?, seconds(&input["to"])?);
    let hours = given::calendar(&input["calendar"])?;
    let open = match &hours {
        None => to - from,
        Some(hours) => openings(hours, from, to)?.iter().map(|(opens, closes)| closes - opens).sum(),
    };
    let mut fields = fields([("span_seconds", (to - from).into()), ("scope_seconds", open.into())]);
    if let Some(target) = given::target(&input["budget"])? {
        let (budget, max) = budget(target, open.into());
        fields.insert("budget".to_owned(), text(budget));
        fields.insert("max_down_allowed".to_owned(), max);
    }
    let instants: Result<Vec<i64>, String> = given::list(&input["instants"])?.iter().map(seconds).collect();
    fields.insert("instants".to_owned(), json!(instants?));
    if let Some(year) = input["year"].as_i64().and_then(|year| i16::try_from(year).ok()) {
        let kept = hours.map_or(Holidays::None, |hours| hours.holidays);
        let days = jiff::civil::date(year, 1, 1).series(jiff::Span::new().days(1));
        let days = days.take_while(|day| day.year() == year).filter(|day| is_holiday(kept, *day));
        fields.insert("holidays".to_owned(), days.map(|day| day.to_string()).collect());
    }
    Ok(fields)
}

fn projection(input: &Value) -> Result<Fields, String> {
    let number = |key: &str| i128::from(input[key].as_i64().unwrap_or(0));
    let (up, down, unknown, future) = (number("up"), number("down"), number("unknown"), number("future"));
    let (trail_down, trail_known) = (number("trail_down"), number("trail_known"));
    let target = given::target(&input["target"])?.ok_or("no target")?;
    let (p, q) = (i128::from(target.p), i128::from(target.q));
    let scope = up + down + unknown + future;
    let keeps = |up: i128| if target.strict { q * up > p * scope } else { q * up >= p * scope };
    let (allowed, max) = budget(target, scope);
    let forecast = Exact::new(down * trail_known + future * trail_down, trail_known);
    // Up to the end down as much as lately: is the target kept then?
    let breach = forecast.map(|all| {
        let left = q * (scope * all.q - all.p);
        let needed = p * scope * all.q;
        if target.strict { left <= needed } else { left < needed }
    });
    let left = (q - p) * scope - q * down;
    let remaining = max.as_i64().map(|max| whole(i128::from(max) - down));
    Ok(fields([
        ("forecast_down", text(forecast)),
        ("forecast_breach", breach.map_or(Value::Null, Value::from)),
        // A budget that is gone is gone now.
        (
            "exhaust_in_seconds",
            text(if left > 0 { Exact::new(left * trail_known, q * trail_down) } else { Exact::new(0, 1) }),
        ),
        ("required_availability", text(Exact::new((p * scope - q * up).max(0), q * future))),
        ("remaining_down", remaining.unwrap_or(Value::Null)),
        (
            "outlook",
            match () {
                () if keeps(up) => "secured".into(),
                () if !keeps(up + unknown + future) => "irrecoverable".into(),
                () => "open".into(),
            },
        ),
        ("adaptive_burn", text(Exact::new(q * trail_down * future, trail_known * left).filter(|_| left > 0))),
        ("budget", text(allowed)),
    ]))
}

fn burn(input: &Value) -> Result<Fields, String> {
    let number = |value: &Value| i128::from(value.as_i64().unwrap_or(0));
    let target = given::target(&input["target"])?.ok_or("no target")?;
    let (p, q) = (i128::from(target.p), i128::from(target.q));
    let (num, den) = (number(&input["budget_part"][0]), number(&input["budget_part"][1]));
    let (window, period) = (Exact::of_number(&input["window_h"])?, Exact::of_number(&input["period_h"])?);
    // Both as whole parts of an hour.
    let (window, period, hour) = (window.p * period.q, period.p * window.q, window.q * period.q);
    let burn = Exact::new(num * period, den * window);
    let threshold = Exact::new(num * period * (q - p), den * window * q);
    Ok(fields([
        ("burn", text(burn)),
        ("max_burn", text(Exact::new(q, q - p))),
        ("threshold_ratio", text(threshold)),
        ("can_fire", threshold.is_some_and(|ratio| ratio.p < ratio.q).into()),
        ("above_pace", burn.is_some_and(|burn| burn.p >= burn.q).into()),
        ("full_outage_fires_after_s", text(Exact::new(num * (q - p) * period * 3_600, den * q * hour))),
        ("outage_of_window_eats_floor_pct", percent(Exact::new(window * q, (q - p) * period))),
    ]))
}

fn tickets(input: &Value) -> Result<Fields, String> {
    let hours = given::calendar(&input["calendar"])?;
    let year = (seconds(&input["year"][0])?, seconds(&input["year"][1])?);
    let now = seconds(&input["now"])?;
    let (mut deadlines, mut worked) = (Vec::new(), Vec::new());
    let [mut on_time, mut late, mut overdue, mut pending, mut not_counted] = [0_i128; 5];
    for ticket in given::list(&input["tickets"])? {
        let (opened, taken) = (seconds(&ticket["opened"])?, seconds_or_none(&ticket["taken"])?);
        if ticket["cancelled"] == true || !(year.0..year.1).contains(&opened) {
            not_counted += 1;
            continue;
        }
        let last = last_second(&input["rule"], hours.as_ref(), opened)?;
        deadlines.push(written(last)?);
        worked.push(match (taken, &hours) {
            (None, _) => Value::Null,
            (Some(taken), None) => (taken - opened).into(),
            (Some(taken), Some(hours)) => openings(hours, opened, taken)?
                .iter()
                .map(|(opens, closes)| closes - opens)
                .sum::<i64>()
                .into(),
        });
        *match taken {
            Some(taken) if taken <= last => &mut on_time,
            Some(_) => &mut late,
            None if now > last => &mut overdue,
            None => &mut pending,
        } += 1;
    }
    let target = given::target(&input["target"])?.ok_or("no target")?;
    let (p, q) = (i128::from(target.p), i128::from(target.q));
    let keeps = |good: i128, of: i128| if target.strict { q * good > p * of } else { q * good >= p * of };
    let decided = on_time + late + overdue;
    let may_fail = (0..=pending)
        .rev()
        .find(|fail| pending + decided == 0 || keeps(on_time + pending - fail, decided + pending));
    let verdict = match decided {
        0 => "no_data",
        _ if keeps(on_time, decided) => "met",
        _ => "breached",
    };
    Ok(fields([
        ("deadlines", json!(deadlines)),
        ("worked", json!(worked)),
        ("on_time", whole(on_time)),
        ("late", whole(late)),
        ("overdue_open", whole(overdue)),
        ("pending", whole(pending)),
        ("pending_may_fail", may_fail.map_or(Value::Null, whole)),
        ("not_counted", whole(not_counted)),
        ("availability", text(Exact::new(on_time, decided))),
        ("floor_pct", percent(Exact::new(on_time, decided))),
        ("verdict", verdict.into()),
    ]))
}

/// The last second that is in time.
fn last_second(rule: &Value, hours: Option<&Hours>, opened: i64) -> Result<i64, String> {
    let n = rule["n"].as_i64().filter(|n| (0..=10_000).contains(n)).ok_or("a rule without its number")?;
    let is_open = |day| hours.is_none_or(|hours| !rows(hours, day).is_empty());
    let mut day = on_the_wall(opened)?.date();
    let next = |day: jiff::civil::Date| day.tomorrow().map_err(|error| error.to_string());
    match rule["mode"].as_str().unwrap_or("") {
        "hours_exact" => return Ok(opened + n * 3_600),
        "working_hours" => {
            let Some(hours) = hours else { return Ok(opened + n * 3_600) };
            let (mut left, mut from) = (n * 3_600, opened);
            for _ in 0..4_000 {
                for (opens, closes) in openings(hours, from, from + 86_400)? {
                    if left <= closes - opens {
                        return Ok(opens + left);
                    }
                    left -= closes - opens;
                }
                from += 86_400;
            }
            return Err("the calendar never opens long enough".to_owned());
        }
        "working_days" => {
            let mut counted = 0;
            for _ in 0..4_000 {
                if counted == n {
                    break;
                }
                day = next(day)?;
                counted += i64::from(is_open(day));
            }
        }
        "calendar_days" => {
            for _ in 0..n {
                day = next(day)?;
            }
            for _ in 0..4_000 {
                if rule["roll"] != true || is_open(day) {
                    break;
                }
                day = next(day)?;
            }
        }
        other => return Err(format!("no mode `{other}`")),
    }
    midnight(next(day)?).map(|midnight| midnight - 1).ok_or_else(|| "beyond the calendar".to_owned())
}
