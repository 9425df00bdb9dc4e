//! A segment's first page: which stream, which segment, which number and chain value it begins with.
//!
//! ```text
//! page    4096 B: the header at 0, again at 2048, each with its own CRC32C; zeros between
//! header  0 "VEDSPOOL" | 8 version u32 | 12 flags u32 (bit 0: chain_before is known)
//!        16 stream 16 B | 32 seg_no u64 | 40 first_seq u64 | 48 chain_before 32 B
//!        80 first_ms i64, see Header | 88 CRC32C of 0..88
//! ```
//!
//! Twice, because one bad byte in it would cost a segment.

use collector_api::{Chain, StreamId};

/// Bytes before the first group.
pub(super) const PAGE_BYTES: usize = 4096;
const COPY_AT: [usize; 2] = [0, 2048];
const MAGIC: &[u8; 8] = b"VEDSPOOL";
const VERSION: u32 = 1;
const CRC_AT: usize = 88;

/// What a segment says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    /// Whose numbers.
    pub stream: StreamId,
    /// The segment's own number, as in its name.
    pub seg_no: u64,
    /// Number of its first record.
    pub first_seq: u64,
    /// Chain value before its first group. A hint: what is acknowledged counts.
    pub chain_before: Option<Chain>,
    /// Instant of its first record that has one; if none of its first groups has, the newest before them. Unix ms.
    pub first_ms: i64,
}

impl Header {
    /// The page as written.
    pub(super) fn to_page(self) -> Vec<u8> {
        let mut header = Vec::with_capacity(CRC_AT + 4);
        header.extend_from_slice(MAGIC);
        header.extend_from_slice(&VERSION.to_le_bytes());
        header.extend_from_slice(&u32::from(self.chain_before.is_some()).to_le_bytes());
        header.extend_from_slice(&self.stream.0);
        header.extend_from_slice(&self.seg_no.to_le_bytes());
        header.extend_from_slice(&self.first_seq.to_le_bytes());
        header.extend_from_slice(&self.chain_before.map_or([0; 32], |chain| chain.0));
        header.extend_from_slice(&self.first_ms.to_le_bytes());
        header.extend_from_slice(&crc32c::crc32c(&header).to_le_bytes());
        let mut page = vec![0; PAGE_BYTES];
        for at in COPY_AT {
            page[at..at + header.len()].copy_from_slice(&header);
        }
        page
    }

    /// Reads a page by whichever copy is good; `None` if neither is.
    pub(super) fn of_page(page: &[u8]) -> Option<Self> {
        COPY_AT.iter().find_map(|&at| Self::of_copy(page.get(at..at + CRC_AT + 4)?))
    }

    /// What the checksums of this segment's frames begin with.
    pub(super) fn salt(&self) -> u32 {
        crc32c::crc32c_append(crc32c::crc32c(&self.stream.0), &self.seg_no.to_le_bytes())
    }

    fn of_copy(copy: &[u8]) -> Option<Self> {
        let (fields, crc) = copy.split_at_checked(CRC_AT)?;
        let word = |at: usize| -> [u8; 4] { fields[at..at + 4].try_into().unwrap_or_default() };
        let long = |at: usize| -> [u8; 8] { fields[at..at + 8].try_into().unwrap_or_default() };
        let whole = fields.starts_with(MAGIC)
            && u32::from_le_bytes(word(8)) == VERSION
            && crc == crc32c::crc32c(fields).to_le_bytes();
        let known = u32::from_le_bytes(word(12)) & 1 == 1;
        whole.then_some(Self {
            stream: StreamId::from_slice(&fields[16..32])?,
            seg_no: u64::from_le_bytes(long(32)),
            first_seq: u64::from_le_bytes(long(40)),
            chain_before: if known { Chain::from_slice(&fields[48..80]) } else { None },
            first_ms: i64::from_le_bytes(long(80)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_bad_byte_anywhere_costs_nothing() {
        let header = Header {
            stream: StreamId([7; 16]),
            seg_no: 3,
            first_seq: 1_000,
            chain_before: Some(Chain([5; 32])),
            first_ms: -1,
        };
        let page = header.to_page();
        assert_eq!(Header::of_page(&page), Some(header));
        for at in 0..PAGE_BYTES {
            let mut bad = page.clone();
            bad[at] ^= 0x10;
            assert_eq!(Header::of_page(&bad), Some(header), "byte {at}");
        }
        assert_eq!(Header::of_page(&vec![0; PAGE_BYTES]), None);
        assert_eq!(Header::of_page(&page[..50]), None);
    }

    #[test]
    fn an_unknown_chain_value_reads_back_as_unknown() {
        let header =
            Header { stream: StreamId([7; 16]), seg_no: 3, first_seq: 1, chain_before: None, first_ms: 0 };
        assert_eq!(Header::of_page(&header.to_page()), Some(header));
    }
}
