//! Which addresses a probe may dial: `allowed_targets` of `agent.yaml`.
//!
//! The collector decides what is probed, so a stolen collector must not turn its agents into a door
//! to their own hosts or to a cloud's metadata service. The address that is dialled is checked,
//! after resolving: a name proves nothing.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use thiserror::Error;

/// An address with a number of leading bits that count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Network {
    address: IpAddr,
    prefix: u8,
}

/// Where probes may go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllowedTargets {
    /// Empty: everything that [`is_forbidden_by_default`] does not name.
    networks: Vec<Network>,
}

/// A text is not a network.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{0}` in allowed_targets is not a network; write it as `10.0.0.0/8` or `2001:db8::/32`")]
pub struct NotANetwork(String);

impl AllowedTargets {
    /// Reads networks in CIDR notation; an address alone is a network of one.
    pub fn parse(texts: &[String]) -> Result<Self, NotANetwork> {
        let networks = texts
            .iter()
            .map(|text| Network::parse(text).ok_or_else(|| NotANetwork(text.clone())))
            .collect::<Result<_, _>>()?;
        Ok(Self { networks })
    }

    /// May a probe dial this address? An IPv4 address inside an IPv6 one is judged as what it is.
    pub fn permits(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        if self.networks.is_empty() {
            !is_forbidden_by_default(address)
        } else {
            self.networks.iter().any(|network| network.contains(address))
        }
    }
}

impl Network {
    fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = match text.trim().split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text.trim(), None),
        };
        let address: IpAddr = address.parse().ok()?;
        let bits = if address.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.map_or(Some(bits), |prefix| prefix.parse().ok())?;
        (prefix <= bits).then_some(Self { address, prefix })
    }

    fn contains(&self, address: IpAddr) -> bool {
        // Shifting by all bits is no shift, hence checked_shr: a prefix of 0 contains everything.
        match (self.address, address) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                let differ = network.to_bits() ^ address.to_bits();
                differ.checked_shr(32 - u32::from(self.prefix)).unwrap_or(0) == 0
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                let differ = network.to_bits() ^ address.to_bits();
                differ.checked_shr(128 - u32::from(self.prefix)).unwrap_or(0) == 0
            }
            _ => false,
        }
    }
}

/// The metadata services of clouds that are not link-local.
const METADATA_V6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);
const METADATA_V4: Ipv4Addr = Ipv4Addr::new(100, 100, 100, 200);

/// Loopback, link-local (169.254.169.254 is), metadata and unspecified addresses (Linux dials those as loopback).
fn is_forbidden_by_default(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_loopback() || v4.is_link_local() || v4.octets()[0] == 0 || v4 == METADATA_V4,
        IpAddr::V6(v6) => {
            v6.is_loopback() || v6.is_unicast_link_local() || v6.is_unspecified() || v6 == METADATA_V6
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn permits(networks: &[&str], address: &str) -> bool {
        let networks: Vec<String> = networks.iter().map(|&text| text.to_owned()).collect();
        AllowedTargets::parse(&networks).unwrap().permits(address.parse().unwrap())
    }

    #[test]
    fn by_default_everything_but_the_agents_own_surroundings() {
        for good in ["10.0.0.1", "192.168.1.1", "203.0.113.7", "2001:db8::1", "fd00::1", "::ffff:10.0.0.1"] {
            assert!(permits(&[], good), "{good}");
        }
        for bad in [
            "127.0.0.1",
            "127.8.8.8",
            "169.254.169.254",
            "169.254.1.1",
            "0.0.0.0",
            "0.1.2.3",
            "100.100.100.200",
            "::1",
            "::",
            "fe80::1",
            "fd00:ec2::254",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
        ] {
            assert!(!permits(&[], bad), "{bad}");
        }
    }

    #[test]
    fn a_list_replaces_the_default() {
        for (networks, address, expected) in [
            (&["127.0.0.0/8"][..], "127.0.0.1", true),
            (&["127.0.0.0/8"], "::ffff:127.0.0.1", true),
            (&["127.0.0.0/8"], "10.0.0.1", false),
            (&["10.1.0.0/16", "10.2.3.4"], "10.1.255.255", true),
            (&["10.1.0.0/16", "10.2.3.4"], "10.2.3.4", true),
            (&["10.1.0.0/16", "10.2.3.4"], "10.2.3.5", false),
            (&["0.0.0.0/0"], "203.0.113.7", true),
            (&["0.0.0.0/0"], "2001:db8::1", false),
            (&["::/0"], "2001:db8::1", true),
            (&["2001:db8::/33"], "2001:db8:8000::", false),
            (&["::1"], "::1", true),
        ] {
            assert_eq!(permits(networks, address), expected, "{networks:?} {address}");
        }
    }

    #[test]
    fn what_is_not_a_network_is_named() {
        for bad in ["", "10.0.0.0/33", "10.0.0/8", "::/129", "host/8", "10.0.0.0/-1", "10.0.0.0/"] {
            assert_eq!(AllowedTargets::parse(&[bad.to_owned()]), Err(NotANetwork(bad.to_owned())));
        }
    }
}
