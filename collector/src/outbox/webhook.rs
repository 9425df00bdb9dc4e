//! HTTP as the outbox speaks it: one POST, no redirect, a bounded answer, and no URL in what is told.
//!
//! A URL may carry a secret, so errors are told without it. A redirect would carry what is told, and the secret,
//! somewhere that the file does not name.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use reqwest::Url;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use rustls::ClientConfig;

use super::secrets::Secret;
use super::{Outcome, told};

/// Of one request.
const TIMEOUT: Duration = Duration::from_secs(30);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Of an answer that is looked at.
const ANSWER_BYTES_MAX: usize = 64 << 10;
/// Of a token's or gateway's answer, characters that are told.
const SHOWN_CHARS_MAX: usize = 200;

/// What is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Request {
    /// With the secret in it, perhaps.
    pub(crate) url: String,
    pub(crate) media_type: &'static str,
    /// Name and value.
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
    /// Seconds.
    pub(crate) retry_after_s: Option<i64>,
}

/// The client of all requests.
pub(crate) fn client(tls: &Arc<ClientConfig>) -> Result<reqwest::Client, String> {
    reqwest::Client::builder()
        .tls_backend_preconfigured(ClientConfig::clone(tls))
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(TIMEOUT)
        .user_agent(concat!("vedetta/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|error| chain_of(&error))
}

/// Asks once. The error is a sentence without the URL.
pub(crate) async fn post(client: &reqwest::Client, request: Request) -> Result<Answer, String> {
    let url = Url::parse(&request.url).map_err(|error| format!("the URL: {error}"))?;
    let mut headers = HeaderMap::new();
    for (name, value) in request.headers {
        let mut value =
            HeaderValue::from_str(&value).map_err(|_| format!("the header {name} cannot be written"))?;
        value.set_sensitive(true);
        headers.insert(HeaderName::from_static(name), value);
    }
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(request.media_type));
    let asked = client.post(url).headers(headers).body(request.body).send().await;
    let mut answer = asked.map_err(|error| chain_of(&error.without_url()))?;
    let status = answer.status().as_u16();
    let retry_after_s = answer.headers().get(RETRY_AFTER);
    let retry_after_s = retry_after_s.and_then(|value| value.to_str().ok()?.trim().parse().ok());
    let mut body = Vec::new();
    // An answer that breaks off has said all with its status.
    while body.len() < ANSWER_BYTES_MAX
        && let Ok(Some(chunk)) = answer.chunk().await
    {
        body.extend_from_slice(&chunk);
    }
    Ok(Answer { status, body, retry_after_s })
}

/// What a status means for what was told. Refused credentials and wrong addresses are the operator's to mend; only
/// what says that this very message is wrong is for good.
pub(crate) fn judge(answer: &Answer, secret: Option<&Secret>) -> Outcome {
    let body = String::from_utf8_lossy(&answer.body);
    let body = secret.map_or_else(|| body.clone().into_owned(), |secret| secret.out_of(&body));
    let body: String = body.chars().take(SHOWN_CHARS_MAX).collect();
    let reply = told(&format!("{} {body}", answer.status));
    match answer.status {
        200..=299 => Outcome::Taken(reply),
        400 | 410 | 413 | 414 | 415 | 422 => Outcome::Never(reply),
        _ => {
            let after_ms = answer.retry_after_s.map(|seconds| seconds.clamp(0, 3_600) * 1_000);
            Outcome::Later { reply, way: true, after_ms }
        }
    }
}

/// An error with its causes: reqwest's own text says only that sending failed.
fn chain_of(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    told(&text)
}

/// `name=value&…`, percent-encoded, as a form has it.
pub(crate) fn form(pairs: &[(&str, &str)]) -> String {
    let Ok(mut form) = Url::parse("form:") else { return String::new() };
    for (name, value) in pairs {
        form.query_pairs_mut().append_pair(name, value);
    }
    form.query().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_says_that_the_message_is_wrong_is_for_good() {
        let secret = Secret::new("hunter2");
        let outcome = |status, retry_after_s| {
            let answer = Answer { status, body: b"bot\nhunter2 said no".to_vec(), retry_after_s };
            judge(&answer, Some(&secret))
        };
        let reply = |status| format!("{status} bot *** said no");
        for status in [200, 202, 204] {
            assert_eq!(outcome(status, None), Outcome::Taken(reply(status)));
        }
        for status in [400, 410, 413, 422] {
            assert_eq!(outcome(status, None), Outcome::Never(reply(status)));
        }
        for status in [301, 401, 403, 404, 408, 500, 503] {
            assert_eq!(outcome(status, None), Outcome::no_way(reply(status)), "{status}");
        }
        let later = Outcome::Later { reply: reply(429), way: true, after_ms: Some(7_000) };
        assert_eq!(outcome(429, Some(7)), later);
        let later = Outcome::Later { reply: reply(429), way: true, after_ms: Some(3_600_000) };
        assert_eq!(outcome(429, Some(1_000_000)), later, "nobody makes us wait for days");
    }

    #[test]
    fn a_form_keeps_its_values_apart() {
        assert_eq!(form(&[("a", "1&b=2"), ("c", "è +")]), "a=1%26b%3D2&c=%C3%A8+%2B");
    }
}
