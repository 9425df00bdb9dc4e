//! What a file means, by example. Mistakes are in `invalid/`.

use proptest::prelude::*;

use crate::{
    Charter, Check, Commitment, DnsTransport, Family, Fraction, Loaded, Probe, Quorum, Timing, load_agent,
    parse,
};

const SITES: &str = "
organisation: {name: Comune di Esempio}
sites:
  ced:        {agents: [ced1, ced2], users: [uffici]}
  biblioteca: {agents: [bib1], users: [uffici]}
  pascoli:    {agents: [pas1], users: [scuole]}
  fuori:      {agents: [vps1], users: [cittadini]}
";

#[track_caller]
fn loaded(text: &str) -> Loaded {
    parse(text, "vedetta.yaml").unwrap_or_else(|error| panic!("{error}"))
}

/// The charter with one service `s` for the offices, of the given components.
#[track_caller]
fn charter(components: &str) -> Charter {
    let services = format!("services: {{s: {{users: [uffici], components: {{{components}}}}}}}");
    loaded(&format!("{SITES}{services}")).vedetta.charter
}

#[track_caller]
fn only(components: &str) -> Check {
    let charter = charter(components);
    let mut checks = charter.checks();
    match (checks.next(), checks.next()) {
        (Some(check), None) => check.clone(),
        _ => panic!("not one check: {components}"),
    }
}

fn from(check: &Check) -> Vec<&str> {
    check.from.iter().map(crate::Id::as_str).collect()
}

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
fn from_is_where_the_users_are_unless_said() {
    let everywhere = loaded(&format!(
        "{SITES}services: {{s: {{components: {{c: {{probe: tcp, targets: {{t: \"h:1\"}}}}}}}}}}"
    ));
    let check = everywhere.vedetta.charter.checks().next().cloned().unwrap();
    assert_eq!(from(&check), ["ced", "biblioteca", "pascoli", "fuori"]);
    for (key, sites) in [
        ("from: users", vec!["ced", "biblioteca"]),
        ("from: [fuori, ced]", vec!["ced", "fuori"]), // in the order of `sites`
        ("from: pascoli", vec!["pascoli"]),
    ] {
        assert_eq!(
            from(&only(&format!("c: {{probe: tcp, targets: {{t: \"h:1\"}}, {key}}}"))),
            sites,
            "{key}"
        );
    }
}

