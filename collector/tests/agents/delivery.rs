//! What an agent gets and gives.

use std::time::Duration;

use collector::operator::ReloadQuestion;
use collector::publish::Lang;
use collector::serve::Patience;
use collector_api::{Batch, BatchAnswer, Chain, HelloAnswer, Route, SignedAssignment};
use prost::Message as _;

use crate::agent::{Agent, refusal};
use crate::place::{BEGAN_MS, CHARTER, Running};

#[tokio::test]
async fn a_batch_is_acknowledged_once_and_survives_a_restart() {
    let collector = Running::start().await;
    let agent = collector.enrolled("ced1", 1).await;
    let (status, body) = agent.hello(collector.now_ms()).await;
    let hello = HelloAnswer::decode(body.as_slice()).unwrap();
    assert_eq!((status, hello.acked_seq, hello.received_ms), (200, 0, BEGAN_MS));
    assert!(hello.assignment_revision > 0);

    let genesis = Chain::genesis(agent.stream);
    let (first, chain) = agent.batch(1, genesis, collector.now_ms());
    for _ in 0..2 {
        let (status, body) = agent.push(&first).await;
        let answer = BatchAnswer::decode(body.as_slice()).unwrap();
        assert_eq!((status, answer.acked_seq, answer.chain), (200, 1, chain.0.to_vec()));
    }
    let (far, _) = agent.batch(5, chain, collector.now_ms());
    let answer = agent.push(&far).await;
    assert_eq!((answer.0, refusal(&answer).expected_seq), (409, 2));
    let (fork, _) = agent.batch(1, genesis, collector.now_ms() + 1);
    let answer = agent.push(&fork).await;
    assert_eq!((answer.0, refusal(&answer).expected_seq), (409, 0), "the agent signed two histories");

    let (directory, now_ms) = collector.stop().await;
    let collector = Running::start_in(directory, Patience::default(), now_ms).await;
    let agent = Agent { address: collector.listening.agents.to_string(), ..agent };
    let (_, body) = agent.hello(collector.now_ms()).await;
    let again = HelloAnswer::decode(body.as_slice()).unwrap();
    assert_eq!((again.acked_seq, again.chain), (1, chain.0.to_vec()));
    assert_eq!(again.assignment_revision, hello.assignment_revision, "a restart is no new assignment");
    let (second, _) = agent.batch(2, chain, collector.now_ms());
    assert_eq!(agent.push(&second).await.0, 200);
    collector.stop().await;
}

#[tokio::test]
async fn a_proxy_that_spoils_what_is_unsigned_proves_no_fork() {
    let collector = Running::start().await;
    let agent = collector.enrolled("ced1", 1).await;
    let (first, chain) = agent.batch(1, Chain::genesis(agent.stream), collector.now_ms());
    assert_eq!(agent.push(&first).await.0, 200);
    let (second, after) = agent.batch(2, chain, collector.now_ms());
    let emptied = |first_seq| {
        let nothing = zstd::bulk::compress(&[], 3).unwrap();
        Batch { first_seq, chain_before: after.0.to_vec(), body: nothing, ..second.clone() }
    };
    for spoiled in [emptied(1), emptied(2), Batch { first_seq: 1, ..second.clone() }] {
        let answer = agent.push(&spoiled).await;
        let refusal = refusal(&answer);
        let said = (answer.0, refusal.expected_seq, refusal.chain.as_slice());
        assert_eq!(said, (409, 2, chain.0.as_slice()), "what follows the mark, and the mark's chain");
    }
    assert_eq!(agent.push(&second).await.0, 200);
    collector.stop().await;
}

fn reload(dry_run: bool) -> ReloadQuestion {
    ReloadQuestion { dry_run, lang: Lang::En }
}

#[tokio::test]
async fn an_assignment_is_signed_and_grows_with_the_charter() {
    let collector = Running::start().await;
    let agent = collector.enrolled("ced1", 1).await;
    let fetch = async || {
        let (status, body) = agent.signed(Route::Assignment, &agent.challenge().await, Vec::new()).await;
        assert_eq!(status, 200);
        SignedAssignment::decode(body.as_slice()).unwrap().open(&agent.collector, "ced1").unwrap()
    };
    let first = fetch().await;
    assert_eq!(first.checks.len(), 1);

    let file = collector.directory.path().join("vedetta.yaml");
    std::fs::write(&file, format!("# another comment\n{CHARTER}")).unwrap();
    let answer = collector.acts.reload("test".to_owned(), reload(false)).await.unwrap();
    assert_eq!((answer.changes.len(), answer.revision), (0, None));
    assert_eq!(fetch().await, first);

    std::fs::write(&file, CHARTER.replace("{una:", "{due: \"192.0.2.2:443\", una:")).unwrap();
    let dry = collector.acts.reload("test".to_owned(), reload(true)).await.unwrap();
    assert_eq!((dry.changes.len(), dry.revision), (1, None));
    let answer = collector.acts.reload("test".to_owned(), reload(false)).await.unwrap();
    assert!(answer.revision.is_some());
    let second = fetch().await;
    assert_eq!(second.checks.len(), 2);
    assert!(second.revision > first.revision);

    std::fs::write(&file, CHARTER.replace("98%", "980%")).unwrap();
    let refused = collector.acts.reload("test".to_owned(), reload(false)).await.unwrap_err().to_string();
    assert!(refused.contains("vedetta.yaml:7:"), "{refused}");
    assert_eq!(fetch().await, second, "the old charter stays in force");
    collector.stop().await;
}

#[tokio::test]
async fn what_ends_today_is_asked_no_longer_tomorrow() {
    let collector = Running::start().await;
    let agent = collector.enrolled("ced1", 1).await;
    let fetch = async || {
        let (status, body) = agent.signed(Route::Assignment, &agent.challenge().await, Vec::new()).await;
        assert_eq!(status, 200);
        SignedAssignment::decode(body.as_slice()).unwrap().open(&agent.collector, "ced1").unwrap()
    };
    // The tests' calendar begins on 2027-01-15, at 08:00 UTC.
    let file = collector.directory.path().join("vedetta.yaml");
    let ends = CHARTER.replace("{una:", "{due: {address: \"192.0.2.2:443\", until: 2027-01-15}, una:");
    std::fs::write(&file, ends).unwrap();
    collector.acts.reload("test".to_owned(), reload(false)).await.unwrap();
    let today = fetch().await;
    assert_eq!(today.checks.len(), 2);
    collector.later(24 * 3_600_000);
    let tomorrow = async {
        loop {
            let assignment = fetch().await;
            if assignment != today {
                return assignment;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let tomorrow = tokio::time::timeout(Duration::from_secs(30), tomorrow).await.unwrap();
    assert_eq!(tomorrow.checks.len(), 1);
    assert!(tomorrow.revision > today.revision);
    collector.stop().await;
}
