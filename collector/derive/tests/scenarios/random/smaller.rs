//! A scenario cut down, piece by piece, as long as what is wrong with it stays wrong.

use serde_json::Value;

use crate::file::Case;

/// So many attempts at most: a disagreement is to be read, not to be polished.
const ATTEMPTS: usize = 5_000;

pub(super) fn smaller(case: &Case, wrong: impl Fn(&Case) -> bool) -> Case {
    let (mut best, mut attempts) = (case.clone(), 0);
    loop {
        let before = best.input.to_string().len() + best.policy.to_string().len();
        let mut places = Vec::new();
        list(&best.input, "/input", &mut places);
        for key in best.policy.as_object().into_iter().flatten().map(|(key, _)| key) {
            places.push(format!("/policy/{key}"));
        }
        // What holds much first.
        places.sort_by_key(|place| (place.matches('/').count(), std::cmp::Reverse(place.clone())));
        for place in &places {
            attempts += 1;
            let mut next = best.clone();
            if attempts > ATTEMPTS || !without(&mut next, place) {
                continue;
            }
            if wrong(&next) {
                best = next;
            }
        }
        if attempts > ATTEMPTS || best.input.to_string().len() + best.policy.to_string().len() >= before {
            return best;
        }
    }
}

/// Every element of every list and object.
fn list(value: &Value, path: &str, places: &mut Vec<String>) {
    let escaped = |key: &str| key.replace('~', "~0").replace('/', "~1");
    match value {
        Value::Array(of) => {
            for (index, value) in of.iter().enumerate() {
                places.push(format!("{path}/{index}"));
                list(value, &format!("{path}/{index}"), places);
            }
        }
        Value::Object(of) => {
            for (key, value) in of {
                places.push(format!("{path}/{}", escaped(key)));
                list(value, &format!("{path}/{}", escaped(key)), places);
            }
        }
        _ => {}
    }
}

/// Leaves one element out; false if it is not there any more. A policy goes back to its default.
fn without(case: &mut Case, place: &str) -> bool {
    if let Some(key) = place.strip_prefix("/policy/") {
        let default: Value = match key {
            "maintenance" => "count".into(),
            "notice" => 0.into(),
            "late_maintenance" => false.into(),
            "unknown" => "exclude".into(),
            _ => "unknown".into(),
        };
        return std::mem::replace(&mut case.policy[key], default.clone()) != default;
    }
    let Some((parent, last)) = place.strip_prefix("/input").and_then(|place| place.rsplit_once('/')) else {
        return false;
    };
    let last = last.replace("~1", "/").replace("~0", "~");
    match case.input.pointer_mut(parent) {
        Some(Value::Object(of)) => of.remove(&last).is_some(),
        Some(Value::Array(of)) => match last.parse::<usize>() {
            Ok(index) if index < of.len() => {
                of.remove(index);
                true
            }
            _ => false,
        },
        _ => false,
    }
}

/// Puts something where nobody expects it.
pub(crate) fn damaged(case: &mut Case, place: u64, what: usize) {
    let mut places = Vec::new();
    list(&case.input, "/input", &mut places);
    let Some(place) = places.get(place as usize % places.len().max(1)) else { return };
    let nonsense = serde_json::json!([null, -1, 0, 3_000_000_000_u64, 1.5, "x", [], {}, [[1, 2]]]);
    if let Some(found) = place.strip_prefix("/input").and_then(|place| case.input.pointer_mut(place)) {
        *found = nonsense[what].clone();
    }
}
