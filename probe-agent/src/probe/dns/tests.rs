//! Judging, by tables; and a whole exchange with a server that lies in every way we know.

mod over_tls;

use std::net::SocketAddr;

use collector_api::{Reason, Verdict};
use config::{
    CheckSpec, DnsFlag, DnsParams, DnsQuestion, DnsTransport, Family, HostPort, RecordMatch, SoaSerial,
};
use hickory_proto::op::{Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::rdata::{A, CNAME, MX, NS, NULL, SOA, TXT};
use hickory_proto::rr::{Name, RData, Record, RecordType};
use hickory_resolver::config::{NameServerConfig, ResolverConfig};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, UdpSocket};
use tokio::task::JoinSet;

use super::canonical::canonical;
use super::{Dns, exchange};
use crate::probe::tests::{self as probes, surroundings};
use crate::probe::{Check, Direction, Outcome, Surroundings};
use crate::resolve::SystemResolver;

/// 2027-01-15, after the turn of nothing in particular.
const NOW_MS: i64 = 1_800_000_000_000;

fn name(text: &str) -> Name {
    Name::from_utf8(text).unwrap()
}

fn params(record_type: &str, expect: &[&str]) -> DnsParams {
    let server = HostPort { host: "127.0.0.1".to_owned(), port: 53 };
    let expect = expect.iter().map(|&value| value.to_owned()).collect();
    DnsParams { expect, ..DnsParams::ask(server, "portal.comune.example", record_type) }
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
    Dns::new(params).unwrap().wanted.judge(reply, NOW_MS).err().map(|fault| fault.reason)
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
        (ResponseCode::NoError, "NXDOMAIN", Some(Reason::DnsNegativeViolated)),
        (ResponseCode::ServFail, "NOERROR", Some(Reason::DnsServfail)),
        (ResponseCode::Refused, "NOERROR", Some(Reason::DnsRefused)),
        (ResponseCode::Refused, "REFUSED", None),
        (ResponseCode::NotImp, "NOERROR", Some(Reason::DnsRcode)),
    ] {
        let params = DnsParams { rcodes: vec![accepted.to_owned()], ..params("A", &[]) };
        let answers = if rcode == ResponseCode::NoError { vec![a("192.0.2.1")] } else { vec![] };
        assert_eq!(
            judged(&params, &reply(RecordType::A, rcode, &answers)),
            expected,
            "{rcode} of {accepted}"
        );
    }
}

