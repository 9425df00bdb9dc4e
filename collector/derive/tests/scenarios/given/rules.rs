//! What a scenario's evidence is read by: target, hours, tree, log, policy.

use jiff::civil::Date;
use serde_json::Value;

use super::{
    Entry, Holidays, Hours, Initial, Maintenance, Policy, Rows, Says, State, Target, Tree, Unknown, list,
    number, word,
};
use crate::when::{seconds, seconds_or_none};

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// `None` where nothing is promised.
pub(crate) fn target(target: &Value) -> Result<Option<Target>, String> {
    if target.is_null() {
        return Ok(None);
    }
    let (p, q) = (target["p"].as_u64(), target["q"].as_u64().filter(|q| *q > 0));
    let (p, q) = p.zip(q).ok_or_else(|| format!("{target} is no target"))?;
    Ok(Some(Target { p, q, strict: target["strict"].as_bool().unwrap_or(true) }))
}

/// `None` is around the clock.
pub(crate) fn calendar(calendar: &Value) -> Result<Option<Hours>, String> {
    if calendar.is_null() || calendar == "24x7" {
        return Ok(None);
    }
    let always = || std::array::from_fn(|_| vec![(0, 24 * 60)]);
    let mut weekly: [Rows; 7] = Default::default();
    match &calendar["weekly"] {
        Value::Null => weekly = always(),
        Value::String(text) if text == "24x7" => weekly = always(),
        given => {
            for (day, rows) in DAYS.iter().zip(&mut weekly) {
                *rows = hours(&given[day])?;
            }
        }
    }
    let holidays = match calendar["holidays"].as_str() {
        None | Some("none") => Holidays::None,
        Some("it") => Holidays::Italy,
        Some("it+senigallia") => Holidays::Senigallia,
        Some(other) => return Err(format!("no holidays `{other}`")),
    };
    let closed = dates(&calendar["closed"])?.into_iter().map(|(day, _)| day).collect();
    Ok(Some(Hours { weekly, holidays, closed, open: dates(&calendar["open"])? }))
}

/// Dates: a list of them, each alone or with its hours (`[date, rows]`), or an object of rows by date.
fn dates(given: &Value) -> Result<Vec<(Date, Option<Rows>)>, String> {
    let date = |text: &str| text.get(..10).unwrap_or(text).parse().map_err(|_| format!("`{text}` is no day"));
    if let Value::Object(rows) = given {
        return rows.iter().map(|(day, rows)| Ok((date(day)?, Some(hours(rows)?)))).collect();
    }
    let read = |entry: &Value| match entry {
        Value::Array(pair) if pair.len() == 2 => Ok((date(word(&pair[0])?)?, Some(hours(&pair[1])?))),
        entry => Ok((date(word(entry)?)?, None)),
    };
    list(given)?.iter().map(read).collect()
}

fn hours(rows: &Value) -> Result<Rows, String> {
    let minute = |text: &Value| {
        let read = word(text)?.split_once(':').and_then(|(hour, minute)| {
            let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
            (hour <= 24 && minute < 60).then_some(hour * 60 + minute)
        });
        read.ok_or_else(|| format!("{text} is no time of a day"))
    };
    let mut rows = list(rows)?
        .iter()
        .map(|row| Ok((minute(&row[0])?, minute(&row[1])?)))
        .collect::<Result<Vec<_>, String>>()?;
    rows.retain(|(from, to)| from < to);
    rows.sort_unstable();
    Ok(rows)
}

/// The tree; without one, the only check, or all of several.
pub(super) fn tree_or_all(given: &Value, names: &[&String]) -> Result<Tree, String> {
    let leaf = |name: &&String| Tree::Check((*name).clone());
    match (given, names) {
        (Value::Null, [only]) => Ok(leaf(only)),
        (Value::Null, _) => Ok(Tree::All(names.iter().map(leaf).collect())),
        _ => {
            let tree = tree(given, true)?;
            let unknown = |name: &&String| !names.contains(name);
            match refs(&tree).into_iter().find(unknown) {
                Some(name) => Err(format!("the tree names `{name}`, which is no check")),
                None => Ok(tree),
            }
        }
    }
}

