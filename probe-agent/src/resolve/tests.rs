//! Several servers, some of them dead.

use hickory_proto::op::{Message, OpCode};
use hickory_proto::rr::Record;
use hickory_proto::rr::rdata::A;
use tokio::net::UdpSocket;
use tokio::task::JoinSet;

use super::*;

/// How a server answers.
#[derive(Debug, Clone, Copy)]
enum Manner {
    /// With this last byte of an address.
    Right(u8),
    Says(ResponseCode),
    Silent,
}

async fn resolver(manners: &[Manner]) -> (SystemResolver, JoinSet<()>) {
    let mut servers = Vec::new();
    let mut tasks = JoinSet::new();
    for &manner in manners {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let mut server = NameServerConfig::udp("127.0.0.1".parse().unwrap());
        server.connections[0].port = socket.local_addr().unwrap().port();
        servers.push(server);
        tasks.spawn(serve(manner, socket));
    }
    (SystemResolver::by_config(ResolverConfig::from_name_servers(servers)), tasks)
}

async fn serve(manner: Manner, socket: UdpSocket) {
    let mut bytes = [0; 2_048];
    loop {
        let (length, from) = socket.recv_from(&mut bytes).await.unwrap();
        let question = Message::from_vec(&bytes[..length]).unwrap();
        let query = question.queries[0].clone();
        let mut answer = Message::response(question.metadata.id, OpCode::Query);
        match manner {
            Manner::Silent => continue,
            Manner::Says(rcode) => answer.metadata.response_code = rcode,
            Manner::Right(last) => {
                let data = RData::A(A([192, 0, 2, last].into()));
                answer.add_answer(Record::from_rdata(query.name().clone(), 60, data));
            }
        }
        answer.add_query(query);
        socket.send_to(&answer.to_vec().unwrap(), from).await.unwrap();
    }
}

#[tokio::test]
async fn a_dead_server_leaves_time_for_the_next() {
    use Manner::{Right, Says, Silent};
    for (manners, expected) in [
        (&[Right(1)][..], Ok(1)),
        (&[Right(1), Right(2)], Ok(1)),
        (&[Silent, Right(2)], Ok(2)),
        (&[Silent, Silent, Right(3)], Ok(3)),
        // As the C library does: a server that cannot say is passed over, one that says "no" is believed.
        (&[Says(ResponseCode::ServFail), Right(2)], Ok(2)),
        (&[Says(ResponseCode::Refused), Silent, Right(3)], Ok(3)),
        (&[Says(ResponseCode::NXDomain), Right(2)], Err(Reason::ResolveNxdomain)),
        (&[Says(ResponseCode::NoError), Right(2)], Err(Reason::ResolveNodata)),
        // Of several failures the one that says most.
        (&[Silent, Says(ResponseCode::Refused)], Err(Reason::ResolveRefused)),
        (&[Silent, Silent], Err(Reason::ResolveTimeout)),
        (&[], Err(Reason::ResolveServfail)),
    ] {
        let (resolver, _tasks) = resolver(manners).await;
        let seen = resolver.resolve("portale.comune.example", Family::V4).await;
        let seen = seen.map_err(|fault| fault.reason);
        assert_eq!(seen, expected.map(|last| IpAddr::from([192, 0, 2, last])), "{manners:?}");
    }
}
