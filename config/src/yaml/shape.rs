//! How a shape is declared, and the report that gathers what is wrong.
//!
//! `shape!` makes a struct and its reading from one list of keys; the documentation of a key is its doc
//! comment. Serde's derive is not used because it stops at the first error and loses places inside
//! `flatten` and `tag`.

use std::path::Path;

use crate::Problem;
use crate::problem::{PROBLEMS_MAX, Place, Source, printable};
use crate::text::{Text, say};
use crate::yaml::node::{Entry, Node, Value};
use crate::yaml::schema::{self, Definitions};
use crate::yaml::{nearest, signs};
use crate::{Id, LoadError};

/// Something that can be read from a node; `None` after the defect has been reported.
pub(crate) trait Shape: Sized {
    fn read(node: &Node, report: &mut Report<'_>) -> Option<Self>;

    /// What an editor may know of it.
    fn schema(definitions: &mut Definitions) -> serde_json::Value;
}

/// A value that remembers its place, for what only `resolve` can judge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct At<T> {
    pub(crate) at: Place,
    pub(crate) value: T,
}

impl<T: Shape> Shape for At<T> {
    fn read(node: &Node, report: &mut Report<'_>) -> Option<Self> {
        T::read(node, report).map(|value| Self { at: node.at, value })
    }

    fn schema(definitions: &mut Definitions) -> serde_json::Value {
        T::schema(definitions)
    }
}

/// Far above any real charter; what is compared name by name stays quick below.
const LIST_MAX: usize = 1_000;
const NAMED_MAX: usize = 4_000;

/// A list, or the one value of a list of one.
impl<T: Shape> Shape for Vec<T> {
    fn read(node: &Node, report: &mut Report<'_>) -> Option<Self> {
        match &node.value {
            Value::List(nodes) if nodes.len() > LIST_MAX => {
                let message = say!(
                    "more than {LIST_MAX} entries in one list",
                    "più di {LIST_MAX} voci in un solo elenco"
                );
                report.problem(node.at, message);
                None
            }
            Value::List(nodes) => Some(nodes.iter().filter_map(|node| T::read(node, report)).collect()),
            _ => T::read(node, report).map(|value| vec![value]),
        }
    }

    fn schema(definitions: &mut Definitions) -> serde_json::Value {
        let one = T::schema(definitions);
        schema::any([one.clone(), serde_json::json!({"type": "array", "items": one})])
    }
}

/// A map from names to values, in the file's order. An entry whose value has a defect keeps its name,
/// so that who refers to it is not accused as well.
#[derive(Debug)]
pub(crate) struct Named<T> {
    pub(crate) entries: Vec<(At<Id>, Option<T>)>,
    /// Entries that are not in the list because their name was refused.
    pub(crate) nameless: usize,
}

impl<T> Named<T> {
    /// The entries without a defect.
    pub(crate) fn sound(&self) -> impl Iterator<Item = (&At<Id>, &T)> {
        self.entries.iter().filter_map(|(name, value)| value.as_ref().map(|value| (name, value)))
    }

    /// The names, of sound entries and others.
    pub(crate) fn names(&self) -> Vec<&str> {
        self.entries.iter().map(|(name, _)| name.value.as_str()).collect()
    }

    /// How many the operator wrote, sound or not.
    pub(crate) fn count(&self) -> usize {
        self.entries.len() + self.nameless
    }
}

impl<T: Shape> Shape for Named<T> {
    fn read(node: &Node, report: &mut Report<'_>) -> Option<Self> {
        let Value::Map(entries) = &node.value else {
            return report.expected(
                None,
                node,
                say!("a map from names to values", "una mappa da nomi a valori"),
            );
        };
        if entries.len() > NAMED_MAX {
            let message = say!(
                "more than {NAMED_MAX} names in one map; many like targets are rows of a CSV file",
                "più di {NAMED_MAX} nomi in una sola mappa; molti bersagli simili sono righe di un file CSV"
            );
            report.problem(node.at, message);
            return None;
        }
        let mut named = Self { entries: Vec::with_capacity(entries.len()), nameless: 0 };
        for entry in entries {
            if report.is_full() {
                break;
            }
            let value = report.within(&entry.key, |report| T::read(&entry.node, report));
            match Id::new(entry.key.as_str()) {
                Ok(id) => named.entries.push((At { at: entry.key_at, value: id }, value)),
                Err(error) => {
                    report.problem(entry.key_at, error.text());
                    named.nameless += 1;
                }
            }
        }
        Some(named)
    }

