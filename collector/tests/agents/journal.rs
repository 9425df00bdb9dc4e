//! The journal's end is cut off, by somebody who has the store's file: what agents have seen tells.

use std::path::Path;

use collector::operator::RestoreQuestion;
use collector::serve::Patience;
use collector::store::{SqliteStore, Store as _};
use collector::verify::verify;
use collector_api::{BatchAnswer, Chain, HelloAnswer, JournalHead};
use collector_derive::step;
use prost::Message as _;

use crate::agent::Agent;
use crate::place::Running;

/// A collector that stopped after an agent had seen its journal: its place, the agent and the head.
async fn witnessed() -> (Stopped, Agent, JournalHead) {
    let collector = Running::start().await;
    let agent = collector.enrolled("ced1", 1).await;
    agent.hello(collector.now_ms()).await;
    let (first, chain) = agent.batch(1, Chain::genesis(agent.stream), collector.now_ms());
    agent.push(&first).await;
    collector.line("ced2").await;
    let (second, _) = agent.batch(2, chain, collector.now_ms());
    let (_, body) = agent.push(&second).await;
    let head = BatchAnswer::decode(body.as_slice()).unwrap().journal.unwrap();
    let row = collector.acts.agents().agents.swap_remove(0);
    assert_eq!((row.journal, row.journal_missed), (Some(head.seq), None));
    (collector.stop().await, agent, head)
}

type Stopped = (tempfile::TempDir, std::sync::Arc<std::sync::atomic::AtomicI64>);

fn sql(directory: &Path, sql: &str) -> usize {
    let store = rusqlite::Connection::open(directory.join("state/store.sqlite")).unwrap();
    store.execute(sql, []).unwrap()
}

/// What `vedetta verify` tells of witnesses.
fn told(directory: &Path) -> Vec<String> {
    let store = SqliteStore::read(&directory.join("state")).unwrap();
    let verified = verify(&store, step).unwrap();
    let told = verified.differences.into_iter().map(|said| said.en);
    told.filter(|sentence| sentence.contains("has seen")).collect()
}

#[tokio::test]
async fn a_journal_whose_end_was_cut_off_is_found_by_what_agents_were_told() {
    let ((directory, now_ms), agent, head) = witnessed().await;
    let path = directory.path().to_owned();
    assert_eq!(told(&path), [""; 0]);
    let store = SqliteStore::read(&path.join("state")).unwrap();
    assert_eq!(verify(&store, step).unwrap().witnesses["ced1"], head.seq);
    drop(store);

    let cut = sql(&path, &format!("DELETE FROM journal WHERE seq >= {}", head.seq));
    assert!(cut > 0);
    let ends = format!("the journal ends before entry {}, which agent `ced1` has seen", head.seq);
    assert_eq!(told(&path), [ends.as_str()]);

    // The collector goes on; its journal grows past the place, with other entries.
    let collector = Running::start_in(directory, Patience::default(), now_ms).await;
    let agent = Agent { address: collector.listening.agents.to_string(), ..agent };
    agent.hello(collector.now_ms()).await;
    for _ in 0..3 {
        collector.try_line("ced1", true).await.unwrap();
    }
    agent.hello(collector.now_ms()).await;
    let row = collector.acts.agents().agents.swap_remove(0);
    assert_eq!(row.journal_missed, Some(head.seq), "{row:?}");
    assert!(row.journal > Some(head.seq));
    let _kept = collector.stop().await;
    assert_eq!(
        told(&path),
        [format!("entry {} of the journal is another one than agent `ced1` has seen", head.seq)]
    );
}

#[tokio::test]
async fn what_the_collector_was_made_to_forget_the_agent_brings_back() {
    let ((directory, now_ms), agent, head) = witnessed().await;
    let path = directory.path().to_owned();
    sql(&path, &format!("DELETE FROM journal WHERE seq >= {}", head.seq));
    assert_eq!(sql(&path, "DELETE FROM meta WHERE key = 'witness/ced1'"), 1);
    assert_eq!(told(&path), [""; 0], "whoever can cut the one can cut the other");

    let collector = Running::start_in(directory, Patience::default(), now_ms).await;
    let agent = Agent { address: collector.listening.agents.to_string(), ..agent };
    let (status, _) = agent.hello_remembering(collector.now_ms(), Some(head.clone())).await;
    assert_eq!(status, 200, "an alarm stops no delivery");
    // The start has entered where streams stand: there is such an entry again, and another one.
    let another = format!("entry {} of the journal is another one", head.seq);
    assert!(told(&path)[0].starts_with(&another), "kept at once: {:?}", told(&path));
    collector.stop().await;
}

