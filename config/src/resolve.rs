//! What the file means: defaults applied, names found, every contradiction reported.
//!
//! Takes shapes, gives the resolved types. Goes on after a problem, leaving out what it concerns, so
//! that one run reports them all; the caller refuses the file if there was any. The only I/O is
//! reading the files it names: the PEM of an `authority:`, the CSV of `targets:` (`files`).

pub(crate) mod files;
mod sites;
mod rules;
mod calendars;
mod recipients;
mod webhook;
mod mail;
mod outlets;
mod link;
mod service;
mod commitment;
mod burn;
mod component;
mod members;
mod life;
mod needs;
mod doubts;
mod recorded;
mod timing;
mod table;
mod ask;
mod agent;

use std::path::{Path, PathBuf};

#[cfg(test)]
mod tests;

pub(crate) use agent::agent;

use crate::problem::Place;
use crate::text::say;
use crate::yaml::charter::CharterKeys;
use crate::yaml::collector::CollectorKeys;
use crate::yaml::file::FileKeys;
use crate::yaml::service::ServiceKeys;
use crate::yaml::shape::{At, Named, Report};
use crate::{Canary, Charter, CharterAct, CollectorConfig, Organisation, Site, Vedetta};

/// Where agents connect unless said otherwise: loopback, so that nothing is open by default.
const AGENTS_LISTEN: ([u8; 4], u16) = ([127, 0, 0, 1], 8443);

/// Where page, read API and metrics are unless said otherwise.
const WEB_LISTEN: ([u8; 4], u16) = ([127, 0, 0, 1], 8080);

/// Keys, store and socket of the collector unless said otherwise.
pub(crate) const COLLECTOR_STATE: &str = "/var/lib/vedetta";
/// Secrets of the collector unless said otherwise: the agent's default, too.
pub(crate) const COLLECTOR_SECRETS: &str = "/etc/vedetta/secrets";
/// Longer than any; names of a directory service are longer than the 32 of `groupadd`.
const GROUP_BYTES_MAX: usize = 128;

/// What the components of a file are resolved against.
#[derive(Debug)]
pub(crate) struct Context<'a> {
    /// Those without a defect.
    sites: &'a [Site],
    /// Names of all, with or without.
    site_names: Vec<&'a str>,
    /// Where relative paths start; `None` when no file may be touched.
    folder: Option<&'a Path>,
    /// `defaults:` and the votes of `rules:`.
    defaults: timing::Settings,
    /// Names of all calendars, with or without a defect.
    calendars: Vec<&'a str>,
    /// Names of all recipients, with or without a defect.
    recipients: Vec<&'a str>,
    /// All services as they are written, for who refers to one.
    services: &'a Named<ServiceKeys>,
}

/// The whole of `vedetta.yaml`. `None` only after a problem has been reported.
pub(crate) fn vedetta(keys: &FileKeys, folder: Option<&Path>, report: &mut Report<'_>) -> Option<Vedetta> {
    let organisation = Organisation {
        name: keys.organisation.name.clone(),
        unit: keys.organisation.unit.clone(),
        ipa_code: keys.organisation.ipa_code.clone(),
        contact: keys.organisation.contact.clone(),
    };
    let rules = report.within("rules", |report| rules::rules(keys.rules.as_ref(), report));
    let sites = report.within("sites", |report| sites::sites(&keys.sites, report));
    let context = Context {
        sites: &sites,
        site_names: keys.sites.names(),
        folder,
        defaults: timing::Settings::of_file(
            keys.defaults.as_ref(),
            rules::Votes::of_file(keys.rules.as_ref()),
        ),
        calendars: keys.calendars.as_ref().map_or_else(Vec::new, Named::names),
        recipients: keys.alerting.as_ref().map_or_else(Vec::new, Named::names),
        services: &keys.services,
    };
    let calendars =
        report.within("calendars", |report| calendars::calendars(keys.calendars.as_ref(), report));
    let alerting =
        report.within("alerting", |report| recipients::recipients(keys.alerting.as_ref(), &context, report));
    let services = report.within("services", |report| service::services(&keys.services, &context, report));
    sites::warn_idle(&keys.sites, &services, report);
    needs::circles(&keys.services, &services, report);
    doubts::warn(keys, &services, &sites, report);
    doubts::warn_untold(keys, &services, &alerting, report);
    recorded::warn(keys, &services, report);
    let charter = Charter {
        organisation,
        act: act(keys.charter.as_ref()),
        rules,
        calendars,
        sites,
        services,
        canaries: canaries(keys.canaries.as_deref().unwrap_or_default(), report),
        alerting,
    };
    let collector = report.within("collector", |report| collector(keys.collector.as_ref(), folder, report));
    doubts::warn_unmailed(keys, report);
    report.is_clean().then_some(Vedetta { charter, collector })
}

