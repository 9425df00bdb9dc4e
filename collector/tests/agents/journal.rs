//! The journal's end is cut off, by somebody who has the store's file: what agents have seen tells.

use std::path::Path;

use collector::serve::Patience;
use collector::store::SqliteStore;
use collector::verify::verify;
use collector_api::{BatchAnswer, Chain, JournalHead};
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
    verified.differences.into_iter().filter(|sentence| sentence.contains("has seen")).collect()
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
