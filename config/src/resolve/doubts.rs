//! What is not wrong and may yet surprise: warnings about what a figure will not prove.
//!
//! Looked for in the resolved services, when all the rest is known; each warning stands at the name of what
//! it is about.

mod delivery;
mod promise;
mod repeat;
mod told;
#[cfg(test)]
mod tests;

pub(super) use repeat::{renamed, repeated};
pub(super) use told::{warn as warn_untold, warn_unmailed};

use std::net::{IpAddr, Ipv6Addr};

use crate::problem::Place;
use crate::text::say;
use crate::yaml::file::FileKeys;
use crate::yaml::shape::{At, Named, Report};
use crate::{Check, Component, Concern, Family, HostPort, Id, Node, Probe, Service, Site, SiteId};

/// Every doubt about the canaries and the rows.
pub(super) fn warn(keys: &FileKeys, services: &[Service], sites: &[Site], report: &mut Report<'_>) {
    canaries_of_ipv6(keys, services, report);
    canaries(keys, services, report);
    let mut rows: Vec<(&At<Id>, &Service)> = Vec::new();
    for (name, service_keys) in keys.services.sound() {
        let Some(service) = services.iter().find(|service| service.id == name.value) else { continue };
        rows.push((name, service));
        let mut seen = repeat::Seen::default();
        report.within("services", |report| {
            report.within(name.value.as_str(), |report| {
                vantages(name, service, report);
                only_pings(name, service, report);
                for (name, keys_here) in service_keys.components.iter().flat_map(Named::sound) {
                    let find = |component: &&Component| component.id == name.value;
                    let Some(component) = service.components.iter().find(find) else { continue };
                    report.within(name.value.as_str(), |report| {
                        leaf(name, component, &mut seen, report);
                        for (name, _) in keys_here.common.parts.iter().flat_map(|parts| parts.value.sound()) {
                            let parts = component.node.parts();
                            let Some(part) = parts.iter().find(|part| part.id == name.value) else {
                                continue;
                            };
                            report.within(name.value.as_str(), |report| leaf(name, part, &mut seen, report));
                        }
                    });
                    mails_itself(keys, component, &words(component), report);
                }
            });
        });
    }
    report.within("services", |report| shared_fates(&rows, sites, report));
}

/// A component or part that has targets.
fn leaf<'s>(name: &At<Id>, component: &'s Component, seen: &mut repeat::Seen<'s>, report: &mut Report<'_>) {
    promise::proves_less(name.at, component, report);
    delivery::outlived(name.at, component, report);
    if let Node::Part(part) = &component.node {
        seen.add(name, part, report);
    }
}

/// Key and title, as words are looked for in them.
fn words(component: &Component) -> String {
    format!("{} {}", component.id, component.name).to_lowercase()
}

/// Without canaries no agent knows that a failure is its own; who writes an empty list knows that. A name that
/// was never found says nothing, and without a network none is found.
fn canaries(keys: &FileKeys, services: &[Service], report: &mut Report<'_>) {
    if keys.canaries.is_none() && services.iter().any(|service| service.checks().next().is_some()) {
        let message = say!(
            "no `canaries`: while an agent's own network is down, everything it watches counts as down; name two or \
             three, or write `canaries: []`",
            "mancano i `canaries`: quando cade la rete di una sonda, tutto ciò che osserva risulta fermo; nominane due \
             o tre, o scrivi `canaries: []`"
        );
        report.warning(Place::WHOLE, message);
    }
    let canaries = keys.canaries.as_deref().unwrap_or_default();
    let is_name = |canary: &At<HostPort>| canary.value.host.parse::<IpAddr>().is_err();
    if let Some(first) = canaries.first()
        && canaries.iter().all(is_name)
    {
        let message = say!(
            "every canary is a name: a new agent that has never found them takes a cut of its own network for an \
             outage of what it watches; add a canary by its IP address",
            "tutti i canarini sono nomi: un agente nuovo, che non li ha mai trovati, prende un guasto della propria \
             rete per un disservizio di ciò che osserva; aggiungi un canarino con il suo indirizzo IP"
        );
        report.warning(first.at, message);
    }
}

