//! A file as a tree in which every key and value knows its place.
//!
//! serde-saphyr does all the parsing, under limits; nothing is interpreted here. We read a tree
//! rather than deserialising straight into structs because a derived `Deserialize` stops at its first
//! error, and an operator deserves all of them in one run. The price is one copy of a file of at most
//! 1 MiB.

use std::collections::HashMap;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::options::{AliasLimits, DuplicateKeyPolicy};
use serde_saphyr::{Error, MergeKeyPolicy, Spanned};

use crate::problem::{PROBLEMS_MAX, Place, Source};
use crate::text::{Text, say};
use crate::yaml::syntax;
use crate::{LoadError, Problem};

/// A value and its place.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    pub(crate) at: Place,
    pub(crate) value: Value,
}

/// What a value is before anybody expects something of it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    /// `key:` with nothing behind it, or `~`.
    Nothing,
    /// `true` or `false`, nothing else: `no` and `on` are text.
    Bool(bool),
    /// A number as it is written.
    Number(String),
    /// Everything else that is one scalar.
    Text(String),
    /// In order.
    List(Vec<Node>),
    /// In order, no key twice.
    Map(Vec<Entry>),
}

/// One key of a map.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) key_at: Place,
    pub(crate) node: Node,
}

impl Node {
    /// What an operator would call the value, for "expected …, found …".
    pub(crate) fn found(&self) -> Text {
        match &self.value {
            Value::Nothing => say!("nothing", "niente"),
            Value::Bool(value) => Text::same(format!("`{value}`")),
            Value::Number(text) | Value::Text(text) if text.chars().count() <= 60 => {
                Text::same(format!("`{text}`"))
            }
            Value::Number(_) | Value::Text(_) => say!("a long text", "un testo lungo"),
            Value::List(_) => say!("a list", "un elenco"),
            Value::Map(_) => say!("a map of keys", "una mappa di chiavi"),
        }
    }

    /// The text of a scalar, however YAML would type it: a name may look like a number.
    pub(crate) fn scalar(&self) -> Option<&str> {
        match &self.value {
            Value::Number(text) | Value::Text(text) => Some(text),
            Value::Bool(true) => Some("true"),
            Value::Bool(false) => Some("false"),
            Value::Nothing | Value::List(_) | Value::Map(_) => None,
        }
    }

    /// The value of a key, when this is a map that has it.
    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        match &self.value {
            Value::Map(entries) => entries.iter().find(|entry| entry.key == key).map(|entry| &entry.node),
            _ => None,
        }
    }
}

/// Parses a text. Broken YAML is one problem, since nothing after it can be trusted; keys that appear
/// twice are all reported.
pub(crate) fn parse(source: Source<'_>) -> Result<Node, LoadError> {
    parse_file(source, 0)
}

/// As [`parse`]; every place is said to be in the file of that number in the report.
pub(crate) fn parse_file(source: Source<'_>, file: u16) -> Result<Node, LoadError> {
    let end = End::of(source, file);
    let parsed: Spanned<Raw> =
        serde_saphyr::from_str_with_options(source.text, limits()).map_err(|error| {
            let (at, message) = message(&error, source, place(error.location(), end));
            source.refuse(at, message)
        })?;
    let mut tree = Tree { source, end, duplicates: Vec::new() };
    let node = tree.located(parsed);
    if tree.duplicates.is_empty() { Ok(node) } else { Err(LoadError { problems: tree.duplicates }) }
}

/// Far above any real file, far below what hurts: a bomb or a wrong file ends here.
fn limits() -> serde_saphyr::Options {
    serde_saphyr::options! {
        with_snippet: false,
        budget: serde_saphyr::budget! {
            max_depth: 24,
            flow_nesting_limit: 24,
            max_nodes: 25_000,
            max_events: 80_000,
            max_aliases: 500,
            max_anchors: 500,
            max_recorded_anchor_events: 50_000,
            max_documents: 2, // the second is refused with its place
            max_total_scalar_bytes: 2 * 1024 * 1024,
        },
        alias_limits: alias_limits(),
        // Both are reported by `located`, with the line of the first.
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        merge_keys: MergeKeyPolicy::Error,
        strict_booleans: true,
        leading_zero_numbers_as_strings: true,
        underscored_numbers_as_strings: true,
        reject_unsupported_tags: true,
    }
}

