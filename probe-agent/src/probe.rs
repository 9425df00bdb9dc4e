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
mod rejections;
pub(crate) mod base64;
mod xml;
mod roll;
pub mod tcp;
pub mod udp;
pub mod dns;
pub mod http;
pub mod journey;
pub mod oidc;
pub mod saml;
pub mod ntp;
pub mod icmp;
pub mod heartbeat;
pub mod radius;
mod ber;
pub mod kerberos;
pub mod ldap;
pub mod domain;
pub mod snmp;
mod mail;
pub mod smtp;
pub mod imap;
pub mod pop3;
pub mod browse;
pub mod captive_portal;
pub mod certificate;
pub mod registration;
pub mod access_point;
pub mod mail_round_trip;
#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) mod hostile;

pub use fault::{Fault, may_be_chance};
pub use rejections::Rejections;
pub use trace::{Direction, Line, Secrets, Trace, Transcript};

use std::fmt::Debug;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use collector_api::{Evidence, Reason, Verdict};
use config::{CheckId, CheckSpec, HostPort, Probe, Timing};

use crate::allowed::AllowedTargets;
use crate::clock::Calendar;
use crate::heartbeats::Book;
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
    kind: &'static str,
    asker: Box<dyn Asker>,
    /// The same question over IPv6, where both families are asked.
    over_v6: Option<Box<dyn Asker>>,
}

/// What a kind asks: made once of its parameters, asked at each attempt.
pub(crate) trait Asker: Debug + Send + Sync {
    /// What is dialled; the port is 0 where there is none.
    fn address(&self) -> &HostPort;

    /// One attempt, without its deadline: whoever waits drops it when its time is up. `Ok` is up; all else is a
    /// [`Fault`]. Boxed, so that the idle state of a large kind weighs on no small one.
    fn attempt<'a>(&'a self, surroundings: &'a Surroundings, trace: &'a mut Trace) -> Attempted<'a>;
}

/// What comes of one attempt.
pub(crate) type Attempted<'a> = Pin<Box<dyn Future<Output = Result<(), Fault>> + Send + 'a>>;

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
    pub rejections: Rejections,
    /// The agent's ICMP sockets.
    pub pings: icmp::Pings,
    /// What is remembered of devices that are asked by SNMP.
    pub snmp: snmp::Engines,
    /// What is remembered of pages.
    pub pages: http::Pages,
    /// Messages under way.
    pub posts: mail_round_trip::Posts,
    /// The wall clock, for what a peer dates.
    pub clock: Calendar,
    /// Tables of Wi-Fi controllers, each read once for all its access points.
    pub controllers: access_point::Controllers,
    /// Servers of the agent's own clock watch: they have a voice when clocks differ.
    pub clock_servers: Vec<HostPort>,
    /// What jobs have reported.
    pub heartbeats: Arc<Book>,
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
        let kind = spec.probe.kind();
        let (probe, over_v6) = spec.probe.by_family();
        let timing = spec.timing;
        let asker = asker(probe, &spec.id, &timing)?;
        let over_v6 = over_v6.map(|probe| self::asker(probe, &spec.id, &timing)).transpose()?;
        Ok(Self { id: spec.id, timing, measures_path: spec.measures_path, kind, asker, over_v6 })
    }

    /// The word after `probe:`.
    pub fn kind(&self) -> &'static str {
        self.kind
    }

    /// What is dialled; the port is 0 where there is none.
    pub fn address(&self) -> &HostPort {
        self.asker.address()
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
            return attempts::run(self, &*self.asker, surroundings, expected, transcript).await;
        };
        // Boxed: two runs at once must not weigh on checks of one.
        Box::pin(families::run(self, [&*self.asker, &**over_v6], surroundings, transcript)).await
    }
}

/// The kinds, in the order of [`Probe`].
fn asker(probe: Probe, id: &CheckId, timing: &Timing) -> Result<Box<dyn Asker>, String> {
    Ok(match probe {
        Probe::Tcp(params) => Box::new(tcp::Tcp::new(params)?),
        Probe::Udp(params) => Box::new(udp::Udp::new(params)),
        Probe::Dns(params) => Box::new(dns::Dns::new(&params)?),
        Probe::Http(params) => Box::new(http::Http::new(&params)?),
        Probe::Journey(params) => {
            Box::new(journey::Journey::new(*params, Duration::from_millis(timing.timeout_ms))?)
        }
        Probe::Oidc(params) => Box::new(oidc::Oidc::new(*params)?),
        Probe::Saml(params) => Box::new(saml::Saml::new(*params)?),
        Probe::Ntp(params) => Box::new(ntp::Ntp::new(params)),
        Probe::Kerberos(params) => {
            Box::new(kerberos::Kerberos::new(*params, Duration::from_millis(timing.timeout_ms))?)
        }
        Probe::Domain(params) => {
            Box::new(domain::Domain::new(*params, Duration::from_millis(timing.timeout_ms))?)
        }
        Probe::Ldap(params) => Box::new(ldap::Ldap::new(*params)?),
        Probe::Radius(params) => {
            Box::new(radius::Radius::new(*params, Duration::from_millis(timing.timeout_ms)))
        }
        Probe::Heartbeat(params) => Box::new(heartbeat::Heartbeat::new(*params, id)?),
        Probe::Browse(params) => Box::new(browse::Browse::new(&params)?),
        Probe::CaptivePortal(params) => Box::new(captive_portal::CaptivePortal::new(&params)?),
        Probe::Certificate(params) => Box::new(certificate::Certificate::new(params)?),
        Probe::Registration(params) => Box::new(registration::Registration::new(&params)?),
        Probe::Icmp(params) => Box::new(icmp::Icmp::new(params, Duration::from_millis(timing.timeout_ms))),
        Probe::AccessPoint(params) => Box::new(access_point::AccessPoint::new(*params, timing)?),
        Probe::Snmp(params) => {
            let (timeout, every) = (timing.timeout_ms, timing.every_ms);
            Box::new(snmp::Snmp::new(*params, Duration::from_millis(timeout), Duration::from_millis(every)))
        }
        Probe::Smtp(params) => Box::new(smtp::Smtp::new(*params)?),
        Probe::Imap(params) => Box::new(imap::Imap::new(*params)?),
        Probe::Pop3(params) => Box::new(pop3::Pop3::new(&params)?),
        Probe::MailRoundTrip(params) => {
            let timeout = Duration::from_millis(timing.timeout_ms);
            Box::new(mail_round_trip::RoundTrip::new(*params, timeout)?)
        }
    })
}

/// Shared by every task that probes.
pub type SharedSurroundings = Arc<Surroundings>;
