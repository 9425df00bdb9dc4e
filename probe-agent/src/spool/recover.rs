//! Opening a spool: what a crash, a full disk or bad bytes left becomes a log again.
//!
//! Every start continues in a new segment. The last group of the old one is written again as the first
//! of the new one: that it was synced cannot be known, and a sync that failed once proves nothing when
//! it is repeated. All groups before it were synced, because a group is written only after that.
//! What is torn ends at its last good record; what is not understood is renamed, never removed.

use std::collections::{BTreeMap, VecDeque};
use std::io;

use collector_api::{Chain, LostReason, StreamId};
use ring::rand::{SecureRandom as _, SystemRandom};
use tracing::{error, info, warn};

use super::SpoolError;
use super::cursor::{Cursor, CursorFile};
use super::disk::{Disk, DiskFile};
use super::draft::{Draft, lost};
use super::frame::{ALIGN, HEADER_BYTES};
use super::header::{Header, PAGE_BYTES};
use super::keep::FORKED;
use super::log::{Log, LogOptions, SEGMENT_BYTES};
use super::reserve::{RESERVE, RESERVE_BYTES};
use super::segment::{End, ReadGroup, Reader};
use super::segment_file::{AppendError, Segment, SegmentKind, segment_of_name};

/// The smallest record on disk: a segment whose header is gone gave out no more numbers than fit into it.
const RECORD_BYTES_MIN: u64 = (HEADER_BYTES + ALIGN) as u64;

/// A stream id that never was.
pub fn fresh_stream() -> Result<StreamId, SpoolError> {
    let mut id = [0; 16];
    SystemRandom::new().fill(&mut id).map_err(|_| SpoolError::Random)?;
    Ok(StreamId(id))
}

/// What the directory holds.
#[derive(Default)]
struct Found {
    segments: Vec<Segment>,
    /// The highest number of a segment that cannot be read.
    bad_no: Option<u64>,
    /// Bytes of the longest of them.
    bad_bytes: u64,
    has_reserve: bool,
}

/// The newest segment's contents.
struct Tail {
    next_seq: u64,
    last_ms: i64,
    /// Chain value before `group`, or the end if there is none.
    chain: Option<Chain>,
    group: Option<ReadGroup>,
}

impl<D: Disk> Log<D> {
    /// Opens or makes a spool and writes its Start record. `fresh` is used if there is no stream to go
    /// on with.
    pub fn open(disk: D, options: LogOptions, fresh: StreamId, now_ms: i64) -> Result<Self, SpoolError> {
        let mut found = look(&disk)?;
        let stream = found.segments.last().map_or(fresh, |newest| newest.header.stream);
        if found.segments.is_empty() && found.bad_no.is_some() {
            error!("no segment of the spool can be read; a new stream begins, what was unsent is not sent");
        }
        let highest_no = found.segments.last().map(|newest| newest.header.seg_no).max(found.bad_no);
        put_forked_aside(&disk, &mut found.segments, stream)?;
        remove_superseded(&disk, &mut found.segments)?;
        let (cursor_file, cursor) = CursorFile::open(&disk, stream)?;
        let cursor = cursor.unwrap_or_else(|| Cursor::unknown(stream));
        for segment in &mut found.segments {
            if cursor.is_stale(segment.header.seg_no) {
                segment.header.chain_before = None;
            }
        }
        let tail = match found.segments.last_mut() {
            Some(newest) => read_tail(&disk, newest)?,
            None => Tail { next_seq: 1, last_ms: 0, chain: Some(Chain::genesis(stream)), group: None },
        };
        let newest_is_bad = found.bad_no > found.segments.last().map(|newest| newest.header.seg_no);
        let mut log = Self {
            disk,
            options,
            stream,
            next_seq: tail.group.as_ref().map_or(tail.next_seq, |group| group.first_seq),
            next_no: highest_no.map_or(0, |no| no + 1),
            segments: VecDeque::from(found.segments),
            active: None,
            chain: tail.chain,
            last_ms: tail.last_ms,
            cursor,
            cursor_file,
            acked_ms: 0,
            dictionary: Vec::new(),
            dictionary_due: false,
            reader: None,
            has_reserve: found.has_reserve,
            lost: BTreeMap::new(),
        };
        let unreadable = found.bad_bytes.max(SEGMENT_BYTES) / RECORD_BYTES_MIN;
        let unreadable = (newest_is_bad && !log.segments.is_empty()).then_some(unreadable);
        log.begin(tail.group, unreadable, now_ms)?;
        info!(
            stream = %log.stream, durable_seq = log.durable_seq(), acked_seq = log.acked_seq(),
            segments = log.segments.len(), "spool is open"
        );
        Ok(log)
    }

