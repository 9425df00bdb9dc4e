//! `include:`: other files of the same folder, read as if their entries stood in the main one.
//!
//! Sections merge by key, one level deep: two files may both have `services:`, not the same service. Paths
//! start from the main file's folder, whoever names them, and stay below it; each file is included once, so
//! that a circle ends at its second step. The merged tree keeps the file of every place: a problem points
//! into the file it is in.

use std::path::{Path, PathBuf};

use crate::problem::Source;
use crate::resolve::files;
use crate::text::say;
use crate::yaml::node::{self, Entry, Node, Value};
use crate::yaml::shape::{At, Report};

/// More would be no longer one charter.
const FILES_MAX: usize = 64;

/// The whole tree. What cannot be included is reported and left out.
pub(crate) fn expand(
    mut root: Node,
    main: Option<&Path>,
    folder: Option<&Path>,
    report: &mut Report<'_>,
) -> Node {
    let names = named(&root, report);
    if let Value::Map(entries) = &mut root.value {
        let main = main.and_then(|path| path.canonicalize().ok());
        let mut inclusion = Inclusion { folder, seen: main.into_iter().collect() };
        for name in names {
            inclusion.add(&name, entries, report);
        }
    }
    root
}

/// The names after `include:`, if there is such a key.
fn named(root: &Node, report: &mut Report<'_>) -> Vec<At<String>> {
    let Value::Map(entries) = &root.value else { return Vec::new() };
    let entry = entries.iter().find(|entry| entry.key == "include");
    entry.and_then(|entry| report.read_unless_empty::<Vec<At<String>>>(entry)).unwrap_or_default()
}

struct Inclusion<'a> {
    folder: Option<&'a Path>,
    /// In the order of reading, the main file first.
    seen: Vec<PathBuf>,
}

impl Inclusion<'_> {
    fn add(&mut self, name: &At<String>, entries: &mut Vec<Entry>, report: &mut Report<'_>) {
        let (path, text) = match files::included(&name.value, self.folder) {
            Ok(read) => read,
            Err(message) => return report.problem(name.at, message),
        };
        if self.seen.contains(&path) {
            let message = say!(
                "`{}` is already part of this configuration; include it once, and not in a circle",
                "`{}` fa già parte di questa configurazione; includilo una volta sola, e non in circolo",
                name.value
            );
            return report.problem(name.at, message);
        }
        if self.seen.len() > FILES_MAX {
            let message =
                say!("more than {FILES_MAX} files in one charter", "più di {FILES_MAX} file in una carta");
            return report.problem(name.at, message);
        }
        self.seen.push(path);
        let file = report.take_in(&name.value, text.clone());
        let shown = report.name_of(file).to_owned();
        let node = match node::parse_file(Source { name: &shown, text: &text }, file) {
            Ok(node) => node,
            Err(refused) => return report.adopt(refused),
        };
        let names = named(&node, report);
        match node.value {
            Value::Nothing => {}
            Value::Map(more) => merge(entries, more, report),
            _ => {
                let what = say!("sections such as `services:`", "sezioni come `services:`");
                let _: Option<()> = report.expected(None, &node, what);
            }
        }
        for name in names {
            self.add(&name, entries, report);
        }
    }
}

/// Adds sections; those that are there already get the new keys.
fn merge(entries: &mut Vec<Entry>, more: Vec<Entry>, report: &mut Report<'_>) {
    for entry in more {
        if entry.key == "include" {
            continue;
        }
        let Some(section) = entries.iter_mut().find(|section| section.key == entry.key) else {
            entries.push(entry);
            continue;
        };
        match (&mut section.node.value, entry.node.value) {
            (_, Value::Nothing) => {}
            (value @ Value::Nothing, other) => *value = other,
            (Value::Map(here), Value::Map(there)) => {
                report.within(&entry.key, |report| {
                    for key in there {
                        match here.iter().find(|known| known.key == key.key) {
                            Some(known) => twice(&key, known, report),
                            None => here.push(key),
                        }
                    }
                });
            }
            (_, other) => {
                twice(&Entry { node: Node { at: entry.node.at, value: other }, ..entry }, section, report);
            }
        }
    }
}

fn twice(entry: &Entry, known: &Entry, report: &mut Report<'_>) {
    let (file, line) = (report.name_of(known.key_at.file).to_owned(), known.key_at.line);
    let message = say!(
        "the key `{}` is already at {file}:{line}; files are merged, so say it in one of them",
        "la chiave `{}` è già in {file}:{line}; i file si uniscono, quindi dilla in uno solo",
        entry.key
    );
    report.problem(entry.key_at, message);
}
