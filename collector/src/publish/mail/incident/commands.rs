//! What an operator can type about an incident.

use collector_derive::alert::{Incident, Root};
use collector_derive::{Cause, Outage, Period};

use crate::publish::Lang;
use crate::publish::mail::failing::NAMED_MAX;
use crate::publish::mail::told::Told;
use crate::publish::mail::view::Command;
use crate::publish::words::account;

/// What people can type.
pub(super) fn commands(services: &[&str], stops: &[(String, Outage)]) -> Vec<Command> {
    let mut commands = Vec::new();
    let newest = stops.iter().rev().take(NAMED_MAX / 2);
    for (place, (_, stop)) in newest.enumerate() {
        let purpose =
            if place == 0 { "Annotare di chi è la causa (si può anche dopo)" } else { "Un altro fermo" };
        let line = format!(
            "vedetta outages annotate {} --cause third-party --note \"che cosa è successo\"",
            stop.id
        );
        commands.push(Command::new(purpose, line));
    }
    if stops.len() > NAMED_MAX / 2 {
        let year =
            stops.last().map_or(0, |(_, stop)| Period::civil_year_at(stop.start_ms).civil_year_of_start());
        let left = stops.len() - NAMED_MAX / 2;
        let purpose = format!("Gli altri {left} fermi, con il loro nome");
        commands.push(Command::new(&purpose, format!("vedetta outages --year {year}")));
    }
    for service in services.iter().take(NAMED_MAX / 2) {
        commands.push(Command::new("Da dove nasce il dato dell'anno", format!("vedetta explain {service}")));
    }
    commands
}

/// Which causes there are.
pub(super) fn causes_note() -> String {
    let causes = Cause::ALL.map(|cause| {
        let name = cause.name();
        format!("{name} ({})", account::cause(name, Lang::It))
    });
    format!("Cause che si possono annotare: {}.", causes.join(", "))
}

/// To take charge; `None` of one that somebody has.
pub(super) fn charge(incident: &Incident) -> Option<Command> {
    let line = format!("vedetta ack {}", incident.number);
    (!incident.acked).then(|| Command::new("Prenderlo in carico (niente altri avvisi fino al rientro)", line))
}

/// To declare work that nobody announced.
pub(super) fn planning(root: &Root, told: &Told<'_>) -> Option<Command> {
    let scope = scope(root, told)?;
    let purpose =
        "Se è un lavoro vostro non annunciato, dichiararlo (gli avvisi tacciono, il fermo resta fermo)";
    let line = format!("vedetta maintenance add {scope} --from adesso --for 2h --note \"che lavoro è\"");
    Some(Command::new(purpose, line))
}

/// What planned work about it would be declared for.
fn scope(root: &Root, told: &Told<'_>) -> Option<String> {
    match root {
        Root::Row(service) => Some(service.to_string()),
        Root::Part(path) => Some(path.clone()),
        Root::Line(line) => {
            let mut sites = told.moment.charter.sites.iter();
            let site = sites.find(|site| site.facts.line.as_deref() == Some(line))?;
            Some(format!("site:{}", site.id))
        }
        Root::Engine | Root::NoData(_) => None,
    }
}