    /// Makes this start's segment: the last group again, as many numbers as a bad segment may have had, the
    /// Start. Dictionaries begin segments of their own.
    fn begin(
        &mut self,
        tail: Option<ReadGroup>,
        unreadable: Option<u64>,
        now_ms: i64,
    ) -> Result<(), SpoolError> {
        let start = self.start_draft(now_ms);
        let unreadable =
            unreadable.map(|count| Draft::of_lost(lost(count, LostReason::Corrupt, self.last_ms, now_ms)));
        let tail = tail.map(|group| group.draft);
        let groups: Vec<&Draft> = tail.iter().chain(&unreadable).chain([&start]).collect();
        match self.begin_segment(&groups) {
            Ok(()) => {}
            Err(AppendError::Full(error)) => self.begin_in_reserve(error, &groups)?,
            Err(AppendError::Broken(error)) => return Err(SpoolError::Disk(error)),
        }
        self.remove_emptied();
        self.trim();
        Ok(())
    }

    /// The disk is full: the reserve takes the Start record, and waits for space with the rest.
    fn begin_in_reserve(&mut self, full: io::Error, groups: &[&Draft]) -> Result<(), SpoolError> {
        let bytes: usize = groups.iter().map(|draft| draft.frames_length()).sum();
        if !self.has_reserve || (PAGE_BYTES + bytes) as u64 > RESERVE_BYTES {
            return Err(SpoolError::Disk(full));
        }
        self.begin_segment_in_reserve(groups).map_err(|error| match error {
            AppendError::Full(error) | AppendError::Broken(error) => SpoolError::Disk(error),
        })
    }

    /// Removes a segment that the new one begins at the beginning of: all it held was written again.
    fn remove_emptied(&mut self) {
        let newest = self.segments.len() - 1;
        if newest == 0 || self.segments[newest - 1].header.first_seq < self.segments[newest].header.first_seq
        {
            return;
        }
        if let Some(emptied) = self.segments.remove(newest - 1)
            && let Err(error) = self.disk.remove(&emptied.name())
        {
            warn!(%error, segment = emptied.name(), "is empty, but could not be removed");
        }
    }
}

/// Reads every header. What is not understood gets another name.
fn look<D: Disk>(disk: &D) -> io::Result<Found> {
    let mut found = Found::default();
    for name in disk.list()? {
        if name.strip_suffix(".tmp").is_some() {
            // Never finished, so nobody has read it.
            disk.remove(&name)?;
        } else if name == RESERVE {
            found.has_reserve = true;
        } else if let Some((seg_no, kind)) = segment_of_name(&name) {
            let file = disk.open(&name)?;
            let mut page = vec![0; PAGE_BYTES];
            let count = file.read_at(&mut page, 0)?;
            if let Some(header) = Header::of_page(&page[..count]).filter(|header| header.seg_no == seg_no) {
                found.segments.push(Segment { kind, header, bytes: file.length()? });
            } else {
                error!(segment = name, "a segment's header cannot be read; its records become unknown time");
                disk.rename(&name, &format!("{name}.bad"))?;
                found.bad_no = found.bad_no.max(Some(seg_no));
                found.bad_bytes = found.bad_bytes.max(file.length()?);
            }
        }
    }
    // A LOST stands behind the segment whose number it has, of which it may leave the beginning.
    found.segments.sort_by_key(|segment| (segment.header.seg_no, segment.kind == SegmentKind::Lost));
    Ok(found)
}

/// Renames the segments of other streams than the newest segment's.
fn put_forked_aside<D: Disk>(disk: &D, segments: &mut Vec<Segment>, stream: StreamId) -> io::Result<()> {
    for segment in segments.extract_if(.., |segment| segment.header.stream != stream) {
        disk.rename(&segment.name(), &format!("{}{FORKED}", segment.name()))?;
    }
    Ok(())
}

/// Finishes what a crash cut short: segments that a later one covers from their first number on.
fn remove_superseded<D: Disk>(disk: &D, segments: &mut Vec<Segment>) -> io::Result<()> {
    let mut covered_from = u64::MAX;
    let mut kept = Vec::with_capacity(segments.len());
    for segment in segments.drain(..).rev() {
        if segment.header.first_seq >= covered_from {
            disk.remove(&segment.name())?;
            continue;
        }
        covered_from = segment.header.first_seq;
        kept.push(segment);
    }
    kept.reverse();
    *segments = kept;
    Ok(())
}

/// Walks the newest segment to its last good record.
fn read_tail<D: Disk>(disk: &D, newest: &mut Segment) -> io::Result<Tail> {
    let mut file = disk.open(&newest.name())?;
    let header = newest.header;
    let mut tail = Tail {
        next_seq: header.first_seq,
        last_ms: header.first_ms,
        chain: header.chain_before,
        group: None,
    };
    let mut reader = Reader::new(disk.open(&newest.name())?, header.salt(), header.first_seq);
    while let Some(group) = reader.next(newest.bytes, End::Open)? {
        if let Some(before) = tail.group.take() {
            tail.chain = tail.chain.map(|chain| chain.extend(&before.draft.encoded(before.first_seq)));
        }
        tail.next_seq = group.next_seq();
        tail.last_ms = group.draft.known_instants().map_or(tail.last_ms, |(_, ms)| ms);
        tail.group = Some(group);
    }
    if let Some(used) = reader.ends_in_zeros(newest.bytes)?
        && file.truncate(used).is_ok()
    {
        newest.bytes = used;
    }
    Ok(tail)
}
