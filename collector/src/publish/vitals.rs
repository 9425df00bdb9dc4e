//! How the collector itself is: its process, its disk, its configuration, its ways out, and closed years.
//!
//! Told by `/metrics` alone; no figure follows from any of it. What cannot be read is absent, never 0.

/// Everything that is known of it at one instant.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Vitals {
    /// The running process.
    pub process: ProcessFacts,
    /// Where the store is.
    pub store: StoreFacts,
    /// The configuration; `None` where there is no file behind.
    pub reload: Option<ReloadFacts>,
    /// Figures of closed years, as they were sealed.
    pub closed: Vec<ClosedFigure>,
    /// Ways out that are configured.
    pub outlets: Vec<OutletFacts>,
    /// Is there nothing that `/readyz` would complain about? `None` where nobody looked.
    pub ready: Option<bool>,
}

/// The process, as the kernel sees it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ProcessFacts {
    /// Memory that is in RAM, bytes.
    pub resident_bytes: Option<u64>,
    /// Processor time of all threads, seconds.
    pub cpu_seconds: Option<f64>,
    /// Open descriptors.
    pub open_fds: Option<u64>,
    /// How many it may have.
    pub max_fds: Option<u64>,
    /// When it began, Unix ms.
    pub started_ms: Option<i64>,
}

/// The state directory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StoreFacts {
    /// The store's files, bytes.
    pub bytes: Option<u64>,
    /// Of their file system: bytes that the collector may still write, and all of them.
    pub free_of_bytes: Option<(u64, u64)>,
}

/// The configuration file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReloadFacts {
    /// Was the newest that somebody tried taken?
    pub successful: bool,
    /// When one was read without an error, Unix ms.
    pub success_ms: i64,
}

/// A row's figure of a closed year.
#[derive(Debug, Clone, PartialEq)]
pub struct ClosedFigure {
    /// Which row.
    pub service: String,
    /// Which year.
    pub year: i16,
    /// Its headline; nothing is listed that was not measured.
    pub availability: f64,
}

/// A way out of the collector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutletFacts {
    /// `alertmanager` or `heartbeat`.
    pub outlet: &'static str,
    /// Where it leads: scheme, host and port; never a path, which may hold a key.
    pub to: String,
    /// Requests that were taken.
    pub taken: u64,
    /// Requests that were not.
    pub failed: u64,
    /// When the newest was taken, Unix ms; `None` before the first.
    pub taken_ms: Option<i64>,
}
