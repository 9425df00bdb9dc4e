//! `probe: domain`: an Active Directory domain as its computers find it.
//!
//! The records of DNS list the controllers; each is looked at at once: the ports that it must listen on, and a
//! Kerberos question that shows its clock. A domain is up while all its controllers are whole, degraded while one is
//! not, whose name and lack stand in the facts, and down when none is: computers go to the next one, people notice
//! nothing, and who runs it should know. It takes no credentials, and does not prove that anybody gets in.
//!
//! Controllers are found and asked within one attempt. What has not answered in two thirds of its time lacks that,
//! so that one black hole does not hide the others.

mod controller;
#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use collector_api::Reason;
use config::{DomainParams, Family, HostPort};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::kerberos::Skew;
use super::{Asker, Attempted, Fault, Surroundings, Trace};
use crate::clock::{self, WallClock};
use crate::resolve::SystemResolver;
use controller::{Found, Listed, Seen};

/// Controllers that are looked at; a municipality has two.
const CONTROLLERS_MAX: usize = 16;
/// Controllers that evidence tells of.
const TOLD_MAX: usize = 8;
/// For one controller's address.
const RESOLVE_PATIENCE: Duration = Duration::from_secs(1);

/// One domain.
pub struct Domain {
    params: DomainParams,
    realm: String,
    /// What stands for a target: the domain's name.
    address: HostPort,
    resolver: Option<(IpAddr, SystemResolver)>,
    timeout: Duration,
    clock: WallClock,
}

impl std::fmt::Debug for Domain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Domain").field("params", &self.params).finish_non_exhaustive()
    }
}

impl Domain {
    /// Prepares the check, whose attempts take so long at most; the error is a sentence for whoever wrote the charter.
    pub fn new(params: DomainParams, timeout: Duration) -> Result<Self, String> {
        let resolver = params.resolver.as_ref().map(|server| {
            let at =
                server.host.parse().map_err(|_| format!("the resolver `{server}` is not an IP address"))?;
            Ok::<_, String>((at, SystemResolver::by_server(server)?))
        });
        Ok(Self {
            realm: params.realm.clone().unwrap_or_else(|| params.domain.to_ascii_uppercase()),
            address: HostPort { host: params.domain.clone(), port: 0 },
            resolver: resolver.transpose()?,
            params,
            timeout,
            clock: clock::system(),
        })
    }

    async fn observe(&self, surroundings: &Surroundings, trace: &mut Trace) -> Result<(), Fault> {
        let resolver = match &self.resolver {
            Some((at, _)) if !surroundings.allowed.permits(*at) => {
                let detail = format!("the resolver {at} is not in allowed_targets of agent.yaml");
                return Err(Fault::new(Reason::AgentTargetForbidden, detail));
            }
            Some((_, resolver)) => resolver,
            None => &surroundings.resolver,
        };
        trace.enter("srv");
        let listed = self.list(resolver, trace).await?;
        trace.enter("controllers");
        let found = self.find(listed, resolver, surroundings).await?;
        let seen = self.look_at(found, trace).await?;
        // Who lacks something first: evidence has room for some.
        let (broken, whole): (Vec<&Seen>, Vec<&Seen>) = seen.iter().partition(|seen| !seen.lacks.is_empty());
        for controller in broken.into_iter().chain(whole).take(TOLD_MAX) {
            trace.fact("controller", controller.to_string());
        }
        judge(&seen)
    }

