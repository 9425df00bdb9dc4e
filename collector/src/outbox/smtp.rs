//! One mail handed to one relay (RFC 5321): as far as its 250, which is when the relay answers for it.
//!
//! Written here and not taken from a library for two reasons. What a refusal means depends on the step it came at (a
//! recipient's 550 is for good, a login's 535 is mended by the operator), and a library says only "550". And bytes
//! that come before TLS must not count after it: whoever is between could put answers there, each real one would be
//! taken for the next command's, and a mail would be called sent that nobody took. Here anything behind the answer to
//! `STARTTLS` ends the dialogue. A relay that does not offer TLS where it is wanted gets nothing, not even a login.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use config::{HostPort, MailSecurity};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::secrets::Secret;
use super::{Outcome, base64, told};

/// A relay that does not take a connection in this time is tried again later, and the next one at once.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Of the whole dialogue. RFC 5321 (4.5.3.2) allows relays minutes for each step; the price of less is a duplicate
/// from one that takes the message after all.
const DIALOGUE_TIMEOUT: Duration = Duration::from_secs(90);
/// RFC 5321 (4.5.3.1.5) has 512.
const LINE_BYTES_MAX: usize = 2_048;
/// Of one reply.
const LINES_MAX: usize = 64;

/// Whom a mail is handed to.
#[derive(Debug, Clone)]
pub(crate) struct Relay {
    pub(crate) address: HostPort,
    pub(crate) security: MailSecurity,
    pub(crate) tls: Arc<ClientConfig>,
    pub(crate) login: Option<Login>,
}

/// Who logs in.
#[derive(Debug, Clone)]
pub(crate) struct Login {
    pub(crate) user: String,
    pub(crate) with: Credential,
}

/// What is said.
#[derive(Debug, Clone)]
pub(crate) enum Credential {
    Password(Secret),
    Token(Secret),
}

/// The addresses outside, and the message.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Envelope<'a> {
    pub(crate) from: &'a str,
    pub(crate) to: &'a str,
    pub(crate) message: &'a [u8],
}

/// Hands it over.
pub(crate) async fn hand_over(relay: &Relay, envelope: Envelope<'_>) -> Outcome {
    let outcome = match timeout(DIALOGUE_TIMEOUT, Box::pin(dialogue(relay, envelope))).await {
        Ok(outcome) => outcome.unwrap_or_else(|stopped| stopped),
        Err(_) => Outcome::no_way("the dialogue took longer than 90 s"),
    };
    without_secret(relay, outcome)
}

/// What a relay repeats of a login is not kept.
fn without_secret(relay: &Relay, outcome: Outcome) -> Outcome {
    let Some(Login { user, with: Credential::Password(secret) | Credential::Token(secret) }) = &relay.login
    else {
        return outcome;
    };
    let both = Secret::new(base64::encode(format!("\0{user}\0{}", secret.expose()).as_bytes()));
    let alone = Secret::new(base64::encode(secret.expose().as_bytes()));
    let clean = |text: String| secret.out_of(&alone.out_of(&both.out_of(&text)));
    match outcome {
        Outcome::Taken(reply) => Outcome::Taken(clean(reply)),
        Outcome::Never(reply) => Outcome::Never(clean(reply)),
        Outcome::Later { reply, way, after_ms } => Outcome::Later { reply: clean(reply), way, after_ms },
    }
}

/// `Err` is where it stopped.
async fn dialogue(relay: &Relay, envelope: Envelope<'_>) -> Result<Outcome, Outcome> {
    let stream = connected(&relay.address).await?;
    let name = hello_name(stream.local_addr().map(|address| address.ip()).ok());
    match relay.security {
        MailSecurity::None => {
            let mut talk = Talk::begun(stream).await?;
            let offers = talk.hello(&name).await?;
            talk.mail(relay, &offers, envelope).await
        }
        MailSecurity::Tls => {
            let mut talk = Talk::begun(secured(relay, stream).await?).await?;
            let offers = talk.hello(&name).await?;
            talk.mail(relay, &offers, envelope).await
        }
        MailSecurity::Starttls => {
            let mut clear = Talk::begun(stream).await?;
            if !clear.hello(&name).await?.iter().any(|offer| offer.eq_ignore_ascii_case("STARTTLS")) {
                return Err(Outcome::no_way(
                    "it does not offer STARTTLS, or somebody between took the offer out: nothing was sent in clear",
                ));
            }
            clear.says("STARTTLS").await?.or_no_way("STARTTLS")?;
            if !clear.read.is_empty() {
                return Err(Outcome::no_way("it spoke on before TLS began: somebody is between"));
            }
            let mut talk = Talk { stream: secured(relay, clear.stream).await?, read: Vec::new() };
            let offers = talk.hello(&name).await?;
            talk.mail(relay, &offers, envelope).await
        }
    }
}

