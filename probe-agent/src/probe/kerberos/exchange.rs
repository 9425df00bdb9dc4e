//! One question and its answer, by datagram or over a connection of its own (RFC 4120, 7.2).

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use collector_api::Reason;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpStream, UdpSocket};

use super::super::{Fault, Trace, connect};

/// Of an answer. A ticket of somebody in many groups is tens of kB.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// Which way a question goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Udp,
    Tcp,
}

/// Asks in `phase`, after the connection's own.
pub(super) async fn ask(
    way: Way,
    kdc: SocketAddr,
    question: &[u8],
    phase: &'static str,
    trace: &mut Trace,
) -> Result<Vec<u8>, Fault> {
    match way {
        Way::Udp => {
            trace.enter(phase);
            over_udp(kdc, question).await
        }
        Way::Tcp => {
            let stream = connect::dial(kdc, trace).await?;
            trace.enter(phase);
            over_tcp(stream, question).await
        }
    }
}

/// A connected socket: the kernel drops what comes from another address or port.
async fn over_udp(kdc: SocketAddr, question: &[u8]) -> Result<Vec<u8>, Fault> {
    let asked = async {
        let socket = match kdc {
            SocketAddr::V4(_) => UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).await?,
            SocketAddr::V6(_) => UdpSocket::bind((Ipv6Addr::UNSPECIFIED, 0)).await?,
        };
        socket.connect(kdc).await?;
        socket.send(question).await?;
        let mut answer = vec![0; ANSWER_BYTES_MAX];
        let length = socket.recv(&mut answer).await?;
        answer.truncate(length);
        Ok(answer)
    };
    asked.await.map_err(|error: std::io::Error| Fault::of_connect(&error))
}

/// Each message behind its length in four bytes.
pub(in super::super) async fn over_tcp(mut stream: TcpStream, question: &[u8]) -> Result<Vec<u8>, Fault> {
    let length = u32::try_from(question.len()).unwrap_or(u32::MAX);
    let framed = [&length.to_be_bytes(), question].concat();
    stream.write_all(&framed).await.map_err(|error| Fault::of_stream(&error))?;
    let mut head = [0; 4];
    stream.read_exact(&mut head).await.map_err(|error| Fault::of_stream(&error))?;
    let length = usize::try_from(u32::from_be_bytes(head)).unwrap_or(usize::MAX);
    if length > ANSWER_BYTES_MAX {
        return Err(Fault::new(Reason::ProtoMalformed, format!("an answer of {length} bytes is announced")));
    }
    let mut answer = vec![0; length];
    stream.read_exact(&mut answer).await.map_err(|error| Fault::of_stream(&error))?;
    Ok(answer)
}
