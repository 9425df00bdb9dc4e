//! What one check asks of one target: the JSON value that an assignment carries.
//!
//! A check is decoded on its own, so that a kind this build does not know fails alone.

mod tls;
mod tcp;
mod udp;
mod dns;
mod http;
mod journey;
mod oidc;
mod saml;
mod ntp;
mod icmp;
mod heartbeat;
mod radius;
mod kerberos;
mod ldap;
mod domain;
mod snmp;
mod mail;
mod smtp;
mod imap;
mod pop3;
mod browse;
mod captive_portal;
mod certificate;
mod registration;
mod access_point;
mod mail_round_trip;
pub(crate) mod bounds;

pub use access_point::{AccessPointParams, ApController, ApFallback, ApSource};
pub use browse::{BrowseParams, Browsed, Interception, ProxyParams};
pub use captive_portal::{CaptivePortalParams, Gate};
pub use certificate::{CertificateParams, StartTls};
pub use dns::{DnsFlag, DnsParams, DnsQuestion, DnsTransport, RecordMatch, SoaSerial};
pub use domain::DomainParams;
pub use heartbeat::{DownAfter, HeartbeatParams};
pub use http::{
    HeaderIs, HeaderWish, HttpAnswer, HttpAuth, HttpAuthScheme, HttpDrift, HttpHeader, HttpParams,
    HttpRedirects, JsonWish,
};
pub use icmp::IcmpParams;
pub use imap::{ImapNewest, ImapParams};
pub use journey::{
    Extract, ExtractFrom, JourneyBody, JourneyField, JourneyParams, JourneyStep, JourneyValue, SamlRequest,
};
pub use kerberos::{KerberosParams, KerberosTransport};
pub use ldap::{LdapBind, LdapFilter, LdapNode, LdapParams, LdapScope, LdapSearch, LdapSecurity, LdapState};
pub use mail::{MailLogin, MailMethod, MailMode, MailOauth, MailServer};
pub use mail_round_trip::RoundTripParams;
pub use ntp::NtpParams;
pub use oidc::{OidcClient, OidcClientAuth, OidcDepth, OidcParams};
pub use pop3::Pop3Params;
pub use radius::{RadiusExpect, RadiusLogin, RadiusParams};
pub use registration::RegistrationParams;
pub use saml::SamlParams;
pub use smtp::{SmtpDepth, SmtpExpect, SmtpParams};
pub use snmp::{
    SnmpAccess, SnmpAuth, SnmpCipher, SnmpLimit, SnmpOid, SnmpParams, SnmpPreset, SnmpPrivacy, SnmpValue,
    thousandths,
};
pub use tcp::{TcpParams, TcpStep, WireText};
pub use tls::TlsParams;
pub use udp::UdpParams;

use serde::{Deserialize, Serialize};

use crate::CheckId;

/// One probe of one target, as the agent runs it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckSpec {
    /// Names it in samples, metrics and reports.
    pub id: CheckId,
    /// When, and how patiently.
    pub timing: Timing,
    /// Is the agent's own path part of what is measured? Then canaries never excuse a failure.
    #[serde(default)]
    pub measures_path: bool,
    /// What to ask.
    pub probe: Probe,
}

/// When a check runs and how patiently. All in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Timing {
    /// Time between two slots.
    pub every_ms: u64,
    /// One attempt's deadline; less than `every_ms`.
    pub timeout_ms: u64,
    /// How long a sample speaks when no other follows.
    pub hold_ms: u64,
    /// Attempts of one sample, at least 1; a further one only after a failure that may be chance
    /// (resolving, connecting, a lost datagram).
    pub attempts: u32,
    /// Slower than this is degraded (`slow`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warn_ms: Option<u64>,
    /// Slower than this is down (`assert.latency`); only when the operator asks for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crit_ms: Option<u64>,
}

impl Timing {
    /// Pause before each further attempt, milliseconds: a twentieth of the interval, at most 1 s, so that
    /// attempts and pauses fit inside the interval (which is checked when the charter is read).
    pub const fn attempt_gap_ms(&self) -> u64 {
        let share = self.every_ms / 20;
        if share < 1_000 { share } else { 1_000 }
    }

    /// From the first attempt's start to the latest end of the last, milliseconds.
    pub const fn attempts_ms(&self) -> u64 {
        let attempts = self.attempts as u64;
        attempts
            .saturating_mul(self.timeout_ms)
            .saturating_add(attempts.saturating_sub(1).saturating_mul(self.attempt_gap_ms()))
    }
}

