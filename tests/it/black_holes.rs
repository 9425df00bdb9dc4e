//! Five hundred targets that swallow every connection beside fifty healthy ones, and few descriptors: the
//! healthy are asked on time, and nothing is said of anybody that was not seen.

use std::collections::BTreeMap;

use collector_api::Verdict;
use harness::target::BlackHole;
use harness::{Place, Target, eventually};

const DEAD: usize = 500;
const HEALTHY: usize = 50;

#[test]
fn the_dead_do_not_starve_the_healthy() {
    let hole = BlackHole::dug();
    let target = Target::opened();
    let named = |name: &str, count: usize, address: String| {
        let targets: Vec<String> = (0..count).map(|n| format!("{name}{n}: \"{address}\"")).collect();
        targets.join(", ")
    };
    let services = format!(
        "  rete:\n    users: [uffici]\n    components:\n      \
         sani: {{probe: tcp, targets: {{{}}}, every: 2s, timeout: 1500ms, attempts: 1}}\n      \
         morti: {{probe: tcp, up_if: any, targets: {{{}}}, every: 8s, timeout: 1s, attempts: 1}}",
        named("s", HEALTHY, target.address().to_string()),
        named("m", DEAD, hole.address().to_string()),
    );
    let few_descriptors = ["sh", "-c", "ulimit -n 256; exec \"$@\"", "sh"].map(str::to_owned).to_vec();
    let mut place = Place::served_at("127.0.0.1", few_descriptors, &services);
    place.start_agent();

    eventually("the first batch is there", || (place.agent_status().acked_seq > 0).then_some(()));
    let by_check = |place: &Place| {
        let mut by_check: BTreeMap<String, Vec<_>> = BTreeMap::new();
        for sample in place.stream().samples {
            by_check.entry(sample.check.clone()).or_default().push(sample);
        }
        by_check
    };
    let seen = eventually("every one has been asked three times", || {
        let seen = by_check(&place);
        (seen.len() == DEAD + HEALTHY && seen.values().all(|samples| samples.len() >= 3)).then_some(seen)
    });
    for (check, samples) in &seen {
        if check.starts_with("rete.sani.") {
            // A slot that could not start in its first half would be here as `agent.overload_skipped`.
            assert!(samples.iter().all(|sample| sample.verdict == Verdict::Up), "{check}: {samples:?}");
            let late = samples.windows(2).any(|two| two[1].at_ms - two[0].at_ms > 3_000);
            assert!(!late, "a slot of {check} is missing: {samples:?}");
            continue;
        }
        // Down is what was seen; what could not be asked in time is unknown. No other reason: not a
        // descriptor, not the agent's own network, nothing internal.
        for sample in samples {
            let told = (sample.verdict, sample.reason);
            let seen = told == (Verdict::Down, "connect.timeout");
            assert!(seen || told == (Verdict::Unknown, "agent.overload_skipped"), "{check}: {sample:?}");
        }
        assert!(samples.iter().any(|sample| sample.verdict == Verdict::Down), "{check}: {samples:?}");
    }
    place.assert_verifies();
}
