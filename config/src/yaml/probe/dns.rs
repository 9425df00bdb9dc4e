//! The keys of `probe: dns`.

use crate::DnsTransport;
use crate::yaml::shape::{At, shape};

shape! {
    /// `probe: dns`
    DnsKeys {
        /// Name and type, such as `intranet.example A`.
        ask: required At<String>,
        /// Values of which one must be in the answer.
        expect: optional Vec<At<String>>,
        /// `udp` or `tcp`.
        transport: decisive DnsTransport,
        /// Codes that are up.
        rcodes: optional Vec<At<String>>,
    }
}
