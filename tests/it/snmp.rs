//! A device's agent, net-snmp's own, in both versions: what it tells, whom it does not tell, and when it is silent.

use collector::publish::api::State;
use harness::Place;
use harness::network::Network;
use harness::snmp_agents::{AUTH, COMMUNITY, METHODS, PRIVACY, SnmpAgent, UPTIME, USER};

const TEMPERATURE: &str = ".1.3.6.1.4.1.8072.9999.9999.1.0";
const STATE: &str = ".1.3.6.1.4.1.8072.9999.9999.2.0";
/// Keys take long to derive where nothing is optimised.
const TIMING: &str = "every: 3s, timeout: 2500ms, attempts: 1";
/// Of version 2c, which has none.
const QUICK: &str = "every: 2s, timeout: 1900ms, attempts: 1";

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
    check_at(name, device, asked, TIMING)
}

fn check_at(name: &str, device: &str, asked: &str, timing: &str) -> String {
    format!("      {name}: {{probe: snmp, targets: {{uno: \"{device}\"}}, {asked}, {timing}}}\n")
}

/// Both sides derive, sign and encrypt alike, by every method that there is.
#[test]
fn every_method_of_version_3_is_understood() {
    let folder = tempfile::tempdir().unwrap();
    let Some(agent) = SnmpAgent::start(folder.path()) else { return };
    let device = agent.address();
    let asked = |(auth, privacy, ..): (&str, &str, &str, &str)| {
        format!(
            "version: \"3\", user: {auth}-{privacy}, auth: {auth}, secret: firme, privacy: {privacy}, \
             privacy_secret: cifratura"
        )
    };
    let named = |(auth, privacy, ..): (&str, &str, &str, &str)| format!("{auth}_{privacy}");
    let checks: Vec<String> =
        METHODS.iter().map(|method| check(&named(*method), &device, &asked(*method))).collect();
    let place = place(&device, &checks.concat());
    for method in METHODS {
        place.until_component(&named(method), State::Up, None);
    }
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
fn who_is_not_known_and_what_is_not_there_is_degraded() {
    let folder = tempfile::tempdir().unwrap();
    let Some(agent) = SnmpAgent::start(folder.path()) else { return };
    agent.tell(&[(TEMPERATURE, "integer", "35")]);
    let device = agent.address();
    let values = format!(
        "values: [{{oid: {STATE}, name: manca, equals: qui}}, {{oid: {TEMPERATURE}, name: temperatura, crit: \"> 60\"}}]"
    );
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
            check("livello", &device, &v3(USER, "sha256", "firme", "")),
            check("parziale", &device, &format!("version: 2c, secret: comunita, {values}")),
        ]
        .concat(),
    );
    // net-snmp does not answer whoever has another community.
    place.until_component("comunita", State::Degraded, Some("snmp.agent_silent"));
    // By a report, by silence after it has told who it is, and by an error: a signature alone is not enough for this user.
    for component in ["utente", "firma", "metodo", "cifra", "livello"] {
        place.until_component(component, State::Degraded, Some("snmp.auth"));
    }
    place.until_component("parziale", State::Degraded, Some("snmp.no_such"));
    // What is there is judged all the same.
    agent.tell(&[(TEMPERATURE, "integer", "61")]);
    place.until_component("parziale", State::Down, Some("snmp.value"));
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

/// Two ports of a switch: the first in this state and with so many errors, the second switched off.
fn tell_of_ports(switch: &SnmpAgent, oper: &str, errors: &str) {
    let (table, names) = (".1.3.6.1.2.1.2.2.1", ".1.3.6.1.2.1.31.1.1.1");
    let told = [
        (format!("{table}.2.10101"), "string", "GigabitEthernet1/0/1"),
        (format!("{table}.2.10102"), "string", "GigabitEthernet1/0/2"),
        (format!("{table}.7.10101"), "integer", "1"),
        (format!("{table}.7.10102"), "integer", "2"),
        (format!("{table}.8.10101"), "integer", oper),
        (format!("{table}.8.10102"), "integer", "2"),
        (format!("{table}.14.10101"), "counter", errors),
        (format!("{names}.1.10101"), "string", "Gi1/0/1"),
        (format!("{names}.1.10102"), "string", "Gi1/0/2"),
    ];
    let told: Vec<_> = told.iter().map(|(oid, kind, value)| (&**oid, *kind, *value)).collect();
    switch.tell(&told);
}