/// Every check a tree names, as often as it does.
fn refs(tree: &Tree) -> Vec<&String> {
    match tree {
        Tree::Check(name) => vec![name],
        Tree::All(of) | Tree::Any(of) | Tree::AtLeast(_, of) => of.iter().flat_map(refs).collect(),
        Tree::Weighted { of, .. } => of.iter().flat_map(|(_, node)| refs(node)).collect(),
        Tree::Mean(of) => of.iter().map(|(_, name)| name).collect(),
    }
}

fn tree(given: &Value, root: bool) -> Result<Tree, String> {
    if let Value::String(name) = given {
        return Ok(Tree::Check(name.clone()));
    }
    let of = list(&given["of"])?;
    let nodes = || of.iter().map(|node| tree(node, false)).collect::<Result<Vec<_>, _>>();
    let weight = |index: usize| number(&given["weights"][index], 1);
    match word(&given["op"])? {
        "check" => Ok(Tree::Check(word(&given["ref"])?.to_owned())),
        "all" => Ok(Tree::All(nodes()?)),
        "any" => Ok(Tree::Any(nodes()?)),
        "n_of_m" => Ok(Tree::AtLeast(number(&given["n"], 1)?.into(), nodes()?)),
        "weighted" => {
            let (num, den) = (number(&given["threshold"][0], 1)?, number(&given["threshold"][1], 1)?.max(1));
            let weighted = nodes()?.into_iter().enumerate();
            let of =
                weighted.map(|(index, node)| Ok((weight(index)?, node))).collect::<Result<_, String>>()?;
            Ok(Tree::Weighted { num: num.into(), den: den.into(), of })
        }
        "mean" if root => {
            let member = |(index, node): (usize, &Value)| match tree(node, false)? {
                Tree::Check(name) => Ok((weight(index)?, name)),
                _ => Err("a mean is over checks".to_owned()),
            };
            Ok(Tree::Mean(of.iter().enumerate().map(member).collect::<Result<_, String>>()?))
        }
        "mean" => Err("a mean stands at the root only".to_owned()),
        other => Err(format!("no tree `{other}`")),
    }
}

pub(super) fn log(given: &Value) -> Result<Vec<Entry>, String> {
    list(given)?.iter().map(entry).collect()
}

fn entry(given: &Value) -> Result<Entry, String> {
    let announced = seconds_or_none(&given["announced_at"])?;
    let declared = seconds_or_none(&given["declared_at"])?.or(announced).unwrap_or(0);
    let scope = || given["scope"].as_str().unwrap_or("*").to_owned();
    let window = || Ok::<_, String>((seconds(&given["start"])?, seconds(&given["end"])?));
    let mark = |state| {
        let (from, to) = window()?;
        Ok::<_, String>(Says::Mark { scope: scope(), from, to, state })
    };
    let says = match word(&given["kind"])? {
        "maintenance" => {
            let (from, to) = window()?;
            Says::Maintenance { scope: scope(), from, to, announced: announced.unwrap_or(declared) }
        }
        "annul" => mark(State::Unknown)?,
        "force_up" => mark(State::Up)?,
        "force_down" => mark(State::Down)?,
        "revoke" => Says::Revoke(word(&given["target"])?.to_owned()),
        other => return Err(format!("no entry `{other}`")),
    };
    Ok(Entry { id: given["id"].as_str().unwrap_or("").to_owned(), declared, says })
}

pub(super) fn policy(given: &Value) -> Result<Policy, String> {
    let unknown_word = |key: &str| Err(format!("no {key} policy {}", given[key]));
    Ok(Policy {
        maintenance: match given["maintenance"].as_str() {
            Some("count") => Maintenance::Count,
            Some("exclude") => Maintenance::Exclude,
            Some("exclude_down") => Maintenance::ExcludeDown,
            Some("as_up") => Maintenance::AsUp,
            _ => return unknown_word("maintenance"),
        },
        notice: seconds(&given["notice"])?,
        late: given["late_maintenance"].as_bool().unwrap_or(false),
        unknown: match given["unknown"].as_str() {
            Some("exclude") => Unknown::Exclude,
            Some("down") => Unknown::Down,
            Some("up") => Unknown::Up,
            _ => return unknown_word("unknown"),
        },
        initial: match given["initial"].as_str() {
            Some("unknown") => Initial::Unknown,
            Some("up") => Initial::Up,
            Some("down") => Initial::Down,
            Some("backfill") => Initial::Backfill,
            _ => return unknown_word("initial"),
        },
    })
}
