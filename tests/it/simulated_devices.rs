//! Whole devices as snmpsim plays them: a controller of many access points, a switch that feeds one, UPSes, recordings of
//! real machines; and version 3 as another implementation than net-snmp's speaks it.

use collector::publish::api::State;
use harness::Place;
use harness::network::Network;
use harness::place::succeeded;
use harness::snmpsim::{AUTH, CONTROLLER, METHODS, PRIVACY, SWITCH, Simulator, UPS, USER, recorded};

const TIMING: &str = "every: 2s, timeout: 1900ms, attempts: 1";
/// Keys take long to derive where nothing is optimised.
const TIMING_V3: &str = "every: 3s, timeout: 2500ms, attempts: 1";

/// An installation whose agent may ask these devices by their names, and by version 3.
fn place(components: &[String], devices: &[(&str, &str)]) -> Place {
    let mut place =
        Place::served(&format!("  apparati:\n    users: [uffici]\n    components:\n{}", components.concat()));
    let addresses: Vec<String> = devices.iter().map(|(_, address)| format!("snmp://{address}\n")).collect();
    for (name, address) in devices {
        place.entrust(name, name, &format!("snmp://{address}"));
    }
    for (name, secret) in [("firme", AUTH), ("cifratura", PRIVACY), ("altra", "un'altra frase")] {
        place.entrust(name, secret, &addresses.concat());
    }
    place.start_agent();
    place
}

fn check(name: &str, address: &str, asked: &str, timing: &str) -> String {
    format!("      {name}: {{probe: snmp, targets: {{uno: \"{address}\"}}, {asked}, {timing}}}\n")
}

/// By version 3, of the device that has this name as its context.
fn signed(user: &str, (auth, secret): (&str, &str), privacy: &str, device: &str) -> String {
    format!("version: \"3\", user: {user}, auth: {auth}, secret: {secret}{privacy}, context: {device}")
}

const ENCRYPTED: &str = ", privacy: aes128, privacy_secret: cifratura";

/// `bsnAPEntry`, and what of a row is asked for: its name, its state, its address.
const ENTRY: &str = "1.3.6.1.4.1.14179.2.2.1.1";
/// The rows of `Biblioteca-1` and of `AP Piazza Roma.1`.
const LIBRARY: &str = "0.23.223.161.15.208";
/// See [`LIBRARY`].
const SQUARE: &str = "0.23.223.161.16.80";

fn tell_state(controller: &mut Simulator, row: &str, state: &str) {
    controller.tell("wlc", &[(&format!("{ENTRY}.6.{row}"), &format!("2|{state}"))]);
}

/// As many more as a town has: the table is longer than one answer of the simulator's.
fn crowd(controller: &mut Simulator) {
    let told: Vec<(String, String)> = (1..=116)
        .flat_map(|number| {
            let told = [
                (3, format!("4|Scuole-{number}")),
                (6, "2|1".to_owned()),
                (19, format!("64|10.0.6.{number}")),
            ];
            told.map(|(column, value)| (format!("{ENTRY}.{column}.0.23.223.162.0.{number}"), value))
        })
        .collect();
    let told: Vec<_> = told.iter().map(|(name, value)| (&**name, &**value)).collect();
    controller.tell("wlc", &told);
}

