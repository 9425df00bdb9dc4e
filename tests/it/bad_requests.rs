//! What no agent would send is refused, and costs the real agent nothing.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;

use collector::publish::api::State;
use collector_api::{Route, header, hex_encode, limits};
use harness::place::AGENT;
use harness::{Place, Target, eventually};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

/// The status of one POST over TLS.
fn post(place: &Place, route: Route, body: &[u8]) -> u16 {
    let line = place.enrol_line();
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(line.authority)).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_root_certificates(roots).with_no_client_auth();
    let name = ServerName::try_from(line.server_name.clone()).unwrap();
    let connection = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut stream = StreamOwned::new(connection, TcpStream::connect(place.listening().agents).unwrap());
    let head = format!(
        "POST {} HTTP/1.1\r\nhost: {}\r\n{}: {}\r\n{}: {AGENT}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
        route.path(),
        line.server_name,
        header::NONCE,
        hex_encode(&[7; 16]),
        header::AGENT,
        body.len(),
    );
    stream.write_all(head.as_bytes()).unwrap();
    // What is too large is refused by its announced length; bytes nobody reads would reset the answer away.
    if body.len() <= limits::BATCH_WIRE_BYTES_MAX {
        stream.write_all(body).unwrap();
    }
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).unwrap();
    std::str::from_utf8(&answer[9..]).unwrap().parse().unwrap()
}

#[test]
fn garbage_is_refused_and_the_next_batch_accepted() {
    let target = Target::opened();
    let place = Place::running(&format!(
        "  rete:\n    users: [uffici]\n    components:\n      \
         porta: {{probe: tcp, targets: {{una: \"{}\"}}, every: 500ms, timeout: 400ms, attempts: 1}}",
        target.address(),
    ));
    place.until(State::Up);
    let mark = place.stream().mark;
    assert_eq!(post(&place, Route::Batches, b"garbage"), 400);
    assert_eq!(post(&place, Route::Batches, &vec![0; limits::BATCH_WIRE_BYTES_MAX + 1024]), 413);
    assert_eq!(post(&place, Route::Hello, b""), 401, "not signed");
    let mut plain = TcpStream::connect(place.listening().agents).unwrap();
    plain.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    drop(plain);

    eventually("the next batch is accepted", || (place.stream().mark > mark).then_some(()));
    assert_eq!(place.service_year().figure.down_ms, 0);
    place.assert_verifies();
}
