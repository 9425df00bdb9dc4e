//! `probe: tcp`: connect, and close. Proves that a port listens, no more.

use config::{HostPort, TcpParams};

use super::{Fault, Surroundings, Trace, connect};

/// One TCP check.
#[derive(Debug)]
pub struct Tcp {
    params: TcpParams,
}

impl Tcp {
    /// Any parameters will do.
    pub fn new(params: TcpParams) -> Self {
        Self { params }
    }

    /// What is dialled.
    pub fn address(&self) -> &HostPort {
        &self.params.address
    }

    /// Connecting is all there is to judge.
    pub(super) async fn attempt(&self, surroundings: &Surroundings, trace: &mut Trace) -> Result<(), Fault> {
        let remote = connect::locate(&self.params.address, self.params.family, surroundings, trace).await?;
        connect::dial(remote, trace).await.map(drop)
    }
}
