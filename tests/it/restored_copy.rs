//! The store is restored from an older copy: the agent sends again what the copy lacks, same figure; what the journal
//! lost is said until somebody answers for it, and again when it is lost again.

use std::fs;
use std::path::Path;

use collector::journal::{Act, Entry};
use collector::publish::api::State;
use collector::store::{SqliteStore, Store as _};
use harness::place::succeeded;
use harness::{Place, Target, eventually};

/// The store: the file, and what SQLite keeps beside it.
const FILES: [&str; 3] = ["store.sqlite", "store.sqlite-wal", "store.sqlite-shm"];

fn copy(from: &Path, to: &Path) {
    for file in FILES {
        let _ = fs::remove_file(to.join(file));
        if from.join(file).exists() {
            fs::copy(from.join(file), to.join(file)).unwrap();
        }
    }
}

#[test]
fn the_agent_rewinds_and_the_figure_is_the_same() {
    let mut target = Target::opened();
    let mut place = Place::running(&format!(
        "  rete:\n    users: [uffici]\n    components:\n      \
         porta: {{probe: tcp, targets: {{una: \"{}\"}}, every: 500ms, timeout: 400ms, attempts: 1}}",
        target.address(),
    ));
    place.until(State::Up);
    place.take_collector().terminate();
    let backup = tempfile::tempdir().unwrap();
    copy(&place.state(), backup.path());
    let mark_of_the_copy = place.stream().mark;

    place.start_collector();
    target.close();
    place.until(State::Down);
    target.open();
    place.until(State::Up);
    place.take_collector().terminate();
    let (stream, mark) = (place.stream().id, place.stream().mark);
    let outages = |place: &Place| {
        let of = |service: collector::publish::api::ServiceYear| (service.outages, service.figure.down_ms);
        of(place.service_year())
    };
    let acked = eventually("the agent knows of it", || {
        Some(place.agent_status().acked_seq).filter(|acked| *acked > mark_of_the_copy)
    });
    assert!(acked <= mark);
    let samples = place.stream().samples;

    copy(backup.path(), &place.state());
    assert_eq!(place.stream().mark, mark_of_the_copy);
    place.start_collector();
    eventually("the mark is where it was", || (place.stream().mark >= mark).then_some(()));
    let again = place.stream();
    assert_eq!((again.id, again.lost), (stream, 0), "the same stream, and nothing given up");
    assert_eq!(again.samples[..samples.len()], samples[..]);
    let (found, down_ms) = outages(&place);
    assert_eq!(found.len(), 1, "{found:?}");
    let fails = samples.iter().find(|sample| sample.reason == "connect.refused").unwrap();
    assert_eq!((found[0].start_ms, found[0].duration_ms), (fails.at_ms, down_ms));
    // What the copy lacks of the journal nobody sends again. The agent has seen it, and verify says that and no more.
    let (sound, said) = verified(&place);
    assert!(!sound && said.contains(": 1 difference"), "{said}");
    assert!(said.contains("of the journal is another one than agent `ced1` has seen"), "{said}");
    eventually("the agent alarms", || place.agent_status().journal_alarm);

    // Somebody answers for it: an epoch opens, verify tells it as a loss, and the agent is content.
    let before = journal(&place);
    let note = "disco sostituito, copia della notte";
    let said = says(&place, &["restore", "--declare", "--lang", "en", "--note", note]);
    assert!(said.contains("of the journal w") && said.contains("which opens epoch 2"), "{said}");
    eventually("the agent has seen the epoch", || place.agent_status().journal_alarm.is_none().then_some(()));
    let (sound, said) = verified(&place);
    assert!(sound && said.contains("all is as it was accepted"), "{said}");
    let told: Vec<&str> = said.lines().filter(|line| line.contains("at a restore that ")).collect();
    assert!(told.len() == 1 && told[0].contains("`ced1` #") && told[0].ends_with(note), "{said}");
    let after = journal(&place);
    assert_eq!(after[..before.len()], before[..], "nothing that was entered is another");
    assert_eq!(outages(&place).1, down_ms, "and no figure");

    // Nothing more is missing, and it says so.
    let refused = place.collector_command(&["restore", "--declare", "--note", note]).output().unwrap();
    let why = String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success() && why.contains("al registro non manca nessuna voce"), "{why}");
    assert_eq!(journal(&place).len(), after.len());

    // The same copy again: what is lost now nobody has answered for, the declaration among it.
    place.take_collector().terminate();
    copy(backup.path(), &place.state());
    place.start_collector();
    let alarm = eventually("the agent alarms again", || place.agent_status().journal_alarm);
    assert_eq!(alarm, "epoch 1 came after epoch 2");
    let (sound, said) = verified(&place);
    assert!(!sound && said.contains("agent `ced1` has seen"), "{said}");
    let said = says(&place, &["restore", "--declare", "--lang", "en", "--note", note]);
    assert!(said.contains("which opens epoch 3"), "{said}");
    eventually("the agent has seen the epoch", || place.agent_status().journal_alarm.is_none().then_some(()));
    assert!(verified(&place).0);
}

/// What a command says that does what it was asked.
fn says(place: &Place, arguments: &[&str]) -> String {
    String::from_utf8(succeeded(&mut place.collector_command(arguments)).stdout).unwrap()
}

/// The journal without what the collector itself enters every hour.
fn journal(place: &Place) -> Vec<Entry> {
    let entries = SqliteStore::read(&place.state()).unwrap().journal().unwrap();
    entries.into_iter().filter(|entry| !matches!(entry.read(), Ok(Act::StreamHeads { .. }))).collect()
}

/// Does `vedetta verify` find everything in order, and what does it say?
fn verified(place: &Place) -> (bool, String) {
    let verified = place.collector_command(&["verify", "--lang", "en"]).output().unwrap();
    (verified.status.success(), String::from_utf8_lossy(&verified.stdout).into_owned())
}
