//! URLs that the collector itself asks, or that people open: what of them decides where a secret goes.

use std::net::IpAddr;

use crate::HostPort;

/// A URL that can be asked, as far as it matters here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Link {
    pub(super) is_https: bool,
    pub(super) host: String,
    /// Is there a user or password before the host?
    pub(super) has_user: bool,
}

impl Link {
    /// `None` for what is no `http://` or `https://` URL with a host, of ASCII without spaces and `#`.
    pub(super) fn of(text: &str) -> Option<Self> {
        let (is_https, rest, port) = match text.strip_prefix("https://") {
            Some(rest) => (true, rest, 443),
            None => (false, text.strip_prefix("http://")?, 80),
        };
        let sound = text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#');
        let authority = rest.split(['/', '?']).next().filter(|_| sound)?;
        let (user, address) = match authority.rsplit_once('@') {
            Some((user, address)) => (Some(user), address),
            None => (None, authority),
        };
        let HostPort { host, .. } = HostPort::parse(address, Some(port))?;
        Some(Self { is_https, host, has_user: user.is_some() })
    }

    /// What leaves this machine leaves it encrypted.
    pub(super) fn hides(&self) -> bool {
        self.is_https || is_loopback(&self.host)
    }
}

/// Is it this machine?
pub(super) fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_hides_a_secret_is_told_apart() {
        for (text, hides) in [
            ("https://relay.example/x?a=1", Some(true)),
            ("http://relay.example/", Some(false)),
            ("http://127.0.0.1:8080/x", Some(true)),
            ("http://[::1]:8080/x", Some(true)),
            ("http://localhost/x", Some(true)),
            ("http://localhost.example/x", Some(false)),
            ("http://127.0.0.1@relay.example/x", Some(false)),
            ("ftp://relay.example/", None),
            ("https:///x", None),
            ("https://a b/", None),
            ("https://a.example/#x", None),
        ] {
            assert_eq!(Link::of(text).map(|link| link.hides()), hides, "{text}");
        }
        assert!(Link::of("https://me:pass@a.example/").is_some_and(|link| link.has_user));
    }
}
