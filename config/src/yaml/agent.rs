//! `agent.yaml` as a whole.

use std::net::SocketAddr;

use crate::yaml::duration::{Bytes, Millis};
use crate::yaml::probe::SubmitKeys;
use crate::yaml::shape::{At, shape};

shape! {
    /// All that an agent knows by itself.
    AgentKeys {
        /// Where the collector is, in order.
        collector: optional Vec<At<String>>,
        /// Identity, spool and assignment.
        state: optional String,
        /// Secrets of checks, one file each.
        secrets: optional String,
        /// Networks that probes may reach.
        allowed_targets: optional Vec<At<String>>,
        /// The spool's cap.
        spool_bytes_max: optional At<Bytes>,
        /// For the agent's own clock watch.
        ntp_servers: optional Vec<At<String>>,
        /// Where jobs report to.
        heartbeats: optional HeartbeatsKeys,
        /// Who is told when the collector is silent.
        collector_silent: optional CollectorSilentKeys,
    }
}

shape! {
    /// `heartbeats:` of the agent.
    HeartbeatsKeys {
        /// Where it listens: one address or a list.
        listen: optional Vec<SocketAddr>,
    }
}

shape! {
    /// `collector_silent:` of the agent.
    CollectorSilentKeys {
        /// Mail addresses, one or a list.
        to: required Vec<At<String>>,
        /// The sender.
        from: required At<String>,
        /// Where the message is handed in.
        submit: required At<SubmitKeys>,
        /// After so long.
        after: optional At<Millis>,
    }
}
