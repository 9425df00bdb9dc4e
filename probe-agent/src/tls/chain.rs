//! What the certificates that a server shows are worth: a pure judgement of what was shown, who is
//! trusted, which name was wanted, and what time it was.
//!
//! Only the path that is used is judged: an expired certificate that the server sends besides
//! troubles no client, so it troubles nobody here. Paths are webpki's; here is only what they mean.
//!
//! `chain_incomplete` and `untrusted` look alike from outside (the issuer is not known), and nothing is
//! fetched to tell them apart. It is `chain_incomplete` when
//! - an intermediate that another server showed on a trusted path completes the chain; or
//! - no certificate that was sent is the leaf's issuer, the leaf is not its own, and it says where its
//!   issuer can be fetched (which is what browsers do, and why they hide the mistake).
//!
//! The price: behind a private authority which the agent does not know at all and whose certificates
//! say where the issuer is, a bare leaf reads as incomplete. Which it is.

use collector_api::Reason;
use rustls::pki_types::{CertificateDer, ServerName, TrustAnchor, UnixTime};
use webpki::{EndEntityCert, Error, KeyUsage, VerifiedPath};
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::prelude::{FromDer as _, X509Certificate};
use x509_parser::public_key::PublicKey;

use crate::probe::Fault;

/// Less is refused by browsers and by Debian's own programs.
const RSA_BITS_MIN: usize = 2_048;

/// 1.3.6.1.5.5.7.48.2: where the issuer's certificate can be fetched (RFC 5280, 4.2.2.1).
const CA_ISSUERS: &str = "1.3.6.1.5.5.7.48.2";

/// Signatures by SHA-1, MD5 or MD2: RSA, DSA and ECDSA.
const WEAK_SIGNATURES: [&str; 5] = [
    "1.2.840.113549.1.1.5",
    "1.2.840.113549.1.1.4",
    "1.2.840.113549.1.1.2",
    "1.2.840.10040.4.3",
    "1.2.840.10045.4.1",
];

/// Of a path in evidence: longer ones are nobody's.
const TOLD_MAX: usize = 6;
/// Of a certificate's hosts: evidence takes so many bytes only.
const NAMES_MAX: usize = 16;

/// Whom to believe.
#[derive(Debug, Clone, Copy)]
pub(super) struct Trust<'a> {
    /// Authorities.
    pub anchors: &'a [TrustAnchor<'static>],
    /// Certificates that are believed as they are.
    pub pinned: &'a [CertificateDer<'static>],
    /// Intermediates that some server showed on a trusted path.
    pub known: &'a [CertificateDer<'static>],
}

/// What a chain is worth.
#[derive(Debug, Default)]
pub(super) struct Judged {
    /// Why it is not to be believed.
    pub fault: Option<Fault>,
    /// End of the leaf's validity, Unix ms.
    pub not_after_ms: Option<i64>,
    /// The soonest end on the path that is used, Unix ms; absent without one.
    pub path_not_after_ms: Option<i64>,
    /// Whose certificate ends first on the path, where that is not the leaf.
    pub path_ends: String,
    /// The leaf's whole validity, ms.
    pub lifetime_ms: i64,
    /// Who signed the leaf.
    pub issuer: String,
    /// Whom the leaf is for.
    pub names: String,
    /// The intermediates of the path, as the server sent them.
    pub intermediates: Vec<CertificateDer<'static>>,
}

