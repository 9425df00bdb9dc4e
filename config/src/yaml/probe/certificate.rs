//! The keys of `probe: tls`.

use crate::yaml::probe::TlsKeys;
use crate::yaml::scalar::words;
use crate::yaml::shape::{At, shape};
use crate::{Family, StartTls};

shape! {
    /// `probe: tls`
    CertificateKeys {
        /// `smtp`, `imap`, `pop3` or `ldap`: the protocol in which TLS is asked for first.
        starttls: decisive At<StartTls>,
        /// How TLS is judged.
        tls: decisive TlsKeys,
        /// `v4`, `v6` or `both`.
        family: decisive At<Family>,
    }
}

words! { StartTls, "protocol", "il protocollo", [
    "smtp" => StartTls::Smtp, "imap" => StartTls::Imap, "pop3" => StartTls::Pop3, "ldap" => StartTls::Ldap,
] }
