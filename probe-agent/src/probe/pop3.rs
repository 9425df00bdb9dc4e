//! `probe: pop3` (RFC 1939): log in and count. Nothing is fetched or deleted.
//!
//! A login locks the mailbox for others as long as it lasts: a mailbox of the probe's own is needed.

use std::time::Duration;

use collector_api::Reason;
use config::{HostPort, MailMethod, MailMode, Pop3Params};
use tokio::time::timeout;

use super::mail::{self, Credentials, Server, Wire};
use super::{Asker, Attempted, Fault, Surroundings, Trace};

/// To take leave is a courtesy: no longer than this.
const LEAVE: Duration = Duration::from_secs(1);
/// Lines of what a server says it can do.
const CAPABILITIES_MAX: usize = 128;

/// One POP3 check.
#[derive(Debug)]
pub struct Pop3 {
    server: Server,
}

impl Pop3 {
    /// Prepares the check; the error is a sentence for whoever wrote the charter.
    pub fn new(params: &Pop3Params) -> Result<Self, String> {
        Ok(Self { server: Server::new("pop3", &params.server, params.family)? })
    }

    async fn observe(&self, surroundings: &Surroundings, trace: &mut Trace) -> Result<(), Fault> {
        let credentials = self.server.credentials(surroundings, trace).await?;
        let mut wire = self.server.reach(credentials.as_ref(), surroundings, trace).await?;
        trace.enter("greeting");
        hear(&mut wire, Reason::ProtoBadGreeting, trace).await?;
        let mut abilities = capabilities(&mut wire, trace).await?;
        if self.server.mode == MailMode::Starttls {
            trace.enter("starttls");
            if !abilities.iter().any(|ability| ability == "STLS") {
                return Err(Fault::new(Reason::Pop3NoStls, "STLS is not offered"));
            }
            say("STLS", Reason::Pop3NoStls, &mut wire, trace).await?;
            wire = self.server.secure(wire, surroundings, trace).await?;
            trace.enter("greeting2");
            abilities = capabilities(&mut wire, trace).await?;
        }
        if let (Some(login), Some(credentials)) = (&self.server.login, credentials) {
            let credentials = login.complete(credentials, surroundings, trace).await?;
            trace.enter("auth");
            let seen = log_in(&credentials, &abilities, &mut wire, trace).await;
            credentials.learn(&seen, surroundings);
            seen?;
            trace.enter("stat");
            let counted = say("STAT", Reason::Pop3Err, &mut wire, trace).await?;
            let count = counted.split_whitespace().next().and_then(|count| count.parse::<u64>().ok());
            let Some(count) = count else {
                return Err(Fault::new(Reason::ProtoMalformed, format!("STAT: `{counted}`")));
            };
            trace.fact("messages", count.to_string());
        }
        trace.enter("quit");
        trace.answered();
        let attention = wire.attention.take();
        trace.at_deadline(attention.clone().map_or(Ok(()), Err));
        let _courtesy = timeout(LEAVE, say("QUIT", Reason::Pop3Err, &mut wire, trace)).await;
        attention.map_or(Ok(()), Err)
    }
}

impl Asker for Pop3 {
    fn address(&self) -> &HostPort {
        &self.server.address
    }

    fn attempt<'a>(&'a self, surroundings: &'a Surroundings, trace: &'a mut Trace) -> Attempted<'a> {
        Box::pin(self.observe(surroundings, trace))
    }
}

async fn log_in(
    credentials: &Credentials,
    abilities: &[String],
    wire: &mut Wire,
    trace: &mut Trace,
) -> Result<(), Fault> {
    let rejected = Reason::AuthRejected;
    if credentials.method != MailMethod::Xoauth2 {
        say(&format!("USER {}", credentials.user), rejected, wire, trace).await?;
        return say(&format!("PASS {}", credentials.word), rejected, wire, trace).await.map(drop);
    }
    let offers = |ability: &String| {
        ability
            .strip_prefix("SASL ")
            .is_some_and(|list| list.split_whitespace().any(|word| word == "XOAUTH2"))
    };
    if !abilities.iter().any(offers) {
        return Err(Fault::new(Reason::MailNoAuth, "SASL XOAUTH2 is not offered"));
    }
    wire.say("AUTH XOAUTH2", trace).await?;
    // Then, to a rejected token, which may be explained first, an empty line.
    for said in [credentials.xoauth2(), String::new()] {
        let line = wire.line(trace).await?;
        if !line.starts_with(b"+ ") && line != b"+" {
            return judge(&line, rejected).map(drop);
        }
        wire.say(&said, trace).await?;
    }
    hear(wire, rejected, trace).await.map(drop)
}

/// RFC 2449; a server that knows no `CAPA` can nothing beyond RFC 1939.
async fn capabilities(wire: &mut Wire, trace: &mut Trace) -> Result<Vec<String>, Fault> {
    match say("CAPA", Reason::Pop3Err, wire, trace).await {
        Err(fault) if fault.reason == Reason::Pop3Err => return Ok(Vec::new()),
        said => said?,
    };
    let mut abilities = Vec::new();
    loop {
        let line = wire.line(trace).await?;
        if line == b"." {
            return Ok(abilities);
        }
        if abilities.len() == CAPABILITIES_MAX {
            return Err(Fault::new(Reason::ProtoMalformed, "a list of abilities without end"));
        }
        abilities.push(String::from_utf8_lossy(&line).to_ascii_uppercase());
    }
}

async fn say(words: &str, reason: Reason, wire: &mut Wire, trace: &mut Trace) -> Result<String, Fault> {
    wire.say(words, trace).await?;
    hear(wire, reason, trace).await
}

async fn hear(wire: &mut Wire, reason: Reason, trace: &mut Trace) -> Result<String, Fault> {
    let line = wire.line(trace).await?;
    judge(&line, reason)
}

/// The text after `+OK`; `-ERR` has the reason of its step, unless its code says more (RFC 2449, 8; RFC 3206).
fn judge(line: &[u8], reason: Reason) -> Result<String, Fault> {
    let text = String::from_utf8_lossy(line);
    if let Some(rest) = text.strip_prefix("+OK") {
        return Ok(rest.trim().to_owned());
    }
    let shown = mail::quoted(line);
    let Some(rest) = text.strip_prefix("-ERR") else {
        let reason = if reason == Reason::ProtoBadGreeting { reason } else { Reason::ProtoMalformed };
        return Err(Fault::new(reason, shown));
    };
    let code = rest.split_whitespace().next().unwrap_or_default().to_ascii_uppercase();
    let is_other = ["[SYS/", "[IN-USE]", "[LOGIN-DELAY]"].iter().any(|other| code.starts_with(other));
    let reason = match reason {
        Reason::AuthRejected if is_other => Reason::Pop3Err,
        Reason::ProtoBadGreeting => Reason::Pop3Err,
        other => other,
    };
    Err(Fault::new(reason, shown))
}

#[cfg(test)]
mod tests;
