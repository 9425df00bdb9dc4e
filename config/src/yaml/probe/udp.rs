//! The keys of `probe: udp`.

use crate::yaml::shape::{At, shape};
use crate::{Family, WireText};

shape! {
    /// `probe: udp`
    UdpKeys {
        /// The datagram.
        send: required At<WireText>,
        /// What must be in one that comes back.
        expect: required At<WireText>,
        /// `v4`, `v6` or `both`.
        family: decisive At<Family>,
    }
}
