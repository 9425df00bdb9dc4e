//! What stands in for a controller that tells nothing, asked in the charter's order: the first that can tell is believed.
//!
//! None of them sees what the controller sees: an echo and an SNMP agent say that the access point has power and a
//! network, the port of a switch says that somebody is at the other end of the cable. So the evidence names who said it
//! (`seen_by`), and what cannot be asked leaves it to the next, at the end to nobody: then it is unknown.

use std::time::Duration;

use collector_api::{Reason, Verdict};
use config::{AccessPointParams, ApFallback, HostPort, SnmpAccess};
use tokio::time::Instant;

use crate::probe::{Fault, Surroundings, Trace, connect, snmp};

/// Of the time for an SNMP agent, for its own answer; the rest is for an echo.
const AGENT_SHARE: f64 = 0.6;

/// For all of them together, and what each needs to be believed when it says nothing.
#[derive(Debug, Clone, Copy)]
pub(super) struct Time {
    pub(super) until: Instant,
    pub(super) enough: Duration,
}

/// Asks them one after the other, each for a fair part of the time that is left.
pub(super) async fn ask(
    params: &AccessPointParams,
    controller: &Fault,
    time: Time,
    surroundings: &Surroundings,
    trace: &mut Trace,
) -> Result<(), Fault> {
    let mut why = format!("{}: {}", controller.reason, controller.detail);
    let mut left = u32::try_from(params.fallback.len()).unwrap_or(u32::MAX);
    for one in &params.fallback {
        let patience = time.until.saturating_duration_since(Instant::now()) / left.max(1);
        if patience < time.enough {
            why = format!("{why}; no time is left to ask anybody else");
            break;
        }
        left = left.saturating_sub(1);
        let asking = Asking { params, patience, surroundings };
        let (name, seen) = match one {
            ApFallback::Icmp => ("echo", asking.by_echo(trace).await),
            ApFallback::Snmp { port, access } => ("snmp", asking.by_agent(*port, access, trace).await),
            ApFallback::SwitchPort { address, access, port } => {
                ("switch_port", asking.by_switch(address, access, port, trace).await)
            }
        };
        match seen {
            Err(fault) if fault.verdict() == Verdict::Unknown => {
                why = format!("{why}; {name}: {}: {}", fault.reason, fault.detail);
            }
            told => {
                trace.fact("seen_by", name);
                return told.map_err(|mut fault| {
                    fault.detail = join(&fault.detail, &why);
                    fault
                });
            }
        }
    }
    Err(Fault::unseen(Reason::ApControllerUnreachable, why))
}

/// Whatever has kept us from somebody who could tell.
pub(super) fn unseen(fault: &Fault) -> Fault {
    Fault::unseen(Reason::ApControllerUnreachable, format!("{}: {}", fault.reason, fault.detail))
}

/// Then nobody was asked.
fn is_of_resolving(fault: &Fault) -> bool {
    fault.reason.name().starts_with("resolve.")
}

fn join(detail: &str, why: &str) -> String {
    if detail.is_empty() { why.to_owned() } else { format!("{detail}; {why}") }
}

struct Asking<'a> {
    params: &'a AccessPointParams,
    patience: Duration,
    surroundings: &'a Surroundings,
}

