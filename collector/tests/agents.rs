//! The agents' listener as an agent, and as an attacker, meets it: real sockets, real TLS, port 0.

#![expect(clippy::unwrap_used, reason = "a test's helpers fail by panicking too")]

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use collector::clock::Clock;
use collector::keys::Keys;
use collector::operator::AgentAddQuestion;
use collector::serve::{Acts, Collector, Listening, Options, Patience};
use collector_api::{
    Batch, BatchAnswer, Chain, ClockReading, EnrolAnswer, EnrolLine, EnrolRequest, Group, Hello, HelloAnswer,
    PublicKey, Record, Refusal, Route, Signature, SignedAssignment, SigningKey, Start, StreamId,
    answer_preimage, header, hex_decode, hex_encode, limits, request_preimage,
};
use http_body_util::{BodyExt as _, Full};
use hyper::Request;
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use prost::Message as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_util::sync::CancellationToken;

const CHARTER: &str = r#"
organisation: {name: Comune di Esempio}
sites: {ced: {agents: [ced1, ced2], users: [uffici]}}
services:
  rete:
    users: [uffici]
    commitments: [{kind: availability, above: 98%}]
    components:
      porta: {probe: tcp, targets: {una: "192.0.2.1:443"}}
collector: {agents: {listen: "127.0.0.1:0"}, web: {listen: "127.0.0.1:0"}, state: state}
"#;
const BEGAN_MS: i64 = 1_800_000_000_000;

/// A running collector whose calendar the test owns.
struct Running {
    directory: tempfile::TempDir,
    now_ms: Arc<AtomicI64>,
    listening: Listening,
    acts: Arc<Acts>,
    stop: CancellationToken,
    ended: JoinHandle<Result<(), collector::serve::ServeError>>,
}

impl Running {
    async fn start() -> Self {
        Self::start_with(Patience::default()).await
    }

    async fn start_with(patience: Patience) -> Self {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("vedetta.yaml"), CHARTER).unwrap();
        let state = directory.path().join("state");
        std::fs::create_dir(&state).unwrap();
        std::fs::set_permissions(&state, std::fs::Permissions::from_mode(0o700)).unwrap();
        Keys::create(&state).unwrap();
        Self::start_in(directory, patience, Arc::new(AtomicI64::new(BEGAN_MS))).await
    }

    async fn start_in(directory: tempfile::TempDir, patience: Patience, now_ms: Arc<AtomicI64>) -> Self {
        let clock = Arc::clone(&now_ms);
        let options = Options {
            config: directory.path().join("vedetta.yaml"),
            clock: Clock::new(move || clock.load(Ordering::SeqCst)),
            patience,
        };
        let collector = Collector::start(options).await.unwrap();
        let (listening, acts) = (collector.listening().clone(), collector.acts());
        let stop = CancellationToken::new();
        #[expect(clippy::disallowed_methods, reason = "the test awaits the handle in `stop`")]
        let ended = tokio::spawn(collector.run(stop.clone()));
        Self { directory, now_ms, listening, acts, stop, ended }
    }

    fn now_ms(&self) -> i64 {
        self.now_ms.load(Ordering::SeqCst)
    }

    fn later(&self, ms: i64) {
        self.now_ms.fetch_add(ms, Ordering::SeqCst);
    }

    /// A graceful stop, and the directory for a next start.
    async fn stop(self) -> (tempfile::TempDir, Arc<AtomicI64>) {
        self.stop.cancel();
        self.ended.await.unwrap().unwrap();
        (self.directory, self.now_ms)
    }

    async fn line(&self, agent: &str) -> EnrolLine {
        self.try_line(agent, false).await.unwrap()
    }

    async fn try_line(&self, agent: &str, replace: bool) -> Result<EnrolLine, String> {
        let question = AgentAddQuestion { agent: agent.to_owned(), replace };
        let answer = self.acts.agent_add("test".to_owned(), question).await;
        answer.map(|answer| EnrolLine::from_line(&answer.line).unwrap()).map_err(|error| error.to_string())
    }

    /// An agent that went through the whole enrolment.
    async fn enrolled(&self, name: &str, seed: u8) -> Agent {
        let line = self.line(name).await;
        let agent = Agent::of(&line, seed);
        let (status, _) = agent.enrol(&line).await;
        assert_eq!(status, 200);
        agent
    }
}

