//! Whatever is changed behind the collector's back is found and named.

use collector_api::hex_encode;
use collector_derive::step;
use rusqlite::{Connection, params};

use super::*;
use crate::compact;
use crate::ingest::Ingest;
use crate::ingest::example::{BEGIN_MS, Spool};
use crate::store::{SqliteStore, StreamRow, Write};

const DAY_MS: i64 = 86_400_000;

/// A store with two agents' streams over some days, as a collector leaves it.
async fn fed(merged: bool) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let ingest = Ingest::start(Box::new(SqliteStore::open(directory.path()).unwrap()), step).unwrap();
    let mut spools: Vec<Spool> = [1, 2].map(Spool::new).into();
    for spool in &spools {
        let key = spool.key.public();
        let record = AgentRecord { key: Some(key), ..AgentRecord::default() };
        let agent = spool.agent.to_string();
        let act = Act::Enrolled { agent: agent.clone(), key: key.to_string() };
        ingest.record(BEGIN_MS, &agent, act, vec![Write::Agent(agent.clone(), record)]).await.unwrap();
    }
    for day in 0..3_u32 {
        for spool in &mut spools {
            let from = spool.len();
            spool.minutes(i64::from(day) * 100..i64::from(day) * 100 + 40);
            for group in (from..spool.len()).step_by(5) {
                let range =
                    if group <= 1 && day == 0 { 0..group + 5 } else { group..(group + 5).min(spool.len()) };
                let received_ms = BEGIN_MS + i64::from(day + 1) * DAY_MS + i64::try_from(group).unwrap();
                ingest.accept(spool.batch_at(range, received_ms)).await.unwrap();
            }
        }
        ingest.checkpoint(BEGIN_MS + i64::from(day + 1) * DAY_MS).await.unwrap();
    }
    if merged {
        let path = directory.path().to_owned();
        compact::merge_days(&ingest, &path, BEGIN_MS + 3 * DAY_MS + DAY_MS / 2).await.unwrap();
    }
    ingest.close().await.unwrap();
    directory
}

fn differences(directory: &tempfile::TempDir) -> Vec<String> {
    let store = SqliteStore::read(directory.path()).unwrap();
    verify(&store, step).map_or_else(
        |error| vec![error.to_string()],
        |verified| verified.differences.into_iter().map(|said| said.en).collect(),
    )
}

#[tokio::test]
async fn a_sound_store_has_no_differences() {
    for merged in [false, true] {
        let directory = fed(merged).await;
        let store = SqliteStore::read(directory.path()).unwrap();
        let verified = verify(&store, step).unwrap();
        assert_eq!(verified.differences, Vec::new(), "merged: {merged}");
        assert_eq!((verified.streams, verified.batches), (2, 48));
        assert_eq!(verified.signatures, if merged { 20 } else { 48 });
        assert_eq!(verified.packs, 4);
        assert!(verified.journal_entries >= 5);
    }
}

#[tokio::test]
async fn a_running_store_can_be_verified() {
    let directory = fed(false).await;
    let ingest = Ingest::start(Box::new(SqliteStore::open(directory.path()).unwrap()), step).unwrap();
    let mut spool = Spool::new(3);
    spool.minutes(0..5);
    ingest
        .record(
            1,
            "x",
            Act::Enrolled { agent: "agent3".to_owned(), key: spool.key.public().to_string() },
            vec![Write::Agent(
                "agent3".to_owned(),
                AgentRecord { key: Some(spool.key.public()), ..AgentRecord::default() },
            )],
        )
        .await
        .unwrap();
    ingest.accept(spool.batch(0..4)).await.unwrap();
    assert_eq!(differences(&directory), [""; 0]);
    ingest.accept(spool.batch(4..spool.len())).await.unwrap();
    assert_eq!(differences(&directory), [""; 0]);
}

