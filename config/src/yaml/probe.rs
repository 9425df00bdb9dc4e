//! The parameters of each kind of check.

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

pub(crate) use access_point::{AccessPointKeys, ApTable, ControllerKeys, DevicesKeys, Fallback};
pub(crate) use browse::{BrowseKeys, InterceptionKeys, ProxyKeys};
pub(crate) use captive_portal::CaptivePortalKeys;
pub(crate) use certificate::CertificateKeys;
pub(crate) use dns::{DnsKeys, SoaSerialKeys};
pub(crate) use domain::DomainKeys;
pub(crate) use heartbeat::HeartbeatKeys;
pub(crate) use http::{DriftKeys, HttpKeys, JsonScalar, Pairs, RedirectKeys};
pub(crate) use icmp::IcmpKeys;
pub(crate) use imap::{ImapKeys, NewestKeys};
pub(crate) use journey::{ExtractKeys, JourneyExpectKeys, JourneyKeys, JourneyStepKeys};
pub(crate) use kerberos::KerberosKeys;
pub(crate) use ldap::LdapKeys;
pub(crate) use mail::{LoginKeys, OauthKeys};
pub(crate) use mail_round_trip::{RoundTripKeys, SubmitKeys};
pub(crate) use ntp::NtpKeys;
pub(crate) use oidc::OidcKeys;
pub(crate) use pop3::Pop3Keys;
pub(crate) use radius::RadiusKeys;
pub(crate) use registration::RegistrationKeys;
pub(crate) use saml::SamlKeys;
pub(crate) use smtp::SmtpKeys;
pub(crate) use snmp::{Otherwise, SnmpKeys, SnmpValueKeys, SnmpVersion};
pub(crate) use tcp::{StepKeys, TcpKeys};
pub(crate) use tls::{TlsKeys, TlsSwitch};
pub(crate) use udp::UdpKeys;

use crate::problem::Place;
use crate::text::say;
use crate::yaml::component::Common;
use crate::yaml::nearest;
use crate::yaml::node::{Entry, Node};
use crate::yaml::schema::{Definitions, Kind};
use crate::yaml::shape::Report;

/// One kind with its parameters.
#[derive(Debug)]
pub(crate) enum ProbeKeys {
    Tcp(TcpKeys),
    Udp(UdpKeys),
    Dns(DnsKeys),
    Http(Box<HttpKeys>),
    Journey(Box<JourneyKeys>),
    Oidc(Box<OidcKeys>),
    Saml(Box<SamlKeys>),
    Ntp(NtpKeys),
    Icmp(IcmpKeys),
    Heartbeat(Box<HeartbeatKeys>),
    Radius(RadiusKeys),
    Kerberos(KerberosKeys),
    Ldap(Box<LdapKeys>),
    Domain(DomainKeys),
    Snmp(Box<SnmpKeys>),
    Smtp(Box<SmtpKeys>),
    Imap(Box<ImapKeys>),
    Pop3(Box<Pop3Keys>),
    Browse(Box<BrowseKeys>),
    CaptivePortal(CaptivePortalKeys),
    Certificate(CertificateKeys),
    Registration(RegistrationKeys),
    AccessPoint(Box<AccessPointKeys>),
    MailRoundTrip(Box<RoundTripKeys>),
}

/// The kinds of this version.
const KINDS: &[(&str, &[&str])] = &[
    ("tcp", TcpKeys::KEYS),
    ("udp", UdpKeys::KEYS),
    ("dns", DnsKeys::KEYS),
    ("http", HttpKeys::KEYS),
    ("journey", JourneyKeys::KEYS),
    ("oidc", OidcKeys::KEYS),
    ("saml", SamlKeys::KEYS),
    ("ntp", NtpKeys::KEYS),
    ("icmp", IcmpKeys::KEYS),
    ("heartbeat", HeartbeatKeys::KEYS),
    ("radius", RadiusKeys::KEYS),
    ("kerberos", KerberosKeys::KEYS),
    ("ldap", LdapKeys::KEYS),
    ("domain", DomainKeys::KEYS),
    ("snmp", SnmpKeys::KEYS),
    ("smtp", SmtpKeys::KEYS),
    ("imap", ImapKeys::KEYS),
    ("pop3", Pop3Keys::KEYS),
    ("browse", BrowseKeys::KEYS),
    ("captive_portal", CaptivePortalKeys::KEYS),
    ("tls", CertificateKeys::KEYS),
    ("registration", RegistrationKeys::KEYS),
    ("access_point", AccessPointKeys::KEYS),
    ("mail_round_trip", RoundTripKeys::KEYS),
];

