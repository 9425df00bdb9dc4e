//! The side of the log that push reads: groups to send, acknowledgements, and where to go on.

use std::io;

use collector_api::{Chain, LostReason, Record, StreamId, limits};
use tracing::warn;

use super::cursor::Cursor;
use super::disk::Disk;
use super::draft::{Draft, lost};
use super::keep::FORKED;
use super::log::Log;
use super::segment::{End, ReadGroup, Reader};
use super::segment_file::{AppendError, SegmentKind};

/// How much to read at once. At least one group is read whatever its size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadLimits {
    /// Bytes of encoded groups.
    pub bytes: usize,
    /// Records.
    pub records: usize,
}

/// Consecutive groups as they are sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// Whose numbers.
    pub stream: StreamId,
    /// Number of the first record.
    pub first_seq: u64,
    /// Number of the last.
    pub last_seq: u64,
    /// Chain value before the first group.
    pub before: Chain,
    /// Chain value after the last.
    pub after: Chain,
    /// Encoded groups.
    pub groups: Vec<Vec<u8>>,
    /// Instant of the last record that has one.
    pub last_ms: i64,
    /// The chain value that each segment was found to begin with.
    crossings: Vec<(u64, Chain)>,
}

/// What a hello's mark means for this spool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resume {
    /// Go on after the mark.
    Continue,
    /// The collector holds less than it acknowledged; go on after the mark all the same.
    Rewound,
    /// The collector holds numbers this spool never gave out.
    Ahead,
    /// The collector holds other records under the same numbers.
    Differs,
}

enum Comparison {
    Same,
    Differs,
    /// The records are gone here, so nothing can be said.
    Unknown,
}

/// Groups of [`Log::outgoing`] do not begin where the collector's mark is.
fn misaligned() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "the collector's mark lies within a group")
}

impl<D: Disk> Log<D> {
    /// The groups after the acknowledged end; `None` if there is nothing more.
    pub fn outgoing(&mut self, limits: ReadLimits) -> io::Result<Option<Outgoing>> {
        let first_seq = self.cursor.acked_seq + 1;
        let Some(before) = self.acked_chain() else { return Ok(None) };
        let mut outgoing = Outgoing {
            stream: self.stream,
            first_seq,
            last_seq: self.cursor.acked_seq,
            before,
            after: before,
            groups: Vec::new(),
            last_ms: self.acked_ms,
            crossings: Vec::new(),
        };
        let (mut bytes, mut records) = (0, 0);
        while outgoing.last_seq + 1 < self.next_seq {
            let seq = outgoing.last_seq + 1;
            let place = self.reader.as_ref().map(|(seg_no, reader)| (*seg_no, reader.place()));
            let group = self.group_at(seq)?;
            let encoded = group.draft.encoded(seq);
            bytes += encoded.len();
            records += group.draft.records();
            let over = bytes > limits.bytes
                || records > limits.records
                || group.next_seq() - first_seq >= limits::BATCH_SPAN_MAX;
            if over && !outgoing.groups.is_empty() {
                self.unread(place);
                break;
            }
            if let Some(segment) = self.segments.iter().find(|segment| segment.header.first_seq == seq) {
                outgoing.crossings.push((segment.header.seg_no, outgoing.after));
            }
            outgoing.after = outgoing.after.extend(&encoded);
            outgoing.last_seq = group.next_seq() - 1;
            outgoing.last_ms = group.draft.known_instants().map_or(outgoing.last_ms, |(_, ms)| ms);
            outgoing.groups.push(encoded);
        }
        Ok((!outgoing.groups.is_empty()).then_some(outgoing))
    }

    /// The collector holds all of `sent`.
    pub fn acknowledge(&mut self, sent: &Outgoing) {
        if sent.stream != self.stream {
            return;
        }
        for (seg_no, chain) in &sent.crossings {
            let segment = self.segments.iter_mut().find(|segment| segment.header.seg_no == *seg_no);
            if let Some(segment) = segment
                && segment.header.chain_before != Some(*chain)
            {
                segment.header.chain_before = Some(*chain);
                self.cursor.mark_stale(*seg_no);
            }
        }
        self.acked_ms = sent.last_ms;
        self.set_cursor(sent.last_seq, sent.after);
    }

