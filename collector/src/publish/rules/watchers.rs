//! What only somebody outside sees, and what the morning mail says without a decision of its own.
//!
//! Templates of Prometheus cannot divide: a value is in the unit that people read.

use std::collections::BTreeMap;

use collector_derive::CLOCK_ERROR_MAX_MS;
use collector_derive::alert::{CERTIFICATE_MS, SILENT_MS};
use config::Charter;

use super::{Alerting, Annotations, Words, runbook};

/// Nobody decides for so long, s: the engine looks every five.
const UNDECIDED_S: u32 = 120;
/// Nothing that goes out was taken for so long, s.
const UNTAKEN_S: u32 = 900;

/// In the order of what they mean for everything below.
pub(super) fn rules(charter: &Charter, runbooks: &str) -> Vec<Alerting> {
    vec![
        watchdog(runbooks),
        collector_down(runbooks),
        undecided(runbooks),
        not_ready(runbooks),
        outlet_silent(runbooks),
        config_rejected(runbooks),
        agent_silent(runbooks),
        agent_clock(runbooks),
        certificate_expiring(runbooks),
        coverage_low(charter, runbooks),
    ]
}

fn watcher(
    runbooks: &str,
    alert: &'static str,
    expr: String,
    pending: Option<&'static str>,
    severity: &str,
    words: Words,
) -> Alerting {
    Alerting {
        alert,
        expr,
        pending,
        keep_firing_for: None,
        labels: BTreeMap::from([("severity", severity.to_owned())]),
        annotations: Annotations {
            summary: words.summary.0,
            description: words.description.0,
            summary_en: words.summary.1,
            description_en: words.description.1,
            runbook_url: runbook(runbooks, alert, None),
        },
    }
}

fn watchdog(runbooks: &str) -> Alerting {
    watcher(
        runbooks,
        "VedettaWatchdog",
        "vector(1)".to_owned(),
        None,
        "none",
        Words::new(
            ("La catena degli avvisi è viva", "The chain of alerts is alive"),
            (
                "Sempre acceso: va a un sorvegliante esterno, che dà l'allarme se smette di arrivare.",
                "Always on: it goes to a watcher outside, who raises the alarm when it stays away.",
            ),
        ),
    )
}

fn collector_down(runbooks: &str) -> Alerting {
    watcher(
        runbooks,
        "VedettaCollectorDown",
        "up{job=\"vedetta\"} == 0 or absent(up{job=\"vedetta\"})".to_owned(),
        Some("3m"),
        "critical",
        Words::new(
            ("Il collettore di Vedetta non risponde", "Vedetta's collector does not answer"),
            (
                "Prometheus non legge il collettore da 3 minuti. Le sonde continuano a misurare e conservano tutto; \
                     nessun avviso di Vedetta parte finché non torna. `systemctl status vedetta`.",
                "Prometheus has not read the collector for 3 minutes. Agents go on measuring and keep everything; no \
                     alert of Vedetta leaves until it is back. `systemctl status vedetta`.",
            ),
        ),
    )
}

fn undecided(runbooks: &str) -> Alerting {
    watcher(
        runbooks,
        "VedettaUndecided",
        format!(
            "time() - max(vedetta_alerts_decided_timestamp_seconds) > {UNDECIDED_S} or \
                 absent(vedetta_alerts_decided_timestamp_seconds) and on () max(up{{job=\"vedetta\"}}) == 1"
        ),
        Some("2m"),
        "critical",
        Words::new(
            ("Il motore degli avvisi di Vedetta è fermo", "Vedetta's alert engine does not run"),
            (
                "Il collettore risponde ma non decide più nulla: un fermo di adesso non lo direbbe nessuno. Di solito \
                     è il disco pieno o in errore: `/readyz` e `journalctl -u vedetta`.",
                "The collector answers but decides nothing: nobody would tell of a stop that begins now. Mostly a \
                     disk that is full or fails: `/readyz` and `journalctl -u vedetta`.",
            ),
        ),
    )
}

fn not_ready(runbooks: &str) -> Alerting {
    watcher(
        runbooks,
        "VedettaNotReady",
        "max(vedetta_ready) == 0".to_owned(),
        Some("5m"),
        "critical",
        Words::new(
            ("Il collettore di Vedetta ha un guasto suo", "Vedetta's collector has a fault of its own"),
            (
                "Da 5 minuti `/readyz` è rosso: archivio, disco quasi pieno, orologio o posta in uscita. La frase \
                     esatta: `curl http://127.0.0.1:8080/readyz`.",
                "`/readyz` has been red for 5 minutes: store, a disk that is nearly full, clock or outgoing mail. The exact \
                     sentence: `curl http://127.0.0.1:8080/readyz`.",
            ),
        ),
    )
}

fn outlet_silent(runbooks: &str) -> Alerting {
    watcher(
        runbooks,
        "VedettaOutletSilent",
        format!("time() - max by (outlet, to) (vedetta_outlet_last_success_timestamp_seconds) > {UNTAKEN_S}"),
        Some("5m"),
        "warning",
        Words::new(
            (
                "Vedetta non raggiunge {{ $labels.to }} ({{ $labels.outlet }})",
                "Vedetta does not reach {{ $labels.to }} ({{ $labels.outlet }})",
            ),
            (
                "Da oltre 15 minuti {{ $labels.to }} non accetta ciò che il collettore invia ({{ $labels.outlet }}), o \
                     il segno di vita è trattenuto. Perché: `journalctl -u vedetta`.",
                "For more than 15 minutes {{ $labels.to }} has not taken what the collector sends ({{ $labels.outlet }}), \
                     or the heartbeat is withheld. Why: `journalctl -u vedetta`.",
            ),
        ),
    )
}

