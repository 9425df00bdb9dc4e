//! Logins that break where they do: at a certified provider, in metadata that nobody renewed, in a portal's form.

use std::fs;
use std::path::Path;

use collector::publish::api::State;
use harness::Place;
use harness::servers::Nginx;
use harness::sso_servers::{OidcProvider, Portal};
use rcgen::{CertificateParams, KeyPair};
use time::{Duration, OffsetDateTime};

const TIMES: &str = "every: 2s, timeout: 1900ms, attempts: 1";

/// One component a line, and an agent that has `secret` for `origin`.
fn place_of(components: &[String], secret: &str, origin: &str) -> Place {
    let lines = components.join("\n      ");
    let mut place =
        Place::served(&format!("  sportello:\n    users: [uffici]\n    components:\n      {lines}"));
    place.entrust("accesso", secret, origin);
    place.start_agent();
    place
}

#[test]
fn a_provider_is_asked_as_far_as_the_charter_says() {
    let folder = tempfile::tempdir().unwrap();
    let Some(mut provider) = OidcProvider::start(folder.path(), "prima parola") else { return };
    let issuer = provider.issuer();
    let (id, home, audience) = (OidcProvider::CLIENT, OidcProvider::REDIRECT_URI, OidcProvider::AUDIENCE);
    let oidc = |name: &str, issuer: &str, more: &str| {
        format!("{name}: {{probe: oidc, targets: {{uno: \"{issuer}\"}}, {more}, {TIMES}}}")
    };
    let token = format!("client: {id}, secret: accesso");
    let components = [
        oidc(
            "gettone",
            &issuer,
            &format!("depth: token, {token}, redirect_uri: \"{home}\", audience: \"{audience}\""),
        ),
        oidc("barra", &format!("{issuer}/"), "depth: discovery"),
        oidc("ignota", &issuer, &format!("depth: authorize, client: altra, redirect_uri: \"{home}\"")),
        oidc(
            "altrove",
            &issuer,
            &format!("depth: authorize, client: {id}, redirect_uri: \"{home}/altrove\""),
        ),
        oidc("altrui", &issuer, &format!("depth: token, {token}, audience: \"https://altri.example\"")),
        // A token for a client is nobody's: this provider tells nothing about nobody.
        oidc("nessuno", &issuer, &format!("depth: userinfo, {token}")),
    ];
    let place = place_of(&components, "prima parola", &issuer);
    place.until_component("gettone", State::Up, None);
    for (name, reason) in [
        ("barra", "oidc.issuer_mismatch"),
        ("ignota", "oidc.error"),
        ("altrove", "oidc.error"),
        ("altrui", "oidc.claim"),
        ("nessuno", "oidc.error"),
    ] {
        place.until_component(name, State::Down, Some(reason));
    }
    provider.set_clock_ahead(600);
    place.until_component("gettone", State::Degraded, Some("oidc.skew"));
    provider.set_clock_ahead(0);
    provider.name_itself("https://accesso.comune.example");
    place.until_component("gettone", State::Down, Some("oidc.issuer_mismatch"));
    provider.name_itself(&issuer);
    provider.change_secret("seconda parola");
    place.until_component("gettone", State::Down, Some("auth.rejected"));
    place.entrust("accesso", "seconda parola", &issuer);
    place.until_component("gettone", State::Up, None);
    provider.stop();
    place.until_component("gettone", State::Down, Some("connect.refused"));
}

/// Where the provider has a login of its own a journey walks it, with its cookies, until it leads back to the client.
#[test]
fn a_journey_goes_through_the_provider_and_back() {
    let folder = tempfile::tempdir().unwrap();
    let Some(mut provider) = OidcProvider::start(folder.path(), "parola") else { return };
    let (issuer, home) = (provider.issuer(), OidcProvider::REDIRECT_URI);
    let question = format!(
        "/auth?client_id={}&response_type=code&scope=openid&redirect_uri={home}&state=a&nonce=b&\
         code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256",
        OidcProvider::CLIENT,
    );
    let form = |name: &str| format!("{{{name}: {{after: 'action=\"{issuer}/interaction/', before: '\"'}}}}");
    let steps = [
        format!("{{name: chiede, get: \"{question}\", extract: {}}}", form("accesso")),
        format!(
            "{{name: entra, post: \"/interaction/${{accesso}}\", form: {{prompt: login, login: sonda, \
             password: {{secret: accesso}}}}, extract: {}}}",
            form("consenso")
        ),
        "{name: consente, post: \"/interaction/${consenso}\", form: {prompt: consent}, \
         expect: {status: 303}, extract: {avanti: {header: location}}}"
            .to_owned(),
        format!("{{name: torna, get: \"${{avanti}}\", expect: {{status: 303, redirect: \"{home}\"}}}}"),
    ];
    let journey = format!(
        "accesso: {{probe: journey, targets: {{uno: \"{issuer}/\"}}, mutates: true, steps: [{}], {TIMES}}}",
        steps.join(", ")
    );
    let place = place_of(&[journey], "qualunque parola", &issuer);
    place.until_component("accesso", State::Up, None);
    provider.stop();
    place.until_component("accesso", State::Down, Some("connect.refused"));
}

