//! The other kinds by the product's own functions: hours, forecasts, burn tiers, requests.

use collector_derive::{
    Figure, Forecast, Handling, Hours, Limit, Period, Request, RequestFigure, Trail, exact_budget,
};
use config::{Availability, BurnTier, Calendar, Fraction, Quotient, Severity, Within, WithinUnit, burn_max};
use serde_json::{Map, Value, json};

use super::charter;
use super::fields::exact;
use crate::exact::{Exact, percent, text, whole};
use crate::given;
use crate::when::{seconds, seconds_or_none, written};

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

fn promise(target: &Value) -> Result<Option<Availability>, String> {
    let Some(target) = given::target(target)? else { return Ok(None) };
    let (target, strict) = charter::fraction(target)?;
    Ok(Some(Availability { target, strict }))
}

fn hours(calendar: &Value) -> Result<Option<Calendar>, String> {
    given::calendar(calendar)?.map(|hours| charter::calendar(&hours)).transpose()
}

fn calendar(input: &Value) -> Result<Fields, String> {
    let (from, to) = (seconds(&input["from"])?, seconds(&input["to"])?);
    let period = Period::new(from * 1_000, to * 1_000);
    let calendar = hours(&input["calendar"])?;
    let scope = |period| match &calendar {
        None => Hours::around_the_clock(period),
        Some(calendar) => Hours::of(calendar, period),
    };
    let scope_ms = period.map_or(0, |period| scope(period).length_ms());
    let mut fields =
        fields([("span_seconds", (to - from).into()), ("scope_seconds", (scope_ms / 1_000).into())]);
    if let Some(promise) = promise(&input["budget"])? {
        // Of time that is all to come the promise leaves its whole budget.
        let unlived = Figure { future_ms: scope_ms, ..Figure::default() };
        let most = unlived.budget(&promise).down_max_ms.div_euclid(1_000);
        let budget = exact_budget(scope_ms, promise.target).over(1_000);
        fields.insert("budget".to_owned(), quotient(Some(budget)));
        fields.insert("max_down_allowed".to_owned(), most.into());
    }
    let instants: Result<Vec<i64>, String> = given::list(&input["instants"])?.iter().map(seconds).collect();
    fields.insert("instants".to_owned(), json!(instants?));
    if let Some(year) = input["year"].as_i64().and_then(|year| i16::try_from(year).ok()) {
        let holidays = calendar.map_or_else(Vec::new, |calendar| calendar.holidays);
        let days = jiff::civil::date(year, 1, 1).series(jiff::Span::new().days(1));
        let days = days.take_while(|day| day.year() == year);
        let kept = days.filter(|day| holidays.iter().any(|holiday| holiday.falls_on(*day)));
        fields.insert("holidays".to_owned(), kept.map(|day| day.to_string()).collect());
    }
    Ok(fields)
}

fn quotient(quotient: Option<Quotient>) -> Value {
    text(quotient.and_then(|quotient| {
        let (p, q) = quotient.parts();
        Exact::new(i128::try_from(p).ok()?, i128::try_from(q).ok()?)
    }))
}

fn projection(input: &Value) -> Result<Fields, String> {
    let ms = |key: &str| input[key].as_u64().unwrap_or(0) * 1_000;
    let promise = promise(&input["target"])?.ok_or("no target")?;
    let figure = Figure {
        up_ms: ms("up"),
        down_ms: ms("down"),
        unknown_ms: ms("unknown"),
        future_ms: ms("future"),
        ..Figure::default()
    };
    let known_ms = ms("trail_known");
    let trail = Trail { scope_ms: known_ms, known_ms, down_ms: ms("trail_down") };
    let forecast = Forecast::of(&figure, &promise, &trail);
    let in_seconds = |ms: Option<Quotient>| quotient(ms.map(|ms| ms.over(1_000)));
    Ok(fields([
        ("forecast_down", in_seconds(forecast.map(|forecast| forecast.down_ms))),
        ("forecast_breach", forecast.map_or(Value::Null, |forecast| forecast.breach.into())),
        ("exhaust_in_seconds", in_seconds(forecast.and_then(|forecast| forecast.exhaust_in_ms))),
        ("required_availability", text(figure.required(&promise).and_then(exact))),
        ("remaining_down", figure.budget(&promise).remaining_ms.div_euclid(1_000).into()),
        ("outlook", figure.outlook(&promise).name().into()),
        ("adaptive_burn", quotient(trail.adaptive_burn(&figure, &promise))),
    ]))
}

