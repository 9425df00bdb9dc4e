//! What waits for the disk, in memory: never the schedule waits for it.
//!
//! The queue says when it is worth a sync, and has a bound. What waits when the bound is reached
//! becomes one LOST: the disk has then refused, or hung, for longer than memory can bridge, and a
//! declared gap is better than an agent that stops probing or grows.

use std::collections::VecDeque;
use std::time::Duration;

use collector_api::{ConfigRecord, Lost, LostReason, Record, StepRecord, limits};
use prost::Message as _;
use tokio::time::Instant;
use tracing::warn;

use super::draft::{Draft, lost};
use crate::sample::{Dictionary, Entry};

/// A sample waits at most this long for others to share its sync.
const LINGER: Duration = Duration::from_secs(1);
/// Changed samples sync at once, but not more often than this.
const HURRY: Duration = Duration::from_millis(100);
/// Between two tries on a full disk.
const RETRY: Duration = Duration::from_secs(5);
/// Memory that waits at most, bytes: some 50,000 samples.
const WAITING_BYTES_MAX: usize = 4 << 20;
/// One piece of the dictionary, bytes.
const CONFIG_BYTES_MAX: usize = 16 << 10;

/// Something to append.
#[derive(Debug)]
pub(super) enum Item {
    /// A group.
    Group(Draft),
    /// A dictionary, which the log keeps.
    Dictionary(Vec<Draft>),
}

/// What waits for the disk.
#[derive(Debug)]
pub(super) struct Queue {
    items: VecDeque<Item>,
    waiting_bytes: usize,
    began: Option<Instant>,
    is_hurried: bool,
    synced: Option<Instant>,
    retry_at: Option<Instant>,
    revision: u64,
    mismatch_said: bool,
}

impl Queue {
    /// Nothing waits.
    pub(super) fn new() -> Self {
        Self {
            items: VecDeque::new(),
            waiting_bytes: 0,
            began: None,
            is_hurried: false,
            synced: None,
            retry_at: None,
            revision: 0,
            mismatch_said: false,
        }
    }

    /// Nothing waits?
    pub(super) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Takes what the schedule says.
    pub(super) fn add(&mut self, entry: Entry, now: Instant) {
        self.began.get_or_insert(now);
        match entry {
            Entry::Dictionary(dictionary) => {
                self.revision = dictionary.revision;
                self.items.push_back(Item::Dictionary(dictionary_drafts(&dictionary)));
            }
            Entry::Sample(sample) if sample.revision == self.revision => {
                self.is_hurried |= sample.changed;
                self.with_group(|draft| draft.add_sample(&sample));
            }
            Entry::Sample(sample) => {
                // Its index means another check by now. Declared, because it was measured.
                if !std::mem::replace(&mut self.mismatch_said, true) {
                    warn!(
                        revision = sample.revision,
                        in_force = self.revision,
                        "a sample of another assignment is not kept"
                    );
                }
                let lost = lost(1, LostReason::Unspecified, sample.slot_ms, sample.slot_ms);
                let lost = Lost { dictionary_kept: true, ..lost };
                let record = Record { lost: Some(lost), ..Record::default() };
                self.with_group(|draft| draft.add(record, sample.slot_ms));
            }
            Entry::ClockStep { at_ms, step_ms } => {
                let record = Record { step: Some(StepRecord { at_ms, step_ms }), ..Record::default() };
                self.with_group(|draft| draft.add(record, at_ms));
            }
        }
        if self.waiting_bytes > WAITING_BYTES_MAX {
            self.collapse();
        }
    }

    /// When what waits should be synced; `None` while nothing waits.
    pub(super) fn due_at(&self) -> Option<Instant> {
        let began = self.began.filter(|_| !self.is_empty())?;
        if self.retry_at.is_some() {
            return self.retry_at;
        }
        let is_full = match self.items.front() {
            Some(Item::Group(draft)) => draft.is_full() || self.items.len() > 1,
            _ => true,
        };
        let hurried = self.synced.map_or(began, |synced| began.max(synced + HURRY));
        Some(match (is_full, self.is_hurried) {
            (true, _) => began,
            (false, true) => hurried,
            (false, false) => began + LINGER,
        })
    }

