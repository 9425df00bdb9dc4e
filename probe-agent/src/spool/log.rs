//! The numbered log over segments: appending a group, and what is known of each segment.
//!
//! Appending is one write and one fdatasync, and only after both are the group's numbers given out.
//! A segment whose write or sync failed is never written again: after a failed fsync the kernel may
//! call pages clean that never reached the disk, so the group goes, from memory, into a new segment,
//! and what is left of it in the old one lies at or after the new one's first number, where no reader
//! looks. If the new segment cannot be made either, the disk is full (nothing has changed, try again
//! later) or broken (the agent ends).

use std::collections::{BTreeMap, VecDeque};
use std::io;

use collector_api::{Chain, LostReason, Record, Start, StreamId};
use tracing::{error, warn};

use super::cursor::{Cursor, CursorFile};
use super::disk::{Disk, DiskFile as _};
use super::draft::Draft;
use super::header::{Header, PAGE_BYTES};
use super::segment::Reader;
use super::segment_file::{Active, AppendError, Segment, SegmentKind, segment_name, write_segment};

/// Size of a segment, bytes: a damaged one costs this much, a kept quarter of the smallest cap is one. A
/// long dictionary makes larger ones.
pub const SEGMENT_BYTES: u64 = 4 << 20;

/// How a log is kept.
#[derive(Debug, Clone)]
pub struct LogOptions {
    /// The cap on all segments, bytes.
    pub bytes_max: u64,
    /// Size of one segment, bytes.
    pub segment_bytes: u64,
    /// For the Start record.
    pub version: String,
    /// For the Start record.
    pub boot_id: String,
}

/// A stream on disk. See [`super`] for the layout.
#[derive(Debug)]
pub struct Log<D: Disk> {
    pub(super) disk: D,
    pub(super) options: LogOptions,
    pub(super) stream: StreamId,
    /// Oldest first. Each ends where the next begins; the last where `next_seq` says.
    pub(super) segments: VecDeque<Segment>,
    pub(super) active: Option<Active<D::File>>,
    pub(super) next_seq: u64,
    pub(super) next_no: u64,
    /// The chain value before `next_seq`; `None` while holes make it differ from what will be sent.
    pub(super) chain: Option<Chain>,
    /// The newest instant written, Unix ms.
    pub(super) last_ms: i64,
    pub(super) cursor: Cursor,
    pub(super) cursor_file: CursorFile<D::File>,
    /// Instant of the newest acknowledged record.
    pub(super) acked_ms: i64,
    pub(super) dictionary: Vec<Draft>,
    /// Is the dictionary to be written before the next group?
    pub(super) dictionary_due: bool,
    pub(super) reader: Option<(u64, Reader<D::File>)>,
    pub(super) has_reserve: bool,
    /// Numbers declared lost since this agent began, by reason.
    pub(super) lost: BTreeMap<LostReason, u64>,
}

impl<D: Disk> Log<D> {
    /// Whose numbers these are.
    pub fn stream(&self) -> StreamId {
        self.stream
    }

    /// The newest durable number; 0 for none.
    pub fn durable_seq(&self) -> u64 {
        self.next_seq - 1
    }

    /// What the collector holds, as far as is known.
    pub fn acked_seq(&self) -> u64 {
        self.cursor.acked_seq
    }

    /// Bytes of all segments.
    pub fn bytes(&self) -> u64 {
        self.segments.iter().map(|segment| segment.bytes).sum()
    }

    /// Numbers declared lost since this agent began, by reason.
    pub fn lost(&self) -> &BTreeMap<LostReason, u64> {
        &self.lost
    }

    /// An instant not later than that of the oldest record the collector does not hold; 0 if it holds all.
    pub fn oldest_unacked_ms(&self) -> i64 {
        let next = self.acked_seq() + 1;
        if next >= self.next_seq {
            return 0;
        }
        let segment = self.segments.iter().rfind(|segment| segment.header.first_seq <= next);
        segment.map_or(self.acked_ms, |segment| segment.header.first_ms.max(self.acked_ms))
    }

    /// Puts a dictionary in force: it is written now, and again at the head of every segment.
    pub fn set_dictionary(&mut self, dictionary: Vec<Draft>) -> Result<(), AppendError> {
        self.dictionary = dictionary;
        self.dictionary_due = true;
        self.begin_named_segment(None)
    }

    /// Makes a group durable. After `Ok` its records have numbers and can be read.
    pub fn append(&mut self, draft: &Draft) -> Result<(), AppendError> {
        if draft.is_lost_only() {
            if !self.append_here(draft) {
                // Alone, because the reserve may be all there is; what follows needs another segment.
                self.begin_segment(&[draft])?;
                self.dictionary_due = !self.dictionary.is_empty();
            }
            return Ok(());
        }
        if self.dictionary_due {
            self.begin_named_segment(None)?;
        }
        if self.append_here(draft) { Ok(()) } else { self.begin_named_segment(Some(draft)) }
    }

    /// Begins a segment with the dictionary. The cap drops whole segments, a collector put back to a copy may
    /// have missed any of them, and bytes go bad: a segment with the dictionary at its head needs nothing from
    /// those before it to name its samples' checks, and damage behind the head takes no dictionary.
    pub(super) fn begin_named_segment(&mut self, draft: Option<&Draft>) -> Result<(), AppendError> {
        let dictionary = std::mem::take(&mut self.dictionary);
        let groups: Vec<&Draft> = dictionary.iter().chain(draft).collect();
        let begun = self.begin_segment(&groups);
        self.dictionary = dictionary;
        self.dictionary_due &= begun.is_err();
        begun
    }

