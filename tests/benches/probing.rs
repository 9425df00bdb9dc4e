//! What probing costs: our agent, delivering, beside a peer in the same run: `blackbox_exporter` under Prometheus, or
//! where that has no such probe the plugin of monitoring-plugins that has, one process per check as Nagios starts it.
//!
//! `cargo build --release -p collector -p probe-agent --bins`, then
//! `VEDETTA_BIN_DIR=target/release cargo bench -p tests --bench probing -- [KIND [CHECKS [EVERY_S [SECONDS]]]]`
//! with KIND one of http, https, tcp, dns, icmp; snmp, snmp3, ntp, smtp. Rounds alternate, both against the same server on this machine.
//! Ours is the agent's CPU with every sample spooled, synced and acknowledged, the collector's beside it;
//! theirs is the exporter's, Prometheus's beside it. A probe that says down is false: the server is up
//! throughout. Of plugins their own CPU is counted and that of what they start, none of whoever starts them and takes
//! their results. Without the peers only ours is measured.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]
#![expect(clippy::unwrap_used, reason = "a benchmark fails by panicking, as the stories do")]

#[path = "probing/load.rs"]
mod load;
#[path = "probing/mail.rs"]
mod mail;
#[path = "probing/ours.rs"]
mod ours;
#[path = "probing/peer.rs"]
mod peer;
#[path = "probing/plugin.rs"]
mod plugin;
#[path = "probing/process.rs"]
mod process;

use load::Load;

const ROUNDS: usize = 3;

/// What one round of one side measured.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Round {
    /// Probes that ended in the window.
    pub(crate) probes: u64,
    /// Of them, those that did not say up.
    pub(crate) false_ones: u64,
    /// The prober's CPU in the window, s.
    pub(crate) prober_s: f64,
    /// Of whatever takes the results, s.
    pub(crate) taker_s: f64,
    /// Peak resident memory, KiB.
    pub(crate) prober_kib: u64,
    /// The same.
    pub(crate) taker_kib: u64,
}

impl Round {
    fn per_10k(self, seconds: f64) -> f64 {
        seconds * 10_000.0 / f64::from(u32::try_from(self.probes.max(1)).unwrap_or(u32::MAX))
    }

    fn tell(self, name: &str) -> (f64, f64) {
        let (prober, taker) = (self.per_10k(self.prober_s), self.per_10k(self.taker_s));
        println!(
            "{name:>10} {:>8} {:>6} {prober:>10.2} {taker:>10.2} {:>9.1} {:>9.1}",
            self.probes,
            self.false_ones,
            mib(self.prober_kib),
            mib(self.taker_kib)
        );
        (prober, prober + taker)
    }
}

fn mib(kib: u64) -> f64 {
    f64::from(u32::try_from(kib).unwrap_or(u32::MAX)) / 1024.0
}

fn main() {
    let arguments: Vec<String> =
        std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let Some(load) = Load::of(&arguments) else { return };
    println!(
        "{} {} checks every {} s, {ROUNDS} rounds of {} s",
        load.checks, load.kind, load.every_s, load.seconds
    );
    println!(
        "{:>10} {:>8} {:>6} {:>10} {:>10} {:>9} {:>9}",
        "", "probes", "false", "CPU s/10k", "taker s/10k", "MiB", "taker MiB"
    );
    let (mut alone, mut whole) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let (ours, ours_whole) = ours::round(&load).tell("vedetta");
        let (name, peer) = match load.plugin() {
            None => ("blackbox", peer::round(&load)),
            Some(plugin) => ("plugin", plugin::round(&load, &plugin)),
        };
        if let Some(peer) = peer {
            let (peer, peer_whole) = peer.tell(name);
            alone.push(peer / ours);
            whole.push((peer_whole / ours, peer_whole / ours_whole));
        }
    }
    alone.sort_by(f64::total_cmp);
    whole.sort_by(|one, other| one.0.total_cmp(&other.0));
    if let (Some(alone), Some((pair, both))) = (alone.get(alone.len() / 2), whole.get(whole.len() / 2)) {
        match load.plugin() {
            None => println!(
                "\n{alone:.1} times less CPU than the exporter alone, {pair:.1} times less than it with Prometheus"
            ),
            Some(plugin) => println!("\n{alone:.1} times less CPU than {}", plugin.name),
        }
        println!("{both:.1} times less when our collector is counted as well (medians)");
    }
}
