//! A sealed year stays as it was told, can be computed again, and shows whatever was done to it.

use std::path::Path;

use collector_api::Verdict;
use collector_derive::{Declaration, Scope, Window, step};
use rusqlite::{Connection, params};
use serde_json::json;

use super::*;
use crate::compact;
use crate::enrol::AgentRecord;
use crate::ingest::Ingest;
use crate::ingest::example::{BEGIN_MS, Spool};
use crate::journal::Act;
use crate::publish::{Lang, SealedFacts};
use crate::recall::recall;
use crate::restore::Restore;
use crate::store::{SqliteStore, Store as _, Write};
use crate::verify::verify;
use crate::witness::{Missing, Seen};

const MINUTE: i64 = 60_000;
const DAY: i64 = 86_400_000;

fn revision(name: &str) -> Act {
    let text = format!(
        "organisation: {{name: X}}\nsites: {{ced: {{agents: [agent1, agent2]}}}}\n\
         services: {{dc: {{name: \"{name}\", commitments: [{{kind: availability, above: 98%}}, \
         {{kind: taken_in_charge, within: 3 days, share: 85%}}], \
         components: {{dns: {{probe: tcp, targets: {{dns1: \"h:1\", dns2: \"h:2\"}}}}}}}}}}\n"
    );
    let charter = config::parse(&text, "f").unwrap_or_else(|error| panic!("{error}")).vedetta.charter;
    Act::Revision { charter: Box::new(charter), source: String::new() }
}

/// The first instant at which 2026 may be closed.
fn closes_ms() -> i64 {
    Period::civil_year(2026).end_ms() + CLOSE_AFTER_MS
}

/// A collector with an hour of 2026, half of it with a failure; the end of it has not arrived.
struct Place {
    directory: tempfile::TempDir,
    ingest: Ingest,
    spool: Spool,
}

impl Place {
    async fn fed() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let ingest = Ingest::start(Box::new(SqliteStore::open(directory.path()).unwrap()), step).unwrap();
        ingest.record(BEGIN_MS - DAY, "root", revision("DC"), Vec::new()).await.unwrap();
        let mut spool = Spool::new(1);
        let record = AgentRecord { key: Some(spool.key.public()), ..AgentRecord::default() };
        let agent = spool.agent.to_string();
        let act = Act::Enrolled { agent: agent.clone(), key: spool.key.public().to_string() };
        ingest.record(BEGIN_MS, &agent, act, vec![Write::Agent(agent.clone(), record)]).await.unwrap();
        for minute in 0..60 {
            spool.minute(minute, [Verdict::Up, if minute < 20 { Verdict::Up } else { Verdict::Down }]);
        }
        for group in [0..11, 11..21, 21..41] {
            let received_ms = BEGIN_MS + i64::try_from(group.end).unwrap() * MINUTE;
            ingest.accept(spool.batch_at(group, received_ms)).await.unwrap();
        }
        Self { directory, ingest, spool }
    }

    fn state(&self) -> &Path {
        self.directory.path()
    }

    /// As the act does it, with nobody in between.
    async fn close(self, now_ms: i64) -> (Self, Result<Closing, SealError>) {
        let worker = move || {
            self.ingest.settle(now_ms).unwrap();
            let recalled = recall(&SqliteStore::read(self.state()).unwrap(), step, now_ms).unwrap();
            let before = newest(&recalled.sealed).get(&2026).map(|seal| (*seal).clone());
            let closing = close(&recalled, 2026, before.as_ref());
            (self, closing)
        };
        tokio::task::spawn_blocking(worker).await.unwrap()
    }

    async fn seal(self, now_ms: i64) -> (Self, Closing) {
        let (place, closing) = self.close(now_ms).await;
        let closing = closing.unwrap();
        let (manifest, sha256) = (Box::new(closing.manifest.clone()), closing.sha256.clone());
        let kept = Write::Meta(manifest.key(), closing.bytes.clone());
        place.ingest.record(now_ms, "m.rossi", Act::Sealed { manifest, sha256 }, vec![kept]).await.unwrap();
        (place, closing)
    }

    async fn late(&self, now_ms: i64) {
        let spool = &self.spool;
        self.ingest.accept(spool.batch_at(41..spool.len(), now_ms)).await.unwrap();
    }

    fn differences(&self) -> (u64, Vec<String>) {
        let verified = verify(&SqliteStore::read(self.state()).unwrap(), step).unwrap();
        (verified.seals, verified.differences.into_iter().map(|said| said.en).collect::<Vec<_>>())
    }
}

