//! `vedetta.yaml` as a whole: the charter, and how the collector runs.

use std::net::SocketAddr;
use std::path::PathBuf;

use crate::{AlertmanagerConfig, Charter, HeartbeatConfig, HostPort, Id};

/// One file says everything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vedetta {
    /// What decides figures.
    pub charter: Charter,
    /// How the collector runs.
    pub collector: CollectorConfig,
}

/// `collector:`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CollectorConfig {
    /// Where agents connect (TLS). Loopback by default, port 8443.
    pub agents_listen: SocketAddr,
    /// Where agents find it from outside; the listen address when absent.
    pub agents_address: Vec<HostPort>,
    /// Where page, read API and `/metrics` are (plain HTTP). Loopback by default, port 8080.
    pub web_listen: SocketAddr,
    /// Keys, store and socket. `/var/lib/vedetta` by default; relative to the file's folder.
    pub state_directory: PathBuf,
    /// The Unix group whose members may use the operators' socket. None by default: only root and the
    /// collector's own user may.
    pub operators: Option<String>,
    /// Secrets of the collector's own, one file each. `/etc/vedetta/secrets` by default; relative to the file's folder.
    pub secrets_directory: PathBuf,
    /// How mails leave; without it nobody is mailed.
    pub mail: Option<MailConfig>,
    /// Alertmanagers that are told what is decided, each of them; none by default.
    pub alertmanagers: Vec<AlertmanagerConfig>,
    /// Who notices from outside that the collector is silent; nobody when absent.
    pub heartbeat: Option<HeartbeatConfig>,
}

/// `mail:` of the collector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailConfig {
    /// Whom mails come from.
    pub from: String,
    /// Who takes them, in the order in which they are tried; at least one.
    pub relays: Vec<HostPort>,
    /// When TLS begins there.
    pub security: MailSecurity,
    /// Authorities beside the system's, PEM.
    pub authority: Option<String>,
    /// Who logs in; nobody when absent.
    pub login: Option<RelayLogin>,
    /// Where people find the page, without a `/` at its end.
    pub page: Option<String>,
    /// Own texts; the built-in ones when absent. Relative to the file's folder.
    pub templates: Option<PathBuf>,
}

/// When TLS begins. A relay that does not offer it gets no mail: an answer from which somebody took it out, neither.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MailSecurity {
    /// After a few words in clear.
    #[default]
    Starttls,
    /// Before the first word.
    Tls,
    /// Never: on this machine only.
    None,
}

/// Who logs in to a relay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelayLogin {
    /// The account.
    pub user: String,
    /// A file in the collector's secrets directory: the password, or the application's secret.
    pub secret: Id,
    /// Who gives a token, for XOAUTH2; the password is said when absent.
    pub token: Option<RelayToken>,
}

/// The client credentials grant (RFC 6749, 4.4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelayToken {
    /// The endpoint.
    pub url: String,
    /// The application.
    pub client: String,
    /// What the token is for, such as `https://outlook.office365.com/.default`.
    pub scope: String,
}

impl MailConfig {
    /// The part of `from` behind its `@`.
    pub fn domain(&self) -> &str {
        self.from.rsplit_once('@').map_or(self.from.as_str(), |(_, domain)| domain)
    }
}