/// The agent's side, as far as the wire shows it.
struct Agent {
    name: String,
    key: SigningKey,
    collector: PublicKey,
    tls: TlsConnector,
    server_name: String,
    address: String,
    stream: StreamId,
}

type Answer = (u16, Vec<u8>);

impl Agent {
    fn of(line: &EnrolLine, seed: u8) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from(line.authority.clone())).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        Self {
            name: line.agent.clone(),
            key: SigningKey::from_seed(&[seed; 32]).unwrap(),
            collector: PublicKey::from_slice(&line.collector).unwrap(),
            tls: TlsConnector::from(Arc::new(config)),
            server_name: line.server_name.clone(),
            address: line.addresses[0].clone(),
            stream: StreamId([seed; 16]),
        }
    }

    async fn connect(&self) -> TlsStream<TcpStream> {
        let stream = TcpStream::connect(&self.address).await.unwrap();
        let name = ServerName::try_from(self.server_name.clone()).unwrap();
        self.tls.connect(name, stream).await.unwrap()
    }

    /// One request on its own connection; panics unless the answer's signature verifies.
    async fn ask(&self, route: Route, headers: &[(&str, String)], body: Vec<u8>) -> Answer {
        let nonce = [7; 16];
        let mut request = Request::builder()
            .method(route.method())
            .uri(route.path())
            .header("host", &self.server_name)
            .header(header::NONCE, hex_encode(&nonce));
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let request = request.body(Full::new(Bytes::from(body))).unwrap();
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(self.connect().await)).await.unwrap();
        let exchange = async {
            let response = sender.send_request(request).await.unwrap();
            let status = response.status().as_u16();
            let signature = response.headers()[header::SIGNATURE].to_str().unwrap().to_owned();
            let body = response.into_body().collect().await.unwrap().to_bytes().to_vec();
            let signature = Signature::from_slice(&hex_decode(&signature).unwrap()).unwrap();
            let preimage = answer_preimage(route.path(), &nonce, status, &body);
            assert!(self.collector.verifies(&preimage, &signature), "an answer of {status} is not signed");
            (status, body)
        };
        tokio::select! {
            answer = exchange => answer,
            () = async { let _ = connection.await; std::future::pending::<()>().await } => unreachable!(),
        }
    }

    async fn enrol(&self, line: &EnrolLine) -> Answer {
        let request = EnrolRequest::new(&self.name, &line.code, "0.1.0", &self.key);
        self.ask(Route::Enrol, &[], request.encode_to_vec()).await
    }

    async fn challenge(&self) -> Vec<u8> {
        let (status, challenge) = self.ask(Route::Challenge, &[], Vec::new()).await;
        assert_eq!((status, challenge.len()), (200, 24));
        challenge
    }

    async fn signed(&self, route: Route, challenge: &[u8], body: Vec<u8>) -> Answer {
        let preimage = request_preimage(route.method(), route.path(), &[7; 16], challenge, &body);
        let headers = [
            (header::AGENT, self.name.clone()),
            (header::CHALLENGE, hex_encode(challenge)),
            (header::SIGNATURE, hex_encode(&self.key.sign(&preimage).0)),
        ];
        self.ask(route, &headers, body).await
    }

    async fn hello(&self, now_ms: i64) -> Answer {
        let hello = Hello {
            stream: self.stream.0.to_vec(),
            sent_ms: now_ms,
            version: "0.1.0".to_owned(),
            ..Hello::default()
        };
        self.signed(Route::Hello, &self.challenge().await, hello.encode_to_vec()).await
    }

    /// A batch of one group with one record, right after `before`.
    fn batch(&self, seq: u64, before: Chain, now_ms: i64) -> (Batch, Chain) {
        let start = Start { at_ms: now_ms, version: "0.1.0".to_owned(), ..Start::default() };
        let record = Record { start: Some(start), ..Record::default() };
        let group = Group { first_seq: seq, base_ms: now_ms, records: vec![record] }.encode_to_vec();
        let clock = ClockReading { sent_ms: now_ms, offset_ms: 0, rtt_ms: 1, ntp_error_ms: 0 };
        let batch = Batch::pack(self.stream, (seq, seq), before, &[&group], clock, &self.key).unwrap();
        (batch, before.extend(&group))
    }

    async fn push(&self, batch: &Batch) -> Answer {
        self.ask(Route::Batches, &[(header::AGENT, self.name.clone())], batch.encode_to_vec()).await
    }
}