#[test]
#[ignore = "longer: tests/run --all"]
fn a_controller_knows_many_access_points() {
    let folders = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let Some(mut controller) = Simulator::start(folders[0].path(), &[("wlc", CONTROLLER)]) else { return };
    let Some(mut switch) = Simulator::start(folders[1].path(), &[("accesso", SWITCH)]) else { return };
    crowd(&mut controller);
    let (address, switch_address) = (controller.address(), switch.address());
    let clear = "version: 2c, secret: wlc".to_owned();
    let encrypted = signed(USER, ("sha256", "firme"), ENCRYPTED, "wlc");
    let points = |name: &str, targets: &str, access: &str, fallback: &str, timing: &str| {
        format!(
            "      {name}: {{probe: access_point, targets: {{{targets}}}, controller: {{address: \"{address}\", \
             {access}, table: airespace, degraded: \"3\"}}, fallback: {fallback}, {timing}}}\n"
        )
    };
    let wired = format!("biblioteca-1: {{address: 127.0.0.1, switch_port: \"{switch_address} Gi1/0/7\"}}");
    let by_port = "switch_port, switch: {version: 2c, secret: accesso}";
    let components = [
        points("biblioteca", "biblioteca-1: 127.0.0.1", &clear, "none", TIMING),
        points("porta", &wired, &clear, by_port, TIMING),
        points("piazza", "ap-piazza-roma-1: 127.0.0.1", &encrypted, "none", TIMING_V3),
        points("scuole", "scuole-116: 127.0.0.1", &encrypted, "icmp", TIMING_V3),
        points("ignoto", "scuole-117: 127.0.0.1", &clear, "icmp", TIMING),
    ];
    let place = place(&components, &[("wlc", &address), ("accesso", &switch_address)]);
    let until = |components: &[&str], state: State, reason: Option<&str>| {
        for component in components {
            place.until_component(component, state, reason);
        }
    };
    until(&["biblioteca", "porta", "piazza", "scuole"], State::Up, None);
    until(&["ignoto"], State::Down, Some("ap.absent"));

    let listed = succeeded(&mut place.agent_command(&["probe", "biblioteca", "--list"]));
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    assert_eq!(listed.lines().count(), 1 + 120, "{listed}");
    for line in
        ["ap-piazza-roma-1;10.0.5.33;;;;;;AP Piazza Roma.1: 1", "scuole-116;10.0.6.116;;;;;;Scuole-116: 1"]
    {
        assert!(listed.lines().any(|listed| listed == line), "{line}: {listed}");
    }

    // It fetches its software, it has left, it is known no longer.
    for (state, seen, reason) in
        [("3", State::Degraded, "ap.radio_off"), ("2", State::Down, "ap.disassociated")]
    {
        tell_state(&mut controller, LIBRARY, state);
        tell_state(&mut controller, SQUARE, state);
        until(&["biblioteca", "porta", "piazza"], seen, Some(reason));
    }
    let row = [1, 2, 3, 4, 6, 16, 19, 37].map(|column| format!("{ENTRY}.{column}.{LIBRARY}"));
    controller.forget("wlc", &row.each_ref().map(|name| &**name));
    until(&["biblioteca", "porta"], State::Down, Some("ap.absent"));
    until(&["scuole"], State::Up, None);

    // Nobody tells of them any more: the port does, of its cable.
    controller.freeze();
    until(&["porta"], State::Up, None);
    until(&["biblioteca", "piazza"], State::Unknown, Some("ap.controller_unreachable"));
    switch.tell("accesso", &[("1.3.6.1.2.1.2.2.1.8.10107", "2|2")]);
    until(&["porta"], State::Down, Some("ap.port_down"));
    switch.stop();
    until(&["porta"], State::Unknown, Some("ap.controller_unreachable"));

    controller.thaw();
    tell_state(&mut controller, SQUARE, "1");
    until(&["piazza"], State::Up, None);
    until(&["biblioteca", "porta"], State::Down, Some("ap.absent"));
}

/// What port 7 gives the access point (`pethPsePortDetectionStatus`: 3 power, 4 a fault), and its errors.
const POWER: &str = "1.3.6.1.2.1.105.1.1.1.6.1.7";
/// See [`POWER`].
const ERRORS: &str = "1.3.6.1.2.1.2.2.1.14.10107";

#[test]
#[ignore = "longer: tests/run --all"]
fn a_switch_tells_of_its_ports_its_power_and_its_sensors() {
    let folder = tempfile::tempdir().unwrap();
    let Some(network) = Network::lay() else { return };
    let Some(mut switch) = Simulator::start_inside(folder.path(), &network, &[("accesso", SWITCH)]) else {
        return;
    };
    let address = switch.address();
    // Port 8 is switched off by whoever runs the switch, and nobody's business.
    let asked = format!(
        "interfaces: [Gi1/0/7, GigabitEthernet1/0/8, \"10149\"], preset: [sensors], \
         values: [{{oid: {POWER}, name: alimentazione, equals: [\"3\"]}}, \
         {{oid: {ERRORS}, name: errori, warn: \"> 1000\", crit: \"> 100000\"}}]"
    );
    let encrypted = signed(USER, ("sha256", "firme"), ENCRYPTED, "accesso");
    let components = [
        check("chiaro", &address, &format!("version: 2c, secret: accesso, {asked}"), TIMING),
        check("cifrato", &address, &format!("{encrypted}, {asked}"), TIMING),
    ];
    let place = place(&components, &[("accesso", &address)]);
    let both = |state, reason| {
        for component in ["chiaro", "cifrato"] {
            place.until_component(component, state, reason);
        }
    };
    both(State::Up, None);
    let [own, uplink] = [10_107, 10_149].map(|index| format!("1.3.6.1.2.1.2.2.1.8.{index}"));
    let mut before = None;
    for (name, ill, well, state, reason) in [
        ("1.3.6.1.2.1.99.1.1.1.5.1010", "2|3", "2|1", State::Degraded, "snmp.sensor"),
        (POWER, "2|4", "2|3", State::Down, "snmp.value"),
        (ERRORS, "65|1500", "65|186", State::Degraded, "snmp.value"),
        (own.as_str(), "2|2", "2|1", State::Down, "snmp.interface_down"),
        // One value that is refused does not hide the others.
        (POWER, "2:error|op=get,status=generror", "2|3", State::Degraded, "snmp.refused"),
        // Its module is gone, its state is not known.
        (uplink.as_str(), "2|6", "2|1", State::Down, "snmp.interface_down"),
        (uplink.as_str(), "2|4", "2|1", State::Degraded, "snmp.interface_down"),
        (ERRORS, "65|4294967295", "65|186", State::Down, "snmp.value"),
        ("1.3.6.1.2.1.1.3.0", "67|30000", "67|233425120", State::Degraded, "snmp.restarted"),
    ] {
        let told: Vec<_> = before.into_iter().chain([(name, ill)]).collect();
        switch.tell("accesso", &told);
        both(state, Some(reason));
        before = Some((name, well));
    }
    switch.tell("accesso", before.as_slice());
    both(State::Up, None);
    switch.forget("accesso", &[POWER]);
    both(State::Degraded, Some("snmp.no_such"));
    switch.tell("accesso", &[(&own, "2|2")]);
    both(State::Down, Some("snmp.interface_down"));

    switch.freeze();
    both(State::Degraded, Some("snmp.agent_silent"));
    network.mute(true);
    both(State::Down, Some("snmp.no_reply"));
    network.mute(false);
    switch.thaw();
    switch.tell("accesso", &[(POWER, "2|3"), (&own, "2|1")]);
    both(State::Up, None);
}

