//! `probe: udp`: an address with a port, a datagram, and what must come back.

use super::family_of;
use crate::text::say;
use crate::yaml::probe::UdpKeys;
use crate::yaml::shape::{At, Report};
use crate::{Family, HostPort, UdpParams, WireText};

/// The question without its target.
#[derive(Debug)]
pub(in crate::resolve) struct Asked {
    family: Option<At<Family>>,
    send: WireText,
    expect: WireText,
}

/// Judges the parameters. `None` after a problem.
pub(super) fn asked(keys: &UdpKeys, report: &mut Report<'_>) -> Option<Asked> {
    const MAX: usize = UdpParams::DATAGRAM_BYTES_MAX;
    let UdpKeys { send, expect, family } = keys;
    if let Some(key) = [send, expect].into_iter().find(|key| key.value.bytes().len() > MAX) {
        let message = say!(
            "{} bytes; a datagram that is not cut on its way has at most {MAX}",
            "{} byte; un datagramma che per via non viene spezzato ne ha al più {MAX}",
            key.value.bytes().len()
        );
        report.problem(key.at, message);
        return None;
    }
    Some(Asked { family: family.clone(), send: send.value.clone(), expect: expect.value.clone() })
}

impl Asked {
    pub(super) fn of(&self, target: &At<String>, report: &mut Report<'_>) -> Option<UdpParams> {
        let Some(address) = HostPort::parse(&target.value, None) else {
            let message = say!(
                "`{}` is not an address with a port, such as `10.0.0.20:5060`",
                "`{}` non è un indirizzo con una porta, come `10.0.0.20:5060`",
                target.value
            );
            report.problem(target.at, message);
            return None;
        };
        let family = family_of(&address.host, self.family.as_ref(), report)?;
        Some(UdpParams { address, family, send: self.send.clone(), expect: self.expect.clone() })
    }
}
