//! `webhook` of a recipient: a URL, whether a secret may go there, and what its recipe needs.

use serde_json::Value;

use super::link::Link;
use crate::mask::{SECRET_KEYS, SECRET_QUERIES, secret_of_query};
use crate::problem::Place;
use crate::text::{Text, say};
use crate::yaml::alerting::{RecipeWord, RecipientKeys};
use crate::yaml::shape::{At, Report};
use crate::{Recipe, Webhook};

/// Short messages cost money.
const NUMBERS_MAX: usize = 20;
/// Of a template, bytes.
const TEMPLATE_BYTES_MAX: usize = 4_096;

/// `Some(None)`: there is none. `None` after a problem.
#[expect(clippy::option_option, reason = "outside: was it refused; inside: is there one")]
pub(super) fn webhook(keys: &RecipientKeys, report: &mut Report<'_>) -> Option<Option<Webhook>> {
    let word = keys.recipe.as_ref().map_or(RecipeWord::Json, |key| key.value);
    strangers(keys, word, report)?;
    let url = match (&keys.webhook, &keys.recipe) {
        (Some(key), _) => url(key, report)?,
        (None, Some(key)) if key.value == RecipeWord::Telegram => Webhook::TELEGRAM.to_owned(),
        (None, None) if keys.webhook_secret.is_none() => return Some(None),
        (None, recipe) => {
            let secret = keys.webhook_secret.as_ref().map(|key| key.at);
            let at = recipe.as_ref().map(|key| key.at).or(secret).unwrap_or(Place::WHOLE);
            let message = say!(
                "whom is it told? write `webhook: https://…`, too",
                "a chi si dice? scrivi anche `webhook: https://…`"
            );
            report.problem(at, message);
            return None;
        }
    };
    let at = [&keys.webhook.as_ref().map(|key| key.at), &keys.recipe.as_ref().map(|key| key.at)];
    let at = at.into_iter().flatten().next().copied().unwrap_or(Place::WHOLE);
    let recipe = match word {
        RecipeWord::Json => Recipe::Json,
        RecipeWord::Teams => Recipe::Teams,
        RecipeWord::Telegram => Recipe::Telegram { chat: chat(keys, at, report)? },
        RecipeWord::Sms => {
            Recipe::Sms { numbers: numbers(keys, at, report)?, template: template(keys, at, report)? }
        }
    };
    let webhook = Webhook { url, secret: keys.webhook_secret.as_ref().map(|key| key.value.clone()), recipe };
    secret(&webhook, at, report)?;
    Some(Some(webhook))
}

/// Keys of another recipe.
fn strangers(keys: &RecipientKeys, word: RecipeWord, report: &mut Report<'_>) -> Option<()> {
    let of = [
        ("chat", keys.chat.as_ref().map(|key| key.at), RecipeWord::Telegram, "telegram"),
        ("numbers", keys.numbers.as_ref().map(|key| key.at), RecipeWord::Sms, "sms"),
        ("template", keys.template.as_ref().map(|key| key.at), RecipeWord::Sms, "sms"),
    ];
    for (key, at, its, name) in of {
        if let Some(at) = at.filter(|_| its != word) {
            let message = say!("`{key}` is for `recipe: {name}`", "`{key}` vale per `recipe: {name}`");
            report.problem(at, message);
            return None;
        }
    }
    Some(())
}

fn url(key: &At<String>, report: &mut Report<'_>) -> Option<String> {
    let plain = key.value.replace(Webhook::SECRET, "x");
    let refused = match Link::of(&plain) {
        None => say!(
            "`webhook` is not a URL such as `https://chat.example/hook`",
            "`webhook` non è un URL come `https://chat.example/hook`"
        ),
        Some(link) if link.has_user => say!(
            "a URL with a user or password in clear: secrets never stand in this file",
            "un URL con utente o password in chiaro: in questo file non stanno mai segreti"
        ),
        Some(link) if !link.hides() => say!(
            "`http://` is for this machine only: what is told would go over the network in clear; write `https://`",
            "`http://` vale solo per questa macchina: il messaggio passerebbe in chiaro sulla rete; scrivi `https://`"
        ),
        Some(_) => {
            // The place of a secret cannot decide who gets it.
            let host_is_fixed =
                key.value.split('/').nth(2).is_some_and(|host| !host.contains(Webhook::SECRET));
            if host_is_fixed {
                return Some(key.value.clone());
            }
            say!("`{{secret}}` stands behind the host only", "`{{secret}}` sta solo dopo il nome del server")
        }
    };
    report.problem(key.at, refused);
    None
}

fn chat(keys: &RecipientKeys, at: Place, report: &mut Report<'_>) -> Option<String> {
    let sound = |chat: &str| {
        let number = chat.strip_prefix('-').unwrap_or(chat);
        let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        let is_name = chat.strip_prefix('@').is_some_and(|name| {
            !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        });
        (is_number || is_name) && chat.len() <= 64
    };
    match &keys.chat {
        Some(key) if sound(&key.value) => return Some(key.value.clone()),
        Some(key) => {
            let message = say!(
                "`{}` is not a chat of Telegram: its number, such as `-1001234567890`, or `@channel`",
                "`{}` non è una chat di Telegram: il suo numero, come `-1001234567890`, o `@canale`",
                key.value
            );
            report.problem(key.at, message);
        }
        None => {
            let message = say!(
                "`recipe: telegram` needs `chat`, the number of the chat or `@channel`",
                "`recipe: telegram` vuole `chat`, il numero della chat o `@canale`"
            );
            report.problem(at, message);
        }
    }
    None
}

