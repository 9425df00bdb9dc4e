//! The probe against servers that do what a test wants.

use collector_api::{Reason, Verdict};
use serde_json::{Value, json};

use crate::probe::mail::peer::{Act, Peer, fact, phases, with_secret};
use crate::probe::tests::surroundings;
use Act::{Babble, Close, Hear, Pause, Say, Tls};

const UP: (Verdict, Reason) = (Verdict::Up, Reason::None);
const ABLE: &str = "+OK\nUSER\nSTLS\n.\n";

const fn down(reason: Reason) -> (Verdict, Reason) {
    (Verdict::Down, reason)
}

#[tokio::test]
async fn each_way_of_answering_has_its_reason() {
    for (mode, acts, expected, phase) in [
        ("plain", &[][..], down(Reason::ProtoTimeout), "greeting"),
        ("plain", &[Close], down(Reason::ProtoClosedEarly), "greeting"),
        ("plain", &[Babble], down(Reason::ProtoMalformed), "greeting"),
        ("plain", &[Say("* OK imap\n")], down(Reason::ProtoBadGreeting), "greeting"),
        ("plain", &[Say("-ERR busy\n")], down(Reason::Pop3Err), "greeting"),
        ("plain", &[Say("+OK hi\n"), Hear, Say("what\n")], down(Reason::ProtoMalformed), "greeting"),
        // A server of RFC 1939 alone.
        ("plain", &[Say("+OK hi\n"), Hear, Say("-ERR what\n"), Hear, Say("+OK bye\n")], UP, ""),
        ("starttls", &[Say("+OK hi\n"), Hear, Say("+OK\nUSER\n.\n")], down(Reason::Pop3NoStls), "starttls"),
        (
            "starttls",
            &[Say("+OK hi\n"), Hear, Say(ABLE), Hear, Say("-ERR no\n")],
            down(Reason::Pop3NoStls),
            "starttls",
        ),
        (
            "starttls",
            &[Say("+OK hi\n"), Hear, Say(ABLE), Hear, Say("+OK go\n+OK injected\n"), Tls],
            down(Reason::ProtoUnexpectedReply),
            "starttls",
        ),
        (
            "starttls",
            &[
                Say("+OK hi\n"),
                Hear,
                Say("+OK\nUS"),
                Pause,
                Say("ER\nSTLS\n.\n"),
                Hear,
                Say("+OK go\n"),
                Tls,
                Hear,
                Say("+OK\n.\n"),
                Hear,
            ],
            UP,
            "",
        ),
    ] {
        let peer = Peer::playing(acts).await;
        let outcome = peer.check("pop3", mode, Value::Null, &json!({})).run(&surroundings()).await;
        assert_eq!((outcome.verdict, outcome.reason), expected, "{acts:?}: {outcome:?}");
        assert_eq!(outcome.evidence.phase_failed, phase, "{acts:?}: {outcome:?}");
    }
}

#[tokio::test]
async fn who_logs_in_has_a_mailbox_or_a_reason() {
    const GREETING: [Act; 4] = [Tls, Say("+OK hi\n"), Hear, Say("+OK\nSASL PLAIN XOAUTH2\n.\n")];
    const fn after<const N: usize>(rest: [Act; N]) -> [Act; 12] {
        let mut acts = [Pause; 12];
        let mut at = 0;
        while at < 4 {
            acts[at] = GREETING[at];
            at += 1;
        }
        while at < 4 + N {
            acts[at] = rest[at - 4];
            at += 1;
        }
        acts
    }
    const COUNTED: [Act; 12] =
        after([Hear, Say("+OK\n"), Hear, Say("+OK\n"), Hear, Say("+OK 3 1200\n"), Hear, Say("+OK bye\n")]);
    const REJECTED: [Act; 12] = after([Hear, Say("+OK\n"), Hear, Say("-ERR [AUTH] no\n")]);
    const IN_USE: [Act; 12] = after([Hear, Say("+OK\n"), Hear, Say("-ERR [IN-USE] locked\n")]);
    const SICK: [Act; 12] = after([Hear, Say("+OK\n"), Hear, Say("-ERR [SYS/TEMP] later\n")]);
    const STRANGE: [Act; 12] = after([Hear, Say("+OK\n"), Hear, Say("+OK\n"), Hear, Say("+OK some\n")]);
    // As Microsoft documents it.
    const TOKEN: [Act; 12] = after([
        Hear,
        Say("+ \n"),
        Hear,
        Say("+OK User successfully authenticated.\n"),
        Hear,
        Say("+OK 0 0\n"),
    ]);
    const BAD_TOKEN: [Act; 12] = after([
        Hear,
        Say("+ \n"),
        Hear,
        Say("-ERR Authentication failure: unknown user name or bad password.\n"),
    ]);
    for (method, acts, expected) in [
        ("plain", &COUNTED, UP),
        ("plain", &REJECTED, down(Reason::AuthRejected)),
        ("plain", &IN_USE, down(Reason::Pop3Err)),
        ("plain", &SICK, down(Reason::Pop3Err)),
        ("plain", &STRANGE, down(Reason::ProtoMalformed)),
        ("xoauth2", &TOKEN, UP),
        ("xoauth2", &BAD_TOKEN, down(Reason::AuthRejected)),
    ] {
        let peer = Peer::playing(acts).await;
        let folder = tempfile::tempdir().unwrap();
        let around =
            with_secret(folder.path(), "hunter2hunter2", &[format!("pop3s://127.0.0.1:{}", peer.port)]);
        let login = json!({ "user": "sonda", "secret": "posta", "method": method });
        let outcome = peer.check("pop3", "implicit", login, &json!({})).run(&around).await;
        assert_eq!((outcome.verdict, outcome.reason), expected, "{acts:?}: {outcome:?}");
        if method == "plain" && expected == UP {
            assert_eq!(fact(&outcome, "messages"), "3");
            assert_eq!(phases(&outcome), ["connect", "tls", "greeting", "auth", "stat", "quit"]);
            assert_eq!(peer.heard(), ["CAPA", "USER sonda", "PASS hunter2hunter2", "STAT", "QUIT"]);
        }
    }
}