/// A switch: two ports, of which the second may be switched off, and errors on the first.
#[test]
fn a_switch_loses_a_port_its_errors_and_its_power() {
    let Some(network) = Network::lay() else { return };
    let folder = tempfile::tempdir().unwrap();
    let Some(mut switch) = SnmpAgent::play_inside(folder.path(), &network) else { return };
    tell_of_ports(&switch, "1", "0");
    let device = switch.address();
    let asked = "version: 2c, secret: comunita, interfaces: [Gi1/0/1, GigabitEthernet1/0/2], \
                 values: [{oid: .1.3.6.1.2.1.2.2.1.14.10101, name: errori, warn: \"> 10\", crit: \"> 1000\"}]";
    let place = place(&device, &check_at("switch", &device, asked, QUICK));
    place.until_component("switch", State::Up, None);
    tell_of_ports(&switch, "1", "4294967295");
    place.until_component("switch", State::Down, Some("snmp.value"));
    tell_of_ports(&switch, "1", "11");
    place.until_component("switch", State::Degraded, Some("snmp.value"));
    for (oper, state) in [("2", State::Down), ("4", State::Degraded)] {
        tell_of_ports(&switch, oper, "0");
        place.until_component("switch", state, Some("snmp.interface_down"));
    }
    switch.freeze();
    place.until_component("switch", State::Degraded, Some("snmp.agent_silent"));
    network.mute(true);
    place.until_component("switch", State::Down, Some("snmp.no_reply"));
    network.mute(false);
    // Its table is counted anew.
    switch.start_again();
    tell_of_ports(&switch, "1", "0");
    place.until_component("switch", State::Up, None);
}

/// A UPS (RFC 1628): on the mains, on its battery, empty, broken, gone.
#[test]
fn a_ups_tells_of_its_battery_and_its_output() {
    let Some(network) = Network::lay() else { return };
    let folder = tempfile::tempdir().unwrap();
    let Some(ups) = SnmpAgent::play_inside(folder.path(), &network) else { return };
    // Battery status, minutes left, what the output is fed by, and an alarm of the MIB's.
    let tell = |battery: &str, minutes: &str, output: &str, alarm: Option<&str>| {
        let ups_mib = ".1.3.6.1.2.1.33.1";
        let count = if alarm.is_some() { "1" } else { "0" };
        let names =
            [".2.1.0", ".2.3.0", ".4.1.0", ".6.1.0", ".6.2.1.2.1"].map(|end| format!("{ups_mib}{end}"));
        let known = alarm.map(|number| format!("{ups_mib}.6.3.{number}"));
        let mut told = vec![
            (&*names[0], "integer", battery),
            (&*names[1], "integer", minutes),
            (&*names[2], "integer", output),
            (&*names[3], "gauge", count),
        ];
        told.extend(known.as_deref().map(|known| (&*names[4], "objectid", known)));
        ups.tell(&told);
    };
    tell("2", "60", "3", None);
    let device = ups.address();
    let asked = "version: 2c, secret: comunita, preset: ups, minutes_left: 10";
    let place = place(&device, &check_at("ups", &device, asked, QUICK));
    place.until_component("ups", State::Up, None);
    for (battery, minutes, output, alarm, state, reason) in [
        ("2", "60", "5", None, State::Degraded, "snmp.on_battery"),
        ("4", "1", "5", None, State::Down, "snmp.battery"),
        ("2", "60", "2", None, State::Down, "snmp.ups_output"),
        ("2", "60", "3", Some("9"), State::Degraded, "snmp.ups_alarm"),
    ] {
        tell(battery, minutes, output, alarm);
        place.until_component("ups", state, Some(reason));
    }
    network.mute(true);
    ups.freeze();
    place.until_component("ups", State::Down, Some("snmp.no_reply"));
    network.mute(false);
    ups.thaw();
    tell("2", "60", "3", None);
    place.until_component("ups", State::Up, None);
}
