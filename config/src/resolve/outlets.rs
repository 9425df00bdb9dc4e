//! Whom the collector tells beside people. What tells of outages leaves this machine encrypted, or not at all.

use super::link::Link;
use crate::text::{Text, say};
use crate::yaml::duration::Millis;
use crate::yaml::outlets::{AlertmanagerKeys, HeartbeatKeys};
use crate::yaml::shape::{At, Report};
use crate::{AlertmanagerConfig, HeartbeatConfig};

/// Each is asked by a task of its own.
const ALERTMANAGERS_MAX: usize = 4;
/// As often as the services that take it look, unless said otherwise.
const EVERY: Millis = Millis(60_000);
/// Oftener is noise for them, and later than the hour nobody would notice in time.
const EVERY_RANGE: std::ops::RangeInclusive<u64> = 10_000..=3_600_000;

/// Every sound one.
pub(super) fn alertmanagers(keys: &[AlertmanagerKeys], report: &mut Report<'_>) -> Vec<AlertmanagerConfig> {
    if let Some(one_more) = keys.get(ALERTMANAGERS_MAX) {
        let message = say!(
            "at most {ALERTMANAGERS_MAX} Alertmanagers are told",
            "si avvisano al più {ALERTMANAGERS_MAX} Alertmanager"
        );
        report.problem(one_more.url.at, message);
    }
    let mut told: Vec<AlertmanagerConfig> = Vec::new();
    for keys in keys {
        let Some(one) = alertmanager(keys, report) else { continue };
        if told.iter().any(|other| other.url == one.url) {
            let message = say!(
                "the Alertmanager `{}` is already in the list",
                "l'Alertmanager `{}` è già nell'elenco",
                one.url
            );
            report.problem(keys.url.at, message);
        } else {
            told.push(one);
        }
    }
    told
}

fn alertmanager(keys: &AlertmanagerKeys, report: &mut Report<'_>) -> Option<AlertmanagerConfig> {
    let user = say!(
        "a user in a URL; who logs in is said with `user` and `secret: NAME`, a file of the collector's `secrets`",
        "un utente in un URL; chi accede si dice con `user` e `secret: NOME`, un file di `secrets` del collettore"
    );
    let url = url(&keys.url, user, report)?;
    if url.contains('?') {
        let message = say!(
            "the address of an Alertmanager ends before its path, such as `http://127.0.0.1:9093`",
            "l'indirizzo di un Alertmanager finisce prima del percorso, come `http://127.0.0.1:9093`"
        );
        report.problem(keys.url.at, message);
        return None;
    }
    let login = match (&keys.user, &keys.secret) {
        (None, None) => None,
        (Some(user), Some(secret)) => Some((user.value.clone(), secret.value.clone())),
        (Some(At { at, .. }), None) | (None, Some(At { at, .. })) => {
            let message = say!(
                "who logs in has both `user` and `secret: NAME`, a file of the collector's `secrets`",
                "chi accede ha sia `user` sia `secret: NOME`, un file di `secrets` del collettore"
            );
            report.problem(*at, message);
            return None;
        }
    };
    Some(AlertmanagerConfig { url: url.trim_end_matches('/').to_owned(), login })
}

/// `None` after a problem.
pub(super) fn heartbeat(keys: &HeartbeatKeys, report: &mut Report<'_>) -> Option<HeartbeatConfig> {
    let user = say!(
        "a user in a URL; a key goes where `{{secret}}` stands, with `secret: NAME`, a file of the collector's `secrets`",
        "un utente in un URL; una chiave va dove sta `{{secret}}`, con `secret: NOME`, un file di `secrets` del collettore"
    );
    let url = url(&keys.url, user, report)?;
    let every = keys.every.as_ref().map_or(EVERY, |every| every.value);
    if let Some(At { at, .. }) = keys.every.as_ref().filter(|every| !EVERY_RANGE.contains(&every.value.0)) {
        let message = say!(
            "a heartbeat beats every 10s to 1h, not every {every}",
            "il segno di vita si dà ogni 10s fino a 1h, non ogni {every}"
        );
        report.problem(*at, message);
        return None;
    }
    let named = keys.secret.as_ref();
    if url.contains(HeartbeatConfig::SECRET) != named.is_some() {
        let message = say!(
            "`{{secret}}` in the URL and `secret: NAME`, a file of the collector's `secrets`, go together",
            "`{{secret}}` nell'URL e `secret: NOME`, un file di `secrets` del collettore, vanno insieme"
        );
        report.problem(named.map_or(keys.url.at, |secret| secret.at), message);
        return None;
    }
    let secret = named.map(|secret| secret.value.clone());
    Some(HeartbeatConfig { url: url.to_owned(), secret, every_ms: every.0 })
}

/// `user` is what to say of one in it.
fn url<'a>(key: &'a At<String>, user: Text, report: &mut Report<'_>) -> Option<&'a str> {
    let message: Text = match Link::of(&key.value) {
        Some(link) if link.hides() && !link.has_user => return Some(&key.value),
        Some(link) if link.has_user => user,
        Some(_) => say!(
            "what tells of outages does not leave this machine in clear: write `https://`, or an address of this machine",
            "ciò che parla dei fermi non esce in chiaro da questa macchina: scrivi `https://`, o un indirizzo di questa \
             macchina"
        ),
        None => say!(
            "`{}` is not a URL such as `https://host.example/path`",
            "`{}` non è un URL come `https://host.example/percorso`",
            key.value
        ),
    };
    report.problem(key.at, message);
    None
}
