//! `collector.mail`: how mails leave. A mistake here is found when an alarm does not arrive, unless it is found here.

use std::path::Path;

use super::link::{Link, is_loopback};
use super::{files, in_folder, recipients};
use crate::problem::Place;
use crate::text::say;
use crate::yaml::collector::{MailKeys, TokenKeys};
use crate::yaml::shape::{At, Report};
use crate::{HostPort, MailConfig, MailSecurity, RelayLogin, RelayToken};

/// More are no help: they are tried one after the other.
const RELAYS_MAX: usize = 8;
/// Of an account, an application, a scope: bytes.
const WORD_BYTES_MAX: usize = 256;

/// `None` after a problem.
pub(super) fn mail(keys: &MailKeys, folder: Option<&Path>, report: &mut Report<'_>) -> Option<MailConfig> {
    let from = recipients::address(&keys.from, report);
    let relays = relays(&keys.relay, report);
    let security = security(keys, &relays, report);
    let authority = keys.ca.as_ref().map(|ca| authority(ca, folder, report));
    let login = login(keys, report);
    let page = keys.page.as_ref().map(|page| self::page(page, report));
    if authority == Some(None) || page == Some(None) || relays.is_empty() {
        return None;
    }
    Some(MailConfig {
        from: from?,
        relays,
        security: security?,
        authority: authority.flatten(),
        login: login?,
        page: page.flatten(),
        templates: keys.templates.as_deref().map(|path| in_folder(path, folder)),
    })
}

fn relays(keys: &At<Vec<At<HostPort>>>, report: &mut Report<'_>) -> Vec<HostPort> {
    if keys.value.is_empty() {
        report.problem(
            keys.at,
            say!("no relay: nobody takes the mails", "nessun relay: nessuno prende la posta"),
        );
    }
    if let Some(one_more) = keys.value.get(RELAYS_MAX) {
        let message = say!("at most {RELAYS_MAX} relays are tried", "si provano al più {RELAYS_MAX} relay");
        report.problem(one_more.at, message);
    }
    let mut relays: Vec<HostPort> = Vec::new();
    for key in &keys.value {
        if relays.contains(&key.value) {
            let message =
                say!("the relay `{}` is already in the list", "il relay `{}` è già nell'elenco", key.value);
            report.problem(key.at, message);
        } else {
            relays.push(key.value.clone());
        }
    }
    relays
}

/// In clear only where nobody listens.
fn security(keys: &MailKeys, relays: &[HostPort], report: &mut Report<'_>) -> Option<MailSecurity> {
    let Some(key) = &keys.security else { return Some(MailSecurity::default()) };
    if key.value == MailSecurity::None
        && let Some(far) = relays.iter().find(|relay| !is_loopback(&relay.host))
    {
        let message = say!(
            "`security: none` is for a relay on this machine; `{far}` is not: write `starttls` or `tls`",
            "`security: none` vale per un relay su questa macchina; `{far}` non lo è: scrivi `starttls` o `tls`"
        );
        report.problem(key.at, message);
        return None;
    }
    Some(key.value)
}

fn authority(key: &At<String>, folder: Option<&Path>, report: &mut Report<'_>) -> Option<String> {
    match files::certificates(&key.value, folder) {
        Ok(text) => Some(text),
        Err(why) => {
            report.problem(key.at, why);
            None
        }
    }
}

/// `Some(None)`: nobody logs in.
#[expect(clippy::option_option, reason = "outside: was it refused; inside: is there one")]
fn login(keys: &MailKeys, report: &mut Report<'_>) -> Option<Option<RelayLogin>> {
    let token = match &keys.oauth {
        None => None,
        Some(oauth) => Some(token(&oauth.value, report)?),
    };
    match (&keys.user, &keys.secret) {
        (Some(user), Some(secret)) => {
            let user = word(user, report)?;
            Some(Some(RelayLogin { user, secret: secret.value.clone(), token }))
        }
        (None, None) if token.is_none() => Some(None),
        (user, secret) => {
            let of_oauth = keys.oauth.as_ref().map(|oauth| oauth.at);
            let places = [user.as_ref().map(|key| key.at), secret.as_ref().map(|key| key.at), of_oauth];
            let at = places.into_iter().flatten().next().unwrap_or(Place::WHOLE);
            let message = say!(
                "who logs in to the relay has both `user` and `secret: NAME`, a file of the collector's `secrets`",
                "chi accede al relay ha sia `user` sia `secret: NOME`, un file di `secrets` del collettore"
            );
            report.problem(at, message);
            None
        }
    }
}

fn token(keys: &TokenKeys, report: &mut Report<'_>) -> Option<RelayToken> {
    let url = &keys.token_url;
    if !Link::of(&url.value).is_some_and(|link| link.hides() && !link.has_user) {
        let message = say!(
            "`token_url` is not a URL such as `https://login.example/oauth2/v2.0/token`",
            "`token_url` non è un URL come `https://login.example/oauth2/v2.0/token`"
        );
        report.problem(url.at, message);
        return None;
    }
    let (client, scope) = (word(&keys.client_id, report), word(&keys.scope, report));
    Some(RelayToken { url: url.value.clone(), client: client?, scope: scope? })
}

/// What is said within one line.
fn word(key: &At<String>, report: &mut Report<'_>) -> Option<String> {
    let sound =
        key.value.len() <= WORD_BYTES_MAX && key.value.bytes().all(|byte| (0x20..0x7f).contains(&byte));
    if !sound {
        let message = say!(
            "only printable ASCII, at most {WORD_BYTES_MAX} signs, is said here",
            "qui si dice solo ASCII stampabile, al più {WORD_BYTES_MAX} segni"
        );
        report.problem(key.at, message);
        return None;
    }
    Some(key.value.clone())
}

fn page(key: &At<String>, report: &mut Report<'_>) -> Option<String> {
    if Link::of(&key.value).is_none_or(|link| link.has_user) {
        let message = say!(
            "`page` is where people find the page, such as `https://vedetta.comune.example`",
            "`page` è dove si trova la pagina, per esempio `https://vedetta.comune.example`"
        );
        report.problem(key.at, message);
        return None;
    }
    Some(key.value.trim_end_matches('/').to_owned())
}
