//! How this process, its disk and its clock are: read where the kernel tells it, at each question.
//!
//! The clock is judged by the agents whose own clocks NTP bounds: the collector asks no time server. Where no such
//! agent delivers, nobody contradicts it, and nothing is said.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use collector_derive::CLOCK_ERROR_MAX_MS;
use nix::sys::resource::{Resource, UsageWho, getrlimit, getrusage};
use nix::sys::statvfs::statvfs;
use nix::sys::time::TimeValLike as _;

use super::outward::Outlet;
use crate::declare::say;
use crate::ingest::Newest;
use crate::operator::Said;
use crate::publish::format::bytes;
use crate::publish::{Lang, OutletFacts, ProcessFacts, ReloadFacts, StoreFacts};

/// The store, its log and the log's index.
const FILES: [&str; 3] = ["store.sqlite", "store.sqlite-wal", "store.sqlite-shm"];
/// Less of the disk is too little, percent, if it is also less than [`FREE_BYTES_MIN`].
const FREE_PERCENT_MIN: u64 = 10;
/// Several years of a store with hundreds of checks: whoever has that, on however large a disk, has room.
const FREE_BYTES_MIN: u64 = 2 << 30;
/// Who was heard of longer ago says nothing of the clock now, ms.
const HEARD_MS: i64 = 15 * 60_000;
/// Whose clock NTP bounds no better than this judges nobody, ms.
const NTP_ERROR_MAX_MS: u64 = 1_000;

/// What is known of the process beside what the kernel tells.
#[derive(Debug)]
pub(super) struct Watch {
    state: PathBuf,
    started_ms: i64,
    loaded_ms: AtomicI64,
    outlets: Vec<Arc<Outlet>>,
}

impl Watch {
    /// Of a collector that has just read its configuration.
    pub(super) fn new(state: &Path, now_ms: i64, outlets: Vec<Arc<Outlet>>) -> Self {
        Self { state: state.to_owned(), started_ms: now_ms, loaded_ms: AtomicI64::new(now_ms), outlets }
    }

    /// A configuration was read without an error.
    pub(super) fn loaded(&self, now_ms: i64) {
        self.loaded_ms.store(now_ms, Ordering::Relaxed);
    }

    /// The configuration, of which `is_refused` says whether the newest was not taken.
    pub(super) fn reload(&self, is_refused: bool) -> ReloadFacts {
        ReloadFacts { successful: !is_refused, success_ms: self.loaded_ms.load(Ordering::Relaxed) }
    }

    /// The running process.
    pub(super) fn process(&self) -> ProcessFacts {
        let cpu = getrusage(UsageWho::RUSAGE_SELF).ok();
        #[expect(clippy::cast_precision_loss, reason = "seconds for a metric; exact below 285 years")]
        let cpu_seconds = cpu.map(|cpu| {
            (cpu.user_time().num_microseconds() + cpu.system_time().num_microseconds()) as f64 / 1e6
        });
        let fds = fs::read_dir("/proc/self/fd").ok().map(|listed| listed.count() as u64);
        ProcessFacts {
            resident_bytes: fs::read_to_string("/proc/self/status").ok().and_then(|status| resident(&status)),
            cpu_seconds,
            // One of them is the list itself.
            open_fds: fds.map(|count| count.saturating_sub(1)),
            max_fds: getrlimit(Resource::RLIMIT_NOFILE).ok().map(|(soft, _)| soft),
            started_ms: Some(self.started_ms),
        }
    }

    /// The store's files and their file system.
    pub(super) fn store(&self) -> StoreFacts {
        let length = |name: &&str| Some(fs::metadata(self.state.join(name)).ok()?.len());
        let known: Vec<u64> = FILES.iter().filter_map(length).collect();
        let free_of_bytes = statvfs(&self.state).ok().map(|of| {
            let bytes = |blocks: u64| blocks.saturating_mul(of.fragment_size());
            (bytes(of.blocks_available()), bytes(of.blocks()))
        });
        StoreFacts { bytes: (!known.is_empty()).then(|| known.iter().sum()), free_of_bytes }
    }

    /// Ways out.
    pub(super) fn outlets(&self) -> Vec<OutletFacts> {
        self.outlets.iter().map(|outlet| outlet.facts()).collect()
    }

    /// Why there is too little room for what comes; `None` while there is enough, or nobody knows.
    pub(super) fn disk_is_short(&self) -> Option<Said> {
        short(self.store().free_of_bytes?)
    }
}

/// `VmRSS:     18432 kB` of /proc/self/status, in bytes.
fn resident(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kilobytes.checked_mul(1024)
}

fn short((free, all): (u64, u64)) -> Option<Said> {
    let percent = u64::try_from(u128::from(free) * 100 / u128::from(all.max(1))).unwrap_or(100);
    let is_short = all > 0 && percent < FREE_PERCENT_MIN && free < FREE_BYTES_MIN;
    is_short.then(|| {
        let [en, it] = [Lang::En, Lang::It].map(|lang| bytes(free, lang));
        say!(
            "{en} of the disk with the state directory are free, {percent}% of it: make room before samples are refused",
            "sul disco della cartella di stato sono liberi {it}, il {percent}%: fai spazio prima che le misure siano rifiutate"
        )
    })
}

