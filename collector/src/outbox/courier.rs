//! One attempt: from a content to what became of it. Reads secrets, knows both outlets, keeps nothing but a token.

use std::sync::Arc;

use config::{Charter, CollectorConfig, MailConfig, Webhook};
use rustls::ClientConfig;

use super::row::Content;
use super::secrets::{Secret, Secrets};
use super::smtp::{Credential, Envelope, Login, Relay, hand_over};
use super::token::Tokens;
use super::{Outcome, Way, mime, of_relays, recipe, tls, webhook};

/// What attempts are made with.
#[derive(Debug)]
pub(crate) struct Courier {
    mail: Option<MailConfig>,
    secrets: Secrets,
    tls: Result<Arc<ClientConfig>, String>,
    http: Result<reqwest::Client, String>,
    tokens: Tokens,
}

impl Courier {
    /// With the settings of the start. What is wrong with them is said by each attempt, and mended by a restart.
    pub(crate) fn new(settings: &CollectorConfig) -> Self {
        let mail = settings.mail.clone();
        let tls = tls::client(mail.as_ref().and_then(|mail| mail.authority.as_deref()));
        let http = tls.as_ref().map_err(String::clone).and_then(webhook::client);
        let secrets = Secrets::new(&settings.secrets_directory);
        Self { mail, secrets, tls, http, tokens: Tokens::default() }
    }

    /// How mails leave.
    pub(crate) fn mail(&self) -> Option<&MailConfig> {
        self.mail.as_ref()
    }

    /// Tells a content now; `charter` says where a webhook is.
    pub(crate) async fn attempt(&self, content: &Content, charter: &Charter, now_ms: i64) -> Outcome {
        match &content.to.way {
            Way::Mail(address) => match &self.mail {
                Some(mail) => self.mails(mail, content, address).await,
                None => Outcome::no_way("`collector.mail` is gone from the configuration"),
            },
            Way::Webhook | Way::Sms(_) => {
                let named = charter.alerting.iter().find(|one| one.id == *content.recipient());
                match named.and_then(|recipient| recipient.webhook.as_ref()) {
                    Some(webhook) => self.calls(webhook, content, now_ms).await,
                    None => {
                        Outcome::Never("the recipient, or its webhook, is gone from the charter".to_owned())
                    }
                }
            }
        }
    }

    async fn mails(&self, mail: &MailConfig, content: &Content, address: &str) -> Outcome {
        let Some(letter) = &content.letter else {
            return Outcome::Never("there is nothing left to tell".to_owned());
        };
        let message = match mime::message(content, letter, &mail.from) {
            Ok(message) => message,
            Err(error) => return Outcome::Never(error),
        };
        let (tls, login) = match (&self.tls, self.login(mail).await) {
            (Ok(tls), Ok(login)) => (tls, login),
            (Err(error), _) => return Outcome::no_way(error.clone()),
            (_, Err(error)) => return Outcome::no_way(error),
        };
        let envelope = Envelope { from: &mail.from, to: address, message: &message };
        let mut asked = Vec::new();
        for relay in &mail.relays {
            let relay = Relay {
                address: relay.clone(),
                security: mail.security,
                tls: Arc::clone(tls),
                login: login.clone(),
            };
            let outcome = hand_over(&relay, envelope).await;
            let is_taken = matches!(outcome, Outcome::Taken(_));
            // A token may have been revoked before its end.
            if matches!(&outcome, Outcome::Later { reply, .. } if reply.starts_with("login: ")) {
                self.tokens.forget().await;
            }
            asked.push((relay.address, outcome));
            if is_taken {
                break;
            }
        }
        of_relays(asked)
    }

    async fn login(&self, mail: &MailConfig) -> Result<Option<Login>, String> {
        let Some(login) = &mail.login else { return Ok(None) };
        let secret = self.secrets.read(&login.secret).await?;
        let with = match &login.token {
            None => Credential::Password(secret),
            Some(of) => {
                let http = self.http.as_ref().map_err(String::clone)?;
                Credential::Token(self.tokens.current(of, &secret, http).await?)
            }
        };
        Ok(Some(Login { user: login.user.clone(), with }))
    }

    async fn calls(&self, webhook: &Webhook, content: &Content, now_ms: i64) -> Outcome {
        match self.called(webhook, content, now_ms).await {
            Ok(outcome) => outcome,
            Err(error) => Outcome::no_way(error),
        }
    }

    async fn called(&self, webhook: &Webhook, content: &Content, now_ms: i64) -> Result<Outcome, String> {
        let secret = match &webhook.secret {
            Some(name) => Some(self.secrets.read(name).await?),
            None => None,
        };
        let clean = |text: String| {
            secret.as_ref().map_or_else(|| text.clone(), |secret: &Secret| secret.out_of(&text))
        };
        let page = self.mail.as_ref().and_then(|mail| mail.page.as_deref());
        let request = recipe::request(webhook, content, secret.as_ref(), now_ms, page)?;
        let http = self.http.as_ref().map_err(String::clone)?;
        let answer = webhook::post(http, request).await.map_err(clean)?;
        Ok(webhook::judge(&answer, secret.as_ref()))
    }
}

#[cfg(test)]
mod tests;
