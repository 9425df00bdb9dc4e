//! The probe against servers that do what a test wants, and its judgements.

use collector_api::{Reason, Verdict};
use serde_json::{Value, json};
use std::sync::Arc;

use super::*;
use crate::clock::Calendar;
use crate::probe::mail::peer::{Act, Peer, fact, phases, with_secret};
use crate::probe::tests::surroundings;
use Act::{Babble, Close, Hear, Say, Tls};

const UP: (Verdict, Reason) = (Verdict::Up, Reason::None);
/// 2026-11-23 12:00 UTC.
const NOON_MS: i64 = 1_795_435_200_000;

const fn down(reason: Reason) -> (Verdict, Reason) {
    (Verdict::Down, reason)
}

#[tokio::test]
async fn each_way_of_greeting_has_its_reason() {
    const ABLE: &str = "* CAPABILITY IMAP4rev1 STARTTLS\nv1 OK done\n";
    for (mode, acts, expected, phase) in [
        ("plain", &[][..], down(Reason::ProtoTimeout), "greeting"),
        ("plain", &[Close], down(Reason::ProtoClosedEarly), "greeting"),
        ("plain", &[Babble], down(Reason::ProtoMalformed), "greeting"),
        ("plain", &[Say("220 mx\n")], down(Reason::ProtoBadGreeting), "greeting"),
        ("plain", &[Say("* BYE too many\n")], down(Reason::ImapBye), "greeting"),
        ("plain", &[Say("* OK hi\n"), Hear, Say("* BYE now\n")], down(Reason::ImapBye), "greeting"),
        ("plain", &[Say("* OK hi\n"), Hear, Say("v1 BAD what\n")], down(Reason::ImapBad), "greeting"),
        ("plain", &[Say("* OK hi\n"), Hear, Say("soup\n")], down(Reason::ProtoMalformed), "greeting"),
        (
            "plain",
            &[Say("* OK hi\n"), Hear, Say("* X {9999999999}\n")],
            down(Reason::ProtoMalformed),
            "greeting",
        ),
        ("plain", &[Say("* OK hi\n"), Hear, Say(ABLE), Hear], UP, ""),
        (
            "starttls",
            &[Say("* OK hi\n"), Hear, Say("* CAPABILITY IMAP4rev1\nv1 OK\n")],
            down(Reason::ImapNoStarttls),
            "starttls",
        ),
        (
            "starttls",
            &[Say("* OK hi\n"), Hear, Say(ABLE), Hear, Say("v2 NO not now\n")],
            down(Reason::ImapNoStarttls),
            "starttls",
        ),
        (
            "starttls",
            &[Say("* OK hi\n"), Hear, Say(ABLE), Hear, Say("v2 OK go\n* CAPABILITY AUTH=PLAIN\n"), Tls],
            down(Reason::ProtoUnexpectedReply),
            "starttls",
        ),
        (
            "starttls",
            &[
                Say("* OK hi\n"),
                Hear,
                Say(ABLE),
                Hear,
                Say("v2 OK go\n"),
                Tls,
                Hear,
                Say("* CAPABILITY IMAP4rev1\nv3 OK\n"),
                Hear,
            ],
            UP,
            "",
        ),
    ] {
        let peer = Peer::playing(acts).await;
        let outcome = peer.check("imap", mode, Value::Null, &json!({})).run(&surroundings()).await;
        assert_eq!((outcome.verdict, outcome.reason), expected, "{acts:?}: {outcome:?}");
        assert_eq!(outcome.evidence.phase_failed, phase, "{acts:?}: {outcome:?}");
    }
}