fn numbers(keys: &RecipientKeys, at: Place, report: &mut Report<'_>) -> Option<Vec<String>> {
    let Some(key) = keys.numbers.as_ref().filter(|key| !key.value.is_empty()) else {
        let message = say!(
            "`recipe: sms` needs `numbers`, such as `[\"+39071123456\"]`",
            "`recipe: sms` vuole `numbers`, per esempio `[\"+39071123456\"]`"
        );
        report.problem(at, message);
        return None;
    };
    if let Some(one_more) = key.value.get(NUMBERS_MAX) {
        let message = say!("at most {NUMBERS_MAX} numbers", "al più {NUMBERS_MAX} numeri");
        report.problem(one_more.at, message);
        return None;
    }
    let mut numbers = Vec::new();
    for number in &key.value {
        let digits = number.value.strip_prefix('+').unwrap_or(&number.value);
        if !(3..=15).contains(&digits.len()) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            let message = say!(
                "`{}` is not a telephone number such as `+39071123456` (in quotes, without spaces)",
                "`{}` non è un numero di telefono come `+39071123456` (tra virgolette, senza spazi)",
                number.value
            );
            report.problem(number.at, message);
            return None;
        }
        numbers.push(number.value.clone());
    }
    Some(numbers)
}

fn template(keys: &RecipientKeys, at: Place, report: &mut Report<'_>) -> Option<String> {
    let Some(key) = &keys.template else {
        let message = say!(
            "`recipe: sms` needs `template`, what the gateway is sent, such as `to={{number}}&text={{text}}`",
            "`recipe: sms` vuole `template`, ciò che si invia al servizio, per esempio `to={{number}}&text={{text}}`"
        );
        report.problem(at, message);
        return None;
    };
    match refused_template(&key.value) {
        None => Some(key.value.clone()),
        Some(message) => {
            report.problem(key.at, message);
            None
        }
    }
}

fn refused_template(template: &str) -> Option<Text> {
    for place in [Recipe::NUMBER, Recipe::TEXT] {
        if !template.contains(place) {
            return Some(say!("the template has no place `{place}`", "il modello non ha il posto `{place}`"));
        }
    }
    if template.len() > TEMPLATE_BYTES_MAX {
        return Some(say!(
            "a template is at most {TEMPLATE_BYTES_MAX} bytes",
            "un modello è al più {TEMPLATE_BYTES_MAX} byte"
        ));
    }
    let carries = if Recipe::is_json(template) {
        match serde_json::from_str::<Value>(template) {
            Ok(value) => in_json(&value),
            Err(_) => {
                return Some(say!(
                    "the template begins like JSON and is none; places stand within texts: `{{\"to\": \"{{number}}\"}}`",
                    "il modello comincia come JSON e non lo è; i posti stanno dentro i testi: `{{\"to\": \"{{number}}\"}}`"
                ));
            }
        }
    } else {
        let form = format!("?{}", template.replace(Webhook::SECRET, ""));
        secret_of_query(&form).is_some()
    };
    carries.then(|| {
        say!(
            "the template holds a secret in clear; write `{{secret}}` there, and `webhook_secret: NAME`",
            "il modello contiene un segreto in chiaro; scrivi lì `{{secret}}`, e `webhook_secret: NOME`"
        )
    })
}

/// Does a key such as `password` have a value of its own?
fn in_json(value: &Value) -> bool {
    match value {
        Value::Object(map) => map.iter().any(|(key, value)| {
            let key = key.to_lowercase();
            let is_secret = SECRET_KEYS.contains(&key.as_str()) || SECRET_QUERIES.contains(&key.as_str());
            let in_clear =
                value.as_str().is_some_and(|text| !text.is_empty() && !text.contains(Webhook::SECRET));
            (is_secret && in_clear) || in_json(value)
        }),
        Value::Array(values) => values.iter().any(in_json),
        _ => false,
    }
}

/// A place for a secret without one, or a secret that nothing takes.
fn secret(webhook: &Webhook, at: Place, report: &mut Report<'_>) -> Option<()> {
    let takes = webhook.has_place_for_secret() || matches!(webhook.recipe, Recipe::Json | Recipe::Sms { .. });
    let message = match (&webhook.secret, webhook.has_place_for_secret()) {
        (None, true) => say!(
            "`{{secret}}` needs `webhook_secret: NAME`, a file of the collector's `secrets`",
            "`{{secret}}` vuole `webhook_secret: NOME`, un file di `secrets` del collettore"
        ),
        (Some(_), false) if !takes => say!(
            "nothing takes the secret: write `{{secret}}` where the URL has it",
            "nulla usa il segreto: scrivi `{{secret}}` dove l'URL lo contiene"
        ),
        _ => return Some(()),
    };
    report.problem(at, message);
    None
}