/// Kinds of the full grammar that this version cannot run yet.
const LATER: &[&str] = &["ssh", "smb", "postgres", "mysql", "websocket"];

/// What an editor may know of each kind's keys; a test holds it against [`KINDS`].
pub(crate) fn schemas(definitions: &mut Definitions) -> Vec<Kind> {
    vec![
        Kind { word: "tcp", keys: TcpKeys::schema_of_keys(definitions) },
        Kind { word: "udp", keys: UdpKeys::schema_of_keys(definitions) },
        Kind { word: "dns", keys: DnsKeys::schema_of_keys(definitions) },
        Kind { word: "http", keys: HttpKeys::schema_of_keys(definitions) },
        Kind { word: "journey", keys: JourneyKeys::schema_of_keys(definitions) },
        Kind { word: "oidc", keys: OidcKeys::schema_of_keys(definitions) },
        Kind { word: "saml", keys: SamlKeys::schema_of_keys(definitions) },
        Kind { word: "ntp", keys: NtpKeys::schema_of_keys(definitions) },
        Kind { word: "icmp", keys: IcmpKeys::schema_of_keys(definitions) },
        Kind { word: "heartbeat", keys: HeartbeatKeys::schema_of_keys(definitions) },
        Kind { word: "radius", keys: RadiusKeys::schema_of_keys(definitions) },
        Kind { word: "kerberos", keys: KerberosKeys::schema_of_keys(definitions) },
        Kind { word: "ldap", keys: LdapKeys::schema_of_keys(definitions) },
        Kind { word: "domain", keys: DomainKeys::schema_of_keys(definitions) },
        Kind { word: "snmp", keys: SnmpKeys::schema_of_keys(definitions) },
        Kind { word: "smtp", keys: SmtpKeys::schema_of_keys(definitions) },
        Kind { word: "imap", keys: ImapKeys::schema_of_keys(definitions) },
        Kind { word: "pop3", keys: Pop3Keys::schema_of_keys(definitions) },
        Kind { word: "browse", keys: BrowseKeys::schema_of_keys(definitions) },
        Kind { word: "captive_portal", keys: CaptivePortalKeys::schema_of_keys(definitions) },
        Kind { word: "tls", keys: CertificateKeys::schema_of_keys(definitions) },
        Kind { word: "registration", keys: RegistrationKeys::schema_of_keys(definitions) },
        Kind { word: "access_point", keys: AccessPointKeys::schema_of_keys(definitions) },
        Kind { word: "mail_round_trip", keys: RoundTripKeys::schema_of_keys(definitions) },
    ]
}

impl ProbeKeys {
    /// Does `probe:` name a kind of this version?
    pub(crate) fn is_known(kind: &Node) -> bool {
        kind.scalar().is_some_and(|word| KINDS.iter().any(|(known, _)| *known == word))
    }

