//! `probe: snmp`: what a device's agent says of it, and whether the device is there when the agent says nothing.
//!
//! Down is the device, not its agent: an agent that is silent on a device that answers an echo is degraded, and so are
//! credentials that it does not accept and values that are not there. One such value does not hide the others. An
//! agent that asks for smaller questions gets them; one that has restarted is met again inside the run.
//!
//! The price of asking UDP: silence takes its time, two thirds of the attempt, the rest is for the echo.

mod message;
mod keys;
mod usm;
mod engines;
mod session;
mod interfaces;
mod presets;
mod judge;
#[cfg(test)]
pub(super) mod tests;

pub use engines::Engines;
pub(super) use message::Value;
pub(super) use session::Session;

use std::net::SocketAddr;
use std::time::Duration;

use collector_api::Reason;
use config::{Family, HostPort, SnmpAccess, SnmpOid, SnmpParams, SnmpPreset};
use tokio::time::Instant;

use super::{Asker, Attempted, Fault, Surroundings, Trace, connect};
use crate::secrets;
use judge::{Findings, Uptimes};
use session::Speaker;
use usm::User;

/// Of an attempt, for the echo that tells a silent agent from a dead device.
const ECHO_SHARE: f64 = 0.2;
/// A device that restarted less than this ago, or than two intervals ago, is told of.
const RESTARTED: Duration = Duration::from_mins(15);
/// Facts of single values in evidence.
const VALUES_TOLD: usize = 8;

/// `sysUpTime.0`, `hrSystemUptime.0`, `snmpEngineTime.0`
const UPTIMES: [&[u32]; 3] =
    [&[1, 3, 6, 1, 2, 1, 1, 3, 0], &[1, 3, 6, 1, 2, 1, 25, 1, 1, 0], &[1, 3, 6, 1, 6, 3, 10, 2, 1, 3, 0]];

/// One SNMP check.
#[derive(Debug)]
pub struct Snmp {
    params: SnmpParams,
    timeout: Duration,
    restarted: Duration,
    oids: Vec<SnmpOid>,
}

impl Snmp {
    /// Any parameters will do; `timeout` is the attempt's, `every` the time between two slots.
    pub fn new(params: SnmpParams, timeout: Duration, every: Duration) -> Self {
        let mut oids: Vec<SnmpOid> = UPTIMES.iter().filter_map(|arcs| SnmpOid::of(arcs.to_vec())).collect();
        oids.extend(params.values.iter().map(|value| value.oid.clone()));
        Self { params, timeout, restarted: RESTARTED.max(every * 2), oids }
    }

    async fn observe(&self, surroundings: &Surroundings, trace: &mut Trace) -> Result<(), Fault> {
        let began = Instant::now();
        let SnmpParams { address, access, family, .. } = &self.params;
        let remote = connect::locate(address, *family, surroundings, trace).await?;
        let speaker = speaker(access, address, remote, surroundings, trace).await?;
        trace.enter("snmp");
        let deadline = began + session::share(self.timeout);
        let key = (remote, access.clone());
        let known = (&surroundings.snmp, key);
        let mut session = Session::open(remote, speaker, known, deadline).await?;
        let asked = self.ask(&mut session, surroundings, trace).await;
        if session.ignored > 0 {
            trace.fact("ignored", format!("{} datagrams that answer nothing asked", session.ignored));
        }
        match asked {
            Err(fault) if fault.reason == Reason::SnmpNoReply => {
                trace.enter("echo");
                trace.at_deadline(Err(fault.clone()));
                let patience = self.timeout.mul_f64(ECHO_SHARE);
                let echo = surroundings.pings.is_reached(remote.ip(), patience).await;
                Err(judge::silence(&fault, echo))
            }
            other => other,
        }
    }

