//! Names that promise more than their check proves.

use super::words;
use crate::problem::Place;
use crate::text::{Text, say};
use crate::yaml::shape::Report;
use crate::{Check, Component, Node, Probe};

/// Warns of a check that proves less than the name says.
pub(super) fn proves_less(at: Place, component: &Component, report: &mut Report<'_>) {
    let Node::Part(part) = &component.node else { return };
    let Some(kind) = part.checks.first().map(|check| check.probe.kind()) else { return };
    if is_machine(&words(component)) || part.checks.iter().all(is_dialogue) {
        return;
    }
    let own = [component.name.as_str(), component.id.as_str()];
    let promised = |promise: &'static Promise| {
        own.into_iter().find(|name| has_word(&name.to_lowercase(), promise.words)).map(|name| (promise, name))
    };
    let Some((promise, name)) = PROMISES.iter().find_map(promised) else { return };
    if !promise.weak.contains(&kind) {
        return;
    }
    let (proof, cure) = (promise.proof(), promise.cure());
    let message = say!(
        "`probe: {kind}` proves less than the name `{name}` says: not {proof}; {cure}",
        "`probe: {kind}` prova meno di quel che il nome `{name}` promette: non {proof}; {cure}"; proof, cure
    );
    report.warning(at, message);
}

/// Who names a machine promises no more than the machine: "Server di backup acceso".
pub(super) fn is_machine(words: &str) -> bool {
    has_word(words, &MACHINES)
}

fn has_word(text: &str, words: &[&str]) -> bool {
    text.split(|c: char| !c.is_alphanumeric()).any(|own| words.contains(&own))
}

/// Is something said that only the service itself says? No more can be asked of a connection.
fn is_dialogue(check: &Check) -> bool {
    matches!(&check.probe, Probe::Tcp(tcp) if tcp.steps.iter().any(|step| step.expect.is_some()))
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

    /// What would prove it, where a probe of this version does.
    fn cure(&self) -> Text {
        let probe = match self.words.first().copied().unwrap_or_default() {
            "web" | "sso" => "http",
            "dns" => "dns",
            "ntp" => "ntp",
            "backup" => "heartbeat",
            _ => return say!("say in its `name` what is watched", "di' nel suo `name` che cosa si osserva"),
        };
        say!(
            "take `probe: {probe}`, or say in its `name` what is watched",
            "usa `probe: {probe}`, o di' nel suo `name` che cosa si osserva"
        )
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

/// Words for machines.
const MACHINES: [&str; 22] = [
    "access",
    "ap",
    "apparati",
    "apparato",
    "armadi",
    "firewall",
    "router",
    "stampante",
    "stampanti",
    "switch",
    "telefoni",
    "ups",
    "nodi",
    "server",
    "host",
    "porta",
    "controllori",
    "controller",
    "acceso",
    "raggiungibile",
    "disco",
    "deposito",
];
