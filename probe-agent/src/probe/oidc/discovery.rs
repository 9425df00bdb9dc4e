//! The document that says where everything of a provider is (OIDC Discovery 1.0): pure.

use std::sync::Arc;

use collector_api::Reason;
use config::{OidcDepth, OidcParams};
use serde_json::Value;

use crate::probe::Fault;
use crate::probe::http::place::Place;
use crate::probe::http::redirects::is_same_host;
use crate::tls::{self, Tls};

/// Where things are, as far as the check asks for them.
#[derive(Debug, Default)]
pub(super) struct Discovery {
    pub keys: Option<Arc<Place>>,
    pub authorize: Option<Arc<Place>>,
    pub token: Option<Arc<Place>>,
    pub userinfo: Option<Arc<Place>>,
}

/// Where the document of an issuer is (Discovery, 4): its own slash at the end is not doubled.
pub(super) fn place_of(issuer: &str, tls: &Tls) -> Result<Place, String> {
    let issuer = issuer.strip_suffix('/').unwrap_or(issuer);
    Place::parse(&format!("{issuer}/.well-known/openid-configuration"), tls)
}

/// Reads what the document says; `home` is where it was.
pub(super) fn judge(
    document: &Value,
    params: &OidcParams,
    home: &Place,
    tls: &Tls,
) -> Result<Discovery, Fault> {
    let issuer = document.get("issuer").and_then(Value::as_str).unwrap_or_default();
    // To the letter (Discovery, 4.3): one slash more, and every client refuses every token.
    if issuer != params.issuer {
        let shown = if issuer.is_empty() { "none".to_owned() } else { format!("`{issuer}`") };
        let detail = format!("the document names {shown}, expected `{}`", params.issuer);
        return Err(Fault::new(Reason::OidcIssuerMismatch, detail));
    }
    let endpoint = |name: &str| {
        let place = place(document, name, params, home, tls);
        place.map(Arc::new).map_err(|why| Fault::new(Reason::OidcDiscovery, format!("`{name}` {why}")))
    };
    let has_redirect = params.client.as_ref().is_some_and(|client| client.redirect_uri.is_some());
    let wants = |depth: OidcDepth| params.depth >= depth;
    // Clients without a browser stop at the token; all others need all three (Discovery, 3).
    Ok(Discovery {
        keys: wants(OidcDepth::Discovery).then(|| endpoint("jwks_uri")).transpose()?,
        authorize: (wants(OidcDepth::Authorize) && has_redirect)
            .then(|| endpoint("authorization_endpoint"))
            .transpose()?,
        token: wants(OidcDepth::Token).then(|| endpoint("token_endpoint")).transpose()?,
        userinfo: wants(OidcDepth::Userinfo).then(|| endpoint("userinfo_endpoint")).transpose()?,
    })
}

/// An endpoint that may be asked. The document is a stranger's word: it must not lead this agent, and the client's
/// secret, to where nobody named.
fn place(
    document: &Value,
    name: &str,
    params: &OidcParams,
    home: &Place,
    tls: &Tls,
) -> Result<Place, String> {
    let text = document.get(name).and_then(Value::as_str).ok_or("is missing")?;
    let mut place = Place::parse(text, tls).map_err(|why| format!("leads to where nobody can go: {why}"))?;
    // A name that the charter gives is that of the issuer's own host.
    if place.name.is_some() && place.address.host != home.address.host {
        place.name = Some(tls::name_of(&place.address.host)?);
    }
    if home.name.is_some() && place.name.is_none() {
        return Err(format!("is not https: {}", place.shown()));
    }
    let host = place.address.host.as_str();
    if !is_same_host(host, &home.address.host) && !params.hosts.iter().any(|named| named == host) {
        return Err(format!("leads to `{host}`, which `hosts` does not name"));
    }
    Ok(place)
}

#[cfg(test)]
mod tests {
    use config::TlsParams;
    use serde_json::json;

    use super::*;

    fn params(more: &Value) -> OidcParams {
        let mut params = json!({ "issuer": "https://accesso.example" });
        params.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        serde_json::from_value(params).unwrap()
    }

