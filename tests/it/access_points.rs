//! A controller's table, told by net-snmp as Aruba's would be: all its access points by one agent, and what stands in
//! for it.

use collector::publish::api::State;
use harness::Place;
use harness::eventually;
use harness::network::Network;
use harness::place::succeeded;
use harness::ports::free_port;
use harness::snmp_agents::{COMMUNITY, SnmpAgent, Told};

/// `wlanAPIpAddress`, `wlanAPName` and `wlanAPStatus` of `WLSX-WLAN-MIB`; a row is named by a MAC address.
const TABLE: &str = ".1.3.6.1.4.1.14823.2.2.1.5.2.1.4.1";
const TIMING: &str = "every: 2s, timeout: 1900ms, attempts: 1";

fn tell(agent: &SnmpAgent, rows: &[(String, &str, String)]) {
    let rows: Vec<Told<'_>> = rows.iter().map(|(oid, kind, value)| (&**oid, *kind, &**value)).collect();
    agent.tell(&rows);
}

/// The rows of a controller that knows these, by name and state.
fn tell_table(controller: &SnmpAgent, known: &[(&str, &str)]) {
    let mut rows = Vec::new();
    for (number, (name, state)) in known.iter().enumerate() {
        let row = |column: u32| format!("{TABLE}.{column}.36.222.198.0.1.{number}");
        rows.push((row(2), "ipaddress", format!("10.0.5.{}", 31 + number)));
        rows.push((row(3), "string", (*name).to_owned()));
        rows.push((row(19), "integer", (*state).to_owned()));
    }
    tell(controller, &rows);
}

/// A switch's port 7, of the operator and of the wire.
fn tell_port(switch: &SnmpAgent, admin: &str, oper: &str) {
    let table = ".1.3.6.1.2.1.2.2.1";
    let rows = [
        (format!("{table}.7.10107"), "integer", admin.to_owned()),
        (format!("{table}.8.10107"), "integer", oper.to_owned()),
        (".1.3.6.1.2.1.31.1.1.1.1.10107".to_owned(), "string", "Gi1/0/7".to_owned()),
    ];
    tell(switch, &rows);
}

#[test]
fn a_controller_knows_its_access_points() {
    let folder = tempfile::tempdir().unwrap();
    let Some(mut controller) = SnmpAgent::start(folder.path()) else { return };
    tell_table(&controller, &[("roma-1", "1"), ("roma-2", "1"), ("AP Roma.3", "2"), ("Piazza 4", "1")]);
    let address = controller.address();
    let asked = format!(
        "controller: {{address: \"{address}\", version: 2c, secret: comunita, table: aruba, degraded: \"3\"}}"
    );
    let points = |name: &str, targets: &str, fallback: &str| {
        format!(
            "      {name}: {{probe: access_point, targets: {{{targets}}}, {asked}, fallback: {fallback}, {TIMING}}}\n"
        )
    };
    // The echo stands in where the access point has an address; here it is this machine.
    let components = [
        points("primo", "roma-1: 127.0.0.1", "icmp"),
        points("secondo", "roma-2: 127.0.0.1", "none"),
        points("terzo", "ap-roma-3: 127.0.0.1", "icmp"),
        points("ignoto", "roma-9: 127.0.0.1", "icmp"),
        points("tutti", "roma-1: 127.0.0.1, roma-2: 127.0.0.1", "none"),
    ]
    .concat();
    let mut place = Place::served(&format!("  wifi:\n    users: [uffici]\n    components:\n{components}"));
    place.entrust("comunita", COMMUNITY, &format!("snmp://{address}"));
    place.start_agent();
    for component in ["primo", "secondo", "tutti"] {
        place.until_component(component, State::Up, None);
    }
    place.until_component("terzo", State::Down, Some("ap.disassociated"));
    place.until_component("ignoto", State::Down, Some("ap.absent"));

    let listed = succeeded(&mut place.agent_command(&["probe", "tutti", "--list"]));
    assert_eq!(
        String::from_utf8_lossy(&listed.stdout),
        "name;address;area;behind;weight;since;until;note\n\
         ap-roma-3;10.0.5.33;;;;;;AP Roma.3: 2\n\
         piazza-4;10.0.5.34;;;;;;Piazza 4: 1\n\
         roma-1;10.0.5.31;;;;;;roma-1: 1\n\
         roma-2;10.0.5.32;;;;;;roma-2: 1\n"
    );
    // One of them is in no target.
    eventually("the agent warns of an access point that no target names", || {
        let log = std::fs::read_to_string(place.path("agent.log")).unwrap();
        let is_warned = |line: &str| line.contains("no target names") && line.contains("piazza-4");
        log.lines().any(is_warned).then_some(())
    });

    // One has left, one is out of operation, one has come back without its radio.
    tell_table(&controller, &[("roma-1", "2"), ("AP Roma.3", "3")]);
    place.until_component("primo", State::Down, Some("ap.disassociated"));
    place.until_component("secondo", State::Down, Some("ap.absent"));
    place.until_component("terzo", State::Degraded, Some("ap.radio_off"));

    // Nobody tells of them any more.
    controller.stop();
    place.until_component("primo", State::Up, None);
    place.until_component("ignoto", State::Up, None);
    place.until_component("secondo", State::Unknown, Some("ap.controller_unreachable"));
    // A table without rows says of nobody that he is gone.
    tell_table(&controller, &[]);
    controller.start_again();
    place.until_component("secondo", State::Unknown, Some("ap.controller_unreachable"));
    tell_table(&controller, &[("roma-1", "1"), ("roma-2", "1")]);
    place.until_component("secondo", State::Up, None);
    place.until_component("ignoto", State::Down, Some("ap.absent"));
}

