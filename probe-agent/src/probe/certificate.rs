//! `probe: tls`: the certificate of any server, and nothing of what it serves.
//!
//! TLS is spoken from the first byte on, or after it was asked for in the protocol's own words (STARTTLS). Every
//! certificate of the path that is used is told in the evidence, so that the one which ends first is seen. What
//! `probe: tcp` with `tls: true` asks is the same; here it has its own word, a usual port, and STARTTLS.

use collector_api::Reason;
use config::{CertificateParams, Family, HostPort, StartTls, TcpStep, WireText};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::tcp::Dialogue;
use super::{Asker, Attempted, Fault, Surroundings, Trace, connect};
use crate::tls::Tls;

/// The request to go over to TLS: message 1, an extended request with the object identifier of RFC 4511, 4.14.1.
const LDAP_START_TLS: &[u8] = b"\x30\x1d\x02\x01\x01\x77\x18\x80\x161.3.6.1.4.1.1466.20037";
/// Of the answer to that, bytes: a code and a sentence.
const LDAP_BYTES_MAX: usize = 1_024;

/// One server.
#[derive(Debug)]
pub struct Certificate {
    address: HostPort,
    family: Family,
    tls: Tls,
    opening: Opening,
}

/// What is said before TLS.
#[derive(Debug)]
enum Opening {
    Words(Vec<TcpStep>),
    Ldap,
}

impl Certificate {
    /// Prepares the check; the error is a sentence for whoever wrote the charter.
    pub fn new(params: CertificateParams) -> Result<Self, String> {
        let CertificateParams { address, family, starttls, tls } = params;
        let tls = Tls::new(&tls, &[])?.telling_path();
        let opening = match starttls {
            None => Opening::Words(Vec::new()),
            Some(StartTls::Smtp) => words(&[
                ("", "220 "),
                ("EHLO sonda.invalid\\r\\n", "250 "),
                ("STARTTLS\\r\\n", "220 "),
                ("", "\\n"),
            ])?,
            Some(StartTls::Imap) => words(&[("", "* OK"), ("v1 STARTTLS\\r\\n", "v1 OK"), ("", "\\n")])?,
            Some(StartTls::Pop3) => words(&[("", "+OK"), ("", "\\n"), ("STLS\\r\\n", "+OK"), ("", "\\n")])?,
            Some(StartTls::Ldap) => Opening::Ldap,
        };
        Ok(Self { address, family, tls, opening })
    }

    async fn observe(&self, surroundings: &Surroundings, trace: &mut Trace) -> Result<(), Fault> {
        let host = &self.address.host;
        let name =
            self.tls.name(host).map_err(|sentence| Fault::new(Reason::AgentConfigInvalid, sentence))?;
        let remote = connect::locate(&self.address, self.family, surroundings, trace).await?;
        let mut stream = connect::dial(remote, trace).await?;
        match &self.opening {
            Opening::Words(steps) => Dialogue::default().hold(steps, &mut stream, trace).await?,
            Opening::Ldap => start_ldap(&mut stream, trace).await?,
        }
        let secured = surroundings.tls.handshake(&self.tls, name, stream, trace).await?;
        secured.attention.map_or(Ok(()), Err)
    }
}

impl Asker for Certificate {
    fn address(&self) -> &HostPort {
        &self.address
    }

    fn attempt<'a>(&'a self, surroundings: &'a Surroundings, trace: &'a mut Trace) -> Attempted<'a> {
        Box::pin(self.observe(surroundings, trace))
    }
}

/// A dialogue, each step what is said and what is then waited for; a refusal in SMTP and POP3 begins a line.
fn words(steps: &[(&str, &str)]) -> Result<Opening, String> {
    let read = |text: &str| WireText::parse(text).ok_or_else(|| format!("`{text}` cannot be sent"));
    let steps = steps.iter().map(|(send, expect)| {
        let refusal = match *expect {
            "220 " => Some("\\n5"),
            "+OK" => Some("-ERR"),
            "v1 OK" => Some("v1 NO"),
            _ => None,
        };
        Ok(TcpStep {
            send: if send.is_empty() { None } else { Some(read(send)?) },
            expect: Some(read(expect)?),
            reject: refusal.map(read).transpose()?,
        })
    });
    steps.collect::<Result<_, String>>().map(Opening::Words)
}

/// To the byte: what is read too far would be missing in TLS.
async fn start_ldap(stream: &mut TcpStream, trace: &mut Trace) -> Result<(), Fault> {
    trace.enter("reply");
    trace.sent(|| "StartTLS");
    let broken = |error: std::io::Error| Fault::of_stream(&error);
    stream.write_all(LDAP_START_TLS).await.map_err(broken)?;
    let mut head = [0; 2];
    stream.read_exact(&mut head).await.map_err(broken)?;
    let length = match head {
        [0x30, short @ 0..=0x7f] => usize::from(short),
        [0x30, 0x81] => usize::from(stream.read_u8().await.map_err(broken)?),
        [0x30, 0x82] => usize::from(stream.read_u16().await.map_err(broken)?),
        _ => return Err(Fault::new(Reason::ProtoMalformed, "no message of LDAP comes back")),
    };
    if length > LDAP_BYTES_MAX {
        return Err(Fault::new(Reason::ProtoMalformed, format!("an answer of {length} bytes to StartTLS")));
    }
    let mut answer = vec![0; length];
    stream.read_exact(&mut answer).await.map_err(broken)?;
    trace.received(|| answer.clone());
    judge_ldap(&answer)
}

/// Message 1, an extended response (0x78), and in it the result code.
fn judge_ldap(answer: &[u8]) -> Result<(), Fault> {
    let code = match answer {
        [2, 1, 1, 0x78, rest @ ..] => {
            rest.iter().position(|&byte| byte == 0x0a).and_then(|at| rest.get(at + 1..at + 3))
        }
        _ => None,
    };
    match code {
        Some([1, 0]) => Ok(()),
        Some([1, code]) => {
            let detail = format!("StartTLS is refused with result code {code}");
            Err(Fault::new(Reason::ProtoUnexpectedReply, detail))
        }
        _ => Err(Fault::new(Reason::ProtoMalformed, "the answer to StartTLS has no result code")),
    }
}

#[cfg(test)]
mod tests;
