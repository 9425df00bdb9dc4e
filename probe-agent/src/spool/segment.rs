//! Reading one segment back into groups, whatever happened to its bytes.
//!
//! A segment says where each group begins, but does not have to be believed: every frame proves itself,
//! and a number that no good frame carries is a hole. So
//! - a bad record becomes a LOST of its numbers within its group, and the samples after it keep their
//!   times, because frames carry them absolute;
//! - a bad group header costs nothing while its records are good: they still say number and order;
//! - what is read depends on the bytes and on where the next segment begins, on nothing else: two
//!   readings give the same groups.
//!
//! A dictionary stands at the head of a segment or nowhere: a LOST behind the first record that is no
//! CONFIG says that it took none, so that the samples after it keep their names.

use std::io;

use collector_api::{Lost, LostReason, Record};
use prost::Message as _;

use super::disk::DiskFile;
use super::draft::{Draft, lost};
use super::frame::{self, ALIGN, Frame, GROUP_FRAMES_BYTES_MAX, GroupHead, HEADER_BYTES, Kind};
use super::header::PAGE_BYTES;

/// Read ahead, so that many small groups cost one system call.
const WINDOW_BYTES: usize = 16 << 10;

/// Where a segment's numbers end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// Before this number: the next segment, or what is not durable yet, begins with it. What is
    /// missing before it is a hole.
    Before(u64),
    /// Nobody knows: the last good record is the end.
    Open,
}

/// A place in a segment.
#[derive(Debug)]
pub(super) struct Reader<F> {
    file: F,
    salt: u32,
    at: u64,
    expected: u64,
    /// Is the head with the dictionary behind it?
    past_head: bool,
    window: Vec<u8>,
    window_at: u64,
}

/// A remembered place of a [`Reader`].
#[derive(Debug, Clone, Copy)]
pub(super) struct Place(u64, u64, bool);

/// A group as read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ReadGroup {
    /// Number of its first record.
    pub first_seq: u64,
    /// Its records.
    pub draft: Draft,
}

impl ReadGroup {
    /// The number after its last.
    pub(super) fn next_seq(&self) -> u64 {
        self.first_seq.saturating_add(self.draft.span())
    }
}

impl<F: DiskFile> Reader<F> {
    /// At the first group of a segment that begins with `first_seq`.
    pub(super) fn new(file: F, salt: u32, first_seq: u64) -> Self {
        let at = PAGE_BYTES as u64;
        let window = Vec::new();
        Self { file, salt, at, expected: first_seq, past_head: false, window, window_at: 0 }
    }

    /// The number the next group begins with.
    pub(super) fn expected(&self) -> u64 {
        self.expected
    }

    /// Where it is, to come back to.
    pub(super) fn place(&self) -> Place {
        Place(self.at, self.expected, self.past_head)
    }

    /// Goes back to a place.
    pub(super) fn go_back(&mut self, place: Place) {
        Place(self.at, self.expected, self.past_head) = place;
    }

    /// Where the last group read ends, if nothing but zeros follows it.
    pub(super) fn ends_in_zeros(&mut self, limit: u64) -> io::Result<Option<u64>> {
        let mut at = self.at;
        while at < limit {
            let bytes = self.window(at, ALIGN as u64, limit)?;
            if bytes.is_empty() || bytes.iter().any(|&byte| byte != 0) {
                return Ok(None);
            }
            at += bytes.len() as u64;
        }
        Ok(Some(self.at))
    }

    /// The next group before `end`, from the first `limit` bytes of the file.
    pub(super) fn next(&mut self, limit: u64, end: End) -> io::Result<Option<ReadGroup>> {
        let end_seq = match end {
            End::Before(seq) => seq,
            End::Open => u64::MAX,
        };
        if self.expected >= end_seq {
            return Ok(None);
        }
        let first_seq = self.expected;
        let Some(found) = self.find(self.at, limit, first_seq, end_seq)? else {
            return Ok((end != End::Open).then(|| self.hole(end_seq, limit)));
        };
        match found.head {
            Some(_) if found.seq > first_seq => Ok(Some(self.hole(found.seq, found.at))),
            Some(head) => self.group(found.at, head, limit, end, end_seq),
            None => self.headless(found.at, limit, end_seq),
        }
    }

