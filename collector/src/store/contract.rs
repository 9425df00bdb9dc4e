//! What every store promises. Each test runs on both.

use std::ops::ControlFlow;

use collector_api::{Chain, ClockReading, PublicKey, Signature, StreamId};
use config::{AgentId, CheckId};

use super::{BatchRow, Mark, MemoryStore, Part, Receipts, RunsRow, SqliteStore, Store, StreamRow, Write};
use crate::enrol::{AgentRecord, OpenLine};
use crate::journal::{Act, Head};
use crate::outbox::{OutboxRow, OutboxState, Standing};

/// A store that can be closed and opened again.
struct Place {
    directory: Option<tempfile::TempDir>,
    memory: MemoryStore,
}

impl Place {
    fn open(&self) -> Box<dyn Store> {
        match &self.directory {
            Some(directory) => Box::new(SqliteStore::open(directory.path()).unwrap()),
            None => Box::new(self.memory.clone()),
        }
    }
}

#[track_caller]
fn on_both(check: impl Fn(&Place)) {
    for directory in [Some(tempfile::tempdir().unwrap()), None] {
        check(&Place { directory, memory: MemoryStore::default() });
    }
}

fn stream(n: u8) -> StreamId {
    StreamId([n; 16])
}

fn batch(n: u8, first_seq: u64, last_seq: u64) -> BatchRow {
    BatchRow {
        stream: stream(n),
        first_seq,
        last_seq,
        chain: Chain([u8::try_from(last_seq).unwrap(); 32]),
        signature: Signature([n; 64]),
        clock: ClockReading { sent_ms: -5, offset_ms: i64::MIN, rtt_ms: u64::MAX, ntp_error_ms: 7 },
        received_ms: 1_000,
        body: vec![n, 0, 255],
        parts: Vec::new(),
    }
}

fn stream_row(n: u8, last_seq: u64) -> StreamRow {
    StreamRow {
        stream: stream(n),
        agent: AgentId::new("ced1").unwrap(),
        spoken_ms: (n > 1).then_some(-7),
        mark: Mark { last_seq, chain: Chain([9; 32]) },
        receipts: Receipts::NONE.and(1, last_seq, 5, &batch(n, 1, 1).clock),
    }
}

fn batches(store: &dyn Store, n: u8, after_seq: u64) -> Vec<BatchRow> {
    let mut rows = Vec::new();
    let mut each = |row| {
        rows.push(row);
        ControlFlow::Continue(())
    };
    store.batches(stream(n), after_seq, &mut each).unwrap();
    rows
}

#[test]
fn a_fresh_store_is_empty() {
    on_both(|place| {
        let store = place.open();
        assert!(store.streams().unwrap().is_empty() && store.journal().unwrap().is_empty());
        assert!(store.runs().unwrap().is_empty() && store.checkpoints().unwrap().is_empty());
        assert!(store.agents().unwrap().is_empty() && store.defects().unwrap().is_empty());
        assert!(store.outbox().unwrap().is_empty());
        assert_eq!(store.meta("epoch").unwrap(), None);
        assert_eq!(store.newest_batch(stream(1)).unwrap(), None);
    });
}

#[test]
fn what_was_committed_is_there_after_it_is_opened_again() {
    on_both(|place| {
        let entry = Head::EMPTY.next(7, "root", &Act::Revoked { agent: "ced1".to_owned() }).unwrap();
        let line = OpenLine { hash: [3; 32], expires_ms: 9, used_by: Some(PublicKey([4; 32])) };
        let agent = AgentRecord { key: Some(PublicKey([5; 32])), revoked: true, line: Some(line) };
        let runs =
            RunsRow { check: CheckId::new("a.b.c").unwrap(), stream: stream(1), place: 7, runs: vec![1, 2] };
        place
            .open()
            .commit(&[
                Write::Meta("k".to_owned(), b"v".to_vec()),
                Write::Stream(stream_row(1, 3)),
                Write::Stream(stream_row(2, 9)),
                Write::Batch(batch(1, 1, 3)),
                Write::Journal(entry.clone()),
                Write::Agent("ced1".to_owned(), agent.clone()),
                Write::Runs(runs.clone()),
                Write::Checkpoint(stream(1), vec![8]),
            ])
            .unwrap();
        let store = place.open();
        assert_eq!(store.meta("k").unwrap().as_deref(), Some(&b"v"[..]));
        assert_eq!(store.streams().unwrap(), [stream_row(1, 3), stream_row(2, 9)]);
        assert_eq!(batches(store.as_ref(), 1, 0), [batch(1, 1, 3)]);
        assert_eq!(store.journal().unwrap(), [entry]);
        assert_eq!(store.agents().unwrap(), [("ced1".to_owned(), agent)]);
        assert_eq!(store.runs_of(stream(1)).unwrap(), store.runs().unwrap());
        assert_eq!(store.runs().unwrap(), [runs]);
        assert_eq!(store.runs_of(stream(2)).unwrap(), []);
        assert_eq!(store.checkpoints().unwrap(), [(stream(1), vec![8])]);
        assert_eq!(store.checkpoint_of(stream(1)).unwrap(), Some(vec![8]));
        assert_eq!(store.checkpoint_of(stream(2)).unwrap(), None);
    });
}

