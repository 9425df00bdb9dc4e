//! `/` and `/en`: one read-only table of what is promised, what is, and what is left of the year.
//!
//! Works without JavaScript and says everything three times: shape, word, colour. This file chooses
//! the words; `templates/page.html` only lays them out. The page is for operators on loopback, so it
//! shows every component; a public page (later) will show those with `publish: true`.

mod cells;

use askama::Template;

use super::answers::OLD_AFTER_MS;
use super::api::{Agent, Commitment, Condition, Figure, Now, Outlook, Seen, ServiceNow, Standing, State};
use super::format;
use super::words::{self, Labels, Lang};

pub use self::cells::{alarms, beside, budget_left, declared, seen, verdict, works, worst};

/// The page's only other file.
pub const CSS: &str = include_str!("../../templates/vedetta.css");

/// The page as HTML; `refresh` makes it reload itself.
pub fn render(now: &Now, lang: Lang, refresh: bool) -> Result<String, askama::Error> {
    Page {
        l: lang.labels(),
        refresh,
        here: if lang == Lang::It { "/" } else { "/en" },
        there: if lang == Lang::It { "/en" } else { "/" },
        other_lang_code: if lang == Lang::It { "en" } else { "it" },
        organisation: &now.organisation,
        year: now.year,
        computed: format::date_time(now.now_ms, lang),
        computed_iso: &now.now,
        version: &now.version,
        alarms: alarms(now, lang),
        works: works(now, lang),
        counts: counts(now, lang),
        services: services(now, lang),
        endings: endings(now, lang),
        agents: now.agents.iter().map(|agent| agent_row(agent, now.now_ms, lang)).collect(),
    }
    .render()
}

#[derive(Template)]
#[template(path = "page.html")]
struct Page<'a> {
    l: &'static Labels,
    refresh: bool,
    here: &'static str,
    there: &'static str,
    other_lang_code: &'static str,
    organisation: &'a str,
    year: i16,
    computed: String,
    computed_iso: &'a str,
    version: &'a str,
    alarms: Vec<String>,
    works: Vec<String>,
    counts: Vec<Badge>,
    services: Vec<Vec<Row>>,
    endings: Vec<EndingRow>,
    agents: Vec<AgentRow>,
}

/// A certificate or a registration that wants attention.
#[derive(Debug)]
struct EndingRow {
    name: String,
    state: Badge,
    how: String,
    ends: String,
    days: String,
    checks: String,
}

/// A state as shape, word and colour.
#[derive(Debug, Clone, Copy)]
struct Badge {
    class: &'static str,
    word: &'static str,
    count: usize,
}

