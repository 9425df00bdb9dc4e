//! From a [`Moment`] to the read API's answers: copying and naming, no arithmetic on availability.

use std::collections::BTreeMap;

use collector_api::{Reason, Verdict, hex_encode};
use collector_derive as derive;
use config::{Availability, Charter, CheckId, Component, Fraction, Node, Service};

use super::api::{
    Agent, Cause, CheckYear, Commitment, ComponentNow, ComponentYear, Condition, Figure, Now, Outage,
    Outlook, ServiceNow, ServiceYear, Share, SiteYear, StaleStream, Standing, State, Unmeasured, VantageNow,
    Year,
};
use super::format;
use super::moment::{AgentFacts, Moment};

/// An agent that pushed nothing for longer than this is silent, and data older than this are old.
pub(crate) const OLD_AFTER_MS: i64 = 5 * 60 * 1000;

impl Year {
    /// The year of the moment's figures, complete.
    pub fn of(moment: &Moment) -> Self {
        let mut year = Self::without_outages(moment);
        let figures = &moment.figures;
        for (service, told) in figures.services.iter().zip(&mut year.services) {
            told.outages = figures.outages(service).into_iter().map(outage).collect();
        }
        year
    }

    /// The same with outages counted but not listed: their words can cost more than all figures.
    pub fn without_outages(moment: &Moment) -> Self {
        let figures = &moment.figures;
        let charter = &*moment.charter;
        let checks = by_id(figures);
        Self {
            year: figures.year,
            zone: format::ZONE.to_owned(),
            start_ms: figures.start_ms,
            end_ms: figures.end_ms,
            as_of_ms: figures.as_of_ms,
            as_of: format::iso(figures.as_of_ms),
            provisional: true,
            organisation: charter.organisation.name.clone(),
            unit: charter.organisation.unit.clone(),
            act: charter.act.act.clone(),
            measured_from_ms: figures.measured_from_ms,
            services: figures
                .services
                .iter()
                .map(|service| service_year(service, charter, figures.coverage_min, &checks))
                .collect(),
        }
    }
}

impl Now {
    /// The present, with the moment's year so far.
    pub fn of(moment: &Moment) -> Self {
        let figures = &moment.figures;
        let checks = by_id(figures);
        Self {
            now_ms: moment.now_ms,
            now: format::iso(moment.now_ms),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            year: figures.year,
            provisional: true,
            organisation: moment.charter.organisation.name.clone(),
            last_sample_ms: figures.checks.iter().filter_map(|check| check.now.last_ms).max(),
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

/// A check figure by its id: figures list them flat.
type Checks<'a> = BTreeMap<&'a CheckId, &'a derive::CheckFigure>;

fn by_id(figures: &derive::YearFigures) -> Checks<'_> {
    figures.checks.iter().map(|check| (&check.id, check)).collect()
}

fn service_year(
    service: &derive::ServiceFigure,
    charter: &Charter,
    coverage_min: Fraction,
    checks: &Checks<'_>,
) -> ServiceYear {
    let row = charter.service(service.id.as_str());
    ServiceYear {
        id: service.id.to_string(),
        row: row.and_then(|row| row.row),
        name: title(service, row),
        users: users(row),
        commitments: commitments(service),
        unmeasured: unmeasured(row),
        figure: figure(&service.figure, coverage_min),
        sites: service
            .sites
            .iter()
            .map(|site| SiteYear { site: site.site.to_string(), figure: figure(&site.figure, coverage_min) })
            .collect(),
        components: service
            .components
            .iter()
            .map(|component| component_year(component, row, coverage_min, checks))
            .collect(),
        outage_count: service.stops().count() as u64,
        longest_outage_ms: service.longest_stop().map_or(0, derive::Span::length_ms),
        outages: Vec::new(),
    }
}

fn component_year(
    component: &derive::ComponentFigure,
    row: Option<&Service>,
    coverage_min: Fraction,
    checks: &Checks<'_>,
) -> ComponentYear {
    let named = row.and_then(|row| find(&row.components, &component.path));
    let part = named.and_then(|named| match &named.node {
        Node::Part(part) => Some(part),
        Node::All(_) => None,
    });
    let years = part.into_iter().flat_map(|part| &part.checks).filter_map(|check| {
        let measured = checks.get(&check.id)?;
        Some(CheckYear {
            id: check.id.to_string(),
            kind: check.probe.kind().to_owned(),
            target: check.probe.target(),
            from: check.from.iter().map(ToString::to_string).collect(),
            figure: figure(&measured.figure, coverage_min),
        })
    });
    ComponentYear {
        path: component.path.clone(),
        name: named.map_or_else(|| component.path.clone(), |named| named.name.clone()),
        publish: named.is_none_or(|named| named.publish),
        up_if: part.map(|part| part.up_if.to_string()),
        figure: figure(&component.figure, coverage_min),
        checks: years.collect(),
    }
}

fn service_now(moment: &Moment, service: &derive::ServiceFigure, checks: &Checks<'_>) -> ServiceNow {
    let row = moment.charter.service(service.id.as_str());
    let coverage_min = moment.figures.coverage_min;
    let seen_to_ms = moment.figures.seen_to_ms();
    let lasting = service.stops().last().filter(|stop| stop.end_ms >= seen_to_ms);
    let components = service.components.iter().map(|component| {
        let named = row.and_then(|row| find(&row.components, &component.path));
        ComponentNow {
            path: component.path.clone(),
            name: named.map_or_else(|| component.path.clone(), |named| named.name.clone()),
            publish: named.is_none_or(|named| named.publish),
            now: condition(&component.now),
            figure: figure(&component.figure, coverage_min),
            checks: named.map_or_else(Vec::new, |named| vantages(moment, named, checks)),
        }
    });
    ServiceNow {
        id: service.id.to_string(),
        row: row.and_then(|row| row.row),
        name: title(service, row),
        users: users(row),
        now: condition(&service.now),
        figure: figure(&service.figure, coverage_min),
        commitments: commitments(service),
        unmeasured: unmeasured(row),
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
    }
}

/// A version as an agent sent it, fit for a label: no control characters, at most 32.
fn short(version: &str) -> String {
    version.chars().filter(|character| !character.is_control()).take(32).collect()
}

fn find<'a>(components: &'a [Component], path: &str) -> Option<&'a Component> {
    let (name, rest) = path.split_once('.').map_or((path, None), |(name, rest)| (name, Some(rest)));
    let component = components.iter().find(|component| component.id.as_str() == name)?;
    match (rest, &component.node) {
        (None, _) => Some(component),
        (Some(rest), Node::All(parts)) => find(parts, rest),
        (Some(_), Node::Part(_)) => None,
    }
}