async fn connected(address: &HostPort) -> Result<TcpStream, Outcome> {
    let connecting = TcpStream::connect((address.host.as_str(), address.port));
    let stream = match timeout(CONNECT_TIMEOUT, connecting).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => return Err(Outcome::no_way(format!("no connection: {error}"))),
        Err(_) => return Err(Outcome::no_way("no connection within 10 s")),
    };
    // A dialogue of short lines: none waits for the next.
    let _best_effort = stream.set_nodelay(true);
    Ok(stream)
}

async fn secured<S: AsyncRead + AsyncWrite + Unpin>(
    relay: &Relay,
    stream: S,
) -> Result<tokio_rustls::client::TlsStream<S>, Outcome> {
    let name = ServerName::try_from(relay.address.host.clone());
    let name = name.map_err(|error| Outcome::no_way(format!("no name for TLS: {error}")))?;
    let connector = TlsConnector::from(Arc::clone(&relay.tls));
    connector.connect(name, stream).await.map_err(|error| Outcome::no_way(format!("TLS: {error}")))
}

/// An address literal (RFC 5321, 4.1.3): true without knowing a name of this machine.
fn hello_name(ip: Option<IpAddr>) -> String {
    match ip {
        Some(IpAddr::V4(ip)) => format!("[{ip}]"),
        Some(IpAddr::V6(ip)) => format!("[IPv6:{ip}]"),
        None => "[127.0.0.1]".to_owned(),
    }
}

/// A relay's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Reply {
    code: u16,
    lines: Vec<String>,
}

impl Reply {
    fn text(&self) -> String {
        told(&format!("{} {}", self.code, self.lines.join(" ")))
    }

    /// Positive, or the way is closed: at this step it is nobody's fault who is told.
    fn or_no_way(self, step: &str) -> Result<Self, Outcome> {
        if self.code / 100 == 2 { Ok(self) } else { Err(Outcome::no_way(format!("{step}: {}", self.text()))) }
    }

    /// What the message itself, or its recipient, met.
    fn or_refused(self, wanted: u16) -> Result<Self, Outcome> {
        match self.code / 100 {
            hundred if hundred == wanted => Ok(self),
            5 if self.has_no_mailbox() => Err(Outcome::Never(self.text())),
            // Relaying denied, a sender or an address that is not trusted: an operator mends that within the three days.
            _ => Err(Outcome::not_now(self.text())),
        }
    }

    /// Is it the recipient's own address that is wrong (RFC 3463, 3.2 and 3.3)?
    fn has_no_mailbox(&self) -> bool {
        let word = self.lines.first().and_then(|line| line.split_whitespace().next()).unwrap_or_default();
        ["5.1.1", "5.1.2", "5.1.3", "5.1.10", "5.2.1"].contains(&word)
    }
}

