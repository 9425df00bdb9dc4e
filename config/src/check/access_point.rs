//! What `probe: access_point` asks.

use serde::{Deserialize, Serialize};

use super::{Family, HostPort, SnmpAccess, SnmpOid, TlsParams};
use crate::Id;

/// Parameters of `probe: access_point`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccessPointParams {
    /// What the controller calls it, as [`Self::name_of`] writes it.
    pub name: String,
    /// Where it is asked for an echo; a name or an address.
    pub host: String,
    /// Which addresses of a name to use.
    #[serde(default)]
    pub family: Family,
    /// Who knows of it.
    pub controller: ApController,
    /// What stands in for the controller when that does not answer: the first of them that can tell is believed.
    /// Nothing when empty: its state is then unknown.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fallback: Vec<ApFallback>,
}

impl AccessPointParams {
    /// One of each kind.
    pub const FALLBACKS_MAX: usize = 3;
    /// Of the name of a switch's port (RFC 2863, `ifName`; `ifDescr` has as many).
    pub const PORT_BYTES_MAX: usize = 255;

    /// A name of a controller as the names of targets are written: `AP Roma.1` is `ap-roma-1`.
    pub fn name_of(text: &str) -> String {
        let text = text.trim();
        let letters = text.chars().take(60).map(|letter| match letter.to_ascii_lowercase() {
            kept @ ('a'..='z' | '0'..='9' | '_' | '-') => kept,
            _ => '-',
        });
        let name: String = letters.collect();
        // A name begins with a letter.
        if name.starts_with(|first: char| first.is_ascii_lowercase()) { name } else { format!("ap-{name}") }
    }
}

/// A controller and its table. All access points of one controller are seen in one reading of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApController {
    /// Where the table is.
    pub source: ApSource,
    /// States that are up.
    pub up: Vec<String>,
    /// States that are up with something missing, such as a radio.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub degraded: Vec<String>,
}

impl ApController {
    /// States of one list.
    pub const STATES_MAX: usize = 32;
}

/// How a controller's table is read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApSource {
    /// Columns of a table of its SNMP agent.
    Snmp {
        /// Port 161 unless said.
        address: HostPort,
        /// Who asks.
        access: SnmpAccess,
        /// The column with names.
        name: SnmpOid,
        /// The column with states.
        state: SnmpOid,
        /// The column with numbers of clients.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        clients: Option<SnmpOid>,
        /// The column with addresses.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ip: Option<SnmpOid>,
    },
    /// A list in a JSON document.
    Rest {
        /// `https://` or `http://`; asked by GET.
        url: String,
        /// The header that carries the secret, as it is; `Authorization: Bearer` when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        header: Option<String>,
        /// The name of a file in the agent's secrets directory.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        secret: Option<Id>,
        /// Where the list is (RFC 6901); the whole document when empty.
        list: String,
        /// The field with the name.
        name: String,
        /// The field with the state.
        state: String,
        /// The field with the number of clients.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        clients: Option<String>,
        /// The field with the address.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ip: Option<String>,
        /// How TLS is judged, for `https://`.
        #[serde(default, skip_serializing_if = "TlsParams::is_default")]
        tls: TlsParams,
    },
}

/// What stands in for a controller that does not answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApFallback {
    /// An echo of the access point itself.
    Icmp,
    /// Its own SNMP agent; and an echo when that is silent.
    Snmp {
        /// 161 unless said.
        port: u16,
        /// Who asks.
        access: SnmpAccess,
    },
    /// The port of the switch on which it hangs (`ifOperStatus`, RFC 2863).
    SwitchPort {
        /// The switch; port 161 unless said.
        address: HostPort,
        /// Who asks.
        access: SnmpAccess,
        /// The port by its `ifName`, `ifDescr` or index.
        port: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_controllers_are_names_of_targets() {
        for (text, name) in [
            ("roma-1", "roma-1"),
            (" AP Roma.1 ", "ap-roma-1"),
            ("Città 2", "citt--2"),
            ("24:de:c6:01", "ap-24-de-c6-01"),
            ("", "ap-"),
        ] {
            assert_eq!(AccessPointParams::name_of(text), name);
        }
        assert!(Id::new(AccessPointParams::name_of(&"Ü".repeat(200))).is_ok());
    }
}
