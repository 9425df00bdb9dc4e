//! The token of a relay's account: client credentials (RFC 6749, 4.4), kept until a minute before its end.

use std::time::Duration;

use config::RelayToken;
use serde::Deserialize;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::secrets::Secret;
use super::told;
use super::webhook::{Request, form, post};

/// A token that ends within this is not begun with.
const MARGIN: Duration = Duration::from_mins(1);
/// Where the provider does not say how long (RFC 6749, 5.1).
const LIFE_USUAL_S: u64 = 300;
const LIFE_S_MAX: u64 = 86_400;

/// The newest token, for one account.
#[derive(Debug, Default)]
pub(crate) struct Tokens(Mutex<Option<(Secret, Instant)>>);

#[derive(Debug, Deserialize)]
struct Granted {
    access_token: String,
    expires_in: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
struct Refused {
    #[serde(default)]
    error: String,
}

impl Tokens {
    /// A token that still holds. The error is a sentence.
    pub(crate) async fn current(
        &self,
        of: &RelayToken,
        secret: &Secret,
        client: &reqwest::Client,
    ) -> Result<Secret, String> {
        let mut kept = self.0.lock().await;
        if let Some((token, until)) = kept.as_ref()
            && Instant::now() < *until
        {
            return Ok(token.clone());
        }
        let (token, life) = fetched(of, secret, client).await?;
        *kept = Some((token.clone(), Instant::now() + life.saturating_sub(MARGIN)));
        Ok(token)
    }

    /// A relay did not want it: the next attempt asks for another.
    pub(crate) async fn forget(&self) {
        *self.0.lock().await = None;
    }
}

async fn fetched(
    of: &RelayToken,
    secret: &Secret,
    client: &reqwest::Client,
) -> Result<(Secret, Duration), String> {
    let body = form(&[
        ("client_id", &of.client),
        ("scope", &of.scope),
        ("client_secret", secret.expose()),
        ("grant_type", "client_credentials"),
    ]);
    let request = Request {
        url: of.url.clone(),
        media_type: "application/x-www-form-urlencoded",
        headers: vec![("accept", "application/json".to_owned())],
        body: body.into_bytes(),
    };
    let answer = post(client, request).await.map_err(|error| format!("no token: {error}"))?;
    if answer.status != 200 {
        let refused: Refused = serde_json::from_slice(&answer.body).unwrap_or_default();
        return Err(format!("no token: {} {}", answer.status, told(&secret.out_of(&refused.error))));
    }
    let granted: Granted = serde_json::from_slice(&answer.body)
        .map_err(|_| "no token: the answer has no `access_token`".to_owned())?;
    if granted.access_token.is_empty() || !granted.access_token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("no token: what came is no token".to_owned());
    }
    let life = Duration::from_secs(granted.expires_in.unwrap_or(LIFE_USUAL_S).min(LIFE_S_MAX));
    Ok((Secret::new(granted.access_token), life))
}
