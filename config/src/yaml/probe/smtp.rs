//! The keys of `probe: smtp`.

use crate::yaml::probe::{LoginKeys, TlsKeys};
use crate::yaml::scalar::words;
use crate::yaml::shape::{At, shape};
use crate::{Family, MailMode, SmtpDepth, SmtpExpect};

shape! {
    /// `probe: smtp`
    SmtpKeys {
        /// When TLS begins: `plain`, `starttls` or `implicit`.
        mode: decisive At<MailMode>,
        /// How far the dialogue goes: `banner`, `ehlo`, `tls`, `auth`, `mail` or `rcpt`.
        depth: decisive At<SmtpDepth>,
        /// Who the agent says it is.
        ehlo: decisive At<String>,
        /// The sender.
        sender: decisive At<String>,
        /// The recipient.
        rcpt: decisive At<String>,
        /// Must the recipient be `accepted` or `refused`?
        rcpt_is: decisive At<SmtpExpect>,
        /// Who logs in.
        login: decisive At<LoginKeys>,
        /// How TLS is judged.
        tls: decisive TlsKeys,
        /// `v4`, `v6` or `both`.
        family: decisive At<Family>,
    }
}

words! { SmtpDepth, "depth", "la profondità", [
    "banner" => SmtpDepth::Banner, "ehlo" => SmtpDepth::Ehlo, "tls" => SmtpDepth::Tls,
    "auth" => SmtpDepth::Auth, "mail" => SmtpDepth::Mail, "rcpt" => SmtpDepth::Rcpt,
] }

words! { SmtpExpect, "expectation", "l'attesa", [
    "accepted" => SmtpExpect::Accepted, "refused" => SmtpExpect::Refused,
] }
