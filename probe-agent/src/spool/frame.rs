//! The framing on disk: one frame per record, each with its own checksum, so that one bad byte costs
//! one record and a torn write keeps what came before the tear.
//!
//! ```text
//! frame   0  length of the payload, 24 bits | kind, 8 bits
//!         4  CRC32C of bytes 0..4 and 8..end, begun with the segment's salt
//!         8  seq      the record's number (a group's: that of its first record)
//!        16  slot_ms  a sample's slot; any other record's instant
//!        24  payload  then zeros to a multiple of 8
//! ```
//!
//! All numbers are little endian. The slot is kept absolute although a group carries differences: a
//! record that is gone must not move the ones after it. The salt comes from stream and segment number,
//! so that a frame of another file, or one that a probed server put into evidence, never passes.

/// Bytes before the payload.
pub(super) const HEADER_BYTES: usize = 24;
/// Longest payload. A sample with evidence has about 2 KiB, a CONFIG piece at most 16 KiB.
pub(super) const PAYLOAD_BYTES_MAX: usize = 64 << 10;
/// Most bytes of frames under one group header.
pub(super) const GROUP_FRAMES_BYTES_MAX: usize = 192 << 10;
/// Frames begin at multiples of this, which is where a search for the next good one looks.
pub(super) const ALIGN: usize = 8;

/// What a frame holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A group's header: [`GroupHead`].
    Group,
    /// An encoded record that takes one number.
    Record,
    /// An encoded LOST record, which takes as many numbers as it declares.
    Lost,
}

impl Kind {
    const fn code(self) -> u8 {
        match self {
            Self::Group => 1,
            Self::Record => 2,
            Self::Lost => 3,
        }
    }

    const fn from_code(code: u8) -> Option<Self> {
        match code {
            1 => Some(Self::Group),
            2 => Some(Self::Record),
            3 => Some(Self::Lost),
            _ => None,
        }
    }
}

/// A frame whose checksum fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Frame<'a> {
    /// What the payload is.
    pub kind: Kind,
    /// First number.
    pub seq: u64,
    /// Unix ms.
    pub slot_ms: i64,
    /// As written.
    pub payload: &'a [u8],
}

impl Frame<'_> {
    /// Bytes on disk.
    pub(super) fn length(&self) -> usize {
        frame_length(self.payload.len())
    }
}

/// Bytes on disk of a frame with a payload of `payload` bytes.
pub(super) const fn frame_length(payload: usize) -> usize {
    (HEADER_BYTES + payload).next_multiple_of(ALIGN)
}

/// What a group's header says of the frames after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct GroupHead {
    /// Their bytes.
    pub frames_bytes: u32,
    /// The number after the group's last record.
    pub next_seq: u64,
}

impl GroupHead {
    /// Bytes of its payload.
    pub(super) const BYTES: usize = 12;

    /// As written.
    pub(super) fn to_payload(self) -> [u8; Self::BYTES] {
        let mut payload = [0; Self::BYTES];
        payload[..4].copy_from_slice(&self.frames_bytes.to_le_bytes());
        payload[4..].copy_from_slice(&self.next_seq.to_le_bytes());
        payload
    }

    /// Reads a group frame; `None` if it is none or out of bounds.
    pub(super) fn of(frame: &Frame<'_>) -> Option<Self> {
        if frame.kind != Kind::Group {
            return None;
        }
        let (bytes, next) = frame.payload.split_first_chunk::<4>()?;
        let head = Self {
            frames_bytes: u32::from_le_bytes(*bytes),
            next_seq: u64::from_le_bytes(next.try_into().ok()?),
        };
        let plausible = head.next_seq > frame.seq && head.frames_bytes as usize <= GROUP_FRAMES_BYTES_MAX;
        plausible.then_some(head)
    }
}

/// Appends a frame.
pub(super) fn put(out: &mut Vec<u8>, salt: u32, kind: Kind, seq: u64, slot_ms: i64, payload: &[u8]) {
    let start = out.len();
    let length = u32::try_from(payload.len()).unwrap_or(u32::MAX) & 0x00ff_ffff;
    out.extend_from_slice(&(length | u32::from(kind.code()) << 24).to_le_bytes());
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(&seq.to_le_bytes());
    out.extend_from_slice(&slot_ms.to_le_bytes());
    out.extend_from_slice(payload);
    let crc = checksum(salt, &out[start..]);
    out[start + 4..start + 8].copy_from_slice(&crc.to_le_bytes());
    out.resize(start + frame_length(payload.len()), 0);
}

/// How long the frame at the beginning of `bytes` claims to be, if that can be.
pub(super) fn claimed_length(bytes: &[u8]) -> Option<usize> {
    let word = u32::from_le_bytes(*bytes.first_chunk::<4>()?);
    let length = (word & 0x00ff_ffff) as usize;
    Kind::from_code((word >> 24) as u8)?;
    (length <= PAYLOAD_BYTES_MAX).then(|| HEADER_BYTES + length)
}

/// The frame at the beginning of `bytes`, if there is a whole good one.
pub(super) fn take(bytes: &[u8], salt: u32) -> Option<Frame<'_>> {
    let head = bytes.first_chunk::<HEADER_BYTES>()?;
    let kind = Kind::from_code(head[3])?;
    let whole = bytes.get(..claimed_length(bytes)?)?;
    let crc = u32::from_le_bytes([head[4], head[5], head[6], head[7]]);
    if checksum(salt, whole) != crc {
        return None;
    }
    let field = |at: usize| -> [u8; 8] {
        let mut field = [0; 8];
        field.copy_from_slice(&head[at..at + 8]);
        field
    };
    Some(Frame {
        kind,
        seq: u64::from_le_bytes(field(8)),
        slot_ms: i64::from_le_bytes(field(16)),
        payload: &whole[HEADER_BYTES..],
    })
}

fn checksum(salt: u32, frame: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c_append(salt, &frame[..4]), &frame[8..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_frame_reads_back_and_any_flipped_bit_is_seen(
            payload in prop::collection::vec(any::<u8>(), 0..300),
            seq: u64, slot_ms: i64, salt: u32, flip: prop::sample::Index, bit in 0_u8..8,
        ) {
            let mut out = Vec::new();
            put(&mut out, salt, Kind::Record, seq, slot_ms, &payload);
            prop_assert_eq!(out.len() % ALIGN, 0);
            prop_assert_eq!(
                take(&out, salt),
                Some(Frame { kind: Kind::Record, seq, slot_ms, payload: &payload })
            );
            prop_assert_eq!(take(&out, salt ^ 1), None);
            // Padding is nobody's.
            let at = flip.index(HEADER_BYTES + payload.len());
            out[at] ^= 1 << bit;
            prop_assert_eq!(take(&out, salt), None);
        }

        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            take(&bytes, 0);
        }
    }
}
