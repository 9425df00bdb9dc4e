//! `collector:`: listeners, the address agents use, the state directory, the way mails leave.

use std::net::SocketAddr;

use crate::yaml::outlets::{AlertmanagerKeys, HeartbeatKeys};
use crate::yaml::scalar::words;
use crate::yaml::shape::{At, shape};
use crate::{HostPort, Id, MailSecurity};

shape! {
    /// `collector:`
    CollectorKeys {
        /// Where agents connect.
        agents: optional AgentsKeys,
        /// Page, read API and metrics.
        web: optional WebKeys,
        /// Keys, store and socket.
        state: optional String,
        /// The Unix group that may declare and approve.
        operators: optional At<String>,
        /// Secrets of the collector's own, one file each.
        secrets: optional String,
        /// How mails leave.
        mail: optional At<MailKeys>,
        /// Alertmanagers that are told what is decided: one, or several.
        alertmanager: optional Vec<AlertmanagerKeys>,
        /// Who notices from outside that the collector is silent.
        heartbeat: optional HeartbeatKeys,
    }
}

shape! {
    /// `agents:` of the collector.
    AgentsKeys {
        /// Where it listens.
        listen: optional SocketAddr,
        /// Where agents find it.
        address: optional Vec<HostPort>,
    }
}

shape! {
    /// `web:` of the collector.
    WebKeys {
        /// Where it listens.
        listen: optional At<SocketAddr>,
    }
}

shape! {
    /// `mail:` of the collector.
    MailKeys {
        /// Whom mails come from: one address.
        from: required At<String>,
        /// Who takes them, with port: one, or several that are tried in their order.
        relay: required At<Vec<At<HostPort>>>,
        /// `starttls`, `tls` or `none`.
        security: decisive At<MailSecurity>,
        /// A PEM file of authorities that vouch for the relays, beside the system's.
        ca: decisive At<String>,
        /// The account at the relays.
        user: decisive At<String>,
        /// The name of a secret of the collector: the account's password, or with `oauth` the application's secret.
        secret: decisive At<Id>,
        /// Who gives a token for the account.
        oauth: decisive At<TokenKeys>,
        /// Where people find the page that mails name.
        page: decisive At<String>,
        /// A folder with own texts of mails.
        templates: optional String,
    }
}

shape! {
    /// Who gives the relay's token: client credentials of `OAuth2`.
    TokenKeys {
        /// Where it is asked for.
        token_url: required At<String>,
        /// The application.
        client_id: required At<String>,
        /// What the token is for.
        scope: required At<String>,
    }
}

words! { MailSecurity, "security", "la sicurezza", [
    "starttls" => MailSecurity::Starttls, "tls" => MailSecurity::Tls, "none" => MailSecurity::None,
] }
