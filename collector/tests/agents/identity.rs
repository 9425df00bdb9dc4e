//! Who is heard.

use collector_api::{Chain, Hello, Route};
use prost::Message as _;

use crate::agent::{Agent, refusal};
use crate::place::Running;

#[tokio::test]
async fn only_the_right_agent_is_heard() {
    let collector = Running::start().await;
    let agent = collector.enrolled("ced1", 1).await;
    let other = collector.enrolled("ced2", 2).await;
    let now_ms = collector.now_ms();
    let (batch, _) = agent.batch(1, Chain::genesis(agent.stream), now_ms);

    let mut unsigned = batch.clone();
    unsigned.signature[0] ^= 1;
    assert_eq!(agent.push(&unsigned).await.0, 401);
    let mut altered = batch.clone();
    altered.clock.offset_ms = 1;
    assert_eq!(agent.push(&altered).await.0, 401, "the clock is signed too");
    let mut hollow = batch.clone();
    hollow.body = zstd::bulk::compress(b"", 3).unwrap();
    assert_eq!(agent.push(&hollow).await.0, 400, "the body is not what was signed");
    let mut short = batch.clone();
    short.chain_before.pop();
    assert_eq!(agent.push(&short).await.0, 400);
    let unknown = Agent { name: "nessuno".to_owned(), ..Agent::of(&collector.line_of(&agent), 3) };
    assert_eq!(unknown.push(&batch).await.0, 401);
    assert_eq!(unknown.hello(now_ms).await.0, 401);

    assert_eq!(agent.push(&batch).await.0, 200);
    let theirs = Agent { stream: agent.stream, ..other };
    let (foreign, _) = theirs.batch(2, Chain([9; 32]), now_ms);
    assert_eq!(theirs.push(&foreign).await.0, 403, "a stream has one agent");
    assert_eq!(theirs.hello(now_ms).await.0, 403);
    collector.stop().await;
}

#[tokio::test]
async fn a_revoked_agent_is_refused_at_once() {
    let collector = Running::start().await;
    let agent = collector.enrolled("ced1", 1).await;
    assert_eq!(agent.hello(collector.now_ms()).await.0, 200);
    collector.acts.agent_revoke("test".to_owned(), "ced1".to_owned()).await.unwrap();
    let (batch, _) = agent.batch(1, Chain::genesis(agent.stream), collector.now_ms());
    assert_eq!(agent.push(&batch).await.0, 403);
    assert_eq!(agent.hello(collector.now_ms()).await.0, 403);
    assert!(collector.acts.agent_revoke("test".to_owned(), "nessuno".to_owned()).await.is_err());
    collector.stop().await;
}

#[tokio::test]
async fn a_stale_challenge_is_answered_with_a_fresh_one() {
    let collector = Running::start().await;
    let agent = collector.enrolled("ced1", 1).await;
    let challenge = agent.challenge().await;
    collector.later(5 * 60 * 1000 + 1);
    let hello = Hello { stream: agent.stream.0.to_vec(), ..Hello::default() }.encode_to_vec();
    let answer = agent.signed(Route::Hello, &challenge, hello.clone()).await;
    assert_eq!(answer.0, 401);
    let fresh = refusal(&answer).challenge;
    assert_eq!(agent.signed(Route::Hello, &fresh, hello.clone()).await.0, 200);
    assert_eq!(agent.signed(Route::Hello, &[0; 24], hello).await.0, 401, "made up");
    collector.stop().await;
}
