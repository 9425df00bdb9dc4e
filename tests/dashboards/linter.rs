//! The rules of grafana/dashboard-linter, which is no package that tests may install: the same seventeen, by the same
//! names, so that its `.lint` file holds for both. Those about logs hold where no panel asks for logs.

use std::collections::BTreeMap;
use std::fs;

use harness::dashboards::{Dashboard, selectors, shipped, targets, text};
use serde_json::Value;

/// What a rule says against a dashboard, or a panel of it.
struct Objection {
    rule: &'static str,
    dashboard: String,
    /// Empty of a whole dashboard.
    panel: String,
    why: String,
}

impl Objection {
    fn told(&self) -> String {
        format!("{}: {}, {}: {}", self.rule, self.dashboard, self.panel, self.why)
    }
}

/// Where a rule does not hold.
#[derive(Debug, Default)]
struct Exclusion {
    reason: String,
    /// Dashboard and panel; everywhere when empty.
    entries: Vec<(String, String)>,
}

const UNITS: [&str; 11] =
    ["none", "string", "short", "percent", "bytes", "s", "dtdhms", "dateTimeAsLocal", "cps", "bool", "h"];

#[test]
fn the_linters_rules_are_kept_but_for_reasons() {
    let exclusions = exclusions();
    let mut used: BTreeMap<(&str, &str), bool> = BTreeMap::new();
    for (rule, exclusion) in &exclusions {
        assert!(exclusion.reason.len() > 20, "{rule}: why is it excluded?");
        let places = exclusion.entries.iter().map(|(_, panel)| panel.as_str());
        let everywhere = exclusion.entries.is_empty().then_some("");
        used.extend(places.chain(everywhere).map(|panel| ((rule.as_str(), panel), false)));
    }
    let mut left = Vec::new();
    for objection in Dashboard::all().iter().flat_map(objections) {
        let Some(exclusion) = exclusions.get(objection.rule) else {
            left.push(objection);
            continue;
        };
        let here = (objection.dashboard.clone(), objection.panel.clone());
        if exclusion.entries.is_empty() {
            used.insert((objection.rule, ""), true);
        } else if exclusion.entries.contains(&here) {
            let panel = exclusion.entries.iter().find(|entry| **entry == here).unwrap();
            used.insert((objection.rule, panel.1.as_str()), true);
        } else {
            left.push(objection);
        }
    }
    let left: Vec<String> = left.iter().map(Objection::told).collect();
    assert!(left.is_empty(), "{left:#?}");
    let unneeded: Vec<_> = used.iter().filter(|(_, used)| !**used).map(|(at, _)| at).collect();
    assert!(unneeded.is_empty(), "nothing needs these exclusions of .lint: {unneeded:?}");
}

fn objections(board: &Dashboard) -> Vec<Objection> {
    let mut said = Vec::new();
    let mut object = |rule, panel: &str, why: String| {
        said.push(Objection { rule, dashboard: board.title().to_owned(), panel: panel.to_owned(), why });
    };
    of_the_whole(board, &mut object);
    for variable in ["job", "instance"] {
        let rule = if variable == "job" { "template-job-rule" } else { "template-instance-rule" };
        if let Some(why) = variable_is_wrong(board, variable) {
            object(rule, "", why);
        }
    }
    for panel in board.panels() {
        of_panel(panel, &mut object);
        for target in targets(panel) {
            of_target(text(&target["expr"]), text(&panel["title"]), &mut object);
        }
    }
    said
}

