//! Prometheus scrapes a collector, and its answers say what the read API says.

use collector::publish::api::State;
use harness::prometheus::{Prometheus, promtool_objects};
use harness::{Place, Target, place};

#[test]
fn prometheus_reads_what_the_page_reads() {
    let mut target = Target::opened();
    let place = Place::running(&format!(
        "  rete:\n    users: [uffici]\n    commitments: [{{kind: availability, above: 98%}}]\n    components:\n      \
         porta: {{probe: tcp, targets: {{una: \"{}\"}}, every: 500ms, timeout: 400ms, attempts: 1}}",
        target.address(),
    ));
    place.until(State::Up);
    let web = place.listening().web;
    let Some(mut prometheus) = Prometheus::scraping(web) else { return };
    let state = |prometheus: &mut Prometheus, state: &str| {
        prometheus.rows(&format!("vedetta_service_state{{service=\"rete\",state=\"{state}\"}} == 1"))
    };
    assert_eq!(prometheus.rows("up{job=\"vedetta\"} == 1").len(), 1);
    assert_eq!(state(&mut prometheus, "up").len(), 1);
    target.close();
    place.until(State::Down);
    assert_eq!(state(&mut prometheus, "down").len(), 1);
    let reasons = prometheus.rows("vedetta_check_reason_info");
    assert_eq!((reasons.len(), reasons[0].0["reason"].as_str()), (1, Some("connect.refused")));
    let planned = prometheus.rows("vedetta_maintenance_active{service=\"rete\"}");
    assert!(planned[0].1.abs() < f64::EPSILON, "{planned:?}");
    let seen = prometheus.rows("vedetta_window_known_ratio{service=\"rete\",window=\"1d\"}");
    assert!(seen[0].1 > 0.0, "windows that end now are told without being asked for: {seen:?}");
    let promised = prometheus.rows("vedetta_target_ratio{comparison=\"gt\"}");
    assert!((promised[0].1 - 0.98).abs() < 1e-12, "{promised:?}");

    // Readers that do not ask for OpenMetrics get the older format, in which promtool finds nothing to say.
    let classic = place::get(web, "/metrics");
    assert!(classic.contains("# TYPE vedetta_ingest_samples_total counter\n"), "{classic}");
    let Some(objections) = promtool_objects(&classic) else { return };
    assert_eq!(objections, "", "{classic}");
}
