//! The dashboards that are shipped, as tests read them: panels, queries, and the names in those.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// One file of `deploy/grafana/dashboards`.
#[derive(Debug)]
pub struct Dashboard {
    /// Its name without `.json`.
    pub file: String,
    /// What is in it.
    pub json: Value,
}

/// One query of one panel.
#[derive(Debug, Clone)]
pub struct Query {
    /// `Vedetta: Oggi, Incidenti aperti, A`.
    pub of: String,
    /// As it is written, with Grafana's variables.
    pub expression: String,
    /// Asked of one instant, or else over the range that is shown.
    pub is_instant: bool,
    /// It need not have data even where everything is as it can be: the file says why, as `mayBeEmpty`, which Grafana
    /// does not read.
    pub may_be_empty: bool,
}

/// A file or folder of the repository.
pub fn shipped(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join(path)
}

impl Dashboard {
    /// All that are shipped, by name.
    pub fn all() -> Vec<Self> {
        let mut all: Vec<Self> = Self::paths()
            .iter()
            .map(|path| Self {
                file: path.file_stem().unwrap().to_str().unwrap().to_owned(),
                json: serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap(),
            })
            .collect();
        all.sort_by(|one, other| one.file.cmp(&other.file));
        assert!(!all.is_empty(), "no dashboard is shipped");
        all
    }

    /// Where they are.
    pub fn paths() -> Vec<PathBuf> {
        let entries = fs::read_dir(shipped("deploy/grafana/dashboards")).unwrap();
        let paths = entries.map(|entry| entry.unwrap().path());
        paths.filter(|path| path.extension().is_some_and(|extension| extension == "json")).collect()
    }

    /// As people see it.
    pub fn title(&self) -> &str {
        self.json["title"].as_str().unwrap()
    }

    /// In the file's order.
    pub fn panels(&self) -> &[Value] {
        self.json["panels"].as_array().unwrap()
    }

    /// What can be chosen at its top.
    pub fn variables(&self) -> &[Value] {
        self.json["templating"]["list"].as_array().unwrap()
    }

    /// Of every panel.
    pub fn queries(&self) -> Vec<Query> {
        let of_panel = |panel: &Value| {
            let title = format!("{}, {}", self.title(), text(&panel["title"]));
            let queries = targets(panel).iter().map(|target| Query {
                of: format!("{title}, {}", text(&target["refId"])),
                expression: text(&target["expr"]).to_owned(),
                is_instant: target["instant"] == true,
                may_be_empty: target.get("mayBeEmpty").is_some(),
            });
            queries.collect::<Vec<_>>()
        };
        self.panels().iter().flat_map(of_panel).collect()
    }
}

/// A panel's queries as they are written.
pub fn targets(panel: &Value) -> &[Value] {
    panel["targets"].as_array().map_or(&[], Vec::as_slice)
}

/// A text; empty where there is none.
pub fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// Each `name{matchers}` of the collector's metrics in an expression, and where it begins.
pub fn selectors(expression: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let ours = |name: &str| name.starts_with("vedetta_") || name.starts_with("process_");
    for (at, name) in names(expression).filter(|(_, name)| ours(name)) {
        let rest = &expression[at + name.len()..];
        let matchers = if rest.starts_with('{') { rest.find('}').unwrap() + 1 } else { 0 };
        found.push((at, &expression[at..at + name.len() + matchers]));
    }
    found
}

/// Everything in a text that could be the name of a metric, and where it begins.
pub fn names(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let is_other = |c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == ':');
    let mut after = 0;
    text.split_inclusive(is_other).filter_map(move |piece| {
        let at = after;
        after += piece.len();
        let name = piece.trim_end_matches(is_other);
        (!name.is_empty()).then_some((at, name))
    })
}

/// What the collector exports, by family: the names that its samples have.
pub fn exported() -> BTreeMap<String, BTreeSet<String>> {
    let catalogue = fs::read_to_string(shipped("collector/src/publish/metrics/catalogue.txt")).unwrap();
    let family = |line: &str| {
        let (name, rest) = line.split_once(' ').unwrap();
        let endings: &[&str] = match rest.split(' ').next().unwrap() {
            "counter" => &["_total"],
            "info" => &["_info"],
            "histogram" => &["_bucket", "_count", "_sum"],
            _ => &[""],
        };
        (name.to_owned(), endings.iter().map(|ending| format!("{name}{ending}")).collect())
    };
    catalogue.lines().map(family).collect()
}

/// The rules that are shipped for Prometheus: path and text of each file.
pub fn rules() -> Vec<(PathBuf, String)> {
    let Ok(entries) = fs::read_dir(shipped("deploy/prometheus")) else { return Vec::new() };
    let paths = entries.map(|entry| entry.unwrap().path());
    let is_yaml =
        |path: &PathBuf| path.extension().is_some_and(|extension| extension == "yml" || extension == "yaml");
    let texts = paths.filter(is_yaml).map(|path| {
        let text = fs::read_to_string(&path).unwrap();
        (path, text)
    });
    // Not those that are tests of rules, nor Prometheus's own configuration.
    let mut rules: Vec<_> = texts.filter(|(_, text)| text.lines().any(|line| line == "groups:")).collect();
    rules.sort();
    rules
}
