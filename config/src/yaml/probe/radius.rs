//! The keys of `probe: radius`.

use crate::yaml::scalar::words;
use crate::yaml::shape::{At, shape};
use crate::{Family, Id, RadiusExpect};

shape! {
    /// `probe: radius`
    RadiusKeys {
        /// The name of the file of the agent with the shared secret.
        secret: required At<Id>,
        /// Whom to log in; without, only the server's state is asked.
        user: decisive At<String>,
        /// The name of the file of the agent with the user's password.
        user_secret: decisive At<Id>,
        /// `accept`, `reject` or `challenge`.
        expect: decisive At<RadiusExpect>,
        /// What the agent calls itself.
        nas_identifier: decisive At<String>,
        /// The device that seems to ask.
        calling_station: decisive At<String>,
        /// The access point and network where it seems to be.
        called_station: decisive At<String>,
        /// `v4`, `v6` or `both`.
        family: decisive At<Family>,
    }
}

words! { RadiusExpect, "answer", "la risposta", ["accept" => RadiusExpect::Accept, "reject" => RadiusExpect::Reject, "challenge" => RadiusExpect::Challenge] }
