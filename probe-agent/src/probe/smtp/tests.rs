//! The probe against servers that do what a test wants.

use collector_api::{Reason, Verdict};
use serde_json::{Value, json};

use crate::probe::mail::peer::{Act, Peer, fact, phases, with_secret};
use crate::probe::tests::surroundings;
use Act::{Babble, Close, Hear, Pause, Say, Tls};

const UP: (Verdict, Reason) = (Verdict::Up, Reason::None);

const fn down(reason: Reason) -> (Verdict, Reason) {
    (Verdict::Down, reason)
}

fn rcpt() -> Value {
    json!({ "depth": "rcpt", "rcpt": "protocollo@comune.example" })
}

fn refused() -> Value {
    json!({ "depth": "rcpt", "rcpt": "altri@altrove.example", "expect": "refused" })
}

/// Mode, what the server does, how it is asked, what comes of it, and in which phase it failed.
type Row = (&'static str, &'static [Act], Value, (Verdict, Reason), &'static str);

fn ehlo() -> Value {
    json!({ "depth": "ehlo" })
}

fn tls() -> Value {
    json!({ "depth": "tls" })
}

async fn each_row_holds<const N: usize>(rows: [Row; N]) {
    for (mode, acts, beside, expected, phase) in rows {
        let peer = Peer::playing(acts).await;
        let outcome = peer.check("smtp", mode, Value::Null, &beside).run(&surroundings()).await;
        assert_eq!((outcome.verdict, outcome.reason), expected, "{acts:?}: {outcome:?}");
        assert_eq!(outcome.evidence.phase_failed, phase, "{acts:?}: {outcome:?}");
    }
}

#[tokio::test]
async fn each_way_of_greeting_has_its_reason() {
    each_row_holds([
        // Accepts, never speaks.
        ("plain", &[][..], ehlo(), down(Reason::ProtoTimeout), "banner"),
        ("plain", &[Close], ehlo(), down(Reason::ProtoClosedEarly), "banner"),
        ("plain", &[Say("220 mx\n"), Hear, Close], ehlo(), down(Reason::ProtoClosedEarly), "ehlo"),
        ("plain", &[Say("SSH-2.0-x\n")], ehlo(), down(Reason::ProtoBadGreeting), "banner"),
        ("plain", &[Say("999 x\n")], ehlo(), down(Reason::ProtoBadGreeting), "banner"),
        ("plain", &[Say("220 mx\n"), Hear, Say("soup\n")], ehlo(), down(Reason::ProtoMalformed), "ehlo"),
        (
            "plain",
            &[Say("220 mx\n"), Hear, Say("250-mx\n220 x\n")],
            ehlo(),
            down(Reason::ProtoMalformed),
            "ehlo",
        ),
        ("plain", &[Babble], ehlo(), down(Reason::ProtoMalformed), "banner"),
        ("plain", &[Say("421 4.3.2 too busy\n")], ehlo(), down(Reason::Smtp421), "banner"),
        ("plain", &[Say("554 5.7.1 not you\n")], ehlo(), down(Reason::SmtpRejected), "banner"),
        // Lines split across packets, and the texts somebody's taste.
        (
            "plain",
            &[
                Say("220-no ESM"),
                Pause,
                Say("TP here\n22"),
                Pause,
                Say("0 go on\n"),
                Hear,
                Say("250-mx\n2"),
                Pause,
                Say("50 SIZE\n"),
                Hear,
                Say("221 bye\n"),
            ],
            ehlo(),
            UP,
            "",
        ),
        // A bare code, LF alone, and nobody who takes leave.
        ("plain", &[Say("220\n"), Hear, Say("250\n"), Hear, Close], ehlo(), UP, ""),
    ])
    .await;
}

#[tokio::test]
async fn each_way_of_tls_has_its_reason() {
    each_row_holds([
        (
            "starttls",
            &[Say("220 mx\n"), Hear, Say("250-mx\n250 SIZE\n")],
            tls(),
            down(Reason::SmtpNoStarttls),
            "starttls",
        ),
        (
            "starttls",
            &[Say("220 mx\n"), Hear, Say("250-mx\n250 STARTTLS\n"), Hear, Say("454 4.7.0 no key\n")],
            tls(),
            down(Reason::SmtpNoStarttls),
            "starttls",
        ),
        // Bytes in clear behind the word that begins TLS.
        (
            "starttls",
            &[Say("220 mx\n"), Hear, Say("250-mx\n250 STARTTLS\n"), Hear, Say("220 go\n250 injected\n"), Tls],
            tls(),
            down(Reason::ProtoUnexpectedReply),
            "starttls",
        ),
        (
            "starttls",
            &[
                Say("220 mx\n"),
                Hear,
                Say("250-mx\n250 starttls\n"),
                Hear,
                Say("220 go\n"),
                Tls,
                Hear,
                Say("250-mx\n250 SIZE\n"),
                Hear,
                Say("221 bye\n"),
            ],
            tls(),
            UP,
            "",
        ),
        // After TLS all is asked anew.
        (
            "starttls",
            &[
                Say("220 mx\n"),
                Hear,
                Say("250-mx\n250 STARTTLS\n"),
                Hear,
                Say("220 go\n"),
                Tls,
                Hear,
                Say("421 4.3.2 bye\n"),
            ],
            tls(),
            down(Reason::Smtp421),
            "ehlo2",
        ),
        ("implicit", &[Tls, Say("220 mx\n"), Hear, Say("250 mx\n"), Hear, Say("221 bye\n")], tls(), UP, ""),
        ("implicit", &[Say("220 mx\n")], tls(), down(Reason::TlsProtocol), "tls"),
    ])
    .await;
}

#[tokio::test]
async fn each_way_with_a_recipient_has_its_reason() {
    each_row_holds([
        (
            "plain",
            &[
                Say("220 mx\n"),
                Hear,
                Say("250 mx\n"),
                Hear,
                Say("250 ok\n"),
                Hear,
                Say("250 2.1.5 ok\n"),
                Hear,
                Say("250 reset\n"),
                Hear,
                Say("221 bye\n"),
            ],
            rcpt(),
            UP,
            "",
        ),
        // The recipient is put off: greylisting.
        (
            "plain",
            &[Say("220 mx\n"), Hear, Say("250 mx\n"), Hear, Say("250 ok\n"), Hear, Say("451 4.7.1 later\n")],
            rcpt(),
            (Verdict::Degraded, Reason::SmtpGreylisted),
            "",
        ),
        (
            "plain",
            &[Say("220 mx\n"), Hear, Say("250 mx\n"), Hear, Say("250 ok\n"), Hear, Say("550 5.1.1 who?\n")],
            rcpt(),
            down(Reason::SmtpMailboxUnknown),
            "rcpt",
        ),
        (
            "plain",
            &[Say("220 mx\n"), Hear, Say("250 mx\n"), Hear, Say("250 ok\n"), Hear, Say("554 5.7.1 relay\n")],
            refused(),
            UP,
            "",
        ),
        (
            "plain",
            &[Say("220 mx\n"), Hear, Say("250 mx\n"), Hear, Say("250 ok\n"), Hear, Say("250 why not\n")],
            refused(),
            down(Reason::SmtpOpenRelay),
            "rcpt",
        ),
    ])
    .await;
}

#[tokio::test]
async fn a_whole_dialogue_in_its_order_and_phases() {
    let peer = Peer::playing(&[
        Say("220 mx\n"),
        Hear,
        Say("250-mx\n250-AUTH PLAIN LOGIN\n250 STARTTLS\n"),
        Hear,
        Say("220 go\n"),
        Tls,
        Hear,
        Say("250-mx\n250 AUTH LOGIN PLAIN\n"),
        Hear,
        Say("235 2.7.0 welcome\n"),
        Hear,
        Say("250 ok\n"),
        Hear,
        Say("250 ok\n"),
        Hear,
        Say("250 ok\n"),
        Hear,
        Say("221 bye\n"),
    ])
    .await;
    let folder = tempfile::tempdir().unwrap();
    let around =
        with_secret(folder.path(), "hunter2hunter2\n", &[format!("smtps://127.0.0.1:{}", peer.port)]);
    let login = json!({ "user": "sonda@comune.example", "secret": "posta" });
    let beside = json!({ "depth": "rcpt", "from": "sonda@comune.example", "rcpt": "a@comune.example", "ehlo": "sonda.example" });
    let check = peer.check("smtp", "starttls", login, &beside);
    let (outcome, transcript) = check.run_recorded(&around).await;
    assert_eq!((outcome.verdict, outcome.reason), UP, "{outcome:?}");
    assert_eq!(
        phases(&outcome),
        ["connect", "banner", "ehlo", "starttls", "tls", "ehlo2", "auth", "mail", "rcpt", "quit"]
    );
    let heard = peer.heard();
    assert_eq!(
        heard,
        [
            "EHLO sonda.example",
            "STARTTLS",
            "EHLO sonda.example",
            "AUTH PLAIN AHNvbmRhQGNvbXVuZS5leGFtcGxlAGh1bnRlcjJodW50ZXIy",
            "MAIL FROM:<sonda@comune.example>",
            "RCPT TO:<a@comune.example>",
            "RSET",
            "QUIT",
        ]
    );
    let tls = outcome.evidence.tls.as_ref().unwrap();
    assert!(tls.verified && tls.version == "TLSv1.3", "{tls:?}");
    let said: Vec<&str> = transcript.lines().iter().map(|line| line.text.as_str()).collect();
    let said = said.join("\n");
    assert!(said.contains("RCPT TO:<a@comune.example>") && said.contains("235 2.7.0 welcome"), "{said}");
    assert!(
        !said.contains("aHVudGVyM") && !said.contains("hunter2") && !said.contains("h1bnRlcjJ"),
        "{said}"
    );
}

#[tokio::test]
async fn who_logs_in_is_accepted_rejected_or_not_asked() {
    const ACCEPTS: &[Act] = &[
        Tls,
        Say("220 mx\n"),
        Hear,
        Say("250-mx\n250 AUTH LOGIN XOAUTH2\n"),
        Hear,
        Say("334 VXNlcm5hbWU6\n"),
        Hear,
        Say("334 UGFzc3dvcmQ6\n"),
        Hear,
        Say("235 ok\n"),
    ];
    const REJECTS: &[Act] =
        &[Tls, Say("220 mx\n"), Hear, Say("250-mx\n250 AUTH PLAIN\n"), Hear, Say("535 5.7.8 no\n")];
    const REJECTS_TOKEN: &[Act] = &[
        Tls,
        Say("220 mx\n"),
        Hear,
        Say("250-mx\n250 AUTH XOAUTH2\n"),
        Hear,
        Say("334 \n"),
        Hear,
        Say("334 eyJzdGF0dXMiOiI0MDAifQ==\n"),
        Hear,
        Say("535 5.7.3 Authentication unsuccessful\n"),
    ];
    for (method, acts, expected) in [
        ("login", ACCEPTS, UP),
        ("plain", ACCEPTS, down(Reason::MailNoAuth)),
        ("plain", REJECTS, down(Reason::AuthRejected)),
        ("xoauth2", REJECTS_TOKEN, down(Reason::AuthRejected)),
    ] {
        let peer = Peer::playing(acts).await;
        let folder = tempfile::tempdir().unwrap();
        let around =
            with_secret(folder.path(), "hunter2hunter2", &[format!("smtps://127.0.0.1:{}", peer.port)]);
        let login = json!({ "user": "sonda", "secret": "posta", "method": method });
        let check = peer.check("smtp", "implicit", login, &json!({ "depth": "auth" }));
        let outcome = check.run(&around).await;
        assert_eq!((outcome.verdict, outcome.reason), expected, "{method}: {outcome:?}");
        // Whoever was rejected is not rejected again.
        let heard = peer.heard().len();
        let again = check.run(&around).await;
        assert_eq!(again.reason, expected.1);
        let is_held_back = !fact(&again, "held_back").is_empty();
        assert_eq!(is_held_back, expected.1 == Reason::AuthRejected, "{again:?}");
        assert_eq!(peer.heard().len() == heard, is_held_back, "{again:?}");
    }
}

#[tokio::test]
async fn a_secret_for_tls_does_not_go_in_clear() {
    let peer =
        Peer::playing(&[Say("220 mx\n"), Hear, Say("250-mx\n250 AUTH PLAIN\n"), Hear, Say("235 ok\n")]).await;
    let folder = tempfile::tempdir().unwrap();
    let login = json!({ "user": "sonda", "secret": "posta" });
    let check = peer.check("smtp", "plain", login, &json!({ "depth": "auth" }));
    for (scheme, expected) in [("smtps", Reason::AgentTargetForbidden), ("smtp", Reason::None)] {
        let around = with_secret(folder.path(), "hunter2", &[format!("{scheme}://127.0.0.1:{}", peer.port)]);
        let outcome = check.run(&around).await;
        assert_eq!(outcome.reason, expected, "{outcome:?}");
    }
}
