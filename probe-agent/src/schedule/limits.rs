//! How many probes run at once: bounded by file descriptors, shared out by lanes.

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use tracing::warn;

/// Descriptors that are not a probe's: segments, the collector's connection, the resolver's,
/// canaries, standard streams.
const OTHER_FILES: u64 = 32;
/// What a probe needs at once: its connection, or its resolver's. A resolver's socket is closed
/// before the connection is opened, but a TCP fallback can hold one more.
const FILES_PER_PROBE: u64 = 1;
/// However many descriptors there are. A connection under way weighs some 30 KiB: this bounds what an
/// agent can grow to when everything hangs. Bodies that are kept share a budget of their own.
const AT_ONCE_MAX: usize = 1_000;

/// Bounds of what runs at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Probes of all lanes.
    pub at_once: usize,
    /// Probes of one lane, so that no kind, and not the slow ones, can take every place.
    pub per_lane: usize,
}

impl Limits {
    /// Limits that leave more than half of the process's descriptors alone.
    pub fn by_open_files(open_files: u64) -> Self {
        let places = (open_files / 2).saturating_sub(OTHER_FILES) / FILES_PER_PROBE;
        let at_once = usize::try_from(places).unwrap_or(AT_ONCE_MAX).clamp(4, AT_ONCE_MAX);
        Self { at_once, per_lane: (at_once * 3 / 4).max(1) }
    }
}

/// Raises the soft limit of open files to the hard one; returns what is in force.
pub fn raise_open_files() -> u64 {
    let (soft, hard) = match getrlimit(Resource::RLIMIT_NOFILE) {
        Ok(limits) => limits,
        Err(error) => {
            warn!(%error, "cannot read the limit of open files");
            return 1_024;
        }
    };
    match setrlimit(Resource::RLIMIT_NOFILE, hard, hard) {
        Ok(()) => hard,
        Err(error) => {
            warn!(%error, soft, hard, "cannot raise the limit of open files");
            soft
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_half_of_the_descriptors_stay_free() {
        for (open_files, at_once) in [(16, 4), (64, 4), (256, 96), (1_024, 480), (1 << 20, AT_ONCE_MAX)] {
            let limits = Limits::by_open_files(open_files);
            assert_eq!(limits.at_once, at_once, "{open_files}");
            assert!(limits.per_lane < limits.at_once);
        }
    }
}
