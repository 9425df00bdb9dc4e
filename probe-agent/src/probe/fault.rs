//! What went wrong in an attempt, and which verdict that is.

use std::io;

use collector_api::{Reason, Verdict};
use nix::errno::Errno;

/// Why an attempt is not up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The typed reason.
    pub reason: Reason,
    /// What was seen, for people.
    pub detail: String,
    /// Where it is not the one of the reason.
    verdict: Option<Verdict>,
}

impl Fault {
    /// A fault with what was seen.
    pub fn new(reason: Reason, detail: impl Into<String>) -> Self {
        Self { reason, detail: detail.into(), verdict: None }
    }

    /// Something that wants attention, although the target does what the check asks.
    pub fn degraded(reason: Reason, detail: impl Into<String>) -> Self {
        Self { verdict: Some(Verdict::Degraded), ..Self::new(reason, detail) }
    }

    /// Something that hides whether the target does what the check asks: neither up nor down.
    pub fn unseen(reason: Reason, detail: impl Into<String>) -> Self {
        Self { verdict: Some(Verdict::Unknown), ..Self::new(reason, detail) }
    }

    /// What an error of `connect(2)`, or of making the socket, means.
    pub fn of_connect(error: &io::Error) -> Self {
        Self::new(reason_of_connect(error), error.to_string())
    }

    /// What an error of reading or writing an open connection means.
    pub fn of_stream(error: &io::Error) -> Self {
        let reason = match error.kind() {
            io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe
            | io::ErrorKind::UnexpectedEof => Reason::ProtoClosedEarly,
            // hyper reports a broken chunk as `InvalidInput`, although it is the server's.
            io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => Reason::ProtoMalformed,
            _ => match reason_of_connect(error) {
                Reason::ConnectTimeout => Reason::ProtoTimeout,
                other => other,
            },
        };
        Self::new(reason, error.to_string())
    }

    /// Down, or unknown when the agent could not ask; another when it was made so.
    pub fn verdict(&self) -> Verdict {
        self.verdict.unwrap_or_else(|| verdict_of(self.reason))
    }
}

/// Down, or unknown when the reason is the agent's own.
fn verdict_of(reason: Reason) -> Verdict {
    match reason {
        // The source address is the agent's (out of ports, or gone), whatever its class; and who was held
        // back was not asked.
        Reason::ConnectSourceBind | Reason::AuthHeldBack => Verdict::Unknown,
        _ if reason.name().starts_with("agent.") => Verdict::Unknown,
        _ => Verdict::Down,
    }
}

/// May the same question a second later be answered? Then a further attempt is worth it, and then
/// the fault may be the agent's own network's: what canaries decide.
pub fn may_be_chance(reason: Reason) -> bool {
    match reason {
        Reason::TlsTimeout
        | Reason::ProtoTimeout
        | Reason::DnsTimeout
        | Reason::NtpTimeout
        | Reason::NtpBogusOrigin
        | Reason::IcmpNoReply
        | Reason::KrbTimeout
        | Reason::RadiusNoReply
        | Reason::DomainNoneWhole
        | Reason::SnmpNoReply
        | Reason::ProxyResolve
        | Reason::ProxyConnect
        | Reason::ProxyTimeout
        | Reason::ApNoReply => true,
        // Out of local ports or without the address: unknown already, and no further attempt helps.
        Reason::ConnectSourceBind => false,
        _ => reason.name().starts_with("resolve.") || reason.name().starts_with("connect."),
    }
}

