//! `probe: http`: one request.

use std::path::Path;

use super::{family_of, tls};
use crate::yaml::nearest;
use crate::yaml::probe::HttpKeys;
use crate::yaml::shape::{At, Report};
use crate::{Family, HostPort, HttpParams};

/// The question without its target.
#[derive(Debug)]
pub(in crate::resolve) struct Asked {
    params: HttpParams,
    family: Option<At<Family>>,
    connect: Option<At<String>>,
}

impl Asked {
    pub(super) fn of(&self, target: &At<String>, report: &mut Report<'_>) -> Option<HttpParams> {
        let (host, port) = url(target, report)?;
        let connect = match &self.connect {
            None => None,
            Some(text) => Some(connect_to(text, port, report)?),
        };
        let host = connect.as_ref().map_or(host.as_str(), |connect| connect.host.as_str());
        let family = family_of(host, self.family.as_ref(), report)?;
        Some(HttpParams { url: target.value.clone(), connect, family, ..self.params.clone() })
    }
}

/// Judges the parameters. `None` after a problem.
pub(super) fn asked(keys: &HttpKeys, folder: Option<&Path>, report: &mut Report<'_>) -> Option<Asked> {
    let status = statuses(keys.status.as_deref(), report);
    let method = match keys.method.as_ref().map(|key| (key, key.value.as_str())) {
        None => Some("GET".to_owned()),
        Some((_, method @ ("GET" | "HEAD"))) => Some(method.to_owned()),
        Some((key, other)) => {
            report.problem(key.at, nearest::unknown_value("method", other, &["GET", "HEAD"]));
            None
        }
    };
    let tls = tls::tls(keys.tls.as_ref(), folder, report);
    let params = HttpParams {
        url: String::new(), // `of` puts the target's in place
        method: method?,
        status: status?,
        connect: None,
        tls: tls?,
        family: Family::default(),
    };
    Some(Asked { params, family: keys.family.clone(), connect: keys.connect.clone() })
}

/// `200`, `2xx`, or a list of them.
fn statuses(keys: Option<&[At<String>]>, report: &mut Report<'_>) -> Option<Vec<String>> {
    let Some(keys) = keys else { return Some(vec!["2xx".to_owned()]) };
    let mut statuses = Vec::new();
    for key in keys {
        let word = key.value.to_ascii_lowercase();
        let is_class = matches!(word.as_str(), "1xx" | "2xx" | "3xx" | "4xx" | "5xx");
        let is_code = word.parse().is_ok_and(|code: u16| (100..600).contains(&code));
        if !(is_class || is_code) {
            report.problem(key.at, format!("`{}` is not a status such as `200` or `2xx`", key.value));
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
        let message = format!("`{}` is not an address to connect to, such as `10.0.0.80:443`", text.value);
        report.problem(text.at, message);
    }
    address
}

/// Host and port of a URL that may be asked; the text of a refused one is not repeated if it may hold a
/// secret.
fn url(target: &At<String>, report: &mut Report<'_>) -> Option<(String, u16)> {
    let text = target.value.as_str();
    let (rest, port) = if let Some(rest) = text.strip_prefix("http://") {
        (rest, 80)
    } else if let Some(rest) = text.strip_prefix("https://") {
        (rest, 443)
    } else {
        let message = match text.split_once("://") {
            Some((scheme, _)) => {
                format!("`{scheme}://` is not asked by `probe: http`; only `http://` and `https://` are")
            }
            None => "not a URL: begin with `http://` or `https://`".to_owned(),
        };
        report.problem(target.at, message);
        return None;
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    if authority.contains('@') {
        let message = "a URL with a user or password in clear: secrets never stand in this file";
        report.problem(target.at, message);
        return None;
    }
    if path.contains('#') || text.bytes().any(|byte| !byte.is_ascii_graphic()) {
        let message = "not a URL that can be asked: no `#`, no spaces, other letters as `%XX`";
        report.problem(target.at, message);
        return None;
    }
    let Some(address) = HostPort::parse(authority, Some(port)) else {
        report.problem(target.at, format!("`{authority}` is not a host, or a host and a port"));
        return None;
    };
    Some((address.host, address.port))
}