/// The kinds, each with its parameters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Probe {
    /// Connect; proves that a port listens, no more.
    Tcp(TcpParams),
    /// A datagram, and what must come back.
    Udp(UdpParams),
    /// One question to one named server.
    Dns(DnsParams),
    /// One request, status and verified TLS.
    Http(Box<HttpParams>),
    /// Requests in a row, as a visitor makes them.
    Journey(Box<JourneyParams>),
    /// An OIDC provider: its documents, its keys, its tokens.
    Oidc(Box<OidcParams>),
    /// SAML metadata of a service or identity provider, and what it names.
    Saml(Box<SamlParams>),
    /// The time of one server, and whether it can be believed.
    Ntp(NtpParams),
    /// Echo requests: is the host reached, how soon, with how much loss?
    Icmp(IcmpParams),
    /// A job that reports by itself, in time and well.
    Heartbeat(Box<HeartbeatParams>),
    /// One server of RADIUS: its state, or a login.
    Radius(Box<RadiusParams>),
    /// One key distribution centre: its clock, a ticket, a ticket for a service.
    Kerberos(Box<KerberosParams>),
    /// One directory: a bind, a search, what its root entry says.
    Ldap(Box<LdapParams>),
    /// All controllers of one domain, as DNS lists them.
    Domain(Box<DomainParams>),
    /// What a device's SNMP agent says of it.
    Snmp(Box<SnmpParams>),
    /// A dialogue with a mail server, up to a recipient; no mail is sent.
    Smtp(Box<SmtpParams>),
    /// A mailbox, read-only.
    Imap(Box<ImapParams>),
    /// A mailbox, counted.
    Pop3(Box<Pop3Params>),
    /// A site outside, as somebody at a desk reaches it, or must not.
    Browse(Box<BrowseParams>),
    /// What stands before the network for a visitor.
    CaptivePortal(CaptivePortalParams),
    /// A server's certificate, and no more.
    #[serde(rename = "tls")]
    Certificate(CertificateParams),
    /// Until when a domain is registered.
    Registration(RegistrationParams),
    /// What a controller says of one access point.
    AccessPoint(Box<AccessPointParams>),
    /// A message, handed in here and found there.
    MailRoundTrip(Box<RoundTripParams>),
}

impl Probe {
    /// The word after `probe:`.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Tcp(_) => "tcp",
            Self::Udp(_) => "udp",
            Self::Dns(_) => "dns",
            Self::Http(_) => "http",
            Self::Journey(_) => "journey",
            Self::Oidc(_) => "oidc",
            Self::Saml(_) => "saml",
            Self::Ntp(_) => "ntp",
            Self::Icmp(_) => "icmp",
            Self::Heartbeat(_) => "heartbeat",
            Self::Radius(_) => "radius",
            Self::Kerberos(_) => "kerberos",
            Self::Ldap(_) => "ldap",
            Self::Domain(_) => "domain",
            Self::Snmp(_) => "snmp",
            Self::Smtp(_) => "smtp",
            Self::Imap(_) => "imap",
            Self::Pop3(_) => "pop3",
            Self::Browse(_) => "browse",
            Self::CaptivePortal(_) => "captive_portal",
            Self::Certificate(_) => "tls",
            Self::Registration(_) => "registration",
            Self::AccessPoint(_) => "access_point",
            Self::MailRoundTrip(_) => "mail_round_trip",
        }
    }

    /// What is asked, for people: an address or a URL.
    pub fn target(&self) -> String {
        match self {
            Self::Tcp(tcp) => tcp.address.to_string(),
            Self::Udp(udp) => udp.address.to_string(),
            Self::Dns(dns) => dns.server.to_string(),
            Self::Http(http) => http.url.clone(),
            Self::Journey(journey) => journey.url.clone(),
            Self::Oidc(oidc) => oidc.issuer.clone(),
            Self::Saml(saml) => saml.url.clone(),
            Self::Ntp(ntp) => ntp.server.to_string(),
            Self::Icmp(icmp) => icmp.host.clone(),
            Self::Heartbeat(heartbeat) => heartbeat.due.to_string(),
            Self::Radius(radius) => radius.server.to_string(),
            Self::Kerberos(kerberos) => kerberos.kdc.to_string(),
            Self::Ldap(ldap) => ldap.server.to_string(),
            Self::Domain(domain) => domain.domain.clone(),
            Self::Snmp(snmp) => snmp.address.to_string(),
            Self::Smtp(smtp) => smtp.server.address.to_string(),
            Self::Imap(imap) => imap.server.address.to_string(),
            Self::Pop3(pop3) => pop3.server.address.to_string(),
            Self::Browse(browse) => browse.url.clone(),
            Self::CaptivePortal(portal) => portal.url.clone(),
            Self::Certificate(certificate) => certificate.address.to_string(),
            Self::Registration(registration) => registration.domain.clone(),
            Self::AccessPoint(ap) => ap.host.clone(),
            Self::MailRoundTrip(trip) => trip.to.clone(),
        }
    }

    /// The question of each family where both are asked ([`Family::Both`]), IPv4's first; otherwise this one.
    pub fn by_family(mut self) -> (Self, Option<Self>) {
        match self.family_mut() {
            Some(family @ Family::Both) => *family = Family::V4,
            _ => return (self, None),
        }
        let mut other = self.clone();
        if let Some(family) = other.family_mut() {
            *family = Family::V6;
        }
        (self, Some(other))
    }

    const fn family_mut(&mut self) -> Option<&mut Family> {
        match self {
            Self::Tcp(tcp) => Some(&mut tcp.family),
            Self::Udp(udp) => Some(&mut udp.family),
            Self::Http(http) => Some(&mut http.family),
            Self::Journey(journey) => Some(&mut journey.family),
            Self::Oidc(oidc) => Some(&mut oidc.family),
            Self::Saml(saml) => Some(&mut saml.family),
            Self::Ntp(ntp) => Some(&mut ntp.family),
            Self::Icmp(icmp) => Some(&mut icmp.family),
            Self::Radius(radius) => Some(&mut radius.family),
            Self::Kerberos(kerberos) => Some(&mut kerberos.family),
            Self::Ldap(ldap) => Some(&mut ldap.family),
            Self::Domain(domain) => Some(&mut domain.family),
            Self::Snmp(snmp) => Some(&mut snmp.family),
            Self::Smtp(smtp) => Some(&mut smtp.family),
            Self::Imap(imap) => Some(&mut imap.family),
            Self::Pop3(pop3) => Some(&mut pop3.family),
            Self::AccessPoint(ap) => Some(&mut ap.family),
            Self::Browse(browse) => Some(&mut browse.family),
            Self::CaptivePortal(portal) => Some(&mut portal.family),
            Self::Certificate(certificate) => Some(&mut certificate.family),
            Self::Dns(_) | Self::Heartbeat(_) | Self::Registration(_) | Self::MailRoundTrip(_) => None,
        }
    }
}