/// The access point is a host of its own, with an SNMP agent of its own, on the port of a switch.
#[test]
fn an_agent_a_port_and_an_echo_stand_in_for_a_controller_that_is_silent() {
    let Some(network) = Network::lay() else { return };
    let folders = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let Some(own) = SnmpAgent::play_inside(folders[0].path(), &network) else { return };
    let Some(mut switch) = SnmpAgent::start(folders[1].path()) else { return };
    tell_port(&switch, "1", "1");
    let (host, own_address, switch_address) = (network.there, own.address(), switch.address());
    let own_port = own_address.rsplit(':').next().unwrap();
    let asked = format!(
        "controller: {{address: \"127.0.0.1:{}\", version: 2c, secret: comunita, table: aruba}}",
        free_port()
    );
    let point = |name: &str, target: &str, more: &str| {
        format!(
            "      {name}: {{probe: access_point, targets: {{roma-1: {target}}}, {asked}, {more}, {TIMING}}}\n"
        )
    };
    let wired = format!("{{address: {host}, switch_port: \"{switch_address} Gi1/0/7\"}}");
    let agents = format!("snmp: {{version: 2c, secret: comunita, port: {own_port}}}");
    let switches = "switch: {version: 2c, secret: comunita}";
    let components = [
        point("eco", &host.to_string(), "fallback: icmp"),
        point("agente", &host.to_string(), &format!("fallback: snmp, {agents}")),
        point("porta", &wired, &format!("fallback: switch_port, {switches}")),
        point("porta_o_eco", &wired, &format!("fallback: [switch_port, icmp], {switches}")),
    ]
    .concat();
    let mut place = Place::served(&format!("  wifi:\n    users: [uffici]\n    components:\n{components}"));
    let allowed = [&own_address, &switch_address].map(|address| format!("snmp://{address}\n"));
    place.entrust("comunita", COMMUNITY, &allowed.concat());
    place.start_agent();
    let until = |components: &[&str], state: State, reason: Option<&str>| {
        for component in components {
            place.until_component(component, state, reason);
        }
    };
    until(&["eco", "agente", "porta", "porta_o_eco"], State::Up, None);

    own.freeze();
    tell_port(&switch, "1", "2");
    until(&["agente"], State::Degraded, Some("snmp.agent_silent"));
    until(&["porta", "porta_o_eco"], State::Down, Some("ap.port_down"));
    until(&["eco"], State::Up, None);

    network.mute(true);
    // The switch is silent too.
    switch.stop();
    until(&["eco", "agente", "porta_o_eco"], State::Down, Some("ap.no_reply"));
    until(&["porta"], State::Unknown, Some("ap.controller_unreachable"));

    network.mute(false);
    own.thaw();
    until(&["eco", "agente", "porta_o_eco"], State::Up, None);
}
