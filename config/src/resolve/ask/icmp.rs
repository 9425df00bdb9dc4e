//! `probe: icmp`: a host, and how many of a few echo requests may be lost.

use super::family_of;
use crate::text::say;
use crate::yaml::probe::IcmpKeys;
use crate::yaml::shape::{At, Report};
use crate::{Family, Fraction, HostPort, IcmpParams};

/// The question without its target.
#[derive(Debug)]
pub(in crate::resolve) struct Asked {
    family: Option<At<Family>>,
    packets: u32,
    size: u16,
    loss_warn: Fraction,
    loss_crit: Option<Fraction>,
}

/// Judges the parameters. `None` after a problem.
pub(super) fn asked(keys: &IcmpKeys, report: &mut Report<'_>) -> Option<Asked> {
    let packets = packets(keys.packets.as_ref(), report);
    let size = size(keys.size.as_ref(), report);
    let losses = losses(keys, report);
    let (loss_warn, loss_crit) = losses?;
    Some(Asked { family: keys.family.clone(), packets: packets?, size: size?, loss_warn, loss_crit })
}

impl Asked {
    pub(super) fn of(&self, target: &At<String>, report: &mut Report<'_>) -> Option<IcmpParams> {
        // Any port will do: it tells a host alone from a host with one.
        let host = HostPort::parse(&target.value, Some(1)).map(|address| address.host);
        let with_port = HostPort::parse(&target.value, None).is_some();
        let Some(host) = host.filter(|_| !with_port) else {
            let hint = if with_port {
                say!("ICMP has no ports", "ICMP non ha porte")
            } else {
                say!("a name or an address is", "lo è un nome o un indirizzo")
            };
            let message = say!(
                "`{}` is not a host: {hint}; such as `10.0.0.1` or `switch1.example`",
                "`{}` non è un host: {hint}; come `10.0.0.1` o `switch1.example`",
                target.value;
                hint
            );
            report.problem(target.at, message);
            return None;
        };
        let family = family_of(&host, self.family.as_ref(), report)?;
        Some(IcmpParams {
            host,
            family,
            packets: self.packets,
            size: self.size,
            loss_warn: self.loss_warn,
            loss_crit: self.loss_crit,
        })
    }
}

fn packets(key: Option<&At<u32>>, report: &mut Report<'_>) -> Option<u32> {
    let Some(key) = key else { return Some(IcmpParams::PACKETS) };
    if !(1..=IcmpParams::PACKETS_MAX).contains(&key.value) {
        let message = say!(
            "`packets` is {}; it must be from 1 to {}",
            "`packets` è {}; va da 1 a {}",
            key.value,
            IcmpParams::PACKETS_MAX
        );
        report.problem(key.at, message);
        return None;
    }
    Some(key.value)
}

fn size(key: Option<&At<u32>>, report: &mut Report<'_>) -> Option<u16> {
    let Some(key) = key else { return Some(IcmpParams::SIZE) };
    let size = u16::try_from(key.value).ok().filter(|size| *size <= IcmpParams::SIZE_MAX);
    if size.is_none() {
        let message = say!(
            "`size` is {}; it must be at most {} bytes, which go unfragmented",
            "`size` è {}; al massimo {} byte, che viaggiano non frammentati",
            key.value,
            IcmpParams::SIZE_MAX
        );
        report.problem(key.at, message);
    }
    size
}

fn losses(keys: &IcmpKeys, report: &mut Report<'_>) -> Option<(Fraction, Option<Fraction>)> {
    let whole = Fraction { p: 1, q: 1 };
    let mut sound = true;
    for (name, key) in [("loss_warn", &keys.loss_warn), ("loss_crit", &keys.loss_crit)] {
        if let Some(key) = key
            && key.value == whole
        {
            let message = say!(
                "`{name}: 100%` never speaks: more than all cannot be lost",
                "`{name}: 100%` non parla mai: più di tutto non si può perdere"
            );
            report.problem(key.at, message);
            sound = false;
        }
    }
    let crit = keys.loss_crit.as_ref().map(|key| key.value);
    let warn = match (&keys.loss_warn, crit) {
        (Some(key), _) => key.value,
        // A default gives way to what the file says.
        (None, Some(crit)) if !is_below(IcmpParams::LOSS_WARN, crit) => crit,
        (None, _) => IcmpParams::LOSS_WARN,
    };
    if let (Some(warn_key), Some(crit_key)) = (&keys.loss_warn, &keys.loss_crit)
        && sound
        && !is_below(warn_key.value, crit_key.value)
    {
        let message = say!(
            "`loss_warn` ({}) must be below `loss_crit` ({})",
            "`loss_warn` ({}) deve stare sotto `loss_crit` ({})",
            warn_key.value,
            crit_key.value
        );
        report.problem(warn_key.at.max(crit_key.at), message);
        sound = false;
    }
    sound.then_some((warn, crit))
}

fn is_below(a: Fraction, b: Fraction) -> bool {
    u128::from(a.p) * u128::from(b.q) < u128::from(b.p) * u128::from(a.q)
}
