//! Judging, by tables; and a whole exchange with a server that lies in every way we know.

use std::net::SocketAddr;

use collector_api::{Reason, Verdict};
use config::{CheckSpec, DnsParams, DnsTransport, HostPort};
use hickory_proto::op::{Message, OpCode, Query, ResponseCode};
use hickory_proto::rr::rdata::{A, MX, TXT};
use hickory_proto::rr::{Name, RData, Record, RecordType};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, UdpSocket};
use tokio::task::JoinSet;

use super::{Dns, canonical};
use crate::probe::tests::{self as probes, surroundings};
use crate::probe::{Check, Outcome};

fn name(text: &str) -> Name {
    Name::from_utf8(text).unwrap()
}

fn params(record_type: &str, expect: &[&str]) -> DnsParams {
    DnsParams {
        server: HostPort { host: "127.0.0.1".to_owned(), port: 53 },
        name: "portal.comune.example".to_owned(),
        record_type: record_type.to_owned(),
        transport: DnsTransport::Udp,
        rcodes: vec!["NOERROR".to_owned()],
        expect: expect.iter().map(|&value| value.to_owned()).collect(),
    }
}

fn reply(record_type: RecordType, rcode: ResponseCode, answers: &[RData]) -> Message {
    let mut message = Message::response(7, OpCode::Query);
    message.metadata.response_code = rcode;
    message.add_query(Query::query(name("portal.comune.example."), record_type));
    for data in answers {
        message.add_answer(Record::from_rdata(name("portal.comune.example."), 60, data.clone()));
    }
    message
}

fn judged(params: &DnsParams, reply: &Message) -> Option<Reason> {
    Dns::new(params).unwrap().judge(reply).err().map(|fault| fault.reason)
}

fn a(text: &str) -> RData {
    RData::A(A(text.parse().unwrap()))
}

#[test]
fn response_codes_are_judged_by_the_list() {
    for (rcode, accepted, expected) in [
        (ResponseCode::NoError, "NOERROR", None),
        (ResponseCode::NXDomain, "NOERROR", Some(Reason::DnsNxdomain)),
        (ResponseCode::NXDomain, "nxdomain", None),
        (ResponseCode::NoError, "NXDOMAIN", Some(Reason::DnsRcode)),
        (ResponseCode::ServFail, "NOERROR", Some(Reason::DnsServfail)),
        (ResponseCode::Refused, "NOERROR", Some(Reason::DnsRefused)),
        (ResponseCode::Refused, "REFUSED", None),
        (ResponseCode::NotImp, "NOERROR", Some(Reason::DnsRcode)),
    ] {
        let params = DnsParams { rcodes: vec![accepted.to_owned()], ..params("A", &[]) };
        assert_eq!(judged(&params, &reply(RecordType::A, rcode, &[])), expected, "{rcode} of {accepted}");
    }
}

#[test]
fn any_expected_value_will_do_in_any_order() {
    let (right, wrong, other) = (a("192.0.2.1"), a("192.0.2.9"), a("192.0.2.8"));
    for (answers, expected) in [
        (vec![right.clone()], None),
        (vec![wrong.clone(), other.clone(), right.clone()], None),
        (vec![right, wrong.clone(), other.clone()], None),
        (vec![wrong, other], Some(Reason::AssertRecords)),
        (vec![], Some(Reason::AssertRecords)),
    ] {
        let reply = reply(RecordType::A, ResponseCode::NoError, &answers);
        assert_eq!(judged(&params("A", &["192.0.2.1", "192.0.2.2"]), &reply), expected, "{answers:?}");
    }
}

#[test]
fn values_are_compared_in_one_spelling() {
    let mx = RData::MX(MX::new(10, name("Mail.Comune.example.")));
    for expect in ["10 mail.comune.example", "10  MAIL.comune.EXAMPLE."] {
        let reply = reply(RecordType::MX, ResponseCode::NoError, std::slice::from_ref(&mx));
        assert_eq!(judged(&params("MX", &[expect]), &reply), None, "{expect}");
    }
    let txt = RData::TXT(TXT::new(vec!["v=spf1 ".to_owned(), "-all".to_owned()]));
    for (expect, expected) in
        [("v=spf1 -all", None), ("\"v=spf1 -all\"", None), ("v=SPF1 -all", Some(Reason::AssertRecords))]
    {
        let reply = reply(RecordType::TXT, ResponseCode::NoError, std::slice::from_ref(&txt));
        assert_eq!(judged(&params("TXT", &[expect]), &reply), expected, "{expect}");
    }
    assert_eq!(canonical(RecordType::AAAA, "2001:DB8:0::1"), "2001:db8::1");
}

#[test]
fn an_answer_to_another_question_is_none() {
    let params = params("A", &[]);
    let other_type = reply(RecordType::AAAA, ResponseCode::NoError, &[]);
    assert_eq!(judged(&params, &other_type), Some(Reason::ProtoIdMismatch));
    let mut without = reply(RecordType::A, ResponseCode::NoError, &[]);
    without.queries.clear();
    assert_eq!(judged(&params, &without), Some(Reason::ProtoIdMismatch));
    without.metadata.response_code = ResponseCode::Refused;
    assert_eq!(judged(&params, &without), Some(Reason::DnsRefused), "an error may leave it out");
}