#[tokio::test]
async fn a_mailbox_is_looked_into_and_not_touched() {
    let peer = Peer::playing(&[
        Tls,
        Say("* OK hi\n"),
        Hear,
        Say("* CAPABILITY IMAP4rev1 AUTH=PLAIN\nv1 OK\n"),
        Hear,
        Say("+ \n"),
        Hear,
        Say("v2 OK welcome\n"),
        Hear,
        Say("* CAPABILITY IMAP4rev1 QUOTA\nv3 OK\n"),
        Hear,
        Say("* FLAGS ()\n* 7 EXISTS\nv4 OK [READ-ONLY]\n"),
        Hear,
        Say("* SEARCH 4 9\nv5 OK\n"),
        Hear,
        Say("* 2 FETCH (UID 9 INTERNALDATE \"22-Nov-2026 11:00:00 +0100\")\n* 1 FETCH (UID 4 INTERNALDATE \"22-Nov-2026 12:00:00 +0000\")\nv6 OK\n"),
        Hear,
        Say("* QUOTAROOT INBOX \"\"\n* QUOTA \"\" (STORAGE 91 100)\nv7 OK\n"),
        Hear,
    ])
    .await;
    let folder = tempfile::tempdir().unwrap();
    let mut around =
        with_secret(folder.path(), "hunter2hunter2", &[format!("imaps://127.0.0.1:{}", peer.port)]);
    around.clock = Calendar::new(Arc::new(|| NOON_MS));
    let login = json!({ "user": "sonda", "secret": "posta" });
    let newest = json!({ "from": "nas@comune.example", "subject": "Backup \"nas1\"", "within_ms": 93_600_000, "down_after_ms": 187_200_000 });
    let beside = json!({ "newest": newest, "quota_warn": { "p": 9, "q": 10 } });
    let outcome = peer.check("imap", "implicit", login, &beside).run(&around).await;
    assert_eq!((outcome.verdict, outcome.reason), (Verdict::Degraded, Reason::ImapQuota), "{outcome:?}");
    assert_eq!(
        phases(&outcome),
        ["connect", "tls", "greeting", "auth", "select", "search", "quota", "logout"]
    );
    assert_eq!(fact(&outcome, "messages"), "7");
    assert_eq!(fact(&outcome, "age_min"), "1440", "the younger of the two, whatever its number");
    assert_eq!(fact(&outcome, "quota"), "91% of 100 KiB");
    let heard = peer.heard();
    assert_eq!(heard[1..3], ["v2 AUTHENTICATE PLAIN".to_owned(), "AHNvbmRhAGh1bnRlcjJodW50ZXIy".to_owned()]);
    assert_eq!(
        heard[4..8],
        [
            "v4 EXAMINE \"INBOX\"",
            "v5 UID SEARCH SINCE 20-Nov-2026 FROM \"nas@comune.example\" SUBJECT \"Backup \\\"nas1\\\"\"",
            "v6 UID FETCH 9,4 (INTERNALDATE)",
            "v7 GETQUOTAROOT \"INBOX\"",
        ]
    );
}

#[tokio::test]
async fn who_is_turned_away_has_a_reason() {
    const GREETING: &str = "* CAPABILITY IMAP4rev1 AUTH=PLAIN AUTH=XOAUTH2 LOGINDISABLED\nv1 OK\n";
    for (method, acts, expected) in [
        (
            "plain",
            &[
                Tls,
                Say("* OK\n"),
                Hear,
                Say(GREETING),
                Hear,
                Say("+ \n"),
                Hear,
                Say("v2 NO [AUTHENTICATIONFAILED] no\n"),
            ][..],
            down(Reason::AuthRejected),
        ),
        (
            "plain",
            &[
                Tls,
                Say("* OK\n"),
                Hear,
                Say(GREETING),
                Hear,
                Say("+ \n"),
                Hear,
                Say("v2 NO [UNAVAILABLE] ldap\n"),
            ],
            down(Reason::ImapNo),
        ),
        (
            "plain",
            &[Tls, Say("* OK\n"), Hear, Say(GREETING), Hear, Say("v2 BAD no such\n")],
            down(Reason::ImapBad),
        ),
        ("login", &[Tls, Say("* OK\n"), Hear, Say(GREETING)], down(Reason::MailNoAuth)),
        // The token is explained first, then refused, as Microsoft and Google do.
        (
            "xoauth2",
            &[
                Tls,
                Say("* OK\n"),
                Hear,
                Say(GREETING),
                Hear,
                Say("+ \n"),
                Hear,
                Say("+ eyJzdGF0dXMiOiI0MDAifQ==\n"),
                Hear,
                Say("v2 NO AUTHENTICATE failed.\n"),
            ],
            down(Reason::AuthRejected),
        ),
        (
            "plain",
            &[
                Tls,
                Say("* OK\n"),
                Hear,
                Say(GREETING),
                Hear,
                Say("+ \n"),
                Hear,
                Say("v2 OK\n"),
                Hear,
                Say("* CAPABILITY IMAP4rev1\nv3 OK\n"),
                Hear,
                Say("v4 NO no such mailbox\n"),
            ],
            down(Reason::ImapNo),
        ),
    ] {
        let peer = Peer::playing(acts).await;
        let folder = tempfile::tempdir().unwrap();
        let around =
            with_secret(folder.path(), "hunter2hunter2", &[format!("imaps://127.0.0.1:{}", peer.port)]);
        let login = json!({ "user": "sonda", "secret": "posta", "method": method });
        let outcome = peer.check("imap", "implicit", login, &json!({})).run(&around).await;
        assert_eq!((outcome.verdict, outcome.reason), expected, "{acts:?}: {outcome:?}");
    }
}

