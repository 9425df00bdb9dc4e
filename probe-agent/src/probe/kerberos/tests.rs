//! The Kerberos probe against centres that answer right, wrong, late and never.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use collector_api::{Reason, Verdict};
use config::{CheckSpec, Family, Id, Probe, Timing};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, UdpSocket};
use tokio::task::JoinSet;

use super::super::ber::{
    GENERAL_STRING, GENERALIZED_TIME, INTEGER, OCTETS, Reader, SEQUENCE, application, context, element,
    integer, number,
};
use super::super::tests::{spec, surroundings};
use super::super::{Check, Outcome};
use super::*;
use crate::secrets::SecretsDirectory;

const REALM: &str = "COMUNE.EXAMPLE";
const PASSWORD: &str = "hunter2";
/// What this centre salts with, unlike the usual.
const SALT: &[u8] = b"sale";

/// What a centre does.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Centre {
    /// To a question without a proof; 0 is a ticket at once.
    pub(in super::super) first: i64,
    /// To a question with a proof; 0 is a ticket if the proof is right.
    pub(in super::super) second: i64,
    /// To a question for a service; 0 is a ticket.
    pub(in super::super) service: i64,
    pub(in super::super) ahead_ms: i64,
    pub(in super::super) etypes: &'static [i64],
    /// Of the inner part: 25 as the standard and Samba have it, 26 as MIT's centre does.
    pub(in super::super) inner_tag: u8,
    pub(in super::super) parameters: Option<[u8; 4]>,
    pub(in super::super) has_udp: bool,
    pub(in super::super) has_tcp: bool,
    /// The nonce is another's.
    pub(in super::super) is_replay: bool,
}

pub(in super::super) const RIGHT: Centre = Centre {
    first: 25,
    second: 0,
    service: 0,
    ahead_ms: 0,
    etypes: &[18, 17],
    inner_tag: 25,
    parameters: None,
    has_udp: true,
    has_tcp: true,
    is_replay: false,
};

/// What a centre answers to the first question over TCP, for peers that go on as they like.
pub(in super::super) fn asks_for_a_proof() -> Vec<u8> {
    let refusal = RIGHT.refusal(25);
    [&u32::try_from(refusal.len()).unwrap().to_be_bytes()[..], &refusal].concat()
}

fn tagged(number: u8, inner: &[u8]) -> Vec<u8> {
    element(context(number), &[inner])
}

fn time(unix_ms: i64) -> Vec<u8> {
    // The first of a timestamp's two fields.
    let stamp = message::timestamp(unix_ms);
    let time =
        Reader::new(Reader::new(&stamp).expect(SEQUENCE).unwrap()).expect(context(0)).unwrap().to_vec();
    assert_eq!(time[0], GENERALIZED_TIME);
    time
}

impl Centre {
    fn now_ms(self) -> i64 {
        clock::system()() + self.ahead_ms
    }

    fn refusal(self, code: i64) -> Vec<u8> {
        let name =
            element(SEQUENCE, &[&tagged(0, &integer(INTEGER, 2)), &tagged(1, &element(SEQUENCE, &[]))]);
        let entries: Vec<u8> = self
            .etypes
            .iter()
            .flat_map(|etype| {
                let salt = tagged(1, &element(GENERAL_STRING, &[SALT]));
                let parameters =
                    self.parameters.map(|bytes| tagged(2, &element(OCTETS, &[&bytes]))).unwrap_or_default();
                element(SEQUENCE, &[&tagged(0, &integer(INTEGER, *etype)), &salt, &parameters])
            })
            .collect();
        let info = element(SEQUENCE, &[&entries]);
        let method =
            element(SEQUENCE, &[&tagged(1, &integer(INTEGER, 19)), &tagged(2, &element(OCTETS, &[&info]))]);
        let data = element(SEQUENCE, &[&method]);
        let body = element(
            SEQUENCE,
            &[
                &tagged(0, &integer(INTEGER, 5)),
                &tagged(1, &integer(INTEGER, 30)),
                // The field that picky-krb takes for a time.
                &tagged(3, &integer(INTEGER, 123_456)),
                &tagged(4, &time(self.now_ms())),
                &tagged(5, &integer(INTEGER, 0)),
                &tagged(6, &integer(INTEGER, code)),
                &tagged(9, &element(GENERAL_STRING, &[REALM.as_bytes()])),
                &tagged(10, &name),
                &tagged(12, &element(OCTETS, &[&data])),
            ],
        );
        element(application(30), &[&body])
    }

