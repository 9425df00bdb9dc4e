//! Delivery over a real TLS connection, to a collector that accepts by the protocol's rule and fails
//! on demand.

use std::collections::VecDeque;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use collector_api::{
    Assignment, Batch, BatchAnswer, Chain, EnrolAnswer, EnrolLine, EnrolRequest, Group, Hello, HelloAnswer,
    JournalHead, PlannedWindow, PublicKey, Refusal, Signature, SignedAssignment, SigningKey, StreamId,
    answer_preimage, header, hex_decode, hex_encode, request_preimage, unpack_groups,
};
use prost::Message;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::identity::enrol;
use crate::sample::{Dictionary, Entry, Sample};
use crate::spool::{self, SpoolOptions};
use crate::status::StatusCell;

const SERVER_NAME: &str = "collector.example";
const PATIENCE: Duration = Duration::from_secs(30);

/// What to do with the next batch instead of answering it.
#[derive(Debug, Clone, Copy)]
enum Fault {
    /// Store it, then close the connection.
    AnswerLost,
    /// Answer with a signature of another key.
    Forged,
    /// Refuse with this status.
    Refuse(u16),
    /// Acknowledge what another stream has, as when another batch was put in this one's place.
    OfAnother,
}

/// The collector's state, as a test sees it.
struct Collector {
    key: SigningKey,
    agent: Option<PublicKey>,
    challenge: Vec<u8>,
    stream: Option<StreamId>,
    mark: u64,
    chain: Option<Chain>,
    groups: Vec<Vec<u8>>,
    faults: VecDeque<Fault>,
    journal: JournalHead,
    streams: u32,
}

impl Collector {
    fn new() -> Self {
        Self {
            key: SigningKey::from_seed(&[3; 32]).unwrap(),
            agent: None,
            challenge: vec![1; 24],
            stream: None,
            mark: 0,
            chain: None,
            groups: Vec::new(),
            faults: VecDeque::new(),
            journal: JournalHead { epoch: 1, seq: 4, hash: vec![4; 32] },
            streams: 0,
        }
    }

    /// Status and body; `None` closes the connection. The bool asks for a wrong signature.
    fn answer(
        &mut self,
        path: &str,
        headers: &[(String, String)],
        body: &[u8],
    ) -> Option<(u16, Vec<u8>, bool)> {
        let value = |name: &str| headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        let bytes = |name: &str| hex_decode(value(name).unwrap_or_default()).unwrap();
        if matches!(path, "/v1/hello" | "/v1/assignment") {
            let method = if path == "/v1/hello" { "POST" } else { "GET" };
            if bytes(header::CHALLENGE) != self.challenge {
                let refusal = Refusal { challenge: self.challenge.clone(), ..Refusal::default() };
                return Some((401, refusal.encode_to_vec(), false));
            }
            let preimage = request_preimage(method, path, &bytes(header::NONCE), &self.challenge, body);
            let signature = Signature::from_slice(&bytes(header::SIGNATURE)).unwrap();
            assert!(self.agent.unwrap().verifies(&preimage, &signature));
            assert_eq!(value(header::AGENT), Some("ced1"));
        }
        let now_ms = 5_000;
        let answer = match path {
            // A stale one at first, so that the refusal's has to be taken up.
            "/v1/challenge" => vec![9; 24],
            "/v1/enrol" => {
                let request = EnrolRequest::decode(body).unwrap();
                self.agent = request.proven_key();
                EnrolAnswer { agent: request.agent }.encode_to_vec()
            }
            "/v1/hello" => {
                let hello = Hello::decode(body).unwrap();
                let stream = StreamId::from_slice(&hello.stream).unwrap();
                if self.stream != Some(stream) {
                    self.streams += 1;
                    (self.stream, self.mark, self.chain) = (Some(stream), 0, Some(Chain::genesis(stream)));
                    self.groups.clear();
                }
                HelloAnswer {
                    acked_seq: self.mark,
                    chain: self.chain.unwrap().0.to_vec(),
                    received_ms: now_ms,
                    sent_ms: now_ms,
                    assignment_revision: 2,
                    journal: Some(self.journal.clone()),
                    journal_then: match hello.journal {
                        Some(head) if head == self.journal => head.hash,
                        Some(_) => vec![4; 32],
                        None => Vec::new(),
                    },
                    planned: Vec::new(),
                }
                .encode_to_vec()
            }
            "/v1/assignment" => SignedAssignment::sign(&assignment(), &self.key).encode_to_vec(),
            "/v1/batches" => return self.accept(body),
            _ => return Some((404, Vec::new(), false)),
        };
        Some((200, answer, false))
    }

