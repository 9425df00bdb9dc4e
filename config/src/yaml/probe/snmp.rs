//! The keys of `probe: snmp`.

use crate::text::say;
use crate::yaml::node::Node;
use crate::yaml::scalar::words;
use crate::yaml::schema::{self, Definitions};
use crate::yaml::shape::{At, Report, Shape, shape};
use crate::{Family, Id, SnmpAuth, SnmpCipher, SnmpLimit, SnmpOid, SnmpPreset};

shape! {
    /// `probe: snmp`
    SnmpKeys {
        /// `2c` or `3`.
        version: required At<SnmpVersion>,
        /// The name of a secret of the agent: the community of version 2c, the passphrase of `auth` of version 3.
        secret: decisive At<Id>,
        /// Of version 3.
        user: decisive At<String>,
        /// By what messages of version 3 are authenticated.
        auth: decisive At<SnmpAuth>,
        /// By what messages of version 3 are encrypted.
        privacy: decisive At<SnmpCipher>,
        /// The name of a secret of the agent: the passphrase of `privacy`.
        privacy_secret: decisive At<Id>,
        /// Of version 3.
        context: decisive At<String>,
        /// Single values, each with what it must be.
        values: decisive Vec<At<SnmpValueKeys>>,
        /// Interfaces that must be in operation, by name or index.
        interfaces: decisive Vec<At<String>>,
        /// What is asked of a usual kind of device.
        preset: decisive Vec<At<SnmpPreset>>,
        /// A UPS on battery that expects to last for fewer minutes is degraded.
        minutes_left: optional At<u32>,
        /// `v4`, `v6` or `both`.
        family: decisive At<Family>,
    }
}

shape! {
    /// One of `values:`
    SnmpValueKeys {
        /// Which, in numbers.
        oid: required At<SnmpOid>,
        /// What people call it.
        name: optional String,
        /// A number beyond this is degraded.
        warn: decisive At<SnmpLimit>,
        /// A number beyond this is down.
        crit: decisive At<SnmpLimit>,
        /// It must be one of these.
        equals: decisive Vec<At<String>>,
        /// What another value than those is: `down` or `degraded`.
        otherwise: decisive At<Otherwise>,
    }
}

/// `version:`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SnmpVersion {
    V2c,
    V3,
}

/// `otherwise:`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Otherwise {
    Down,
    Degraded,
}

words! { SnmpVersion, "version", "la versione", ["2c" => SnmpVersion::V2c, "3" => SnmpVersion::V3] }
words! { Otherwise, "verdict", "l'esito", ["down" => Otherwise::Down, "degraded" => Otherwise::Degraded] }
words! { SnmpAuth, "authentication", "l'autenticazione", [
    "sha1" => SnmpAuth::Sha1,
    "sha224" => SnmpAuth::Sha224,
    "sha256" => SnmpAuth::Sha256,
    "sha384" => SnmpAuth::Sha384,
    "sha512" => SnmpAuth::Sha512,
] }
words! { SnmpCipher, "cipher", "la cifratura", [
    "aes128" => SnmpCipher::Aes128,
    "aes192" => SnmpCipher::Aes192,
    "aes256" => SnmpCipher::Aes256,
    "aes192c" => SnmpCipher::Aes192c,
    "aes256c" => SnmpCipher::Aes256c,
] }
words! { SnmpPreset, "preset", "il repertorio", [
    "ups" => SnmpPreset::Ups,
    "sensors" => SnmpPreset::Sensors,
    "host" => SnmpPreset::Host,
] }

impl Shape for SnmpOid {
    fn read(node: &Node, report: &mut Report<'_>) -> Option<Self> {
        let oid = node.scalar().and_then(Self::parse);
        let what = say!(
            "an object identifier in numbers, such as `1.3.6.1.2.1.1.3.0` (`snmptranslate -On` shows it)",
            "un identificatore di oggetto in numeri, come `1.3.6.1.2.1.1.3.0` (lo mostra `snmptranslate -On`)"
        );
        report.expected(oid, node, what)
    }

    fn schema(_: &mut Definitions) -> serde_json::Value {
        schema::scalar()
    }
}

impl Shape for SnmpLimit {
    fn read(node: &Node, report: &mut Report<'_>) -> Option<Self> {
        let limit = node.scalar().and_then(Self::parse);
        let what = say!(
            "a limit such as `> 75`, `< 10`, or `75` for above",
            "un limite come `> 75`, `< 10`, o `75` per chi lo supera"
        );
        report.expected(limit, node, what)
    }

    fn schema(_: &mut Definitions) -> serde_json::Value {
        schema::scalar()
    }
}