    /// Goes on after the collector's mark, if what it holds is what was written here.
    pub fn resume(&mut self, mark: u64, chain: Option<Chain>) -> io::Result<Resume> {
        let chain = if mark == 0 { Chain::genesis(self.stream) } else { chain.unwrap_or(Chain([0; 32])) };
        if mark >= self.next_seq {
            return Ok(Resume::Ahead);
        }
        match self.compare(mark, chain)? {
            Comparison::Differs => return Ok(Resume::Differs),
            Comparison::Unknown => {
                warn!(mark, "going on from the collector's word: the records before are gone here");
            }
            Comparison::Same => {}
        }
        let rewound = mark < self.cursor.acked_seq;
        if rewound {
            self.acked_ms = 0;
        }
        self.set_cursor(mark, chain);
        Ok(if rewound { Resume::Rewound } else { Resume::Continue })
    }

    /// Gives this stream up and begins another; what was not acknowledged is declared lost in it.
    ///
    /// The old segments stay under another name until the cap needs their room. A dictionary that a full disk
    /// refuses is no failure: the stream is there, and nothing that needs it is appended before it.
    pub fn begin_stream(&mut self, stream: StreamId, now_ms: i64) -> Result<(), AppendError> {
        let gone = self.durable_seq() - self.cursor.acked_seq.min(self.durable_seq());
        let mut draft = self.start_draft(now_ms);
        if gone > 0 {
            let lost = lost(gone, LostReason::Corrupt, self.oldest_unacked_ms(), self.last_ms);
            draft.add(Record { lost: Some(lost), ..Record::default() }, now_ms);
        }
        let old = std::mem::take(&mut self.segments);
        let held = (self.stream, self.next_seq, self.chain, self.cursor);
        (self.stream, self.next_seq, self.chain) = (stream, 1, Some(Chain::genesis(stream)));
        self.cursor = Cursor { chain: self.chain, ..Cursor::unknown(stream) };
        self.reader = None;
        let active = self.active.take();
        if let Err(error) = self.begin_segment(&[&draft]) {
            (self.stream, self.next_seq, self.chain, self.cursor) = held;
            (self.segments, self.active) = (old, active);
            return Err(error);
        }
        for segment in &old {
            // The newest segment's stream is the one in force, so a crash here changes nothing.
            if let Err(error) = self.disk.rename(&segment.name(), &format!("{}{FORKED}", segment.name())) {
                warn!(%error, segment = segment.name(), "could not be put aside");
            }
        }
        self.acked_ms = 0;
        self.dictionary_due = !self.dictionary.is_empty();
        let _ = self.cursor_file.write(&self.cursor);
        if !self.dictionary_due {
            return Ok(());
        }
        match self.begin_named_segment(None) {
            Err(AppendError::Full(error)) => {
                warn!(%error, "the disk is full: the new stream's dictionary has to wait");
                Ok(())
            }
            begun => begun,
        }
    }

    /// Chain value at the acknowledged end; `None` before the first hello after a lost cursor.
    fn acked_chain(&self) -> Option<Chain> {
        self.cursor.chain.or_else(|| (self.cursor.acked_seq == 0).then(|| Chain::genesis(self.stream)))
    }

    fn set_cursor(&mut self, acked_seq: u64, chain: Chain) {
        self.cursor.acked_seq = acked_seq;
        self.cursor.highest_seq = self.cursor.highest_seq.max(acked_seq);
        self.cursor.chain = Some(chain);
        if acked_seq + 1 == self.next_seq {
            // All is sent, so the chain that was sent is the one to go on with.
            self.chain = Some(chain);
        }
        if let Err(error) = self.cursor_file.write(&self.cursor) {
            warn!(%error, "the spool's cursor could not be written; hello will learn it again");
        }
        self.trim();
    }

