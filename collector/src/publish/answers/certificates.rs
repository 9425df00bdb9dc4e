//! What ends by itself: every certificate once, whoever serves it, and every domain.

use std::collections::BTreeMap;

use collector_api::{TlsFacts, hex_encode};
use config::{CheckId, Probe, RegistrationParams};

use crate::publish::api::{Certificate, Certificates, Registration, Seen};
use crate::publish::format;
use crate::publish::moment::Moment;
use crate::publish::sighting::{REMEMBERED_MS, Sighting};

const DAY_MS: i64 = 86_400_000;

impl Certificates {
    /// Of the checks that the moment's charter has.
    pub fn of(moment: &Moment) -> Self {
        let checks: BTreeMap<&CheckId, &Probe> =
            moment.charter.checks().map(|check| (&check.id, &check.probe)).collect();
        let known = moment.sightings.iter().filter(|sighting| checks.contains_key(&sighting.check));
        let known: Vec<&Sighting> = known.collect();
        let ours = known.iter().copied().filter(|one| is_ours(checks.get(&one.check).copied()));
        let ours: Vec<&Sighting> = ours.collect();
        Self {
            now_ms: moment.now_ms,
            now: format::iso(moment.now_ms),
            certificates: certificates(&ours, moment.now_ms),
            registrations: registrations(&checks, &known, moment.now_ms),
        }
    }

    /// What of it wants attention.
    pub fn expiring(self) -> (Vec<Certificate>, Vec<Registration>) {
        let Self { mut certificates, mut registrations, .. } = self;
        certificates.retain(|certificate| certificate.warn);
        registrations.retain(|registration| registration.warn);
        (certificates, registrations)
    }
}

/// Sites outside and registries renew their own certificates; nobody here can.
fn is_ours(probe: Option<&Probe>) -> bool {
    !matches!(probe, Some(Probe::Registration(_) | Probe::Browse(_) | Probe::CaptivePortal(_)))
}

fn certificates(known: &[&Sighting], now_ms: i64) -> Vec<Certificate> {
    let mut by_fingerprint: BTreeMap<&[u8], Certificate> = BTreeMap::new();
    for sighting in known {
        let Some((seen_ms, tls)) = &sighting.tls else { continue };
        let Some(ends_ms) = tls.ends_ms().filter(|_| now_ms.saturating_sub(*seen_ms) <= REMEMBERED_MS) else {
            continue;
        };
        let line = by_fingerprint.entry(&tls.fingerprint).or_insert_with(|| certificate(tls, ends_ms));
        // The same certificate may be served with another chain: the soonest end is what somebody must renew.
        if ends_ms < line.ends_ms {
            (line.ends_ms, line.ended_by) = (ends_ms, ended_by(tls));
        }
        line.verified &= tls.verified;
        line.last_seen_ms = line.last_seen_ms.max(*seen_ms);
        line.seen.push(seen(sighting, *seen_ms));
        let left_ms = line.ends_ms.saturating_sub(now_ms);
        (line.days_left, line.warn) = (left_ms.div_euclid(DAY_MS), left_ms < tls.warn_ms());
    }
    let mut lines: Vec<Certificate> = by_fingerprint.into_values().collect();
    lines.sort_by(|a, b| (a.ends_ms, &a.names).cmp(&(b.ends_ms, &b.names)));
    lines
}

/// A line that nobody has signed yet.
fn certificate(tls: &TlsFacts, ends_ms: i64) -> Certificate {
    Certificate {
        fingerprint: hex_encode(&tls.fingerprint),
        names: tls.names.clone(),
        issuer: tls.issuer.clone(),
        not_before_ms: Some(tls.not_before_ms).filter(|&begin_ms| begin_ms != 0),
        not_after_ms: tls.not_after_ms,
        ends_ms,
        ended_by: ended_by(tls),
        days_left: 0,
        warn: false,
        verified: true,
        last_seen_ms: i64::MIN,
        seen: Vec::new(),
    }
}

/// Whose certificate above the leaf ends sooner.
fn ended_by(tls: &TlsFacts) -> Option<String> {
    let is_above = tls.ends_ms().is_some_and(|ends_ms| ends_ms < tls.not_after_ms);
    is_above.then(|| tls.path_ends.clone())
}

fn registrations(checks: &BTreeMap<&CheckId, &Probe>, known: &[&Sighting], now_ms: i64) -> Vec<Registration> {
    let mut by_domain: BTreeMap<&str, Registration> = BTreeMap::new();
    for (id, probe) in checks {
        let Probe::Registration(RegistrationParams { domain, expires_ms, renew_before_ms, .. }) = probe
        else {
            continue;
        };
        let told = known.iter().filter(|sighting| sighting.check == **id);
        let told: Vec<_> = told.filter_map(|sighting| Some((*sighting, sighting.registration?))).collect();
        let newest = told.iter().map(|(_, registered)| *registered).max();
        let ends_ms = newest.map(|(_, ends_ms)| ends_ms).or(*expires_ms);
        let renew_before_ms = i64::try_from(*renew_before_ms).unwrap_or(i64::MAX);
        let left_ms = ends_ms.map(|ends_ms| ends_ms.saturating_sub(now_ms));
        let line = Registration {
            domain: domain.clone(),
            ends_ms,
            days_left: left_ms.map(|left_ms| left_ms.div_euclid(DAY_MS)),
            by_charter: newest.is_none() && ends_ms.is_some(),
            warn: left_ms.is_none_or(|left_ms| left_ms < renew_before_ms),
            last_seen_ms: newest.map(|(seen_ms, _)| seen_ms),
            seen: told.into_iter().map(|(sighting, (seen_ms, _))| seen(sighting, seen_ms)).collect(),
        };
        match by_domain.get_mut(domain.as_str()) {
            None => drop(by_domain.insert(domain, line)),
            Some(other) => other.join(line),
        }
    }
    let mut lines: Vec<Registration> = by_domain.into_values().collect();
    // Of those whose end nobody knows somebody has to find it out: they stand first.
    lines.sort_by(|a, b| (a.ends_ms, &a.domain).cmp(&(b.ends_ms, &b.domain)));
    lines
}

impl Registration {
    /// Another check of the same domain: whoever heard the registry last is right.
    fn join(&mut self, mut other: Self) {
        let mut seen = std::mem::take(&mut self.seen);
        seen.append(&mut other.seen);
        seen.sort();
        let warn = self.warn || other.warn;
        if (self.last_seen_ms, self.ends_ms) < (other.last_seen_ms, other.ends_ms) {
            *self = other;
        }
        (self.seen, self.warn) = (seen, warn);
    }
}

fn seen(sighting: &Sighting, seen_ms: i64) -> Seen {
    Seen { check: sighting.check.to_string(), agent: sighting.agent.to_string(), seen_ms }
}

#[cfg(test)]
mod tests;
