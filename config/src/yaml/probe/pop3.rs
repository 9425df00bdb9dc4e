//! The keys of `probe: pop3`.

use crate::yaml::probe::{LoginKeys, TlsKeys};
use crate::yaml::shape::{At, shape};
use crate::{Family, MailMode};

shape! {
    /// `probe: pop3`
    Pop3Keys {
        /// When TLS begins: `plain`, `starttls` or `implicit`.
        mode: decisive At<MailMode>,
        /// Who logs in.
        login: decisive At<LoginKeys>,
        /// How TLS is judged.
        tls: decisive TlsKeys,
        /// `v4`, `v6` or `both`.
        family: decisive At<Family>,
    }
}
