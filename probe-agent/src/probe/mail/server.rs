//! One server of mail: the way to it, and when TLS begins.

use collector_api::Reason;
use config::{Family, HostPort, MailMode, MailServer};

use super::{Credentials, Login, Wire};
use crate::probe::{Fault, Surroundings, Trace, connect};
use crate::secrets::origin;
use crate::tls::Tls;

/// A server that is ready to be spoken to.
#[derive(Debug)]
pub(in crate::probe) struct Server {
    pub(in crate::probe) address: HostPort,
    pub(in crate::probe) mode: MailMode,
    pub(in crate::probe) login: Option<Login>,
    tls: Tls,
    family: Family,
}

impl Server {
    /// Prepares it for a protocol: `smtp`, `imap` or `pop3`, as `.for` files of secrets name it. The error is a
    /// sentence for whoever wrote the charter.
    pub(in crate::probe) fn new(
        protocol: &'static str,
        params: &MailServer,
        family: Family,
    ) -> Result<Self, String> {
        let MailServer { address, mode, tls, login } = params;
        // What goes over TLS and what goes in clear are two origins: a secret for one is not for the other.
        let secured = if *mode == MailMode::Plain { "" } else { "s" };
        let at = origin(&format!("{protocol}{secured}"), address);
        let login = login.as_ref().map(|login| Login::new(login, at)).transpose()?;
        // ALPN is left out: servers of mail know none, and some hang up on it.
        Ok(Self { address: address.clone(), mode: *mode, login, tls: Tls::new(tls, &[])?, family })
    }

    /// What is said to log in; `None` when nobody does. Before anything is dialled: a secret that rests is not tried.
    pub(in crate::probe) async fn credentials(
        &self,
        surroundings: &Surroundings,
        trace: &mut Trace,
    ) -> Result<Option<Credentials>, Fault> {
        match &self.login {
            None => Ok(None),
            Some(login) => login.credentials(surroundings, trace).await.map(Some),
        }
    }

    /// Connects, and begins TLS where it begins at once.
    pub(in crate::probe) async fn reach(
        &self,
        credentials: Option<&Credentials>,
        surroundings: &Surroundings,
        trace: &mut Trace,
    ) -> Result<Wire, Fault> {
        let remote = connect::locate(&self.address, self.family, surroundings, trace).await?;
        if let Some(credentials) = credentials {
            credentials.may_go_to(remote.ip())?;
        }
        let wire = Wire::plain(connect::dial(remote, trace).await?);
        if self.mode == MailMode::Implicit { self.secure(wire, surroundings, trace).await } else { Ok(wire) }
    }

    /// Begins TLS.
    pub(in crate::probe) async fn secure(
        &self,
        wire: Wire,
        surroundings: &Surroundings,
        trace: &mut Trace,
    ) -> Result<Wire, Fault> {
        let name = self.tls.name(&self.address.host);
        let name = name.map_err(|sentence| Fault::new(Reason::AgentConfigInvalid, sentence))?;
        let secured = surroundings.tls.handshake(&self.tls, name, wire.into_tcp()?, trace).await?;
        Ok(Wire::secured(secured.stream, secured.attention))
    }
}
