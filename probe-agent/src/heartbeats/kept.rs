//! Reports that wait on disk because the agent was away: a file each, in a folder of their sender's.

use std::io;
use std::path::{Path, PathBuf};

use config::CheckId;
use serde::{Deserialize, Serialize};

use super::report::{AGE_MS_MAX, BODY_BYTES_MAX};
use super::{Report, Signal};
use crate::state_file;

/// Read at once; the rest has its turn.
const AT_ONCE: usize = 100;
/// More wait nowhere: a job that fails to report every minute must not fill a disk.
const WAITING_MAX: usize = 1_000;

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeptReport {
    /// The job.
    pub job: CheckId,
    /// What happened.
    pub signal: Signal,
    /// When, Unix ms of its sender.
    pub at_ms: i64,
    /// What it says.
    pub report: Report,
}

impl KeptReport {
    /// As it is sent now: with its age.
    #[must_use]
    pub fn aged(self, now_ms: i64) -> Self {
        let age_ms = u64::try_from(now_ms.saturating_sub(self.at_ms)).unwrap_or(0).min(AGE_MS_MAX);
        Self { report: Report { age_ms: Some(age_ms), ..self.report }, ..self }
    }

    /// Writes it into a folder, durably. `suffix` tells reports of one millisecond apart.
    pub fn write(&self, folder: &Path, suffix: u32) -> io::Result<PathBuf> {
        state_file::make_directory(folder)?;
        if std::fs::read_dir(folder)?.count() >= WAITING_MAX {
            return Err(io::Error::other(format!(
                "{WAITING_MAX} reports wait in {} already",
                folder.display()
            )));
        }
        let name = format!("{:015}-{suffix}-{}.json", self.at_ms, self.signal.word());
        state_file::replace(folder, &name, &serde_json::to_vec(self).map_err(io::Error::from)?)?;
        Ok(folder.join(name))
    }
}

/// The reports of a folder, oldest first, each as far as it can be read.
pub fn list(folder: &Path) -> Vec<(PathBuf, io::Result<KeptReport>)> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let is_report = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "json");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(is_report).collect();
    paths.sort();
    paths.truncate(AT_ONCE);
    let read = |path: &Path| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let bytes = state_file::read(folder, name, 2 * BODY_BYTES_MAX)?.unwrap_or_default();
        serde_json::from_slice(&bytes).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
    };
    let with_content = |path: PathBuf| {
        let kept = read(&path);
        (path, kept)
    };
    paths.into_iter().map(with_content).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_is_read_back_oldest_first() {
        let folder = tempfile::tempdir().unwrap();
        let kept = |at_ms| KeptReport {
            job: CheckId::new("s.c.notturno").unwrap(),
            signal: Signal::Success,
            at_ms,
            report: Report { bytes: Some(1), ..Report::default() },
        };
        for (at_ms, suffix) in [(20, 7), (3, 7), (20, 8)] {
            kept(at_ms).write(folder.path(), suffix).unwrap();
        }
        let read: Vec<_> = list(folder.path()).into_iter().map(|(_, kept)| kept.unwrap()).collect();
        assert_eq!(read, [kept(3), kept(20), kept(20)]);
        assert_eq!(kept(5).aged(65).report.age_ms, Some(60));
        assert_eq!(kept(5).aged(1).report.age_ms, Some(0), "a clock set back");
    }
}
