//! One question on the wire, over UDP or TCP.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use collector_api::Reason;
use hickory_net::NetError;
use hickory_net::runtime::{DnsUdpSocket, RuntimeProvider, TokioHandle, TokioRuntimeProvider, TokioTime};
use hickory_net::tcp::TcpClientStream;
use hickory_net::udp::UdpClientStream;
use hickory_net::xfer::{DnsHandle as _, DnsRequestSender as _, FirstAnswer as _};
use hickory_proto::op::{DnsRequest, DnsRequestOptions, DnsResponse, Message, Query};
use tokio::io::{Interest, ReadBuf};
use tokio::net::UdpSocket;

use super::super::{Fault, Trace};

/// The attempt's deadline stands around everything; hickory's own must never come first.
const NEVER: Duration = Duration::from_hours(1);

/// Asks with one datagram (phase `udp_rtt`).
pub(super) async fn over_udp(server: SocketAddr, query: &Query, trace: &mut Trace) -> Result<Message, Fault> {
    trace.enter("udp_rtt");
    let mut stream = UdpClientStream::builder(server, Connected::default())
        .with_timeout(Some(NEVER))
        .with_max_retries(0)
        .with_os_port_selection(true)
        .build();
    let reply = stream.send_message(request(query)).first_answer().await;
    reply.map(DnsResponse::into_message).map_err(|error| fault_of(&error))
}

/// Asks over a connection (phases `connect` and `tcp_rtt`).
pub(super) async fn over_tcp(server: SocketAddr, query: &Query, trace: &mut Trace) -> Result<Message, Fault> {
    trace.enter("connect");
    // The provider owns the task that moves bytes: it ends when this function does.
    let provider = TokioRuntimeProvider::default();
    let exchange = TcpClientStream::exchange(server, None, NEVER, None, provider.clone())
        .await
        .map_err(|error| fault_of(&error))?;
    trace.enter("tcp_rtt");
    let reply = exchange.send(request(query)).first_answer().await;
    reply.map(DnsResponse::into_message).map_err(|error| fault_of(&error))
}

/// Recursion desired, EDNS with 1232 bytes (the payload that needs no fragments).
fn request(query: &Query) -> DnsRequest {
    let mut options = DnsRequestOptions::default();
    options.use_edns = true;
    options.edns_payload_len = 1_232;
    options.recursion_desired = true;
    DnsRequest::from_query(query.clone(), options)
}

fn fault_of(error: &NetError) -> Fault {
    match error {
        NetError::Timeout => Fault::new(Reason::DnsTimeout, error.to_string()),
        NetError::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            Fault::new(Reason::ProtoClosedEarly, error.to_string())
        }
        NetError::Io(error) => Fault::of_connect(error),
        NetError::Proto(_) => Fault::new(Reason::ProtoMalformed, error.to_string()),
        // What hickory says when a TCP connection ends before the answer.
        _ => Fault::new(Reason::ProtoClosedEarly, error.to_string()),
    }
}

/// Tokio's sockets, but UDP connected: other senders are not heard, ICMP errors are.
#[derive(Clone, Default)]
struct Connected(TokioRuntimeProvider);

struct ConnectedSocket {
    socket: UdpSocket,
    server: SocketAddr,
}

impl RuntimeProvider for Connected {
    type Handle = TokioHandle;
    type Timer = TokioTime;
    type Udp = ConnectedSocket;
    type Tcp = <TokioRuntimeProvider as RuntimeProvider>::Tcp;

    fn create_handle(&self) -> TokioHandle {
        self.0.create_handle()
    }

    fn connect_tcp(
        &self,
        server: SocketAddr,
        bind: Option<SocketAddr>,
        timeout: Option<Duration>,
    ) -> Pin<Box<dyn Send + Future<Output = io::Result<Self::Tcp>>>> {
        self.0.connect_tcp(server, bind, timeout)
    }

    fn bind_udp(
        &self,
        local: SocketAddr,
        server: SocketAddr,
    ) -> Pin<Box<dyn Send + Future<Output = io::Result<ConnectedSocket>>>> {
        Box::pin(async move {
            let socket = UdpSocket::bind(local).await?;
            socket.connect(server).await?;
            Ok(ConnectedSocket { socket, server })
        })
    }
}

impl ConnectedSocket {
    /// Waits for a datagram or an ICMP error. Tokio wakes no reader for an error alone, so both are
    /// waited for.
    async fn recv(&self, bytes: &mut [u8]) -> io::Result<usize> {
        loop {
            let ready = self.socket.ready(Interest::READABLE | Interest::ERROR).await?;
            if ready.is_error() {
                return match self.socket.take_error()? {
                    Some(error) => Err(error),
                    None => self.socket.recv(bytes).await,
                };
            }
            match self.socket.try_recv(bytes) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                received => return received,
            }
        }
    }
}

impl DnsUdpSocket for ConnectedSocket {
    type Time = TokioTime;

    fn poll_recv_from(
        &self,
        cx: &mut Context<'_>,
        bytes: &mut [u8],
    ) -> Poll<io::Result<(usize, SocketAddr)>> {
        let mut buffer = ReadBuf::new(bytes);
        self.socket.poll_recv(cx, &mut buffer).map_ok(|()| (buffer.filled().len(), self.server))
    }

    /// As `async_trait` writes it.
    fn recv_from<'s, 'b, 'f>(
        &'s self,
        bytes: &'b mut [u8],
    ) -> Pin<Box<dyn Future<Output = io::Result<(usize, SocketAddr)>> + Send + 'f>>
    where
        's: 'f,
        'b: 'f,
        Self: 'f,
    {
        Box::pin(async move { self.recv(bytes).await.map(|length| (length, self.server)) })
    }

    fn poll_send_to(&self, cx: &mut Context<'_>, bytes: &[u8], _: SocketAddr) -> Poll<io::Result<usize>> {
        self.socket.poll_send(cx, bytes)
    }
}