#[test]
fn what_is_fixed_with_a_streams_first_batch_stays() {
    on_both(|place| {
        let mut store = place.open();
        store.commit(&[Write::Stream(stream_row(2, 3))]).unwrap();
        let agent = AgentId::new("ced2").unwrap();
        for spoken_ms in [Some(8), None] {
            let later = StreamRow { agent: agent.clone(), spoken_ms, ..stream_row(2, 9) };
            store.commit(&[Write::Stream(later)]).unwrap();
            assert_eq!(store.streams().unwrap(), [stream_row(2, 9)]);
        }
    });
}

#[test]
fn a_commit_that_fails_leaves_nothing() {
    on_both(|place| {
        let mut store = place.open();
        store.commit(&[Write::Batch(batch(1, 1, 3))]).unwrap();
        let doubled = [
            Write::Meta("k".to_owned(), b"v".to_vec()),
            Write::Stream(stream_row(1, 3)),
            Write::Batch(batch(1, 2, 3)),
        ];
        assert!(store.commit(&doubled).is_err());
        assert_eq!(store.meta("k").unwrap(), None);
        assert!(store.streams().unwrap().is_empty());
        assert_eq!(batches(store.as_ref(), 1, 0), [batch(1, 1, 3)]);
        store.commit(&[Write::Batch(batch(1, 4, 6))]).unwrap();
    });
}

#[test]
fn batches_come_in_order_of_one_stream_and_as_far_as_wanted() {
    on_both(|place| {
        let mut store = place.open();
        for row in [batch(2, 1, 9), batch(1, 4, 6), batch(1, 1, 3), batch(1, 7, 7)] {
            store.commit(&[Write::Batch(row)]).unwrap();
        }
        let ends = |after_seq| -> Vec<u64> {
            batches(store.as_ref(), 1, after_seq).iter().map(|row| row.last_seq).collect()
        };
        assert_eq!(ends(0), [3, 6, 7]);
        assert_eq!(ends(2), [3, 6, 7], "a batch that ends after is in");
        assert_eq!(ends(3), [6, 7]);
        assert!(ends(7).is_empty());
        let mut seen = 0;
        let mut one = |_| {
            seen += 1;
            ControlFlow::Break(())
        };
        store.batches(stream(1), 0, &mut one).unwrap();
        assert_eq!(seen, 1);
        assert_eq!(store.newest_batch(stream(1)).unwrap(), Some(batch(1, 7, 7)));
        assert_eq!(store.boundary(stream(1), 6).unwrap(), Some(Chain([6; 32])));
        assert_eq!(store.boundary(stream(1), 5).unwrap(), None);
    });
}

#[test]
fn a_merged_row_takes_the_place_of_its_parts() {
    on_both(|place| {
        let mut store = place.open();
        let rows = [batch(1, 1, 3), batch(1, 4, 6), batch(1, 7, 7), batch(2, 1, 6)];
        store.commit(&rows.map(Write::Batch)).unwrap();
        let clock = batch(1, 1, 1).clock;
        let part = |first_seq, last_seq| Part { first_seq, last_seq, received_ms: -1, clock, bytes: 2 };
        let merged = BatchRow { parts: vec![part(1, 3), part(4, 6)], ..batch(1, 1, 6) };
        store.commit(&[Write::Merged(merged.clone())]).unwrap();
        drop(store);
        let store = place.open();
        assert_eq!(batches(store.as_ref(), 1, 0), [merged, batch(1, 7, 7)]);
        assert_eq!(batches(store.as_ref(), 2, 0), [batch(2, 1, 6)]);
    });
}

