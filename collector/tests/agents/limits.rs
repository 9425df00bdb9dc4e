//! Too much, too slow, too many.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use collector::clock::Clock;
use collector::serve::{Collector, Listening, Options, Patience};
use collector_api::{Chain, Route, header, hex_encode, limits};
use tokio::io::AsyncReadExt as _;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::agent::Agent;
use crate::place::Running;

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
