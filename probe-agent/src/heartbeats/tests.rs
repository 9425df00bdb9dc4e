//! The listener over real sockets: who may report, what is kept, and what a script's author is told.

use std::net::SocketAddr;
use std::time::Duration;

use config::{Cadence, Id};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

use super::*;
use crate::probe::hostile::{Dice, number};
use crate::state_file;

const JOB: &str = "data_center.backup.notturno";
const NOW_MS: i64 = 1_800_000_000_000;

fn id() -> CheckId {
    CheckId::new(JOB).unwrap()
}

fn params() -> HeartbeatParams {
    HeartbeatParams {
        due: Cadence::parse("24h").unwrap(),
        zone: "Europe/Rome".to_owned(),
        grace_ms: 3_600_000,
        early_ms: 0,
        max_duration_ms: None,
        down_after: config::DownAfter::default(),
        min_bytes: None,
        min_items: None,
        shrink_warn: None,
        slower_warn: None,
        secret: None,
    }
}

/// A desk with one job, and its listener.
struct Office {
    folder: tempfile::TempDir,
    address: SocketAddr,
    book: Arc<Book>,
    desk: Arc<Desk>,
    _tasks: JoinSet<()>,
}

impl Office {
    async fn open(params: HeartbeatParams) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock: WallClock = Arc::new(|| NOW_MS);
        let book = Arc::new(Book::new(folder.path(), Arc::clone(&clock)));
        let secrets = SecretsDirectory::new(folder.path().join("secrets"));
        std::fs::create_dir(folder.path().join("secrets")).unwrap();
        let jobs = Arc::new(RwLock::new(Jobs::new()));
        adopt(&jobs, HashMap::from([(id(), params)]));
        let desk = Arc::new(Desk::new(jobs, Arc::clone(&book), secrets, clock));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut tasks = JoinSet::new();
        tasks.spawn(listen::run(listener, Arc::clone(&desk), CancellationToken::new()));
        Self { folder, address, book, desk, _tasks: tasks }
    }

    fn secret(&self, name: &str, token: &str) {
        std::fs::write(self.folder.path().join("secrets").join(name), token).unwrap();
    }

    fn job(&self) -> Option<Job> {
        self.book.job(&id()).unwrap()
    }

    /// Status and sentence.
    async fn say(&self, head: &str, body: &str) -> (u16, String) {
        said(self.address, &format!("{head}\r\nhost: x\r\ncontent-length: {}\r\n\r\n{body}", body.len()))
            .await
    }
}

async fn said(address: SocketAddr, request: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // A refusal may come before all is read.
    let _ = stream.write_all(request.as_bytes()).await;
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer).await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{answer:?}"));
    (head[9..12].parse().unwrap(), body.trim_end().to_owned())
}

fn post(rest: &str) -> String {
    format!("POST /v1/heartbeats/{JOB}{rest} HTTP/1.1")
}

#[tokio::test]
async fn what_is_accepted_is_on_disk() {
    let office = Office::open(params()).await;
    for (rest, body, answer) in [
        ("/start?rid=r1", "", "accepted: start of data_center.backup.notturno"),
        (
            "/success?rid=r1",
            r#"{"bytes": 7, "items": 2}"#,
            "accepted: success of data_center.backup.notturno",
        ),
        ("?rid=r1", "", "known already: success of data_center.backup.notturno"),
        ("/log", "tape 4", "accepted: log of data_center.backup.notturno"),
    ] {
        assert_eq!(office.say(&post(rest), body).await, (200, answer.to_owned()), "{rest}");
    }
    let job = office.job().unwrap();
    let run = job.success.as_ref().unwrap();
    assert_eq!((run.at_ms, run.bytes, run.items, run.rid.as_deref()), (NOW_MS, Some(7), Some(2), Some("r1")));
    assert_eq!((job.message.as_str(), job.failed()), ("tape 4", None));
    // A new desk on the same disk knows what this one knew.
    assert_eq!(Book::new(office.folder.path(), Arc::new(|| 0)).job(&id()).unwrap(), Some(job));
}

