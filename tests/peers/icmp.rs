//! Addresses that answer an echo, and one that cannot be reached.

use crate::situation::Situation;

const UP: (&str, &str) = ("up", "none");

pub(crate) fn situations() -> Vec<Situation> {
    vec![made("an address that answers", "127.0.0.1", "ip4"), made("one of IPv6", "::1", "ip6")]
}

fn made(name: &'static str, address: &str, protocol: &str) -> Situation {
    Situation {
        name,
        ours: "probe: icmp, packets: 2".to_owned(),
        target: address.to_owned(),
        theirs: format!("prober: icmp, icmp: {{preferred_ip_protocol: {protocol}}}"),
        their_target: address.to_owned(),
        says: UP,
        they_say: true,
        why: "",
        authority: None,
        _peer: Box::new(()),
    }
}
