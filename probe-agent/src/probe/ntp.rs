//! `probe: ntp`: one server's time, and whether it can be believed.
//!
//! The agent's clock is only one witness: when it and the server differ beyond the critical threshold,
//! the peers are asked too, and whoever has more clocks at its side is right. So a server is not called
//! wrong by an agent whose own clock is, and the probe works on an agent without the right time.
//!
//! Of an offset only what is proven counts: half of the packet's delay may be the path's doing (RFC 5905,
//! 8: the error of an offset is at most half the delay). rsntp tells neither root delay nor root
//! dispersion, and one word for the kiss codes DENY and RSTR; so a root distance is not judged.

mod exchange;
mod reading;
#[cfg(test)]
mod tests;

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use collector_api::Reason;
use config::{Family, HostPort, NtpParams};
use rsntp::LeapIndicator;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::{Asker, Attempted, Fault, Surroundings, Trace, connect};
use reading::{Reading, seconds};

/// A peer that takes longer says nothing.
const PEER_PATIENCE: Duration = Duration::from_secs(1);

/// One NTP check.
#[derive(Debug)]
pub struct Ntp {
    params: NtpParams,
}

impl Ntp {
    /// Any parameters will do.
    pub fn new(params: NtpParams) -> Self {
        Self { params }
    }

    async fn observe(&self, surroundings: &Surroundings, trace: &mut Trace) -> Result<(), Fault> {
        let server = connect::locate(&self.params.server, self.params.family, surroundings, trace).await?;
        trace.enter("ntp");
        trace.sent(|| format!("NTP request to {server}"));
        let reading = exchange::ask(server).await?;
        trace.received(|| reading.to_string());
        trace.answered();
        reading.tell(trace);
        let peers = if reading.offset_proven_micros() > micros(self.params.offset_crit_ms) {
            // The server has answered: whatever becomes of the peers, silence is not what went wrong.
            trace.enter("vote");
            trace.at_deadline(Err(self.wrong(&reading, &[])));
            self.ask_peers(server, &reading, surroundings, trace).await
        } else {
            Vec::new()
        };
        self.judge(&reading, &peers)
    }

    /// Is this a server to set one's clock by? `peers` are asked only about an offset beyond the critical.
    fn judge(&self, reading: &Reading, peers: &[Reading]) -> Result<(), Fault> {
        let params = &self.params;
        if reading.stratum > params.max_stratum {
            let detail = format!("stratum {}, at most {} wanted", reading.stratum, params.max_stratum);
            return Err(Fault::new(Reason::NtpStratum, detail));
        }
        let offset = reading.offset_proven_micros();
        if offset > micros(params.offset_crit_ms) {
            return Err(self.wrong(reading, peers));
        }
        if offset > micros(params.offset_warn_ms) {
            let detail = format!(
                "{} from the agent's clock, which may be the one that is off",
                seconds(reading.offset_micros)
            );
            return Err(Fault::degraded(Reason::NtpOffsetWarn, detail));
        }
        // Real ones were last due in 2016; an announcement is more often an error of configuration.
        match reading.leap {
            LeapIndicator::LastMinuteHas61Seconds => Err(Fault::degraded(Reason::NtpLeap, "a second more")),
            LeapIndicator::LastMinuteHas59Seconds => Err(Fault::degraded(Reason::NtpLeap, "a second less")),
            LeapIndicator::NoWarning | LeapIndicator::AlarmCondition => Ok(()),
        }
    }

    /// Server and agent differ: one of the two clocks is wrong, and more clocks agree with the other. A
    /// tie, and so also nobody's voice, is the server's fault: its answer is what users set their clocks by.
    fn wrong(&self, reading: &Reading, peers: &[Reading]) -> Fault {
        let crit = micros(self.params.offset_crit_ms);
        let with_server = peers.iter().filter(|peer| peer.differs_by_micros(reading) <= crit).count();
        let with_agent = peers.iter().filter(|peer| peer.offset_proven_micros() <= crit).count();
        let votes = format!(
            "{} from the agent's clock; of {} peers {with_server} side with the server, {with_agent} with the agent",
            seconds(reading.offset_micros),
            peers.len()
        );
        let reason = if with_server > with_agent { Reason::AgentClockUnsynced } else { Reason::NtpOffset };
        Fault::new(reason, votes)
    }

    /// What the others say, asked all at once; whoever gives no time has no voice.
    async fn ask_peers(
        &self,
        server: SocketAddr,
        of_server: &Reading,
        surroundings: &Surroundings,
        trace: &mut Trace,
    ) -> Vec<Reading> {
        let mut questions = JoinSet::new();
        for peer in self.locate_peers(server, surroundings).await {
            questions.spawn(async move { (peer, timeout(PEER_PATIENCE, exchange::ask(peer)).await) });
        }
        let mut peers = Vec::new();
        while let Some(answered) = questions.join_next().await {
            // A panic of a question is a voice less.
            let Ok((peer, answer)) = answered else { continue };
            match answer {
                Ok(Ok(reading)) if reading.stratum <= self.params.max_stratum => {
                    trace.received(|| format!("peer {peer}: {reading}"));
                    peers.push(reading);
                }
                Ok(Ok(reading)) => trace.note(|| format!("peer {peer}: stratum {}", reading.stratum)),
                Ok(Err(fault)) => trace.note(|| format!("peer {peer}: {}: {}", fault.reason, fault.detail)),
                Err(_elapsed) => trace.note(|| format!("peer {peer}: no answer")),
            }
            trace.at_deadline(Err(self.wrong(of_server, &peers)));
        }
        trace.fact("peers", peers.len().to_string());
        peers
    }

    /// The check's peers, where allowed, and the servers of the agent's own clock watch, each once.
    async fn locate_peers(&self, server: SocketAddr, surroundings: &Surroundings) -> Vec<SocketAddr> {
        let mut found: Vec<SocketAddr> = Vec::new();
        let of_check = self.params.peers.iter().map(|peer| (peer, true));
        let of_agent = surroundings.clock_servers.iter().map(|peer| (peer, false));
        for (peer, must_be_allowed) in of_check.chain(of_agent) {
            let Some(ip) = self.resolve(&peer.host, surroundings).await else { continue };
            let address = SocketAddr::new(ip, peer.port);
            if address == server
                || found.contains(&address)
                || (must_be_allowed && !surroundings.allowed.permits(ip))
            {
                continue;
            }
            found.push(address);
        }
        found
    }

    async fn resolve(&self, host: &str, surroundings: &Surroundings) -> Option<IpAddr> {
        if let Ok(ip) = host.parse() {
            return Some(ip);
        }
        let family = if self.params.family == Family::V6 { Family::V6 } else { Family::V4 };
        let resolved = timeout(PEER_PATIENCE, surroundings.resolver.resolve(host, family)).await;
        resolved.ok()?.ok()
    }
}

impl Asker for Ntp {
    fn address(&self) -> &HostPort {
        &self.params.server
    }

    fn attempt<'a>(&'a self, surroundings: &'a Surroundings, trace: &'a mut Trace) -> Attempted<'a> {
        Box::pin(self.observe(surroundings, trace))
    }
}

fn micros(ms: u64) -> u64 {
    ms.saturating_mul(1_000)
}