#[tokio::test]
async fn a_year_is_closed_when_nothing_of_it_is_awaited_any_more() {
    let place = Place::fed().await;
    let (place, early) = place.close(closes_ms() - 1).await;
    let Err(SealError::Refused(refusal)) = early else { panic!("{early:?}") };
    assert_eq!(refusal, Refusal::TooEarly { year: 2026, from_ms: closes_ms(), awaited: None });
    assert_eq!(refusal.words(Lang::It), "il 2026 può ancora cambiare: si chiude dal 16/01/2027");
    let (_, closed) = place.close(closes_ms()).await;
    let closing = closed.unwrap();
    assert_eq!((closing.manifest.revision, closing.manifest.streams.len()), (1, 1));
    assert_eq!(closing.manifest.unmeasured, ["dc: taken_in_charge"], "nothing is said of requests");
    assert_eq!(closing.manifest.charters.len(), 1);
    assert!(closing.manifest.tz.starts_with("20"), "{}", closing.manifest.tz);
    assert_eq!(closing.quiet[0].agent.as_str(), "agent1");
    assert!(closing.quiet[0].words(Lang::En).contains("was last heard at 2026-03-01"));

    let directory = tempfile::tempdir().unwrap();
    let ingest = Ingest::start(Box::new(SqliteStore::open(directory.path()).unwrap()), step).unwrap();
    ingest.record(BEGIN_MS, "root", revision("DC"), Vec::new()).await.unwrap();
    let (_, empty) = Place { directory, ingest, spool: Spool::new(1) }.close(closes_ms()).await;
    assert!(matches!(empty, Err(SealError::Refused(Refusal::NothingMeasured(2026)))), "{empty:?}");
}

#[tokio::test]
async fn a_year_with_a_request_that_is_not_due_stays_open() {
    let place = Place::fed().await;
    let Act::Revision { charter, source } = revision("DC") else { panic!("no revision") };
    let mut charter = *charter;
    let within = config::Within::parse("30 days").unwrap();
    for promise in &mut charter.services[0].commitments {
        if let config::Commitment::TakenInCharge(limit) = promise {
            limit.within = within;
        }
    }
    let act = Act::Revision { charter: Box::new(charter), source };
    place.ingest.record(BEGIN_MS + 50 * DAY, "root", act, Vec::new()).await.unwrap();
    let (place, early) = place.close(closes_ms()).await;
    let Err(SealError::Refused(refusal)) = early else { panic!("{early:?}") };
    assert_eq!(
        refusal.words(Lang::It),
        "il 2026 può ancora cambiare: si chiude dal 31/01/2027, quando sarà scaduta l'ultima richiesta di «DC» \
         (presa in carico entro 30 giorni nell'85%)"
    );
    let (place, early) = place.close(closes_ms() + 15 * DAY - 1).await;
    assert!(early.is_err(), "one millisecond early");
    let (_, closed) = place.close(closes_ms() + 15 * DAY).await;
    assert_eq!(closed.unwrap().manifest.revision, 1);
}

#[tokio::test]
async fn the_same_knowledge_is_the_same_manifest() {
    let (place, first) = Place::fed().await.close(closes_ms()).await;
    let first = first.unwrap();
    place.late(closes_ms() + DAY).await;
    place.ingest.record(closes_ms() + DAY, "root", revision("Other"), Vec::new()).await.unwrap();
    compact::merge_days(&place.ingest, place.state(), closes_ms() + 9 * DAY).await.unwrap();
    let (_, second) = place.close(closes_ms()).await;
    let second = second.unwrap();
    assert_eq!(
        (&first.manifest, &first.sha256, &first.bytes),
        (&second.manifest, &second.sha256, &second.bytes)
    );
    assert!(first.manifest.attests(&first.bytes));
    assert_eq!(serde_json::from_slice::<Year>(&first.bytes).unwrap(), first.year);
}

