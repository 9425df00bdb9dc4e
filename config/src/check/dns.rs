//! What `probe: dns` asks.

use serde::{Deserialize, Serialize};

use super::{HostPort, TlsParams};

/// Parameters of `probe: dns`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DnsParams {
    /// The server asked: an IP address, port 53 unless said, 853 over TLS.
    pub server: HostPort,
    /// The name asked, absolute.
    pub name: String,
    /// The record type: `A`, `AAAA`, `MX`, `NS`, `SOA`, `TXT`, `CNAME`, `PTR`, `SRV`, `CAA`.
    pub record_type: String,
    /// Over what.
    #[serde(default)]
    pub transport: DnsTransport,
    /// How the server's certificate is judged, for [`DnsTransport::Tls`].
    #[serde(default, skip_serializing_if = "TlsParams::is_default")]
    pub tls: TlsParams,
    /// Response codes that are up, such as `NOERROR`, `NXDOMAIN`.
    #[serde(default = "noerror")]
    pub rcodes: Vec<String>,
    /// Values that are compared with the answer's, by `matching`; empty for any answer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub expect: Vec<String>,
    /// How `expect` is compared.
    #[serde(default, skip_serializing_if = "RecordMatch::is_default")]
    pub matching: RecordMatch,
    /// Records of the type, at least. `None`: one in an answer of NOERROR, unless NXDOMAIN is up too, or `expect`
    /// says what there must be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_count: Option<u32>,
    /// No record of the answer may be kept for less, seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl_min_s: Option<u32>,
    /// Flags of the answer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub flags: Vec<DnsFlag>,
    /// Is recursion desired (RD)?
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub recursion: bool,
    /// Are signatures asked for (DO)?
    #[serde(default, skip_serializing_if = "is_no")]
    pub dnssec: bool,
    /// Signatures must be valid for at least so long yet, ms; less is degraded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rrsig_min_ms: Option<u64>,
    /// Questions the server must not answer: names whose signatures are bogus, names of others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub must_fail: Vec<DnsQuestion>,
    /// Servers that must not have a newer serial of the zone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub soa_serial: Option<SoaSerial>,
}

impl DnsParams {
    /// A question to which any answer will do.
    pub fn ask(server: HostPort, name: &str, record_type: &str) -> Self {
        Self {
            server,
            name: name.to_owned(),
            record_type: record_type.to_owned(),
            transport: DnsTransport::default(),
            tls: TlsParams::default(),
            rcodes: noerror(),
            expect: Vec::new(),
            matching: RecordMatch::default(),
            min_count: None,
            ttl_min_s: None,
            flags: Vec::new(),
            recursion: true,
            dnssec: false,
            rrsig_min_ms: None,
            must_fail: Vec::new(),
            soa_serial: None,
        }
    }
}

fn noerror() -> Vec<String> {
    vec!["NOERROR".to_owned()]
}

const fn yes() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
const fn is_yes(value: &bool) -> bool {
    *value
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
const fn is_no(value: &bool) -> bool {
    !*value
}

/// Over what a DNS question goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DnsTransport {
    /// A datagram; a truncated answer is asked again over TCP, and degraded.
    #[default]
    Udp,
    /// A connection.
    Tcp,
    /// A connection with TLS (RFC 7858).
    Tls,
    /// Both are asked, and both must answer.
    Both,
}

impl DnsTransport {
    /// The port where it is usual.
    pub const fn port(self) -> u16 {
        match self {
            Self::Udp | Self::Tcp | Self::Both => 53,
            Self::Tls => 853,
        }
    }
}

/// How the values expected are compared with those of the answer, whatever their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecordMatch {
    /// At least one is there.
    #[default]
    Any,
    /// All are there, perhaps beside others.
    All,
    /// All are there, and no other.
    Exact,
    /// None is there.
    None,
}

impl RecordMatch {
    /// Left out of an assignment: agents of before know no other.
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
    fn is_default(&self) -> bool {
        *self == Self::Any
    }
}

/// A flag that the answer must, or must not, carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DnsFlag {
    /// Authoritative.
    Aa,
    /// Validated by the server.
    Ad,
    /// The server recurses.
    Ra,
    /// Not authoritative.
    NoAa,
    /// Not validated.
    NoAd,
    /// The server does not recurse for whoever asks.
    NoRa,
}

impl DnsFlag {
    /// As charters write them.
    pub const ALL: [(&'static str, Self); 6] = [
        ("aa", Self::Aa),
        ("ad", Self::Ad),
        ("ra", Self::Ra),
        ("no-aa", Self::NoAa),
        ("no-ad", Self::NoAd),
        ("no-ra", Self::NoRa),
    ];
}

/// A name and a type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DnsQuestion {
    /// Absolute.
    pub name: String,
    /// As [`DnsParams::record_type`].
    pub record_type: String,
}

/// Which servers a zone's serial is compared with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SoaSerial {
    /// The other servers of the zone; those that do not answer are not heard.
    pub same_as: Vec<HostPort>,
    /// Behind for so long is degraded, longer is down, ms.
    pub within_ms: u64,
}
