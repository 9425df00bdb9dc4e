//! What the collector holds, as far as this agent knows: two slots written in turn.
//!
//! ```text
//! cursor  slots of 128 B at 0 and 512; the good one with the higher generation counts
//! slot    0 generation u64 | 8 stream 16 B | 24 acked_seq u64 | 32 highest_seq u64 | 40 chain 32 B
//!        72 stale_from u64 | 80 stale_to u64 | 88 CRC32C of 0..88
//! ```
//!
//! Not synced: a lost cursor is harmless, because hello learns it again.

use std::io;

use collector_api::{Chain, StreamId};

use super::disk::{Disk, DiskFile};

const NAME: &str = "cursor";
const SLOT_BYTES: usize = 92;
const SLOT_AT: [u64; 2] = [0, 512];

/// The acknowledged end of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cursor {
    /// Whose numbers.
    pub stream: StreamId,
    /// Every number up to here is with the collector; 0 for none.
    pub acked_seq: u64,
    /// The highest it ever was; above `acked_seq` after a rewind.
    pub highest_seq: u64,
    /// The chain value at `acked_seq`; `None` when the cursor was lost.
    pub chain: Option<Chain>,
    /// Segments whose header has a chain value that is no longer what is sent: from this number
    pub stale_from: u64,
    /// to before this one.
    pub stale_to: u64,
}

impl Cursor {
    /// Nothing acknowledged, as far as is known.
    pub(super) fn unknown(stream: StreamId) -> Self {
        Self { stream, acked_seq: 0, highest_seq: 0, chain: None, stale_from: 0, stale_to: 0 }
    }

    /// Is this segment's chain value out of date?
    pub(super) fn is_stale(&self, seg_no: u64) -> bool {
        (self.stale_from..self.stale_to).contains(&seg_no)
    }

    /// Widens the range of segments whose chain value is out of date.
    pub(super) fn mark_stale(&mut self, seg_no: u64) {
        let none = self.stale_from == self.stale_to;
        self.stale_from = if none { seg_no } else { self.stale_from.min(seg_no) };
        self.stale_to = if none { seg_no + 1 } else { self.stale_to.max(seg_no + 1) };
    }
}

/// The cursor's file.
#[derive(Debug)]
pub(super) struct CursorFile<F> {
    file: F,
    generation: u64,
}

impl<F: DiskFile> CursorFile<F> {
    /// Opens or makes the file. The cursor is `None` if none is good or it is of another stream.
    pub(super) fn open<D: Disk<File = F>>(disk: &D, stream: StreamId) -> io::Result<(Self, Option<Cursor>)> {
        let file = match disk.open(NAME) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => disk.create(NAME)?,
            other => other?,
        };
        let mut newest: Option<(u64, Cursor)> = None;
        for at in SLOT_AT {
            let mut slot = [0; SLOT_BYTES];
            file.read_at(&mut slot, at)?;
            let found = decode(&slot);
            if found.map(|(generation, _)| generation) > newest.map(|(generation, _)| generation) {
                newest = found;
            }
        }
        let generation = newest.map_or(0, |(generation, _)| generation);
        let cursor = newest.map(|(_, cursor)| cursor).filter(|cursor| cursor.stream == stream);
        Ok((Self { file, generation }, cursor))
    }

    /// Writes the older slot. Only a cursor with a chain value is worth writing.
    pub(super) fn write(&mut self, cursor: &Cursor) -> io::Result<()> {
        let Some(chain) = cursor.chain else { return Ok(()) };
        self.generation += 1;
        let mut slot = Vec::with_capacity(SLOT_BYTES);
        slot.extend_from_slice(&self.generation.to_le_bytes());
        slot.extend_from_slice(&cursor.stream.0);
        slot.extend_from_slice(&cursor.acked_seq.to_le_bytes());
        slot.extend_from_slice(&cursor.highest_seq.to_le_bytes());
        slot.extend_from_slice(&chain.0);
        slot.extend_from_slice(&cursor.stale_from.to_le_bytes());
        slot.extend_from_slice(&cursor.stale_to.to_le_bytes());
        slot.extend_from_slice(&crc32c::crc32c(&slot).to_le_bytes());
        self.file.write_at(&slot, SLOT_AT[usize::from(self.generation % 2 == 1)])
    }
}

fn decode(slot: &[u8; SLOT_BYTES]) -> Option<(u64, Cursor)> {
    let (fields, crc) = slot.split_at(88);
    if crc != crc32c::crc32c(fields).to_le_bytes() {
        return None;
    }
    let long = |at: usize| u64::from_le_bytes(fields[at..at + 8].try_into().unwrap_or_default());
    let cursor = Cursor {
        stream: StreamId::from_slice(&fields[8..24])?,
        acked_seq: long(24),
        highest_seq: long(32),
        chain: Chain::from_slice(&fields[40..72]),
        stale_from: long(72),
        stale_to: long(80),
    };
    Some((long(0), cursor))
}