#[tokio::test]
async fn a_restore_that_is_declared_later_changes_neither_seal_nor_past() {
    let (place, _) = Place::fed().await.seal(closes_ms()).await;
    let later = closes_ms() + DAY;
    let head = Seen { epoch: 1, seq: 40, hash: "ab".repeat(32) };
    let missing = vec![("agent1".to_owned(), Missing { head, before: None })];
    let restore = Restore::of(1, missing, "disco nuovo").unwrap();
    place.ingest.record(later, "root", Act::Restored { restore }, Vec::new()).await.unwrap();
    assert_eq!(place.differences(), (1, Vec::new()));
    let epochs = tokio::task::spawn_blocking(move || {
        place.ingest.settle(later).unwrap();
        let store = SqliteStore::read(place.state()).unwrap();
        [closes_ms(), later].map(|as_of_ms| recall(&store, step, as_of_ms).unwrap().head.epoch)
    });
    assert_eq!(epochs.await.unwrap(), [1, 2]);
}

#[tokio::test]
async fn what_comes_later_makes_a_next_revision_and_overwrites_nothing() {
    let (place, first) = Place::fed().await.seal(closes_ms()).await;
    assert_eq!(place.differences(), (1, Vec::new()));
    let later = closes_ms() + 30 * DAY;
    place.late(later).await;
    place.ingest.record(later, "root", revision("DC and more"), Vec::new()).await.unwrap();
    let window = Window { from_ms: BEGIN_MS + 20 * MINUTE, to_ms: BEGIN_MS + 30 * MINUTE };
    let note = "false alarm".to_owned();
    let declaration =
        Declaration::Annulled { outage: None, scope: vec![Scope::Path("dc".to_owned())], window, note };
    place
        .ingest
        .record(later, "m.rossi", Act::Declared { declaration, uid: None }, Vec::new())
        .await
        .unwrap();
    assert_eq!(place.differences(), (1, Vec::new()), "the first revision is as it was");

    let (place, second) = place.seal(later + DAY).await;
    assert_eq!(second.manifest.revision, 2);
    let json = |closing: &Closing| serde_json::to_value(&closing.year).unwrap();
    let found = differences(&json(&first), &json(&second), false);
    let words: Vec<String> = found.iter().map(|difference| difference.words(Lang::It)).collect();
    assert!(words.iter().any(|line| line.starts_with("dc: fermo: ")), "{words:#?}");
    assert!(words.iter().any(|line| line.starts_with("dc: non osservato: ")), "{words:#?}");
    assert!(
        !words.iter().any(|line| line.contains("DC and more")),
        "what it is called is no figure: {words:#?}"
    );

    compact::merge_days(&place.ingest, place.state(), later + 9 * DAY).await.unwrap();
    place.ingest.close().await.unwrap();
    assert_eq!(place.differences(), (2, Vec::new()), "stopped, merged, and both revisions computed again");
    let store = SqliteStore::read(place.state()).unwrap();
    for closing in [&first, &second] {
        assert_eq!(store.meta(&closing.manifest.key()).unwrap().as_ref(), Some(&closing.bytes));
    }
}

#[tokio::test]
async fn a_closed_year_is_shown_as_it_was_told_and_says_what_came_since() {
    let (place, first) = Place::fed().await.seal(closes_ms()).await;
    place.late(closes_ms() + DAY).await;
    let told = |as_of_ms: i64| {
        let recalled = recall(&SqliteStore::read(place.state()).unwrap(), step, as_of_ms).unwrap();
        let mut moment = recalled.moment(Some(Period::civil_year(2026))).unwrap();
        let seal = newest(&recalled.sealed)[&2026].clone();
        let changes = crate::publish::changes(&first.year, &moment);
        moment.sealed =
            Some(SealedFacts { seal, year: Some(std::sync::Arc::new(first.year.clone())), changes });
        Year::told(&moment)
    };
    let shown = told(closes_ms() + 1);
    let sealed = shown.sealed.clone().unwrap();
    assert!(!shown.provisional);
    assert_eq!((sealed.revision, sealed.author.as_str(), sealed.changes), (1, "m.rossi", 0));
    assert_eq!(sealed.manifest, first.sha256);
    assert_eq!(Year { sealed: None, ..shown }, first.year);
    let shown = told(closes_ms() + 2 * DAY);
    assert!(shown.sealed.as_ref().unwrap().changes > 0, "late data would change it");
    assert_eq!(Year { sealed: None, ..shown }, first.year, "but it is shown as it was sealed");
}

