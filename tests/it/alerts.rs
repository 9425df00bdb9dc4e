//! A service goes down: an incident opens, is told alike by API, metrics and command, and outlives a restart.

use collector::publish::api::{Alerts, OpenIncident, State};
use harness::{Place, Target, eventually, get, succeeded};

/// What was decided last; `None` before the first look of a process.
fn decided(place: &Place) -> Option<Alerts> {
    let output = place.collector_command(&["today", "--json"]).output().unwrap();
    output.status.success().then(|| serde_json::from_slice(&output.stdout).unwrap())
}

fn open(place: &Place) -> Option<OpenIncident> {
    let alerts: Alerts = serde_json::from_str(&get(place.listening().web, "/api/v1/alerts")).unwrap();
    alerts.incidents.into_iter().next()
}

fn today(place: &Place) -> String {
    String::from_utf8(succeeded(&mut place.collector_command(&["today"])).stdout).unwrap()
}

#[test]
fn an_incident_is_one_from_the_first_fail_on_also_after_a_restart() {
    let mut target = Target::opened();
    let mut place = Place::running(&format!(
        "  rete:\n    name: Rete degli uffici\n    users: [uffici]\n    commitments: [{{kind: availability, above: 98%}}]\n    \
         components:\n      porta: {{probe: tcp, targets: {{una: \"{}\"}}, every: 500ms, timeout: 400ms, attempts: 1, hold: 15s}}",
        target.address(),
    ));
    place.until(State::Up);
    let quiet = eventually("the first look", || decided(&place));
    assert_eq!((quiet.incidents, quiet.engine), (vec![], false));
    assert!(
        get(place.listening().web, "/metrics").contains("vedetta_alert{alert=\"down\",service=\"rete\"} 0.0")
    );

    target.close();
    place.until(State::Down);
    let incident = eventually("an incident is open", || open(&place));
    assert_eq!((incident.kind.as_str(), incident.about.as_str()), ("row", "rete"));
    assert_eq!(incident.reason.as_deref(), Some("connect.refused"));
    assert!(incident.down && incident.due_ms.is_none(), "a blip of seconds is nobody's mail yet");
    let outage = place.service_year().outages.swap_remove(0);
    assert_eq!(incident.opened_ms, outage.start_ms);
    assert!(
        get(place.listening().web, "/metrics").contains("vedetta_alert{alert=\"down\",service=\"rete\"} 1.0")
    );
    let text = today(&place);
    assert!(text.contains("! Rete degli uffici: non disponibile dal "), "{text}");
    assert!(text.contains("; connessione rifiutata"), "{text}");

    // Somebody takes charge of it, and nobody of one that is not there.
    assert!(!place.collector_command(&["ack", "77"]).output().unwrap().status.success());
    let ack = place.collector_command(&["ack", &incident.number.to_string()]).output().unwrap();
    assert!(String::from_utf8_lossy(&ack.stdout).contains(": in carico a "), "{ack:?}");
    eventually("the engine knows", || open(&place).filter(|incident| incident.acked));
    assert!(today(&place).contains("; preso in carico"), "{}", today(&place));

    // A reload that fails is for the morning, without the line of the file.
    let config = place.path("vedetta.yaml");
    let charter = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, format!("{charter}\nrouls: {{}}\n")).unwrap();
    assert!(!place.collector_command(&["reload"]).output().unwrap().status.success());
    std::fs::write(&config, &charter).unwrap();
    eventually("the refused file is told", || {
        today(&place).contains("configurazione rifiutata, resta in vigore quella di prima: ").then_some(())
    });

    place.take_collector().kill();
    place.start_collector();
    let after = eventually("the first look after the restart", || decided(&place));
    let [again] = &after.incidents[..] else { panic!("{after:?}") };
    assert_eq!((again.number, again.opened_ms, again.acked), (incident.number, incident.opened_ms, true));

    target.open();
    place.until(State::Up);
    eventually("it is watched before it is over", || open(&place).filter(|incident| !incident.down));
    assert!(today(&place).contains("in osservazione dopo "), "{}", today(&place));
}