    /// A ticket whose inner part is for who has this key.
    fn ticket(self, kind: u8, key: &Key, usage: Usage, nonce: i64) -> Vec<u8> {
        let name =
            element(SEQUENCE, &[&tagged(0, &integer(INTEGER, 1)), &tagged(1, &element(SEQUENCE, &[]))]);
        let session = element(
            SEQUENCE,
            &[&tagged(0, &integer(INTEGER, 18)), &tagged(1, &element(OCTETS, &[&[9; 32]]))],
        );
        let inner = element(
            SEQUENCE,
            &[
                &tagged(0, &session),
                &tagged(1, &element(SEQUENCE, &[])),
                &tagged(2, &integer(INTEGER, nonce + i64::from(self.is_replay))),
                &tagged(4, &element(3, &[&[0; 5]])),
                &tagged(5, &time(self.now_ms())),
                &tagged(7, &time(self.now_ms())),
            ],
        );
        let tag = if kind == 11 { self.inner_tag } else { 26 };
        let sealed = key.encrypt(usage, &element(application(tag), &[&inner])).unwrap();
        let realm = element(GENERAL_STRING, &[REALM.as_bytes()]);
        let body = element(
            SEQUENCE,
            &[
                &tagged(0, &integer(INTEGER, 5)),
                &tagged(1, &integer(INTEGER, i64::from(kind))),
                &tagged(3, &realm),
                &tagged(4, &name),
                &tagged(5, &element(application(1), &[&element(SEQUENCE, &[])])),
                &tagged(6, &message::encrypted(key.etype, &sealed)),
            ],
        );
        element(application(kind), &[&body])
    }

    fn answer(self, question: &[u8]) -> Vec<u8> {
        let (tag, body) = Reader::new(question).next().unwrap().unwrap();
        let mut fields = Reader::new(Reader::new(body).expect(SEQUENCE).unwrap());
        fields.expect(context(1)).unwrap();
        fields.expect(context(2)).unwrap();
        let proof = fields.optional(context(3)).unwrap();
        let mut asked = Reader::new(fields.expect_in(context(4), SEQUENCE).unwrap());
        let mut nonce = 0;
        while let Some((tag, inner)) = asked.next().unwrap() {
            if tag == context(7) {
                nonce = number(Reader::new(inner).expect(INTEGER).unwrap()).unwrap();
            }
        }
        let etype = self.etypes.iter().find_map(|etype| Etype::of(*etype)).unwrap_or(Etype::Aes256);
        let key = Key::of_password(etype, PASSWORD, SALT).unwrap();
        let session = Key::new(Etype::Aes256, &[9; 32]).unwrap();
        let refused = match (tag, proof) {
            (tag, _) if tag == application(12) => self.service,
            (_, None) => self.first,
            (_, Some(proof)) => {
                let mut method = Reader::new(Reader::new(proof).expect_in(SEQUENCE, SEQUENCE).unwrap());
                assert_eq!(number(method.expect_in(context(1), INTEGER).unwrap()).unwrap(), 2);
                let value = method.expect_in(context(2), OCTETS).unwrap();
                let mut sealed = Reader::new(Reader::new(value).expect(SEQUENCE).unwrap());
                sealed.expect(context(0)).unwrap();
                let cipher = sealed.expect_in(context(2), OCTETS).unwrap();
                if key.decrypt(Usage::Timestamp, cipher).is_some() { self.second } else { 24 }
            }
        };
        match refused {
            0 if tag == application(12) => self.ticket(13, &session, Usage::TgsReply, nonce),
            0 => self.ticket(11, &key, Usage::AsReply, nonce),
            code => self.refusal(code),
        }
    }

    pub(in super::super) async fn open(self) -> Open {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut tasks = JoinSet::new();
        let asked = Arc::new(AtomicUsize::new(0));
        let socket = UdpSocket::bind(address).await.unwrap();
        let seen = Arc::clone(&asked);
        tasks.spawn(async move {
            let mut bytes = [0; 4_096];
            loop {
                let (length, from) = socket.recv_from(&mut bytes).await.unwrap();
                if self.has_udp {
                    seen.fetch_add(1, Ordering::SeqCst);
                    let first =
                        if self.first == 52 { self.refusal(52) } else { self.answer(&bytes[..length]) };
                    socket.send_to(&first, from).await.unwrap();
                }
            }
        });
        let seen = Arc::clone(&asked);
        // Over TCP nothing is too big.
        let over_tcp = Self { first: if self.first == 52 { 25 } else { self.first }, ..self };
        if self.has_tcp {
            tasks.spawn(async move {
                loop {
                    let (mut stream, _) = listener.accept().await.unwrap();
                    let length = stream.read_u32().await.unwrap();
                    let mut bytes = vec![0; usize::try_from(length).unwrap()];
                    stream.read_exact(&mut bytes).await.unwrap();
                    seen.fetch_add(1, Ordering::SeqCst);
                    let answer = over_tcp.answer(&bytes);
                    stream.write_u32(u32::try_from(answer.len()).unwrap()).await.unwrap();
                    stream.write_all(&answer).await.unwrap();
                }
            });
        }
        Open { kdc: HostPort { host: "127.0.0.1".to_owned(), port: address.port() }, asked, _tasks: tasks }
    }
}

