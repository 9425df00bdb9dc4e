//! `probe: tcp`: connect, perhaps speak TLS, perhaps say something and wait for an answer.
//!
//! Connecting alone proves that a port listens, no more: the evidence calls it depth `l4`. A dialogue
//! is bytes sent and bytes waited for; what comes is kept only as far as it is needed, and bounded. A
//! port that must be closed has to say so: silence is a filter somewhere, and proves nothing.

use collector_api::Reason;
use config::{Family, HostPort, TcpParams, TcpStep, WireText};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::{Asker, Attempted, Fault, Surroundings, Trace, connect};
use crate::tls::Tls;

/// Of all that a peer says in one attempt.
const HEARD_BYTES_MAX: usize = 64 * 1024;
/// Read at once.
const CHUNK_BYTES: usize = 4_096;
/// Quoted of what was heard.
const QUOTED_BYTES_MAX: usize = 80;

/// One TCP check.
#[derive(Debug)]
pub struct Tcp {
    address: HostPort,
    family: Family,
    expect_closed: bool,
    /// Boxed: most checks only connect.
    deeper: Option<Box<Deeper>>,
}

/// What follows the connection.
#[derive(Debug)]
struct Deeper {
    tls: Option<Tls>,
    steps: Vec<TcpStep>,
}

impl Tcp {
    /// Prepares the check; the error is a sentence for whoever wrote the charter.
    pub fn new(params: TcpParams) -> Result<Self, String> {
        let TcpParams { address, family, tls, steps, expect_closed } = params;
        let tls = tls.map(|tls| Tls::new(&tls, &[])).transpose()?;
        let deeper = (tls.is_some() || !steps.is_empty()).then(|| Box::new(Deeper { tls, steps }));
        Ok(Self { address, family, expect_closed, deeper })
    }

    async fn observe(&self, surroundings: &Surroundings, trace: &mut Trace) -> Result<(), Fault> {
        let remote = connect::locate(&self.address, self.family, surroundings, trace).await?;
        if self.expect_closed {
            trace.enter("connect");
            let detail = "neither accepted nor refused: silence does not prove that the port is closed";
            trace.at_deadline(Err(Fault::new(Reason::ConnectTimeout, detail)));
            return judge_closed(TcpStream::connect(remote).await.map(drop), trace);
        }
        let stream = connect::dial(remote, trace).await?;
        match &self.deeper {
            None => {
                trace.fact("depth", "l4");
                Ok(())
            }
            // Boxed: buffers and TLS state would otherwise weigh on every check that only connects.
            Some(deeper) => Box::pin(deeper.go(&self.address.host, stream, surroundings, trace)).await,
        }
    }
}

impl Asker for Tcp {
    fn address(&self) -> &HostPort {
        &self.address
    }

    fn attempt<'a>(&'a self, surroundings: &'a Surroundings, trace: &'a mut Trace) -> Attempted<'a> {
        Box::pin(self.observe(surroundings, trace))
    }
}

/// A port is closed when something says so.
fn judge_closed(connected: std::io::Result<()>, trace: &mut Trace) -> Result<(), Fault> {
    let Err(error) = connected else {
        return Err(Fault::new(Reason::TcpOpen, "the connection was accepted"));
    };
    let fault = Fault::of_connect(&error);
    match fault.reason {
        Reason::ConnectRefused | Reason::ConnectReset | Reason::ConnectAdminProhibited => {
            trace.fact("closed", fault.reason.name());
            Ok(())
        }
        _ => Err(fault),
    }
}

impl Deeper {
    async fn go(
        &self,
        host: &str,
        stream: TcpStream,
        surroundings: &Surroundings,
        trace: &mut Trace,
    ) -> Result<(), Fault> {
        trace.fact("depth", if self.steps.is_empty() { "tls" } else { "dialogue" });
        let Some(tls) = &self.tls else { return Dialogue::default().hold(&self.steps, stream, trace).await };
        let name = tls.name(host).map_err(|sentence| Fault::new(Reason::AgentConfigInvalid, sentence))?;
        let secured = surroundings.tls.handshake(tls, name, stream, trace).await?;
        Dialogue::default().hold(&self.steps, secured.stream, trace).await?;
        secured.attention.map_or(Ok(()), Err)
    }
}