fn reason_of_connect(error: &io::Error) -> Reason {
    let Some(errno) = error.raw_os_error().map(Errno::from_raw) else {
        return match error.kind() {
            io::ErrorKind::TimedOut => Reason::ConnectTimeout,
            io::ErrorKind::ConnectionRefused => Reason::ConnectRefused,
            _ => Reason::AgentInternal,
        };
    };
    match errno {
        Errno::ECONNREFUSED => Reason::ConnectRefused,
        Errno::ETIMEDOUT => Reason::ConnectTimeout,
        Errno::EHOSTUNREACH | Errno::EHOSTDOWN => Reason::ConnectHostUnreachable,
        Errno::ENETUNREACH | Errno::ENETDOWN | Errno::ENONET => Reason::ConnectNetUnreachable,
        // ICMPv6 "administratively prohibited" arrives as EACCES; EPERM is this host's own filter.
        Errno::EACCES => Reason::ConnectAdminProhibited,
        Errno::EPERM => Reason::AgentPermission,
        Errno::ECONNRESET | Errno::ECONNABORTED | Errno::EPIPE => Reason::ConnectReset,
        Errno::EMFILE | Errno::ENFILE => Reason::AgentFdExhausted,
        Errno::EADDRNOTAVAIL | Errno::EADDRINUSE => Reason::ConnectSourceBind,
        _ => Reason::AgentInternal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_errno_has_its_reason() {
        for (errno, reason, verdict) in [
            (Errno::ECONNREFUSED, Reason::ConnectRefused, Verdict::Down),
            (Errno::ETIMEDOUT, Reason::ConnectTimeout, Verdict::Down),
            (Errno::EHOSTUNREACH, Reason::ConnectHostUnreachable, Verdict::Down),
            (Errno::ENETUNREACH, Reason::ConnectNetUnreachable, Verdict::Down),
            (Errno::EACCES, Reason::ConnectAdminProhibited, Verdict::Down),
            (Errno::ECONNRESET, Reason::ConnectReset, Verdict::Down),
            (Errno::EPERM, Reason::AgentPermission, Verdict::Unknown),
            (Errno::EMFILE, Reason::AgentFdExhausted, Verdict::Unknown),
            (Errno::ENFILE, Reason::AgentFdExhausted, Verdict::Unknown),
            (Errno::EADDRNOTAVAIL, Reason::ConnectSourceBind, Verdict::Unknown),
            (Errno::ENOMEM, Reason::AgentInternal, Verdict::Unknown),
        ] {
            let fault = Fault::of_connect(&io::Error::from_raw_os_error(errno as i32));
            assert_eq!((fault.reason, fault.verdict()), (reason, verdict), "{errno}");
        }
    }

    #[test]
    fn what_an_open_connection_brings_is_the_servers() {
        for (kind, reason) in [
            (io::ErrorKind::UnexpectedEof, Reason::ProtoClosedEarly),
            (io::ErrorKind::ConnectionReset, Reason::ProtoClosedEarly),
            (io::ErrorKind::InvalidData, Reason::ProtoMalformed),
            (io::ErrorKind::InvalidInput, Reason::ProtoMalformed),
            (io::ErrorKind::TimedOut, Reason::ProtoTimeout),
        ] {
            let fault = Fault::of_stream(&kind.into());
            assert_eq!((fault.reason, fault.verdict()), (reason, Verdict::Down), "{kind}");
        }
    }

    #[test]
    fn chance_is_resolving_connecting_and_silence_only() {
        for reason in Reason::ALL {
            let class = reason.name().split('.').next().unwrap();
            let expected = match *reason {
                Reason::ConnectSourceBind => false,
                Reason::TlsTimeout
                | Reason::ProtoTimeout
                | Reason::DnsTimeout
                | Reason::NtpTimeout
                | Reason::NtpBogusOrigin
                | Reason::IcmpNoReply
                | Reason::KrbTimeout
                | Reason::RadiusNoReply
                | Reason::DomainNoneWhole
                | Reason::SnmpNoReply
                | Reason::ProxyResolve
                | Reason::ProxyConnect
                | Reason::ProxyTimeout
                | Reason::ApNoReply => true,
                _ => matches!(class, "resolve" | "connect"),
            };
            assert_eq!(may_be_chance(*reason), expected, "{reason}");
        }
    }
}
