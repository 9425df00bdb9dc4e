//! What to do about an incident that is open, in order.

use collector_api::Reason;
use collector_derive::alert::{Incident, Root, STEADY_MS, severity};
use config::Severity;

use crate::publish::Lang;
use crate::publish::mail::advice;
use crate::publish::mail::failing::{Failing, about, agents, checks_of};
use crate::publish::mail::told::{Told, pick};

/// What to do, in order.
pub(super) fn steps(
    incident: &Incident,
    failing: &[Failing<'_>],
    told: &Told<'_>,
    lang: Lang,
) -> Vec<String> {
    let words = told.words(lang);
    let mut steps = match &incident.root {
        Root::Engine => return engine_steps(lang),
        Root::NoData(_) => silent_steps(incident, told, lang),
        Root::Line(line) => vec![line_step(line, told, lang)],
        Root::Row(_) | Root::Part(_) => Vec::new(),
    };
    let reason = Reason::from_code(incident.reason);
    if let Some((check, agent)) = failing.iter().find_map(|one| Some((one.check, one.seen_by.first()?))) {
        let (id, (agent, site)) = (&check.id, agent);
        steps.push(words.say(
            format!("Rifai la prova: sulla macchina della sonda {agent} ({site}) esegui «vedetta-agent probe {id}»; ripete il controllo e ne racconta ogni passo."),
            format!("Repeat the test: run `vedetta-agent probe {id}` on the machine of agent {agent} ({site}); it tells each step."),
        ));
    }
    let first = failing.first();
    // Of a line that nothing is known of but that it is down, all is said.
    let is_line = matches!(incident.root, Root::Line(_)) && first.is_none();
    if reason != Reason::None && !is_line {
        let target = first.map_or_else(|| words.root(&incident.root), |one| one.check.probe.target());
        let reason = first.map_or(reason, |one| if one.reason == Reason::None { reason } else { one.reason });
        steps.push(advice::of_reason(reason, &target, lang));
    }
    steps.push(whom(incident, failing, told, lang));
    let minutes = STEADY_MS / 60_000;
    let until = if severity(&told.moment.charter, &incident.root) == Severity::Page {
        "Finché dura, questa torna dopo 1 ora e dopo 4, poi solo nella mail del mattino."
    } else {
        "Finché dura ne parla la mail del mattino."
    };
    steps.push(words.say(
        format!("Non c'è nulla da chiudere a mano: dopo {minutes} minuti di buon funzionamento arriva la mail RIENTRATO. {until}"),
        format!("Nothing has to be closed by hand: after {minutes} good minutes a mail says RIENTRATO (over)."),
    ));
    steps
}

/// Who answers for it, as the charter says.
fn whom(incident: &Incident, failing: &[Failing<'_>], told: &Told<'_>, lang: Lang) -> String {
    let charter = &told.moment.charter;
    let words = told.words(lang);
    let path = match (failing.first(), &incident.root) {
        (Some(one), _) => one.check.id.to_string(),
        (None, Root::Row(service) | Root::NoData(service)) => service.to_string(),
        (None, Root::Part(path)) => path.clone(),
        (None, root) => {
            checks_of(charter, root).first().map_or_else(String::new, |check| check.id.to_string())
        }
    };
    let about = about(charter, &path);
    let mut known = Vec::new();
    if let Some(owner) = &about.owner {
        known.push(words.say(format!("ne risponde {owner}"), format!("{owner} answers for it")));
    }
    if let Some(contact) = &about.contact {
        known.push(words.say(format!("da chiamare: {contact}"), format!("call {contact}")));
    }
    if let Some(runbook) = &about.runbook {
        known.push(words.say(format!("istruzioni: {runbook}"), format!("instructions: {runbook}")));
    }
    if known.is_empty() {
        return words.say(
            "Se non basta, chiama chi gestisce il sistema o il suo fornitore: nella configurazione non c'è scritto chi sia (chiavi «contact» e «runbook»).".into(),
            "If that is not enough, call whoever runs the system; the configuration does not say who (`contact`, `runbook`).".into(),
        );
    }
    let known = known.join("; ");
    words.say(format!("Se non basta: {known}."), format!("If that is not enough: {known}."))
}

fn engine_steps(lang: Lang) -> Vec<String> {
    let steps: [(&str, &str); 3] = [
        (
            "Sulla macchina del collettore: «systemctl status vedetta» e «journalctl -u vedetta -n 100»; guarda anche lo spazio su disco («df -h»).",
            "On the collector's machine: `systemctl status vedetta`, `journalctl -u vedetta -n 100`, and disk space (`df -h`).",
        ),
        (
            "«vedetta status» dice di quali sonde i calcoli sono fermi. Se lo dice, si rifanno da capo a collettore fermo: «systemctl stop vedetta», «vedetta rebuild», «systemctl start vedetta».",
            "`vedetta status` says which agents' derivation stopped; if it does, make it anew with the collector stopped: `systemctl stop vedetta`, `vedetta rebuild`, `systemctl start vedetta`.",
        ),
        (
            "I campioni sono al sicuro e continuano ad arrivare: quando i calcoli riprendono nessun dato manca.",
            "Samples are safe and go on arriving: when the derivation goes on, nothing is missing.",
        ),
    ];
    steps.map(|(it, en)| pick(lang, it, en).to_owned()).to_vec()
}

fn silent_steps(incident: &Incident, told: &Told<'_>, lang: Lang) -> Vec<String> {
    let agents = told.some(agents(told, incident), lang);
    let words = told.words(lang);
    vec![
        words.say(
            format!("Guarda se le macchine delle sonde sono accese e in rete: {agents}. Su ciascuna: «systemctl status vedetta-agent», poi «vedetta-agent status»."),
            format!("Are the agents' machines on and connected: {agents}? On each: `systemctl status vedetta-agent`, then `vedetta-agent status`."),
        ),
        words.say(
            "Se tacciono tutte insieme, guarda la rete fra loro e il collettore.".into(),
            "If all are silent at once, look at the network between them and the collector.".into(),
        ),
        words.say(
            "Il servizio può funzionare lo stesso: provalo a mano. Le misure fatte intanto non vanno perse: le sonde le conservano e le inviano al ritorno.".into(),
            "The service may well work: try it by hand. Agents keep what they measure and deliver it later.".into(),
        ),
    ]
}

fn line_step(line: &str, told: &Told<'_>, lang: Lang) -> String {
    let sites = told.moment.charter.sites.iter().filter(|site| site.facts.line.as_deref() == Some(line));
    let sites: Vec<String> = sites.map(|site| told.site(&site.id)).collect();
    let sites = told.some(sites, lang);
    told.words(lang).say(
        format!("Collega: {sites}. Guarda se là c'è corrente e se il router è acceso; poi segnala il guasto a chi fornisce la linea."),
        format!("It connects: {sites}. Is there power, is the router on? Then report it to the carrier."),
    )
}
