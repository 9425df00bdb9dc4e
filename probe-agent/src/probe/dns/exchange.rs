//! One question on the wire, over UDP, TCP or TLS. Messages are hickory's; sockets are ours.
//!
//! Why not hickory's clients: they drop an error answer that leaves the question out, log a line for
//! every forged datagram, and know no difference between silence and answers to somebody else. Here
//! what does not fit is counted, told, and bounded: a server that floods ends its own attempt only.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use collector_api::Reason;
use hickory_proto::op::{Edns, Message, MessageType, Query, ResponseCode};
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, Interest};
use tokio::net::UdpSocket;

use super::super::{Fault, Trace, connect};
use crate::tls::{Tls, TlsStore, fault_within};

/// The largest payload that needs no fragments anywhere (DNS flag day 2020).
const PAYLOAD_BYTES: u16 = 1_232;
/// A server may ignore our limit; what is longer is cut by the kernel, and then malformed.
const DATAGRAM_BYTES_MAX: usize = 4_096;
/// So many answers to others are chance or an attack on somebody; more are an attack on us.
const IGNORED_MAX: usize = 256;

/// What is asked, and how.
#[derive(Debug, Clone)]
pub(super) struct Question {
    pub(super) query: Query,
    /// RD.
    pub(super) recursion: bool,
    /// DO.
    pub(super) dnssec: bool,
    /// AD in a question asks for AD in the answer (RFC 6840, 5.7).
    pub(super) validated: bool,
    /// With EDNS, and the codes by which a server that knows none refuses it: then the question goes once more
    /// without (RFC 6891, 6.2.2 and 7). `None` without.
    pub(super) edns_unless: Option<Vec<ResponseCode>>,
}

impl Question {
    fn message(&self) -> Message {
        let mut message = Message::query();
        message.metadata.recursion_desired = self.recursion;
        message.metadata.authentic_data = self.validated;
        message.add_query(self.query.clone());
        if self.edns_unless.is_some() {
            let mut edns = Edns::new();
            edns.set_max_payload(PAYLOAD_BYTES).set_version(0).set_dnssec_ok(self.dnssec);
            message.set_edns(edns);
        }
        message
    }

    /// The same without EDNS, if that is what the server refused.
    fn plain_after(&self, reply: &Message, trace: &mut Trace) -> Option<Self> {
        let refusals = self.edns_unless.as_ref()?;
        if reply.edns.is_some() || !refusals.contains(&reply.metadata.response_code) {
            return None;
        }
        trace.fact("edns", "refused");
        Some(Self { edns_unless: None, ..self.clone() })
    }
}

/// Asks with a datagram, in `phase`, and with another one who knows no EDNS.
pub(super) async fn over_udp(
    server: SocketAddr,
    question: &Question,
    phase: &'static str,
    trace: &mut Trace,
) -> Result<Message, Fault> {
    let reply = datagram(server, question, phase, trace).await?;
    match question.plain_after(&reply, trace) {
        Some(plain) => datagram(server, &plain, phase, trace).await,
        None => Ok(reply),
    }
}

/// Asks over a connection (phases `connect` and `tcp_rtt`), and over another one who knows no EDNS.
pub(super) async fn over_tcp(
    server: SocketAddr,
    question: &Question,
    trace: &mut Trace,
) -> Result<Message, Fault> {
    let reply = connection(server, question, trace).await?;
    match question.plain_after(&reply, trace) {
        Some(plain) => connection(server, &plain, trace).await,
        None => Ok(reply),
    }
}

/// A server that speaks TLS.
#[derive(Debug)]
pub(super) struct OverTls<'a> {
    pub(super) server: SocketAddr,
    pub(super) tls: &'a Tls,
    /// Whom its certificate must be for.
    pub(super) name: &'a ServerName<'static>,
    pub(super) store: &'a TlsStore,
}

impl OverTls<'_> {
    /// Asks over a connection with TLS (RFC 7858; phases `connect`, `tls` and `tcp_rtt`), and over another one who
    /// knows no EDNS. With the answer, what wants attention of the certificate.
    pub(super) async fn ask(
        &self,
        question: &Question,
        trace: &mut Trace,
    ) -> Result<(Message, Option<Fault>), Fault> {
        let answer = self.connection(question, trace).await?;
        match question.plain_after(&answer.0, trace) {
            Some(plain) => self.connection(&plain, trace).await,
            None => Ok(answer),
        }
    }

    async fn connection(
        &self,
        question: &Question,
        trace: &mut Trace,
    ) -> Result<(Message, Option<Fault>), Fault> {
        let stream = connect::dial(self.server, trace).await?;
        let secured = self.store.handshake(self.tls, self.name.clone(), stream, trace).await?;
        let reply = over(secured.stream, question, trace).await?;
        Ok((reply, secured.attention))
    }
}

