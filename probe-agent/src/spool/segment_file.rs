//! A segment as a file: its name, and how it comes to be with its first groups.
//!
//! It is written under a temporary name and gets its own when its contents are durable, so that a segment
//! that can be found has a header and its first groups whole.

use std::io;

use thiserror::Error;

use super::disk::{Disk, DiskFile, is_full};
use super::draft::Draft;
use super::header::{Header, PAGE_BYTES};

/// Why a group was not appended.
#[derive(Debug, Error)]
pub enum AppendError {
    /// The disk is full. Nothing has changed; keep the group and try again.
    #[error("the disk is full")]
    Full(#[source] io::Error),
    /// The disk is broken, and a new file did not help.
    #[error("the disk failed")]
    Broken(#[source] io::Error),
}

/// What a segment's file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SegmentKind {
    /// Groups as they were appended.
    Whole,
    /// The same, but a write failed: its tail is not to be trusted, and it is never written again.
    Suspect,
    /// One LOST in place of the segments up to this number, which the cap took.
    Lost,
}

/// A segment that is on disk.
#[derive(Debug, Clone, Copy)]
pub(super) struct Segment {
    /// What its file is.
    pub kind: SegmentKind,
    /// What it says of itself; the chain value is corrected when a better one is known.
    pub header: Header,
    /// Length of its file.
    pub bytes: u64,
}

impl Segment {
    /// Its file's name.
    pub(super) fn name(&self) -> String {
        segment_name(self.header.seg_no, self.kind)
    }
}

/// The name of a segment's file.
pub(super) fn segment_name(seg_no: u64, kind: SegmentKind) -> String {
    let suffix = match kind {
        SegmentKind::Whole => "seg",
        SegmentKind::Suspect => "suspect",
        SegmentKind::Lost => "lost",
    };
    format!("{seg_no:016x}.{suffix}")
}

/// The inverse of [`segment_name`]; `None` for any other name.
pub(super) fn segment_of_name(name: &str) -> Option<(u64, SegmentKind)> {
    let (number, suffix) = name.split_once('.')?;
    let kind = match suffix {
        "seg" => SegmentKind::Whole,
        "suspect" => SegmentKind::Suspect,
        "lost" => SegmentKind::Lost,
        _ => return None,
    };
    let seg_no = u64::from_str_radix(number, 16).ok()?;
    (segment_name(seg_no, kind) == name).then_some((seg_no, kind))
}

/// The newest segment, open for appending.
#[derive(Debug)]
pub(super) struct Active<F> {
    pub(super) file: F,
    /// Bytes that are durable; the next group goes here.
    pub(super) durable: u64,
    pub(super) size: u64,
    /// Made from the reserve: only LOST may go in.
    pub(super) is_reserve: bool,
}

/// Makes a segment's file with its first groups; after `Ok` it is durable, name and all.
pub(super) fn write_segment<D: Disk>(
    disk: &D,
    name: &str,
    size: u64,
    header: Header,
    groups: &[&Draft],
) -> Result<Active<D::File>, AppendError> {
    let temporary = format!("{name}.tmp");
    let made = disk.create(&temporary).and_then(|mut file| {
        file.allocate(size)?;
        let durable = fill(&mut file, header, groups)?;
        disk.rename(&temporary, name)?;
        Ok(Active { file, durable, size, is_reserve: false })
    });
    match made {
        // Named, but nobody knows for how long: whatever the error says, the file is not to be redone.
        Ok(active) => disk.sync_names().map(|()| active).map_err(AppendError::Broken),
        Err(error) => {
            // It has no name that counts; the next start removes it if this cannot.
            let _ = disk.remove(&temporary);
            Err(if is_full(&error) { AppendError::Full(error) } else { AppendError::Broken(error) })
        }
    }
}

/// Writes header and groups to an empty file and syncs it. Returns where they end.
pub(super) fn fill<F: DiskFile>(file: &mut F, header: Header, groups: &[&Draft]) -> io::Result<u64> {
    let mut bytes = header.to_page();
    debug_assert_eq!(bytes.len(), PAGE_BYTES);
    let mut seq = header.first_seq;
    for draft in groups {
        bytes.extend_from_slice(&draft.frames(seq, header.salt()));
        seq += draft.span();
    }
    file.write_at(&bytes, 0)?;
    file.sync_data()?;
    Ok(bytes.len() as u64)
}
