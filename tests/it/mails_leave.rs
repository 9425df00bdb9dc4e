//! What was decided leaves the house: a staged outage from its first failed sample to the closing mail; relays that are
//! away, refuse, put off and break off; a collector that is killed anywhere between the sample and the relay's 250.
//!
//! `VEDETTA_ALARM_KILLS` is how often it is killed, 5 unless given; the campaign before a release is 500.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Output;
use std::time::{Duration, Instant};

use collector::operator::OutboxAnswer;
use collector::publish::api::State;
use collector_api::{Reason, Record, Verdict};
use harness::binaries::setting;
use harness::mail_servers::{MAILBOX, MailServers, USER};
use harness::place::get;
use harness::ports::random_below;
use harness::smtp_sink::{Manner, Received, Stage};
use harness::{Authority, Feeder, Place, SmtpSink, Target, eventually};

use crate::past_year::dated::Dated;

/// 23 November 2026, 09:12 in Rome: a Monday.
const NOW_MS: i64 = 1_795_421_520_000;
const MINUTE_MS: i64 = 60_000;
const CHECK: &str = "rete.porta.una";
const CHARTER: &str = "\
organisation: {name: Comune di Esempio}
sites: {ced: {agents: [ced1], users: [uffici]}}
services:
  rete:
    name: Rete degli uffici
    users: [uffici]
    alert_after: 0s
    commitments: [{kind: availability, above: 98%}]
    components:
      porta: {probe: tcp, targets: {una: \"192.0.2.1:443\"}}
alerting:
  ufficio: {to: area4@comune.example, hours: 24x7, told_of: [page]}
  reperibile: {to: turno@altro.example, hours: 24x7, told_of: [page]}
";

fn sample(verdict: Verdict) -> Vec<Record> {
    let reason = if verdict == Verdict::Down { Reason::ConnectRefused } else { Reason::None };
    vec![Record { check_plus_1: 1, outcome: Record::outcome_of(verdict, reason), ..Record::default() }]
}

/// Waits for so many mails.
#[track_caller]
fn mails(sink: &SmtpSink, count: usize) -> Vec<Received> {
    let what = format!("{count} mails");
    eventually(&what, || Some(sink.received()).filter(|received| received.len() >= count))
}

#[test]
fn an_outage_is_told_from_its_first_failed_sample_to_its_end() {
    let authority = Authority::new();
    let sink = SmtpSink::with_tls(&authority.certificate(&["127.0.0.1"], 30));
    let mail = format!(
        ", secrets: \".\", mail: {{from: vedetta@comune.example, relay: \"{}\", ca: ca.pem, user: vedetta, secret: posta, \
         page: \"https://vedetta.comune.example\"}}",
        sink.address()
    );
    let files = [("ca.pem", authority.pem()), ("posta", "hunter2\n".to_owned())];
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let place = Dated::serving_with(CHARTER, &files, NOW_MS, &mail);
    let mut feeder = Feeder::enrolled_then(&place.line_for("ced1"), 3, NOW_MS);
    let begun_ms = NOW_MS - 5 * MINUTE_MS;
    feeder.open(begun_ms, &[(CHECK.to_owned(), 60_000, 150_000)]);
    let mut told = |from: i64, to: i64, verdict: Verdict| {
        for minute in from..to {
            let at_ms = NOW_MS + minute * MINUTE_MS;
            place.at(at_ms.max(NOW_MS));
            feeder.push(at_ms, sample(verdict));
            feeder.deliver();
        }
    };
    told(-5, 1, Verdict::Up);
    assert_eq!(sink.received().len(), 0);
    told(1, 3, Verdict::Down);
    let opened = mails(&sink, 2);
    let recipients: BTreeSet<&str> = opened.iter().map(|mail| mail.to.as_str()).collect();
    assert_eq!(recipients, BTreeSet::from(["area4@comune.example", "turno@altro.example"]));
    assert_eq!(opened[0].header("From"), "Vedetta <vedetta@comune.example>");
    assert_eq!(opened[0].header("Auto-Submitted"), "auto-generated");
    assert!(opened[0].header("In-Reply-To").is_empty());
    assert!(opened.iter().all(|mail| mail.plain().contains("Rete degli uffici")), "{}", opened[0].text);
    assert_ne!(opened[0].id(), opened[1].id());
    // \0vedetta\0hunter2, under TLS, and in no log.
    assert!(
        sink.logins().iter().all(|login| login == "PLAIN AHZlZGV0dGEAaHVudGVyMg=="),
        "{:?}",
        sink.logins()
    );

    told(3, 20, Verdict::Up);
    let all = mails(&sink, 4);
    for closed in &all[2..] {
        let first = opened.iter().find(|mail| mail.to == closed.to).unwrap();
        assert_eq!(closed.header("In-Reply-To"), first.id());
        assert_eq!(closed.header("References"), first.id());
        assert!(closed.id().contains(".closed."), "{}", closed.id());
    }
    let outbox: OutboxAnswer = eventually("all are marked as sent", || {
        let outbox: OutboxAnswer = serde_json::from_str(&place.says(&["outbox", "--json"])).unwrap();
        outbox.messages.iter().all(|message| message.standing == "sent").then_some(outbox)
    });
    assert_eq!(outbox.messages.len(), 4);
    assert!(
        outbox.messages.iter().all(|message| message.reply.ends_with(": 250 2.0.0 Ok: queued")),
        "{outbox:?}"
    );
    let metrics = get(place.listening().web, "/metrics");
    for line in
        ["vedetta_notifications_total{outlet=\"mail\",result=\"sent\"} 4", "vedetta_outbox_waiting 0.0"]
    {
        assert!(metrics.contains(line), "{line}");
    }
    assert_eq!(sink.received().len(), 4, "nobody is told twice");
}

/// Two relays without TLS, and an installation that mails by them.
fn by_two_relays() -> (SmtpSink, SmtpSink, Place) {
    let (first, second) = (SmtpSink::start(), SmtpSink::start());
    let charter = CHARTER.replace("turno@altro.example", "[turno@altro.example, altro@altro.example]");
    let mail = format!(
        ", mail: {{from: vedetta@comune.example, relay: [\"{}\", \"{}\"], security: none}}",
        first.address(),
        second.address()
    );
    let place = Place::of_charter_with(&charter, &[], &mail);
    (first, second, place)
}

/// Does a message to a recipient arrive at once? And what became of it.
fn test(place: &Place, arguments: &[&str]) -> (bool, OutboxAnswer) {
    let arguments: Vec<&str> =
        ["outbox"].into_iter().chain(arguments.iter().copied()).chain(["--json"]).collect();
    let Output { status, stdout, stderr } = place.collector_command(&arguments).output().unwrap();
    let answer = serde_json::from_slice(&stdout);
    (status.success(), answer.unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&stderr))))
}

