//! The files of a directory as cases: the input with `set` applied, the policy over its defaults.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

/// One case of one scenario.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    /// The scenario.
    pub(crate) id: String,
    /// The case's own name.
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) input: Value,
    pub(crate) policy: Value,
    pub(crate) expect: Map<String, Value>,
}

/// What whoever runs the tests asks for.
#[expect(clippy::disallowed_methods, reason = "a test is asked for more by its environment")]
pub(crate) fn asked(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Where scenarios are: the repository's, or what `VEDETTA_SCENARIOS` names.
pub(crate) fn directory() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    match asked("VEDETTA_SCENARIOS") {
        None => root.join("tests/scenarios"),
        // Cargo runs tests in the crate's folder; whoever names a directory stands elsewhere.
        Some(named) if !Path::new(&named).exists() => root.join(named),
        Some(named) => PathBuf::from(named),
    }
}

/// Every case of every `*.json` of a directory, in the order of names.
pub(crate) fn cases(directory: &Path) -> Result<Vec<Case>, String> {
    let listing =
        std::fs::read_dir(directory).map_err(|error| format!("{}: {error}", directory.display()))?;
    let mut paths: Vec<PathBuf> = listing.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    paths.sort();
    let mut cases = Vec::new();
    for path in paths {
        let named = |error: String| format!("{}: {error}", path.display());
        let text = std::fs::read_to_string(&path).map_err(|error| named(error.to_string()))?;
        let file: Value = serde_json::from_str(&text).map_err(|error| named(error.to_string()))?;
        cases.extend(cases_of(&file).map_err(named)?);
    }
    Ok(cases)
}

/// The cases of one file: an object with `scenarios`, a list of scenarios, or a single one.
pub(crate) fn cases_of(file: &Value) -> Result<Vec<Case>, String> {
    let scenarios = match file {
        Value::Array(list) => list.as_slice(),
        Value::Object(object) => match object.get("scenarios") {
            Some(list) => list.as_array().ok_or("`scenarios` is no list")?,
            None => std::slice::from_ref(file),
        },
        _ => return Err("neither an object nor a list".to_owned()),
    };
    let defaults = file.get("default_policy").unwrap_or(&Value::Null);
    let mut cases = Vec::new();
    for scenario in scenarios {
        for case in scenario["cases"].as_array().map_or(&[][..], Vec::as_slice) {
            let word = |value: &Value, or: &str| value.as_str().unwrap_or(or).to_owned();
            let mut input = scenario["input"].clone();
            for (path, value) in case["set"].as_object().into_iter().flatten() {
                set(&mut input, path, value);
            }
            cases.push(Case {
                id: word(&scenario["id"], "?"),
                name: word(&case["name"], "?"),
                kind: word(&scenario["kind"], "service"),
                input,
                policy: over(&[defaults, &scenario["policy"], &case["policy"]]),
                expect: case["expect"].as_object().cloned().unwrap_or_default(),
            });
        }
    }
    Ok(cases)
}

/// What holds where nobody says otherwise, and what is said over it.
fn over(layers: &[&Value]) -> Value {
    let mut policy = json!({
        "maintenance": "count", "notice": 0, "late_maintenance": false, "unknown": "exclude", "initial": "unknown",
    });
    for (key, value) in layers.iter().filter_map(|layer| layer.as_object()).flatten() {
        policy[key] = value.clone();
    }
    policy
}

/// Puts a value where a dotted path says. Of names that contain dots themselves the longest that is there
/// counts; what is not there is made.
fn set(place: &mut Value, path: &str, value: &Value) {
    if let Value::Object(object) = place {
        let known = |key: &&str| object.contains_key(*key);
        let prefixes = path.match_indices('.').map(|(at, _)| &path[..at]);
        let longest = std::iter::once(path).chain(prefixes.collect::<Vec<_>>().into_iter().rev()).find(known);
        let key = longest.unwrap_or_else(|| path.split_once('.').map_or(path, |(key, _)| key)).to_owned();
        let here = object.entry(key.clone()).or_insert(Value::Null);
        return match path.strip_prefix(&key).and_then(|rest| rest.strip_prefix('.')) {
            Some(rest) => set(here, rest, value),
            None => *here = value.clone(),
        };
    }
    let (key, rest) = path.split_once('.').map_or((path, None), |(key, rest)| (key, Some(rest)));
    if let (Value::Array(list), Ok(index)) = (&mut *place, key.parse::<usize>()) {
        return match (list.get_mut(index), rest) {
            (Some(here), Some(rest)) => set(here, rest, value),
            (Some(here), None) => *here = value.clone(),
            (None, _) => list.push(value.clone()),
        };
    }
    *place = Value::Object(Map::new());
    set(place, path, value);
}

#[test]
fn a_path_reaches_lists_odd_names_and_what_is_not_there() {
    let mut input = json!({"checks": {"a.b": {"hold": 1}}, "tickets": [{"taken": 1}], "calendar": "24x7"});
    for (path, value) in [
        ("checks.a.b.hold", json!(2)),
        ("tickets.0.taken", json!(null)),
        ("calendar.holidays", json!("it")),
        ("target.strict", json!(false)),
    ] {
        set(&mut input, path, &value);
    }
    let expected = json!({"checks": {"a.b": {"hold": 2}}, "tickets": [{"taken": null}],
        "calendar": {"holidays": "it"}, "target": {"strict": false}});
    assert_eq!(input, expected);
}
