//! `probe: dns`: one question to one named server.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;

use crate::check::bounds::{MUST_FAIL_MAX, SERVERS_MAX};
use crate::text::say;
use crate::yaml::duration::Millis;
use crate::yaml::nearest;
use crate::yaml::probe::{DnsKeys, SoaSerialKeys};
use crate::yaml::shape::{At, Report};
use crate::{DnsFlag, DnsParams, DnsQuestion, DnsTransport, HostPort, RecordMatch, SoaSerial, TlsParams};

const RECORD_TYPES: [&str; 10] = ["A", "AAAA", "MX", "NS", "SOA", "TXT", "CNAME", "PTR", "SRV", "CAA"];

/// Those of RFC 1035 and RFC 2136 that a server can mean as an answer.
const RCODES: [&str; 7] = ["NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED", "NOTAUTH"];

/// The question without its target.
#[derive(Debug)]
pub(in crate::resolve) struct Asked {
    params: DnsParams,
    soa_serial: Option<At<SerialAsked>>,
}

/// `soa_serial` without the servers that only a target's siblings tell.
#[derive(Debug)]
struct SerialAsked {
    within_ms: u64,
    /// As the file names them; `None` for the component's targets.
    named: Option<Vec<HostPort>>,
    /// The component's targets.
    siblings: Vec<HostPort>,
}

impl Asked {
    /// Tells it all targets of its component.
    pub(super) fn among<'t>(&mut self, targets: impl Iterator<Item = &'t At<String>>) {
        if let Some(serial) = &mut self.soa_serial {
            let port = self.params.transport.port();
            serial.value.siblings = targets.filter_map(|target| server(&target.value, port)).collect();
        }
    }

    pub(super) fn of(&self, target: &At<String>, report: &mut Report<'_>) -> Option<DnsParams> {
        let Some(server) = server(&target.value, self.params.transport.port()) else {
            let message = say!(
                "`{}` is not the IP address of a server (`10.0.0.53`, or `10.0.0.53:5353`): a name server cannot be \
                 looked up by name while it is in question",
                "`{}` non è l'indirizzo IP di un server (`10.0.0.53`, o `10.0.0.53:5353`): un server dei nomi non si \
                 cerca per nome mentre è in discussione",
                target.value
            );
            report.problem(target.at, message);
            return None;
        };
        let soa_serial = match &self.soa_serial {
            None => None,
            Some(serial) => Some(serial_of(&server, serial, report)?),
        };
        Some(DnsParams { server, soa_serial, ..self.params.clone() })
    }
}

fn server(text: &str, port: u16) -> Option<HostPort> {
    HostPort::parse(text, Some(port)).filter(|server| server.host.parse::<IpAddr>().is_ok())
}

/// Judges the parameters. `None` after a problem.
pub(super) fn asked(keys: &DnsKeys, folder: Option<&Path>, report: &mut Report<'_>) -> Option<Asked> {
    let transport = keys.transport.unwrap_or_default();
    let tls = tls(keys, transport, folder, report);
    let question = question(&keys.ask, report);
    let rcodes = rcodes(keys.rcodes.as_deref(), report);
    let record_type = question.as_ref().map_or("", |question| question.record_type.as_str());
    let expect = expected(keys.expect.as_deref().unwrap_or_default(), record_type, report);
    let must_fail = must_fail(keys.must_fail.as_deref().unwrap_or_default(), question.as_ref(), report);
    let soa_serial = match &keys.soa_serial {
        None => Some(None),
        Some(key) => soa_serial(key, record_type, report).map(Some),
    };
    let flags = flags(keys.flags.as_deref().unwrap_or_default(), report);
    let counts = counts(keys, report);
    let DnsQuestion { name, record_type } = question?;
    if !counts {
        return None;
    }
    // `of` puts the target's address in place of this one.
    let server = HostPort { host: String::new(), port: 53 };
    let params = DnsParams {
        server,
        name,
        record_type,
        transport,
        tls: tls?,
        rcodes: rcodes?,
        expect: expect?,
        matching: keys.matching.as_ref().map(|key| key.value).unwrap_or_default(),
        min_count: keys.min_count.as_ref().map(|key| key.value),
        ttl_min_s: keys.ttl_min.as_ref().and_then(|key| whole_seconds(key.value)),
        flags: flags?,
        recursion: keys.recursion.unwrap_or(true),
        dnssec: keys.dnssec.unwrap_or(false) || keys.rrsig_min.is_some(),
        rrsig_min_ms: keys.rrsig_min.as_ref().map(|key| key.value.0),
        must_fail: must_fail?,
        soa_serial: None,
    };
    Some(Asked { params, soa_serial: soa_serial? })
}

