//! The keys of `probe: tcp`.

use crate::Family;
use crate::yaml::shape::{At, shape};

shape! {
    /// `probe: tcp`
    TcpKeys {
        /// `v4` or `v6`.
        family: decisive At<Family>,
    }
}
