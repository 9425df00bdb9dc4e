//! Letters of an incident: it is open, it still is, it is over.

mod commands;
mod facts;
mod steps;

use collector_derive::alert::{Incident, Root, STEADY_MS, Stop, Story, severity};
use config::Severity;

use self::commands::{causes_note, charge, commands, planning};
use self::facts::{cost, ended_ms, same_cause, seen, spell, tested, why};
use self::steps::steps;
use super::failing::{failing, services, stops_of};
use super::promise;
use super::told::{Opening, Told, between, stretch};
use super::view::{Item, Section, View};
use crate::publish::{Lang, format};

/// What newcomers ask first.
const WHERE: &str = "Sonda: il programma («vedetta-agent») che da una sede prova i servizi. I comandi «vedetta» si danno sulla macchina del \
                     collettore, che raccoglie le misure.";
/// Stops that a letter lists.
const STOPS_MAX: usize = 40;

/// It is open.
pub(super) fn opened(story: &Story, told: &Told<'_>) -> View {
    let page = severity(&told.moment.charter, &story.incident.root) == Severity::Page;
    let (tone, badge) = if page { ("bad", "URGENTE") } else { ("warn", "DA SISTEMARE") };
    let prefix = if page { "URGENTE - " } else { "" };
    let subject = format!("{prefix}{}", in_short(&story.incident.root, told, Lang::It));
    ongoing(story, told, ("opened", tone, badge), subject)
}

/// It still is.
pub(super) fn again(story: &Story, told: &Told<'_>) -> View {
    let lasts = told.words(Lang::It).lasted(between(story.incident.opened_ms, told.at_ms));
    let subject = format!("ANCORA - {} da {lasts}", in_short(&story.incident.root, told, Lang::It));
    ongoing(story, told, ("again", "bad", "ANCORA APERTO"), subject)
}

/// It is over.
pub(super) fn closed(story: &Story, told: &Told<'_>) -> View {
    let Story { incident, down_ms } = story;
    let (root, lasted) = (told.words(Lang::It).root(&incident.root), told.words(Lang::It).lasted(*down_ms));
    let mut view = told.view(Opening {
        kind: "closed",
        tone: "good",
        badge: "RIENTRATO".to_owned(),
        subject: format!("RIENTRATO - {root}, {lasted}"),
        heading: back(&incident.root, told, Lang::It),
        english: back(&incident.root, told, Lang::En),
    });
    let services = services(told, incident);
    let ended_ms = ended_ms(incident, told.at_ms);
    let stops = stops_of(told, &services, (incident.opened_ms, ended_ms));
    for lang in [Lang::It, Lang::En] {
        let mut facts = spell(story, told, lang);
        facts.extend(why(incident, &stops, told, lang));
        facts.extend(same_cause(incident, told, lang));
        facts.extend(promise::facts(told, &services, &incident.root, lang));
        facts.extend(cost(&stops, (incident.opened_ms, ended_ms), told, lang));
        match lang {
            Lang::It => view.facts = facts,
            Lang::En => view.english.facts = facts,
        }
    }
    view.sections.extend(flaps(incident, told.at_ms));
    if stops.is_empty() {
        view.steps
            .push("Non c'è nulla da fare: nel registro della Carta non risulta un fermo da spiegare.".into());
        view.english.steps.push("Nothing to do: the record has no stop to explain.".into());
    } else {
        view.steps.push(
            "Il servizio è tornato: da fare resta solo annotare la causa, anche nei prossimi giorni, con il comando qui sotto. \
             Serve alla relazione annuale: ogni fermo conta nel dato, ma di quelli di terzi si dice di chi erano."
                .into(),
        );
        view.english
            .steps
            .push("Annotate the cause with the command above; it is listed in the annual report.".into());
    }
    view.commands = commands(&services, &stops);
    view.notes.push(WHERE.to_owned());
    view.notes.extend((!stops.is_empty()).then(causes_note));
    view
}

fn ongoing(
    story: &Story,
    told: &Told<'_>,
    (kind, tone, badge): (&'static str, &'static str, &str),
    subject: String,
) -> View {
    let incident = &story.incident;
    let mut view = told.view(Opening {
        kind,
        tone,
        badge: badge.to_owned(),
        subject,
        heading: headline(incident, told, Lang::It),
        english: headline(incident, told, Lang::En),
    });
    let services = services(told, incident);
    let failing = failing(told, &incident.root);
    let stops = stops_of(told, &services, (incident.opened_ms, told.at_ms));
    for lang in [Lang::It, Lang::En] {
        let mut facts = spell(story, told, lang);
        facts.extend(seen(incident, &failing, told, lang));
        facts.extend(why(incident, &stops, told, lang));
        if lang == Lang::It {
            facts.extend(tested(&failing, told));
        }
        facts.extend(same_cause(incident, told, lang));
        facts.extend(promise::facts(told, &services, &incident.root, lang));
        let told_steps = steps(incident, &failing, told, lang);
        match lang {
            Lang::It => (view.facts, view.steps) = (facts, told_steps),
            Lang::En => (view.english.facts, view.english.steps) = (facts, told_steps),
        }
    }
    if incident.stops() > 1 {
        view.sections.extend(flaps(incident, told.at_ms));
    }
    view.commands = charge(incident).into_iter().chain(commands(&services, &stops)).collect();
    view.commands.extend(planning(&incident.root, told));
    view.notes.push(WHERE.to_owned());
    view.notes.extend((!stops.is_empty()).then(causes_note));
    view
}

