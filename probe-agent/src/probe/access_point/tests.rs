//! Access points by a controller that counts how often it is read.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Mutex;

use collector_api::Verdict;
use config::{ApController, ApFallback, CheckSpec, Family, Id, Probe, SnmpAccess, SnmpOid, TlsParams};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, UdpSocket};
use tokio::task::JoinSet;

use hickory_resolver::config::{NameServerConfig, ResolverConfig};

use super::super::snmp::tests::{Device, Manner, mib, of_type};
use super::super::tests::{spec, surroundings};
use super::super::{Check, Outcome};
use super::*;
use crate::resolve::SystemResolver;
use crate::secrets::SecretsDirectory;

/// A REST controller that tells this document.
struct Wlc {
    port: u16,
    document: Arc<Mutex<Option<String>>>,
    readings: Arc<Mutex<usize>>,
    _tasks: JoinSet<()>,
}

impl Wlc {
    async fn telling(document: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let document = Arc::new(Mutex::new(Some(document.to_owned())));
        let readings = Arc::new(Mutex::new(0));
        let (told, counted, mut tasks) = (Arc::clone(&document), Arc::clone(&readings), JoinSet::new());
        tasks.spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut heard = vec![0; 4_096];
                let length = stream.read(&mut heard).await.unwrap();
                *counted.lock().unwrap() += 1;
                let request = String::from_utf8_lossy(&heard[..length]).to_lowercase();
                let Some(body) = told.lock().unwrap().clone() else { continue };
                let status =
                    if request.contains("x-api-key: chiave") { "200 OK" } else { "401 Unauthorized" };
                let answer = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        Self { port, document, readings, _tasks: tasks }
    }

    fn controller(&self) -> ApController {
        let source = ApSource::Rest {
            url: format!("http://127.0.0.1:{}/devices", self.port),
            header: Some("X-API-KEY".to_owned()),
            secret: Some(Id::new("unifi").unwrap()),
            list: "/data".to_owned(),
            name: "name".to_owned(),
            state: "state".to_owned(),
            clients: Some("clients".to_owned()),
            ip: Some("ipAddress".to_owned()),
            tls: TlsParams::default(),
        };
        ApController { source, up: vec!["ONLINE".to_owned()], degraded: vec!["ISOLATED".to_owned()] }
    }

    fn around(&self, folder: &Path) -> Surroundings {
        std::fs::write(folder.join("unifi"), "chiave").unwrap();
        std::fs::write(folder.join("unifi.for"), format!("http://127.0.0.1:{}", self.port)).unwrap();
        Surroundings { secrets: SecretsDirectory::new(folder), ..surroundings() }
    }
}

const DEVICES: &str = r#"{"data": [
    {"name": "roma-1", "state": "ONLINE", "clients": 0, "ipAddress": "10.0.5.31"},
    {"name": "Roma 2", "state": "OFFLINE"},
    {"name": "roma-3", "state": "ISOLATED"},
    {"state": "ONLINE"}, 7
]}"#;

const ECHO: [ApFallback; 1] = [ApFallback::Icmp];

fn params(name: &str, controller: ApController, host: &str, fallback: &[ApFallback]) -> AccessPointParams {
    AccessPointParams {
        name: name.to_owned(),
        host: host.to_owned(),
        family: Family::V4,
        controller,
        fallback: fallback.to_vec(),
    }
}

fn check_of(params: AccessPointParams) -> Check {
    let timing = Timing { timeout_ms: 1_000, every_ms: 60_000, attempts: 1, ..spec().timing };
    Check::new(CheckSpec { probe: Probe::AccessPoint(Box::new(params)), timing, ..spec() }).unwrap()
}

#[track_caller]
fn saw(outcome: &Outcome, verdict: Verdict, reason: Reason) {
    assert_eq!((outcome.verdict, outcome.reason), (verdict, reason), "{outcome:?}");
}