fn refusal(answer: &Answer) -> Refusal {
    Refusal::decode(answer.1.as_slice()).unwrap()
}

#[tokio::test]
async fn a_line_enrols_one_key_once() {
    let collector = Running::start().await;
    let line = collector.line("ced1").await;
    let agent = Agent::of(&line, 1);
    let (status, body) = agent.enrol(&line).await;
    assert_eq!((status, EnrolAnswer::decode(body.as_slice()).unwrap().agent.as_str()), (200, "ced1"));
    // The answer may have been lost: the same key with the same line is the same agent.
    assert_eq!(agent.enrol(&line).await.0, 200);
    let thief = Agent::of(&line, 2);
    assert_eq!(thief.enrol(&line).await.0, 403);
    assert_eq!(agent.hello(collector.now_ms()).await.0, 200);
    assert_eq!(thief.hello(collector.now_ms()).await.0, 401);
    collector.stop().await;
}

#[tokio::test]
async fn a_line_ends_after_a_quarter_of_an_hour() {
    let collector = Running::start().await;
    let line = collector.line("ced1").await;
    collector.later(15 * 60 * 1000 + 1);
    assert_eq!(Agent::of(&line, 1).enrol(&line).await.0, 401);
    let fresh = collector.line("ced1").await;
    assert_eq!(Agent::of(&line, 1).enrol(&line).await.0, 401, "a newer line ends the older one");
    assert_eq!(Agent::of(&fresh, 1).enrol(&fresh).await.0, 200);
    collector.stop().await;
}

#[tokio::test]
async fn wrong_codes_wait_and_the_right_one_does_not() {
    let collector = Running::start().await;
    let line = collector.line("ced1").await;
    let agent = Agent::of(&line, 1);
    let mut wrong = line.clone();
    wrong.code = vec![0; 32];
    let mut statuses = Vec::new();
    for _ in 0..22 {
        statuses.push(agent.enrol(&wrong).await.0);
    }
    assert_eq!(statuses[..20], [401; 20]);
    assert_eq!(statuses[20..], [429; 2]);
    assert_eq!(agent.enrol(&line).await.0, 200);
    collector.stop().await;
}

#[tokio::test]
async fn lines_are_given_for_agents_of_the_charter_that_are_not_enrolled() {
    let collector = Running::start().await;
    assert!(collector.try_line("nessuno", false).await.unwrap_err().contains("sites:"));
    let old = collector.enrolled("ced1", 1).await;
    assert!(collector.try_line("ced1", false).await.unwrap_err().contains("replace"));
    let line = collector.try_line("ced1", true).await.unwrap();
    assert_eq!(old.hello(collector.now_ms()).await.0, 200, "until the new key is shown");
    let new = Agent::of(&line, 2);
    assert_eq!(new.enrol(&line).await.0, 200);
    assert_eq!(old.hello(collector.now_ms()).await.0, 401);
    assert_eq!(new.hello(collector.now_ms()).await.0, 200);
    collector.stop().await;
}