/// The exchange that Microsoft documents for an application: client credentials at the token endpoint, `XOAUTH2` at
/// the mailbox.
#[tokio::test]
async fn microsoft_365_as_it_is_documented() {
    const MAILBOX: &[Act] = &[
        Tls,
        Say("* OK The Microsoft Exchange IMAP4 service is ready.\n"),
        Hear,
        Say(
            "* CAPABILITY IMAP4 IMAP4rev1 AUTH=PLAIN AUTH=XOAUTH2 SASL-IR UIDPLUS ID UNSELECT CHILDREN IDLE NAMESPACE LITERAL+\nv1 OK CAPABILITY completed.\n",
        ),
        Hear,
        Say("+ \n"),
        Hear,
        Say("v2 OK AUTHENTICATE completed.\n"),
        Hear,
        Say("* CAPABILITY IMAP4 IMAP4rev1\nv3 OK CAPABILITY completed.\n"),
        Hear,
        Say("* 0 EXISTS\nv4 OK [READ-ONLY] EXAMINE completed.\n"),
    ];
    const GIVES: &[Act] = &[
        Hear,
        Hear,
        Hear,
        Hear,
        Hear,
        Hear,
        Say(
            "HTTP/1.1 200 OK\nContent-Type: application/json\nContent-Length: 94\nConnection: close\n\n{\"token_type\":\"Bearer\",\"expires_in\":3599,\"access_token\":\"EwBAAl3BAAUFFpUAo7J3Ve0bjLBWZWCclRC\"}",
        ),
    ];
    const REFUSES: &[Act] = &[
        Hear,
        Hear,
        Hear,
        Hear,
        Hear,
        Hear,
        Say(
            "HTTP/1.1 401 Unauthorized\nContent-Length: 78\nConnection: close\n\n{\"error\":\"invalid_client\",\"error_description\":\"AADSTS7000222: secret expired\"}",
        ),
    ];
    let unseen = (Verdict::Unknown, Reason::AuthTokenFetch);
    for (provider, expected) in [(GIVES, UP), (REFUSES, unseen), (&[Close], unseen), (&[], unseen)] {
        let (mailbox, provider) = (Peer::playing(MAILBOX).await, Peer::playing(provider).await);
        let folder = tempfile::tempdir().unwrap();
        let origins =
            [format!("http://127.0.0.1:{}", provider.port), format!("imaps://127.0.0.1:{}", mailbox.port)];
        let around = with_secret(folder.path(), "segreto-app", &origins);
        let login = json!({
            "user": "sonda@comune.example", "secret": "posta", "method": "xoauth2",
            "oauth": {
                "token_url": format!("http://127.0.0.1:{}/tenant/oauth2/v2.0/token", provider.port),
                "client_id": "6731de76-14a6-49ae-97bc-6eba6914391e",
                "scope": "https://outlook.office365.com/.default",
            },
        });
        let check = mailbox.check("imap", "implicit", login, &json!({}));
        let (outcome, transcript) = check.run_recorded(&around).await;
        assert_eq!((outcome.verdict, outcome.reason), expected, "{outcome:?}");
        let said: Vec<&str> = transcript.lines().iter().map(|line| line.text.as_str()).collect();
        let said = said.join("\n");
        assert!(!said.contains("EwBAAl3") && !said.contains("segreto-app"), "{said}");
        if expected == UP {
            assert_eq!(provider.heard()[0], "POST /tenant/oauth2/v2.0/token HTTP/1.1");
            let user_and_token =
                "user=sonda@comune.example\u{1}auth=Bearer EwBAAl3BAAUFFpUAo7J3Ve0bjLBWZWCclRC\u{1}\u{1}";
            let said = crate::probe::base64::encode(user_and_token.as_bytes());
            assert_eq!(mailbox.heard()[1..3], ["v2 AUTHENTICATE XOAUTH2".to_owned(), said]);
            assert!(phases(&outcome).contains(&"token_fetch"));
        } else {
            assert_eq!(outcome.evidence.phase_failed, "token_fetch", "{outcome:?}");
        }
    }
}