fn alias_limits() -> AliasLimits {
    let mut limits = AliasLimits::default();
    limits.max_total_replayed_events = 20_000;
    limits.max_replay_stack_depth = 8;
    limits
}

/// The parser's complaint in an operator's words.
fn message(error: &Error, source: Source<'_>, at: Place) -> (Place, Text) {
    let text = match error.without_snippet() {
        Error::MultipleDocuments { .. } => say!(
            "a second document begins here; a file holds one",
            "qui comincia un secondo documento; un file ne contiene uno"
        ),
        Error::MergeKeyNotAllowed { .. } => say!(
            "merge keys (`<<`) are not read; write the keys out, or use `defaults`",
            "le chiavi di fusione (`<<`) non si leggono; scrivi le chiavi per esteso, o usa `defaults`"
        ),
        Error::UnknownAnchor { .. } => say!(
            "`*` refers to an anchor (`&name`) that is not above; a text that begins with `*` needs quotes",
            "`*` rimanda a un'ancora (`&nome`) che sopra non c'è; un testo che comincia con `*` va tra virgolette"
        ),
        Error::Budget { .. }
        | Error::AliasReplayLimitExceeded { .. }
        | Error::AliasExpansionLimitExceeded { .. }
        | Error::AliasReplayStackDepthExceeded { .. }
        | Error::AliasReplayCounterOverflow { .. } => say!(
            "the file is nested too deeply, or repeats too much through aliases, to be a configuration",
            "il file è troppo annidato, o ripete troppo con gli alias, per essere una configurazione"
        ),
        Error::AliasError { error, .. } => return message(error, source, at),
        other => {
            let text = other.to_string();
            let text = text.split(" at line ").next().unwrap_or(&text);
            return syntax::slip(source, at, text);
        }
    };
    (at, text)
}

/// Where the last line is and where it ends: a file that ends too early is complained about beyond it.
#[derive(Debug, Clone, Copy)]
struct End {
    file: u16,
    line: u32,
    column: u32,
}

impl End {
    fn of(source: Source<'_>, file: u16) -> Self {
        let lines = source.text.lines().count().max(1);
        let column = source.text.lines().last().map_or(1, |text| text.chars().count() + 1);
        Self { file, line: number(lines as u64), column: number(column as u64) }
    }
}

fn place(location: Option<serde_saphyr::Location>, end: End) -> Place {
    let Some(location) = location.filter(|location| location.line() > 0) else { return Place::WHOLE };
    let line = number(location.line());
    if line > end.line {
        return Place { file: end.file, line: end.line, column: end.column, len: 1 };
    }
    Place { file: end.file, line, column: number(location.column()), len: number(location.span().len()) }
}

fn number(value: u64) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

/// The tree as serde sees it.
#[derive(Debug)]
enum Raw {
    Nothing,
    Bool(bool),
    Number,
    Text(String),
    List(Vec<Spanned<Raw>>),
    Map(Vec<(Spanned<String>, Spanned<Raw>)>),
}

/// Gives every node its place.
struct Tree<'s> {
    source: Source<'s>,
    end: End,
    duplicates: Vec<Problem>,
}

impl Tree<'_> {
    fn located(&mut self, raw: Spanned<Raw>) -> Node {
        // What an alias repeats is shown where it is written: that is where it is mended.
        let at = place(Some(raw.defined), self.end);
        let value = match raw.value {
            Raw::Nothing => Value::Nothing,
            Raw::Bool(value) => Value::Bool(value),
            Raw::Number => Value::Number(written(raw.defined, self.source)),
            Raw::Text(text) => Value::Text(text),
            Raw::List(nodes) => Value::List(nodes.into_iter().map(|node| self.located(node)).collect()),
            Raw::Map(pairs) => Value::Map(self.entries(pairs)),
        };
        Node { at, value }
    }

    fn entries(&mut self, pairs: Vec<(Spanned<String>, Spanned<Raw>)>) -> Vec<Entry> {
        let mut entries: Vec<Entry> = Vec::with_capacity(pairs.len());
        let mut lines = HashMap::new();
        for (key, node) in pairs {
            let key_at = place(Some(key.defined), self.end);
            let node = self.located(node);
            match lines.insert(key.value.clone(), key_at.line) {
                Some(line) => self.duplicate(&key.value, key_at, line),
                None => entries.push(Entry { key: key.value, key_at, node }),
            }
        }
        entries
    }

    fn duplicate(&mut self, key: &str, at: Place, line: u32) {
        if self.duplicates.len() < PROBLEMS_MAX {
            let message = say!(
                "the key `{key}` is already at line {line}; one of the two would be lost: rename or remove it, or mend the indentation",
                "la chiave `{key}` è già alla riga {line}; una delle due si perderebbe: rinominala, toglila, o correggi il rientro"
            );
            self.duplicates.push(self.source.problem(at, message));
        }
    }
}

