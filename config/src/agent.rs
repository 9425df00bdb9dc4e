//! `agent.yaml`: all that an agent knows by itself. The rest it pulls, signed.

use std::path::PathBuf;

use crate::HostPort;

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
}