/// Only the server's answers arrive: the socket is connected.
async fn datagram(
    server: SocketAddr,
    question: &Question,
    phase: &'static str,
    trace: &mut Trace,
) -> Result<Message, Fault> {
    let asked = question.message();
    let bytes = encoded(&asked)?;
    trace.enter(phase);
    trace.sent(|| shown(&asked));
    let socket = connected(server).await.map_err(|error| Fault::of_connect(&error))?;
    socket.send(&bytes).await.map_err(|error| Fault::of_connect(&error))?;
    let mut datagram = vec![0; DATAGRAM_BYTES_MAX];
    for ignored in 1..=IGNORED_MAX {
        let length = receive(&socket, &mut datagram).await.map_err(|error| Fault::of_connect(&error))?;
        if let Some(reply) = fitting(&asked, &datagram[..length])? {
            trace.received(|| shown(&reply));
            return Ok(reply);
        }
        if ignored == 1 {
            trace.fact("ignored", "an answer with another id or to another question");
        }
        let detail = format!("no answer, but {ignored} with another id or to another question");
        trace.note(|| detail.clone());
        trace.at_deadline(Err(Fault::new(Reason::DnsTimeout, detail)));
    }
    Err(Fault::new(Reason::ProtoIdMismatch, format!("{IGNORED_MAX} answers, and none to our question")))
}

async fn connection(server: SocketAddr, question: &Question, trace: &mut Trace) -> Result<Message, Fault> {
    let stream = connect::dial(server, trace).await?;
    over(stream, question, trace).await
}

/// One question and its answer (phase `tcp_rtt`), each behind its length.
async fn over<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    question: &Question,
    trace: &mut Trace,
) -> Result<Message, Fault> {
    let asked = question.message();
    let bytes = encoded(&asked)?;
    trace.enter("tcp_rtt");
    trace.sent(|| shown(&asked));
    // RFC 7766, 8: length and message in one write.
    let length = u16::try_from(bytes.len()).map_err(|error| internal(&error))?;
    let framed = [&length.to_be_bytes(), bytes.as_slice()].concat();
    let broken = |error: io::Error| fault_within(&error).unwrap_or_else(|| Fault::of_stream(&error));
    stream.write_all(&framed).await.map_err(broken)?;
    // TLS keeps what it is given until it is told to send.
    stream.flush().await.map_err(broken)?;
    let length = stream.read_u16().await.map_err(broken)?;
    let mut bytes = vec![0; usize::from(length)];
    stream.read_exact(&mut bytes).await.map_err(broken)?;
    let reply = fitting(&asked, &bytes)?
        .ok_or_else(|| Fault::new(Reason::ProtoIdMismatch, "the answer is to another question"))?;
    trace.received(|| shown(&reply));
    Ok(reply)
}

/// The answer, if it is to this question: RFC 1035, 7.3. `None` for one with another id or question.
pub(super) fn fitting(asked: &Message, bytes: &[u8]) -> Result<Option<Message>, Fault> {
    if bytes.get(..2) != Some(&asked.metadata.id.to_be_bytes()) {
        return Ok(None);
    }
    let reply =
        Message::from_vec(bytes).map_err(|error| Fault::new(Reason::ProtoMalformed, error.to_string()))?;
    if reply.metadata.message_type != MessageType::Response {
        return Err(Fault::new(Reason::ProtoUnexpectedReply, "a question came back, not an answer"));
    }
    // An error answer may leave the question out.
    let may_be_left_out = reply.metadata.response_code != ResponseCode::NoError;
    let fits = reply.queries == asked.queries || (may_be_left_out && reply.queries.is_empty());
    Ok(fits.then_some(reply))
}

fn encoded(message: &Message) -> Result<Vec<u8>, Fault> {
    message.to_vec().map_err(|error| internal(&error))
}

fn internal(error: &dyn std::error::Error) -> Fault {
    Fault::new(Reason::AgentInternal, error.to_string())
}

/// As whoever reads along knows it from other tools.
fn shown(message: &Message) -> String {
    message.to_string()
}

/// Connected, so that the kernel hears nobody but the server, and "port unreachable" arrives.
pub(in crate::probe) async fn connected(server: SocketAddr) -> io::Result<UdpSocket> {
    let any: SocketAddr =
        if server.is_ipv4() { (Ipv4Addr::UNSPECIFIED, 0).into() } else { (Ipv6Addr::UNSPECIFIED, 0).into() };
    let socket = UdpSocket::bind(any).await?;
    socket.connect(server).await?;
    Ok(socket)
}

/// Waits for a datagram or an ICMP error. Tokio wakes no reader for an error alone, so both are
/// waited for.
pub(in crate::probe) async fn receive(socket: &UdpSocket, bytes: &mut [u8]) -> io::Result<usize> {
    loop {
        let ready = socket.ready(Interest::READABLE | Interest::ERROR).await?;
        if ready.is_error() {
            return match socket.take_error()? {
                Some(error) => Err(error),
                // Somebody else took it; "error" stays ready, so waiting for both would spin.
                None => socket.recv(bytes).await,
            };
        }
        match socket.try_recv(bytes) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            received => return received,
        }
    }
}