    fn judged(document: &Value, more: &Value) -> Result<Discovery, (Reason, String)> {
        let tls = Tls::new(&TlsParams::default(), &[]).unwrap();
        let params = params(more);
        let home = place_of(&params.issuer, &tls).unwrap();
        judge(document, &params, &home, &tls).map_err(|fault| (fault.reason, fault.detail))
    }

    #[test]
    fn the_document_is_below_the_issuer() {
        let tls = Tls::new(&TlsParams::default(), &[]).unwrap();
        for (issuer, url) in [
            ("https://a.example", "https://a.example/.well-known/openid-configuration"),
            ("https://a.example/", "https://a.example/.well-known/openid-configuration"),
            ("https://a.example/realms/x", "https://a.example/realms/x/.well-known/openid-configuration"),
        ] {
            assert_eq!(place_of(issuer, &tls).unwrap().url.as_str(), url);
        }
    }

    #[test]
    fn an_issuer_is_equal_to_the_letter() {
        for (issuer, named) in [
            (json!("https://accesso.example/"), "`https://accesso.example/`"),
            (json!("HTTPS://accesso.example"), "`HTTPS://accesso.example`"),
            (json!("https://altro.example"), "`https://altro.example`"),
            (json!(7), "none"),
        ] {
            let fault = judged(&json!({ "issuer": issuer }), &json!({})).unwrap_err();
            let detail = format!("the document names {named}, expected `https://accesso.example`");
            assert_eq!(fault, (Reason::OidcIssuerMismatch, detail));
        }
    }

    #[test]
    fn endpoints_are_where_somebody_named() {
        for (uri, more, expected) in [
            (json!("https://accesso.example/keys"), json!({}), Ok(())),
            (json!("https://www.accesso.example/keys"), json!({}), Ok(())),
            (json!("https://accesso.example:8443/keys"), json!({}), Ok(())),
            (json!("https://keys.example/"), json!({ "hosts": ["keys.example"] }), Ok(())),
            (
                json!("https://evil.example/"),
                json!({}),
                Err("`jwks_uri` leads to `evil.example`, which `hosts` does not name"),
            ),
            (
                json!("http://accesso.example/keys"),
                json!({}),
                Err("`jwks_uri` is not https: http://accesso.example/keys"),
            ),
            (json!(["https://accesso.example/keys"]), json!({}), Err("`jwks_uri` is missing")),
            (
                json!("file:///etc/passwd"),
                json!({}),
                Err("`jwks_uri` leads to where nobody can go: `file` is neither http nor https"),
            ),
        ] {
            let document = json!({ "issuer": "https://accesso.example", "jwks_uri": uri });
            let expected = expected.map_err(|detail| (Reason::OidcDiscovery, detail.to_owned()));
            assert_eq!(judged(&document, &more).map(drop), expected, "{uri}");
        }
    }

    #[test]
    fn each_depth_needs_its_endpoints() {
        let at = |path: &str| format!("https://accesso.example/{path}");
        let mut document = json!({ "issuer": "https://accesso.example", "jwks_uri": at("keys") });
        let client = json!({ "id": "c", "redirect_uri": "https://app.example/cb" });
        for (depth, name) in [
            ("authorize", "authorization_endpoint"),
            ("token", "token_endpoint"),
            ("userinfo", "userinfo_endpoint"),
        ] {
            let asked = json!({ "depth": depth, "client": client });
            let missing = (Reason::OidcDiscovery, format!("`{name}` is missing"));
            assert_eq!(judged(&document, &asked).unwrap_err(), missing);
            document[name] = json!(at(name));
            assert!(judged(&document, &asked).is_ok());
        }
        document.as_object_mut().unwrap().remove("authorization_endpoint");
        let asked = judged(&document, &json!({ "depth": "userinfo", "client": { "id": "c" } })).unwrap();
        assert!(asked.authorize.is_none() && asked.userinfo.is_some(), "a client without a browser");
    }
}
