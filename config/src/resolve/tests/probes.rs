//! What each kind of check is asked.

use super::{SITES, charter, from, loaded, only};
use crate::{Check, DnsTransport, Family, Probe, RadiusExpect, Timing};

#[test]
fn a_check_has_everything_it_needs() {
    let check = only("dns: {probe: dns, targets: {dns1: 10.0.0.53}, ask: Intranet.example}");
    assert_eq!(check.id.as_str(), "s.dns.dns1");
    assert_eq!(from(&check), ["ced", "biblioteca"]);
    assert!(!check.measures_path);
    let expected = Timing {
        every_ms: 60_000,
        timeout_ms: 10_000,
        hold_ms: 150_000,
        attempts: 3,
        warn_ms: None,
        crit_ms: None,
    };
    assert_eq!(check.timing, expected);
    let Probe::Dns(dns) = &check.probe else { panic!("dns") };
    assert_eq!((dns.server.to_string().as_str(), dns.name.as_str()), ("10.0.0.53:53", "intranet.example."));
    assert_eq!((dns.record_type.as_str(), dns.transport), ("A", DnsTransport::Udp));
    assert_eq!((dns.rcodes.as_slice(), dns.expect.len()), (&["NOERROR".to_owned()][..], 0));
}

#[test]
fn parameters_of_each_kind_are_taken() {
    let check = only(
        "c: {probe: dns, targets: {t: \"[2001:db8::53]:5353\"}, ask: example AAAA, expect: [\"::1\", \"::2\"], \
         transport: tcp, rcodes: [noerror, NXDOMAIN]}",
    );
    let Probe::Dns(dns) = &check.probe else { panic!("dns") };
    assert_eq!(
        (dns.server.to_string().as_str(), dns.expect.as_slice()),
        ("[2001:db8::53]:5353", &["::1".to_owned(), "::2".to_owned()][..])
    );
    assert_eq!((dns.transport, dns.rcodes.join(",")), (DnsTransport::Tcp, "NOERROR,NXDOMAIN".to_owned()));

    let check = only(
        "c: {probe: dns, targets: {t: 10.0.0.53}, ask: example, transport: tls, tls: {name: dns.example, warn: 7d}}",
    );
    let Probe::Dns(dns) = &check.probe else { panic!("dns") };
    assert_eq!((dns.transport, dns.server.to_string().as_str()), (DnsTransport::Tls, "10.0.0.53:853"));
    assert_eq!((dns.tls.name.as_deref(), dns.tls.warn_ms), (Some("dns.example"), Some(604_800_000)));

    let check =
        only("c: {probe: tcp, targets: {t: \"[::1]:22\"}, measures_path: true, warn: 100ms, crit: 1s}");
    let Probe::Tcp(tcp) = &check.probe else { panic!("tcp") };
    assert_eq!((tcp.address.port, tcp.family), (22, Family::V6));
    assert!(check.measures_path);
    assert_eq!((check.timing.warn_ms, check.timing.crit_ms), (Some(100), Some(1_000)));

    let check = only(
        "c: {probe: http, targets: {t: \"https://portale.example/a?b=c\"}, status: [200, 3XX], method: HEAD, \
         connect: 10.0.0.30}",
    );
    let Probe::Http(http) = &check.probe else { panic!("http") };
    assert_eq!((http.url.as_str(), http.method.as_str()), ("https://portale.example/a?b=c", "HEAD"));
    assert_eq!((http.status.join(","), http.family), ("200,3xx".to_owned(), Family::V4));
    assert_eq!(http.connect.as_ref().map(ToString::to_string).as_deref(), Some("10.0.0.30:443"));
}

