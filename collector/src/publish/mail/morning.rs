//! The letter that a working day begins with: what is open, what ended, what needs no hurry, what is planned; of each
//! what to do, where something must be done.

use collector_api::Reason;
use collector_derive::alert::{Detail, Incident, Line, Morning, Notice, Root, Story};

use super::advice;
use super::failing::{failing, outages, services};
use super::told::{Opening, Told};
use super::view::{Command, Item, Section, View};
use crate::publish::Lang;
use crate::publish::words::alerts::{kind as kind_of, line};

/// Lines of one section; the others are counted.
const LINES_MAX: usize = 25;
/// Sections that the subject counts.
const COUNTED_MAX: usize = 5;

/// A kind of lines: of one, of several, its title.
struct Kind {
    one: &'static str,
    many: &'static str,
    title: &'static str,
}

/// In the order in which they are told.
const KINDS: [(&str, Kind); 13] = [
    ("open", Kind { one: "aperto", many: "aperti", title: "Aperti adesso" }),
    ("ended", Kind { one: "rientrato", many: "rientrati", title: "Rientrati dall'ultima mail" }),
    ("budget", Kind { one: "impegno", many: "impegni", title: "Impegni della Carta" }),
    (
        "degraded",
        Kind {
            one: "degradato",
            many: "degradati",
            title: "Degradati (funzionano, ma in parte o lentamente)",
        },
    ),
    (
        "member",
        Kind {
            one: "fermo singolo",
            many: "fermi singoli",
            title: "Fermi singoli (il servizio nel complesso funziona)",
        },
    ),
    ("certificate", Kind { one: "certificato", many: "certificati", title: "Certificati in scadenza" }),
    ("heartbeat", Kind { one: "lavoro", many: "lavori", title: "Lavori e copie non riusciti" }),
    (
        "coverage",
        Kind { one: "misura mancante", many: "misure mancanti", title: "Servizi misurati troppo poco" },
    ),
    ("clock", Kind { one: "orologio", many: "orologi", title: "Orologi delle sonde" }),
    ("agent", Kind { one: "sonda muta", many: "sonde mute", title: "Sonde che non inviano" }),
    ("backup", Kind { one: "copia", many: "copie", title: "Copia dell'archivio delle misure" }),
    ("configuration", Kind { one: "configurazione", many: "configurazioni", title: "Configurazione" }),
    ("planned", Kind { one: "manutenzione", many: "manutenzioni", title: "Manutenzioni di oggi" }),
];

/// Of a day.
pub(super) fn of(morning: &Morning, told: &Told<'_>) -> View {
    let mut sections = Vec::new();
    let mut counts = Vec::new();
    let mut english = Vec::new();
    for (name, kind) in KINDS {
        let lines: Vec<&Line> = morning.lines.iter().filter(|line| kind_of(line) == name).collect();
        if lines.is_empty() {
            continue;
        }
        counts.push(format!("{} {}", lines.len(), if lines.len() == 1 { kind.one } else { kind.many }));
        let item = |one: &&Line| Item {
            text: line(one, &told.moment.charter, told.at_ms, Lang::It),
            action: action(one, told),
        };
        let mut items: Vec<Item> = lines.iter().take(LINES_MAX).map(item).collect();
        shorten(&mut items);
        if lines.len() > LINES_MAX {
            items.push(Item::plain(format!("e altri {}: vedetta today", lines.len() - LINES_MAX)));
        }
        let in_english = lines.iter().take(LINES_MAX / 5);
        english.extend(in_english.map(|one| line(one, &told.moment.charter, told.at_ms, Lang::En)));
        sections.push(Section { title: kind.title.to_owned(), lines: items });
    }
    let day = morning.day.strftime("%d/%m").to_string();
    let open = morning.lines.iter().any(|line| matches!(line, Line::Open(_)));
    let heading = if open {
        "Buongiorno. C'è qualcosa di aperto, e il resto può aspettare l'orario d'ufficio: sotto ogni riga che cosa fare."
    } else {
        "Buongiorno. Nulla è fermo adesso; quello che segue può aspettare l'orario d'ufficio: sotto ogni riga che cosa fare."
    };
    let mut view = told.view(Opening {
        kind: "morning",
        tone: if open { "warn" } else { "plain" },
        badge: format!("MATTINA DEL {day}"),
        subject: format!("Mattina del {day}: {}", counted(&counts)),
        heading: heading.to_owned(),
        english: format!("Morning of {}: what is open, what ended, what needs a look.", morning.day),
    });
    view.sections = sections;
    view.english.steps = english;
    view.commands = vec![
        Command::new("La stessa lista, aggiornata", "vedetta today"),
        Command::new("Lo stato di tutto", "vedetta status"),
    ];
    view.notes.push(
        "Questa mail parte alle 7:30 dei giorni lavorativi solo se c'è qualcosa da dire. «vedetta» si dà sulla macchina del collettore, \
         «vedetta-agent» su quella di una sonda che fa il controllo."
            .to_owned(),
    );
    view
}

