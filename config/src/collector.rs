//! `vedetta.yaml` as a whole: the charter, and how the collector runs.

use std::net::SocketAddr;
use std::path::PathBuf;

use crate::{Charter, HostPort};

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
}
