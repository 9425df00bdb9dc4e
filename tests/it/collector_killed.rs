//! Collector killed at random instants under load: what was acknowledged is there, nothing is there twice.
//!
//! `VEDETTA_KILLS` is how often, 10 unless given; the campaign before a release is 200.

use std::time::Duration;

use collector::publish::api::State;
use harness::binaries::setting;
use harness::ports::random_below;
use harness::{Place, Target, eventually};

const KILLS_DEFAULT: u64 = 10;
const TARGETS: usize = 40;

#[test]
fn acknowledged_samples_are_all_there_and_none_twice() {
    let kills = setting("VEDETTA_KILLS").map_or(KILLS_DEFAULT, |kills| kills.parse().unwrap());
    let target = Target::opened();
    let targets: Vec<String> = (0..TARGETS).map(|n| format!("t{n}: \"{}\"", target.address())).collect();
    let mut place = Place::running(&format!(
        "  rete:\n    users: [uffici]\n    components:\n      \
         porta: {{probe: tcp, up_if: any, targets: {{{}}}, every: 200ms, timeout: 150ms, attempts: 1}}",
        targets.join(", "),
    ));
    place.until(State::Up);
    for kill in 1..=kills {
        // Under load: this collector has had a batch, and is killed somewhere around the next ones.
        let mark = place.stream().mark;
        eventually("the collector accepts", || (place.stream().mark > mark).then_some(()));
        std::thread::sleep(Duration::from_micros(random_below(400_000)));
        place.take_collector().kill();
        // Read after the kill: the agent cannot be told of more than this any more.
        let (acked, mark) = (place.agent_status().acked_seq, place.stream().mark);
        assert!(acked <= mark, "kill {kill}: {acked} was acknowledged, {mark} is stored");
        place.start_collector();
    }
    place.until_delivered();
    place.assert_verifies();
    let acked = place.agent_status().acked_seq;
    assert!(acked <= place.stream().mark);
    assert_eq!(place.stream().lost, 0);
    place.take_agent().terminate();
    place.take_collector().terminate();
    let stream = place.stream();
    assert_eq!(stream.mark, place.agent_status().durable_seq, "the agent's last act is to deliver");
    place.assert_rebuilds();
    place.assert_verifies();
}
