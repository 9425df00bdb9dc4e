//! The keys of `probe: registration`.

use jiff::civil::Date;

use crate::yaml::duration::Millis;
use crate::yaml::probe::TlsKeys;
use crate::yaml::shape::{At, shape};

shape! {
    /// `probe: registration`
    RegistrationKeys {
        /// The registry's RDAP service, or `iana`: the one that IANA's list names for the domain.
        rdap: decisive At<String>,
        /// Another place of that list.
        bootstrap: decisive At<String>,
        /// The day on which the registration ends, for a registry that does not say.
        expires: optional At<Date>,
        /// With less left it wants attention.
        renew_before: optional At<Millis>,
        /// How the registry's TLS is judged.
        tls: decisive TlsKeys,
    }
}
