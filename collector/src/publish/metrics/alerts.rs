//! The alert engine's decisions as gauges: rules and dashboards compare them, and decide nothing.

use std::fmt::Error;

use collector_derive::alert::Level;

use super::families::Families;
use super::{Exposition, flag, float, seconds};
use crate::publish::Lang;
use crate::publish::api::Alerts;
use crate::publish::moment::Moment;
use crate::publish::words;

/// An open incident as dashboards list it: labels and their values.
pub(super) type Listed = [(&'static str, String); 7];

/// What dashboards list of each open incident. How people call it and why it is down are in Italian, as they
/// stand in mails; `reason` is for programs.
pub(super) fn listed(moment: &Moment, alerts: Option<&Alerts>) -> Vec<Listed> {
    let Some((decided, alerts)) = moment.alerts.as_deref().zip(alerts) else { return Vec::new() };
    let both = decided.open.iter().zip(&alerts.incidents);
    both.map(|(incident, told)| {
        let reason = told.reason.clone().unwrap_or_default();
        let (failing, agents) = incident.seen_by;
        [
            ("number", told.number.to_string()),
            ("kind", told.kind.clone()),
            ("about", told.about.clone()),
            ("what", words::alerts::what(&incident.root, &moment.charter, Lang::It)),
            ("why", words::reason(&reason, Lang::It)),
            ("reason", reason),
            ("seen_by", format!("{failing}/{agents}")),
        ]
    })
    .collect()
}

impl Exposition {
    /// Before the first look there are none: a gap, because 0 would be a promise.
    pub(super) fn alerts(&self, families: &mut Families<'_>) -> Result<(), Error> {
        families.gauge(
            "vedetta_alert",
            "Does an incident concern the service (down), does nobody measure it (no_data), or does the collector derive nothing (engine)?",
            self.alerts.iter().flat_map(|alerts| {
                let services = self.now.services.iter().flat_map(|service| {
                    let concerned = alerts.incidents.iter().any(|one| one.services.contains(&service.id));
                    let silent = alerts.no_data.contains(&service.id);
                    [("down", concerned), ("no_data", silent)]
                        .map(|(alert, holds)| ([("alert", alert), ("service", service.id.as_str())], flag(holds)))
                });
                let engine = ([("alert", "engine"), ("service", "")], flag(alerts.engine));
                services.chain([engine])
            }),
        )?;
        families.gauge(
            "vedetta_budget_alert",
            "The worst level of the promise's budget in the last seven days: at most one is 1",
            self.alerts.iter().flat_map(|alerts| &alerts.budgets).flat_map(|budget| {
                let commitment = match &budget.hours {
                    None => "availability".to_owned(),
                    Some(hours) => format!("availability_within:{hours}"),
                };
                Level::ALL.map(|level| {
                    let holds = budget.level.as_deref() == Some(level.name());
                    let labels = [
                        ("service", budget.service.clone()),
                        ("commitment", commitment.clone()),
                        ("level", level.name().to_owned()),
                    ];
                    (labels, flag(holds))
                })
            }),
        )?;
        families.gauge(
            "vedetta_incidents_open",
            "Open incidents",
            self.alerts.iter().map(|alerts| {
                let count = u64::try_from(alerts.incidents.len()).unwrap_or(u64::MAX);
                ([] as [(&'static str, &str); 0], float(count))
            }),
        )?;
        families.gauge(
            "vedetta_incident_started_timestamp_seconds",
            "First failing sample of each open incident",
            self.alerts.iter().flat_map(|alerts: &Alerts| &alerts.incidents).map(|incident| {
                ([("kind", incident.kind.as_str()), ("about", &incident.about)], seconds(incident.opened_ms))
            }),
        )?;
        families.info(
            "vedetta_incident",
            "An open incident: how people call it and why it is down, in Italian; how many agents of how many see it",
            self.listed.iter().cloned(),
        )?;
        families.gauge(
            "vedetta_incident_due_timestamp_seconds",
            "Since when an open incident is worth telling somebody, at once (page) or in working hours (ticket); absent of others",
            self.alerts.iter().flat_map(|alerts: &Alerts| &alerts.incidents).filter_map(|incident| {
                // A part's is the first of its name; lines and the engine are no service's.
                let service = match incident.kind.as_str() {
                    "row" | "part" | "no_data" => incident.about.split('.').next().unwrap_or_default(),
                    _ => "",
                };
                let labels = [
                    ("kind", incident.kind.as_str()),
                    ("about", incident.about.as_str()),
                    ("service", service),
                    ("severity", incident.severity.as_str()),
                ];
                Some((labels, seconds(incident.due_ms?)))
            }),
        )?;
        families.gauge(
            "vedetta_alerts_decided_timestamp_seconds",
            "When the alert engine decided last",
            self.alerts.iter().map(|alerts| ([] as [(&'static str, &str); 0], seconds(alerts.at_ms))),
        )
    }
}
