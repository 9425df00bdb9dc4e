//! HTTP by hand: one request a connection, the clock around all of it.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::time::{Duration, Instant};

use harness::eventually;

/// Sends a request and reads the answer; gives its body and how long it took. HTTP/1.0, so that the body is plain.
pub(crate) fn ask(port: u16, method: &str, path: &str, body: &[u8]) -> (String, Duration) {
    let began = Instant::now();
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    let length = body.len();
    write!(stream, "{method} {path} HTTP/1.0\r\nhost: 127.0.0.1\r\ncontent-length: {length}\r\n\r\n")
        .unwrap();
    stream.write_all(body).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let took = began.elapsed();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let success = head.split(' ').nth(1).is_some_and(|status| status.starts_with('2'));
    assert!(success, "{method} {path}: {head}\n{body}");
    (body.to_owned(), took)
}

/// Waits until somebody listens.
pub(crate) fn until_it_listens(port: u16) {
    eventually("a server listens", || TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok());
}

/// The first of `rounds` answers, the last one's body, and their median.
pub(crate) fn timed(
    rounds: usize,
    mut once: impl FnMut() -> (Vec<String>, Duration),
) -> (Vec<String>, [Duration; 2]) {
    let (mut bodies, first) = once();
    let mut all = vec![first];
    for _ in 1..rounds {
        let (again, took) = once();
        bodies = again;
        all.push(took);
    }
    all.sort();
    (bodies, [first, all[all.len() / 2]])
}
