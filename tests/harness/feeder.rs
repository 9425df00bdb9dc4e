//! An agent without probes: it delivers the records it is given, through the front door.
//!
//! Past years, floods and rare causes cannot be waited for. What a [`Feeder`] sends is signed, numbered, chained
//! and acknowledged like any agent's, over TLS, so that all of the collector's path is the one that agents take.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use collector_api::{
    Batch, Chain, CheckEntry, ClockReading, ConfigRecord, EnrolLine, EnrolRequest, Group, Hello, Record,
    Route, SigningKey, Start, StreamId, header, hex_encode, limits, request_preimage,
};
use prost::Message as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::time_provider::{DefaultTimeProvider, TimeProvider};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

/// As if NTP had just spoken: nothing about the samples' times is in doubt.
const CLOCK: ClockReading = ClockReading { sent_ms: 0, offset_ms: 0, rtt_ms: 2, ntp_error_ms: 1 };

/// Nobody here checks answers' signatures, so that requests need not differ in it.
const NONCE: [u8; 16] = [7; 16];

type Connection = StreamOwned<ClientConnection, TcpStream>;

/// One enrolled agent, its stream, and its connection.
#[derive(Debug)]
pub struct Feeder {
    connection: Connection,
    host: String,
    agent: String,
    key: SigningKey,
    stream: StreamId,
    next_seq: u64,
    chain: Chain,
    waiting: Vec<Vec<u8>>,
    /// Records that wait, and the first one's number.
    records: usize,
    first_seq: u64,
    before: Chain,
    clock: ClockReading,
}

impl Feeder {
    /// Enrols with a line that nobody has used; `seed` tells its key and stream from those of others.
    pub fn enrolled(line: &EnrolLine, seed: u8) -> Self {
        Self::through(connected(line, Arc::new(DefaultTimeProvider)), line, seed)
    }

    /// The same with a collector whose own calendar shows this instant, Unix ms, or showed it when it started: its
    /// certificate is of then.
    pub fn enrolled_then(line: &EnrolLine, seed: u8, then_ms: i64) -> Self {
        let then = UnixTime::since_unix_epoch(Duration::from_millis(then_ms.unsigned_abs()));
        Self::through(connected(line, Arc::new(Then(then))), line, seed)
    }

    fn through(connection: Connection, line: &EnrolLine, seed: u8) -> Self {
        let key = SigningKey::from_seed(&[seed; 32]).unwrap();
        let stream = StreamId([seed; 16]);
        let chain = Chain::genesis(stream);
        let mut feeder = Self {
            connection,
            host: line.server_name.clone(),
            agent: line.agent.clone(),
            key,
            stream,
            next_seq: 1,
            chain,
            waiting: Vec::new(),
            records: 0,
            first_seq: 1,
            before: chain,
            clock: CLOCK,
        };
        let request = EnrolRequest::new(&line.agent, &line.code, "0.1.0", &feeder.key).encode_to_vec();
        let status = feeder.post(Route::Enrol, &request);
        assert_eq!(status, 200, "enrolment of `{}`", line.agent);
        feeder
    }

    /// Begins the stream: the agent started at `at_ms` and from now on record index `n` is the `n`th of
    /// `checks`, each with its interval and hold in ms.
    pub fn open(&mut self, at_ms: i64, checks: &[(String, u64, u64)]) {
        let start = Start { at_ms, version: "0.1.0".to_owned(), ..Start::default() };
        let mut records = vec![Record { start: Some(start), ..Record::default() }];
        let entries: Vec<CheckEntry> = (0..)
            .zip(checks)
            .map(|(index, (check, interval_ms, hold_ms))| CheckEntry {
                index,
                check: check.clone(),
                interval_ms: *interval_ms,
                hold_ms: *hold_ms,
            })
            .collect();
        for (piece, entries) in entries.chunks(limits::CONFIG_ENTRIES_MAX).enumerate() {
            let config = ConfigRecord { revision: 1, begins: piece == 0, entries: entries.to_vec() };
            records.push(Record { config: Some(config), ..Record::default() });
        }
        self.push(at_ms, records);
    }

