//! A token for the client itself (RFC 6749, 4.4), and what the provider says instead of one: pure.

use collector_api::Reason;
use config::{OidcClient, OidcClientAuth};
use reqwest::Url;
use serde_json::Value;

use crate::probe::http::answer::{Answer, Wishes};
use crate::probe::{Fault, base64};

/// Of an OAuth error in evidence, bytes.
const ERROR_BYTES_MAX: usize = 64;

/// What is sent to the token endpoint.
#[derive(Debug)]
pub(super) struct Grant {
    /// The body.
    pub form: String,
    /// `Authorization`, if the secret goes there.
    pub header: Option<String>,
}

/// The request of a client with its secret.
pub(super) fn grant(client: &OidcClient, secret: &str) -> Grant {
    let mut fields = vec![("grant_type", "client_credentials")];
    fields.extend(client.scope.as_deref().map(|scope| ("scope", scope)));
    let header = match client.auth {
        OidcClientAuth::Post => {
            fields.extend([("client_id", client.id.as_str()), ("client_secret", secret)]);
            None
        }
        OidcClientAuth::Basic => {
            // Each as a form would have it (RFC 6749, 2.3.1): a colon in the identity is no end of it.
            let pair = format!("{}:{}", encoded(&client.id), encoded(secret));
            Some(format!("Basic {}", base64::encode(pair.as_bytes())))
        }
    };
    Grant { form: form(&fields), header }
}

/// The token that was issued.
pub(super) fn token(answer: &Answer, wishes: &Wishes) -> Result<String, Fault> {
    let body: Option<Value> = serde_json::from_slice(&answer.body).ok();
    let said = |name: &str| body.as_ref()?.get(name)?.as_str();
    if let Some(error) = said("error") {
        let status = answer.status.as_u16();
        let detail = format!("{status} {}", error_of(error));
        // Section 5.2: the only error that is about the credentials.
        let reason = if error == "invalid_client" { Reason::AuthRejected } else { Reason::OidcError };
        return Err(Fault::new(reason, detail));
    }
    wishes.judge(answer)?;
    let malformed = |detail: &str| Fault::new(Reason::ProtoMalformed, detail);
    let token = said("access_token").filter(|token| !token.is_empty());
    let token = token.ok_or_else(|| malformed("the answer has no `access_token`"))?;
    if said("token_type").is_none_or(|kind| !kind.eq_ignore_ascii_case("bearer")) {
        return Err(malformed("`token_type` is not `Bearer`"));
    }
    Ok(token.to_owned())
}

/// An OAuth error, as evidence may quote it: its signs are those of RFC 6749, A.7.
pub(super) fn error_of(error: &str) -> String {
    let known: String =
        error.chars().filter(|c| matches!(c, ' '..='~') && !matches!(c, '"' | '\\')).collect();
    known[..known.len().min(ERROR_BYTES_MAX)].to_owned()
}

/// `application/x-www-form-urlencoded`.
pub(in crate::probe) fn form(fields: &[(&str, &str)]) -> String {
    let url = Url::parse_with_params("http://form.invalid/", fields);
    url.ok().and_then(|url| url.query().map(str::to_owned)).unwrap_or_default()
}

fn encoded(text: &str) -> String {
    form(&[("", text)]).trim_start_matches('=').to_owned()
}

#[cfg(test)]
mod tests {
    use hyper::{HeaderMap, StatusCode};
    use serde_json::json;

    use super::*;
    use crate::probe::http::bodies::Share;
    use crate::probe::http::status::StatusPattern;

    fn wishes() -> Wishes {
        let status = vec![StatusPattern::parse("2xx").unwrap()];
        Wishes { status, answer: config::HttpAnswer::default(), authenticates: true }
    }

    fn answer(status: u16, body: &str) -> Answer {
        Answer {
            status: StatusCode::from_u16(status).unwrap(),
            headers: HeaderMap::new(),
            body: body.as_bytes().to_vec(),
            bytes: body.len(),
            is_cut: false,
            share: Share::default(),
        }
    }

    #[test]
    fn the_secret_goes_where_the_client_says() {
        let client = |auth: &str| {
            let client = json!({ "id": "a:b", "auth": auth, "scope": "x y" });
            serde_json::from_value::<OidcClient>(client).unwrap()
        };
        let basic = grant(&client("basic"), "s %&");
        assert_eq!(basic.form, "grant_type=client_credentials&scope=x+y");
        assert_eq!(basic.header, Some(format!("Basic {}", base64::encode(b"a%3Ab:s+%25%26"))));
        let post = grant(&client("post"), "s %&");
        assert_eq!(
            post.form,
            "grant_type=client_credentials&scope=x+y&client_id=a%3Ab&client_secret=s+%25%26"
        );
        assert_eq!(post.header, None);
    }

    #[test]
    fn a_token_is_issued_or_it_says_why_not() {
        let issued = r#"{"access_token":"abc","token_type":"Bearer"}"#;
        for (status, body, expected) in [
            (200, issued, Ok("abc")),
            (401, r#"{"error":"invalid_client"}"#, Err((Reason::AuthRejected, "401 invalid_client"))),
            (400, r#"{"error":"invalid_scope"}"#, Err((Reason::OidcError, "400 invalid_scope"))),
            (500, r#"{"error":"server_error\u0007"}"#, Err((Reason::OidcError, "500 server_error"))),
            (500, "<html>", Err((Reason::AssertStatus, "500, expected 2xx"))),
            (401, "", Err((Reason::AuthRejected, "401, expected 2xx"))),
            (429, "", Err((Reason::LimitRate, "429, expected 2xx"))),
            (200, "<html>", Err((Reason::ProtoMalformed, "the answer has no `access_token`"))),
            (
                200,
                r#"{"access_token":"","token_type":"Bearer"}"#,
                Err((Reason::ProtoMalformed, "the answer has no `access_token`")),
            ),
            (
                200,
                r#"{"access_token":"abc","token_type":"mac"}"#,
                Err((Reason::ProtoMalformed, "`token_type` is not `Bearer`")),
            ),
        ] {
            let seen = token(&answer(status, body), &wishes());
            let seen = seen.as_deref().map_err(|fault| (fault.reason, fault.detail.as_str()));
            assert_eq!(seen, expected, "{status} {body}");
        }
    }
}
