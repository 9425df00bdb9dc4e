//! The keys that the probes of mail share.

use crate::yaml::scalar::words;
use crate::yaml::shape::{At, shape};
use crate::{Id, MailMethod, MailMode};

shape! {
    /// Who logs in.
    LoginKeys {
        /// The account.
        user: required At<String>,
        /// The name of a secret of the agent: the password.
        secret: decisive At<Id>,
        /// `plain`, `login` or `xoauth2`.
        method: decisive At<MailMethod>,
        /// Who gives the token.
        oauth: decisive At<OauthKeys>,
    }
}

shape! {
    /// Who gives a token: client credentials of `OAuth2`.
    OauthKeys {
        /// Where it is asked for.
        token_url: required At<String>,
        /// The application.
        client_id: required At<String>,
        /// What the token is for.
        scope: required At<String>,
        /// The name of a secret of the agent: the application's secret.
        secret: required At<Id>,
    }
}

words! { MailMode, "mode", "il modo", [
    "plain" => MailMode::Plain, "starttls" => MailMode::Starttls, "implicit" => MailMode::Implicit,
] }

words! { MailMethod, "method", "il metodo", [
    "plain" => MailMethod::Plain, "login" => MailMethod::Login, "xoauth2" => MailMethod::Xoauth2,
] }
