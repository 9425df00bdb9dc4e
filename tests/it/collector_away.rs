//! Collector away, agent killed with -9 and restarted meanwhile: nothing lost, nothing twice, no false down.

use collector::publish::api::State;
use collector_api::Verdict;
use harness::{Place, Target, eventually};

#[test]
fn what_was_seen_meanwhile_arrives_once() {
    let target = Target::opened();
    let mut place = Place::running(&format!(
        "  rete:\n    users: [uffici]\n    components:\n      \
         porta: {{probe: tcp, targets: {{una: \"{}\"}}, every: 500ms, timeout: 400ms, attempts: 1}}",
        target.address(),
    ));
    place.until(State::Up);
    place.take_collector().terminate();
    let mark = place.stream().mark;

    let written = |place: &Place, more: u64| {
        let from = place.agent_status().durable_seq;
        // More than a start and its dictionary, so that samples are among them.
        eventually("the agent goes on writing", || {
            let durable_seq = place.agent_status().durable_seq;
            (durable_seq >= from + more).then_some(durable_seq)
        })
    };
    let before_the_kill = written(&place, 4);
    place.take_agent().kill();
    place.start_agent();
    let after_it = written(&place, 4);
    assert!(mark < before_the_kill && before_the_kill < after_it);

    place.start_collector();
    eventually("all of it arrives", || (place.stream().mark >= after_it).then_some(()));
    place.assert_verifies();

    // `stream` has seen every number up to the mark once.
    let stream = place.stream();
    assert_eq!((stream.starts.len(), stream.lost), (2, 0));
    // Of the numbers of the time away, two are not samples: the second start, and its dictionary.
    let of_the_time_away =
        stream.samples.iter().filter(|sample| (mark + 1..=after_it).contains(&sample.seq)).count();
    assert_eq!(of_the_time_away as u64, after_it - mark - 2, "{stream:?}");
    assert!(stream.samples.iter().all(|sample| sample.verdict == Verdict::Up), "{:?}", stream.samples);

    let service = place.service_year();
    assert_eq!((service.figure.down_ms, service.outages.len()), (0, 0));
    // Unknown is what no sample speaks for: before the first one, and while the agent was dead for longer
    // than a sample holds.
    let (first, last) = (stream.samples[0].at_ms, stream.samples.last().unwrap().at_ms);
    let held_ms = 1_250;
    let gaps: i64 = stream.samples.windows(2).map(|two| (two[1].at_ms - two[0].at_ms - held_ms).max(0)).sum();
    let seen_ms = u64::try_from(last - first - gaps).unwrap();
    assert!(service.figure.up_ms >= seen_ms, "{} of {seen_ms} ms", service.figure.up_ms);
    place.take_agent().terminate();
    place.take_collector().terminate();
    place.assert_rebuilds();
}
