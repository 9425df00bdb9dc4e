//! Browsing as a desk does it, and as a visitor begins to: through squid to sites outside, which it lets through,
//! denies, and cannot reach; with its credentials and without; and before a portal. Each failure has its own reason.

use std::fs;

use collector::publish::api::State;
use harness::Place;
use harness::ports::free_port;
use harness::servers::{Certificate, Nginx};
use harness::web_servers::{DENIED, KNOWN, OUTSIDE, PAGES, Squid};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};

type Expected = (&'static str, String, State, Option<&'static str>);

fn authority(name: &str) -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// For [`OUTSIDE`], good from 2019 until this year.
fn certificate(issuer: &CertifiedIssuer<'_, KeyPair>, until: i32) -> Certificate {
    let mut params = CertificateParams::new(vec![OUTSIDE.to_owned()]).unwrap();
    (params.not_before, params.not_after) = (date_time_ymd(2019, 2, 1), date_time_ymd(until, 2, 1));
    let key = KeyPair::generate().unwrap();
    Certificate { chain: params.signed_by(&key, issuer).unwrap().pem(), key: key.serialize_pem() }
}

/// The components of one service.
fn components(expected: &[Expected]) -> String {
    let lines = expected.iter().map(|(name, keys, ..)| {
        format!("      {name}: {{{keys}, every: 1s, timeout: 900ms, attempts: 1}}\n")
    });
    format!("  navigazione:\n    users: [uffici]\n    components:\n{}", lines.collect::<String>())
}

#[track_caller]
fn await_all(place: &Place, expected: &[Expected]) {
    for (name, _, state, reason) in expected {
        place.until_component(name, *state, *reason);
    }
}

/// Secrets of the agent that may go to these origins; it is started anew to know where they are.
fn entrust(place: &mut Place, secrets: &[(&str, &str, String)]) {
    place.take_agent().kill();
    let known = fs::read_to_string(place.path("agent.yaml")).unwrap();
    fs::write(place.path("agent.yaml"), format!("{known}secrets: segreti\n")).unwrap();
    fs::create_dir(place.path("segreti")).unwrap();
    for (name, secret, origin) in secrets {
        fs::write(place.path("segreti").join(name), secret).unwrap();
        fs::write(place.path("segreti").join(format!("{name}.for")), origin).unwrap();
    }
    place.start_agent();
}

#[test]
fn squid_lets_through_denies_asks_who_one_is_and_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let (root, stranger) = (authority("radice"), authority("sconosciuta"));
    let certificates = [certificate(&root, 2090), certificate(&root, 2020), certificate(&stranger, 2090)];
    let Some((mut nginx, secure)) = Nginx::with_pages(folder.path(), &certificates, PAGES) else { return };
    let Some(mut squid) = Squid::start() else { return };
    let (good, expired, untrusted) = (secure[0], secure[1], secure[2]);
    let browse = |url: String, more: &str| {
        format!("probe: browse, targets: {{uno: \"{url}\"}}, proxy: \"127.0.0.1:{}\"{more}", squid.port)
    };
    let guarded = |more: &str| {
        format!(
            "probe: browse, targets: {{uno: \"https://{OUTSIDE}:{good}/\"}}, tls: {{authority: ca.pem}}, \
             proxy: {{address: \"127.0.0.1:{}\"{more}}}",
            squid.guarded
        )
    };
    let (plain, ca) = (nginx.port, ", tls: {authority: ca.pem}");
    let expected: Vec<Expected> = vec![
        ("sito", browse(format!("https://{OUTSIDE}:{good}/"), ca), State::Up, None),
        ("chiaro", browse(format!("http://{OUTSIDE}:{plain}/"), ", text: fuori"), State::Up, None),
        // What comes through the tunnel is the site's own.
        ("scaduto", browse(format!("https://{OUTSIDE}:{expired}/"), ca), State::Down, Some("tls.expired")),
        ("ignoto", browse(format!("https://{OUTSIDE}:{untrusted}/"), ca), State::Down, Some("tls.untrusted")),
        (
            "guasto",
            browse(format!("http://{OUTSIDE}:{plain}/guasto"), ""),
            State::Down,
            Some("assert.status"),
        ),
        // Denied as a tunnel and as a page; wanted so, and not.
        ("bloccato", browse(format!("https://{DENIED}:{good}/"), ", expect: blocked"), State::Up, None),
        ("bloccata", browse(format!("http://{DENIED}:{plain}/"), ", expect: blocked"), State::Up, None),
        ("negato", browse(format!("https://{DENIED}:{good}/"), ""), State::Down, Some("proxy.denied")),
        ("negata", browse(format!("http://{DENIED}:{plain}/"), ""), State::Down, Some("proxy.denied")),
        (
            "aperto",
            browse(format!("http://{OUTSIDE}:{plain}/"), ", expect: blocked"),
            State::Down,
            Some("proxy.open"),
        ),
        ("anonimo", guarded(""), State::Down, Some("proxy.auth_required")),
        ("conosciuto", guarded(", secret: giusta"), State::Up, None),
        ("scambiato", guarded(", user: sonda, secret: sbagliata"), State::Down, Some("proxy.auth_required")),
        // Nobody listens behind it.
        (
            "spento",
            browse(format!("https://{OUTSIDE}:{}/", free_port()), ""),
            State::Down,
            Some("proxy.bad_gateway"),
        ),
    ];
    let mut place = Place::running_with(&[("ca.pem", &root.pem())], &components(&expected));
    let origin = format!("http://127.0.0.1:{}", squid.guarded);
    entrust(&mut place, &[("giusta", KNOWN, origin.clone()), ("sbagliata", "altra", origin)]);
    await_all(&place, &expected);
    nginx.stop();
    for name in ["sito", "chiaro", "conosciuto"] {
        place.until_component(name, State::Down, Some("proxy.bad_gateway"));
    }
    // It still says no, whether there is a site or not.
    place.until_component("bloccato", State::Up, None);
    squid.stop();
    // A dead proxy blocks nothing: it is dead.
    for name in ["sito", "chiaro", "conosciuto", "bloccato", "bloccata", "negato"] {
        place.until_component(name, State::Down, Some("proxy.connect"));
    }
    squid.serve();
    place.until_component("bloccata", State::Up, None);
}