/// Why the collector's clock is not believed: most agents whose own clocks NTP bounds disagree with it.
pub(super) fn clock_is_wrong<'a>(heard: impl Iterator<Item = &'a Newest>, now_ms: i64) -> Option<Said> {
    let (mut judges, mut accusers): (u32, Vec<i64>) = (0, Vec::new());
    for Newest { received_ms, clock } in heard {
        let ntp_error_ms = clock.ntp_error_ms.checked_sub(1).filter(|error_ms| *error_ms <= NTP_ERROR_MAX_MS);
        let Some(ntp_error_ms) = ntp_error_ms.filter(|_| clock.rtt_ms > 0) else { continue };
        if now_ms.saturating_sub(*received_ms) > HEARD_MS {
            continue;
        }
        judges += 1;
        let proven_ms =
            clock.offset_ms.unsigned_abs().saturating_sub(clock.rtt_ms.div_ceil(2) + ntp_error_ms);
        if proven_ms > CLOCK_ERROR_MAX_MS {
            accusers.push(clock.offset_ms);
        }
    }
    let accusing = u32::try_from(accusers.len()).unwrap_or(u32::MAX);
    if accusing.saturating_mul(2) <= judges {
        return None;
    }
    accusers.sort_unstable();
    let seconds = accusers.get(accusers.len() / 2)? / 1000;
    Some(say!(
        "the collector's clock is off by {seconds} s, as {accusing} of {judges} agents with a clock bounded by NTP say: see `timedatectl`",
        "l'orologio del collettore è sbagliato di {seconds} s, come dicono {accusing} sonde su {judges} con l'orologio regolato da NTP: vedi `timedatectl`"
    ))
}

#[cfg(test)]
mod tests {
    use collector_api::ClockReading;

    use super::*;

    #[test]
    fn resident_memory_is_read_in_bytes() {
        assert_eq!(resident("Name:\tvedetta\nVmRSS:\t   18432 kB\nThreads:\t3\n"), Some(18_432 * 1024));
        for odd in ["", "VmRSS:\t18432\n", "VmRSS:\tmuch kB\n", "VmRSS:\t18446744073709551615 kB\n"] {
            assert_eq!(resident(odd), None, "{odd}");
        }
    }

    #[test]
    fn a_tenth_of_the_disk_must_be_free_or_what_years_take() {
        const GIB: u64 = 1 << 30;
        for (free, all, is_short) in [
            (GIB, 10 * GIB, false),
            (GIB - 1, 10 * GIB, true),
            (0, 10 * GIB, true),
            (0, 0, false),
            (2 * GIB, 252 * GIB, false),
            (2 * GIB - 1, 252 * GIB, true),
            (u64::MAX, u64::MAX, false),
        ] {
            assert_eq!(short((free, all)).is_some(), is_short, "{free} of {all}");
        }
        let said = short((GIB / 2, 10 * GIB)).unwrap();
        assert!(said.it.contains("sono liberi 536 MB, il 5%"), "{said:?}");
    }

    fn heard(offset_ms: i64, rtt_ms: u64, ntp_error_ms: u64, ago_ms: i64) -> Newest {
        Newest {
            received_ms: 1_000_000 - ago_ms,
            clock: ClockReading { sent_ms: 0, offset_ms, rtt_ms, ntp_error_ms },
        }
    }

    #[track_caller]
    fn check(heard: &[Newest], expected: Option<&str>) {
        let said = clock_is_wrong(heard.iter(), 1_000_000);
        match expected {
            None => assert_eq!(said.map(|said| said.en), None),
            Some(part) => assert!(said.as_ref().is_some_and(|said| said.en.contains(part)), "{said:?}"),
        }
    }

    #[test]
    fn the_clock_is_wrong_when_most_agents_with_a_good_one_say_so() {
        let (right, wrong) = (heard(-12, 3, 21, 0), heard(61_000, 4, 11, 0));
        check(&[], None);
        check(&[right], None);
        check(&[wrong], Some("off by 61 s, as 1 of 1 agents"));
        check(&[wrong, right], None);
        check(&[wrong, right, wrong], Some("2 of 3"));
        // Whose clock nothing bounds, who was not heard of for long, whose exchange took as long: no judges.
        check(&[heard(61_000, 4, 0, 0), right], None);
        check(&[heard(61_000, 4, 5_001, 0)], None);
        check(&[heard(61_000, 4, 11, HEARD_MS + 1)], None);
        check(&[heard(61_000, 0, 11, 0)], None);
        check(&[heard(6_000, 2_400, 11, 0)], None);
    }

    #[test]
    fn what_the_kernel_tells_of_this_process_is_plausible() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("store.sqlite"), [0; 300]).unwrap();
        fs::write(folder.path().join("store.sqlite-wal"), [0; 20]).unwrap();
        let watch = Watch::new(folder.path(), 5, Vec::new());
        let (process, store) = (watch.process(), watch.store());
        assert!(process.resident_bytes.is_some_and(|bytes| bytes > 1 << 20), "{process:?}");
        assert!(process.cpu_seconds.is_some() && process.started_ms == Some(5), "{process:?}");
        assert!(
            process.open_fds.unwrap() >= 3 && process.max_fds.unwrap() > process.open_fds.unwrap(),
            "{process:?}"
        );
        assert_eq!(store.bytes, Some(320));
        assert!(store.free_of_bytes.is_some_and(|(free, all)| free <= all && all > 0), "{store:?}");
        assert_eq!(watch.reload(true), ReloadFacts { successful: false, success_ms: 5 });
        watch.loaded(9);
        assert_eq!(watch.reload(false), ReloadFacts { successful: true, success_ms: 9 });
    }
}
