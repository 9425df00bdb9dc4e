//! What was known at T is known for ever, and is what was known then.

use std::path::Path;

use collector_api::Verdict;
use collector_derive::{Declaration, RunIndex, Window, step};
use proptest::prelude::*;

use super::*;
use crate::compact;
use crate::ingest::Ingest;
use crate::ingest::example::{BEGIN_MS, Spool};
use crate::journal::Act;
use crate::publish::api::Year;
use crate::rebuild;
use crate::store::SqliteStore;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// The examples' checks; with `up_if` as given.
fn charter(up_if: &str) -> Charter {
    let text = format!(
        "organisation: {{name: X}}\nsites: {{ced: {{agents: [agent1, agent2]}}}}\n\
         services: {{dc: {{components: {{dns: {{probe: tcp, up_if: {up_if}, \
         targets: {{dns1: \"h:1\", dns2: \"h:2\"}}}}}}}}}}\n"
    );
    config::parse(&text, "f").unwrap_or_else(|error| panic!("{error}")).vedetta.charter
}

fn revision(up_if: &str) -> Act {
    Act::Revision { charter: Box::new(charter(up_if)), source: String::new() }
}

fn start(state: &Path) -> Ingest {
    Ingest::start(Box::new(SqliteStore::open(state).unwrap()), step).unwrap()
}

/// Everything that is told of an instant, and the bytes of the year's figures.
#[derive(Debug, PartialEq)]
struct Told {
    runs: RunIndex,
    head: Head,
    prefixes: Vec<Prefix>,
    declared: Vec<Declared>,
    year: Vec<u8>,
}

fn told(state: &Path, as_of_ms: i64) -> Told {
    let store = SqliteStore::read(state).unwrap();
    let recalled = recall(&store, step, as_of_ms).unwrap();
    let moment = recalled.moment(None).unwrap();
    let year = serde_json::to_vec(&Year::of(&moment)).unwrap();
    let Recalled { head, prefixes, declared, ledger, .. } = recalled;
    Told { runs: ledger.runs().clone(), head, prefixes, declared, year }
}

/// Milliseconds up, down and unknown of the only service.
fn figure(told: &Told) -> (u64, u64, u64) {
    let year: Year = serde_json::from_slice(&told.year).unwrap();
    let figure = &year.services[0].figure;
    (figure.up_ms, figure.down_ms, figure.unknown_ms)
}

async fn settled(ingest: Ingest, as_of_ms: i64) -> Ingest {
    let settle = move || {
        ingest.settle(as_of_ms).unwrap();
        ingest
    };
    tokio::task::spawn_blocking(settle).await.unwrap()
}

#[tokio::test]
async fn late_data_revisions_and_corrections_change_the_present_only() {
    let directory = tempfile::tempdir().unwrap();
    let state = directory.path();
    let ingest = start(state);
    ingest.record(BEGIN_MS, "root", revision("all"), Vec::new()).await.unwrap();
    let mut spool = Spool::new(1);
    for minute in 0..60 {
        spool.minute(minute, [Verdict::Up, if minute < 30 { Verdict::Up } else { Verdict::Down }]);
    }
    ingest.accept(spool.batch_at(0..21, BEGIN_MS + 20 * MINUTE)).await.unwrap();
    let (early, late) = (BEGIN_MS + HOUR, BEGIN_MS + 3 * HOUR);
    let ingest = settled(ingest, early).await;
    let before = told(state, early);
    assert_eq!(figure(&before).1, 0, "nothing of the failure had arrived");

    ingest.accept(spool.batch_at(21..spool.len(), BEGIN_MS + 2 * HOUR)).await.unwrap();
    let ingest = settled(ingest, late).await;
    assert_eq!(told(state, early), before, "late data");
    let down = told(state, late);
    assert!(figure(&down).1 > 29 * 60_000, "{:?}", figure(&down));

    ingest.record(late + MINUTE, "root", revision("any"), Vec::new()).await.unwrap();
    let window = Window { from_ms: BEGIN_MS, to_ms: BEGIN_MS + HOUR };
    let declaration =
        Declaration::Annulled { outage: None, scope: Vec::new(), window, note: "false alarm".to_owned() };
    ingest
        .record(late + 2 * MINUTE, "m.rossi", Act::Declared { declaration, uid: None }, Vec::new())
        .await
        .unwrap();
    ingest.checkpoint(late + 3 * MINUTE).await.unwrap();
    let after = told(state, late + HOUR);
    assert_eq!((after.declared.len(), after.head.seq), (1, 4));
    for (as_of_ms, then) in [(early, &before), (late, &down)] {
        assert_eq!(told(state, as_of_ms), *then, "a revision and a correction");
    }
    compact::merge_days(&ingest, state, BEGIN_MS + 9 * DAY).await.unwrap();
    ingest.close().await.unwrap();
    drop(ingest);
    rebuild::rebuild(&mut SqliteStore::open(state).unwrap(), step).unwrap();
    for (as_of_ms, then) in [(early, &before), (late, &down), (late + HOUR, &after)] {
        assert_eq!(told(state, as_of_ms), *then, "merged, stopped, rebuilt");
    }
}

