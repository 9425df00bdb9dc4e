//! `probe: udp`: a datagram, and one that must come back.
//!
//! A datagram that was sent proves nothing, so there is no such check without an answer. Only the server's address and
//! port are heard (the socket is connected, so the kernel sees to it, and "port unreachable" arrives as a refusal). What
//! comes without the text is told and waited past: an answer to an earlier question may be late. The price: nothing but
//! the text binds an answer to its question; a protocol that can do better has a kind of its own.

use collector_api::Reason;
use config::{HostPort, UdpParams, WireText};

use super::{Asker, Attempted, Fault, Surroundings, Trace, connect, dns};

/// A longer one is cut by the kernel.
const HEARD_BYTES_MAX: usize = 4_096;
/// More datagrams without the text are a flood.
const IGNORED_MAX: usize = 64;
/// Quoted of what was heard.
const QUOTED_BYTES_MAX: usize = 80;

/// One check.
#[derive(Debug)]
pub struct Udp {
    params: UdpParams,
}

impl Udp {
    /// Takes the parameters as they are.
    pub const fn new(params: UdpParams) -> Self {
        Self { params }
    }

    async fn observe(&self, surroundings: &Surroundings, trace: &mut Trace) -> Result<(), Fault> {
        let UdpParams { address, family, send, expect } = &self.params;
        let server = connect::locate(address, *family, surroundings, trace).await?;
        trace.enter("reply");
        trace.sent(|| send.bytes().to_vec());
        let refused = |error: std::io::Error| Fault::of_connect(&error);
        let socket = dns::connected(server).await.map_err(refused)?;
        socket.send(send.bytes()).await.map_err(refused)?;
        let mut datagram = vec![0; HEARD_BYTES_MAX];
        for heard in 1..=IGNORED_MAX {
            let length = dns::receive(&socket, &mut datagram).await.map_err(refused)?;
            let came = &datagram[..length];
            trace.received(|| came.to_vec());
            if heard == 1 {
                trace.fact("heard", quoted(came));
            }
            if contains(came, expect.bytes()) {
                return Ok(());
            }
            let detail = format!("`{}`, and no `{expect}`", quoted(came));
            trace.at_deadline(Err(Fault::new(Reason::ProtoUnexpectedReply, detail)));
        }
        let detail = format!("{IGNORED_MAX} datagrams without `{expect}`");
        Err(Fault::new(Reason::ProtoUnexpectedReply, detail))
    }
}

impl Asker for Udp {
    fn address(&self) -> &HostPort {
        &self.params.address
    }

    fn attempt<'a>(&'a self, surroundings: &'a Surroundings, trace: &'a mut Trace) -> Attempted<'a> {
        Box::pin(self.observe(surroundings, trace))
    }
}

fn quoted(bytes: &[u8]) -> String {
    WireText::shown(&bytes[..bytes.len().min(QUOTED_BYTES_MAX)])
}

/// `text` is never empty.
fn contains(heard: &[u8], text: &[u8]) -> bool {
    heard.windows(text.len().max(1)).any(|window| window == text)
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use collector_api::Verdict;
    use config::{CheckSpec, Family, Probe};
    use tokio::net::UdpSocket;
    use tokio::task::JoinSet;

    use super::*;
    use crate::probe::{Check, Outcome, tests as probes};

    /// What a server sends back; from its own port, or another.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    enum Manner {
        Says(&'static [&'static [u8]]),
        FromElsewhere,
        FirstLost,
        Floods,
    }

    async fn serve(manner: Manner) -> (SocketAddr, JoinSet<()>) {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let other = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut bytes = [0; 2_048];
            for turn in 0.. {
                let (length, from) = socket.recv_from(&mut bytes).await.unwrap();
                assert_eq!(&bytes[..length], b"ping\0");
                match manner {
                    Manner::Says(datagrams) => {
                        for datagram in datagrams {
                            socket.send_to(datagram, from).await.unwrap();
                        }
                    }
                    Manner::FromElsewhere => drop(other.send_to(b"pong", from).await),
                    Manner::FirstLost if turn == 0 => {}
                    Manner::FirstLost => drop(socket.send_to(b"pong", from).await),
                    Manner::Floods => {
                        for _ in 0..10_000 {
                            if socket.send_to(b"noise", from).await.is_err() {
                                break;
                            }
                        }
                    }
                }
            }
        });
        (address, tasks)
    }

    async fn ask(server: SocketAddr, attempts: u32) -> Outcome {
        let text = |text: &str| WireText::parse(text).unwrap();
        let address = HostPort { host: server.ip().to_string(), port: server.port() };
        let (send, expect) = (text("ping\\0"), text("pong"));
        let probe = Probe::Udp(UdpParams { address, family: Family::V4, send, expect });
        let mut spec = CheckSpec { probe, ..probes::spec() };
        (spec.timing.attempts, spec.timing.timeout_ms) = (attempts, 400);
        Check::new(spec).unwrap().run(&probes::surroundings()).await
    }

    #[tokio::test]
    async fn each_manner_of_a_server_has_its_reason() {
        for (manner, attempts, verdict, reason) in [
            (Manner::Says(&[b"a pong here"]), 1, Verdict::Up, Reason::None),
            (Manner::Says(&[b"late, of another", b"\0pong"]), 1, Verdict::Up, Reason::None),
            (Manner::Says(&[b"po", b"ng"]), 1, Verdict::Down, Reason::ProtoUnexpectedReply),
            (Manner::Says(&[b""]), 1, Verdict::Down, Reason::ProtoUnexpectedReply),
            (Manner::Says(&[]), 1, Verdict::Down, Reason::ProtoTimeout),
            (Manner::FromElsewhere, 1, Verdict::Down, Reason::ProtoTimeout),
            (Manner::FirstLost, 2, Verdict::Up, Reason::None),
            (Manner::Floods, 1, Verdict::Down, Reason::ProtoUnexpectedReply),
        ] {
            let (server, _tasks) = serve(manner).await;
            let outcome = ask(server, attempts).await;
            assert_eq!((outcome.verdict, outcome.reason), (verdict, reason), "{manner:?}: {outcome:?}");
        }
    }

    #[tokio::test]
    async fn a_closed_port_refuses() {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let server = socket.local_addr().unwrap();
        drop(socket);
        let outcome = ask(server, 1).await;
        assert_eq!((outcome.verdict, outcome.reason), (Verdict::Down, Reason::ConnectRefused), "{outcome:?}");
    }
}
