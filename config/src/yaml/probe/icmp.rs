//! The keys of `probe: icmp`.

use crate::yaml::shape::{At, shape};
use crate::{Family, Fraction};

shape! {
    /// `probe: icmp`
    IcmpKeys {
        /// Echo requests of one attempt.
        packets: optional At<u32>,
        /// Payload of each, bytes.
        size: optional At<u32>,
        /// More lost is degraded.
        loss_warn: optional At<Fraction>,
        /// More lost is down.
        loss_crit: optional At<Fraction>,
        /// `v4`, `v6` or `both`.
        family: decisive At<Family>,
    }
}