/// Canaries of IPv4 answer while an agent's IPv6 is cut. Names are looked for as IPv4 first. Said once: the cure
/// is one for all.
fn canaries_of_ipv6(keys: &FileKeys, services: &[Service], report: &mut Report<'_>) {
    let canaries = keys.canaries.as_deref().unwrap_or_default();
    let is_ipv6 = |canary: &At<HostPort>| canary.value.host.parse::<Ipv6Addr>().is_ok();
    let mut checks = services.iter().flat_map(Service::checks);
    if let Some(first) = canaries.first().filter(|_| !canaries.iter().any(is_ipv6))
        && let Some(check) = checks.find(|check| !check.measures_path && asks_ipv6(&check.probe))
    {
        let message = say!(
            "no canary has an IPv6 address, and `{}` is asked over IPv6: where an agent's own IPv6 is down, that counts \
             as an outage; add a canary such as `[2001:db8::1]:443`",
            "nessun canarino ha un indirizzo IPv6, e `{}` si interroga su IPv6: se cade l'IPv6 di una sonda, conta \
             come un disservizio; aggiungi un canarino come `[2001:db8::1]:443`",
            check.id
        );
        report.warning(first.at, message);
    }
}

fn asks_ipv6(probe: &Probe) -> bool {
    let family = match probe {
        Probe::Tcp(tcp) => tcp.family,
        Probe::Udp(udp) => udp.family,
        Probe::Http(http) => http.family,
        Probe::Journey(journey) => journey.family,
        Probe::Oidc(oidc) => oidc.family,
        Probe::Saml(saml) => saml.family,
        Probe::Ntp(ntp) => ntp.family,
        Probe::Icmp(icmp) => icmp.family,
        Probe::Radius(radius) => radius.family,
        Probe::Kerberos(kerberos) => kerberos.family,
        Probe::Ldap(ldap) => ldap.family,
        Probe::Domain(domain) => domain.family,
        Probe::Snmp(snmp) => snmp.family,
        Probe::Smtp(smtp) => smtp.family,
        Probe::Imap(imap) => imap.family,
        Probe::Pop3(pop3) => pop3.family,
        Probe::Browse(browse) => browse.family,
        Probe::CaptivePortal(portal) => portal.family,
        Probe::Certificate(certificate) => certificate.family,
        Probe::AccessPoint(ap) => ap.family,
        Probe::Heartbeat(_) | Probe::Registration(_) | Probe::MailRoundTrip(_) => return false,
        Probe::Dns(dns) => return dns.server.host.parse::<Ipv6Addr>().is_ok(),
    };
    family != Family::V4
}

/// A row without components, or seen from one site.
fn vantages(name: &At<Id>, service: &Service, report: &mut Report<'_>) {
    if service.components.is_empty() {
        // Requests are not probed: a row that promises only about them needs no component.
        if service.unmeasured().next().is_none() {
            let message = say!(
                "the service `{}` has no component: it will be unknown",
                "il servizio `{}` non ha componenti: risulterà non osservato",
                name.value
            );
            report.warning(name.at, message);
        }
        return;
    }
    if let [only] = seen_from(service).as_slice() {
        let message = say!(
            "the service `{}` is seen from one site only, `{only}`",
            "il servizio `{}` è visto da una sola sede, `{only}`",
            name.value
        );
        report.warning(name.at, message);
    }
}

fn seen_from(service: &Service) -> Vec<&SiteId> {
    let mut from: Vec<&SiteId> = service.checks().flat_map(|check| &check.from).collect();
    from.sort();
    from.dedup();
    from
}

/// Rows whose sites fail together: one warning for each power supply or line, at the first of the rows.
fn shared_fates(rows: &[(&At<Id>, &Service)], sites: &[Site], report: &mut Report<'_>) {
    let kinds = [
        (say!("power supply", "alimentazione elettrica"), say!("a blackout", "un blackout")),
        (say!("line", "linea"), say!("a cut of it", "un suo guasto")),
    ];
    for (kind, (what, event)) in kinds.into_iter().enumerate() {
        let mut fates: Vec<(&str, Vec<&At<Id>>)> = Vec::new();
        for (name, service) in rows {
            let from = seen_from(service);
            if from.len() < 2 {
                continue;
            }
            let facts = from.iter().filter_map(|id| sites.iter().find(|site| site.id == **id));
            let facts = facts.map(|site| if kind == 0 { &site.facts.power } else { &site.facts.line });
            let Some(one) = shared(facts.map(Option::as_deref)) else { continue };
            match fates.iter_mut().find(|(known, _)| *known == one) {
                Some((_, rows)) => rows.push(name),
                None => fates.push((one, vec![name])),
            }
        }
        for (one, rows) in fates {
            let Some(first) = rows.first() else { continue };
            let names: Vec<String> = rows.iter().map(|name| format!("`{}`", name.value)).collect();
            let names = names.join(", ");
            let message = say!(
                "every site that sees {names} hangs on one {what}, `{one}`: {event} would leave no witness",
                "tutte le sedi che vedono {names} dipendono da una sola {what}, `{one}`: {event} non avrebbe testimoni";
                what, event
            );
            report.warning(first.at, message);
        }
    }
}

