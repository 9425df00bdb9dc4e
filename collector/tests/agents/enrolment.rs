//! Who may become an agent.

use collector_api::EnrolAnswer;
use prost::Message as _;

use crate::agent::Agent;
use crate::place::Running;

#[tokio::test]
async fn a_line_enrols_one_key_once() {
    let collector = Running::start().await;
    let line = collector.line("ced1").await;
    let agent = Agent::of(&line, 1);
    let (status, body) = agent.enrol(&line).await;
    assert_eq!((status, EnrolAnswer::decode(body.as_slice()).unwrap().agent.as_str()), (200, "ced1"));
    // The answer may have been lost: the same key with the same line is the same agent.
    assert_eq!(agent.enrol(&line).await.0, 200);
    let thief = Agent::of(&line, 2);
    assert_eq!(thief.enrol(&line).await.0, 403);
    assert_eq!(agent.hello(collector.now_ms()).await.0, 200);
    assert_eq!(thief.hello(collector.now_ms()).await.0, 401);
    collector.stop().await;
}

#[tokio::test]
async fn a_line_ends_after_a_quarter_of_an_hour() {
    let collector = Running::start().await;
    let line = collector.line("ced1").await;
    collector.later(15 * 60 * 1000 + 1);
    assert_eq!(Agent::of(&line, 1).enrol(&line).await.0, 401);
    let fresh = collector.line("ced1").await;
    assert_eq!(Agent::of(&line, 1).enrol(&line).await.0, 401, "a newer line ends the older one");
    assert_eq!(Agent::of(&fresh, 1).enrol(&fresh).await.0, 200);
    collector.stop().await;
}

#[tokio::test]
async fn wrong_codes_wait_and_the_right_one_does_not() {
    let collector = Running::start().await;
    let line = collector.line("ced1").await;
    let agent = Agent::of(&line, 1);
    let mut wrong = line.clone();
    wrong.code = vec![0; 32];
    let mut statuses = Vec::new();
    for _ in 0..22 {
        statuses.push(agent.enrol(&wrong).await.0);
    }
    assert_eq!(statuses[..20], [401; 20]);
    assert_eq!(statuses[20..], [429; 2]);
    assert_eq!(agent.enrol(&line).await.0, 200);
    collector.stop().await;
}

#[tokio::test]
async fn lines_are_given_for_agents_of_the_charter_that_are_not_enrolled() {
    let collector = Running::start().await;
    assert!(collector.try_line("nessuno", false).await.unwrap_err().contains("sites:"));
    let old = collector.enrolled("ced1", 1).await;
    assert!(collector.try_line("ced1", false).await.unwrap_err().contains("replace"));
    let line = collector.try_line("ced1", true).await.unwrap();
    assert_eq!(old.hello(collector.now_ms()).await.0, 200, "until the new key is shown");
    let new = Agent::of(&line, 2);
    assert_eq!(new.enrol(&line).await.0, 200);
    assert_eq!(old.hello(collector.now_ms()).await.0, 401);
    assert_eq!(new.hello(collector.now_ms()).await.0, 200);
    collector.stop().await;
}
