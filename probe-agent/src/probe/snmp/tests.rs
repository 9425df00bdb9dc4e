//! The SNMP probe against devices that answer right, wrong, in pieces and never.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use collector_api::Verdict;
use config::{CheckSpec, Family, Id, Probe, SnmpAuth, SnmpCipher, SnmpLimit, SnmpPrivacy, SnmpValue, Timing};
use tokio::net::UdpSocket;
use tokio::task::JoinSet;

use super::super::ber::{self, INTEGER, OCTETS, SEQUENCE, element};
use super::super::tests::{spec, surroundings};
use super::super::{Check, Outcome};
use super::message::{self, Pdu, object};
use super::*;
use crate::secrets::SecretsDirectory;

/// Values by their names, already encoded.
pub(in crate::probe) type Mib = BTreeMap<SnmpOid, Vec<u8>>;

/// How a device answers.
#[expect(clippy::struct_excessive_bools, reason = "each is a fault of its own")]
#[derive(Debug, Clone, Default)]
pub(in crate::probe) struct Manner {
    /// More values than this are too big.
    values_max: Option<usize>,
    /// Answers to another request, from another port, with another community, before the right one.
    sends_strays: bool,
    /// Only those.
    sends_only_strays: bool,
    /// Says of a name that it does not know what version 1 says.
    is_of_v1: bool,
    /// A table leads back to its begin.
    is_circular: bool,
    /// Drops so many requests first.
    drops: usize,
}

impl Manner {
    pub(in crate::probe) fn mute() -> Self {
        Self { drops: usize::MAX, ..Self::default() }
    }
}

/// A device of version 2c that lives as long as its tasks do.
pub(in crate::probe) struct Device {
    pub(in crate::probe) address: HostPort,
    requests: Arc<Mutex<usize>>,
    _tasks: JoinSet<()>,
}

impl Device {
    pub(in crate::probe) async fn start(mib: Mib, manner: Manner) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let elsewhere = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = HostPort { host: "127.0.0.1".to_owned(), port: socket.local_addr().unwrap().port() };
        let requests = Arc::new(Mutex::new(0));
        let (counted, mut tasks) = (Arc::clone(&requests), JoinSet::new());
        tasks.spawn(async move {
            let mut bytes = vec![0; 65_535];
            let mut drops = manner.drops;
            loop {
                let (length, from) = socket.recv_from(&mut bytes).await.unwrap();
                *counted.lock().unwrap() += 1;
                if drops > 0 {
                    drops -= 1;
                    continue;
                }
                let (_, tag, asked) = message::read_v2c(&bytes[..length]).unwrap();
                let pdu = Pdu::read(asked).unwrap();
                let body = answer(&mib, &manner, tag, &pdu);
                let whole = |community: &[u8], request: i32| told(community, request, &body);
                if manner.sends_strays {
                    let right = whole(b"public", pdu.request);
                    elsewhere.send_to(&right, from).await.unwrap();
                    let strays =
                        [whole(b"public", pdu.request + 1), whole(b"other", pdu.request), vec![0x30, 0x80]];
                    for stray in strays {
                        socket.send_to(&stray, from).await.unwrap();
                    }
                }
                if !manner.sends_only_strays {
                    socket.send_to(&whole(b"public", pdu.request), from).await.unwrap();
                }
            }
        });
        Self { address, requests, _tasks: tasks }
    }
}

/// Status, index and values.
type Body = (i64, i64, Vec<Vec<u8>>);

fn integer(number: i64) -> Vec<u8> {
    ber::integer(INTEGER, number)
}

fn octets(bytes: &[u8]) -> Vec<u8> {
    element(OCTETS, &[bytes])
}

fn sequence(tag: u8, parts: &[Vec<u8>]) -> Vec<u8> {
    element(tag, &[&parts.concat()])
}

pub(in crate::probe) fn of_type(tag: u8, body: &[u8]) -> Vec<u8> {
    element(tag, &[body])
}

