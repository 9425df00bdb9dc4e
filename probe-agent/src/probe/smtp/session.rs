//! A dialogue of SMTP, step by step; each step is a phase. The submission of a message uses it too.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use collector_api::Reason;
use config::{MailMethod, MailMode, SmtpDepth, SmtpExpect};
use tokio::time::timeout;

use super::reply::{Reply, Step, judge};

use crate::probe::mail::{Credentials, Server, Wire};
use crate::probe::{Fault, Surroundings, Trace, base64};

/// To take leave is a courtesy: no longer than this.
const LEAVE: Duration = Duration::from_secs(1);

/// An open dialogue.
#[derive(Debug)]
pub(in crate::probe) struct Session {
    wire: Wire,
    /// The last reply to `EHLO`.
    offered: Option<Reply>,
}

impl Session {
    /// From the connection to what the server can do, over TLS if it is to be; not deeper than `depth`.
    pub(in crate::probe) async fn open(
        server: &Server,
        ehlo: Option<&str>,
        depth: SmtpDepth,
        credentials: Option<&Credentials>,
        surroundings: &Surroundings,
        trace: &mut Trace,
    ) -> Result<Self, Fault> {
        let wire = server.reach(credentials, surroundings, trace).await?;
        let mut session = Self { wire, offered: None };
        trace.enter("banner");
        session.hear(Step::Banner, trace).await?;
        if depth == SmtpDepth::Banner {
            return Ok(session);
        }
        trace.enter("ehlo");
        session.ehlo(ehlo, trace).await?;
        if server.mode != MailMode::Starttls || depth < SmtpDepth::Tls {
            return Ok(session);
        }
        trace.enter("starttls");
        if !session.offered.as_ref().is_some_and(|offered| offered.offers("STARTTLS")) {
            return Err(Fault::new(Reason::SmtpNoStarttls, "STARTTLS is not offered"));
        }
        session.say("STARTTLS", Step::Starttls, trace).await?;
        session.wire = server.secure(session.wire, surroundings, trace).await?;
        // What was offered in clear may have been anybody's word (RFC 3207, 4.2).
        session.offered = None;
        trace.enter("ehlo2");
        session.ehlo(ehlo, trace).await?;
        Ok(session)
    }

    /// Logs in (phase `auth`).
    pub(in crate::probe) async fn authenticate(
        &mut self,
        credentials: &Credentials,
        surroundings: &Surroundings,
        trace: &mut Trace,
    ) -> Result<(), Fault> {
        trace.enter("auth");
        let mechanism = match credentials.method {
            MailMethod::Plain => "PLAIN",
            MailMethod::Login => "LOGIN",
            MailMethod::Xoauth2 => "XOAUTH2",
        };
        if !self.offered.as_ref().is_some_and(|offered| offered.offers_auth(mechanism)) {
            return Err(Fault::new(Reason::MailNoAuth, format!("AUTH {mechanism} is not offered")));
        }
        let seen = self.log_in(credentials, trace).await;
        credentials.learn(&seen, surroundings);
        seen
    }

    async fn log_in(&mut self, credentials: &Credentials, trace: &mut Trace) -> Result<(), Fault> {
        let words = match credentials.method {
            MailMethod::Plain => vec![format!("AUTH PLAIN {}", credentials.plain())],
            MailMethod::Login => vec![
                "AUTH LOGIN".to_owned(),
                base64::encode(credentials.user.as_bytes()),
                base64::encode(credentials.word.as_bytes()),
            ],
            MailMethod::Xoauth2 => vec!["AUTH XOAUTH2".to_owned(), credentials.xoauth2()],
        };
        let mut reply = None;
        for words in &words {
            reply = Some(self.say(words, Step::Auth, trace).await?);
        }
        if reply.is_some_and(|reply| reply.code == 334) {
            // A rejected token is explained first; an empty line asks for the verdict.
            self.say("", Step::Auth, trace).await?;
            return Err(Fault::new(Reason::ProtoUnexpectedReply, "the dialogue of AUTH does not end"));
        }
        Ok(())
    }

    /// Names the sender (phase `mail`).
    pub(in crate::probe) async fn mail(&mut self, from: &str, trace: &mut Trace) -> Result<(), Fault> {
        trace.enter("mail");
        self.say(&format!("MAIL FROM:<{from}>"), Step::Mail, trace).await.map(drop)
    }

    /// Names the recipient (phase `rcpt`).
    pub(in crate::probe) async fn rcpt(
        &mut self,
        to: &str,
        expect: SmtpExpect,
        trace: &mut Trace,
    ) -> Result<(), Fault> {
        trace.enter("rcpt");
        self.say(&format!("RCPT TO:<{to}>"), Step::Rcpt(expect), trace).await.map(drop)
    }

    /// Sends the message, whose lines end with CRLF and never begin with a dot (phase `data`).
    pub(in crate::probe) async fn data(&mut self, message: &str, trace: &mut Trace) -> Result<(), Fault> {
        trace.enter("data");
        self.say("DATA", Step::Data, trace).await?;
        self.wire.send(message.as_bytes(), trace).await?;
        self.say(".", Step::Body, trace).await.map(drop)
    }

    /// Takes leave (phase `quit`), whatever comes of it; what wants attention of its TLS.
    pub(in crate::probe) async fn leave(mut self, has_begun: bool, trace: &mut Trace) -> Option<Fault> {
        trace.enter("quit");
        trace.answered();
        let attention = self.wire.attention.take();
        trace.at_deadline(attention.clone().map_or(Ok(()), Err));
        let _courtesy = timeout(LEAVE, async {
            for words in ["RSET", "QUIT"].into_iter().skip(usize::from(!has_begun)) {
                self.wire.say(words, trace).await?;
                Reply::read(&mut self.wire, Step::Mail, trace).await?;
            }
            Ok::<(), Fault>(())
        })
        .await;
        attention
    }

    async fn ehlo(&mut self, name: Option<&str>, trace: &mut Trace) -> Result<(), Fault> {
        let name = name.map_or_else(|| literal(self.wire.local()), str::to_owned);
        self.offered = Some(self.say(&format!("EHLO {name}"), Step::Ehlo, trace).await?);
        Ok(())
    }

    async fn say(&mut self, words: &str, step: Step, trace: &mut Trace) -> Result<Reply, Fault> {
        self.wire.say(words, trace).await?;
        self.hear(step, trace).await
    }

    async fn hear(&mut self, step: Step, trace: &mut Trace) -> Result<Reply, Fault> {
        let reply = Reply::read(&mut self.wire, step, trace).await?;
        match judge(step, &reply) {
            Ok(()) => Ok(reply),
            Err(fault) => {
                reply.note(trace);
                Err(fault)
            }
        }
    }
}

/// The address the agent speaks from, in brackets (RFC 5321, 4.1.3): always true, and no name to look up.
fn literal(local: Option<SocketAddr>) -> String {
    match local.map(|local| local.ip()) {
        Some(IpAddr::V6(ip)) => format!("[IPv6:{ip}]"),
        Some(IpAddr::V4(ip)) => format!("[{ip}]"),
        None => "[127.0.0.1]".to_owned(),
    }
}