#[tokio::test]
async fn one_reading_serves_all_access_points() {
    let wlc = Wlc::telling(DEVICES).await;
    let folder = tempfile::tempdir().unwrap();
    let around = Arc::new(wlc.around(folder.path()));
    let mut running = JoinSet::new();
    for number in 0..120 {
        let name = if number == 0 { "roma-1".to_owned() } else { format!("altro-{number}") };
        let check = check_of(params(&name, wlc.controller(), "127.0.0.1", &ECHO));
        let around = Arc::clone(&around);
        running.spawn(async move { (number, check.run(&around).await) });
    }
    while let Some(ended) = running.join_next().await {
        let (number, outcome) = ended.unwrap();
        match number {
            0 => saw(&outcome, Verdict::Up, Reason::None),
            _ => saw(&outcome, Verdict::Down, Reason::ApAbsent),
        }
        assert!(outcome.evidence.facts.iter().any(|fact| fact.name == "table_age"), "{outcome:?}");
    }
    assert_eq!(*wlc.readings.lock().unwrap(), 1);
}

#[tokio::test]
async fn each_state_has_its_reason() {
    let wlc = Wlc::telling(DEVICES).await;
    let folder = tempfile::tempdir().unwrap();
    let around = wlc.around(folder.path());
    for (name, verdict, reason) in [
        // Nobody is there, and that is no fault.
        ("roma-1", Verdict::Up, Reason::None),
        ("roma-2", Verdict::Down, Reason::ApDisassociated),
        ("roma-3", Verdict::Degraded, Reason::ApRadioOff),
        ("roma-4", Verdict::Down, Reason::ApAbsent),
    ] {
        let check = check_of(params(name, wlc.controller(), "127.0.0.1", &ECHO));
        let (outcome, transcript) = check.run_recorded(&around).await;
        saw(&outcome, verdict, reason);
        assert!(transcript.lines().iter().all(|line| !line.text.contains("chiave")));
    }
}

/// Loopback answers an echo.
#[tokio::test]
async fn an_echo_stands_in_for_a_controller_that_is_silent_or_talks_nonsense() {
    let stateless = r#"{"data": [{"name": "roma-1"}, {"name": "Roma 2", "state": ""}]}"#;
    for document in [None, Some("<html>"), Some(r#"{"data": {}}"#), Some(r#"{"data": []}"#), Some(stateless)]
    {
        let wlc = Wlc::telling("").await;
        *wlc.document.lock().unwrap() = document.map(str::to_owned);
        let folder = tempfile::tempdir().unwrap();
        let around = wlc.around(folder.path());
        let run = |fallback: &'static [ApFallback]| {
            let check = check_of(params("roma-1", wlc.controller(), "127.0.0.1", fallback));
            let around = &around;
            async move { check.run(around).await }
        };
        let outcome = run(&ECHO).await;
        saw(&outcome, Verdict::Up, Reason::None);
        assert!(outcome.evidence.facts.iter().any(|fact| fact.name == "seen_by" && fact.value == "echo"));
        saw(&run(&[]).await, Verdict::Unknown, Reason::ApControllerUnreachable);
        assert_eq!(*wlc.readings.lock().unwrap(), 1, "also a failure is shared");
    }
}

fn fact<'o>(outcome: &'o Outcome, name: &str) -> &'o str {
    outcome.evidence.facts.iter().find(|fact| fact.name == name).map_or("", |fact| &fact.value)
}

/// Whoever could tell is not reached: that says nothing of the access point.
#[tokio::test]
async fn a_name_that_does_not_resolve_is_no_access_point_that_is_down() {
    let mute = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let mut server = NameServerConfig::udp("127.0.0.1".parse().unwrap());
    server.connections[0].port = mute.local_addr().unwrap().port();
    let resolver = SystemResolver::by_config(ResolverConfig::from_name_servers(vec![server]));
    let wlc = Wlc::telling("").await;
    let folder = tempfile::tempdir().unwrap();
    let around = Surroundings { resolver, ..wlc.around(folder.path()) };
    let access = SnmpAccess::V2c { community: Id::new("unifi").unwrap() };
    for fallback in [ApFallback::Icmp, ApFallback::Snmp { port: 161, access }] {
        let check = check_of(params("roma-1", wlc.controller(), "roma-1.example", &[fallback]));
        let outcome = check.run(&around).await;
        saw(&outcome, Verdict::Unknown, Reason::ApControllerUnreachable);
        assert!(outcome.evidence.detail.contains("resolve."), "{outcome:?}");
    }
}