/// RFC 3416, 3: `GetBulkRequest`, Response.
const GET_BULK: u8 = 0xa5;
/// See [`GET_BULK`].
const RESPONSE: u8 = 0xa2;

fn told(community: &[u8], request: i32, (status, index, values): &Body) -> Vec<u8> {
    let parts = [integer(i64::from(request)), integer(*status), integer(*index), sequence(SEQUENCE, values)];
    sequence(SEQUENCE, &[integer(1), octets(community), sequence(RESPONSE, &parts)])
}

fn answer(mib: &Mib, manner: &Manner, tag: u8, pdu: &Pdu) -> Body {
    let asked: Vec<SnmpOid> = pdu.values.iter().map(|(oid, _)| oid.clone()).collect();
    if manner.values_max.is_some_and(|max| asked.len() > max) {
        return (1, 0, Vec::new());
    }
    let bound = |oid: &SnmpOid, value: &[u8]| sequence(SEQUENCE, &[object(oid), value.to_vec()]);
    if tag == GET_BULK {
        let repeats = usize::try_from(pdu.numbers[1]).unwrap();
        let after = mib.range((std::ops::Bound::Excluded(&asked[0]), std::ops::Bound::Unbounded));
        let mut rows: Vec<_> = after.take(repeats).map(|(oid, value)| bound(oid, value)).collect();
        if rows.is_empty() {
            rows.push(bound(&asked[0], &[0x82, 0]));
        }
        if manner.is_circular {
            rows = mib.iter().take(repeats).map(|(oid, value)| bound(oid, value)).collect();
        }
        return (0, 0, rows);
    }
    if let Some(unknown) = asked.iter().position(|oid| !mib.contains_key(oid)).filter(|_| manner.is_of_v1) {
        return (2, i64::try_from(unknown).unwrap() + 1, Vec::new());
    }
    let none = vec![0x81, 0];
    (0, 0, asked.iter().map(|oid| bound(oid, mib.get(oid).unwrap_or(&none))).collect())
}

fn oid_of(text: &str) -> SnmpOid {
    SnmpOid::parse(text).unwrap()
}

pub(in crate::probe) fn mib(values: &[(&str, Vec<u8>)]) -> Mib {
    values.iter().map(|(oid, value)| (oid_of(oid), value.clone())).collect()
}

/// A machine that has run for a day.
fn machine(more: &[(&str, Vec<u8>)]) -> Mib {
    let mut all = mib(more);
    all.entry(oid_of("1.3.6.1.2.1.1.3.0")).or_insert(of_type(0x43, &8_640_000_u32.to_be_bytes()));
    all
}

fn wanted(oid: &str, crit: &str) -> SnmpValue {
    SnmpValue {
        oid: oid_of(oid),
        name: format!("v{}", oid.rsplit('.').nth(1).unwrap()),
        warn: None,
        crit: SnmpLimit::parse(crit),
        equals: Vec::new(),
        otherwise_degraded: false,
    }
}

fn params(address: &HostPort) -> SnmpParams {
    SnmpParams {
        address: address.clone(),
        family: Family::V4,
        access: SnmpAccess::V2c { community: Id::new("comunita").unwrap() },
        values: Vec::new(),
        interfaces: Vec::new(),
        presets: Vec::new(),
        minutes_left: SnmpParams::MINUTES_LEFT,
    }
}

/// Secrets that may go nowhere yet: [`run_in`] knows the port of the device.
fn secrets(folder: &Path) -> Surroundings {
    for (name, text) in [("comunita", "public"), ("frase", "una frase segreta"), ("cifra", "un'altra frase")]
    {
        std::fs::write(folder.join(name), text).unwrap();
        std::fs::write(folder.join(format!("{name}.for")), "").unwrap();
    }
    Surroundings { secrets: SecretsDirectory::new(folder), ..surroundings() }
}

