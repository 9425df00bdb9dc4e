//! Directories that refuse, forget and are gone: each has its own reason.

use collector::publish::api::State;
use harness::directories::{FreeRadius, Kdc, PASSWORD, Slapd};
use harness::{Authority, Place};

#[test]
fn slapd_is_believed_as_long_as_it_finds_somebody() {
    let folder = tempfile::tempdir().unwrap();
    let Some(mut slapd) = Slapd::start(folder.path()) else { return };
    let common = format!(
        "probe: ldap, targets: {{uno: \"127.0.0.1:{}\"}}, security: plain, base: \"dc=comune,dc=example\", scope: sub, \
         every: 1s, timeout: 800ms, attempts: 1",
        slapd.port
    );
    let mut place = Place::served(&format!(
        "  rete:\n    users: [uffici]\n    components:\n      \
         cerca: {{{common}, filter: \"(cn=Anna)\", user: \"cn=sonda,dc=comune,dc=example\", secret: sonda}}\n      \
         sbaglia: {{{common}, user: \"cn=sonda,dc=comune,dc=example\", secret: altra}}\n      \
         nessuno: {{{common}, filter: \"(cn=Bruno)\"}}\n      \
         stato: {{{common}, require: synchronized}}"
    ));
    let origin = format!("ldap://127.0.0.1:{}", slapd.port);
    place.entrust("sonda", PASSWORD, &origin);
    place.entrust("altra", "un'altra", &origin);
    place.start_agent();
    place.until_component("cerca", State::Up, None);
    place.until_component("sbaglia", State::Down, Some("auth.rejected"));
    place.until_component("nessuno", State::Down, Some("ldap.no_entries"));
    // Active Directory says it of itself; this one says nothing.
    place.until_component("stato", State::Down, Some("ldap.not_synchronized"));
    slapd.serve("security simple_bind=128");
    place.until_component("cerca", State::Down, Some("ldap.code"));
    slapd.stop();
    place.until_component("cerca", State::Down, Some("connect.refused"));
    slapd.serve("");
    place.until_component("cerca", State::Up, None);
}

#[test]
fn a_directory_over_tls_is_believed_by_its_certificate() {
    let folder = tempfile::tempdir().unwrap();
    let Some(mut slapd) = Slapd::start(folder.path()) else { return };
    let (authority, here) = (Authority::new(), ["127.0.0.1"]);
    let ldap = |name: &str, port: u16, keys: &str| {
        format!(
            "{name}: {{probe: ldap, targets: {{uno: \"127.0.0.1:{port}\"}}, base: \"dc=comune,dc=example\", {keys}, \
             user: \"cn=sonda,dc=comune,dc=example\", secret: sonda, every: 1s, timeout: 900ms, attempts: 1}}"
        )
    };
    let known = "tls: {authority: ca.pem}";
    let components = [
        ldap("subito", slapd.tls_port, known),
        ldap("dopo", slapd.port, &format!("security: starttls, {known}")),
        ldap("ignoto", slapd.tls_port, "security: ldaps"),
        ldap("altrui", slapd.port, "security: starttls, tls: {authority: ca.pem, name: altro.example}"),
    ];
    let services =
        format!("  rete:\n    users: [uffici]\n    components:\n      {}", components.join("\n      "));
    let mut place = Place::served_with(&[("ca.pem", &authority.pem())], &services);
    // What is said after StartTLS is said under TLS.
    let origins = [slapd.port, slapd.tls_port].map(|port| format!("ldaps://127.0.0.1:{port}"));
    place.entrust("sonda", PASSWORD, &origins.join("\n"));
    place.start_agent();
    place.until_component("dopo", State::Down, Some("ldap.no_starttls"));
    place.until_component("subito", State::Down, Some("connect.refused"));
    slapd.show(&authority.certificate(&here, 365));
    place.until_component("subito", State::Up, None);
    place.until_component("dopo", State::Up, None);
    place.until_component("ignoto", State::Down, Some("tls.untrusted"));
    place.until_component("altrui", State::Down, Some("tls.name_mismatch"));
    slapd.show(&authority.certificate(&here, 5));
    place.until_component("subito", State::Degraded, Some("tls.expiring"));
    place.until_component("dopo", State::Degraded, Some("tls.expiring"));
    slapd.show(&authority.certificate(&here, -1));
    place.until_component("subito", State::Down, Some("tls.expired"));
    place.until_component("dopo", State::Down, Some("tls.expired"));
}

