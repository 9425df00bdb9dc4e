//! Hosts that answer echo requests, do not, and are cut off by a router, each seen for what it is.

use collector::publish::api::State;
use harness::Place;
use harness::network::Network;

/// Is root's ICMP socket a raw one? On an unprivileged one the kernel keeps a router's word to itself.
fn hears_routers() -> bool {
    let range = std::fs::read_to_string("/proc/sys/net/ipv4/ping_group_range").unwrap();
    let mut range = range.split_whitespace().map(|group| group.parse::<u64>().unwrap());
    let (first, last) = (range.next().unwrap(), range.next().unwrap());
    first > 0 || last < first
}

#[test]
fn a_host_is_reached_silent_or_cut_off() {
    let Some(network) = Network::lay() else { return };
    let [prohibited, unreachable, dropped] = network.route();
    let check = |name: &str, host: std::net::Ipv4Addr| {
        format!(
            "      {name}: {{probe: icmp, targets: {{uno: {host}}}, packets: 1, every: 4s, timeout: 1800ms, attempts: 1}}\n"
        )
    };
    let place = Place::running(&format!(
        "  rete:\n    users: [uffici]\n    components:\n{}{}{}{}",
        check("presente", network.there),
        check("vietato", prohibited),
        check("assente", unreachable),
        check("ingoiato", dropped),
    ));
    place.until_component("presente", State::Up, None);
    let word = |reason: &'static str| Some(if hears_routers() { reason } else { "icmp.no_reply" });
    place.until_component("vietato", State::Down, word("connect.admin_prohib"));
    place.until_component("assente", State::Down, word("connect.host_unreach"));
    place.until_component("ingoiato", State::Down, Some("icmp.no_reply"));
    network.mute(true);
    place.until_component("presente", State::Down, Some("icmp.no_reply"));
    network.mute(false);
    place.until_component("presente", State::Up, None);
}