#[test]
fn a_registry_is_not_asked_as_often_as_a_server() {
    let every_ms = |text: &str| {
        let file = format!(
            "defaults: {{every: 30s}}\n{SITES}services: {{s: {{users: [uffici], components: {{{text}}}}}}}\n"
        );
        let charter = crate::parse(&file, "x.yaml").unwrap_or_else(|error| panic!("{error}")).vedetta.charter;
        let all: Vec<u64> = charter.checks().map(|check| check.timing.every_ms).collect();
        all
    };
    let domain = "probe: registration, targets: {t: comune.example}, rdap: iana";
    let hour_ms = 3_600_000;
    for (text, expected) in [
        (format!("c: {{{domain}}}"), 6 * hour_ms),
        (format!("c: {{{domain}, every: 1d}}"), 24 * hour_ms),
        (format!("c: {{every: 2h, parts: {{d: {{{domain}}}}}}}"), 2 * hour_ms),
        ("c: {probe: tcp, targets: {t: \"a:1\"}}".to_owned(), 30_000),
    ] {
        assert_eq!(every_ms(&text), [expected], "{text}");
    }
    let Probe::Registration(asked) = only(&format!("c: {{{domain}}}")).probe else { panic!("registration") };
    assert_eq!((asked.rdap, asked.bootstrap.as_deref()), (None, Some("https://data.iana.org/rdap/dns.json")));
}

#[test]
fn a_zones_servers_are_compared_with_each_other() {
    let zone = |more: &str| {
        let targets = "targets: {a: 10.0.0.1, b: \"10.0.0.2:5353\", c: \"2001:db8::3\"}";
        charter(&format!("z: {{probe: dns, ask: Example SOA, {targets}, soa_serial: {{within: 30m{more}}}}}"))
            .checks()
            .map(|check| {
                let Probe::Dns(dns) = &check.probe else { panic!("dns") };
                let serial = dns.soa_serial.as_ref().unwrap();
                assert_eq!(serial.within_ms, 1_800_000);
                serial.same_as.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
            })
            .collect::<Vec<_>>()
    };
    let siblings =
        ["10.0.0.2:5353 [2001:db8::3]:53", "10.0.0.1:53 [2001:db8::3]:53", "10.0.0.1:53 10.0.0.2:5353"];
    assert_eq!(zone(""), siblings);
    assert_eq!(
        zone(", same_as: [10.0.0.9, 10.0.0.1]"),
        ["10.0.0.9:53", "10.0.0.1:53 10.0.0.9:53", "10.0.0.1:53 10.0.0.9:53"]
    );
}

#[test]
fn what_a_question_does_not_say_is_left_out_of_the_assignment() {
    let check = only("dns: {probe: dns, targets: {dns1: 10.0.0.53}, ask: intranet.example}");
    let told = serde_json::to_string(&check.probe).unwrap();
    assert_eq!(
        told,
        r#"{"kind":"dns","server":"10.0.0.53:53","name":"intranet.example.","record_type":"A","transport":"udp","rcodes":["NOERROR"]}"#
    );
    let check = only(
        "dns: {probe: dns, targets: {dns1: 10.0.0.53}, ask: a.example, expect: 10.0.0.1, matching: exact, \
         flags: [ad, no-aa], must_fail: [b.example A, c.example MX], ttl_min: 1m, min_count: 2, rrsig_min: 7d, \
         recursion: false, transport: both}",
    );
    let told = serde_json::to_string(&check.probe).unwrap();
    assert_eq!(serde_json::from_str::<Probe>(&told).unwrap(), check.probe);
    let Probe::Dns(dns) = check.probe else { panic!("dns") };
    assert!(dns.dnssec && !dns.recursion, "signatures cannot be judged without asking for them");
    assert_eq!((dns.ttl_min_s, dns.must_fail.len(), dns.flags.len()), (Some(60), 2, 2));
}

