//! The keys of `probe: tcp`.

use crate::Family;
use crate::yaml::shape::{At, shape};

shape! {
    /// `probe: tcp`
    TcpKeys {
        /// `v4`, `v6` or `both`.
        family: decisive At<Family>,
    }
}
