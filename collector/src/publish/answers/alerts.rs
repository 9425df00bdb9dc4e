//! What the alert engine decided, as the read API tells it.

use collector_api::Reason;
use collector_derive::alert::{self, Root, Thing};
use config::{Charter, Severity};

use crate::publish::Lang;
use crate::publish::api::{Alerts, BudgetAlert, OpenIncident, TodayLine};
use crate::publish::format;
use crate::publish::moment::Alerting;
use crate::publish::words::alerts::{kind, line};

impl Alerts {
    /// By the charter in force, whose titles people read.
    pub fn of(decided: &Alerting, charter: &Charter) -> Self {
        let silent = |root: &Root| match root {
            Root::NoData(service) => Some(service.to_string()),
            _ => None,
        };
        let mut no_data: Vec<String> = Vec::new();
        for incident in decided.open.iter().filter(|incident| incident.is_down()) {
            no_data.extend(silent(&incident.root));
            let explained = incident.members.iter().filter(|member| member.to_ms.is_none());
            no_data.extend(explained.filter_map(|member| match &member.thing {
                Thing::Root(root) => silent(root),
                Thing::Notice(..) => None,
            }));
        }
        let budget = |(key, level): &(alert::CommitmentKey, Option<alert::Level>)| BudgetAlert {
            service: key.service.to_string(),
            hours: key.hours.as_ref().map(ToString::to_string),
            level: level.map(|level| level.name().to_owned()),
        };
        let told = |of: &alert::Line| TodayLine {
            kind: kind(of).to_owned(),
            it: line(of, charter, decided.at_ms, Lang::It),
            en: line(of, charter, decided.at_ms, Lang::En),
        };
        Self {
            at_ms: decided.at_ms,
            at: format::iso(decided.at_ms),
            incidents: decided.open.iter().map(|incident| open(incident, decided.at_ms, charter)).collect(),
            budgets: decided.levels.iter().map(budget).collect(),
            no_data,
            engine: decided.open.iter().any(|one| one.root == Root::Engine && one.is_down()),
            today: decided.today.lines.iter().map(told).collect(),
        }
    }
}

/// What an incident's root is called, and its name.
pub(crate) fn cause(root: &Root) -> (&'static str, String) {
    match root {
        Root::Engine => ("engine", String::new()),
        Root::Line(line) => ("line", line.clone()),
        Root::Row(service) => ("row", service.to_string()),
        Root::Part(path) => ("part", path.clone()),
        Root::NoData(service) => ("no_data", service.to_string()),
    }
}

/// `page` or `ticket`, as the charter says of the root.
pub(crate) fn severity(root: &Root, charter: &Charter) -> &'static str {
    match alert::severity(charter, root) {
        Severity::Ticket | Severity::Trend => "ticket",
        Severity::Page => "page",
    }
}

/// An incident as it is at an instant, for programs.
pub(crate) fn open(incident: &alert::Incident, at_ms: i64, charter: &Charter) -> OpenIncident {
    let (kind, about) = cause(&incident.root);
    let services = charter.services.iter().filter(|service| incident.is_of(&service.id));
    let reason = Reason::from_code(incident.reason);
    OpenIncident {
        number: incident.number,
        kind: kind.to_owned(),
        about,
        severity: severity(&incident.root, charter).to_owned(),
        services: services.map(|service| service.id.to_string()).collect(),
        opened_ms: incident.opened_ms,
        down: incident.is_down(),
        stops: incident.stops(),
        down_ms: incident.down_ms(at_ms),
        reason: (reason != Reason::None).then(|| reason.name().to_owned()),
        planned: incident.planned,
        due_ms: incident.due_ms,
        acked: incident.acked,
        explains: incident.members.iter().map(|member| name(&member.thing)).collect(),
    }
}

fn name(thing: &Thing) -> String {
    match thing {
        Thing::Root(root) => root.to_string(),
        Thing::Notice(_, name) => name.clone(),
    }
}