    /// The controllers that DNS lists, by name.
    async fn list(&self, resolver: &SystemResolver, trace: &mut Trace) -> Result<Vec<Listed>, Fault> {
        let domain = &self.params.domain;
        let names = [format!("_ldap._tcp.dc._msdcs.{domain}"), format!("_kerberos._tcp.{domain}")];
        let (ldap, kerberos) = tokio::join!(resolver.services(&names[0]), resolver.services(&names[1]));
        let mut records = Vec::new();
        for (name, found) in names.iter().zip([ldap, kerberos]) {
            let found = match found {
                Err(fault) if matches!(fault.reason, Reason::ResolveNxdomain | Reason::ResolveNodata) => {
                    return Err(Fault::new(Reason::DomainNoRecords, format!("no records {name} SRV")));
                }
                found => found?,
            };
            trace.received(|| format!("{name} SRV: {} records", found.len()));
            records.push(found);
        }
        let kerberos = records.pop().unwrap_or_default();
        let mut listed = controller::listed(&records.pop().unwrap_or_default(), &kerberos);
        trace.fact("controllers", listed.len().to_string());
        if listed.len() > CONTROLLERS_MAX {
            trace.fact("left_out", (listed.len() - CONTROLLERS_MAX).to_string());
            listed.truncate(CONTROLLERS_MAX);
        }
        Ok(listed)
    }

    /// Where they are, all asked at once; an address that must not be dialled ends it.
    async fn find(
        &self,
        listed: Vec<Listed>,
        resolver: &SystemResolver,
        surroundings: &Surroundings,
    ) -> Result<Vec<Found>, Fault> {
        let family = if self.params.family == Family::V6 { Family::V6 } else { Family::V4 };
        let mut under_way = JoinSet::new();
        for controller in listed {
            let resolver = resolver.clone();
            under_way.spawn(async move {
                let answer = timeout(RESOLVE_PATIENCE, resolver.resolve(&controller.name, family)).await;
                (controller, answer)
            });
        }
        let mut found = Vec::new();
        while let Some(ended) = under_way.join_next().await {
            let (listed, answer) =
                ended.map_err(|error| Fault::new(Reason::AgentInternal, error.to_string()))?;
            let address = match answer {
                Ok(Ok(address)) if !surroundings.allowed.permits(address) => {
                    let detail =
                        format!("{address} ({}) is not in allowed_targets of agent.yaml", listed.name);
                    return Err(Fault::new(Reason::AgentTargetForbidden, detail));
                }
                Ok(Ok(address)) => Ok(address),
                Ok(Err(fault)) => Err(fault.reason.describe().to_owned()),
                Err(_elapsed) => Err(Reason::ResolveTimeout.describe().to_owned()),
            };
            found.push(Found { listed, address });
        }
        Ok(found)
    }

    /// All of them at once; the error is of the agent itself.
    async fn look_at(&self, found: Vec<Found>, trace: &mut Trace) -> Result<Vec<Seen>, Fault> {
        let patience = self.timeout * 2 / 3;
        let mut under_way = JoinSet::new();
        for controller in found {
            let (realm, ports) = (self.realm.clone(), self.params.ports.clone());
            under_way.spawn(controller.look(realm, ports, patience, Arc::clone(&self.clock)));
        }
        let mut seen: Vec<Seen> = Vec::new();
        while let Some(ended) = under_way.join_next().await {
            let controller =
                ended.map_err(|error| Fault::new(Reason::AgentInternal, error.to_string())).flatten()?;
            trace.note(|| controller.to_string());
            seen.push(controller);
        }
        seen.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(seen)
    }
}

impl Asker for Domain {
    fn address(&self) -> &HostPort {
        &self.address
    }

    fn attempt<'a>(&'a self, surroundings: &'a Surroundings, trace: &'a mut Trace) -> Attempted<'a> {
        Box::pin(self.observe(surroundings, trace))
    }
}

/// Up while all are whole; who is not is named.
fn judge(seen: &[Seen]) -> Result<(), Fault> {
    let broken: Vec<String> =
        seen.iter().filter(|seen| !seen.lacks.is_empty()).map(Seen::to_string).collect();
    if broken.is_empty() {
        let far = seen.iter().find(|seen| seen.skew.is_some_and(Skew::is_far));
        return far.map_or(Ok(()), |far| Err(Fault::degraded(Reason::KrbSkewWarn, far.to_string())));
    }
    let detail = broken.join("; ");
    if broken.len() == seen.len() {
        return Err(Fault::new(Reason::DomainNoneWhole, detail));
    }
    Err(Fault::degraded(Reason::DomainPartial, format!("{} of {}: {detail}", broken.len(), seen.len())))
}
