//! A message's way through two peers, over several attempts and a restart.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use collector_api::{Reason, Verdict};
use config::{CheckSpec, Probe};
use serde_json::json;

use super::*;
use crate::clock::Calendar;
use crate::probe::mail::peer::{Act, Peer, fact, with_secret};
use crate::probe::tests::spec;
use crate::probe::{Check, Outcome};
use Act::{Close, Hear, Say};

const TAKES: &[Act] = &[
    Say("220 mx\n"),
    Hear,
    Say("250 mx\n"),
    Hear,
    Say("250 ok\n"),
    Hear,
    Say("250 ok\n"),
    Hear,
    Say("354 go\n"),
    // The message has twelve lines, and the dot.
    Hear,
    Hear,
    Hear,
    Hear,
    Hear,
    Hear,
    Hear,
    Hear,
    Hear,
    Hear,
    Hear,
    Hear,
    Hear,
    Say("250 2.0.0 queued\n"),
    Hear,
];
const REFUSES: &[Act] =
    &[Say("220 mx\n"), Hear, Say("250 mx\n"), Hear, Say("250 ok\n"), Hear, Say("554 5.7.1 no\n")];
const EMPTY: &[Act] = &[
    Say("* OK\n"),
    Hear,
    Say("* CAPABILITY IMAP4rev1 AUTH=PLAIN\nv1 OK\n"),
    Hear,
    Say("+ \n"),
    Hear,
    Say("v2 OK\n"),
    Hear,
    Say("* CAPABILITY IMAP4rev1 UIDPLUS\nv3 OK\n"),
    Hear,
    Say("* 0 EXISTS\nv4 OK\n"),
    Hear,
];

/// A check between two peers, with its own state directory and a clock that stands still.
struct Trip {
    folder: tempfile::TempDir,
    now_ms: Arc<AtomicI64>,
}

impl Trip {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), now_ms: Arc::new(AtomicI64::new(1_795_435_200_000)) }
    }

    async fn run(&self, submit: &Peer, receive: &Peer) -> Outcome {
        self.run_within(20_000, submit, receive).await
    }

    async fn run_within(&self, timeout_ms: u64, submit: &Peer, receive: &Peer) -> Outcome {
        let origin = format!("imap://127.0.0.1:{}", receive.port);
        let mut around = with_secret(self.folder.path(), "hunter2hunter2", &[origin]);
        around.posts = Posts::new(self.folder.path());
        let now_ms = Arc::clone(&self.now_ms);
        around.clock = Calendar::new(Arc::new(move || now_ms.load(Ordering::Relaxed)));
        let probe: Probe = serde_json::from_value(json!({
            "kind": "mail_round_trip", "to": "b@altrove.example", "from": "sonda@comune.example",
            "submit": { "address": format!("127.0.0.1:{}", submit.port), "mode": "plain" },
            "receive": { "address": format!("127.0.0.1:{}", receive.port), "mode": "plain",
                "login": { "user": "b", "secret": "posta" } },
            "within_ms": 120_000, "deadline_ms": 600_000, "keep_in_flight": 2,
        }))
        .unwrap();
        let mut spec = CheckSpec { probe, ..spec() };
        (spec.timing.timeout_ms, spec.timing.every_ms, spec.timing.attempts) = (timeout_ms, 60_000, 1);
        // A new check each time: what is known is in the file.
        Check::new(spec).unwrap().run(&around).await
    }

    fn later(&self, seconds: i64) {
        self.now_ms.fetch_add(seconds * 1_000, Ordering::Relaxed);
    }
}

#[tokio::test]
async fn a_message_is_under_way_lost_and_no_more_are_sent_than_may_be() {
    let (trip, submit, receive) = (Trip::new(), Peer::playing(TAKES).await, Peer::playing(EMPTY).await);
    for (under_way, expected) in [
        ("0", (Verdict::Unknown, Reason::MailPending)),
        ("1", (Verdict::Unknown, Reason::MailPending)),
        ("2", (Verdict::Unknown, Reason::MailPending)),
    ] {
        let outcome = trip.run(&submit, &receive).await;
        assert_eq!((outcome.verdict, outcome.reason), expected, "{outcome:?}");
        assert_eq!(fact(&outcome, "under_way"), under_way);
    }
    let sent = submit.heard().iter().filter(|line| line.as_str() == "DATA").count();
    assert_eq!(sent, 2, "no third while two are under way");
    assert!(submit.heard().iter().any(|line| line == "Auto-Submitted: auto-generated"));
    trip.later(601);
    let outcome = trip.run(&submit, &receive).await;
    assert_eq!((outcome.verdict, outcome.reason), (Verdict::Down, Reason::MailNotDelivered), "{outcome:?}");
    // The next one is still under way: what was decided last is said again.
    let outcome = trip.run(&submit, &receive).await;
    assert_eq!(outcome.reason, Reason::MailNotDelivered, "{outcome:?}");
}