fn counts(first: &SmtpSink, second: &SmtpSink) -> (usize, usize) {
    (first.received().len(), second.received().len())
}

/// The answer. A full disk of the machine that tells the story may be said there, too.
fn ready(place: &Place) -> String {
    use std::io::{Read as _, Write as _};
    let mut stream = std::net::TcpStream::connect(place.listening().web).unwrap();
    stream.write_all(b"GET /readyz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn what_a_relay_does_not_take_another_takes_or_the_same_later() {
    let (first, second, place) = by_two_relays();
    let (sent, answer) = test(&place, &["test", "ufficio"]);
    assert!(sent, "{answer:?}");
    assert_eq!(answer.messages[0].reply, format!("{}: 250 2.0.0 Ok: queued", first.address()));
    assert_eq!(counts(&first, &second), (1, 0));

    // The second is asked when the first is away.
    first.behave(Manner::Away);
    let (sent, answer) = test(&place, &["test", "reperibile"]);
    assert!(sent && answer.messages.len() == 2, "{answer:?}");
    assert_eq!(counts(&first, &second), (1, 2));

    // Both are away, and come back.
    second.behave(Manner::Away);
    let (sent, answer) = test(&place, &["test", "ufficio"]);
    let message = &answer.messages[0];
    assert!(!sent && message.standing == "waiting" && message.tries >= 1, "{answer:?}");
    assert!(!ready(&place).contains("messages"), "nobody waits for long yet");
    second.behave(Manner::Kind);
    let received = mails(&second, 3);
    assert_eq!(received[2].id(), format!("<{}>", message.message_id));

    // Whoever is put off comes again.
    second.behave(Manner::Away);
    first.behave(Manner::Greylists);
    let (sent, answer) = test(&place, &["test", "reperibile"]);
    assert!(
        !sent && answer.messages.iter().all(|one| one.reply.contains("451 4.7.1 greylisted")),
        "{answer:?}"
    );
    mails(&first, 3);

    // A message that was taken by a relay which did not say so is sent again, and is the same.
    first.behave(Manner::HangsUpBefore250);
    let (sent, _) = test(&place, &["test", "ufficio"]);
    assert!(!sent);
    first.behave(Manner::Kind);
    let received = mails(&first, 5);
    assert_eq!((received[3].id(), &received[3].to), (received[4].id(), &received[4].to));
    assert!(received[2].id() != received[3].id());

    // What all refuse for good is given up and said, until somebody has tried again.
    first.behave(Manner::Refuses);
    second.behave(Manner::Refuses);
    let (sent, answer) = test(&place, &["test", "ufficio"]);
    let message = &answer.messages[0];
    assert_eq!((sent, message.standing.as_str()), (false, "given_up"), "{answer:?}");
    assert!(message.reply.contains("550 5.1.1 no such user; "), "{answer:?}");
    let said = ready(&place);
    assert!(said.starts_with("HTTP/1.1 503") && said.contains("could not be delivered"), "{said}");
    first.behave(Manner::HangsUpAfter250);
    let (sent, answer) = test(&place, &["retry", &message.key]);
    assert!(sent, "{answer:?}");
    assert!(!ready(&place).contains("messages"), "{}", ready(&place));
    let again = place.collector_command(&["outbox", "retry", &message.key, "--lang", "en"]).output().unwrap();
    assert!(String::from_utf8_lossy(&again.stderr).contains("was sent already"), "{again:?}");
    let unknown = place.collector_command(&["outbox", "test", "nessuno", "--lang", "en"]).output().unwrap();
    assert!(
        String::from_utf8_lossy(&unknown.stderr).contains("there are: ufficio, reperibile"),
        "{unknown:?}"
    );
    let log = std::fs::read_to_string(place.path("collector.log")).unwrap();
    assert!(log.contains("nobody took it; it is given up"), "{log}");
}

#[test]
fn a_relay_whose_offer_of_tls_was_taken_out_gets_neither_login_nor_mail() {
    let authority = Authority::new();
    let sink = SmtpSink::with_tls(&authority.certificate(&["127.0.0.1"], 30));
    sink.behave(Manner::Strips);
    let mail = format!(
        ", secrets: \".\", mail: {{from: vedetta@comune.example, relay: \"{}\", ca: ca.pem, user: vedetta, secret: posta}}",
        sink.address()
    );
    let place =
        Place::of_charter_with(CHARTER, &[("ca.pem", &authority.pem()), ("posta", "hunter2\n")], &mail);
    let (sent, answer) = test(&place, &["test", "ufficio"]);
    assert!(!sent && answer.messages[0].reply.contains("STARTTLS"), "{answer:?}");
    assert_eq!((sink.logins().len(), sink.received().len()), (0, 0));
    sink.behave(Manner::Kind);
    mails(&sink, 1);
    let log = std::fs::read_to_string(place.path("collector.log")).unwrap();
    assert!(!log.contains("hunter2"), "{log}");
}

/// Postfix asks for a login after STARTTLS and gives the mail to dovecot; a stranger is refused at the door.
#[test]
fn a_real_relay_takes_a_mail_and_delivers_it() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let certificate = authority.certificate(&["127.0.0.1"], 365);
    let Some(servers) = MailServers::start(folder.path(), &certificate, "una parola") else { return };
    let charter = CHARTER
        .replace("area4@comune.example", MAILBOX)
        .replace("turno@altro.example", "nessuno@comune.example");
    let mail = format!(
        ", secrets: \".\", mail: {{from: {MAILBOX}, relay: \"127.0.0.1:{}\", ca: ca.pem, user: {USER}, secret: posta}}",
        servers.ports.submission
    );
    let place =
        Place::of_charter_with(&charter, &[("ca.pem", &authority.pem()), ("posta", "un'altra")], &mail);
    let (sent, answer) = test(&place, &["test", "ufficio"]);
    assert!(!sent && answer.messages[0].reply.contains("login: 535"), "{answer:?}");
    // A password that was mended needs no restart.
    std::fs::write(place.path("posta"), "una parola").unwrap();
    let key = answer.messages[0].key.clone();
    let (sent, answer) = test(&place, &["retry", &key]);
    assert!(sent, "{answer:?}");
    let id = format!("<{}>", answer.messages[0].message_id);
    let arrived = eventually("the mail is in the mailbox", || {
        let new = std::fs::read_dir(folder.path().join("mail").join(USER).join("new")).ok()?;
        new.flatten()
            .filter_map(|entry| std::fs::read_to_string(entry.path()).ok())
            .find(|text| text.contains(&id))
    });
    assert!(arrived.contains("Return-Path: <sonda@comune.example>"), "{arrived}");
    let (sent, answer) = test(&place, &["test", "reperibile"]);
    assert!(!sent && answer.messages[0].standing == "given_up", "{answer:?}");
    assert!(answer.messages[0].reply.contains("550 5.1.1"), "{answer:?}");
}