#[test]
fn a_key_distribution_centre_is_believed_as_far_as_its_tickets_go() {
    let folder = tempfile::tempdir().unwrap();
    let Some(mut kdc) = Kdc::start(folder.path()) else { return };
    let common = format!(
        "probe: kerberos, targets: {{uno: \"127.0.0.1:{}\"}}, realm: COMUNE.EXAMPLE, every: 2s, timeout: 1500ms, attempts: 1",
        kdc.port
    );
    let mut place = Place::served(&format!(
        "  rete:\n    users: [uffici]\n    components:\n      \
         vivo: {{{common}, transport: both}}\n      \
         noto: {{{common}, user: nessuno}}\n      \
         entra: {{{common}, user: sonda, secret: sonda, service: HTTP/intranet.example}}"
    ));
    place.entrust("sonda", PASSWORD, &format!("kerberos://127.0.0.1:{}", kdc.port));
    place.start_agent();
    place.until_component("vivo", State::Up, None);
    place.until_component("noto", State::Down, Some("krb.principal_unknown"));
    place.until_component("entra", State::Up, None);
    kdc.administer("delprinc -force HTTP/intranet.example");
    place.until_component("entra", State::Down, Some("krb.service_unknown"));
    kdc.administer("modprinc -allow_tix sonda");
    place.until_component("entra", State::Down, Some("auth.disabled"));
    kdc.administer("modprinc +allow_tix sonda");
    kdc.administer("cpw -pw cambiata sonda");
    place.until_component("entra", State::Down, Some("auth.rejected"));
    kdc.serve(false);
    place.until_component("vivo", State::Degraded, Some("krb.udp"));
    kdc.stop();
    place.until_component("vivo", State::Down, Some("connect.refused"));
}

#[test]
fn freeradius_is_believed_as_long_as_it_lets_in_whom_it_should() {
    let folder = tempfile::tempdir().unwrap();
    let Some(mut radius) = FreeRadius::start(folder.path(), "condiviso") else { return };
    let common = format!(
        "probe: radius, targets: {{uno: \"127.0.0.1:{}\"}}, secret: radius, every: 2s, timeout: 1s, attempts: 1",
        radius.port
    );
    let mut place = Place::served(&format!(
        "  rete:\n    users: [uffici]\n    components:\n      \
         stato: {{{common}}}\n      \
         entra: {{{common}, user: sonda, user_secret: sonda}}\n      \
         resta_fuori: {{{common}, user: estraneo, user_secret: estraneo, expect: reject}}"
    ));
    let origin = format!("radius://127.0.0.1:{}", radius.port);
    place.entrust("radius", "condiviso", &origin);
    place.entrust("sonda", PASSWORD, &origin);
    place.entrust("estraneo", "un'altra", &origin);
    place.start_agent();
    let answered = |component: &str| {
        // Debian 12's version signs answers to logins only since its fix of CVE-2024-3596.
        harness::eventually(&format!("{component} is answered"), || {
            let now = place.component(component).now;
            match (now.state, now.reason.as_deref()) {
                (State::Up, None) | (State::Degraded, Some("radius.no_msg_auth")) => Some(()),
                _ => None,
            }
        });
    };
    ["stato", "entra", "resta_fuori"].into_iter().for_each(answered);
    radius.sign();
    radius.serve("condiviso", PASSWORD);
    for component in ["entra", "resta_fuori"] {
        place.until_component(component, State::Up, None);
    }
    radius.serve("condiviso", "cambiata");
    place.until_component("entra", State::Down, Some("radius.reject"));
    radius.serve("un altro", PASSWORD);
    place.until_component("stato", State::Down, Some("radius.no_reply"));
    radius.stop();
    place.until_component("stato", State::Down, Some("connect.refused"));
}