    /// Everything that waits, and whether it is in a hurry; the queue is empty then.
    pub(super) fn take(&mut self, now: Instant) -> (VecDeque<Item>, bool) {
        self.waiting_bytes = 0;
        self.began = None;
        self.retry_at = None;
        self.synced = Some(now);
        (std::mem::take(&mut self.items), std::mem::take(&mut self.is_hurried))
    }

    /// Puts back what a full disk refused, before what came meanwhile, to be tried again later.
    pub(super) fn put_back(&mut self, refused: VecDeque<Item>, now: Instant) {
        self.began.get_or_insert(now);
        self.retry_at = Some(now + RETRY);
        let newer = std::mem::replace(&mut self.items, refused);
        self.items.extend(newer);
        self.waiting_bytes = self.items.iter().map(Item::memory_bytes).sum();
        if self.waiting_bytes > WAITING_BYTES_MAX {
            self.collapse();
        }
    }

    /// Adds to the newest group, or to a new one if that is full.
    fn with_group(&mut self, add: impl FnOnce(&mut Draft)) {
        if !matches!(self.items.back(), Some(Item::Group(draft)) if !draft.is_full() && !draft.is_lost_only())
        {
            self.items.push_back(Item::Group(Draft::default()));
        }
        if let Some(Item::Group(draft)) = self.items.back_mut() {
            let before = draft.memory_bytes();
            add(draft);
            self.waiting_bytes += draft.memory_bytes() - before;
        }
    }

    /// Makes one LOST of all records that wait; a dictionary stays, the newest.
    fn collapse(&mut self) {
        let (mut count, mut from_ms, mut to_ms, mut dictionary) = (0, 0, 0, None);
        for item in std::mem::take(&mut self.items) {
            match item {
                Item::Group(draft) => {
                    let (first_ms, last_ms) = draft.instants();
                    if count == 0 {
                        from_ms = first_ms;
                    }
                    to_ms = last_ms;
                    count += draft.span();
                }
                Item::Dictionary(drafts) => dictionary = Some(drafts),
            }
        }
        warn!(count, "the disk does not take what waits; it is given up and declared lost");
        self.waiting_bytes = 0;
        if count > 0 {
            // A dictionary is no part of a group here; if one waits, it comes after.
            let lost = lost(count, LostReason::DiskRefused, from_ms, to_ms);
            let lost = Lost { dictionary_kept: true, ..lost };
            self.items.push_back(Item::Group(Draft::of_lost(lost)));
        }
        self.items.extend(dictionary.map(Item::Dictionary));
    }
}

impl Item {
    /// What counts against the bound. A dictionary does not: there is one, and it cannot be given up.
    fn memory_bytes(&self) -> usize {
        match self {
            Self::Group(draft) => draft.memory_bytes(),
            Self::Dictionary(_) => 0,
        }
    }
}

/// The CONFIG records of a dictionary, in groups. They have no instant: written again for months, they would
/// say of each segment that it is as old as they are.
pub(super) fn dictionary_drafts(dictionary: &Dictionary) -> Vec<Draft> {
    let mut drafts = vec![Draft::default()];
    let mut rest = dictionary.entries.as_slice();
    let mut begins = true;
    while begins || !rest.is_empty() {
        let mut bytes = 0;
        let fitting = rest
            .iter()
            .take(limits::CONFIG_ENTRIES_MAX)
            .take_while(|entry| {
                bytes += entry.encoded_len() + 4;
                bytes <= CONFIG_BYTES_MAX
            })
            .count();
        let (entries, after) = rest.split_at(fitting.max(1).min(rest.len()));
        let config = ConfigRecord { revision: dictionary.revision, begins, entries: entries.to_vec() };
        if drafts.last().is_some_and(Draft::is_full) {
            drafts.push(Draft::default());
        }
        if let Some(draft) = drafts.last_mut() {
            draft.add(Record { config: Some(config), ..Record::default() }, 0);
        }
        (rest, begins) = (after, false);
    }
    drafts
}