/// What only TLS has, and what it has not.
fn tls(
    keys: &DnsKeys,
    transport: DnsTransport,
    folder: Option<&Path>,
    report: &mut Report<'_>,
) -> Option<TlsParams> {
    let is_tls = transport == DnsTransport::Tls;
    if let Some(key) = keys.tls.as_ref().filter(|_| !is_tls) {
        let message = say!(
            "`tls` says how a certificate is judged, and this transport shows none; write `transport: tls`",
            "`tls` dice come si giudica un certificato, e questo trasporto non ne mostra; scrivi `transport: tls`"
        );
        report.problem(key.at, message);
        return None;
    }
    if let Some(key) = keys.soa_serial.as_ref().filter(|_| is_tls) {
        let message = say!(
            "`soa_serial` asks the other servers over UDP; let a check with `transport: udp` compare",
            "`soa_serial` interroga gli altri server via UDP; lo confronti un controllo con `transport: udp`"
        );
        report.problem(key.at, message);
        return None;
    }
    super::tls::tls(keys.tls.as_ref().map(|key| &key.value), folder, report)
}

/// `intranet.example A`, or `intranet.example` for its address.
fn question(ask: &At<String>, report: &mut Report<'_>) -> Option<DnsQuestion> {
    let mut words = ask.value.split_whitespace();
    let (name, record_type) = (words.next().unwrap_or_default(), words.next().unwrap_or("A"));
    if words.next().is_some() {
        let message = say!(
            "a question is a name and a record type, such as `intranet.example A`",
            "una domanda è un nome e un tipo di record, come `intranet.example A`"
        );
        report.problem(ask.at, message);
        return None;
    }
    let record_type = record_type.to_ascii_uppercase();
    if !RECORD_TYPES.contains(&record_type.as_str()) {
        let what = say!("record type", "il tipo di record");
        report.problem(ask.at, nearest::unknown_value(what, &record_type, &RECORD_TYPES));
        return None;
    }
    let absolute = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    if !is_domain_name(&absolute) {
        let message = say!(
            "`{name}` is not a name of DNS: labels of 1 to 63 letters, digits, `-` or `_`",
            "`{name}` non è un nome del DNS: etichette da 1 a 63 lettere, cifre, `-` o `_`"
        );
        report.problem(ask.at, message);
        return None;
    }
    Some(DnsQuestion { name: format!("{absolute}."), record_type })
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
            let what = say!("response code", "il codice di risposta");
            report.problem(key.at, nearest::unknown_value(what, &word, &RCODES));
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
        let (fits, family) = match record_type {
            "A" => (key.value.parse::<Ipv4Addr>().is_ok(), "IPv4"),
            "AAAA" => (key.value.parse::<Ipv6Addr>().is_ok(), "IPv6"),
            _ => (true, ""),
        };
        if !fits {
            let message = say!(
                "`{}` is not an {family} address, which `{record_type}` asks for",
                "`{}` non è un indirizzo {family}, che `{record_type}` chiede",
                key.value
            );
            report.problem(key.at, message);
            sound = false;
        }
    }
    sound.then(|| keys.iter().map(|key| key.value.clone()).collect())
}

/// Has what counts and what compares something to count and to compare?
fn counts(keys: &DnsKeys, report: &mut Report<'_>) -> bool {
    let mut sound = true;
    if let Some(key) = &keys.matching
        && keys.expect.as_ref().is_none_or(Vec::is_empty)
    {
        let message = say!(
            "`matching` says how `expect` is meant, and there is no `expect`",
            "`matching` dice come si intende `expect`, e non c'è alcun `expect`"
        );
        report.problem(key.at, message);
        sound = false;
    }
    let none_of = keys.matching.as_ref().is_some_and(|key| key.value == RecordMatch::None);
    let wants_records = keys.expect.as_ref().is_some_and(|expect| !expect.is_empty()) && !none_of;
    if let Some(key) = keys.min_count.as_ref().filter(|key| key.value == 0 && wants_records) {
        let message = say!(
            "`min_count: 0` lets an answer be empty, and `expect` says what must be in it",
            "`min_count: 0` ammette una risposta vuota, e `expect` dice che cosa deve contenere"
        );
        report.problem(key.at, message);
        sound = false;
    }
    if let Some(key) = keys.ttl_min.as_ref().filter(|key| whole_seconds(key.value).is_none()) {
        let message = say!(
            "`ttl_min` is {}; records are kept for whole seconds, such as `60s`",
            "`ttl_min` è {}; i record si conservano per secondi interi, come `60s`",
            key.value
        );
        report.problem(key.at, message);
        sound = false;
    }
    sound
}