    fn schema(definitions: &mut Definitions) -> serde_json::Value {
        schema::named(&T::schema(definitions))
    }
}

/// What is wrong and what is doubtful in one file, while it is being read.
#[derive(Debug)]
pub(crate) struct Report<'a> {
    source: Source<'a>,
    /// Name and text of the files that the file names; a place counts them from 1.
    named: Vec<(String, String)>,
    path: Vec<String>,
    problems: Vec<Problem>,
    warnings: Vec<Problem>,
}

impl<'a> Report<'a> {
    pub(crate) fn new(source: Source<'a>) -> Self {
        Self { source, named: Vec::new(), path: Vec::new(), problems: Vec::new(), warnings: Vec::new() }
    }

    /// Refuses the file, when all has been said.
    pub(crate) fn problem(&mut self, at: Place, message: Text) {
        if self.is_full() {
            return;
        }
        let message = self.with_cure(at, message);
        let problem = self.made(at, message);
        // An alias shows the same defect once per use, and a default once per component that takes it.
        match self.problems.iter_mut().find(|known| is_same(known, &problem)) {
            Some(known) => known.path = shared_path(&known.path, &problem.path),
            None => self.problems.push(problem),
        }
    }

    /// Does not refuse the file.
    pub(crate) fn warning(&mut self, at: Place, message: Text) {
        if self.warnings.len() == PROBLEMS_MAX {
            return;
        }
        let warning = self.made(at, message);
        match self.warnings.iter_mut().find(|known| is_same(known, &warning)) {
            Some(known) => known.path = shared_path(&known.path, &warning.path),
            None => self.warnings.push(warning),
        }
    }

    /// Takes in a file that the file names, so that places in it can be shown; gives its number. `name`
    /// is relative to the file's folder.
    pub(crate) fn take_in(&mut self, name: &str, text: String) -> u16 {
        let name = Path::new(self.source.name).with_file_name(name).display().to_string();
        self.named.push((name, text));
        u16::try_from(self.named.len()).unwrap_or(u16::MAX)
    }

    /// What the file of a number is called in problems.
    pub(crate) fn name_of(&self, file: u16) -> &str {
        let named = self.named.get(usize::from(file).wrapping_sub(1));
        named.map_or(self.source.name, |(name, _)| name)
    }

    /// Every text that was read, the main file first, each of the others under a line that names it: what is
    /// kept of the operator's own words.
    pub(crate) fn sources(&self) -> String {
        let others = self.named.iter().map(|(name, text)| {
            let name = Path::new(name).file_name().unwrap_or_default().display();
            format!("\n# ---- {name} ----\n{text}")
        });
        std::iter::once(self.source.text.to_owned()).chain(others).collect()
    }

    /// Takes over what another reader refused.
    pub(crate) fn adopt(&mut self, refused: LoadError) {
        let room = PROBLEMS_MAX.saturating_sub(self.problems.len());
        self.problems.extend(refused.problems.into_iter().take(room));
    }

    fn made(&self, at: Place, message: Text) -> Problem {
        Problem { path: printable(&self.path.join(STEP)), ..self.source_of(at).problem(at, message) }
    }

