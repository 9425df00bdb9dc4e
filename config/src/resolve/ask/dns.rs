//! `probe: dns`: one question to one named server.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::yaml::nearest;
use crate::yaml::probe::DnsKeys;
use crate::yaml::shape::{At, Report};
use crate::{DnsParams, DnsTransport, HostPort};

const RECORD_TYPES: [&str; 10] = ["A", "AAAA", "MX", "NS", "SOA", "TXT", "CNAME", "PTR", "SRV", "CAA"];

/// Those of RFC 1035 and RFC 2136 that a server can mean as an answer.
const RCODES: [&str; 7] = ["NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED", "NOTAUTH"];

/// The question without its target.
#[derive(Debug)]
pub(in crate::resolve) struct Asked(DnsParams);

impl Asked {
    pub(super) fn of(&self, target: &At<String>, report: &mut Report<'_>) -> Option<DnsParams> {
        let server =
            HostPort::parse(&target.value, Some(53)).filter(|server| server.host.parse::<IpAddr>().is_ok());
        let Some(server) = server else {
            let message = format!(
                "`{}` is not the IP address of a server (`10.0.0.53`, or `10.0.0.53:5353`): a name server \
                 cannot be looked up by name while it is in question",
                target.value
            );
            report.problem(target.at, message);
            return None;
        };
        Some(DnsParams { server, ..self.0.clone() })
    }
}

/// Judges the parameters. `None` after a problem.
pub(super) fn asked(keys: &DnsKeys, report: &mut Report<'_>) -> Option<Asked> {
    let question = question(&keys.ask, report);
    let rcodes = rcodes(keys.rcodes.as_deref(), report);
    let record_type = question.as_ref().map_or("", |(_, record_type)| record_type);
    let expect = expected(keys.expect.as_deref().unwrap_or_default(), record_type, report);
    let (name, record_type) = question?;
    // `of` puts the target's address in place of this one.
    let server = HostPort { host: String::new(), port: 53 };
    Some(Asked(DnsParams {
        server,
        name,
        record_type,
        transport: keys.transport.unwrap_or(DnsTransport::Udp),
        rcodes: rcodes?,
        expect: expect?,
    }))
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
