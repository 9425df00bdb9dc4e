//! What is not wrong and may yet surprise: warnings about what a figure will not prove.
//!
//! Looked for in the resolved services, when all the rest is known; each warning stands at the name of what
//! it is about.

use std::net::IpAddr;

use crate::problem::Place;
use crate::text::{Text, say};
use crate::yaml::file::FileKeys;
use crate::yaml::shape::{At, Named, Report};
use crate::{Check, Component, HostPort, Id, Probe, Service, Site, SiteId};

/// Every doubt about the canaries and the rows.
pub(super) fn warn(keys: &FileKeys, services: &[Service], sites: &[Site], report: &mut Report<'_>) {
    canaries(keys, report);
    for (name, service_keys) in keys.services.sound() {
        let Some(service) = services.iter().find(|service| service.id == name.value) else { continue };
        report.within("services", |report| {
            report.within(name.value.as_str(), |report| {
                vantages(name, service, sites, report);
                only_pings(name, service, report);
                for (component_name, component_keys) in service_keys.components.iter().flat_map(Named::sound)
                {
                    let find = |component: &&Component| component.id == component_name.value;
                    let Some(component) = service.components.iter().find(find) else { continue };
                    let own = format!("{} {}", component.id, component.name).to_lowercase();
                    proves_less(component_name.at, &own, component, report);
                    for (part_name, _) in
                        component_keys.common.parts.iter().flat_map(|parts| parts.value.sound())
                    {
                        let crate::Node::All(parts) = &component.node else { continue };
                        let Some(part) = parts.iter().find(|part| part.id == part_name.value) else {
                            continue;
                        };
                        let own = format!("{} {}", part.id, part.name).to_lowercase();
                        proves_less(part_name.at, &own, part, report);
                    }
                    mails_itself(keys, component, &own, report);
                }
            });
        });
    }
}

/// A name that was never found says nothing, and without a network none is found.
fn canaries(keys: &FileKeys, report: &mut Report<'_>) {
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

/// A row without components, seen from one site, or from sites that fail together.
fn vantages(name: &At<Id>, service: &Service, sites: &[Site], report: &mut Report<'_>) {
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
    let mut from: Vec<&SiteId> = service.checks().flat_map(|check| &check.from).collect();
    from.sort();
    from.dedup();
    if let [only] = from.as_slice() {
        let message = say!(
            "the service `{}` is seen from one site only, `{only}`",
            "il servizio `{}` è visto da una sola sede, `{only}`",
            name.value
        );
        report.warning(name.at, message);
        return;
    }
    let facts =
        || from.iter().filter_map(|id| sites.iter().find(|site| site.id == **id)).map(|site| &site.facts);
    let power = shared(facts().map(|facts| facts.power.as_deref()));
    let line = shared(facts().map(|facts| facts.line.as_deref()));
    let shares = [
        (power, say!("power supply", "alimentazione elettrica"), say!("a blackout", "un blackout")),
        (line, say!("line", "linea"), say!("a cut of it", "un suo guasto")),
    ];
    for (one, what, event) in shares {
        let Some(one) = one else { continue };
        let message = say!(
            "every site that sees the service `{}` hangs on one {what}, `{one}`: {event} would leave no witness",
            "tutte le sedi che vedono il servizio `{}` dipendono da una sola {what}, `{one}`: {event} non avrebbe \
             testimoni",
            name.value; what, event
        );
        report.warning(name.at, message);
    }
}

/// The one value that all have.
fn shared<'a>(mut values: impl Iterator<Item = Option<&'a str>>) -> Option<&'a str> {
    let first = values.next()??;
    values.all(|value| value == Some(first)).then_some(first)
}

/// A machine that answers pings may serve nothing.
fn only_pings(name: &At<Id>, service: &Service, report: &mut Report<'_>) {
    let mut checks = service.checks().peekable();
    if checks.peek().is_some() && checks.all(|check| check.probe.kind() == "icmp") {
        let message = say!(
            "the service `{}` is watched by pings alone: they prove that machines answer, not that they serve",
            "il servizio `{}` è osservato solo con ping: provano che le macchine rispondono, non che servono",
            name.value
        );
        report.warning(name.at, message);
    }
}

