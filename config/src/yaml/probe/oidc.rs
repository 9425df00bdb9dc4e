//! The keys of `probe: oidc`.

use crate::yaml::duration::Millis;
use crate::yaml::probe::TlsKeys;
use crate::yaml::scalar::words;
use crate::yaml::shape::{At, shape};
use crate::{Family, Id, OidcClientAuth, OidcDepth};

shape! {
    /// `probe: oidc`
    OidcKeys {
        /// `discovery`, `jwks`, `authorize`, `token` or `userinfo`.
        depth: decisive At<OidcDepth>,
        /// The `client_id`.
        client: decisive At<String>,
        /// One that is registered for the client.
        redirect_uri: decisive At<String>,
        /// The name of a secret of the agent.
        secret: decisive At<Id>,
        /// `basic` or `post`.
        client_auth: decisive At<OidcClientAuth>,
        /// What the token is asked for.
        scope: decisive At<String>,
        /// For whom the token must be.
        audience: decisive At<String>,
        /// How far the provider's clock may be off.
        skew_warn: decisive At<Millis>,
        /// Where endpoints may be.
        hosts: decisive Vec<At<String>>,
        /// How TLS is judged.
        tls: decisive TlsKeys,
        /// `v4`, `v6` or `both`.
        family: decisive At<Family>,
    }
}

words! { OidcDepth, "depth", "la profondità", [
    "discovery" => OidcDepth::Discovery,
    "jwks" => OidcDepth::Jwks,
    "authorize" => OidcDepth::Authorize,
    "token" => OidcDepth::Token,
    "userinfo" => OidcDepth::Userinfo,
] }

words! { OidcClientAuth, "way to say who the client is", "il modo in cui il client si presenta", [
    "basic" => OidcClientAuth::Basic,
    "post" => OidcClientAuth::Post,
] }