#[test]
#[ignore = "longer: tests/run --all"]
fn a_ups_tells_of_its_battery_in_the_standard_s_words_or_its_vendor_s() {
    let folder = tempfile::tempdir().unwrap();
    let Some(network) = Network::lay() else { return };
    let Some(mut ups) = Simulator::start_inside(folder.path(), &network, &[("ups", UPS), ("eaton", "")])
    else {
        return;
    };
    // Of a 9PX 2200, by XUPS-MIB: capacity, and what feeds the output (3 the mains, 5 the battery).
    let (capacity, source) = ("1.3.6.1.4.1.534.1.2.4.0", "1.3.6.1.4.1.534.1.4.5.0");
    let recording = recorded("eaton-9PX-partial-walk");
    let records: Vec<_> = recording.lines().filter_map(|line| line.split_once('|')).collect();
    ups.tell("eaton", &records);
    let address = ups.address();
    let own_words = format!(
        "version: 2c, secret: eaton, values: [{{oid: {source}, name: uscita, equals: [\"3\"], otherwise: degraded}}, \
         {{oid: {capacity}, name: carica, warn: \"< 50\", crit: \"< 10\"}}]"
    );
    let components = [
        check("ups", &address, "version: 2c, secret: ups, preset: ups, minutes_left: 10", TIMING),
        check("eaton", &address, &own_words, TIMING),
        check("eaton_norma", &address, "version: 2c, secret: eaton, preset: ups", TIMING),
    ];
    let place = place(&components, &[("ups", &address), ("eaton", &address)]);
    place.until_component("ups", State::Up, None);
    place.until_component("eaton", State::Up, None);
    // It does not speak the standard's.
    place.until_component("eaton_norma", State::Degraded, Some("snmp.no_such"));

    let standard = "1.3.6.1.2.1.33.1";
    let [status, minutes, output, alarms, alarm] =
        [".2.1.0", ".2.3.0", ".4.1.0", ".6.1.0", ".6.2.1.2.4"].map(|end| format!("{standard}{end}"));
    let bypass = format!("6|{standard}.6.3.9");
    for (told, state, reason) in [
        (["2|2", "2|41", "2|5", "66|0"], State::Degraded, "snmp.on_battery"),
        (["2|2", "2|9", "2|5", "66|0"], State::Degraded, "snmp.battery"),
        (["2|4", "2|0", "2|5", "66|0"], State::Down, "snmp.battery"),
        (["2|2", "2|41", "2|2", "66|0"], State::Down, "snmp.ups_output"),
        (["2|2", "2|41", "2|3", "66|1"], State::Degraded, "snmp.ups_alarm"),
    ] {
        let names = [&status, &minutes, &output, &alarms];
        let mut told: Vec<_> = names.into_iter().map(String::as_str).zip(told).collect();
        told.push((&alarm, &bypass));
        ups.tell("ups", &told);
        place.until_component("ups", state, Some(reason));
    }
    ups.tell("eaton", &[(source, "2|5")]);
    place.until_component("eaton", State::Degraded, Some("snmp.value"));
    ups.tell("eaton", &[(capacity, "2|8")]);
    place.until_component("eaton", State::Down, Some("snmp.value"));

    network.mute(true);
    ups.stop();
    // The host says that the port is closed, so it is there.
    place.until_component("ups", State::Degraded, Some("snmp.agent_silent"));
    ups.start_again();
    ups.freeze();
    place.until_component("ups", State::Down, Some("snmp.no_reply"));
    network.mute(false);
    ups.thaw();
    ups.tell("ups", &[(&alarms, "66|0")]);
    place.until_component("ups", State::Up, None);
}

