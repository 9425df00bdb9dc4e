//! One check, run once: attempts, and what they add up to.
//!
//! Each kind observes in one function and judges in another. Only `observe` touches a socket; only
//! `judge` needs many tests. One attempt has one deadline, a fresh socket and a fresh resolve; the
//! [`Trace`] it writes into outlives it, so that a timeout still shows every phase it got through.
//!
//! Probes do not know the schedule, the canaries or the spool. Nothing here reads the calendar.

mod fault;
mod trace;
mod attempts;
mod families;
mod connect;
pub mod tcp;
pub mod dns;
pub mod http;
pub mod ntp;
pub mod icmp;
#[cfg(test)]
mod tests;

pub use fault::{Fault, may_be_chance};
pub use trace::{Direction, Line, Secrets, Trace, Transcript};

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use collector_api::{Evidence, Reason, Verdict};
use config::{CheckId, CheckSpec, HostPort, Probe, Timing};

use crate::allowed::AllowedTargets;
use crate::resolve::SystemResolver;
use crate::secrets::SecretsDirectory;
use crate::tls::TlsStore;

/// A check that is ready to run: everything that does not change between runs is done once.
#[derive(Debug)]
pub struct Check {
    /// Its id in the charter.
    pub id: CheckId,
    /// When, and how patiently.
    pub timing: Timing,
    /// Do canaries never excuse it?
    pub measures_path: bool,
    asker: Asker,
    /// The same question over IPv6, where both families are asked.
    over_v6: Option<Asker>,
}

#[derive(Debug)]
enum Asker {
    Tcp(tcp::Tcp),
    Dns(Box<dns::Dns>),
    Http(Box<http::Http>),
    Ntp(Box<ntp::Ntp>),
    Icmp(Box<icmp::Icmp>),
}

/// What every probe needs around it.
#[derive(Debug)]
pub struct Surroundings {
    /// The system's resolver, without its cache.
    pub resolver: SystemResolver,
    /// Where probes may go.
    pub allowed: AllowedTargets,
    /// TLS parameters, made once per authority.
    pub tls: TlsStore,
    /// Where secrets of checks are.
    pub secrets: SecretsDirectory,
    /// Memory for bodies that are kept to be judged.
    pub bodies: http::Bodies,
    /// What is known of secrets that were rejected.
    pub rejections: http::Rejections,
    /// The agent's ICMP sockets.
    pub pings: icmp::Pings,
    /// Servers of the agent's own clock watch: they have a voice when clocks differ.
    pub clock_servers: Vec<HostPort>,
}

/// What one run of a check saw.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// What it says.
    pub verdict: Verdict,
    /// Why.
    pub reason: Reason,
    /// All attempts without the gaps between, µs.
    pub duration_micros: u64,
    /// How many attempts it took.
    pub attempts: usize,
    /// The address that was dialled last, if it came so far.
    pub remote: Option<SocketAddr>,
    /// All that is known beyond that; boxed, because most outcomes are no news and have none.
    pub evidence: Box<Evidence>,
    /// Was it left out, because the outcome is what was expected?
    pub is_brief: bool,
}

impl Outcome {
    /// The outcome of a check that was not run.
    pub fn not_run(reason: Reason, detail: &str) -> Self {
        let evidence = Box::new(Evidence { detail: trace::cut(detail), ..Evidence::default() });
        let verdict = Verdict::Unknown;
        Self { verdict, reason, duration_micros: 0, attempts: 0, remote: None, evidence, is_brief: false }
    }
}

impl Check {
    /// Prepares a check; the error is a sentence for whoever wrote the charter.
    pub fn new(spec: CheckSpec) -> Result<Self, String> {
        if let Some(sentence) = spec.excess() {
            return Err(sentence);
        }
        let (probe, over_v6) = spec.probe.by_family();
        let timing = &spec.timing;
        let asker = Asker::new(probe, timing)?;
        let over_v6 = over_v6.map(|probe| Asker::new(probe, timing)).transpose()?;
        Ok(Self { id: spec.id, timing: spec.timing, measures_path: spec.measures_path, asker, over_v6 })
    }