/// Which addresses of a name to use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    /// IPv4.
    #[default]
    V4,
    /// IPv6.
    V6,
    /// One question to each, in one run; the worse answer counts. Never one silently instead of the other.
    Both,
}

/// One more thing an agent asks, to know whether its own network works.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Canary {
    /// A TCP address that should accept a connection.
    pub address: HostPort,
}

impl Canary {
    /// Of one charter; more say nothing that these do not.
    pub const COUNT_MAX: usize = 64;
}

/// `host:port`; the host is a name, an IPv4 address or an IPv6 address in brackets.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HostPort {
    /// Without brackets.
    pub host: String,
    /// 1 to 65535.
    pub port: u16,
}

impl HostPort {
    /// Reads `host:port`, or `host` alone when there is a default port.
    pub fn parse(text: &str, port_default: Option<u16>) -> Option<Self> {
        let (host, port) = if let Some(rest) = text.strip_prefix('[') {
            let (host, rest) = rest.split_once(']')?;
            host.parse::<std::net::Ipv6Addr>().ok()?;
            (host, if rest.is_empty() { None } else { Some(rest.strip_prefix(':')?) })
        } else if text.parse::<std::net::Ipv6Addr>().is_ok() {
            (text, None)
        } else {
            match text.rsplit_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (text, None),
            }
        };
        let port = port.map_or(Some(port_default), |port| port.parse().ok().map(Some))??;
        let plausible = !host.is_empty()
            && host.len() <= 253
            && host
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b':' | b'%'));
        (plausible && port > 0).then(|| Self { host: host.to_owned(), port })
    }
}

impl TryFrom<String> for HostPort {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text, None).ok_or_else(|| format!("`{text}` is not `host:port`"))
    }
}

impl From<HostPort> for String {
    fn from(address: HostPort) -> Self {
        address.to_string()
    }
}

impl std::fmt::Display for HostPort {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_read_back() {
        for (text, shown) in
            [("10.0.0.53:53", "10.0.0.53:53"), ("dns.example:53", "dns.example:53"), ("[::1]:53", "[::1]:53")]
        {
            assert_eq!(HostPort::parse(text, None).map(|a| a.to_string()).as_deref(), Some(shown));
        }
        assert_eq!(HostPort::parse("10.0.0.53", Some(53)).map(|a| a.port), Some(53));
        assert_eq!(HostPort::parse("::1", Some(53)).map(|a| a.to_string()).as_deref(), Some("[::1]:53"));
        for bad in ["", ":53", "a:0", "a:99999", "a b:1", "[x]:1", "10.0.0.53"] {
            assert_eq!(HostPort::parse(bad, None), None, "{bad}");
        }
    }

    #[test]
    fn both_families_are_two_questions() {
        let known = r#"{"kind":"tcp","address":"portale.example:443","family":"both"}"#;
        let probe: Probe = serde_json::from_str(known).unwrap();
        let (v4, v6) = probe.by_family();
        let family = |probe: &Probe| if let Probe::Tcp(tcp) = probe { Some(tcp.family) } else { None };
        assert_eq!((family(&v4), v6.as_ref().and_then(family)), (Some(Family::V4), Some(Family::V6)));
        assert_eq!(v4.by_family().1, None);
    }

    #[test]
    fn an_unknown_kind_fails_alone() {
        let known = r#"{"id":"a.b.c","timing":{"every_ms":60000,"timeout_ms":5000,"hold_ms":150000,"attempts":3},
            "probe":{"kind":"tcp","address":"10.0.0.1:443"}}"#;
        assert!(serde_json::from_str::<CheckSpec>(known).is_ok());
        let unknown = known.replace("tcp", "telepathy");
        assert!(serde_json::from_str::<CheckSpec>(&unknown).is_err());
    }
}
