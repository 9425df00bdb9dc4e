//! A period of every service.

use collector_derive as derive;
use config::{Node, Service};

use super::account;
use super::figure::Read;
use super::promise::{commitments, unmeasured, within};
use super::{Checks, by_id, find, promised, title, users};
use crate::publish::api::{
    Cause, CheckYear, ComponentYear, InHours, Outage, Sampling, ServiceYear, SiteYear, Year,
};
use crate::publish::format;
use crate::publish::moment::Moment;

impl Year {
    /// The year of the moment's figures, complete.
    pub fn of(moment: &Moment) -> Self {
        let mut year = Self::without_outages(moment);
        let figures = &moment.figures;
        for (service, told) in figures.services.iter().zip(&mut year.services) {
            told.outages = match moment.accounts.get(&service.id) {
                Some(account) => {
                    account.incidents.list.iter().map(|one| incident_told(service, one)).collect()
                }
                None => outages(moment, service),
            };
        }
        year
    }

    /// The same with outages counted but not listed: their words can cost more than all figures.
    pub fn without_outages(moment: &Moment) -> Self {
        let figures = &moment.figures;
        let charter = &*moment.charter;
        let checks = by_id(figures);
        Self {
            period: period(figures),
            year: figures.year,
            zone: format::ZONE.to_owned(),
            start_ms: figures.start_ms,
            end_ms: figures.end_ms,
            as_of_ms: figures.as_of_ms,
            as_of: format::iso(figures.as_of_ms),
            provisional: true,
            sealed: None,
            organisation: charter.organisation.name.clone(),
            unit: charter.organisation.unit.clone(),
            act: charter.act.act.clone(),
            measured_from_ms: figures.measured_from_ms,
            services: figures.services.iter().map(|service| service_year(moment, service, &checks)).collect(),
        }
    }
}

/// What the period of the figures is called.
fn period(figures: &derive::YearFigures) -> String {
    derive::Period::new(figures.start_ms, figures.end_ms).map_or_else(String::new, |period| period.name())
}

fn service_year(moment: &Moment, service: &derive::ServiceFigure, checks: &Checks<'_>) -> ServiceYear {
    let row = moment.charter.service(service.id.as_str());
    let read = Read::of(&moment.figures);
    let (account, pace) = (moment.accounts.get(&service.id), moment.paces.get(&service.id));
    let sites = service.sites.iter();
    let components = service.components.iter();
    let within = within(service, read, pace);
    let around = commitments(service, pace);
    ServiceYear {
        id: service.id.to_string(),
        row: row.and_then(|row| row.row),
        name: title(service, row),
        users: users(row),
        commitments: promised::every(service, around, &within),
        unmeasured: unmeasured(service, row),
        figure: read.with_declared(&service.figure, service.declared.as_ref()),
        gross: read.maybe(service.gross.as_ref()),
        net: read.maybe(service.net.as_ref()),
        within,
        unobserved: account.map_or_else(Vec::new, account::unobserved),
        ceiling: account.and_then(account::ceiling),
        members: account::members(service, row, read),
        stretches: account::stretches(service, read),
        sampling: account.and_then(|account| account.incidents.sampling).map(|sampling| {
            let derive::Sampling { sure_ms, possible_ms } = sampling;
            Sampling { sure_ms, possible_ms }
        }),
        corrections: account::corrections(moment, service),
        readings: account.map_or_else(Vec::new, |account| account::readings(account, service)),
        sites: sites
            .map(|site| SiteYear { site: site.site.to_string(), figure: read.figure(&site.figure) })
            .collect(),
        components: components.map(|component| component_year(component, row, read, checks)).collect(),
        worst_component: (service.components.len() > 1)
            .then(|| service.worst_component().map(|worst| worst.path.clone()))
            .flatten(),
        worst_site: (service.sites.len() > 1)
            .then(|| service.worst_site().map(|worst| worst.site.to_string()))
            .flatten(),
        outage_count: service.stops().count() as u64,
        longest_outage_ms: service.longest_stop().map_or(0, derive::Span::length_ms),
        outages: Vec::new(),
    }
}

fn component_year(
    component: &derive::ComponentFigure,
    row: Option<&Service>,
    read: Read,
    checks: &Checks<'_>,
) -> ComponentYear {
    let named = row.and_then(|row| find(&row.components, &component.path));
    let part = named.and_then(|named| match &named.node {
        Node::Part(part) => Some(part),
        Node::All(_) | Node::Some { .. } => None,
    });
    let years = part.into_iter().flat_map(|part| &part.checks).filter_map(|check| {
        let measured = checks.get(&check.id)?;
        Some(CheckYear {
            id: check.id.to_string(),
            kind: check.probe.kind().to_owned(),
            target: check.probe.target(),
            from: check.from.iter().map(ToString::to_string).collect(),
            figure: read.figure(&measured.figure),
        })
    });
    ComponentYear {
        path: component.path.clone(),
        name: named.map_or_else(|| component.path.clone(), |named| named.name.clone()),
        publish: named.is_none_or(|named| named.publish),
        up_if: named.and_then(|named| match &named.node {
            Node::Part(part) => Some(part.up_if.to_string()),
            Node::Some { up_if, .. } => Some(up_if.to_string()),
            Node::All(_) => None,
        }),
        figure: read.figure(&component.figure),
        checks: years.collect(),
    }
}

/// An outage with all that is said of it.
fn incident_told(service: &derive::ServiceFigure, incident: &derive::Incident) -> Outage {
    Outage {
        components: incident.components.clone(),
        corrections: incident.corrections.clone(),
        sampling: Some(Sampling {
            sure_ms: incident.sure.length_ms(),
            possible_ms: incident.possible.length_ms(),
        }),
        annotation: incident.annotation.as_ref().map(account::annotation),
        ..outage(service, incident.outage.clone())
    }
}

/// A service's outages with what people said of them.
fn outages(moment: &Moment, service: &derive::ServiceFigure) -> Vec<Outage> {
    let (figures, corrections) = (&moment.figures, &moment.corrections);
    let stops = figures.outages(service).into_iter().zip(figures.annotations(service, corrections));
    let told = stops.map(|(stop, said)| Outage {
        corrections: figures.entries(service, corrections, (stop.start_ms, stop.end_ms)),
        annotation: said.map(account::annotation),
        ..outage(service, stop)
    });
    told.collect()
}

fn outage(service: &derive::ServiceFigure, outage: derive::Outage) -> Outage {
    let within = service.within.iter().map(|promised| InHours {
        hours: promised.commitment.hours.to_string(),
        ms: promised.hours.length_within_ms(outage.start_ms, outage.end_ms),
    });
    let within = within.collect();
    let causes = outage.causes.into_iter().map(|(check, site, agent, reason)| Cause {
        check: check.into(),
        site: site.into(),
        agent: agent.into(),
        reason: reason.name().to_owned(),
    });
    Outage {
        annotation: None,
        id: outage.id,
        start_ms: outage.start_ms,
        end_ms: outage.end_ms,
        duration_ms: outage.end_ms.abs_diff(outage.start_ms),
        ongoing: outage.ongoing,
        within,
        causes: causes.collect(),
        components: Vec::new(),
        corrections: Vec::new(),
        sampling: None,
    }
}