    /// The group whose header stands at `at`.
    fn group(
        &mut self,
        at: u64,
        head: GroupHead,
        limit: u64,
        end: End,
        end_seq: u64,
    ) -> io::Result<Option<ReadGroup>> {
        let first_seq = self.expected;
        let from = at + frame::frame_length(GroupHead::BYTES) as u64;
        let to = (from + u64::from(head.frames_bytes)).min(limit);
        let mut next_seq = head.next_seq.min(end_seq);
        let (salt, past_head) = (self.salt, self.past_head);
        let bytes = self.window(from, to - from, limit)?;
        let bytes = &bytes[..bytes.len().min(usize_of(to - from))];
        let records = collect(bytes, salt, first_seq, next_seq, false);
        // A group is all CONFIG or has none, so that one record tells of the others. The exception is one that
        // `headless` merged and a start wrote again: a CONFIG that goes bad in it, too, passes for a sample.
        let past_head = past_head || records.found.iter().any(|record| record.is_past_head(bytes));
        let mut draft = rebuild(bytes, &records.found, first_seq, next_seq, past_head);
        // Torn here if nothing good follows; else bytes went bad under a whole group.
        if records.good_seq < next_seq && end == End::Open {
            let kept = rebuild(bytes, &records.found, first_seq, records.good_seq, past_head);
            if self.find(to, limit, next_seq, end_seq)?.is_none() {
                next_seq = records.good_seq;
                draft = kept;
            }
        }
        (self.at, self.expected, self.past_head) = (to, next_seq, past_head);
        Ok((next_seq > first_seq).then_some(ReadGroup { first_seq, draft }))
    }

    /// The records at `at`, whose group header is bad, up to the next header.
    fn headless(&mut self, at: u64, limit: u64, end_seq: u64) -> io::Result<Option<ReadGroup>> {
        let first_seq = self.expected;
        let (salt, mut past_head) = (self.salt, self.past_head);
        let bytes = self.window(at, GROUP_FRAMES_BYTES_MAX as u64, limit)?;
        let bytes = &bytes[..bytes.len().min(GROUP_FRAMES_BYTES_MAX)];
        let records = collect(bytes, salt, first_seq, end_seq, true);
        let next_seq = records.followed_by.unwrap_or(records.good_seq);
        // Two groups may have become one here, so each sample's difference is computed anew; where it was
        // one group after all, that gives the bytes it had.
        let draft = encode_anew(bytes, &records.found, first_seq, next_seq, past_head);
        past_head |= records.found.iter().any(|record| record.is_past_head(bytes));
        (self.at, self.expected, self.past_head) = (at + records.bytes as u64, next_seq, past_head);
        Ok(Some(ReadGroup { first_seq, draft }))
    }

    /// The first good frame at or after `at` with a number in `from_seq..end_seq`.
    fn find(&mut self, at: u64, limit: u64, from_seq: u64, end_seq: u64) -> io::Result<Option<Found>> {
        let salt = self.salt;
        let mut at = at;
        loop {
            let bytes = self.window(at, HEADER_BYTES as u64, limit)?;
            if bytes.len() < HEADER_BYTES {
                return Ok(None);
            }
            // Zeros are the usual rest of a segment: passed over at once.
            let zeros = bytes.iter().take_while(|&&byte| byte == 0).count() / ALIGN * ALIGN;
            if zeros > 0 {
                at += zeros as u64;
                continue;
            }
            if let Some(length) = frame::claimed_length(bytes)
                && let Some(frame) = frame::take(self.window(at, length as u64, limit)?, salt)
                && (from_seq..end_seq).contains(&frame.seq)
            {
                let head = GroupHead::of(&frame);
                if frame.kind != Kind::Group || head.is_some() {
                    return Ok(Some(Found { at, seq: frame.seq, head }));
                }
            }
            at += ALIGN as u64;
        }
    }

    /// The bytes at `at`: at least `wanted`, unless `limit` comes first.
    fn window(&mut self, at: u64, wanted: u64, limit: u64) -> io::Result<&[u8]> {
        let left = limit.saturating_sub(at);
        let wanted = wanted.min(left);
        let held_to = self.window_at + self.window.len() as u64;
        if at < self.window_at || at + wanted > held_to {
            self.window.resize(usize_of(wanted.max(WINDOW_BYTES as u64).min(left)), 0);
            let count = self.file.read_at(&mut self.window, at)?;
            self.window.truncate(count);
            self.window_at = at;
        }
        let from = usize_of(at - self.window_at).min(self.window.len());
        Ok(&self.window[from..])
    }

    /// A group of one LOST for the numbers up to `next_seq`; reading goes on at `at`.
    fn hole(&mut self, next_seq: u64, at: u64) -> ReadGroup {
        let first_seq = self.expected;
        let hole = lost(next_seq - first_seq, LostReason::Corrupt, 0, 0);
        let draft = Draft::of_lost(Lost { dictionary_kept: self.past_head, ..hole });
        (self.at, self.expected) = (at, next_seq);
        ReadGroup { first_seq, draft }
    }
}

