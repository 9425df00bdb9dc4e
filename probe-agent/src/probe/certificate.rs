//! `probe: tls`: the certificate of any server, and nothing of what it serves.
//!
//! TLS is spoken from the first byte on, or after it was asked for in the protocol's own words (STARTTLS). Every
//! certificate of the path that is used is told in the evidence, so that the one which ends first is seen. What
//! `probe: tcp` with `tls: true` asks is the same; here it has its own word, a usual port, and STARTTLS.

use collector_api::Reason;
use config::{CertificateParams, Family, HostPort, StartTls, TcpStep, WireText};
use tokio::net::TcpStream;

use super::ldap::Connection;
use super::tcp::Dialogue;
use super::{Asker, Attempted, Fault, Surroundings, Trace, connect};
use crate::tls::Tls;

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
            Opening::Ldap => stream = start_ldap(stream, trace).await?,
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

/// As `probe: ldap` does it: to the byte, since what is read too far would be missing in TLS, and in whichever of BER's
/// lengths the server writes (Active Directory: always in five bytes).
async fn start_ldap(stream: TcpStream, trace: &mut Trace) -> Result<TcpStream, Fault> {
    trace.enter("reply");
    trace.sent(|| "StartTLS");
    let mut connection = Connection::new(stream);
    let code = connection.starttls().await?.code;
    trace.received(|| format!("result code {code}"));
    if code == 0 {
        return Ok(connection.into_stream());
    }
    Err(Fault::new(Reason::ProtoUnexpectedReply, format!("StartTLS is refused with result code {code}")))
}

#[cfg(test)]
mod tests;