async fn run_in(surroundings: &Surroundings, folder: &Path, params: SnmpParams) -> Outcome {
    for name in ["comunita", "frase", "cifra"] {
        let line = format!("snmp://*:{} 127.0.0.0/8", params.address.port);
        std::fs::write(folder.join(format!("{name}.for")), line).unwrap();
    }
    // Keys take long to derive where nothing is optimised.
    let timeout_ms = if matches!(params.access, SnmpAccess::V2c { .. }) { 1_500 } else { 8_000 };
    let timing = Timing { timeout_ms, every_ms: 60_000, attempts: 1, ..spec().timing };
    let check = Check::new(CheckSpec { probe: Probe::Snmp(Box::new(params)), timing, ..spec() }).unwrap();
    let (outcome, transcript) = check.run_recorded(surroundings).await;
    for line in transcript.lines() {
        assert!(!line.text.contains("public") && !line.text.contains("frase"), "{}", line.text);
    }
    outcome
}

async fn run(params: SnmpParams) -> Outcome {
    let folder = tempfile::tempdir().unwrap();
    run_in(&secrets(folder.path()), folder.path(), params).await
}

#[track_caller]
fn check(outcome: &Outcome, verdict: Verdict, reason: Reason, detail: &str) {
    assert_eq!((outcome.verdict, outcome.reason), (verdict, reason), "{outcome:?}");
    assert!(outcome.evidence.detail.contains(detail), "{outcome:?}");
}

const FIRST: &str = "1.3.6.1.4.1.1.1.0";
const SECOND: &str = "1.3.6.1.4.1.1.2.0";

#[tokio::test]
async fn an_agent_that_answers_is_up() {
    let device = Device::start(machine(&[]), Manner::default()).await;
    let outcome = run(params(&device.address)).await;
    check(&outcome, Verdict::Up, Reason::None, "");
    assert_eq!(outcome.evidence.facts[0].value, "1 d 0 h 0 min");
    assert_eq!(*device.requests.lock().unwrap(), 1);
}

#[tokio::test]
async fn a_value_beyond_its_limit_is_down() {
    let device = Device::start(machine(&[(FIRST, integer(70))]), Manner::default()).await;
    let values = vec![wanted(FIRST, "60")];
    let outcome = run(SnmpParams { values, ..params(&device.address) }).await;
    check(&outcome, Verdict::Down, Reason::SnmpValue, "v1 = 70, > 60 is critical");
}

#[tokio::test]
async fn one_bad_name_does_not_hide_the_others() {
    for is_of_v1 in [false, true] {
        let manner = Manner { is_of_v1, ..Manner::default() };
        let device = Device::start(machine(&[(SECOND, integer(5))]), manner).await;
        let values = vec![wanted(FIRST, "60"), wanted(SECOND, "60")];
        let outcome = run(SnmpParams { values, ..params(&device.address) }).await;
        check(&outcome, Verdict::Degraded, Reason::SnmpNoSuch, "v1 is not there");
        let facts: Vec<_> = outcome.evidence.facts.iter().map(|fact| fact.value.as_str()).collect();
        assert!(facts.contains(&"v2 = 5"), "{facts:?}");
    }
}

#[tokio::test]
async fn what_is_too_big_is_asked_in_pieces() {
    let manner = Manner { values_max: Some(1), ..Manner::default() };
    let device = Device::start(machine(&[(FIRST, integer(1)), (SECOND, integer(70))]), manner).await;
    let values = vec![wanted(FIRST, "60"), wanted(SECOND, "60")];
    let outcome = run(SnmpParams { values, ..params(&device.address) }).await;
    check(&outcome, Verdict::Down, Reason::SnmpValue, "v2 = 70");
    let never = Manner { values_max: Some(0), ..Manner::default() };
    let device = Device::start(machine(&[]), never).await;
    let outcome = run(SnmpParams { values: vec![wanted(FIRST, "60")], ..params(&device.address) }).await;
    check(&outcome, Verdict::Degraded, Reason::SnmpTooBig, "v1 fits into no answer");
}

#[tokio::test]
async fn a_lost_datagram_is_sent_again() {
    let device = Device::start(machine(&[]), Manner { drops: 1, ..Manner::default() }).await;
    check(&run(params(&device.address)).await, Verdict::Up, Reason::None, "");
    assert_eq!(*device.requests.lock().unwrap(), 2);
}

