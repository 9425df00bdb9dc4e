//! Real servers of mail: postfix and dovecot, each trouble with its own reason, and a message that arrives.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use collector::publish::api::State;
use harness::Place;
use harness::mail_servers::{MAILBOX, MailPorts, MailServers, OTHER, USER};
use harness::servers::Certificate;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

const PASSWORD: &str = "una parola lunga";
const PACE: &str = "every: 3s, timeout: 2900ms, attempts: 1, hold: 13s";

/// Of the servers, and PEM of whoever vouches for it.
fn certificate() -> (Certificate, String) {
    let mut above = CertificateParams::new(Vec::new()).unwrap();
    above.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = CertifiedIssuer::self_signed(above, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    let chain = leaf.signed_by(&key, &issuer).unwrap().pem();
    (Certificate { chain, key: key.serialize_pem() }, issuer.pem())
}

/// A service of these components; the agent has the mailbox's password as `posta` and others as `altra` and `terza`.
fn place(authority: &str, ports: MailPorts, components: &[String]) -> Place {
    let services =
        format!("  posta:\n    users: [uffici]\n    components:\n      {}", components.join("\n      "));
    let mut place = Place::served_with(&[("ca.pem", authority)], &services);
    let secrets = place.path("secrets");
    fs::create_dir(&secrets).unwrap();
    fs::set_permissions(&secrets, fs::Permissions::from_mode(0o700)).unwrap();
    let MailPorts { submission, imaps, pop3s, .. } = ports;
    for (name, word) in [("posta", PASSWORD), ("altra", "un'altra parola"), ("terza", "una terza parola")] {
        fs::write(secrets.join(name), word).unwrap();
        let origins =
            format!("smtps://127.0.0.1:{submission}\nimaps://127.0.0.1:{imaps}\npop3s://127.0.0.1:{pop3s}\n");
        fs::write(secrets.join(format!("{name}.for")), origins).unwrap();
    }
    let yaml = fs::read_to_string(place.path("agent.yaml")).unwrap();
    fs::write(place.path("agent.yaml"), format!("{yaml}\nsecrets: secrets\n")).unwrap();
    place.start_agent();
    place
}

fn login(secret: &str) -> String {
    format!("login: {{user: {USER}, secret: {secret}}}, tls: {{authority: ca.pem}}")
}

#[test]
fn what_a_mail_server_says_has_its_reason() {
    let folder = tempfile::tempdir().unwrap();
    let (certificate, authority) = certificate();
    let Some(mut servers) = MailServers::start(folder.path(), &certificate, PASSWORD) else { return };
    let ports = servers.ports;
    let MailPorts { submission, clear, imaps, pop3s, .. } = ports;
    // A secret that is rejected rests for all checks that use it: each has its own.
    let (right, wrong, wrong_too) = (login("posta"), login("altra"), login("terza"));
    let smtp = |name: &str, port: u16, keys: &str| {
        format!(
            "{name}: {{probe: smtp, targets: {{uno: \"127.0.0.1:{port}\"}}, sender: {MAILBOX}, {keys}, {PACE}}}"
        )
    };
    let box_of = |name: &str, kind: &str, port: u16, keys: &str| {
        format!(
            "{name}: {{probe: {kind}, targets: {{uno: \"127.0.0.1:{port}\"}}, mode: implicit, {keys}, {PACE}}}"
        )
    };
    let authority_only = "tls: {authority: ca.pem}";
    let place = place(
        &authority,
        ports,
        &[
            smtp("invio", submission, &format!("rcpt: {MAILBOX}, {right}")),
            smtp("in_chiaro", clear, authority_only),
            smtp("sconosciuto", submission, &format!("rcpt: nessuno@comune.example, {right}")),
            smtp("respinto", submission, &wrong_too),
            smtp(
                "aperto",
                submission,
                &format!("rcpt: a@altrove.example, rcpt_is: refused, {authority_only}"),
            ),
            box_of("casella", "imap", imaps, &right),
            box_of("casella_altrui", "imap", imaps, &wrong),
            box_of("pop", "pop3", pop3s, &right),
        ],
    );
    for (name, reason) in [
        ("invio", None),
        ("in_chiaro", Some("smtp.no_starttls")),
        ("sconosciuto", Some("smtp.mailbox_unknown")),
        ("respinto", Some("auth.rejected")),
        ("aperto", None),
        ("casella", None),
        ("casella_altrui", Some("auth.rejected")),
        ("pop", None),
    ] {
        let state = if reason.is_none() { State::Up } else { State::Down };
        place.until_component(name, state, reason);
    }
    servers.stop_postfix();
    servers.stop_dovecot();
    for name in ["invio", "casella", "pop"] {
        place.until_component(name, State::Down, Some("connect.refused"));
    }
}

#[test]
fn a_message_arrives_or_it_is_said_why_not() {
    let folder = tempfile::tempdir().unwrap();
    let (certificate, authority) = certificate();
    let Some(mut servers) = MailServers::start(folder.path(), &certificate, PASSWORD) else { return };
    let ports = servers.ports;
    let trip = |name: &str, to: &str, receiving: &str| {
        let submit = format!("submit: {{server: \"127.0.0.1:{}\", {}}}", ports.submission, login("posta"));
        let receive = format!(
            "receive: {{server: \"127.0.0.1:{}\", mode: implicit, {}}}",
            ports.imaps,
            login(receiving)
        );
        format!(
            "{name}: {{probe: mail_round_trip, targets: {{uno: {to}}}, sender: {MAILBOX}, {submit}, {receive}, \
             within: 50s, deadline: 55s, every: 5s, timeout: 4900ms, attempts: 1, hold: 15s}}"
        )
    };
    let place = place(
        &authority,
        ports,
        &[
            trip("recapito", MAILBOX, "posta"),
            trip("nessuno", "nessuno@comune.example", "posta"),
            trip("al_buio", OTHER, "altra"),
        ],
    );
    place.until_component("recapito", State::Up, None);
    place.until_component("nessuno", State::Down, Some("mail.submit_failed"));
    place.until_component("al_buio", State::Unknown, Some("mail.receiver_unavailable"));
    servers.stop_postfix();
    place.until_component("recapito", State::Down, Some("connect.refused"));
    servers.start_postfix();
    place.until_component("recapito", State::Up, None);
}