#[tokio::test]
async fn what_is_refused_is_told_and_changes_nothing() {
    let office = Office::open(params()).await;
    let long = "x".repeat(report::BODY_BYTES_MAX + 1);
    for (head, body, status, words) in [
        (format!("GET /v1/heartbeats/{JOB} HTTP/1.1"), "", 405, "a heartbeat is a POST"),
        (format!("HEAD /v1/heartbeats/{JOB} HTTP/1.1"), "", 405, ""),
        (post("/end"), "", 404, "the path is /v1/heartbeats/JOB"),
        ("POST / HTTP/1.1".to_owned(), "", 404, "the path is"),
        ("POST /v1/heartbeats/s.c.other HTTP/1.1".to_owned(), "", 404, "expects no job `s.c.other`"),
        ("POST /v1/heartbeats/../x HTTP/1.1".to_owned(), "", 404, "the path is"),
        (post("?token=hunter2"), "", 400, "a token in it would end in logs"),
        (post("?rid=a%20b"), "", 400, "`rid` is letters"),
        (post(""), r#"{"bites": 1}"#, 400, "no JSON object"),
        (post(""), &long, 413, "over 10000 bytes"),
        (post("") + "\r\norigin: https://evil.example", "", 403, "web page"),
    ] {
        let (code, sentence) = office.say(&head, body).await;
        assert_eq!(code, status, "{head}: {sentence}");
        assert!(sentence.contains(words), "{head}: {sentence}");
        assert!(!sentence.contains("hunter2"), "{sentence}");
    }
    assert_eq!(office.job(), None);
}

#[tokio::test]
async fn a_job_with_a_token_reports_with_it_only() {
    let office = Office::open(params()).await;
    assert_eq!(office.say(&post(""), "").await.0, 200, "on this machine, before there is one");
    office.secret("notturno", "hunter2\n");
    let with = |token: &str| post("") + "\r\nauthorization: " + token;
    for (head, status) in [
        (post(""), 401),
        (with("Bearer wrong"), 401),
        (with("Bearer hunter"), 401),
        (with("Basic hunter2"), 401),
        (with("Bearer "), 401),
        (with("bearer hunter2"), 200),
        (with("Bearer hunter2"), 200),
    ] {
        assert_eq!(office.say(&head, "").await.0, status, "{head}");
    }
    office.secret("notturno", "");
    assert_eq!(office.say(&with("Bearer "), "").await.0, 503, "an empty file is no token");

    let named = HeartbeatParams { secret: Some(config::Id::new("nas").unwrap()), ..params() };
    let office = Office::open(named).await;
    assert_eq!(office.say(&post(""), "").await.0, 503, "named, and not there");
    office.secret("nas", "s3cret");
    assert_eq!(office.say(&with("Bearer s3cret"), "").await.0, 200);
}

#[tokio::test]
async fn from_elsewhere_a_token_is_needed() {
    let office = Office::open(params()).await;
    let (head, ()) = hyper::Request::post(format!("/v1/heartbeats/{JOB}")).body(()).unwrap().into_parts();
    let job = Expected { params: params(), pace: Pace::of_job() };
    for (peer, allowed) in [
        ("192.0.2.9:999", false),
        ("[2001:db8::9]:999", false),
        ("[::ffff:192.0.2.9]:999", false),
        ("127.0.0.1:999", true),
        ("[::1]:999", true),
        ("[::ffff:127.0.0.1]:999", true),
    ] {
        let admitted = office.desk.admit(peer.parse().unwrap(), &head, &id(), &job).await;
        assert_eq!(admitted.is_ok(), allowed, "{peer}: {admitted:?}");
    }
}

#[tokio::test]
async fn who_asks_too_often_waits() {
    let office = Office::open(params()).await;
    let mut statuses = Vec::new();
    for _ in 0..40 {
        statuses.push(office.say(&post("/log"), "x").await.0);
    }
    assert!(statuses[..30].iter().all(|status| *status == 200), "{statuses:?}");
    assert!(statuses.contains(&429), "{statuses:?}");
    office.secret("notturno", "hunter2");
    let mut guesses = Vec::new();
    for guess in 0..80 {
        let head = format!("{}\r\nauthorization: Bearer {guess}", post(""));
        guesses.push(office.say(&head, "").await.0);
    }
    assert!(guesses.contains(&401) && guesses.ends_with(&[429, 429, 429]), "{guesses:?}");
}

/// Whatever comes, the listener answers the next one.
#[tokio::test]
async fn nonsense_takes_nobody_with_it() {
    let office = Office::open(params()).await;
    for junk in [
        "\0\0\0\0",
        "POST",
        "POST /v1/heartbeats/x HTTP/9.9\r\n\r\n",
        "GET / HTTP/1.1\r\ncontent-length: 99999999999999999999\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ] {
        let mut stream = TcpStream::connect(office.address).await.unwrap();
        stream.write_all(junk.as_bytes()).await.unwrap();
    }
    let many = format!("{}\r\n{}\r\n\r\n", post(""), "a: b\r\n".repeat(100));
    let mut stream = TcpStream::connect(office.address).await.unwrap();
    stream.write_all(many.as_bytes()).await.unwrap();
    assert_eq!(office.say(&post(""), "").await.0, 200);
}

/// As [`crate::probe::hostile`] asks the probes: noise from its first byte, or behind a head that is in order as far
/// as it goes. Nobody who says it knows the token.
#[tokio::test]
async fn noise_is_no_report() {
    let office =
        Office::open(HeartbeatParams { secret: Some(Id::new("notturno").unwrap()), ..params() }).await;
    office.secret("notturno", "un-segreto-lungo");
    for number in 0..number("VEDETTA_HOSTILE", 300) {
        let mut dice = Dice(number);
        let head = match dice.below(3) {
            0 => String::new(),
            1 => post(["", "/start", "/fail", "/0"][dice.below(4)]),
            _ => {
                format!("{}\r\nhost: x\r\ncontent-length: 70000\r\nauthorization: Bearer ", post("/success"))
            }
        };
        let noise = [head.as_bytes(), &dice.noise(40_000)].concat();
        let mut stream = TcpStream::connect(office.address).await.unwrap();
        // A refusal may come before all is read.
        let _ = stream.write_all(&noise).await;
        let _ = stream.shutdown().await;
        let mut answer = Vec::new();
        let ended = timeout(Duration::from_secs(30), stream.read_to_end(&mut answer)).await;
        assert!(ended.is_ok(), "{number}: the listener neither answers nor hangs up");
        assert!(!answer.starts_with(b"HTTP/1.1 2"), "{number}: {}", String::from_utf8_lossy(&answer));
        assert_eq!(office.job(), None, "{number}");
    }
    // Who made the noise may have to wait by now; nobody else has.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.2:0".parse().unwrap()).unwrap();
    let mut stream = socket.connect(office.address).await.unwrap();
    let request = format!(
        "{}\r\nhost: x\r\nauthorization: Bearer un-segreto-lungo\r\ncontent-length: 0\r\n\r\n",
        post("")
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "who knows the token is heard: {answer}");
}

#[tokio::test]
async fn reports_that_waited_on_disk_are_taken_in_at_their_age() {
    let office = Office::open(params()).await;
    let inbox = Book::inbox(office.folder.path());
    state_file::make_directory(&inbox).unwrap();
    let kept = |job: &str, at_ms: i64| {
        format!(r#"{{"job": "{job}", "signal": "success", "at_ms": {at_ms}, "report": {{"bytes": 9}}}}"#)
    };
    for (name, text) in [
        ("1.json", kept(JOB, NOW_MS - 60_000)),
        ("2.json", kept("s.c.other", NOW_MS)),
        ("3.json", "{".to_owned()),
        ("4.tmp", "half written".to_owned()),
    ] {
        std::fs::write(inbox.join(name), text).unwrap();
    }
    office.desk.take_in_kept().await;
    let run = office.job().unwrap().success.unwrap();
    assert_eq!((run.at_ms, run.bytes), (NOW_MS - 60_000, Some(9)));
    let left: Vec<_> = std::fs::read_dir(&inbox).unwrap().flatten().map(|entry| entry.file_name()).collect();
    assert_eq!(left, ["4.tmp"]);
}

#[test]
fn a_gap_between_two_looks_is_an_absence() {
    let mut presence = Presence::default();
    assert!(!presence.look(1_000, String::new(), 3_000), "nothing was expected before");
    assert!(!presence.look(4_000, String::new(), 3_000));
    assert!(presence.look(7_001, String::new(), 3_000));
    assert_eq!(presence.away, [Away { from_ms: 4_000, to_ms: 7_001 }]);
    // While it cannot listen it is not there either, and a clock set back is no absence.
    assert!(presence.look(8_000, "in use".to_owned(), 3_000));
    assert!(presence.look(20_000, String::new(), 3_000));
    assert!(!presence.look(10_000, String::new(), 3_000));
    assert_eq!(presence.away.last(), Some(&Away { from_ms: 7_001, to_ms: 20_000 }));
    for at in 1..=200 {
        presence.look(20_000 + at * 10_000, String::new(), 3_000);
    }
    assert_eq!(presence.away.len(), 100);
}

#[test]
fn only_heartbeats_are_jobs() {
    let check = |probe: &str| {
        format!(
            r#"{{"id":"{JOB}","timing":{{"every_ms":1000,"timeout_ms":100,"hold_ms":2500,"attempts":1}},"probe":{probe}}}"#
        )
    };
    let checks = vec![
        check(r#"{"kind":"tcp","address":"h:1"}"#),
        check(r#"{"kind":"heartbeat","due":"02:30","grace_ms":0}"#),
        check(r#"{"kind":"heartbeat","due":"never","grace_ms":0}"#),
    ];
    let assignment = Assignment { revision: 1, agent: "ced1".to_owned(), checks, canaries: Vec::new() };
    let jobs = assigned(Some(&assignment));
    assert_eq!(jobs.keys().map(CheckId::as_str).collect::<Vec<_>>(), [JOB]);
    let params = &jobs[&id()];
    assert_eq!((params.due.to_string().as_str(), params.zone.as_str()), ("02:30", "Europe/Rome"));
}