    fn source_of(&self, at: Place) -> Source<'_> {
        match self.named.get(usize::from(at.file).wrapping_sub(1)) {
            Some((name, text)) => Source { name, text },
            None => self.source,
        }
    }

    /// A sign that a word processor put there explains most of what is wrong with a value.
    fn with_cure(&self, at: Place, message: Text) -> Text {
        let written = self.source_of(at).written(at);
        match signs::cure(&written).filter(|_| !written.starts_with(['[', '{'])) {
            Some(cure) => say!("{message}; {cure}", "{message}; {cure}"; message, cure),
            None => message,
        }
    }

    /// Does something one step further down the file, so that problems say where they are.
    pub(crate) fn within<T>(&mut self, name: &str, act: impl FnOnce(&mut Self) -> T) -> T {
        self.path.push(name.to_owned());
        let done = act(self);
        self.path.pop();
        done
    }

    /// Reads the value of a key. The path is made of the section and of names: the keys between them are
    /// seen in the snippet.
    pub(crate) fn read<T: Shape>(&mut self, entry: &Entry) -> Option<T> {
        if self.path.is_empty() {
            return self.within(&entry.key, |report| T::read(&entry.node, report));
        }
        T::read(&entry.node, self)
    }

    /// As [`Self::read`], but `key:` with nothing behind it is as good as no key.
    pub(crate) fn read_unless_empty<T: Shape>(&mut self, entry: &Entry) -> Option<T> {
        if entry.node.value == Value::Nothing { None } else { self.read(entry) }
    }

    /// Reports a value that could not be read.
    #[expect(clippy::needless_pass_by_value, reason = "a message is made where it is said")]
    pub(crate) fn expected<T>(&mut self, read: Option<T>, node: &Node, what: Text) -> Option<T> {
        if read.is_none() && !self.is_full() {
            let found = node.found();
            self.problem(
                node.at,
                say!("expected {what}, found {found}", "previsto: {what}; c'è {found}"; what, found),
            );
        }
        read
    }

    pub(crate) fn unknown_key(&mut self, entry: &Entry, known: &[&'static str]) {
        if !self.is_full() {
            self.problem(entry.key_at, nearest::unknown_key(&entry.key, known));
        }
    }

    pub(crate) fn missing(&mut self, at: Place, key: &str) {
        if self.path.is_empty() && key == "organisation" {
            let message = say!(
                "the key `{key}` is missing; if another file includes this one, check that one",
                "manca la chiave `{key}`; se questo file è incluso da un altro, controlla quello"
            );
            return self.problem(at, message);
        }
        self.problem(at, say!("the key `{key}` is missing", "manca la chiave `{key}`"));
    }

    /// Is there no room for another problem? Then looking further is in vain.
    pub(crate) fn is_full(&self) -> bool {
        self.problems.len() >= PROBLEMS_MAX
    }

    /// Has anything been refused so far?
    pub(crate) fn is_clean(&self) -> bool {
        self.problems.is_empty()
    }

    /// Goes on only if nothing has been refused so far.
    pub(crate) fn ready(self) -> Result<Self, LoadError> {
        if self.is_clean() {
            return Ok(self);
        }
        match self.finish() {
            Err(refused) => Err(refused),
            Ok(_) => Err(LoadError { problems: Vec::new() }),
        }
    }

    /// The warnings, or the refusal: each in the file's order, then in that of the files it names.
    pub(crate) fn finish(mut self) -> Result<Vec<Problem>, LoadError> {
        let main = self.source.name;
        let place =
            |problem: &Problem| (problem.file != main, problem.file.clone(), problem.line, problem.column);
        if self.problems.is_empty() {
            self.warnings.sort_by_key(place);
            return Ok(self.warnings);
        }
        self.problems.sort_by_key(place);
        Err(LoadError { problems: self.problems })
    }
}

/// Between the names of a path.
const STEP: &str = " › ";

fn is_same(one: &Problem, other: &Problem) -> bool {
    (one.line, one.column, &one.file, &one.message) == (other.line, other.column, &other.file, &other.message)
}

/// As far as two paths go together.
fn shared_path(one: &str, other: &str) -> String {
    let both = one.split(STEP).zip(other.split(STEP)).take_while(|(one, other)| one == other);
    both.map(|(name, _)| name).collect::<Vec<_>>().join(STEP)
}

/// What a map of keys is called where something else stands.
pub(crate) fn a_map_with(keys: &[&str]) -> Text {
    let keys = keys.join(", ");
    say!("a map with the keys {keys}", "una mappa con le chiavi {keys}")
}