/// A dialogue over a stream, and what was read ahead of it.
#[derive(Debug)]
struct Talk<S> {
    stream: S,
    read: Vec<u8>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Talk<S> {
    /// The relay speaks first.
    async fn begun(stream: S) -> Result<Self, Outcome> {
        let mut talk = Self { stream, read: Vec::new() };
        talk.reply().await?.or_no_way("its greeting")?;
        Ok(talk)
    }

    /// What the relay offers.
    async fn hello(&mut self, name: &str) -> Result<Vec<String>, Outcome> {
        let reply = self.says(&format!("EHLO {name}")).await?.or_no_way("EHLO")?;
        Ok(reply.lines.into_iter().skip(1).collect())
    }

    async fn mail(
        &mut self,
        relay: &Relay,
        offers: &[String],
        envelope: Envelope<'_>,
    ) -> Result<Outcome, Outcome> {
        if let Some(login) = &relay.login {
            self.login(login, offers).await?;
        }
        // Refused senders and quotas are the operator's to mend.
        self.says(&format!("MAIL FROM:<{}>", envelope.from)).await?.or_no_way("MAIL FROM")?;
        self.says(&format!("RCPT TO:<{}>", envelope.to)).await?.or_refused(2)?;
        self.says("DATA").await?.or_refused(3)?;
        self.write(&stuffed(envelope.message)).await?;
        let taken = self.reply().await?.or_refused(2)?;
        // It answers for the message now, whatever becomes of this farewell.
        let _farewell = self.write(b"QUIT\r\n").await;
        Ok(Outcome::Taken(taken.text()))
    }

    async fn login(&mut self, login: &Login, offers: &[String]) -> Result<(), Outcome> {
        let user = &login.user;
        let reply = match &login.with {
            Credential::Token(token) => {
                let said = format!("user={user}\x01auth=Bearer {}\x01\x01", token.expose());
                let reply = self.says(&format!("AUTH XOAUTH2 {}", base64::encode(said.as_bytes()))).await?;
                // What is wrong is told in a challenge; the answer to it is an empty line.
                if reply.code == 334 { self.says("").await? } else { reply }
            }
            Credential::Password(secret) if offers_login(offers, "PLAIN") => {
                let said = format!("\0{user}\0{}", secret.expose());
                self.says(&format!("AUTH PLAIN {}", base64::encode(said.as_bytes()))).await?
            }
            Credential::Password(secret) if offers_login(offers, "LOGIN") => {
                let mut reply = self.says("AUTH LOGIN").await?;
                for word in [user.as_str(), secret.expose()] {
                    if reply.code != 334 {
                        break;
                    }
                    reply = self.says(&base64::encode(word.as_bytes())).await?;
                }
                reply
            }
            Credential::Password(_) => {
                return Err(Outcome::no_way("it offers neither AUTH PLAIN nor AUTH LOGIN"));
            }
        };
        reply.or_no_way("login").map(drop)
    }

    async fn says(&mut self, line: &str) -> Result<Reply, Outcome> {
        self.write(format!("{line}\r\n").as_bytes()).await?;
        self.reply().await
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<(), Outcome> {
        let broken = |error: std::io::Error| Outcome::no_way(format!("the connection broke: {error}"));
        self.stream.write_all(bytes).await.map_err(broken)?;
        self.stream.flush().await.map_err(broken)
    }

    async fn reply(&mut self) -> Result<Reply, Outcome> {
        let mut lines = Vec::new();
        while lines.len() < LINES_MAX {
            let line = self.line().await?;
            let (code, rest) =
                (line.get(..3).and_then(|code| code.parse().ok()), line.get(3..).unwrap_or_default());
            let Some(code) = code.filter(|code| (200..600).contains(code)) else {
                return Err(Outcome::no_way(format!("that is no SMTP: {}", told(&line))));
            };
            lines.push(rest.get(1..).unwrap_or_default().to_owned());
            match rest.as_bytes().first() {
                Some(b'-') => {}
                Some(b' ') | None => return Ok(Reply { code, lines }),
                Some(_) => return Err(Outcome::no_way(format!("that is no SMTP: {}", told(&line)))),
            }
        }
        Err(Outcome::no_way("an answer that does not end"))
    }

    async fn line(&mut self) -> Result<String, Outcome> {
        loop {
            if let Some(end) = self.read.iter().position(|&byte| byte == b'\n') {
                let line: Vec<u8> = self.read.drain(..=end).collect();
                return Ok(String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned());
            }
            if self.read.len() > LINE_BYTES_MAX {
                return Err(Outcome::no_way("a line that does not end"));
            }
            let mut bytes = [0; 1_024];
            match self.stream.read(&mut bytes).await {
                Ok(0) => return Err(Outcome::no_way("the relay hung up")),
                Ok(count) => self.read.extend(bytes.iter().take(count)),
                Err(error) => return Err(Outcome::no_way(format!("the connection broke: {error}"))),
            }
        }
    }
}

fn offers_login(offers: &[String], mechanism: &str) -> bool {
    let mut words = offers.iter().map(|offer| offer.split_ascii_whitespace());
    words.any(|mut words| {
        words.next().is_some_and(|word| word.eq_ignore_ascii_case("AUTH"))
            && words.any(|word| word.eq_ignore_ascii_case(mechanism))
    })
}

/// A message as it goes over the wire: its end is a line with a dot, so that lines which begin with one get another
/// (RFC 5321, 4.5.2).
fn stuffed(message: &[u8]) -> Vec<u8> {
    let mut wire = Vec::with_capacity(message.len() + 64);
    for line in message.split_inclusive(|&byte| byte == b'\n') {
        if line.starts_with(b".") {
            wire.push(b'.');
        }
        wire.extend_from_slice(line);
    }
    if !wire.ends_with(b"\r\n") {
        wire.extend_from_slice(b"\r\n");
    }
    wire.extend_from_slice(b".\r\n");
    wire
}

#[cfg(test)]
mod tests;