/// Each changes one row by SQL, as someone with the file could; and the words that must be told.
const TAMPERINGS: [(&str, &str); 24] = [
    ("DELETE FROM batch WHERE last_seq = 22 AND stream = ?1", "is missing"),
    ("DELETE FROM batch WHERE stream = ?1 AND last_seq > 80", "its mark is"),
    ("UPDATE batch SET first_seq = first_seq - 1 WHERE stream = ?1 AND last_seq = 32", "is there twice"),
    (
        "UPDATE batch SET chain = zeroblob(32) WHERE stream = ?1 AND last_seq = 32",
        "not those that were accepted",
    ),
    ("UPDATE batch SET signature = zeroblob(64) WHERE stream = ?1 AND last_seq = 32", "has signed"),
    ("UPDATE batch SET sent_ms = sent_ms + 1 WHERE stream = ?1 AND last_seq = 32", "has signed"),
    ("UPDATE batch SET offset_ms = 1 WHERE stream = ?1 AND last_seq = 32", "has signed"),
    ("UPDATE batch SET rtt_ms = 3 WHERE stream = ?1 AND last_seq = 32", "has signed"),
    ("UPDATE batch SET ntp_error_ms = 1 WHERE stream = ?1 AND last_seq = 32", "has signed"),
    ("UPDATE batch SET received_ms = received_ms - 1 WHERE stream = ?1 AND last_seq = 32", "arrived"),
    (
        "UPDATE batch SET body = (SELECT body FROM batch WHERE stream = ?1 AND last_seq = 42)
         WHERE stream = ?1 AND last_seq = 32",
        "not those that were accepted",
    ),
    ("UPDATE batch SET body = zeroblob(9) WHERE stream = ?1 AND last_seq = 32", "cannot be read"),
    ("UPDATE stream SET last_seq = last_seq + 1 WHERE id = ?1", "its mark is"),
    ("UPDATE stream SET chain = zeroblob(32) WHERE id = ?1", "the chain value at its mark"),
    ("UPDATE stream SET receipts = zeroblob(32) WHERE id = ?1", "arrived, or with"),
    ("UPDATE stream SET agent = 'agent2' WHERE id = ?1", "has signed"),
    ("DELETE FROM stream WHERE id = ?1", "is gone"),
    ("UPDATE journal SET at_ms = at_ms + 1 WHERE seq = 2 AND ?1 = ?1", "does not fit the chain"),
    ("DELETE FROM journal WHERE seq = 2 AND ?1 = ?1", "is missing"),
    ("UPDATE agent SET public_key = zeroblob(32) WHERE id = 'agent1' AND ?1 = ?1", "another key"),
    ("UPDATE agent SET revoked = 1 WHERE id = 'agent1' AND ?1 = ?1", "is revoked; the journal does not"),
    ("DELETE FROM run_pack WHERE stream = ?1 AND check_id = 'dc.dns.dns1'", "are missing"),
    (
        "UPDATE run_pack SET runs = (SELECT runs FROM run_pack WHERE check_id = 'dc.dns.dns2')
         WHERE stream = ?1 AND check_id = 'dc.dns.dns1'",
        "are not what the groups give",
    ),
    ("UPDATE checkpoint SET state = zeroblob(8) WHERE stream = ?1", "checkpoint cannot be read"),
];

#[tokio::test]
async fn every_tampering_is_found() {
    let sound = fed(false).await;
    for (sql, words) in TAMPERINGS {
        let copy = tempfile::tempdir().unwrap();
        std::fs::copy(sound.path().join("store.sqlite"), copy.path().join("store.sqlite")).unwrap();
        let connection = Connection::open(copy.path().join("store.sqlite")).unwrap();
        let changed = connection.execute(sql, params![[1_u8; 16]]).unwrap();
        assert!(changed > 0, "nothing was changed by {sql}");
        drop(connection);
        let told = differences(&copy);
        assert!(told.iter().any(|sentence| sentence.contains(words)), "{sql}\ntold: {told:#?}");
    }
}

/// As a collector keeps what it told.
#[tokio::test]
async fn an_end_of_the_journal_that_an_agent_has_seen_cannot_be_cut_off() {
    let directory = fed(false).await;
    let mut store = SqliteStore::open(directory.path()).unwrap();
    let newest = store.journal().unwrap().pop().unwrap();
    let head = collector_api::JournalHead { epoch: 1, seq: newest.seq, hash: newest.hash.to_vec() };
    let mut witness = Witness::default();
    witness.saw(&head, &Kept { entries: &store.journal().unwrap(), restored: Arc::default() });
    store.commit(&[witness.write("agent1").unwrap()]).unwrap();
    assert_eq!(differences(&directory), [""; 0]);
    drop(store);
    let connection = Connection::open(directory.path().join("store.sqlite")).unwrap();
    connection.execute("DELETE FROM journal WHERE seq = (SELECT max(seq) FROM journal)", []).unwrap();
    drop(connection);
    let ends = format!("the journal ends before entry {}, which agent `agent1` has seen", newest.seq);
    assert_eq!(differences(&directory), [ends]);
    let connection = Connection::open(directory.path().join("store.sqlite")).unwrap();
    connection.execute("UPDATE meta SET value = x'7b' WHERE key = 'witness/agent1'", []).unwrap();
    drop(connection);
    assert!(differences(&directory)[0].contains("cannot be read"));
}

