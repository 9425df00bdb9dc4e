//! A dialogue of IMAP (RFC 3501), command by command.

use collector_api::Reason;
use config::{MailMethod, MailMode};

use super::response::{Ending, Response, ending, literal_length};
use crate::probe::mail::{self, Credentials, Server, Wire};
use crate::probe::{Fault, Surroundings, Trace};

/// Responses to one command: those of a few hundred messages.
const RESPONSES_MAX: usize = 2_000;
/// Literals of one response: a message asked for in a few pieces.
const LITERALS_MAX: usize = 8;

/// An open dialogue.
#[derive(Debug)]
pub(in crate::probe) struct Session {
    wire: Wire,
    tag: u32,
    abilities: Vec<String>,
}

impl Session {
    /// From the connection to what the server can do, over TLS if it is to be.
    pub(in crate::probe) async fn open(
        server: &Server,
        credentials: Option<&Credentials>,
        surroundings: &Surroundings,
        trace: &mut Trace,
    ) -> Result<Self, Fault> {
        let wire = server.reach(credentials, surroundings, trace).await?;
        let mut session = Self { wire, tag: 0, abilities: Vec::new() };
        trace.enter("greeting");
        let greeting = session.wire.line(trace).await?;
        match ending(&greeting, "*") {
            Some(Ending::Ok) => {}
            Some(Ending::Bye) => return Err(fault(Reason::ImapBye, &greeting)),
            _ => return Err(fault(Reason::ProtoBadGreeting, &greeting)),
        }
        session.ask_abilities(trace).await?;
        if server.mode != MailMode::Starttls {
            return Ok(session);
        }
        trace.enter("starttls");
        if !session.can("STARTTLS") {
            return Err(Fault::new(Reason::ImapNoStarttls, "STARTTLS is not offered"));
        }
        session.command("STARTTLS", trace).await.map_err(|fault| match fault.reason {
            Reason::ImapNo | Reason::ImapBad => Fault::new(Reason::ImapNoStarttls, fault.detail),
            _ => fault,
        })?;
        session.wire = server.secure(session.wire, surroundings, trace).await?;
        trace.enter("greeting2");
        // What was offered in clear may have been anybody's word (RFC 3501, 6.2.1).
        session.ask_abilities(trace).await?;
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
        let seen = self.log_in(credentials, trace).await.map_err(|fault| match fault.reason {
            Reason::ImapNo if is_about_credentials(&fault.detail) => {
                Fault::new(Reason::AuthRejected, fault.detail)
            }
            _ => fault,
        });
        credentials.learn(&seen, surroundings);
        seen?;
        self.ask_abilities(trace).await
    }

    async fn log_in(&mut self, credentials: &Credentials, trace: &mut Trace) -> Result<(), Fault> {
        let (mechanism, said) = match credentials.method {
            MailMethod::Xoauth2 => ("XOAUTH2", credentials.xoauth2()),
            MailMethod::Plain if self.can("AUTH=PLAIN") => ("PLAIN", credentials.plain()),
            MailMethod::Plain | MailMethod::Login => {
                if self.can("LOGINDISABLED") {
                    return Err(Fault::new(Reason::MailNoAuth, "LOGIN is disabled"));
                }
                let words = format!("LOGIN {} {}", string(&credentials.user)?, string(&credentials.word)?);
                return self.command(&words, trace).await.map(drop);
            }
        };
        if !self.can(&format!("AUTH={mechanism}")) {
            return Err(Fault::new(Reason::MailNoAuth, format!("AUTH={mechanism} is not offered")));
        }
        let tag = self.begin(&format!("AUTHENTICATE {mechanism}"), trace).await?;
        // Then, to a rejected token, which is explained first, an empty line.
        for said in [said.as_str(), ""] {
            loop {
                let line = self.wire.line(trace).await?;
                if line.starts_with(b"+") {
                    break;
                }
                if end_of(&line, &tag)? {
                    return Ok(());
                }
            }
            self.wire.say(said, trace).await?;
        }
        loop {
            let line = self.wire.line(trace).await?;
            if line.starts_with(b"+") {
                return Err(fault(Reason::ProtoUnexpectedReply, &line));
            }
            if end_of(&line, &tag)? {
                return Ok(());
            }
        }
    }