    /// Says what agents say after a start: their version, and how many bytes wait in their spool.
    pub fn greet(&mut self, version: &str, spool_bytes: u64) {
        let (status, challenge) = self.exchange(Route::Challenge, "", &[]);
        assert_eq!(status, 200);
        let (stream, version) = (self.stream.0.to_vec(), version.to_owned());
        let hello = Hello { stream, version, spool_bytes, last_seq: self.next_seq - 1, ..Hello::default() };
        let body = hello.encode_to_vec();
        let (method, path) = (Route::Hello.method(), Route::Hello.path());
        let signature = self.key.sign(&request_preimage(method, path, &NONCE, &challenge, &body));
        let proof = format!(
            "{}: {}\r\n{}: {}\r\n",
            header::CHALLENGE,
            hex_encode(&challenge),
            header::SIGNATURE,
            hex_encode(&signature.0),
        );
        assert_eq!(self.exchange(Route::Hello, &proof, &body).0, 200, "hello of `{}`", self.agent);
    }

    /// What the agent knows of its clock from the next batch on.
    pub fn reads_clock(&mut self, clock: Option<ClockReading>) {
        self.deliver();
        self.clock = clock.unwrap_or(CLOCK);
    }

    /// Adds a group; delivers as soon as a batch is full.
    pub fn push(&mut self, base_ms: i64, records: Vec<Record>) {
        if self.records + records.len() > limits::BATCH_RECORDS_MAX {
            self.deliver();
        }
        self.records += records.len();
        let group = Group { first_seq: self.next_seq, base_ms, records };
        self.next_seq = group.next_seq();
        let group = group.encode_to_vec();
        self.chain = self.chain.extend(&group);
        self.waiting.push(group);
    }

    /// Sends what waits; every record is acknowledged when this returns.
    pub fn deliver(&mut self) {
        if self.waiting.is_empty() {
            return;
        }
        let numbers = (self.first_seq, self.next_seq - 1);
        let groups = std::mem::take(&mut self.waiting);
        let batch = Batch::pack(self.stream, numbers, self.before, &groups, self.clock, &self.key).unwrap();
        let body = batch.encode_to_vec();
        loop {
            match self.post(Route::Batches, &body) {
                200 => break,
                // An agent asks at most 100 times a second: one that has a year to tell waits for its turn.
                429 => std::thread::sleep(Duration::from_millis(20)),
                status => panic!("batch {numbers:?} of `{}` was answered {status}", self.agent),
            }
        }
        (self.records, self.first_seq, self.before) = (0, self.next_seq, self.chain);
    }

    fn post(&mut self, route: Route, body: &[u8]) -> u16 {
        self.exchange(route, "", body).0
    }

    /// Status and body of the answer; `more` are further headers, each with its line's end.
    fn exchange(&mut self, route: Route, more: &str, body: &[u8]) -> (u16, Vec<u8>) {
        let head = format!(
            "{} {} HTTP/1.1\r\nhost: {}\r\n{}: {}\r\n{}: {}\r\n{more}content-length: {}\r\n\r\n",
            route.method(),
            route.path(),
            self.host,
            header::NONCE,
            hex_encode(&NONCE),
            header::AGENT,
            self.agent,
            body.len(),
        );
        self.connection.write_all(head.as_bytes()).unwrap();
        self.connection.write_all(body).unwrap();
        self.answer()
    }

    fn answer(&mut self) -> (u16, Vec<u8>) {
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") {
            self.connection.read_exact(&mut byte).unwrap();
            head.push(byte[0]);
        }
        let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
        let length = length.map_or(0, |length| length.trim().parse().unwrap());
        let mut body = vec![0; length];
        self.connection.read_exact(&mut body).unwrap();
        (head[9..12].parse().unwrap(), body)
    }
}

/// A calendar that stands still.
#[derive(Debug)]
struct Then(UnixTime);

impl TimeProvider for Then {
    fn current_time(&self) -> Option<UnixTime> {
        Some(self.0)
    }
}

fn connected(line: &EnrolLine, time: Arc<dyn TimeProvider>) -> Connection {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(line.authority.clone())).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config =
        ClientConfig::builder_with_details(provider, time).with_safe_default_protocol_versions().unwrap();
    let config = config.with_root_certificates(roots).with_no_client_auth();
    let name = ServerName::try_from(line.server_name.clone()).unwrap();
    let connection = ClientConnection::new(Arc::new(config), name).unwrap();
    let stream = TcpStream::connect(&line.addresses[0]).unwrap();
    stream.set_nodelay(true).unwrap();
    StreamOwned::new(connection, stream)
}
