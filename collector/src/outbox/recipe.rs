//! What a webhook is sent: each recipe is a pure function from content to request.
//!
//! `json` is a contract with programs: keys are added, never changed. It is signed where there is a secret:
//! `vedetta-signature: t=<Unix s>,v1=<hex>`, HMAC-SHA256 with the secret over `<t>.<body>`, so that a body cannot be
//! replayed at another time. `vedetta-id` is the same at each attempt.

use collector_api::hex_encode;
use config::{Recipe, Webhook};
use ring::hmac;
use serde_json::{Value, json};

use super::Way;
use super::row::Content;
use super::secrets::Secret;
use super::webhook::{Request, form};

/// Telegram refuses more (UTF-16 units).
const TELEGRAM_UNITS_MAX: usize = 4_096;
/// Teams takes 28 KB a card, JSON and all.
const TEAMS_CHARS_MAX: usize = 8_000;
/// One short message; what is longer costs several.
const SMS_CHARS_MAX: usize = 160;
const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

/// The request for a content at an instant, Unix ms. The error is a sentence.
pub(crate) fn request(
    webhook: &Webhook,
    content: &Content,
    secret: Option<&Secret>,
    now_ms: i64,
    page: Option<&str>,
) -> Result<Request, String> {
    let Some(letter) = &content.letter else { return Err("there is nothing left to tell".to_owned()) };
    let (subject, text) = (letter.subject.as_str(), letter.text.as_str());
    let exposed = secret.map_or("", Secret::expose);
    if webhook.url.contains(Webhook::SECRET)
        && !exposed.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#')
    {
        return Err(
            "the secret has signs that a URL cannot have: write it as it stands in the URL".to_owned()
        );
    }
    let url = webhook.url.replace(Webhook::SECRET, exposed);
    let mut headers = vec![("vedetta-id", content.message_id.clone())];
    let (media_type, body) = match &webhook.recipe {
        Recipe::Json => {
            let body = facts(content, subject, text);
            if let Some(secret) = secret.filter(|_| !webhook.has_place_for_secret()) {
                headers.push(("vedetta-signature", signature(secret, now_ms.div_euclid(1_000), &body)));
            }
            (JSON, body)
        }
        Recipe::Teams => (JSON, teams(subject, text, page).to_string()),
        Recipe::Telegram { chat } => (JSON, telegram(chat, subject, text).to_string()),
        Recipe::Sms { template, .. } => {
            let Way::Sms(number) = &content.to.way else {
                return Err(
                    "the recipient's webhook sends short messages now; this was for another".to_owned()
                );
            };
            if !webhook.has_place_for_secret() && secret.is_some() {
                headers.push(("authorization", format!("Bearer {exposed}")));
            }
            let short = cut(subject, SMS_CHARS_MAX);
            let words = [
                (Recipe::NUMBER, number.as_str()),
                (Recipe::TEXT, short.as_str()),
                (Webhook::SECRET, exposed),
            ];
            let is_json = Recipe::is_json(template);
            (if is_json { JSON } else { FORM }, filled(template, &words, is_json)?)
        }
    };
    Ok(Request { url, media_type, headers, body: body.into_bytes() })
}

/// All that was decided, and what people are told.
fn facts(content: &Content, subject: &str, text: &str) -> String {
    let mut whole = json!({
        "version": 1,
        "id": content.message_id,
        "thread": content.thread,
        "recipient": content.to.recipient,
        "subject": subject,
        "text": text,
    });
    if let (Value::Object(whole), Value::Object(facts)) = (&mut whole, &content.facts) {
        whole.extend(facts.iter().map(|(key, value)| (key.clone(), value.clone())));
    }
    whole.to_string()
}

/// Over what is sent, and when.
fn signature(secret: &Secret, at_s: i64, body: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes());
    let tag = hmac::sign(&key, format!("{at_s}.{body}").as_bytes());
    format!("t={at_s},v1={}", hex_encode(tag.as_ref()))
}

/// A card, as a workflow "when a Teams webhook request is received" takes it.
fn teams(subject: &str, text: &str, page: Option<&str>) -> Value {
    let block =
        |text: &str, weight: &str| json!({"type": "TextBlock", "text": text, "weight": weight, "wrap": true});
    let mut card = json!({
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": [block(&plain(subject), "Bolder"), block(&plain(&cut(text, TEAMS_CHARS_MAX)), "Default")],
    });
    if let (Some(page), Value::Object(card)) = (page, &mut card) {
        let open = json!([{"type": "Action.OpenUrl", "title": "Apri la pagina", "url": page}]);
        card.insert("actions".to_owned(), open);
    }
    let attachment = json!({
        "contentType": "application/vnd.microsoft.card.adaptive",
        "contentUrl": null,
        "content": card,
    });
    json!({"type": "message", "attachments": [attachment]})
}

/// A card's text is Markdown: a line's end is two, and what would be a link or a list is none.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len() + 64);
    for sign in text.chars() {
        match sign {
            '\n' => plain.push_str("\n\n"),
            '[' | ']' | '*' | '_' | '`' | '\\' => plain.extend(['\\', sign]),
            _ => plain.push(sign),
        }
    }
    plain
}

fn telegram(chat: &str, subject: &str, text: &str) -> Value {
    let whole = format!("{subject}\n\n{text}");
    let mut units = 0;
    let fitting = whole.chars().take_while(|sign| {
        units += sign.len_utf16();
        units <= TELEGRAM_UNITS_MAX
    });
    json!({"chat_id": chat, "text": fitting.collect::<String>(), "link_preview_options": {"is_disabled": true}})
}

/// A template with its places filled, each as its form wants it.
fn filled(template: &str, words: &[(&str, &str)], is_json: bool) -> Result<String, String> {
    let mut text = String::new();
    let mut rest = template;
    // One pass: what stands in a word is no place.
    while let Some(begin) = rest.find('{') {
        let (before, from) = rest.split_at(begin);
        text.push_str(before);
        if let Some((place, word)) = words.iter().find(|(place, _)| from.starts_with(place)) {
            text.push_str(&escaped(word, is_json)?);
            rest = &from[place.len()..];
        } else {
            text.push('{');
            rest = &from[1..];
        }
    }
    text.push_str(rest);
    Ok(text)
}

fn escaped(word: &str, is_json: bool) -> Result<String, String> {
    if !is_json {
        return Ok(form(&[("", word)])[1..].to_owned());
    }
    let quoted = serde_json::to_string(word).map_err(|error| error.to_string())?;
    Ok(quoted[1..quoted.len() - 1].to_owned())
}

fn cut(text: &str, chars_max: usize) -> String {
    if text.chars().count() <= chars_max {
        return text.to_owned();
    }
    text.chars().take(chars_max.saturating_sub(1)).chain(['…']).collect()
}

#[cfg(test)]
mod tests;
