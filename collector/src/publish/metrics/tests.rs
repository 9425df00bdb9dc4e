use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::publish::example;

/// One sample line, taken apart.
struct Sample {
    name: String,
    labels: BTreeMap<String, String>,
    value: f64,
}

/// Reads what `OpenMetrics` 1.0 allows of what we write; panics at anything else.
fn parse(text: &str) -> (BTreeMap<String, String>, Vec<Sample>) {
    let body = text.strip_suffix("# EOF\n").expect("ends with EOF");
    let (mut types, mut samples): (BTreeMap<String, String>, _) = (BTreeMap::new(), Vec::new());
    let mut family = String::new();
    for line in body.lines() {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').unwrap();
            assert!(types.insert(name.to_owned(), kind.to_owned()).is_none(), "family twice: {name}");
            name.clone_into(&mut family);
        } else if !line.starts_with("# HELP ") {
            let sample = sample(line);
            let suffix = sample.name.strip_prefix(family.as_str()).expect("samples follow their family");
            let allowed: &[&str] = match types[&family].as_str() {
                "gauge" => &[""],
                "counter" => &["_total"],
                "info" => &["_info"],
                "histogram" => &["_bucket", "_count", "_sum"],
                other => panic!("type {other}"),
            };
            assert!(allowed.contains(&suffix), "{line}");
            samples.push(sample);
        }
    }
    (types, samples)
}

fn sample(line: &str) -> Sample {
    let (head, value) = line.rsplit_once(' ').unwrap();
    let (name, labels) =
        head.split_once('{').map_or((head, ""), |(name, rest)| (name, rest.strip_suffix('}').unwrap()));
    let labels = labels.split_terminator("\",").filter(|label| !label.is_empty()).map(|label| {
        let (key, value) = label.split_once("=\"").unwrap();
        (key.to_owned(), value.trim_end_matches('"').to_owned())
    });
    let value = value.parse().unwrap_or_else(|_| panic!("a number in {line}"));
    Sample { name: name.to_owned(), labels: labels.collect(), value }
}

#[test]
fn every_family_stands_once_and_can_be_read() {
    let (types, samples) = parse(&render(&example::moment()).unwrap());
    let expected = [
        "vedetta_build",
        "vedetta_service",
        "vedetta_computed_timestamp_seconds",
        "vedetta_service_state",
        "vedetta_component_state",
        "vedetta_service_availability_current_ratio",
        "vedetta_availability_seconds",
        "vedetta_availability_ratio",
        "vedetta_availability_lower_bound_ratio",
        "vedetta_availability_upper_bound_ratio",
        "vedetta_availability_coverage_ratio",
        "vedetta_availability_net_ratio",
        "vedetta_availability_best_case_ratio",
        "vedetta_component_availability_ratio",
        "vedetta_target_ratio",
        "vedetta_commitment_availability_ratio",
        "vedetta_downtime_budget_seconds",
        "vedetta_downtime_budget_remaining_seconds",
        "vedetta_commitment_standing",
        "vedetta_commitment_outlook",
        "vedetta_outages",
        "vedetta_outage_started_timestamp_seconds",
        "vedetta_outage_longest_seconds",
        "vedetta_downtime_rolling_seconds",
        "vedetta_check_up",
        "vedetta_check_duration_last_seconds",
        "vedetta_check_last_sample_timestamp_seconds",
        "vedetta_certificate_not_after_timestamp_seconds",
        "vedetta_agent",
        "vedetta_agent_last_push_timestamp_seconds",
        "vedetta_agent_clock_offset_seconds",
        "vedetta_agent_spool_bytes",
        "vedetta_ingest_batches",
        "vedetta_ingest_samples",
        "vedetta_ingest_quarantined",
        "vedetta_ingest_lost",
        "vedetta_store_commit_duration_seconds",
        "vedetta_stale_streams",
        "vedetta_journal_seq",
    ];
    let found: BTreeSet<&str> = types.keys().map(String::as_str).collect();
    assert_eq!(found, expected.into_iter().collect());
    let series: BTreeSet<String> =
        samples.iter().map(|sample| format!("{}{:?}", sample.name, sample.labels)).collect();
    assert_eq!(series.len(), samples.len(), "no series twice");
}

#[test]
fn exactly_one_state_is_1() {
    let (_, samples) = parse(&render(&example::moment()).unwrap());
    for family in [
        "vedetta_service_state",
        "vedetta_component_state",
        "vedetta_commitment_standing",
        "vedetta_commitment_outlook",
    ] {
        let mut sums: BTreeMap<String, f64> = BTreeMap::new();
        for sample in samples.iter().filter(|sample| sample.name == family) {
            let mut of = sample.labels.clone();
            of.remove("state");
            *sums.entry(format!("{of:?}")).or_default() += sample.value;
        }
        assert!(!sums.is_empty(), "{family}");
        assert!(sums.values().all(|sum| (sum - 1.0).abs() < f64::EPSILON), "{family}: {sums:?}");
    }
}

#[test]
fn unknown_is_a_gap_and_never_a_zero() {
    let (_, samples) = parse(&render(&example::moment()).unwrap());
    let up = |service: &str| {
        samples
            .iter()
            .filter(|sample| sample.name == "vedetta_check_up" && sample.labels["service"] == service)
            .map(|sample| sample.value > 0.5)
            .collect::<Vec<bool>>()
    };
    assert_eq!(up("wifi"), [] as [bool; 0]);
    assert_eq!(up("intranet"), [false, false]);
    assert_eq!(up("front_end"), [true, true]);
}

#[test]
fn gauges_say_what_the_api_says() {
    let moment = example::moment();
    let now = Now::of(&moment);
    let (_, samples) = parse(&render(&moment).unwrap());
    let value = |name: &str, service: &str, state: Option<&str>| {
        samples
            .iter()
            .find(|sample| {
                sample.name == name
                    && sample.labels["service"] == service
                    && state.is_none_or(|state| sample.labels["state"] == state)
            })
            .map(|sample| sample.value)
            .unwrap()
    };
    for service in &now.services {
        let down = value("vedetta_availability_seconds", &service.id, Some("down"));
        assert!((down * 1000.0 - float(service.figure.down_ms)).abs() < 0.001);
        let ratio = value("vedetta_availability_ratio", &service.id, None);
        assert!((ratio - service.figure.availability.as_ref().unwrap().to_f64()).abs() < 1e-12);
    }
    assert!(value("vedetta_downtime_budget_remaining_seconds", "intranet", None) < 0.0);
}

#[test]
fn a_hostile_title_stays_inside_its_label() {
    let mut moment = example::moment();
    let charter = std::sync::Arc::make_mut(&mut moment.charter);
    "a\"} 1\n# EOF\\".clone_into(&mut charter.services[0].name);
    let text = render(&moment).unwrap();
    assert!(text.contains(r#"name="a\"} 1\n# EOF\\""#), "{text}");
    assert_eq!(text.matches("\n# EOF\n").count(), 1);
}

#[test]
fn a_histogram_ends_at_infinity() {
    let (_, samples) = parse(&render(&example::moment()).unwrap());
    let buckets: Vec<(&str, f64)> = samples
        .iter()
        .filter(|sample| sample.name == "vedetta_store_commit_duration_seconds_bucket")
        .map(|sample| (sample.labels["le"].as_str(), sample.value))
        .collect();
    assert_eq!(buckets, [("0.001", 10.0), ("0.01", 100.0), ("+Inf", 101.0)]);
}