fn title(service: &derive::ServiceFigure, row: Option<&Service>) -> String {
    row.map_or_else(|| service.id.to_string(), |row| row.name.clone())
}

fn users(row: Option<&Service>) -> Vec<String> {
    row.map_or_else(Vec::new, |row| row.users.iter().map(ToString::to_string).collect())
}

/// The row's other promises, as the charter in force says them.
fn unmeasured(row: Option<&Service>) -> Vec<Unmeasured> {
    let timely = |kind: &str, promise: &config::Timeliness| Unmeasured {
        kind: kind.to_owned(),
        within: Some(promise.within.to_string()),
        share: Share::of(promise.share.p, promise.share.q),
        strict: false,
        hours: promise.hours.as_ref().map(ToString::to_string),
    };
    let told = |commitment: &config::Commitment| match commitment {
        config::Commitment::Availability(_) => None,
        config::Commitment::AvailabilityWithin(promise) => Some(Unmeasured {
            kind: commitment.kind().to_owned(),
            within: None,
            share: Share::of(promise.target.p, promise.target.q),
            strict: promise.strict,
            hours: Some(promise.hours.to_string()),
        }),
        config::Commitment::TakenInCharge(promise) | config::Commitment::Answered(promise) => {
            Some(timely(commitment.kind(), promise))
        }
        config::Commitment::OnRequest => Some(Unmeasured {
            kind: commitment.kind().to_owned(),
            within: None,
            share: None,
            strict: false,
            hours: None,
        }),
    };
    row.into_iter().flat_map(|row| &row.commitments).filter_map(told).collect()
}

fn commitments(service: &derive::ServiceFigure) -> Vec<Commitment> {
    service.promise.iter().filter_map(|promise| commitment(&service.figure, promise)).collect()
}

fn commitment(figure: &derive::Figure, promise: &Availability) -> Option<Commitment> {
    let budget = figure.budget(promise);
    Some(Commitment {
        kind: "availability".to_owned(),
        target: Share::of(promise.target.p, promise.target.q)?,
        strict: promise.strict,
        standing: match figure.standing(promise) {
            derive::Standing::Met => Standing::Met,
            derive::Standing::Breached => Standing::Breached,
            derive::Standing::Indeterminate => Standing::Indeterminate,
            derive::Standing::NoData => Standing::NoData,
        },
        outlook: match figure.outlook(promise) {
            derive::Outlook::Secured => Outlook::Secured,
            derive::Outlook::Open => Outlook::Open,
            derive::Outlook::Irrecoverable => Outlook::Irrecoverable,
        },
        budget_ms: budget.budget_ms,
        down_max_ms: budget.down_max_ms,
        budget_remaining_ms: budget.remaining_ms,
        required: figure.required(promise).and_then(share),
    })
}

fn figure(figure: &derive::Figure, coverage_min: Fraction) -> Figure {
    let whole_year = figure.whole_period().filter(|_| figure.out_of_scope_ms > 0);
    let coverage = figure.coverage();
    Figure {
        up_ms: figure.up_ms,
        down_ms: figure.down_ms,
        unknown_ms: figure.unknown_ms,
        out_of_scope_ms: figure.out_of_scope_ms,
        future_ms: figure.future_ms,
        availability: figure.availability().and_then(share),
        lower_bound: figure.worst().and_then(share),
        upper_bound: figure.best().and_then(share),
        coverage: coverage.and_then(share),
        range: coverage.is_some_and(|coverage| !coverage.is_at_least(coverage_min)),
        whole_year_lower_bound: whole_year.and_then(|(worst, _)| share(worst)),
        whole_year_upper_bound: whole_year.and_then(|(_, best)| share(best)),
    }
}

fn share(ratio: derive::Ratio) -> Option<Share> {
    Share::of(ratio.p, ratio.q)
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

fn state(verdict: Verdict) -> State {
    match verdict {
        Verdict::Up => State::Up,
        Verdict::Degraded => State::Degraded,
        Verdict::Down => State::Down,
        Verdict::Unknown => State::Unknown,
    }
}

fn reason(reason: Reason) -> Option<String> {
    (reason != Reason::None).then(|| reason.name().to_owned())
}

fn outage(outage: derive::Outage) -> Outage {
    let causes = outage.causes.into_iter().map(|(check, site, agent, reason)| Cause {
        check: check.into(),
        site: site.into(),
        agent: agent.into(),
        reason: reason.name().to_owned(),
    });
    Outage {
        id: outage.id,
        start_ms: outage.start_ms,
        end_ms: outage.end_ms,
        duration_ms: outage.end_ms.abs_diff(outage.start_ms),
        ongoing: outage.ongoing,
        causes: causes.collect(),
    }
}
