//! Metadata of every shape, judged at chosen moments.

use rcgen::{CertificateParams, KeyPair, date_time_ymd};

use super::*;

/// 2027-03-01 08:00 UTC, Unix ms.
const NOW_MS: i64 = 1_803_888_000_000;
const DAY_MS: i64 = 86_400_000;
const ENTITY: &str = "https://sportello.example/saml";

/// A certificate, base64, valid from and until the first of (year, month).
pub(in crate::probe::saml) fn certificate_of(from: (i32, u8), to: (i32, u8)) -> String {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    (params.not_before, params.not_after) = (date_time_ymd(from.0, from.1, 1), date_time_ymd(to.0, to.1, 1));
    let certificate = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
    base64::encode(certificate.der())
}

fn key(used: &str, certificate: &str) -> String {
    let used = if used.is_empty() { String::new() } else { format!(" use=\"{used}\"") };
    format!(
        "<md:KeyDescriptor{used}><ds:KeyInfo><ds:X509Data><ds:X509Certificate>\n  {certificate}\n\
         </ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>"
    )
}

pub(in crate::probe::saml) fn metadata_of(attributes: &str, keys: &[(&str, &str)], more: &str) -> String {
    let keys: String = keys.iter().map(|(used, certificate)| key(used, certificate)).collect();
    format!(
        "<md:EntityDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" \
         xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\" entityID=\"{ENTITY}\" {attributes}>\
         <md:SPSSODescriptor>{keys}{more}</md:SPSSODescriptor></md:EntityDescriptor>"
    )
}

fn judged(text: &str, lifetime_ms: i64) -> Option<(Reason, String)> {
    let wanted = Wanted { signing: &[], expiring_ms: None };
    let seen = read(text, ENTITY).and_then(|entity| entity.judge(&wanted, lifetime_ms, NOW_MS));
    seen.err().map(|fault| (fault.reason, fault.detail))
}

#[test]
fn certificates_are_valid_or_say_why_not() {
    let long = certificate_of((2025, 1), (2030, 1));
    let past = certificate_of((2020, 1), (2026, 1));
    let soon = certificate_of((2020, 1), (2027, 3));
    let future = certificate_of((2028, 1), (2030, 1));
    // Twelve days left of five years.
    let mut ending = CertificateParams::new(Vec::new()).unwrap();
    (ending.not_before, ending.not_after) = (date_time_ymd(2022, 3, 13), date_time_ymd(2027, 3, 13));
    let ending = base64::encode(ending.self_signed(&KeyPair::generate().unwrap()).unwrap().der());
    let [long, past, soon, future, ending] = [&long, &past, &soon, &future, &ending].map(String::as_str);
    for (keys, expected) in [
        (vec![("", long)], None),
        (vec![("signing", long), ("encryption", long)], None),
        (vec![("signing", ending), ("signing", long)], None),
        (vec![("signing", ending)], Some(Reason::SamlExpiring)),
        (vec![("signing", long), ("encryption", ending)], Some(Reason::SamlExpiring)),
        (vec![("signing", long), ("signing", past)], Some(Reason::SamlCertExpired)),
        (vec![("signing", long), ("encryption", soon)], Some(Reason::SamlExpiring)),
        (vec![("signing", past)], Some(Reason::SamlNoSigningCert)),
        (vec![("signing", future)], Some(Reason::SamlNoSigningCert)),
        (vec![("encryption", long)], Some(Reason::SamlNoSigningCert)),
        (vec![], Some(Reason::SamlNoSigningCert)),
        (vec![("signing", "AAAA")], Some(Reason::SamlMetadata)),
    ] {
        let seen = judged(&metadata_of("", &keys, ""), 0);
        assert_eq!(seen.as_ref().map(|seen| seen.0), expected, "{seen:?}");
    }
}

