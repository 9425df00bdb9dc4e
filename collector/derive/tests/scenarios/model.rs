//! The definition once more, naively: one letter for every second, looked at one by one.
//!
//! Written from `DEFINITION.md` and the research behind it, without a look at the crate: what both say is
//! probably true. `U` up, `D` down, `K` unknown, `M` maintenance, `O` out of scope, `F` future.

mod calendar;
mod check;
mod figure;
mod log;
mod other;
mod tree;

use serde_json::{Map, Value};

use crate::given::{Given, Tree};

pub(crate) use other::answer as answer_other;

/// One letter for each second.
type Letters = Vec<u8>;

/// More seconds than a century of one check has are not counted one by one.
const SECONDS_MAX: i64 = 4_000_000_000;

/// Every field that a service scenario may expect.
pub(crate) fn answer(given: &Given) -> Result<Map<String, Value>, String> {
    if given.end <= given.start {
        return Ok(Map::from_iter([("error".to_owned(), "period end must be after start".into())]));
    }
    if given.end - given.start > SECONDS_MAX {
        return Err("more seconds than are counted one by one".to_owned());
    }
    let scope = scope(given)?;
    let members = match &given.tree {
        Tree::Mean(of) => of.clone(),
        _ => Vec::new(),
    };
    let clip = |letters: &[u8], valid: (i64, i64)| -> Letters {
        let second = |(index, letter): (usize, &u8)| match (scope[index], given.start + index as i64) {
            (b'O', _) => b'O',
            (_, at) if at < valid.0 || at >= valid.1 => b'O',
            (b'F', _) => b'F',
            _ => *letter,
        };
        letters.iter().enumerate().map(second).collect()
    };
    if members.is_empty() {
        let letters = clip(&tree::letters(&given.tree, given)?, (i64::MIN, i64::MAX));
        return Ok(figure::fields(&[(1, letters)], given));
    }
    let member = |(weight, name): &(u32, String)| {
        let valid = given.checks.get(name).map_or((i64::MIN, i64::MAX), |check| check.valid);
        Ok((*weight, clip(&tree::letters(&Tree::Check(name.clone()), given)?, valid)))
    };
    let members: Vec<(u32, Letters)> = members.iter().map(member).collect::<Result<_, String>>()?;
    Ok(figure::fields(&members, given))
}

/// Letters as text, of a service that is no mean.
pub(crate) fn letters(given: &Given) -> Result<String, String> {
    let scope = scope(given)?;
    let says = tree::letters(&given.tree, given)?;
    let letter = |(says, scope): (&u8, &u8)| char::from(if *scope == b' ' { *says } else { *scope });
    Ok(says.iter().zip(&scope).map(letter).collect())
}

/// `O` where the calendar is closed, else `F` from as-of on, else a blank.
fn scope(given: &Given) -> Result<Letters, String> {
    let length = (given.end - given.start) as usize;
    let mut letters = vec![if given.calendar.is_some() { b'O' } else { b' ' }; length];
    if let Some(hours) = &given.calendar {
        for (opens, closes) in calendar::openings(hours, given.start, given.end)? {
            check::paint(&mut letters, given.start, opens, closes, b' ');
        }
    }
    for (at, letter) in (given.start..).zip(&mut letters) {
        if at >= given.as_of && *letter == b' ' {
            *letter = b'F';
        }
    }
    Ok(letters)
}