/// A path of the file, made to start from the file's folder.
pub(crate) fn in_folder(path: &str, folder: Option<&Path>) -> PathBuf {
    folder.map_or_else(|| PathBuf::from(path), |folder| folder.join(path))
}

fn act(keys: Option<&CharterKeys>) -> CharterAct {
    CharterAct {
        act: keys.and_then(|keys| keys.act.clone()),
        in_force_from: keys.and_then(|keys| keys.in_force_from),
        measured_from: keys.and_then(|keys| keys.measured_from),
    }
}

fn canaries(keys: &[At<crate::HostPort>], report: &mut Report<'_>) -> Vec<Canary> {
    let mut canaries: Vec<Canary> = Vec::new();
    if let Some(one_more) = keys.get(Canary::COUNT_MAX) {
        let max = Canary::COUNT_MAX;
        let message = say!("at most {max} canaries are asked", "si interrogano al più {max} canarini");
        report.problem(one_more.at, message);
    }
    for key in keys {
        let canary = Canary { address: key.value.clone() };
        if canaries.contains(&canary) {
            let message = say!(
                "the canary `{}` is already in the list",
                "il canarino `{}` è già nell'elenco",
                key.value
            );
            report.problem(key.at, message);
        } else {
            canaries.push(canary);
        }
    }
    canaries
}

fn collector(
    keys: Option<&CollectorKeys>,
    folder: Option<&Path>,
    report: &mut Report<'_>,
) -> CollectorConfig {
    let agents = keys.and_then(|keys| keys.agents.as_ref());
    let web = keys.and_then(|keys| keys.web.as_ref()).and_then(|web| web.listen.as_ref());
    let agents_listen = agents.and_then(|agents| agents.listen).unwrap_or(AGENTS_LISTEN.into());
    let web_listen = web.map_or(WEB_LISTEN.into(), |listen| listen.value);
    if let Some(listen) = web.filter(|listen| !listen.value.ip().is_loopback()) {
        let message = say!(
            "page and figures are served without encryption beyond this machine; put a proxy with TLS in front, or \
             keep the address on 127.0.0.1",
            "pagina e cifre escono da questa macchina senza cifratura; metti davanti un proxy con TLS, o lascia \
             l'indirizzo su 127.0.0.1"
        );
        report.warning(listen.at, message);
    }
    if agents_listen == web_listen && agents_listen.port() != 0 {
        let at = web.map_or(Place::WHOLE, |listen| listen.at);
        let message = say!(
            "`agents` and `web` cannot both listen on {web_listen}",
            "`agents` e `web` non possono ascoltare entrambi su {web_listen}"
        );
        report.problem(at, message);
    }
    CollectorConfig {
        agents_listen,
        agents_address: agents.and_then(|agents| agents.address.clone()).unwrap_or_default(),
        web_listen,
        state_directory: in_folder(
            keys.and_then(|keys| keys.state.as_deref()).unwrap_or(COLLECTOR_STATE),
            folder,
        ),
        operators: operators(keys, report),
        secrets_directory: in_folder(
            keys.and_then(|keys| keys.secrets.as_deref()).unwrap_or(COLLECTOR_SECRETS),
            folder,
        ),
        mail: keys
            .and_then(|keys| keys.mail.as_ref())
            .and_then(|mail| report.within("mail", |report| mail::mail(&mail.value, folder, report))),
        alertmanagers: keys.and_then(|keys| keys.alertmanager.as_ref()).map_or_else(Vec::new, |keys| {
            report.within("alertmanager", |report| outlets::alertmanagers(keys, report))
        }),
        heartbeat: keys
            .and_then(|keys| keys.heartbeat.as_ref())
            .and_then(|keys| report.within("heartbeat", |report| outlets::heartbeat(keys, report))),
    }
}

/// Only what no system takes for a group's name; whether there is such a group, only the machine knows.
fn operators(keys: Option<&CollectorKeys>, report: &mut Report<'_>) -> Option<String> {
    let At { at, value: name } = keys?.operators.as_ref()?;
    let is_number = name.bytes().all(|byte| byte.is_ascii_digit());
    let is_odd = |c: char| c.is_control() || ":,/".contains(c);
    if is_number || name.len() > GROUP_BYTES_MAX || name.starts_with(['-', ' ']) || name.contains(is_odd) {
        let message = say!(
            "`{name}` is not the name of a group; write the name of a Unix group as `getent group` shows it",
            "`{name}` non è il nome di un gruppo; scrivi il nome di un gruppo Unix come lo mostra `getent group`"
        );
        report.problem(*at, message);
        return None;
    }
    Some(name.clone())
}
