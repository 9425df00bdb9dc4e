//! The keys of `probe: dns`.

use crate::yaml::duration::Millis;
use crate::yaml::probe::TlsKeys;
use crate::yaml::shape::{At, shape};
use crate::{DnsFlag, DnsTransport, RecordMatch};

shape! {
    /// `probe: dns`
    DnsKeys {
        /// Name and type, such as `intranet.example A`.
        ask: required At<String>,
        /// Values that are compared with the answer's.
        expect: optional Vec<At<String>>,
        /// `any`, `all`, `exact` or `none` of them.
        matching: decisive At<RecordMatch>,
        /// Records of the type, at least.
        min_count: optional At<u32>,
        /// No record may be kept for less.
        ttl_min: optional At<Millis>,
        /// `aa`, `ad`, `ra`, `no-aa`, `no-ad`, `no-ra`.
        flags: optional Vec<At<DnsFlag>>,
        /// Is recursion desired?
        recursion: optional bool,
        /// Are signatures asked for?
        dnssec: optional bool,
        /// Signatures must be valid for so long yet.
        rrsig_min: optional At<Millis>,
        /// Questions that must not be answered.
        must_fail: optional Vec<At<String>>,
        /// Servers that must have the same serial.
        soa_serial: decisive At<SoaSerialKeys>,
        /// `udp`, `tcp`, `tls` or `both`.
        transport: decisive DnsTransport,
        /// How the server's certificate is judged, with `transport: tls`.
        tls: decisive At<TlsKeys>,
        /// Codes that are up.
        rcodes: optional Vec<At<String>>,
    }
}

shape! {
    /// `soa_serial:`
    SoaSerialKeys {
        /// How long a server may be behind.
        within: required At<Millis>,
        /// The other servers; the component's other targets unless said.
        same_as: optional Vec<At<String>>,
    }
}
