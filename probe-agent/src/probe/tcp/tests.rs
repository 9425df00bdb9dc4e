//! The probe against peers that say what a test wants, in the pieces it wants.

use std::time::Duration;

use collector_api::Verdict;
use config::{CheckSpec, Probe};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::*;
use crate::probe::tests::{spec, surroundings};
use crate::probe::{Check, Outcome};

/// What a peer does after accepting, in order.
#[derive(Debug, Clone, Copy)]
enum Act {
    Say(&'static [u8]),
    /// Until that many bytes have come.
    Hear(usize),
    Pause,
    /// Without end.
    Babble,
    Close,
    /// Neither speaks nor closes.
    Stay,
}

async fn peer(acts: &'static [Act]) -> (HostPort, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            play(acts, stream).await;
        }
    });
    (HostPort { host: "127.0.0.1".to_owned(), port }, tasks)
}

async fn play(acts: &[Act], mut stream: TcpStream) {
    for act in acts {
        match act {
            Act::Say(bytes) => stream.write_all(bytes).await.unwrap(),
            Act::Hear(length) => {
                stream.read_exact(&mut vec![0; *length]).await.unwrap();
            }
            Act::Pause => sleep(Duration::from_millis(20)).await,
            Act::Babble => while stream.write_all(&[b'x'; 8_192]).await.is_ok() {},
            Act::Close => return,
            Act::Stay => std::future::pending().await,
        }
    }
}

/// `send > expect ! reject`, each part optional.
fn step(text: &str) -> TcpStep {
    let (rest, reject) = text.split_once('!').map_or((text, None), |(rest, reject)| (rest, Some(reject)));
    let (send, expect) = rest.split_once('>').map_or((None, rest), |(send, expect)| (Some(send), expect));
    let text = |part: &str| WireText::parse(part.trim_matches(' '));
    TcpStep { send: send.and_then(text), expect: text(expect), reject: reject.and_then(text) }
}

async fn run(params: TcpParams) -> Outcome {
    let check = Check::new(CheckSpec { probe: Probe::Tcp(params), ..spec() }).unwrap();
    check.run(&surroundings()).await
}

async fn talk(acts: &'static [Act], steps: &[&str]) -> Outcome {
    let (address, _tasks) = peer(acts).await;
    let steps = steps.iter().map(|text| step(text)).collect();
    run(TcpParams { steps, ..TcpParams::connect(address, Family::V4) }).await
}

fn fact<'o>(outcome: &'o Outcome, name: &str) -> Option<&'o str> {
    outcome.evidence.facts.iter().find(|fact| fact.name == name).map(|fact| fact.value.as_str())
}

#[tokio::test]
async fn each_way_of_answering_has_its_reason() {
    use Act::{Babble, Close, Hear, Pause, Say, Stay};
    let up = (Verdict::Up, Reason::None);
    let down = |reason| (Verdict::Down, reason);
    for (acts, steps, expected) in [
        (&[Say(b"SSH-2.0-x\r\n"), Stay][..], &["SSH-2.0-"][..], up),
        // In pieces, and not at the beginning.
        (&[Say(b"hello SS"), Pause, Say(b"H-2.0-x"), Stay], &["SSH-2.0-"], up),
        (&[Hear(6), Say(b"+PONG\r\n"), Stay], &["PING\\r\\n > +PONG ! -ERR"], up),
        (
            &[Hear(6), Say(b"-ERR no\r\n"), Stay],
            &["PING\\r\\n > +PONG ! -ERR"],
            down(Reason::ProtoUnexpectedReply),
        ),
        // What comes after the word waited for is no answer to it, in one piece or in two.
        (&[Hear(6), Say(b"+PONG\r\n-ERR later\r\n"), Stay], &["PING\\r\\n > +PONG ! -ERR"], up),
        (
            &[Hear(6), Say(b"+PONG\r\n"), Pause, Say(b"-ERR later\r\n"), Stay],
            &["PING\\r\\n > +PONG ! -ERR"],
            up,
        ),
        (
            &[Hear(6), Say(b"-ERR first\r\n+PONG\r\n"), Stay],
            &["PING\\r\\n > +PONG ! -ERR"],
            down(Reason::ProtoUnexpectedReply),
        ),
        // One within the other: what is complete first.
        (&[Say(b"250-x\r\n"), Stay], &["250 ! 250-x"], up),
        (&[Say(b"250-x\r\n"), Stay], &["250-x ! 250"], down(Reason::ProtoBadGreeting)),
        // Never speaks.
        (&[Stay], &["220"], down(Reason::ProtoTimeout)),
        (&[Hear(6), Stay], &["PING\\r\\n > +PONG"], down(Reason::ProtoTimeout)),
        // Says something else, and waits.
        (&[Say(b"554 no\r\n"), Stay], &["220"], down(Reason::ProtoBadGreeting)),
        (&[Say(b"554 no\r\n"), Close], &["220"], down(Reason::ProtoBadGreeting)),
        (&[Hear(6), Say(b"what?"), Stay], &["PING\\r\\n > +PONG"], down(Reason::ProtoUnexpectedReply)),
        (&[Close], &["220"], down(Reason::ProtoClosedEarly)),
        // Says too much.
        (&[Babble], &["220"], down(Reason::ProtoBadGreeting)),
        (
            &[Say(b"220 a\r\n"), Hear(6), Say(b"250-b\r\n"), Pause, Say(b"250 c\r\n"), Hear(6), Close],
            &["220", "EHLO\\r\\n > 250 ", "QUIT\\r\\n >"],
            up,
        ),
        (
            &[Say(b"220 a\r\n"), Hear(6), Say(b"502 b\r\n"), Close],
            &["220", "EHLO\\r\\n > 250 "],
            down(Reason::ProtoUnexpectedReply),
        ),
    ] {
        let outcome = talk(acts, steps).await;
        assert_eq!((outcome.verdict, outcome.reason), expected, "{acts:?} {steps:?}: {outcome:?}");
        assert_eq!(fact(&outcome, "depth"), Some("dialogue"));
    }
}

