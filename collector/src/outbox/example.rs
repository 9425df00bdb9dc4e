//! Recipients, a relay and what they are told, for tests.

use config::{Charter, MailConfig, Webhook};

use super::row::Content;
use super::{Addressee, Way};
use crate::publish::mail::Letter;

/// 23 November 2026, 09:12 in Rome.
pub(crate) const NOW_MS: i64 = 1_795_421_520_000;

pub(crate) fn id(text: &str) -> config::Id {
    config::Id::new(text).unwrap()
}

pub(crate) fn letter() -> Letter {
    Letter {
        subject: "Posta non disponibile".to_owned(),
        text: "La posta è ferma.\nDal 23/11.\n".to_owned(),
        html: "<p>La posta è ferma.</p>".to_owned(),
        attachments: Vec::new(),
    }
}

pub(crate) fn content(address: &str) -> Content {
    Content {
        message_id: "incident-7.again-1.01@comune.example".to_owned(),
        thread: None,
        about: "incident-7".to_owned(),
        born_ms: 5,
        created_ms: NOW_MS,
        to: Addressee { recipient: id("ufficio"), way: Way::Mail(address.to_owned()) },
        letter: Some(letter()),
        facts: serde_json::Value::Null,
    }
}

/// `ufficio` has two addresses, `stanza` a card, `cellulare` two numbers.
pub(crate) fn vedetta() -> (Charter, MailConfig) {
    let text = "organisation: {name: X}\nsites: {a: {agents: [a1]}}\nservices: {}\nalerting:\n  \
        ufficio: {to: [a@b.example, c@d.example, a@b.example]}\n  \
        stanza: {to: s@b.example, webhook: \"https://flussi.example/x?sig={secret}\", webhook_secret: s, recipe: teams}\n  \
        cellulare: {webhook: \"https://sms.example/\", recipe: sms, numbers: [\"+391\", \"+392\"], template: \"n={number}&t={text}\"}\n\
        collector: {mail: {from: vedetta@comune.example, relay: \"127.0.0.1:25\", security: none}}\n";
    let loaded =
        config::parse(&text.replace("+39", "+39071"), "f").unwrap_or_else(|refused| panic!("{refused}"));
    (loaded.vedetta.charter, loaded.vedetta.collector.mail.unwrap())
}

pub(crate) fn webhook(keys: &str) -> Webhook {
    let text = format!(
        "organisation: {{name: X}}\nsites: {{a: {{agents: [a1]}}}}\nservices: {{}}\nalerting: {{ufficio: {{{keys}}}}}\n"
    );
    let loaded = config::parse(&text, "f").unwrap_or_else(|refused| panic!("{refused}"));
    loaded.vedetta.charter.alerting[0].webhook.clone().unwrap()
}