/// The record was deleted, the alias dangles, the server refers upward: NOERROR, and nobody is served.
#[test]
fn an_answer_without_a_record_is_none() {
    use ResponseCode::{NXDomain, NoError};
    let empty = |rcode| reply(RecordType::A, rcode, &[]);
    let mut alias = empty(NoError);
    let data = RData::CNAME(CNAME(name("gone.comune.example.")));
    alias.add_answer(Record::from_rdata(name("portal.comune.example."), 60, data));
    let mut referral = empty(NoError);
    referral.add_authority(Record::from_rdata(name("."), 60, RData::NS(NS(name("a.example.")))));
    for (reply, rcodes, min_count, expected) in [
        (empty(NoError), &["NOERROR"][..], None, Some(Reason::AssertCount)),
        (alias.clone(), &["NOERROR"], None, Some(Reason::AssertCount)),
        (referral.clone(), &["NOERROR"], None, Some(Reason::DnsLame)),
        (referral, &["NOERROR"], Some(0), None),
        (alias, &["NOERROR"], Some(0), None),
        (empty(NoError), &["NOERROR"], Some(0), None),
        // Who takes "no such name" for an answer takes "no such record" too.
        (empty(NoError), &["NOERROR", "NXDOMAIN"], None, None),
        (empty(NXDomain), &["NOERROR", "NXDOMAIN"], None, None),
        (empty(NoError), &["NOERROR", "NXDOMAIN"], Some(1), Some(Reason::AssertCount)),
    ] {
        let rcodes = rcodes.iter().map(|&rcode| rcode.to_owned()).collect();
        let params = DnsParams { rcodes, min_count, ..params("A", &[]) };
        assert_eq!(judged(&params, &reply), expected, "{params:?} {reply}");
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

/// What the wire does with a reply to our question, id 7.
fn heard(reply: &Message) -> Result<bool, Reason> {
    let mut asked = Message::query();
    asked.metadata.id = 7;
    asked.add_query(Query::query(name("portal.comune.example."), RecordType::A));
    let heard = exchange::fitting(&asked, &reply.to_vec().unwrap());
    heard.map(|reply| reply.is_some()).map_err(|fault| fault.reason)
}

#[test]
fn an_answer_to_another_question_is_not_heard() {
    assert_eq!(heard(&reply(RecordType::A, ResponseCode::NoError, &[])), Ok(true));
    assert_eq!(heard(&reply(RecordType::AAAA, ResponseCode::NoError, &[])), Ok(false));
    let mut other_id = reply(RecordType::A, ResponseCode::NoError, &[]);
    other_id.metadata.id = 8;
    assert_eq!(heard(&other_id), Ok(false));
    let mut without = reply(RecordType::A, ResponseCode::NoError, &[]);
    without.queries.clear();
    assert_eq!(heard(&without), Ok(false));
    without.metadata.response_code = ResponseCode::Refused;
    assert_eq!(heard(&without), Ok(true), "an error may leave it out");
    let mut echo = reply(RecordType::A, ResponseCode::NoError, &[]);
    echo.metadata.message_type = MessageType::Query;
    assert_eq!(heard(&echo), Err(Reason::ProtoUnexpectedReply));
}

#[test]
fn sets_are_compared_in_any_order() {
    use RecordMatch::{All, Any, Exact, None as NoneOf};
    let one = a("192.0.2.1");
    let two = a("192.0.2.2");
    let wrong = a("192.0.2.9");
    for (matching, answers, fits) in [
        (Any, vec![&wrong, &one], true),
        (All, vec![&two, &wrong, &one], true),
        (All, vec![&one, &wrong], false),
        (Exact, vec![&two, &one], true),
        (Exact, vec![&wrong, &two, &one], false),
        (Exact, vec![&one, &two, &wrong], false),
        (Exact, vec![&one], false),
        (NoneOf, vec![&wrong], true),
        (NoneOf, vec![], true),
        (NoneOf, vec![&wrong, &two], false),
    ] {
        let answers: Vec<RData> = answers.into_iter().cloned().collect();
        let reply = reply(RecordType::A, ResponseCode::NoError, &answers);
        let params = DnsParams { matching, ..params("A", &["192.0.2.1", "192.0.2.2"]) };
        let expected = (!fits).then_some(Reason::AssertRecords);
        assert_eq!(judged(&params, &reply), expected, "{matching:?} {answers:?}");
    }
}

#[test]
fn flags_are_asserted_one_by_one() {
    for (flag, aa, ad, ra, expected) in [
        (DnsFlag::Aa, true, false, false, None),
        (DnsFlag::Aa, false, true, true, Some(Reason::DnsNotAuthoritative)),
        (DnsFlag::Ad, false, true, false, None),
        (DnsFlag::Ad, true, false, true, Some(Reason::DnsAdMissing)),
        (DnsFlag::Ra, false, false, true, None),
        (DnsFlag::Ra, true, true, false, Some(Reason::DnsFlags)),
        (DnsFlag::NoRa, true, false, false, None),
        (DnsFlag::NoRa, true, false, true, Some(Reason::DnsFlags)),
        (DnsFlag::NoAa, true, false, false, Some(Reason::DnsFlags)),
        (DnsFlag::NoAd, false, true, false, Some(Reason::DnsFlags)),
    ] {
        let mut reply = reply(RecordType::A, ResponseCode::NoError, &[a("192.0.2.1")]);
        reply.metadata.authoritative = aa;
        reply.metadata.authentic_data = ad;
        reply.metadata.recursion_available = ra;
        let params = DnsParams { flags: vec![flag], ..params("A", &[]) };
        assert_eq!(judged(&params, &reply), expected, "{flag:?}");
    }
    let mut referral = reply(RecordType::A, ResponseCode::NoError, &[]);
    referral.add_authority(Record::from_rdata(name("example."), 60, RData::NS(NS(name("ns.example.")))));
    let params = DnsParams { flags: vec![DnsFlag::Aa], ..params("A", &[]) };
    assert_eq!(judged(&params, &referral), Some(Reason::DnsLame));
}

#[test]
fn counts_and_lifetimes_have_a_least() {
    let answers = [a("192.0.2.1"), a("192.0.2.2")];
    let reply = reply(RecordType::A, ResponseCode::NoError, &answers);
    for (min_count, ttl_min_s, expected) in [
        (Some(2), Some(60), None),
        (Some(3), None, Some(Reason::AssertCount)),
        (None, Some(61), Some(Reason::DnsTtl)),
    ] {
        let params = DnsParams { min_count, ttl_min_s, ..params("A", &[]) };
        assert_eq!(judged(&params, &reply), expected);
    }
}

/// A signature over the answer that ends so many seconds after the test's now.
fn rrsig(left_s: i64) -> RData {
    let end = u32::try_from((NOW_MS / 1_000 + left_s).rem_euclid(1 << 32)).unwrap();
    let mut anything = vec![0; 18];
    anything[8..12].copy_from_slice(&end.to_be_bytes());
    let mut rdata = NULL::new();
    rdata.anything = anything;
    RData::Unknown { code: RecordType::RRSIG, rdata }
}

#[test]
fn the_earliest_end_of_a_signature_decides() {
    let week_ms = 7 * 86_400_000;
    for (signatures, expected) in [
        (vec![], Some((Reason::DnsUnsigned, Verdict::Down))),
        (vec![8 * 86_400], None),
        (vec![8 * 86_400, 6 * 86_400], Some((Reason::DnsRrsigExpiring, Verdict::Degraded))),
        (vec![0], Some((Reason::DnsRrsigExpiring, Verdict::Degraded))),
        (vec![-1, 8 * 86_400], Some((Reason::DnsRrsigExpired, Verdict::Down))),
    ] {
        let answers: Vec<RData> =
            std::iter::once(a("192.0.2.1")).chain(signatures.iter().map(|&left_s| rrsig(left_s))).collect();
        let reply = reply(RecordType::A, ResponseCode::NoError, &answers);
        let params = DnsParams { rrsig_min_ms: Some(week_ms), ..params("A", &["192.0.2.1"]) };
        let seen = Dns::new(&params).unwrap().wanted.judge(&reply, NOW_MS);
        assert_eq!(seen.err().map(|fault| (fault.reason, fault.verdict())), expected, "{signatures:?}");
    }
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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Manner {
    Right,
    WrongId,
    WrongQuestion,
    /// The right answer, sent from another port.
    OtherSource,
    /// Without end, to somebody else.
    Flood,
    Garbage,
    Silent,
    FirstLost,
    TruncatedThenTcp,
    TruncatedAlone,
    WrongOverTcp,
    SilentOverTcp,
    /// As [`Manner::Right`], but knows every name.
    Open,
    /// Knows no EDNS (RFC 6891, 7): FORMERR, without the question.
    Plain,
    /// The same of an older kind: NOTIMP.
    PlainNotimp,
    /// FORMERR to whatever is asked.
    Deaf,
}

/// What it has; `serial` is that of its zone.
#[derive(Debug, Clone, Copy)]
struct Fake {
    manner: Manner,
    serial: u32,
}

impl Fake {
    fn answer(self, question: &[u8]) -> Message {
        let question = Message::from_vec(question).unwrap();
        let mut answer = Message::response(question.metadata.id, OpCode::Query);
        let query = question.queries[0].clone();
        let refusal = match (self.manner, question.edns.is_some()) {
            (Manner::Plain, true) | (Manner::Deaf, _) => Some(ResponseCode::FormErr),
            (Manner::PlainNotimp, true) => Some(ResponseCode::NotImp),
            _ => None,
        };
        if let Some(refusal) = refusal {
            answer.metadata.response_code = refusal;
            return answer;
        }
        let is_foreign = *query.name() == name("altri.example.");
        if is_foreign && self.manner != Manner::Open {
            answer.metadata.response_code = ResponseCode::Refused;
        } else {
            let data = if query.query_type() == RecordType::SOA {
                let zone = name("comune.example.");
                RData::SOA(SOA::new(zone.clone(), zone, self.serial, 1, 1, 1, 1))
            } else {
                a("192.0.2.1")
            };
            answer.add_answer(Record::from_rdata(query.name().clone(), 60, data));
        }
        answer.add_query(query);
        answer
    }

    /// Serves on UDP and TCP of one loopback port, and ends with the returned set.
    async fn serve(self) -> (SocketAddr, JoinSet<()>) {
        let (udp, tcp) = sockets().await;
        let address = udp.local_addr().unwrap();
        let mut tasks = JoinSet::new();
        if self.manner != Manner::TruncatedAlone {
            tasks.spawn(self.serve_tcp(tcp));
        }
        tasks.spawn(self.serve_udp(udp));
        (address, tasks)
    }

    async fn serve_tcp(self, tcp: TcpListener) {
        loop {
            let (mut stream, _) = tcp.accept().await.unwrap();
            let length = stream.read_u16().await.unwrap();
            let mut question = vec![0; usize::from(length)];
            stream.read_exact(&mut question).await.unwrap();
            let mut answer = self.answer(&question);
            if self.manner == Manner::SilentOverTcp {
                std::future::pending::<()>().await;
            }
            if self.manner == Manner::WrongOverTcp {
                answer.metadata.response_code = ResponseCode::ServFail;
            }
            let answer = answer.to_vec().unwrap();
            stream.write_u16(u16::try_from(answer.len()).unwrap()).await.unwrap();
            stream.write_all(&answer).await.unwrap();
        }
    }

    async fn serve_udp(self, udp: UdpSocket) {
        let other = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let mut bytes = [0; 2_048];
        for turn in 0.. {
            let (length, from) = udp.recv_from(&mut bytes).await.unwrap();
            let mut answer = self.answer(&bytes[..length]);
            let (mut socket, mut times) = (&udp, 1);
            match self.manner {
                Manner::Silent => continue,
                Manner::FirstLost if turn == 0 => continue,
                Manner::WrongId => answer.metadata.id ^= 1,
                Manner::Flood => {
                    answer.metadata.id ^= 1;
                    times = 10_000;
                }
                Manner::WrongQuestion => {
                    answer.queries = vec![Query::query(name("other.example."), RecordType::A)];
                }
                Manner::OtherSource => socket = &other,
                Manner::TruncatedThenTcp | Manner::TruncatedAlone => {
                    answer.metadata.truncation = true;
                    answer.answers.clear();
                }
                _ => {}
            }
            let mut sent = answer.to_vec().unwrap();
            if self.manner == Manner::Garbage {
                sent.truncate(14);
            }
            for _ in 0..times {
                // Whoever has heard enough is gone.
                if socket.send_to(&sent, from).await.is_err() {
                    break;
                }
            }
        }
    }
}

/// The same port of both protocols.
async fn sockets() -> (UdpSocket, TcpListener) {
    loop {
        let udp = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        if let Ok(tcp) = TcpListener::bind(udp.local_addr().unwrap()).await {
            return (udp, tcp);
        }
    }
}

async fn serve(manner: Manner) -> (SocketAddr, JoinSet<()>) {
    Fake { manner, serial: 7 }.serve().await
}

fn address(server: SocketAddr) -> HostPort {
    HostPort { host: server.ip().to_string(), port: server.port() }
}

fn check(server: SocketAddr, params: DnsParams) -> Check {
    let params = DnsParams { server: address(server), ..params };
    Check::new(CheckSpec { probe: config::Probe::Dns(params), ..probes::spec() }).unwrap()
}

async fn ask(server: SocketAddr, transport: DnsTransport) -> Outcome {
    let params = DnsParams { transport, ..params("A", &["192.0.2.1"]) };
    check(server, params).run(&surroundings()).await
}

fn phases(outcome: &Outcome) -> Vec<&str> {
    outcome.evidence.phases.iter().map(|phase| phase.name.as_str()).collect()
}

fn fact<'o>(outcome: &'o Outcome, name: &str) -> Option<&'o str> {
    outcome.evidence.facts.iter().find(|fact| fact.name == name).map(|fact| fact.value.as_str())
}

#[tokio::test]
async fn each_manner_of_a_server_has_its_reason() {
    use DnsTransport::{Both, Tcp, Udp};
    for (transport, manner, verdict, reason) in [
        (Udp, Manner::Right, Verdict::Up, Reason::None),
        (Udp, Manner::WrongId, Verdict::Down, Reason::DnsTimeout),
        (Udp, Manner::WrongQuestion, Verdict::Down, Reason::DnsTimeout),
        (Udp, Manner::OtherSource, Verdict::Down, Reason::DnsTimeout),
        (Udp, Manner::Flood, Verdict::Down, Reason::ProtoIdMismatch),
        (Udp, Manner::Garbage, Verdict::Down, Reason::ProtoMalformed),
        (Udp, Manner::Silent, Verdict::Down, Reason::DnsTimeout),
        (Udp, Manner::FirstLost, Verdict::Up, Reason::None),
        (Udp, Manner::TruncatedThenTcp, Verdict::Degraded, Reason::ProtoTruncated),
        (Udp, Manner::TruncatedAlone, Verdict::Down, Reason::ProtoTruncated),
        (Udp, Manner::WrongOverTcp, Verdict::Up, Reason::None),
        (Tcp, Manner::Silent, Verdict::Up, Reason::None),
        (Tcp, Manner::SilentOverTcp, Verdict::Down, Reason::DnsTimeout),
        (Tcp, Manner::WrongOverTcp, Verdict::Down, Reason::DnsServfail),
        (Both, Manner::Right, Verdict::Up, Reason::None),
        (Both, Manner::Silent, Verdict::Down, Reason::DnsTimeout),
        (Both, Manner::SilentOverTcp, Verdict::Down, Reason::DnsTimeout),
        (Both, Manner::WrongOverTcp, Verdict::Down, Reason::DnsServfail),
        (Both, Manner::TruncatedThenTcp, Verdict::Degraded, Reason::ProtoTruncated),
        (Udp, Manner::Plain, Verdict::Up, Reason::None),
        (Udp, Manner::PlainNotimp, Verdict::Up, Reason::None),
        (Tcp, Manner::Plain, Verdict::Up, Reason::None),
        (Both, Manner::Plain, Verdict::Up, Reason::None),
        (Udp, Manner::Deaf, Verdict::Down, Reason::DnsRcode),
    ] {
        let (server, _tasks) = serve(manner).await;
        let outcome = ask(server, transport).await;
        let seen = (outcome.verdict, outcome.reason);
        assert_eq!(seen, (verdict, reason), "{transport:?} {manner:?}: {outcome:?}");
    }
}

#[tokio::test]
async fn edns_is_given_up_once_and_only_where_it_is_not_wanted() {
    let noerror = || vec!["NOERROR".to_owned()];
    for (manner, dnssec, rcodes, verdict, told) in [
        (Manner::Plain, false, noerror(), Verdict::Up, Some("refused")),
        (Manner::Right, false, noerror(), Verdict::Up, None),
        // Signatures are asked for by EDNS alone.
        (Manner::Plain, true, noerror(), Verdict::Down, None),
        (Manner::Plain, false, vec!["FORMERR".to_owned()], Verdict::Up, None),
    ] {
        let (server, _tasks) = serve(manner).await;
        let outcome =
            check(server, DnsParams { dnssec, rcodes, ..params("A", &[]) }).run(&surroundings()).await;
        assert_eq!(outcome.verdict, verdict, "{manner:?} {dnssec}: {outcome:?}");
        assert_eq!((fact(&outcome, "edns"), outcome.attempts), (told, 1), "{outcome:?}");
    }
}

#[tokio::test]
async fn question_and_answer_can_be_read_along() {
    let (server, _tasks) = serve(Manner::Right).await;
    let (_, transcript) = check(server, params("A", &[])).run_recorded(&surroundings()).await;
    let told = |direction, text: &str| {
        transcript.lines().iter().any(|line| line.direction == direction && line.text.contains(text))
    };
    assert!(told(Direction::Sent, "portal.comune.example"), "{transcript:?}");
    assert!(told(Direction::Received, "192.0.2.1"), "{transcript:?}");
}

#[tokio::test]
async fn answers_to_others_are_told() {
    let (server, _tasks) = serve(Manner::WrongId).await;
    let outcome = ask(server, DnsTransport::Udp).await;
    assert!(fact(&outcome, "ignored").is_some(), "{outcome:?}");
    assert!(outcome.evidence.detail.contains("another id"), "{outcome:?}");
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
    for (transport, expected) in [
        (DnsTransport::Tcp, &["connect", "tcp_rtt"][..]),
        (DnsTransport::Both, &["udp_rtt", "connect", "tcp_rtt"]),
    ] {
        let outcome = ask(server, transport).await;
        assert_eq!(outcome.verdict, Verdict::Up, "{outcome:?}");
        assert_eq!(phases(&outcome), expected);
    }
}

#[tokio::test]
async fn a_closed_port_refuses_over_both() {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    drop(socket);
    for transport in [DnsTransport::Udp, DnsTransport::Tcp, DnsTransport::Both] {
        let outcome = ask(address, transport).await;
        assert_eq!(outcome.reason, Reason::ConnectRefused, "{outcome:?}");
    }
}

/// The system's resolver answers every question; the server in question is dead.
#[tokio::test]
async fn a_dead_server_is_down_whoever_else_answers() {
    let (resolver, _answers) = serve(Manner::Open).await;
    let (server, _silence) = serve(Manner::Silent).await;
    let mut config = NameServerConfig::udp(resolver.ip());
    config.connections[0].port = resolver.port();
    let resolver = SystemResolver::by_config(ResolverConfig::from_name_servers(vec![config]));
    assert!(resolver.resolve("portal.comune.example", Family::V4).await.is_ok(), "the resolver works");
    let surroundings = Surroundings { resolver, ..surroundings() };
    let outcome = check(server, params("A", &[])).run(&surroundings).await;
    assert_eq!((outcome.verdict, outcome.reason), (Verdict::Down, Reason::DnsTimeout));
}

#[tokio::test]
async fn what_must_not_be_answered_is_asked_too() {
    let must_fail = vec![DnsQuestion { name: "altri.example.".to_owned(), record_type: "A".to_owned() }];
    for (manner, verdict, reason) in [
        (Manner::Right, Verdict::Up, Reason::None),
        (Manner::Open, Verdict::Down, Reason::DnsNegativeViolated),
    ] {
        let (server, _tasks) = serve(manner).await;
        for transport in [DnsTransport::Udp, DnsTransport::Tcp] {
            let params = DnsParams { must_fail: must_fail.clone(), transport, ..params("A", &["192.0.2.1"]) };
            let outcome = check(server, params).run(&surroundings()).await;
            assert_eq!((outcome.verdict, outcome.reason), (verdict, reason), "{outcome:?}");
        }
    }
}

#[tokio::test]
async fn who_is_behind_is_blamed_and_silent_others_are_not_heard() {
    let (server, _own) = Fake { manner: Manner::Right, serial: 7 }.serve().await;
    let (equal, _equal) = Fake { manner: Manner::Right, serial: 7 }.serve().await;
    let (newer, _newer) = Fake { manner: Manner::Right, serial: 9 }.serve().await;
    let (older, _older) = Fake { manner: Manner::Right, serial: 6 }.serve().await;
    let (silent, _silent) = serve(Manner::Silent).await;
    for (others, within_ms, verdict, reason) in [
        (vec![equal], 60_000, Verdict::Up, Reason::None),
        (vec![older, equal], 60_000, Verdict::Up, Reason::None),
        (vec![older, newer], 60_000, Verdict::Degraded, Reason::DnsSerialSkew),
        (vec![silent], 60_000, Verdict::Up, Reason::None),
        (vec![silent, equal], 60_000, Verdict::Up, Reason::None),
        (vec![silent, newer], 60_000, Verdict::Degraded, Reason::DnsSerialSkew),
    ] {
        let same_as = others.into_iter().map(address).collect();
        let soa_serial = Some(SoaSerial { same_as, within_ms });
        let check = check(server, DnsParams { soa_serial, ..params("SOA", &[]) });
        let outcome = check.run(&surroundings()).await;
        assert_eq!((outcome.verdict, outcome.reason), (verdict, reason), "{outcome:?}");
        assert_eq!(fact(&outcome, "serial"), Some("7"));
        assert!(outcome.duration_micros < 250_000, "others' silence is not this server's slowness");
    }
}

#[tokio::test]
async fn a_server_that_stays_behind_is_down() {
    let (server, _own) = Fake { manner: Manner::Right, serial: 7 }.serve().await;
    let (newer, _newer) = Fake { manner: Manner::Right, serial: 8 }.serve().await;
    let soa_serial = Some(SoaSerial { same_as: vec![address(newer)], within_ms: 0 });
    let check = check(server, DnsParams { soa_serial, ..params("SOA", &[]) });
    assert_eq!(check.run(&surroundings()).await.verdict, Verdict::Degraded);
    let outcome = check.run(&surroundings()).await;
    assert_eq!((outcome.verdict, outcome.reason), (Verdict::Down, Reason::DnsSerialSkew));
}
