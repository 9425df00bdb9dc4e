//! The keys of `probe: imap`.

use crate::yaml::duration::Millis;
use crate::yaml::probe::{LoginKeys, TlsKeys};
use crate::yaml::shape::{At, shape};
use crate::{Family, Fraction, MailMode};

shape! {
    /// `probe: imap`
    ImapKeys {
        /// When TLS begins: `plain`, `starttls` or `implicit`.
        mode: decisive At<MailMode>,
        /// Who logs in.
        login: decisive At<LoginKeys>,
        /// The mailbox that is looked into.
        mailbox: decisive At<String>,
        /// A message that must be there.
        newest: decisive At<NewestKeys>,
        /// A fuller mailbox is degraded.
        quota_warn: decisive At<Fraction>,
        /// How TLS is judged.
        tls: decisive TlsKeys,
        /// `v4`, `v6` or `both`.
        family: decisive At<Family>,
    }
}

shape! {
    /// A message that comes again and again.
    NewestKeys {
        /// In its `From`.
        from: decisive At<String>,
        /// In its `Subject`.
        subject: decisive At<String>,
        /// Older is degraded.
        within: required At<Millis>,
        /// Older is down.
        down_after: decisive At<Millis>,
    }
}
