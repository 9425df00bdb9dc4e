//! Name servers behind TLS (RFC 7858), right and wrong in every way we know.

use std::sync::Arc;

use config::TlsParams;
use rustls::ServerConfig;
use tokio::io::AsyncWrite;
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::probe::http::tests::pki;

/// How a server behaves on a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Behind {
    /// Answers as asked, in two writes.
    Right,
    /// The same, but knows no EDNS.
    Plain,
    /// Also what it must not.
    Open,
    /// Takes the connection and says nothing.
    Silent,
    /// Says nothing after the handshake.
    SilentAfter,
    /// Speaks DNS at once, without TLS.
    Clear,
    /// Closes after the handshake.
    Closes,
    WrongId,
    /// A length and less than that.
    Short,
    /// As long as it says, and nothing that can be read.
    Garbage,
}

async fn serve(behind: Behind, server: ServerConfig) -> (SocketAddr, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(server));
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            match behind {
                Behind::Silent => std::future::pending::<()>().await,
                Behind::Clear => drop(stream.write_all(b"\0\x0c\0\x07\x81\x80\0\0\0\0\0\0\0\0").await),
                _ => {}
            }
            // Who does not like the certificate goes away.
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            if behind == Behind::Closes {
                let _ = stream.shutdown().await;
                continue;
            }
            let Ok(length) = stream.read_u16().await else { continue };
            let mut question = vec![0; usize::from(length)];
            stream.read_exact(&mut question).await.unwrap();
            answer(behind, &question, stream).await;
        }
    });
    (address, tasks)
}

async fn answer<S: AsyncWrite + Unpin>(behind: Behind, question: &[u8], mut stream: S) {
    let manner = match behind {
        Behind::Plain => Manner::Plain,
        Behind::Open => Manner::Open,
        _ => Manner::Right,
    };
    let mut answer = Fake { manner, serial: 7 }.answer(question);
    if behind == Behind::WrongId {
        answer.metadata.id ^= 1;
    }
    let mut bytes = answer.to_vec().unwrap();
    let length = u16::try_from(bytes.len()).unwrap();
    match behind {
        Behind::SilentAfter => std::future::pending().await,
        Behind::Short => bytes.truncate(20),
        Behind::Garbage => bytes[2..].fill(0xff),
        _ => {}
    }
    stream.write_u16(length).await.unwrap();
    stream.flush().await.unwrap();
    stream.write_all(&bytes).await.unwrap();
    stream.shutdown().await.unwrap();
}

/// Of a server whose certificate is for `name` until `until`.
async fn asked(behind: Behind, name: &str, until: (i32, u8), params: DnsParams) -> Outcome {
    let pki = pki(&[name], (2020, 1), until);
    let tls = TlsParams {
        authority: Some(pki.authority_pem.clone()),
        name: Some("dns.comune.example".to_owned()),
        ..TlsParams::default()
    };
    let (server, _tasks) = serve(behind, pki.server).await;
    let params = DnsParams { transport: DnsTransport::Tls, tls, server: address(server), ..params };
    let mut spec = CheckSpec { probe: config::Probe::Dns(params), ..probes::spec() };
    (spec.timing.attempts, spec.timing.timeout_ms) = (1, 700);
    Check::new(spec).unwrap().run(&surroundings()).await
}

const NAME: &str = "dns.comune.example";

