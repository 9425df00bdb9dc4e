//! What there is to know of an incident, each as a label and a text.

use collector_api::Reason;
use collector_derive::Outage;
use collector_derive::alert::{Incident, Root, Story};

use crate::publish::api::Share;
use crate::publish::mail::failing::{Failing, NAMED_MAX, agents, vantages};
use crate::publish::mail::told::{Told, between, pick};
use crate::publish::mail::view::Fact;
use crate::publish::{Lang, format, words};

/// When it ended, or now.
pub(super) fn ended_ms(incident: &Incident, at_ms: i64) -> i64 {
    incident.up_since_ms.or_else(|| incident.stops.last()?.to_ms).unwrap_or(at_ms)
}

/// Beginning, end, length.
pub(super) fn spell(story: &Story, told: &Told<'_>, lang: Lang) -> Vec<Fact> {
    let Story { incident, down_ms } = story;
    let words = told.words(lang);
    let (stops, lasted) = (incident.stops(), words.lasted(*down_ms));
    let began = format::local(incident.opened_ms, lang);
    let mut facts = vec![Fact::new(pick(lang, "Inizio", "Began"), began)];
    if !incident.is_down() && incident.up_since_ms.is_some() {
        let ended = format::local(ended_ms(incident, told.at_ms), lang);
        facts.push(Fact::new(pick(lang, "Fine", "Ended"), ended));
    }
    let length = match (stops, lang) {
        (0 | 1, _) => lasted,
        (_, Lang::It) => format!("{lasted} in tutto, in {stops} fermi"),
        (_, Lang::En) => format!("{lasted} in all, {stops} stops"),
    };
    facts.push(Fact::new(pick(lang, "Durata", "Lasted"), length));
    if incident.planned {
        let planned = words.say(
            "il fermo cade, almeno in parte, in una manutenzione programmata".into(),
            "some of it was planned work".into(),
        );
        facts.push(Fact::new(pick(lang, "Manutenzione", "Maintenance"), planned));
    }
    facts
}

/// `2 sonde su 2: ced1 (CED), bib1 (Biblioteca)`.
pub(super) fn seen(
    incident: &Incident,
    failing: &[Failing<'_>],
    told: &Told<'_>,
    lang: Lang,
) -> Option<Fact> {
    let label = pick(lang, "Visto da", "Seen from");
    if let Root::NoData(_) = &incident.root {
        let agents = told.some(agents(told, incident), lang);
        let none =
            told.words(lang).say(format!("nessuno; tacciono {agents}"), format!("nobody; silent: {agents}"));
        return Some(Fact::new(label, none));
    }
    let (fail, of) = incident.seen_by;
    if of == 0 || incident.root == Root::Engine {
        return None;
    }
    let names = told.some(vantages(failing), lang);
    let names = if names.is_empty() { names } else { format!(": {names}") };
    let words = told.words(lang);
    Some(Fact::new(
        label,
        words.say(format!("{} su {of}{names}", counted(fail)), format!("{fail} of {of} agents{names}")),
    ))
}

/// Its reason in words; of one that is over, also those of the record.
pub(super) fn why(
    incident: &Incident,
    stops: &[(String, Outage)],
    told: &Told<'_>,
    lang: Lang,
) -> Option<Fact> {
    let reason = Reason::from_code(incident.reason);
    let mut reasons = vec![reason];
    if !incident.is_down() {
        reasons.extend(stops.iter().flat_map(|(_, stop)| stop.causes.iter().map(|cause| cause.3)));
    }
    let mut told_reasons: Vec<String> = Vec::new();
    for reason in reasons.into_iter().filter(|reason| *reason != Reason::None) {
        let text = format!("{} ({})", words::reason(reason.name(), lang), reason.name());
        if !told_reasons.contains(&text) {
            told_reasons.push(text);
        }
    }
    let text = told.some(told_reasons, lang);
    (!text.is_empty()).then(|| Fact::new(pick(lang, "Perché", "Why"), text))
}

/// What is asked, by whom, when last.
pub(super) fn tested(failing: &[Failing<'_>], told: &Told<'_>) -> Option<Fact> {
    let each = failing.iter().take(NAMED_MAX).map(|one| {
        let name = told.words(Lang::It).path(one.check.id.as_str());
        let (kind, target) = (one.check.probe.kind(), one.check.probe.target());
        let why = words::reason(one.reason.name(), Lang::It);
        let why = if why.is_empty() { why } else { format!(", {why}") };
        let last = one.last_ms.map_or_else(String::new, |ms| {
            format!(", ultima misura {}", format::near(ms, told.at_ms, Lang::It))
        });
        format!(
            "{name} ({kind} {target}){why}, da {} su {}{last}",
            counted(u32::try_from(one.seen_by.len()).unwrap_or(u32::MAX)),
            one.vantages
        )
    });
    let mut each: Vec<String> = each.collect();
    if failing.len() > NAMED_MAX {
        each.push(told.words(Lang::It).others(failing.len() - NAMED_MAX));
    }
    (!each.is_empty()).then(|| Fact::new("Che cosa", each.join("; ")))
}

/// What else it explains.
pub(super) fn same_cause(incident: &Incident, told: &Told<'_>, lang: Lang) -> Option<Fact> {
    let words = told.words(lang);
    let own = words.root(&incident.root);
    // A row's own checks are told already.
    let row = match &incident.root {
        Root::Row(service) => format!("{}, ", words.service(service.as_str())),
        Root::Part(path) => format!("{}, ", words.path(path)),
        _ => String::new(),
    };
    let mut names = words.explained(incident);
    names.retain(|name| *name != own && (row.is_empty() || !name.starts_with(&row)));
    (!names.is_empty()).then(|| Fact::new(pick(lang, "Coinvolge", "Affects, too"), names.join("; ")))
}

/// How much of the year's allowance it cost, of services that promise something about plain time.
pub(super) fn cost(
    stops: &[(String, Outage)],
    (from_ms, to_ms): (i64, i64),
    told: &Told<'_>,
    lang: Lang,
) -> Vec<Fact> {
    let mut facts = Vec::new();
    for service in told.now.services.iter().filter(|service| service.mean.is_none()) {
        let (Some(promise), _) = service.promised() else { continue };
        let own = stops.iter().filter(|(id, _)| *id == service.id);
        let within = own.map(|(_, stop)| between(stop.start_ms.max(from_ms), stop.end_ms.min(to_ms)));
        let down_ms: u64 = within.sum();
        let Some(share) =
            Share::of(down_ms, promise.budget_ms).filter(|_| down_ms > 0 && promise.hours.is_none())
        else {
            continue;
        };
        let (lost, share) = (format::duration(down_ms, lang), share.text(lang));
        let (all, year) = (format::duration(promise.budget_ms, lang), told.now.year);
        let name = &service.name;
        let text = match lang {
            Lang::It => format!("{name}: {lost}, il {share} del fermo ammesso nel {year} ({all})"),
            Lang::En => format!("{name}: {lost}, {share} of what is allowed in {year} ({all})"),
        };
        facts.push(Fact::new(pick(lang, "È costato", "It cost"), text));
    }
    facts.truncate(3);
    facts
}

fn counted(agents: u32) -> String {
    format!("{agents} {}", if agents == 1 { "sonda" } else { "sonde" })
}
