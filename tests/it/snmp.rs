//! A device's agent, net-snmp's own, in both versions: what it tells, whom it does not tell, and when it is silent.

use collector::publish::api::State;
use harness::Place;
use harness::network::Network;
use harness::snmp_agents::{AUTH, COMMUNITY, PRIVACY, SnmpAgent, UPTIME, USER};

const TEMPERATURE: &str = ".1.3.6.1.4.1.8072.9999.9999.1.0";
const STATE: &str = ".1.3.6.1.4.1.8072.9999.9999.2.0";
const TIMING: &str = "every: 3s, timeout: 2500ms, attempts: 1";

/// An installation whose agent may send these secrets to that device.
fn place(device: &str, components: &str) -> Place {
    let mut place =
        Place::served(&format!("  apparati:\n    users: [uffici]\n    components:\n{components}"));
    for (name, secret) in
        [("comunita", COMMUNITY), ("firme", AUTH), ("cifratura", PRIVACY), ("altra", "un'altra frase")]
    {
        place.entrust(name, secret, &format!("snmp://{device}"));
    }
    place.start_agent();
    place
}

fn check(name: &str, device: &str, asked: &str) -> String {
    format!("      {name}: {{probe: snmp, targets: {{uno: \"{device}\"}}, {asked}, {TIMING}}}\n")
}

#[test]
fn a_value_turns_in_both_versions() {
    let folder = tempfile::tempdir().unwrap();
    let Some(agent) = SnmpAgent::start(folder.path()) else { return };
    let tell = |temperature, state| {
        agent.tell(&[(TEMPERATURE, "gauge", temperature), (STATE, "string", state)]);
    };
    tell("35", "in servizio");
    let device = agent.address();
    let values = format!(
        "values: [{{oid: {TEMPERATURE}, name: temperatura, warn: \"> 40\", crit: \"> 60\"}}, \
         {{oid: {STATE}, name: stato, equals: in servizio}}]"
    );
    let v3 = format!(
        "version: \"3\", user: {USER}, auth: sha256, secret: firme, privacy: aes128, privacy_secret: cifratura"
    );
    let place = place(
        &device,
        &[
            check("chiaro", &device, &format!("version: 2c, secret: comunita, {values}")),
            check("cifrato", &device, &format!("{v3}, {values}")),
        ]
        .concat(),
    );
    for component in ["chiaro", "cifrato"] {
        place.until_component(component, State::Up, None);
    }
    let both = |state, reason| {
        for component in ["chiaro", "cifrato"] {
            place.until_component(component, state, reason);
        }
    };
    tell("45", "in servizio");
    both(State::Degraded, Some("snmp.value"));
    tell("61", "in servizio");
    both(State::Down, Some("snmp.value"));
    tell("35", "in avaria");
    both(State::Down, Some("snmp.value"));
    tell("35", "in servizio");
    both(State::Up, None);
    // The agent has just begun, so it is the machine's uptime that counts.
    agent.tell(&[
        (TEMPERATURE, "gauge", "35"),
        (STATE, "string", "in servizio"),
        (UPTIME, "timeticks", "500"),
    ]);
    both(State::Degraded, Some("snmp.restarted"));
}

#[test]
fn who_is_not_known_is_degraded() {
    let folder = tempfile::tempdir().unwrap();
    let Some(agent) = SnmpAgent::start(folder.path()) else { return };
    let device = agent.address();
    let v3 = |user: &str, auth: &str, secret: &str, privacy: &str| {
        format!("version: \"3\", user: {user}, auth: {auth}, secret: {secret}{privacy}")
    };
    let encrypted = |secret: &str| format!(", privacy: aes128, privacy_secret: {secret}");
    let place = place(
        &device,
        &[
            check("comunita", &device, "version: 2c, secret: altra"),
            check("utente", &device, &v3("nessuno", "sha256", "firme", &encrypted("cifratura"))),
            check("firma", &device, &v3(USER, "sha256", "altra", &encrypted("cifratura"))),
            check("metodo", &device, &v3(USER, "sha512", "firme", &encrypted("cifratura"))),
            check("cifra", &device, &v3(USER, "sha256", "firme", &encrypted("altra"))),
        ]
        .concat(),
    );
    // net-snmp does not answer whoever has another community.
    place.until_component("comunita", State::Degraded, Some("snmp.agent_silent"));
    // By a report, and by silence after it has told who it is.
    for component in ["utente", "firma", "metodo", "cifra"] {
        place.until_component(component, State::Degraded, Some("snmp.auth"));
    }
}

#[test]
fn a_silent_agent_is_not_a_dead_device() {
    let folder = tempfile::tempdir().unwrap();
    let Some(mut agent) = SnmpAgent::start(folder.path()) else { return };
    let device = agent.address();
    let v3 = format!(
        "version: \"3\", user: {USER}, auth: sha256, secret: firme, privacy: aes128, privacy_secret: cifratura"
    );
    let place = place(
        &device,
        &[check("chiaro", &device, "version: 2c, secret: comunita"), check("cifrato", &device, &v3)].concat(),
    );
    let both = |state, reason| {
        for component in ["chiaro", "cifrato"] {
            place.until_component(component, state, reason);
        }
    };
    both(State::Up, None);
    agent.freeze();
    both(State::Degraded, Some("snmp.agent_silent"));
    agent.thaw();
    both(State::Up, None);
    // Its port is closed, which its machine says itself.
    agent.stop();
    both(State::Degraded, Some("snmp.agent_silent"));
    // The same engine, one boot later: what is remembered of it is of no use any more.
    agent.start_again();
    both(State::Up, None);
}

#[test]
fn an_interface_falls_and_then_the_device() {
    let Some(network) = Network::lay() else { return };
    let folder = tempfile::tempdir().unwrap();
    let Some(mut agent) = SnmpAgent::start_inside(folder.path(), &network) else { return };
    network.ip("link add porta1 type veth peer name porta2");
    network.ip("link set porta1 up");
    network.ip("link set porta2 up");
    let device = agent.address();
    let place =
        place(&device, &check("porta", &device, "version: 2c, secret: comunita, interfaces: [porta1]"));
    place.until_component("porta", State::Up, None);
    network.ip("link set porta2 down");
    place.until_component("porta", State::Down, Some("snmp.interface_down"));
    // Switched off on purpose.
    network.ip("link set porta1 down");
    place.until_component("porta", State::Up, None);
    network.ip("link del porta1");
    // Until its next start net-snmp tells of an interface that is gone as of one that is switched off.
    agent.start_again();
    place.until_component("porta", State::Degraded, Some("snmp.no_such"));
    network.mute(true);
    agent.freeze();
    place.until_component("porta", State::Down, Some("snmp.no_reply"));
    network.mute(false);
    place.until_component("porta", State::Degraded, Some("snmp.agent_silent"));
}
