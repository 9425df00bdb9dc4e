//! What stands in a cell, in words: shared by the page and the commands that show the same table.

use crate::publish::answers::OLD_AFTER_MS;
use crate::publish::api::{Commitment, Condition, Now, ServiceNow, Unmeasured};
use crate::publish::format;
use crate::publish::words::terms::Terms;
use crate::publish::words::{self, Lang, account};

/// What makes the table untrustworthy, worst first. Whoever shows figures shows these above them.
pub fn alarms(now: &Now, lang: Lang) -> Vec<String> {
    let l = lang.labels();
    let mut alarms = Vec::new();
    match now.last_sample_ms {
        None => alarms.push(l.stale_never.to_owned()),
        Some(last_ms) if now.now_ms - last_ms > OLD_AFTER_MS => {
            alarms.push(format!("{} {}.", l.stale_since, format::date_time(last_ms, lang)));
        }
        Some(_) => {}
    }
    for stream in &now.stale_streams {
        alarms.push(format!("{} {}: {}. {}", l.stale_stream, stream.agent, stream.reason, l.stale_stream_do));
    }
    for agent in &now.agents {
        let Some(entry) = agent.journal_missed else { continue };
        alarms.push(match lang {
            Lang::It => format!(
                "Il registro non ha più la voce #{entry} che la sonda {} ha visto: `vedetta verify`.",
                agent.id
            ),
            Lang::En => format!(
                "The journal no longer has entry #{entry} that agent {} has seen: `vedetta verify`.",
                agent.id
            ),
        });
    }
    for agent in now.agents.iter().filter(|agent| agent.silent) {
        alarms.push(match agent.last_push_ms {
            None => format!("{} {}.", l.mute_agent, agent.id),
            Some(last_ms) => {
                let last = format::near(last_ms, now.now_ms, lang);
                format!("{} {} ({}: {last}).", l.stale_agent, agent.id, l.last_push.to_lowercase())
            }
        });
    }
    alarms
}

/// Planned work that goes on or is near, each with the services it stops. Whoever shows the table shows these.
pub fn works(now: &Now, lang: Lang) -> Vec<String> {
    let name = |id: &String| {
        let service = now.services.iter().find(|service| service.id == *id);
        service.map_or_else(|| id.clone(), |service| service.name.clone())
    };
    let told = now.maintenance.iter().map(|work| {
        // Of everything, and of what no service has any more, the declared names say more.
        let about: Vec<String> = match work.services.len() {
            1..=3 => work.services.iter().map(name).collect(),
            _ => work.scope.clone(),
        };
        let about = match (about.as_slice(), lang) {
            ([all], Lang::It) if all == "*" => "tutti i servizi".to_owned(),
            ([all], Lang::En) if all == "*" => "all services".to_owned(),
            _ => about.join(", "),
        };
        format!("{about}: {}", words::notices::work(work, now.now_ms, lang))
    });
    told.collect()
}

/// `2 su 3`: the vantages that see the failure where there is one, those that know otherwise.
pub fn seen(condition: &Condition, lang: Lang) -> String {
    let l = lang.labels();
    if condition.vantages == 0 {
        return l.nobody.to_owned();
    }
    let who = if condition.failing > 0 { condition.failing } else { condition.known };
    format!("{who} {} {}", l.of, condition.vantages)
}

/// What is left of the year's down time, or that it is overrun.
pub fn budget_left(commitment: &Commitment, service: &ServiceNow, lang: Lang) -> String {
    let left_ms = commitment.budget_remaining_ms;
    let left = Terms::now(service, lang).time(left_ms.unsigned_abs());
    if left_ms < 0 { format!("{} {left}", lang.labels().overrun) } else { left }
}

/// The headlines that stand beside the charter's in equal type, where they differ as shown, each with what it is.
pub fn beside(service: &ServiceNow, lang: Lang) -> Vec<(String, &'static str)> {
    let l = lang.labels();
    let (promise, shown) = service.promised();
    let target = promise.map(|promise| &promise.target);
    let shown = shown.headline(target, lang);
    let (gross, net) = service.beside();
    let figures = [(gross, l.with_planned), (net, l.net_of_planned)];
    let told = figures.into_iter().filter_map(|(figure, what)| Some((figure?.headline(target, lang), what)));
    told.filter(|(headline, _)| *headline != shown).collect()
}

/// How much of the figure people declared instead of measuring it; empty where nothing is.
pub fn declared(service: &ServiceNow, lang: Lang) -> String {
    let (_, figure) = service.promised();
    if figure.declared_ms() == 0 {
        return String::new();
    }
    let told = account::declared_time(figure, &Terms::now(service, lang));
    match lang {
        Lang::It => format!("di cui dichiarato {told}"),
        Lang::En => format!("of which declared {told}"),
    }
}

/// The worst group of a mean.
pub fn worst(service: &ServiceNow, lang: Lang) -> String {
    let worst = service.mean.as_ref().and_then(|mean| mean.worst.as_ref());
    worst.map_or_else(String::new, |group| {
        format!("{} {} {}", lang.labels().worst_area, group.name, group.figure.headline(None, lang))
    })
}

/// The outcome so far, in the design's words.
pub fn verdict(
    commitment: Option<&Commitment>,
    unmeasured: &[Unmeasured],
    provisional: bool,
    lang: Lang,
) -> &'static str {
    match commitment {
        Some(commitment) => words::verdict(commitment.standing, commitment.outlook, provisional, lang),
        None => words::no_outcome(unmeasured, lang),
    }
}
