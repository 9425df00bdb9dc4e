//! What `deploy/` ships for other people's programs names what the collector exports, and leaves nothing untested.
//!
//! No Zabbix server can be had in the tests: its template is held against what its own importer accepts of version
//! 6.0 (`C60XmlValidator.php`): which keys, which words, what must be unique and what must refer to something.

mod zabbix;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_yaml::Value;

fn shipped(name: &str) -> Value {
    let path: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy").join(name);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_yaml::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// What a scrape in the classic format has, with the labels of each; without any where the example has no row of it.
fn exported() -> BTreeMap<String, BTreeSet<String>> {
    let lines = include_str!("metrics/catalogue.txt").lines();
    let told = lines.map(|line| {
        let mut words = line.splitn(4, ' ');
        let [name, kind, labels] = [0; 3].map(|_| words.next().unwrap());
        let suffix = match kind {
            "info" => "_info",
            "counter" => "_total",
            _ => "",
        };
        let labels = labels.trim_matches(['{', '}']).split(',').filter(|label| !label.is_empty());
        (format!("{name}{suffix}"), labels.map(str::to_owned).collect())
    });
    told.collect()
}

fn list<'a>(of: &'a Value, key: &str) -> &'a [Value] {
    of.get(key).and_then(Value::as_sequence).map_or(&[], Vec::as_slice)
}

fn text<'a>(of: &'a Value, key: &str) -> &'a str {
    of.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// Alert and service, the service where the rule is of one alone.
type Of = (String, Option<String>);

/// The service that an expression names.
fn service_of(expr: &str) -> Option<String> {
    let (_, rest) = expr.split_once("service=\"")?;
    rest.split_once('"').map(|(service, _)| service.to_owned())
}

#[test]
fn every_alert_is_tested_firing_and_silent() {
    let (rules, tests) =
        (shipped("prometheus/vedetta.rules.yml"), shipped("prometheus/vedetta.rules_test.yml"));
    let mut alerts: BTreeSet<Of> = BTreeSet::new();
    for rule in list(&rules, "groups").iter().flat_map(|group| list(group, "rules")) {
        if !text(rule, "alert").is_empty() {
            alerts.insert((text(rule, "alert").to_owned(), service_of(text(rule, "expr"))));
        }
    }
    assert!(alerts.len() > 20, "{alerts:?}");
    let (mut firing, mut silent): (BTreeSet<Of>, BTreeSet<String>) = Default::default();
    for test in list(&tests, "tests").iter().flat_map(|test| list(test, "alert_rule_test")) {
        let name = text(test, "alertname");
        if list(test, "exp_alerts").is_empty() {
            silent.insert(name.to_owned());
        }
        for alert in list(test, "exp_alerts") {
            let service = alert.get("exp_labels").map(|labels| text(labels, "service").to_owned());
            firing.insert((name.to_owned(), service.filter(|service| !service.is_empty())));
            firing.insert((name.to_owned(), None));
            let said = alert.get("exp_annotations").map(|said| text(said, "summary")).unwrap_or_default();
            assert!(!said.is_empty(), "the words of {name} are not tested");
        }
    }
    let untested: Vec<&Of> = alerts.difference(&firing).collect();
    assert_eq!(untested, [] as [&Of; 0], "never seen firing");
    let loud: Vec<&String> =
        alerts.iter().map(|(name, _)| name).filter(|name| !silent.contains(*name)).collect();
    // What is always on is never silent.
    assert_eq!(loud, ["VedettaWatchdog"], "never seen silent");
}
