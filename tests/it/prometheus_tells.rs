//! A staged outage, told to the same Alertmanager twice: by Prometheus, which loads the rules of the charter in force,
//! and by the collector itself. Both say the same of the same incident.
//!
//! How it ends is not told here: that takes a quarter of an hour of steady up, and is the tables' of
//! `serve/alertmanager.rs`.

use collector::publish::api::{Alerts, State};
use harness::alertmanager::{Alertmanager, Sink};
use harness::prometheus::Prometheus;
use harness::{Place, Target, eventually, get, succeeded};
use serde_json::Value;

/// Two receivers, so that each teller is heard alone.
fn config(sink: &Sink) -> String {
    let receiver = |name: &str| {
        format!(
            "  - {{name: {name}, webhook_configs: [{{url: \"http://{}/{name}\", send_resolved: true}}]}}\n",
            sink.address()
        )
    };
    format!(
        "route:\n  receiver: da-prometheus\n  group_by: [alertname, service]\n  group_wait: 0s\n  group_interval: 1s\n  \
         repeat_interval: 1h\n  routes:\n    - {{receiver: dal-collettore, matchers: ['source=\"collector\"']}}\n\
         receivers:\n{}{}",
        receiver("da-prometheus"),
        receiver("dal-collettore"),
    )
}

/// The alert of this name, as soon as somebody is told of it at `path`.
fn told(sink: &Sink, path: &str, name: &str) -> Value {
    eventually(&format!("{path} hears {name}"), || {
        let alerts = sink.heard(path).into_iter().filter_map(|body| body["alerts"].as_array().cloned());
        alerts.flatten().find(|alert| alert["labels"]["alertname"] == name)
    })
}

#[test]
fn prometheus_and_the_collector_tell_alertmanager_of_one_outage_alike() {
    let sink = Sink::opened();
    let Some(mut alertmanager) = Alertmanager::with(&config(&sink)) else { return };
    let mut target = Target::opened();
    let mut place = Place::running(&format!(
        "  rete:\n    name: Rete degli uffici\n    users: [uffici]\n    commitments: [{{kind: availability, above: 98%}}]\n    \
         alert_after: 1s\n    components:\n      \
         porta: {{probe: tcp, targets: {{una: \"{}\"}}, every: 500ms, timeout: 400ms, attempts: 1, hold: 15s}}",
        target.address(),
    ));
    // The collector learns of its outlets; the heartbeat's key is a file, and is told nobody else.
    let file = place.path("vedetta.yaml");
    let charter = std::fs::read_to_string(&file).unwrap();
    let outlets = format!(
        "state: state, secrets: segreti, alertmanager: {{url: \"http://{}\"}}, \
         heartbeat: {{url: \"http://{}/ping/{{secret}}\", secret: chiave, every: 10s}}}}",
        alertmanager.address(),
        sink.address(),
    );
    std::fs::write(&file, charter.replace("state: state}", &outlets)).unwrap();
    std::fs::create_dir(place.path("segreti")).unwrap();
    std::fs::write(place.path("segreti/chiave"), "quattro-otto\n").unwrap();
    place.take_collector().terminate();
    place.start_collector();
    place.until(State::Up);
    // Where the machine of the tests has hardly any disk left, it must fall silent.
    let log = || std::fs::read_to_string(place.path("collector.log")).unwrap();
    let beats = eventually("the heartbeat, or why there is none", || {
        let beats = !sink.heard("/ping/quattro-otto").is_empty();
        (beats || log().contains("make room before samples are refused")).then_some(beats)
    });

    let rules = succeeded(&mut place.collector_command(&["rules"])).stdout;
    let rules = String::from_utf8(rules).unwrap();
    let more = format!(
        "rule_files: [vedetta.rules.yml]\nalerting: {{alertmanagers: [{{static_configs: [{{targets: [\"{}\"]}}]}}]}}\n",
        alertmanager.address()
    );
    let web = place.listening().web;
    let Some(mut prometheus) = Prometheus::with(web, &more, &[("vedetta.rules.yml", &rules)]) else { return };
    told(&sink, "/da-prometheus", "VedettaWatchdog");
    assert_eq!(sink.heard("/dal-collettore"), [] as [Value; 0], "nothing is down yet");

    target.close();
    place.until(State::Down);
    let (ours, theirs) = (
        told(&sink, "/dal-collettore", "VedettaIncident"),
        told(&sink, "/da-prometheus", "VedettaServiceDown"),
    );
    for label in ["kind", "about", "service"] {
        assert_eq!(ours["labels"][label], theirs["labels"][label], "{label}");
    }
    assert_eq!((&ours["labels"]["kind"], &ours["labels"]["about"]), (&"row".into(), &"rete".into()));
    assert_eq!(
        (&ours["labels"]["severity"], &theirs["labels"]["severity"]),
        (&"critical".into(), &"critical".into())
    );
    assert!(theirs["labels"]["source"].is_null(), "{theirs}");
    let said = ours["annotations"]["description"].as_str().unwrap();
    assert!(
        said.starts_with("Rete degli uffici: non disponibile") && said.contains("connessione rifiutata"),
        "{said}"
    );
    assert_eq!(theirs["annotations"]["summary"], "Rete degli uffici: non disponibile");
    let alerts: Alerts = serde_json::from_str(&get(web, "/api/v1/alerts")).unwrap();
    let [incident] = &alerts.incidents[..] else { panic!("{alerts:?}") };
    assert_eq!(ours["labels"]["incident"], incident.number.to_string());
    let began: jiff::Timestamp = ours["startsAt"].as_str().unwrap().parse().unwrap();
    assert_eq!(began.as_millisecond(), incident.opened_ms, "from the first failing sample on");

    // Nobody is told twice, and what goes out is counted without its key.
    let outlets: &[&str] = if beats { &["alertmanager", "heartbeat"] } else { &["alertmanager"] };
    for outlet in outlets {
        prometheus
            .rows(&format!("vedetta_outlet_requests_total{{outlet=\"{outlet}\",result=\"taken\"}} > 0"));
    }
    let metrics = get(web, "/metrics");
    let log = std::fs::read_to_string(place.path("collector.log")).unwrap();
    assert!(!metrics.contains("quattro") && !log.contains("quattro"), "{log}{metrics}");

    // A collector that dies resolves nothing.
    place.take_collector().kill();
    let lasting = alertmanager.alerts().into_iter().find(|alert| alert["labels"]["source"] == "collector");
    let ends: jiff::Timestamp = lasting.unwrap()["endsAt"].as_str().unwrap().parse().unwrap();
    assert!(ends.as_millisecond() - began.as_millisecond() > 23 * 3_600_000, "{ends}");
}
