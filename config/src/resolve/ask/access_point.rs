//! `probe: access_point`: the controller's table, read once for all of them, and what stands in for it.

use std::path::Path;

use super::snmp::{self, Credentials};
use super::{family_of, http, tls};
use crate::problem::Place;
use crate::text::{Text, say};
use crate::yaml::probe::{AccessPointKeys, ApTable, ControllerKeys, DevicesKeys, Fallback};
use crate::yaml::shape::{At, Report};
use crate::{AccessPointParams, ApController, ApFallback, ApSource, Family, HostPort, SnmpAccess, SnmpOid};

/// The question without its target.
#[derive(Debug)]
pub(in crate::resolve) struct Asked {
    family: Option<At<Family>>,
    controller: ApController,
    fallback: Vec<StandIn>,
}

/// What stands in for the controller, before it is known for which access point.
#[derive(Debug)]
enum StandIn {
    Icmp,
    Snmp(Devices),
    SwitchPort(Devices),
}

/// Devices that are all asked alike.
#[derive(Debug)]
struct Devices {
    port: u16,
    access: SnmpAccess,
}

/// Judges the parameters. `None` after a problem.
pub(super) fn asked(keys: &AccessPointKeys, folder: Option<&Path>, report: &mut Report<'_>) -> Option<Asked> {
    Some(Asked {
        family: keys.family.clone(),
        controller: controller(&keys.controller, folder, report)?,
        fallback: fallback(keys, report)?,
    })
}

/// An echo unless something else is said.
fn fallback(keys: &AccessPointKeys, report: &mut Report<'_>) -> Option<Vec<StandIn>> {
    let wanted = keys.fallback.as_deref();
    let is_wanted = |word| wanted.unwrap_or_default().iter().any(|key| key.value == word);
    let idle = [
        ("snmp", keys.snmp.as_ref().filter(|_| !is_wanted(Fallback::Snmp)), "snmp"),
        ("switch", keys.switch.as_ref().filter(|_| !is_wanted(Fallback::SwitchPort)), "switch_port"),
    ];
    if let Some((key, at, word)) = idle.into_iter().find_map(|(key, idle, word)| Some((key, idle?.at, word)))
    {
        let message = say!(
            "`{key}` says nothing unless `fallback` names `{word}`",
            "`{key}` non dice niente se `fallback` non nomina `{word}`"
        );
        report.problem(at, message);
        return None;
    }
    let Some(wanted) = wanted else { return Some(vec![StandIn::Icmp]) };
    let mut all = Vec::new();
    for (n, key) in wanted.iter().enumerate() {
        let is_twice = wanted[..n].iter().any(|before| before.value == key.value);
        if is_twice || (key.value == Fallback::None && wanted.len() > 1) {
            let message = if is_twice {
                say!("the same fallback twice", "lo stesso ripiego due volte")
            } else {
                say!("`none` stands alone", "`none` sta da solo")
            };
            report.problem(key.at, message);
            return None;
        }
        match key.value {
            Fallback::None => {}
            Fallback::Icmp => all.push(StandIn::Icmp),
            Fallback::Snmp => all.push(StandIn::Snmp(devices(key.at, "snmp", keys.snmp.as_ref(), report)?)),
            Fallback::SwitchPort => {
                all.push(StandIn::SwitchPort(devices(key.at, "switch", keys.switch.as_ref(), report)?));
            }
        }
    }
    Some(all)
}

fn devices(at: Place, name: &str, key: Option<&At<DevicesKeys>>, report: &mut Report<'_>) -> Option<Devices> {
    let Some(At { value: keys, .. }) = key else {
        let message = say!(
            "`{name}` is missing: who asks them, such as `{name}: {{version: 2c, secret: comunita}}`",
            "manca `{name}`: chi li interroga, come `{name}: {{version: 2c, secret: comunita}}`"
        );
        report.problem(at, message);
        return None;
    };
    let credentials = Credentials {
        version: &keys.version,
        secret: keys.secret.as_ref(),
        user: keys.user.as_ref(),
        auth: keys.auth.as_ref(),
        privacy: keys.privacy.as_ref(),
        privacy_secret: keys.privacy_secret.as_ref(),
        context: keys.context.as_ref(),
    };
    let port = match &keys.port {
        None => snmp::PORT,
        Some(key) => {
            let port = u16::try_from(key.value).ok().filter(|port| *port > 0);
            if port.is_none() {
                let message = say!("a port is 1 to 65535", "una porta va da 1 a 65535");
                report.problem(key.at, message);
            }
            port?
        }
    };
    Some(Devices { port, access: snmp::access(&credentials, report)? })
}

