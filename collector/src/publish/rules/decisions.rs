//! One rule for each gauge of a decision.

use std::collections::BTreeMap;

use config::{Charter, Commitment, Service};

use super::{Alerting, Annotations, Words, escaped, runbook};
use crate::publish::Lang;
use crate::publish::api::Share;

/// A collector that starts anew tells nothing for some seconds: that ends no incident.
const KEEP: &str = "5m";

/// `page` wakes somebody.
const SEVERITY: &str = "{{ if eq $labels.severity \"page\" }}critical{{ else }}warning{{ end }}";

/// Incidents by kind, then budgets.
pub(super) fn rules(charter: &Charter, runbooks: &str) -> Vec<Alerting> {
    let probed: Vec<&Service> = charter.services.iter().filter(|row| row.checks().next().is_some()).collect();
    let mut rules: Vec<Alerting> = probed.iter().map(|row| down(row, runbooks)).collect();
    rules.extend(probed.iter().map(|row| silent(row, runbooks)));
    rules.push(part(runbooks));
    rules.push(line(runbooks));
    rules.push(engine(runbooks));
    rules.extend(probed.iter().flat_map(|row| budgets(row, runbooks)));
    rules
}

fn incident(
    alert: &'static str,
    matching: &str,
    words: Words,
    (runbooks, service): (&str, Option<&Service>),
) -> Alerting {
    // The series has the service too; without it here promtool takes rules of one name for doubles.
    let named = service.map(|row| ("service", row.id.to_string()));
    let labels = named.into_iter().chain([("severity", SEVERITY.to_owned())]).collect();
    Alerting {
        alert,
        expr: format!(
            "max by (kind, about, service, severity) (vedetta_incident_due_timestamp_seconds{{{matching}}}) > 0"
        ),
        pending: None,
        keep_firing_for: Some(KEEP),
        labels,
        annotations: Annotations {
            summary: words.summary.0,
            description: words.description.0,
            summary_en: words.summary.1,
            description_en: words.description.1,
            runbook_url: runbook(runbooks, alert, service),
        },
    }
}

fn down(row: &Service, runbooks: &str) -> Alerting {
    let (id, name) = (&row.id, escaped(&row.name));
    let words = Words {
        summary: (format!("{name}: non disponibile"), format!("{name}: down")),
        description: (
            format!(
                "Il servizio \"{name}\" non è disponibile, e il fermo è confermato. {}. Che cosa, da quando, visto da \
                 dove e perché: `vedetta today`. Per segnare la causa: `vedetta outages annotate`.",
                promised(row, Lang::It)
            ),
            format!(
                "The service \"{name}\" is down, and that is confirmed. {}. What, since when, seen from where and why: \
                 `vedetta today`. To note the cause: `vedetta outages annotate`.",
                promised(row, Lang::En)
            ),
        ),
    };
    let matching = format!("kind=\"row\",service=\"{id}\"");
    incident("VedettaServiceDown", &matching, words, (runbooks, Some(row)))
}

fn silent(row: &Service, runbooks: &str) -> Alerting {
    let (id, name) = (&row.id, escaped(&row.name));
    let words = Words {
        summary: (format!("{name}: nessuna misura"), format!("{name}: no measurements")),
        description: (
            format!(
                "Da almeno 15 minuti nessuna sonda misura \"{name}\": non si sa se funzioni, e il tempo non osservato \
                 indebolisce la prova dell'impegno. Sonde: `vedetta agent list`; le loro misure restano in coda e \
                 arrivano dopo."
            ),
            format!(
                "For at least 15 minutes no agent has measured \"{name}\": nobody knows whether it works, and unobserved \
                 time weakens the proof of the promise. Agents: `vedetta agent list`; what they measure is spooled and \
                 arrives later."
            ),
        ),
    };
    let matching = format!("kind=\"no_data\",service=\"{id}\"");
    incident("VedettaServiceSilent", &matching, words, (runbooks, Some(row)))
}

fn part(runbooks: &str) -> Alerting {
    let words = Words::new(
        ("{{ $labels.about }}: non disponibile", "{{ $labels.about }}: down"),
        (
            "La parte `{{ $labels.about }}` non è disponibile, e il fermo è confermato; ha un suo responsabile nella \
             configurazione. Che cosa, da quando e perché: `vedetta today`.",
            "The part `{{ $labels.about }}` is down, and that is confirmed; somebody of its own answers for it in the \
             configuration. What, since when and why: `vedetta today`.",
        ),
    );
    incident("VedettaPartDown", "kind=\"part\"", words, (runbooks, None))
}

fn line(runbooks: &str) -> Alerting {
    let words = Words::new(
        ("Linea {{ $labels.about }}: non disponibile", "Line {{ $labels.about }}: down"),
        (
            "La linea `{{ $labels.about }}` non è disponibile: ciò che ne dipende (access point, sonde, servizi della \
             sede) è fermo per questa sola causa. L'elenco: `vedetta today`.",
            "The line `{{ $labels.about }}` is down: what hangs on it (access points, agents, services of the site) is \
             down for this one cause. The list: `vedetta today`.",
        ),
    );
    incident("VedettaLineDown", "kind=\"line\"", words, (runbooks, None))
}