    /// All that is asked, in few requests, and what it means.
    async fn ask(
        &self,
        session: &mut Session<'_>,
        surroundings: &Surroundings,
        trace: &mut Trace,
    ) -> Result<(), Fault> {
        let params = &self.params;
        let mut findings = Findings::default();
        let values = session.get(&self.oids, trace).await?;
        let (uptimes, values) = values.split_at(UPTIMES.len().min(values.len()));
        let key = session.key();
        let uptimes = Uptimes::of(uptimes, |ticks| surroundings.snmp.has_wrapped(key, ticks));
        if let Some(told) = uptimes.told() {
            trace.fact("uptime", told);
        }
        findings.take(uptimes.judge(self.restarted));
        for (wanted, value) in params.values.iter().zip(values) {
            findings.take(judge::value(wanted, value));
        }
        for (wanted, value) in params.values.iter().zip(values).take(VALUES_TOLD) {
            trace.fact("value", format!("{} = {}", wanted.name, value.shown()));
        }
        if !params.interfaces.is_empty() {
            interfaces::ask(&params.interfaces, session, &mut findings, trace).await?;
        }
        for preset in &params.presets {
            match preset {
                SnmpPreset::Ups => presets::ups(params.minutes_left, session, &mut findings, trace).await?,
                SnmpPreset::Sensors => presets::sensors(session, &mut findings, trace).await?,
                SnmpPreset::Host => presets::host(session, &mut findings, trace).await?,
            }
        }
        findings.worst()
    }
}

impl Asker for Snmp {
    fn address(&self) -> &HostPort {
        &self.params.address
    }

    fn attempt<'a>(&'a self, surroundings: &'a Surroundings, trace: &'a mut Trace) -> Attempted<'a> {
        Box::pin(self.observe(surroundings, trace))
    }
}

/// Opens a conversation with a device for another kind, in phase `snmp`.
pub(super) async fn open<'s>(
    address: &HostPort,
    family: Family,
    access: &SnmpAccess,
    deadline: Instant,
    surroundings: &'s Surroundings,
    trace: &mut Trace,
) -> Result<Session<'s>, Fault> {
    let remote = connect::locate(address, family, surroundings, trace).await?;
    let speaker = speaker(access, address, remote, surroundings, trace).await?;
    trace.enter("snmp");
    Session::open(remote, speaker, (&surroundings.snmp, (remote, access.clone())), deadline).await
}

/// For how long a device says that it runs.
pub(super) async fn uptime(session: &mut Session<'_>, trace: &mut Trace) -> Result<Option<String>, Fault> {
    let oids: Vec<SnmpOid> = UPTIMES.iter().filter_map(|arcs| SnmpOid::of(arcs.to_vec())).collect();
    let values = session.get(&oids, trace).await?;
    Ok(Uptimes::of(&values, |_ticks| false).told())
}

/// Is an interface in operation? `Ok(None)` when it is, or what it is instead; the fault is why nobody can tell.
pub(super) async fn interface(
    name: &str,
    session: &mut Session<'_>,
    trace: &mut Trace,
) -> Result<Option<String>, Fault> {
    let found = interfaces::found(&[name.to_owned()], session, trace).await?;
    match found.get(name) {
        Some((admin, oper)) => judge::out_of_operation(name, admin, oper),
        None => Err(Fault::degraded(Reason::SnmpNoSuch, format!("{name} is not there"))),
    }
}

/// Who asks, with the secrets for this device.
async fn speaker(
    access: &SnmpAccess,
    address: &HostPort,
    remote: SocketAddr,
    surroundings: &Surroundings,
    trace: &mut Trace,
) -> Result<Speaker, Fault> {
    let origin = secrets::origin("snmp", address);
    let mut read = async |name| {
        let secret = surroundings.secrets.read(name, &origin).await?;
        trace.secret(secret.text.as_bytes());
        secret.goes_to(remote.ip())?;
        Ok::<_, Fault>(secret.text)
    };
    match access {
        SnmpAccess::V2c { community } => Ok(Speaker::Community(read(community).await?)),
        SnmpAccess::V3 { user, auth, secret, privacy, context } => {
            let passphrase = read(secret).await?;
            let privacy = match privacy {
                None => None,
                Some(privacy) => Some((privacy.cipher, read(&privacy.secret).await?)),
            };
            let (name, context) = (user.clone(), context.clone());
            Ok(Speaker::User(Box::new(User { name, auth: *auth, passphrase, privacy, context })))
        }
    }
}

/// An identifier of a MIB.
fn oid(arcs: &[u32], behind: &[u32]) -> Option<SnmpOid> {
    SnmpOid::of([arcs, behind].concat())
}