/// Each changes one row by SQL, and the words that must be told.
const TAMPERINGS: [(&str, &str); 6] = [
    (
        "UPDATE meta SET value = CAST(replace(CAST(value AS TEXT), 'down_ms\":', 'down_ms\":1') AS BLOB) WHERE key = 'sealed/2026/1' AND ?1 = ?1",
        "its answer is not the one that was sealed",
    ),
    ("DELETE FROM meta WHERE key = 'sealed/2026/1' AND ?1 = ?1", "its answer is gone"),
    (
        "UPDATE journal SET act = replace(act, '\"revision\":1', '\"revision\":2') WHERE act LIKE '%\"sealed\"%' AND ?1 = ?1",
        "does not have the hash it says",
    ),
    (
        "UPDATE batch SET body = (SELECT body FROM batch WHERE stream = ?1 AND last_seq = 42) WHERE stream = ?1 AND last_seq = 22",
        "sealed year 2026, revision 1",
    ),
    (
        "UPDATE batch SET received_ms = received_ms + 90000000000 WHERE stream = ?1 AND last_seq = 82",
        "is not what the manifest says",
    ),
    ("UPDATE batch SET received_ms = received_ms - 1 WHERE stream = ?1 AND last_seq = 42", "arrived"),
];

#[tokio::test]
async fn whoever_touches_what_is_sealed_is_told_apart() {
    let (place, _) = Place::fed().await.seal(closes_ms()).await;
    place.late(closes_ms() + DAY).await;
    place.ingest.close().await.unwrap();
    let Place { directory, ingest, .. } = place;
    drop(ingest);
    for (sql, words) in TAMPERINGS {
        let copy = tempfile::tempdir().unwrap();
        std::fs::copy(directory.path().join("store.sqlite"), copy.path().join("store.sqlite")).unwrap();
        let connection = Connection::open(copy.path().join("store.sqlite")).unwrap();
        let changed = connection.execute(sql, params![[1_u8; 16]]).unwrap();
        assert!(changed > 0, "nothing was changed by {sql}");
        drop(connection);
        let told = verify(&SqliteStore::read(copy.path()).unwrap(), step).unwrap().differences;
        assert!(told.iter().any(|sentence| sentence.en.contains(words)), "{sql}\ntold: {told:#?}");
    }
}

#[test]
fn differences_are_told_by_what_things_are() {
    let service = |down_ms: u64, outages: serde_json::Value, standing: &str| {
        json!({"as_of_ms": down_ms, "services": [
            {"id": "wifi", "name": "A", "figure": {"down_ms": 1}},
            {"id": "dc", "name": standing, "figure": {"down_ms": down_ms},
             "commitments": [{"kind": "availability", "standing": standing,
                              "target": {"p": 49, "q": 50, "percent": "98.0000"}}],
             "outages": outages},
        ]})
    };
    let stop =
        |id: &str, end_ms: u64| json!({"id": id, "start_ms": 0, "end_ms": end_ms, "duration_ms": end_ms});
    let before = service(3_600_000, json!([stop("a", 60_000), stop("b", 5_000)]), "met");
    let mut after = service(3_900_000, json!([stop("c", 70_000), stop("a", 61_000)]), "breached");
    after["services"].as_array_mut().unwrap().reverse();
    let found = differences(&before, &after, false);
    let words = |lang| found.iter().map(|difference| difference.words(lang)).collect::<Vec<_>>();
    assert_eq!(
        words(Lang::It),
        [
            "dc · impegni · disponibilità: esito: met → breached",
            "dc: fermo: 1 h 00 min (3600000 ms) → 1 h 05 min (3900000 ms)",
            "dc · interruzioni · a: durata: 1 min 00 s (60000 ms) → 1 min 01 s (61000 ms)",
            "dc · interruzioni · a: fine: 1970-01-01T00:01:00.000Z → 1970-01-01T00:01:01.000Z",
            "dc · interruzioni: b: 1970-01-01T00:00:00.000Z, 5 s → non c'è più",
            "dc · interruzioni: c: non c'era → 1970-01-01T00:00:00.000Z, 1 min 10 s",
        ]
    );
    assert!(words(Lang::En)[1].starts_with("dc: down: "));
    assert_eq!(differences(&before, &before, false), []);
    // What a later version tells more is no difference; what it tells otherwise is.
    after["services"][0]["net"] = json!({"down_ms": 4});
    assert_eq!(differences(&before, &after, false).len(), 7);
    assert_eq!(differences(&before, &after, true).len(), 5);
}