/// Whoever may change the charter names the server; the agent's own file says which may see what the secret buys.
#[tokio::test]
async fn a_token_goes_to_no_server_that_the_secrets_file_does_not_name() {
    let (mailbox, provider) = (Peer::playing(&[Hear]).await, Peer::playing(&[Hear]).await);
    let folder = tempfile::tempdir().unwrap();
    let around = with_secret(folder.path(), "segreto-app", &[format!("http://127.0.0.1:{}", provider.port)]);
    let login = json!({
        "user": "sonda@comune.example", "secret": "posta", "method": "xoauth2",
        "oauth": { "token_url": format!("http://127.0.0.1:{}/t", provider.port), "client_id": "a", "scope": "b" },
    });
    let outcome = mailbox.check("imap", "implicit", login, &json!({})).run(&around).await;
    let expected = (Verdict::Unknown, Reason::AgentTargetForbidden);
    assert_eq!((outcome.verdict, outcome.reason), expected, "{outcome:?}");
    assert!(outcome.evidence.detail.contains(&format!("imaps://127.0.0.1:{}", mailbox.port)), "{outcome:?}");
    assert!(provider.heard().is_empty() && mailbox.heard().is_empty());
}

#[test]
fn a_message_is_young_old_or_too_old() {
    let newest = ImapNewest { from: None, subject: None, within_ms: 3_600_000, down_after_ms: 7_200_000 };
    for (age_min, expected) in [
        (Some(-5), UP),
        (Some(60), UP),
        (Some(61), (Verdict::Degraded, Reason::ImapStale)),
        (Some(120), (Verdict::Degraded, Reason::ImapStale)),
        (Some(121), down(Reason::ImapStale)),
        (None, down(Reason::ImapStale)),
    ] {
        let at_ms = age_min.map(|minutes: i64| NOON_MS - minutes * 60_000);
        let seen = judge_newest(&newest, at_ms, NOON_MS, &mut Trace::begin());
        let found = seen.err().map_or(UP, |fault| (fault.verdict(), fault.reason));
        assert_eq!(found, expected, "{age_min:?}");
    }
}

#[test]
fn a_mailbox_has_room_or_hardly_any() {
    let warn = Fraction { p: 9, q: 10 };
    for (storage, expected) in [
        (Some((90, 100)), false),
        (Some((91, 100)), true),
        (Some((u64::MAX, u64::MAX)), true),
        (Some((1, 0)), true),
        (None, true),
    ] {
        assert_eq!(judge_quota(warn, storage, &mut Trace::begin()).is_some(), expected, "{storage:?}");
    }
}
