//! A token for a mailbox: `OAuth2` client credentials (RFC 6749, 4.4), asked for anew at each attempt.
//!
//! Whoever gives it is not the mailbox. Where no token comes, the mailbox was not asked, so the sample is unknown
//! (`auth.token_fetch`), whatever the cause: the price is that an outage of the identity provider shows in no figure
//! unless a check of its own (`probe: oidc`) watches it. A client secret that is rejected rests like any other.

use std::error::Error;
use std::net::SocketAddr;

use collector_api::Reason;
use config::{Family, HostPort, Id, MailOauth};
use reqwest::Url;
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use serde::Deserialize;
use tokio::time::Instant;

use crate::probe::{Fault, Surroundings, Trace};

/// Tokens are a few kB.
const BODY_BYTES_MAX: usize = 64 << 10;
/// Of an error's word (RFC 6749, 5.2 knows six), bytes.
const ERROR_BYTES_MAX: usize = 40;

/// Where tokens come from.
#[derive(Debug)]
pub(super) struct TokenSource {
    url: Url,
    address: HostPort,
    origin: String,
    client_id: String,
    scope: String,
    secret: Id,
}

/// What comes back, as far as it matters.
#[derive(Deserialize)]
struct Answer {
    access_token: Option<String>,
    error: Option<String>,
}

impl TokenSource {
    /// Reads the URL; the error is a sentence for whoever wrote the charter.
    pub(super) fn new(oauth: &MailOauth, secret: &Id) -> Result<Self, String> {
        let MailOauth { token_url, client_id, scope } = oauth;
        let url = Url::parse(token_url).map_err(|error| format!("token_url: {error}"))?;
        if !matches!(url.scheme(), "http" | "https") || !url.username().is_empty() || url.password().is_some()
        {
            return Err("token_url is neither http nor https, or holds credentials".to_owned());
        }
        let host =
            url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']').to_owned();
        let address = HostPort { host, port: url.port_or_known_default().unwrap_or(443) };
        let origin = format!("{}://{address}", url.scheme());
        let (client_id, scope) = (client_id.clone(), scope.clone());
        Ok(Self { url, address, origin, client_id, scope, secret: secret.clone() })
    }

    /// Phase `token_fetch`.
    pub(super) async fn fetch(
        &self,
        surroundings: &Surroundings,
        trace: &mut Trace,
    ) -> Result<String, Fault> {
        trace.enter("token_fetch");
        let at = &self.origin;
        trace.at_deadline(Err(unseen(format!("no token from {at} in time"))));
        let secret = surroundings.secrets.read(&self.secret, at).await?;
        trace.secret(secret.text.as_bytes());
        let rejections = &surroundings.rejections;
        rejections
            .permit(&secret.text, at, Instant::now())
            .map_err(|held_back| unseen(format!("{at}: {}", held_back.fault.detail)))?;
        let remote = self.locate(surroundings).await?;
        if secret.at.is_some_and(|networks| !networks.permits(remote.ip())) {
            let detail = format!("{} is no address to which the secret may go", remote.ip());
            return Err(Fault::new(Reason::AgentTargetForbidden, detail));
        }
        trace.sent(|| format!("POST {} client_id={} scope={}", self.url, self.client_id, self.scope));
        let asked = self.ask(remote, &secret.text, surroundings).await;
        let (status, body) = asked.map_err(|why| unseen(format!("{at}: {why}")))?;
        // Read before it is shown: the token is not to be.
        let answer: Option<Answer> = serde_json::from_slice(&body).ok();
        let token = answer.as_ref().and_then(|answer| answer.access_token.clone());
        trace.secret(token.as_deref().unwrap_or_default().as_bytes());
        trace.received(|| format!("{status}, {} bytes", body.len()));
        let error = answer.and_then(|answer| answer.error).map(|word| word_of(&word)).unwrap_or_default();
        trace.fact("token_status", status.to_string());
        if let Some(token) = token.filter(|token| status == 200 && is_token(token)) {
            rejections.learn(&secret.text, at, true, Instant::now());
            return Ok(token);
        }
        if matches!(status, 400 | 401) && error == "invalid_client" {
            rejections.learn(&secret.text, at, false, Instant::now());
        }
        Err(unseen(format!("{at} answers {status} {error} and no token")))
    }

    async fn locate(&self, surroundings: &Surroundings) -> Result<SocketAddr, Fault> {
        let ip = match self.address.host.parse() {
            Ok(ip) => ip,
            // No phase of its own: what fails here is the provider's, and not a name of the mailbox.
            Err(_) => Box::pin(surroundings.resolver.resolve(&self.address.host, Family::V4))
                .await
                .map_err(|fault| unseen(format!("{}: {}", self.address.host, fault.detail)))?,
        };
        if !surroundings.allowed.permits(ip) {
            let detail = format!("{ip} is not in allowed_targets of agent.yaml");
            return Err(Fault::new(Reason::AgentTargetForbidden, detail));
        }
        Ok(SocketAddr::new(ip, self.address.port))
    }

    /// Status and body.
    async fn ask(
        &self,
        remote: SocketAddr,
        secret: &str,
        surroundings: &Surroundings,
    ) -> Result<(u16, Vec<u8>), String> {
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(surroundings.tls.client_config()?)
            .resolve(&self.address.host, remote)
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .build()
            .map_err(|error| chain_of(&error))?;
        let mut form = Url::parse("form:").map_err(|error| error.to_string())?;
        form.query_pairs_mut()
            .append_pair("client_id", &self.client_id)
            .append_pair("scope", &self.scope)
            .append_pair("client_secret", secret)
            .append_pair("grant_type", "client_credentials");
        let mut answer = client
            .post(self.url.clone())
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(ACCEPT, "application/json")
            .body(form.query().unwrap_or_default().to_owned())
            .send()
            .await
            .map_err(|error| chain_of(&error.without_url()))?;
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|error| chain_of(&error.without_url()))? {
            body.extend_from_slice(&chunk);
            if body.len() > BODY_BYTES_MAX {
                return Err("an answer that does not end".to_owned());
            }
        }
        Ok((answer.status().as_u16(), body))
    }
}

fn unseen(detail: String) -> Fault {
    Fault::unseen(Reason::AuthTokenFetch, detail)
}

/// It goes into a line of a dialogue.
fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// The word of an error, if it is one.
fn word_of(text: &str) -> String {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    if text.len() <= ERROR_BYTES_MAX && text.bytes().all(is_word) { text.to_owned() } else { String::new() }
}

/// An error with its causes: reqwest's own text says only that sending failed.
fn chain_of(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