pub(in super::super) struct Open {
    pub(in super::super) kdc: HostPort,
    asked: Arc<AtomicUsize>,
    _tasks: JoinSet<()>,
}

/// How deep a check goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Depth {
    Nobody,
    Known,
    Ticket,
    Service,
}

fn params(kdc: &HostPort, depth: Depth, transport: KerberosTransport) -> KerberosParams {
    let logs_in = matches!(depth, Depth::Ticket | Depth::Service);
    KerberosParams {
        kdc: kdc.clone(),
        family: Family::V4,
        realm: REALM.to_owned(),
        transport,
        user: (depth != Depth::Nobody).then(|| "sonda".to_owned()),
        secret: logs_in.then(|| Id::new("sonda").unwrap()),
        service: (depth == Depth::Service).then(|| "HTTP/intranet.example".to_owned()),
    }
}

fn agent_for(kdc: &HostPort, password: &str) -> (tempfile::TempDir, Surroundings) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("sonda"), password).unwrap();
    std::fs::write(folder.path().join("sonda.for"), format!("kerberos://{kdc}")).unwrap();
    let secrets = SecretsDirectory::new(folder.path());
    (folder, Surroundings { secrets, ..surroundings() })
}

fn check(params: KerberosParams) -> Check {
    // Deriving a key takes a while in a build that is not optimised.
    let timing = Timing { timeout_ms: 20_000, every_ms: 60_000, attempts: 1, ..spec().timing };
    Check::new(CheckSpec { probe: Probe::Kerberos(Box::new(params)), timing, ..spec() }).unwrap()
}

async fn run(centre: Centre, depth: Depth, transport: KerberosTransport) -> Outcome {
    let open = centre.open().await;
    let (_folder, surroundings) = agent_for(&open.kdc, PASSWORD);
    check(params(&open.kdc, depth, transport)).run(&surroundings).await
}

#[tokio::test]
async fn each_answer_to_a_ping_has_its_reason() {
    use Depth::{Known, Nobody};
    let up = (Verdict::Up, Reason::None);
    let down = |reason| (Verdict::Down, reason);
    let minutes = |minutes: i64| Centre { ahead_ms: minutes * 60_000, ..RIGHT };
    for (centre, depth, expected) in [
        (RIGHT, Nobody, up),
        (RIGHT, Known, up),
        (Centre { first: 0, ..RIGHT }, Known, up),
        (Centre { first: 6, ..RIGHT }, Nobody, up),
        (Centre { first: 6, ..RIGHT }, Known, down(Reason::KrbPrincipalUnknown)),
        (Centre { first: 7, ..RIGHT }, Known, down(Reason::KrbServiceUnknown)),
        (Centre { first: 14, ..RIGHT }, Known, down(Reason::KrbEtype)),
        (Centre { first: 18, ..RIGHT }, Known, down(Reason::AuthDisabled)),
        (Centre { first: 23, ..RIGHT }, Known, down(Reason::AuthExpired)),
        (Centre { first: 37, ..RIGHT }, Known, down(Reason::KrbSkew)),
        (Centre { first: 60, ..RIGHT }, Known, down(Reason::KrbError)),
        (Centre { first: 68, ..RIGHT }, Nobody, down(Reason::KrbWrongRealm)),
        // The skew that "who are you?" masks.
        (minutes(10), Known, down(Reason::KrbSkew)),
        (minutes(-10), Nobody, down(Reason::KrbSkew)),
        (minutes(2), Known, (Verdict::Degraded, Reason::KrbSkewWarn)),
        (Centre { etypes: &[23], ..RIGHT }, Known, (Verdict::Degraded, Reason::KrbEtype)),
        (Centre { etypes: &[23, 17], ..RIGHT }, Known, up),
    ] {
        let outcome = run(centre, depth, KerberosTransport::Tcp).await;
        assert_eq!((outcome.verdict, outcome.reason), expected, "{centre:?} {depth:?}: {outcome:?}");
        let has_skew = outcome.evidence.facts.iter().any(|fact| fact.name == "skew");
        assert_eq!(has_skew, centre.first != 0, "the clock is looked at whatever the answer");
    }
}