/// Declares a map of keys: the struct, and how it is read. A key is
/// - `required`: without it, or when it is broken, nothing of the map is used;
/// - `decisive`: may be absent; when it is broken, nothing of the map is used;
/// - `optional`: may be absent or broken, and the rest is used (to find what else is wrong);
/// - `checked`: as optional, but the value is dropped: it is for whoever reads the file.
macro_rules! shape {
    (@field required $type:ty) => { $type };
    (@field optional $type:ty) => { Option<$type> };
    (@field checked $type:ty) => { std::marker::PhantomData<$type> };
    (@field decisive $type:ty) => { Option<$type> };
    (@read checked $report:ident $entry:ident $broken:ident) => { $report.read_unless_empty($entry) };
    (@read decisive $report:ident $entry:ident $broken:ident) => {{
        let read = $report.read_unless_empty($entry);
        $broken |= read.is_none() && $entry.node.value != $crate::yaml::node::Value::Nothing;
        read
    }};
    (@missing decisive $report:ident $at:ident $seen:ident $key:ident) => {};
    (@take decisive $key:ident) => { $key };
    (@missing checked $report:ident $at:ident $seen:ident $key:ident) => {};
    (@take checked $key:ident) => { { drop($key); std::marker::PhantomData } };
    (@read required $report:ident $entry:ident $broken:ident) => { $report.read($entry) };
    (@read optional $report:ident $entry:ident $broken:ident) => { $report.read_unless_empty($entry) };
    (@missing required $report:ident $at:ident $seen:ident $key:ident) => {
        if !$seen.contains(&stringify!($key)) {
            $report.missing($at, stringify!($key));
        }
    };
    (@missing optional $report:ident $at:ident $seen:ident $key:ident) => {};
    (@take required $key:ident) => { $key? };
    (@take optional $key:ident) => { $key };
    (
        $(#[doc = $doc:literal])*
        $name:ident { $($(#[doc = $key_doc:literal])* $key:ident: $need:ident $type:ty,)* }
    ) => {
        $(#[doc = $doc])*
        #[derive(Debug)]
        pub(crate) struct $name {
            $($(#[doc = $key_doc])* pub(crate) $key: shape!(@field $need $type),)*
        }

        impl $name {
            /// In the order in which they are best written.
            pub(crate) const KEYS: &'static [&'static str] = &[$(stringify!($key)),*];

            /// Reads the keys of a map that stands at `at`.
            pub(crate) fn read_entries<'n>(
                entries: impl Iterator<Item = &'n $crate::yaml::node::Entry>,
                at: $crate::problem::Place,
                report: &mut $crate::yaml::shape::Report<'_>,
            ) -> Option<Self> {
                $(let mut $key: Option<$type> = None;)*
                let mut seen: Vec<&str> = Vec::new();
                let mut broken = false;
                for entry in entries {
                    seen.push(&entry.key);
                    match entry.key.as_str() {
                        $(stringify!($key) => $key = shape!(@read $need report entry broken),)*
                        _ => report.unknown_key(entry, Self::KEYS),
                    }
                }
                $(shape!(@missing $need report at seen $key);)*
                let _ = (at, seen);
                if std::mem::take(&mut broken) {
                    return None;
                }
                Some(Self { $($key: shape!(@take $need $key),)* })
            }

            /// The keys, with what an editor may know of them.
            pub(crate) fn schema_of_keys(
                definitions: &mut $crate::yaml::schema::Definitions,
            ) -> Vec<$crate::yaml::schema::Key> {
                vec![$($crate::yaml::schema::Key {
                    name: stringify!($key),
                    doc: concat!($($key_doc),*),
                    is_required: stringify!($need) == "required",
                    schema: <$type as $crate::yaml::shape::Shape>::schema(definitions),
                }),*]
            }
        }

        impl $crate::yaml::shape::Shape for $name {
            fn read(
                node: &$crate::yaml::node::Node,
                report: &mut $crate::yaml::shape::Report<'_>,
            ) -> Option<Self> {
                match &node.value {
                    $crate::yaml::node::Value::Map(entries) => Self::read_entries(entries.iter(), node.at, report),
                    _ => report.expected(None, node, $crate::yaml::shape::a_map_with(Self::KEYS)),
                }
            }

            fn schema(definitions: &mut $crate::yaml::schema::Definitions) -> serde_json::Value {
                definitions.refer(stringify!($name), |definitions| {
                    $crate::yaml::schema::keys(concat!($($doc),*), Self::schema_of_keys(definitions))
                })
            }
        }
    };
}
pub(crate) use shape;
