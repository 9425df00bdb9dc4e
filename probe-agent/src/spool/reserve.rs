//! Room kept back for a full disk: a small segment without a name, in which what is lost can still be declared.
//!
//! Allocated beforehand, because a full disk allocates nothing; spent whole, and made anew with the next segment
//! that there is room for.

use tracing::warn;

use super::disk::{Disk, DiskFile as _};
use super::draft::Draft;
use super::header::Header;
use super::log::Log;
use super::segment_file::{Active, AppendError, SegmentKind, fill, segment_name};

/// Size of the segment kept back for a full disk: room for a group and some hundred LOST.
pub(super) const RESERVE_BYTES: u64 = 256 << 10;
/// Its name until it is needed.
pub(super) const RESERVE: &str = "reserve";

impl<D: Disk> Log<D> {
    /// As [`Log::begin_segment`], in the reserve, whatever the groups hold.
    pub(super) fn begin_segment_in_reserve(&mut self, groups: &[&Draft]) -> Result<(), AppendError> {
        let header = self.next_header(groups);
        let active = self.spend_reserve(header, groups)?;
        self.take_up(header, active, groups);
        Ok(())
    }

    /// Turns the reserve into the newest segment.
    pub(super) fn spend_reserve(
        &mut self,
        header: Header,
        groups: &[&Draft],
    ) -> Result<Active<D::File>, AppendError> {
        warn!("the disk is full; what is lost is declared in the spool's reserve");
        self.has_reserve = false;
        let mut file = self.disk.open(RESERVE).map_err(AppendError::Full)?;
        let durable = fill(&mut file, header, groups).map_err(AppendError::Broken)?;
        let name = segment_name(header.seg_no, SegmentKind::Whole);
        self.disk.rename(RESERVE, &name).map_err(AppendError::Full)?;
        self.disk.sync_names().map_err(AppendError::Broken)?;
        Ok(Active { file, durable, size: RESERVE_BYTES, is_reserve: true })
    }

    /// Allocates the reserve if it is not there; a failure shows when it would be needed.
    pub(super) fn keep_reserve(&mut self) {
        if self.has_reserve {
            return;
        }
        let made = self.disk.create(RESERVE).and_then(|mut file| {
            file.allocate(RESERVE_BYTES)?;
            file.sync_data()
        });
        match made {
            Ok(()) => self.has_reserve = true,
            Err(error) => {
                warn!(%error, "the spool has no reserve");
                // Half made, it would be taken for a whole one at the next start.
                let _ = self.disk.remove(RESERVE);
            }
        }
    }
}
