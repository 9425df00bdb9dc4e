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

/// Dashboards, rules and other people's scripts name these: a family that changes its name, kind or labels is another.
#[test]
fn the_catalogue_is_the_golden_file() {
    let text = render(&example::moment(), &example::vitals(), Format::OpenMetrics).unwrap();
    let (types, samples) = parse(&text);
    let helps = text.lines().filter_map(|line| line.strip_prefix("# HELP ")?.split_once(' '));
    let told = helps.map(|(name, help)| {
        let of_family = |sample: &&Sample| sample.name.strip_prefix(name).is_some_and(is_suffix);
        let labels: BTreeSet<&str> = samples
            .iter()
            .filter(of_family)
            .flat_map(|sample| sample.labels.keys().map(String::as_str))
            .collect();
        let labels: Vec<&str> = labels.into_iter().collect();
        format!("{name} {} {{{}}} {help}\n", types[name], labels.join(","))
    });
    assert_eq!(told.collect::<String>(), include_str!("catalogue.txt"));
    let series: BTreeSet<String> =
        samples.iter().map(|sample| format!("{}{:?}", sample.name, sample.labels)).collect();
    assert_eq!(series.len(), samples.len(), "no series twice");
}

/// What a sample's name may have behind its family's.
fn is_suffix(suffix: &str) -> bool {
    ["", "_total", "_info", "_bucket", "_count", "_sum"].contains(&suffix)
}

#[test]
fn exactly_one_state_is_1() {
    let (_, samples) = parse(&render(&example::moment(), &example::vitals(), Format::OpenMetrics).unwrap());
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
    let (_, samples) = parse(&render(&example::moment(), &example::vitals(), Format::OpenMetrics).unwrap());
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
    let (_, samples) = parse(&render(&moment, &example::vitals(), Format::OpenMetrics).unwrap());
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
fn an_incident_is_listed_with_its_words() {
    let (_, samples) = parse(&render(&example::moment(), &example::vitals(), Format::OpenMetrics).unwrap());
    let [listed] = &samples.iter().filter(|one| one.name == "vedetta_incident_info").collect::<Vec<_>>()[..]
    else {
        panic!("one incident is open")
    };
    let label = |name: &str| listed.labels[name].as_str();
    assert_eq!([label("number"), label("kind"), label("about")], ["17", "row", "intranet"]);
    assert_eq!([label("what"), label("seen_by")], ["Gestione intranet", "2/2"]);
    assert_eq!([label("reason"), label("why")], ["connect.refused", "connessione rifiutata"]);
}

#[test]
fn a_hostile_title_stays_inside_its_label() {
    let mut moment = example::moment();
    let charter = std::sync::Arc::make_mut(&mut moment.charter);
    "a\"} 1\n# EOF\\".clone_into(&mut charter.services[0].name);
    let text = render(&moment, &example::vitals(), Format::OpenMetrics).unwrap();
    assert!(text.contains(r#"name="a\"} 1\n# EOF\\""#), "{text}");
    assert_eq!(text.matches("\n# EOF\n").count(), 1);
}

#[test]
fn a_histogram_ends_at_infinity() {
    let (_, samples) = parse(&render(&example::moment(), &example::vitals(), Format::OpenMetrics).unwrap());
    let buckets: Vec<(&str, f64)> = samples
        .iter()
        .filter(|sample| sample.name == "vedetta_store_commit_duration_seconds_bucket")
        .map(|sample| (sample.labels["le"].as_str(), sample.value))
        .collect();
    assert_eq!(buckets, [("0.001", 10.0), ("0.01", 100.0), ("+Inf", 101.0)]);
}