#[tokio::test]
async fn silence_is_in_the_phase_of_the_banner() {
    let outcome = talk(&[Act::Stay], &["220"]).await;
    assert_eq!(outcome.evidence.phase_failed, "banner");
    assert_eq!(outcome.attempts, 3, "silence may be chance");
    let outcome = talk(&[Act::Say(b"554 no\r\n"), Act::Stay], &["220"]).await;
    assert_eq!(outcome.attempts, 1, "a wrong word is none");
    assert!(outcome.evidence.detail.contains("554 no\\r\\n"), "{outcome:?}");
    assert_eq!(fact(&outcome, "heard"), Some("554 no"));
}

#[tokio::test]
async fn who_babbles_is_cut_off() {
    let outcome = talk(&[Act::Babble], &["220"]).await;
    assert!(outcome.evidence.detail.contains("no `220` in 6"), "{outcome:?}");
    assert!(outcome.evidence.detail.len() < 256);
}

#[tokio::test]
async fn connecting_alone_is_called_so() {
    let (address, _tasks) = peer(&[Act::Stay]).await;
    let outcome = run(TcpParams::connect(address, Family::V4)).await;
    assert_eq!((outcome.verdict, fact(&outcome, "depth")), (Verdict::Up, Some("l4")));
}

#[tokio::test]
async fn a_port_that_must_be_closed_says_so_itself() {
    let (open, _tasks) = peer(&[Act::Stay]).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let closed = HostPort { host: "127.0.0.1".to_owned(), port: listener.local_addr().unwrap().port() };
    drop(listener);
    for (address, verdict, reason) in
        [(open, Verdict::Down, Reason::TcpOpen), (closed, Verdict::Up, Reason::None)]
    {
        let params = TcpParams { expect_closed: true, ..TcpParams::connect(address, Family::V4) };
        let outcome = run(params).await;
        assert_eq!((outcome.verdict, outcome.reason), (verdict, reason), "{outcome:?}");
    }
}

/// A listener whose queue is full drops what else comes: silence.
#[tokio::test]
async fn a_port_that_only_swallows_is_not_closed() {
    let (address, _full) = crate::probe::tests::black_hole().await;
    let address = HostPort { host: address.ip().to_string(), port: address.port() };
    let params = TcpParams { expect_closed: true, ..TcpParams::connect(address, Family::V4) };
    let outcome = run(params).await;
    assert_eq!((outcome.verdict, outcome.reason), (Verdict::Down, Reason::ConnectTimeout), "{outcome:?}");
    assert!(outcome.evidence.detail.contains("silence does not prove"), "{outcome:?}");
}

#[test]
fn what_was_searched_is_not_searched_again() {
    for (searched, longest, from) in [(0, 5, 0), (3, 5, 0), (10, 5, 6), (10, 1, 10)] {
        assert_eq!(searched_from(searched, longest), from);
    }
    assert_eq!(find(b"abc", b"bc"), Some(1));
    assert_eq!(find(b"ab", b"abc"), None);
}

#[tokio::test]
async fn a_certificate_is_judged_before_a_word_is_said() {
    let identity = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
    let key = rustls::pki_types::PrivateKeyDer::Pkcs8(identity.signing_key.serialize_der().into());
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![identity.cert.der().clone()], key)
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(std::sync::Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = HostPort { host: "127.0.0.1".to_owned(), port: listener.local_addr().unwrap().port() };
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            if stream.read_exact(&mut [0; 6]).await.is_ok() {
                stream.write_all(b"+PONG\r\n").await.unwrap();
                stream.flush().await.unwrap();
            }
        }
    });
    let steps = vec![step("PING\\r\\n > +PONG")];
    for (authority, verdict, reason) in
        [(Some(identity.cert.pem()), Verdict::Up, Reason::None), (None, Verdict::Down, Reason::TlsUntrusted)]
    {
        let tls = config::TlsParams { authority, warn_ms: Some(0), ..config::TlsParams::default() };
        let connect = TcpParams::connect(address.clone(), Family::V4);
        let outcome = run(TcpParams { tls: Some(tls), steps: steps.clone(), ..connect }).await;
        assert_eq!((outcome.verdict, outcome.reason), (verdict, reason), "{outcome:?}");
        assert!(outcome.evidence.tls.is_some(), "shown also when it is not trusted");
    }
}
