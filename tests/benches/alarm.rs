//! From a service's end to the mail about it, and what everything that takes costs: our agent and collector beside
//! `blackbox_exporter`, Prometheus and Alertmanager, in one run.
//!
//! `cargo build --release -p collector -p probe-agent --bins`, then
//! `VEDETTA_BIN_DIR=target/release cargo bench -p tests --bench alarm`. Two hundred tcp checks every second; twenty of
//! them, services of their own, end one after the other, at another part of the second each. Both sides mail when two
//! samples in a row failed, without waiting for company, to the same kind of relay: what is measured is what the
//! machinery adds to a mean of a second and a half. Memory is each process's peak over the whole run.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]
#![expect(clippy::unwrap_used, reason = "a benchmark fails by panicking, as the stories do")]

#[path = "alarm/ours.rs"]
mod ours;
#[path = "alarm/peers.rs"]
mod peers;
#[path = "probing/process.rs"]
mod process;

use std::time::{Duration, Instant};

use harness::smtp_sink::SmtpSink;
use harness::{Target, eventually};
use process::{cpu_s, peak_kib};

/// Checks that are up throughout.
const STEADY: usize = 180;
/// Checks that end.
const ENDING: usize = 20;
/// Until every check has run, and the first connections stand.
const WARM_UP: Duration = Duration::from_secs(10);

/// What both sides watch, and whom they tell.
pub(crate) struct Stage {
    /// One address, many checks.
    pub(crate) steady: Target,
    pub(crate) ending: Vec<Target>,
    pub(crate) relay: SmtpSink,
}

/// One process of a side.
pub(crate) struct Process {
    pub(crate) name: &'static str,
    pub(crate) pid: u32,
}

impl Stage {
    fn set() -> Self {
        let ending = (0..ENDING).map(|_| Target::opened()).collect();
        Self { steady: Target::opened(), ending, relay: SmtpSink::start() }
    }

    /// Ends one service after the other; how long the mail about each took, and tells it with what the side took.
    fn tell(mut self, side: &str, processes: &[Process]) -> f64 {
        std::thread::sleep(WARM_UP);
        let began = Instant::now();
        let before: Vec<f64> = processes.iter().map(|process| cpu_s(process.pid)).collect();
        let mut waited = Vec::new();
        for (n, target) in (1_u32..).zip(&mut self.ending) {
            // Another part of the second each, the same for both sides.
            std::thread::sleep(Duration::from_millis(u64::from(n * 370 % 1_000)));
            let already = self.relay.received().len();
            let ended = Instant::now();
            target.close();
            let mail = eventually("a mail about it", || self.relay.received().get(already).cloned());
            waited.push(mail.at.saturating_duration_since(ended).as_secs_f64());
            target.open();
        }
        waited.sort_by(f64::total_cmp);
        let seconds = began.elapsed().as_secs_f64();
        let kib: u64 = processes.iter().map(|process| peak_kib(process.pid)).sum();
        let median = waited[waited.len() / 2];
        println!(
            "{side:<10} to the mail: median {median:.2} s [{:.2} to {:.2}]; {:.1} MiB",
            waited[0],
            waited[waited.len() - 1],
            mib(kib),
        );
        for (process, before) in processes.iter().zip(before) {
            let cpu = (cpu_s(process.pid) - before) * 100.0 / seconds;
            println!(
                "{:>24} {:>6.1} MiB {cpu:>6.2} % of a processor",
                process.name,
                mib(peak_kib(process.pid))
            );
        }
        mib(kib)
    }
}

fn mib(kib: u64) -> f64 {
    f64::from(u32::try_from(kib).unwrap_or(u32::MAX)) / 1024.0
}

fn main() {
    println!("{} tcp checks every second, {ENDING} of them end\n", STEADY + ENDING);
    let ours = ours::run(Stage::set());
    if let Some(theirs) = peers::run(Stage::set()) {
        println!("\n{:.1} times less memory", theirs / ours);
    } else {
        println!("\nthe peers are not installed");
    }
}
