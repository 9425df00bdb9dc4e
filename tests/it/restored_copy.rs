//! The store is restored from an older copy: the agent sends again what the copy lacks, same figure; what the journal
//! lost is said.

use std::fs;
use std::path::Path;

use collector::publish::api::State;
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
    let verified = place.collector_command(&["verify", "--lang", "en"]).output().unwrap();
    let said = String::from_utf8_lossy(&verified.stdout);
    assert!(!verified.status.success() && said.contains(": 1 difference"), "{said}");
    assert!(said.contains("of the journal is another one than agent `ced1` has seen"), "{said}");
}
