//! What two answers about the same year say differently, field by field and in words.
//!
//! Answers are compared as JSON, so that a field that is added to them is compared without being named
//! here. Lists are matched by what their entries are, not by their place. Not compared: when something was
//! told, what things are called, and what is about the future.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use serde_json::{Map, Value};

use crate::publish::api::Share;
use crate::publish::{Lang, format};

/// Not figures.
const IGNORED: [&str; 18] = [
    "as_of",
    "as_of_ms",
    "provisional",
    "sealed",
    "organisation",
    "unit",
    "act",
    "name",
    "users",
    "publish",
    "row",
    "from",
    "readings",
    "forecast",
    "burn",
    "required",
    "percent",
    "note",
];
/// What tells entries of a list apart, the first that there is.
const NAMES: [&str; 10] =
    ["id", "path", "site", "check", "entry", "why", "hours", "component", "kind", "start_ms"];
/// In milliseconds, but instants and not lengths.
const INSTANTS: [&str; 6] = ["start_ms", "end_ms", "measured_from_ms", "at_ms", "from_ms", "to_ms"];

/// One field.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// Names from the service on, the field last.
    pub path: Vec<String>,
    /// As it was; `None` if it was not there.
    pub before: Option<Value>,
    /// As it is; `None` if it is not there any more.
    pub after: Option<Value>,
}

/// What `after` says otherwise than `before`. With `known_only` what `before` does not have is left out: a
/// later version tells more.
pub fn differences(before: &Value, after: &Value, known_only: bool) -> Vec<Difference> {
    let mut found = Comparison { path: Vec::new(), known_only, found: Vec::new() };
    found.compare(before, after);
    found.found
}

struct Comparison {
    path: Vec<String>,
    known_only: bool,
    found: Vec<Difference>,
}

/// The entries of a list by what they are: a year may have thousands of stops.
struct Named<'a> {
    /// In the list's order, each once.
    names: Vec<String>,
    entries: BTreeMap<String, &'a Value>,
}

impl<'a> Named<'a> {
    fn of(list: &'a [Value]) -> Self {
        let mut named = Self { names: Vec::with_capacity(list.len()), entries: BTreeMap::new() };
        for (place, value) in list.iter().enumerate() {
            let name = name(value, place);
            if let Entry::Vacant(vacant) = named.entries.entry(name.clone()) {
                vacant.insert(value);
                named.names.push(name);
            }
        }
        named
    }
}

impl Comparison {
    fn compare(&mut self, before: &Value, after: &Value) {
        match (before, after) {
            _ if before == after => {}
            (Value::Object(one), Value::Object(other)) if !is_share(one) || !is_share(other) => {
                self.objects(one, other);
            }
            (Value::Array(one), Value::Array(other)) => self.lists(one, other),
            _ => self.tell(Some(before), Some(after)),
        }
    }

    fn objects(&mut self, before: &Map<String, Value>, after: &Map<String, Value>) {
        let fields = before.keys().chain(after.keys().filter(|key| !before.contains_key(*key)));
        for key in fields.filter(|key| !IGNORED.contains(&key.as_str())) {
            let (one, other) = (before.get(key), after.get(key));
            // A check's target is an address; a promise's is a share.
            let address = |value: Option<&Value>| key == "target" && value.is_some_and(Value::is_string);
            if address(one) || address(other) {
                continue;
            }
            // The list of services is where names begin.
            let named = key != "services" && key != "figure";
            if named {
                self.path.push(key.clone());
            }
            self.either(one, other);
            if named {
                self.path.pop();
            }
        }
    }

    fn lists(&mut self, before: &[Value], after: &[Value]) {
        let (before, after) = (Named::of(before), Named::of(after));
        let more = after.names.iter().filter(|name| !before.entries.contains_key(*name));
        for name in before.names.iter().chain(more) {
            self.path.push(name.clone());
            self.either(before.entries.get(name).copied(), after.entries.get(name).copied());
            self.path.pop();
        }
    }

    fn either(&mut self, before: Option<&Value>, after: Option<&Value>) {
        match (before, after) {
            (Some(before), Some(after)) => self.compare(before, after),
            (None, _) if self.known_only => {}
            _ => self.tell(before, after),
        }
    }

    fn tell(&mut self, before: Option<&Value>, after: Option<&Value>) {
        let (before, after) = (before.cloned(), after.cloned());
        self.found.push(Difference { path: self.path.clone(), before, after });
    }
}