/// A good frame.
struct Found {
    at: u64,
    seq: u64,
    /// Of a group's header.
    head: Option<GroupHead>,
}

/// The good records of some bytes.
struct Records {
    found: Vec<FoundRecord>,
    /// The number after the last of them.
    good_seq: u64,
    /// The number of the group header that ended the search.
    followed_by: Option<u64>,
    /// Bytes up to that header, or to the end of the last good record.
    bytes: usize,
}

struct FoundRecord {
    kind: Kind,
    seq: u64,
    span: u64,
    slot_ms: i64,
    payload: std::ops::Range<usize>,
}

impl FoundRecord {
    /// Is it neither CONFIG nor LOST? No CONFIG of its segment comes after it.
    fn is_past_head(&self, bytes: &[u8]) -> bool {
        let decoded = || Record::decode(&bytes[self.payload.clone()]);
        self.kind == Kind::Record && decoded().is_ok_and(|record| record.config.is_none())
    }
}

/// Every good record in `bytes` with rising numbers in `from_seq..end_seq`.
fn collect(bytes: &[u8], salt: u32, from_seq: u64, end_seq: u64, until_group: bool) -> Records {
    let mut records = Records { found: Vec::new(), good_seq: from_seq, followed_by: None, bytes: 0 };
    let mut at = 0;
    while at < bytes.len() {
        let frame =
            frame::take(&bytes[at..], salt).filter(|frame| (records.good_seq..end_seq).contains(&frame.seq));
        match frame {
            Some(frame) if frame.kind == Kind::Group => {
                if until_group && GroupHead::of(&frame).is_some() {
                    (records.followed_by, records.bytes) = (Some(frame.seq), at);
                    return records;
                }
                at += ALIGN;
            }
            Some(frame) => {
                let payload = at + HEADER_BYTES..at + HEADER_BYTES + frame.payload.len();
                let span = span_of(&frame).min(end_seq - frame.seq);
                at += frame.length();
                (records.good_seq, records.bytes) = (frame.seq + span, at.min(bytes.len()));
                let Frame { kind, seq, slot_ms, .. } = frame;
                records.found.push(FoundRecord { kind, seq, span, slot_ms, payload });
            }
            None => at += ALIGN,
        }
    }
    records
}

fn span_of(frame: &Frame<'_>) -> u64 {
    match frame.kind {
        Kind::Lost => Record::decode(frame.payload).map_or(1, |record| record.span()),
        Kind::Record | Kind::Group => 1,
    }
}

/// The records of `first_seq..next_seq`, with a LOST for every number that none has.
fn rebuild(bytes: &[u8], found: &[FoundRecord], first_seq: u64, next_seq: u64, past_head: bool) -> Draft {
    let mut draft = Draft::default();
    let mut seq = first_seq;
    let whole = found.iter().all(|record| {
        let follows = record.seq == seq;
        seq = record.seq + record.span;
        follows
    }) && seq == next_seq;
    if whole {
        for record in found {
            let payload = &bytes[record.payload.clone()];
            draft.add_encoded(record.kind, record.slot_ms, record.span, false, payload);
        }
        return draft;
    }
    encode_anew(bytes, found, first_seq, next_seq, past_head)
}

fn encode_anew(
    bytes: &[u8],
    found: &[FoundRecord],
    first_seq: u64,
    next_seq: u64,
    mut past_head: bool,
) -> Draft {
    let mut draft = Draft::default();
    let (mut seq, mut before_ms) = (first_seq, 0);
    for record in found.iter().take_while(|record| record.seq < next_seq) {
        add_hole(&mut draft, record.seq - seq, before_ms, record.slot_ms, past_head);
        // The checksum fits, so it decodes; were it not so, the record would be a hole, too.
        match Record::decode(&bytes[record.payload.clone()]) {
            Ok(decoded) => draft.add(decoded, record.slot_ms),
            Err(_) => add_hole(&mut draft, record.span, before_ms, record.slot_ms, past_head),
        }
        past_head |= record.is_past_head(bytes);
        (seq, before_ms) = (record.seq + record.span, record.slot_ms);
    }
    add_hole(&mut draft, next_seq.saturating_sub(seq), before_ms, 0, past_head);
    draft
}

fn add_hole(draft: &mut Draft, count: u64, from_ms: i64, to_ms: i64, past_head: bool) {
    if count > 0 {
        let slot_ms = if to_ms == 0 { from_ms } else { to_ms };
        let lost = Lost { dictionary_kept: past_head, ..lost(count, LostReason::Corrupt, from_ms, to_ms) };
        draft.add(Record { lost: Some(lost), ..Record::default() }, slot_ms);
    }
}

/// Segments are far below what a `usize` can hold.
fn usize_of(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}