#[tokio::test]
async fn a_cut_that_came_later_was_not_there_before() {
    let directory = tempfile::tempdir().unwrap();
    let state = directory.path();
    let ingest = start(state);
    ingest.record(BEGIN_MS, "root", revision("all"), Vec::new()).await.unwrap();
    let mut spool = Spool::new(1);
    spool.minutes(0..2);
    ingest.accept(spool.batch_at(0..spool.len(), BEGIN_MS + MINUTE + 10_000)).await.unwrap();
    let as_of_ms = BEGIN_MS + 2 * MINUTE;
    let ingest = settled(ingest, as_of_ms).await;
    let held = told(state, as_of_ms);
    let from = spool.len();
    spool.lost(5);
    ingest.accept(spool.batch_at(from..spool.len(), BEGIN_MS + 4 * MINUTE)).await.unwrap();
    assert_eq!(told(state, as_of_ms), held, "the hold was not cut yet");
    assert_ne!(ingest.known().ledger().runs(), &held.runs, "but it is now");
    // A stream that opens later mutes the one before from then on only.
    let mut next = spool.reopened(7, BEGIN_MS + 5 * MINUTE);
    next.minutes(5..9);
    ingest.accept(next.batch_at(0..next.len(), BEGIN_MS + 9 * MINUTE)).await.unwrap();
    assert_eq!(told(state, as_of_ms), held);
}

#[tokio::test]
async fn before_the_first_charter_nothing_was_known() {
    let directory = tempfile::tempdir().unwrap();
    let ingest = start(directory.path());
    ingest.record(BEGIN_MS, "root", revision("all"), Vec::new()).await.unwrap();
    let store = SqliteStore::read(directory.path()).unwrap();
    assert!(matches!(recall(&store, step, BEGIN_MS - 1), Err(RecallError::Nothing)));
    assert_eq!(recall(&store, step, BEGIN_MS).unwrap().head.seq, 1);
}

#[tokio::test]
async fn half_a_past_is_none() {
    let directory = tempfile::tempdir().unwrap();
    let ingest = start(directory.path());
    ingest.record(BEGIN_MS, "root", revision("all"), Vec::new()).await.unwrap();
    let mut spool = Spool::new(1);
    spool.minutes(0..20);
    for group in 0..spool.len() {
        let received_ms = BEGIN_MS + i64::try_from(group).unwrap() * MINUTE;
        ingest.accept(spool.batch_at(group..group + 1, received_ms)).await.unwrap();
    }
    ingest.close().await.unwrap();
    let connection = rusqlite::Connection::open(directory.path().join("store.sqlite")).unwrap();
    connection.execute("UPDATE batch SET body = zeroblob(9) WHERE last_seq = 8", []).unwrap();
    drop(connection);
    let error =
        recall(&SqliteStore::read(directory.path()).unwrap(), step, BEGIN_MS + 15 * MINUTE).unwrap_err();
    assert!(error.to_string().contains("`vedetta verify` tells more"), "{error}");
    let whole = recall(&SqliteStore::read(directory.path()).unwrap(), step, BEGIN_MS + 2 * MINUTE);
    assert!(whole.is_ok(), "what came before the damage is whole");
}

/// A clock that is set back must not let anything in under what was told.
#[tokio::test]
async fn what_comes_after_an_answer_is_stamped_after_it_whatever_the_clock_says() {
    let directory = tempfile::tempdir().unwrap();
    let state = directory.path();
    let mut ingest = start(state);
    ingest.record(BEGIN_MS, "root", revision("all"), Vec::new()).await.unwrap();
    let mut spool = Spool::new(1);
    spool.minutes(0..30);
    ingest.accept(spool.batch_at(0..9, BEGIN_MS + 10 * MINUTE)).await.unwrap();
    let as_of_ms = BEGIN_MS + DAY;
    ingest = settled(ingest, as_of_ms).await;
    let before = told(state, as_of_ms);
    for group in 9..spool.len() {
        // Hours back, and a start in between that has nothing but the store.
        let received_ms = BEGIN_MS + i64::try_from(group).unwrap() * MINUTE;
        ingest.accept(spool.batch_at(group..group + 1, received_ms)).await.unwrap();
        ingest.record(received_ms, "root", revision("any"), Vec::new()).await.unwrap();
        drop(ingest);
        ingest = start(state);
        assert_eq!(told(state, as_of_ms), before);
    }
    let now = told(state, as_of_ms + 1);
    assert_ne!(now.runs, before.runs);
    assert_eq!(now.prefixes[0].received_ms, as_of_ms + 1);
    assert_eq!(&now.runs, ingest.known().ledger().runs());
}