/// The one value that all have.
fn shared<'a>(mut values: impl Iterator<Item = Option<&'a str>>) -> Option<&'a str> {
    let first = values.next()??;
    values.all(|value| value == Some(first)).then_some(first)
}

/// A machine that answers pings may serve nothing. Who names machines knows.
fn only_pings(name: &At<Id>, service: &Service, report: &mut Report<'_>) {
    let mut checks = service.checks().peekable();
    let says_so = |component: &Component| promise::is_machine(&words(component));
    if service.components.iter().all(says_so) {
        return;
    }
    if checks.peek().is_some() && checks.all(|check| check.probe.kind() == "icmp") {
        let message = say!(
            "the service `{}` is watched by pings alone: they prove that machines answer, not that they serve",
            "il servizio `{}` è osservato solo con ping: provano che le macchine rispondono, non che servono",
            name.value
        );
        report.warning(name.at, message);
    }
}

/// Ports of SMTP, POP3 and IMAP, plain and over TLS.
const MAIL_PORTS: [u16; 7] = [25, 110, 143, 465, 587, 993, 995];

/// A mail that says that mail is down does not arrive.
fn mails_itself(keys: &FileKeys, component: &Component, words: &str, report: &mut Report<'_>) {
    let is_word = |own: &str| matches!(own, "posta" | "mail" | "smtp" | "imap" | "exchange");
    let named_so = words.split(|c: char| !c.is_alphanumeric()).any(is_word);
    let watched: Vec<&Check> = component.checks().filter(|check| named_so || is_mail(check)).collect();
    for (name, recipient) in keys.alerting.iter().flat_map(Named::sound) {
        // A month can wait until mail is back.
        let hurries = |concern: &Concern| matches!(concern, Concern::Page | Concern::Ticket);
        if recipient.told_of.as_ref().is_some_and(|told_of| !told_of.value.iter().any(hurries)) {
            continue;
        }
        let serves = |to: &At<String>| {
            let (_, domain) = to.value.rsplit_once('@')?;
            watched.iter().find(|check| names(&check.probe).iter().any(|host| is_of(host, domain)))
        };
        // One address elsewhere is the cure, or another way than mail.
        if recipient.webhook.is_some() || recipient.recipe.is_some() {
            continue;
        }
        let to = recipient.to.as_deref().unwrap_or_default();
        let Some(checks) = to.iter().map(serves).collect::<Option<Vec<_>>>() else { continue };
        let (Some(to), Some(check)) = (to.first(), checks.first()) else { continue };
        let message = say!(
            "`{}` reads its mail through what `{}` watches: when that is down, the alarm does not arrive; add an \
             address elsewhere",
            "`{}` riceve la posta tramite ciò che `{}` osserva: quando è ferma l'avviso non arriva; aggiungi un \
             indirizzo altrove",
            name.value,
            check.id
        );
        report.warning(to.at, message);
    }
}

fn is_mail(check: &Check) -> bool {
    let on_port = matches!(&check.probe, Probe::Tcp(tcp) if MAIL_PORTS.contains(&tcp.address.port));
    on_port
        || matches!(&check.probe, Probe::Dns(dns) if dns.record_type == "MX")
        || matches!(&check.probe, Probe::Smtp(_) | Probe::Imap(_) | Probe::Pop3(_) | Probe::MailRoundTrip(_))
}

/// The names that a probe asks or asks for, whatever its kind.
fn names(probe: &Probe) -> Vec<String> {
    let target = probe.target();
    let rest = target.split_once("://").map_or(target.as_str(), |(_, rest)| rest);
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let mut names = vec![host.rsplit_once(':').map_or(host, |(host, _)| host).to_owned()];
    if let Probe::Dns(dns) = probe {
        names.push(dns.name.trim_end_matches('.').to_owned());
    }
    names
}

/// Is `host` the domain or within it?
fn is_of(host: &str, domain: &str) -> bool {
    let (host, domain) = (host.to_lowercase(), domain.to_lowercase());
    host == domain || host.strip_suffix(&domain).is_some_and(|rest| rest.ends_with('.'))
}
