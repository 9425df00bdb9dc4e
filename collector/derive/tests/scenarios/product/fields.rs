//! The product's figures in the words of a scenario's `expect`.

use collector_derive::{Figure, Hours, Period, Ratio, Span, YearFigures};
use config::{Availability, Unknown};
use serde_json::{Map, Value, json};

use super::World;
use super::charter::{calendar, fraction};
use crate::exact::{Exact, percent, text, whole};
use crate::given::{self, Given};

/// A figure, with the stops of what was seen, and how long these surely and possibly were.
pub(super) fn fields(
    (seen, figure, (sure_ms, possible_ms)): (&YearFigures, Figure, (u64, u64)),
    given: &Given,
    world: &World,
) -> Result<Map<String, Value>, String> {
    let service = seen.services.first().ok_or("a charter without its service")?;
    sums(&figure, given.end - given.start)?;
    let headline = figure.headline(match given.policy.unknown {
        given::Unknown::Exclude => Unknown::Apart,
        given::Unknown::Down => Unknown::Down,
        given::Unknown::Up => Unknown::Up,
    });
    let mut fields = Map::new();
    let mut say = |name: &str, value: Value| fields.insert(name.to_owned(), value);
    for (name, ms) in [
        ("up", figure.up_ms),
        ("down", figure.down_ms),
        ("unknown", figure.unknown_ms),
        ("maintenance", figure.maintenance_ms),
        ("out_of_scope", figure.out_of_scope_ms),
        ("future", figure.future_ms),
    ] {
        let part = Exact::new(ms.into(), 1_000).ok_or("no number")?;
        say(name, if ms % 1_000 == 0 { whole(part.floor()) } else { text(Some(part)) });
    }
    say("availability", text(headline.and_then(exact)));
    say("floor_pct", shown(headline));
    say("worst_floor_pct", shown(figure.worst()));
    say("best_floor_pct", shown(figure.best()));
    say("coverage_floor_pct", shown(figure.coverage()));
    if figure.known_ms() == 0 {
        say("verdict", "no_data".into());
    }
    for (name, ms) in [("sampling_down_min", sure_ms), ("sampling_down_max", possible_ms)] {
        say(name, text(Exact::new(ms.into(), 1_000)));
    }
    let stops: Vec<&Span> = service.stops().collect();
    say("incidents", incidents(&stops, seen, given, world)?);
    if let Some(target) = given.target {
        let (target, strict) = fraction(target)?;
        promised(&figure, Availability { target, strict }, headline, &mut fields);
    }
    Ok(fields)
}

/// The figure that the scenario asks for: around the clock, or within the calendar's hours.
pub(super) fn of_promise(figures: &YearFigures, given: &Given) -> Result<Figure, String> {
    let service = figures.services.first().ok_or("a charter without its service")?;
    let figure = match given.calendar {
        None => service.figure,
        Some(_) => service.within.first().ok_or("no figure of the calendar's hours")?.figure,
    };
    sums(&figure, (figures.end_ms - figures.start_ms) / 1_000)?;
    Ok(figure)
}

/// The integers sum to the period, as often as it weighs.
fn sums(figure: &Figure, seconds: i64) -> Result<(), String> {
    let Figure { up_ms, down_ms, unknown_ms, maintenance_ms, out_of_scope_ms, future_ms, weight } = *figure;
    let sum = up_ms + down_ms + unknown_ms + maintenance_ms + out_of_scope_ms + future_ms;
    let period = seconds.unsigned_abs() * 1_000 * weight;
    if sum == period {
        Ok(())
    } else {
        Err(format!("the integers sum to {sum} ms, not {period}: {figure:?}"))
    }
}

fn promised(
    figure: &Figure,
    promise: Availability,
    headline: Option<Ratio>,
    fields: &mut Map<String, Value>,
) {
    let mut say = |name: &str, value: Value| fields.insert(name.to_owned(), value);
    let budget = figure.budget(&promise);
    let seconds = |ms: i64| ms.div_euclid(1_000).into();
    say("verdict", figure.standing(&promise).name().into());
    say("meets_headline", headline.is_some_and(|ratio| ratio.meets(&promise)).into());
    say("outlook", figure.outlook(&promise).name().into());
    say("budget_seconds", whole(i128::from(budget.budget_ms / 1_000)));
    say("max_down_allowed", seconds(budget.down_max_ms));
    say("remaining_down", seconds(budget.remaining_ms));
    let allowed = i128::from(promise.target.q - promise.target.p) * i128::from(figure.scope_ms());
    say("budget", text(Exact::new(allowed, 1_000 * i128::from(promise.target.q))));
}

/// Stops, cut to the calendar's hours where there is one.
fn incidents(stops: &[&Span], figures: &YearFigures, given: &Given, world: &World) -> Result<Value, String> {
    let mut cut: Vec<(i64, i64)> = stops.iter().map(|stop| (stop.start_ms, stop.end_ms)).collect();
    if let Some(hours) = &given.calendar {
        let period = Period::new(figures.start_ms, figures.end_ms).ok_or("an empty period")?;
        let hours = Hours::of(&calendar(hours)?, period);
        cut = cut.into_iter().flat_map(|(from_ms, to_ms)| hours.within(from_ms, to_ms)).collect();
    }
    let seconds = |(from_ms, to_ms): &(i64, i64)| [world.clock.second(*from_ms), world.clock.second(*to_ms)];
    Ok(json!(cut.iter().map(seconds).collect::<Vec<_>>()))
}

pub(super) fn exact(ratio: Ratio) -> Option<Exact> {
    Exact::new(ratio.p.into(), ratio.q.into())
}

/// As the product shows it, which must be as it is.
fn shown(ratio: Option<Ratio>) -> Value {
    let cut = ratio.map_or(Value::Null, |ratio| ratio.percent_floor(4).into());
    let exact = percent(ratio.and_then(exact));
    if cut == exact { cut } else { format!("shown as {cut}, and it is {exact}").into() }
}
