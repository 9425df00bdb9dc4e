//! What `probe: dns` asks.

use serde::{Deserialize, Serialize};

use super::HostPort;

/// Parameters of `probe: dns`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DnsParams {
    /// The server asked: an IP address, port 53 unless said.
    pub server: HostPort,
    /// The name asked, absolute.
    pub name: String,
    /// The record type: `A`, `AAAA`, `MX`, `NS`, `SOA`, `TXT`, `CNAME`, `PTR`, `SRV`, `CAA`.
    pub record_type: String,
    /// Over what.
    #[serde(default)]
    pub transport: DnsTransport,
    /// Response codes that are up, such as `NOERROR`, `NXDOMAIN`.
    #[serde(default = "noerror")]
    pub rcodes: Vec<String>,
    /// Values of which at least one must be among the answer's; empty for any answer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub expect: Vec<String>,
}

fn noerror() -> Vec<String> {
    vec!["NOERROR".to_owned()]
}

/// Over what a DNS question goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DnsTransport {
    /// A datagram; a truncated answer is asked again over TCP.
    #[default]
    Udp,
    /// A connection.
    Tcp,
}
