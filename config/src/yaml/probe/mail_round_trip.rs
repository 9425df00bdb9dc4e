//! The keys of `probe: mail_round_trip`.

use crate::MailMode;
use crate::yaml::duration::Millis;
use crate::yaml::probe::{LoginKeys, TlsKeys};
use crate::yaml::shape::{At, shape};

shape! {
    /// `probe: mail_round_trip`
    RoundTripKeys {
        /// Where a message is handed in.
        submit: required At<SubmitKeys>,
        /// Where it is looked for.
        receive: required At<ReceiveKeys>,
        /// The sender.
        sender: decisive At<String>,
        /// A message that takes longer is degraded.
        within: decisive At<Millis>,
        /// A message that takes longer is down.
        deadline: decisive At<Millis>,
        /// Messages under way at once.
        keep_in_flight: decisive At<u32>,
        /// Must the receiver say that the sender is authentic?
        authenticated: optional bool,
    }
}

shape! {
    /// Where a message is handed in.
    SubmitKeys {
        /// The server.
        server: required At<String>,
        /// When TLS begins.
        mode: decisive At<MailMode>,
        /// Who logs in.
        login: decisive At<LoginKeys>,
        /// How TLS is judged.
        tls: decisive TlsKeys,
    }
}

shape! {
    /// Where a message is looked for.
    ReceiveKeys {
        /// The server, of IMAP.
        server: required At<String>,
        /// When TLS begins.
        mode: decisive At<MailMode>,
        /// Who logs in.
        login: required At<LoginKeys>,
        /// The mailbox in which it should arrive.
        mailbox: decisive At<String>,
        /// Mailboxes in which it should not.
        junk: decisive Vec<At<String>>,
        /// How TLS is judged.
        tls: decisive TlsKeys,
    }
}