    fn accept(&mut self, body: &[u8]) -> Option<(u16, Vec<u8>, bool)> {
        let batch = Batch::read(body).unwrap();
        let head = batch.check_header().unwrap();
        batch.verify(&head, &self.agent.unwrap()).unwrap();
        assert!(batch.clock.error_bound_ms().is_some(), "a batch comes after an exchange");
        let fault = self.faults.pop_front();
        if let Some(Fault::Refuse(status)) = fault {
            return Some((status, Refusal::default().encode_to_vec(), false));
        }
        if let Some(Fault::OfAnother) = fault {
            let mut answer = self.acknowledgement();
            (answer.acked_seq, answer.chain) = (9_000, vec![9; 32]);
            return Some((200, answer.encode_to_vec(), false));
        }
        if batch.first_seq != self.mark + 1 || Some(head.before) != self.chain {
            let refusal = Refusal { expected_seq: self.mark + 1, ..Refusal::default() };
            return Some((409, refusal.encode_to_vec(), false));
        }
        let plain = batch.open_body(&head).unwrap();
        self.groups.extend(unpack_groups(&plain).map(|group| group.unwrap().to_vec()));
        (self.mark, self.chain) = (batch.last_seq, Some(head.after));
        let answer = self.acknowledgement();
        match fault {
            Some(Fault::AnswerLost) => None,
            fault => Some((200, answer.encode_to_vec(), matches!(fault, Some(Fault::Forged)))),
        }
    }

    fn acknowledgement(&self) -> BatchAnswer {
        BatchAnswer {
            acked_seq: self.mark,
            chain: self.chain.unwrap().0.to_vec(),
            received_ms: 5_000,
            sent_ms: 5_000,
            assignment_revision: 2,
            journal: Some(self.journal.clone()),
            planned: vec![PlannedWindow { from_ms: 7_000, to_ms: 8_000 }],
        }
    }

    /// The slots of all samples that arrived, and how many Starts there were.
    fn samples(&self) -> (Vec<i64>, usize) {
        let (mut slots, mut starts) = (Vec::new(), 0);
        for bytes in &self.groups {
            let group = Group::read(bytes).unwrap();
            let mut slot_ms = group.base_ms;
            for record in &group.records {
                starts += usize::from(record.start.is_some());
                if record.is_sample() {
                    slot_ms += record.slot_delta_ms;
                    slots.push(slot_ms);
                }
            }
        }
        (slots, starts)
    }
}

fn assignment() -> Assignment {
    Assignment { revision: 2, agent: "ced1".to_owned(), checks: Vec::new(), canaries: Vec::new() }
}

/// A collector on loopback, and the enrolment line that leads to it.
struct Served {
    collector: Arc<Mutex<Collector>>,
    line: String,
    _tasks: JoinSet<()>,
}

async fn serve() -> Served {
    let authority_key = rcgen::KeyPair::generate().unwrap();
    let mut authority = rcgen::CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let authority_certificate = authority.self_signed(&authority_key).unwrap();
    let issuer = rcgen::Issuer::new(authority, authority_key);
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::new(vec![SERVER_NAME.to_owned()])
        .unwrap()
        .signed_by(&key, &issuer)
        .unwrap();
    let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let tls = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], private)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(tls));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let collector = Arc::new(Mutex::new(Collector::new()));
    let line = EnrolLine {
        // Nobody listens at the first one.
        addresses: vec!["127.0.0.1:1".to_owned(), listener.local_addr().unwrap().to_string()],
        authority: authority_certificate.der().to_vec(),
        collector: collector.lock().unwrap().key.public().0.to_vec(),
        agent: "ced1".to_owned(),
        code: vec![7; 32],
        server_name: SERVER_NAME.to_owned(),
    };
    let mut tasks = JoinSet::new();
    let served = Arc::clone(&collector);
    tasks.spawn(async move {
        let mut connections = JoinSet::new();
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            connections.spawn(connection(acceptor.clone(), stream, Arc::clone(&served)));
        }
    });
    Served { collector, line: line.to_line(), _tasks: tasks }
}

