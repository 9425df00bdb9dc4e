//! Each recipe, to the byte.

use serde_json::json;

use super::*;
use crate::outbox::Addressee;
use crate::outbox::example::{NOW_MS, content, id, webhook};

fn of(way: Way) -> Content {
    let to = Addressee { recipient: id("ufficio"), way };
    Content { to, facts: json!({"kind": "opened", "key": "incident-7.opened"}), ..content("") }
}

fn sent(keys: &str, way: Way, secret: Option<&str>) -> Request {
    let secret = secret.map(Secret::new);
    request(&webhook(keys), &of(way), secret.as_ref(), NOW_MS, Some("https://p.example")).unwrap()
}

fn json_of(request: &Request) -> Value {
    assert_eq!(request.media_type, "application/json");
    serde_json::from_slice(&request.body).unwrap()
}

#[test]
fn programs_get_all_of_it_signed() {
    let request = sent("webhook: \"https://h.example/x\", webhook_secret: s", Way::Webhook, Some("key"));
    assert_eq!(
        json_of(&request),
        json!({
            "version": 1,
            "id": "incident-7.again-1.01@comune.example",
            "thread": null,
            "recipient": "ufficio",
            "subject": "Posta non disponibile",
            "text": "La posta è ferma.\nDal 23/11.\n",
            "kind": "opened",
            "key": "incident-7.opened",
        })
    );
    assert_eq!(request.headers[0], ("vedetta-id", "incident-7.again-1.01@comune.example".to_owned()));
    let body = String::from_utf8(request.body).unwrap();
    assert_eq!(
        request.headers[1],
        ("vedetta-signature", signature(&Secret::new("key"), NOW_MS / 1_000, &body))
    );
    assert_eq!(sent("webhook: \"https://h.example/x\"", Way::Webhook, None).headers.len(), 1);
}

/// `printf '5.body' | openssl dgst -sha256 -hmac key`
#[test]
fn a_signature_is_an_hmac_over_time_and_body() {
    let made = signature(&Secret::new("key"), 5, "body");
    assert_eq!(made, "t=5,v1=bc1f25bceb7d997f3c5bcc30f038121e37fa6b8b279055e8a68e16b3a1c13f6d");
    assert_ne!(made, signature(&Secret::new("key"), 6, "body"), "a body of another time is another");
    assert_ne!(made, signature(&Secret::new("other"), 5, "body"));
}

#[test]
fn teams_gets_a_card() {
    let keys = "webhook: \"https://flussi.example/x?a=1&sig={secret}\", webhook_secret: s, recipe: teams";
    let request = sent(keys, Way::Webhook, Some("a%2Bb"));
    assert_eq!(request.url, "https://flussi.example/x?a=1&sig=a%2Bb");
    let card = &json_of(&request)["attachments"][0]["content"];
    assert_eq!(card["body"][0]["text"], "Posta non disponibile");
    assert_eq!(card["body"][1]["text"], "La posta è ferma.\n\nDal 23/11.\n\n");
    assert_eq!(card["actions"][0]["url"], "https://p.example");
    assert_eq!(plain("[a](b) *c*"), "\\[a\\](b) \\*c\\*", "what a service is called is no link");
}

#[test]
fn telegram_gets_a_message_that_fits() {
    let request = sent("recipe: telegram, webhook_secret: bot, chat: \"-100\"", Way::Webhook, Some("12:ab"));
    assert_eq!(request.url, "https://api.telegram.org/bot12:ab/sendMessage");
    let body = json_of(&request);
    assert_eq!(
        (&body["chat_id"], &body["text"]),
        (&json!("-100"), &json!("Posta non disponibile\n\nLa posta è ferma.\nDal 23/11.\n"))
    );
    let long = telegram("1", "è", &"😀".repeat(5_000));
    assert_eq!(long["text"].as_str().unwrap().encode_utf16().count(), TELEGRAM_UNITS_MAX - 1);
}

#[test]
fn a_gateway_gets_its_own_form_and_words_stay_words() {
    let keys = |template: &str| {
        format!(
            "recipe: sms, webhook: \"https://sms.example/\", webhook_secret: s, numbers: \"+39071123456\", template: '{template}'"
        )
    };
    let way = || Way::Sms("+39071123456".to_owned());
    let form = sent(&keys("to={number}&text={text}&key={secret}"), way(), Some("a&b"));
    assert_eq!(form.media_type, "application/x-www-form-urlencoded");
    assert_eq!(form.body, b"to=%2B39071123456&text=Posta+non+disponibile&key=a%26b");
    assert_eq!(form.headers.len(), 1, "the secret has its place");
    let json = sent(&keys("{\"to\": [\"{number}\"], \"text\": \"{text}\"}"), way(), Some("abc"));
    assert_eq!(json_of(&json), json!({"to": ["+39071123456"], "text": "Posta non disponibile"}));
    assert_eq!(json.headers[1], ("authorization", "Bearer abc".to_owned()));
    let words = [("{text}", "{number} \"x\"\n"), ("{number}", "1")];
    assert_eq!(filled("{\"a\": \"{text}\"}", &words, true).unwrap(), "{\"a\": \"{number} \\\"x\\\"\\n\"}");
    assert!(request(&webhook(&keys("{number}{text}")), &of(Way::Webhook), None, NOW_MS, None).is_err());
}