#[tokio::test]
async fn a_batch_is_acknowledged_once_and_survives_a_restart() {
    let collector = Running::start().await;
    let agent = collector.enrolled("ced1", 1).await;
    let (status, body) = agent.hello(collector.now_ms()).await;
    let hello = HelloAnswer::decode(body.as_slice()).unwrap();
    assert_eq!((status, hello.acked_seq, hello.received_ms), (200, 0, BEGAN_MS));
    assert!(hello.assignment_revision > 0);

    let genesis = Chain::genesis(agent.stream);
    let (first, chain) = agent.batch(1, genesis, collector.now_ms());
    for _ in 0..2 {
        let (status, body) = agent.push(&first).await;
        let answer = BatchAnswer::decode(body.as_slice()).unwrap();
        assert_eq!((status, answer.acked_seq, answer.chain), (200, 1, chain.0.to_vec()));
    }
    let (far, _) = agent.batch(5, chain, collector.now_ms());
    let answer = agent.push(&far).await;
    assert_eq!((answer.0, refusal(&answer).expected_seq), (409, 2));
    let (fork, _) = agent.batch(1, genesis, collector.now_ms() + 1);
    let answer = agent.push(&fork).await;
    assert_eq!((answer.0, refusal(&answer).expected_seq), (409, 0), "the agent signed two histories");

    let (directory, now_ms) = collector.stop().await;
    let collector = Running::start_in(directory, Patience::default(), now_ms).await;
    let agent = Agent { address: collector.listening.agents.to_string(), ..agent };
    let (_, body) = agent.hello(collector.now_ms()).await;
    let again = HelloAnswer::decode(body.as_slice()).unwrap();
    assert_eq!((again.acked_seq, again.chain), (1, chain.0.to_vec()));
    assert_eq!(again.assignment_revision, hello.assignment_revision, "a restart is no new assignment");
    let (second, _) = agent.batch(2, chain, collector.now_ms());
    assert_eq!(agent.push(&second).await.0, 200);
    collector.stop().await;
}

#[tokio::test]
async fn a_proxy_that_spoils_what_is_unsigned_proves_no_fork() {
    let collector = Running::start().await;
    let agent = collector.enrolled("ced1", 1).await;
    let (first, chain) = agent.batch(1, Chain::genesis(agent.stream), collector.now_ms());
    assert_eq!(agent.push(&first).await.0, 200);
    let (second, after) = agent.batch(2, chain, collector.now_ms());
    let emptied = |first_seq| {
        let nothing = zstd::bulk::compress(&[], 3).unwrap();
        Batch { first_seq, chain_before: after.0.to_vec(), body: nothing, ..second.clone() }
    };
    for spoiled in [emptied(1), emptied(2), Batch { first_seq: 1, ..second.clone() }] {
        let answer = agent.push(&spoiled).await;
        let refusal = refusal(&answer);
        let said = (answer.0, refusal.expected_seq, refusal.chain.as_slice());
        assert_eq!(said, (409, 2, chain.0.as_slice()), "what follows the mark, and the mark's chain");
    }
    assert_eq!(agent.push(&second).await.0, 200);
    collector.stop().await;
}

#[tokio::test]
async fn an_assignment_is_signed_and_grows_with_the_charter() {
    let collector = Running::start().await;
    let agent = collector.enrolled("ced1", 1).await;
    let fetch = async || {
        let (status, body) = agent.signed(Route::Assignment, &agent.challenge().await, Vec::new()).await;
        assert_eq!(status, 200);
        SignedAssignment::decode(body.as_slice()).unwrap().open(&agent.collector, "ced1").unwrap()
    };
    let first = fetch().await;
    assert_eq!(first.checks.len(), 1);

    let file = collector.directory.path().join("vedetta.yaml");
    std::fs::write(&file, format!("# another comment\n{CHARTER}")).unwrap();
    let answer = collector.acts.reload("test".to_owned(), false).await.unwrap();
    assert_eq!((answer.changes.len(), answer.revision), (0, None));
    assert_eq!(fetch().await, first);

    std::fs::write(&file, CHARTER.replace("{una:", "{due: \"192.0.2.2:443\", una:")).unwrap();
    let dry = collector.acts.reload("test".to_owned(), true).await.unwrap();
    assert_eq!((dry.changes.len(), dry.revision), (1, None));
    let answer = collector.acts.reload("test".to_owned(), false).await.unwrap();
    assert!(answer.revision.is_some());
    let second = fetch().await;
    assert_eq!(second.checks.len(), 2);
    assert!(second.revision > first.revision);

    std::fs::write(&file, CHARTER.replace("98%", "980%")).unwrap();
    let refused = collector.acts.reload("test".to_owned(), false).await.unwrap_err().to_string();
    assert!(refused.contains("vedetta.yaml:7:"), "{refused}");
    assert_eq!(fetch().await, second, "the old charter stays in force");
    collector.stop().await;
}

