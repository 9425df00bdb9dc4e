//! From `probe: KIND` with its parameters, and one target, to what is asked of it: a file per kind.
//!
//! A component's parameters are judged once, whatever the number of its targets.

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

pub(super) use mail::{mail_address, submission};

use std::net::IpAddr;
use std::path::Path;

pub(super) use heartbeat::heard;
pub(super) use ntp::acquaint;

use super::files;
use crate::text::say;
use crate::yaml::probe::ProbeKeys;
use crate::yaml::shape::{At, Report};
use crate::{Family, Id, Probe};

/// A component's question, before it is put to a target.
#[derive(Debug)]
pub(super) enum Asked {
    Tcp(Box<tcp::Asked>),
    Udp(Box<udp::Asked>),
    Dns(Box<dns::Asked>),
    Http(Box<http::Asked>),
    Journey(Box<journey::Asked>),
    Oidc(Box<oidc::Asked>),
    Saml(Box<saml::Asked>),
    Ntp(ntp::Asked),
    Icmp(icmp::Asked),
    Heartbeat(Box<heartbeat::Asked>),
    Radius(Box<radius::Asked>),
    Kerberos(Box<kerberos::Asked>),
    Ldap(Box<ldap::Asked>),
    Domain(Box<domain::Asked>),
    Snmp(Box<snmp::Asked>),
    Smtp(Box<smtp::Asked>),
    Imap(Box<imap::Asked>),
    Pop3(Box<pop3::Asked>),
    Browse(Box<browse::Asked>),
    CaptivePortal(captive_portal::Asked),
    Certificate(Box<certificate::Asked>),
    Registration(Box<registration::Asked>),
    AccessPoint(Box<access_point::Asked>),
    MailRoundTrip(Box<mail_round_trip::Asked>),
}

/// Judges the parameters. `None` after a problem.
pub(super) fn asked(keys: &ProbeKeys, folder: Option<&Path>, report: &mut Report<'_>) -> Option<Asked> {
    match keys {
        ProbeKeys::Tcp(keys) => tcp::asked(keys, folder, report).map(Box::new).map(Asked::Tcp),
        ProbeKeys::Udp(keys) => udp::asked(keys, report).map(Box::new).map(Asked::Udp),
        ProbeKeys::Dns(keys) => dns::asked(keys, folder, report).map(Box::new).map(Asked::Dns),
        ProbeKeys::Http(keys) => http::asked(keys, folder, report).map(Box::new).map(Asked::Http),
        ProbeKeys::Journey(keys) => journey::asked(keys, folder, report).map(Box::new).map(Asked::Journey),
        ProbeKeys::Oidc(keys) => oidc::asked(keys, folder, report).map(Box::new).map(Asked::Oidc),
        ProbeKeys::Saml(keys) => saml::asked(keys, folder, report).map(Box::new).map(Asked::Saml),
        ProbeKeys::Ntp(keys) => ntp::asked(keys, report).map(Asked::Ntp),
        ProbeKeys::Icmp(keys) => icmp::asked(keys, report).map(Asked::Icmp),
        ProbeKeys::Heartbeat(keys) => heartbeat::asked(keys, report).map(Box::new).map(Asked::Heartbeat),
        ProbeKeys::Radius(keys) => radius::asked(keys, report).map(Box::new).map(Asked::Radius),
        ProbeKeys::Kerberos(keys) => kerberos::asked(keys, report).map(Box::new).map(Asked::Kerberos),
        ProbeKeys::Ldap(keys) => ldap::asked(keys, folder, report).map(Box::new).map(Asked::Ldap),
        ProbeKeys::Domain(keys) => domain::asked(keys, report).map(Box::new).map(Asked::Domain),
        ProbeKeys::Snmp(keys) => snmp::asked(keys, report).map(Box::new).map(Asked::Snmp),
        ProbeKeys::Smtp(keys) => smtp::asked(keys, folder, report).map(Box::new).map(Asked::Smtp),
        ProbeKeys::Imap(keys) => imap::asked(keys, folder, report).map(Box::new).map(Asked::Imap),
        ProbeKeys::Pop3(keys) => pop3::asked(keys, folder, report).map(Box::new).map(Asked::Pop3),
        ProbeKeys::Browse(keys) => browse::asked(keys, folder, report).map(Box::new).map(Asked::Browse),
        ProbeKeys::CaptivePortal(keys) => captive_portal::asked(keys, report).map(Asked::CaptivePortal),
        ProbeKeys::Certificate(keys) => {
            certificate::asked(keys, folder, report).map(Box::new).map(Asked::Certificate)
        }
        ProbeKeys::Registration(keys) => {
            registration::asked(keys, folder, report).map(Box::new).map(Asked::Registration)
        }
        ProbeKeys::AccessPoint(keys) => {
            access_point::asked(keys, folder, report).map(Box::new).map(Asked::AccessPoint)
        }
        ProbeKeys::MailRoundTrip(keys) => {
            mail_round_trip::asked(keys, folder, report).map(Box::new).map(Asked::MailRoundTrip)
        }
    }
}