impl Difference {
    /// One line: `data_center: fermo: 3 h 20 min → 3 h 25 min`.
    pub fn words(&self, lang: Lang) -> String {
        let (field, names) =
            self.path.split_last().map_or(("", &[][..]), |(last, rest)| (last.as_str(), rest));
        let places = names.iter().map(|name| label(name, lang)).collect::<Vec<_>>().join(" · ");
        let field_label = label(field, lang);
        let what = if places.is_empty() { field_label } else { format!("{places}: {field_label}") };
        let nothing = match lang {
            Lang::It => "non c'era",
            Lang::En => "was not there",
        };
        let gone = match lang {
            Lang::It => "non c'è più",
            Lang::En => "is not there any more",
        };
        match (&self.before, &self.after) {
            (Some(before), Some(after)) => {
                format!("{what}: {} → {}", value(field, before, lang), value(field, after, lang))
            }
            (None, Some(after)) => format!("{what}: {nothing} → {}", value(field, after, lang)),
            (Some(before), None) => format!("{what}: {} → {gone}", value(field, before, lang)),
            (None, None) => what,
        }
    }
}

fn is_share(object: &Map<String, Value>) -> bool {
    object.len() == 3 && ["p", "q", "percent"].iter().all(|key| object.contains_key(*key))
}

/// What an entry of a list is; its place when nothing tells.
fn name(entry: &Value, place: usize) -> String {
    let named = NAMES.iter().find_map(|key| entry.get(key));
    match named {
        Some(Value::String(name)) => name.clone(),
        Some(other) => other.to_string(),
        None => place.to_string(),
    }
}

fn value(field: &str, value: &Value, lang: Lang) -> String {
    match value {
        Value::Number(number) if INSTANTS.contains(&field) => {
            number.as_i64().map_or_else(|| number.to_string(), format::iso)
        }
        Value::Number(number) if field.ends_with("_ms") => match (number.as_u64(), number.as_i64()) {
            // To the second in words, and exactly beside.
            (Some(ms), _) => format!("{} ({ms} ms)", format::duration(ms, lang)),
            (None, Some(ms)) => format!("−{} ({ms} ms)", format::duration(ms.unsigned_abs(), lang)),
            (None, None) => number.to_string(),
        },
        Value::Object(object) if is_share(object) => {
            let share = serde_json::from_value::<Share>(value.clone());
            share.map_or_else(
                |_| value.to_string(),
                |share| format!("{} ({}/{})", share.text(lang), share.p, share.q),
            )
        }
        Value::Object(object) => {
            let length = object.get("duration_ms").and_then(Value::as_u64);
            let start = object.get("start_ms").and_then(Value::as_i64);
            match (start, length) {
                (Some(start_ms), Some(ms)) => {
                    format!("{}, {}", format::iso(start_ms), format::duration(ms, lang))
                }
                _ => value.to_string(),
            }
        }
        Value::String(text) => text.clone(),
        Value::Null => "-".to_owned(),
        other => other.to_string(),
    }
}

/// A field's name for people; names of services, components and sites stand as they are.
fn label(field: &str, lang: Lang) -> String {
    let (it, en) = match field {
        "up_ms" => ("disponibile", "up"),
        "down_ms" => ("fermo", "down"),
        "unknown_ms" => ("non osservato", "not observed"),
        "maintenance_ms" => ("manutenzione", "maintenance"),
        "out_of_scope_ms" => ("fuori periodo", "out of scope"),
        "availability" => ("disponibilità", "availability"),
        "lower_bound" => ("limite inferiore", "lower bound"),
        "upper_bound" => ("limite superiore", "upper bound"),
        "coverage" => ("copertura", "coverage"),
        "standing" => ("esito", "standing"),
        "outlook" => ("prospettiva", "outlook"),
        "commitments" => ("impegni", "commitments"),
        "components" => ("componenti", "components"),
        "checks" => ("controlli", "checks"),
        "sites" => ("sedi", "sites"),
        "outages" => ("interruzioni", "outages"),
        "outage_count" => ("numero di interruzioni", "number of outages"),
        "longest_outage_ms" => ("interruzione più lunga", "longest outage"),
        "corrections" => ("correzioni", "corrections"),
        "budget_remaining_ms" => ("margine rimasto", "allowance left"),
        "net" => ("al netto dei fermi programmati", "net of planned stops"),
        "end_ms" => ("fine", "end"),
        "start_ms" => ("inizio", "start"),
        "duration_ms" => ("durata", "duration"),
        other => return other.to_owned(),
    };
    match lang {
        Lang::It => it.to_owned(),
        Lang::En => en.to_owned(),
    }
}