/// A service (level 0) or one of its components or parts.
#[derive(Debug)]
struct Row {
    level: usize,
    name: String,
    note: String,
    state: Badge,
    since: String,
    reason: String,
    seen: String,
    year: String,
    /// The same with or without planned stops, in equal type, where it differs.
    beside: Vec<(String, &'static str)>,
    /// What of it people declared; empty where nothing is.
    declared: String,
    /// The worst of a mean's groups; empty of any other.
    worst: String,
    bounds: String,
    budget: String,
    budget_left: Option<u64>,
    verdict: String,
    verdict_class: &'static str,
    provisional: bool,
    last: String,
    last_old: bool,
}

#[derive(Debug)]
struct AgentRow {
    id: String,
    sites: String,
    state: Badge,
    last_push: String,
    spool: String,
    clock: String,
    version: String,
}

fn counts(now: &Now, lang: Lang) -> Vec<Badge> {
    [State::Down, State::Degraded, State::Unknown, State::Maintenance, State::Up]
        .into_iter()
        .map(|state| Badge {
            count: now.services.iter().filter(|s| s.is_probed() && s.now.state == state).count(),
            ..badge(state, lang)
        })
        .filter(|badge| badge.count > 0)
        .collect()
}

fn badge(state: State, lang: Lang) -> Badge {
    let class = match state {
        State::Up => "up",
        State::Degraded => "degraded",
        State::Down => "down",
        State::Unknown => "unknown",
        State::Maintenance => "maintenance",
    };
    Badge { class, word: words::state(state, lang), count: 0 }
}

fn services(now: &Now, lang: Lang) -> Vec<Vec<Row>> {
    now.services
        .iter()
        .map(|service| {
            let (promised, figure) = service.promised();
            let nothing = Badge { class: "none", word: lang.labels().none, count: 0 };
            let state = if service.is_probed() { badge(service.now.state, lang) } else { nothing };
            let head = Row {
                state,
                note: promise_note(service, now.provisional, lang),
                budget: promised
                    .map_or_else(String::new, |commitment| unbroken(&budget_left(commitment, service, lang))),
                budget_left: promised.map(budget_percent),
                verdict: verdict(promised, &service.unmeasured, now.provisional, lang).to_owned(),
                verdict_class: promised.map_or("none", verdict_class),
                provisional: now.provisional && promised.is_some(),
                beside: beside(service, lang),
                declared: declared(service, lang),
                worst: worst(service, lang),
                ..row(now.now_ms, service.name.clone(), &service.now, figure, promised, lang)
            };
            let components = service.components.iter().map(|component| Row {
                level: 1 + component.path.matches('.').count(),
                ..row(now.now_ms, component.name.clone(), &component.now, &component.figure, None, lang)
            });
            std::iter::once(head).chain(components).collect()
        })
        .collect()
}

fn row(
    now_ms: i64,
    name: String,
    condition: &Condition,
    figure: &Figure,
    promised: Option<&Commitment>,
    lang: Lang,
) -> Row {
    let l = lang.labels();
    let near = |ms: Option<i64>| ms.map_or_else(|| l.never.to_owned(), |ms| format::near(ms, now_ms, lang));
    Row {
        level: 0,
        name,
        note: String::new(),
        state: badge(condition.state, lang),
        since: condition.since_ms.map_or_else(|| l.none.to_owned(), |ms| format::near(ms, now_ms, lang)),
        reason: words::why(condition, lang),
        seen: seen(condition, lang),
        year: figure.headline(promised.map(|commitment| &commitment.target), lang),
        beside: Vec::new(),
        declared: String::new(),
        worst: String::new(),
        bounds: coverage_note(figure, lang),
        budget: String::new(),
        budget_left: None,
        verdict: String::new(),
        verdict_class: "",
        provisional: false,
        last: near(condition.last_sample_ms),
        last_old: condition.last_sample_ms.is_none_or(|last_ms| now_ms - last_ms > OLD_AFTER_MS),
    }
}

/// A duration does not break between number and unit.
fn unbroken(duration: &str) -> String {
    duration.replace(" h ", "\u{a0}h\u{a0}").replace(" min", "\u{a0}min").replace(" s", "\u{a0}s")
}

fn promise_note(service: &ServiceNow, provisional: bool, lang: Lang) -> String {
    let row = service.row.map(|row| format!("{} {row}", lang.labels().row));
    let (promised, _) = service.promised();
    let promise = promised.map(|commitment| words::promise(commitment, lang));
    // Beside a promise with an outcome, another must not seem to share it.
    let hours = promised.is_some_and(|promise| promise.hours.is_some());
    let within = service.within.iter().skip(usize::from(hours)).map(|within| {
        let (told, target) = (words::promise(&within.commitment, lang), &within.commitment.target);
        let outcome = verdict(Some(&within.commitment), &[], provisional, lang);
        format!("{told} ({}, {outcome})", within.figure.headline(Some(target), lang))
    });
    let others = service.unmeasured.iter().map(|other| {
        let told = words::unmeasured(other, lang);
        if promised.is_some() { format!("{told} ({})", lang.labels().no_measure) } else { told }
    });
    row.into_iter().chain(promise).chain(within).chain(others).collect::<Vec<_>>().join(" · ")
}

fn coverage_note(figure: &Figure, lang: Lang) -> String {
    match (figure.seen(), figure.range || figure.declared_ms() > 0) {
        (Some(coverage), true) => format!("{} {}", lang.labels().coverage, coverage.text(lang)),
        _ => String::new(),
    }
}

/// What is left of the down time that keeps the promise, in whole percent, for the meter beside the
/// words: truncated, 0 when overrun.
fn budget_percent(commitment: &Commitment) -> u64 {
    let left = u128::from(u64::try_from(commitment.budget_remaining_ms).unwrap_or(0));
    let of = u128::from(u64::try_from(commitment.down_max_ms).unwrap_or(0));
    u64::try_from((left * 100).checked_div(of).unwrap_or(0)).unwrap_or(0).min(100)
}

fn verdict_class(commitment: &Commitment) -> &'static str {
    match (commitment.outlook, commitment.standing) {
        (Outlook::Secured, _) | (Outlook::Open, Standing::Met) => "good",
        (Outlook::Irrecoverable, _) => "bad",
        (Outlook::Open, Standing::Breached) => "warn",
        (Outlook::Open, Standing::Indeterminate | Standing::NoData) => "open",
    }
}

fn endings(now: &Now, lang: Lang) -> Vec<EndingRow> {
    let l = lang.labels();
    let row = |name: &str, how: String, ends_ms: Option<i64>, days_left: Option<i64>, seen: &[Seen]| {
        let mut checks: Vec<&str> = seen.iter().map(|seen| seen.check.as_str()).collect();
        checks.dedup();
        let is_over = days_left.is_some_and(|days| days < 0);
        EndingRow {
            name: name.to_owned(),
            state: badge(if is_over { State::Down } else { State::Degraded }, lang),
            how,
            ends: ends_ms.map_or_else(|| l.none.to_owned(), |ms| format::date(ms, lang)),
            days: days_left.map_or_else(|| l.none.to_owned(), |days| days.to_string()),
            checks: checks.join(", "),
        }
    };
    let certificates = now.certificates.iter().map(|one| {
        let how = words::endings::certificate(one, lang);
        row(&one.names, how, Some(one.ends_ms), Some(one.days_left), &one.seen)
    });
    let registrations = now.registrations.iter().map(|one| {
        row(&one.domain, words::endings::registration(one, lang), one.ends_ms, one.days_left, &one.seen)
    });
    certificates.chain(registrations).collect()
}

fn agent_row(agent: &Agent, now_ms: i64, lang: Lang) -> AgentRow {
    let l = lang.labels();
    let state = match (agent.enrolled, agent.silent) {
        (false, _) => Badge { class: "unknown", word: l.not_enrolled, count: 0 },
        (true, true) => Badge { class: "down", word: l.silent, count: 0 },
        (true, false) => Badge { class: "up", word: l.sends, count: 0 },
    };
    AgentRow {
        id: agent.id.clone(),
        sites: agent.sites.join(", "),
        state,
        last_push: agent.last_push_ms.map_or_else(|| l.never.to_owned(), |ms| format::near(ms, now_ms, lang)),
        spool: agent.spool_bytes.map_or_else(|| l.none.to_owned(), |bytes| format::bytes(bytes, lang)),
        clock: agent.clock_offset_ms.map_or_else(|| l.none.to_owned(), |ms| format::offset(ms, lang)),
        version: agent.version.clone().unwrap_or_else(|| l.none.to_owned()),
    }
}

#[cfg(test)]
mod tests;
