//! What the spool keeps when it may not keep everything.
//!
//! Acknowledged segments stay while they fit in a quarter of the cap, so that a collector restored from
//! a copy can ask again. At the cap the oldest segments the collector does not hold become one LOST,
//! which is itself a small segment with the name of the last one it replaces: it is durable before
//! they are removed, and recovery finishes a removal that a crash cut short.

use collector_api::LostReason;
use tracing::warn;

use super::disk::Disk;
use super::draft::{Draft, lost};
use super::header::{Header, PAGE_BYTES};
use super::log::Log;
use super::segment_file::{AppendError, Segment, SegmentKind, segment_name, write_segment};

/// More segments than this are not kept for a rewind, however small they are: an agent that restarts
/// all the time makes many.
const ACKED_SEGMENTS_MAX: usize = 1_024;
/// Files of a stream that was given up keep this suffix.
pub(super) const FORKED: &str = ".forked";

impl<D: Disk> Log<D> {
    /// Removes acknowledged segments beyond the kept quarter, oldest first.
    pub(super) fn trim(&mut self) {
        let quarter = self.options.bytes_max / 4;
        loop {
            let acked = self.acked_segments();
            let bytes: u64 = self.segments.iter().take(acked).map(|segment| segment.bytes).sum();
            let Some(oldest) = self.segments.front().copied() else { return };
            if acked == 0 || (bytes - oldest.bytes < quarter && acked <= ACKED_SEGMENTS_MAX) {
                return;
            }
            if let Err(error) = self.disk.remove(&oldest.name()) {
                // Tried again at the next acknowledgement; recovery does not mind an old one.
                warn!(%error, segment = oldest.name(), "could not be removed");
                return;
            }
            self.segments.pop_front();
            self.reader = None;
        }
    }

    /// How many of the oldest segments hold nothing that the collector does not.
    fn acked_segments(&self) -> usize {
        let next = self.cursor.acked_seq + 1;
        // The last one is never counted: it is being written.
        let closed = self.segments.len().saturating_sub(1);
        (0..closed).take_while(|&index| self.end_of(index) <= next).count()
    }

    /// The number after the last of a segment.
    pub(super) fn end_of(&self, index: usize) -> u64 {
        self.segments.get(index + 1).map_or(self.next_seq, |next| next.header.first_seq)
    }

    /// Makes room under the cap for `need` more bytes, by giving up the oldest.
    pub(super) fn make_room(&mut self, need: u64) -> Result<(), AppendError> {
        let cap = self.options.bytes_max;
        if self.bytes() + need > cap / 2 {
            self.remove_forked();
        }
        while self.bytes() + need > cap {
            let before = self.segments.len();
            self.trim();
            if self.segments.len() == before && !self.give_up_oldest()? {
                break;
            }
        }
        Ok(())
    }

    /// Replaces the oldest segment that the collector does not hold by a LOST. False if there is none
    /// but the newest.
    fn give_up_oldest(&mut self) -> Result<bool, AppendError> {
        let first = self.acked_segments();
        // A LOST that is already there grows by the segment after it.
        let is_lost =
            |index: usize| self.segments.get(index).is_some_and(|segment| segment.kind == SegmentKind::Lost);
        let last = if is_lost(first) { first + 1 } else { first };
        if last + 1 >= self.segments.len() {
            return Ok(false);
        }
        let (oldest, newest, after) = (self.segments[first], self.segments[last], self.segments[last + 1]);
        let first_seq = oldest.header.first_seq.max(self.cursor.acked_seq + 1);
        let header = Header {
            first_seq,
            seg_no: newest.header.seg_no,
            chain_before: oldest.header.chain_before.filter(|_| first_seq == oldest.header.first_seq),
            ..oldest.header
        };
        let count = after.header.first_seq - first_seq;
        let (from_ms, to_ms) = (oldest.header.first_ms, after.header.first_ms);
        let draft = Draft::of_lost(lost(count, LostReason::Cap, from_ms, to_ms));
        let name = segment_name(header.seg_no, SegmentKind::Lost);
        let size = (PAGE_BYTES + draft.frames_length()) as u64;
        let written = write_segment(&self.disk, &name, size, header, &[&draft])?;
        warn!(count, "the spool is at its cap: the oldest records are given up and declared lost");

        // Counted once: what an earlier LOST covered was counted then.
        let fresh = count - if last > first { newest.header.first_seq.saturating_sub(first_seq) } else { 0 };
        *self.lost.entry(LostReason::Cap).or_default() += fresh;
        self.segments[last] = Segment { kind: SegmentKind::Lost, header, bytes: written.durable };
        if last > first {
            self.segments.remove(first);
            self.remove_replaced(&oldest);
            self.remove_replaced(&newest);
        } else if first_seq > oldest.header.first_seq {
            // Its acknowledged part stays, for a rewind; it ends where the LOST begins.
            self.segments.insert(first, oldest);
        } else {
            self.remove_replaced(&oldest);
        }
        self.forget_chains(header.seg_no + 1);
        self.reader = None;
        Ok(true)
    }

    fn remove_replaced(&self, segment: &Segment) {
        if let Err(error) = self.disk.remove(&segment.name()) {
            warn!(%error, segment = segment.name(), "is replaced, but could not be removed before the next start");
        }
    }

    /// From this segment on the chain that will be sent is not the one that was written.
    fn forget_chains(&mut self, seg_no: u64) {
        self.chain = None;
        for segment in &mut self.segments {
            if segment.header.seg_no >= seg_no {
                segment.header.chain_before = None;
                self.cursor.mark_stale(segment.header.seg_no);
            }
        }
        // Written with the next acknowledgement; lost, it costs a false alarm after a rewind at worst.
        let _ = self.cursor_file.write(&self.cursor);
    }

    /// Removes what is left of streams that were given up: the one in force needs the room.
    fn remove_forked(&self) {
        for name in self.disk.list().unwrap_or_default() {
            if name.ends_with(FORKED)
                && let Err(error) = self.disk.remove(&name)
            {
                warn!(%error, name, "could not be removed");
            }
        }
    }
}
