//! Names of metrics: what is asked for exists, what exists is shown or explained.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use harness::binaries::installed;
use harness::dashboards::{Dashboard, exported, names, rules, shipped};
use serde_json::json;

/// Metrics that panels, variables and rules name.
fn named() -> BTreeSet<String> {
    let boards = Dashboard::all();
    let texts = boards.iter().map(|board| board.json.to_string());
    let texts: Vec<String> = texts.chain(rules().into_iter().map(|(_, text)| text)).collect();
    texts.iter().flat_map(|text| names(text)).map(|(_, name)| name.to_owned()).collect()
}

#[test]
fn every_metric_that_is_named_exists() {
    let exported: BTreeSet<String> = exported().into_values().flatten().collect();
    let named = named();
    let ours: Vec<&String> = named.iter().filter(|name| name.starts_with("vedetta_")).collect();
    assert!(ours.len() > 30, "{ours:?}");
    let unknown: Vec<&&String> = ours.iter().filter(|name| !exported.contains(**name)).collect();
    assert!(unknown.is_empty(), "the collector exports none of {unknown:?}");
}

#[test]
fn every_metric_that_is_exported_is_shown_or_explained() {
    let explained = fs::read_to_string(shipped("deploy/grafana/not-shown.txt")).unwrap();
    let explained = explained.lines().filter(|line| !line.starts_with('#'));
    let explained: Vec<(&str, &str)> =
        explained.map(|line| line.split_once(": ").expect("`NAME: why`")).collect();
    assert!(explained.iter().all(|(_, why)| why.len() > 10), "{explained:?}");
    let named = named();
    for (family, samples) in exported() {
        let shown = !samples.is_disjoint(&named);
        let told = explained.iter().any(|(name, _)| *name == family);
        assert!(shown != told, "{family} is shown: {shown}, explained in not-shown.txt: {told}");
    }
    let families = exported();
    assert!(explained.iter().all(|(name, _)| families.contains_key(*name)), "{explained:?}");
}

/// Prometheus's own parser reads every query, with something in the place of each variable.
#[test]
fn every_expression_can_be_parsed() {
    let Some(promtool) = installed("promtool") else { return };
    let asked: Vec<_> = Dashboard::all().iter().flat_map(Dashboard::queries).collect();
    assert!(asked.len() > 80, "{} queries", asked.len());
    let rules = asked.iter().enumerate().map(|(place, query)| {
        let expression = query.expression.replace("$__rate_interval", "2m").replace("$__range", "1d");
        json!({"record": format!("query:{place}"), "expr": expression, "labels": {"of": query.of}})
    });
    let rules = json!({"groups": [{"name": "dashboards", "rules": rules.collect::<Vec<_>>()}]});
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rules.json"); // JSON is YAML
    fs::write(&file, rules.to_string()).unwrap();
    let output = Command::new(promtool).args(["check", "rules"]).arg(&file).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
