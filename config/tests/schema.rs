//! The committed schemas: as the shapes are, and true of what is shipped.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

use std::path::{Path, PathBuf};

use serde_json::Value;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn yaml(path: &Path) -> Value {
    serde_yaml::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn files(name: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder(name)).unwrap().flatten().map(|entry| entry.path());
    entries.filter(|path| path.extension().is_some_and(|extension| extension == "yaml")).collect()
}

#[test]
fn the_committed_schemas_are_those_of_the_shapes() {
    for (name, made, command) in [
        ("vedetta.schema.json", config::schema(), "vedetta schema"),
        ("agent.schema.json", config::agent_schema(), "vedetta schema --agent"),
    ] {
        let path = folder("schema").join(name);
        let committed: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        assert!(committed == made, "`{command} > config/schema/{name}` brings it up to date");
    }
}

#[test]
fn what_is_shipped_is_valid_and_names_its_schema() {
    let schema = config::schema();
    let mut shipped = files("examples");
    shipped.push(folder("reference/vedetta.yaml"));
    for path in shipped {
        assert_eq!(faults(&schema, &yaml(&path)), [""; 0], "{}", path.display());
        let text = std::fs::read_to_string(&path).unwrap();
        let first = text.lines().next().unwrap_or_default();
        assert_eq!(
            first,
            "# yaml-language-server: $schema=../schema/vedetta.schema.json",
            "{}",
            path.display()
        );
    }
    let agent = folder("reference/agent.yaml");
    assert_eq!(faults(&config::agent_schema(), &yaml(&agent)), [""; 0]);
}

/// The reference is where an operator looks first: a key that is not there does not exist.
#[test]
fn the_reference_mentions_every_key() {
    for (schema, name) in [(config::schema(), "vedetta.yaml"), (config::agent_schema(), "agent.yaml")] {
        let text = std::fs::read_to_string(folder("reference").join(name)).unwrap();
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let told = |key: &str| {
            let written = format!("{key}:");
            let mut places = text.match_indices(&written).map(|(at, _)| at);
            places.any(|at| !text[..at].ends_with(is_word))
        };
        let missing: Vec<String> = keys_of(&schema).into_iter().filter(|key| !told(key)).collect();
        assert_eq!(missing, [""; 0], "{name}");
    }
}

/// Every key of every map, whatever it stands in.
fn keys_of(schema: &Value) -> std::collections::BTreeSet<String> {
    let mut keys = std::collections::BTreeSet::new();
    let mut open = vec![schema];
    while let Some(next) = open.pop() {
        if let Some(properties) = next.get("properties").and_then(Value::as_object) {
            keys.extend(properties.keys().cloned());
        }
        match next {
            Value::Object(words) => open.extend(words.values()),
            Value::Array(items) => open.extend(items),
            _ => {}
        }
    }
    keys
}

/// An editor shows these before `vedetta check` does.
#[test]
fn mistakes_of_shape_are_seen() {
    let schema = config::schema();
    for name in [
        "key_unknown",
        "key_of_another_kind",
        "kind_misspelt",
        "organisation_missing",
        "probe_without_targets",
        "dns_without_question",
        "targets_without_names",
        "commitment_kind_misspelt",
        "commitment_not_a_share",
        "day_malformed",
        "name_malformed",
        "duration_without_unit",
        "rule_unknown_word",
        "on_request_with_a_share",
        "vote_without_down",
        "vote_names_sites",
        "unknown_misspelt",
        "burn_severity_misspelt",
        "burn_without_window",
    ] {
        let path = folder("invalid").join(name).with_extension("yaml");
        assert_ne!(faults(&schema, &yaml(&path)), [""; 0], "{name}");
    }
}

/// What an instance does not keep of a schema: the words of draft 7 that ours are made of, written from the
/// specification, so that the schema is not judged by what makes it.
fn faults(schema: &Value, instance: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    Validator { root: schema }.check(schema, instance, "", &mut faults);
    faults
}

struct Validator<'a> {
    root: &'a Value,
}

