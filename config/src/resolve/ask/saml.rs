//! `probe: saml`: where metadata is, and whose it must be.

use std::path::Path;

use super::{family_of, http, tls};
use crate::text::say;
use crate::yaml::probe::SamlKeys;
use crate::yaml::shape::{At, Report};
use crate::{Family, SamlParams};

/// The question without its target.
#[derive(Debug)]
pub(in crate::resolve) struct Asked {
    params: SamlParams,
    family: Option<At<Family>>,
}

impl Asked {
    pub(super) fn of(&self, target: &At<String>, report: &mut Report<'_>) -> Option<SamlParams> {
        let (host, _) = http::url(target, "saml", report)?;
        let family = family_of(&host, self.family.as_ref(), report)?;
        Some(SamlParams { url: target.value.clone(), family, ..self.params.clone() })
    }
}

/// Judges the parameters. `None` after a problem.
pub(super) fn asked(keys: &SamlKeys, folder: Option<&Path>, report: &mut Report<'_>) -> Option<Asked> {
    let signing = keys.signing.as_deref().unwrap_or_default();
    let fingerprints: Vec<String> = signing.iter().filter_map(|key| fingerprint(key, report)).collect();
    let hosts = http::hosts(keys.hosts.as_deref(), report);
    let tls = tls::tls(keys.tls.as_ref(), folder, report);
    let params = SamlParams {
        url: String::new(), // `of` puts the target's in place
        entity: keys.entity.value.clone(),
        signing: Some(fingerprints).filter(|all| all.len() == signing.len())?,
        expiring_ms: keys.expiring.as_ref().map(|key| key.value.0),
        endpoints: keys.endpoints.unwrap_or(true),
        hosts: hosts?,
        tls: tls?,
        family: Family::default(),
    };
    Some(Asked { params, family: keys.family.clone() })
}

/// As `openssl x509 -fingerprint -sha256` writes it, or without its colons.
fn fingerprint(key: &At<String>, report: &mut Report<'_>) -> Option<String> {
    let digits = key.value.replace(':', "").to_ascii_lowercase();
    if digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Some(digits);
    }
    let message = say!(
        "not the SHA-256 of a certificate: 64 hexadecimal digits, as `openssl x509 -noout -fingerprint -sha256` \
         writes them",
        "non è lo SHA-256 di un certificato: 64 cifre esadecimali, come le scrive `openssl x509 -noout -fingerprint \
         -sha256`"
    );
    report.problem(key.at, message);
    None
}