/// Another component reads the controller, more patiently than this one waits.
#[tokio::test]
async fn a_deadline_is_unknown_whatever_was_waited_for() {
    let wlc = Wlc::telling("").await;
    *wlc.document.lock().unwrap() = None;
    let folder = tempfile::tempdir().unwrap();
    let around = Arc::new(wlc.around(folder.path()));
    let slot_of = |check: &AccessPointParams| {
        let key: Key = serde_json::to_string(&check.controller).unwrap().into();
        around.controllers.slot(&key, "altro")
    };
    let params = params("roma-1", wlc.controller(), "127.0.0.1", &ECHO);
    let slot = slot_of(&params);
    let reader = slot.reading().await;
    let outcome = check_of(params).run(&around).await;
    saw(&outcome, Verdict::Unknown, Reason::ApControllerUnreachable);
    drop(reader);
}

/// A device's secret in the folder of the controller's.
fn access(folder: &Path, device: &Device) -> SnmpAccess {
    std::fs::write(folder.join("comunita"), "public").unwrap();
    let mut allowed = std::fs::read_to_string(folder.join("comunita.for")).unwrap_or_default();
    let _ = writeln!(allowed, "snmp://127.0.0.1:{}", device.address.port);
    std::fs::write(folder.join("comunita.for"), allowed).unwrap();
    SnmpAccess::V2c { community: Id::new("comunita").unwrap() }
}

/// `sysUpTime.0`: a day.
const UPTIME: (&str, u32) = ("1.3.6.1.2.1.1.3.0", 8_640_000);

#[tokio::test]
async fn its_own_agent_stands_in_and_an_echo_where_that_is_silent() {
    let wlc = Wlc::telling("<html>").await;
    let folder = tempfile::tempdir().unwrap();
    let around = wlc.around(folder.path());
    let uptime = mib(&[(UPTIME.0, of_type(0x43, &UPTIME.1.to_be_bytes()))]);
    let lively = Device::start(uptime, Manner::default()).await;
    let mute = Device::start(mib(&[]), Manner::mute()).await;
    let run = async |device: &Device| {
        let access = access(folder.path(), device);
        let fallback = [ApFallback::Snmp { port: device.address.port, access }];
        check_of(params("roma-1", wlc.controller(), "127.0.0.1", &fallback)).run(&around).await
    };
    let outcome = run(&lively).await;
    saw(&outcome, Verdict::Up, Reason::None);
    assert_eq!((fact(&outcome, "seen_by"), fact(&outcome, "uptime")), ("snmp", "1 d 0 h 0 min"));
    let outcome = run(&mute).await;
    saw(&outcome, Verdict::Degraded, Reason::SnmpAgentSilent);
    assert!(outcome.evidence.detail.contains("no answer, but an echo"), "{outcome:?}");
}

#[tokio::test]
async fn the_port_of_a_switch_stands_in_and_the_next_where_it_cannot_tell() {
    const INTERFACES: &str = "1.3.6.1.2.1.2.2.1";
    let wlc = Wlc::telling("<html>").await;
    let folder = tempfile::tempdir().unwrap();
    let around = wlc.around(folder.path());
    let number = |number: u8| of_type(2, &[number]);
    // Its ports by their state: of the operator, and of the wire.
    let states = [("Gi1/0/1", 1, 1), ("Gi1/0/2", 1, 2), ("Gi1/0/3", 2, 2), ("Port 4", 1, 4)];
    let mut ports: Vec<(String, Vec<u8>)> = Vec::new();
    for ((name, admin, oper), index) in states.iter().zip(10_u8..) {
        ports.push((format!("1.3.6.1.2.1.31.1.1.1.1.{index}"), of_type(4, name.as_bytes())));
        ports.push((format!("{INTERFACES}.7.{index}"), number(*admin)));
        ports.push((format!("{INTERFACES}.8.{index}"), number(*oper)));
    }
    let ports: Vec<(&str, Vec<u8>)> = ports.iter().map(|(oid, value)| (&**oid, value.clone())).collect();
    let switch = Device::start(mib(&ports), Manner::default()).await;
    let mute = Device::start(mib(&[]), Manner::mute()).await;
    let run = async |device: &Device, port: &str, next: &[ApFallback]| {
        let (access, address) = (access(folder.path(), device), device.address.clone());
        let port = ApFallback::SwitchPort { address, access, port: port.to_owned() };
        let fallback = [&[port], next].concat();
        check_of(params("roma-1", wlc.controller(), "127.0.0.1", &fallback)).run(&around).await
    };
    for (port, verdict, reason, seen_by) in [
        ("Gi1/0/1", Verdict::Up, Reason::None, "switch_port"),
        ("Gi1/0/2", Verdict::Down, Reason::ApPortDown, "switch_port"),
        ("Gi1/0/3", Verdict::Down, Reason::ApPortDown, "switch_port"),
        ("11", Verdict::Down, Reason::ApPortDown, "switch_port"),
        ("Port 4", Verdict::Up, Reason::None, "echo"),
        ("Gi1/0/9", Verdict::Up, Reason::None, "echo"),
    ] {
        let outcome = run(&switch, port, &ECHO).await;
        saw(&outcome, verdict, reason);
        assert_eq!(fact(&outcome, "seen_by"), seen_by, "{port}");
    }
    assert_eq!(fact(&run(&mute, "Gi1/0/1", &ECHO).await, "seen_by"), "echo");
    for (device, port) in [(&switch, "Gi1/0/9"), (&mute, "Gi1/0/1")] {
        saw(&run(device, port, &[]).await, Verdict::Unknown, Reason::ApControllerUnreachable);
    }
}