    /// Appends to the segment in use. False if that cannot be: it has no room, or its write failed.
    fn append_here(&mut self, draft: &Draft) -> bool {
        let next_seq = self.next_seq;
        let salt = self.segments.back().map_or(0, |segment| segment.header.salt());
        if let Some(active) = &mut self.active
            && active.durable + draft.frames_length() as u64 <= active.size
            && (!active.is_reserve || draft.is_lost_only())
        {
            let frames = draft.frames(next_seq, salt);
            match active.file.write_at(&frames, active.durable).and_then(|()| active.file.sync_data()) {
                Ok(()) => {
                    active.durable += frames.len() as u64;
                    self.count(draft);
                    return true;
                }
                Err(error) => self.abandon(&error),
            }
        }
        false
    }

    /// Never writes the active segment again; its durable groups stay readable.
    fn abandon(&mut self, error: &io::Error) {
        error!(%error, "a segment of the spool could not be written; going on in a new one");
        self.active = None;
        if let Some(segment) = self.segments.back_mut() {
            let from = segment.name();
            let to = segment_name(segment.header.seg_no, SegmentKind::Suspect);
            // The name only tells people: no reader trusts the tail of any segment but the newest.
            match self.disk.rename(&from, &to) {
                Ok(()) => segment.kind = SegmentKind::Suspect,
                Err(error) => warn!(%error, segment = from, "could not be renamed"),
            }
        }
        self.reader = None;
    }

    /// Makes a new segment whose first groups are these, durably, and appends to it from now on.
    pub(super) fn begin_segment(&mut self, groups: &[&Draft]) -> Result<(), AppendError> {
        let size = self.segment_bytes(groups);
        self.make_room(size)?;
        let header = self.next_header(groups);
        let name = segment_name(header.seg_no, SegmentKind::Whole);
        let written = write_segment(&self.disk, &name, size, header, groups).or_else(|error| match error {
            // Once more in a new file with the same bytes, as for an append: one bad block is no broken disk.
            AppendError::Broken(error) => {
                error!(%error, segment = name, "could not be made; once more");
                write_segment(&self.disk, &name, size, header, groups)
            }
            full @ AppendError::Full(_) => Err(full),
        });
        let active = match written {
            Ok(active) => active,
            Err(AppendError::Full(error)) => {
                if !self.has_reserve || !groups.iter().all(|draft| draft.is_lost_only()) {
                    return Err(AppendError::Full(error));
                }
                self.spend_reserve(header, groups)?
            }
            Err(broken) => return Err(broken),
        };
        self.take_up(header, active, groups);
        Ok(())
    }

    /// The size of a segment that begins with these groups: a long dictionary is a quarter of its segment,
    /// unless the cap is so low that a few such segments would fill it.
    fn segment_bytes(&self, groups: &[&Draft]) -> u64 {
        let head: u64 = groups.iter().map(|draft| draft.frames_length() as u64).sum();
        let LogOptions { segment_bytes, bytes_max, .. } = self.options;
        let whole = PAGE_BYTES as u64 + head + segment_bytes / 4;
        segment_bytes.max(whole).max((4 * head).min(bytes_max / 8))
    }

    pub(super) fn next_header(&self, groups: &[&Draft]) -> Header {
        Header {
            stream: self.stream,
            seg_no: self.next_no,
            first_seq: self.next_seq,
            chain_before: self.chain,
            first_ms: groups
                .iter()
                .find_map(|draft| draft.known_instants())
                .map_or(self.last_ms, |(ms, _)| ms),
        }
    }

    /// Appends to a segment that is durable from now on.
    pub(super) fn take_up(&mut self, header: Header, active: Active<D::File>, groups: &[&Draft]) {
        self.seal_active();
        self.next_no += 1;
        self.segments.push_back(Segment { kind: SegmentKind::Whole, header, bytes: active.size });
        let is_reserve = active.is_reserve;
        self.active = Some(active);
        for draft in groups {
            self.count(draft);
        }
        if !is_reserve {
            self.keep_reserve();
        }
    }

    /// Gives back what the active segment did not use. Not synced: a longer file reads the same.
    fn seal_active(&mut self) {
        if let Some(mut active) = self.active.take()
            && active.file.truncate(active.durable).is_ok()
            && let Some(segment) = self.segments.back_mut()
        {
            segment.bytes = active.durable;
        }
    }

    /// Gives a durable group its numbers.
    fn count(&mut self, draft: &Draft) {
        self.chain = self.chain.map(|chain| chain.extend(&draft.encoded(self.next_seq)));
        self.next_seq += draft.span();
        self.last_ms = draft.known_instants().map_or(self.last_ms, |(_, ms)| ms);
        for (reason, count) in draft.lost() {
            *self.lost.entry(reason).or_default() += count;
        }
    }

    /// A draft that begins with a Start record.
    pub(super) fn start_draft(&self, now_ms: i64) -> Draft {
        let start = Start {
            at_ms: now_ms,
            version: self.options.version.clone(),
            boot_id: self.options.boot_id.clone(),
            last_durable_ms: self.last_ms,
        };
        let mut draft = Draft::default();
        draft.add(Record { start: Some(start), ..Record::default() }, now_ms);
        draft
    }
}
