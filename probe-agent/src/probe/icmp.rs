//! `probe: icmp`: a few echo requests; how many come back, and how soon.
//!
//! The path of one sample is judged by several packets, because one lost is chance; they are spread over
//! the attempt, and only an attempt without any reply is followed by another. A reply's time is ours, from
//! before the send to after the receive: surge-ping's own begins after the send has returned, and reads zero
//! on a fast path. On an unprivileged socket the kernel keeps errors of routers to itself: an unreachable
//! host is then silent, and told by its reason only on a raw one.

mod pings;
mod judge;
#[cfg(test)]
mod tests;

pub use pings::Pings;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use collector_api::Reason;
use config::{HostPort, IcmpParams};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout_at};

use super::{Asker, Attempted, Fault, Surroundings, Trace, connect};
use judge::Echoes;
use pings::{Echo, Line};

/// Between two packets, unless the timeout is short.
const GAP: Duration = Duration::from_millis(200);
/// A reply that takes longer is lost, as it is to whoever waits for it.
const PATIENCE: Duration = Duration::from_secs(2);

/// One ICMP check.
#[derive(Debug)]
pub struct Icmp {
    params: IcmpParams,
    /// Without a port.
    address: HostPort,
    timeout: Duration,
    payload: Arc<[u8]>,
}

impl Icmp {
    /// Any parameters will do; `timeout` is the attempt's.
    pub fn new(params: IcmpParams, timeout: Duration) -> Self {
        let address = HostPort { host: params.host.clone(), port: 0 };
        let payload = (0..params.size).map(|at| at.to_le_bytes()[0]).collect();
        Self { params, address, timeout, payload }
    }

    async fn observe(&self, surroundings: &Surroundings, trace: &mut Trace) -> Result<(), Fault> {
        // A little less than the attempt's: what was heard by then is judged, not cut off.
        let deadline = Instant::now() + self.timeout - (self.timeout / 20).max(Duration::from_millis(2));
        let host = connect::locate(&self.address, self.params.family, surroundings, trace).await?.ip();
        trace.enter("echo");
        trace.at_deadline(Err(Fault::new(Reason::IcmpNoReply, "no reply before the deadline")));
        let line = surroundings.pings.line(host)?;
        let echoes = self.exchange(host, &line, deadline, trace).await?;
        if let Some(micros) = echoes.average_micros() {
            trace.measured(micros);
        }
        let (is_silence, judged) =
            (echoes.is_silence(), echoes.judge(self.params.loss_warn, self.params.loss_crit));
        trace.facts_later(move || echoes.facts());
        if is_silence {
            // All silent may be our own ear.
            Box::pin(surroundings.pings.assure(&line)).await?;
        }
        judged
    }

    /// Sends them all and gathers what comes of each until the deadline.
    async fn exchange(
        &self,
        host: IpAddr,
        line: &Line,
        deadline: Instant,
        trace: &mut Trace,
    ) -> Result<Echoes, Fault> {
        let packets = self.params.packets.max(1);
        // Half of what is left is for sending, half for the last reply.
        let left = deadline.saturating_duration_since(Instant::now());
        let gap = GAP.min(left / 2 / packets);
        let mut echoes = Echoes::of(packets);
        let mut under_way = JoinSet::new();
        let first_at = Instant::now();
        for packet in 0..packets {
            let next_at = first_at + gap * packet;
            if packet > 0 {
                while let Ok(Some(ended)) = timeout_at(next_at, under_way.join_next()).await {
                    echoes.take(ended.unwrap_or_else(Echo::of_panic), trace)?;
                }
                // Nothing was under way, and the time has not come.
                sleep_until(next_at).await;
            }
            line.turn(left / 2).await?;
            let patience = PATIENCE.min(deadline.saturating_duration_since(Instant::now()));
            trace.sent(|| format!("echo request {} to {host}, {} bytes", packet + 1, self.payload.len()));
            if packet + 1 == packets && under_way.is_empty() {
                // Nothing else is waited for meanwhile: it needs no task of its own.
                echoes.take(line.ping(host, &self.payload, patience).await, trace)?;
            } else {
                let (line, payload) = (line.clone(), Arc::clone(&self.payload));
                under_way.spawn(async move { line.ping(host, &payload, patience).await });
            }
        }
        while let Some(ended) = under_way.join_next().await {
            echoes.take(ended.unwrap_or_else(Echo::of_panic), trace)?;
        }
        Ok(echoes)
    }
}

impl Asker for Icmp {
    fn address(&self) -> &HostPort {
        &self.address
    }

    fn attempt<'a>(&'a self, surroundings: &'a Surroundings, trace: &'a mut Trace) -> Attempted<'a> {
        Box::pin(self.observe(surroundings, trace))
    }
}