#[tokio::test]
async fn only_the_right_agent_is_heard() {
    let collector = Running::start().await;
    let agent = collector.enrolled("ced1", 1).await;
    let other = collector.enrolled("ced2", 2).await;
    let now_ms = collector.now_ms();
    let (batch, _) = agent.batch(1, Chain::genesis(agent.stream), now_ms);

    let mut unsigned = batch.clone();
    unsigned.signature[0] ^= 1;
    assert_eq!(agent.push(&unsigned).await.0, 401);
    let mut altered = batch.clone();
    altered.clock.offset_ms = 1;
    assert_eq!(agent.push(&altered).await.0, 401, "the clock is signed too");
    let mut hollow = batch.clone();
    hollow.body = zstd::bulk::compress(b"", 3).unwrap();
    assert_eq!(agent.push(&hollow).await.0, 400, "the body is not what was signed");
    let mut short = batch.clone();
    short.chain_before.pop();
    assert_eq!(agent.push(&short).await.0, 400);
    let unknown = Agent { name: "nessuno".to_owned(), ..Agent::of(&collector.line_of(&agent), 3) };
    assert_eq!(unknown.push(&batch).await.0, 401);
    assert_eq!(unknown.hello(now_ms).await.0, 401);

    assert_eq!(agent.push(&batch).await.0, 200);
    let theirs = Agent { stream: agent.stream, ..other };
    let (foreign, _) = theirs.batch(2, Chain([9; 32]), now_ms);
    assert_eq!(theirs.push(&foreign).await.0, 403, "a stream has one agent");
    assert_eq!(theirs.hello(now_ms).await.0, 403);
    collector.stop().await;
}

impl Running {
    /// What a line of this collector tells beside its code.
    fn line_of(&self, agent: &Agent) -> EnrolLine {
        let authority = std::fs::read(self.directory.path().join("state/authority.der")).unwrap();
        EnrolLine {
            addresses: vec![agent.address.clone()],
            authority,
            collector: agent.collector.0.to_vec(),
            agent: agent.name.clone(),
            code: vec![0; 32],
            server_name: agent.server_name.clone(),
        }
    }
}

#[tokio::test]
async fn a_revoked_agent_is_refused_at_once() {
    let collector = Running::start().await;
    let agent = collector.enrolled("ced1", 1).await;
    assert_eq!(agent.hello(collector.now_ms()).await.0, 200);
    collector.acts.agent_revoke("test".to_owned(), "ced1".to_owned()).await.unwrap();
    let (batch, _) = agent.batch(1, Chain::genesis(agent.stream), collector.now_ms());
    assert_eq!(agent.push(&batch).await.0, 403);
    assert_eq!(agent.hello(collector.now_ms()).await.0, 403);
    assert!(collector.acts.agent_revoke("test".to_owned(), "nessuno".to_owned()).await.is_err());
    collector.stop().await;
}

#[tokio::test]
async fn a_stale_challenge_is_answered_with_a_fresh_one() {
    let collector = Running::start().await;
    let agent = collector.enrolled("ced1", 1).await;
    let challenge = agent.challenge().await;
    collector.later(5 * 60 * 1000 + 1);
    let hello = Hello { stream: agent.stream.0.to_vec(), ..Hello::default() }.encode_to_vec();
    let answer = agent.signed(Route::Hello, &challenge, hello.clone()).await;
    assert_eq!(answer.0, 401);
    let fresh = refusal(&answer).challenge;
    assert_eq!(agent.signed(Route::Hello, &fresh, hello.clone()).await.0, 200);
    assert_eq!(agent.signed(Route::Hello, &[0; 24], hello).await.0, 401, "made up");
    collector.stop().await;
}

#[tokio::test]
async fn what_is_too_large_is_refused_before_it_is_sent() {
    let collector = Running::start().await;
    let agent = collector.enrolled("ced1", 1).await;
    for (route, bytes) in
        [(Route::Batches, limits::BATCH_WIRE_BYTES_MAX), (Route::Enrol, limits::MESSAGE_BYTES_MAX)]
    {
        let mut stream = agent.connect().await;
        // Announced, never sent: an answer can only mean that nobody waits for the bytes.
        let head = format!(
            "POST {} HTTP/1.1\r\nhost: x\r\n{}: ced1\r\n{}: {}\r\ncontent-length: {}\r\n\r\n",
            route.path(),
            header::AGENT,
            header::NONCE,
            hex_encode(&[7; 16]),
            bytes + 1
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).await.unwrap();
        assert_eq!(std::str::from_utf8(&answer).unwrap(), "HTTP/1.1 413");
    }
    collector.stop().await;
}