impl Asking<'_> {
    async fn by_echo(&self, trace: &mut Trace) -> Result<(), Fault> {
        let address = self.address(0);
        let located = self.in_time(connect::locate(&address, self.params.family, self.surroundings, trace));
        let host = located.await.map_err(|fault| unseen(&fault))?.ip();
        trace.enter("echo");
        let echo = self.surroundings.pings.is_reached(host, self.patience).await;
        judge_echo(echo)
    }

    async fn by_agent(&self, port: u16, access: &SnmpAccess, trace: &mut Trace) -> Result<(), Fault> {
        let deadline = Instant::now() + self.patience.mul_f64(AGENT_SHARE);
        let address = self.address(port);
        let told = self.in_time(async {
            let mut session =
                snmp::open(&address, self.params.family, access, deadline, self.surroundings, trace).await?;
            snmp::uptime(&mut session, trace).await
        });
        let silence = match told.await {
            Ok(uptime) => {
                trace.fact("uptime", uptime.unwrap_or_else(|| "not told".to_owned()));
                return Ok(());
            }
            Err(fault) if fault.verdict() == Verdict::Unknown || is_of_resolving(&fault) => {
                return Err(unseen(&fault));
            }
            // It has answered, if not what was asked; but its host says by itself that a port is closed.
            Err(fault) if fault.verdict() == Verdict::Degraded && fault.reason != Reason::SnmpAgentSilent => {
                return Err(fault);
            }
            Err(fault) => fault,
        };
        let Some(remote) = trace.remote else { return Err(unseen(&silence)) };
        trace.enter("echo");
        let patience = self.patience.mul_f64(1.0 - AGENT_SHARE);
        let echo = self.surroundings.pings.is_reached(remote.ip(), patience).await;
        judge_agent(&silence, echo)
    }

    async fn by_switch(
        &self,
        address: &HostPort,
        access: &SnmpAccess,
        port: &str,
        trace: &mut Trace,
    ) -> Result<(), Fault> {
        let deadline = Instant::now() + self.patience;
        let told = self.in_time(async {
            let family = config::Family::V4;
            let mut session = snmp::open(address, family, access, deadline, self.surroundings, trace).await?;
            snmp::interface(port, &mut session, trace).await
        });
        let told = told.await;
        trace.fact("switch_port", format!("{} {port}", address.host));
        judge_port(told)
    }

    fn address(&self, port: u16) -> HostPort {
        HostPort { host: self.params.host.clone(), port }
    }

    /// A name that takes too long to resolve leaves time for the next.
    async fn in_time<T>(&self, asked: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
        let late =
            || Fault::new(Reason::ResolveTimeout, format!("nothing in {} ms", self.patience.as_millis()));
        tokio::time::timeout(self.patience, asked).await.unwrap_or_else(|_elapsed| Err(late()))
    }
}

/// Silence is down; an echo that cannot be asked for is not.
fn judge_echo(echo: Result<bool, Fault>) -> Result<(), Fault> {
    match echo {
        Ok(true) => Ok(()),
        Ok(false) => Err(Fault::new(Reason::ApNoReply, "")),
        Err(unable) => Err(unseen(&unable)),
    }
}

/// An agent that is silent is not an access point that is down.
fn judge_agent(silence: &Fault, echo: Result<bool, Fault>) -> Result<(), Fault> {
    judge_echo(echo)?;
    let detail = format!("{}, but an echo", silence.detail);
    Err(Fault::degraded(Reason::SnmpAgentSilent, detail))
}

fn judge_port(told: Result<Option<String>, Fault>) -> Result<(), Fault> {
    match told {
        Ok(None) => Ok(()),
        Ok(Some(instead)) => Err(Fault::new(Reason::ApPortDown, instead)),
        Err(unable) => Err(unseen(&unable)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_asked_is_unknown_and_silence_is_not() {
        use Verdict::{Degraded, Down, Unknown, Up};
        let silence = Fault::new(Reason::SnmpNoReply, "no answer");
        let unable = || Err(Fault::new(Reason::AgentPermission, "no socket"));
        let absent = Fault::degraded(Reason::SnmpNoSuch, "Gi1 is not there");
        let unreachable = Reason::ApControllerUnreachable;
        for (seen, verdict, reason) in [
            (judge_echo(Ok(true)), Up, Reason::None),
            (judge_echo(Ok(false)), Down, Reason::ApNoReply),
            (judge_echo(unable()), Unknown, unreachable),
            (judge_agent(&silence, Ok(true)), Degraded, Reason::SnmpAgentSilent),
            (judge_agent(&silence, Ok(false)), Down, Reason::ApNoReply),
            (judge_agent(&silence, unable()), Unknown, unreachable),
            (judge_port(Ok(None)), Up, Reason::None),
            (judge_port(Ok(Some("Gi1 is down".to_owned()))), Down, Reason::ApPortDown),
            (judge_port(Err(absent)), Unknown, unreachable),
            (judge_port(Err(silence.clone())), Unknown, unreachable),
        ] {
            let seen = seen.err().map_or((Up, Reason::None), |fault| (fault.verdict(), fault.reason));
            assert_eq!(seen, (verdict, reason));
        }
    }
}