#[test]
fn forgetting_what_is_derived_keeps_other_streams_and_all_truth() {
    on_both(|place| {
        let mut store = place.open();
        let runs =
            |n| RunsRow { check: CheckId::new("a.b.c").unwrap(), stream: stream(n), place: 1, runs: vec![n] };
        let mut writes = vec![Write::Batch(batch(1, 1, 3)), Write::Stream(stream_row(1, 3))];
        for n in [1, 2] {
            writes.extend([Write::Runs(runs(n)), Write::Checkpoint(stream(n), vec![n])]);
        }
        store.commit(&writes).unwrap();
        store.commit(&[Write::ForgetDerived(stream(1))]).unwrap();
        assert_eq!(store.runs().unwrap(), [runs(2)]);
        assert_eq!(store.checkpoints().unwrap(), [(stream(2), vec![2])]);
        assert_eq!(batches(store.as_ref(), 1, 0).len() + store.streams().unwrap().len(), 2);
    });
}

fn outbox_row(key: &str, standing: Standing, changed_ms: i64) -> OutboxRow {
    let (key, reply) = (key.to_owned(), "250 ok".to_owned());
    OutboxRow {
        content: vec![1, 0, 255],
        state: OutboxState { key, standing, tries: 3, next_ms: i64::MAX, changed_ms, reply },
    }
}

#[test]
fn what_is_to_be_told_is_there_once_and_its_state_follows() {
    on_both(|place| {
        let row = |key, standing| outbox_row(key, standing, 7);
        let first = row("incident-1.opened/office/a@b.example", Standing::Waiting);
        let other = row("incident-1.opened/office/webhook", Standing::Waiting);
        // The state of who decided, and what follows from it, in one transaction.
        let decided = Write::Meta("alerts".to_owned(), vec![1]);
        let writes = [decided, Write::Outbox(first.clone()), Write::Outbox(other.clone())];
        place.open().commit(&writes).unwrap();
        let again = OutboxRow { content: vec![9], ..row(&first.state.key, Standing::Sent) };
        place.open().commit(&[Write::Outbox(again)]).unwrap();
        assert_eq!(
            place.open().outbox().unwrap(),
            [first.clone(), other.clone()],
            "the first of a key stays"
        );
        let state = OutboxState { standing: Standing::GivenUp, tries: 4, ..first.state.clone() };
        let gone = OutboxState { key: "nobody".to_owned(), ..state.clone() };
        place.open().commit(&[Write::OutboxState(state.clone()), Write::OutboxState(gone)]).unwrap();
        assert_eq!(place.open().outbox().unwrap(), [OutboxRow { state, ..first }, other]);
    });
}

#[test]
fn what_is_old_and_told_is_forgotten() {
    on_both(|place| {
        let mut store = place.open();
        let rows = [
            outbox_row("a", Standing::Sent, 9),
            outbox_row("b", Standing::GivenUp, 9),
            outbox_row("c", Standing::Waiting, 9),
            outbox_row("d", Standing::Sent, 10),
        ];
        store.commit(&rows.clone().map(Write::Outbox)).unwrap();
        store.commit(&[Write::ForgetOutbox(10)]).unwrap();
        assert_eq!(store.outbox().unwrap(), [rows[2].clone(), rows[3].clone()]);
    });
}

#[test]
fn a_store_of_before_the_outbox_is_read_and_gets_one_where_it_is_written() {
    let directory = tempfile::tempdir().unwrap();
    SqliteStore::open(directory.path()).unwrap();
    let file = rusqlite::Connection::open(directory.path().join("store.sqlite")).unwrap();
    file.execute_batch("DROP TABLE outbox").unwrap();
    drop(file);
    assert_eq!(SqliteStore::read(directory.path()).unwrap().outbox().unwrap(), []);
    let mut store = SqliteStore::open(directory.path()).unwrap();
    let row = outbox_row("a", Standing::Waiting, 1);
    store.commit(&[Write::Outbox(row.clone())]).unwrap();
    assert_eq!(store.outbox().unwrap(), [row]);
    assert_eq!(
        store.meta("format").unwrap().as_deref(),
        Some(&b"3"[..]),
        "an older version need not stay away"
    );
}

#[test]
fn the_journal_takes_no_number_twice() {
    on_both(|place| {
        let mut store = place.open();
        let entry = Head::EMPTY.next(7, "root", &Act::Revoked { agent: "a".to_owned() }).unwrap();
        store.commit(&[Write::Journal(entry.clone())]).unwrap();
        assert!(store.commit(&[Write::Journal(entry)]).is_err());
    });
}

