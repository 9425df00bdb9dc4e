//! The keys of `probe: access_point`.

use crate::yaml::probe::{SnmpVersion, TlsKeys};
use crate::yaml::scalar::words;
use crate::yaml::shape::{At, shape};
use crate::{Family, Id, SnmpAuth, SnmpCipher};

shape! {
    /// `probe: access_point`
    AccessPointKeys {
        /// Who knows of the access points.
        controller: required At<ControllerKeys>,
        /// What stands in for a controller that does not answer, in this order: `icmp`, `snmp`, `switch_port`; or `none`.
        fallback: decisive Vec<At<Fallback>>,
        /// How the access points' own SNMP agents are asked, for `fallback: snmp`.
        snmp: decisive At<DevicesKeys>,
        /// How the switches are asked, for `fallback: switch_port`.
        switch: decisive At<DevicesKeys>,
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

shape! {
    /// `snmp:` and `switch:`
    DevicesKeys {
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
        /// Where they listen.
        port: decisive At<u32>,
    }
}

/// One of `fallback:`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fallback {
    Icmp,
    Snmp,
    SwitchPort,
    None,
}

/// `table:`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ApTable {
    Aruba,
    Airespace,
}

words! { ApTable, "table", "la tabella", ["aruba" => ApTable::Aruba, "airespace" => ApTable::Airespace] }
words! { Fallback, "fallback", "il ripiego", [
    "icmp" => Fallback::Icmp,
    "snmp" => Fallback::Snmp,
    "switch_port" => Fallback::SwitchPort,
    "none" => Fallback::None,
] }
