//! The keys of `probe: ntp`.

use crate::Family;
use crate::yaml::duration::Millis;
use crate::yaml::shape::{At, shape};

shape! {
    /// `probe: ntp`
    NtpKeys {
        /// A time further off is degraded.
        offset_warn: optional At<Millis>,
        /// A time further off is down.
        offset_crit: optional At<Millis>,
        /// The highest stratum that is up.
        max_stratum: optional At<u32>,
        /// Servers that say whose clock is wrong.
        peers: optional Vec<At<String>>,
        /// `v4`, `v6` or `both`.
        family: decisive At<Family>,
    }
}
