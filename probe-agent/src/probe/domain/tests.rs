//! The domain probe against records, controllers and centres that are whole, half, and gone.

use collector_api::{Reason, Verdict};
use config::{CheckSpec, Probe, Timing};
use hickory_proto::op::{Message, OpCode, ResponseCode};
use hickory_proto::rr::rdata::{A, SRV};
use hickory_proto::rr::{Name, RData, Record, RecordType};
use tokio::net::{TcpListener, UdpSocket};

use super::super::kerberos::tests::{Centre, Open, RIGHT};
use super::super::tests::{spec, surroundings};
use super::super::{Check, Outcome};
use super::*;

/// A controller as the name server of a test lists it: its number, and its ports.
#[derive(Debug, Clone, Copy)]
struct Listing {
    number: u8,
    ldap: Option<u16>,
    kerberos: Option<u16>,
}

/// Lists controllers `dcN.comune.example`, all of them at 127.0.0.1.
async fn name_server(listed: Vec<Listing>) -> (HostPort, JoinSet<()>) {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let server = HostPort { host: "127.0.0.1".to_owned(), port: socket.local_addr().unwrap().port() };
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        let mut bytes = [0; 2_048];
        loop {
            let (length, from) = socket.recv_from(&mut bytes).await.unwrap();
            let question = Message::from_vec(&bytes[..length]).unwrap();
            let mut answer = Message::response(question.metadata.id, OpCode::Query);
            let query = question.queries[0].clone();
            let asked = query.name().to_ascii().to_ascii_lowercase();
            let mut records = Vec::new();
            for record in &listed {
                let port = if asked.starts_with("_ldap.") { record.ldap } else { record.kerberos };
                if let (RecordType::SRV, Some(port)) = (query.query_type(), port) {
                    let host = Name::from_ascii(format!("DC{}.comune.example.", record.number)).unwrap();
                    records.push(RData::SRV(SRV::new(0, 100, port, host)));
                }
            }
            if query.query_type() == RecordType::A {
                records.push(RData::A(A("127.0.0.1".parse().unwrap())));
            }
            if records.is_empty() {
                answer.metadata.response_code = ResponseCode::NXDomain;
            }
            for data in records {
                answer.add_answer(Record::from_rdata(query.name().clone(), 60, data));
            }
            answer.add_query(query);
            socket.send_to(&answer.to_vec().unwrap(), from).await.unwrap();
        }
    });
    (server, tasks)
}

struct Controller {
    centre: Open,
    ldap: TcpListener,
}

async fn controller(centre: Centre) -> Controller {
    Controller { centre: centre.open().await, ldap: TcpListener::bind("127.0.0.1:0").await.unwrap() }
}

impl Controller {
    fn listed(&self, number: u8) -> Listing {
        let ldap = self.ldap.local_addr().unwrap().port();
        Listing { number, ldap: Some(ldap), kerberos: Some(self.centre.kdc.port) }
    }
}

async fn run(listed: Vec<Listing>, ports: Vec<u16>) -> Outcome {
    let (resolver, _tasks) = name_server(listed).await;
    let params = DomainParams {
        domain: "comune.example".to_owned(),
        realm: None,
        resolver: Some(resolver),
        family: Family::V4,
        ports,
    };
    let timing = Timing { timeout_ms: 20_000, every_ms: 60_000, attempts: 1, ..spec().timing };
    let spec = CheckSpec { probe: Probe::Domain(Box::new(params)), timing, ..spec() };
    Check::new(spec).unwrap().run(&surroundings()).await
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[tokio::test]
async fn a_domain_is_as_whole_as_its_controllers() {
    let (one, two) = (controller(RIGHT).await, controller(RIGHT).await);
    let late = controller(Centre { ahead_ms: 90_000, ..RIGHT }).await;
    let lost = controller(Centre { ahead_ms: 600_000, ..RIGHT }).await;
    let foreign = controller(Centre { first: 68, ..RIGHT }).await;
    let [first, second] = [one.listed(1), two.listed(2)];
    let without = |ldap, kerberos| Listing { number: 2, ldap, kerberos };
    let degraded = |reason| (Verdict::Degraded, reason);
    for (listed, expected, told) in [
        (vec![first, second], (Verdict::Up, Reason::None), "dc1.comune.example whole"),
        (vec![first, late.listed(2)], degraded(Reason::KrbSkewWarn), "dc2.comune.example whole, clock +"),
        (vec![first, lost.listed(2)], degraded(Reason::DomainPartial), "dc2.comune.example kerberos "),
        (vec![first, foreign.listed(2)], degraded(Reason::DomainPartial), "of another realm"),
        (
            vec![first, without(Some(free_port()), second.kerberos)],
            degraded(Reason::DomainPartial),
            "connection refused",
        ),
        (vec![first, without(None, second.kerberos)], degraded(Reason::DomainPartial), "no record _ldap"),
        (vec![first, without(second.ldap, None)], degraded(Reason::DomainPartial), "no record _kerberos"),
        (
            vec![lost.listed(1), foreign.listed(2)],
            (Verdict::Down, Reason::DomainNoneWhole),
            "dc1.comune.example",
        ),
        (vec![], (Verdict::Down, Reason::DomainNoRecords), ""),
        (vec![without(second.ldap, None)], (Verdict::Down, Reason::DomainNoRecords), ""),
    ] {
        let shown = format!("{listed:?}");
        let outcome = run(listed, Vec::new()).await;
        assert_eq!((outcome.verdict, outcome.reason), expected, "{shown}: {outcome:?}");
        let facts = &outcome.evidence.facts;
        assert!(told.is_empty() || facts.iter().any(|fact| fact.value.contains(told)), "{told}: {outcome:?}");
    }
}

#[tokio::test]
async fn every_port_of_every_controller_counts() {
    let one = controller(RIGHT).await;
    let files = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let open = files.local_addr().unwrap().port();
    let outcome = run(vec![one.listed(1)], vec![open]).await;
    assert_eq!(outcome.verdict, Verdict::Up, "{outcome:?}");
    let closed = free_port();
    let outcome = run(vec![one.listed(1)], vec![open, closed]).await;
    assert_eq!((outcome.verdict, outcome.reason), (Verdict::Down, Reason::DomainNoneWhole), "{outcome:?}");
    assert!(outcome.evidence.detail.contains(&format!("{closed}: connection refused")), "{outcome:?}");
}

#[tokio::test]
async fn a_list_without_end_is_bounded_and_its_evidence_too() {
    let one = controller(RIGHT).await;
    let listed = (1..=18).map(|number| one.listed(number)).collect();
    let outcome = run(listed, Vec::new()).await;
    let facts = &outcome.evidence.facts;
    let value = |name: &str| facts.iter().find(|fact| fact.name == name).map(|fact| fact.value.as_str());
    assert_eq!((value("controllers"), value("left_out")), (Some("18"), Some("2")), "{outcome:?}");
    assert_eq!(facts.iter().filter(|fact| fact.name == "controller").count(), TOLD_MAX);
    assert_eq!(outcome.verdict, Verdict::Up, "{outcome:?}");
}
