//! A period of every service.

use collector_derive as derive;
use config::{Charter, Fraction, Node, Service};

use super::figure::figure;
use super::promise::{commitments, unmeasured};
use super::{Checks, by_id, find, title, users};
use crate::publish::api::{Cause, CheckYear, ComponentYear, Outage, ServiceYear, SiteYear, Year};
use crate::publish::format;
use crate::publish::moment::Moment;

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
            services: figures
                .services
                .iter()
                .map(|service| service_year(service, charter, figures.coverage_min, &checks))
                .collect(),
        }
    }
}

/// What the period of the figures is called.
fn period(figures: &derive::YearFigures) -> String {
    derive::Period::new(figures.start_ms, figures.end_ms).map_or_else(String::new, |period| period.name())
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
        net: None,
        within: Vec::new(),
        unobserved: Vec::new(),
        members: None,
        stretches: Vec::new(),
        sampling: None,
        corrections: Vec::new(),
        readings: Vec::new(),
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
        Node::All(_) | Node::Some { .. } => None,
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
        sampling: None,
        annotation: None,
    }
}
