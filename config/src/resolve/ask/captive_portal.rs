//! `probe: captive_portal`: an address that answers 204 to whoever reaches it, asked in clear.

use super::{family_of, http};
use crate::text::say;
use crate::yaml::probe::CaptivePortalKeys;
use crate::yaml::shape::{At, Report};
use crate::{CaptivePortalParams, Family, Gate, HostPort};

/// The question without its target.
#[derive(Debug)]
pub(in crate::resolve) struct Asked {
    expect: Gate,
    portal: Vec<String>,
    family: Option<At<Family>>,
}

impl Asked {
    pub(super) fn of(&self, target: &At<String>, report: &mut Report<'_>) -> Option<CaptivePortalParams> {
        if target.value.starts_with("https://") {
            let message = say!(
                "`https://` says nothing of a captive portal, which cannot answer for another's name; ask an `http://` \
                 address that answers 204",
                "`https://` non dice nulla di un portale di accesso, che non può rispondere a nome di altri; chiedi un \
                 indirizzo `http://` che risponda 204"
            );
            report.problem(target.at, message);
            return None;
        }
        let (host, _) = http::url(target, "captive_portal", report)?;
        let family = family_of(&host, self.family.as_ref(), report)?;
        let Self { expect, portal, .. } = self;
        Some(CaptivePortalParams {
            url: target.value.clone(),
            expect: *expect,
            portal: portal.clone(),
            family,
        })
    }
}

/// Judges the parameters. `None` after a problem.
pub(super) fn asked(keys: &CaptivePortalKeys, report: &mut Report<'_>) -> Option<Asked> {
    let expect = keys.expect.as_ref().map_or(Gate::Open, |key| key.value);
    let hosts = keys.portal.as_deref().unwrap_or_default();
    if let (Gate::Portal, Some(key), []) = (expect, &keys.expect, hosts) {
        let message = say!(
            "`expect: portal` needs `portal: HOST`: any other page that comes instead is somebody else's",
            "`expect: portal` vuole `portal: HOST`: ogni altra pagina che arrivi al suo posto è di qualcun altro"
        );
        report.problem(key.at, message);
        return None;
    }
    for host in hosts {
        // Any port will do: it tells a host alone from a host with one.
        let is_host = HostPort::parse(&host.value, Some(1)).is_some_and(|address| address.host == host.value);
        if !is_host {
            let message = say!(
                "`{}` is not the name of a host, such as `portale.example`",
                "`{}` non è il nome di un host, come `portale.example`",
                host.value
            );
            report.problem(host.at, message);
            return None;
        }
    }
    let portal = hosts.iter().map(|host| host.value.to_ascii_lowercase()).collect();
    Some(Asked { expect, portal, family: keys.family.clone() })
}