const KILLS_DEFAULT: u64 = 5;
/// Services of one installation: each is told of once.
const ROUND: u64 = 25;
/// Addresses of each alarm.
const ADDRESSES: usize = 3;

#[test]
fn no_alarm_is_missed_wherever_the_collector_is_killed() {
    let mut kills = setting("VEDETTA_ALARM_KILLS").map_or(KILLS_DEFAULT, |kills| kills.parse().unwrap());
    let (mut killed, mut copies) = (0, 0);
    while kills > 0 {
        let round = kills.min(ROUND);
        copies += killed_at_each_alarm(round);
        killed += round;
        kills -= round;
        #[expect(clippy::print_stdout, reason = "a campaign shows its counts")]
        {
            println!(
                "{killed} kills, an alarm at each, to {ADDRESSES} addresses: none missed, {copies} came twice"
            );
        }
    }
}

/// Where in the way of one alarm the collector is killed.
fn kill_somewhere(place: &Place, sink: &SmtpSink, target: &mut Target) {
    let (_, pid) = place.pids();
    let moment = Duration::from_micros(random_below(3_000));
    let stages =
        [Stage::Connected, Stage::Hello, Stage::Recipient, Stage::Data, Stage::Before250, Stage::After250];
    let decided = |log: &str| log.matches("an alert was decided").count();
    let log = || std::fs::read_to_string(place.path("collector.log")).unwrap_or_default();
    match random_below(stages.len() as u64 + 3) {
        // Anywhere between the first fail and long after the mail.
        0 => {
            target.close();
            std::thread::sleep(Duration::from_millis(random_below(1_500)));
        }
        // About when it is decided.
        1 | 2 => {
            let before = decided(&log());
            target.close();
            eventually("it is decided", || (decided(&log()) > before).then_some(()));
            std::thread::sleep(moment);
        }
        other => {
            let stage = stages[usize::try_from(other - 3).unwrap()];
            sink.kill_at(stage, pid, moment);
            target.close();
            eventually("it is killed", || sink.has_killed().then_some(()));
        }
    }
}