#[tokio::test]
async fn somebody_answers_for_what_was_lost_and_only_for_that() {
    let ((directory, now_ms), agent, head) = witnessed().await;
    let path = directory.path().to_owned();
    sql(&path, &format!("DELETE FROM journal WHERE seq >= {}", head.seq));
    let seen = format!(r#"{{"last":{{"epoch":1,"seq":1,"hash":"{}"}}}}"#, hash_of(&path, 1));
    sql(&path, &format!("UPDATE meta SET value = CAST('{seen}' AS BLOB) WHERE key = 'witness/ced1'"));
    let collector = Running::start_in(directory, Patience::default(), now_ms).await;
    let agent = Agent { address: collector.listening.agents.to_string(), ..agent };
    let declare = async |note: &str, dry_run| {
        let question = RestoreQuestion { note: note.to_owned(), dry_run };
        collector.acts.restore("root".to_owned(), question).await
    };
    let told_of = async |head: &JournalHead| {
        let (status, body) = agent.hello_remembering(collector.now_ms(), Some(head.clone())).await;
        assert_eq!(status, 200, "a loss stops no delivery");
        HelloAnswer::decode(body.as_slice()).unwrap().journal.unwrap()
    };

    let too_soon = declare("disco sostituito", false).await.unwrap_err();
    assert!(too_soon.to_string().starts_with("no entry of the journal is missing"), "{too_soon}");
    let before = told_of(&head).await;
    assert_eq!((before.epoch, told(&path).len()), (1, 1));
    assert!(declare(" ", false).await.is_err(), "nobody would know why");
    let dry = declare("disco sostituito", true).await.unwrap();
    assert_eq!((dry.entry, dry.restore.epoch, told_of(&head).await), (None, 2, before.clone()));

    let done = declare("disco sostituito", false).await.unwrap();
    assert_eq!((done.entry, done.restore.numbers()), (Some(before.seq + 1), (2, head.seq)));
    assert_eq!(done.restore.lost[0].agent, "ced1");
    let after = told_of(&head).await;
    assert_eq!((after.epoch, after.seq), (2, before.seq + 1));
    let row = collector.acts.agents().agents.swap_remove(0);
    assert_eq!((row.journal, row.journal_missed), (Some(after.seq), None));
    assert_eq!(told(&path), [""; 0]);
    assert!(declare("di nuovo", false).await.is_err(), "nothing more is missing");

    // Something else that the journal never had: nobody has answered for that.
    told_of(&JournalHead { epoch: 2, seq: head.seq, hash: vec![9; 32] }).await;
    let another = format!("entry {} of the journal is another one", head.seq);
    assert!(told(&path)[0].starts_with(&another), "{:?}", told(&path));
    let again = declare("un'altra copia", false).await.unwrap();
    assert_eq!(again.restore.epoch, 3);
    // As a start reads it.
    let (directory, now_ms) = collector.stop().await;
    assert_eq!(told(&path), [""; 0]);
    let collector = Running::start_in(directory, Patience::default(), now_ms).await;
    let agent = Agent { address: collector.listening.agents.to_string(), ..agent };
    let (_, body) = agent.hello(collector.now_ms()).await;
    assert_eq!(HelloAnswer::decode(body.as_slice()).unwrap().journal.unwrap().epoch, 3);
    collector.stop().await;
}

/// Of an entry, hexadecimal.
fn hash_of(directory: &Path, seq: u64) -> String {
    let entries = SqliteStore::read(&directory.join("state")).unwrap().journal().unwrap();
    let entry = entries.iter().find(|entry| entry.seq == seq).unwrap();
    collector_api::hex_encode(&entry.hash)
}
