//! SAML 2.0 metadata, read and judged: pure.
//!
//! The document is a stranger's: it is read without any DTD (so no entity is ever expanded, and nothing is fetched), and
//! only if it is cheap to read ([`xml`]); what is looked for is looked for once in each place. Its XML signature is not
//! verified: that needs canonical XML, which is a parser's worth of code that only this would use. What vouches
//! for the document is TLS to the host that serves it.

use collector_api::{Reason, hex_encode};
use ring::digest::{SHA256, digest};
use roxmltree::Node;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use crate::probe::{Fault, base64, xml};

const METADATA: &str = "urn:oasis:names:tc:SAML:2.0:metadata";
const SIGNATURE: &str = "http://www.w3.org/2000/09/xmldsig#";
const PUBLICATION: &str = "urn:oasis:names:tc:SAML:metadata:rpi";
/// Of a document; one entity has a few hundred.
const NODES_MAX: u32 = 50_000;
/// Of one entity; more are not looked at.
const CERTIFICATES_MAX: usize = 32;
/// See [`CERTIFICATES_MAX`].
const ENDPOINTS_MAX: usize = 64;
/// The bindings of endpoints that a browser goes to; others (SOAP) are between servers.
const BROWSER_BINDINGS: [&str; 3] = ["HTTP-Redirect", "HTTP-POST", "HTTP-POST-SimpleSign"];
/// Where a browser is sent.
const ENDPOINTS: [&str; 3] = ["SingleSignOnService", "SingleLogoutService", "AssertionConsumerService"];

/// What the metadata says of one entity.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Entity {
    /// The earliest `validUntil` of it and what it stands in, Unix ms.
    pub valid_until_ms: Option<i64>,
    /// When it was made, if it says so, Unix ms.
    pub made_ms: Option<i64>,
    /// How long it may be kept, as it says.
    pub cache_duration: Option<String>,
    pub certificates: Vec<Certificate>,
    /// Where browsers are sent, each once.
    pub endpoints: Vec<String>,
    pub has_signature: bool,
}

/// A certificate of a `KeyDescriptor`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Certificate {
    /// Without `use`, a key is for both.
    pub signs: bool,
    pub encrypts: bool,
    /// Unix ms.
    pub begins_ms: i64,
    pub ends_ms: i64,
    /// SHA-256 of its DER, hexadecimal.
    pub fingerprint: String,
}

/// Finds an entity in a document of one or of many.
pub(super) fn read(text: &str, entity: &str) -> Result<Entity, Fault> {
    let none = |detail: String| Fault::new(Reason::SamlMetadata, detail);
    let document = xml::read(text, NODES_MAX).map_err(|error| none(format!("not XML: {error}")))?;
    let root = document.root_element();
    if !is(root, METADATA, "EntityDescriptor") && !is(root, METADATA, "EntitiesDescriptor") {
        return Err(none(format!("`{:.40}` is not an EntityDescriptor", root.tag_name().name())));
    }
    let all = || root.descendants().filter(|node| is(*node, METADATA, "EntityDescriptor"));
    let named = |node: &Node<'_, '_>| node.attribute("entityID") == Some(entity);
    let Some(found) = all().find(named) else {
        let other = all().find_map(|node| node.attribute("entityID")).unwrap_or_default();
        let detail = format!("the metadata is of `{other:.80}`, expected `{entity}`");
        return Err(Fault::new(Reason::SamlEntityMismatch, detail));
    };
    let above = || found.ancestors().filter(Node::is_element);
    let untils = above().filter_map(|node| node.attribute("validUntil"));
    let untils: Option<Vec<i64>> = untils.map(instant_ms).collect();
    let malformed = || none("`validUntil` is no time".to_owned());
    Ok(Entity {
        valid_until_ms: untils.ok_or_else(malformed)?.into_iter().min(),
        made_ms: above().find_map(made_ms),
        cache_duration: above().find_map(|node| node.attribute("cacheDuration")).map(str::to_owned),
        certificates: certificates(found)?,
        endpoints: endpoints(found),
        has_signature: above().any(|node| node.children().any(|node| is(node, SIGNATURE, "Signature"))),
    })
}

