//! `agent.yaml`: all that an agent knows by itself. The rest it pulls, signed.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use crate::{HostPort, MailServer};

/// The agent's own file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentConfig {
    /// Where the collector is, in order; those of the enrolment line when empty.
    pub collector: Vec<HostPort>,
    /// Identity, spool and assignment. `/var/lib/vedetta-agent` by default; relative to the file's folder.
    pub state_directory: PathBuf,
    /// Secrets of checks, one file each. `/etc/vedetta/secrets` by default.
    pub secrets_directory: PathBuf,
    /// Networks probes may reach, in CIDR. Empty: everything but loopback, link-local and metadata
    /// addresses.
    pub allowed_targets: Vec<String>,
    /// The spool's cap, bytes; 1 GiB by default, at least 16 MiB.
    pub spool_bytes_max: u64,
    /// NTP servers for the agent's own clock watch; none means that only the exchange with the
    /// collector bounds the clock's error.
    pub ntp_servers: Vec<HostPort>,
    /// Where jobs report to; `127.0.0.1:8090` by default. Nothing listens before a heartbeat is assigned.
    pub heartbeats_listen: Vec<SocketAddr>,
    /// Who is told by this agent itself when the collector is silent; nobody when absent.
    pub collector_silent: Option<CollectorSilent>,
}

/// Whom an agent mails when the collector acknowledges nothing any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CollectorSilent {
    /// Mail addresses, at least one.
    pub to: Vec<String>,
    /// The sender.
    pub from: String,
    /// Where the message is handed in.
    pub submit: MailServer,
    /// After so long, ms.
    pub after_ms: u64,
}

impl CollectorSilent {
    /// Longer than a restart and an update take, ms.
    pub const AFTER_MS: u64 = 600_000;
    /// Less would tell of every restart, ms.
    pub const AFTER_MIN_MS: u64 = 60_000;
    /// More addresses are a distribution list's matter.
    pub const TO_MAX: usize = 10;
}

impl AgentConfig {
    /// Where jobs report to unless said.
    pub const HEARTBEATS_PORT: u16 = 8_090;
}

impl Default for AgentConfig {
    /// What an agent without a file, or with an empty one, does.
    fn default() -> Self {
        Self {
            collector: Vec::new(),
            state_directory: PathBuf::from("/var/lib/vedetta-agent"),
            secrets_directory: PathBuf::from("/etc/vedetta/secrets"),
            allowed_targets: Vec::new(),
            spool_bytes_max: 1 << 30,
            ntp_servers: Vec::new(),
            heartbeats_listen: vec![SocketAddr::from((Ipv4Addr::LOCALHOST, AgentConfig::HEARTBEATS_PORT))],
            collector_silent: None,
        }
    }
}
