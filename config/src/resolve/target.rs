//! From `probe: KIND` with its parameters, and one target, to what is asked of it.
//!
//! A component's parameters are judged once, whatever the number of its targets.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;

use super::files;
use crate::yaml::nearest;
use crate::yaml::probe::{DnsKeys, HttpKeys, ProbeKeys, TcpKeys};
use crate::yaml::shape::{At, Report};
use crate::{DnsParams, DnsTransport, Family, HostPort, HttpParams, Probe, TcpParams};

const RECORD_TYPES: [&str; 10] = ["A", "AAAA", "MX", "NS", "SOA", "TXT", "CNAME", "PTR", "SRV", "CAA"];

/// Those of RFC 1035 and RFC 2136 that a server can mean as an answer.
const RCODES: [&str; 7] = ["NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED", "NOTAUTH"];

/// A component's question, before it is put to a target.
#[derive(Debug)]
pub(super) enum Asked {
    Tcp { family: Option<At<Family>> },
    Dns(DnsParams),
    Http { params: HttpParams, family: Option<At<Family>>, connect: Option<At<String>> },
}

/// Judges the parameters. `None` after a problem.
pub(super) fn asked(keys: &ProbeKeys, folder: Option<&Path>, report: &mut Report<'_>) -> Option<Asked> {
    match keys {
        ProbeKeys::Tcp(TcpKeys { family }) => Some(Asked::Tcp { family: family.clone() }),
        ProbeKeys::Dns(keys) => dns(keys, report).map(Asked::Dns),
        ProbeKeys::Http(keys) => http(keys, folder, report),
    }
}

impl Asked {
    /// Puts the question to one target. `None` after a problem.
    pub(super) fn of(&self, target: &At<String>, report: &mut Report<'_>) -> Option<Probe> {
        match self {
            Self::Tcp { family } => {
                let Some(address) = HostPort::parse(&target.value, None) else {
                    let message = format!(
                        "`{}` is not an address with a port, such as `10.0.0.20:443` or `\"[2001:db8::20]:443\"`",
                        target.value
                    );
                    report.problem(target.at, message);
                    return None;
                };
                let family = family_of(&address.host, family.as_ref(), report)?;
                Some(Probe::Tcp(TcpParams { address, family }))
            }
            Self::Dns(question) => {
                let server = HostPort::parse(&target.value, Some(53))
                    .filter(|server| server.host.parse::<IpAddr>().is_ok());
                let Some(server) = server else {
                    let message = format!(
                        "`{}` is not the IP address of a server (`10.0.0.53`, or `10.0.0.53:5353`): a name server \
                         cannot be looked up by name while it is in question",
                        target.value
                    );
                    report.problem(target.at, message);
                    return None;
                };
                Some(Probe::Dns(DnsParams { server, ..question.clone() }))
            }
            Self::Http { params, family, connect } => {
                let (host, port) = url(target, report)?;
                let connect = match connect {
                    None => None,
                    Some(text) => Some(connect_to(text, port, report)?),
                };
                let host = connect.as_ref().map_or(host.as_str(), |connect| connect.host.as_str());
                let family = family_of(host, family.as_ref(), report)?;
                Some(Probe::Http(HttpParams { url: target.value.clone(), connect, family, ..params.clone() }))
            }
        }
    }
}

/// A literal address is of its own family; a name is asked for IPv4 unless the file says otherwise.
fn family_of(host: &str, key: Option<&At<Family>>, report: &mut Report<'_>) -> Option<Family> {
    let literal = host.parse::<IpAddr>().ok().map(|ip| if ip.is_ipv4() { Family::V4 } else { Family::V6 });
    match (literal, key) {
        (Some(literal), Some(key)) if literal != key.value => {
            report.problem(key.at, format!("`{host}` is an address of the other family; leave `family` out"));
            None
        }
        (Some(family), _) => Some(family),
        (None, Some(key)) => Some(key.value),
        (None, None) => Some(Family::V4),
    }
}

fn dns(keys: &DnsKeys, report: &mut Report<'_>) -> Option<DnsParams> {
    let question = question(&keys.ask, report);
    let rcodes = rcodes(keys.rcodes.as_deref(), report);
    let record_type = question.as_ref().map_or("", |(_, record_type)| record_type);
    let expect = expected(keys.expect.as_deref().unwrap_or_default(), record_type, report);
    let (name, record_type) = question?;
    // `of` puts the target's address in place of this one.
    let server = HostPort { host: String::new(), port: 53 };
    Some(DnsParams {
        server,
        name,
        record_type,
        transport: keys.transport.unwrap_or(DnsTransport::Udp),
        rcodes: rcodes?,
        expect: expect?,
    })
}