impl Entity {
    /// Is it valid now, and will it be for a while? `lifetime_ms` is the document's, as far as that is known.
    pub(super) fn judge(&self, wanted: &Wanted<'_>, lifetime_ms: i64, now_ms: i64) -> Result<(), Fault> {
        let soon = |what: &str, ends_ms: i64, lifetime_ms: i64| {
            let left_ms = ends_ms.saturating_sub(now_ms);
            (left_ms < wanted.warn_ms(lifetime_ms)).then(|| {
                let detail = format!("{what} ends on {}, in {} h", day(ends_ms), left_ms / 3_600_000);
                Fault::degraded(Reason::SamlExpiring, detail)
            })
        };
        if let Some(until_ms) = self.valid_until_ms.filter(|&until_ms| until_ms <= now_ms) {
            return Err(Fault::new(Reason::SamlExpired, format!("`validUntil` was {}", instant(until_ms))));
        }
        let valid =
            |certificate: &&Certificate| certificate.begins_ms <= now_ms && now_ms < certificate.ends_ms;
        let signing = || self.certificates.iter().filter(|one| one.signs);
        if !signing().any(|one| valid(&one)) {
            let last = signing().map(|one| one.ends_ms).max();
            let detail = last.map_or_else(
                || "there is none".to_owned(),
                |last_ms| {
                    format!("none of {} is valid; the last ends on {}", signing().count(), day(last_ms))
                },
            );
            return Err(Fault::new(Reason::SamlNoSigningCert, detail));
        }
        let is_pinned = |one: &&Certificate| wanted.signing.contains(&one.fingerprint);
        if !wanted.signing.is_empty() && !signing().filter(valid).any(|one| is_pinned(&one)) {
            let shown = signing().find(valid).map(|one| one.fingerprint.as_str()).unwrap_or_default();
            return Err(Fault::new(
                Reason::SamlPin,
                format!("it is {shown:.16}…, which `signing` does not name"),
            ));
        }
        let ending = self.valid_until_ms.and_then(|until_ms| soon("the metadata", until_ms, lifetime_ms));
        // Beside one that lasts, one that ends is a roll-over; only the last of a use is missed.
        let last_of = |is_of_use: fn(&Certificate) -> bool| {
            self.certificates.iter().filter(|one| is_of_use(one)).max_by_key(|one| one.ends_ms)
        };
        let last = [last_of(|one| one.signs), last_of(|one| one.encrypts)];
        let ending = ending.or_else(|| {
            last.into_iter()
                .flatten()
                .find_map(|one| soon("a certificate", one.ends_ms, one.ends_ms.saturating_sub(one.begins_ms)))
        });
        let expired = self.certificates.iter().find(|one| one.ends_ms <= now_ms).map(|one| {
            let detail = format!("{:.16}… ended on {}: take it out", one.fingerprint, day(one.ends_ms));
            Fault::degraded(Reason::SamlCertExpired, detail)
        });
        ending.or(expired).map_or(Ok(()), Err)
    }

    /// Certificates, short enough for evidence, each with the day of its end: `3fa1b2c3 s 2029-05-01`.
    pub(super) fn told(&self) -> String {
        let one = |one: &Certificate| {
            let used = match (one.signs, one.encrypts) {
                (true, false) => " s",
                (false, true) => " e",
                _ => "",
            };
            format!("{:.8}{used} {}", one.fingerprint, day(one.ends_ms))
        };
        self.certificates.iter().map(one).collect::<Vec<_>>().join(", ")
    }
}

/// What a check wants of it.
#[derive(Debug)]
pub(super) struct Wanted<'w> {
    /// Fingerprints of which one must sign; any will do when there is none.
    pub signing: &'w [String],
    /// Said by the charter, ms.
    pub expiring_ms: Option<i64>,
}

impl Wanted<'_> {
    fn warn_ms(&self, lifetime_ms: i64) -> i64 {
        /// Longer than the holidays of whoever must make a new one.
        const WARN_MS: i64 = 14 * 86_400_000;
        self.expiring_ms.unwrap_or_else(|| WARN_MS.min(lifetime_ms / 5))
    }
}

