//! "Is my client still known?", asked without anybody's password (OIDC Core, 3.1.2.1).
//!
//! With `prompt=none` and no session a provider must not show a page: it sends the browser back to the client
//! with `login_required`. But it sends nobody to an address that is not registered, for a client that it does not
//! know; so that error is the proof. A challenge (RFC 7636) is always sent: who wants none ignores it.

use collector_api::Reason;
use config::OidcClient;
use reqwest::Url;
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom as _, SystemRandom};

use crate::probe::{Fault, base64};

/// All say that a login is missing and nothing else (Core, 3.1.2.6).
const WITHOUT_SESSION: [&str; 4] =
    ["login_required", "interaction_required", "consent_required", "account_selection_required"];

/// One question.
#[derive(Debug)]
pub(super) struct Question<'c> {
    client: &'c OidcClient,
    redirect_uri: &'c str,
    issuer: &'c str,
    state: String,
}

impl<'c> Question<'c> {
    /// A question of its own for each attempt. `None` without a `redirect_uri`.
    pub(super) fn new(client: &'c OidcClient, issuer: &'c str) -> Result<Option<Self>, Fault> {
        let Some(redirect_uri) = client.redirect_uri.as_deref() else { return Ok(None) };
        Ok(Some(Self { client, redirect_uri, issuer, state: random()? }))
    }

    /// The endpoint's URL with the question in its query.
    pub(super) fn url(&self, endpoint: &Url) -> Result<Url, Fault> {
        let challenge = base64::encode_url(digest(&SHA256, random()?.as_bytes()).as_ref());
        let mut url = endpoint.clone();
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.client.id)
            .append_pair("redirect_uri", self.redirect_uri)
            .append_pair("scope", "openid")
            .append_pair("prompt", "none")
            .append_pair("state", &self.state)
            .append_pair("nonce", &random()?)
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256");
        Ok(url)
    }

    /// Does this lead back to the client?
    pub(super) fn is_answer(&self, to: &Url) -> bool {
        let mut bare = to.clone();
        bare.set_fragment(None);
        let Ok(mut home) = Url::parse(self.redirect_uri) else { return false };
        // What is registered may have a query of its own, to which the answer is added.
        let own = home.query().unwrap_or_default().to_owned();
        let starts = bare.query().unwrap_or_default().starts_with(&own);
        bare.set_query(None);
        home.set_query(None);
        starts && bare == home
    }

    /// What the provider has sent the client.
    pub(super) fn judge(&self, answer: &Url) -> Result<&'static str, Fault> {
        let said = |name: &str| {
            answer.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
        };
        if said("state").as_deref() != Some(&self.state) {
            let detail = "`state` of the answer is not that of the question";
            return Err(Fault::new(Reason::ProtoIdMismatch, detail));
        }
        // RFC 9207: who is given must be the one who was asked.
        if let Some(issuer) = said("iss").filter(|issuer| issuer != self.issuer) {
            let detail = format!("the answer is by `{issuer}`, expected `{}`", self.issuer);
            return Err(Fault::new(Reason::OidcIssuerMismatch, detail));
        }
        let Some(error) = said("error") else {
            let detail = "the provider lets somebody in who has not logged in";
            return Err(Fault::new(Reason::ProtoUnexpectedReply, detail));
        };
        match WITHOUT_SESSION.into_iter().find(|known| *known == error) {
            Some(known) => Ok(known),
            None => Err(Fault::new(Reason::OidcError, format!("`{error}`, expected `login_required`"))),
        }
    }
}

/// 128 bits that nobody guesses.
fn random() -> Result<String, Fault> {
    let mut bytes = [0; 16];
    SystemRandom::new().fill(&mut bytes).map_err(|_| Fault::new(Reason::AgentInternal, "no randomness"))?;
    Ok(base64::encode_url(&bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(redirect_uri: &str) -> OidcClient {
        serde_json::from_value(serde_json::json!({ "id": "c", "redirect_uri": redirect_uri })).unwrap()
    }

    #[test]
    fn an_answer_leads_back_to_the_client() {
        for (redirect_uri, to, expected) in [
            ("https://app.example/cb", "https://app.example/cb?error=x", true),
            ("https://app.example/cb", "https://app.example/cb", true),
            ("https://app.example/cb?a=b", "https://app.example/cb?a=b&error=x", true),
            ("https://app.example/cb?a=b", "https://app.example/cb?error=x", false),
            ("https://app.example/cb", "https://app.example/cb2?error=x", false),
            ("https://app.example/cb", "http://app.example/cb?error=x", false),
            ("https://app.example/cb", "https://app.example.evil.example/cb?error=x", false),
            ("it.comune.app:/cb", "it.comune.app:/cb?error=x", true),
        ] {
            let client = client(redirect_uri);
            let question = Question::new(&client, "https://a.example").unwrap().unwrap();
            assert_eq!(question.is_answer(&Url::parse(to).unwrap()), expected, "{redirect_uri} {to}");
        }
    }

    #[test]
    fn what_is_sent_back_is_judged() {
        let client = client("https://app.example/cb");
        let question = Question::new(&client, "https://a.example").unwrap().unwrap();
        for (answer, expected) in [
            ("error=login_required&state=STATE", Ok("login_required")),
            ("error=interaction_required&state=STATE&iss=https://a.example", Ok("interaction_required")),
            ("error=invalid_scope&state=STATE", Err(Reason::OidcError)),
            ("error=login_required", Err(Reason::ProtoIdMismatch)),
            ("error=login_required&state=x", Err(Reason::ProtoIdMismatch)),
            ("error=login_required&state=STATE&iss=https://b.example", Err(Reason::OidcIssuerMismatch)),
            ("code=abc&state=STATE", Err(Reason::ProtoUnexpectedReply)),
        ] {
            let answer = answer.replace("STATE", &question.state);
            let answer = Url::parse(&format!("https://app.example/cb?{answer}")).unwrap();
            assert_eq!(question.judge(&answer).map_err(|fault| fault.reason), expected, "{answer}");
        }
    }

    #[test]
    fn each_question_is_another() {
        let client = client("https://app.example/cb");
        let ask = || {
            let question = Question::new(&client, "https://a.example").unwrap().unwrap();
            question.url(&Url::parse("https://a.example/auth?realm=x").unwrap()).unwrap().to_string()
        };
        let (one, other) = (ask(), ask());
        assert!(one.starts_with("https://a.example/auth?realm=x&response_type=code&client_id=c&"), "{one}");
        assert!(
            one.contains("redirect_uri=https%3A%2F%2Fapp.example%2Fcb&scope=openid&prompt=none"),
            "{one}"
        );
        assert_ne!(one, other);
    }
}