impl Asked {
    /// Is the path from the site itself what the kind is about? Then canaries excuse nothing unless the file says so.
    pub(super) const fn measures_path(&self) -> bool {
        matches!(self, Self::Browse(_) | Self::CaptivePortal(_))
    }

    /// Tells it all targets of its component, for a question that compares them.
    pub(super) fn among<'t>(&mut self, targets: impl Iterator<Item = &'t At<String>>) {
        if let Self::Dns(asked) = self {
            asked.among(targets);
        }
    }

    /// Puts the question to one target. `None` after a problem.
    pub(super) fn of(
        &self,
        target: &At<String>,
        switch_port: Option<&At<String>>,
        report: &mut Report<'_>,
    ) -> Option<Probe> {
        if let (Some(key), false) = (switch_port, matches!(self, Self::AccessPoint(_))) {
            let message = say!(
                "`switch_port` is about access points: it belongs to `probe: access_point`",
                "`switch_port` riguarda gli access point: è di `probe: access_point`"
            );
            report.problem(key.at, message);
            return None;
        }
        match self {
            Self::Tcp(asked) => asked.of(target, report).map(Probe::Tcp),
            Self::Udp(asked) => asked.of(target, report).map(Probe::Udp),
            Self::Dns(asked) => asked.of(target, report).map(Probe::Dns),
            Self::Http(asked) => asked.of(target, report).map(Box::new).map(Probe::Http),
            Self::Journey(asked) => asked.of(target, report).map(Box::new).map(Probe::Journey),
            Self::Oidc(asked) => asked.of(target, report).map(Box::new).map(Probe::Oidc),
            Self::Saml(asked) => asked.of(target, report).map(Box::new).map(Probe::Saml),
            Self::Ntp(asked) => asked.of(target, report).map(Probe::Ntp),
            Self::Icmp(asked) => asked.of(target, report).map(Probe::Icmp),
            Self::Heartbeat(asked) => asked.of(target, report).map(Box::new).map(Probe::Heartbeat),
            Self::Radius(asked) => asked.of(target, report).map(Box::new).map(Probe::Radius),
            Self::Kerberos(asked) => asked.of(target, report).map(Box::new).map(Probe::Kerberos),
            Self::Ldap(asked) => asked.of(target, report).map(Box::new).map(Probe::Ldap),
            Self::Domain(asked) => asked.of(target, report).map(Box::new).map(Probe::Domain),
            Self::Snmp(asked) => asked.of(target, report).map(Box::new).map(Probe::Snmp),
            Self::Smtp(asked) => asked.of(target, report).map(Box::new).map(Probe::Smtp),
            Self::Imap(asked) => asked.of(target, report).map(Box::new).map(Probe::Imap),
            Self::Pop3(asked) => asked.of(target, report).map(Box::new).map(Probe::Pop3),
            Self::Browse(asked) => asked.of(target, report).map(Box::new).map(Probe::Browse),
            Self::CaptivePortal(asked) => asked.of(target, report).map(Probe::CaptivePortal),
            Self::Certificate(asked) => asked.of(target, report).map(Probe::Certificate),
            Self::Registration(asked) => asked.of(target, report).map(Probe::Registration),
            Self::AccessPoint(asked) => {
                asked.of(target, switch_port, report).map(Box::new).map(Probe::AccessPoint)
            }
            Self::MailRoundTrip(asked) => asked.of(target, report).map(Box::new).map(Probe::MailRoundTrip),
        }
    }
}

/// Tells a question whose target is known by its name what that is.
pub(super) fn named(mut probe: Probe, target: &Id) -> Probe {
    if let Probe::AccessPoint(ap) = &mut probe {
        ap.name = target.to_string();
    }
    probe
}

/// A literal address is of its own family; a name is asked for IPv4 unless the file says otherwise.
fn family_of(host: &str, key: Option<&At<Family>>, report: &mut Report<'_>) -> Option<Family> {
    let literal = host.parse::<IpAddr>().ok().map(|ip| if ip.is_ipv4() { Family::V4 } else { Family::V6 });
    match (literal, key) {
        (Some(_), Some(key)) if key.value == Family::Both => {
            let message = say!(
                "`{host}` is an address of one family; `both` is for names",
                "`{host}` è un indirizzo di una sola famiglia; `both` è per i nomi"
            );
            report.problem(key.at, message);
            None
        }
        (Some(literal), Some(key)) if literal != key.value => {
            let message = say!(
                "`{host}` is an address of the other family; leave `family` out",
                "`{host}` è un indirizzo dell'altra famiglia; togli `family`"
            );
            report.problem(key.at, message);
            None
        }
        (Some(family), _) => Some(family),
        (None, Some(key)) => Some(key.value),
        (None, None) => Some(Family::V4),
    }
}
