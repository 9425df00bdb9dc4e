//! The agent's own network is cut: what it then sees is about itself, and the time is unknown, not down.
//! Unless the path is what is measured: then it is down. And an agent without IPv6 says nothing about IPv6.

use std::net::IpAddr;

use collector::publish::api::State;
use collector_api::Verdict;
use harness::network::Network;
use harness::stored::Sample;
use harness::{Place, Target, eventually};

#[test]
fn the_time_is_unknown_and_nothing_is_down() {
    let Some(network) = Network::lay() else { return };
    let [collector, service] = network.here;
    let target = Target::opened_at(IpAddr::V4(service));
    let services = format!(
        "  rete:\n    users: [uffici]\n    components:\n      \
         porta: {{probe: tcp, targets: {{una: \"{}\"}}, every: 1s, timeout: 400ms, attempts: 1}}\n  \
         uscita:\n    users: [uffici]\n    components:\n      \
         via: {{probe: tcp, targets: {{una: \"{}\"}}, every: 1s, timeout: 400ms, attempts: 1, measures_path: true}}\n  \
         sesta:\n    users: [uffici]\n    components:\n      \
         porta: {{probe: tcp, targets: {{una: \"[2001:db8::1]:443\"}}, every: 1s, timeout: 400ms, attempts: 1}}",
        target.address(),
        target.address(),
    );
    let mut place = Place::served_at(&collector.to_string(), network.inside(), &services);
    let agent = std::fs::read_to_string(place.path("agent.yaml")).unwrap();
    let allowed = agent.replace("10.0.0.0/8", "10.0.0.0/8, \"2001:db8::/32\"");
    std::fs::write(place.path("agent.yaml"), allowed).unwrap();
    place.start_agent();
    place.until(State::Up);
    network.cut();
    let from = place.agent_status().durable_seq;
    eventually("the agent writes what it cannot see", || {
        (place.agent_status().durable_seq >= from + 12).then_some(())
    });
    network.mend();
    eventually("it arrives, and the service is seen again", || {
        let samples = of_the_target(&place);
        let cut = samples.iter().position(|sample| sample.reason == "agent.network_down")?;
        samples[cut..].iter().any(|sample| sample.verdict == Verdict::Up).then_some(())
    });
    let samples = of_the_target(&place);
    assert!(samples.iter().all(|sample| sample.verdict != Verdict::Down), "{samples:?}");
    let year = place.service_year();
    assert_eq!((year.figure.down_ms, year.outages.len()), (0, 0));
    let of_the_path: Vec<_> = samples_of(&place, "uscita.via.una");
    assert!(of_the_path.iter().any(|sample| sample.verdict == Verdict::Down), "{of_the_path:?}");
    assert!(of_the_path.iter().all(|sample| sample.reason != "agent.network_down"), "{of_the_path:?}");
    // The namespace has no IPv6 route, and its canaries answer over IPv4.
    let of_ipv6 = samples_of(&place, "sesta.porta.una");
    assert!(of_ipv6.iter().all(|sample| sample.reason == "agent.network_down"), "{of_ipv6:?}");
    place.assert_verifies();
}

fn of_the_target(place: &Place) -> Vec<Sample> {
    samples_of(place, "rete.porta.una")
}

fn samples_of(place: &Place, check: &str) -> Vec<Sample> {
    place.stream().samples.into_iter().filter(|sample| sample.check == check).collect()
}