/// How many mails came twice.
fn killed_at_each_alarm(round: u64) -> usize {
    let sink = SmtpSink::start();
    let mut targets: Vec<Target> = (0..round).map(|_| Target::opened()).collect();
    let service = |(n, target): (usize, &Target)| {
        format!(
            "  s{n}:\n    users: [uffici]\n    alert_after: 0s\n    components:\n      \
             porta: {{probe: tcp, targets: {{una: \"{}\"}}, every: 300ms, timeout: 250ms, attempts: 1, hold: 30s, confirm_down: 1}}",
            target.address()
        )
    };
    let services: Vec<String> = targets.iter().enumerate().map(service).collect();
    let mail =
        format!(", mail: {{from: vedetta@comune.example, relay: \"{}\", security: none}}", sink.address());
    let alerting =
        "  uno: {to: [a@b.example, c@d.example], hours: 24x7}\n  due: {to: e@f.example, hours: 24x7}";
    let mut place = Place::telling(&services.join("\n"), alerting, &mail, &[]);
    eventually("all is up", || {
        place.now().services.iter().all(|service| service.now.state == State::Up).then_some(())
    });
    for (n, target) in (1..).zip(&mut targets) {
        kill_somewhere(&place, &sink, target);
        place.take_collector().kill();
        place.start_collector();
        eventually(&format!("alarm {n} is told to everybody"), || {
            (told(&sink).len() >= n * ADDRESSES).then_some(())
        });
        // Else the next kill would be this alarm's second.
        eventually("all are marked as sent", || {
            let (_, outbox) = test(&place, &["list"]);
            outbox.messages.iter().all(|message| message.standing == "sent").then_some(())
        });
    }
    let told = told(&sink);
    assert_eq!(told.len(), targets.len() * ADDRESSES, "each alarm to each address, under one id: {told:#?}");
    for (which, copies) in &told {
        assert!(*copies <= 2, "{which:?} came {copies} times after one kill");
    }
    told.values().map(|copies| copies - 1).sum()
}