#[tokio::test]
async fn only_the_answer_to_the_question_counts() {
    let manner = Manner { sends_strays: true, ..Manner::default() };
    let device = Device::start(machine(&[]), manner.clone()).await;
    let outcome = run(params(&device.address)).await;
    check(&outcome, Verdict::Up, Reason::None, "");
    let facts: Vec<_> = outcome.evidence.facts.iter().map(|fact| fact.value.as_str()).collect();
    assert!(facts.contains(&"3 datagrams that answer nothing asked"), "{facts:?}");
    let manner = Manner { sends_only_strays: true, ..manner };
    let device = Device::start(machine(&[]), manner).await;
    let outcome = run(params(&device.address)).await;
    check(&outcome, Verdict::Degraded, Reason::SnmpAgentSilent, "datagrams that answer nothing asked");
}

/// Loopback answers echo requests, so these devices are there.
#[tokio::test]
async fn a_silent_agent_on_a_device_that_answers_is_degraded() {
    let silent = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = HostPort { host: "127.0.0.1".to_owned(), port: silent.local_addr().unwrap().port() };
    let outcome = run(params(&address)).await;
    check(&outcome, Verdict::Degraded, Reason::SnmpAgentSilent, "but the device answers an echo");
    drop(silent);
    let outcome = run(params(&address)).await;
    check(&outcome, Verdict::Degraded, Reason::SnmpAgentSilent, "the port is closed");
}

#[tokio::test]
async fn an_interface_is_found_by_its_name_also_after_a_restart() {
    const INTERFACES: &str = "1.3.6.1.2.1.2.2.1";
    let named = |index: u32, oper: i64| {
        machine(&[
            (&format!("{INTERFACES}.2.{index}") as &str, octets(b"GigabitEthernet1/0/1")),
            (&format!("{INTERFACES}.7.{index}"), integer(1)),
            (&format!("{INTERFACES}.8.{index}"), integer(oper)),
            (&format!("1.3.6.1.2.1.31.1.1.1.1.{index}"), octets(b"Gi1/0/1")),
        ])
    };
    let folder = tempfile::tempdir().unwrap();
    let surroundings = secrets(folder.path());
    let asked = |device: &Device, names: &[&str]| SnmpParams {
        interfaces: names.iter().map(|name| (*name).to_owned()).collect(),
        ..params(&device.address)
    };
    let device = Device::start(named(10_101, 1), Manner::default()).await;
    let both = asked(&device, &["Gi1/0/1", "GigabitEthernet1/0/1", "10101"]);
    check(&run_in(&surroundings, folder.path(), both.clone()).await, Verdict::Up, Reason::None, "");
    let looked_up = *device.requests.lock().unwrap();
    check(&run_in(&surroundings, folder.path(), both).await, Verdict::Up, Reason::None, "");
    assert_eq!(*device.requests.lock().unwrap(), looked_up + 2, "the index is remembered");

    let device = Device::start(named(7, 2), Manner::default()).await;
    let outcome = run_in(&surroundings, folder.path(), asked(&device, &["Gi1/0/1"])).await;
    check(&outcome, Verdict::Down, Reason::SnmpInterfaceDown, "Gi1/0/1 is down");
    let outcome = run_in(&surroundings, folder.path(), asked(&device, &["Gi1/0/2"])).await;
    check(&outcome, Verdict::Degraded, Reason::SnmpNoSuch, "Gi1/0/2 is not there");
}

#[tokio::test]
async fn an_empty_table_is_no_fault_and_a_circular_one_ends() {
    let presets = vec![SnmpPreset::Sensors, SnmpPreset::Host];
    for is_circular in [false, true] {
        let device = Device::start(machine(&[]), Manner { is_circular, ..Manner::default() }).await;
        let outcome = run(SnmpParams { presets: presets.clone(), ..params(&device.address) }).await;
        check(&outcome, Verdict::Up, Reason::None, "");
    }
}

