//! Real servers of mail: postfix and dovecot, each trouble with its own reason, and a message that arrives.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use collector::publish::api::State;
use harness::mail_servers::{
    FULL, FULL_USER, JUNK, LOST, MAILBOX, MailPorts, MailServers, OTHER, STRANGER, TWICE, USER,
};
use harness::{Authority, Place, eventually};

const PASSWORD: &str = "una parola lunga";
const PACE: &str = "every: 2s, timeout: 1900ms, attempts: 1, hold: 9s";

/// Both servers in a folder, and PEM of whoever vouches for them; `None` when they are not installed.
fn servers(folder: &Path) -> Option<(MailServers, String)> {
    let authority = Authority::new();
    let servers = MailServers::start(folder, &authority.certificate(&["127.0.0.1"], 365), PASSWORD)?;
    Some((servers, authority.pem()))
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
    login_as(USER, secret)
}

fn login_as(user: &str, secret: &str) -> String {
    format!("login: {{user: {user}, secret: {secret}}}, tls: {{authority: ca.pem}}")
}

#[test]
fn what_a_mail_server_says_has_its_reason() {
    let folder = tempfile::tempdir().unwrap();
    let Some((mut servers, authority)) = servers(folder.path()) else { return };
    let ports = servers.ports;
    let MailPorts { submission, clear, open, imaps, pop3s, .. } = ports;
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
    let (authority_only, stranger) = ("tls: {authority: ca.pem}", "rcpt: a@altrove.example");
    let place = place(
        &authority,
        ports,
        &[
            smtp("invio", submission, &format!("rcpt: {MAILBOX}, {right}")),
            smtp("in_chiaro", clear, authority_only),
            smtp("sconosciuto", submission, &format!("rcpt: nessuno@comune.example, {right}")),
            smtp("respinto", submission, &wrong_too),
            // Postfix puts off whom it does not relay for, unless told to refuse: neither is a relay.
            smtp("estraneo", submission, &format!("{stranger}, {authority_only}")),
            smtp("rimandato", submission, &format!("{stranger}, rcpt_is: refused, {authority_only}")),
            smtp("rifiutato", clear, &format!("mode: plain, {stranger}, rcpt_is: refused")),
            smtp("aperto", open, &format!("{stranger}, rcpt_is: refused, {authority_only}")),
            box_of("casella", "imap", imaps, &right),
            box_of("casella_altrui", "imap", imaps, &wrong),
            box_of("colma", "imap", imaps, &format!("{}, quota_warn: 90%", login_as(FULL_USER, "posta"))),
            box_of("pop", "pop3", pop3s, &right),
        ],
    );
    for (name, reason) in [
        ("invio", None),
        ("in_chiaro", Some("smtp.no_starttls")),
        ("sconosciuto", Some("smtp.mailbox_unknown")),
        ("respinto", Some("auth.rejected")),
        ("estraneo", Some("smtp.relay_denied")),
        ("rimandato", None),
        ("rifiutato", None),
        ("aperto", Some("smtp.open_relay")),
        ("casella", None),
        ("casella_altrui", Some("auth.rejected")),
        ("pop", None),
    ] {
        let state = if reason.is_none() { State::Up } else { State::Down };
        place.until_component(name, state, reason);
    }
    place.until_component("colma", State::Degraded, Some("imap.quota"));
    servers.stop_postfix();
    servers.stop_dovecot();
    for name in ["invio", "casella", "pop"] {
        place.until_component(name, State::Down, Some("connect.refused"));
    }
}

/// From the mailbox, through both servers, to `to`.
fn round_trip(ports: MailPorts, name: &str, to: &str, receiving: &str, keys: &str) -> String {
    let submit = format!("submit: {{server: \"127.0.0.1:{}\", {}}}", ports.submission, login("posta"));
    let server = format!("server: \"127.0.0.1:{}\", mode: implicit", ports.imaps);
    let receive = format!("receive: {{{server}, junk: [Junk], {}}}", login(receiving));
    format!(
        "{name}: {{probe: mail_round_trip, targets: {{uno: {to}}}, sender: {MAILBOX}, {submit}, {receive}, {keys}, \
         every: 5s, timeout: 4900ms, attempts: 1, hold: 15s}}"
    )
}

#[test]
fn a_message_arrives_or_it_is_said_why_not() {
    let folder = tempfile::tempdir().unwrap();
    let Some((servers, authority)) = servers(folder.path()) else { return };
    let ports = servers.ports;
    let trip = |name: &str, to: &str, receiving: &str| {
        round_trip(ports, name, to, receiving, "within: 50s, deadline: 55s")
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
}

/// What delivery does to messages, of which each check has one under way.
#[test]
#[ignore = "longer: tests/run --all"]
fn each_fate_of_a_message_has_its_reason() {
    const WITHIN: Duration = Duration::from_secs(8);
    let folder = tempfile::tempdir().unwrap();
    let Some((mut servers, authority)) = servers(folder.path()) else { return };
    let ports = servers.ports;
    let trip = |name: &str, to: &str, times: &str| {
        round_trip(ports, name, to, "posta", &format!("{times}, keep_in_flight: 1"))
    };
    let patient = format!("within: {}s, deadline: 3m", WITHIN.as_secs());
    let mut place = place(
        &authority,
        ports,
        &[
            trip("recapito", MAILBOX, &patient),
            trip("spam", JUNK, &patient),
            trip("doppio", TWICE, &patient),
            trip("torna", STRANGER, &patient),
            trip("piena", FULL, &patient),
            trip("perso", LOST, "within: 2s, deadline: 4s"),
        ],
    );
    place.until_component("recapito", State::Up, None);
    place.until_component("spam", State::Degraded, Some("mail.junk"));
    place.until_component("doppio", State::Degraded, Some("mail.duplicate"));
    place.until_component("torna", State::Down, Some("mail.bounced"));
    place.until_component("piena", State::Down, Some("smtp.mailbox_full"));
    place.until_component("perso", State::Down, Some("mail.not_delivered"));
    // Delivery stops, and the agent is killed: afterwards it knows what is under way, and sends no more.
    servers.deliver(false);
    let five_kept = || Some(servers.kept()).filter(|kept| kept.len() == 5);
    eventually("each check's message is kept, but for the lost one's", five_kept);
    // A message is noted after the server took it: whoever is killed in between forgets it.
    until_it_looks_again(&place);
    place.take_agent().kill();
    place.start_agent();
    until_it_looks_again(&place);
    let late = eventually("all are late", || five_kept().filter(|kept| kept.iter().all(|age| *age > WITHIN)));
    assert_eq!(late.len(), 5);
    servers.deliver(true);
    place.until_component("recapito", State::Degraded, Some("mail.late"));
    place.until_component("recapito", State::Up, None);
    servers.stop_postfix();
    place.until_component("recapito", State::Down, Some("connect.refused"));
    servers.start_postfix();
    place.until_component("recapito", State::Up, None);
}

/// At each of the story's six checks, and at each twice.
fn until_it_looks_again(place: &Place) {
    let from = place.agent_status().durable_seq;
    eventually("the agent looks again", || (place.agent_status().durable_seq >= from + 15).then_some(()));
}