/// `Gestione intranet non disponibile`.
fn in_short(root: &Root, told: &Told<'_>, lang: Lang) -> String {
    let words = told.words(lang);
    match root {
        Root::Engine => words.say(
            "calcoli del collettore fermi o incompleti".into(),
            "derivation stopped or incomplete".into(),
        ),
        Root::NoData(service) => {
            let name = words.service(service.as_str());
            words.say(format!("{name}: nessuna misura"), format!("{name}: no measurements"))
        }
        Root::Line(line) => words.say(format!("linea {line} non disponibile"), format!("line {line} down")),
        Root::Row(_) | Root::Part(_) => {
            let name = words.root(root);
            words.say(format!("{name} non disponibile"), format!("{name} down"))
        }
    }
}

/// What happened, in a sentence.
fn headline(incident: &Incident, told: &Told<'_>, lang: Lang) -> String {
    let words = told.words(lang);
    let name = match &incident.root {
        Root::NoData(service) => words.service(service.as_str()),
        root => words.root(root),
    };
    if !incident.is_down() {
        let since = incident.up_since_ms.unwrap_or(told.at_ms);
        let (up, minutes) = (words.lasted(between(since, told.at_ms)), STEADY_MS / 60_000);
        return words.say(
            format!("«{name}»: tornato da {up}; l'avviso si chiude dopo {minutes} minuti senza altri fermi."),
            format!("“{name}”: back for {up}; this ends after {minutes} minutes without another stop."),
        );
    }
    let since_ms = incident.stops.last().map_or(incident.opened_ms, |stop| stop.from_ms);
    let lasts = words.lasted(between(since_ms, told.at_ms));
    match &incident.root {
        Root::Engine => words.say(
            format!("I calcoli del collettore sono fermi o incompleti da {lasts}: dati e avvisi possono mancare o essere vecchi."),
            format!("The collector's derivation has been stopped or incomplete for {lasts}: figures and alerts may be missing or old."),
        ),
        Root::Line(line) => words.say(
            format!("La linea «{line}» non è disponibile da {lasts}."),
            format!("The line “{line}” has been down for {lasts}."),
        ),
        Root::NoData(_) => words.say(
            format!("Da {lasts} nessuno misura «{name}»: non si sa se è disponibile."),
            format!("Nobody has measured “{name}” for {lasts}: whether it is up is unknown."),
        ),
        Root::Row(_) => words.say(
            format!("Il servizio «{name}» non è disponibile da {lasts}."),
            format!("The service “{name}” has been down for {lasts}."),
        ),
        Root::Part(_) => words.say(
            format!("«{name}» non è disponibile da {lasts}."),
            format!("“{name}” has been down for {lasts}."),
        ),
    }
}

fn back(root: &Root, told: &Told<'_>, lang: Lang) -> String {
    let words = told.words(lang);
    match root {
        Root::Engine => words.say(
            "I calcoli del collettore sono ripresi.".into(),
            "The collector's derivation goes on.".into(),
        ),
        Root::NoData(service) => {
            let name = words.service(service.as_str());
            words.say(format!("«{name}» è di nuovo misurato."), format!("“{name}” is measured again."))
        }
        Root::Line(line) => {
            words.say(format!("La linea «{line}» è tornata."), format!("The line “{line}” is back."))
        }
        Root::Row(_) | Root::Part(_) => {
            let name = words.root(root);
            words.say(format!("«{name}» è di nuovo disponibile."), format!("“{name}” is up again."))
        }
    }
}

/// Its stops, a line each; of very many the first and the last.
fn flaps(incident: &Incident, at_ms: i64) -> Option<Section> {
    let line = |stop: &Stop| {
        let Some(to_ms) = stop.to_ms else {
            return Item::plain(format!("{}, in corso", format::local(stop.from_ms, Lang::It)));
        };
        let lasted = format::duration(between(stop.from_ms, to_ms), Lang::It);
        Item::plain(format!("{}, {lasted}", stretch(stop.from_ms, to_ms.min(at_ms), Lang::It)))
    };
    let all = &incident.stops;
    if all.is_empty() {
        return None;
    }
    let listed = all.len().min(STOPS_MAX);
    let (first, last) = (&all[..listed - listed / 2], &all[all.len() - listed / 2..]);
    let left_out = incident.stops().saturating_sub(listed as u64);
    let mut items: Vec<Item> = first.iter().map(line).collect();
    if left_out > 0 {
        items.push(Item::plain(format!("… altri {left_out} …")));
    }
    items.extend(last.iter().map(line));
    Some(Section { title: format!("Fermi ({})", incident.stops()), lines: items })
}