fn burn(input: &Value) -> Result<Fields, String> {
    let number = |value: &Value| value.as_u64().ok_or_else(|| format!("{value} is no count"));
    let target = promise(&input["target"])?.ok_or("no target")?.target;
    let (part, of) = (number(&input["budget_part"][0])?, number(&input["budget_part"][1])?);
    let part = Fraction::new(part, of).ok_or("a part of more than all")?;
    let hours = |value: &Value| {
        let hours = Exact::of_number(value)?;
        u64::try_from(hours.p * 3_600_000 / hours.q).map_err(|error| error.to_string())
    };
    let (window_ms, period_ms) = (hours(&input["window_h"])?, hours(&input["period_h"])?);
    let tier = BurnTier::new(part, window_ms, Severity::Page);
    let fires_after = tier.full_outage_fires_after_ms(target, period_ms).over(1_000);
    let eaten = tier.window_of_budget(target, period_ms);
    Ok(fields([
        ("burn", quotient(Some(tier.burn(period_ms)))),
        ("max_burn", quotient(burn_max(target))),
        ("threshold_ratio", quotient(Some(tier.threshold(target, period_ms)))),
        ("can_fire", tier.can_fire(target, period_ms).into()),
        ("above_pace", tier.is_above_pace(period_ms).into()),
        ("full_outage_fires_after_s", quotient(Some(fires_after))),
        ("outage_of_window_eats_floor_pct", eaten.map_or(Value::Null, |eaten| eaten.percent_floor(4).into())),
    ]))
}

fn tickets(input: &Value) -> Result<Fields, String> {
    let calendar = hours(&input["calendar"])?;
    let (from, to) = (seconds(&input["year"][0])?, seconds(&input["year"][1])?);
    let year = Period::new(from * 1_000, to * 1_000).ok_or("an empty year")?;
    let now_ms = seconds(&input["now"])? * 1_000;
    let promise = promise(&input["target"])?.ok_or("no target")?;
    let limit = limit(&input["rule"], calendar.as_ref())?;
    let (mut deadlines, mut worked, mut requests) = (Vec::new(), Vec::new(), Vec::new());
    for ticket in given::list(&input["tickets"])? {
        let request = Request {
            opened_ms: seconds(&ticket["opened"])? * 1_000,
            taken_ms: seconds_or_none(&ticket["taken"])?.map(|taken| taken * 1_000),
            cancelled: ticket["cancelled"] == true,
        };
        requests.push(request);
        if request.handling(&limit, year, now_ms) == Handling::NotCounted {
            continue;
        }
        let due_ms = limit.due_ms(request.opened_ms).ok_or("never due")?;
        deadlines.push(written(due_ms.div_euclid(1_000))?);
        let took = |taken_ms| limit.worked_ms(request.opened_ms, taken_ms) / 1_000;
        worked.push(request.taken_ms.map_or(Value::Null, |taken_ms| took(taken_ms).into()));
    }
    let figure = RequestFigure::of(requests, &limit, year, now_ms);
    let share = figure.share().and_then(exact);
    let count = |count: u64| whole(count.into());
    Ok(fields([
        ("deadlines", json!(deadlines)),
        ("worked", json!(worked)),
        ("on_time", count(figure.on_time)),
        ("late", count(figure.late)),
        ("overdue_open", count(figure.overdue_open)),
        ("pending", count(figure.pending)),
        ("pending_may_fail", figure.pending_may_fail(&promise).map_or(Value::Null, count)),
        ("not_counted", count(figure.not_counted)),
        ("availability", text(share)),
        ("floor_pct", percent(share)),
        ("verdict", figure.standing(&promise).name().into()),
    ]))
}

fn limit<'a>(rule: &Value, calendar: Option<&'a Calendar>) -> Result<Limit<'a>, String> {
    let count = rule["n"].as_u64().and_then(|n| u32::try_from(n).ok()).ok_or("a rule without its number")?;
    let unit = match rule["mode"].as_str().unwrap_or("") {
        "working_hours" => WithinUnit::WorkingHours,
        "working_days" => WithinUnit::WorkingDays,
        "calendar_days" => WithinUnit::Days,
        "hours_exact" => WithinUnit::Hours,
        other => return Err(format!("no mode `{other}`")),
    };
    let roll = rule["roll"] == true;
    Ok(Limit { within: Within { count, unit }, roll, calendar })
}