#[test]
fn the_document_itself_ends() {
    let long = certificate_of((2025, 1), (2035, 1));
    let until = |days_and_half: i64| {
        let at = jiff::Timestamp::from_millisecond(NOW_MS + days_and_half * DAY_MS / 2).unwrap();
        metadata_of(&format!("validUntil=\"{at}\" cacheDuration=\"PT6H\""), &[("", &long)], "")
    };
    for (half_days, lifetime_ms, expected) in [
        // Of two days, one and a half is no news; four tenths of a day are.
        (3, 2 * DAY_MS, None),
        (1, 2 * DAY_MS, None),
        (1, 3 * DAY_MS, Some(Reason::SamlExpiring)),
        (27, 400 * DAY_MS, Some(Reason::SamlExpiring)),
        (29, 400 * DAY_MS, None),
        (0, 400 * DAY_MS, Some(Reason::SamlExpired)),
        (-2, 0, Some(Reason::SamlExpired)),
    ] {
        let seen = judged(&until(half_days), lifetime_ms);
        assert_eq!(seen.as_ref().map(|seen| seen.0), expected, "{half_days}: {seen:?}");
    }
    let entity = read(&until(3), ENTITY).unwrap();
    assert_eq!(
        (entity.valid_until_ms, entity.cache_duration.as_deref()),
        (Some(NOW_MS + 3 * DAY_MS / 2), Some("PT6H"))
    );
    let without_zone = metadata_of("validUntil=\"2027-03-01T08:00:00\"", &[("", &long)], "");
    assert_eq!(read(&without_zone, ENTITY).unwrap().valid_until_ms, Some(NOW_MS));
    let never = metadata_of("validUntil=\"domani\"", &[("", &long)], "");
    assert_eq!(judged(&never, 0).unwrap().0, Reason::SamlMetadata);
}

#[test]
fn an_entity_is_found_among_many_and_ends_with_them() {
    let long = certificate_of((2025, 1), (2035, 1));
    let one = metadata_of("validUntil=\"2027-04-01T00:00:00Z\"", &[("", &long)], "");
    let other = one.replace("sportello", "altro");
    let many = format!(
        "<EntitiesDescriptor xmlns=\"{METADATA}\" validUntil=\"2027-03-02T00:00:00Z\">\
         <Extensions><r:PublicationInfo xmlns:r=\"{PUBLICATION}\" creationInstant=\"2027-03-01T00:00:00Z\" \
         publisher=\"x\"/></Extensions>{other}{one}</EntitiesDescriptor>"
    );
    let entity = read(&many, ENTITY).unwrap();
    assert_eq!(entity.valid_until_ms, Some(NOW_MS + 16 * 3_600_000));
    assert_eq!(entity.made_ms, Some(NOW_MS - 8 * 3_600_000));
    let (reason, detail) = judged(&other, 0).unwrap();
    assert_eq!(reason, Reason::SamlEntityMismatch);
    assert_eq!(detail, format!("the metadata is of `https://altro.example/saml`, expected `{ENTITY}`"));
}

#[test]
fn a_pinned_certificate_must_sign() {
    let (one, other) = (certificate_of((2025, 1), (2035, 1)), certificate_of((2025, 1), (2035, 1)));
    let fingerprint = |certificate: &str| certificate_fingerprint(certificate);
    let asked = |keys: &[(&str, &str)], pins: &[String]| {
        let wanted = Wanted { signing: pins, expiring_ms: None };
        let entity = read(&metadata_of("", keys, ""), ENTITY).unwrap();
        entity.judge(&wanted, 0, NOW_MS).err().map(|fault| fault.reason)
    };
    let pins = [fingerprint(&one)];
    assert_eq!(asked(&[("signing", &one)], &pins), None);
    assert_eq!(asked(&[("signing", &other), ("signing", &one)], &pins), None, "a roll-over");
    assert_eq!(asked(&[("signing", &other)], &pins), Some(Reason::SamlPin));
    assert_eq!(asked(&[("signing", &other), ("encryption", &one)], &pins), Some(Reason::SamlPin));
    assert_eq!(asked(&[("signing", &other)], &[fingerprint(&one), fingerprint(&other)]), None);
}

fn certificate_fingerprint(text: &str) -> String {
    certificate(text, None).unwrap().fingerprint
}