#[test]
fn ntp_servers_vouch_for_each_other_unless_peers_are_named() {
    let peers = |components: &str| -> Vec<(String, String)> {
        let of = |check: &Check| {
            let Probe::Ntp(ntp) = &check.probe else { panic!("ntp") };
            let peers: Vec<String> = ntp.peers.iter().map(ToString::to_string).collect();
            (ntp.server.to_string(), peers.join(" "))
        };
        charter(components).checks().map(of).collect()
    };
    let pair = |server: &str, peers: &str| (server.to_owned(), peers.to_owned());
    assert_eq!(
        peers("n: {probe: ntp, targets: {a: 10.0.0.1, b: \"n.example:1123\", c: \"2001:db8::1\"}}"),
        [
            pair("10.0.0.1:123", "n.example:1123 [2001:db8::1]:123"),
            pair("n.example:1123", "10.0.0.1:123 [2001:db8::1]:123"),
            pair("[2001:db8::1]:123", "10.0.0.1:123 n.example:1123"),
        ]
    );
    // One of the peers is the server itself.
    assert_eq!(
        peers("n: {probe: ntp, targets: {a: 10.0.0.1, b: 10.0.0.2}, peers: [10.0.0.9, 10.0.0.1]}"),
        [pair("10.0.0.1:123", "10.0.0.9:123"), pair("10.0.0.2:123", "10.0.0.9:123 10.0.0.1:123")]
    );
    let alone = loaded(&format!(
        "{SITES}services: {{s: {{users: [uffici], components: {{n: {{probe: ntp, targets: {{a: 10.0.0.1}}}}}}}}}}"
    ));
    let warned = alone.warnings.iter().any(|w| w.message.to_string().contains("names no `peers`"));
    assert!(warned, "{:?}", alone.warnings);
}

#[test]
fn a_default_threshold_gives_way_to_one_that_is_said() {
    for (keys, warn_ms, crit_ms) in [
        ("", 500, 5_000),
        (", offset_warn: 50ms", 50, 5_000),
        (", offset_warn: 10s", 10_000, 20_000),
        (", offset_crit: 100ms", 50, 100),
        (", offset_warn: 1s, offset_crit: 2s", 1_000, 2_000),
    ] {
        let check = only(&format!("n: {{probe: ntp, targets: {{a: 10.0.0.1}}, max_stratum: 4{keys}}}"));
        let Probe::Ntp(ntp) = &check.probe else { panic!("ntp") };
        assert_eq!(
            (ntp.offset_warn_ms, ntp.offset_crit_ms, ntp.max_stratum),
            (warn_ms, crit_ms, 4),
            "{keys}"
        );
    }
    for (keys, warn, crit) in [
        ("", "25%", None),
        (", loss_crit: 75%", "25%", Some("75%")),
        (", loss_crit: 10%", "10%", Some("10%")),
        (", loss_warn: 0%", "0%", None),
    ] {
        let check = only(&format!("n: {{probe: icmp, targets: {{a: \"[2001:db8::1]\"}}{keys}}}"));
        let Probe::Icmp(icmp) = &check.probe else { panic!("icmp") };
        assert_eq!((icmp.host.as_str(), icmp.family, icmp.packets), ("2001:db8::1", Family::V6, 4));
        let shown = icmp.loss_crit.map(|share| share.to_string());
        assert_eq!((icmp.loss_warn.to_string().as_str(), shown.as_deref()), (warn, crit), "{keys}");
    }
}

#[test]
fn a_short_interval_alone_is_no_mistake() {
    for (every, timeout_ms, hold_ms) in [("1s", 200, 2_500), ("100ms", 20, 250), ("50s", 10_000, 125_000)] {
        let timing = only(&format!("c: {{probe: tcp, targets: {{t: \"h:1\"}}, every: {every}}}")).timing;
        assert_eq!((timing.timeout_ms, timing.hold_ms), (timeout_ms, hold_ms), "{every}");
        assert!(timing.attempts_ms() <= timing.every_ms);
    }
}

