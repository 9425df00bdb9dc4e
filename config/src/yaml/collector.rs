//! `collector:`: listeners, the address agents use, the state directory.

use std::net::SocketAddr;

use crate::HostPort;
use crate::yaml::shape::{At, shape};

shape! {
    /// `collector:`
    CollectorKeys {
        /// Where agents connect.
        agents: optional AgentsKeys,
        /// Page, read API and metrics.
        web: optional WebKeys,
        /// Keys, store and socket.
        state: optional String,
        /// The Unix group that may declare and approve.
        operators: optional At<String>,
    }
}

shape! {
    /// `agents:` of the collector.
    AgentsKeys {
        /// Where it listens.
        listen: optional SocketAddr,
        /// Where agents find it.
        address: optional Vec<HostPort>,
    }
}

shape! {
    /// `web:` of the collector.
    WebKeys {
        /// Where it listens.
        listen: optional At<SocketAddr>,
    }
}
