//! Prometheus rules from a charter: they compare what the collector exports, and decide nothing.
//!
//! An incident is due, a budget has a level: that is the engine's (`collector-derive`), and each such gauge has one
//! rule. The rest are watchers that only somebody outside can be: is the collector there, does it decide, does
//! Prometheus itself. So rules double no decision, and a threshold stands in one place. Titles, promises and runbooks
//! are the charter's, which is why a changed charter wants its rules anew.
//!
//! What is a matter of the morning (degraded, certificates, silent agents) is a `warning`, which the shipped
//! Alertmanager sends in office hours. Times of the wall cannot be told here: templates of Prometheus know UTC alone.

mod decisions;
mod watchers;

use std::collections::BTreeMap;

use config::{Charter, Service};
use serde::Serialize;

/// A file of rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RulesFile {
    /// In the order in which they are read.
    pub groups: Vec<Group>,
}

/// Rules that are evaluated one after the other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Group {
    /// Unique within the file.
    pub name: &'static str,
    /// In order.
    pub rules: Vec<Rule>,
}

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Rule {
    /// A series under a shorter name.
    Recording(Recording),
    /// An alert.
    Alerting(Alerting),
}

/// `record:`
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Recording {
    /// `level:metric:operation`.
    pub record: &'static str,
    /// What it is.
    pub expr: &'static str,
}

/// `alert:`
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Alerting {
    /// Its name.
    pub alert: &'static str,
    /// Fires while this has a value.
    pub expr: String,
    /// Only after it had one for so long; what the engine has decided waits no longer.
    #[serde(rename = "for", skip_serializing_if = "Option::is_none")]
    pub pending: Option<&'static str>,
    /// And for so long after: a collector that starts anew tells nothing for some seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keep_firing_for: Option<&'static str>,
    /// What is added to the series' labels.
    pub labels: BTreeMap<&'static str, String>,
    /// Words, Italian first.
    pub annotations: Annotations,
}

/// What people read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Annotations {
    /// One line, in Italian.
    pub summary: String,
    /// What it means and what to do, in Italian.
    pub description: String,
    /// One line, in English.
    pub summary_en: String,
    /// The rest, in English.
    pub description_en: String,
    /// Where it says more.
    pub runbook_url: String,
}

/// In which language, and what.
struct Words {
    summary: (String, String),
    description: (String, String),
}

impl Words {
    /// Italian, English.
    fn new(summary: (&str, &str), description: (&str, &str)) -> Self {
        let owned = |(it, en): (&str, &str)| (it.to_owned(), en.to_owned());
        Self { summary: owned(summary), description: owned(description) }
    }
}

/// Every rule of a charter. `runbooks` is the page that says what to do, with an anchor for each alert: a row with a
/// runbook of its own that is an address names that instead.
pub fn rules(charter: &Charter, runbooks: &str) -> RulesFile {
    RulesFile {
        groups: vec![
            Group { name: "vedetta-registrazioni", rules: recordings() },
            Group { name: "vedetta-decisioni", rules: alerting(decisions::rules(charter, runbooks)) },
            Group { name: "vedetta-sorveglianza", rules: alerting(watchers::rules(charter, runbooks)) },
        ],
    }
}

fn alerting(rules: Vec<Alerting>) -> Vec<Rule> {
    rules.into_iter().map(Rule::Alerting).collect()
}

fn recordings() -> Vec<Rule> {
    let recording = |(record, expr)| Rule::Recording(Recording { record, expr });
    [
        ("service:vedetta_down:max", "max by (service) (vedetta_service_state{state=\"down\"})"),
        (
            "service_commitment:vedetta_downtime_budget_spent:ratio",
            "1 - max by (service, commitment, year) (vedetta_downtime_budget_remaining_seconds) / max by (service, \
             commitment, year) (vedetta_downtime_budget_seconds)",
        ),
    ]
    .map(recording)
    .into()
}

/// Anchors as Markdown makes them of headings.
fn runbook(runbooks: &str, alert: &str, service: Option<&Service>) -> String {
    let own = service.and_then(|service| service.about.runbook.as_deref());
    let own = own.filter(|text| text.starts_with("https://") || text.starts_with("http://"));
    own.map_or_else(|| format!("{runbooks}#{}", alert.to_lowercase()), escaped)
}

/// Text of the charter inside a template: braces begin nothing.
fn escaped(text: &str) -> String {
    text.replace("{{", "{\u{200b}{")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::publish::example;

    fn made() -> Vec<Alerting> {
        let rules = rules(&example::moment().charter, "https://wiki.example/avvisi");
        let all = rules.groups.into_iter().flat_map(|group| group.rules);
        all.filter_map(|rule| if let Rule::Alerting(alert) = rule { Some(alert) } else { None }).collect()
    }

    /// Names of metrics in an expression: what stands before a brace or a range, or alone.
    fn metrics_of(expr: &str) -> BTreeSet<&str> {
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
        expr.split(|c| !is_part(c)).filter(|word| word.starts_with("vedetta_")).collect()
    }

    #[test]
    fn every_metric_that_is_compared_is_exported() {
        let catalogue = include_str!("metrics/catalogue.txt");
        let exported: BTreeSet<String> = catalogue
            .lines()
            .filter_map(|line| {
                let mut words = line.split(' ');
                let (name, kind) = (words.next()?, words.next()?);
                Some(match kind {
                    "info" => format!("{name}_info"),
                    "counter" => format!("{name}_total"),
                    _ => name.to_owned(),
                })
            })
            .collect();
        let mut compared = 0;
        for rule in made() {
            for metric in metrics_of(&rule.expr) {
                assert!(exported.contains(metric), "{metric} of {} is not exported", rule.alert);
                compared += 1;
            }
        }
        assert!(compared > 10);
    }

    #[test]
    fn each_alert_says_what_in_both_languages_and_where_to_read_on() {
        for rule in made() {
            let Annotations { summary, description, summary_en, description_en, runbook_url } =
                &rule.annotations;
            for text in [summary, description, summary_en, description_en] {
                assert!(!text.is_empty() && !text.contains('\n'), "{}", rule.alert);
            }
            assert!(rule.labels.contains_key("severity"), "{}", rule.alert);
            assert_eq!(*runbook_url, format!("https://wiki.example/avvisi#{}", rule.alert.to_lowercase()));
        }
    }

    #[test]
    fn a_row_of_which_something_is_seen_has_its_own_words() {
        let rules = made();
        let down: Vec<&Alerting> = rules.iter().filter(|rule| rule.alert == "VedettaServiceDown").collect();
        assert_eq!(down.len(), 4);
        assert!(down[3].annotations.description.contains("oltre il 98%"), "{down:?}");
        assert!(down[1].annotations.description.contains("nessun impegno"), "{down:?}");
        assert_eq!(rules.iter().filter(|rule| rule.alert == "VedettaBudget").count(), 3);
    }

    #[test]
    fn words_of_a_charter_cannot_begin_a_template() {
        let mut charter = (*example::moment().charter).clone();
        "{{ query \"x\" }}".clone_into(&mut charter.services[0].name);
        charter.services[1].about.runbook = Some("https://wiki.example/siti".to_owned());
        let text = serde_yaml::to_string(&rules(&charter, "r")).unwrap();
        assert!(!text.contains("{{ query"), "{text}");
        assert!(text.contains("runbook_url: https://wiki.example/siti"), "{text}");
    }
}