#[tokio::test]
async fn each_manner_behind_tls_has_its_reason() {
    for (behind, name, until, verdict, reason) in [
        (Behind::Right, NAME, (2090, 1), Verdict::Up, Reason::None),
        (Behind::Plain, NAME, (2090, 1), Verdict::Up, Reason::None),
        (Behind::Right, "altro.example", (2090, 1), Verdict::Down, Reason::TlsNameMismatch),
        (Behind::Right, NAME, (2021, 1), Verdict::Down, Reason::TlsExpired),
        (Behind::Silent, NAME, (2090, 1), Verdict::Down, Reason::TlsTimeout),
        (Behind::SilentAfter, NAME, (2090, 1), Verdict::Down, Reason::DnsTimeout),
        (Behind::Clear, NAME, (2090, 1), Verdict::Down, Reason::TlsProtocol),
        (Behind::Closes, NAME, (2090, 1), Verdict::Down, Reason::ProtoClosedEarly),
        (Behind::WrongId, NAME, (2090, 1), Verdict::Down, Reason::ProtoIdMismatch),
        (Behind::Short, NAME, (2090, 1), Verdict::Down, Reason::ProtoClosedEarly),
        (Behind::Garbage, NAME, (2090, 1), Verdict::Down, Reason::ProtoMalformed),
    ] {
        let outcome = asked(behind, name, until, params("A", &["192.0.2.1"])).await;
        assert_eq!((outcome.verdict, outcome.reason), (verdict, reason), "{behind:?} {name}: {outcome:?}");
        let ends_ms = outcome.evidence.tls.as_ref().map_or(0, |tls| tls.not_after_ms);
        let is_told = !matches!(behind, Behind::Silent | Behind::Clear);
        assert_eq!(ends_ms > 0, is_told, "{behind:?}: the certificate is told whatever else is wrong");
    }
}

#[tokio::test]
async fn the_phases_are_those_of_a_connection_with_tls() {
    let outcome = asked(Behind::Right, NAME, (2090, 1), params("A", &["192.0.2.1"])).await;
    assert_eq!(phases(&outcome), ["connect", "tls", "tcp_rtt"]);
    assert_eq!(fact(&outcome, "rcode"), Some("NOERROR"));
}

#[tokio::test]
async fn controls_and_wrong_answers_are_judged_as_without_tls() {
    let control = DnsQuestion { name: "altri.example.".to_owned(), record_type: "A".to_owned() };
    for (behind, expect, expected) in [
        (Behind::Right, "192.0.2.1", (Verdict::Up, Reason::None)),
        (Behind::Open, "192.0.2.1", (Verdict::Down, Reason::DnsNegativeViolated)),
        (Behind::Right, "192.0.2.9", (Verdict::Down, Reason::AssertRecords)),
    ] {
        let params = DnsParams { must_fail: vec![control.clone()], ..params("A", &[expect]) };
        let outcome = asked(behind, NAME, (2090, 1), params).await;
        assert_eq!((outcome.verdict, outcome.reason), expected, "{behind:?}: {outcome:?}");
    }
}

#[tokio::test]
async fn a_certificate_that_ends_soon_is_degraded_unless_worse_is_found() {
    for (expect, expected) in [
        ("192.0.2.1", (Verdict::Degraded, Reason::TlsExpiring)),
        ("192.0.2.9", (Verdict::Down, Reason::AssertRecords)),
    ] {
        let pki = pki(&[NAME], (2020, 1), (2090, 1));
        let tls = TlsParams {
            authority: Some(pki.authority_pem.clone()),
            name: Some(NAME.to_owned()),
            // Longer than it is valid.
            warn_ms: Some(200 * 365 * 86_400_000),
        };
        let (server, _tasks) = serve(Behind::Right, pki.server).await;
        let params = DnsParams { transport: DnsTransport::Tls, tls, ..params("A", &[expect]) };
        let outcome = check(server, params).run(&surroundings()).await;
        assert_eq!((outcome.verdict, outcome.reason), expected, "{outcome:?}");
    }
}

#[tokio::test]
async fn nobody_behind_the_port_is_refused() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = listener.local_addr().unwrap();
    drop(listener);
    let params = DnsParams { transport: DnsTransport::Tls, ..params("A", &[]) };
    let outcome = check(server, params).run(&surroundings()).await;
    assert_eq!((outcome.verdict, outcome.reason), (Verdict::Down, Reason::ConnectRefused), "{outcome:?}");
}