/// A disk that hangs is the agent's own: a pipe that nobody writes into plays it.
#[tokio::test]
async fn a_book_that_cannot_be_read_says_nothing_of_the_mail() {
    let (trip, submit, receive) = (Trip::new(), Peer::playing(TAKES).await, Peer::playing(EMPTY).await);
    let pipe = trip.folder.path().join("mail_key");
    nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let outcome = trip.run_within(200, &submit, &receive).await;
    // So that the thread which waits for it can end.
    let open = move || std::fs::File::options().write(true).open(pipe).map(drop);
    tokio::task::spawn_blocking(open).await.unwrap().unwrap();
    assert_eq!((outcome.verdict, outcome.reason), (Verdict::Unknown, Reason::AgentInternal), "{outcome:?}");
    assert_eq!(outcome.evidence.phase_failed, "book");
    assert!(submit.heard().is_empty());
}

#[tokio::test]
async fn a_message_that_is_put_off_hides_no_loss() {
    const PUTS_OFF: &[Act] =
        &[Say("220 mx\n"), Hear, Say("250 mx\n"), Hear, Say("250 ok\n"), Hear, Say("451 4.7.1 later\n")];
    let (trip, submit, receive) = (Trip::new(), Peer::playing(TAKES).await, Peer::playing(EMPTY).await);
    trip.run(&submit, &receive).await;
    submit.play_now(PUTS_OFF);
    let outcome = trip.run(&submit, &receive).await;
    assert_eq!((outcome.verdict, outcome.reason), (Verdict::Degraded, Reason::SmtpGreylisted), "{outcome:?}");
    trip.later(601);
    let outcome = trip.run(&submit, &receive).await;
    assert_eq!((outcome.verdict, outcome.reason), (Verdict::Down, Reason::MailNotDelivered), "{outcome:?}");
}

#[tokio::test]
async fn a_message_that_arrives_is_found_and_deleted_and_no_other() {
    let (trip, submit, receive) = (Trip::new(), Peer::playing(TAKES).await, Peer::playing(EMPTY).await);
    trip.run(&submit, &receive).await;
    let heard = submit.heard();
    let token = heard.iter().find_map(|line| line.strip_prefix("X-Vedetta-Token: ")).unwrap();
    let own = format!("X-Vedetta-Token: {token}\r\n\r\n");
    let foreign = "X-Vedetta-Token: somebody.else\r\n\r\n";
    let full: &'static str = Box::leak(
        format!(
            "* 1 FETCH (UID 7 INTERNALDATE \"23-Nov-2026 12:00:05 +0000\" BODY[HEADER.FIELDS (X)] {{{}}}\n{foreign})\n\
             * 2 FETCH (UID 9 INTERNALDATE \"23-Nov-2026 12:00:05 +0000\" BODY[HEADER.FIELDS (X)] {{{}}}\n{own})\nv5 OK\n",
            foreign.len(),
            own.len()
        )
        .replace("\r\n", "\n")
        .into_boxed_str(),
    );
    let mut acts = EMPTY[..EMPTY.len() - 2].to_vec();
    acts.extend([
        Say("* 2 EXISTS\nv4 OK\n"),
        Hear,
        Say(full),
        Hear,
        Say("v6 OK\n"),
        Hear,
        Say("v7 OK\n"),
        Hear,
        Say("v8 OK\n"),
        Hear,
    ]);
    receive.play_now(Box::leak(acts.into_boxed_slice()));
    let outcome = trip.run(&submit, &receive).await;
    assert_eq!((outcome.verdict, outcome.reason), (Verdict::Up, Reason::None), "{outcome:?}");
    let heard = receive.heard();
    assert!(heard.contains(&"v7 UID STORE 9 +FLAGS.SILENT (\\Deleted)".to_owned()), "{heard:?}");
    assert!(heard.contains(&"v8 UID EXPUNGE 9".to_owned()), "{heard:?}");
}

#[tokio::test]
async fn who_refuses_the_message_is_down_and_who_cannot_be_looked_at_unknown() {
    let (takes, refuses) = (Peer::playing(TAKES).await, Peer::playing(REFUSES).await);
    let (empty, gone) = (Peer::playing(EMPTY).await, Peer::playing(&[Close]).await);
    for (submit, receive, expected) in [
        (&refuses, &empty, (Verdict::Down, Reason::MailSubmitFailed)),
        (&takes, &gone, (Verdict::Unknown, Reason::MailReceiverUnavailable)),
        (&refuses, &gone, (Verdict::Down, Reason::MailSubmitFailed)),
        (&gone, &empty, (Verdict::Down, Reason::ProtoClosedEarly)),
    ] {
        let outcome = Trip::new().run(submit, receive).await;
        assert_eq!((outcome.verdict, outcome.reason), expected, "{outcome:?}");
    }
}
