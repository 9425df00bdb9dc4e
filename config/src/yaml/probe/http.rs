//! The keys of `probe: http`.

use crate::Family;
use crate::yaml::probe::TlsKeys;
use crate::yaml::shape::{At, shape};

shape! {
    /// `probe: http`
    HttpKeys {
        /// Statuses that are up.
        status: optional Vec<At<String>>,
        /// `GET` or `HEAD`.
        method: optional At<String>,
        /// Connect there instead of where the name leads.
        connect: optional At<String>,
        /// How TLS is judged.
        tls: decisive TlsKeys,
        /// `v4`, `v6` or `both`.
        family: decisive At<Family>,
    }
}