fn engine(runbooks: &str) -> Alerting {
    let words = Words::new(
        ("Vedetta non elabora tutte le misure", "Vedetta does not derive everything"),
        (
            "Da almeno 10 minuti il collettore non calcola, o non elabora il flusso di una sonda: ciò che mostra è \
             vecchio. Le misure sono al sicuro. Perché: `/readyz` e il registro di sistema; `vedetta rebuild` rifà i \
             calcoli.",
            "For at least 10 minutes the collector has not computed, or not derived an agent's stream: what it shows is \
             old. Measurements are safe. Why: `/readyz` and the system's log; `vedetta rebuild` computes anew.",
        ),
    );
    incident("VedettaEngineStale", "kind=\"engine\"", words, (runbooks, None))
}

/// Each promise of a share of time.
fn budgets(row: &Service, runbooks: &str) -> Vec<Alerting> {
    let of = |commitment: &Commitment| match commitment {
        Commitment::Availability(_) => Some("availability".to_owned()),
        Commitment::AvailabilityWithin(promise) => Some(format!("availability_within:{}", promise.hours)),
        _ => None,
    };
    row.commitments.iter().filter_map(|promise| Some(budget(row, promise, &of(promise)?, runbooks))).collect()
}

/// Levels rise; each has its words.
fn budget(row: &Service, promise: &Commitment, commitment: &str, runbooks: &str) -> Alerting {
    const ALERT: &str = "VedettaBudget";
    let (id, name) = (&row.id, escaped(&row.name));
    let by_level = |[burning, below, forecast, irrecoverable]: [&str; 4]| {
        format!(
            "{{{{ if eq $labels.level \"burning\" }}}}{burning}{{{{ else if eq $labels.level \"below\" }}}}{below}{{{{ else \
             if eq $labels.level \"forecast\" }}}}{forecast}{{{{ else }}}}{irrecoverable}{{{{ end }}}}"
        )
    };
    let it = by_level([
        "il fermo ammesso nell'anno si consuma troppo in fretta",
        "sotto soglia alla data, ma recuperabile",
        "con l'andamento degli ultimi trenta giorni l'impegno non sarà mantenuto",
        "l'impegno non è più raggiungibile, nemmeno senza altri fermi",
    ]);
    let en = by_level([
        "the year's allowance of down time goes too fast",
        "below its target to date, but it can recover",
        "going on as in the last thirty days, the promise will be broken",
        "the promise cannot be kept any more, even without another stop",
    ]);
    let (promised_it, promised_en) = (sentence(promise, Lang::It), sentence(promise, Lang::En));
    Alerting {
        alert: ALERT,
        expr: format!(
            "max by (service, commitment, level) (vedetta_budget_alert{{service=\"{id}\",commitment=\"{commitment}\"}}) == 1"
        ),
        pending: None,
        keep_firing_for: Some(KEEP),
        labels: BTreeMap::from([
            ("service", id.to_string()),
            ("commitment", commitment.to_owned()),
            ("severity", "warning".to_owned()),
        ]),
        annotations: Annotations {
            summary: format!("{name}: {it} (provvisorio)"),
            description: format!(
                "\"{name}\": {it} (provvisorio). {promised_it}. Cifre, fermi e margine: `vedetta explain {id}`."
            ),
            summary_en: format!("{name}: {en} (provisional)"),
            description_en: format!(
                "\"{name}\": {en} (provisional). {promised_en}. Figures, stops and what is left: `vedetta explain {id} --lang en`."
            ),
            runbook_url: runbook(runbooks, ALERT, Some(row)),
        },
    }
}

/// What the row promises of time.
fn promised(row: &Service, lang: Lang) -> String {
    let of_time = |promise: &&Commitment| {
        matches!(promise, Commitment::Availability(_) | Commitment::AvailabilityWithin(_))
    };
    row.commitments.iter().find(of_time).map_or_else(
        || match lang {
            Lang::It => "Osservato, nessun impegno di disponibilità".to_owned(),
            Lang::En => "Observed, no promise of availability".to_owned(),
        },
        |promise| sentence(promise, lang),
    )
}

fn sentence(promise: &Commitment, lang: Lang) -> String {
    let (target, strict, hours) = match promise {
        Commitment::Availability(promise) => (promise.target, promise.strict, None),
        Commitment::AvailabilityWithin(promise) => (promise.target, promise.strict, Some(&promise.hours)),
        _ => return String::new(),
    };
    let share = Share::of(target.p, target.q).map_or_else(String::new, |share| share.short(lang));
    match (lang, hours) {
        (Lang::It, hours) => {
            let within = hours.map_or_else(String::new, |hours| format!(" nelle ore di `{hours}`"));
            let than = if strict { "oltre" } else { "almeno" };
            // As it is spoken: l'ottantacinque, l'undici, il novantotto.
            let vowel = share.starts_with('8') || share.starts_with("11%") || share.starts_with("11,");
            let article = if vowel { "l'" } else { "il " };
            format!("Impegno: disponibilità annua {than} {article}{share}{within}")
        }
        (Lang::En, hours) => {
            let within = hours.map_or_else(String::new, |hours| format!(" in the hours of `{hours}`"));
            let than = if strict { "more than" } else { "at least" };
            format!("Promise: available {than} {share} of the year{within}")
        }
    }
}