#[test]
fn a_portal_lets_in_or_says_where_it_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let Some(mut portal) = Portal::start(folder.path(), "prima parola") else { return };
    let origin = portal.origin();
    let steps = [
        "{name: pagina, get: /accesso, extract: {gettone: {field: gettone}}}".to_owned(),
        format!(
            "{{name: entra, post: /accesso, form: {{utente: sonda, parola: {{secret: accesso}}, \
             gettone: \"${{gettone}}\"}}, expect: {{status: 303, redirect: \"{origin}/casa\"}}}}"
        ),
        format!("{{name: casa, get: /casa, expect: {{text: {}}}}}", Portal::GREETING),
        "{name: esci, post: /uscita, always: true}".to_owned(),
    ];
    let journey = format!(
        "pratiche: {{probe: journey, targets: {{uno: \"{origin}/\"}}, mutates: true, steps: [{}], {TIMES}}}",
        steps.join(", ")
    );
    let place = place_of(&[journey], "prima parola", &origin);
    place.until_component("pratiche", State::Up, None);
    // Each is mended before the next: what is asserted is this one's.
    for (name, ill, well, state, reason) in [
        ("logout_status", "500", "204", State::Degraded, "journey.cleanup"),
        ("home_status", "500", "200", State::Down, "assert.status"),
        ("token_name", "\"altro\"", "\"gettone\"", State::Down, "journey.extract"),
    ] {
        let value = |text: &str| -> serde_json::Value { serde_json::from_str(text).unwrap() };
        portal.set(name, value(ill));
        place.until_component("pratiche", state, Some(reason));
        portal.set(name, value(well));
        place.until_component("pratiche", State::Up, None);
    }
    portal.set("password", "seconda parola");
    place.until_component("pratiche", State::Down, Some("auth.rejected"));
    place.entrust("accesso", "seconda parola", &origin);
    place.until_component("pratiche", State::Up, None);
    // After three pages that do not greet the password rests, for it may have been rejected; another is tried at once.
    portal.set("greeting", "Torni più tardi");
    place.until_component("pratiche", State::Down, Some("auth.rejected"));
    portal.set("greeting", Portal::GREETING);
    portal.set("password", "terza parola");
    place.entrust("accesso", "terza parola", &origin);
    place.until_component("pratiche", State::Up, None);
    portal.stop();
    place.until_component("pratiche", State::Down, Some("connect.refused"));
}

const ENTITY: &str = "https://sportello.comune.example/saml";

/// Metadata of a service provider whose certificate lasts from a year ago until `days` from now, and whose logout is
/// at `logout`.
fn metadata(attributes: &str, days: i64, logout: &str) -> String {
    let now = OffsetDateTime::now_utc();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    (params.not_before, params.not_after) = (now - Duration::days(365), now + Duration::days(days));
    let pem = params.self_signed(&KeyPair::generate().unwrap()).unwrap().pem();
    let certificate: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    format!(
        "<md:EntityDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" \
         xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\" entityID=\"{ENTITY}\" {attributes}>\
         <md:SPSSODescriptor protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\">\
         <md:KeyDescriptor><ds:KeyInfo><ds:X509Data><ds:X509Certificate>{certificate}</ds:X509Certificate>\
         </ds:X509Data></ds:KeyInfo></md:KeyDescriptor>\
         <md:SingleLogoutService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect\" \
         Location=\"{logout}\"/></md:SPSSODescriptor></md:EntityDescriptor>"
    )
}

/// Whole or not at all: the server may be reading.
fn publish(folder: &Path, name: &str, text: &str) {
    let new = folder.join("nuovo");
    fs::write(&new, text).unwrap();
    fs::rename(new, folder.join("www").join(name)).unwrap();
}

#[test]
fn metadata_that_nobody_renewed_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let Some(mut nginx) = Nginx::of_files(folder.path()) else { return };
    let home = format!("http://127.0.0.1:{}", nginx.port);
    let (logout, ill) = (format!("{home}/uscita"), format!("{home}/rotto"));
    let ended = "validUntil=\"2020-01-01T00:00:00Z\"";
    for (name, text) in [
        ("uscita", "Arrivederci".to_owned()),
        ("buoni.xml", metadata("", 3_650, &logout)),
        ("scadono.xml", metadata("", 5, &logout)),
        ("finiti.xml", metadata("", -1, &logout)),
        ("rotti.xml", metadata("", 3_650, &ill)),
        ("pagina.html", "<!DOCTYPE html><html>Manutenzione</html>".to_owned()),
    ] {
        publish(folder.path(), name, &text);
    }
    let saml = |name: &str, file: &str, entity: &str| {
        let target = format!("targets: {{uno: \"{home}/{file}\"}}");
        format!("{name}: {{probe: saml, {target}, entity: \"{entity}\", {TIMES}}}")
    };
    let components = [
        saml("buoni", "buoni.xml", ENTITY),
        saml("scadono", "scadono.xml", ENTITY),
        saml("finiti", "finiti.xml", ENTITY),
        saml("rotti", "rotti.xml", ENTITY),
        saml("altrui", "buoni.xml", "https://altri.example/saml"),
        saml("pagina", "pagina.html", ENTITY),
    ];
    let place = place_of(&components, "nessuna", &home);
    place.until_component("buoni", State::Up, None);
    place.until_component("scadono", State::Degraded, Some("saml.expiring"));
    for (name, reason) in [
        ("finiti", "saml.no_signing_cert"),
        ("rotti", "saml.endpoint"),
        ("altrui", "saml.entity_mismatch"),
        ("pagina", "saml.metadata"),
    ] {
        place.until_component(name, State::Down, Some(reason));
    }
    publish(folder.path(), "buoni.xml", &metadata(ended, 3_650, &logout));
    place.until_component("buoni", State::Down, Some("saml.expired"));
    publish(folder.path(), "buoni.xml", &metadata("", 3_650, &logout));
    place.until_component("buoni", State::Up, None);
    nginx.stop();
    place.until_component("buoni", State::Down, Some("connect.refused"));
}