/// A number exactly as the file has it: `1.10` is not `1.1` when it turns out to be a name.
fn written(location: serde_saphyr::Location, source: Source<'_>) -> String {
    let span = location.span();
    let (Some(from), Some(len)) = (span.byte_offset(), span.byte_len()) else { return String::new() };
    let (Ok(from), Ok(len)) = (usize::try_from(from), usize::try_from(len)) else { return String::new() };
    source.text.get(from..from + len).unwrap_or_default().to_owned()
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a value")
    }
    fn visit_unit<E>(self) -> Result<Raw, E> {
        Ok(Raw::Nothing)
    }
    fn visit_bool<E>(self, value: bool) -> Result<Raw, E> {
        Ok(Raw::Bool(value))
    }
    fn visit_u64<E>(self, _: u64) -> Result<Raw, E> {
        Ok(Raw::Number)
    }
    fn visit_i64<E>(self, _: i64) -> Result<Raw, E> {
        Ok(Raw::Number)
    }
    fn visit_f64<E>(self, _: f64) -> Result<Raw, E> {
        Ok(Raw::Number)
    }
    fn visit_str<E>(self, text: &str) -> Result<Raw, E> {
        Ok(Raw::Text(text.to_owned()))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Raw, A::Error> {
        let mut nodes = Vec::new();
        while let Some(node) = access.next_element()? {
            nodes.push(node);
        }
        Ok(Raw::List(nodes))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Raw, A::Error> {
        let mut pairs = Vec::new();
        while let Some(pair) = access.next_entry()? {
            pairs.push(pair);
        }
        Ok(Raw::Map(pairs))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        parse(Source { name: "f.yaml", text }).unwrap_err().problems[0].to_string()
    }

    #[test]
    fn every_value_knows_its_place_and_its_spelling() {
        let text = "a: 1.10\nb: [x, no]\nc: {d: 98%}\n";
        let node = parse(Source { name: "f", text }).unwrap();
        let a = node.get("a").unwrap();
        assert_eq!((a.at.line, a.at.column, a.scalar()), (1, 4, Some("1.10")));
        let Value::List(list) = &node.get("b").unwrap().value else { panic!("a list") };
        assert_eq!((list[1].at.column, &list[1].value), (8, &Value::Text("no".into())));
        assert_eq!(node.get("c").and_then(|c| c.get("d")).and_then(Node::scalar), Some("98%"));
    }

    #[test]
    fn broken_yaml_is_told_with_its_place() {
        for (text, message) in [
            ("a: [", "f.yaml:1:4: not valid YAML: unclosed bracket '['"),
            ("a: b: c", "f.yaml:1:5: not valid YAML: a text with `: ` in it goes in quotes"),
            ("a: 1\n---\nb: 2", "f.yaml:3:1: a second document begins here"),
            ("a: *x", "f.yaml:1:4: `*` refers to an anchor"),
            ("<<: {a: 1}", "f.yaml:1:1: merge keys"),
            ("a: !foo 1", "f.yaml:1:9: not valid YAML: unsupported tag `!foo`"),
            ("a: 1\nb: {c: 1, c: 2}\n", "f.yaml:2:11: the key `c` is already at line 2"),
        ] {
            let shown = refused(text);
            assert!(shown.starts_with(message), "{text:?}: {shown}");
        }
    }

    #[test]
    fn bombs_end_at_a_limit() {
        let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..10 {
            let before = format!("*a{}", level - 1);
            let repeated = vec![before; 9].join(", ");
            bomb = format!("{bomb}a{level}: &a{level} [{repeated}]\n");
        }
        let deep_flow = format!("a: {}{}", "[".repeat(10_000), "]".repeat(10_000));
        let deep_block: String = (0..500).flat_map(|depth| [" ".repeat(depth), "a:\n".to_owned()]).collect();
        let many = "- x\n".repeat(200_000);
        for text in [&bomb, &deep_flow, &deep_block, &many] {
            assert!(parse(Source { name: "f", text }).is_err(), "{}", &text[..40]);
        }
    }
}
