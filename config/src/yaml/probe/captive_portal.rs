//! The keys of `probe: captive_portal`.

use crate::yaml::scalar::words;
use crate::yaml::shape::{At, shape};
use crate::{Family, Gate};

shape! {
    /// `probe: captive_portal`
    CaptivePortalKeys {
        /// `open`, or `portal` where visitors must meet one.
        expect: optional At<Gate>,
        /// Hosts of the portal.
        portal: decisive Vec<At<String>>,
        /// `v4`, `v6` or `both`.
        family: decisive At<Family>,
    }
}

words! { Gate, "word", "la parola", ["open" => Gate::Open, "portal" => Gate::Portal] }
