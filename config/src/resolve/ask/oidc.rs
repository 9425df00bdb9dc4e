//! `probe: oidc`: an issuer, and how far it is asked.

use std::path::Path;

use super::{family_of, http, tls};
use crate::text::say;
use crate::yaml::probe::OidcKeys;
use crate::yaml::shape::{At, Report};
use crate::{Family, OidcClient, OidcDepth, OidcParams};

/// The question without its target.
#[derive(Debug)]
pub(in crate::resolve) struct Asked {
    params: OidcParams,
    family: Option<At<Family>>,
}

impl Asked {
    pub(super) fn of(&self, target: &At<String>, report: &mut Report<'_>) -> Option<OidcParams> {
        let (host, _) = http::url(target, "oidc", report)?;
        if target.value.contains('?') {
            let message = say!(
                "an issuer has no query (OpenID Connect Discovery, 3)",
                "un issuer non ha query (OpenID Connect Discovery, 3)"
            );
            report.problem(target.at, message);
            return None;
        }
        if !target.value.starts_with("https://") {
            let message = say!(
                "an issuer is `https://` (OpenID Connect Discovery, 3); over `http://` anybody on the way can forge it, \
                 and a secret goes over the network in clear",
                "un issuer è `https://` (OpenID Connect Discovery, 3); con `http://` chiunque lungo il percorso può \
                 falsificarlo, e un segreto passa in chiaro sulla rete"
            );
            report.warning(target.at, message);
        }
        let family = family_of(&host, self.family.as_ref(), report)?;
        Some(OidcParams { issuer: target.value.clone(), family, ..self.params.clone() })
    }
}

/// Judges the parameters. `None` after a problem.
pub(super) fn asked(keys: &OidcKeys, folder: Option<&Path>, report: &mut Report<'_>) -> Option<Asked> {
    let depth = keys.depth.as_ref().map(|key| key.value).unwrap_or_default();
    let client = client(keys, depth, report);
    let hosts = http::hosts(keys.hosts.as_deref(), report);
    let tls = tls::tls(keys.tls.as_ref(), folder, report);
    let params = OidcParams {
        issuer: String::new(), // `of` puts the target's in place
        depth,
        client: client?,
        audience: keys.audience.as_ref().map(|key| key.value.clone()),
        skew_warn_ms: keys.skew_warn.as_ref().map_or(OidcParams::SKEW_WARN_MS, |key| key.value.0),
        hosts: hosts?,
        tls: tls?,
        family: Family::default(),
    };
    Some(Asked { params, family: keys.family.clone() })
}

/// The client, where the depth wants one; a key that it does not want is a mistake, not a decoration.
#[expect(clippy::option_option, reason = "no client is an answer, and no problem")]
fn client(keys: &OidcKeys, depth: OidcDepth, report: &mut Report<'_>) -> Option<Option<OidcClient>> {
    let idle = idle(keys, depth);
    if let Some((name, at)) = idle {
        let message = say!(
            "`{name}` is for a `depth` further than this one; write `depth: authorize`, `token` or `userinfo`",
            "`{name}` serve per un `depth` oltre questo; scrivi `depth: authorize`, `token` o `userinfo`"
        );
        report.problem(at, message);
        return None;
    }
    if depth < OidcDepth::Authorize {
        return Some(None);
    }
    let at = keys.depth.as_ref()?.at;
    let missing = match (depth, &keys.client, &keys.redirect_uri, &keys.secret) {
        (_, None, ..) => "client: ID",
        (OidcDepth::Authorize, _, None, _) => "redirect_uri: URL",
        (OidcDepth::Token | OidcDepth::Userinfo, _, _, None) => "secret: NAME",
        _ => "",
    };
    if !missing.is_empty() {
        let message = say!("this `depth` needs `{missing}`, too", "questo `depth` vuole anche `{missing}`");
        report.problem(at, message);
        return None;
    }
    if let Some(uri) = &keys.redirect_uri
        && (!uri.value.contains(':') || uri.value.contains('#'))
    {
        let message = say!(
            "`redirect_uri` is a whole URL without `#`, as it is registered at the provider",
            "`redirect_uri` è un URL intero senza `#`, com'è registrato presso il provider"
        );
        report.problem(uri.at, message);
        return None;
    }
    Some(Some(OidcClient {
        id: keys.client.as_ref()?.value.clone(),
        redirect_uri: keys.redirect_uri.as_ref().map(|key| key.value.clone()),
        secret: keys.secret.as_ref().map(|key| key.value.clone()),
        auth: keys.client_auth.as_ref().map(|key| key.value).unwrap_or_default(),
        scope: keys.scope.as_ref().map(|key| key.value.clone()),
    }))
}

/// A key that says nothing at this depth.
fn idle(keys: &OidcKeys, depth: OidcDepth) -> Option<(&'static str, crate::problem::Place)> {
    let of_client = [
        ("client", keys.client.as_ref().map(|key| key.at)),
        ("redirect_uri", keys.redirect_uri.as_ref().map(|key| key.at)),
    ];
    let of_token = [
        ("secret", keys.secret.as_ref().map(|key| key.at)),
        ("client_auth", keys.client_auth.as_ref().map(|key| key.at)),
        ("scope", keys.scope.as_ref().map(|key| key.at)),
        ("audience", keys.audience.as_ref().map(|key| key.at)),
        ("skew_warn", keys.skew_warn.as_ref().map(|key| key.at)),
    ];
    let of_client = of_client.into_iter().filter(|_| depth < OidcDepth::Authorize);
    let of_token = of_token.into_iter().filter(|_| depth < OidcDepth::Token);
    of_client.chain(of_token).find_map(|(name, at)| Some((name, at?)))
}