#[tokio::test]
async fn a_key_that_is_not_accepted_is_a_controller_that_does_not_tell() {
    let wlc = Wlc::telling(DEVICES).await;
    let folder = tempfile::tempdir().unwrap();
    let around = wlc.around(folder.path());
    std::fs::write(folder.path().join("unifi"), "altra").unwrap();
    let check = check_of(params("roma-1", wlc.controller(), "127.0.0.1", &[]));
    let outcome = check.run(&around).await;
    saw(&outcome, Verdict::Unknown, Reason::ApControllerUnreachable);
    assert!(outcome.evidence.detail.contains("status 401"), "{outcome:?}");
}

#[tokio::test]
async fn a_silent_snmp_controller_is_read_once_and_not_again_by_each() {
    let silent = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let port = silent.local_addr().unwrap().port();
    let column = |text: &str| SnmpOid::parse(text).unwrap();
    let source = ApSource::Snmp {
        address: HostPort { host: "127.0.0.1".to_owned(), port },
        access: SnmpAccess::V2c { community: Id::new("comunita").unwrap() },
        name: column("1.3.6.1.4.1.14179.2.2.1.1.3"),
        state: column("1.3.6.1.4.1.14179.2.2.1.1.6"),
        clients: None,
        ip: None,
    };
    let controller = ApController { source, up: vec!["1".to_owned()], degraded: Vec::new() };
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("comunita"), "public").unwrap();
    std::fs::write(folder.path().join("comunita.for"), format!("snmp://127.0.0.1:{port}")).unwrap();
    let around = Arc::new(Surroundings { secrets: SecretsDirectory::new(folder.path()), ..surroundings() });
    let mut running = JoinSet::new();
    for number in 0..40 {
        let name = format!("roma-{number}");
        let check = check_of(params(&name, controller.clone(), "127.0.0.1", &ECHO));
        let around = Arc::clone(&around);
        running.spawn(async move { check.run(&around).await });
    }
    while let Some(ended) = running.join_next().await {
        saw(&ended.unwrap(), Verdict::Up, Reason::None);
    }
    let mut datagrams = 0;
    while silent.try_recv(&mut [0; 512]).is_ok() {
        datagrams += 1;
    }
    assert_eq!(datagrams, 3, "one request, sent three times");
}

#[tokio::test]
async fn the_table_is_listed_for_the_charter() {
    let wlc = Wlc::telling(DEVICES).await;
    let folder = tempfile::tempdir().unwrap();
    let around = wlc.around(folder.path());
    let timing = Timing { timeout_ms: 1_000, ..spec().timing };
    let ap = AccessPoint::new(params("roma-1", wlc.controller(), "127.0.0.1", &[]), &timing).unwrap();
    let listed = ap.list(&around).await.unwrap();
    let rows: Vec<_> =
        listed.iter().map(|ap| (ap.name.as_str(), ap.address.as_str(), ap.note.as_str())).collect();
    assert_eq!(
        rows,
        [
            ("roma-1", "10.0.5.31", "roma-1: ONLINE"),
            ("roma-2", "", "Roma 2: OFFLINE"),
            ("roma-3", "", "roma-3: ISOLATED")
        ]
    );
}