    /// The group that begins with `seq`. What is not here any more is one LOST.
    fn group_at(&mut self, seq: u64) -> io::Result<ReadGroup> {
        let index = self.segments.partition_point(|segment| segment.header.first_seq <= seq);
        let Some(index) = index.checked_sub(1) else { return Ok(self.gone(seq)) };
        let (segment, end) = (self.segments[index], End::Before(self.end_of(index)));
        let limit = match &self.active {
            Some(active) if index + 1 == self.segments.len() => active.durable,
            _ => segment.bytes,
        };
        let seg_no = segment.header.seg_no;
        let mut reader = match self.reader.take() {
            Some((no, reader)) if no == seg_no && reader.expected() <= seq => reader,
            _ => {
                let file = self.disk.open(&segment.name())?;
                Reader::new(file, segment.header.salt(), segment.header.first_seq)
            }
        };
        let found = loop {
            match reader.next(limit, end)? {
                Some(group) if group.next_seq() <= seq => {}
                found => break found,
            }
        };
        let place = reader.expected();
        let group = found.ok_or_else(misaligned)?;
        debug_assert_eq!(place, group.next_seq());
        self.reader = Some((seg_no, reader));
        if group.first_seq == seq {
            return Ok(group);
        }
        // Within a LOST any number may be the mark: the collector took what it replaced.
        let mut rest = group.draft.single_lost().ok_or_else(misaligned)?;
        rest.count = group.next_seq() - seq;
        Ok(ReadGroup { first_seq: seq, draft: Draft::of_lost(rest) })
    }

    /// Numbers before the oldest segment.
    fn gone(&self, seq: u64) -> ReadGroup {
        let (next_seq, to_ms) = self.segments.front().map_or((self.next_seq, self.last_ms), |oldest| {
            (oldest.header.first_seq, oldest.header.first_ms)
        });
        let reason = if seq <= self.cursor.highest_seq { LostReason::Rewound } else { LostReason::Corrupt };
        ReadGroup { first_seq: seq, draft: Draft::of_lost(lost(next_seq - seq, reason, 0, to_ms)) }
    }

    fn unread(&mut self, place: Option<(u64, super::segment::Place)>) {
        match (place, &mut self.reader) {
            (Some((from, place)), Some((seg_no, reader))) if from == *seg_no => reader.go_back(place),
            _ => self.reader = None,
        }
    }

    /// Is the chain value at `mark` the one that was written, or sent, here?
    fn compare(&mut self, mark: u64, chain: Chain) -> io::Result<Comparison> {
        if mark == self.cursor.acked_seq
            && let Some(known) = self.acked_chain()
        {
            return Ok(if known == chain { Comparison::Same } else { Comparison::Differs });
        }
        if mark == 0 {
            return Ok(Comparison::Same);
        }
        let hint = self
            .segments
            .iter()
            .rfind(|segment| segment.header.first_seq <= mark + 1)
            .map(|segment| (segment.header.first_seq, segment.header.chain_before, segment.kind));
        let by_hint = match hint {
            Some((first_seq, Some(before), kind)) if kind != SegmentKind::Lost || first_seq == mark + 1 => {
                Some((first_seq, before))
            }
            _ => None,
        };
        let by_cursor = self
            .acked_chain()
            .filter(|_| mark > self.cursor.acked_seq)
            .map(|before| (self.cursor.acked_seq + 1, before));
        let mut known = false;
        for (from_seq, before) in [by_hint, by_cursor].into_iter().flatten() {
            match self.chain_at(mark, from_seq, before) {
                Ok(Some((own, _))) if own == chain => return Ok(Comparison::Same),
                // The collector may hold what a LOST replaced here, if its answer never came: no proof of a fork.
                Ok(Some((_, past_lost))) => known |= !past_lost,
                // Within a LOST.
                Ok(None) => {}
                Err(error) if error.kind() == io::ErrorKind::InvalidData => known = true,
                Err(error) => return Err(error),
            }
        }
        Ok(if known { Comparison::Differs } else { Comparison::Unknown })
    }

    /// The chain value at `mark`, from `before` the group at `from_seq`, and whether a LOST was passed on
    /// the way; `None` if `mark` is within a LOST.
    fn chain_at(&mut self, mark: u64, from_seq: u64, before: Chain) -> io::Result<Option<(Chain, bool)>> {
        let (mut seq, mut chain) = (from_seq, before);
        let mut past_lost = false;
        while seq <= mark {
            let group = self.group_at(seq)?;
            if group.next_seq() > mark + 1 {
                return if group.draft.single_lost().is_some() { Ok(None) } else { Err(misaligned()) };
            }
            past_lost |= group.draft.is_lost_only();
            chain = chain.extend(&group.draft.encoded(seq));
            seq = group.next_seq();
        }
        Ok(Some((chain, past_lost)))
    }
}