/// `intranet.example A`, or `intranet.example` for its address.
fn question(ask: &At<String>, report: &mut Report<'_>) -> Option<(String, String)> {
    let mut words = ask.value.split_whitespace();
    let (name, record_type) = (words.next().unwrap_or_default(), words.next().unwrap_or("A"));
    if words.next().is_some() {
        report.problem(ask.at, "`ask` is a name and a record type, such as `intranet.example A`");
        return None;
    }
    let record_type = record_type.to_ascii_uppercase();
    if !RECORD_TYPES.contains(&record_type.as_str()) {
        report.problem(ask.at, nearest::unknown_value("record type", &record_type, &RECORD_TYPES));
        return None;
    }
    let absolute = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    if !is_domain_name(&absolute) {
        report.problem(
            ask.at,
            format!("`{name}` is not a name of DNS: labels of 1 to 63 letters, digits, `-` or `_`"),
        );
        return None;
    }
    Some((format!("{absolute}."), record_type))
}

/// RFC 1035, 2.3.1 and 2.3.4; `_` as in SRV names.
fn is_domain_name(name: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    name.is_empty() || (name.len() <= 253 && name.split('.').all(is_label))
}

fn rcodes(keys: Option<&[At<String>]>, report: &mut Report<'_>) -> Option<Vec<String>> {
    let Some(keys) = keys else { return Some(vec!["NOERROR".to_owned()]) };
    let mut rcodes = Vec::new();
    for key in keys {
        let word = key.value.to_ascii_uppercase();
        if !RCODES.contains(&word.as_str()) {
            report.problem(key.at, nearest::unknown_value("response code", &word, &RCODES));
            return None;
        }
        rcodes.push(word);
    }
    Some(rcodes)
}

/// Values of addresses are checked: a slip here would read as an outage.
fn expected(keys: &[At<String>], record_type: &str, report: &mut Report<'_>) -> Option<Vec<String>> {
    let mut sound = true;
    for key in keys {
        let fits = match record_type {
            "A" => key.value.parse::<Ipv4Addr>().is_ok(),
            "AAAA" => key.value.parse::<Ipv6Addr>().is_ok(),
            _ => true,
        };
        if !fits {
            let what = if record_type == "A" { "an IPv4" } else { "an IPv6" };
            report.problem(
                key.at,
                format!("`{}` is not {what} address, which `{record_type}` asks for", key.value),
            );
            sound = false;
        }
    }
    sound.then(|| keys.iter().map(|key| key.value.clone()).collect())
}

fn http(keys: &HttpKeys, folder: Option<&Path>, report: &mut Report<'_>) -> Option<Asked> {
    let status = statuses(keys.status.as_deref(), report);
    let method = match keys.method.as_ref().map(|key| (key, key.value.as_str())) {
        None => Some("GET".to_owned()),
        Some((_, method @ ("GET" | "HEAD"))) => Some(method.to_owned()),
        Some((key, other)) => {
            report.problem(key.at, nearest::unknown_value("method", other, &["GET", "HEAD"]));
            None
        }
    };
    let authority = match &keys.authority {
        None => Some(None),
        Some(key) => match files::certificates(&key.value, folder) {
            Ok(pem) => Some(Some(pem)),
            Err(message) => {
                report.problem(key.at, message);
                None
            }
        },
    };
    let params = HttpParams {
        url: String::new(), // `of` puts the target's in place
        method: method?,
        status: status?,
        connect: None,
        authority: authority?,
        family: Family::default(),
    };
    Some(Asked::Http { params, family: keys.family.clone(), connect: keys.connect.clone() })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_dns() {
        let longest = format!("{}.example", "a".repeat(63));
        for good in ["intranet.example", "_sip._tcp.example", "", "10.in-addr.arpa", longest.as_str()] {
            assert!(is_domain_name(good), "{good}");
        }
        for bad in ["a..b", ".a", "-a.b", "a-.b", "a b", "à.example", &"a.".repeat(130), &"a".repeat(64)] {
            assert!(!is_domain_name(bad), "{bad}");
        }
    }
}