    /// Reads the keys that are not common to all components, by the kind that `probe:` names.
    pub(crate) fn read(kind: &Node, own: &[&Entry], at: Place, report: &mut Report<'_>) -> Option<Self> {
        let known: Vec<&str> = KINDS.iter().map(|(kind, _)| *kind).collect();
        let Some(word) = kind.scalar() else {
            let known = known.join(", ");
            return report.expected(None, kind, say!("one of {known}", "uno tra {known}"));
        };
        let Some((_, keys)) = KINDS.iter().find(|(kind, _)| *kind == word) else {
            let message = if LATER.contains(&word) {
                let known = known.join(", ");
                say!(
                    "`probe: {word}` is not available in this version; available: {known}",
                    "`probe: {word}` non è disponibile in questa versione; ci sono: {known}"
                )
            } else {
                nearest::unknown_value(say!("kind of probe", "il tipo di sonda"), word, &known)
            };
            report.problem(kind.at, message);
            return None;
        };
        let (own, strange): (Vec<&Entry>, Vec<&Entry>) =
            own.iter().partition(|entry| keys.contains(&entry.key.as_str()));
        for entry in strange {
            Self::strange_key(entry, word, keys, report);
        }
        let own = own.into_iter();
        match word {
            "tcp" => TcpKeys::read_entries(own, at, report).map(Self::Tcp),
            "udp" => UdpKeys::read_entries(own, at, report).map(Self::Udp),
            "dns" => DnsKeys::read_entries(own, at, report).map(Self::Dns),
            "journey" => JourneyKeys::read_entries(own, at, report).map(Box::new).map(Self::Journey),
            "oidc" => OidcKeys::read_entries(own, at, report).map(Box::new).map(Self::Oidc),
            "saml" => SamlKeys::read_entries(own, at, report).map(Box::new).map(Self::Saml),
            "ntp" => NtpKeys::read_entries(own, at, report).map(Self::Ntp),
            "icmp" => IcmpKeys::read_entries(own, at, report).map(Self::Icmp),
            "heartbeat" => HeartbeatKeys::read_entries(own, at, report).map(Box::new).map(Self::Heartbeat),
            "radius" => RadiusKeys::read_entries(own, at, report).map(Self::Radius),
            "kerberos" => KerberosKeys::read_entries(own, at, report).map(Self::Kerberos),
            "ldap" => LdapKeys::read_entries(own, at, report).map(Box::new).map(Self::Ldap),
            "domain" => DomainKeys::read_entries(own, at, report).map(Self::Domain),
            "snmp" => SnmpKeys::read_entries(own, at, report).map(Box::new).map(Self::Snmp),
            "smtp" => SmtpKeys::read_entries(own, at, report).map(Box::new).map(Self::Smtp),
            "imap" => ImapKeys::read_entries(own, at, report).map(Box::new).map(Self::Imap),
            "pop3" => Pop3Keys::read_entries(own, at, report).map(Box::new).map(Self::Pop3),
            "browse" => BrowseKeys::read_entries(own, at, report).map(Box::new).map(Self::Browse),
            "captive_portal" => CaptivePortalKeys::read_entries(own, at, report).map(Self::CaptivePortal),
            "tls" => CertificateKeys::read_entries(own, at, report).map(Self::Certificate),
            "registration" => RegistrationKeys::read_entries(own, at, report).map(Self::Registration),
            "access_point" => {
                AccessPointKeys::read_entries(own, at, report).map(Box::new).map(Self::AccessPoint)
            }
            "mail_round_trip" => {
                RoundTripKeys::read_entries(own, at, report).map(Box::new).map(Self::MailRoundTrip)
            }
            _ => HttpKeys::read_entries(own, at, report).map(Box::new).map(Self::Http),
        }
    }

    /// The kind that has a key.
    pub(crate) fn owner(key: &str) -> Option<&'static str> {
        KINDS.iter().find(|(_, keys)| keys.contains(&key)).map(|(owner, _)| *owner)
    }

    /// A key that is right elsewhere is told so; any other is compared with all that are right here.
    fn strange_key(entry: &Entry, word: &str, keys: &[&'static str], report: &mut Report<'_>) {
        if let Some(owner) = Self::owner(&entry.key) {
            let message = say!(
                "the key `{}` belongs to `probe: {owner}`, not to `probe: {word}`",
                "la chiave `{}` è di `probe: {owner}`, non di `probe: {word}`",
                entry.key
            );
            report.problem(entry.key_at, message);
            return;
        }
        let known: Vec<&'static str> = keys.iter().chain(Common::KEYS).copied().collect();
        report.unknown_key(entry, &known);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_schema() {
        let schemas = schemas(&mut Definitions::default());
        let keys = |kind: &Kind| kind.keys.iter().map(|key| key.name).collect::<Vec<_>>();
        let described: Vec<_> = schemas.iter().map(|kind| (kind.word, keys(kind))).collect();
        let known: Vec<_> = KINDS.iter().map(|(word, keys)| (*word, keys.to_vec())).collect();
        assert_eq!(described, known);
    }
}
