use config::AgentId;

use super::*;
use crate::publish::example;

const NOW_MS: i64 = example::NOW_MS;
const SAN: &str = "data_center.base.san.san1";
const DNS: &str = "data_center.dns.dns1";

fn tls(leaf: u8, days: i64, lifetime_days: i64) -> TlsFacts {
    let not_after_ms = NOW_MS + days * DAY_MS;
    TlsFacts {
        not_after_ms,
        verified: true,
        fingerprint: vec![leaf; 32],
        path_not_after_ms: not_after_ms,
        issuer: "CN=Autorità".to_owned(),
        names: format!("{leaf}.example"),
        not_before_ms: not_after_ms - lifetime_days * DAY_MS,
        ..TlsFacts::default()
    }
}

fn sighting(check: &str, agent: &str, ago_ms: i64, tls: TlsFacts) -> Sighting {
    let (check, agent) = (CheckId::new(check).unwrap(), AgentId::new(agent).unwrap());
    Sighting { check, agent, tls: Some((NOW_MS - ago_ms, tls)), registration: None }
}

fn listed(sightings: Vec<Sighting>) -> Vec<Certificate> {
    Certificates::of(&Moment { sightings, ..example::moment() }).certificates
}

#[test]
fn a_certificate_is_one_line_whoever_serves_it_and_what_ends_first_stands_first() {
    let lines = listed(vec![
        sighting(SAN, "ced1", 9_000, tls(1, 200, 365)),
        sighting(DNS, "ced1", 5_000, tls(2, 100, 365)),
        sighting(DNS, "bib1", 7_000, tls(1, 200, 365)),
        sighting("nessuno.di.questa", "ced1", 7_000, tls(3, 1, 365)),
        sighting(SAN, "bib1", REMEMBERED_MS + 1, tls(4, 1, 365)),
    ]);
    let told: Vec<_> =
        lines.iter().map(|line| (line.names.as_str(), line.days_left, line.warn, line.seen.len())).collect();
    assert_eq!(told, [("2.example", 100, false, 1), ("1.example", 200, false, 2)]);
    assert_eq!(lines[1].last_seen_ms, NOW_MS - 7_000);
    assert_eq!(lines[1].fingerprint, "01".repeat(32));
}

#[test]
fn it_wants_attention_at_the_smaller_of_21_days_and_a_quarter_of_its_lifetime() {
    for (days, lifetime_days, days_left, warn) in [
        (21, 365, 21, false),
        (20, 365, 20, true),
        (20, 80, 20, false),
        (19, 80, 19, true),
        (2, 6, 2, false),
        (1, 6, 1, true),
        (-1, 365, -1, true),
    ] {
        let line = &listed(vec![sighting(SAN, "ced1", 0, tls(1, days, lifetime_days))])[0];
        assert_eq!((line.days_left, line.warn), (days_left, warn), "{days} of {lifetime_days}");
    }
    let older = TlsFacts { not_before_ms: 0, ..tls(1, 20, 80) };
    let line = &listed(vec![sighting(SAN, "ced1", 0, older)])[0];
    assert_eq!((line.not_before_ms, line.warn), (None, true), "of an agent that tells no beginning: 21 days");
}

#[test]
fn what_ends_sooner_above_it_ends_it_and_is_named() {
    let above = TlsFacts {
        path_not_after_ms: NOW_MS + 5 * DAY_MS,
        path_ends: "CN=Intermedia".to_owned(),
        ..tls(1, 200, 365)
    };
    let untrusted = TlsFacts { path_not_after_ms: 0, verified: false, ..tls(1, 200, 365) };
    for sightings in [
        vec![sighting(SAN, "ced1", 0, above.clone()), sighting(DNS, "ced1", 0, untrusted.clone())],
        vec![sighting(DNS, "ced1", 0, untrusted), sighting(SAN, "ced1", 0, above)],
    ] {
        let lines = listed(sightings);
        let [line] = lines.as_slice() else { panic!("{lines:?}") };
        assert_eq!(line.ends_ms, NOW_MS + 5 * DAY_MS);
        assert_eq!(line.ended_by.as_deref(), Some("CN=Intermedia"));
        assert_eq!((line.days_left, line.warn, line.verified), (5, true, false));
        assert_eq!(line.not_after_ms, NOW_MS + 200 * DAY_MS);
    }
}

#[test]
fn a_domain_ends_when_the_registry_says_or_else_when_the_charter_does() {
    let ids = ["a.b.c", "a.b.d", "a.b.e"].map(|id| CheckId::new(id).unwrap());
    let domain = |domain: &str, days: Option<i64>| {
        Probe::Registration(RegistrationParams {
            domain: domain.to_owned(),
            rdap: None,
            bootstrap: None,
            expires_ms: days.map(|days| NOW_MS + days * DAY_MS),
            renew_before_ms: RegistrationParams::RENEW_BEFORE_MS,
            tls: config::TlsParams::default(),
        })
    };
    let probes = [
        domain("comune.example", Some(10)),
        domain("turismo.example", Some(40)),
        domain("ente.example", None),
    ];
    let checks = ids.iter().zip(&probes).collect();
    let told = Sighting {
        registration: Some((NOW_MS - 5, NOW_MS + 200 * DAY_MS)),
        ..Sighting::new(ids[0].clone(), AgentId::new("ced1").unwrap())
    };
    let lines = registrations(&checks, &[&told], NOW_MS);
    let told: Vec<_> = lines
        .iter()
        .map(|line| (line.domain.as_str(), line.days_left, line.by_charter, line.warn, line.seen.len()))
        .collect();
    assert_eq!(
        told,
        [
            ("ente.example", None, false, true, 0),
            ("turismo.example", Some(40), true, false, 0),
            ("comune.example", Some(200), false, false, 1),
        ]
    );
}