/// Judges what a server showed, its own certificate first.
pub(super) fn judge(
    shown: &[CertificateDer<'static>],
    trust: Trust<'_>,
    name: &ServerName<'_>,
    now: UnixTime,
) -> Judged {
    let Some((leaf_der, sent)) = shown.split_first() else {
        return unreadable(Reason::TlsProtocol, "the server showed no certificate");
    };
    let (Ok((_, leaf)), Ok(end_entity)) =
        (X509Certificate::from_der(leaf_der), EndEntityCert::try_from(leaf_der))
    else {
        return unreadable(Reason::TlsUntrusted, "the server's certificate cannot be read");
    };
    let (from, to) = validity(&leaf);
    let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
    let mut faults = Vec::new();
    if now > to {
        faults.push(Fault::new(Reason::TlsExpired, format!("expired on {}", day(to))));
    } else if now < from {
        faults.push(Fault::new(Reason::TlsNotYetValid, format!("valid from {} only", day(from))));
    }
    let mut judged = Judged {
        not_after_ms: to.checked_mul(1_000),
        lifetime_ms: to.saturating_sub(from).saturating_mul(1_000),
        issuer: leaf.issuer().to_string(),
        names: names(&leaf),
        ..Judged::default()
    };
    // Out of its time, a leaf still has a path: that of the moment in which it was valid.
    let at = unix_time(now.clamp(from, to.max(from)));
    match path(&end_entity, sent, trust, at) {
        Ok(path) => {
            let above = path.iter().filter_map(|der| read(der));
            let sooner = above.map(|above| (validity(&above).1, above)).filter(|(end, _)| *end < to);
            let sooner = sooner.min_by_key(|(end, _)| *end);
            judged.path_not_after_ms = sooner.as_ref().map_or(to, |(end, _)| *end).checked_mul(1_000);
            judged.path_ends = sooner.map(|(_, above)| above.subject().to_string()).unwrap_or_default();
            faults.extend(weakness(&leaf).or_else(|| path.iter().find_map(|der| weakness(&read(der)?))));
            judged.intermediates = path;
        }
        Err(error) => faults.push(fault_of_path(&error, &leaf, &end_entity, sent, trust, at)),
    }
    if let Err(error) = end_entity.verify_is_valid_for_subject_name(name) {
        faults.push(Fault::new(Reason::TlsNameMismatch, names_of(&error)));
    }
    judged.fault = all_in_one(&faults);
    judged
}

/// Is the server's own key too short for a handshake to be checked with it?
pub(super) fn weakness_of_leaf(shown: &[CertificateDer<'static>]) -> Option<Fault> {
    weakness(&read(shown.first()?)?)
}

/// Each certificate of the path that is used, or of what was sent where there is none: its last day, the beginning of
/// its fingerprint (SHA-256), and whose it is.
pub(super) fn told(shown: &[CertificateDer<'static>], judged: &Judged) -> Vec<String> {
    let Some((leaf, sent)) = shown.split_first() else { return Vec::new() };
    let above = if judged.intermediates.is_empty() { sent } else { &judged.intermediates };
    let tell = |der: &CertificateDer<'_>| {
        let certificate = read(der)?;
        let fingerprint = ring::digest::digest(&ring::digest::SHA256, der);
        let begin = fingerprint.as_ref().first_chunk().map_or(0, |begin| u64::from_be_bytes(*begin));
        Some(format!("{} {begin:016x} {}", day(validity(&certificate).1), certificate.subject()))
    };
    std::iter::once(leaf).chain(above).take(TOLD_MAX).filter_map(tell).collect()
}

/// The hosts that a certificate names; its subject where it names none.
fn names(leaf: &X509Certificate<'_>) -> String {
    let names = leaf.subject_alternative_name().ok().flatten();
    let hosts: Vec<String> = names
        .iter()
        .flat_map(|extension| &extension.value.general_names)
        .filter_map(|name| match name {
            GeneralName::DNSName(host) => Some((*host).to_owned()),
            GeneralName::IPAddress(bytes) => ip(bytes).map(|ip| ip.to_string()),
            _ => None,
        })
        .take(NAMES_MAX)
        .collect();
    if hosts.is_empty() { leaf.subject().to_string() } else { hosts.join(", ") }
}

fn ip(bytes: &[u8]) -> Option<std::net::IpAddr> {
    let four = <[u8; 4]>::try_from(bytes).map(std::net::IpAddr::from);
    four.or_else(|_| <[u8; 16]>::try_from(bytes).map(std::net::IpAddr::from)).ok()
}

fn unreadable(reason: Reason, detail: &str) -> Judged {
    Judged { fault: Some(Fault::new(reason, detail)), ..Judged::default() }
}

/// The first is the reason; all are told.
fn all_in_one(faults: &[Fault]) -> Option<Fault> {
    let details: Vec<&str> = faults.iter().map(|fault| fault.detail.as_str()).collect();
    Some(Fault::new(faults.first()?.reason, details.join("; ")))
}

/// The intermediates of a path from the leaf to an authority.
fn path(
    end_entity: &EndEntityCert<'_>,
    sent: &[CertificateDer<'static>],
    trust: Trust<'_>,
    at: UnixTime,
) -> Result<Vec<CertificateDer<'static>>, Error> {
    if trust.pinned.iter().any(|pinned| *pinned == end_entity.der()) {
        return Ok(Vec::new());
    }
    let taken = |path: &VerifiedPath<'_>| {
        path.intermediate_certificates().map(|intermediate| intermediate.der().into_owned()).collect()
    };
    end_entity
        .verify_for_usage(
            webpki::ALL_VERIFICATION_ALGS,
            trust.anchors,
            sent,
            at,
            KeyUsage::server_auth(),
            None,
            None,
        )
        .map(|path| taken(&path))
}

fn fault_of_path(
    error: &Error,
    leaf: &X509Certificate<'_>,
    end_entity: &EndEntityCert<'_>,
    sent: &[CertificateDer<'static>],
    trust: Trust<'_>,
    at: UnixTime,
) -> Fault {
    match error {
        Error::CertExpired { not_after, .. } => {
            let end = day(i64::try_from(not_after.as_secs()).unwrap_or(i64::MAX));
            return Fault::new(
                Reason::TlsExpired,
                format!("a certificate above the server's expired on {end}"),
            );
        }
        Error::CertNotValidYet { not_before, .. } => {
            let begin = day(i64::try_from(not_before.as_secs()).unwrap_or(i64::MAX));
            let detail = format!("a certificate above the server's is valid from {begin} only");
            return Fault::new(Reason::TlsNotYetValid, detail);
        }
        Error::CertRevoked => return Fault::new(Reason::TlsRevoked, "revoked"),
        _ => {}
    }
    if let Some(weakness) = weakness_on_the_way(leaf, sent) {
        return weakness;
    }
    let is_own = leaf.subject() == leaf.issuer();
    if is_own && matches!(error, Error::UnknownIssuer | Error::CaUsedAsEndEntity) {
        let detail = "self-signed; to trust it as it is, name it in `authority`";
        return Fault::new(Reason::TlsUntrusted, detail);
    }
    if !matches!(error, Error::UnknownIssuer) {
        return Fault::new(Reason::TlsUntrusted, error.to_string());
    }
    let helped = [sent, trust.known].concat();
    let is_completed = !trust.known.is_empty() && path(end_entity, &helped, trust, at).is_ok();
    if is_completed || (issuer_of(leaf, sent).is_none() && names_its_issuers_place(leaf)) {
        let detail = format!("the server does not send its issuer, `{}`", leaf.issuer());
        return Fault::new(Reason::TlsChainIncomplete, detail);
    }
    Fault::new(Reason::TlsUntrusted, format!("issued by `{}`, which leads to no authority", leaf.issuer()))
}

/// The first weak certificate from the leaf upwards, by the names of issuers.
fn weakness_on_the_way(leaf: &X509Certificate<'_>, sent: &[CertificateDer<'static>]) -> Option<Fault> {
    let mut found = weakness(leaf);
    let mut above = issuer_of(leaf, sent);
    // At most as many steps as certificates: names can go in circles.
    for _ in sent {
        let (None, Some(certificate)) = (&found, above) else { break };
        found = weakness(&certificate);
        above = issuer_of(&certificate, sent);
    }
    found
}

/// The certificate that was sent of who issued this one; none for one that issued itself.
fn issuer_of<'s>(
    certificate: &X509Certificate<'_>,
    sent: &'s [CertificateDer<'static>],
) -> Option<X509Certificate<'s>> {
    if certificate.subject() == certificate.issuer() {
        return None;
    }
    sent.iter().filter_map(|der| read(der)).find(|issuer| issuer.subject() == certificate.issuer())
}