impl Asked {
    /// Its name is told later: the target's.
    pub(super) fn of(
        &self,
        target: &At<String>,
        switch_port: Option<&At<String>>,
        report: &mut Report<'_>,
    ) -> Option<AccessPointParams> {
        let Some(address) = HostPort::parse(&target.value, Some(1)).filter(|address| address.port == 1)
        else {
            let message = say!(
                "`{}` is not a host: a name or an address without a port, such as `10.0.5.31`",
                "`{}` non è un host: un nome o un indirizzo senza porta, come `10.0.5.31`",
                target.value
            );
            report.problem(target.at, message);
            return None;
        };
        Some(AccessPointParams {
            name: String::new(),
            family: family_of(&address.host, self.family.as_ref(), report)?,
            host: address.host,
            controller: self.controller.clone(),
            fallback: self.fallback_of(target, switch_port, report)?,
        })
    }

    /// What stands in for the controller of this access point. One that hangs on no switch that is known has the rest.
    fn fallback_of(
        &self,
        target: &At<String>,
        switch_port: Option<&At<String>>,
        report: &mut Report<'_>,
    ) -> Option<Vec<ApFallback>> {
        let is_asked = self.fallback.iter().any(|one| matches!(one, StandIn::SwitchPort(_)));
        if let Some(key) = switch_port.filter(|_| !is_asked) {
            let message = say!(
                "`switch_port` says nothing unless `fallback` names it",
                "`switch_port` non dice niente se `fallback` non lo nomina"
            );
            report.problem(key.at, message);
            return None;
        }
        let mut all = Vec::new();
        for one in &self.fallback {
            match (one, switch_port) {
                (StandIn::Icmp, _) => all.push(ApFallback::Icmp),
                (StandIn::Snmp(Devices { port, access }), _) => {
                    all.push(ApFallback::Snmp { port: *port, access: access.clone() });
                }
                (StandIn::SwitchPort(devices), Some(key)) => all.push(devices.switch_port(key, report)?),
                (StandIn::SwitchPort(_), None) => {}
            }
        }
        if all.is_empty() && !self.fallback.is_empty() {
            let message = say!(
                "the access point has no `switch_port`, and `fallback` names nothing else",
                "l'access point non ha `switch_port`, e `fallback` non nomina altro"
            );
            report.problem(target.at, message);
            return None;
        }
        Some(all)
    }
}

impl Devices {
    /// `10.0.6.2 Gi1/0/7`: names of ports have spaces, names of switches have none.
    fn switch_port(&self, key: &At<String>, report: &mut Report<'_>) -> Option<ApFallback> {
        let parts = key.value.trim().split_once(char::is_whitespace);
        let read = parts.and_then(|(switch, port)| {
            let is_short = port.trim().len() <= AccessPointParams::PORT_BYTES_MAX;
            Some((HostPort::parse(switch, Some(self.port))?, port.trim().to_owned())).filter(|_| is_short)
        });
        let Some((address, port)) = read else {
            let message = say!(
                "`{}` is not a switch and its port, such as `10.0.6.2 Gi1/0/7`",
                "`{}` non è uno switch con la sua porta, come `10.0.6.2 Gi1/0/7`",
                key.value
            );
            report.problem(key.at, message);
            return None;
        };
        Some(ApFallback::SwitchPort { address, access: self.access.clone(), port })
    }
}

fn controller(
    key: &At<ControllerKeys>,
    folder: Option<&Path>,
    report: &mut Report<'_>,
) -> Option<ApController> {
    let keys = &key.value;
    let source = match (&keys.address, &keys.url) {
        (Some(address), None) => of_snmp(key.at, address, keys, report)?,
        (None, Some(url)) => of_rest(key.at, url, keys, folder, report)?,
        _ => {
            let message = say!(
                "a controller has either `address` (its SNMP agent) or `url` (its REST interface)",
                "un controller ha o `address` (il suo agente SNMP) o `url` (la sua interfaccia REST)"
            );
            report.problem(key.at, message);
            return None;
        }
    };
    let states = |keys: Option<&[At<String>]>| -> Vec<String> {
        keys.unwrap_or_default().iter().map(|key| key.value.clone()).collect()
    };
    let (mut up, degraded) = (states(keys.up.as_deref()), states(keys.degraded.as_deref()));
    if keys.table.is_some() && up.is_empty() {
        // wlanAPStatus up(1); bsnAPOperationStatus associated(1).
        up.push("1".to_owned());
    }
    let mistake: Option<Text> = if up.is_empty() {
        Some(say!("`up` is missing: which states are up?", "manca `up`: quali stati sono attivi?"))
    } else if up.len().max(degraded.len()) > ApController::STATES_MAX {
        Some(say!("too many states", "troppi stati"))
    } else {
        None
    };
    if let Some(message) = mistake {
        report.problem(key.at, message);
        return None;
    }
    Some(ApController { source, up, degraded })
}

