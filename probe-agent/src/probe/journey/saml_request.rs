//! What a service provider asks of an identity provider (SAML Bindings, 3.4 and 3.5): pure.
//!
//! It is as far as a journey goes towards SPID and CIE: that the portal sends a visitor off, to the right host, with
//! a request that can be read. Whether the identity provider lets anybody in is beyond it: no citizen's credentials
//! are ever used. The request's signature is not verified.

use collector_api::Reason;
use config::SamlRequest;
use miniz_oxide::inflate::decompress_to_vec_with_limit;
use reqwest::Url;

use super::text;
use crate::probe::{Fault, base64, xml};

const PROTOCOL: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
const ASSERTION: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
/// Of a request that is inflated, bytes: usual ones are two thousand.
const REQUEST_BYTES_MAX: usize = 64 << 10;
const NODES_MAX: u32 = 2_000;

/// Judges the request in a redirect, or in the form of a page.
pub(super) fn judge(wanted: &SamlRequest, redirect: Option<&Url>, page: &str) -> Result<(), Fault> {
    let fault = |detail: &str| Fault::new(Reason::JourneySamlRequest, detail);
    let sent = redirect.and_then(|url| url.query_pairs().find(|(name, _)| name == "SAMLRequest"));
    let request = match (sent, text::field(page, "SAMLRequest")) {
        (Some((_, sent)), _) => {
            let packed = base64::decode(&sent).ok_or_else(|| fault("`SAMLRequest` is not base64"))?;
            decompress_to_vec_with_limit(&packed, REQUEST_BYTES_MAX)
                .map_err(|_| fault("`SAMLRequest` does not inflate"))?
        }
        (None, Some(sent)) => {
            let bare: String = sent.split_whitespace().collect();
            base64::decode(&bare).ok_or_else(|| fault("`SAMLRequest` is not base64"))?
        }
        (None, None) => return Err(fault("there is no `SAMLRequest`")),
    };
    let request = String::from_utf8(request).map_err(|_| fault("`SAMLRequest` is not text"))?;
    let document = xml::read(&request, NODES_MAX).map_err(|_| fault("`SAMLRequest` is not XML"))?;
    let request = document.root_element();
    if request.tag_name().namespace() != Some(PROTOCOL) || request.tag_name().name() != "AuthnRequest" {
        return Err(fault("`SAMLRequest` is not an AuthnRequest"));
    }
    let issuer = request.children().find(|node| node.has_tag_name((ASSERTION, "Issuer")));
    let issuer = issuer.and_then(|node| node.text()).unwrap_or_default().trim();
    let destination = request.attribute("Destination").unwrap_or_default();
    for (name, seen, wanted) in
        [("Destination", destination, &wanted.destination), ("Issuer", issuer, &wanted.issuer)]
    {
        let wrong = match wanted {
            Some(wanted) if wanted != seen => format!("`{name}` is `{seen:.100}`, expected `{wanted}`"),
            None if seen.is_empty() => format!("it has no `{name}`"),
            _ => continue,
        };
        return Err(Fault::new(Reason::JourneySamlRequest, wrong));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use miniz_oxide::deflate::compress_to_vec;

    use super::*;

    fn request(destination: &str, issuer: &str) -> String {
        format!(
            "<p:AuthnRequest xmlns:p=\"{PROTOCOL}\" xmlns:a=\"{ASSERTION}\" Destination=\"{destination}\">\
             <a:Issuer>{issuer}</a:Issuer></p:AuthnRequest>"
        )
    }

    fn redirect(packed: &[u8]) -> Url {
        Url::parse_with_params("https://idp.example/sso", [("SAMLRequest", base64::encode(packed))]).unwrap()
    }

    #[test]
    fn a_request_is_readable_and_for_whom_it_must_be() {
        let deflated = |xml: &str| redirect(&compress_to_vec(xml.as_bytes(), 6));
        let wanted = |destination: Option<&str>| SamlRequest {
            destination: destination.map(str::to_owned),
            issuer: Some("https://sportello.example".to_owned()),
        };
        let good = request("https://idp.example/sso", "https://sportello.example");
        let page = format!("<form><input name=SAMLRequest value=\"{}\">", base64::encode(good.as_bytes()));
        let bomb = redirect(&compress_to_vec(&vec![b' '; 10 << 20], 9));
        for (url, page, destination, expected) in [
            (Some(deflated(&good)), "", Some("https://idp.example/sso"), None),
            (Some(deflated(&good)), "", None, None),
            (None, page.as_str(), None, None),
            (
                Some(deflated(&good)),
                "",
                Some("https://altro.example/sso"),
                Some("`Destination` is `https://idp.example/sso`, "),
            ),
            (
                Some(deflated(&request("", "https://sportello.example"))),
                "",
                None,
                Some("it has no `Destination`"),
            ),
            (
                Some(deflated(&request("x", "https://altri.example"))),
                "",
                None,
                Some("`Issuer` is `https://altri.example`, "),
            ),
            (Some(redirect(good.as_bytes())), "", None, Some("`SAMLRequest` does not inflate")),
            (Some(bomb), "", None, Some("`SAMLRequest` does not inflate")),
            (Some(deflated("<a/>")), "", None, Some("`SAMLRequest` is not an AuthnRequest")),
            (Some(deflated("<!DOCTYPE a><a/>")), "", None, Some("`SAMLRequest` is not XML")),
            (
                Some(Url::parse("https://idp.example/?SAMLRequest=*").unwrap()),
                "",
                None,
                Some("`SAMLRequest` is not base64"),
            ),
            (
                Some(Url::parse("https://idp.example/").unwrap()),
                "<form>",
                None,
                Some("there is no `SAMLRequest`"),
            ),
        ] {
            let seen = judge(&wanted(destination), url.as_ref(), page).err();
            let seen = seen.map(|fault| fault.detail);
            let fits = match (&seen, expected) {
                (Some(seen), Some(expected)) => seen.starts_with(expected),
                (seen, expected) => seen.is_none() && expected.is_none(),
            };
            assert!(fits, "{seen:?}, expected {expected:?}");
        }
    }
}
