//! `probe: tcp`: an address with a port.

use super::family_of;
use crate::yaml::probe::TcpKeys;
use crate::yaml::shape::{At, Report};
use crate::{Family, HostPort, TcpParams};

/// The question without its target.
#[derive(Debug)]
pub(in crate::resolve) struct Asked {
    family: Option<At<Family>>,
}

/// Judges the parameters.
pub(super) fn asked(keys: &TcpKeys) -> Asked {
    Asked { family: keys.family.clone() }
}

impl Asked {
    pub(super) fn of(&self, target: &At<String>, report: &mut Report<'_>) -> Option<TcpParams> {
        let Some(address) = HostPort::parse(&target.value, None) else {
            let message = format!(
                "`{}` is not an address with a port, such as `10.0.0.20:443` or `\"[2001:db8::20]:443\"`",
                target.value
            );
            report.problem(target.at, message);
            return None;
        };
        let family = family_of(&address.host, self.family.as_ref(), report)?;
        Some(TcpParams { address, family })
    }
}