impl Validator<'_> {
    fn is_valid(&self, schema: &Value, instance: &Value) -> bool {
        let mut faults = Vec::new();
        self.check(schema, instance, "", &mut faults);
        faults.is_empty()
    }

    fn check(&self, schema: &Value, instance: &Value, at: &str, faults: &mut Vec<String>) {
        let Value::Object(words) = schema else {
            if schema == &Value::Bool(false) {
                faults.push(format!("{at}: nothing may be here"));
            }
            return;
        };
        if let Some(Value::String(reference)) = words.get("$ref") {
            let target = self.root.pointer(reference.trim_start_matches('#'));
            return self.check(target.expect("a definition"), instance, at, faults);
        }
        for (word, value) in words {
            self.word(word, value, schema, instance, at, faults);
        }
    }

    fn word(
        &self,
        word: &str,
        value: &Value,
        schema: &Value,
        instance: &Value,
        at: &str,
        faults: &mut Vec<String>,
    ) {
        let list = || value.as_array().expect("a list of schemas");
        match word {
            "type" => {
                let types = value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
                if !types.iter().any(|name| is_of_type(instance, name.as_str().unwrap_or_default())) {
                    faults.push(format!("{at}: not of type {value}"));
                }
            }
            "const" if value != instance => faults.push(format!("{at}: not {value}")),
            "enum" if !list().contains(instance) => {
                faults.push(format!("{at}: {instance} is not one of {value}"));
            }
            "pattern"
                if instance
                    .as_str()
                    .is_some_and(|text| !matches(value.as_str().unwrap_or_default(), text)) =>
            {
                faults.push(format!("{at}: {instance} is not like {value}"));
            }
            "minimum" if instance.as_f64() < value.as_f64() && instance.is_number() => {
                faults.push(format!("{at}: below {value}"));
            }
            "allOf" => list().iter().for_each(|schema| self.check(schema, instance, at, faults)),
            "anyOf" if !list().iter().any(|schema| self.is_valid(schema, instance)) => {
                faults.push(format!("{at}: none of several"));
            }
            "not" if self.is_valid(value, instance) => faults.push(format!("{at}: must not be so")),
            "if" => {
                if let Some(then) = schema.get("then").filter(|_| self.is_valid(value, instance)) {
                    self.check(then, instance, at, faults);
                }
            }
            "items" => {
                for (index, item) in instance.as_array().into_iter().flatten().enumerate() {
                    self.check(value, item, &format!("{at}/{index}"), faults);
                }
            }
            "required" | "properties" | "additionalProperties" | "propertyNames" => {
                self.object_word(word, value, schema, instance, at, faults);
            }
            "const" | "enum" | "pattern" | "minimum" | "anyOf" | "not" | "$schema" | "title"
            | "description" | "definitions" | "then" => {}
            other => panic!("the word `{other}` is not known here"),
        }
    }

    fn object_word(
        &self,
        word: &str,
        value: &Value,
        schema: &Value,
        instance: &Value,
        at: &str,
        faults: &mut Vec<String>,
    ) {
        let Some(object) = instance.as_object() else { return };
        let properties = schema.get("properties").and_then(Value::as_object);
        match word {
            "required" => {
                let missing = value.as_array().into_iter().flatten().filter_map(Value::as_str);
                faults.extend(
                    missing.filter(|key| !object.contains_key(*key)).map(|key| format!("{at}: no {key}")),
                );
            }
            "propertyNames" => {
                for key in object.keys() {
                    self.check(value, &Value::String(key.clone()), &format!("{at}/{key}"), faults);
                }
            }
            _ => {
                for (key, instance) in object {
                    let known = properties.and_then(|properties| properties.get(key));
                    let schema =
                        if word == "properties" { known } else { Some(value).filter(|_| known.is_none()) };
                    if let Some(schema) = schema {
                        self.check(schema, instance, &format!("{at}/{key}"), faults);
                    }
                }
            }
        }
    }
}

