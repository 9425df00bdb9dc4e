//! Where the state directory is, of a file that may be half edited.
//!
//! Commands find the running collector by this one key. A mistake elsewhere in the file is `check`'s and
//! `reload`'s affair: it must not keep anybody from asking how the services are. So only `collector.state` is
//! read here; where the YAML itself is broken, the lines of the section `collector:` alone. The price: a file
//! so broken that the section cannot be told tells nothing, and is refused with its own reasons.

use std::path::{Path, PathBuf};

use crate::LoadError;
use crate::include;
use crate::load::{folder, read};
use crate::problem::Source;
use crate::resolve::{COLLECTOR_STATE, in_folder};
use crate::text::say;
use crate::yaml::node::{self, Node, Value};
use crate::yaml::shape::Report;

/// What `collector.state` of a `vedetta.yaml` says, or the default where the file does not say it. Refused is
/// only a file that cannot be read, or does not let this key be told.
pub fn state_directory(path: &Path) -> Result<PathBuf, LoadError> {
    let (name, text) = read(path)?;
    let source = Source { name: &name, text: &text };
    let beside = folder(path);
    let here = |state: &str| in_folder(state, Some(&beside));
    let node = match node::parse(source) {
        Ok(node) => node,
        Err(refused) => {
            let section = section(&text);
            let node = node::parse(Source { name: &name, text: &section }).map_err(|_| refused.clone())?;
            return said(&node, source)?.map(|state| here(&state)).ok_or(refused);
        }
    };
    if let Some(state) = said(&node, source)? {
        return Ok(here(&state));
    }
    let mut report = Report::new(source);
    let node = include::expand(node, Some(path), Some(&beside), &mut report);
    match said(&node, source)? {
        Some(state) => Ok(here(&state)),
        // A part that cannot be read may be the one that says it.
        None => report.ready().map(|_| here(COLLECTOR_STATE)),
    }
}

/// The value of the key, if there is one.
fn said(root: &Node, source: Source<'_>) -> Result<Option<String>, LoadError> {
    let state = root.get("collector").and_then(|collector| collector.get("state"));
    let Some(state) = state.filter(|state| state.value != Value::Nothing) else { return Ok(None) };
    state.scalar().map(|state| Some(state.to_owned())).ok_or_else(|| {
        source.refuse(
            state.at,
            say!(
                "`collector.state` takes the path of a directory",
                "`collector.state` vuole il percorso di una cartella"
            ),
        )
    })
}

/// The lines of the top-level section `collector:`; empty when there is none.
fn section(text: &str) -> String {
    let begins = |line: &&str| line.starts_with("collector:");
    let is_within = |line: &&str| line.is_empty() || line.starts_with([' ', '#', '\r', '\t']);
    let mut lines = text.lines().skip_while(|line| !begins(line));
    let head = lines.next();
    head.into_iter().chain(lines.take_while(is_within)).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(files: &[(&str, &str)]) -> Result<String, LoadError> {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        let state = state_directory(&folder.path().join("vedetta.yaml"))?;
        Ok(state.strip_prefix(folder.path()).unwrap_or(&state).display().to_string())
    }

    #[test]
    fn a_mistake_elsewhere_does_not_hide_it() {
        for (text, state) in [
            ("collector: {state: here}\n", "here"),
            ("collector:\n  state: /srv/vedetta\n", "/srv/vedetta"),
            ("organisation: {name: X}\n", COLLECTOR_STATE),
            ("", COLLECTOR_STATE),
            ("unknown: 1\nservices: {s: {ups: [}}\n", ""),
            ("unknown: 1\nservices: 7\ncollector:\n  wbe: 3\n  state: here\n", "here"),
            // A key twice, a quote left open, a section with tabs: no tree at all.
            ("services: {a: 1, a: 2}\ncollector:\n  # where\n  state: here\n\nrules: {}\n", "here"),
            ("collector:\n  state: here\nsites: {a: \"b\n", "here"),
            ("collector: {state: here}\nservices:\n\ts: x\n", "here"),
        ] {
            let told = told(&[("vedetta.yaml", text)]);
            if state.is_empty() {
                assert!(told.is_err(), "{text}");
            } else {
                assert_eq!(told.as_deref(), Ok(state), "{text}");
            }
        }
    }

    #[test]
    fn another_file_may_say_it_and_one_that_cannot_be_read_may_too() {
        let main = ("vedetta.yaml", "include: [more.yaml]\nnonsense: true\n");
        assert_eq!(
            told(&[main, ("more.yaml", "collector: {state: there}\nodd: 1\n")]).as_deref(),
            Ok("there")
        );
        assert!(told(&[main, ("more.yaml", "collector: {state: [")]).is_err());
        assert!(told(&[main]).is_err());
        assert!(told(&[]).is_err(), "no file");
        assert!(told(&[("vedetta.yaml", "collector: {state: [a]}\n")]).is_err());
    }
}
