//! `probe: smtp`: a dialogue with a mail server, as deep as asked; it ends before any mail is sent.
//!
//! Replies are believed by their codes only: banners and texts are whoever's taste. Where TLS is to begin with
//! `STARTTLS`, a server that does not offer it is down: whoever strips the offer must not be able to listen.

mod reply;
mod session;

pub(in crate::probe) use session::Session;

use config::{Family, HostPort, MailServer, SmtpDepth, SmtpExpect, SmtpParams};

use super::mail::Server;
use super::{Asker, Attempted, Fault, Surroundings, Trace};

/// Where this agent hands in mail of its own, and as whom.
#[derive(Debug)]
pub(crate) struct Submission {
    server: Server,
    from: String,
}

impl Submission {
    /// The error is a sentence for whoever wrote the file.
    pub(crate) fn new(server: &MailServer, from: &str) -> Result<Self, String> {
        Ok(Self { server: Server::new("smtp", server, Family::V4)?, from: from.to_owned() })
    }

    /// Hands in a message, whose lines end with CRLF and never begin with a dot. It is the server's when this returns;
    /// the error is a sentence.
    pub(crate) async fn hand_in(
        &self,
        to: &str,
        message: &str,
        surroundings: &Surroundings,
    ) -> Result<(), String> {
        let mut trace = Trace::begin();
        let handed_in = async {
            let mut session = ready(&self.server, &self.from, to, surroundings, &mut trace).await?;
            session.data(message, &mut trace).await?;
            session.leave(false, &mut trace).await;
            Ok::<(), Fault>(())
        };
        handed_in.await.map_err(|fault| format!("{}: {}", fault.reason, fault.detail))
    }
}

/// A dialogue in which the server will take a message, as far as its text.
pub(in crate::probe) async fn ready(
    server: &Server,
    from: &str,
    to: &str,
    surroundings: &Surroundings,
    trace: &mut Trace,
) -> Result<Session, Fault> {
    let credentials = server.credentials(surroundings, trace).await?;
    let mut session =
        Session::open(server, None, SmtpDepth::Rcpt, credentials.as_ref(), surroundings, trace).await?;
    if let (Some(login), Some(credentials)) = (&server.login, credentials) {
        let credentials = login.complete(credentials, surroundings, trace).await?;
        session.authenticate(&credentials, surroundings, trace).await?;
    }
    session.mail(from, trace).await?;
    session.rcpt(to, SmtpExpect::Accepted, trace).await?;
    Ok(session)
}

/// One SMTP check.
#[derive(Debug)]
pub struct Smtp {
    server: Server,
    depth: SmtpDepth,
    ehlo: Option<String>,
    from: String,
    rcpt: String,
    expect: SmtpExpect,
}

impl Smtp {
    /// Prepares the check; the error is a sentence for whoever wrote the charter.
    pub fn new(params: SmtpParams) -> Result<Self, String> {
        let SmtpParams { server, depth, ehlo, from, rcpt, expect, family } = params;
        let is_line = |text: &String| text.bytes().all(|byte| (0x21..0x7f).contains(&byte));
        if ![Some(&from), Some(&rcpt), ehlo.as_ref()].into_iter().flatten().all(is_line) {
            return Err("a sender, recipient or name that is not of one word".to_owned());
        }
        let server = Server::new("smtp", &server, family)?;
        Ok(Self { server, depth, ehlo, from, rcpt, expect })
    }

    async fn observe(&self, surroundings: &Surroundings, trace: &mut Trace) -> Result<(), Fault> {
        trace.fact("depth", word(self.depth));
        let mut credentials = None;
        if self.depth >= SmtpDepth::Auth {
            credentials = self.server.credentials(surroundings, trace).await?;
        }
        let (server, ehlo) = (&self.server, self.ehlo.as_deref());
        let mut session =
            Session::open(server, ehlo, self.depth, credentials.as_ref(), surroundings, trace).await?;
        if let (Some(login), Some(credentials)) = (&self.server.login, credentials) {
            let credentials = login.complete(credentials, surroundings, trace).await?;
            session.authenticate(&credentials, surroundings, trace).await?;
        }
        if self.depth >= SmtpDepth::Mail {
            session.mail(&self.from, trace).await?;
        }
        if self.depth >= SmtpDepth::Rcpt {
            session.rcpt(&self.rcpt, self.expect, trace).await?;
        }
        session.leave(self.depth >= SmtpDepth::Mail, trace).await.map_or(Ok(()), Err)
    }
}

impl Asker for Smtp {
    fn address(&self) -> &HostPort {
        &self.server.address
    }

    fn attempt<'a>(&'a self, surroundings: &'a Surroundings, trace: &'a mut Trace) -> Attempted<'a> {
        Box::pin(self.observe(surroundings, trace))
    }
}

const fn word(depth: SmtpDepth) -> &'static str {
    match depth {
        SmtpDepth::Banner => "banner",
        SmtpDepth::Ehlo => "ehlo",
        SmtpDepth::Tls => "tls",
        SmtpDepth::Auth => "auth",
        SmtpDepth::Mail => "mail",
        SmtpDepth::Rcpt => "rcpt",
    }
}

#[cfg(test)]
mod tests;
