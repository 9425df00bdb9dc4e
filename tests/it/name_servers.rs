//! A resolver that validates and an authoritative server, as people run them: unbound and Knot. What is
//! wanted of each is up; what neither of them does has its own reason.

use collector::publish::api::State;
use harness::Place;
use harness::name_servers::{NameServers, RESOLVER};

#[test]
fn each_is_up_by_what_it_promises_and_down_by_what_it_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let Some(servers) = NameServers::start(folder.path()) else { return };
    let resolver = format!("targets: {{uno: \"127.0.0.1:{}\"}}", servers.resolver);
    let authoritative = format!("targets: {{uno: \"127.0.0.1:{}\"}}", servers.authoritative);
    let over_tls = format!(
        "targets: {{uno: \"127.0.0.1:{}\"}}, transport: tls, ask: www.firmata.test A, expect: 192.0.2.80",
        servers.resolver_tls
    );
    let expectations = [
        // The same resolver over TLS.
        (
            "cifrata",
            format!(
                "{over_tls}, flags: [ad, ra], must_fail: www.rotta.test A, tls: {{authority: dot.pem, name: {RESOLVER}}}"
            ),
            State::Up,
            None,
        ),
        (
            "cifrata_altrui",
            format!("{over_tls}, tls: {{authority: dot.pem, name: altro.example}}"),
            State::Down,
            Some("tls.name_mismatch"),
        ),
        (
            "cifrata_ignota",
            format!("{over_tls}, tls: {{name: {RESOLVER}}}"),
            State::Down,
            Some("tls.untrusted"),
        ),
        // The resolver recurses and validates, and gives no answer whose signature is wrong.
        (
            "convalida",
            format!(
                "{resolver}, ask: www.firmata.test A, expect: 192.0.2.80, matching: exact, flags: [ad, ra, no-aa], \
                 must_fail: www.rotta.test A"
            ),
            State::Up,
            None,
        ),
        ("rotta", format!("{resolver}, ask: www.rotta.test A"), State::Down, Some("dns.servfail")),
        ("rotta_attesa", format!("{resolver}, ask: www.rotta.test A, rcodes: SERVFAIL"), State::Up, None),
        ("assente", format!("{resolver}, ask: x.firmata.test A"), State::Down, Some("dns.nxdomain")),
        // The authoritative server answers for its zones only, over both transports, with signatures.
        (
            "autorevole",
            format!(
                "{authoritative}, ask: www.firmata.test A, expect: 192.0.2.80, recursion: false, transport: both, \
                 flags: [aa, no-ra], must_fail: www.altri.example A, rrsig_min: 7d, ttl_min: 5m"
            ),
            State::Up,
            None,
        ),
        (
            "firme",
            format!("{authoritative}, ask: www.firmata.test A, rrsig_min: 30d"),
            State::Degraded,
            Some("dns.rrsig_expiring"),
        ),
        ("altri", format!("{authoritative}, ask: www.altri.example A"), State::Down, Some("dns.refused")),
        (
            "non_convalida",
            format!("{authoritative}, ask: www.firmata.test A, flags: [ad]"),
            State::Down,
            Some("dns.ad_missing"),
        ),
        // Who does not validate answers what it must not.
        (
            "controllo",
            format!("{authoritative}, ask: www.firmata.test A, must_fail: www.rotta.test A"),
            State::Down,
            Some("dns.negative_violated"),
        ),
        (
            "durata",
            format!("{authoritative}, ask: www.firmata.test A, ttl_min: 1h"),
            State::Down,
            Some("dns.ttl"),
        ),
    ];
    let components: Vec<String> = expectations
        .iter()
        .map(|(name, keys, ..)| {
            format!("      {name}: {{probe: dns, {keys}, every: 2s, timeout: 1500ms, attempts: 1}}\n")
        })
        .collect();
    let services = format!("  nomi:\n    users: [uffici]\n    components:\n{}", components.concat());
    let place = Place::running_with(&[("dot.pem", &servers.certificate)], &services);
    for (name, _, state, reason) in &expectations {
        place.until_component(name, *state, *reason);
    }
}
