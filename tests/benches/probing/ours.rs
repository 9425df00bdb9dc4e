//! Our side: one agent, one collector.

use std::time::Duration;

use collector_api::Verdict;
use harness::Place;

use crate::Round;
use crate::load::Load;
use crate::process::{cpu_s, peak_kib};

/// Until every check has run once and the first connections stand.
const WARM_UP: Duration = Duration::from_secs(3);

pub(crate) fn round(load: &Load) -> Round {
    let mut place = Place::served_with(&load.files(), &load.services());
    for (name, secret, origin) in load.secrets() {
        place.entrust(name, secret, &origin);
    }
    place.start_agent();
    std::thread::sleep(WARM_UP + Duration::from_secs(u64::from(load.every_s)));
    place.until_delivered();
    let (agent, collector) = place.pids();
    let (agent_s, collector_s) = (cpu_s(agent), cpu_s(collector));
    let from_ms = place.now().now_ms;
    std::thread::sleep(Duration::from_secs(u64::from(load.seconds)));
    let until_ms = place.now().now_ms;
    let (prober_s, taker_s) = (cpu_s(agent) - agent_s, cpu_s(collector) - collector_s);
    let (prober_kib, taker_kib) = (peak_kib(agent), peak_kib(collector));
    place.until_delivered();
    place.take_agent().terminate();
    let samples = place.stream().samples;
    let of_window = || samples.iter().filter(|sample| (from_ms..until_ms).contains(&sample.at_ms));
    let false_ones = of_window().filter(|sample| !matches!(sample.verdict, Verdict::Up | Verdict::Degraded));
    let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
    Round {
        probes: count(of_window().count()),
        false_ones: count(false_ones.count()),
        prober_s,
        taker_s,
        prober_kib,
        taker_kib,
    }
}
