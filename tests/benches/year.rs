//! What a year's figures cost: ours beside Prometheus and victoria-metrics, on the same year in the same run.
//!
//! `cargo build --release -p collector -p probe-agent --bins`, then
//! `VEDETTA_BIN_DIR=target/release cargo bench -p tests --bench year -- [CHECKS]` with CHECKS a multiple of 8 (200).
//! A year of one sample a minute and check goes to all three: to us through the front door, signed and synced; to
//! Prometheus as blocks by promtool, which takes 6 GB of memory and minutes at 200 checks; to victoria-metrics by its
//! import. Each server is started anew before it is asked, over HTTP. Every figure is compared with a count by brute
//! force of what was sent: "inexact" are those more than a second a year away. A peer that is not installed is left out.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]
#![expect(clippy::unwrap_used, reason = "a benchmark fails by panicking, as the stories do")]

#[path = "year/ask.rs"]
mod ask;
#[path = "year/ours.rs"]
mod ours;
#[path = "year/peers.rs"]
mod peers;
#[path = "probing/process.rs"]
#[expect(dead_code, reason = "this benchmark asks for memory alone")]
mod process;
#[path = "year/world.rs"]
mod world;

use std::time::Duration;

use world::World;

/// What one server took for one kind of figure.
#[derive(Debug)]
pub(crate) struct Answered {
    /// The first answer of a fresh process, and the median of some more, which a peer may keep and tell again.
    pub(crate) first: Duration,
    pub(crate) median: Duration,
    /// How many figures, and how many of them are not what brute force counts.
    pub(crate) figures: usize,
    pub(crate) inexact: usize,
    /// Peak resident memory of the process after it.
    pub(crate) peak_kib: u64,
}

/// One server: the figures of all checks, and of all services with their quorum.
#[derive(Debug)]
pub(crate) struct Measured {
    pub(crate) name: &'static str,
    pub(crate) checks: Answered,
    pub(crate) services: Answered,
    /// On disk, of what availability follows from.
    pub(crate) bytes: u64,
}

fn main() {
    let mut arguments = std::env::args().skip(1).filter(|argument| !argument.starts_with('-'));
    let checks: usize = arguments.next().map_or(200, |text| text.parse().unwrap());
    let world = World::of(checks);
    println!("{checks} checks, {} samples of one year, {} services\n", world.samples(), world.services());
    println!(
        "{:<18} {:>10} {:>11} {:>11} {:>9} {:>9} {:>14}",
        "", "figures of", "first", "median", "inexact", "MiB", "B/check-year"
    );
    // Told one by one: the last peer takes minutes to swallow a year.
    let ours = ours::measure(&world);
    tell(&ours, checks);
    let mut peers = Vec::new();
    for measure in [peers::victoria, peers::prometheus] {
        let measured = measure(&world);
        if let Some(peer) = &measured {
            tell(peer, checks);
        }
        peers.extend(measured);
    }
    for peer in &peers {
        println!(
            "\n{}: first answers, checks {:.0} times our time, services {:.0} times; bytes {:.1} times",
            peer.name,
            ratio(peer.checks.first, ours.checks.first),
            ratio(peer.services.first, ours.services.first),
            float(peer.bytes) / float(ours.bytes),
        );
    }
}

fn tell(measured: &Measured, checks: usize) {
    let Measured { name, bytes, .. } = measured;
    for (what, answered) in [("checks", &measured.checks), ("services", &measured.services)] {
        let Answered { first, median, figures, inexact, peak_kib } = answered;
        println!(
            "{name:<18} {what:>10} {:>8.2} ms {:>8.2} ms {inexact:>4}/{figures:<4} {:>9.1} {:>14.0}",
            first.as_secs_f64() * 1e3,
            median.as_secs_f64() * 1e3,
            float(*peak_kib) / 1024.0,
            float(*bytes) / float(checks as u64),
        );
    }
}

fn ratio(theirs: Duration, ours: Duration) -> f64 {
    theirs.as_secs_f64() / ours.as_secs_f64()
}

#[expect(clippy::cast_precision_loss, reason = "figures for eyes")]
fn float(number: u64) -> f64 {
    number as f64
}