/// Whoever rewrites a batch and everything that follows from it still meets the journal.
#[tokio::test]
async fn a_careful_forger_meets_the_journal() {
    let directory = fed(false).await;
    let mut store = SqliteStore::open(directory.path()).unwrap();
    let mut rows = Vec::new();
    let stream = StreamId([1; 16]);
    store
        .batches(stream, 0, &mut |row| {
            rows.push(row);
            std::ops::ControlFlow::Continue(())
        })
        .unwrap();
    // Cuts the end off and makes mark, chain and receipts fit.
    let cut = rows.len() - 3;
    let receipts = rows[..cut].iter().fold(crate::store::Receipts::NONE, |all, row| {
        all.and(row.first_seq, row.last_seq, row.received_ms, &row.clock)
    });
    let agent = store.streams().unwrap()[0].agent.clone();
    let mark = crate::store::Mark { last_seq: rows[cut - 1].last_seq, chain: rows[cut - 1].chain };
    store.commit(&[Write::Stream(StreamRow { stream, agent, spoken_ms: None, mark, receipts })]).unwrap();
    drop(store);
    let connection = Connection::open(directory.path().join("store.sqlite")).unwrap();
    connection
        .execute(
            "DELETE FROM batch WHERE stream = ?1 AND last_seq > ?2",
            params![stream.0, mark.last_seq.cast_signed()],
        )
        .unwrap();
    drop(connection);
    crate::rebuild::rebuild(&mut SqliteStore::open(directory.path()).unwrap(), step).unwrap();
    let told = differences(&directory);
    assert_eq!(told.len(), 1, "{told:#?}");
    assert!(told[0].contains("attests that it went on"), "{told:#?}");
}

/// Every byte of everything that attests or is attested, one bit at a time.
#[tokio::test]
async fn any_flipped_bit_of_a_row_is_found() {
    let sound = fed(true).await;
    let (mut flipped, mut step_by) = (0, 0_usize);
    for (table, column, key) in [
        ("batch", "body", "rowid"),
        ("batch", "chain", "rowid"),
        ("batch", "signature", "rowid"),
        ("batch", "parts", "rowid"),
        ("stream", "chain", "rowid"),
        ("stream", "receipts", "rowid"),
        ("journal", "hash", "rowid"),
        ("run_pack", "runs", "rowid"),
        ("checkpoint", "state", "rowid"),
    ] {
        let rows: Vec<(i64, Vec<u8>)> = {
            let connection = Connection::open(sound.path().join("store.sqlite")).unwrap();
            let sql = format!("SELECT {key}, {column} FROM {table} WHERE {column} IS NOT NULL");
            let mut query = connection.prepare(&sql).unwrap();
            query.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect()
        };
        let (rowid, bytes) = rows.iter().max_by_key(|(_, bytes)| bytes.len()).unwrap();
        for place in (0..bytes.len()).step_by(bytes.len().div_ceil(12)) {
            step_by += 1;
            let mut forged = bytes.clone();
            forged[place] ^= 1 << (step_by % 8);
            let copy = tempfile::tempdir().unwrap();
            std::fs::copy(sound.path().join("store.sqlite"), copy.path().join("store.sqlite")).unwrap();
            let connection = Connection::open(copy.path().join("store.sqlite")).unwrap();
            let sql = format!("UPDATE {table} SET {column} = ?1 WHERE {key} = ?2");
            connection.execute(&sql, params![forged, rowid]).unwrap();
            drop(connection);
            assert!(!differences(&copy).is_empty(), "byte {place} of {table}.{column} {}", hex_encode(bytes));
            flipped += 1;
        }
    }
    assert!(flipped > 90);
}
