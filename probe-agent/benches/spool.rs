//! What durability costs: groups appended to the spool, beside bare fdatasyncs in the same run.
//!
//! `cargo bench -p probe-agent --bench spool [-- DIRECTORY]`. Without a directory, one beside the build's
//! own: a temporary one may be memory, where a sync costs nothing and proves nothing.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::fs::OpenOptions;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use collector_api::{Reason, Verdict};
use probe_agent::sample::Sample;
use probe_agent::spool::{Draft, Log, LogOptions, ReadLimits, SEGMENT_BYTES};

const ROUNDS: u32 = 5;
const SYNCS: u32 = 400;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let named = std::env::args().skip(1).find(|argument| !argument.starts_with('-')).map(PathBuf::from);
    let home =
        tempfile::tempdir_in(named.as_deref().unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR"))))?;
    println!("{SYNCS} syncs a round, median of {ROUNDS} rounds, interleaved, in {}", home.path().display());
    println!(
        "{:>18} {:>12} {:>12} {:>14} {:>8}",
        "samples a group", "groups/s", "fdatasync/s", "samples/s", "ratio"
    );
    for samples in [1_u32, 8, 100, 1_000] {
        let draft = group(samples);
        let bytes = draft.frames_length();
        let (mut groups, mut syncs) = (Vec::new(), Vec::new());
        for round in 0..ROUNDS {
            groups.push(append(&home.path().join(format!("spool-{samples}-{round}")), &draft)?);
            syncs.push(bare(&home.path().join("bare"), bytes)?);
        }
        let (groups, syncs) = (per_second(&mut groups), per_second(&mut syncs));
        let rate = groups * f64::from(samples);
        println!("{samples:>18} {groups:>12.0} {syncs:>12.0} {rate:>14.0} {:>8.2}", groups / syncs);
    }
    read_back(&home.path().join("read"))?;
    Ok(())
}

/// Groups as the agent appends them.
fn append(directory: &Path, draft: &Draft) -> Result<Duration, Box<dyn std::error::Error>> {
    let mut log = open(directory)?;
    let began = Instant::now();
    for _ in 0..SYNCS {
        log.append(draft)?;
    }
    Ok(began.elapsed())
}

/// The same bytes to an allocated file, with nothing around them.
fn bare(path: &Path, bytes: usize) -> std::io::Result<Duration> {
    let file = OpenOptions::new().create(true).truncate(true).write(true).open(path)?;
    nix::fcntl::posix_fallocate(&file, 0, i64::try_from(bytes * SYNCS as usize).unwrap_or(i64::MAX))?;
    file.sync_all()?;
    let piece = vec![0x5a; bytes];
    let began = Instant::now();
    for index in 0..SYNCS as usize {
        file.write_all_at(&piece, (index * bytes) as u64)?;
        file.sync_data()?;
    }
    Ok(began.elapsed())
}

/// What push pays to read and chain a backlog.
fn read_back(directory: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let mut log = open(directory)?;
    let draft = group(100);
    for _ in 0..2_000 {
        log.append(&draft)?;
    }
    let began = Instant::now();
    let mut records = 0;
    while let Some(sent) = log.outgoing(ReadLimits { bytes: 512 << 10, records: 5_000 })? {
        records += sent.last_seq + 1 - sent.first_seq;
        log.acknowledge(&sent);
    }
    let rate = f64::from(u32::try_from(records)?) / began.elapsed().as_secs_f64();
    println!("a backlog of {records} records is read, checked and chained at {rate:.0} records/s");
    Ok(())
}

fn open(directory: &Path) -> Result<Log<probe_agent::spool::Directory>, Box<dyn std::error::Error>> {
    std::fs::create_dir_all(directory)?;
    let options = LogOptions {
        bytes_max: 1 << 30,
        segment_bytes: SEGMENT_BYTES,
        version: String::new(),
        boot_id: String::new(),
    };
    Ok(Log::open_directory(directory.to_owned(), options, 0)?)
}

fn group(samples: u32) -> Draft {
    let mut draft = Draft::default();
    for check in 0..samples {
        draft.add_sample(&Sample {
            check,
            revision: 1,
            slot_ms: 1_800_000_000_000 + i64::from(check) * 7,
            lag_ms: 1,
            verdict: Verdict::Up,
            reason: Reason::None,
            duration_micros: 1_234,
            evidence: None,
            changed: false,
        });
    }
    draft
}

/// Syncs a second in the median round.
fn per_second(rounds: &mut [Duration]) -> f64 {
    rounds.sort_unstable();
    f64::from(SYNCS) / rounds[rounds.len() / 2].as_secs_f64()
}