fn of_the_whole(board: &Dashboard, object: &mut impl FnMut(&'static str, &str, String)) {
    let sources: Vec<&Value> = board.variables().iter().filter(|v| v["type"] == "datasource").collect();
    let named = |source: &&Value| {
        source["name"] == "datasource" && source["label"] == "Data source" && source["query"] == "prometheus"
    };
    if sources.len() != 1 || !sources.iter().all(named) {
        object("template-datasource-rule", "", format!("{sources:?}"));
    }
    if board.json["editable"] != false {
        object("uneditable-dashboard-rule", "", "can be edited".to_owned());
    }
    for variable in board.variables().iter().filter(|variable| variable["type"] == "query") {
        let name = text(&variable["name"]);
        if variable["refresh"] != 2 {
            object("template-on-time-change-reload-rule", "", name.to_owned());
        }
        let asked = text(&variable["query"]);
        let arguments = asked.strip_prefix("label_values(").and_then(|rest| rest.strip_suffix(')'));
        let label = arguments.and_then(|arguments| arguments.rsplit_once(", ")).map(|(_, label)| label);
        let is_label = label.is_some_and(|label| label.chars().all(|c| c.is_ascii_lowercase() || c == '_'));
        if !is_label || selectors(asked).len() != 1 {
            object("template-label-promql-rule", "", asked.to_owned());
        }
    }
}

/// What the linter asks of the variables of a scraped target's own labels.
fn variable_is_wrong(board: &Dashboard, name: &str) -> Option<String> {
    let Some(variable) = board.variables().iter().find(|variable| variable["name"] == name) else {
        return Some("is missing".to_owned());
    };
    let wants = [
        ("type", Value::from("query")),
        ("label", Value::from(name[..1].to_uppercase() + &name[1..])),
        ("multi", Value::from(true)),
        ("allValue", Value::from(".+")),
    ];
    let wrong = wants.iter().find(|(key, value)| variable[key] != *value);
    wrong.map(|(key, _)| format!("{key} is {}", variable[key])).or_else(|| {
        (variable["datasource"]["uid"] != "${datasource}").then(|| "another data source".to_owned())
    })
}

fn of_panel(panel: &Value, object: &mut impl FnMut(&'static str, &str, String)) {
    let title = text(&panel["title"]);
    let (kind, unit) = (text(&panel["type"]), text(&panel["fieldConfig"]["defaults"]["unit"]));
    if title.is_empty() || text(&panel["description"]).is_empty() {
        object("panel-title-description-rule", title, panel["id"].to_string());
    }
    if !UNITS.contains(&unit) {
        object("panel-units-rule", title, unit.to_owned());
    }
    if kind == "text" {
        return;
    }
    if targets(panel).is_empty() {
        object("panel-no-targets-rule", title, String::new());
    }
    let sources = targets(panel).iter().chain([panel]).map(|of| &of["datasource"]);
    for source in sources.filter(|source| source["uid"] != "${datasource}") {
        object("panel-datasource-rule", title, source.to_string());
    }
    for source in targets(panel).iter().filter(|target| target["datasource"]["type"] != "prometheus") {
        object("target-logql-rule", title, source.to_string());
        object("target-logql-auto-rule", title, source.to_string());
    }
}

fn of_target(expression: &str, title: &str, object: &mut impl FnMut(&'static str, &str, String)) {
    let balanced = |open, close| expression.matches(open).count() == expression.matches(close).count();
    if selectors(expression).is_empty() || !balanced('(', ')') || !balanced('{', '}') {
        object("target-promql-rule", title, expression.to_owned());
    }
    for (at, selector) in selectors(expression) {
        if !selector.contains("job=~\"$job\"") {
            object("target-job-rule", title, selector.to_owned());
        }
        if !selector.contains("instance=~\"$instance\"") {
            object("target-instance-rule", title, selector.to_owned());
        }
        let name = selector.split('{').next().unwrap();
        let called = ["rate(", "irate(", "increase("].iter().any(|call| expression[..at].ends_with(call));
        if name.ends_with("_total") && !called {
            object("target-counter-agg-rule", title, selector.to_owned());
        }
    }
    let ranges = expression.split('[').skip(1).filter_map(|rest| rest.split_once(']'));
    // `"member", ".*[.]([^.]+)"`: brackets of a regular expression, not a range.
    let ranges = ranges
        .map(|(range, _)| range)
        .filter(|range| range.starts_with(|c: char| c == '$' || c.is_ascii_digit()));
    for range in ranges.filter(|range| *range != "$__rate_interval") {
        object("target-rate-interval-rule", title, range.to_owned());
    }
}

/// What `.lint` says; only as much of YAML as it has.
fn exclusions() -> BTreeMap<String, Exclusion> {
    let written_down = fs::read_to_string(shipped("deploy/grafana/dashboards/.lint")).unwrap();
    let mut exclusions: BTreeMap<String, Exclusion> = BTreeMap::new();
    let mut rule = String::new();
    let mut dashboard = String::new();
    let written = |value: &str| value.trim_matches('"').to_owned();
    for line in written_down.lines().filter(|line| !line.starts_with('#') && *line != "exclusions:") {
        let line = line.trim();
        if let Some(reason) = line.strip_prefix("reason: ") {
            exclusions.get_mut(&rule).unwrap().reason = written(reason);
        } else if let Some(title) = line.strip_prefix("- dashboard: ") {
            dashboard = written(title);
        } else if let Some(title) = line.strip_prefix("panel: ") {
            exclusions.get_mut(&rule).unwrap().entries.push((dashboard.clone(), written(title)));
        } else if let Some(name) = line.strip_suffix(':').filter(|name| *name != "entries") {
            name.clone_into(&mut rule);
            exclusions.insert(rule.clone(), Exclusion::default());
        } else {
            assert_eq!(line, "entries:", "a line of .lint that this test does not understand");
        }
    }
    exclusions
}
