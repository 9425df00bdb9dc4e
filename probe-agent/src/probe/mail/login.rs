//! Who logs in, and what is said for it (SASL), whatever the protocol.

use std::net::IpAddr;

use collector_api::Reason;
use config::{Id, MailLogin, MailMethod};
use tokio::time::Instant;

use super::token::TokenSource;
use crate::allowed::AllowedTargets;

use crate::probe::{Fault, Surroundings, Trace, base64};

/// An account and where its secret is.
#[derive(Debug)]
pub(in crate::probe) struct Login {
    user: String,
    method: MailMethod,
    secret: Id,
    /// Who gives the token, if it is none itself.
    source: Option<TokenSource>,
    origin: String,
}

/// What is said to log in.
pub(in crate::probe) struct Credentials {
    pub(in crate::probe) user: String,
    pub(in crate::probe) method: MailMethod,
    /// The password or the token.
    pub(in crate::probe) word: String,
    origin: String,
    /// Where alone it may go.
    at: Option<AllowedTargets>,
    /// Is it new each time? Then there is nothing to rest.
    is_fresh: bool,
}

impl Login {
    pub(super) fn new(login: &MailLogin, origin: String) -> Result<Self, String> {
        let MailLogin { user, secret, method, oauth } = login;
        if user.chars().any(char::is_control) {
            return Err("the name of an account that ends its line".to_owned());
        }
        let source = oauth.as_ref().map(|oauth| TokenSource::new(oauth, secret)).transpose()?;
        Ok(Self { user: user.clone(), method: *method, secret: secret.clone(), source, origin })
    }

    pub(super) async fn credentials(
        &self,
        surroundings: &Surroundings,
        trace: &mut Trace,
    ) -> Result<Credentials, Fault> {
        let credentials = |word, at, is_fresh| Credentials {
            user: self.user.clone(),
            method: self.method,
            word,
            origin: self.origin.clone(),
            at,
            is_fresh,
        };
        // Also of a secret that buys a token: what it buys opens the same mailbox.
        let secret = surroundings.secrets.read(&self.secret, &self.origin).await?;
        trace.secret(secret.text.as_bytes());
        if self.source.is_some() {
            return Ok(credentials(String::new(), secret.at, true));
        }
        surroundings.rejections.permit(&secret.text, &self.origin, Instant::now()).map_err(|held_back| {
            trace.fact("held_back", format!("{} min", held_back.minutes));
            held_back.fault
        })?;
        Ok(credentials(secret.text, secret.at, false))
    }

    /// Asks for the token (phase `token_fetch`), where there is somebody to ask. Only when the mail server has come so
    /// far: nobody is to blame who was not needed.
    pub(in crate::probe) async fn complete(
        &self,
        mut credentials: Credentials,
        surroundings: &Surroundings,
        trace: &mut Trace,
    ) -> Result<Credentials, Fault> {
        if let Some(source) = &self.source {
            credentials.word = source.fetch(surroundings, trace).await?;
        }
        trace.secret(credentials.word.as_bytes());
        for said in [credentials.plain(), credentials.xoauth2()] {
            trace.secret(said.as_bytes());
        }
        trace.secret(base64::encode(credentials.word.as_bytes()).as_bytes());
        Ok(credentials)
    }
}

impl Credentials {
    /// The secret's own file may name the only addresses at which its origin is.
    pub(super) fn may_go_to(&self, ip: IpAddr) -> Result<(), Fault> {
        match &self.at {
            Some(at) if !at.permits(ip) => {
                let detail = format!("{ip} is no address to which the secret may go");
                Err(Fault::new(Reason::AgentTargetForbidden, detail))
            }
            _ => Ok(()),
        }
    }

    /// Remembers what became of it: the server's word on the credentials, and no other trouble.
    pub(in crate::probe) fn learn(&self, seen: &Result<(), Fault>, surroundings: &Surroundings) {
        let is_accepted = match seen {
            Ok(()) => true,
            Err(fault) if fault.reason == Reason::AuthRejected => false,
            Err(_) => return,
        };
        if !self.is_fresh {
            surroundings.rejections.learn(&self.word, &self.origin, is_accepted, Instant::now());
        }
    }

    /// RFC 4616, in base64.
    pub(in crate::probe) fn plain(&self) -> String {
        base64::encode(format!("\0{}\0{}", self.user, self.word).as_bytes())
    }

    /// As Microsoft and Google document it, in base64.
    pub(in crate::probe) fn xoauth2(&self) -> String {
        base64::encode(format!("user={}\u{1}auth=Bearer {}\u{1}\u{1}", self.user, self.word).as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(user: &str, word: &str) -> Credentials {
        let (user, word, origin) = (user.to_owned(), word.to_owned(), String::new());
        Credentials { user, method: MailMethod::Plain, word, origin, at: None, is_fresh: false }
    }

    #[test]
    fn what_is_said_is_as_documented() {
        // RFC 4616, 4, without an authorisation identity.
        assert_eq!(of("tim", "tanstaaftanstaaf").plain(), "AHRpbQB0YW5zdGFhZnRhbnN0YWFm");
        // Microsoft, "Authenticate an IMAP, POP or SMTP connection using OAuth", SASL XOAUTH2.
        assert_eq!(
            of("test@contoso.onmicrosoft.com", "EwBAAl3BAAUFFpUAo7J3Ve0bjLBWZWCclRC3EoAA").xoauth2(),
            "dXNlcj10ZXN0QGNvbnRvc28ub25taWNyb3NvZnQuY29tAWF1dGg9QmVhcmVyIEV3QkFBbDNCQUFVRkZwVUFvN0ozVmUwYmpMQldaV0NjbFJDM0VvQUEBAQ=="
        );
    }
}