#[test]
fn the_charter_may_ask_for_more_time() {
    let until = metadata_of(
        "validUntil=\"2027-03-31T08:00:00Z\"",
        &[("", &certificate_of((2025, 1), (2035, 1)))],
        "",
    );
    let entity = read(&until, ENTITY).unwrap();
    let asked = |days: i64| {
        let wanted = Wanted { signing: &[], expiring_ms: Some(days * DAY_MS) };
        entity.judge(&wanted, 400 * DAY_MS, NOW_MS).err().map(|fault| fault.detail)
    };
    assert_eq!(asked(30), None);
    assert_eq!(asked(31).as_deref(), Some("the metadata ends on 2027-03-31, in 720 h"));
}

#[test]
fn browsers_endpoints_are_taken_once() {
    let at = |name: &str, binding: &str, location: &str| {
        format!(
            "<md:{name} Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:{binding}\" Location=\"{location}\"/>"
        )
    };
    let more = [
        at("SingleLogoutService", "HTTP-Redirect", "https://a.example/slo"),
        at("SingleLogoutService", "HTTP-POST", "https://a.example/slo"),
        at("SingleLogoutService", "SOAP", "https://a.example/soap"),
        at("AssertionConsumerService", "HTTP-POST", "https://a.example/acs?x=1&amp;y=2"),
        at("ArtifactResolutionService", "HTTP-POST", "https://a.example/art"),
    ];
    let text = metadata_of("", &[], &more.concat());
    let entity = read(&text, ENTITY).unwrap();
    assert_eq!(entity.endpoints, ["https://a.example/slo", "https://a.example/acs?x=1&y=2"]);
}

/// Each of these would take a core minutes, or memory by the gigabyte, if it were read as it comes.
#[test]
fn what_is_dear_to_read_is_not_read() {
    let attributes = (0..90_000).map(|number| format!(" a{number}=\"\"")).collect::<Vec<_>>().concat();
    let nested = (0..30_000).map(|number| format!("<a xmlns:b{number}=\"c\">")).collect::<Vec<_>>().concat();
    for (text, begin) in [
        (metadata_of(&attributes, &[], ""), "not XML: a tag of more than"),
        (metadata_of("", &[], &format!("{nested}{}", "</a>".repeat(30_000))), "not XML: more than"),
    ] {
        let (reason, detail) = judged(&text, 0).unwrap();
        assert!(reason == Reason::SamlMetadata && detail.starts_with(begin), "{detail}");
    }
    let keys = format!("{}{}", "<md:KeyDescriptor>".repeat(20_000), "</md:KeyDescriptor>".repeat(20_000));
    assert_eq!(judged(&metadata_of("", &[], &keys), 0).unwrap().0, Reason::SamlNoSigningCert);
}

/// Entity bombs, files of the agent, endless depth, endless width.
#[test]
fn hostile_documents_are_refused() {
    let bomb =
        "<!DOCTYPE a [<!ENTITY b \"xxxxxxxxxx\"><!ENTITY c \"&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;\">]><a>&c;</a>";
    let file = "<!DOCTYPE a [<!ENTITY b SYSTEM \"file:///etc/passwd\">]><a>&b;</a>";
    let deep = format!("{}{}", "<a>".repeat(100_000), "</a>".repeat(100_000));
    let wide = format!("<a>{}</a>", "<b/>".repeat(200_000));
    for (text, begin) in [
        (bomb, "not XML: XML with DTD detected"),
        (file, "not XML: XML with DTD detected"),
        (deep.as_str(), "not XML: nodes limit reached"),
        (wide.as_str(), "not XML: nodes limit reached"),
        ("", "not XML: "),
        ("<html/>", "`html` is not an EntityDescriptor"),
        ("<EntityDescriptor/>", "`EntityDescriptor` is not an EntityDescriptor"),
    ] {
        let (reason, detail) = judged(text, 0).unwrap();
        assert!(reason == Reason::SamlMetadata && detail.starts_with(begin), "{detail}");
    }
}