/// Enough of HTTP/1.1 for this client.
async fn connection(acceptor: TlsAcceptor, stream: TcpStream, collector: Arc<Mutex<Collector>>) {
    let Ok(mut stream) = acceptor.accept(stream).await else { return };
    loop {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            match stream.read_u8().await {
                Ok(byte) => head.push(byte),
                Err(_) => return,
            }
        }
        let head = String::from_utf8(head).unwrap();
        let path = head.split(' ').nth(1).unwrap().to_owned();
        let headers: Vec<(String, String)> = head
            .lines()
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
            .collect();
        let value = |name: &str| headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
        let length = value("content-length").map_or(0, |length| length.parse().unwrap());
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await.unwrap();
        let nonce = hex_decode(&value(header::NONCE).unwrap()).unwrap();
        let answer = {
            let mut collector = collector.lock().unwrap();
            collector.answer(&path, &headers, &body).map(|(status, body, is_forged)| {
                let preimage = answer_preimage(&path, &nonce, status, &body);
                let other = SigningKey::from_seed(&[4; 32]).unwrap();
                let key = if is_forged { &other } else { &collector.key };
                (status, body, hex_encode(&key.sign(&preimage).0))
            })
        };
        let Some((status, body, signature)) = answer else { return };
        let head = format!(
            "HTTP/1.1 {status} x\r\ncontent-length: {}\r\n{}: {signature}\r\n\r\n",
            body.len(),
            header::SIGNATURE
        );
        stream.write_all(&[head.as_bytes(), &body].concat()).await.unwrap();
        stream.flush().await.unwrap();
    }
}