    /// Can the server do this?
    pub(in crate::probe) fn can(&self, ability: &str) -> bool {
        self.abilities.iter().any(|own| own == ability)
    }

    /// Says a command and returns all that is answered before its end, which must be `OK`.
    pub(in crate::probe) async fn command(
        &mut self,
        words: &str,
        trace: &mut Trace,
    ) -> Result<Vec<Response>, Fault> {
        let tag = self.begin(words, trace).await?;
        let mut responses = Vec::new();
        loop {
            let response = self.response(trace).await?;
            if response.text.starts_with(b"+") {
                return Err(fault(Reason::ProtoUnexpectedReply, &response.text));
            }
            if end_of(&response.text, &tag)? {
                return Ok(responses);
            }
            if responses.len() == RESPONSES_MAX {
                let detail = format!("more than {RESPONSES_MAX} responses to one command");
                return Err(Fault::new(Reason::ProtoMalformed, detail));
            }
            responses.push(response);
        }
    }

    /// Takes leave (phase `logout`); what wants attention of its TLS.
    pub(in crate::probe) async fn leave(mut self, trace: &mut Trace) -> Option<Fault> {
        trace.enter("logout");
        trace.answered();
        let attention = self.wire.attention.take();
        trace.at_deadline(attention.clone().map_or(Ok(()), Err));
        // `BYE` is what is hoped for here, and no answer at all is no harm: the line is not waited for.
        let _courtesy = self.begin("LOGOUT", trace).await;
        attention
    }

    async fn ask_abilities(&mut self, trace: &mut Trace) -> Result<(), Fault> {
        let responses = self.command("CAPABILITY", trace).await?;
        let listed = responses.iter().find_map(|response| response.after("CAPABILITY"));
        self.abilities = listed.unwrap_or_default().split_whitespace().map(str::to_ascii_uppercase).collect();
        Ok(())
    }

    async fn begin(&mut self, words: &str, trace: &mut Trace) -> Result<String, Fault> {
        self.tag += 1;
        let tag = format!("v{}", self.tag);
        self.wire.say(&format!("{tag} {words}"), trace).await?;
        Ok(tag)
    }

    /// A line with the literals that stand in it.
    async fn response(&mut self, trace: &mut Trace) -> Result<Response, Fault> {
        let mut response = Response { text: self.wire.line(trace).await?, literals: Vec::new() };
        while let Some(length) = literal_length(&response.text) {
            if response.literals.len() == LITERALS_MAX {
                return Err(fault(Reason::ProtoMalformed, &response.text));
            }
            response.literals.push(self.wire.literal(length, trace).await?);
            let more = self.wire.line(trace).await?;
            // Apart from the length, so that it is not taken for a second one.
            response.text.push(b' ');
            response.text.extend_from_slice(&more);
        }
        Ok(response)
    }
}

/// Is it the end of the command, and a good one?
fn end_of(line: &[u8], tag: &str) -> Result<bool, Fault> {
    match ending(line, tag) {
        Some(Ending::Ok) => Ok(true),
        Some(Ending::No) => Err(fault(Reason::ImapNo, line)),
        Some(Ending::Bad) => Err(fault(Reason::ImapBad, line)),
        _ if ending(line, "*") == Some(Ending::Bye) => Err(fault(Reason::ImapBye, line)),
        _ if line.starts_with(b"* ") => Ok(false),
        _ => Err(fault(Reason::ProtoMalformed, line)),
    }
}

fn fault(reason: Reason, line: &[u8]) -> Fault {
    Fault::new(reason, mail::quoted(line))
}

/// RFC 5530: codes that say that something else than the credentials is the trouble.
fn is_about_credentials(line: &str) -> bool {
    const OTHERS: [&str; 5] = ["[UNAVAILABLE]", "[INUSE]", "[LIMIT]", "[SERVERBUG]", "[CONTACTADMIN]"];
    !OTHERS.iter().any(|code| line.contains(code))
}

/// A quoted string (RFC 3501, 4.3).
pub(in crate::probe) fn string(text: &str) -> Result<String, Fault> {
    if !text.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
        let detail = "`method: login` says ASCII only; `method: plain` says any password";
        return Err(Fault::new(Reason::AgentConfigInvalid, detail));
    }
    Ok(format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")))
}
