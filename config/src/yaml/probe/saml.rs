//! The keys of `probe: saml`.

use crate::Family;
use crate::yaml::duration::Millis;
use crate::yaml::probe::TlsKeys;
use crate::yaml::shape::{At, shape};

shape! {
    /// `probe: saml`
    SamlKeys {
        /// The `entityID`, to the letter.
        entity: required At<String>,
        /// Which certificates may sign: their SHA-256.
        signing: decisive Vec<At<String>>,
        /// With less left it is degraded.
        expiring: decisive At<Millis>,
        /// Are its endpoints asked, too?
        endpoints: decisive bool,
        /// Where endpoints may be.
        hosts: decisive Vec<At<String>>,
        /// How TLS is judged.
        tls: decisive TlsKeys,
        /// `v4`, `v6` or `both`.
        family: decisive At<Family>,
    }
}
