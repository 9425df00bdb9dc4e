//! Lines over a connection that may become TLS on the way.
//!
//! All is bounded: a line, a literal, and what is heard in one attempt. Between the word that begins TLS and its
//! handshake nothing may stand: bytes that came in clear would be read later as if they had come over TLS
//! (CVE-2011-0411 and its like), so they are a fault and never kept.

use std::net::SocketAddr;

use collector_api::Reason;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use crate::probe::{Fault, Trace};
use crate::tls;

/// Of one line, bytes; the numbers of a search are the longest.
const LINE_BYTES_MAX: usize = 64 << 10;
/// Of one literal, bytes: the headers of a message, or the beginning of one.
const LITERAL_BYTES_MAX: usize = 64 << 10;
/// Of all that is heard in one attempt, bytes.
const HEARD_BYTES_MAX: usize = 4 << 20;
/// Read at once.
const CHUNK_BYTES: usize = 4_096;

/// An open connection.
#[derive(Debug)]
pub(in crate::probe) struct Wire {
    stream: Stream,
    /// Heard, and not yet read.
    heard: Vec<u8>,
    heard_in_all: usize,
    /// What wants attention of its TLS (`tls.expiring`): to be returned in the end, if nothing worse is found.
    pub(in crate::probe) attention: Option<Fault>,
}

#[derive(Debug)]
enum Stream {
    Plain(TcpStream),
    Secured(Box<TlsStream<TcpStream>>),
}

impl Wire {
    pub(super) const fn plain(stream: TcpStream) -> Self {
        Self { stream: Stream::Plain(stream), heard: Vec::new(), heard_in_all: 0, attention: None }
    }

    pub(super) fn secured(stream: TlsStream<TcpStream>, attention: Option<Fault>) -> Self {
        let stream = Stream::Secured(Box::new(stream));
        Self { stream, heard: Vec::new(), heard_in_all: 0, attention }
    }

    /// The address the agent speaks from.
    pub(in crate::probe) fn local(&self) -> Option<SocketAddr> {
        let tcp = match &self.stream {
            Stream::Plain(stream) => stream,
            Stream::Secured(stream) => stream.get_ref().0,
        };
        tcp.local_addr().ok()
    }

    /// Says a line; its end is added.
    pub(in crate::probe) async fn say(&mut self, line: &str, trace: &mut Trace) -> Result<(), Fault> {
        trace.sent(|| line);
        self.write(format!("{line}\r\n").as_bytes()).await
    }

    /// Sends bytes as they are, and shows only how many.
    pub(in crate::probe) async fn send(&mut self, bytes: &[u8], trace: &mut Trace) -> Result<(), Fault> {
        trace.sent(|| format!("({} bytes)", bytes.len()));
        self.write(bytes).await
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        let written = match &mut self.stream {
            Stream::Plain(stream) => stream.write_all(bytes).await,
            Stream::Secured(stream) => match stream.write_all(bytes).await {
                Ok(()) => stream.flush().await,
                Err(error) => Err(error),
            },
        };
        written.map_err(|error| fault_of(&error))
    }

    /// The next line, without its end.
    pub(in crate::probe) async fn line(&mut self, trace: &mut Trace) -> Result<Vec<u8>, Fault> {
        let mut searched = 0;
        loop {
            if let Some(at) = self.heard[searched..].iter().position(|&byte| byte == b'\n') {
                let mut line: Vec<u8> = self.heard.drain(..=searched + at).collect();
                line.pop();
                if line.last() == Some(&b'\r') {
                    line.pop();
                }
                trace.received(|| line.clone());
                return Ok(line);
            }
            searched = self.heard.len();
            if searched > LINE_BYTES_MAX {
                return Err(Fault::new(
                    Reason::ProtoMalformed,
                    format!("a line without end, {searched} bytes"),
                ));
            }
            self.hear().await?;
        }
    }

    /// So many bytes as they are.
    pub(in crate::probe) async fn literal(
        &mut self,
        length: usize,
        trace: &mut Trace,
    ) -> Result<Vec<u8>, Fault> {
        if length > LITERAL_BYTES_MAX {
            return Err(Fault::new(Reason::ProtoMalformed, format!("a literal of {length} bytes")));
        }
        while self.heard.len() < length {
            self.hear().await?;
        }
        let bytes: Vec<u8> = self.heard.drain(..length).collect();
        trace.received(|| bytes.clone());
        Ok(bytes)
    }

    async fn hear(&mut self) -> Result<(), Fault> {
        if self.heard_in_all >= HEARD_BYTES_MAX {
            let detail = format!("the server does not come to an end, {} bytes", self.heard_in_all);
            return Err(Fault::new(Reason::ProtoMalformed, detail));
        }
        let mut chunk = [0; CHUNK_BYTES];
        let read = match &mut self.stream {
            Stream::Plain(stream) => stream.read(&mut chunk).await,
            Stream::Secured(stream) => stream.read(&mut chunk).await,
        };
        let length = read.map_err(|error| fault_of(&error))?;
        if length == 0 {
            return Err(Fault::new(Reason::ProtoClosedEarly, "the server closed the connection"));
        }
        self.heard_in_all += length;
        self.heard.extend_from_slice(&chunk[..length]);
        Ok(())
    }

    /// The connection, for TLS to begin on it.
    pub(super) fn into_tcp(self) -> Result<TcpStream, Fault> {
        if !self.heard.is_empty() {
            let detail = format!("{} bytes in clear after the word that begins TLS", self.heard.len());
            return Err(Fault::new(Reason::ProtoUnexpectedReply, detail));
        }
        match self.stream {
            Stream::Plain(stream) => Ok(stream),
            Stream::Secured(_) => Err(Fault::new(Reason::AgentInternal, "TLS is spoken already")),
        }
    }
}

fn fault_of(error: &std::io::Error) -> Fault {
    tls::fault_within(error).unwrap_or_else(|| Fault::of_stream(error))
}
