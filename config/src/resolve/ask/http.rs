//! `probe: http`: a request, and what its answer must be (`answer`).

mod answer;
mod drift;
mod request;
pub(super) mod redirects;

pub(super) use answer::answered;
pub(super) use redirects::hosts;
pub(super) use request::headers as sent_headers;

use std::net::IpAddr;
use std::path::Path;

use super::{family_of, tls};
use crate::secrets;
use crate::text::say;
use crate::yaml::probe::HttpKeys;
use crate::yaml::shape::{At, Report};
use crate::{Family, HostPort, HttpParams};

/// The question without its target.
#[derive(Debug)]
pub(in crate::resolve) struct Asked {
    params: HttpParams,
    family: Option<At<Family>>,
    connect: Option<At<String>>,
    /// Where the last redirect must lead, and its place.
    end: Option<At<String>>,
}

impl Asked {
    pub(super) fn of(&self, target: &At<String>, report: &mut Report<'_>) -> Option<HttpParams> {
        let (host, port) = url(target, "http", report)?;
        if let Some(end) = &self.end {
            redirects::warn_unreachable(end, &host, &self.params.redirects.hosts, report);
        }
        let connect = match &self.connect {
            None => None,
            Some(text) => Some(connect_to(text, port, report)?),
        };
        let host = connect.as_ref().map_or(host.as_str(), |connect| connect.host.as_str());
        let family = family_of(host, self.family.as_ref(), report)?;
        if self.params.auth.is_some() && !target.value.starts_with("https://") {
            let message = say!(
                "the secret goes over the network in clear: `http://` hides nothing",
                "il segreto passa in chiaro sulla rete: `http://` non nasconde nulla"
            );
            report.warning(target.at, message);
        }
        Some(HttpParams { url: target.value.clone(), connect, family, ..self.params.clone() })
    }
}

/// Judges the parameters. `None` after a problem.
pub(super) fn asked(keys: &HttpKeys, folder: Option<&Path>, report: &mut Report<'_>) -> Option<Asked> {
    let status = statuses(keys.status.as_deref(), report);
    let method = request::method(keys, report);
    let headers = request::headers(keys.headers.as_ref(), report);
    let auth = keys.auth.is_some() || keys.secret.is_some() || keys.user.is_some();
    let auth = auth.then(|| request::auth(keys, report));
    let answer = answer::answer(keys, method.as_deref(), report);
    let drift = keys.drift.as_ref().map(|key| drift::drift(key, method.as_deref(), report));
    let redirects = redirects::redirects(keys.redirects.as_ref(), report);
    if keys.redirects.is_some() {
        redirects::warn_unfollowed(keys.status.as_deref().unwrap_or_default(), report);
    }
    let resolver = keys.resolver.as_ref().map(|key| resolver(key, report));
    let tls = tls::tls(keys.tls.as_ref(), folder, report);
    if auth == Some(None) || resolver == Some(None) || drift == Some(None) {
        return None;
    }
    let params = HttpParams {
        url: String::new(), // `of` puts the target's in place
        method: method?,
        headers: headers?,
        body: keys.body.as_ref().map(|body| body.value.clone()),
        auth: auth.flatten(),
        status: status?,
        answer: answer?,
        drift: drift.flatten(),
        redirects: redirects?,
        connect: None,
        resolver: resolver.flatten(),
        tls: tls?,
        family: Family::default(),
    };
    let end = keys.redirects.as_ref().and_then(|redirects| redirects.end.clone());
    Some(Asked { params, family: keys.family.clone(), connect: keys.connect.clone(), end })
}

/// What is up unless a charter says otherwise.
pub(super) fn success() -> Vec<String> {
    vec!["2xx".to_owned()]
}

/// `200`, `2xx`, or a list of them.
pub(super) fn statuses(keys: Option<&[At<String>]>, report: &mut Report<'_>) -> Option<Vec<String>> {
    let Some(keys) = keys else { return Some(vec!["2xx".to_owned()]) };
    let mut statuses = Vec::new();
    for key in keys {
        let word = key.value.to_ascii_lowercase();
        let is_class = matches!(word.as_str(), "1xx" | "2xx" | "3xx" | "4xx" | "5xx");
        let is_code = word.parse().is_ok_and(|code: u16| (100..600).contains(&code));
        if !(is_class || is_code) {
            let message = say!(
                "`{}` is not a status such as `200` or `2xx`",
                "`{}` non è uno stato come `200` o `2xx`",
                key.value
            );
            report.problem(key.at, message);
            return None;
        }
        statuses.push(word);
    }
    if statuses.is_empty() {
        return Some(vec!["2xx".to_owned()]);
    }
    Some(statuses)
}

fn connect_to(text: &At<String>, port: u16, report: &mut Report<'_>) -> Option<HostPort> {
    let address = HostPort::parse(&text.value, Some(port));
    if address.is_none() {
        let message = say!(
            "`{}` is not an address to connect to, such as `10.0.0.80:443`",
            "`{}` non è un indirizzo a cui connettersi, come `10.0.0.80:443`",
            text.value
        );
        report.problem(text.at, message);
    }
    address
}

fn resolver(text: &At<String>, report: &mut Report<'_>) -> Option<HostPort> {
    let server = HostPort::parse(&text.value, Some(53));
    let server = server.filter(|server| server.host.parse::<IpAddr>().is_ok());
    if server.is_none() {
        let message = say!(
            "`{}` is not the IP address of a name server, such as `10.0.0.53`",
            "`{}` non è l'indirizzo IP di un server DNS, come `10.0.0.53`",
            text.value
        );
        report.problem(text.at, message);
    }
    server
}

/// Host and port of a URL that may be asked by a `kind` of probe; the text of a refused one is not repeated if it
/// may hold a secret.
pub(super) fn url(target: &At<String>, kind: &str, report: &mut Report<'_>) -> Option<(String, u16)> {
    let text = target.value.as_str();
    let (rest, port) = if let Some(rest) = text.strip_prefix("http://") {
        (rest, 80)
    } else if let Some(rest) = text.strip_prefix("https://") {
        (rest, 443)
    } else {
        let message = match text.split_once("://") {
            Some((scheme, _)) => say!(
                "`{scheme}://` is not asked by `probe: {kind}`; only `http://` and `https://` are",
                "`{scheme}://` non è per `probe: {kind}`; lo sono solo `http://` e `https://`"
            ),
            None => say!(
                "not a URL: begin with `http://` or `https://`",
                "non è un URL: comincia con `http://` o `https://`"
            ),
        };
        report.problem(target.at, message);
        return None;
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    if authority.contains('@') {
        let message = say!(
            "a URL with a user or password in clear: secrets never stand in this file",
            "un URL con utente o password in chiaro: in questo file non stanno mai segreti"
        );
        report.problem(target.at, message);
        return None;
    }
    // A row of a CSV file; what stands in the charter itself has been refused before.
    if let Some(message) = secrets::in_url(text) {
        report.problem(target.at, message);
        return None;
    }
    if path.contains('#') || text.bytes().any(|byte| !byte.is_ascii_graphic()) {
        let message = say!(
            "not a URL that can be asked: no `#`, no spaces, other letters as `%XX`",
            "non è un URL che si possa chiedere: niente `#`, niente spazi, altre lettere come `%XX`"
        );
        report.problem(target.at, message);
        return None;
    }
    let Some(address) = HostPort::parse(authority, Some(port)) else {
        let message = say!(
            "`{authority}` is not a host, or a host and a port",
            "`{authority}` non è un host, o un host e una porta"
        );
        report.problem(target.at, message);
        return None;
    };
    Some((address.host, address.port))
}