#[tokio::test]
async fn broken_sensors_and_full_disks_are_degraded() {
    const SENSOR: &str = "1.3.6.1.2.1.99.1.1.1.5";
    const DISK: &str = "1.3.6.1.2.1.25.2.3.1";
    let sensors: Vec<(String, Vec<u8>)> =
        (1..=30).map(|n| (format!("{SENSOR}.{n}"), integer(if n == 25 { 3 } else { 1 }))).collect();
    let sensors: Vec<(&str, Vec<u8>)> = sensors.iter().map(|(oid, v)| (oid.as_str(), v.clone())).collect();
    let device = Device::start(machine(&sensors), Manner::default()).await;
    let outcome = run(SnmpParams { presets: vec![SnmpPreset::Sensors], ..params(&device.address) }).await;
    check(&outcome, Verdict::Degraded, Reason::SnmpSensor, "broken sensors: 25");
    let device = Device::start(
        machine(&[
            (&format!("{DISK}.2.31") as &str, object(&oid_of("1.3.6.1.2.1.25.2.1.4"))),
            (&format!("{DISK}.3.31"), octets(b"/var")),
            (&format!("{DISK}.5.31"), integer(1_000)),
            (&format!("{DISK}.6.31"), integer(950)),
        ]),
        Manner::default(),
    )
    .await;
    let outcome = run(SnmpParams { presets: vec![SnmpPreset::Host], ..params(&device.address) }).await;
    check(&outcome, Verdict::Degraded, Reason::SnmpDisk, "/var is used to 95 %");
}

#[tokio::test]
async fn a_ups_tells_its_battery() {
    const UPS: &str = "1.3.6.1.2.1.33.1";
    let ups = |battery: i64, output: i64, alarm: Option<&str>| {
        let mut all = machine(&[
            (&format!("{UPS}.2.1.0") as &str, integer(battery)),
            (&format!("{UPS}.2.3.0"), integer(40)),
            (&format!("{UPS}.4.1.0"), integer(output)),
            (&format!("{UPS}.6.1.0"), of_type(0x42, &[u8::from(alarm.is_some())])),
        ]);
        if let Some(alarm) = alarm {
            all.insert(oid_of(&format!("{UPS}.6.2.1.2.1")), object(&oid_of(alarm)));
        }
        all
    };
    for (mib, verdict, reason) in [
        (ups(2, 3, None), Verdict::Up, Reason::None),
        (ups(2, 5, None), Verdict::Degraded, Reason::SnmpOnBattery),
        (ups(4, 5, None), Verdict::Down, Reason::SnmpBattery),
        (ups(2, 2, None), Verdict::Down, Reason::SnmpUpsOutput),
        (ups(2, 3, Some("1.3.6.1.2.1.33.1.6.3.1")), Verdict::Degraded, Reason::SnmpBattery),
        (ups(2, 3, Some("1.3.6.1.2.1.33.1.6.3.9")), Verdict::Degraded, Reason::SnmpUpsAlarm),
        (machine(&[]), Verdict::Degraded, Reason::SnmpNoSuch),
    ] {
        let device = Device::start(mib, Manner::default()).await;
        let outcome = run(SnmpParams { presets: vec![SnmpPreset::Ups], ..params(&device.address) }).await;
        check(&outcome, verdict, reason, "");
    }
}

#[tokio::test]
async fn a_secret_goes_only_to_devices_that_the_agent_allows() {
    let device = Device::start(machine(&[]), Manner::default()).await;
    let folder = tempfile::tempdir().unwrap();
    let surroundings = secrets(folder.path());
    let check = CheckSpec { probe: Probe::Snmp(Box::new(params(&device.address))), ..spec() };
    let outcome = Check::new(check).unwrap().run(&surroundings).await;
    assert_eq!(outcome.reason, Reason::AgentTargetForbidden, "{outcome:?}");
    assert_eq!(*device.requests.lock().unwrap(), 0);
}

mod v3;