/// What can happen to a collector.
#[derive(Debug, Clone)]
enum Event {
    Accept { spool: usize, groups: usize },
    Lose { spool: usize },
    Revise(bool),
    Annul,
    Step(i64),
    Ask,
    Checkpoint,
    Merge,
    Restart,
    Rebuild,
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        6 => (0..3_usize, 1..9_usize).prop_map(|(spool, groups)| Event::Accept { spool, groups }),
        1 => (0..3_usize).prop_map(|spool| Event::Lose { spool }),
        1 => any::<bool>().prop_map(Event::Revise),
        1 => Just(Event::Annul),
        4 => (-2 * HOUR..8 * HOUR).prop_map(Event::Step),
        3 => Just(Event::Ask),
        1 => Just(Event::Checkpoint),
        1 => Just(Event::Merge),
        1 => Just(Event::Restart),
        1 => Just(Event::Rebuild),
    ]
}

/// A collector and its clock, and what it told.
struct World {
    runtime: tokio::runtime::Runtime,
    directory: tempfile::TempDir,
    ingest: Option<Ingest>,
    /// Two streams of one agent, and one of another; and how far each is delivered.
    spools: Vec<(Spool, usize)>,
    now_ms: i64,
    told: BTreeMap<i64, Told>,
}

impl World {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let directory = tempfile::tempdir().unwrap();
        let ingest = start(directory.path());
        runtime.block_on(ingest.record(BEGIN_MS, "root", revision("all"), Vec::new())).unwrap();
        let first = Spool::new(1);
        let second = first.reopened(5, BEGIN_MS + 20 * MINUTE);
        let mut spools = vec![(first, 0), (second, 0), (Spool::new(2), 0)];
        for (place, (spool, _)) in spools.iter_mut().enumerate() {
            let from = i64::try_from(place).unwrap() * 15;
            spool.minutes(from..from + 40);
        }
        Self {
            runtime,
            directory,
            ingest: Some(ingest),
            spools,
            now_ms: BEGIN_MS + HOUR,
            told: BTreeMap::new(),
        }
    }

    fn ingest(&self) -> &Ingest {
        self.ingest.as_ref().unwrap()
    }

    fn happen(&mut self, event: &Event) {
        let (now_ms, state) = (self.now_ms, self.directory.path().to_owned());
        match *event {
            Event::Accept { spool, groups } => {
                let (spool, from) = &mut self.spools[spool];
                let to = (*from + groups).min(spool.len());
                if *from == to {
                    return;
                }
                let arrived = spool.batch_at(*from..to, now_ms);
                *from = to;
                self.runtime.block_on(self.ingest().accept(arrived)).unwrap();
            }
            Event::Lose { spool } => self.spools[spool].0.lost(3),
            Event::Revise(all) => self.record(revision(if all { "all" } else { "any" })),
            Event::Annul => {
                let window = Window { from_ms: BEGIN_MS, to_ms: BEGIN_MS + HOUR };
                let declaration = Declaration::Annulled {
                    outage: None,
                    scope: vec![collector_derive::Scope::All],
                    window,
                    note: String::new(),
                };
                self.record(Act::Declared { declaration, uid: None });
            }
            Event::Step(by_ms) => self.now_ms += by_ms,
            // Before its first entry there is nothing to tell.
            Event::Ask if now_ms < BEGIN_MS => {}
            Event::Ask => {
                // Nothing is stamped later than now: the first answer is the present.
                let present = self.ingest().known().stamp_ms() <= now_ms;
                self.ingest().settle(now_ms).unwrap();
                let answer = told(&state, now_ms);
                if present {
                    assert_eq!(&answer.runs, self.ingest().known().ledger().runs());
                    assert_eq!(answer.head.seq, self.ingest().known().head().seq);
                }
                let before = self.told.entry(now_ms).or_insert_with(|| told(&state, now_ms));
                assert_eq!(&answer, before);
            }
            Event::Checkpoint => self.runtime.block_on(self.ingest().checkpoint(now_ms)).unwrap(),
            Event::Merge => {
                self.runtime.block_on(compact::merge_days(self.ingest(), &state, now_ms)).unwrap();
            }
            Event::Restart => {
                self.ingest = None;
                self.ingest = Some(start(&state));
            }
            Event::Rebuild => {
                self.ingest = None;
                rebuild::rebuild(&mut SqliteStore::open(&state).unwrap(), step).unwrap();
                self.ingest = Some(start(&state));
            }
        }
    }

    fn record(&self, act: Act) {
        self.runtime.block_on(self.ingest().record(self.now_ms, "root", act, Vec::new())).unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn the_same_instant_gives_the_same_bytes_for_ever(events in proptest::collection::vec(event(), 10..40)) {
        let mut world = World::new();
        for event in &events {
            world.happen(event);
        }
        world.now_ms += 9 * DAY;
        for event in [Event::Merge, Event::Rebuild, Event::Ask] {
            world.happen(&event);
        }
        for (as_of_ms, then) in &world.told {
            prop_assert_eq!(&told(world.directory.path(), *as_of_ms), then);
        }
    }
}