#[test]
fn a_store_of_a_later_version_is_refused_and_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    SqliteStore::open(directory.path())
        .unwrap()
        .commit(&[Write::Meta("format".to_owned(), b"4".to_vec())])
        .unwrap();
    for opened in [SqliteStore::open(directory.path()), SqliteStore::read(directory.path())] {
        let sentence = opened.unwrap_err().to_string();
        assert!(sentence.contains("format 4") && sentence.contains("later version"), "{sentence}");
    }
}

/// As the version before openings were kept left it, which had format 1.
fn made_before_openings() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    SqliteStore::open(directory.path()).unwrap().commit(&[Write::Stream(stream_row(1, 3))]).unwrap();
    let file = rusqlite::Connection::open(directory.path().join("store.sqlite")).unwrap();
    file.execute_batch("ALTER TABLE stream DROP COLUMN spoken_ms; UPDATE meta SET value = CAST('1' AS BLOB) WHERE key = 'format'")
        .unwrap();
    directory
}

#[test]
fn a_store_of_an_earlier_version_is_read_as_it_is_and_brought_up_to_date_where_it_is_written() {
    let directory = made_before_openings();
    let row = StreamRow { spoken_ms: None, ..stream_row(1, 3) };
    let reader = SqliteStore::read(directory.path()).unwrap();
    assert_eq!(reader.streams().unwrap(), std::slice::from_ref(&row));
    assert_eq!(reader.meta("format").unwrap().as_deref(), Some(&b"1"[..]), "a reader changes nothing");
    drop(reader);
    for _ in 0..2 {
        let mut store = SqliteStore::open(directory.path()).unwrap();
        store.commit(&[Write::Stream(stream_row(2, 9))]).unwrap();
        assert_eq!(store.streams().unwrap(), [row.clone(), stream_row(2, 9)]);
        // The version before would misread when this stream opened: it is told to stay away.
        assert_eq!(store.meta("format").unwrap().as_deref(), Some(&b"3"[..]));
    }
}

#[test]
fn packs_by_month_are_dropped_with_their_checkpoints_where_the_store_is_written() {
    let directory = tempfile::tempdir().unwrap();
    let state = Write::Checkpoint(stream(1), vec![1]);
    SqliteStore::open(directory.path()).unwrap().commit(&[Write::Stream(stream_row(1, 3)), state]).unwrap();
    let file = rusqlite::Connection::open(directory.path().join("store.sqlite")).unwrap();
    let before = "ALTER TABLE run_pack RENAME COLUMN place TO month;
        INSERT INTO run_pack VALUES ('a.b.c', zeroblob(16), 24310, x'00');
        UPDATE meta SET value = CAST('2' AS BLOB) WHERE key = 'format'";
    file.execute_batch(before).unwrap();
    drop(file);
    let reader = SqliteStore::read(directory.path()).unwrap();
    assert_eq!((reader.runs().unwrap(), reader.runs_of(stream(0)).unwrap()), (vec![], vec![]));
    drop(reader);
    let runs = RunsRow { check: CheckId::new("a.b.c").unwrap(), stream: stream(1), place: 0, runs: vec![7] };
    for before in [vec![], vec![runs.clone()]] {
        let mut store = SqliteStore::open(directory.path()).unwrap();
        assert_eq!((store.runs().unwrap(), store.checkpoints().unwrap()), (before, vec![]));
        assert_eq!(store.streams().unwrap(), [stream_row(1, 3)]);
        store.commit(&[Write::Runs(runs.clone())]).unwrap();
    }
}

#[test]
fn a_reader_sees_one_instant_and_cannot_write() {
    let directory = tempfile::tempdir().unwrap();
    let mut writer = SqliteStore::open(directory.path()).unwrap();
    writer.commit(&[Write::Batch(batch(1, 1, 3))]).unwrap();
    let mut reader = SqliteStore::read(directory.path()).unwrap();
    assert_eq!(batches(&reader, 1, 0).len(), 1);
    writer.commit(&[Write::Batch(batch(1, 4, 6))]).unwrap();
    assert_eq!(batches(&reader, 1, 0).len(), 1);
    assert!(reader.commit(&[Write::Batch(batch(1, 7, 9))]).is_err());
}

#[test]
fn the_file_is_closed_to_others() {
    use std::os::unix::fs::PermissionsExt as _;
    let directory = tempfile::tempdir().unwrap();
    let mut store = SqliteStore::open(directory.path()).unwrap();
    store.commit(&[Write::Batch(batch(1, 1, 3))]).unwrap();
    for entry in std::fs::read_dir(directory.path()).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", entry.path());
    }
}
