//! The keys of `probe: domain`.

use crate::Family;
use crate::yaml::shape::{At, shape};

shape! {
    /// `probe: domain`
    DomainKeys {
        /// Its Kerberos realm.
        realm: decisive At<String>,
        /// The name server asked for its controllers.
        resolver: decisive At<String>,
        /// What each controller must listen on, beside what its records name.
        ports: decisive Vec<At<u32>>,
        /// `v4`, `v6` or `both`.
        family: decisive At<Family>,
    }
}