fn is_of_type(instance: &Value, name: &str) -> bool {
    match name {
        "object" => instance.is_object(),
        "array" => instance.is_array(),
        "string" => instance.is_string(),
        "boolean" => instance.is_boolean(),
        "null" => instance.is_null(),
        "number" => instance.is_number(),
        "integer" => instance.is_i64() || instance.is_u64(),
        other => panic!("the type `{other}` is not known here"),
    }
}

/// Regular expressions as far as the schemas go: literals, classes, groups, `|`, `?`, `*`, `+`, `{n}`, `{m,n}`.
fn matches(pattern: &str, text: &str) -> bool {
    let unanchored = !pattern.starts_with('^');
    let ends = pattern.ends_with('$');
    let body: Vec<char> = pattern.trim_start_matches('^').trim_end_matches('$').chars().collect();
    let text: Vec<char> = text.chars().collect();
    let starts = if unanchored { 0..=text.len() } else { 0..=0 };
    starts
        .into_iter()
        .any(|from| alternatives(&body, &text, from).into_iter().any(|to| !ends || to == text.len()))
}

/// Where a match of `pattern` that begins at `from` may end.
fn alternatives(pattern: &[char], text: &[char], from: usize) -> Vec<usize> {
    let (mut depth, mut start, mut ends) = (0, 0, Vec::new());
    for (index, c) in pattern.iter().enumerate() {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            '|' if depth == 0 => {
                ends.extend(sequence(&pattern[start..index], text, from));
                start = index + 1;
            }
            _ => {}
        }
    }
    ends.extend(sequence(&pattern[start..], text, from));
    ends
}

fn sequence(pattern: &[char], text: &[char], from: usize) -> Vec<usize> {
    let Some(first) = pattern.first() else { return vec![from] };
    let close = |open: char, close: char| {
        let mut depth = 0;
        pattern.iter().position(|&c| {
            depth += i32::from(c == open) - i32::from(c == close);
            depth == 0
        })
    };
    let atom = match first {
        '(' => close('(', ')').expect("a closed group") + 1,
        '[' => close('[', ']').expect("a closed class") + 1,
        _ => 1,
    };
    let once = |at: usize| -> Vec<usize> {
        let next = text.get(at);
        match first {
            '(' => alternatives(&pattern[1..atom - 1], text, at),
            '[' => {
                next.filter(|c| in_class(&pattern[1..atom - 1], **c)).map(|_| at + 1).into_iter().collect()
            }
            '.' => next.map(|_| at + 1).into_iter().collect(),
            literal => next.filter(|c| *c == literal).map(|_| at + 1).into_iter().collect(),
        }
    };
    let (least, most, length) = quantifier(&pattern[atom..]);
    let rest = &pattern[atom + length..];
    let (mut open, mut ends) = (vec![from], Vec::new());
    for round in 0..=most {
        if round >= least {
            ends.extend(open.iter().flat_map(|&at| sequence(rest, text, at)));
        }
        open = open.into_iter().flat_map(once).collect();
        if open.is_empty() {
            break;
        }
    }
    ends
}

/// Least, most, and how long the quantifier is.
fn quantifier(pattern: &[char]) -> (usize, usize, usize) {
    match pattern.first() {
        Some('?') => (0, 1, 1),
        Some('*') => (0, 300, 1),
        Some('+') => (1, 300, 1),
        Some('{') => {
            let end = pattern.iter().position(|&c| c == '}').expect("a closed count");
            let text: String = pattern[1..end].iter().collect();
            let (least, most) = text.split_once(',').unwrap_or((&text, &text));
            (least.parse().expect("a number"), most.parse().expect("a number"), end + 1)
        }
        _ => (1, 1, 0),
    }
}

fn in_class(class: &[char], c: char) -> bool {
    let mut index = 0;
    while index < class.len() {
        match (class.get(index + 1), class.get(index + 2)) {
            (Some('-'), Some(last)) if (class[index]..=*last).contains(&c) => return true,
            (Some('-'), Some(_)) => index += 3,
            _ if class[index] == c => return true,
            _ => index += 1,
        }
    }
    false
}