/// What these have and no table of ours: names that end in a zero byte, drives of no size, thousands of rows.
#[test]
#[ignore = "longer: tests/run --all"]
fn recordings_of_real_machines_are_understood() {
    let folder = tempfile::tempdir().unwrap();
    let Some(mut machines) = Simulator::start(folder.path(), &[("linux", ""), ("windows", "")]) else {
        return;
    };
    for (name, recording) in [("linux", "linux-full-walk"), ("windows", "winxp-full-walk")] {
        let recording = recorded(recording);
        let records: Vec<_> = recording.lines().filter_map(|line| line.split_once('|')).collect();
        machines.tell(name, &records);
    }
    let address = machines.address();
    let asked = |name: &str, secret: &str, asked: &str| {
        check(name, &address, &format!("version: 2c, secret: {secret}, {asked}"), TIMING)
    };
    let components = [
        asked("rete_linux", "linux", "interfaces: [eth0, lo]"),
        asked("dischi_linux", "linux", "preset: [host, sensors]"),
        asked("rete_windows", "windows", "interfaces: [MS TCP Loopback interface]"),
        asked("bluetooth", "windows", "interfaces: [Bluetooth Device (Personal Area Network)]"),
        asked("dischi_windows", "windows", "preset: host"),
        asked("ups", "linux", "preset: ups"),
    ];
    let place = place(&components, &[("linux", &address), ("windows", &address)]);
    place.until_component("rete_linux", State::Up, None);
    place.until_component("rete_windows", State::Up, None);
    place.until_component("bluetooth", State::Down, Some("snmp.interface_down"));
    // /export is used to 94 %, C: to 96 %.
    place.until_component("dischi_linux", State::Degraded, Some("snmp.disk"));
    place.until_component("dischi_windows", State::Degraded, Some("snmp.disk"));
    place.until_component("ups", State::Degraded, Some("snmp.no_such"));
}

/// Both sides derive, sign and encrypt alike, and what one of them does not know of the other has its reason.
#[test]
#[ignore = "longer: tests/run --all"]
fn version_3_is_spoken_with_another_implementation() {
    let folder = tempfile::tempdir().unwrap();
    let Some(mut ups) = Simulator::start(folder.path(), &[("ups", UPS)]) else { return };
    let address = ups.address();
    let named = |(auth, privacy, ..): (&str, &str, &str, &str)| format!("{auth}_{privacy}");
    let mut components: Vec<String> = METHODS
        .iter()
        .map(|&method| {
            let (auth, privacy, ..) = method;
            let cipher = format!(", privacy: {privacy}, privacy_secret: cifratura");
            let asked = signed(&format!("{auth}-{privacy}"), (auth, "firme"), &cipher, "ups");
            check(&named(method), &address, &format!("{asked}, preset: ups"), TIMING_V3)
        })
        .collect();
    let other_cipher = ", privacy: aes128, privacy_secret: altra";
    let strangers = [
        ("utente", signed("nessuno", ("sha256", "firme"), ENCRYPTED, "ups")),
        ("firma", signed(USER, ("sha256", "altra"), ENCRYPTED, "ups")),
        ("metodo", signed(USER, ("sha512", "firme"), ENCRYPTED, "ups")),
        ("cifra", signed(USER, ("sha256", "firme"), other_cipher, "ups")),
        ("livello", signed(USER, ("sha256", "firme"), "", "ups")),
        ("contesto", signed(USER, ("sha256", "firme"), ENCRYPTED, "altrove")),
    ];
    components.extend(strangers.iter().map(|(name, asked)| check(name, &address, asked, TIMING_V3)));
    let place = place(&components, &[("ups", &address)]);
    let all = |state, reason| {
        for method in METHODS {
            place.until_component(&named(method), state, reason);
        }
    };
    all(State::Up, None);
    for (name, _) in &strangers {
        place.until_component(name, State::Degraded, Some("snmp.auth"));
    }
    // An engine that has begun anew, and one that does not know how often it has.
    ups.stop();
    all(State::Degraded, Some("snmp.agent_silent"));
    ups.start_again();
    all(State::Up, None);
    ups.lose_its_boots();
    all(State::Degraded, Some("snmp.agent_silent"));
    ups.start_again();
    all(State::Up, None);
    ups.tell("ups", &[("1.3.6.1.2.1.33.1.2.1.0", "2|4")]);
    all(State::Down, Some("snmp.battery"));
}