#[test]
fn what_cannot_be_asked_is_refused_before() {
    for bad in [
        DnsParams { record_type: "PARTY".to_owned(), ..params("A", &[]) },
        DnsParams { name: "x".repeat(300), ..params("A", &[]) },
    ] {
        assert!(Dns::new(&bad).is_err(), "{bad:?}");
    }
}

/// How the server behaves.
#[derive(Debug, Clone, Copy)]
enum Manner {
    Right,
    WrongId,
    WrongQuestion,
    Garbage,
    Silent,
    FirstLost,
    TruncatedThenTcp,
    TruncatedAlone,
}

/// A DNS server on loopback: UDP always, TCP on the same port unless `TruncatedAlone`.
async fn serve(manner: Manner) -> (SocketAddr, JoinSet<()>) {
    let udp = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = udp.local_addr().unwrap();
    let mut tasks = JoinSet::new();
    if !matches!(manner, Manner::TruncatedAlone) {
        let tcp = TcpListener::bind(address).await.unwrap();
        tasks.spawn(async move {
            loop {
                let (mut stream, _) = tcp.accept().await.unwrap();
                let length = stream.read_u16().await.unwrap();
                let mut bytes = vec![0; usize::from(length)];
                stream.read_exact(&mut bytes).await.unwrap();
                let answer = answer(&bytes).to_vec().unwrap();
                stream.write_u16(u16::try_from(answer.len()).unwrap()).await.unwrap();
                stream.write_all(&answer).await.unwrap();
            }
        });
    }
    tasks.spawn(async move {
        let mut bytes = [0; 2_048];
        for turn in 0.. {
            let (length, from) = udp.recv_from(&mut bytes).await.unwrap();
            let mut answer = answer(&bytes[..length]);
            match manner {
                Manner::Silent => continue,
                Manner::FirstLost if turn == 0 => continue,
                Manner::WrongId => answer.metadata.id ^= 1,
                Manner::WrongQuestion => {
                    answer.queries = vec![Query::query(name("other.example."), RecordType::A)];
                }
                Manner::TruncatedThenTcp | Manner::TruncatedAlone => {
                    answer.metadata.truncation = true;
                    answer.answers.clear();
                }
                Manner::Right | Manner::Garbage | Manner::FirstLost => {}
            }
            let mut sent = answer.to_vec().unwrap();
            if matches!(manner, Manner::Garbage) {
                sent.truncate(14);
            }
            udp.send_to(&sent, from).await.unwrap();
        }
    });
    (address, tasks)
}

fn answer(question: &[u8]) -> Message {
    let question = Message::from_vec(question).unwrap();
    let mut answer = Message::response(question.metadata.id, OpCode::Query);
    let query = question.queries[0].clone();
    answer.add_answer(Record::from_rdata(query.name().clone(), 60, a("192.0.2.1")));
    answer.add_query(query);
    answer
}

async fn ask(server: SocketAddr, transport: DnsTransport) -> Outcome {
    let server = HostPort { host: server.ip().to_string(), port: server.port() };
    let params = DnsParams { server, transport, ..params("A", &["192.0.2.1"]) };
    let spec = CheckSpec { probe: config::Probe::Dns(params), ..probes::spec() };
    Check::new(spec).unwrap().run(&surroundings()).await
}

fn phases(outcome: &Outcome) -> Vec<&str> {
    outcome.evidence.phases.iter().map(|phase| phase.name.as_str()).collect()
}

#[tokio::test]
async fn each_manner_of_a_server_has_its_reason() {
    for (manner, verdict, reason) in [
        (Manner::Right, Verdict::Up, Reason::None),
        (Manner::WrongId, Verdict::Down, Reason::DnsTimeout),
        (Manner::WrongQuestion, Verdict::Down, Reason::DnsTimeout),
        (Manner::Garbage, Verdict::Down, Reason::ProtoMalformed),
        (Manner::Silent, Verdict::Down, Reason::DnsTimeout),
        (Manner::FirstLost, Verdict::Up, Reason::None),
        (Manner::TruncatedThenTcp, Verdict::Up, Reason::None),
        (Manner::TruncatedAlone, Verdict::Down, Reason::ProtoTruncated),
    ] {
        let (server, _tasks) = serve(manner).await;
        let outcome = ask(server, DnsTransport::Udp).await;
        assert_eq!((outcome.verdict, outcome.reason), (verdict, reason), "{manner:?}: {outcome:?}");
    }
}

#[tokio::test]
async fn a_lost_datagram_costs_an_attempt_that_stays_visible() {
    let (server, _tasks) = serve(Manner::FirstLost).await;
    let outcome = ask(server, DnsTransport::Udp).await;
    assert_eq!(outcome.attempts, 2);
    assert_eq!(outcome.evidence.attempts.len(), 2);
    assert_eq!(phases(&outcome), ["udp_rtt"]);
}

#[tokio::test]
async fn tcp_has_its_own_phases() {
    let (server, _tasks) = serve(Manner::Right).await;
    let outcome = ask(server, DnsTransport::Tcp).await;
    assert_eq!(outcome.verdict, Verdict::Up, "{outcome:?}");
    assert_eq!(phases(&outcome), ["connect", "tcp_rtt"]);
}

#[tokio::test]
async fn a_closed_port_refuses_over_both() {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    drop(socket);
    for transport in [DnsTransport::Udp, DnsTransport::Tcp] {
        let outcome = ask(address, transport).await;
        assert_eq!(outcome.reason, Reason::ConnectRefused, "{outcome:?}");
    }
}