#[test]
fn a_login_of_radius_is_taken() {
    let check = only(
        "c: {probe: radius, targets: {t: radius1.example}, secret: condiviso, user: sonda, user_secret: sonda, \
         expect: reject, calling_station: 02-00-00-00-00-01}",
    );
    let Probe::Radius(radius) = &check.probe else { panic!("radius") };
    assert_eq!(
        (radius.server.to_string().as_str(), radius.secret.as_str()),
        ("radius1.example:1812", "condiviso")
    );
    let login = radius.login.as_ref().unwrap();
    assert_eq!(
        (login.user.as_str(), login.secret.as_str(), login.expect),
        ("sonda", "sonda", RadiusExpect::Reject)
    );
    assert_eq!(radius.nas_identifier, "vedetta");
    let check = only("c: {probe: radius, targets: {t: \"[2001:db8::12]:1645\"}, secret: condiviso}");
    let Probe::Radius(radius) = &check.probe else { panic!("radius") };
    assert_eq!((radius.server.port, radius.family, radius.login.is_none()), (1645, Family::V6, true));
}

#[test]
fn a_directory_is_asked_as_it_says() {
    let check = only(
        "c: {probe: ldap, targets: {t: dc1.example}, security: starttls, user: cn=sonda, secret: sonda, base: dc=example, \
         scope: sub, filter: (uid=s*), require: synchronized}",
    );
    let Probe::Ldap(ldap) = &check.probe else { panic!("ldap") };
    assert_eq!((ldap.server.port, ldap.security), (389, crate::LdapSecurity::Starttls));
    let (bind, search) = (ldap.bind.as_ref().unwrap(), ldap.search.as_ref().unwrap());
    assert_eq!((bind.user.as_str(), bind.secret.as_str()), ("cn=sonda", "sonda"));
    assert_eq!(
        (search.scope, search.filter.to_string().as_str(), search.min_entries),
        (crate::LdapScope::Sub, "(uid=s*)", 1)
    );
    let check = only("c: {probe: ldap, targets: {t: dc1.example}}");
    let Probe::Ldap(ldap) = &check.probe else { panic!("ldap") };
    assert_eq!((ldap.server.port, ldap.bind.is_none(), ldap.search.is_none()), (636, true, true));
    let written = serde_json::to_string(&check.probe).unwrap();
    assert_eq!(serde_json::from_str::<Probe>(&written).unwrap(), check.probe);
}

#[test]
fn a_centre_of_keys_is_asked_as_deep_as_it_says() {
    let check = only(
        "c: {probe: kerberos, targets: {t: dc1.example}, realm: A.EXAMPLE, transport: both, user: sonda, secret: sonda, \
         service: HTTP/a.example}",
    );
    let Probe::Kerberos(kerberos) = &check.probe else { panic!("kerberos") };
    assert_eq!((kerberos.kdc.port, kerberos.transport), (88, crate::KerberosTransport::Both));
    assert_eq!(kerberos.service.as_deref(), Some("HTTP/a.example"));
    let check = only("c: {probe: kerberos, targets: {t: \"10.0.0.1:1088\"}, realm: A.EXAMPLE}");
    let Probe::Kerberos(kerberos) = &check.probe else { panic!("kerberos") };
    assert_eq!(
        (kerberos.kdc.port, kerberos.transport, kerberos.user.is_none()),
        (1_088, crate::KerberosTransport::Tcp, true)
    );
}

#[test]
fn a_domain_is_asked_by_its_name() {
    let check = only("c: {probe: domain, targets: {t: Comune.Example.}, resolver: 10.0.0.53}");
    let Probe::Domain(domain) = &check.probe else { panic!("domain") };
    assert_eq!(
        (domain.domain.as_str(), domain.realm.as_deref(), domain.ports.as_slice()),
        ("comune.example", None, &[445, 3268][..])
    );
    assert_eq!(domain.resolver.as_ref().map(ToString::to_string).as_deref(), Some("10.0.0.53:53"));
}