/// One life of an agent: takes these samples, delivers, ends. Returns the assignment it learned.
async fn live(
    home: &std::path::Path,
    slots: std::ops::Range<i64>,
    status: &StatusCell,
) -> Option<Arc<Assignment>> {
    let clock: WallClock = Arc::new(|| 5_000);
    let options = SpoolOptions {
        directory: home.join("spool"),
        bytes_max: 16 << 20,
        version: "0.1.0".to_owned(),
        boot_id: String::new(),
    };
    let spool = spool::open(&options, Arc::clone(&clock), status.clone()).unwrap();
    let (assignments, mut assigned) = watch::channel(None);
    let (_refused, refused_checks) = watch::channel(vec!["a.b.c: kind `x` is not known".to_owned()]);
    let push = Push {
        identity: Arc::new(Identity::load(home).unwrap()),
        addresses: Vec::new(),
        state_directory: home.to_owned(),
        spool: spool.clone(),
        assignments,
        refused_checks,
        ntp_error_ms: Arc::new(AtomicU64::new(0)),
        clock,
        status: status.clone(),
        version: "0.1.0".to_owned(),
    };
    let (sender, entries) = mpsc::channel(16);
    let mut stages: JoinSet<()> = JoinSet::new();
    stages.spawn(async move { spool::run(spool, entries).await.unwrap() });
    stages.spawn(async move { run(push).await.unwrap() });
    sender.send(Entry::Dictionary(Dictionary { revision: 1, entries: Vec::new() })).await.unwrap();
    let last = slots.end;
    for slot_ms in slots {
        let sample = Sample {
            check: 0,
            revision: 1,
            slot_ms,
            lag_ms: 0,
            verdict: collector_api::Verdict::Up,
            reason: collector_api::Reason::None,
            duration_micros: 1,
            evidence: None,
            changed: slot_ms + 1 == last,
        };
        sender.send(Entry::Sample(sample)).await.unwrap();
    }
    // All is acknowledged before the end, so that no fault is left to the last attempt.
    timeout(PATIENCE, assigned.wait_for(Option::is_some)).await.unwrap().unwrap();
    let delivered = async {
        while status.get().durable_seq < 3 || status.get().acked_seq < status.get().durable_seq {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, delivered).await.expect("everything is delivered in time");
    drop(sender);
    timeout(PATIENCE, async { while stages.join_next().await.is_some() {} }).await.unwrap();
    assigned.borrow().clone()
}

#[tokio::test]
async fn samples_arrive_once_whatever_happens_on_the_way() {
    for fault in
        [Fault::AnswerLost, Fault::Forged, Fault::Refuse(503), Fault::Refuse(413), Fault::Refuse(500)]
    {
        let served = serve().await;
        let home = tempfile::tempdir().unwrap();
        enrol(&served.line, home.path(), "0.1.0").await.unwrap();
        served.collector.lock().unwrap().faults.push_back(fault);
        let status = StatusCell::default();
        let learned = live(home.path(), 0..50, &status).await.unwrap();
        assert_eq!(*learned, assignment(), "{fault:?}");
        let collector = served.collector.lock().unwrap();
        assert!(collector.faults.is_empty(), "{fault:?} happened");
        assert_eq!(collector.samples(), ((0..50).collect(), 1), "{fault:?}");
        assert_eq!((collector.streams, status.get().error.as_str()), (1, ""));
        let written = crate::status::load(home.path()).unwrap().unwrap();
        assert_eq!(
            (written.acked_seq, written.clock_offset_ms),
            (collector.mark, status.get().clock_offset_ms)
        );
    }
}

#[tokio::test]
async fn answers_to_batches_that_a_proxy_chose_give_no_stream_up() {
    let served = serve().await;
    let home = tempfile::tempdir().unwrap();
    enrol(&served.line, home.path(), "0.1.0").await.unwrap();
    // Forks, by the protocol's letter: a conflict without a number to go on with.
    let chosen = [Fault::Refuse(409), Fault::Refuse(409), Fault::OfAnother];
    served.collector.lock().unwrap().faults.extend(chosen);
    let status = StatusCell::default();
    live(home.path(), 0..50, &status).await.unwrap();
    let collector = served.collector.lock().unwrap();
    assert!(collector.faults.is_empty());
    assert_eq!(collector.samples(), ((0..50).collect(), 1));
    assert_eq!(collector.streams, 1);
}

#[tokio::test]
async fn a_restart_goes_on_and_a_collector_restored_from_a_copy_is_filled_again() {
    let served = serve().await;
    let home = tempfile::tempdir().unwrap();
    enrol(&served.line, home.path(), "0.1.0").await.unwrap();
    let status = StatusCell::default();
    live(home.path(), 0..20, &status).await;
    {
        // The copy is from before the first batch; its journal opened a new epoch.
        let mut collector = served.collector.lock().unwrap();
        (collector.mark, collector.chain) = (0, collector.stream.map(Chain::genesis));
        collector.groups.clear();
        collector.journal = JournalHead { epoch: 2, seq: 3, hash: vec![8; 32] };
    }
    live(home.path(), 20..40, &status).await;
    let collector = served.collector.lock().unwrap();
    assert_eq!(collector.samples(), ((0..40).collect(), 2));
    assert_eq!((collector.streams, status.get().journal_alarm), (1, None));
    assert_eq!(status.get().planned, [crate::status::Planned { from_ms: 7_000, to_ms: 8_000 }]);
}

#[tokio::test]
async fn another_history_gives_the_stream_up_and_a_shorter_journal_is_said() {
    let served = serve().await;
    let home = tempfile::tempdir().unwrap();
    enrol(&served.line, home.path(), "0.1.0").await.unwrap();
    let status = StatusCell::default();
    live(home.path(), 0..20, &status).await;
    {
        let mut collector = served.collector.lock().unwrap();
        collector.mark += 1_000;
        collector.journal.seq = 2;
    }
    live(home.path(), 20..40, &status).await;
    let collector = served.collector.lock().unwrap();
    assert_eq!(collector.streams, 2);
    let first = Group::read(&collector.groups[0]).unwrap();
    assert!(first.records[0].start.is_some(), "a stream opens with a Start");
    assert!(status.get().journal_alarm.is_some_and(|alarm| alarm.contains("this agent saw 4")));
}
