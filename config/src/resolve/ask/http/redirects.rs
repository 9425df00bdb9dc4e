//! Which redirects are followed.

use crate::check::bounds::REDIRECTS_MAX;
use crate::text::say;
use crate::yaml::probe::RedirectKeys;
use crate::yaml::shape::{At, Report};
use crate::{HostPort, HttpRedirects};

/// Judges the keys below `redirects:`; without any, the defaults. `None` after a problem.
pub(in crate::resolve::ask) fn redirects(
    keys: Option<&RedirectKeys>,
    report: &mut Report<'_>,
) -> Option<HttpRedirects> {
    let default = HttpRedirects::default();
    let Some(keys) = keys else { return Some(default) };
    let mut sound = true;
    if let Some(max) = keys.max.as_ref().filter(|max| max.value > REDIRECTS_MAX) {
        let message = say!("at most 10 redirects are followed", "si seguono al massimo 10 rinvii");
        report.problem(max.at, message);
        sound = false;
    }
    if let Some(end) = &keys.end
        && !(end.value.starts_with("http://") || end.value.starts_with("https://"))
    {
        let message = say!(
            "`end` is what the last URL begins with: `https://…`",
            "`end` è l'inizio dell'ultimo URL: `https://…`"
        );
        report.problem(end.at, message);
        sound = false;
    }
    let hosts = hosts(keys.hosts.as_deref(), report)?;
    sound.then(|| HttpRedirects {
        max: keys.max.as_ref().map_or(default.max, |max| max.value),
        hosts,
        end: keys.end.as_ref().map(|end| end.value.clone()),
    })
}

/// Hosts to which the agent may be led, in lower case. `None` after a problem.
pub(in crate::resolve::ask) fn hosts(
    keys: Option<&[At<String>]>,
    report: &mut Report<'_>,
) -> Option<Vec<String>> {
    let keys = keys.unwrap_or_default();
    let sound = keys.iter().filter(|host| is_host(host, report)).count();
    (sound == keys.len()).then(|| keys.iter().map(|host| host.value.to_ascii_lowercase()).collect())
}

/// What `status` calls up is an answer, and not followed.
pub(super) fn warn_unfollowed(statuses: &[At<String>], report: &mut Report<'_>) {
    if let Some(status) = statuses.iter().find(|status| status.value.eq_ignore_ascii_case("3xx")) {
        let message = say!(
            "`3xx` is up here, so that no redirect is followed and `redirects` says nothing; leave out one of the two",
            "qui `3xx` va bene, quindi nessun rinvio si segue e `redirects` non dice nulla; togli uno dei due"
        );
        report.warning(status.at, message);
    }
}

/// An end on a host to which no redirect is followed.
pub(super) fn warn_unreachable(end: &At<String>, host: &str, hosts: &[String], report: &mut Report<'_>) {
    let authority = end.value.split_once("://").map_or("", |(_, rest)| rest);
    let authority = authority.split(['/', '?', '#']).next().unwrap_or_default();
    let Some(address) = HostPort::parse(authority, Some(443)) else { return };
    let bare = |host: &str| host.to_ascii_lowercase().trim_start_matches("www.").to_owned();
    let last = address.host.to_ascii_lowercase();
    if bare(&last) == bare(host) || hosts.contains(&last) {
        return;
    }
    let message = say!(
        "no redirect is followed to `{last}`, so that `end` is never reached; write `hosts: [{last}]`",
        "nessun rinvio si segue verso `{last}`, quindi `end` non si raggiunge mai; scrivi `hosts: [{last}]`"
    );
    report.warning(end.at, message);
}

fn is_host(host: &At<String>, report: &mut Report<'_>) -> bool {
    let sound = HostPort::parse(&host.value, Some(443)).is_some_and(|address| address.host == host.value);
    if !sound {
        let message = say!(
            "`{}` is not a host: its name alone, without `https://` and port",
            "`{}` non è un host: solo il nome, senza `https://` e porta",
            host.value
        );
        report.problem(host.at, message);
    }
    sound
}