fn names_its_issuers_place(leaf: &X509Certificate<'_>) -> bool {
    leaf.extensions().iter().any(|extension| match extension.parsed_extension() {
        ParsedExtension::AuthorityInfoAccess(access) => {
            access.accessdescs.iter().any(|place| place.access_method.to_id_string() == CA_ISSUERS)
        }
        _ => false,
    })
}

fn weakness(certificate: &X509Certificate<'_>) -> Option<Fault> {
    let bits = match certificate.public_key().parsed() {
        Ok(PublicKey::RSA(key)) => key.key_size(),
        _ => RSA_BITS_MIN,
    };
    if (1..RSA_BITS_MIN).contains(&bits) {
        let detail = format!("`{}` has an RSA key of {bits} bits", certificate.subject());
        return Some(Fault::new(Reason::TlsWeak, detail));
    }
    let signature = certificate.signature_algorithm.algorithm.to_id_string();
    // A root's signature of itself proves nothing and harms nobody.
    let is_own = certificate.subject() == certificate.issuer();
    (!is_own && WEAK_SIGNATURES.contains(&signature.as_str())).then(|| {
        let detail = format!("`{}` is signed by means of SHA-1 or MD5", certificate.subject());
        Fault::new(Reason::TlsWeak, detail)
    })
}

fn names_of(error: &Error) -> String {
    match error {
        Error::CertNotValidForName(context) if context.presented.is_empty() => {
            "the certificate names no host".to_owned()
        }
        Error::CertNotValidForName(context) => {
            // webpki quotes each name behind its kind.
            let bare = |name: &'_ String| name.split('"').nth(1).unwrap_or(name).to_owned();
            let shown: Vec<String> = context.presented.iter().take(4).map(bare).collect();
            let rest = context.presented.len() - shown.len();
            let more = if rest > 0 { format!(" and {rest} more") } else { String::new() };
            format!("the certificate is for {}{more}", shown.join(", "))
        }
        other => other.to_string(),
    }
}

fn read<'d>(der: &'d CertificateDer<'_>) -> Option<X509Certificate<'d>> {
    X509Certificate::from_der(der).ok().map(|(_, certificate)| certificate)
}

/// First and last second of validity, Unix time.
fn validity(certificate: &X509Certificate<'_>) -> (i64, i64) {
    let validity = certificate.validity();
    (validity.not_before.timestamp(), validity.not_after.timestamp())
}

fn unix_time(seconds: i64) -> UnixTime {
    UnixTime::since_unix_epoch(std::time::Duration::from_secs(u64::try_from(seconds).unwrap_or(0)))
}

/// The day, UTC.
pub(super) fn day(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds)
        .map_or_else(|_| seconds.to_string(), |at| at.to_zoned(jiff::tz::TimeZone::UTC).date().to_string())
}

#[cfg(test)]
mod tests;