/// What is to be done alike is told once, with what differs.
fn shorten(items: &mut [Item]) {
    const DIFFERS: &str = " Per vedere";
    let mut before = String::new();
    for item in items {
        let Some((alike, rest)) = item.action.split_once(DIFFERS) else { continue };
        if alike == before {
            item.action = format!("Come sopra.{DIFFERS}{rest}");
        } else {
            alike.clone_into(&mut before);
        }
    }
}

/// `1 aperto, 2 certificati e altro`.
fn counted(counts: &[String]) -> String {
    let told = counts.iter().take(COUNTED_MAX).cloned().collect::<Vec<_>>().join(", ");
    if counts.len() > COUNTED_MAX { format!("{told} e altro") } else { told }
}

/// What to do about a line; empty where there is nothing.
fn action(line: &Line, told: &Told<'_>) -> String {
    match line {
        Line::Open(story) => open(story, told),
        Line::Ended(story, at_ms) => ended(&story.incident, *at_ms, told),
        Line::Budget { key, .. } => {
            format!("Da dove nasce il dato, e quanto fermo resta: vedetta explain {}", key.service)
        }
        Line::Notice { over_ms: Some(_), .. } => "È già rientrato: da guardare solo se si ripete.".to_owned(),
        Line::Notice { notice, .. } => noticed(notice, told),
        Line::Planned(work) => format!(
            "Se dura di più: vedetta maintenance extend {0} --for 1h. Se finisce prima: vedetta maintenance close {0}",
            work.entry
        ),
    }
}

fn open(story: &Story, told: &Told<'_>) -> String {
    let incident = &story.incident;
    let reason = Reason::from_code(incident.reason);
    let failing = failing(told, &incident.root);
    match (failing.first(), reason) {
        (_, Reason::None) => {
            "Che cosa fare lo dice la mail dell'incidente; per lo stato di adesso: vedetta status".to_owned()
        }
        (Some(one), reason) => {
            let advice = advice::of_reason(reason, &one.check.probe.target(), Lang::It);
            format!("{advice} Per vedere: vedetta-agent probe {}", one.check.id)
        }
        (None, reason) => {
            let root = told.words(Lang::It).root(&incident.root);
            advice::of_reason(reason, &root, Lang::It)
        }
    }
}

fn ended(incident: &Incident, at_ms: i64, told: &Told<'_>) -> String {
    if incident.planned {
        return "Era una manutenzione: nulla da fare.".to_owned();
    }
    if let Root::NoData(service) = &incident.root {
        return format!("Che cosa è mancato, e come si chiarisce: vedetta gaps {service}");
    }
    let services = services(told, incident);
    let mut stops = services.iter().flat_map(|service| outages(told, service, (incident.opened_ms, at_ms)));
    match stops.next() {
        Some(stop) => {
            let more = stops.count();
            let more = if more == 0 { String::new() } else { format!(" (e altri {more}: vedetta outages)") };
            format!("Annota la causa: vedetta outages annotate {} --cause … --note \"…\"{more}", stop.id)
        }
        None => "Nessun fermo di un servizio: nulla da annotare.".to_owned(),
    }
}

fn noticed(notice: &Notice, told: &Told<'_>) -> String {
    let reason = match &notice.detail {
        Detail::Reason(code) => Reason::from_code(*code),
        _ => Reason::None,
    };
    let check = told.moment.charter.checks().find(|check| check.id.as_str() == notice.name);
    let target = check.map_or_else(|| told.words(Lang::It).path(&notice.name), |check| check.probe.target());
    advice::of_notice(notice.kind, reason, &notice.name, &target)
}
