//! `probe: tls`: the certificate of any server that speaks TLS, at once or after being asked to.

use std::path::Path;

use super::{family_of, tls};
use crate::text::say;
use crate::yaml::probe::CertificateKeys;
use crate::yaml::shape::{At, Report};
use crate::{CertificateParams, Family, HostPort, StartTls, TlsParams};

/// Where TLS is usual from the first byte on.
const PORT: u16 = 443;

/// The question without its target.
#[derive(Debug)]
pub(in crate::resolve) struct Asked {
    starttls: Option<StartTls>,
    tls: TlsParams,
    family: Option<At<Family>>,
}

impl Asked {
    pub(super) fn of(&self, target: &At<String>, report: &mut Report<'_>) -> Option<CertificateParams> {
        let port = self.starttls.map_or(PORT, StartTls::port);
        let Some(address) = HostPort::parse(&target.value, Some(port)) else {
            let message = say!(
                "`{}` is not a host, or a host and a port, such as `posta.example:993`",
                "`{}` non è un host, o un host e una porta, come `posta.example:993`",
                target.value
            );
            report.problem(target.at, message);
            return None;
        };
        let family = family_of(&address.host, self.family.as_ref(), report)?;
        Some(CertificateParams { address, family, starttls: self.starttls, tls: self.tls.clone() })
    }
}

/// Judges the parameters. `None` after a problem.
pub(super) fn asked(keys: &CertificateKeys, folder: Option<&Path>, report: &mut Report<'_>) -> Option<Asked> {
    let tls = tls::tls(keys.tls.as_ref(), folder, report)?;
    let starttls = keys.starttls.as_ref().map(|key| key.value);
    Some(Asked { starttls, tls, family: keys.family.clone() })
}
