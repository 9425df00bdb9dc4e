//! `probe: domain`: all controllers of a domain, as DNS lists them.

use std::net::IpAddr;

use super::family_of;
use crate::text::say;
use crate::yaml::probe::DomainKeys;
use crate::yaml::shape::{At, Report};
use crate::{DomainParams, Family, HostPort};

/// The question without its target.
#[derive(Debug)]
pub(in crate::resolve) struct Asked {
    params: DomainParams,
    family: Option<At<Family>>,
}

/// Judges the parameters. `None` after a problem.
pub(super) fn asked(keys: &DomainKeys, report: &mut Report<'_>) -> Option<Asked> {
    let ports = ports(keys.ports.as_deref(), report);
    let mut sound = true;
    let resolver = keys.resolver.as_ref().and_then(|key| {
        let server =
            HostPort::parse(&key.value, Some(53)).filter(|server| server.host.parse::<IpAddr>().is_ok());
        if server.is_none() {
            let message = say!(
                "`{}` is not the IP address of a name server, such as `10.0.0.53`",
                "`{}` non è l'indirizzo IP di un server DNS, come `10.0.0.53`",
                key.value
            );
            report.problem(key.at, message);
            sound = false;
        }
        server
    });
    if let Some(realm) = keys.realm.as_ref().filter(|key| !is_realm(&key.value)) {
        let message = say!(
            "`{}` is not a realm, such as `COMUNE.EXAMPLE`",
            "`{}` non è un realm, come `COMUNE.EXAMPLE`",
            realm.value
        );
        report.problem(realm.at, message);
        sound = false;
    }
    let params = DomainParams {
        domain: String::new(), // `of` puts the target's in place
        realm: keys.realm.as_ref().map(|key| key.value.clone()),
        resolver,
        family: Family::default(),
        ports: ports?,
    };
    sound.then(|| Asked { params, family: keys.family.clone() })
}

impl Asked {
    pub(super) fn of(&self, target: &At<String>, report: &mut Report<'_>) -> Option<DomainParams> {
        let name = target.value.trim_end_matches('.').to_ascii_lowercase();
        let is_address = name.parse::<IpAddr>().is_ok();
        let is_name = name.contains('.') && name.split('.').all(is_label);
        if is_address || !is_name || name.len() > DomainParams::NAME_BYTES_MAX {
            let message = say!(
                "`{}` is not the name of a domain in DNS, such as `comune.example`",
                "`{}` non è il nome di un dominio nel DNS, come `comune.example`",
                target.value
            );
            report.problem(target.at, message);
            return None;
        }
        let family = family_of(&name, self.family.as_ref(), report)?;
        Some(DomainParams { domain: name, family, ..self.params.clone() })
    }
}

fn is_label(label: &str) -> bool {
    (1..=63).contains(&label.len())
        && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

fn is_realm(text: &str) -> bool {
    text.len() <= DomainParams::NAME_BYTES_MAX
        && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'@')
}

fn ports(keys: Option<&[At<u32>]>, report: &mut Report<'_>) -> Option<Vec<u16>> {
    let Some(keys) = keys else { return Some(DomainParams::PORTS.to_vec()) };
    let max = DomainParams::PORTS_MAX;
    if let Some(one_more) = keys.get(max) {
        let message = say!(
            "more than {max} `ports`; each is a connection to every controller at every sample",
            "più di {max} `ports`; ognuna è una connessione a ogni controllore a ogni campione"
        );
        report.problem(one_more.at, message);
        return None;
    }
    let mut ports = Vec::new();
    for key in keys {
        let Some(port) = u16::try_from(key.value).ok().filter(|port| *port > 0) else {
            let message = say!("{} is not a port: 1 to 65535", "{} non è una porta: da 1 a 65535", key.value);
            report.problem(key.at, message);
            return None;
        };
        ports.push(port);
    }
    Some(ports)
}
