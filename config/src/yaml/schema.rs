//! The JSON Schema of the files, made from the shapes that read them: an editor's completion cannot know
//! other keys than the reader does.
//!
//! Draft 7, which yaml-language-server speaks best. It says less than the reader: what keys are there, of
//! what type, with their documentation; not what they mean together.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::yaml::agent::AgentKeys;
use crate::yaml::file::FileKeys;
use crate::yaml::shape::Shape;

/// The schema of `vedetta.yaml`.
pub fn schema() -> Value {
    document::<FileKeys>("vedetta.yaml")
}

/// The schema of `agent.yaml`.
pub fn agent_schema() -> Value {
    document::<AgentKeys>("agent.yaml")
}

fn document<T: Shape>(title: &str) -> Value {
    let mut definitions = Definitions::default();
    let root = T::schema(&mut definitions);
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": title,
        "allOf": [root],
        "definitions": definitions.0,
    })
}

/// The maps of keys met so far, each once: components contain components.
#[derive(Debug, Default)]
pub(crate) struct Definitions(BTreeMap<String, Value>);

impl Definitions {
    /// A reference to a definition, which is made at the first one.
    pub(crate) fn refer(&mut self, name: &str, make: impl FnOnce(&mut Self) -> Value) -> Value {
        if !self.0.contains_key(name) {
            self.0.insert(name.to_owned(), Value::Null);
            let definition = make(self);
            self.0.insert(name.to_owned(), definition);
        }
        json!({"$ref": format!("#/definitions/{name}")})
    }
}

/// One key of a map.
pub(crate) struct Key {
    pub(crate) name: &'static str,
    pub(crate) doc: &'static str,
    pub(crate) is_required: bool,
    pub(crate) schema: Value,
}

/// A map of these keys and no others.
pub(crate) fn keys(doc: &str, keys: Vec<Key>) -> Value {
    let required: Vec<&str> = keys.iter().filter(|key| key.is_required).map(|key| key.name).collect();
    let mut schema = Map::new();
    if !required.is_empty() {
        schema.insert("required".to_owned(), json!(required));
    }
    schema.insert("type".to_owned(), json!("object"));
    schema.insert("description".to_owned(), json!(doc.trim()));
    schema.insert("properties".to_owned(), properties(keys));
    schema.insert("additionalProperties".to_owned(), json!(false));
    Value::Object(schema)
}

/// Each key with its documentation; beside a `$ref`, draft 7 would not look at it.
pub(crate) fn properties(keys: Vec<Key>) -> Value {
    let property = |Key { name, doc, schema, .. }: Key| {
        (name.to_owned(), json!({"description": doc.trim(), "allOf": [schema]}))
    };
    Value::Object(keys.into_iter().map(property).collect())
}

/// The keys that belong to one kind of probe.
pub(crate) struct Kind {
    pub(crate) word: &'static str,
    pub(crate) keys: Vec<Key>,
}

impl Kind {
    /// With `probe:` of this kind, its keys and the common ones are there and no others.
    pub(crate) fn when_probed(self, common: &[&'static str]) -> Value {
        let known: Vec<&str> = common.iter().copied().chain(self.keys.iter().map(|key| key.name)).collect();
        let required = self.keys.iter().filter(|key| key.is_required).map(|key| key.name);
        let required: Vec<&str> = required.chain(["targets"]).collect();
        let then = json!({
            "propertyNames": words(known),
            "required": required,
            "properties": properties(self.keys),
        });
        when("probe", self.word, &then)
    }
}

/// What holds where a key has a value.
pub(crate) fn when(key: &str, value: &str, then: &Value) -> Value {
    json!({"if": {"required": [key], "properties": {key: {"const": value}}}, "then": then})
}

/// Words of which one must stand there.
pub(crate) fn words<'w>(words: impl IntoIterator<Item = &'w str>) -> Value {
    json!({"enum": words.into_iter().collect::<Vec<_>>()})
}

/// A text of this form.
pub(crate) fn text(pattern: &str) -> Value {
    json!({"type": "string", "pattern": pattern})
}

/// One of several.
pub(crate) fn any(schemas: impl IntoIterator<Item = Value>) -> Value {
    json!({"anyOf": schemas.into_iter().collect::<Vec<_>>()})
}

/// A text, or what YAML takes for something else.
pub(crate) fn scalar() -> Value {
    json!({"type": ["string", "number", "boolean"]})
}

/// A map with names as of [`crate::Id`].
pub(crate) fn named(value: &Value) -> Value {
    json!({"type": "object", "propertyNames": {"pattern": NAME}, "additionalProperties": value})
}

/// As [`crate::Id`] has it.
pub(crate) const NAME: &str = "^[a-z][a-z0-9_-]{0,63}$";