/// Names that promise more than some kinds of probe can tell, and what would tell it.
struct Promise {
    /// Any of these in a component's name.
    words: &'static [&'static str],
    /// Kinds that prove less.
    weak: &'static [&'static str],
}

impl Promise {
    fn proof(&self) -> Text {
        match self.words.first().copied().unwrap_or_default() {
            "posta" => say!("that a message arrives", "che un messaggio arrivi"),
            "web" => say!("that a page comes", "che una pagina arrivi"),
            "sso" => say!("that somebody can log in", "che qualcuno possa accedere"),
            "dominio" => say!("that the directory answers", "che la directory risponda"),
            "dns" => say!("that a name is resolved rightly", "che un nome sia risolto bene"),
            "ntp" => say!("that the time is right", "che l'ora sia giusta"),
            _ => say!("that a backup was made", "che una copia sia stata fatta"),
        }
    }
}

const PROMISES: [Promise; 7] = [
    Promise { words: &["posta", "mail", "smtp", "imap"], weak: &["icmp", "tcp", "dns", "http"] },
    Promise {
        words: &["web", "sito", "siti", "portale", "portali", "applicazione", "applicazioni"],
        weak: &["icmp", "tcp", "dns"],
    },
    Promise { words: &["sso", "login", "accesso", "spid", "oidc"], weak: &["icmp", "tcp", "dns"] },
    Promise { words: &["dominio", "ldap", "directory"], weak: &["icmp", "tcp"] },
    Promise { words: &["dns", "nomi", "resolver"], weak: &["icmp", "tcp"] },
    Promise { words: &["ntp", "ora", "orario"], weak: &["icmp", "tcp"] },
    Promise { words: &["backup", "restore", "copie"], weak: &["icmp", "tcp", "dns", "http"] },
];

/// Who names a machine promises no more than the machine: "Server di backup acceso".
const MACHINES: [&str; 9] =
    ["server", "host", "porta", "controllori", "controller", "acceso", "raggiungibile", "disco", "deposito"];

/// A check that proves less than the name says.
fn proves_less(at: Place, name: &str, component: &Component, report: &mut Report<'_>) {
    let crate::Node::Part(part) = &component.node else { return };
    let Some(kind) = part.checks.first().map(|check| check.probe.kind()) else { return };
    let is_word = |word: &&str| name.split(|c: char| !c.is_alphanumeric()).any(|own| own == *word);
    if MACHINES.iter().any(is_word) {
        return;
    }
    let promise = PROMISES.iter().find(|promise| promise.words.iter().any(is_word));
    let Some(promise) = promise.filter(|promise| promise.weak.contains(&kind)) else { return };
    let (proof, id) = (promise.proof(), &component.id);
    let message = say!(
        "`probe: {kind}` proves less than the name `{id}` says: not {proof}",
        "`probe: {kind}` prova meno di quel che il nome `{id}` promette: non {proof}"; proof
    );
    report.warning(at, message);
}

/// Ports of SMTP, POP3 and IMAP, plain and over TLS.
const MAIL_PORTS: [u16; 7] = [25, 110, 143, 465, 587, 993, 995];

/// A mail that says that mail is down does not arrive.
fn mails_itself(keys: &FileKeys, component: &Component, words: &str, report: &mut Report<'_>) {
    let is_word = |own: &str| matches!(own, "posta" | "mail" | "smtp" | "imap" | "exchange");
    let named_so = words.split(|c: char| !c.is_alphanumeric()).any(is_word);
    let watched: Vec<&Check> = component.checks().filter(|check| named_so || is_mail(check)).collect();
    for (name, recipient) in keys.alerting.iter().flat_map(Named::sound) {
        let serves = |to: &At<String>| {
            let (_, domain) = to.value.rsplit_once('@')?;
            watched.iter().find(|check| names(&check.probe).iter().any(|host| is_of(host, domain)))
        };
        // One address elsewhere is the cure.
        let Some(checks) = recipient.to.iter().map(serves).collect::<Option<Vec<_>>>() else { continue };
        let (Some(to), Some(check)) = (recipient.to.first(), checks.first()) else { continue };
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
    on_port || matches!(&check.probe, Probe::Dns(dns) if dns.record_type == "MX")
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