    /// The word after `probe:`.
    pub fn kind(&self) -> &'static str {
        match self.asker {
            Asker::Tcp(_) => "tcp",
            Asker::Dns(_) => "dns",
            Asker::Http(_) => "http",
            Asker::Ntp(_) => "ntp",
            Asker::Icmp(_) => "icmp",
        }
    }

    /// What is dialled; the port is 0 where there is none.
    pub fn address(&self) -> &HostPort {
        match &self.asker {
            Asker::Tcp(tcp) => tcp.address(),
            Asker::Dns(dns) => dns.server(),
            Asker::Http(http) => http.address(),
            Asker::Ntp(ntp) => ntp.server(),
            Asker::Icmp(icmp) => icmp.address(),
        }
    }

    /// What is dialled, for people.
    pub fn target(&self) -> String {
        let address = self.address();
        if address.port == 0 { address.host.clone() } else { address.to_string() }
    }

    /// Runs the check: up to as many attempts as it allows.
    pub async fn run(&self, surroundings: &Surroundings) -> Outcome {
        self.run_expecting(None, surroundings).await
    }

    /// Runs the check. An outcome that is up, at the first attempt, and what was expected is brief: its evidence
    /// would be made for nobody.
    pub async fn run_expecting(
        &self,
        expected: Option<(Verdict, Reason)>,
        surroundings: &Surroundings,
    ) -> Outcome {
        self.run_on(surroundings, expected, &mut None).await
    }

    /// Runs the check and records what is said, for a person who asks.
    pub async fn run_recorded(&self, surroundings: &Surroundings) -> (Outcome, Transcript) {
        let mut transcript = Some(Box::new(Transcript::begin()));
        let outcome = self.run_on(surroundings, None, &mut transcript).await;
        (outcome, transcript.map_or_else(Transcript::begin, |transcript| *transcript))
    }

    async fn run_on(
        &self,
        surroundings: &Surroundings,
        expected: Option<(Verdict, Reason)>,
        transcript: &mut Option<Box<Transcript>>,
    ) -> Outcome {
        let Some(over_v6) = &self.over_v6 else {
            return attempts::run(self, &self.asker, surroundings, expected, transcript).await;
        };
        // Boxed: two runs at once must not weigh on checks of one.
        Box::pin(families::run(self, [&self.asker, over_v6], surroundings, transcript)).await
    }
}

impl Asker {
    fn new(probe: Probe, timing: &Timing) -> Result<Self, String> {
        Ok(match probe {
            Probe::Tcp(params) => Self::Tcp(tcp::Tcp::new(params)?),
            Probe::Dns(params) => Self::Dns(Box::new(dns::Dns::new(&params)?)),
            Probe::Http(params) => Self::Http(Box::new(http::Http::new(&params)?)),
            Probe::Ntp(params) => Self::Ntp(Box::new(ntp::Ntp::new(params))),
            Probe::Icmp(params) => {
                Self::Icmp(Box::new(icmp::Icmp::new(params, Duration::from_millis(timing.timeout_ms))))
            }
        })
    }

    /// One attempt, without its deadline.
    async fn attempt(&self, surroundings: &Surroundings, trace: &mut Trace) -> Result<(), Fault> {
        match self {
            Self::Tcp(tcp) => tcp.attempt(surroundings, trace).await,
            // Boxed: idle state of a large future would otherwise weigh on every small one.
            Self::Dns(dns) => Box::pin(dns.attempt(surroundings, trace)).await,
            Self::Http(http) => Box::pin(http.attempt(surroundings, trace)).await,
            Self::Ntp(ntp) => Box::pin(ntp.attempt(surroundings, trace)).await,
            Self::Icmp(icmp) => Box::pin(icmp.attempt(surroundings, trace)).await,
        }
    }
}

/// Shared by every task that probes.
pub type SharedSurroundings = Arc<Surroundings>;
