//! The collector ends, and its own agent mails about it: to a real mailbox, once, and once more when it is back.

use std::fs;
use std::path::Path;
use std::time::Duration;

use collector::publish::api::State;
use harness::mail_servers::{MAILBOX, MailServers, USER};
use harness::{Authority, Place, eventually_after};

/// The shortest that an agent takes.
const AFTER: Duration = Duration::from_mins(1);

/// The mailbox's messages with these words in their headers.
fn messages(folder: &Path, words: &str) -> Vec<String> {
    let mailbox = folder.join("mail").join(USER);
    let files = ["new", "cur"].into_iter().filter_map(|part| fs::read_dir(mailbox.join(part)).ok()).flatten();
    let texts = files.filter_map(|file| fs::read_to_string(file.unwrap().path()).ok());
    texts.filter(|text| text.contains(words)).collect()
}

#[test]
#[ignore = "longer: tests/run --all"]
fn an_agent_mails_of_a_silent_collector_and_of_its_return() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = Authority::new().certificate(&["127.0.0.1"], 365);
    let Some(servers) = MailServers::start(folder.path(), &certificate, "una parola lunga") else { return };
    let mut place = Place::served_with(
        &[],
        "  rete:\n    users: [uffici]\n    components:\n      porta: {probe: tcp, every: 1s, timeout: 900ms, attempts: 1, \
         targets: {posta: \"127.0.0.1:PORT\"}}"
            .replace("PORT", &servers.ports.clear.to_string())
            .as_str(),
    );
    let yaml = fs::read_to_string(place.path("agent.yaml")).unwrap();
    let clear = servers.ports.clear;
    let silent = format!(
        "collector_silent: {{to: {MAILBOX}, from: agente@comune.example, after: {}s, submit: {{server: \
         \"127.0.0.1:{clear}\", mode: plain}}}}",
        AFTER.as_secs()
    );
    fs::write(place.path("agent.yaml"), format!("{yaml}\n{silent}\n")).unwrap();
    place.start_agent();
    place.until(State::Up);

    place.take_collector().kill();
    let found = |words: &'static str| {
        let folder = folder.path();
        move || messages(folder, words).into_iter().next()
    };
    let first =
        eventually_after(AFTER, "a mail of the silence", found("URGENTE - il collettore non risponde"));
    let name = first.lines().find(|line| line.starts_with("Message-ID: ")).unwrap();
    assert!(name.contains("<collector-silent.ced1."), "{name}");

    // An agent that is started anew knows whom it told.
    place.take_agent().kill();
    place.start_agent();
    place.start_collector();
    let back = eventually_after(AFTER, "a mail of the return", found("RIENTRATO - il collettore risponde"));
    assert!(back.contains(&name.replace("Message-ID: ", "In-Reply-To: ")), "{back}");
    place.until(State::Up);
    assert_eq!(messages(folder.path(), "il collettore").len(), 2, "each was told once");
}