fn config_rejected(runbooks: &str) -> Alerting {
    watcher(
        runbooks,
        "VedettaConfigRejected",
        "max(vedetta_config_last_reload_successful) == 0".to_owned(),
        None,
        "warning",
        Words::new(
            ("Configurazione di Vedetta rifiutata", "Vedetta's configuration was refused"),
            (
                "L'ultima configurazione provata ha errori; resta in vigore quella di prima. `vedetta check` li elenca.",
                "The newest configuration that was tried has mistakes; the one before stays in force. `vedetta check` \
                     lists them.",
            ),
        ),
    )
}

fn agent_silent(runbooks: &str) -> Alerting {
    watcher(
        runbooks,
        "VedettaAgentSilent",
        format!(
            "(time() - max by (agent, site) (vedetta_agent_last_push_timestamp_seconds > 0)) / 60 > {}",
            SILENT_MS / 60_000
        ),
        None,
        "warning",
        Words::new(
            ("Sonda {{ $labels.agent }}: non invia misure", "Agent {{ $labels.agent }}: sends nothing"),
            (
                "La sonda {{ $labels.agent }} ({{ $labels.site }}) non invia misure da \
                     {{ printf \"%.0f\" $value }} minuti. Se è accesa, le conserva e le invierà: \
                     `systemctl status vedetta-agent` su quella macchina.",
                "The agent {{ $labels.agent }} ({{ $labels.site }}) has sent nothing for \
                     {{ printf \"%.0f\" $value }} minutes. If it runs, it keeps what it measures and sends it \
                     later: `systemctl status vedetta-agent` on that machine.",
            ),
        ),
    )
}

fn agent_clock(runbooks: &str) -> Alerting {
    watcher(
        runbooks,
        "VedettaAgentClock",
        format!("max by (agent) (abs(vedetta_agent_clock_offset_seconds)) > {}", CLOCK_ERROR_MAX_MS / 1000),
        Some("5m"),
        "warning",
        Words::new(
            ("Sonda {{ $labels.agent }}: orologio sbagliato", "Agent {{ $labels.agent }}: wrong clock"),
            (
                "L'orologio della sonda {{ $labels.agent }} differisce di \
                     {{ reReplaceAll \"\\\\.\" \",\" (printf \"%.1f\" $value) }} s da quello del collettore: se neppure NTP lo \
                     garantisce, ciò che misura è tempo ignoto. `timedatectl` su quella macchina.",
                "The clock of agent {{ $labels.agent }} is {{ printf \"%.1f\" $value }} s off the collector's: unless NTP \
                     bounds it, what it measures is unknown time. `timedatectl` on that machine.",
            ),
        ),
    )
}

fn certificate_expiring(runbooks: &str) -> Alerting {
    watcher(
        runbooks,
        "VedettaCertificateExpiring",
        format!(
            "(min by (service, check) (vedetta_certificate_not_after_timestamp_seconds) - time()) / 86400 < {}",
            CERTIFICATE_MS / 86_400_000
        ),
        None,
        "warning",
        Words::new(
            ("{{ $labels.check }}: certificato in scadenza", "{{ $labels.check }}: certificate ends soon"),
            (
                "{{ if gt $value 0.0 }}Il certificato di `{{ $labels.check }}`, o uno sopra di lui, scade fra \
                     {{ reReplaceAll \"\\\\.\" \",\" (printf \"%.1f\" $value) }} giorni.{{ else }}Il certificato di \
                     `{{ $labels.check }}`, o uno sopra di lui, è scaduto.{{ end }} Tutti: `vedetta certificates`.",
                "{{ if gt $value 0.0 }}The certificate of `{{ $labels.check }}`, or one above it, ends in \
                     {{ printf \"%.1f\" $value }} days.{{ else }}The certificate of `{{ $labels.check }}`, or one \
                     above it, has ended.{{ end }} All: `vedetta certificates`.",
            ),
        ),
    )
}

fn coverage_low(charter: &Charter, runbooks: &str) -> Alerting {
    let coverage = charter.rules.coverage_min;
    watcher(
        runbooks,
        "VedettaCoverageLow",
        format!(
            "100 * max by (service) (vedetta_window_known_ratio{{window=\"1d\"}}) < {}",
            percent(coverage.p, coverage.q)
        ),
        Some("1h"),
        "warning",
        Words::new(
            ("{{ $labels.service }}: misurato troppo poco", "{{ $labels.service }}: too little was measured"),
            (
                "Delle ultime 24 ore di `{{ $labels.service }}` è misurato il \
                     {{ reReplaceAll \"\\\\.\" \",\" (printf \"%.1f\" $value) }}%: il tempo non osservato indebolisce la prova \
                     dell'impegno. Perché: `vedetta gaps`.",
                "Of the last 24 hours of `{{ $labels.service }}` {{ printf \"%.1f\" $value }}% is measured: unobserved \
                     time weakens the proof of the promise. Why: `vedetta gaps`.",
            ),
        ),
    )
}

/// `99`, `98.5`: a number of an expression.
fn percent(p: u64, q: u64) -> String {
    let text = collector_derive::Ratio { p, q }.percent_floor(4);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
