//! The present, and the year so far.

use collector_api::{Reason, hex_encode};
use collector_derive as derive;
use config::{Component, Node};

use super::account;
use super::figure::Read;
use super::promise::{commitments, rolling, unmeasured, within};
use super::work::work;
use super::{Checks, by_id, find, promised, title, users};
use crate::publish::api::{
    Agent, Certificates, ComponentNow, Condition, Now, ServiceNow, StaleStream, State, VantageNow,
};
use crate::publish::format;
use crate::publish::moment::{AgentFacts, Moment};

/// An agent that pushed nothing for longer than this is silent, and data older than this are old.
pub(crate) const OLD_AFTER_MS: i64 = 5 * 60 * 1000;

impl Now {
    /// The present, with the moment's year so far.
    pub fn of(moment: &Moment) -> Self {
        let figures = &moment.figures;
        let checks = by_id(figures);
        let (certificates, registrations) = Certificates::of(moment).expiring();
        Self {
            certificates,
            registrations,
            now_ms: moment.now_ms,
            now: format::iso(moment.now_ms),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            year: figures.year,
            provisional: true,
            organisation: moment.charter.organisation.name.clone(),
            last_sample_ms: figures.checks.iter().filter_map(|check| check.now.last_ms).max(),
            maintenance: work(moment),
            services: figures.services.iter().map(|service| service_now(moment, service, &checks)).collect(),
            agents: moment.agents.iter().map(|agent| agent_now(moment, agent)).collect(),
            stale_streams: moment
                .stale
                .iter()
                .map(|stale| StaleStream {
                    stream: hex_encode(&stale.stream.0),
                    agent: stale.agent.to_string(),
                    reason: stale.reason.clone(),
                })
                .collect(),
            journal: moment.journal.clone(),
        }
    }
}

fn service_now(moment: &Moment, service: &derive::ServiceFigure, checks: &Checks<'_>) -> ServiceNow {
    let row = moment.charter.service(service.id.as_str());
    let read = Read::of(&moment.figures);
    let seen_to_ms = moment.figures.seen_to_ms();
    let pace = moment.paces.get(&service.id);
    let lasting = service.stops().last().filter(|stop| stop.end_ms >= seen_to_ms);
    let components = service.components.iter().map(|component| {
        let named = row.and_then(|row| find(&row.components, &component.path));
        ComponentNow {
            path: component.path.clone(),
            name: named.map_or_else(|| component.path.clone(), |named| named.name.clone()),
            publish: named.is_none_or(|named| named.publish),
            now: condition(&component.now),
            figure: read.figure(&component.figure),
            checks: named.map_or_else(Vec::new, |named| vantages(moment, named, checks)),
        }
    });
    let within = within(service, read, pace);
    let around = commitments(service, pace);
    ServiceNow {
        id: service.id.to_string(),
        row: row.and_then(|row| row.row),
        name: title(service, row),
        users: users(row),
        now: condition(&service.now),
        figure: read.with_declared(&service.figure, service.declared.as_ref()),
        gross: read.maybe(service.gross.as_ref()),
        net: read.maybe(service.net.as_ref()),
        mean: account::mean_now(service, read),
        longest_outage_ms: service.longest_stop().map_or(0, derive::Span::length_ms),
        rolling: rolling(pace),
        commitments: promised::every(service, around, &within),
        within,
        unmeasured: unmeasured(service, row),
        outages: service.stops().count() as u64,
        outage_since_ms: lasting.map(|stop| stop.start_ms),
        components: components.collect(),
    }
}

fn vantages(moment: &Moment, component: &Component, checks: &Checks<'_>) -> Vec<VantageNow> {
    let Node::Part(part) = &component.node else { return Vec::new() };
    let figures = part.checks.iter().filter_map(|check| checks.get(&check.id));
    let pairs = figures.flat_map(|check| check.vantages.iter().map(move |vantage| (&check.id, vantage)));
    pairs
        .map(|(check, vantage)| {
            let sample = moment.latest.get(&(check.clone(), vantage.agent.clone()));
            VantageNow {
                check: check.to_string(),
                agent: vantage.agent.to_string(),
                state: state(vantage.now.state),
                reason: reason(vantage.now.reason),
                last_sample_ms: vantage.now.last_ms.or(sample.map(|sample| sample.at_ms)),
                duration_micros: sample.map(|sample| sample.duration_micros),
                certificate_not_after_ms: sample.and_then(|sample| sample.certificate_not_after_ms),
            }
        })
        .collect()
}

fn agent_now(moment: &Moment, agent: &AgentFacts) -> Agent {
    let sites = moment.charter.sites.iter().filter(|site| site.agents.contains(&agent.id));
    let quiet = agent.last_push_ms.is_none_or(|last_ms| moment.now_ms - last_ms > OLD_AFTER_MS);
    Agent {
        id: agent.id.to_string(),
        sites: sites.map(|site| site.id.to_string()).collect(),
        enrolled: agent.enrolled,
        version: agent.version.as_deref().map(short),
        last_push_ms: agent.last_push_ms,
        silent: agent.enrolled && quiet,
        // Without an exchange the offset says nothing (ClockReading).
        clock_offset_ms: agent.clock.filter(|clock| clock.rtt_ms > 0).map(|clock| clock.offset_ms),
        spool_bytes: agent.spool_bytes,
        journal_seq: agent.journal_seq,
        journal_missed: agent.journal_missed,
    }
}

/// A version as an agent sent it, fit for a label: no control characters, at most 32.
fn short(version: &str) -> String {
    version.chars().filter(|character| !character.is_control()).take(32).collect()
}

fn condition(now: &derive::Now) -> Condition {
    Condition {
        state: state(now.state),
        since_ms: now.since_ms,
        reason: reason(now.reason),
        failing: now.failing,
        known: now.known,
        vantages: now.vantages,
        last_sample_ms: now.last_ms,
    }
}

fn state(condition: derive::Condition) -> State {
    match condition {
        derive::Condition::Up => State::Up,
        derive::Condition::Degraded => State::Degraded,
        derive::Condition::Down => State::Down,
        derive::Condition::Unknown => State::Unknown,
        derive::Condition::Maintenance => State::Maintenance,
    }
}

fn reason(reason: Reason) -> Option<String> {
    (reason != Reason::None).then(|| reason.name().to_owned())
}
