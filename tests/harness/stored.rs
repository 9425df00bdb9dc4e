//! What the collector's store holds, record by record.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;

use collector::store::{SqliteStore, Store as _};
use collector_api::{Group, StreamId, Verdict, unpack_groups};

/// One stored sample.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// Its number.
    pub seq: u64,
    /// The check's id.
    pub check: String,
    /// When it was taken, Unix ms.
    pub at_ms: i64,
    /// What it says.
    pub verdict: Verdict,
    /// And why.
    pub reason: &'static str,
}

/// One stored stream, walked from its first number.
#[derive(Debug, Clone)]
pub struct Stream {
    /// Its number.
    pub id: StreamId,
    /// Everything up to here is acknowledged.
    pub mark: u64,
    /// In the order of their numbers.
    pub samples: Vec<Sample>,
    /// When its agent began to write, Unix ms.
    pub starts: Vec<i64>,
    /// Numbers declared lost.
    pub lost: u64,
}

/// All streams of the store in `state`. Panics unless each holds every number up to its mark once.
pub fn streams(state: &Path) -> Vec<Stream> {
    let store = SqliteStore::read(state).unwrap();
    let rows = store.streams().unwrap();
    rows.iter().map(|row| walk(&store, row.stream, row.mark.last_seq)).collect()
}

fn walk(store: &SqliteStore, id: StreamId, mark: u64) -> Stream {
    let mut stream = Stream { id, mark, samples: Vec::new(), starts: Vec::new(), lost: 0 };
    let mut next_seq = 1;
    let mut dictionary = BTreeMap::new();
    let each = &mut |row: collector::store::BatchRow| {
        let plain = row.open().unwrap();
        for group in unpack_groups(&plain) {
            let group = Group::read(group.unwrap()).unwrap();
            assert_eq!(group.first_seq, next_seq, "stream {id}: a number is missing, or there twice");
            next_seq = group.next_seq();
            stream.read(&group, &mut dictionary);
        }
        ControlFlow::Continue(())
    };
    store.batches(id, 0, each).unwrap();
    assert_eq!(next_seq, mark + 1, "stream {id}: the mark is not where the batches end");
    stream
}

impl Stream {
    fn read(&mut self, group: &Group, dictionary: &mut BTreeMap<u32, String>) {
        let (mut slot_ms, mut seq) = (group.base_ms, group.first_seq);
        for record in &group.records {
            if record.is_sample() {
                slot_ms += record.slot_delta_ms;
                let check = dictionary[&(record.check_plus_1 - 1)].clone();
                let at_ms = slot_ms + i64::from(record.lag_ms);
                let (verdict, reason) = (record.verdict(), record.reason().name());
                self.samples.push(Sample { seq, check, at_ms, verdict, reason });
            } else if let Some(config) = &record.config {
                dictionary.extend(config.entries.iter().map(|entry| (entry.index, entry.check.clone())));
            } else if let Some(start) = &record.start {
                self.starts.push(start.at_ms);
            } else if let Some(lost) = &record.lost {
                self.lost += lost.count;
            }
            seq += record.span();
        }
    }
}
