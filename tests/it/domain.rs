//! An Active Directory domain, played by Samba: who gets in, who does not and why, whose clock is off, which
//! controllers are there.

use collector::publish::api::State;
use harness::domain_controller::{DISABLED, DOMAIN, DomainController, ENDED, HOST, PASSWORD, REALM, USER};
use harness::{Authority, Place};

const PACE: &str = "every: 2s, timeout: 1900ms, attempts: 1, hold: 9s";

#[test]
#[ignore = "longer: tests/run --all"]
fn a_domain_is_believed_as_far_as_people_get_in() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let certificate = |address: &str| authority.certificate(&[address, HOST], 365);
    let Some(mut controller) = DomainController::start(folder.path(), certificate) else { return };
    let at = controller.address().to_string();
    let check = |name: &str, kind: &str, target: &str, keys: &str| {
        format!("{name}: {{probe: {kind}, targets: {{uno: \"{target}\"}}, {keys}, {PACE}}}")
    };
    let ldap = |name: &str, user: &str, secret: &str, keys: &str| {
        let search = "base: \"dc=comune,dc=example\", scope: sub, filter: \"(sAMAccountName=sonda)\"";
        let bind = format!("user: \"{user}@{DOMAIN}\", secret: {secret}");
        check(name, "ldap", &at, &format!("{bind}, {search}, {keys}"))
    };
    let kerberos = |name: &str, keys: &str| check(name, "kerberos", &at, &format!("realm: {REALM}, {keys}"));
    let domain = |name: &str, target: &str, keys: &str| {
        check(name, "domain", target, &format!("resolver: {at}, {keys}"))
    };
    let known = "tls: {authority: ca.pem}";
    let (service, login) = (format!("service: cifs/{HOST}"), format!("user: {USER}, secret: sonda"));
    let components = [
        ldap("elenco", USER, "sonda", &format!("require: [synchronized, global_catalog], {known}")),
        ldap("elenco_dopo", USER, "sonda", &format!("security: starttls, {known}")),
        ldap("elenco_ignoto", USER, "sonda", "security: ldaps"),
        ldap("elenco_chiaro", USER, "sonda", "security: plain"),
        ldap("elenco_sbagliato", USER, "sbagliata", known),
        ldap("elenco_spenta", DISABLED, "sonda", known),
        ldap("elenco_scaduta", ENDED, "sonda", known),
        kerberos("vivo", "transport: both"),
        kerberos("entra", &format!("{login}, {service}")),
        kerberos("non_noto", "user: nessuno"),
        kerberos("non_offerto", &format!("{login}, service: HTTP/nessuno.example")),
        kerberos("respinto", &format!("user: {USER}, secret: sbagliata2")),
        kerberos("disabilitato", &format!("user: {DISABLED}, secret: sonda")),
        kerberos("terminato", &format!("user: {ENDED}, secret: sonda")),
        check("altro_regno", "kerberos", &at, &format!("realm: ALTRO.EXAMPLE, user: {USER}")),
        domain("dominio", DOMAIN, "ports: [445, 3268]"),
        domain("figlio", "figlio.comune.example", "ports: [445]"),
        domain("manca", DOMAIN, "ports: [3389]"),
    ];
    let services =
        format!("  rete:\n    users: [uffici]\n    components:\n      {}", components.join("\n      "));
    let mut place = Place::served_with(&[("ca.pem", &authority.pem())], &services);
    let origins = format!("ldaps://{at}:636\nldaps://{at}:389\nldap://{at}:389\nkerberos://{at}:88\n");
    // A secret that is rejected rests for all checks that use it: each has its own.
    for (name, secret) in [("sonda", PASSWORD), ("sbagliata", "Un'altra.1"), ("sbagliata2", "Un'altra.2")] {
        place.entrust(name, secret, &origins);
    }
    place.start_agent();
    for (name, reason) in [
        ("elenco", None),
        ("elenco_dopo", None),
        ("elenco_ignoto", Some("tls.untrusted")),
        ("elenco_chiaro", Some("ldap.code")),
        ("elenco_sbagliato", Some("auth.rejected")),
        ("elenco_spenta", Some("auth.disabled")),
        ("elenco_scaduta", Some("auth.expired")),
        ("vivo", None),
        ("entra", None),
        ("non_noto", Some("krb.principal_unknown")),
        ("non_offerto", Some("krb.service_unknown")),
        ("respinto", Some("auth.rejected")),
        ("disabilitato", Some("auth.disabled")),
        ("terminato", Some("auth.expired")),
        ("altro_regno", Some("krb.principal_unknown")),
        ("dominio", None),
        ("figlio", Some("domain.no_srv")),
        ("manca", Some("domain.none_whole")),
    ] {
        let state = if reason.is_none() { State::Up } else { State::Down };
        place.until_component(name, state, reason);
    }
    controller.list_one_more();
    place.until_component("dominio", State::Degraded, Some("domain.partial"));
    controller.serve(120);
    place.until_component("elenco", State::Degraded, Some("ldap.skew"));
    place.until_component("entra", State::Degraded, Some("krb.skew_warn"));
    controller.serve(600);
    place.until_component("vivo", State::Down, Some("krb.skew"));
    place.until_component("entra", State::Down, Some("krb.skew"));
    place.until_component("dominio", State::Down, Some("domain.none_whole"));
    controller.stop();
    place.until_component("elenco", State::Down, Some("connect.refused"));
    place.until_component("vivo", State::Down, Some("connect.refused"));
    controller.serve(0);
    place.until_component("elenco", State::Up, None);
    place.until_component("entra", State::Up, None);
}
