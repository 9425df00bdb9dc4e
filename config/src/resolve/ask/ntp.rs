//! `probe: ntp`: the time of one server, and who else to ask when it seems wrong.

use super::family_of;
use crate::text::say;
use crate::yaml::duration::Millis;
use crate::yaml::probe::NtpKeys;
use crate::yaml::shape::{At, Report};
use crate::{Check, Family, HostPort, NtpParams, Probe};

/// An offset that takes longer to tell is a matter of years, not of clocks.
const OFFSET_MAX: Millis = Millis(86_400_000);

/// The question without its target.
#[derive(Debug)]
pub(in crate::resolve) struct Asked {
    family: Option<At<Family>>,
    peers: Vec<HostPort>,
    offset_warn_ms: u64,
    offset_crit_ms: u64,
    max_stratum: u8,
}

/// Judges the parameters. `None` after a problem.
pub(super) fn asked(keys: &NtpKeys, report: &mut Report<'_>) -> Option<Asked> {
    let offsets = offsets(keys, report);
    let max_stratum = max_stratum(keys.max_stratum.as_ref(), report);
    let peers = peers(keys.peers.as_deref().unwrap_or_default(), report);
    let (offset_warn_ms, offset_crit_ms) = offsets?;
    Some(Asked {
        family: keys.family.clone(),
        peers: peers?,
        offset_warn_ms,
        offset_crit_ms,
        max_stratum: max_stratum?,
    })
}

impl Asked {
    pub(super) fn of(&self, target: &At<String>, report: &mut Report<'_>) -> Option<NtpParams> {
        let server = server(target, report)?;
        let family = family_of(&server.host, self.family.as_ref(), report)?;
        Some(NtpParams {
            peers: self.peers.iter().filter(|peer| **peer != server).cloned().collect(),
            server,
            family,
            offset_warn_ms: self.offset_warn_ms,
            offset_crit_ms: self.offset_crit_ms,
            max_stratum: self.max_stratum,
        })
    }
}

/// Servers of one component vouch for each other, unless the file names `peers`. Says whether each has
/// somebody: one server alone cannot be told from the agent's own clock.
pub(in crate::resolve) fn acquaint(checks: &mut [Check]) -> bool {
    let servers: Vec<HostPort> = checks
        .iter()
        .filter_map(|check| match &check.probe {
            Probe::Ntp(ntp) => Some(ntp.server.clone()),
            _ => None,
        })
        .collect();
    let mut all = true;
    for check in checks {
        let Probe::Ntp(ntp) = &mut check.probe else { continue };
        if ntp.peers.is_empty() {
            let others = servers.iter().filter(|server| **server != ntp.server);
            ntp.peers = others.take(NtpParams::PEERS_MAX).cloned().collect();
        }
        all &= !ntp.peers.is_empty();
    }
    all
}

fn server(target: &At<String>, report: &mut Report<'_>) -> Option<HostPort> {
    let server = HostPort::parse(&target.value, Some(123));
    if server.is_none() {
        let message = say!(
            "`{}` is not a server: a name or an address, such as `10.0.0.123` or `ntp1.example:123`",
            "`{}` non è un server: un nome o un indirizzo, come `10.0.0.123` o `ntp1.example:123`",
            target.value
        );
        report.problem(target.at, message);
    }
    server
}

fn offsets(keys: &NtpKeys, report: &mut Report<'_>) -> Option<(u64, u64)> {
    let mut sound = true;
    for (name, key) in [("offset_warn", &keys.offset_warn), ("offset_crit", &keys.offset_crit)] {
        let Some(key) = key else { continue };
        if key.value.0 == 0 || key.value > OFFSET_MAX {
            let message = say!(
                "`{name}` is {}; it must be from 1ms to {OFFSET_MAX}",
                "`{name}` è {}; va da 1ms a {OFFSET_MAX}",
                key.value
            );
            report.problem(key.at, message);
            sound = false;
        }
    }
    let given = |key: Option<&At<Millis>>| key.map(|key| key.value.0);
    let (warn, crit) = (given(keys.offset_warn.as_ref()), given(keys.offset_crit.as_ref()));
    // A default gives way to what the file says; two that the file says must agree.
    let (warn_ms, crit_ms) = match (warn, crit) {
        (Some(warn), Some(crit)) => (warn, crit),
        (Some(warn), None) => (warn, NtpParams::OFFSET_CRIT_MS.max(warn.saturating_mul(2))),
        (None, Some(crit)) => (NtpParams::OFFSET_WARN_MS.min(crit / 2), crit),
        (None, None) => (NtpParams::OFFSET_WARN_MS, NtpParams::OFFSET_CRIT_MS),
    };
    if sound && warn_ms >= crit_ms {
        sound = false;
        // The defect is at the second of the two.
        if let Some(at) = keys.offset_warn.iter().chain(&keys.offset_crit).map(|key| key.at).max() {
            let (warn, crit) = (Millis(warn_ms), Millis(crit_ms));
            let message = say!(
                "`offset_warn` ({warn}) must be below `offset_crit` ({crit})",
                "`offset_warn` ({warn}) deve stare sotto `offset_crit` ({crit})"
            );
            report.problem(at, message);
        }
    }
    sound.then_some((warn_ms, crit_ms))
}

fn max_stratum(key: Option<&At<u32>>, report: &mut Report<'_>) -> Option<u8> {
    let Some(key) = key else { return Some(NtpParams::MAX_STRATUM) };
    let stratum = u8::try_from(key.value).ok().filter(|s| (1..=NtpParams::MAX_STRATUM).contains(s));
    if stratum.is_none() {
        let message = say!(
            "`max_stratum` is {}; it must be from 1 (beside a reference clock) to {}",
            "`max_stratum` è {}; va da 1 (accanto a un orologio di riferimento) a {}",
            key.value,
            NtpParams::MAX_STRATUM
        );
        report.problem(key.at, message);
    }
    stratum
}

fn peers(keys: &[At<String>], report: &mut Report<'_>) -> Option<Vec<HostPort>> {
    if let Some(one_more) = keys.get(NtpParams::PEERS_MAX) {
        let message = say!(
            "more than {} `peers`; name a few that fail independently",
            "più di {} `peers`; nominane pochi che non si guastino insieme",
            NtpParams::PEERS_MAX
        );
        report.problem(one_more.at, message);
        return None;
    }
    let peers: Vec<HostPort> = keys.iter().filter_map(|key| server(key, report)).collect();
    (peers.len() == keys.len()).then_some(peers)
}