#[test]
fn a_visitor_meets_nothing_a_portal_somebody_else_or_something_broken() {
    let folder = tempfile::tempdir().unwrap();
    let Some((mut nginx, _)) = Nginx::with_pages(folder.path(), &[], PAGES) else { return };
    let port = nginx.port;
    let asked = |path: &str, more: &str| {
        format!("probe: captive_portal, targets: {{uno: \"http://127.0.0.1:{port}/{path}\"}}{more}")
    };
    let portal = ", expect: portal, portal: portale.example";
    let expected: Vec<Expected> = vec![
        ("rete", asked("204", ""), State::Up, None),
        ("davanti", asked("portale", ", portal: portale.example"), State::Down, Some("portal.shown")),
        ("portale", asked("portale", portal), State::Up, None),
        ("pagina", asked("pagina", portal), State::Up, None),
        ("senza", asked("204", portal), State::Degraded, Some("portal.absent")),
        ("altrui", asked("altrui", portal), State::Down, Some("portal.other")),
        ("guasto", asked("guasto", portal), State::Down, Some("portal.broken")),
        ("guasta", asked("guasto", ""), State::Down, Some("portal.broken")),
    ];
    let place = Place::running(&components(&expected));
    await_all(&place, &expected);
    nginx.stop();
    for name in ["rete", "portale"] {
        place.until_component(name, State::Down, Some("connect.refused"));
    }
}

#[test]
fn a_certificate_alone_is_judged_where_nothing_else_is_asked() {
    let folder = tempfile::tempdir().unwrap();
    let (root, stranger) = (authority("radice"), authority("sconosciuta"));
    let certificates = [certificate(&root, 2090), certificate(&root, 2020), certificate(&stranger, 2090)];
    let Some((mut nginx, secure)) = Nginx::with_certificates(folder.path(), &certificates) else { return };
    let asked = |port: u16, name: &str, more: &str| {
        format!(
            "probe: tls, targets: {{uno: \"127.0.0.1:{port}\"}}, tls: {{authority: ca.pem, name: {name}{more}}}"
        )
    };
    let expected: Vec<Expected> = vec![
        ("buono", asked(secure[0], OUTSIDE, ""), State::Up, None),
        ("in_scadenza", asked(secure[0], OUTSIDE, ", warn: 24000d"), State::Degraded, Some("tls.expiring")),
        ("scaduto", asked(secure[1], OUTSIDE, ""), State::Down, Some("tls.expired")),
        ("ignoto", asked(secure[2], OUTSIDE, ""), State::Down, Some("tls.untrusted")),
        ("altrui", asked(secure[0], DENIED, ""), State::Down, Some("tls.name_mismatch")),
        ("chiaro", asked(nginx.port, OUTSIDE, ""), State::Down, Some("tls.protocol")),
    ];
    let place = Place::running_with(&[("ca.pem", &root.pem())], &components(&expected));
    await_all(&place, &expected);
    nginx.stop();
    place.until_component("buono", State::Down, Some("connect.refused"));
}