fn certificates(entity: Node<'_, '_>) -> Result<Vec<Certificate>, Fault> {
    let mut found: Vec<Certificate> = Vec::new();
    for key in entity.descendants().filter(|node| is(*node, METADATA, "KeyDescriptor")) {
        for node in certificates_of(key) {
            let text: String = node.text().unwrap_or_default().split_whitespace().collect();
            let used = key.attribute("use");
            let malformed = || Fault::new(Reason::SamlMetadata, "a certificate in it is none");
            let one = certificate(&text, used).ok_or_else(malformed)?;
            let is_room = found.len() < CERTIFICATES_MAX;
            match found.iter_mut().find(|known| known.fingerprint == one.fingerprint) {
                Some(known) => {
                    (known.signs, known.encrypts) =
                        (known.signs || one.signs, known.encrypts || one.encrypts);
                }
                None if is_room => found.push(one),
                None => {}
            }
        }
    }
    Ok(found)
}

/// Where the schema has them, and not anywhere below: keys within keys would be looked through again and again.
fn certificates_of<'d, 'i>(key: Node<'d, 'i>) -> impl Iterator<Item = Node<'d, 'i>> {
    let named = |name: &'static str| move |node: &Node<'_, '_>| is(*node, SIGNATURE, name);
    let information = key.children().filter(named("KeyInfo"));
    let data = information.flat_map(|node| node.children()).filter(named("X509Data"));
    data.flat_map(|node| node.children()).filter(named("X509Certificate"))
}

fn certificate(text: &str, used: Option<&str>) -> Option<Certificate> {
    let der = base64::decode(text)?;
    let (_, parsed) = X509Certificate::from_der(&der).ok()?;
    let ms = |seconds: i64| seconds.saturating_mul(1_000);
    Some(Certificate {
        signs: used.is_none_or(|used| used == "signing"),
        encrypts: used.is_none_or(|used| used == "encryption"),
        begins_ms: ms(parsed.validity().not_before.timestamp()),
        ends_ms: ms(parsed.validity().not_after.timestamp()),
        fingerprint: hex_encode(digest(&SHA256, &der).as_ref()),
    })
}

fn endpoints(entity: Node<'_, '_>) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let named = |node: &Node<'_, '_>| ENDPOINTS.iter().any(|name| is(*node, METADATA, name));
    for node in entity.descendants().filter(named) {
        if found.len() == ENDPOINTS_MAX {
            break;
        }
        let binding = node.attribute("Binding").unwrap_or_default();
        let is_for_browsers = BROWSER_BINDINGS.iter().any(|name| binding.rsplit(':').next() == Some(name));
        let location = node.attribute("Location").filter(|_| is_for_browsers);
        let location = location.map(str::to_owned).filter(|location| !found.contains(location));
        found.extend(location);
    }
    found
}

fn is(node: Node<'_, '_>, namespace: &str, name: &str) -> bool {
    node.is_element() && node.tag_name().name() == name && node.tag_name().namespace() == Some(namespace)
}

/// Metadata that federations publish says when it was made.
fn made_ms(node: Node<'_, '_>) -> Option<i64> {
    let extensions = node.children().find(|node| is(*node, METADATA, "Extensions"))?;
    let publication = extensions.children().find(|node| is(*node, PUBLICATION, "PublicationInfo"))?;
    publication.attribute("creationInstant").and_then(instant_ms)
}

/// `xs:dateTime`; without a zone it is UTC (SAML Core, 1.3.3).
fn instant_ms(text: &str) -> Option<i64> {
    let text = text.trim();
    let parsed = text.parse::<jiff::Timestamp>().or_else(|_| format!("{text}Z").parse::<jiff::Timestamp>());
    parsed.ok().map(jiff::Timestamp::as_millisecond)
}

fn instant(ms: i64) -> String {
    let instant = jiff::Timestamp::from_second(ms.div_euclid(1_000)).unwrap_or_default();
    instant.to_string()
}

fn day(ms: i64) -> String {
    let mut day = instant(ms);
    day.truncate(day.find('T').unwrap_or(day.len()));
    day
}

#[cfg(test)]
pub(super) mod tests;
