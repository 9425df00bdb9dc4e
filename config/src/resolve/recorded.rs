//! What a charter says that no figure of this version follows: a warning at its line, with what is computed
//! instead, so that nobody believes in a rule that is only written down.

use crate::problem::Place;
use crate::text::{Text, say};
use crate::yaml::charter::RulesKeys;
use crate::yaml::component::{ComponentKeys, Target, Targets};
use crate::yaml::file::FileKeys;
use crate::yaml::service::{PromiseKeys, ServiceKeys};
use crate::yaml::shape::{At, Named, Report};
use crate::{Check, LateEntries, Maintenance, Readings, Service};

/// Every setting without effect, each once.
pub(super) fn warn(keys: &FileKeys, services: &[Service], report: &mut Report<'_>) {
    report.within("rules", |report| rules(keys.rules.as_ref(), report));
    report.within("services", |report| {
        for (name, service_keys) in keys.services.sound() {
            report.within(name.value.as_str(), |report| {
                promises(service_keys, report);
                for (name, keys) in service_keys.components.iter().flat_map(Named::sound) {
                    report.within(name.value.as_str(), |report| component(keys, report));
                }
            });
        }
    });
    of_tables(keys, services, report);
    if let Some((name, _)) = keys.alerting.iter().flat_map(|alerting| &alerting.entries).next() {
        let instead = say!("no mail is sent in this version", "in questa versione non si invia posta");
        report.within("alerting", |report| only(name.at, "alerting", &instead, report));
    }
}

fn only(at: Place, key: &str, instead: &Text, report: &mut Report<'_>) {
    let message =
        say!("{instead}; `{key}` is only recorded", "{instead}; `{key}` è solo registrato"; instead);
    report.warning(at, message);
}

/// Readings of maintenance that are not what nobody needs to say.
fn rules(keys: Option<&RulesKeys>, report: &mut Report<'_>) {
    let Some(keys) = keys else { return };
    let default = Readings::default();
    let said = [
        (
            "maintenance",
            keys.maintenance.as_ref().filter(|key| key.value == Maintenance::Excluded).map(|key| key.at),
        ),
        (
            "late_entries",
            keys.late_entries.as_ref().filter(|key| key.value == LateEntries::Effective).map(|key| key.at),
        ),
        ("notice", keys.notice.as_ref().filter(|key| key.value.0 != default.notice_ms).map(|key| key.at)),
    ];
    let instead = say!(
        "in this version no maintenance can be declared, and every stop counts",
        "in questa versione non si dichiarano manutenzioni, e ogni fermo conta"
    );
    for (key, at) in said {
        if let Some(at) = at {
            only(at, key, &instead, report);
        }
    }
}

fn promises(keys: &ServiceKeys, report: &mut Report<'_>) {
    if let Some(figure) = &keys.figure {
        let instead = say!(
            "in this version the row is computed as: all components up",
            "in questa versione la riga si calcola come: tutti i componenti attivi"
        );
        only(figure.at, "figure", &instead, report);
    }
    for commitment in keys.commitments.iter().flatten() {
        let PromiseKeys::Availability(promise) = &commitment.promise else { continue };
        if let Some(hours) = promise.hours.as_ref().filter(|hours| hours.value != "24x7") {
            let message = say!(
                "in this version only `24x7` has a figure: this promise, of the hours of `{}`, will have none",
                "in questa versione solo `24x7` ha una cifra: questo impegno, sulle ore di `{}`, non ne avrà",
                hours.value
            );
            report.warning(hours.at, message);
        }
    }
}

fn component(keys: &ComponentKeys, report: &mut Report<'_>) {
    let common = &keys.common;
    if let Some(need) = common.needs.iter().flatten().next() {
        let instead = say!(
            "in this version a component is judged by its own checks alone",
            "in questa versione un componente si giudica solo dai suoi controlli"
        );
        only(need.at, "needs", &instead, report);
    }
    if let Some(key) = &common.group_by {
        let instead = say!(
            "in this version targets count together, whatever their area",
            "in questa versione i bersagli contano insieme, qualunque sia l'area"
        );
        only(key.at, "group_by", &instead, report);
    }
    if let Some(Targets::Here(targets)) = common.targets.as_ref().map(|targets| &targets.value) {
        let first = |at: fn(&Target) -> Option<Place>| targets.sound().find_map(|(_, target)| at(target));
        facts(
            first(|target| target.0.weight.as_ref().map(|weight| weight.at)),
            first(|target| target.0.behind.as_ref().map(|behind| behind.at)),
            report,
        );
    }
    for (name, part) in common.parts.iter().flat_map(|parts| parts.value.sound()) {
        report.within(name.value.as_str(), |report| component(part, report));
    }
}

/// The same of targets that are rows of a table: at the table's name, since the rows are gone by now.
fn of_tables(keys: &FileKeys, services: &[Service], report: &mut Report<'_>) {
    let every = keys.services.sound().flat_map(|(service, keys)| {
        let components = keys.components.iter().flat_map(Named::sound);
        let leaves = components.flat_map(move |(name, keys)| {
            let parts = keys.common.parts.iter().flat_map(|parts| parts.value.sound());
            let parts = parts
                .map(move |(part, keys)| (format!("{}.{}.{}.", service.value, name.value, part.value), keys));
            parts.chain([(format!("{}.{}.", service.value, name.value), keys)])
        });
        leaves.collect::<Vec<_>>()
    });
    for (path, keys) in every {
        let Some(At { at, value: Targets::File(_) }) = &keys.common.targets else { continue };
        let checks =
            || services.iter().flat_map(Service::checks).filter(|check| check.id.as_str().starts_with(&path));
        let said = |says: fn(&Check) -> bool| checks().any(says).then_some(*at);
        facts(said(|check| check.facts.weight.is_some()), said(|check| check.facts.behind.is_some()), report);
    }
}

fn facts(weight: Option<Place>, behind: Option<Place>, report: &mut Report<'_>) {
    if let Some(at) = weight {
        let instead = say!(
            "in this version every target counts alike",
            "in questa versione ogni bersaglio conta allo stesso modo"
        );
        only(at, "weight", &instead, report);
    }
    if let Some(at) = behind {
        let instead = say!(
            "in this version a target is judged by its own check alone",
            "in questa versione un bersaglio si giudica solo dal suo controllo"
        );
        only(at, "behind", &instead, report);
    }
}
