//! Access points by a controller that counts how often it is read.

use std::path::Path;
use std::sync::Mutex;

use collector_api::Verdict;
use config::{ApController, CheckSpec, Family, Id, Probe, SnmpAccess, SnmpOid, TlsParams};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, UdpSocket};
use tokio::task::JoinSet;

use super::super::tests::{spec, surroundings};
use super::super::{Check, Outcome};
use super::*;
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

fn params(name: &str, controller: ApController, host: &str, fallback: ApFallback) -> AccessPointParams {
    AccessPointParams {
        name: name.to_owned(),
        host: host.to_owned(),
        family: Family::V4,
        controller,
        fallback,
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
        let check = check_of(params(&name, wlc.controller(), "127.0.0.1", ApFallback::Icmp));
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
        let check = check_of(params(name, wlc.controller(), "127.0.0.1", ApFallback::Icmp));
        let (outcome, transcript) = check.run_recorded(&around).await;
        saw(&outcome, verdict, reason);
        assert!(transcript.lines().iter().all(|line| !line.text.contains("chiave")));
    }
}

/// Loopback answers an echo; nobody has 127.0.0.1's neighbour 240.0.0.1.
#[tokio::test]
async fn an_echo_stands_in_for_a_controller_that_is_silent_or_talks_nonsense() {
    let stateless = r#"{"data": [{"name": "roma-1"}, {"name": "Roma 2", "state": ""}]}"#;
    for document in [None, Some("<html>"), Some(r#"{"data": {}}"#), Some(r#"{"data": []}"#), Some(stateless)]
    {
        let wlc = Wlc::telling("").await;
        *wlc.document.lock().unwrap() = document.map(str::to_owned);
        let folder = tempfile::tempdir().unwrap();
        let around = wlc.around(folder.path());
        let run = |fallback| {
            let check = check_of(params("roma-1", wlc.controller(), "127.0.0.1", fallback));
            let around = &around;
            async move { check.run(around).await }
        };
        let outcome = run(ApFallback::Icmp).await;
        saw(&outcome, Verdict::Up, Reason::None);
        assert!(outcome.evidence.facts.iter().any(|fact| fact.name == "seen_by" && fact.value == "echo"));
        saw(&run(ApFallback::None).await, Verdict::Unknown, Reason::ApControllerUnreachable);
        assert_eq!(*wlc.readings.lock().unwrap(), 1, "also a failure is shared");
    }
    let fault = Fault::new(Reason::ConnectTimeout, "nobody");
    assert_eq!(judge_without(&fault, Some(false)).reason, Reason::ApNoReply);
    assert_eq!(judge_without(&fault, Some(false)).verdict(), Verdict::Down);
}

#[tokio::test]
async fn a_key_that_is_not_accepted_is_a_controller_that_does_not_tell() {
    let wlc = Wlc::telling(DEVICES).await;
    let folder = tempfile::tempdir().unwrap();
    let around = wlc.around(folder.path());
    std::fs::write(folder.path().join("unifi"), "altra").unwrap();
    let check = check_of(params("roma-1", wlc.controller(), "127.0.0.1", ApFallback::None));
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
        let check = check_of(params(&name, controller.clone(), "127.0.0.1", ApFallback::Icmp));
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
    let ap =
        AccessPoint::new(params("roma-1", wlc.controller(), "127.0.0.1", ApFallback::None), &timing).unwrap();
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