#[test]
fn settings_come_from_above() {
    let text = format!(
        "{SITES}defaults: {{every: 2m, timeout: 5s, from: [fuori]}}
services:
  s:
    components:
      a: {{probe: tcp, targets: {{t: \"h:1\"}}}}
      b:
        every: 5m
        from: [ced]
        parts:
          x: {{probe: tcp, targets: {{t: \"h:1\"}}}}
          y: {{probe: tcp, targets: {{t: \"h:1\"}}, every: 30s, attempts: 1, from: [pascoli]}}
"
    );
    let charter = loaded(&text).vedetta.charter;
    let seen: Vec<_> = charter
        .checks()
        .map(|check| (check.id.to_string(), check.timing.every_ms / 1000, check.timing.attempts, from(check)))
        .collect();
    assert_eq!(
        seen,
        [
            ("s.a.t".to_owned(), 120, 3, vec!["fuori"]),
            ("s.b.x.t".to_owned(), 300, 3, vec!["ced"]),
            ("s.b.y.t".to_owned(), 30, 1, vec!["pascoli"]),
        ]
    );
    assert!(charter.checks().all(|check| check.timing.timeout_ms == 5_000));
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
fn rows_keep_their_order_and_promise() {
    let text = format!(
        "{SITES}charter: {{act: 1, in_force_from: 2027-01-01}}
services:
  zeta: {{row: 1, name: Zeta, commitments: [{{kind: availability, above: 98%}}]}}
  alfa: {{commitments: [{{kind: availability, at_least: \"99,5 %\", hours: 24x7}}]}}
"
    );
    let charter = loaded(&text).vedetta.charter;
    let shown: Vec<_> =
        charter.services.iter().map(|service| (service.id.as_str(), service.name.as_str())).collect();
    assert_eq!(shown, [("zeta", "Zeta"), ("alfa", "alfa")]);
    let promises: Vec<_> = charter
        .services
        .iter()
        .flat_map(|service| &service.commitments)
        .map(|promise| match promise {
            Commitment::Availability(p) => (p.strict, Some(p.target)),
            other => panic!("{other}"),
        })
        .collect();
    assert_eq!(promises, [(true, Fraction::new(49, 50)), (false, Fraction::new(199, 200))]);
    assert_eq!(charter.act.act.as_deref(), Some("1"), "a name may look like a number");
    assert_eq!(charter.act.measured_from, None);
}

#[test]
fn every_mistake_of_a_file_is_reported_in_one_run() {
    let text = format!(
        "{SITES}charter: {{measured_from: soon}}
rules: {{confirm_down: 0}}
services:
  s:
    row: one
    users: [uffici]
    components:
      a: {{probe: tcp, targets: {{t: nowhere}}, interval: 60s}}
      b: {{probe: dns, targets: {{t: 10.0.0.53}}, ask: x..y A, rcodes: FINE, every: 1h, timeout: 2h}}
      c: {{probe: http, targets: {{t: \"gopher://h\", u: \"http://u:hunter2@h/\"}}, from: [cde], up_if: 3 of 2}}
      d: {{parts: {{x: {{probe: tcp}}, y: 7}}}}
"
    );
    let refused = parse(&text, "f.yaml").unwrap_err();
    let lines: Vec<(u32, String)> = refused.problems.iter().map(|p| (p.line, p.message.en.clone())).collect();
    let expected = [
        (8, "expected a day"),
        (9, "`confirm_down` is a number of samples"),
        (12, "expected a whole number, found `one`"),
        (15, "`nowhere` is not an address"),
        (15, "unknown key `interval`"),
        (16, "`x..y` is not a name of DNS"),
        (16, "unknown response code `FINE`"),
        (16, "`timeout` (2h) must be shorter"),
        (17, "`gopher://` is not asked"),
        (17, "a URL with a user or password"),
        (17, "unknown site `cde`, did you mean `ced`?"),
        (17, "`up_if` asks for 3"),
        (18, "the key `targets` is missing"),
        (18, "expected a map with `probe:`"),
    ];
    let same = lines.len() == expected.len()
        && lines
            .iter()
            .zip(expected)
            .all(|((line, message), (at, begin))| *line == at && message.starts_with(begin));
    assert!(same, "{lines:#?}");
    let shown = refused.to_string();
    assert!(shown.ends_with("14 errors") && !shown.contains("hunter2"), "{shown}");
}

#[test]
fn what_belongs_to_an_unknown_kind_is_not_accused() {
    let mail =
        "c: {probe: mail_round_trip, targets: {giro: {send: a@b.example, read: c@d.example}}, secret: m365}";
    let text = format!("{SITES}services: {{s: {{components: {{{mail}}}}}}}");
    let refused = parse(&text, "f").unwrap_err();
    assert_eq!(refused.problems.len(), 1, "{refused}");
    assert!(
        refused.problems[0].message.en.starts_with("`probe: mail_round_trip` is not available"),
        "{refused}"
    );
}

#[test]
fn what_is_doubtful_is_a_warning() {
    let text = format!(
        "{SITES}  vuoto: {{users: [uffici]}}
services:
  s:
    users: [uffici, enti_esterni]
    components:
      a: {{}}
      b: {{probe: tcp, targets: {{t: \"h:1\"}}, from: [ced]}}
  t: {{}}
canaries: []
collector: {{web: {{listen: \"0.0.0.0:80\"}}}}
"
    );
    let warnings: Vec<String> =
        loaded(&text).warnings.iter().map(|w| format!("{}: {}", w.line, w.message)).collect();
    assert_eq!(
        warnings,
        [
            "5: no check runs from the site `biblioteca`: its agents have nothing to do",
            "6: no check runs from the site `pascoli`: its agents have nothing to do",
            "7: no check runs from the site `fuori`: its agents have nothing to do",
            "8: the site `vuoto` has no agent: nothing is seen from there",
            "10: the service `s` is seen from one site only, `ced`",
            "11: no site has the users `enti_esterni`: nothing is seen from where they are",
            "13: the component `a` has no check: it will be unknown",
            "15: the service `t` has no component: it will be unknown",
            "17: page and figures are served without encryption beyond this machine; put a proxy with TLS in front, or \
             keep the address on 127.0.0.1",
        ]
    );
}

#[test]
fn canaries_that_are_all_names_are_doubtful() {
    for (canaries, doubtful) in [
        ("", None),
        ("canaries: [\"192.0.2.1:443\"]\n", None),
        ("canaries: [\"gateway.example:443\", \"[2001:db8::1]:443\"]\n", None),
        ("canaries: [\"gateway.example:443\", \"dns.example:53\"]\n", Some(1)),
    ] {
        let component = "c: {probe: tcp, targets: {t: \"h:1\"}}";
        let text = format!("{canaries}{SITES}services: {{s: {{components: {{{component}}}}}}}");
        let warnings = loaded(&text).warnings;
        let about =
            warnings.iter().find(|w| w.message.en.starts_with("every canary is a name: a new agent that"));
        assert_eq!(about.map(|w| w.line), doubtful, "{canaries}");
        assert!(
            about.is_none_or(|w| w.message.it.starts_with("tutti i canarini sono nomi: un agente nuovo"))
        );
    }
}

#[test]
fn ipv6_without_a_canary_of_it_is_doubtful() {
    let (v4, both) =
        ("canaries: [\"192.0.2.1:443\"]\n", "canaries: [\"192.0.2.1:443\", \"[2001:db8::1]:443\"]\n");
    for (canaries, component, doubtful) in [
        (v4, "{probe: tcp, targets: {t: \"h:1\"}}", None),
        (v4, "{probe: tcp, targets: {t: \"h:1\"}, family: both}", Some(1)),
        (v4, "{probe: icmp, targets: {t: \"2001:db8::9\"}}", Some(1)),
        (v4, "{probe: dns, targets: {t: \"[2001:db8::9]:53\"}, ask: a.example}", Some(1)),
        (v4, "{probe: tcp, targets: {t: \"h:1\"}, family: v6, measures_path: true}", None),
        (both, "{probe: tcp, targets: {t: \"h:1\"}, family: both}", None),
    ] {
        let text = format!("{canaries}{SITES}services: {{s: {{components: {{c: {component}}}}}}}");
        let warnings = loaded(&text).warnings;
        let about = warnings.iter().find(|w| w.message.en.starts_with("no canary has an IPv6 address"));
        assert_eq!(about.map(|w| w.line), doubtful, "{component}");
        assert!(about.is_none_or(|w| w.message.it.starts_with("nessun canarino ha un indirizzo IPv6")));
    }
}

#[test]
fn quorums_that_cannot_be_are_refused_and_others_kept() {
    for (words, quorum) in [
        ("any", Some(Quorum::Any)),
        ("2 of 3", Some(Quorum::AtLeast(2))),
        ("all but 2", Some(Quorum::AllBut(2))),
        ("at least 34%", Some(Quorum::AtLeastShare(Fraction { p: 17, q: 50 }))),
        ("all but 3", None),
        ("at least 4", None),
        ("2 of 2", None),
        ("2 of x", None),
        ("at least 0%", None),
    ] {
        let text = format!(
            "{SITES}services: {{s: {{components: {{c: {{probe: tcp, up_if: {words}, targets: {{a: \"h:1\", b: \"h:2\", c: \
             \"h:3\"}}}}}}}}}}"
        );
        let found = parse(&text, "f").ok().and_then(|loaded| {
            match &loaded.vedetta.charter.services[0].components[0].node {
                crate::Node::Part(part) => Some(part.up_if),
                crate::Node::All(_) | crate::Node::Some { .. } => None,
            }
        });
        assert_eq!(found, quorum, "{words}");
    }
}

#[test]
fn names_too_long_for_a_check_are_refused() {
    let long = "x".repeat(64);
    let target = format!("{{{long}: {{probe: tcp, targets: {{{long}: \"h:1\"}}}}}}");
    let text = format!("{SITES}services: {{{long}: {{components: {{{long}: {{parts: {target}}}}}}}}}");
    let refused = parse(&text, "f").unwrap_err();
    assert!(refused.problems[0].message.en.contains("over 256 letters"), "{refused}");
}

#[test]
fn an_agent_needs_to_say_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("agent.yaml");
    for text in ["", "# nothing\n", "{}\n"] {
        std::fs::write(&path, text).unwrap();
        assert_eq!(load_agent(&path), Ok(crate::AgentConfig::default()), "{text:?}");
    }
    std::fs::write(&path, "collector: 127.0.0.1:9\nstate: state\nspool_bytes_max: 16MiB\n").unwrap();
    let agent = load_agent(&path).unwrap();
    assert_eq!(agent.state_directory, folder.path().join("state"));
    assert_eq!((agent.collector[0].to_string().as_str(), agent.spool_bytes_max), ("127.0.0.1:9", 16 << 20));
    let wrong =
        "colector: x\nspool_bytes_max: 1MiB\nallowed_targets: [10.0.0.0/40]\nntp_servers: [\"a b\"]\n";
    std::fs::write(&path, wrong).unwrap();
    let refused = load_agent(&path).unwrap_err();
    let lines: Vec<u32> = refused.problems.iter().map(|problem| problem.line).collect();
    assert_eq!(lines, [1, 2, 3, 4], "{refused}");
    assert!(refused.problems[0].message.en.ends_with("did you mean `collector`?"));
}

#[test]
fn a_charter_survives_the_journal() {
    let text = include_str!("../../reference/vedetta.yaml");
    let charter = loaded(text).vedetta.charter;
    let json = serde_json::to_string(&charter).unwrap();
    assert_eq!(serde_json::from_str::<Charter>(&json).unwrap(), charter);
    // An unknown key would make `deny_unknown_fields` refuse every assignment.
    for check in charter.checks() {
        let json = serde_json::to_string(&check.spec()).unwrap();
        assert_eq!(serde_json::from_str::<crate::CheckSpec>(&json).unwrap(), check.spec());
    }
}

proptest! {
    /// One slip anywhere in a real file: an answer, with a place within the file, and no panic.
    #[test]
    fn a_slip_is_answered(at in 0_usize..4096, insert in "[ -~\\n]{0,3}", drop in 0_usize..6) {
        let text = include_str!("../../examples/small-office.yaml");
        let characters: Vec<char> = text.chars().collect();
        let at = at % characters.len();
        let mut slipped: String = characters[..at].iter().collect();
        slipped += &insert;
        slipped.extend(characters[(at + drop).min(characters.len())..].iter());
        if let Err(refused) = parse(&slipped, "f") {
            prop_assert!(!refused.problems.is_empty());
            let lines = u32::try_from(slipped.lines().count()).unwrap();
            for problem in refused.problems {
                prop_assert!((1..=lines).contains(&problem.line), "{problem}");
                prop_assert!(!problem.message.en.contains("without a reason"), "{problem}");
            }
        }
    }

    #[test]
    fn no_text_breaks_the_reader(text in "(organisation|sites|services|: |\\{|\\}|\\[|\\]|&a|\\*a|- |\\n|  |\"|a|é|\u{0}|\t){0,40}") {
        let _ = parse(&text, "f").map_err(|error| error.to_string());
    }
}

#[test]
fn all_four_kinds_of_commitment_are_kept() {
    let text = format!(
        "{SITES}calendars: {{uffici: {{hours: \"mon-fri 08:00-14:00\", holidays: [italy]}}}}
services:
  a: {{commitments: [{{kind: availability, above: 98%}}, {{kind: taken_in_charge, within: 8 working hours, share: 90%, hours: uffici}}]}}
  b: {{commitments: [{{kind: availability, at_least: 99%, hours: uffici}}, {{kind: answered, within: 30 days}}, {{kind: on_request}}]}}
"
    );
    let charter = loaded(&text).vedetta.charter;
    let said: Vec<String> =
        charter.services.iter().flat_map(|service| &service.commitments).map(ToString::to_string).collect();
    assert_eq!(
        said,
        [
            "availability above 98%",
            "taken in charge within 8 working hours in 90%",
            "availability of at least 99% of the hours of `uffici`",
            "answered within 30 days in 100%",
            "on request, without a standard",
        ]
    );
    assert!(charter.services[0].availability().is_some());
    assert!(charter.services[1].availability().is_none(), "hours of a calendar are not the year");
    assert_eq!(charter.services[1].unmeasured().count(), 3);
    let note = charter.without_figure().unwrap();
    assert!(note.en.ends_with("in this version: a, b"), "{note}");
    assert!(note.it.starts_with("gli impegni sulle richieste"), "{}", note.it);
}

#[test]
fn what_all_counts_has_no_note() {
    let charter = charter(
        "c: {probe: tcp, targets: {t: \"h:1\"}, owner: Area 4, note: x, since: 2027-01-01, publish: false}",
    );
    assert_eq!(charter.without_figure(), None);
    let component = &charter.services[0].components[0];
    assert_eq!((component.about.owner.as_deref(), component.publish), (Some("Area 4"), false));
    assert_eq!(component.life.since.map(|day| day.to_string()).as_deref(), Some("2027-01-01"));
}

#[test]
fn a_former_name_at_any_level_gives_the_former_id() {
    for (components, was) in [
        ("c: {probe: tcp, targets: {t: \"h:1\"}, was: d}", Some("s.d.t")),
        ("c: {probe: tcp, targets: {t: {address: \"h:1\", was: u}}}", Some("s.c.u")),
        (
            "c: {was: d, parts: {p: {was: q, probe: tcp, targets: {t: {address: \"h:1\", was: u}}}}}",
            Some("s.d.q.u"),
        ),
        ("c: {probe: tcp, targets: {t: \"h:1\"}}", None),
    ] {
        let check = only(components);
        assert_eq!(check.facts.was.as_ref().map(crate::CheckId::as_str), was, "{components}");
    }
}

#[test]
fn the_spirit_of_the_charter_is_read() {
    let text = format!(
        "{SITES}alerting: {{office: {{to: area4@comune.example}}, on_call: {{to: reperibile@altro.example, hours: \"mon-sat 07:30-20:00\"}}}}
services:
  wifi:
    row: 3
    users: [cittadini]
    commitments: [{{kind: availability, above: 85%, hours: 24x7}}]
    figure: mean of ap
    components:
      ap: {{probe: tcp, targets: {{ap1: {{address: \"10.0.0.31:443\", area: lungomare, behind: sw1, weight: 2}}}}, group_by: area, needs: [uscita], alert: office}}
      uscita: {{probe: http, targets: {{ospiti: \"http://captive.example/204\"}}, from: [biblioteca], list_approved: {{act: \"prot. 1234\", on: 2027-03-02}}}}
"
    );
    let charter = loaded(&text).vedetta.charter;
    let wifi = &charter.services[0];
    assert_eq!(wifi.figure.to_string(), "mean of ap");
    let [ap, uscita] = wifi.components.as_slice() else { panic!("two components") };
    assert_eq!((ap.needs.join(","), ap.about.alert[0].as_str()), ("uscita".to_owned(), "office"));
    let facts = &ap.checks().next().unwrap().facts;
    assert_eq!(
        (facts.area.as_deref(), facts.behind.as_deref(), facts.weight),
        (Some("lungomare"), Some("sw1"), Some(2))
    );
    assert_eq!(uscita.about.list_approved.as_ref().map(|approved| approved.act.as_str()), Some("prot. 1234"));
    assert_eq!(charter.alerting[1].when.to_string().matches("07:30-20:00").count(), 6);
    let json = serde_json::to_string(&charter).unwrap();
    assert_eq!(serde_json::from_str::<Charter>(&json).unwrap(), charter);
}
