//! The keys of `probe: access_point`.

use crate::yaml::probe::{SnmpVersion, TlsKeys};
use crate::yaml::scalar::words;
use crate::yaml::shape::{At, shape};
use crate::{ApFallback, Family, Id, SnmpAuth, SnmpCipher};

shape! {
    /// `probe: access_point`
    AccessPointKeys {
        /// Who knows of the access points.
        controller: required At<ControllerKeys>,
        /// What stands in for a controller that does not answer: `icmp` or `none`.
        fallback: optional At<ApFallback>,
        /// `v4`, `v6` or `both`, of the access points.
        family: decisive At<Family>,
    }
}

shape! {
    /// `controller:`
    ControllerKeys {
        /// Of its SNMP agent.
        address: decisive At<String>,
        /// Of its REST interface.
        url: decisive At<String>,
        /// Of SNMP: `2c` or `3`.
        version: decisive At<SnmpVersion>,
        /// The name of a secret of the agent.
        secret: decisive At<Id>,
        /// Of version 3 of SNMP.
        user: decisive At<String>,
        /// Of version 3 of SNMP.
        auth: decisive At<SnmpAuth>,
        /// Of version 3 of SNMP.
        privacy: decisive At<SnmpCipher>,
        /// The name of a secret of the agent: the passphrase of `privacy`.
        privacy_secret: decisive At<Id>,
        /// Of version 3 of SNMP.
        context: decisive At<String>,
        /// The header that carries the secret to a REST interface.
        header: decisive At<String>,
        /// How TLS is judged.
        tls: decisive TlsKeys,
        /// A vendor's table: `aruba` or `airespace`.
        table: decisive At<ApTable>,
        /// Where the list is in a JSON document.
        list: decisive At<String>,
        /// The column or field with names.
        name: decisive At<String>,
        /// The column or field with states.
        state: decisive At<String>,
        /// States that are up.
        up: decisive Vec<At<String>>,
        /// States that are degraded.
        degraded: decisive Vec<At<String>>,
        /// The column or field with numbers of clients.
        clients: decisive At<String>,
        /// The column or field with addresses.
        ip: decisive At<String>,
    }
}

/// `table:`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ApTable {
    Aruba,
    Airespace,
}

words! { ApTable, "table", "la tabella", ["aruba" => ApTable::Aruba, "airespace" => ApTable::Airespace] }
words! { ApFallback, "fallback", "il ripiego", ["icmp" => ApFallback::Icmp, "none" => ApFallback::None] }