/// How often each message came, by its id and recipient. An alarm that had two ids would be two here.
fn told(sink: &SmtpSink) -> BTreeMap<(String, String), usize> {
    let mut told: BTreeMap<(String, String), usize> = BTreeMap::new();
    for mail in sink.received().iter().filter(|mail| mail.id().contains(".opened.")) {
        *told.entry((mail.id().to_owned(), mail.to.clone())).or_default() += 1;
    }
    told
}

/// `cargo nextest run -p tests --run-ignored only how_soon` prints how long after the acknowledgement of the sample that
/// confirmed a stop its mail was with the relay.
#[test]
#[ignore = "a measurement, of which nothing is asserted but that mails arrive"]
fn how_soon_a_mail_is_with_the_relay() {
    const SERVICES: usize = 200;
    let sink = SmtpSink::start();
    let service = |n: usize| {
        format!(
            "  s{n}: {{users: [uffici], alert_after: 0s, components: {{porta: {{probe: tcp, targets: {{una: \
             \"192.0.2.1:443\"}}}}}}}}\n"
        )
    };
    let services: Vec<String> = (0..SERVICES).map(service).collect();
    let services = services.concat();
    let charter = format!(
        "organisation: {{name: X}}\nsites: {{ced: {{agents: [ced1], users: [uffici]}}}}\nservices:\n{services}alerting: {{uno: \
         {{to: a@b.example, hours: 24x7}}}}\n"
    );
    let mail =
        format!(", mail: {{from: vedetta@comune.example, relay: \"{}\", security: none}}", sink.address());
    let place = Place::of_charter_with(&charter, &[], &mail);
    let mut feeder = Feeder::enrolled(&place.line_for("ced1"), 5);
    let now_ms = || probe_agent::clock::system()();
    let checks: Vec<(String, u64, u64)> =
        (0..SERVICES).map(|n| (format!("s{n}.porta.una"), 60_000, 600_000)).collect();
    feeder.open(now_ms(), &checks);
    let mut waited = Vec::new();
    for n in 0..SERVICES {
        let mut fails = || {
            let check_plus_1 = u32::try_from(n).unwrap() + 1;
            let record = Record { check_plus_1, ..sample(Verdict::Down).swap_remove(0) };
            feeder.push(now_ms(), vec![record]);
            feeder.deliver();
        };
        fails();
        std::thread::sleep(Duration::from_millis(300));
        fails();
        let acknowledged = Instant::now();
        let received = mails(&sink, n + 1);
        waited.push(received[n].at.saturating_duration_since(acknowledged));
    }
    waited.sort();
    let of = |share: usize| waited[(waited.len() * share / 100).min(waited.len() - 1)];
    #[expect(clippy::print_stdout, reason = "a measurement shows its numbers")]
    {
        println!(
            "{SERVICES} alarms: median {:?}, p99 {:?}, longest {:?}",
            of(50),
            of(99),
            waited[waited.len() - 1]
        );
    }
}