/// What a record can be kept for: 1 s to 2^32 - 1 s.
fn whole_seconds(Millis(ms): Millis) -> Option<u32> {
    u32::try_from(ms / 1_000).ok().filter(|seconds| *seconds > 0 && ms % 1_000 == 0)
}

fn flags(keys: &[At<DnsFlag>], report: &mut Report<'_>) -> Option<Vec<DnsFlag>> {
    let flags: Vec<DnsFlag> = keys.iter().map(|key| key.value).collect();
    for (one, other, name) in [
        (DnsFlag::Aa, DnsFlag::NoAa, "aa"),
        (DnsFlag::Ad, DnsFlag::NoAd, "ad"),
        (DnsFlag::Ra, DnsFlag::NoRa, "ra"),
    ] {
        let at = keys.iter().filter(|key| key.value == one || key.value == other).map(|key| key.at).max();
        if let Some(at) = at.filter(|_| flags.contains(&one) && flags.contains(&other)) {
            let message = say!(
                "`{name}` and `no-{name}`: no answer has both",
                "`{name}` e `no-{name}`: nessuna risposta li ha entrambi"
            );
            report.problem(at, message);
            return None;
        }
    }
    Some(flags)
}

/// Controls: what a sound server does not answer.
fn must_fail(
    keys: &[At<String>],
    asked: Option<&DnsQuestion>,
    report: &mut Report<'_>,
) -> Option<Vec<DnsQuestion>> {
    let mut questions = Vec::new();
    for key in keys {
        let question = question(key, report)?;
        if Some(&question) == asked {
            let message = say!(
                "the question of `ask` stands in `must_fail` too; it cannot be answered and not answered",
                "la domanda di `ask` sta anche in `must_fail`; non può avere e non avere risposta"
            );
            report.problem(key.at, message);
            return None;
        }
        questions.push(question);
        if questions.len() > MUST_FAIL_MAX {
            let message = say!(
                "`must_fail` takes at most {MUST_FAIL_MAX} questions: all are asked at every run",
                "`must_fail` prende al più {MUST_FAIL_MAX} domande: si fanno tutte a ogni esecuzione"
            );
            report.problem(key.at, message);
            return None;
        }
    }
    Some(questions)
}

/// `None` after a problem.
fn soa_serial(
    At { at, value: keys }: &At<SoaSerialKeys>,
    record_type: &str,
    report: &mut Report<'_>,
) -> Option<At<SerialAsked>> {
    // Without a sound question its type is not known, and nobody is accused.
    if !matches!(record_type, "SOA" | "") {
        let message = say!(
            "`soa_serial` compares what `ask: ZONE SOA` tells; `{record_type}` is asked",
            "`soa_serial` confronta ciò che dice `ask: ZONA SOA`; si chiede `{record_type}`"
        );
        report.problem(*at, message);
        return None;
    }
    let mut named = Vec::new();
    for key in keys.same_as.iter().flatten() {
        let Some(server) = server(&key.value, DnsTransport::Udp.port()) else {
            let message = say!(
                "`{}` is not the IP address of a server",
                "`{}` non è l'indirizzo IP di un server",
                key.value
            );
            report.problem(key.at, message);
            return None;
        };
        named.push(server);
    }
    let named = keys.same_as.as_ref().map(|_| named);
    let Millis(within_ms) = keys.within.value;
    Some(At { at: *at, value: SerialAsked { within_ms, named, siblings: Vec::new() } })
}

/// The servers that `server` is compared with.
fn serial_of(server: &HostPort, serial: &At<SerialAsked>, report: &mut Report<'_>) -> Option<SoaSerial> {
    let SerialAsked { within_ms, named, siblings } = &serial.value;
    let all = named.as_ref().unwrap_or(siblings).iter();
    let mut same_as: Vec<HostPort> = all.filter(|other| *other != server).cloned().collect();
    same_as.sort();
    same_as.dedup();
    let message = if same_as.is_empty() {
        say!(
            "`soa_serial` has no other server to compare `{server}` with; name them with `same_as`",
            "`soa_serial` non ha un altro server con cui confrontare `{server}`; si indichino con `same_as`"
        )
    } else if same_as.len() > SERVERS_MAX {
        say!(
            "`soa_serial` compares with {}; at most {SERVERS_MAX} are asked at every run: choose some with `same_as`",
            "`soa_serial` confronta con {}; al più {SERVERS_MAX} si chiedono a ogni esecuzione: si scelgano con `same_as`",
            same_as.len()
        )
    } else {
        return Some(SoaSerial { same_as, within_ms: *within_ms });
    };
    report.problem(serial.at, message);
    None
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