fn of_snmp(
    at: Place,
    address: &At<String>,
    keys: &ControllerKeys,
    report: &mut Report<'_>,
) -> Option<ApSource> {
    only(
        &[("header", keys.header.as_ref().map(|key| key.at)), ("list", keys.list.as_ref().map(|key| key.at))],
        "url",
        report,
    )?;
    let Some(version) = &keys.version else {
        report.missing(at, "version");
        return None;
    };
    let access = snmp::access(
        &Credentials {
            version,
            secret: keys.secret.as_ref(),
            user: keys.user.as_ref(),
            auth: keys.auth.as_ref(),
            privacy: keys.privacy.as_ref(),
            privacy_secret: keys.privacy_secret.as_ref(),
            context: keys.context.as_ref(),
        },
        report,
    )?;
    let address = snmp::address(address, report)?;
    let known: [Option<&str>; 4] = match keys.table.as_ref().map(|key| key.value) {
        // WLSX-WLAN-MIB: wlanAPName, wlanAPStatus, and wlanAPIpAddress.
        Some(ApTable::Aruba) => [
            Some("1.3.6.1.4.1.14823.2.2.1.5.2.1.4.1.3"),
            Some("1.3.6.1.4.1.14823.2.2.1.5.2.1.4.1.19"),
            None,
            Some("1.3.6.1.4.1.14823.2.2.1.5.2.1.4.1.2"),
        ],
        // AIRESPACE-WIRELESS-MIB: bsnAPName, bsnAPOperationStatus, and bsnApIpAddress.
        Some(ApTable::Airespace) => [
            Some("1.3.6.1.4.1.14179.2.2.1.1.3"),
            Some("1.3.6.1.4.1.14179.2.2.1.1.6"),
            None,
            Some("1.3.6.1.4.1.14179.2.2.1.1.19"),
        ],
        None => [None; 4],
    };
    let own = [&keys.name, &keys.state, &keys.clients, &keys.ip];
    let mut columns = [None, None, None, None];
    for ((column, key), known) in columns.iter_mut().zip(own).zip(known) {
        *column = match key {
            Some(key) => Some(oid(key, report)?),
            None => known.and_then(SnmpOid::parse),
        };
    }
    let [name, state, clients, ip] = columns;
    let (Some(name), Some(state)) = (name, state) else {
        let message = say!(
            "`name` and `state` are missing: the columns of the controller's table; or `table: aruba`, `table: airespace`",
            "mancano `name` e `state`: le colonne della tabella del controller; oppure `table: aruba`, `table: airespace`"
        );
        report.problem(at, message);
        return None;
    };
    Some(ApSource::Snmp { address, access, name, state, clients, ip })
}

fn oid(key: &At<String>, report: &mut Report<'_>) -> Option<SnmpOid> {
    let oid = SnmpOid::parse(&key.value);
    if oid.is_none() {
        let message = say!(
            "`{}` is not an object identifier in numbers, such as `1.3.6.1.4.1.14179.2.2.1.1.3`",
            "`{}` non è un identificatore di oggetto in numeri, come `1.3.6.1.4.1.14179.2.2.1.1.3`",
            key.value
        );
        report.problem(key.at, message);
    }
    oid
}

fn of_rest(
    at: Place,
    url: &At<String>,
    keys: &ControllerKeys,
    folder: Option<&Path>,
    report: &mut Report<'_>,
) -> Option<ApSource> {
    let of_snmp = [
        ("version", keys.version.as_ref().map(|key| key.at)),
        ("user", keys.user.as_ref().map(|key| key.at)),
        ("auth", keys.auth.as_ref().map(|key| key.at)),
        ("privacy", keys.privacy.as_ref().map(|key| key.at)),
        ("privacy_secret", keys.privacy_secret.as_ref().map(|key| key.at)),
        ("context", keys.context.as_ref().map(|key| key.at)),
        ("table", keys.table.as_ref().map(|key| key.at)),
    ];
    only(&of_snmp, "address", report)?;
    http::url(url, "access_point", report)?;
    let tls = tls::tls(keys.tls.as_ref(), folder, report)?;
    let (Some(name), Some(state)) = (&keys.name, &keys.state) else {
        let message = say!(
            "`name` and `state` are missing: the fields of each entry of the list",
            "mancano `name` e `state`: i campi di ogni voce dell'elenco"
        );
        report.problem(at, message);
        return None;
    };
    let list = keys.list.as_ref().map(|key| key.value.clone()).unwrap_or_default();
    if let Some(key) = keys.list.as_ref().filter(|_| !list.starts_with('/')) {
        let message = say!(
            "`{list}` is no JSON pointer; such as `/data`",
            "`{list}` non è un puntatore JSON; come `/data`"
        );
        report.problem(key.at, message);
        return None;
    }
    let text = |key: &Option<At<String>>| key.as_ref().map(|key| key.value.clone());
    Some(ApSource::Rest {
        url: url.value.clone(),
        header: text(&keys.header),
        secret: keys.secret.as_ref().map(|key| key.value.clone()),
        list,
        name: name.value.clone(),
        state: state.value.clone(),
        clients: text(&keys.clients),
        ip: text(&keys.ip),
        tls,
    })
}

/// None of these keys may stand beside what they do not belong to.
fn only(others: &[(&str, Option<Place>)], owner: &str, report: &mut Report<'_>) -> Option<()> {
    let Some((key, at)) = others.iter().find_map(|(key, at)| at.map(|at| (key, at))) else { return Some(()) };
    let message =
        say!("`{key}` belongs to a controller with `{owner}`", "`{key}` è di un controller con `{owner}`");
    report.problem(at, message);
    None
}
