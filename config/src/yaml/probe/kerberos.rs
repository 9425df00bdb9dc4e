//! The keys of `probe: kerberos`.

use crate::yaml::scalar::words;
use crate::yaml::shape::{At, shape};
use crate::{Family, Id, KerberosTransport};

shape! {
    /// `probe: kerberos`
    KerberosKeys {
        /// Whose key distribution centre it must be.
        realm: required At<String>,
        /// `udp`, `tcp` or `both`.
        transport: decisive KerberosTransport,
        /// Whom it must know.
        user: decisive At<String>,
        /// The name of the file of the agent with the user's password.
        secret: decisive At<Id>,
        /// For which service the user must get a ticket.
        service: decisive At<String>,
        /// `v4`, `v6` or `both`.
        family: decisive At<Family>,
    }
}

words! { KerberosTransport, "transport", "il trasporto", ["udp" => KerberosTransport::Udp, "tcp" => KerberosTransport::Tcp, "both" => KerberosTransport::Both] }