#[tokio::test]
async fn strangers_learn_nothing_and_odd_requests_are_answered_signed() {
    let collector = Running::start().await;
    let agent = collector.enrolled("ced1", 1).await;
    let garbage = [(header::AGENT, "ced1".to_owned())];
    assert_eq!(agent.ask(Route::Batches, &garbage, vec![0xff; 100]).await.0, 400);
    assert_eq!(agent.ask(Route::Enrol, &[], vec![0xff; 100]).await.0, 400);
    assert_eq!(agent.ask(Route::Hello, &garbage, Vec::new()).await.0, 401);
    assert_eq!(agent.ask(Route::Assignment, &[], Vec::new()).await.0, 401);
    let mut stream = agent.connect().await;
    stream.write_all(b"GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 404", "pages are not here");
    collector.stop().await;
}

#[tokio::test]
async fn slow_peers_are_left() {
    let quick = Duration::from_millis(200);
    let patience =
        Patience { handshake: quick, head: quick, idle: quick, body: quick, ..Patience::default() };
    let collector = Running::start_with(patience).await;
    let line = collector.line("ced1").await;
    let agent = Agent::of(&line, 1);
    let address = collector.listening.agents;

    let mut silent = TcpStream::connect(address).await.unwrap();
    let mut half = agent.connect().await;
    half.write_all(b"POST /v1/enrol HTTP/1.1\r\nho").await.unwrap();
    let mut idle = agent.connect().await;
    idle.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let mut bodiless = agent.connect().await;
    let head = format!(
        "POST /v1/enrol HTTP/1.1\r\nhost: x\r\n{}: {}\r\ncontent-length: 100\r\n\r\n",
        header::NONCE,
        hex_encode(&[7; 16])
    );
    bodiless.write_all(head.as_bytes()).await.unwrap();

    // Each of them ends because the collector leaves; without deadlines this would wait for ever.
    let mut answer = Vec::new();
    let _ = silent.read_to_end(&mut answer).await;
    assert_eq!(answer, b"");
    let _ = half.read_to_end(&mut answer).await;
    assert!(!answer.starts_with(b"HTTP/1.1 200"));
    answer.clear();
    let _ = idle.read_to_end(&mut answer).await;
    assert!(answer.starts_with(b"HTTP/1.1 404"), "one answer, then left");
    answer.clear();
    let _ = bodiless.read_to_end(&mut answer).await;
    assert!(answer.starts_with(b"HTTP/1.1 408"));
    collector.stop().await;
}

#[tokio::test]
async fn two_hundred_slow_connections_do_not_stop_a_good_one() {
    let collector = Running::start().await;
    let agent = collector.enrolled("ced1", 1).await;
    let mut slow = Vec::new();
    for index in 0..200 {
        if index % 2 == 0 {
            slow.push(TcpStream::connect(collector.listening.agents).await.unwrap());
        } else {
            let mut stream = TcpStream::connect(collector.listening.agents).await.unwrap();
            stream.write_all(&[22, 3, 1]).await.unwrap(); // The beginning of a ClientHello.
            slow.push(stream);
        }
    }
    assert_eq!(agent.hello(collector.now_ms()).await.0, 200);
    let (batch, _) = agent.batch(1, Chain::genesis(agent.stream), collector.now_ms());
    assert_eq!(agent.push(&batch).await.0, 200);
    drop(slow);
    collector.stop().await;
}

#[tokio::test]
async fn one_state_directory_has_one_collector() {
    let collector = Running::start().await;
    let options = Options {
        config: collector.directory.path().join("vedetta.yaml"),
        clock: Clock::system(),
        patience: Patience::default(),
    };
    let second = Collector::start(options).await.unwrap_err().to_string();
    assert!(second.contains("another collector"), "{second}");
    let socket = collector.listening.socket.clone();
    let mode = std::fs::metadata(&socket).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
    let told = std::fs::read(Path::new(&socket).with_file_name("listening.json")).unwrap();
    assert_eq!(serde_json::from_slice::<Listening>(&told).unwrap(), collector.listening);
    collector.stop().await;
    assert!(!socket.exists());
}