/// What has been said so far.
#[derive(Debug, Default)]
pub(super) struct Dialogue {
    /// Heard, and not yet matched.
    heard: Vec<u8>,
    heard_in_all: usize,
    has_spoken: bool,
}

impl Dialogue {
    pub(super) async fn hold(
        mut self,
        steps: &[TcpStep],
        mut stream: impl AsyncRead + AsyncWrite + Unpin,
        trace: &mut Trace,
    ) -> Result<(), Fault> {
        for TcpStep { send, expect, reject } in steps {
            if let Some(send) = send {
                self.has_spoken = true;
                trace.enter("send");
                trace.sent(|| send.bytes().to_vec());
                stream.write_all(send.bytes()).await.map_err(|error| Fault::of_stream(&error))?;
                stream.flush().await.map_err(|error| Fault::of_stream(&error))?;
            }
            if let Some(expect) = expect {
                trace.enter(if self.has_spoken { "reply" } else { "banner" });
                self.hear(expect, reject.as_ref(), &mut stream, trace).await?;
            }
        }
        Ok(())
    }

    /// Waits for `expect`, wherever it stands in what comes, and drops everything up to its end. Of `expect` and
    /// `reject`, what is complete first decides: in how many pieces they come is the network's affair.
    async fn hear(
        &mut self,
        expect: &WireText,
        reject: Option<&WireText>,
        stream: &mut (impl AsyncRead + Unpin),
        trace: &mut Trace,
    ) -> Result<(), Fault> {
        let longest = expect.bytes().len().max(reject.map_or(0, |reject| reject.bytes().len()));
        // Of what was searched before, only a beginning of the text sought can matter.
        let mut searched = 0;
        let mut chunk = vec![0; CHUNK_BYTES];
        loop {
            let from = searched_from(searched, longest);
            let end_of = |text: &WireText| {
                find(&self.heard[from..], text.bytes()).map(|at| from + at + text.bytes().len())
            };
            let expected_until = end_of(expect);
            let rejected_until = reject.and_then(end_of);
            if let (Some(reject), Some(until)) = (reject, rejected_until)
                && expected_until.is_none_or(|expected| until <= expected)
            {
                return Err(self.unexpected(&format!("`{reject}` in `{}`", self.quoted())));
            }
            if let Some(until) = expected_until {
                self.heard.drain(..until);
                return Ok(());
            }
            searched = self.heard.len();
            if self.heard_in_all >= HEARD_BYTES_MAX {
                let detail = format!("no `{expect}` in {} bytes, `{}`", self.heard_in_all, self.quoted());
                return Err(self.unexpected(&detail));
            }
            let length = stream.read(&mut chunk).await.map_err(|error| Fault::of_stream(&error))?;
            if length == 0 && self.heard.is_empty() {
                return Err(Fault::new(Reason::ProtoClosedEarly, format!("closed without `{expect}`")));
            }
            if length == 0 {
                return Err(self.unexpected(&format!("closed after `{}`, no `{expect}`", self.quoted())));
            }
            trace.received(|| chunk[..length].to_vec());
            if self.heard_in_all == 0 {
                let first = &chunk[..length.min(QUOTED_BYTES_MAX)];
                trace.fact("heard", WireText::shown(first).trim_end_matches("\\r\\n"));
            }
            self.heard.extend_from_slice(&chunk[..length]);
            self.heard_in_all += length;
            trace.at_deadline(Err(self.unexpected(&format!("`{}`, and no `{expect}`", self.quoted()))));
        }
    }

    /// What answers wrongly: a greeting, as long as nothing has been said to it.
    fn unexpected(&self, detail: &str) -> Fault {
        let reason = if self.has_spoken { Reason::ProtoUnexpectedReply } else { Reason::ProtoBadGreeting };
        Fault::new(reason, detail)
    }

    fn quoted(&self) -> String {
        WireText::shown(&self.heard[..self.heard.len().min(QUOTED_BYTES_MAX)])
    }
}

const fn searched_from(searched: usize, longest: usize) -> usize {
    searched.saturating_sub(longest.saturating_sub(1))
}

fn find(heard: &[u8], text: &[u8]) -> Option<usize> {
    heard.windows(text.len().max(1)).position(|window| window == text)
}

#[cfg(test)]
mod tests;
