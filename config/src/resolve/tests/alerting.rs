//! Ways out: who takes the mails, and URLs that are told.

use super::{SITES, loaded};
use crate::{MailSecurity, Recipe, Webhook};

#[test]
fn what_a_relay_needs_is_read_and_the_rest_has_a_safe_default() {
    let of = |mail: &str| {
        let text = format!("{SITES}services: {{}}\ncollector: {{mail: {{from: v@comune.example, {mail}}}}}");
        loaded(&text).vedetta.collector.mail.unwrap()
    };
    let short = of("relay: \"posta.example:587\"");
    assert_eq!(
        (short.domain(), short.security, &short.login),
        ("comune.example", MailSecurity::Starttls, &None)
    );
    assert_eq!((&short.authority, &short.page, &short.templates), (&None, &None, &None));
    let long = of(
        "relay: [\"a.example:465\", \"127.0.0.1:25\"], security: tls, user: u, secret: s, page: \"https://p.example/\", \
         templates: testi, oauth: {token_url: \"https://login.example/token\", client_id: c, scope: \"https://x/.default\"}",
    );
    assert_eq!(
        long.relays.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["a.example:465", "127.0.0.1:25"]
    );
    let login = long.login.unwrap();
    assert_eq!((login.user.as_str(), login.secret.as_str()), ("u", "s"));
    assert_eq!(login.token.unwrap().client, "c");
    assert_eq!((long.page.as_deref(), long.security), (Some("https://p.example"), MailSecurity::Tls));
    assert_eq!(of("relay: \"localhost:25\", security: none").security, MailSecurity::None);
}

#[test]
fn webhooks_are_read_with_their_recipes() {
    let of = |keys: &str| {
        let text = format!("{SITES}services: {{}}\nalerting: {{office: {{{keys}}}}}");
        let loaded = loaded(&text);
        let unmailed =
            loaded.warnings.iter().any(|warning| warning.message.en.starts_with("nobody is mailed"));
        assert!(!unmailed, "nobody has an address: nothing is missing");
        let office = loaded.vedetta.charter.alerting.into_iter().next().unwrap();
        assert_eq!(office.to, [""; 0]);
        office.webhook.unwrap()
    };
    let json = of("webhook: \"http://127.0.0.1:9000/x\", webhook_secret: firma");
    assert_eq!((json.url.as_str(), &json.recipe), ("http://127.0.0.1:9000/x", &Recipe::Json));
    assert_eq!(json.secret.as_ref().map(crate::Id::as_str), Some("firma"));
    let teams =
        of("webhook: \"https://flussi.example/invoke?sig={secret}\", webhook_secret: sig, recipe: teams");
    assert!(teams.has_place_for_secret());
    let telegram = of("recipe: telegram, webhook_secret: bot, chat: -100123");
    assert_eq!(telegram.url, Webhook::TELEGRAM);
    assert_eq!(telegram.recipe, Recipe::Telegram { chat: "-100123".to_owned() });
    let sms =
        of("recipe: sms, webhook: \"https://sms.example/\", numbers: [\"+39071123456\", 39071123457], \
                  webhook_secret: k, template: \"to={number}&text={text}&token={secret}\"");
    let Recipe::Sms { numbers, template } = &sms.recipe else { panic!("{sms}") };
    assert_eq!(numbers, &["+39071123456", "39071123457"]);
    assert!(!Recipe::is_json(template) && sms.has_place_for_secret());
    let json = serde_json::to_string(&sms).unwrap();
    assert_eq!(serde_json::from_str::<Webhook>(&json).unwrap(), sms);
}

#[test]
fn a_charter_of_before_webhooks_is_read() {
    let office = r#"{"id":"office","to":["a@b.example"],"when":"always"}"#;
    let read: crate::Recipient = serde_json::from_str(office).unwrap();
    assert_eq!(read.webhook, None);
    assert!(!serde_json::to_string(&read).unwrap().contains("webhook"), "old versions read ours, too");
}
