//! The week of issue 6 as it is read: few mails, and each of its facts in one of them.
//!
//! The decisions are those of `collector-derive`'s own test of the week; the charter is the example of Senigallia.

use std::collections::BTreeMap;

use collector_derive::{Charters, Corrections, Reading, RunIndex};

use super::*;

fn decisions() -> Vec<Decision> {
    let file = include_str!("../../../../derive/src/alert/tests/week.jsonl");
    file.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// What was known at an instant: Senigallia's charter, of which nothing was measured.
fn senigallia(at_ms: i64) -> Moment {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "../config/examples/senigallia.yaml"].iter().collect();
    let mut charter = config::load(&path).unwrap().vedetta.charter;
    charter.act.measured_from = None;
    let history = [(0, charter)];
    let figures = Charters::of(&history, Period::civil_year(2026), at_ms).figures(
        &RunIndex::default(),
        &Corrections::default(),
        &Reading::default(),
    );
    let [(_, charter)] = history;
    Moment {
        now_ms: at_ms,
        figures,
        charter: Arc::new(charter),
        alerts: None,
        paces: BTreeMap::new(),
        ..moment()
    }
}

/// Each mail with its recipients; line breaks are spaces.
fn mails() -> Vec<(Vec<Id>, String)> {
    let templates = Templates::default();
    let told = decisions().into_iter().map(|decision| {
        let Letter { subject, text, html, .. } =
            templates.compose(&decision, &senigallia(decision.at_ms), None);
        assert!(text.len() + html.len() <= BYTES_MAX);
        let text = format!("{subject} {text}");
        (decision.to, text.split_whitespace().collect::<Vec<_>>().join(" "))
    });
    told.collect()
}

#[test]
fn few_mails_have_every_fact() {
    let mails = mails();
    let of = |who: &str| mails.iter().filter(|(to, _)| to.contains(&id(who))).count();
    assert!(of("reperibile") <= 6, "{}", of("reperibile"));
    assert!(of("ufficio") <= 10, "{}", of("ufficio"));
    assert_eq!(of("responsabile"), 0);

    for (who, facts) in [
        // The night: one line for the link, its twelve access points and its agent.
        (
            "ufficio",
            &[
                "linea fwa-pascoli: rientrato, dal 17/11/2026 02:40 al 17/11/2026 05:10, 2 h 30 min",
                "Access point: 12 (pascoli1, ",
                "pascoli12)",
                "sonda pas1",
            ][..],
        ),
        // The backup: missed once, then twice.
        (
            "ufficio",
            &[
                "Copie notturne, notte, lavoro non riuscito o non segnalato: il lavoro non si è segnalato in tempo",
            ],
        ),
        (
            "ufficio",
            &[
                "Copie notturne non disponibile",
                "19/11/2026 06:00 CET",
                "nessuna corsa riuscita è abbastanza recente",
            ],
        ),
        ("ufficio", &["RIENTRATO - Gestione data center, Backup e restore, Copie notturne"]),
        // Mail that flaps eleven times.
        ("reperibile", &["URGENTE - Gestione intranet non disponibile"]),
        ("reperibile", &["ANCORA - Gestione intranet non disponibile"]),
        (
            "reperibile",
            &[
                "RIENTRATO - Gestione intranet, 44 min 00 s",
                "FERMI (11)",
                "19/11/2026 10:00:00 – 10:04:00 CET, 4 min 00 s",
                "19/11/2026 11:40:00 – 11:44:00 CET",
            ],
        ),
        // Certificates.
        ("ufficio", &["sito, certificato in scadenza il 30/11/2026 12:00"]),
        ("ufficio", &["smtp, certificato in scadenza il 04/12/2026 23:59"]),
        // Access points.
        (
            "ufficio",
            &["lungomare3, fermo: per il controller l'access point non è in funzione, dal 18/11/2026 09:00"],
        ),
        ("ufficio", &["lungomare4, fermo"]),
        ("ufficio", &["rotonda1, fermo"]),
        // Five blips of the carrier, each in the morning after.
        ("ufficio", &["dal 16/11/2026 10:12 al 16/11/2026 10:15"]),
        ("ufficio", &["dal 17/11/2026 15:40 al 17/11/2026 15:42"]),
        ("ufficio", &["dal 18/11/2026 11:05 al 18/11/2026 11:09"]),
        ("ufficio", &["dal 19/11/2026 19:10 al 19/11/2026 19:12"]),
        ("ufficio", &["dal 20/11/2026 09:30 al 20/11/2026 09:33"]),
        // Saturday's work: its stop, and that it was planned.
        (
            "ufficio",
            &[
                "Gestione data center: rientrato, dal 21/11/2026 09:00 al 21/11/2026 12:00, 3 h 00 min",
                "durante una manutenzione programmata",
            ],
        ),
        // Sunday: the agent, and the row that it alone sees.
        ("ufficio", &["sonda vps1: non invia misure, dal 22/11/2026 03:00 al 22/11/2026 22:00, rientrato"]),
        (
            "ufficio",
            &["Gestione front end: nessuna misura dal 22/11/2026 03:00 al 22/11/2026 22:00, 19 h 00 min"],
        ),
        // The clock, and the file.
        ("ufficio", &["sonda bib1: orologio sbagliato (+9,0 s), dal 18/11/2026 12:00"]),
        ("ufficio", &["configurazione rifiutata", "vedetta.yaml:41:9: unknown key `interval`"]),
    ] {
        let told = mails
            .iter()
            .any(|(to, text)| to.contains(&id(who)) && facts.iter().all(|fact| text.contains(fact)));
        assert!(told, "no mail of {who} has {facts:?}; there are {mails:#?}");
    }
}

/// The longest is for a phone, too.
#[test]
fn no_mail_of_the_week_is_a_book() {
    for (to, text) in mails() {
        assert!(text.len() < 16 * 1024, "{to:?}: {} bytes\n{text}", text.len());
    }
}