#[tokio::test]
async fn a_ticket_is_asked_for_and_opened() {
    use Depth::{Service, Ticket};
    let up = (Verdict::Up, Reason::None);
    let down = |reason| (Verdict::Down, reason);
    for (centre, depth, expected) in [
        (RIGHT, Ticket, up),
        (Centre { inner_tag: 26, ..RIGHT }, Ticket, up),
        (Centre { etypes: &[17], ..RIGHT }, Ticket, up),
        (Centre { parameters: Some([0, 0, 0x10, 0]), ..RIGHT }, Ticket, up),
        // A centre cannot make the agent work for hours.
        (
            Centre { parameters: Some([255; 4]), ..RIGHT },
            Ticket,
            (Verdict::Unknown, Reason::AgentConfigInvalid),
        ),
        (Centre { second: 18, ..RIGHT }, Ticket, down(Reason::AuthDisabled)),
        (Centre { second: 24, ..RIGHT }, Ticket, down(Reason::AuthRejected)),
        (Centre { etypes: &[23], ..RIGHT }, Ticket, down(Reason::KrbEtype)),
        (Centre { is_replay: true, ..RIGHT }, Ticket, down(Reason::ProtoIdMismatch)),
        (Centre { inner_tag: 24, ..RIGHT }, Ticket, down(Reason::ProtoMalformed)),
        (RIGHT, Service, up),
        (Centre { service: 7, ..RIGHT }, Service, down(Reason::KrbServiceUnknown)),
    ] {
        let outcome = run(centre, depth, KerberosTransport::Tcp).await;
        assert_eq!((outcome.verdict, outcome.reason), expected, "{centre:?} {depth:?}: {outcome:?}");
    }
}

#[tokio::test]
async fn each_transport_proves_what_it_says() {
    use KerberosTransport::{Both, Tcp, Udp};
    let no_udp = Centre { has_udp: false, ..RIGHT };
    let no_tcp = Centre { has_tcp: false, ..RIGHT };
    for (centre, transport, expected) in [
        (RIGHT, Udp, (Verdict::Up, Reason::None)),
        (RIGHT, Both, (Verdict::Up, Reason::None)),
        (no_tcp, Udp, (Verdict::Up, Reason::None)),
        (no_tcp, Tcp, (Verdict::Down, Reason::ConnectRefused)),
        (no_tcp, Both, (Verdict::Down, Reason::ConnectRefused)),
        (no_udp, Tcp, (Verdict::Up, Reason::None)),
        (no_udp, Udp, (Verdict::Down, Reason::KrbTimeout)),
        (no_udp, Both, (Verdict::Degraded, Reason::KrbUdp)),
        (Centre { first: 52, ..RIGHT }, Udp, (Verdict::Up, Reason::None)),
    ] {
        let open = centre.open().await;
        let params = params(&open.kdc, Depth::Known, transport);
        let timing = Timing { timeout_ms: 1_000, every_ms: 60_000, attempts: 1, ..spec().timing };
        let spec = CheckSpec { probe: Probe::Kerberos(Box::new(params)), timing, ..spec() };
        let outcome = Check::new(spec).unwrap().run(&surroundings()).await;
        assert_eq!((outcome.verdict, outcome.reason), expected, "{centre:?} {transport:?}: {outcome:?}");
    }
}

#[tokio::test]
async fn a_wrong_password_rests_and_is_never_shown() {
    let open = RIGHT.open().await;
    let (_folder, surroundings) = agent_for(&open.kdc, "wrong-hunter3");
    let check = check(params(&open.kdc, Depth::Ticket, KerberosTransport::Tcp));
    let (outcome, transcript) = check.run_recorded(&surroundings).await;
    assert_eq!((outcome.verdict, outcome.reason), (Verdict::Down, Reason::AuthRejected), "{outcome:?}");
    assert!(!format!("{outcome:?} {transcript:?}").contains("hunter"), "{transcript:?}");
    let outcome = check.run(&surroundings).await;
    assert_eq!((outcome.verdict, outcome.reason), (Verdict::Down, Reason::AuthRejected), "{outcome:?}");
    assert_eq!(open.asked.load(Ordering::SeqCst), 3, "the second run asks without the password only");
}

/// A centre that tells of the account only after the password: the password is not told it again.
#[tokio::test]
async fn an_account_that_lets_nobody_in_is_not_tried_again() {
    for (second, reason) in [(18, Reason::AuthDisabled), (23, Reason::AuthExpired)] {
        let open = Centre { second, ..RIGHT }.open().await;
        let (_folder, surroundings) = agent_for(&open.kdc, PASSWORD);
        let check = check(params(&open.kdc, Depth::Ticket, KerberosTransport::Tcp));
        for asked in [2, 3] {
            let outcome = check.run(&surroundings).await;
            assert_eq!((outcome.verdict, outcome.reason), (Verdict::Down, reason), "{outcome:?}");
            assert_eq!(
                open.asked.load(Ordering::SeqCst),
                asked,
                "the second run asks without the password only"
            );
        }
    }
}
